/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cupsd's page_log as an input of the import: a job a line, for servers that keep no history. */
#include <string.h>

#include "app/import-stream.h"
#include "app/page-log.h"

static gsize cut_length(const char *text, gsize length)
{
    if (length <= JOB_TEXT_MAX)
        return length;
    length = JOB_TEXT_MAX;
    while (length > 0 && ((guchar)text[length] & 0xC0) == 0x80)
        length--;
    return length;
}

static void texts_cut(struct import_stream *stream, struct job *job)
{
    for (int i = 0; i < JOB_COLUMNS; i++) {
        struct job_value *value = &job->value[i];
        gsize kept = value->text ? cut_length(value->text, (gsize)value->number) : 0;

        if (value->text && kept < (gsize)value->number) {
            value->number = (gint64)kept;
            import_count_cut(stream, 1);
        }
    }
}

static gboolean line_take(struct import_stream *stream, guint64 number, const char *line, gsize length,
                          gpointer user, GError **error)
{
    g_autofree char *valid = NULL;
    char scratch[PAGE_LOG_SCRATCH], department[8];
    GError *why = NULL;
    struct job job;
    gboolean cumulative = FALSE;

    (void)user;
    if (line && length == 0)
        return TRUE;
    if (!line || memchr(line, 0, length)) {
        pt_error_set(&why, PT_ERROR_INPUT, line ? "holds a NUL byte" : "longer than 64 KiB",
                     line ? "NULバイトが含まれています" : "64 KiBを超えています");
        return import_reject(stream, number, why, error);
    }
    /* Titles come as the client sent them; cupsd's 2048 bytes may end within a character. */
    if (!g_utf8_validate(line, (gssize)length, NULL)) {
        valid = g_utf8_make_valid(line, (gssize)length);
        line = valid;
        length = strlen(valid);
    }
    if (!page_log_parse(line, length, scratch, &job, &cumulative, &why))
        return import_reject(stream, number, why, error);
    texts_cut(stream, &job);
    if (!job_check(&job, stream->now, department, &why))
        return import_reject(stream, number, why, error);
    return import_take(stream, &job, cumulative, error);
}

gboolean import_page_log(struct import_stream *stream, GError **error)
{
    return import_lines(stream, PAGE_LOG_LINE_MAX, line_take, NULL, error);
}
