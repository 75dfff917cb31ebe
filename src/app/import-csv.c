/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our own CSV read back: the reader is core's; here its encoding is found out and what an import decides is
 * set. */
#include <string.h>

#include "app/import-stream.h"

#define READ_SIZE ((gsize)1 << 16)

/* The header row tells: a BOM or words in UTF-8, else words in CP932; only a header in plain English leaves
 * it to csv.encoding. */
static gboolean looks_like_cp932(const struct import_stream *stream, const char *bytes, gsize length)
{
    const char *end = memchr(bytes, '\n', length);
    gsize header = end ? (gsize)(end - bytes) : length;
    gboolean plain = TRUE;

    for (gsize i = 0; i < header && plain; i++)
        plain = (guchar)bytes[i] < 0x80;
    if (plain)
        return stream->csv_cp932_default;
    return !g_utf8_validate_len(bytes, header, NULL);
}

/* Where the file came from is our business, who counted is the file's (an import of our own CSV gives the
 * same jobs). */
static void own_columns(struct job *job)
{
    job_set_text(job, JOB_ORIGIN, "csv");
    if (!job_has(job, JOB_COUNT_SOURCE))
        job_set_text(job, JOB_COUNT_SOURCE, "unknown");
}

/* All records that are in the reader. FALSE with *error clear: the end. */
static gboolean records(struct import_stream *stream, struct csv_reader *reader, GError **error)
{
    for (;;) {
        g_autoptr(GError) why = NULL;
        struct job job;
        guint64 line = 0;

        switch (csv_reader_next(reader, &job, &line, &why)) {
        case CSV_ROW:
            own_columns(&job);
            if (!import_take(stream, &job, FALSE, error))
                return FALSE;
            break;
        case CSV_BAD:
            if (!import_reject(stream, line, g_steal_pointer(&why), error))
                return FALSE;
            break;
        case CSV_MORE:
        case CSV_END:
            return TRUE;
        case CSV_FATAL:
            g_propagate_error(error, g_steal_pointer(&why));
            return FALSE;
        }
    }
}

static gboolean feed_all(struct import_stream *stream, struct csv_reader *reader, char *buffer, gsize got,
                         GError **error)
{
    guint64 cut = 0;

    for (;;) {
        gboolean last = got == 0;

        csv_reader_feed(reader, buffer, got, last);
        if (!records(stream, reader, error))
            return FALSE;
        import_count_cut(stream, csv_reader_cut(reader) - cut);
        cut = csv_reader_cut(reader);
        if (last)
            return TRUE;
        if (!import_read(stream, buffer, READ_SIZE, &got, error))
            return FALSE;
    }
}

gboolean import_csv(struct import_stream *stream, GError **error)
{
    g_autofree char *buffer = g_malloc(READ_SIZE);
    struct csv_reader_options options = stream->csv;
    g_autoptr(PtCsvReader) reader = NULL;
    gsize have = 0, got = 1;

    /* The first line at least, so that the encoding can be seen. */
    while (have < READ_SIZE && got > 0 && !memchr(buffer, '\n', have)) {
        if (!import_read(stream, buffer + have, READ_SIZE - have, &got, error))
            return FALSE;
        have += got;
    }
    options.cp932 = looks_like_cp932(stream, buffer, have);
    reader = csv_reader_new(&options, error);
    return reader && feed_all(stream, reader, buffer, have, error);
}
