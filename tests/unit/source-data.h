/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers of real servers (tests/data/ipp) and made-up ones, for the tests of the source layer. */
#pragma once
#include <glib.h>
#include <string.h>

#include "source/ipp-job.h"

/* A file of tests/data/ipp as an answer. */
static inline ipp_t *answer_of(const char *name)
{
    g_autofree char *path = g_build_filename(PT_TESTS, "data", "ipp", name, NULL);
    g_autofree char *bytes = NULL;
    gsize length = 0;
    g_autoptr(GError) error = NULL;
    ipp_t *answer;

    g_file_get_contents(path, &bytes, &length, &error);
    g_assert_no_error(error);
    answer = ipp_read_bytes((const guint8 *)bytes, length, name, &error);
    g_assert_no_error(error);
    return answer;
}

/* The value of a column as text, "" if unknown; new string. */
static inline char *column(const struct source_job *job, enum job_column id)
{
    const struct job_value *value = &job->job.value[id];

    if (value->text)
        return g_strndup(value->text, (gsize)value->number);
    return value->number == JOB_NONE ? g_strdup("") : g_strdup_printf("%" G_GINT64_FORMAT, value->number);
}
