/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of the CSV share: a file in memory, the usual format, jobs made of text. */
#pragma once
#include <string.h>

#include "base/error.h"
#include "core/csv.h"

/* 2026-06-09T01:30:25Z */
#define NOON_IN_JUNE G_GINT64_CONSTANT(1780968625)
#define TEST_NOW (NOON_IN_JUNE + 3600)

static inline struct csv_format usual_format(void)
{
    return (struct csv_format){CSV_UTF8, FALSE, ',', TRUE, DATE_YMD, "Asia/Tokyo"};
}

static inline void assert_bytes(const char *bytes, gsize length, const char *expected, gsize expected_length)
{
    if (length != expected_length || memcmp(bytes, expected, length) != 0)
        g_test_message("got \"%.*s\", expected \"%.*s\"", (int)length, bytes, (int)expected_length, expected);
    g_assert_cmpuint(length, ==, expected_length);
    g_assert_true(memcmp(bytes, expected, length) == 0);
}

/* The least that a record needs. */
static inline void usual_job(struct job *job)
{
    job_clear(job);
    job_set_text(job, JOB_JOB_TYPE, "print");
    job_set_number(job, JOB_ENDED_AT, NOON_IN_JUNE);
}

/* CsvSink that collects in a GString. */
static inline gboolean collect(const char *bytes, gsize length, gpointer user, GError **error)
{
    (void)error;
    g_string_append_len(user, bytes, (gssize)length);
    return TRUE;
}

/* The whole file of these jobs. */
static inline GString *written(const struct csv_format *format, const struct job *jobs, gsize count,
                               gint64 *ret_replaced)
{
    g_autoptr(GError) error = NULL;
    GString *file = g_string_new(NULL);
    g_autoptr(PtCsvWriter) writer = csv_writer_new(format, collect, file, &error);

    g_assert_no_error(error);
    for (gsize i = 0; i < count; i++)
        g_assert_true(csv_writer_row(writer, &jobs[i], &error));
    g_assert_true(csv_writer_finish(writer, &error));
    g_assert_cmpint(csv_writer_rows(writer), ==, (gint64)count);
    g_assert_cmpint(csv_writer_bytes(writer), ==, (gint64)file->len);
    if (ret_replaced)
        *ret_replaced = csv_writer_replaced(writer);
    return file;
}

/* What stands in a column of a row that needs no quoting elsewhere: from the separator before it to the one
 * behind it. New string. */
static inline char *column_of(const struct csv_format *format, const struct job *job, enum job_column column)
{
    g_autoptr(GString) file = written(format, job, 1, NULL);
    const char *from = strstr(file->str, "\r\n") + 2;
    gboolean quoted = FALSE;

    for (guint separators = 0; separators < (guint)column; from++) {
        quoted ^= *from == '"';
        separators += !quoted && *from == format->separator;
    }
    for (gsize i = 0;; i++) {
        quoted ^= from[i] == '"';
        if (!quoted && (from[i] == format->separator || from[i] == '\r'))
            return g_strndup(from, i);
    }
}
