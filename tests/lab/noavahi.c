/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Preloaded into ippeveprinter, which else refuses to start without D-Bus, even with "-r off". */

#include <stddef.h>

static int client[64];

void *avahi_threaded_poll_new(void);
const void *avahi_threaded_poll_get(void *poll);
int avahi_threaded_poll_start(void *poll);
int avahi_threaded_poll_stop(void *poll);
void avahi_threaded_poll_lock(void *poll);
void avahi_threaded_poll_unlock(void *poll);
void avahi_threaded_poll_free(void *poll);
void *avahi_client_new(const void *poll, int flags, void *callback, void *data, int *error);
void avahi_client_free(void *c);
int avahi_client_get_state(void *c);
int avahi_client_errno(void *c);

void *avahi_threaded_poll_new(void)
{
    return client;
}

const void *avahi_threaded_poll_get(void *poll)
{
    return poll;
}

int avahi_threaded_poll_start(void *poll)
{
    (void)poll;
    return 0;
}

int avahi_threaded_poll_stop(void *poll)
{
    (void)poll;
    return 0;
}

void avahi_threaded_poll_lock(void *poll)
{
    (void)poll;
}

void avahi_threaded_poll_unlock(void *poll)
{
    (void)poll;
}

void avahi_threaded_poll_free(void *poll)
{
    (void)poll;
}

void *avahi_client_new(const void *poll, int flags, void *callback, void *data, int *error)
{
    (void)poll;
    (void)flags;
    (void)callback;
    (void)data;
    if (error) {
        *error = 0;
    }
    return client;
}

void avahi_client_free(void *c)
{
    (void)c;
}

/* AVAHI_CLIENT_FAILURE: ippeveprinter then registers nothing */
int avahi_client_get_state(void *c)
{
    (void)c;
    return 100;
}

int avahi_client_errno(void *c)
{
    (void)c;
    return 0;
}
