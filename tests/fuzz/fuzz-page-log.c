/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target of the page_log parser: whatever the line, either a job whose texts are sound or a reason. */
#include <string.h>

#include "base/error.h"
#include "core/page-log.h"
#include "fuzz.h"

static void check_value(const struct job_value *value, gint64 limit)
{
    if (!value->text)
        return;
    g_assert_cmpint(value->number, >, 0);
    g_assert_cmpint(value->number, <=, limit);
    g_assert_true(g_utf8_validate_len(value->text, (gsize)value->number, NULL));
}

static void check_line(const char *line, gsize length, struct page_log *log)
{
    g_autoptr(GError) error = NULL;

    if (!page_log_parse(line, length, log, &error)) {
        g_assert_cmpint(pt_error_code_of(error), ==, PT_ERROR_INPUT);
        return;
    }
    g_assert_no_error(error);
    for (gsize i = 0; i < JOB_COLUMNS; i++)
        check_value(&log->job.value[i], JOB_TEXT_MAX);
    g_assert_nonnull(log->job.key.text);
    check_value(&log->job.key, JOB_KEY_MAX);
    check_value(&log->job.raw, PAGE_LOG_LINE_MAX);
    g_assert_true(job_has(&log->job, JOB_ENDED_AT) && job_has(&log->job, JOB_DEVICE_NAME) &&
                  job_has(&log->job, JOB_JOB_ID));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autofree struct page_log *log = g_new(struct page_log, 1);
    const char *from = (const char *)bytes, *end = from + size;

    while (from < end) {
        const char *newline = memchr(from, '\n', (gsize)(end - from));
        const char *stop = newline ? newline : end;
        g_autofree char *line =
            g_memdup2(from, (gsize)(stop - from)); /* alone on the heap: a read too far is seen */
        if (line)
            check_line(line, (gsize)(stop - from), log);
        from = stop + 1;
    }
    return 0;
}
