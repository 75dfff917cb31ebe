/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One delivery attempt in its own process: the parent's side of src/transport/PROTOCOL.md. */
#pragma once
#include "app/export.h"
#include <jansson.h>

G_BEGIN_DECLS

enum deliver_outcome { DELIVER_DELIVERED, DELIVER_FAILED, DELIVER_UNKNOWN, DELIVER_TAKEN };

struct deliver_result {
    enum deliver_outcome outcome;
    enum pt_error_code code; /* of FAILED and UNKNOWN */
    char *text[2];           /* what happened, by enum pt_lang */
    char *server;            /* the peer's own words; NULL */
    char *certificate;       /* X11: JSON text with subject, issuer, not_before, not_after, sha256; NULL */
    gint64 size_limit;       /* probe: 0 = none told */
};
void deliver_result_clear(struct deliver_result *result);

struct deliver_watch {
    gpointer user;
    void (*step)(gpointer user, const struct export_step *step); /* a step has ended; NULL = not wanted */
    /* Everything is uploaded. Commit `closing`; FALSE = give up (the helper removes its temporary file). NULL
     * = go on. */
    gboolean (*uploaded)(gpointer user);
    void (*progress)(gpointer user, gint64 bytes);
    void (*warn)(gpointer user, const char *code, const char *text);
};

/* How an attempt is made. The helper process is the only one in the product; the simulation has another. */
struct deliver_ops {
    /* Runs one request to its end. Always fills *ret_result: a helper that was killed, timed out or talked
       nonsense is FAILED (X17, X18, INTERNAL) when `uploaded` had not been answered with go, else UNKNOWN.
       `lock_fd` (-1 = none) is inherited, so that the run lock lives as long as the helper. */
    void (*run)(struct app *app, json_t *request, const struct deliver_watch *watch, int lock_fd,
                struct deliver_result *ret_result);
};
/* Runs by app->deliver or, when that is NULL, the helper process. */
void deliver_run(struct app *app, json_t *request, const struct deliver_watch *watch, int lock_fd,
                 struct deliver_result *ret_result);

/* The failure as a GError: code, text and the server's words. */
void deliver_result_error(const struct deliver_result *result, GError **error);

G_END_DECLS
