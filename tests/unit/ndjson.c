/* SPDX-License-Identifier: GPL-3.0-or-later */
/* app/ndjson: what a line may be, why it is refused, and that the quick scanner agrees with jansson. */
#include "app/ndjson.h"

#include <jansson.h>
#include <string.h>

#include "app/ndjson-scan.h"

#define NOW G_GINT64_CONSTANT(1795000000)
#define BASE "\"ended_at\":\"2026-06-09T10:30:25+09:00\",\"job_type\":\"print\""

static void assert_text(const struct job_value *value, const char *expected)
{
    g_autofree char *text = g_strndup(value->text, (gsize)value->number);

    g_assert_cmpstr(text, ==, expected);
}

static void test_a_line_gives_its_job(void)
{
    static const char line[] =
        "{ " BASE ", "
        "\"seq\":7,\"ended_at_utc\":\"x\",\"format_version\":1,\"count_source\":\"printer\","
        "\"origin\":\"cups\","
        "\"user_name\":\"田中\",\"document_name\":\"a\\\"b\\\\c\\u3042\\n\",\"faces_total\":\"12\","
        "\"sheets\":6,\"job_id\":18,"
        "\"sheets_duplex\":null,\"end_code\":\"\",\"department_id\":\"321\",\"source_key\":\"k1\" }\r";
    g_autoptr(PtNdjson) parser = ndjson_new();
    g_autoptr(GError) error = NULL;
    struct job job;
    guint cut = 9;

    g_assert_true(ndjson_parse(parser, line, strlen(line), NOW, &job, &cut, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(cut, ==, 0);
    g_assert_cmpint(job.value[JOB_ENDED_AT].number, ==, 1780968625);
    assert_text(&job.value[JOB_USER_NAME], "田中");
    assert_text(&job.value[JOB_DOCUMENT_NAME], "a\"b\\cあ\n");
    assert_text(&job.value[JOB_DEPARTMENT_ID], "0000321");
    assert_text(&job.value[JOB_COUNT_SOURCE], "unknown");
    assert_text(&job.value[JOB_ORIGIN], "api");
    assert_text(&job.key, "k1");
    g_assert_cmpint(job.value[JOB_FACES_TOTAL].number, ==, 12);
    g_assert_cmpint(job.value[JOB_SHEETS].number, ==, 6);
    g_assert_false(job_has(&job, JOB_SHEETS_DUPLEX));
    g_assert_false(job_has(&job, JOB_END_CODE));
    g_assert_false(job_has(&job, JOB_SEQ));
}

/* A reason that begins with the key or word that is wrong. */
static const struct {
    const char *line;
    const char *reason; /* NULL: accepted */
} judged[] = {
    {"{" BASE "}", NULL},
    {"{" BASE ",\"faces_total\":0}", NULL},
    {"{" BASE ",\"seq\":[1],\"origin\":{\"a\":1}}", NULL},
    {"{" BASE ",\"accepted_at\":\"2026-06-09T10:30:25.123Z\"}", NULL},
    {"{" BASE ",\"user_name\":\"\\ud83d\\ude00\"}", NULL},
    {"{\"job_type\":\"print\"}", "ended_at: missing"},
    {"{\"ended_at\":\"2026-06-09T10:30:25Z\"}", "job_type: missing"},
    {"{\"ended_at\":null,\"job_type\":\"print\"}", "ended_at: missing"},
    {"{" BASE ",\"bogus\":1}", "bogus: "},
    {"{" BASE ",\"User_Name\":\"a\"}", "User_Name: "},
    {"{" BASE ",\"sheets\":1,\"sheets\":1}", "sheets: comes twice"},
    {"{" BASE ",\"source_key\":\"a\",\"source_key\":\"b\"}", "source_key: "},
    {"{" BASE ",\"sheets\":1.0}", "sheets: "},
    {"{" BASE ",\"sheets\":1e2}", "sheets: "},
    {"{" BASE ",\"sheets\":-1}", "sheets: "},
    {"{" BASE ",\"sheets\":\"-1\"}", "sheets: "},
    {"{" BASE ",\"sheets\":\" 1\"}", "sheets: "},
    {"{" BASE ",\"sheets\":true}", "sheets: "},
    {"{" BASE ",\"sheets\":9007199254740993}", "sheets: "},
    {"{" BASE ",\"sheets\":99999999999999999999}", "not valid JSON"},
    {"{" BASE ",\"user_name\":5}", "user_name: "},
    {"{" BASE ",\"user_name\":[\"a\"]}", "user_name: "},
    {"{" BASE ",\"user_name\":\"a\\u0000b\"}", "not valid JSON"},
    {"{" BASE ",\"user_name\":\"a\tb\"}", "not valid JSON"},
    {"{" BASE ",\"user_name\":\"a\xff\"}", "not valid JSON"},
    {"{" BASE ",\"user_name\":\"\xed\xa0\x80\"}", "not valid JSON"},
    {"{" BASE ",\"user_name\":\"\\ud800\"}", "not valid JSON"},
    {"{" BASE ",\"department_id\":\"0\"}", "department_id: "},
    {"{" BASE ",\"department_id\":\"12345678\"}", "department_id: "},
    {"{" BASE ",\"result\":\"ok\"}", "result: "},
    {"{" BASE ",}", "not valid JSON"},
    {"{" BASE "} x", "not valid JSON"},
    {"{" BASE "}{}", "not valid JSON"},
    {"{" BASE ",\"sheets\":01}", "not valid JSON"},
    {"{" BASE ",'sheets':1}", "not valid JSON"},
    {"{\"job_type\":\"print\",\"ended_at\":\"0000-01-01T00:00:00Z\"}", "ended_at: "},
    {"{\"job_type\":\"print\",\"ended_at\":\"9999-12-31T23:59:59Z\"}", "ended_at: "},
    {"{\"job_type\":\"print\",\"ended_at\":\"1979-12-31T23:59:59Z\"}", "ended_at: "},
    {"{\"job_type\":\"print\",\"ended_at\":\"2026-02-30T00:00:00Z\"}", "ended_at: "},
    {"{\"job_type\":\"print\",\"ended_at\":\"2026-06-09T10:30:25\"}", "ended_at: "},
    {"{\"job_type\":\"print\",\"ended_at\":1780968625}", "ended_at: "},
    {"{\"job_type\":\"fly\",\"ended_at\":\"2026-06-09T10:30:25Z\"}", "job_type: "},
    {"{}", "job_type: missing"},
    {"[]", "not a JSON object"},
    {"[{" BASE "}]", "not a JSON object"},
    {"\"x\"", "not valid JSON"},
    {"{" BASE, "not valid JSON"},
    {"\x1f\x8b\x08", "not valid JSON"},
};

static void test_each_line_is_judged_with_the_reason(void)
{
    g_autoptr(PtNdjson) parser = ndjson_new();

    for (gsize i = 0; i < G_N_ELEMENTS(judged); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *reason = NULL;
        g_autofree char *shown = NULL;
        struct job job;
        guint cut;
        gboolean ok = ndjson_parse(parser, judged[i].line, strlen(judged[i].line), NOW, &job, &cut, &error);

        reason = error ? pt_error_message(error, PT_LANG_EN) : NULL;
        shown = g_strescape(judged[i].line, NULL);
        g_test_message("%s: %s", shown, reason ? reason : "accepted");
        g_assert_cmpint(ok, ==, judged[i].reason == NULL);
        if (ok)
            continue;
        g_assert_cmpint(pt_error_code_of(error), ==, PT_ERROR_INPUT);
        g_assert_true(g_str_has_prefix(reason, judged[i].reason));
    }
}

static void test_a_long_text_is_cut_at_a_character_and_counted(void)
{
    static const gsize lengths[] = {1022, 1023, 1024, 1000000};
    g_autoptr(PtNdjson) parser = ndjson_new();

    for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autoptr(GString) line = g_string_new("{" BASE ",\"document_name\":\"");
        g_autoptr(GError) error = NULL;
        struct job job;
        guint cut;

        for (gsize n = 0; n + 3 <= lengths[i]; n += 3)
            g_string_append(line, "あ");
        for (gsize n = lengths[i] % 3; n > 0; n--)
            g_string_append_c(line, 'x');
        g_string_append(line, "\"}");
        g_assert_true(ndjson_parse(parser, line->str, line->len, NOW, &job, &cut, &error));
        g_assert_cmpuint(cut, ==, lengths[i] > JOB_TEXT_MAX);
        g_assert_cmpint(job.value[JOB_DOCUMENT_NAME].number, ==, (gint64)MIN(lengths[i], 1023));
    }
}

static void test_a_key_is_at_most_255_bytes(void)
{
    g_autoptr(PtNdjson) parser = ndjson_new();

    for (int length = 255; length <= 256; length++) {
        g_autofree char *key = g_strnfill((gsize)length, 'k');
        g_autofree char *line = g_strdup_printf("{" BASE ",\"source_key\":\"%s\"}", key);
        struct job job;
        guint cut;

        g_assert_cmpint(ndjson_parse(parser, line, strlen(line), NOW, &job, &cut, NULL), ==, length == 255);
    }
}

/* What the scanner takes, jansson takes, with the same members. */
static void compare(const char *line, gsize length, gboolean *ret_scanned)
{
    struct ndjson_member members[NDJSON_MEMBERS_MAX];
    g_autofree char *scratch = g_malloc(length + 1);
    json_t *root = json_loadb(line, length, 0, NULL);
    gsize n = 0;

    *ret_scanned = ndjson_scan(line, length, scratch, members, &n);
    for (gsize i = 0; *ret_scanned && i < n; i++) {
        g_autofree char *key = g_strndup(members[i].key, members[i].key_length);
        const json_t *value;

        if (!root)
            g_test_message("%.*s", (int)length, line);
        g_assert_nonnull(root);
        value = json_object_get(root, key);
        g_assert_nonnull(value);
        if (members[i].type == NDJSON_TEXT && json_is_string(value) &&
            json_string_length(value) == members[i].length)
            g_assert_true(memcmp(json_string_value(value), members[i].text, members[i].length) == 0);
        if (members[i].type == NDJSON_NUMBER && json_is_integer(value) && n == json_object_size(root))
            g_assert_cmpint(json_integer_value(value), ==, members[i].number);
    }
    json_decref(root);
}

static void test_the_scanner_takes_nothing_that_jansson_refuses(void)
{
    static const char bytes[] =
        "\"\\{}[]:,u0123456789abcdefnrt-+.eE \t\n\x01\x7f\xc3\xa9\xe3\x81\x82\xf0\x9f\x98\x80\xed\xa0\xff/";
    guint scanned = 0;

    for (int round = 0; round < 60000; round++) {
        g_autoptr(GString) line =
            g_string_new("{" BASE ",\"sheets\":12,\"user_name\":\"田\\u7530 \\\"x\\\"\",\"end_code\":null}");
        int changes = g_test_rand_int_range(0, 4);
        gboolean ok;

        for (int i = 0; i < changes; i++) {
            gsize at = (gsize)g_test_rand_int_range(0, (gint32)line->len);
            char byte = bytes[g_test_rand_int_range(0, (gint32)sizeof bytes - 1)];

            if (g_test_rand_bit())
                line->str[at] = byte;
            else
                g_string_insert_c(line, (gssize)at, byte);
        }
        compare(line->str, line->len, &ok);
        scanned += ok ? 1 : 0;
    }
    /* It is of use, too. */
    g_assert_cmpuint(scanned, >, 10000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ndjson/a line gives its job", test_a_line_gives_its_job);
    g_test_add_func("/ndjson/each line is judged with the reason", test_each_line_is_judged_with_the_reason);
    g_test_add_func("/ndjson/a long text is cut at a character and counted",
                    test_a_long_text_is_cut_at_a_character_and_counted);
    g_test_add_func("/ndjson/a key is at most 255 bytes", test_a_key_is_at_most_255_bytes);
    g_test_add_func("/ndjson/the scanner takes nothing that jansson refuses",
                    test_the_scanner_takes_nothing_that_jansson_refuses);
    return g_test_run();
}
