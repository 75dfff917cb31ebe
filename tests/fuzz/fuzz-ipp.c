/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target of IPP answers: whatever a server sends, its jobs become sound rows or an error. */
#include <string.h>

#include "fuzz.h"
#include "source/ipp-job.h"

/* The last byte of the request number: options. */
enum { BIT_PRINTER = 1, BIT_CUPSD = 2, BIT_REASONS = 4, BIT_BOOT = 8, BIT_CUMULATIVE = 16, BIT_QUEUE = 32 };

static void check_row(const struct job *row)
{
    gint64 faces = row->value[JOB_FACES_TOTAL].number;

    for (gsize i = 0; i < JOB_COLUMNS; i++) {
        const struct job_value *value = &row->value[i];

        if (!value->text)
            continue;
        g_assert_cmpint(value->number, >, 0);
        g_assert_cmpint(value->number, <=, JOB_TEXT_MAX);
        g_assert_true(g_utf8_validate_len(value->text, (gsize)value->number, NULL));
    }
    g_assert_true(row->key.text && row->key.number > 0 && row->key.number <= JOB_KEY_MAX);
    g_assert_true(g_utf8_validate_len(row->key.text, (gsize)row->key.number, NULL));
    g_assert_cmpint(row->raw.number, <=, 8192);
    g_assert_true(g_utf8_validate_len(row->raw.text, (gsize)row->raw.number, NULL));
    g_assert_true(faces == JOB_NONE || faces > 0);
    g_assert_cmpint(row->value[JOB_SHEETS].number, <=, MAX(faces, 0));
    g_assert_cmpint(row->value[JOB_SHEETS_DUPLEX].number, <=, MAX(faces, 0));
    g_assert_true(row->value[JOB_SIZE_BYTES].number == JOB_NONE || row->value[JOB_SIZE_BYTES].number > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    guint bits = size > 7 ? bytes[7] : 0;
    char sides[] = "two-sided-long-edge", media[] = "A4";
    struct ipp_queue queue = {.sides = sides, .media = media, .copies = 2, .known = TRUE};
    struct ipp_job_context context = {
        .kind = bits & BIT_PRINTER ? SOURCE_PRINTER : SOURCE_CUPS,
        .cupsd = (bits & BIT_CUPSD) != 0,
        .reasons_trusted = (bits & BIT_REASONS) != 0,
        .boot = bits & BIT_BOOT ? 1795000000 : JOB_NONE,
        .cumulative = (bits & BIT_CUMULATIVE) != 0,
        .epoch = 1,
        .queue = bits & BIT_QUEUE ? &queue : NULL,
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(ipp_t) answer = ipp_read_bytes(bytes, size, "peer", &error);
    g_auto(PtIppJob) job = {0};

    g_assert_true((answer == NULL) == (error != NULL));
    if (!answer)
        return 0;
    ipp_job_init(&job);
    (void)ippFirstAttribute(answer);
    while (ipp_job_next(&job, answer)) {
        struct source_job result;

        ipp_job_map(&job, &context, &result);
        check_row(&result.job);
        g_assert_cmpuint(ipp_job_fingerprint(&job, 1), ==, ipp_job_fingerprint(&job, 1));
    }
    return 0;
}
