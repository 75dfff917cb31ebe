/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The spool: a complete, synced file for each row before anything goes over the network (ARCHITECTURE.md,
 * exactly once). */
#pragma once
#include "app/app.h"
#include "core/csv.h"

G_BEGIN_DECLS

/* <state>/spool/<delivery id>.csv. New string. */
char *spool_path(const struct app *app, gint64 delivery_id);

struct spool_file {
    gint64 rows, bytes, replaced;
    char sha256[65];
};
/* Renders the jobs (seq_from, seq_to] of `day` into `path`: hash in the same pass, fsynced, published by
 * rename. X19 when the disk is full; nothing is left then. */
gboolean spool_render(struct app *app, const char *path, const struct csv_format *format, gint32 day,
                      gint64 seq_from, gint64 seq_to, const char *name, struct spool_file *ret_file,
                      GError **error);
/* The same from any supply of jobs: `supply` calls `sink` for each row. */
typedef gboolean (*SpoolSupply)(struct app *app, StoreJobSink sink, gpointer sink_user, gpointer user,
                                GError **error);
gboolean spool_write(struct app *app, const char *path, const struct csv_format *format, const char *name,
                     SpoolSupply supply, gpointer user, struct spool_file *ret_file, GError **error);

/* Makes sure that the row's spool file is there with exactly the ledger's bytes: looks, else renders again
   from the jobs and the frozen format. INTEGRITY when the rendering differs from a recorded SHA-256. Sets
   rows, bytes, sha256 of `row` when they were not known. ret_replaced may be NULL. */
gboolean spool_ensure(struct app *app, struct delivery *row, gint64 *ret_replaced, GError **error);
void spool_remove(const struct app *app, gint64 delivery_id);

/* Where to cut a range into parts of at most max_rows jobs (0 = any) and max_bytes bytes of CSV (0 = any):
 * last seq of each part, ascending, the last one = seq_to. New array of gint64. */
gboolean spool_cuts(struct app *app, const struct csv_format *format, gint32 day, gint64 seq_from,
                    gint64 seq_to, gint64 max_rows, gint64 max_bytes, GArray **ret_cuts, GError **error);

G_END_DECLS
