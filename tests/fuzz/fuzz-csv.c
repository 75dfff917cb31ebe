/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target of the CSV reader and, by what it reads, of the writer: the pieces fed change nothing, and what
 * is written reads back. */
#include <string.h>

#include "base/error.h"
#include "core/csv.h"
#include "fuzz.h"

#define NOW G_GINT64_CONSTANT(4000000000)

/* First byte of the input: options. */
enum {
    BIT_CP932 = 1,
    BIT_UNGUARDED = 2,
    SHIFT_DATE = 2,
    SHIFT_SEPARATOR = 4,
    BIT_ZONE = 64,
    BIT_HEADER_JA = 128
};

static gboolean collect(const char *bytes, gsize length, gpointer user, GError **error)
{
    (void)error;
    g_string_append_len(user, bytes, (gssize)length);
    return TRUE;
}

static void check_texts(const struct job *job)
{
    for (gsize i = 0; i < JOB_COLUMNS; i++) {
        const struct job_value *value = &job->value[i];
        if (!value->text)
            continue;
        g_assert_cmpint(value->number, >, 0);
        g_assert_cmpint(value->number, <=, JOB_TEXT_MAX);
        g_assert_true(g_utf8_validate_len(value->text, (gsize)value->number, NULL));
    }
}

/* Reads all of it in pieces; each row goes to the writer, if there is one. How many results of each kind, in
 * *counts. */
static void read_all(const struct csv_reader_options *options, const char *bytes, gsize length, gsize piece,
                     struct csv_writer *writer, guint64 counts[CSV_FATAL + 1])
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(PtCsvReader) reader = csv_reader_new(options, &fault);
    enum csv_result result = CSV_MORE;
    guint64 before = 0;
    gsize at = 0;

    g_assert_no_error(fault);
    while (result != CSV_END && result != CSV_FATAL) {
        g_autoptr(GError) error = NULL;
        struct job job;
        guint64 line = 0;

        if (result == CSV_MORE) {
            gsize part = MIN(piece, length - at);
            csv_reader_feed(reader, bytes + at, part, at + part == length);
            at += part;
        }
        result = csv_reader_next(reader, &job, &line, &error);
        counts[result]++;
        g_assert_true((result == CSV_BAD || result == CSV_FATAL) == (error != NULL));
        if (result == CSV_ROW) {
            check_texts(&job);
            g_assert_true(!writer || csv_writer_row(writer, &job, &error));
        }
        if (result == CSV_ROW || result == CSV_BAD) {
            g_assert_cmpuint(line, >, before);
            before = line;
        }
    }
    g_assert_true(!writer || csv_writer_finish(writer, &fault));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    guint bits = size ? bytes[0] : 0;
    struct csv_format format = {CSV_UTF8,
                                (bits & BIT_HEADER_JA) != 0,
                                ",;\t,"[bits >> SHIFT_SEPARATOR & 3],
                                !(bits & BIT_UNGUARDED),
                                (enum date_format)((bits >> SHIFT_DATE & 3) % 3),
                                ""};
    struct csv_reader_options options = {(bits & BIT_CP932) != 0, format.date_format, format.zone, NOW,
                                         (bits & BIT_UNGUARDED) != 0};
    const gsize pieces[] = {1 << 20, 7, 1 << 20};
    g_autoptr(GString) input =
        size > 1 ? g_string_new_len((const char *)bytes + 1, (gssize)size - 1) : g_string_new("");
    guint64 counts[3][CSV_FATAL + 1] = {{0}};

    g_strlcpy(format.zone, bits & BIT_ZONE ? "America/New_York" : "Asia/Tokyo", sizeof(format.zone));
    for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GString) output = g_string_new(NULL);
        g_autoptr(PtCsvWriter) writer = i > 0 ? csv_writer_new(&format, collect, output, &error) : NULL;

        g_assert_no_error(error);
        read_all(&options, input->str, input->len, pieces[i], writer, counts[i]);
        if (i == 1) {
            g_string_assign(input, "");
            g_string_append_len(input, output->str, (gssize)output->len);
            options.cp932 = FALSE;
        }
        if (i == 2)
            g_assert_true(g_string_equal(input, output));
    }
    g_assert_cmpuint(counts[0][CSV_ROW], ==, counts[1][CSV_ROW]);
    g_assert_cmpuint(counts[0][CSV_BAD], ==, counts[1][CSV_BAD]);
    g_assert_cmpuint(counts[0][CSV_FATAL], ==, counts[1][CSV_FATAL]);
    g_assert_cmpuint(counts[1][CSV_ROW], ==, counts[2][CSV_ROW]);
    g_assert_cmpuint(counts[2][CSV_BAD] + counts[2][CSV_FATAL], ==, 0);
    return 0;
}
