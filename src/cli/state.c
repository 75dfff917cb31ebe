/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening the state directory for a command, as the user who owns it. */
#include "cli/cli.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files that root made in another user's state would lock that user's daemon out of its own store. */
gboolean cli_become_owner(const struct cli *cli, int *ret_status)
{
    struct stat status;
    const struct passwd *user;
    gid_t group;

    if (geteuid() != 0 || stat(cli->state_dir, &status) != 0 || status.st_uid == 0)
        return TRUE;
    user = getpwuid(status.st_uid);
    group = user ? user->pw_gid : status.st_gid;
    if ((user ? initgroups(user->pw_name, group) : setgroups(1, &group)) != 0 || setgid(group) != 0 ||
        setuid(status.st_uid) != 0) {
        cli_say(cli, "cannot continue as the owner of %s (user %u): %s",
                "%s の所有者(ユーザ %u)として続行できません: %s", cli->state_dir, (unsigned)status.st_uid,
                g_strerror(errno));
        *ret_status = 1;
        return FALSE;
    }
    return TRUE;
}

struct app *cli_open(const struct cli *cli, enum store_mode mode, int *ret_status)
{
    g_autoptr(GError) error = NULL;
    struct app *app;

    if (!cli_become_owner(cli, ret_status))
        return NULL;
    app = app_open(cli->state_dir, mode, &error);
    if (!app) {
        *ret_status = cli_error(cli, error);
        return NULL;
    }
    return app;
}
