/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The wake-up socket and the lock that makes a daemon the only one of its state. */
#include "daemon/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct wake {
    char *path;
    int lock, socket;
    guint source;
    void (*woken)(gpointer user);
    gpointer user;
};

static gboolean on_readable(gint fd, GIOCondition condition, gpointer user)
{
    struct wake *wake = user;
    char bytes[64];

    (void)condition;
    while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) >= 0)
        ; /* one look serves all who called */
    wake->woken(wake->user);
    return G_SOURCE_CONTINUE;
}

static gboolean take_lock(struct wake *wake, const char *state_dir, GError **error)
{
    g_autofree char *path = g_build_filename(state_dir, "serve.lock", NULL);

    wake->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (wake->lock >= 0 && flock(wake->lock, LOCK_EX | LOCK_NB) == 0)
        return TRUE;
    if (wake->lock >= 0 && errno == EWOULDBLOCK)
        pt_error_set(error, PT_ERROR_X26, "another printtrail daemon is running on %s",
                     "%s では別の printtrail デーモンが実行中です", state_dir);
    else
        pt_error_set(error, PT_ERROR_X19, "cannot lock %s: %s", "%s をロックできません: %s", path,
                     g_strerror(errno));
    return FALSE;
}

static gboolean bind_socket(struct wake *wake, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    mode_t old;
    int bound;

    if (strlen(wake->path) >= sizeof address.sun_path)
        return TRUE; /* too deep a directory for a socket: the daemon looks by itself every half minute */
    memcpy(address.sun_path, wake->path, strlen(wake->path) + 1);
    wake->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)unlink(wake->path); /* ours: we hold the lock */
    old = umask(0177);
    bound = wake->socket >= 0 ? bind(wake->socket, (const struct sockaddr *)&address, sizeof address) : -1;
    (void)umask(old);
    if (bound != 0) {
        pt_error_set(error, PT_ERROR_X19, "cannot listen on %s: %s", "%s で待ち受けできません: %s",
                     wake->path, g_strerror(errno));
        return FALSE;
    }
    wake->source = g_unix_fd_add(wake->socket, G_IO_IN, on_readable, wake);
    return TRUE;
}

struct wake *wake_open(const char *state_dir, void (*woken)(gpointer user), gpointer user, GError **error)
{
    struct wake *wake = g_new0(struct wake, 1);

    wake->lock = wake->socket = -1;
    wake->woken = woken;
    wake->user = user;
    wake->path = g_build_filename(state_dir, "wake.sock", NULL);
    if (take_lock(wake, state_dir, error) && bind_socket(wake, error))
        return wake;
    wake_close(wake);
    return NULL;
}

void wake_close(struct wake *wake)
{
    if (!wake)
        return;
    if (wake->source)
        g_source_remove(wake->source);
    if (wake->socket >= 0) {
        (void)unlink(wake->path);
        (void)close(wake->socket);
    }
    if (wake->lock >= 0)
        (void)close(wake->lock);
    g_free(wake->path);
    g_free(wake);
}
