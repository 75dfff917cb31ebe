/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cupsd's page_log as an input of the import: a job a line, for servers that keep no history. */
#include "app/import-stream.h"
#include "core/page-log.h"

static gboolean line_take(struct import_stream *stream, guint64 number, const char *line, gsize length,
                          gpointer user, GError **error)
{
    struct page_log *log = user;
    char department[8];
    GError *why = NULL;

    if (line && length == 0)
        return TRUE;
    if (!line)
        pt_error_set(&why, PT_ERROR_INPUT, "longer than %d bytes", "%d バイトを超えています",
                     PAGE_LOG_LINE_MAX);
    if (!line || !page_log_parse(line, length, log, &why) ||
        !job_check(&log->job, stream->now, department, &why))
        return import_reject(stream, number, why, error);
    import_count_cut(stream, log->cut);
    return import_take(stream, &log->job, log->cumulative, error);
}

gboolean import_page_log(struct import_stream *stream, GError **error)
{
    g_autofree struct page_log *log = g_new(struct page_log, 1);

    return import_lines(stream, PAGE_LOG_LINE_MAX, line_take, log, error);
}
