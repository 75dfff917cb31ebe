/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cuts an input into lines; a line of any length costs no more memory than the longest one allowed. */
#include <string.h>

#include "app/import-stream.h"

#define READ_SIZE ((gsize)1 << 18)

struct line_buffer {
    char *bytes;
    gsize size, begin, end;
    guint64 number;    /* of the line that begins at `begin` */
    gboolean skipping; /* the rest of a line that is too long */
};

static gboolean buffer_fill(struct import_stream *stream, struct line_buffer *buffer, gsize *ret_length,
                            GError **error)
{
    if (buffer->begin > 0) {
        memmove(buffer->bytes, buffer->bytes + buffer->begin, buffer->end - buffer->begin);
        buffer->end -= buffer->begin;
        buffer->begin = 0;
    }
    if (buffer->size - buffer->end < READ_SIZE) {
        buffer->size = buffer->end + READ_SIZE;
        buffer->bytes = g_realloc(buffer->bytes, buffer->size);
    }
    if (!import_read(stream, buffer->bytes + buffer->end, READ_SIZE, ret_length, error))
        return FALSE;
    buffer->end += *ret_length;
    return TRUE;
}

static gboolean give(struct import_stream *stream, struct line_buffer *buffer, gsize length, gsize max,
                     ImportLine line, gpointer user, GError **error)
{
    const char *text = buffer->bytes + buffer->begin;
    gboolean skip = buffer->skipping || length > max;

    if (length > 0 && text[length - 1] == '\r' && !skip)
        length--;
    /* A line that was told to be too long while it came in is not told again. */
    if (buffer->skipping) {
        buffer->skipping = FALSE;
        return TRUE;
    }
    return line(stream, buffer->number, skip ? NULL : text, skip ? 0 : length, user, error);
}

/* All complete lines that are in the buffer. */
static gboolean give_lines(struct import_stream *stream, struct line_buffer *buffer, gsize scanned, gsize max,
                           ImportLine line, gpointer user, GError **error)
{
    const char *newline;

    while ((newline = memchr(buffer->bytes + buffer->begin + scanned, '\n',
                             buffer->end - buffer->begin - scanned))) {
        gsize length = (gsize)(newline - buffer->bytes) - buffer->begin;

        if (!give(stream, buffer, length, max, line, user, error))
            return FALSE;
        buffer->begin += length + 1;
        buffer->number++;
        scanned = 0;
    }
    return TRUE;
}

/* The beginning of a line that is too long already is thrown away. */
static gboolean shorten(struct import_stream *stream, struct line_buffer *buffer, gsize max, ImportLine line,
                        gpointer user, GError **error)
{
    gsize length = buffer->end - buffer->begin;

    if (length <= max)
        return TRUE;
    if (!buffer->skipping && !line(stream, buffer->number, NULL, 0, user, error))
        return FALSE;
    buffer->skipping = TRUE;
    buffer->begin = buffer->end = 0;
    return TRUE;
}

static gboolean lines(struct import_stream *stream, struct line_buffer *buffer, gsize max, ImportLine line,
                      gpointer user, GError **error)
{
    gsize got = 1;

    while (got > 0) {
        gsize scanned = buffer->end - buffer->begin;

        if (!buffer_fill(stream, buffer, &got, error) ||
            !give_lines(stream, buffer, scanned, max, line, user, error) ||
            !shorten(stream, buffer, max, line, user, error))
            return FALSE;
    }
    /* The last line may lack its end. */
    return buffer->end == buffer->begin ||
           give(stream, buffer, buffer->end - buffer->begin, max, line, user, error);
}

gboolean import_lines(struct import_stream *stream, gsize max, ImportLine line, gpointer user, GError **error)
{
    struct line_buffer buffer = {.number = 1};
    gboolean ok = lines(stream, &buffer, max, line, user, error);

    g_free(buffer.bytes);
    return ok;
}
