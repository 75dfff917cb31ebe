/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judges a simulated world by what its receivers hold: is every job in exactly one file (SPEC RW8)? */
#pragma once
#include "life.h"

G_BEGIN_DECLS

/* Looks over the ledger's shoulder: no row disappears, what is settled never changes. */
struct watch;
struct watch *watch_new(void);
void watch_free(struct watch *watch);
typedef struct watch PtWatch; /* for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PtWatch, watch_free)
/* After each process' end. */
void watch_look(struct watch *watch, struct world *world, struct app *app);

/* Everything that is wrong, for people: new array of char *, empty = all is well. `waited`: everything should
 * have been delivered by now. */
GPtrArray *verdict(struct world *world, struct app *app);

/* --- verdict-files.c: what the receivers hold --- */

struct found {
    guint receiver;
    char *name;       /* as delivered */
    char *message_id; /* mail; else NULL */
    char *bytes;
    gsize length;
    char *sha256;
};
/* New array of struct found *, without foreign files; *ret_foreign: how many of those, *ret_parts: temporary
 * files left. */
GPtrArray *found_all(const struct world *world, gint *ret_foreign, gint *ret_parts);

/* One row of a CSV: its number and document name. FALSE at the end, or when it is no CSV (then *ret_broken).
 */
struct rows {
    const char *at, *end;
    gboolean begun;
    gboolean broken;
};
gboolean rows_next(struct rows *rows, gint64 *ret_seq, char **ret_document);

G_END_DECLS
