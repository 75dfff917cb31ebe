/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every verb needs: opening the state directory, the clock, telling progress, waking the daemon. */
#include "app/app.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static gboolean state_dir_ready(const char *state_dir, enum store_mode mode, GError **error)
{
    struct stat status;

    if (mode == STORE_CREATE && g_mkdir_with_parents(state_dir, 0700) != 0) {
        pt_error_set(error, PT_ERROR_X19, "cannot make the state directory %s: %s",
                     "状態ディレクトリ %s を作成できません: %s", state_dir, g_strerror(errno));
        return FALSE;
    }
    if (stat(state_dir, &status) != 0 || !S_ISDIR(status.st_mode)) {
        pt_error_set(error, PT_ERROR_MISSING, "there is no printtrail state in %s",
                     "%s に printtrail のデータはありません", state_dir);
        return FALSE;
    }
    return TRUE;
}

struct app *app_open(const char *state_dir, enum store_mode mode, GError **error)
{
    g_autoptr(PtApp) app = NULL;

    if (!state_dir_ready(state_dir, mode, error))
        return NULL;
    app = g_new0(struct app, 1);
    app->state_dir = g_canonicalize_filename(state_dir, NULL);
    app->store_url = app_path(app, "printtrail.db");
    app->mode = mode;
    app->store = store_open(app->store_url, mode, error);
    if (!app->store)
        return NULL;
    return g_steal_pointer(&app);
}

void app_free(struct app *app)
{
    if (!app)
        return;
    if (app->store)
        store_close(app->store);
    g_free(app->store_url);
    g_free(app->state_dir);
    g_free(app);
}

/* time(), not g_get_real_time(): one libc call that every clock-faking library knows. */
gint64 app_now(const struct app *app)
{
    return app->clock ? app->clock(app->clock_user) : (gint64)time(NULL);
}

struct zone *app_zone(const struct settings *settings, GError **error)
{
    return zone_new(settings_text(settings, SETTING_PREFERENCES_TIME_ZONE), error);
}

char *app_path(const struct app *app, const char *name)
{
    return g_build_filename(app->state_dir, name, NULL);
}

void app_tell(const struct app *app, const char *what, const char *name, gint64 done, gint64 total)
{
    if (app->progress)
        app->progress(app->progress_user, what, name, done, total);
}

gboolean app_cancelled(const struct app *app)
{
    return app->cancel && g_cancellable_is_cancelled(app->cancel);
}

void app_wake(const struct app *app)
{
    g_autofree char *path = app_path(app, "wake.sock");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof address.sun_path)
        return;
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    /* Nobody listening is the normal case of a command line without a daemon; the daemon looks again within a
     * minute anyway. */
    (void)sendto(fd, "w", 1, MSG_NOSIGNAL, (const struct sockaddr *)&address, sizeof address);
    (void)close(fd);
}
