/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Getting jobs in: polling sources and importing files. */
#pragma once
#include "app/app.h"
#include "source/source.h"

G_BEGIN_DECLS

struct collect_result {
    gint64 read, stored, duplicates, conflicts, refused, lost;
    gboolean hidden, gap;
};

/* Asks one source once (cursor, jobs and counters in the same transactions) and records its health. An error
 * of the source (S01…) is recorded *and* returned. */
gboolean collect_source(struct app *app, const struct source_row *row, const struct settings *settings,
                        gint64 deadline_ms, struct collect_result *ret_result, GError **error);

/* All sources once, at most `deadline_ms` in all (RB6); silent ones are recorded and counted, not an error.
 */
gboolean collect_all(struct app *app, const struct settings *settings, gint64 deadline_ms, guint *ret_failed,
                     GError **error);

/* RW3: the instant that decides the day of a job that arrived at `arrived`; `polled`: an end more than a day
 * ahead does not count. */
gint64 collect_effective_end(const struct job *job, gint64 arrived, gboolean polled);

enum import_format { IMPORT_NDJSON, IMPORT_CSV, IMPORT_PAGE_LOG };
struct import_result {
    guint64 lines, stored, duplicates, conflicts, refused, rejected, cut;
};
/* A line that was rejected: physical line number from 1 and why. Called in order, before the function
 * returns. */
typedef void (*ImportRejected)(gpointer user, guint64 line, const GError *why);
/* Reads a whole file or stream (fd) into the import source `source_name` (made when new). Each line is judged
   by itself. Commits as it goes; on an error what was committed stays, and the same file again stores nothing
   twice. `size`: for progress, 0 = unknown. */
gboolean import_file(struct app *app, enum import_format format, const char *source_name, int fd, gint64 size,
                     ImportRejected rejected, gpointer user, struct import_result *ret_result,
                     GError **error);

G_END_DECLS
