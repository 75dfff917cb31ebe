/* SPDX-License-Identifier: GPL-3.0-or-later */
/* core/ledger: rows are copied with all they own, and every word of the schema reads back. */
#include "core/ledger.h"

static void test_a_new_row_is_the_first_and_only_part(void)
{
    g_autoptr(PtDelivery) row = delivery_new();

    g_assert_cmpint(row->kind, ==, DELIVERY_AUTO);
    g_assert_cmpint(row->state, ==, DELIVERY_PLANNED);
    g_assert_cmpint(row->revision, ==, 1);
    g_assert_cmpint(row->part, ==, 1);
    g_assert_cmpint(row->parts, ==, 1);
    g_assert_cmpint(row->attempts, ==, 0);
}

static void test_a_copied_row_outlives_its_original(void)
{
    struct delivery *row = delivery_new();
    g_autoptr(PtDelivery) copy = NULL;
    char **const texts[] = {&row->file_name,    &row->format, &row->target,    &row->target_shown,
                            &row->mail_headers, &row->sha256, &row->temp_name, &row->error,
                            &row->error_text,   &row->note};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        *texts[i] = g_strdup_printf("text %zu", i);
    row->day = 20260608;
    row->seq_to = G_MAXINT64;
    row->resend_of = 7;
    copy = delivery_copy(row);
    delivery_free(row);
    g_assert_cmpint(copy->day, ==, 20260608);
    g_assert_cmpint(copy->seq_to, ==, G_MAXINT64);
    g_assert_cmpint(copy->resend_of, ==, 7);
    g_assert_cmpstr(copy->file_name, ==, "text 0");
    g_assert_cmpstr(copy->format, ==, "text 1");
    g_assert_cmpstr(copy->target, ==, "text 2");
    g_assert_cmpstr(copy->target_shown, ==, "text 3");
    g_assert_cmpstr(copy->mail_headers, ==, "text 4");
    g_assert_cmpstr(copy->sha256, ==, "text 5");
    g_assert_cmpstr(copy->temp_name, ==, "text 6");
    g_assert_cmpstr(copy->error, ==, "text 7");
    g_assert_cmpstr(copy->error_text, ==, "text 8");
    g_assert_cmpstr(copy->note, ==, "text 9");
    delivery_free(NULL);
}

static void test_a_cleared_run_can_be_cleared_again(void)
{
    struct run run = {.code = g_strdup("X04"), .text = g_strdup("log-in refused")};

    run_clear(&run);
    g_assert_null(run.code);
    g_assert_null(run.text);
    run_clear(&run);
}

static void test_every_word_of_the_schema_reads_back(void)
{
    static const char *const kinds[] = {"auto", "manual", "test", "resend"};
    static const char *const states[] = {"planned", "sending", "closing", "delivered",
                                         "failed",  "void",    "waived"};
    static const char *const triggers[] = {"schedule", "startup", "retry", "hand"};
    static const char *const results[] = {"running", "success", "partial", "failed"};
    enum delivery_kind kind;
    enum delivery_state state;
    enum run_trigger trigger;
    enum run_result result;

    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_assert_true(delivery_kind_from_name(kinds[i], &kind));
        g_assert_cmpint(kind, ==, i);
        g_assert_cmpstr(delivery_kind_name(kind), ==, kinds[i]);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(states); i++) {
        g_assert_true(delivery_state_from_name(states[i], &state));
        g_assert_cmpint(state, ==, i);
        g_assert_cmpstr(delivery_state_name(state), ==, states[i]);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(triggers); i++) {
        g_assert_true(run_trigger_from_name(triggers[i], &trigger));
        g_assert_cmpint(trigger, ==, i);
        g_assert_cmpstr(run_trigger_name(trigger), ==, triggers[i]);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(results); i++) {
        g_assert_true(run_result_from_name(results[i], &result));
        g_assert_cmpint(result, ==, i);
        g_assert_cmpstr(run_result_name(result), ==, results[i]);
    }
}

static void test_other_words_are_refused(void)
{
    static const char *const others[] = {"", "Auto", "planned ", "voided", "scheduled", "ok", NULL};

    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++) {
        enum delivery_kind kind;
        enum delivery_state state;
        enum run_trigger trigger;
        enum run_result result;

        g_assert_false(delivery_kind_from_name(others[i], &kind));
        g_assert_false(delivery_state_from_name(others[i], &state));
        g_assert_false(run_trigger_from_name(others[i], &trigger));
        g_assert_false(run_result_from_name(others[i], &result));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ledger/a-new-row-is-the-first-and-only-part",
                    test_a_new_row_is_the_first_and_only_part);
    g_test_add_func("/ledger/a-copied-row-outlives-its-original", test_a_copied_row_outlives_its_original);
    g_test_add_func("/ledger/a-cleared-run-can-be-cleared-again", test_a_cleared_run_can_be_cleared_again);
    g_test_add_func("/ledger/every-word-of-the-schema-reads-back", test_every_word_of_the_schema_reads_back);
    g_test_add_func("/ledger/other-words-are-refused", test_other_words_are_refused);
    return g_test_run();
}
