/* SPDX-License-Identifier: GPL-3.0-or-later */
/* core/job: columns, judgement of a record, hash. */
#include "core/job.h"

#include "csv-bytes.h"

static void test_the_columns_are_those_of_the_specification_in_its_order(void)
{
    static const char keys[] =
        "seq device_id device_name job_id job_type accepted_at started_at ended_at ended_at_utc result "
        "end_code "
        "department_id user_name domain client_host client_address source protocol document_name destination "
        "destination_count original_pages faces_total faces_color faces_mono sheets sheets_duplex "
        "copies_requested "
        "copies_completed color_mode sides n_up paper_size paper_type finishing size_bytes account_code "
        "count_source "
        "origin format_version ";
    static const char words[] =
        "履歴番号·デバイスID·デバイス名·ジョブ番号·ジョブ種類·受付日時·開始日時·終了日時·終了日時(UTC)"
        "·結果·終了コード·"
        "部門ID·ユーザ名·ドメイン名·コンピュータ名·送信元IPアドレス·ジョブの入力元·受付プロトコル·文書名·宛先"
        "·"
        "宛先数·原稿枚数·面数·カラー面数·白黒面数·用紙枚数·両面枚数·指定部数·完了部数·カラーモード·両面/片面·"
        "N in 1·用紙サイズ·用紙種類·仕上げ·データサイズ·課金コード·面数の根拠·取得元·形式版·";
    g_autoptr(GString) our_keys = g_string_new(NULL);
    g_autoptr(GString) our_words = g_string_new(NULL);
    g_autoptr(GString) guarded = g_string_new(NULL);

    for (gsize i = 0; i < JOB_COLUMNS; i++) {
        g_string_append_printf(our_keys, "%s ", job_columns[i].key);
        g_string_append_printf(our_words, "%s·", job_columns[i].ja);
        if (job_columns[i].guard)
            g_string_append_printf(guarded, "%s ", job_columns[i].key);
        g_assert_cmpint(job_column_from_key(job_columns[i].key, strlen(job_columns[i].key)), ==, (gint64)i);
    }
    g_assert_cmpstr(our_keys->str, ==, keys);
    g_assert_cmpstr(our_words->str, ==, words);
    g_assert_cmpstr(guarded->str, ==,
                    "device_name end_code user_name domain client_host document_name destination paper_type "
                    "account_code ");
    g_assert_cmpint(job_column_from_key("seqx", 4), ==, JOB_COLUMNS);
    g_assert_cmpint(job_column_from_key("se", 2), ==, JOB_COLUMNS);
    g_assert_cmpint(job_column_from_key("", 0), ==, JOB_COLUMNS);
}

static void test_only_the_words_of_the_specification_are_tokens(void)
{
    static const struct {
        enum job_column column;
        const char *text;
        gboolean ok;
    } cases[] = {
        {JOB_JOB_TYPE, "print", TRUE},
        {JOB_JOB_TYPE, "copy", TRUE},
        {JOB_JOB_TYPE, "scan", TRUE},
        {JOB_JOB_TYPE, "send", TRUE},
        {JOB_JOB_TYPE, "fax_send", TRUE},
        {JOB_JOB_TYPE, "fax_receive", TRUE},
        {JOB_JOB_TYPE, "box_store", TRUE},
        {JOB_JOB_TYPE, "box_print", TRUE},
        {JOB_JOB_TYPE, "report", TRUE},
        {JOB_JOB_TYPE, "other", TRUE},
        {JOB_JOB_TYPE, "Print", FALSE},
        {JOB_JOB_TYPE, "prin", FALSE},
        {JOB_JOB_TYPE, "OK", FALSE},
        {JOB_RESULT, "OK", TRUE},
        {JOB_RESULT, "NG", TRUE},
        {JOB_RESULT, "STOP", TRUE},
        {JOB_RESULT, "--", TRUE},
        {JOB_RESULT, "-", FALSE},
        {JOB_RESULT, "ok", FALSE},
        {JOB_COUNT_SOURCE, "printer", TRUE},
        {JOB_COUNT_SOURCE, "server", TRUE},
        {JOB_COUNT_SOURCE, "computed", TRUE},
        {JOB_COUNT_SOURCE, "requested", TRUE},
        {JOB_COUNT_SOURCE, "unknown", TRUE},
        {JOB_COUNT_SOURCE, "cups", FALSE},
        {JOB_ORIGIN, "cups", TRUE},
        {JOB_ORIGIN, "ipp", TRUE},
        {JOB_ORIGIN, "page_log", TRUE},
        {JOB_ORIGIN, "csv", TRUE},
        {JOB_ORIGIN, "api", TRUE},
        {JOB_ORIGIN, "ndjson", FALSE},
        {JOB_USER_NAME, "print", FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].text);
        g_assert_cmpint(job_token_valid(cases[i].column, cases[i].text, strlen(cases[i].text)), ==,
                        cases[i].ok);
    }
}

static void test_a_record_is_judged_column_by_column(void)
{
    const gint64 two_53 = G_GINT64_CONSTANT(1) << 53;
    const struct {
        enum job_column column;
        const char *text;
        gint64 number; /* where text is NULL */
        gboolean ok;
    } cases[] = {
        {JOB_ENDED_AT, NULL, JOB_NONE, FALSE},
        {JOB_ENDED_AT, NULL, JOB_TIME_MIN, TRUE},
        {JOB_ENDED_AT, NULL, JOB_TIME_MIN - 1, FALSE},
        {JOB_ENDED_AT, NULL, TEST_NOW + 86400, TRUE},
        {JOB_ENDED_AT, NULL, TEST_NOW + 86401, FALSE},
        {JOB_ENDED_AT, "2026-06-09", 0, FALSE},
        {JOB_JOB_TYPE, NULL, JOB_NONE, FALSE},
        {JOB_JOB_TYPE, "", 0, FALSE},
        {JOB_JOB_TYPE, "printing", 0, FALSE},
        {JOB_JOB_TYPE, NULL, 1, FALSE},
        {JOB_RESULT, NULL, JOB_NONE, TRUE},
        {JOB_RESULT, "good", 0, FALSE},
        {JOB_ORIGIN, "fax", 0, FALSE},
        {JOB_COUNT_SOURCE, "guess", 0, FALSE},
        {JOB_ACCEPTED_AT, NULL, 0, TRUE},
        {JOB_ACCEPTED_AT, NULL, -1, FALSE},
        {JOB_STARTED_AT, NULL, G_GINT64_CONSTANT(253402300799), TRUE},
        {JOB_STARTED_AT, NULL, G_GINT64_CONSTANT(253402300800), FALSE},
        {JOB_FACES_TOTAL, NULL, 0, TRUE},
        {JOB_FACES_TOTAL, NULL, -1, FALSE},
        {JOB_SIZE_BYTES, NULL, two_53, TRUE},
        {JOB_SIZE_BYTES, NULL, two_53 + 1, FALSE},
        {JOB_SHEETS, "12", 0, FALSE},
        {JOB_USER_NAME, NULL, 12, FALSE},
        {JOB_DEPARTMENT_ID, "0", 0, FALSE},
        {JOB_DEPARTMENT_ID, "0000000", 0, FALSE},
        {JOB_DEPARTMENT_ID, "12345678", 0, FALSE},
        {JOB_DEPARTMENT_ID, "12a", 0, FALSE},
        {JOB_DEPARTMENT_ID, "１２", 0, FALSE},
        {JOB_DEPARTMENT_ID, "", 0, TRUE},
        {JOB_DEPARTMENT_ID, "9999999", 0, TRUE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        struct job job;
        char scratch[8];

        usual_job(&job);
        if (cases[i].text)
            job_set_text(&job, cases[i].column, cases[i].text);
        else
            job_set_number(&job, cases[i].column, cases[i].number);
        g_test_message("%s %s %" G_GINT64_FORMAT, job_columns[cases[i].column].key, cases[i].text,
                       cases[i].number);
        g_assert_cmpint(job_check(&job, TEST_NOW, scratch, &error), ==, cases[i].ok);
        if (!cases[i].ok) {
            g_assert_cmpint(pt_error_code_of(error), ==, PT_ERROR_INPUT);
            g_assert_true(g_str_has_prefix(error->message, job_columns[cases[i].column].key));
        }
    }
}

static void test_a_department_number_is_padded_to_seven_digits(void)
{
    static const char *const cases[][2] = {
        {"321", "0000321"}, {"7", "0000007"}, {"1234567", "1234567"}, {"0010", "0000010"}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        struct job job;
        char scratch[8];

        usual_job(&job);
        job_set_text(&job, JOB_DEPARTMENT_ID, cases[i][0]);
        g_assert_true(job_check(&job, TEST_NOW, scratch, &error));
        assert_bytes(job.value[JOB_DEPARTMENT_ID].text, (gsize)job.value[JOB_DEPARTMENT_ID].number,
                     cases[i][1], 7);
    }
}

static void test_an_empty_text_is_unknown(void)
{
    struct job job;
    char scratch[8];

    usual_job(&job);
    job_set_text(&job, JOB_USER_NAME, "");
    g_assert_false(job_has(&job, JOB_USER_NAME));
    job.value[JOB_USER_NAME] = (struct job_value){"", 0};
    g_assert_true(job_check(&job, TEST_NOW, scratch, NULL));
    g_assert_false(job_has(&job, JOB_USER_NAME));
}

static void test_a_text_is_cut_between_two_characters(void)
{
    static const struct {
        const char *text;
        gsize limit, fit;
    } cases[] = {
        {"abc", 3, 3}, {"abcd", 3, 3}, {"", 3, 0},    {"あい", 5, 3}, {"あい", 6, 6},
        {"aあ", 3, 1}, {"😀", 3, 0},    {"a😀b", 4, 1}, {"a😀b", 5, 5},
    };
    g_autofree char *title = g_strnfill(1024, 'a');
    struct job job;

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpuint(job_text_fit(cases[i].text, strlen(cases[i].text), cases[i].limit), ==,
                         cases[i].fit);
    usual_job(&job);
    job_set_text(&job, JOB_DOCUMENT_NAME, title);
    g_assert_cmpuint(job_cut_texts(&job), ==, 1);
    g_assert_cmpint(job.value[JOB_DOCUMENT_NAME].number, ==, 1023);
    g_assert_cmpuint(job_cut_texts(&job), ==, 0);
}

static void test_the_hash_of_a_record_never_changes(void)
{
    struct job job;
    char hex[65];

    /* Stored identities are made of it: another value here means that every import of before is stored twice.
     */
    usual_job(&job);
    job_hash(&job, hex);
    g_assert_cmpstr(hex, ==, "192fbd788c388e43274aadb8d953ff9a82bf762093e558838e4d27e9b96dc1d0");
    job_set_text(&job, JOB_USER_NAME, "佐藤 花子");
    job_set_number(&job, JOB_FACES_TOTAL, 0);
    job_hash(&job, hex);
    g_assert_cmpstr(hex, ==, "dd442fa057d8ed03d05dbb8fae2783b97af8ce25a5b2dd9d37fe0f0297dfd968");
}

static void add(const void *bytes, gsize length, gpointer user)
{
    g_byte_array_append(user, bytes, (guint)length);
}

static void test_records_that_differ_anywhere_have_another_hash(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *huge = g_strnfill(9000, 'x');
    const char *const texts[] = {"a", "b", "ab", "0", huge};
    char hex[65];

    for (gsize column = 0; column < JOB_COLUMNS; column++) {
        for (gsize i = 0; i < G_N_ELEMENTS(texts) + 2; i++) {
            g_autoptr(GByteArray) bytes = g_byte_array_new();
            g_autofree char *sum = NULL;
            struct job job;

            if (column == JOB_SEQ || job_columns[column].type == JOB_DERIVED)
                continue;
            usual_job(&job);
            if (i < G_N_ELEMENTS(texts))
                job_set_text(&job, (enum job_column)column, texts[i]);
            else
                job_set_number(&job, (enum job_column)column, (gint64)i - 5);
            job_hash(&job, hex);
            g_assert_true(g_hash_table_add(seen, g_strdup(hex)));
            job_encode(&job, add, bytes);
            sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes->data, bytes->len);
            g_assert_cmpstr(sum, ==, hex);
        }
    }
}

static void test_the_hash_leaves_out_our_own_number_and_what_is_computed(void)
{
    struct job job;
    char plain[65], hex[65];

    usual_job(&job);
    job_hash(&job, plain);
    job_set_number(&job, JOB_SEQ, 12);
    job_set_number(&job, JOB_ENDED_AT_UTC, 12);
    job_set_text(&job, JOB_FORMAT_VERSION, "1");
    job_hash(&job, hex);
    g_assert_cmpstr(hex, ==, plain);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/job/the-columns-are-those-of-the-specification-in-its-order",
                    test_the_columns_are_those_of_the_specification_in_its_order);
    g_test_add_func("/job/only-the-words-of-the-specification-are-tokens",
                    test_only_the_words_of_the_specification_are_tokens);
    g_test_add_func("/job/a-record-is-judged-column-by-column", test_a_record_is_judged_column_by_column);
    g_test_add_func("/job/a-department-number-is-padded-to-seven-digits",
                    test_a_department_number_is_padded_to_seven_digits);
    g_test_add_func("/job/an-empty-text-is-unknown", test_an_empty_text_is_unknown);
    g_test_add_func("/job/a-text-is-cut-between-two-characters", test_a_text_is_cut_between_two_characters);
    g_test_add_func("/job/the-hash-of-a-record-never-changes", test_the_hash_of_a_record_never_changes);
    g_test_add_func("/job/records-that-differ-anywhere-have-another-hash",
                    test_records_that_differ_anywhere_have_another_hash);
    g_test_add_func("/job/the-hash-leaves-out-our-own-number-and-what-is-computed",
                    test_the_hash_leaves_out_our_own_number_and_what_is_computed);
    return g_test_run();
}
