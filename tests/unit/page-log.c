/* SPDX-License-Identifier: GPL-3.0-or-later */
/* core/page-log: whole lines of the three formats, and all that is torn. */
#include "core/page-log.h"

#include "csv-bytes.h"

#define UUID "urn:uuid:38fc136a-2f55-37b7-45e7-b0e85e7df8b3"
#define TIME "[22/Nov/2026:06:02:27.068048 +0000]"
#define LINE_UTC G_GINT64_CONSTANT(1795327347)
#define V1_HEAD                                                                                              \
    "v1|" UUID "|27|eve1|alice|" TIME                                                                        \
    "|total|8|5|1795327345|8|4|2|two-sided-long-edge|A4|application/pdf|PRJ|"
#define BARRED_HEAD "osaka|佐藤 花子|4|" TIME "|total|1|-|localhost|"
#define BARRED_TAIL "|iso_a3_297x420mm|one-sided|color|" UUID "|1|text/plain"

/* The parsed values as "key=value;" in the order of the columns, the key last. New string. */
static char *shown(const struct page_log *log)
{
    GString *text = g_string_new(NULL);

    for (gsize i = 0; i < JOB_COLUMNS; i++) {
        const struct job_value *value = &log->job.value[i];
        if (value->text)
            g_string_append_printf(text, "%s=%.*s;", job_columns[i].key, (int)value->number, value->text);
        else if (value->number != JOB_NONE)
            g_string_append_printf(text, "%s=%" G_GINT64_FORMAT ";", job_columns[i].key, value->number);
    }
    g_string_append_printf(text, "%.*s", (int)log->job.key.number, log->job.key.text);
    return g_string_free(text, FALSE);
}

static void test_whole_lines_become_jobs(void)
{
    static const struct {
        const char *line, *shown;
        gboolean cumulative;
    } cases[] = {
        {V1_HEAD "pl ok",
         "device_name=eve1;job_id=27;job_type=print;accepted_at=1795327345;ended_at=1795327347;result=--;"
         "user_name=alice;"
         "document_name=pl "
         "ok;faces_total=8;sheets=4;copies_requested=2;sides=two-sided-long-edge;paper_size=A4;"
         "account_code=PRJ;count_source=server;origin=page_log;" UUID,
         TRUE},
        {V1_HEAD,
         "device_name=eve1;job_id=27;job_type=print;accepted_at=1795327345;ended_at=1795327347;result=--;"
         "user_name=alice;"
         "faces_total=8;sheets=4;copies_requested=2;sides=two-sided-long-edge;paper_size=A4;account_code=PRJ;"
         "count_source=server;origin=page_log;" UUID,
         TRUE},
        {BARRED_HEAD "A4縦 217" BARRED_TAIL,
         "device_name=osaka;job_id=4;job_type=print;ended_at=1795327347;result=--;user_name=佐藤 "
         "花子;client_host=localhost;"
         "document_name=A4縦 "
         "217;faces_total=1;sheets=1;color_mode=color;sides=one-sided;paper_size=iso_a3_297x420mm;"
         "count_source=server;origin=page_log;" UUID,
         TRUE},
        {"raw|svc|15|" TIME "|total|0|-|localhost|-|-|-|-|" UUID "|0|application/pdf\r",
         "device_name=raw;job_id=15;job_type=print;ended_at=1795327347;result=--;user_name=svc;client_host="
         "localhost;"
         "count_source=server;origin=page_log;" UUID,
         TRUE},
        {"osaka 佐藤 花子 4 " TIME " total 3 dept7 localhost A4 縦 217 iso_a4 two-sided-long-edge",
         "device_name=osaka;job_id=4;job_type=print;ended_at=1795327347;result=--;user_name=佐藤 "
         "花子;client_host=localhost;"
         "document_name=A4 縦 "
         "217;faces_total=3;sides=two-sided-long-edge;paper_size=iso_a4;account_code=dept7;"
         "count_source=server;origin=page_log;osaka/4",
         FALSE},
        {"q u [1] 7 4 [22/Nov/2026:15:02:27 +0900] total 3 - h t - -",
         "device_name=q;job_id=4;job_type=print;ended_at=1795327347;result=--;user_name=u [1] "
         "7;client_host=h;"
         "document_name=t;faces_total=3;count_source=server;origin=page_log;q/4",
         FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree struct page_log *log = g_new(struct page_log, 1);
        g_autofree char *line = g_strdup(cases[i].line);
        g_autofree char *text = NULL;
        g_autoptr(GError) error = NULL;
        char scratch[8];

        g_assert_true(page_log_parse(line, strlen(line), log, &error));
        text = shown(log);
        g_assert_cmpstr(text, ==, cases[i].shown);
        g_assert_cmpint(log->cumulative, ==, cases[i].cumulative);
        g_assert_true(job_check(&log->job, LINE_UTC, scratch, &error));
        g_assert_true(g_str_has_prefix(log->job.raw.text, "page_log="));
    }
}

static void test_a_title_may_hold_the_separator(void)
{
    static const char *const titles[] = {"a|b", "|", "a|b|c|d|e|f|g", " ", "total 5", "v1|x"};

    for (gsize i = 0; i < 2 * G_N_ELEMENTS(titles); i++) {
        g_autofree struct page_log *log = g_new(struct page_log, 1);
        const char *title = titles[i / 2];
        g_autofree char *line =
            g_strconcat(i % 2 ? V1_HEAD : BARRED_HEAD, title, i % 2 ? "" : BARRED_TAIL, NULL);

        g_assert_true(page_log_parse(line, strlen(line), log, NULL));
        assert_bytes(log->job.value[JOB_DOCUMENT_NAME].text, (gsize)log->job.value[JOB_DOCUMENT_NAME].number,
                     title, strlen(title));
    }
}

static void test_torn_and_foreign_lines_are_refused_with_a_reason(void)
{
    static const struct {
        const char *line, *reason;
    } cases[] = {
        {"", "too few fields"},
        {"next", "too few fields"},
        {"next|-|two-sided-long-edge|-|" UUID "|4|application/pdf", "too few fields"},
        {"nagoya|tanaka|98|" TIME "|total|4|-|localhost|crlf", "too few fields"},
        {"v1|" UUID "|27|eve1|alice|" TIME "|total|8", "too few fields"},
        {"v1|38fc136a|27|eve1|alice|" TIME "|total|8|5|1|8|4|2|-|A4|application/pdf|PRJ|t", "no job-uuid"},
        {"v1|" UUID "|x|eve1|alice|" TIME "|total|8|5|1|8|4|2|-|A4|application/pdf|PRJ|t", "no job number"},
        {"v1|" UUID "|0|eve1|alice|" TIME "|total|8|5|1|8|4|2|-|A4|application/pdf|PRJ|t", "no job number"},
        {"v1|" UUID "|27|eve1|ali|ce|" TIME "|total|8|5|1|8|4|2|-|A4|application/pdf|PRJ|t", "no time"},
        {"v1|" UUID "|27||alice|" TIME "|total|8|5|1|8|4|2|-|A4|application/pdf|PRJ|t", "no queue name"},
        {"v1|" UUID "|27|a b|alice|" TIME "|total|8|5|1|8|4|2|-|A4|application/pdf|PRJ|t", "no queue name"},
        {"v1|" UUID "|27|eve1|alice|" TIME "|total|many|5|1|8|4|2|-|A4|application/pdf|PRJ|t",
         "with a count"},
        {"v1|" UUID "|27|eve1|alice|" TIME "|total|-1|5|1|8|4|2|-|A4|application/pdf|PRJ|t", "with a count"},
        {"v1|" UUID "|27|eve1|alice|" TIME "|3|1|5|1|8|4|2|-|A4|application/pdf|PRJ|t", "one page of a job"},
        {"v1|" UUID "|27|eve1|alice|" TIME "|total|8|5|1|8|4|2|both|A4|application/pdf|PRJ|t", "sides"},
        {"osaka tanaka 4 " TIME " 1 1 - localhost title - -", "one page of a job"},
        {"osaka tanaka 4 " TIME " total 1 - localhost two words torn", "sides"},
        {"osaka tanaka 4 " TIME " total 1 - localhost", "too few fields"},
        {"osaka tanaka 4 total 1 - localhost t - -", "too few fields"},
        {"osaka tanaka 4 [22/Nov/2026:06:02:27] total 1 - localhost t - -", "too few fields"},
        {"osaka tanaka 4 [22/Nov/2026:06:02:27 +0000] 1", "too few fields"},
        {"I [22/Nov/2026:06:02:27 +0000] [Job 4] Job completed.", "too few fields"},
    };
    static const char *const times[] = {
        "[31/Feb/2026:06:02:27 +0000]",   "[22/nov/2026:06:02:27 +0000]", "[22/Nov/0000:06:02:27 +0000]",
        "[22/Nov/2026:24:02:27 +0000]",   "[22/Nov/2026:06:60:27 +0000]", "[22/Nov/2026:06:02:27 0000]",
        "[22/Nov/2026:06:02:27 +9900]",   "22/Nov/2026:06:02:27 +0000",   "[2/Nov/2026:06:02:27 +0000]",
        "[22/Nov/2026:06:02:27.x +0000]", "[22/Nov/2026:06:02:27 +0000",  "",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases) + G_N_ELEMENTS(times); i++) {
        gboolean time = i >= G_N_ELEMENTS(cases);
        g_autofree char *line = time ? g_strconcat("osaka|tanaka|4|", times[i - G_N_ELEMENTS(cases)],
                                                   "|total|1|-|h|t", BARRED_TAIL, NULL)
                                     : g_strdup(cases[i].line);
        g_autofree struct page_log *log = g_new(struct page_log, 1);
        g_autoptr(GError) error = NULL;

        g_test_message("%s", line);
        g_assert_false(page_log_parse(line, strlen(line), log, &error));
        g_assert_cmpint(pt_error_code_of(error), ==, PT_ERROR_INPUT);
        g_assert_nonnull(strstr(error->message, time ? "no time" : cases[i].reason));
        g_assert_nonnull(strchr(error->message, '\x1f'));
    }
}

static void test_hostile_bytes_do_no_harm(void)
{
    g_autofree struct page_log *log = g_new(struct page_log, 1);
    g_autoptr(GString) line = g_string_new(BARRED_HEAD);
    g_autoptr(GError) error = NULL;

    g_string_append(line, "caf\xE9 \x8D\xB2" BARRED_TAIL);
    g_assert_true(page_log_parse(line->str, line->len, log, &error));
    assert_bytes(log->job.value[JOB_DOCUMENT_NAME].text, (gsize)log->job.value[JOB_DOCUMENT_NAME].number,
                 "caf\uFFFD \uFFFD\uFFFD", strlen("caf\uFFFD \uFFFD\uFFFD"));
    g_assert_true(g_utf8_validate(log->job.raw.text, log->job.raw.number, NULL));

    g_string_assign(line, V1_HEAD "a");
    g_string_append_c(line, '\0');
    g_string_append(line, "b");
    g_assert_false(page_log_parse(line->str, line->len, log, &error));
    g_assert_nonnull(strstr(error->message, "NUL"));
    g_clear_error(&error);

    /* the longest line, each byte of it broken */
    g_string_assign(line, V1_HEAD);
    while (line->len < PAGE_LOG_LINE_MAX)
        g_string_append_c(line, (char)0xFF);
    g_assert_true(page_log_parse(line->str, line->len, log, &error));
    g_assert_cmpuint(log->cut, ==, 1);
    g_assert_cmpint(log->job.value[JOB_DOCUMENT_NAME].number, ==, JOB_TEXT_MAX);
    g_assert_true(g_utf8_validate(log->job.raw.text, log->job.raw.number, NULL));
    g_assert_cmpint(log->job.raw.number, <=, PAGE_LOG_LINE_MAX);
    g_string_append_c(line, 'x');
    g_assert_false(page_log_parse(line->str, line->len, log, &error));
    g_assert_nonnull(strstr(error->message, "longer than"));
}

static void test_sheets_follow_from_faces_copies_and_sides(void)
{
    static const struct {
        const char *sides, *copies, *faces;
        gint64 sheets;
    } cases[] = {
        {"one-sided", "1", "7", 7},
        {"one-sided", "-", "7", 7},
        {"two-sided-long-edge", "1", "7", 4},
        {"two-sided-short-edge", "2", "6", 4},
        {"two-sided-long-edge", "3", "9", 6},
        {"two-sided-long-edge", "2", "7", JOB_NONE},
        {"two-sided-long-edge", "-", "8", JOB_NONE},
        {"two-sided-long-edge", "0", "8", JOB_NONE},
        {"-", "1", "8", JOB_NONE},
        {"one-sided", "1", "0", JOB_NONE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree struct page_log *log = g_new(struct page_log, 1);
        g_autofree char *line = g_strdup_printf("v1|" UUID "|27|eve1|alice|" TIME
                                                "|total|%s|5|-|8|99|%s|%s|A4|application/pdf|-|t",
                                                cases[i].faces, cases[i].copies, cases[i].sides);

        g_assert_true(page_log_parse(line, strlen(line), log, NULL));
        g_assert_cmpint(log->job.value[JOB_SHEETS].number, ==, cases[i].sheets);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/page-log/whole-lines-become-jobs", test_whole_lines_become_jobs);
    g_test_add_func("/page-log/a-title-may-hold-the-separator", test_a_title_may_hold_the_separator);
    g_test_add_func("/page-log/torn-and-foreign-lines-are-refused-with-a-reason",
                    test_torn_and_foreign_lines_are_refused_with_a_reason);
    g_test_add_func("/page-log/hostile-bytes-do-no-harm", test_hostile_bytes_do_no_harm);
    g_test_add_func("/page-log/sheets-follow-from-faces-copies-and-sides",
                    test_sheets_follow_from_faces_copies_and_sides);
    return g_test_run();
}
