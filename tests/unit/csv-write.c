/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The writer of core/csv: quoting, guard, times, chunks, and the frozen text of a format. */
#include "csv-bytes.h"

static void test_the_header_row_is_the_keys_or_the_words(void)
{
    static const char keys[] =
        "seq,device_id,device_name,job_id,job_type,accepted_at,started_at,ended_at,ended_at_utc,result,end_"
        "code,"
        "department_id,user_name,domain,client_host,client_address,source,protocol,document_name,destination,"
        "destination_count,original_pages,faces_total,faces_color,faces_mono,sheets,sheets_duplex,copies_"
        "requested,"
        "copies_completed,color_mode,sides,n_up,paper_size,paper_type,finishing,size_bytes,account_code,"
        "count_source,"
        "origin,format_version\r\n";
    struct csv_format format = usual_format();
    g_autoptr(GString) en = written(&format, NULL, 0, NULL);

    g_assert_cmpstr(en->str, ==, keys);
    format.encoding = CSV_UTF8_BOM;
    format.header_ja = TRUE;
    format.separator = '\t';
    {
        g_autoptr(GString) ja = written(&format, NULL, 0, NULL);
        g_assert_true(
            g_str_has_prefix(ja->str, "\xEF\xBB\xBF履歴番号\tデバイスID\tデバイス名\tジョブ番号\t"));
        g_assert_true(g_str_has_suffix(ja->str, "\t面数の根拠\t取得元\t形式版\r\n"));
    }
    format.encoding = CSV_CP932;
    {
        g_autoptr(GString) ja = written(&format, NULL, 0, NULL);
        g_assert_true(g_str_has_prefix(ja->str, "\x97\x9A\x97\xF0\x94\xD4\x8D\x86\t"));
    }
}

static void test_only_what_needs_it_is_quoted(void)
{
    static const struct {
        char separator;
        const char *text, *field;
    } cases[] = {
        {',', "plain", "plain"},
        {',', "with blank", "with blank"},
        {',', " blanks around ", " blanks around "},
        {',', "日本語", "日本語"},
        {',', "a,b", "\"a,b\""},
        {',', "a;b\tc", "a;b\tc"},
        {';', "a,b", "a,b"},
        {';', "a;b", "\"a;b\""},
        {'\t', "a\tb", "\"a\tb\""},
        {'\t', "a,b;c", "a,b;c"},
        {',', "\"", "\"\"\"\""},
        {',', "say \"hi\"", "\"say \"\"hi\"\"\""},
        {',', "line\nline", "\"line\nline\""},
        {',', "line\r\nline", "\"line\r\nline\""},
        {',', "cr\rcr", "\"cr\rcr\""},
        {',', "ends in LF\n", "\"ends in LF\n\""},
        {',', ",", "\",\""},
        {',', "", ""},
        {',', "one,two,three,four,five,six,seven", "\"one,two,three,four,five,six,seven\""},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct csv_format format = usual_format();
        g_autofree char *field = NULL;
        struct job job;

        format.separator = cases[i].separator;
        usual_job(&job);
        job_set_text(&job, JOB_DOCUMENT_NAME, cases[i].text);
        field = column_of(&format, &job, JOB_DOCUMENT_NAME);
        g_assert_cmpstr(field, ==, cases[i].field);
    }
}

/* Every length up to several blocks of sixteen, every place: the scan by blocks must miss none. */
static void test_a_special_byte_is_seen_wherever_it_stands(void)
{
    static const char specials[] = ",\"\r\n";
    struct csv_format format = usual_format();

    for (gsize length = 1; length <= 70; length++) {
        for (gsize at = 0; at < length; at++) {
            g_autofree char *text = g_strnfill(length, 'x'); /* on the heap: a read too far is seen */
            g_autofree char *field = NULL;
            struct job job;

            text[at] = specials[(length + at) % 4];
            usual_job(&job);
            job_set_bytes(&job, JOB_CLIENT_ADDRESS, text, length); /* no guard there */
            field = column_of(&format, &job, JOB_CLIENT_ADDRESS);
            g_assert_cmpuint(strlen(field), ==, length + 2 + (text[at] == '"'));
            g_assert_true(field[0] == '"' && field[strlen(field) - 1] == '"');
        }
    }
}

static void test_a_formula_is_disarmed_in_free_text_only(void)
{
    static const struct {
        enum job_column column;
        const char *text, *field;
    } cases[] = {
        {JOB_DOCUMENT_NAME, "=1+1", "'=1+1"},
        {JOB_DOCUMENT_NAME, "+1", "'+1"},
        {JOB_DOCUMENT_NAME, "-1", "'-1"},
        {JOB_DOCUMENT_NAME, "@SUM(A1)", "'@SUM(A1)"},
        {JOB_DOCUMENT_NAME, "\tx", "'\tx"},
        {JOB_DOCUMENT_NAME, "\rx", "\"'\rx\""},
        {JOB_DOCUMENT_NAME, " =1", "' =1"},
        {JOB_DOCUMENT_NAME, "   \t=1", "'   \t=1"},
        {JOB_DOCUMENT_NAME, "    ", "    "},
        {JOB_DOCUMENT_NAME, " x=1", " x=1"},
        {JOB_DOCUMENT_NAME, "x=1", "x=1"},
        {JOB_DOCUMENT_NAME, "'x", "''x"},
        {JOB_DOCUMENT_NAME, "'=1", "''=1"},
        {JOB_DOCUMENT_NAME, " 'x", " 'x"},
        {JOB_DOCUMENT_NAME, "'", "''"},
        {JOB_DOCUMENT_NAME, "=", "'="},
        {JOB_DOCUMENT_NAME, "=A,B", "\"'=A,B\""},
        {JOB_DOCUMENT_NAME, "=\"x\"", "\"'=\"\"x\"\"\""},
        {JOB_DOCUMENT_NAME, "＝1", "＝1"},
        {JOB_DOCUMENT_NAME, "0", "0"},
        {JOB_DOCUMENT_NAME, "#1", "#1"},
        {JOB_DEVICE_NAME, "=x", "'=x"},
        {JOB_END_CODE, "=x", "'=x"},
        {JOB_USER_NAME, "=x", "'=x"},
        {JOB_DOMAIN, "=x", "'=x"},
        {JOB_CLIENT_HOST, "=x", "'=x"},
        {JOB_DESTINATION, "=x", "'=x"},
        {JOB_PAPER_TYPE, "=x", "'=x"},
        {JOB_ACCOUNT_CODE, "=x", "'=x"},
        {JOB_RESULT, "--", "--"},
        {JOB_DEVICE_ID, "=x", "=x"},
        {JOB_CLIENT_ADDRESS, "-x", "-x"},
        {JOB_SIDES, "'x", "'x"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct csv_format format = usual_format();
        g_autofree char *guarded = NULL;
        g_autofree char *plain = NULL;
        struct job job;

        usual_job(&job);
        job_set_text(&job, cases[i].column, cases[i].text);
        g_test_message("%s", cases[i].text);
        guarded = column_of(&format, &job, cases[i].column);
        g_assert_cmpstr(guarded, ==, cases[i].field);
        format.formula_guard = FALSE;
        plain = column_of(&format, &job, cases[i].column);
        if (!strpbrk(cases[i].text, ",\"\r\n"))
            g_assert_cmpstr(plain, ==, cases[i].text);
    }
}

static void test_a_number_is_written_as_it_is_and_unknown_as_nothing(void)
{
    static const struct {
        gint64 number;
        const char *field;
    } cases[] = {
        {JOB_NONE, ""},
        {0, "0"},
        {1, "1"},
        {9, "9"},
        {10, "10"},
        {99, "99"},
        {100, "100"},
        {-1, "-1"},
        {-100, "-100"},
        {1234567890, "1234567890"},
        {G_MAXINT64, "9223372036854775807"},
        {G_MININT64 + 1, "-9223372036854775807"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct csv_format format = usual_format();
        g_autofree char *field = NULL;
        struct job job;

        usual_job(&job);
        job_set_number(&job, JOB_FACES_TOTAL, cases[i].number);
        field = column_of(&format, &job, JOB_FACES_TOTAL);
        g_assert_cmpstr(field, ==, cases[i].field);
    }
}

static void test_times_follow_date_format_and_zone(void)
{
    static const struct {
        enum date_format format;
        const char *zone;
        gint64 utc;
        const char *local, *in_utc;
    } cases[] = {
        {DATE_YMD, "Asia/Tokyo", NOON_IN_JUNE, "2026/06/09 10:30:25", "2026-06-09T01:30:25Z"},
        {DATE_MDY, "Asia/Tokyo", NOON_IN_JUNE, "06/09/2026 10:30:25", "2026-06-09T01:30:25Z"},
        {DATE_DMY, "Asia/Tokyo", NOON_IN_JUNE, "09/06/2026 10:30:25", "2026-06-09T01:30:25Z"},
        {DATE_YMD, "America/New_York", NOON_IN_JUNE, "2026/06/08 21:30:25", "2026-06-09T01:30:25Z"},
        {DATE_YMD, "UTC", 0, "1970/01/01 00:00:00", "1970-01-01T00:00:00Z"},
        {DATE_YMD, "UTC", -1, "1969/12/31 23:59:59", "1969-12-31T23:59:59Z"},
        {DATE_YMD, "UTC", JOB_NONE, "", ""},
        {DATE_YMD, "UTC", G_MAXINT64, "", ""},
        {DATE_YMD, "UTC", G_GINT64_CONSTANT(253402127999), "9999/12/29 23:59:59", "9999-12-29T23:59:59Z"},
        {DATE_YMD, "UTC", G_GINT64_CONSTANT(-62135510400), "0001/01/02 00:00:00", "0001-01-02T00:00:00Z"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct csv_format format = usual_format();
        g_autofree char *local = NULL;
        g_autofree char *utc = NULL;
        struct job job;

        format.date_format = cases[i].format;
        g_strlcpy(format.zone, cases[i].zone, sizeof(format.zone));
        usual_job(&job);
        job_set_number(&job, JOB_ENDED_AT, cases[i].utc);
        local = column_of(&format, &job, JOB_ENDED_AT);
        utc = column_of(&format, &job, JOB_ENDED_AT_UTC);
        g_assert_cmpstr(local, ==, cases[i].local);
        g_assert_cmpstr(utc, ==, cases[i].in_utc);
    }
}

/* One writer, times in any order: the cache of days must never answer for another day or offset. */
static void test_times_around_clock_changes_are_what_the_zone_says(void)
{
    static const char *const zones[] = {"Asia/Tokyo",     "America/New_York", "Australia/Lord_Howe",
                                        "Africa/Cairo",   "Pacific/Apia",     "America/Nuuk",
                                        "Asia/Kathmandu", "Africa/Casablanca"};

    for (gsize i = 0; i < G_N_ELEMENTS(zones); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(PtZone) zone = zone_new(zones[i], &error);
        struct csv_format format = usual_format();
        g_autoptr(GString) file = g_string_new(NULL);
        g_autoptr(GString) expected = g_string_new(NULL);
        g_autoptr(PtCsvWriter) writer = NULL;

        g_assert_no_error(error);
        g_strlcpy(format.zone, zones[i], sizeof(format.zone));
        writer = csv_writer_new(&format, collect, file, &error);
        for (guint row = 0; row < 20000; row++) {
            /* steps from seconds to weeks, over twenty years, to and fro */
            gint64 utc = 1230768000 + (row % 3 ? (gint64)row * 1800 : g_test_rand_int_range(0, 630720000));
            struct local_time local = zone_local(zone, utc);
            char in_utc[21];
            struct job job;

            time_format_utc(utc, in_utc);
            job_clear(&job);
            job_set_number(&job, JOB_ENDED_AT, utc);
            g_assert_true(csv_writer_row(writer, &job, &error));
            g_string_append_printf(expected, ",,,,,,,%04d/%02d/%02d %02d:%02d:%02d,", local.year, local.month,
                                   local.day, local.hour, local.minute, local.second);
            g_string_append_printf(expected, "%s,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,1\r\n", in_utc);
        }
        g_assert_true(csv_writer_finish(writer, &error));
        g_assert_cmpstr(strstr(file->str, "\r\n") + 2, ==, expected->str);
    }
}

static void test_cp932_converts_and_counts(void)
{
    struct csv_format format = usual_format();
    g_autoptr(GString) long_name = g_string_new(NULL);
    g_autoptr(GString) file = NULL;
    g_autofree char *name = NULL;
    gint64 replaced = 0;
    struct job job;

    format.encoding = CSV_CP932;
    usual_job(&job);
    job_set_text(&job, JOB_DOCUMENT_NAME, "=表,😀");
    job_set_text(&job, JOB_USER_NAME, "佐藤");
    name = column_of(&format, &job, JOB_DOCUMENT_NAME);
    g_assert_cmpstr(name, ==, "\"'=\x95\x5C,?\"");
    for (guint i = 0; i < 1000; i++)
        g_string_append(long_name, "é表");
    job_set_text(&job, JOB_USER_NAME, long_name->str);
    file = written(&format, &job, 1, &replaced);
    g_assert_cmpint(replaced, ==, 1001);
    g_assert_nonnull(strstr(file->str, "?\x95\x5C?\x95\x5C?\x95\x5C"));
}

struct chunks {
    GString *file;
    guint calls;
    gsize smallest_but_last, latest;
};

static gboolean count_chunks(const char *bytes, gsize length, gpointer user, GError **error)
{
    struct chunks *chunks = user;

    (void)error;
    if (chunks->calls++)
        chunks->smallest_but_last = MIN(chunks->smallest_but_last, chunks->latest);
    chunks->latest = length;
    g_string_append_len(chunks->file, bytes, (gssize)length);
    return TRUE;
}

static void test_output_comes_in_chunks_of_a_mebibyte(void)
{
    g_autoptr(GString) file = g_string_new(NULL);
    struct chunks chunks = {file, 0, G_MAXSIZE, 0};
    struct csv_format format = usual_format();
    g_autoptr(GError) error = NULL;
    g_autoptr(PtCsvWriter) writer = csv_writer_new(&format, count_chunks, &chunks, &error);
    g_autofree char *quotes = g_strnfill(JOB_TEXT_MAX, '"');
    struct job job;

    job_clear(&job);
    for (gsize i = 0; i < JOB_COLUMNS; i++)
        if (job_columns[i].type == JOB_TEXT)
            job_set_text(&job, (enum job_column)i, quotes);
    for (guint i = 0; i < 500; i++)
        g_assert_true(csv_writer_row(writer, &job, &error));
    g_assert_true(csv_writer_finish(writer, &error));
    g_assert_cmpuint(chunks.calls, >, 10);
    g_assert_cmpuint(chunks.smallest_but_last, >=, 1 << 20);
    g_assert_cmpuint(chunks.latest, <, 1200 * 1024);
    g_assert_cmpint(csv_writer_bytes(writer), ==, (gint64)file->len);
}

static void test_a_value_longer_than_the_buffer_is_written_whole(void)
{
    static const struct {
        enum csv_encoding encoding;
        const char *unit, *in_file;
    } cases[] = {
        {CSV_UTF8, "ab\"c", "ab\"\"c"}, {CSV_UTF8, "abcd", "abcd"}, {CSV_CP932, "表\"", "\x95\x5C\"\""}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct csv_format format = usual_format();
        g_autoptr(GString) text = g_string_new("=");
        g_autoptr(GString) expected = g_string_new(NULL);
        g_autoptr(GString) file = NULL;
        gboolean quoted = strchr(cases[i].unit, '"') != NULL;
        struct job job;

        format.encoding = cases[i].encoding;
        job_clear(&job);
        g_string_append(expected, quoted ? ",\"'=" : ",'=");
        for (guint n = 0; n < 400000; n++) {
            g_string_append(text, cases[i].unit);
            g_string_append(expected, cases[i].in_file);
        }
        g_string_append(expected, quoted ? "\"," : ",");
        for (gsize column = 0; column < JOB_COLUMNS; column++)
            if (job_columns[column].guard)
                job_set_bytes(&job, (enum job_column)column, text->str, text->len);
        file = written(&format, &job, 1, NULL);
        g_assert_cmpuint(file->len, >, 9 * expected->len);
        g_assert_nonnull(strstr(file->str, expected->str));
    }
}

static gboolean refuse_second(const char *bytes, gsize length, gpointer user, GError **error)
{
    guint *calls = user;

    (void)bytes, (void)length;
    if (++*calls < 2)
        return TRUE;
    pt_error_set(error, PT_ERROR_X19, "disk full", "ディスクがいっぱいです");
    return FALSE;
}

static void test_a_failing_output_stops_the_writer(void)
{
    struct csv_format format = usual_format();
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) again = NULL;
    guint calls = 0, rows = 0;
    g_autoptr(PtCsvWriter) writer = csv_writer_new(&format, refuse_second, &calls, &error);
    struct job job;

    usual_job(&job);
    while (rows < 1000000 && csv_writer_row(writer, &job, &error))
        rows++;
    g_assert_cmpuint(rows, <, 100000);
    g_assert_cmpint(pt_error_code_of(error), ==, PT_ERROR_X19);
    g_assert_false(csv_writer_finish(writer, &again));
    g_assert_cmpint(pt_error_code_of(again), ==, PT_ERROR_X19);
    g_assert_cmpuint(calls, ==, 2);
}

static void test_an_unknown_zone_is_refused(void)
{
    struct csv_format format = usual_format();
    g_autoptr(GError) error = NULL;

    g_strlcpy(format.zone, "Mars/Olympus", sizeof(format.zone));
    g_assert_null(csv_writer_new(&format, collect, NULL, &error));
    g_assert_nonnull(error);
}

static void test_a_format_survives_the_ledger(void)
{
    struct csv_format format = usual_format();
    g_autofree char *text = NULL;

    format.encoding = CSV_UTF8_BOM;
    format.header_ja = TRUE;
    text = csv_format_to_text(&format);
    g_assert_cmpstr(text, ==, "v1 utf-8-bom ja comma guard ymd Asia/Tokyo");
    for (guint i = 0; i < 3 * 2 * 3 * 2 * 3; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *line = NULL;
        g_autofree char *again = NULL;
        struct csv_format back;

        format.encoding = (enum csv_encoding)(i % 3);
        format.header_ja = i / 3 % 2 == 1;
        format.separator = ",;\t"[i / 6 % 3];
        format.formula_guard = i / 18 % 2 == 1;
        format.date_format = (enum date_format)(i / 36);
        line = csv_format_to_text(&format);
        g_assert_true(csv_format_from_text(line, &back, &error));
        again = csv_format_to_text(&back);
        g_assert_cmpstr(line, ==, again);
        g_assert_true(back.encoding == format.encoding && back.header_ja == format.header_ja &&
                      back.separator == format.separator && back.formula_guard == format.formula_guard &&
                      back.date_format == format.date_format && !strcmp(back.zone, format.zone));
    }
}

static void test_a_damaged_format_is_an_integrity_error(void)
{
    static const char *const lines[] = {
        "",
        "v1",
        "v2 utf-8 en comma guard ymd UTC",
        "v1 utf-16 en comma guard ymd UTC",
        "v1 utf-8 de comma guard ymd UTC",
        "v1 utf-8 en pipe guard ymd UTC",
        "v1 utf-8 en comma maybe ymd UTC",
        "v1 utf-8 en comma guard ydm UTC",
        "v1 utf-8 en comma guard ymd",
        "v1 utf-8 en comma guard ymd ",
        "v1 utf-8 en comma guard ymd UTC more",
        "v1  utf-8 en comma guard ymd UTC",
        "v1 utf-8 en comma guard ymd A123456789012345678901234567890123456789012345678901234567890123",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(GError) error = NULL;
        struct csv_format format;

        g_test_message("%s", lines[i]);
        g_assert_false(csv_format_from_text(lines[i], &format, &error));
        g_assert_cmpint(pt_error_code_of(error), ==, PT_ERROR_INTEGRITY);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/csv-write/the-header-row-is-the-keys-or-the-words",
                    test_the_header_row_is_the_keys_or_the_words);
    g_test_add_func("/csv-write/only-what-needs-it-is-quoted", test_only_what_needs_it_is_quoted);
    g_test_add_func("/csv-write/a-special-byte-is-seen-wherever-it-stands",
                    test_a_special_byte_is_seen_wherever_it_stands);
    g_test_add_func("/csv-write/a-formula-is-disarmed-in-free-text-only",
                    test_a_formula_is_disarmed_in_free_text_only);
    g_test_add_func("/csv-write/a-number-is-written-as-it-is-and-unknown-as-nothing",
                    test_a_number_is_written_as_it_is_and_unknown_as_nothing);
    g_test_add_func("/csv-write/times-follow-date-format-and-zone", test_times_follow_date_format_and_zone);
    g_test_add_func("/csv-write/times-around-clock-changes-are-what-the-zone-says",
                    test_times_around_clock_changes_are_what_the_zone_says);
    g_test_add_func("/csv-write/cp932-converts-and-counts", test_cp932_converts_and_counts);
    g_test_add_func("/csv-write/output-comes-in-chunks-of-a-mebibyte",
                    test_output_comes_in_chunks_of_a_mebibyte);
    g_test_add_func("/csv-write/a-value-longer-than-the-buffer-is-written-whole",
                    test_a_value_longer_than_the_buffer_is_written_whole);
    g_test_add_func("/csv-write/a-failing-output-stops-the-writer", test_a_failing_output_stops_the_writer);
    g_test_add_func("/csv-write/an-unknown-zone-is-refused", test_an_unknown_zone_is_refused);
    g_test_add_func("/csv-write/a-format-survives-the-ledger", test_a_format_survives_the_ledger);
    g_test_add_func("/csv-write/a-damaged-format-is-an-integrity-error",
                    test_a_damaged_format_is_an_integrity_error);
    return g_test_run();
}
