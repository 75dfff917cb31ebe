/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reader of core/csv: headers, bad lines, recovery, limits. That it reads back what the writer wrote:
 * csv-round.c. */
#include "csv-bytes.h"

#define HEADER "job_type,ended_at_utc,user_name\r\n"
#define GOOD "print,2026-06-09T01:30:25Z,sato\r\n"

/* What a file gave: one word a result ("row:user@line", "bad@line", "fatal") in order, and the messages. */
typedef struct outcome {
    GString *words;
    GString *messages;
    guint64 cut;
} outcome_t;

static void outcome_clear(struct outcome *outcome)
{
    g_string_free(outcome->words, TRUE);
    g_string_free(outcome->messages, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(outcome_t, outcome_clear)

static struct csv_reader_options usual_options(void)
{
    return (struct csv_reader_options){FALSE, DATE_YMD, "Asia/Tokyo", TEST_NOW, FALSE};
}

static void note(struct outcome *outcome, enum csv_result result, const struct job *job, guint64 line,
                 const GError *error)
{
    const struct job_value *user = &job->value[JOB_USER_NAME];

    if (result == CSV_ROW)
        g_string_append_printf(outcome->words, "row:%.*s@%d ", user->text ? (int)user->number : 0,
                               user->text ? user->text : "", (int)line);
    else if (result == CSV_BAD)
        g_string_append_printf(outcome->words, "bad@%d ", (int)line);
    else if (result == CSV_FATAL)
        g_string_append(outcome->words, "fatal ");
    if (error)
        g_string_append_printf(outcome->messages, "%s; ", error->message);
}

/* Reads a whole file, fed in pieces of `piece` bytes. */
static struct outcome read_in_pieces(const struct csv_reader_options *options, const char *bytes,
                                     gsize length, gsize piece)
{
    struct outcome outcome = {g_string_new(NULL), g_string_new(NULL), 0};
    g_autoptr(GError) fault = NULL;
    g_autoptr(PtCsvReader) reader = csv_reader_new(options, &fault);
    enum csv_result result = CSV_MORE;
    gsize at = 0;

    g_assert_no_error(fault);
    while (result != CSV_END && result != CSV_FATAL) {
        g_autoptr(GError) error = NULL;
        struct job job;
        guint64 line = 0;

        if (result == CSV_MORE) {
            gsize part = MIN(piece, length - at);
            g_assert_cmpuint(at, <=, length);
            csv_reader_feed(reader, bytes + at, part, at + part == length);
            at += part + (at + part == length);
        }
        result = csv_reader_next(reader, &job, &line, &error);
        g_assert_cmpint(result == CSV_BAD || result == CSV_FATAL, ==, error != NULL);
        if (error)
            g_assert_cmpint(pt_error_code_of(error), ==, PT_ERROR_INPUT);
        note(&outcome, result, &job, line, error);
    }
    outcome.cut = csv_reader_cut(reader);
    return outcome;
}

static void test_headers_in_both_languages_any_order_and_separator_are_known(void)
{
    static const struct {
        const char *file;
        const char *words;
    } cases[] = {
        {HEADER GOOD, "row:sato@2 "},
        {"\xEF\xBB\xBF" HEADER GOOD, "row:sato@2 "},
        {"job_type,ended_at_utc,user_name\nprint,2026-06-09T01:30:25Z,sato\n", "row:sato@2 "},
        {"job_type,ended_at_utc,user_name\nprint,2026-06-09T01:30:25Z,sato", "row:sato@2 "},
        {"user_name;job_type;ended_at\r\nsato;copy;2026/06/09 10:30:25\r\n", "row:sato@2 "},
        {"user_name\tjob_type\tended_at\r\nsato\tcopy\t2026/06/09 10:30:25\r\n", "row:sato@2 "},
        {"ユーザ名,ジョブ種類,終了日時\r\nsato,copy,2026/06/09 10:30:25\r\n", "row:sato@2 "},
        {"\"ユーザ名\",\"ジョブ種類\",\"終了日時(UTC)\"\r\n\"sato\",\"copy\",\"2026-06-09T01:30:25Z\"\r\n",
         "row:sato@2 "},
        {HEADER, ""},
        {HEADER "\r\n\r\n" GOOD "\r\n", "row:sato@4 "},
        {"job_type,ended_at_utc,user_name", ""},
        {"", "fatal "},
        {"\r\n", "fatal "},
        {"\xEF\xBB\xBF", "fatal "},
        {"\xEF\xBB", "fatal "},
        {"job_type\r\nprint\r\n", "fatal "},
        {"job_type,user_name\r\n", "fatal "},
        {"ended_at,user_name\r\n", "fatal "},
        {"job_type,ended_at,colour\r\n", "fatal "},
        {"job_type,ended_at,Ended_at\r\n", "fatal "},
        {"job_type,ended_at,\r\n", "fatal "},
        {"job_type,ended_at,ended_at\r\n", "fatal "},
        {"job_type,ended_at,終了日時\r\n", "fatal "},
        {"job_type,ended_at,\"user_name\r\nprint", "fatal "},
        {"\x83\x86\x81\x5B\x83\x55\x96\xBC,job_type,ended_at\r\n", "fatal "},
        {"\xFF\xFEj\0o\0b\0", "fatal "},
        {"PK\x03\x04", "fatal "},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct csv_reader_options options = usual_options();
        g_auto(outcome_t) outcome = read_in_pieces(&options, cases[i].file, strlen(cases[i].file), 1 << 20);

        g_test_message("%u: %s", (guint)i, outcome.messages->str);
        g_assert_cmpstr(outcome.words->str, ==, cases[i].words);
    }
}

static void test_the_unknown_column_is_named(void)
{
    static const char file[] = "job_type,ended_at,colour\r\n";
    struct csv_reader_options options = usual_options();
    g_auto(outcome_t) outcome = read_in_pieces(&options, file, strlen(file), 1 << 20);

    g_assert_nonnull(strstr(outcome.messages->str, "unknown column \"colour\""));
    g_assert_nonnull(strstr(outcome.messages->str, "不明な列「colour」"));
}

static void test_a_bad_line_is_refused_with_number_and_reason_and_the_others_go_on(void)
{
    static const struct {
        const char *line, *reason;
    } cases[] = {
        {"print,2026-06-09T01:30:25Z\r\n", "2 fields where the header has 3"},
        {"print,2026-06-09T01:30:25Z,a,b\r\n", "4 fields where the header has 3"},
        {"print,2026-06-09T01:30:25Z,\xFF\r\n", "user_name: not valid UTF-8"},
        {"print,2026-06-09T01:30:25Z,a\xE3\x81\r\n", "user_name: not valid UTF-8"},
        {"print,2026-06-09T01:30:25Z,a\rb\r\n", "carriage return"},
        {"print,2026-06-09T01:30:25Z,a\"b\r\n", "wrong place"},
        {"print,2026-06-09T01:30:25Z,\"a\"b\r\n", "wrong place"},
        {"print,2026-06-09T01:30:25Z,\"a\" \r\n", "wrong place"},
        {"\"pri\"nt,2026-06-09T01:30:25Z,a\r\n", "wrong place"},
        {"fax,2026-06-09T01:30:25Z,a\r\n", "job_type: \"fax\""},
        {",2026-06-09T01:30:25Z,a\r\n", "job_type: missing"},
        {"print,,a\r\n", "ended_at: missing"},
        {"print,2026-06-09 01:30:25,a\r\n", "ended_at_utc: not a time"},
        {"print,2026-13-09T01:30:25Z,a\r\n", "ended_at_utc: not a time"},
        {"print,0000-01-01T00:00:00Z,a\r\n", "ended_at_utc: not a time"},
        {"print,9999-12-31T23:59:59Z,a\r\n", "ended_at: more than a day in the future"},
        {"print,1979-12-31T23:59:59Z,a\r\n", "ended_at: before 1980"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct csv_reader_options options = usual_options();
        g_autofree char *file = g_strconcat(HEADER GOOD, cases[i].line, GOOD, NULL);
        g_auto(outcome_t) outcome = read_in_pieces(&options, file, strlen(file), 1 << 20);

        g_test_message("%s: %s", cases[i].reason, outcome.messages->str);
        g_assert_cmpstr(outcome.words->str, ==, "row:sato@2 bad@3 row:sato@4 ");
        g_assert_nonnull(strstr(outcome.messages->str, cases[i].reason));
        g_assert_nonnull(strchr(outcome.messages->str, '\x1f'));
    }
}

static void test_a_nul_byte_costs_its_record_only(void)
{
    static const char file[] =
        HEADER "print,2026-06-09T01:30:25Z,a\0b\r\n" GOOD "print,2026-06-09T01:30:25Z,\"a\0\nb\"\r\n" GOOD;
    struct csv_reader_options options = usual_options();
    g_auto(outcome_t) outcome = read_in_pieces(&options, file, sizeof(file) - 1, 1 << 20);

    g_assert_cmpstr(outcome.words->str, ==, "bad@2 row:sato@3 bad@4 row:sato@6 ");
    g_assert_nonnull(strstr(outcome.messages->str, "NUL"));
}

static void test_numbers_are_digits_up_to_two_to_the_53(void)
{
    static const struct {
        const char *text;
        gint64 number; /* -1: refused */
    } cases[] = {
        {"0", 0},
        {"12", 12},
        {"007", 7},
        {"9007199254740992", G_GINT64_CONSTANT(1) << 53},
        {"", JOB_NONE},
        {"9007199254740993", -1},
        {"99999999999999999999999999", -1},
        {"-1", -1},
        {"+1", -1},
        {" 1", -1},
        {"1.0", -1},
        {"1e3", -1},
        {"0x1", -1},
        {"１", -1},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct csv_reader_options options = usual_options();
        g_autoptr(GError) error = NULL;
        g_autoptr(PtCsvReader) reader = csv_reader_new(&options, &error);
        g_autofree char *file =
            g_strconcat("job_type,ended_at_utc,sheets\r\nprint,2026-06-09T01:30:25Z,", cases[i].text, NULL);
        struct job job;
        guint64 line;

        g_test_message("%s", cases[i].text);
        csv_reader_feed(reader, file, strlen(file), TRUE);
        g_assert_cmpint(csv_reader_next(reader, &job, &line, &error), ==,
                        cases[i].number == -1 ? CSV_BAD : CSV_ROW);
        if (cases[i].number == -1)
            g_assert_true(g_str_has_prefix(error->message, "sheets: "));
        else
            g_assert_cmpint(job.value[JOB_SHEETS].number, ==, cases[i].number);
    }
}

static void test_local_times_are_read_by_date_format_and_zone(void)
{
    static const struct {
        enum date_format format;
        const char *zone, *ended, *accepted;
        gint64 ended_utc, accepted_utc; /* 0: refused */
    } cases[] = {
        {DATE_YMD, "Asia/Tokyo", "2026/06/09 10:30:25", "", NOON_IN_JUNE, JOB_NONE},
        {DATE_MDY, "Asia/Tokyo", "06/09/2026 10:30:25", "06/09/2026 10:30:24", NOON_IN_JUNE,
         NOON_IN_JUNE - 1},
        {DATE_DMY, "Asia/Tokyo", "09/06/2026 10:30:25", "09/06/2026 00:00:00", NOON_IN_JUNE,
         NOON_IN_JUNE - 37825},
        {DATE_MDY, "Asia/Tokyo", "13/01/2025 10:30:25", "", 0, 0},
        {DATE_YMD, "Asia/Tokyo", "2026-06-09 10:30:25", "", 0, 0},
        {DATE_YMD, "Asia/Tokyo", "2026/6/9 10:30:25", "", 0, 0},
        {DATE_YMD, "Asia/Tokyo", "2026/06/09 10:30", "", 0, 0},
        {DATE_YMD, "Asia/Tokyo", "2026/06/09 24:00:00", "", 0, 0},
        {DATE_YMD, "Asia/Tokyo", "2026/02/29 10:00:00", "", 0, 0},
        {DATE_YMD, "Asia/Tokyo", "0000/00/00 00:00:00", "", 0, 0},
        {DATE_YMD, "Asia/Tokyo", "2026/06/09 10:30:25", "0000/01/01 00:00:00", 0, 0},
        {DATE_YMD, "Asia/Tokyo", "2026/06/09 10:30:25", "1969/12/31 00:00:00", 0, 0},
        {DATE_YMD, "America/New_York", "2025/03/09 02:30:00", "", 0, 0}, /* in the gap */
        {DATE_YMD, "America/New_York", "2025/11/02 01:30:00", "", 1762061400,
         JOB_NONE}, /* twice: the first */
        {DATE_YMD, "America/New_York", "2025/11/02 03:00:00", "2025/11/02 01:30:00", 1762070400,
         1762065000}, /* the later */
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct csv_reader_options options = usual_options();
        g_autoptr(GError) error = NULL;
        g_autoptr(PtCsvReader) reader = NULL;
        g_autofree char *file = g_strconcat("accepted_at,job_type,ended_at\r\n", cases[i].accepted, ",print,",
                                            cases[i].ended, NULL);
        struct job job;
        guint64 line;

        g_test_message("%s %s", cases[i].ended, cases[i].accepted);
        options.date_format = cases[i].format;
        options.zone = cases[i].zone;
        reader = csv_reader_new(&options, &error);
        csv_reader_feed(reader, file, strlen(file), TRUE);
        g_assert_cmpint(csv_reader_next(reader, &job, &line, &error), ==,
                        cases[i].ended_utc ? CSV_ROW : CSV_BAD);
        if (cases[i].ended_utc) {
            g_assert_cmpint(job.value[JOB_ENDED_AT].number, ==, cases[i].ended_utc);
            g_assert_cmpint(job.value[JOB_ACCEPTED_AT].number, ==, cases[i].accepted_utc);
        }
    }
}

static void test_exactly_one_apostrophe_is_taken_off_guarded_text(void)
{
    static const struct {
        const char *in_file, *guarded, *unguarded;
    } cases[] = {
        {"'=1", "=1", "'=1"},           {"''x", "'x", "''x"},  {"x'", "x'", "x'"},
        {"\"'=1,2\"", "=1,2", "'=1,2"}, {" 'x", " 'x", " 'x"},
    };

    for (gsize i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
        struct csv_reader_options options = usual_options();
        g_autofree char *file =
            g_strconcat("job_type,ended_at_utc,user_name,client_address\r\nprint,2026-06-09T01:30:25Z,",
                        cases[i / 2].in_file, ",'x\r\n", NULL);
        g_autofree char *expected =
            g_strconcat("row:", i % 2 ? cases[i / 2].unguarded : cases[i / 2].guarded, "@2 ", NULL);
        options.unguarded = i % 2 == 1;
        {
            g_auto(outcome_t) outcome = read_in_pieces(&options, file, strlen(file), 1 << 20);
            g_assert_cmpstr(outcome.words->str, ==, expected);
        }
    }
}

static void test_a_stray_quotation_mark_costs_one_line(void)
{
    static const struct {
        const char *file, *words;
    } cases[] = {
        {HEADER "print,2026-06-09T01:30:25Z,\"sato\r\n" GOOD GOOD, "bad@2 row:sato@3 row:sato@4 "},
        {HEADER GOOD "print,2026-06-09T01:30:25Z,\"", "row:sato@2 bad@3 "},
        {HEADER "\"print,2026-06-09T01:30:25Z,sato\r\n" GOOD "\"print,2026-06-09T01:30:25Z,sato\r\n" GOOD,
         "bad@2 row:sato@3 bad@4 row:sato@5 "},
        {HEADER "print,2026-06-09T01:30:25Z,\"two\r\nlines\"\r\n" GOOD, "row:two\r\nlines@2 row:sato@4 "},
        {HEADER "print,2026-06-09T01:30:25Z,\"two\nlines\"", "row:two\nlines@2 "},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct csv_reader_options options = usual_options();
        g_auto(outcome_t) outcome = read_in_pieces(&options, cases[i].file, strlen(cases[i].file), 1 << 20);

        g_assert_cmpstr(outcome.words->str, ==, cases[i].words);
    }
}

static void test_the_size_of_the_pieces_that_are_fed_changes_nothing(void)
{
    static const char file[] =
        "\xEF\xBB\xBFjob_type,ended_at_utc,user_name\r\n" GOOD "\r\n"
        "print,2026-06-09T01:30:25Z,\"a \"\"b\"\"\r\nc\"\r\n" GOOD "fax,2026-06-09T01:30:25Z,x\r\n"
        "print,2026-06-09T01:30:25Z,x\"y\r\n" GOOD "print,2026-06-09T01:30:25Z,a\rb\r\n"
        "\"print\",\"2026-06-09T01:30:25Z\",\"日本語\"\n" GOOD
        "print,2026-06-09T01:30:25Z,\"never closed\r\n" GOOD;
    struct csv_reader_options options = usual_options();
    g_auto(outcome_t) whole = read_in_pieces(&options, file, strlen(file), strlen(file));

    g_assert_cmpstr(whole.words->str, ==,
                    "row:sato@2 row:a \"b\"\r\nc@4 row:sato@6 bad@7 bad@8 row:sato@9 bad@10 row:日本語@11 "
                    "row:sato@12 bad@13 "
                    "row:sato@14 ");
    for (gsize piece = 1; piece < strlen(file); piece++) {
        g_auto(outcome_t) outcome = read_in_pieces(&options, file, strlen(file), piece);
        g_assert_cmpstr(outcome.words->str, ==, whole.words->str);
        g_assert_cmpstr(outcome.messages->str, ==, whole.messages->str);
    }
}

static void test_a_record_beyond_a_mebibyte_is_skipped_whatever_the_pieces(void)
{
    static const struct {
        gsize size;
        const char *first, *last, *words;
    } cases[] = {{(1 << 20) - 100, "x", "", "row:cut@2 row:sato@3 "},
                 {1 << 20, "x", "", "bad@2 row:sato@3 "},
                 {5 << 20, "x", "", "bad@2 row:sato@3 "},
                 {1 << 20, "\"", "", "bad@2 row:sato@3 "},
                 {1 << 20, "\"", "\"", "bad@2 row:sato@3 "},
                 {(1 << 20) - 100, "\"", "\"", "row:cut@2 row:sato@3 "}};
    static const gsize pieces[] = {4096, 1 << 16, 1 << 20, 16 << 20};

    for (gsize i = 0; i < G_N_ELEMENTS(cases) * G_N_ELEMENTS(pieces); i++) {
        gsize row = i / G_N_ELEMENTS(pieces);
        struct csv_reader_options options = usual_options();
        g_autoptr(GString) file = g_string_new("job_type,ended_at_utc,user_name,document_name\r\n");

        g_string_append(file, "print,2026-06-09T01:30:25Z,cut,");
        g_string_append(file, cases[row].first);
        for (gsize n = 1; n < cases[row].size; n++)
            g_string_append_c(file, 'x');
        g_string_append(file, cases[row].last);
        g_string_append(file, "\r\nprint,2026-06-09T01:30:25Z,sato,\r\n");
        {
            g_auto(outcome_t) outcome =
                read_in_pieces(&options, file->str, file->len, pieces[i % G_N_ELEMENTS(pieces)]);
            g_assert_cmpstr(outcome.words->str, ==, cases[row].words);
            g_assert_cmpuint(outcome.cut, ==, g_str_has_prefix(cases[row].words, "row:cut") ? 1 : 0);
        }
    }
}

static void test_long_texts_are_cut_between_characters_and_counted(void)
{
    struct csv_reader_options options = usual_options();
    g_autoptr(GError) error = NULL;
    g_autoptr(PtCsvReader) reader = csv_reader_new(&options, &error);
    g_autoptr(GString) file =
        g_string_new("job_type,ended_at_utc,user_name,document_name\r\nprint,2026-06-09T01:30:25Z,");
    struct job job;
    guint64 line;

    for (guint i = 0; i < 342; i++) /* 1026 bytes: 341 characters fit */
        g_string_append(file, "あ");
    g_string_append(file, ",'");
    for (guint i = 0; i < 1023; i++) /* fits without its guard */
        g_string_append_c(file, '=');
    csv_reader_feed(reader, file->str, file->len, TRUE);
    g_assert_cmpint(csv_reader_next(reader, &job, &line, &error), ==, CSV_ROW);
    g_assert_cmpint(job.value[JOB_USER_NAME].number, ==, 1023);
    g_assert_true(g_utf8_validate(job.value[JOB_USER_NAME].text, 1023, NULL));
    g_assert_cmpint(job.value[JOB_DOCUMENT_NAME].number, ==, 1023);
    g_assert_cmpuint(csv_reader_cut(reader), ==, 1);
}

static void test_cp932_is_read_when_told(void)
{
    static const char file[] =
        "\x83\x86\x81\x5B\x83\x55\x96\xBC,\x83\x57\x83\x87\x83\x75\x8E\xED\x97\xDE,ended_at_utc\r\n"
        "\x8D\xB2\x93\xA1\x95\x5C,print,2026-06-09T01:30:25Z\r\n"
        "\x8D,print,2026-06-09T01:30:25Z\r\n";
    struct csv_reader_options options = usual_options();

    options.cp932 = TRUE;
    {
        g_auto(outcome_t) outcome = read_in_pieces(&options, file, strlen(file), 7);
        g_assert_cmpstr(outcome.words->str, ==, "row:佐藤表@2 bad@3 ");
        g_assert_nonnull(strstr(outcome.messages->str, "user_name: not valid CP932"));
    }
    {
        static const char utf8[] =
            "\xEF\xBB\xBFユーザ名,job_type,ended_at_utc\r\n佐藤,print,2026-06-09T01:30:25Z\r\n";
        g_auto(outcome_t) outcome = read_in_pieces(&options, utf8, strlen(utf8), 1 << 20);
        g_assert_cmpstr(outcome.words->str, ==, "row:佐藤@2 ");
    }
}

static void test_unknown_words_of_columns_that_are_ours_are_ignored(void)
{
    static const char file[] = "job_type,ended_at_utc,seq,count_source,origin,format_version\r\n"
                               "print,2026-06-09T01:30:25Z,x,guess,fax,new\r\n"
                               "print,2026-06-09T01:30:25Z,7,printer,ipp,1\r\n";
    struct csv_reader_options options = usual_options();
    g_autoptr(GError) error = NULL;
    g_autoptr(PtCsvReader) reader = csv_reader_new(&options, &error);
    struct job job;
    guint64 line;

    csv_reader_feed(reader, file, strlen(file), TRUE);
    g_assert_cmpint(csv_reader_next(reader, &job, &line, &error), ==, CSV_ROW);
    g_assert_false(job_has(&job, JOB_SEQ) || job_has(&job, JOB_COUNT_SOURCE) || job_has(&job, JOB_ORIGIN));
    g_assert_cmpint(csv_reader_next(reader, &job, &line, &error), ==, CSV_ROW);
    g_assert_cmpint(job.value[JOB_SEQ].number, ==, 7);
    assert_bytes(job.value[JOB_ORIGIN].text, (gsize)job.value[JOB_ORIGIN].number, "ipp", 3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/csv-read/headers-in-both-languages-any-order-and-separator-are-known",
                    test_headers_in_both_languages_any_order_and_separator_are_known);
    g_test_add_func("/csv-read/the-unknown-column-is-named", test_the_unknown_column_is_named);
    g_test_add_func("/csv-read/a-bad-line-is-refused-with-number-and-reason-and-the-others-go-on",
                    test_a_bad_line_is_refused_with_number_and_reason_and_the_others_go_on);
    g_test_add_func("/csv-read/a-nul-byte-costs-its-record-only", test_a_nul_byte_costs_its_record_only);
    g_test_add_func("/csv-read/numbers-are-digits-up-to-two-to-the-53",
                    test_numbers_are_digits_up_to_two_to_the_53);
    g_test_add_func("/csv-read/local-times-are-read-by-date-format-and-zone",
                    test_local_times_are_read_by_date_format_and_zone);
    g_test_add_func("/csv-read/exactly-one-apostrophe-is-taken-off-guarded-text",
                    test_exactly_one_apostrophe_is_taken_off_guarded_text);
    g_test_add_func("/csv-read/a-stray-quotation-mark-costs-one-line",
                    test_a_stray_quotation_mark_costs_one_line);
    g_test_add_func("/csv-read/the-size-of-the-pieces-that-are-fed-changes-nothing",
                    test_the_size_of_the_pieces_that_are_fed_changes_nothing);
    g_test_add_func("/csv-read/a-record-beyond-a-mebibyte-is-skipped-whatever-the-pieces",
                    test_a_record_beyond_a_mebibyte_is_skipped_whatever_the_pieces);
    g_test_add_func("/csv-read/long-texts-are-cut-between-characters-and-counted",
                    test_long_texts_are_cut_between_characters_and_counted);
    g_test_add_func("/csv-read/cp932-is-read-when-told", test_cp932_is_read_when_told);
    g_test_add_func("/csv-read/unknown-words-of-columns-that-are-ours-are-ignored",
                    test_unknown_words_of_columns_that_are_ours_are_ignored);
    return g_test_run();
}
