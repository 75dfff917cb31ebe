/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A day's jobs as the bytes of a CSV file, made by two threads when the day is long. */
#pragma once
#include "app/app.h"
#include "core/csv.h"

G_BEGIN_DECLS

struct render_total {
    gint64 rows, replaced;
};

/* The jobs (seq_from, seq_to] of `day` in `format`, with header row; seq_to 0: the header row alone. `sink`
   is called in the calling thread, with the file's bytes in order. *ret_total grows while they come. The
   threads read through handles of their own, in pages, and run ahead of the sink by a few MiB at most. */
gboolean render_day(const struct app *app, const struct csv_format *format, gint32 day, gint64 seq_from,
                    gint64 seq_to, CsvSink sink, gpointer user, struct render_total *ret_total,
                    GError **error);

G_END_DECLS
