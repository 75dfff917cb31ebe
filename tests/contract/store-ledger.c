/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Store contract: ledger rows, compare and set, ranges and cuts, open days, runs. */
#include <string.h>

#include "store-lab.h"

/* All fields as one line. New string. */
static char *delivery_line(const struct delivery *row)
{
    return g_strdup_printf("%d %d %d %d %d %d %d|%s|%s|%s|%s|%s|%d %d|%s|%d %d|%s|%d %d %d %d|%s|%s|%s|%d",
                           (int)row->kind, row->day, row->revision, row->part, row->parts, (int)row->seq_from,
                           (int)row->seq_to, row->file_name, row->format, row->target, row->target_shown,
                           row->mail_headers, (int)row->rows, (int)row->bytes, row->sha256, (int)row->state,
                           row->attempts, row->temp_name, (int)row->first_try, (int)row->last_try,
                           (int)row->delivered_at, (int)row->run_id, row->error, row->error_text, row->note,
                           (int)row->resend_of);
}

static struct delivery *full_row(void)
{
    struct delivery *row = delivery_new();

    *row = (struct delivery){.kind = DELIVERY_RESEND,
                             .day = DAY,
                             .revision = 2,
                             .part = 3,
                             .parts = 4,
                             .seq_from = 5,
                             .seq_to = 6,
                             .rows = 7,
                             .bytes = 8,
                             .state = DELIVERY_CLOSING,
                             .attempts = 9,
                             .first_try = 10,
                             .last_try = 11,
                             .delivered_at = 12,
                             .run_id = 13,
                             .resend_of = 14};
    row->file_name = g_strdup("共有 export.csv");
    row->format = g_strdup("v1 utf-8-bom ja comma guard ymd Asia/Tokyo");
    row->target = g_strdup("sealed");
    row->target_shown = g_strdup("SMB \\\\canon\\share");
    row->mail_headers = g_strdup("Date: x\nMessage-ID: <y>\n");
    row->sha256 = g_strdup("ab");
    row->temp_name = g_strdup(".n.t.part");
    row->error = g_strdup("X18");
    row->error_text = g_strdup("reset by peer");
    row->note = g_strdup("taken");
    return row;
}

static struct delivery *only_row(struct lab *lab, gint64 id)
{
    const struct delivery_query query = {.id = id, .kind = -1};
    g_autoptr(GPtrArray) rows = NULL;

    MUST(store_deliveries(lab->store, &query, &rows, &error));
    g_assert_cmpuint(rows->len, ==, 1);
    return delivery_copy(g_ptr_array_index(rows, 0));
}

static void test_every_field_of_a_row_comes_back(struct lab *lab)
{
    g_autoptr(PtDelivery) row = full_row();
    g_autoptr(PtDelivery) bare = delivery_new();
    g_autoptr(PtDelivery) back = NULL;
    g_autoptr(PtDelivery) bare_back = NULL;
    g_autofree char *before = delivery_line(row);
    g_autofree char *after = NULL;
    gboolean matched;

    MUST(store_delivery_insert(lab->store, row, &error));
    back = only_row(lab, row->id);
    after = delivery_line(back);
    g_assert_cmpstr(after, ==, before);
    bare->day = DAY;
    MUST(store_delivery_insert(lab->store, bare, &error));
    g_assert_cmpint(bare->id, >, row->id);
    row->id = bare->id;
    MUST(store_delivery_update(lab->store, row, DELIVERY_PLANNED, 0, &matched, &error));
    g_assert_true(matched);
    bare_back = only_row(lab, bare->id);
    g_free(after);
    after = delivery_line(bare_back);
    g_assert_cmpstr(after, ==, before);
}

static void test_an_update_needs_the_state_and_attempt_it_expects(struct lab *lab)
{
    gint64 id = lab_deliver(lab->store, DAY, 1, 0, 5, DELIVERY_PLANNED);
    g_autoptr(PtDelivery) row = only_row(lab, id);
    g_autoptr(PtDelivery) now = NULL;
    gboolean matched = TRUE;

    row->state = DELIVERY_SENDING;
    row->attempts = 1;
    MUST(store_delivery_update(lab->store, row, DELIVERY_PLANNED, 1, &matched, &error));
    g_assert_false(matched);
    MUST(store_delivery_update(lab->store, row, DELIVERY_SENDING, 0, &matched, &error));
    g_assert_false(matched);
    now = only_row(lab, id);
    g_assert_cmpint(now->state, ==, DELIVERY_PLANNED);
    MUST(store_delivery_update(lab->store, row, DELIVERY_PLANNED, 0, &matched, &error));
    g_assert_true(matched);
    MUST(store_delivery_update(lab->store, row, DELIVERY_PLANNED, 0, &matched, &error));
    g_assert_false(matched);
    row->id = 4711;
    MUST(store_delivery_update(lab->store, row, DELIVERY_PLANNED, 0, &matched, &error));
    g_assert_false(matched);
}

static void test_a_part_of_a_revision_exists_once_unless_void(struct lab *lab)
{
    g_autoptr(PtDelivery) twin = delivery_new();

    lab_deliver(lab->store, DAY, 1, 0, 5, DELIVERY_VOID);
    lab_deliver(lab->store, DAY, 1, 0, 5, DELIVERY_FAILED);
    lab_deliver(lab->store, DAY, 2, 5, 6, DELIVERY_PLANNED);
    twin->day = DAY;
    FAILS(store_delivery_insert(lab->store, twin, &error), INTERNAL);
    twin->kind = DELIVERY_MANUAL;
    MUST(store_delivery_insert(lab->store, twin, &error));
}

static void test_rows_are_found_by_what_is_asked(struct lab *lab)
{
    static const struct {
        struct delivery_query query;
        const char *expected;
    } cases[] = {
        {{.kind = -1}, "1 3 2 5 4"},
        {{.kind = DELIVERY_AUTO}, "1 3 2 4"},
        {{.kind = DELIVERY_MANUAL}, "5"},
        {{.kind = -1, .id = 3}, "3"},
        {{.kind = -1, .states = 1u << DELIVERY_DELIVERED}, "1"},
        {{.kind = -1, .states = 1u << DELIVERY_DELIVERED | 1u << DELIVERY_VOID | 1u << DELIVERY_WAIVED},
         "1 3 4"},
        {{.kind = -1, .states = 1u << 20}, ""},
        {{.kind = -1, .since = DAY + 1}, "2 5 4"},
        {{.kind = -1, .since = DAY + 1, .until = DAY + 1}, "2 5"},
        {{.kind = -1, .until = DAY}, "1 3"},
        {{.kind = -1, .since = DAY, .until = DAY, .covers_seq = 5}, "1"},
        {{.kind = -1, .since = DAY, .until = DAY, .covers_seq = 6}, "3"},
        {{.kind = -1, .file_name = "EXPORT_20260601_2.CSV"}, "3"},
        {{.kind = -1, .file_name = "%"}, ""},
        {{.kind = -1, .limit = 2}, "5 4"},
        {{.kind = DELIVERY_AUTO, .limit = 3}, "3 2 4"},
    };
    g_autoptr(PtDelivery) manual = delivery_new();

    lab_deliver(lab->store, DAY, 1, 0, 5, DELIVERY_DELIVERED);
    lab_deliver(lab->store, day_add(DAY, 1), 1, 0, 7, DELIVERY_SENDING);
    lab_deliver(lab->store, DAY, 2, 5, 9, DELIVERY_VOID);
    lab_deliver(lab->store, day_add(DAY, 2), 1, 0, 8, DELIVERY_WAIVED);
    manual->kind = DELIVERY_MANUAL;
    manual->day = day_add(DAY, 1);
    MUST(store_delivery_insert(lab->store, manual, &error));
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) rows = NULL;
        g_autoptr(GString) text = g_string_new(NULL);

        g_test_message("case %zu", i);
        MUST(store_deliveries(lab->store, &cases[i].query, &rows, &error));
        for (guint k = 0; k < rows->len; k++)
            g_string_append_printf(text, "%s%d", k ? " " : "",
                                   (int)((struct delivery *)g_ptr_array_index(rows, k))->id);
        g_assert_cmpstr(text->str, ==, cases[i].expected);
    }
}

static void test_a_days_range_is_cut_into_parts(struct lab *lab)
{
    static const struct {
        gint64 from, to, rows;
        const char *cuts;
    } cases[] = {
        {0, 10, 4, "4 8 10"}, {0, 10, 5, "5 10"}, {0, 10, 100, "10"},   {0, 10, 0, "10"},
        {4, 10, 3, "7 10"},   {0, 9, 4, "4 8 9"}, {0, 30, 4, "4 8 30"}, {0, 30, 5, "5 30"},
        {20, 30, 5, "30"},    {0, 3, 1, "1 2 3"}, {0, 12, 10, "12"}, /* 11 and 12 are another day's: no empty
                                                                        part */
    };

    lab_fill(lab, "a", DAY, 10);
    lab_fill(lab, "b", day_add(DAY, 1), 10);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GArray) cuts = NULL;
        g_autoptr(GString) text = g_string_new(NULL);

        MUST(store_day_cuts(lab->store, DAY, cases[i].from, cases[i].to, cases[i].rows, &cuts, &error));
        for (guint k = 0; k < cuts->len; k++)
            g_string_append_printf(text, "%s%d", k ? " " : "", (int)g_array_index(cuts, gint64, k));
        g_assert_cmpstr(text->str, ==, cases[i].cuts);
    }
}

/* The open days as "DAY:settled/jobs …". New string. */
static char *open_days(struct lab *lab, gint32 until)
{
    g_autoptr(GArray) days = NULL;
    GString *text = g_string_new(NULL);

    MUST(store_open_days(lab->store, until, &days, &error));
    for (guint i = 0; i < days->len; i++) {
        const struct open_day *day = &g_array_index(days, struct open_day, i);

        g_string_append_printf(text, "%s%d:%d/%d", i ? " " : "", day->total.day, (int)day->settled,
                               (int)day->total.jobs);
    }
    return g_string_free(text, FALSE);
}

static void assert_open(struct lab *lab, gint32 until, const char *expected)
{
    g_autofree char *text = open_days(lab, until);

    g_assert_cmpstr(text, ==, expected);
}

static void test_a_day_is_open_until_all_its_jobs_are_delivered_or_waived(struct lab *lab)
{
    gint32 newest = -1;
    gint64 rows = 0;

    MUST(store_newest_planned_day(lab->store, 99991231, &newest, &error));
    g_assert_cmpint(newest, ==, 0);
    lab_fill(lab, "a", DAY, 10);             /* 1–10 */
    lab_fill(lab, "b", day_add(DAY, 1), 10); /* 11–20 */
    assert_open(lab, 0, "20260601:0/10 20260602:0/10");
    assert_open(lab, DAY, "20260601:0/10");
    lab_deliver(lab->store, DAY, 1, 0, 4, DELIVERY_DELIVERED);
    lab_deliver(lab->store, DAY, 2, 6, 10, DELIVERY_WAIVED);
    lab_deliver(lab->store, DAY, 3, 4, 6, DELIVERY_CLOSING);
    lab_deliver(lab->store, day_add(DAY, 1), 1, 0, 20, DELIVERY_DELIVERED);
    lab_deliver(lab->store, day_add(DAY, 7), 1, 0, 0, DELIVERY_VOID);
    assert_open(lab, 0, "20260601:8/10");
    lab_deliver(lab->store, DAY, 4, 4, 6, DELIVERY_DELIVERED);
    assert_open(lab, 0, "");
    lab_fill(lab, "late", DAY, 2); /* 21–22 */
    assert_open(lab, 0, "20260601:10/12");
    MUST(store_newest_planned_day(lab->store, 99991231, &newest, &error));
    g_assert_cmpint(newest, ==, 20260602);
    MUST(store_range_rows(lab->store, DAY, 8, 21, &rows, &error));
    g_assert_cmpint(rows, ==, 3);
}

static void test_runs_are_kept_newest_first(struct lab *lab)
{
    struct run first = {.trigger = RUN_SCHEDULE, .nominal_date = DAY, .started = 100, .result = RUN_RUNNING};
    struct run second = {.kind = DELIVERY_MANUAL,
                         .trigger = RUN_HAND,
                         .started = 200,
                         .ended = 201,
                         .result = RUN_PARTIAL,
                         .code = (char[]){"X04"},
                         .text = (char[]){"refused"},
                         .files = 1,
                         .jobs = 2,
                         .replaced = 3};
    struct run unknown = {.id = 99};
    g_autoptr(GArray) runs = NULL;
    const struct run *run;

    MUST(store_run_insert(lab->store, &first, &error));
    MUST(store_run_insert(lab->store, &second, &error));
    first.ended = 150;
    first.result = RUN_SUCCESS;
    MUST(store_run_update(lab->store, &first, &error));
    FAILS(store_run_update(lab->store, &unknown, &error), MISSING);
    MUST(store_runs(lab->store, 0, &runs, &error));
    g_assert_cmpuint(runs->len, ==, 2);
    run = &g_array_index(runs, struct run, 0);
    g_assert_cmpint(run->kind, ==, DELIVERY_MANUAL);
    g_assert_cmpint(run->trigger, ==, RUN_HAND);
    g_assert_cmpstr(run->code, ==, "X04");
    g_assert_cmpstr(run->text, ==, "refused");
    g_assert_cmpint(run->files * 100 + run->jobs * 10 + run->replaced, ==, 123);
    run = &g_array_index(runs, struct run, 1);
    g_assert_cmpint(run->result, ==, RUN_SUCCESS);
    g_assert_cmpint(run->ended, ==, 150);
    g_assert_cmpint(run->nominal_date, ==, DAY);
    g_assert_null(run->code);
    g_clear_pointer(&runs, g_array_unref);
    MUST(store_runs(lab->store, 1, &runs, &error));
    g_assert_cmpuint(runs->len, ==, 1);
}

static void add_tests(void)
{
    lab_add("every field of a row comes back", test_every_field_of_a_row_comes_back);
    lab_add("an update needs the state and attempt it expects",
            test_an_update_needs_the_state_and_attempt_it_expects);
    lab_add("a part of a revision exists once unless void",
            test_a_part_of_a_revision_exists_once_unless_void);
    lab_add("rows are found by what is asked", test_rows_are_found_by_what_is_asked);
    lab_add("a days range is cut into parts", test_a_days_range_is_cut_into_parts);
    lab_add("a day is open until all its jobs are delivered or waived",
            test_a_day_is_open_until_all_its_jobs_are_delivered_or_waived);
    lab_add("runs are kept newest first", test_runs_are_kept_newest_first);
}

int main(int argc, char **argv)
{
    return lab_run(argc, argv, add_tests);
}
