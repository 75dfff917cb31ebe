/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NDJSON as an input of the import: a job a line. */
#include <string.h>

#include "app/import-stream.h"
#include "app/ndjson.h"

static gboolean line_is_blank(const char *line, gsize length)
{
    while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t' || line[length - 1] == '\r'))
        length--;
    return length == 0;
}

static gboolean line_take(struct import_stream *stream, guint64 number, const char *line, gsize length,
                          gpointer user, GError **error)
{
    static const char bom[] = "\xEF\xBB\xBF";
    struct ndjson *parser = user;
    GError *why = NULL;
    struct job job;
    guint cut = 0;

    if (!line) {
        pt_error_set(&why, PT_ERROR_INPUT, "longer than %d MiB", "%d MiBを超えています",
                     (int)(NDJSON_LINE_MAX >> 20));
        return import_reject(stream, number, why, error);
    }
    if (number == 1 && length >= strlen(bom) && memcmp(line, bom, strlen(bom)) == 0) {
        line += strlen(bom);
        length -= strlen(bom);
    }
    if (line_is_blank(line, length))
        return TRUE;
    if (!ndjson_parse(parser, line, length, stream->now, &job, &cut, &why))
        return import_reject(stream, number, why, error);
    import_count_cut(stream, cut);
    return import_take(stream, &job, FALSE, error);
}

gboolean import_ndjson(struct import_stream *stream, GError **error)
{
    g_autoptr(PtNdjson) parser = ndjson_new();

    return import_lines(stream, NDJSON_LINE_MAX, line_take, parser, error);
}
