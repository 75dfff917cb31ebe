/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target of the NDJSON reader: either a job whose values are sound or a reason; and the quick scanner
 * never takes what jansson refuses. */
#include <jansson.h>

#include "app/ndjson-scan.h"
#include "app/ndjson.h"
#include "fuzz.h"

#define NOW G_GINT64_CONSTANT(1795000000)

static void check_value(const struct job_value *value, gint64 limit)
{
    if (!value->text)
        return;
    g_assert_cmpint(value->number, <=, limit);
    g_assert_true(g_utf8_validate_len(value->text, (gsize)value->number, NULL));
}

static void check_scanner(const char *line, gsize length)
{
    struct ndjson_member members[NDJSON_MEMBERS_MAX];
    g_autofree char *scratch = g_malloc(length + 1);
    gsize n;
    json_t *root;

    if (!ndjson_scan(line, length, scratch, members, &n))
        return;
    root = json_loadb(line, length, 0, NULL);
    g_assert_true(json_is_object(root));
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autofree char *line = g_memdup2(bytes, size); /* alone on the heap: a read too far is seen */
    g_autoptr(PtNdjson) parser = ndjson_new();
    g_autoptr(GError) error = NULL;
    struct job job;
    guint cut;

    if (!line)
        return 0;
    check_scanner(line, size);
    if (!ndjson_parse(parser, line, size, NOW, &job, &cut, &error)) {
        g_assert_cmpint(pt_error_code_of(error), ==, PT_ERROR_INPUT);
        return 0;
    }
    for (gsize i = 0; i < JOB_COLUMNS; i++)
        check_value(&job.value[i], JOB_TEXT_MAX);
    check_value(&job.key, JOB_KEY_MAX);
    g_assert_true(job_has(&job, JOB_ENDED_AT) && job_has(&job, JOB_JOB_TYPE));
    return 0;
}
