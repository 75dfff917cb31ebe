/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Store contract: a day's jobs in order and in pages, lists with filters, the latest jobs, sums and days. */
#include <string.h>

#include "store-lab.h"

/* The kept numbers as text "1 2 3". New string. */
static char *numbers(const struct kept *kept)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < kept->seqs->len; i++)
        g_string_append_printf(text, "%s%" G_GINT64_FORMAT, i ? " " : "",
                               g_array_index(kept->seqs, gint64, i));
    return g_string_free(text, FALSE);
}

static void assert_day(struct lab *lab, gint32 day, gint64 from, gint64 to, const char *expected)
{
    g_autoptr(Kept) kept = kept_new();
    g_autofree char *text = NULL;

    MUST(store_day_jobs(lab->store, day, from, to, kept_sink, kept, &error));
    text = numbers(kept);
    g_assert_cmpstr(text, ==, expected);
}

static void test_a_range_of_a_day_is_read_by_number(struct lab *lab)
{
    lab_fill(lab, "a", DAY, 3);             /* 1–3 */
    lab_fill(lab, "b", day_add(DAY, 1), 2); /* 4–5 */
    lab_fill(lab, "late", DAY, 2);          /* 6–7 */
    assert_day(lab, DAY, 0, G_MAXINT64, "1 2 3 6 7");
    assert_day(lab, DAY, 3, 7, "6 7");
    assert_day(lab, DAY, 1, 6, "2 3 6");
    assert_day(lab, DAY, 7, 7, "");
    assert_day(lab, day_add(DAY, 1), 0, 7, "4 5");
    assert_day(lab, day_add(DAY, 2), 0, 7, "");
}

/* Dense stretches, sparse ones and holes, over several pages: the same as counting them one by one. */
static void test_a_long_day_is_read_whole_and_in_order_whatever_lies_between(struct lab *lab)
{
    g_autoptr(PtStoreIngest) ingest = lab_ingest(lab, FALSE);
    g_autoptr(GArray) expected = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_autoptr(Kept) kept = kept_new();
    gint64 seq = 0;

    for (int i = 0; i < 40000; i++) {
        /* 10000 in a row, then one in four, then a hole, then every other one */
        gboolean mine = i < 10000 || (i < 20000 && i % 4 == 0) || (i > 32000 && i % 2);
        g_autofree char *key = g_strdup_printf("%d", i);
        struct job job = sample(key, mine ? DAY : day_add(DAY, 1), i);

        lab_add_job(ingest, &job);
        seq++;
        if (mine)
            g_array_append_val(expected, seq);
    }
    MUST(store_ingest_commit(ingest, NULL, &error));
    MUST(store_day_jobs(lab->store, DAY, 0, G_MAXINT64, kept_sink, kept, &error));
    g_assert_cmpuint(kept->seqs->len, ==, expected->len);
    g_assert_true(memcmp(kept->seqs->data, expected->data, expected->len * sizeof(gint64)) == 0);
    for (guint i = 0; i < kept->seqs->len; i += 1777) {
        g_autofree char *line = lab_job_line(lab, g_array_index(kept->seqs, gint64, i));

        g_assert_cmpstr(g_ptr_array_index(kept->lines, i), ==, line);
    }
}

static void test_the_sinks_error_comes_through(struct lab *lab)
{
    const struct store_job_query all = {0};
    g_autoptr(Kept) kept = kept_new();

    lab_fill(lab, "a", DAY, 10);
    kept->stop_after = 4;
    FAILS(store_day_jobs(lab->store, DAY, 0, G_MAXINT64, kept_sink, kept, &error), X18);
    g_assert_cmpuint(kept->seqs->len, ==, 4);
    FAILS(store_jobs(lab->store, &all, kept_sink, kept, &error), X18);
    FAILS(store_job(lab->store, 1, kept_sink, kept, &error), X18);
    FAILS(store_latest_jobs(lab->store, 3, kept_sink, kept, &error), X18);
    FAILS(store_job(lab->store, 99, kept_sink, kept, &error), MISSING);
    lab_fill(lab, "b", DAY, 1); /* the handle is as good as before */
}

/* --- lists --- */

static void fill_for_lists(struct lab *lab)
{
    static const struct {
        int day;
        const char *user, *device, *id, *type, *result, *document;
    } rows[] = {
        {0, "Akira", "iR 1", "D1", "print", "OK", "見積書.pdf"},
        {0, "akira", "iR 2", "D2", "copy", "OK", NULL},
        {1, "ÉMILE", "iR 1", "D1", "print", "NG", "Report 100%.pdf"},
        {1, "émile", "iR 2", "D2", "print", "OK", "STRASSE.pdf"},
        {2, NULL, "iR 3", NULL, "scan", "OK", "report_2.pdf"},
        {0, "Akira", "d1", "x", "print", "STOP", "late.pdf"},
    };
    g_autoptr(PtStoreIngest) ingest = lab_ingest(lab, FALSE);

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *key = g_strdup_printf("%zu", i);
        struct job job = sample(key, day_add(DAY, rows[i].day), (int)i);

        job_set_text(&job, JOB_USER_NAME, rows[i].user);
        job_set_text(&job, JOB_DEVICE_NAME, rows[i].device);
        job_set_text(&job, JOB_DEVICE_ID, rows[i].id);
        job_set_text(&job, JOB_JOB_TYPE, rows[i].type);
        job_set_text(&job, JOB_RESULT, rows[i].result);
        job_set_text(&job, JOB_DOCUMENT_NAME, rows[i].document);
        lab_add_job(ingest, &job);
    }
    MUST(store_ingest_commit(ingest, NULL, &error));
}

static void test_lists_take_filters_cursor_and_order(struct lab *lab)
{
    static const struct {
        struct store_job_query query;
        const char *expected;
    } cases[] = {
        {{0}, "1 2 3 4 5 6"},
        {{.descending = TRUE}, "6 5 4 3 2 1"},
        {{.limit = 2}, "1 2"},
        {{.limit = 2, .descending = TRUE}, "6 5"},
        {{.limit = 2, .after_seq = 2}, "3 4"},
        {{.limit = 2, .after_seq = 3, .descending = TRUE}, "2 1"},
        {{.after_seq = 1, .descending = TRUE}, ""},
        {{.since = DAY, .until = DAY}, "1 2 6"},
        {{.since = DAY, .until = DAY, .descending = TRUE, .limit = 1}, "6"},
        {{.since = DAY + 1}, "3 4 5"},
        {{.until = DAY + 1}, "1 2 3 4 6"},
        {{.since = DAY + 5}, ""},
        {{.user = "AKIRA"}, "1 2 6"},
        {{.user = "Émile"}, "3 4"},
        {{.user = "aki"}, ""},
        {{.printer = "IR 1"}, "1 3"},
        {{.printer = "D1"}, "1 3 6"},
        {{.type = "print", .result = "OK"}, "1 4"},
        {{.result = "STOP"}, "6"},
        {{.text = "REPORT"}, "3 5"},
        {{.text = "100%"}, "3"},
        {{.text = "_2"}, "5"},
        {{.text = "straße"}, "4"},
        {{.text = "見積"}, "1"},
        {{.text = "%"}, "3"},
        {{.user = "akira", .since = DAY, .until = DAY, .type = "copy"}, "2"},
        {{.user = "' OR 1=1 --"}, ""},
    };

    fill_for_lists(lab);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Kept) kept = kept_new();
        g_autofree char *text = NULL;

        g_test_message("case %zu", i);
        MUST(store_jobs(lab->store, &cases[i].query, kept_sink, kept, &error));
        text = numbers(kept);
        g_assert_cmpstr(text, ==, cases[i].expected);
    }
}

static void test_a_long_list_has_no_seams(struct lab *lab)
{
    const struct store_job_query up = {.limit = 3500};
    const struct store_job_query down = {.descending = TRUE};
    g_autoptr(Kept) ascending = kept_new();
    g_autoptr(Kept) descending = kept_new();

    lab_fill(lab, "a", DAY, 4000);
    MUST(store_jobs(lab->store, &up, kept_sink, ascending, &error));
    MUST(store_jobs(lab->store, &down, kept_sink, descending, &error));
    g_assert_cmpuint(ascending->seqs->len, ==, 3500);
    g_assert_cmpuint(descending->seqs->len, ==, 4000);
    for (guint i = 0; i < 3500; i++)
        g_assert_cmpint(g_array_index(ascending->seqs, gint64, i), ==, i + 1);
    for (guint i = 0; i < 4000; i++)
        g_assert_cmpint(g_array_index(descending->seqs, gint64, i), ==, 4000 - i);
}

static void test_sums_are_made_by_column(struct lab *lab)
{
    static const struct {
        const char *by, *expected;
        struct store_job_query query;
    } cases[] = {
        {"day", "20260601:3/9/6 20260602:2/6/4 20260603:1/3/2", {0}},
        {"job_type", "print:4/12/8 copy:1/3/2 scan:1/3/2", {0}},
        {"result", "OK:1/3/2 STOP:1/3/2", {.user = "Akira", .since = DAY, .until = DAY, .printer = "D1"}},
        {"user_name", "(null):1/3/2", {.type = "scan"}},
        {"device_name", "", {.since = DAY + 9}},
        {"department_id", "(null):6/18/12", {0}},
    };
    g_autoptr(GPtrArray) none = NULL;

    fill_for_lists(lab);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) sums = NULL;
        g_autoptr(GString) text = g_string_new(NULL);

        MUST(store_stats(lab->store, &cases[i].query, cases[i].by, &sums, &error));
        for (guint k = 0; k < sums->len; k++) {
            const struct store_sum *sum = g_ptr_array_index(sums, k);

            g_string_append_printf(text, "%s%s:%d/%d/%d", k ? " " : "", sum->group ? sum->group : "(null)",
                                   (int)sum->jobs, (int)sum->faces, (int)sum->sheets);
        }
        g_assert_cmpstr(text->str, ==, cases[i].expected);
    }
    FAILS(store_stats(lab->store, &cases[0].query, "seq; DROP TABLE job", &none, &error), INPUT);
}

static void test_days_are_counted_as_jobs_arrive(struct lab *lab)
{
    g_autoptr(GArray) days = NULL;
    const struct day_total *day;

    lab_fill(lab, "a", DAY, 3);
    lab_fill(lab, "b", day_add(DAY, 2), 4);
    lab_fill(lab, "c", day_add(DAY, -1), 1);
    MUST(store_days(lab->store, DAY, 0, &days, &error));
    g_assert_cmpuint(days->len, ==, 2);
    day = &g_array_index(days, struct day_total, 1);
    g_assert_cmpint(day->day, ==, 20260603);
    g_assert_cmpint(day->jobs, ==, 4);
    g_assert_cmpint(day->last_seq, ==, 7);
    g_clear_pointer(&days, g_array_unref);
    MUST(store_days(lab->store, 0, DAY, &days, &error));
    g_assert_cmpuint(days->len, ==, 2);
    g_assert_cmpint(g_array_index(days, struct day_total, 0).last_seq, ==, 8);
}

/* --- the latest --- */

struct brief {
    gint64 end, seq;
};

static int later_first(gconstpointer a, gconstpointer b)
{
    const struct brief *one = a;
    const struct brief *other = b;

    if (one->end != other->end)
        return one->end > other->end ? -1 : 1;
    return one->seq > other->seq ? -1 : 1;
}

static int by_seq(gconstpointer a, gconstpointer b)
{
    return ((const struct brief *)a)->seq > ((const struct brief *)b)->seq ? 1 : -1;
}

/* Random ends, unknown ones, ones before 1980 and ones far ahead, from three sources: as sorting them all
 * says. */
static void test_the_latest_jobs_are_those_with_the_highest_effective_end(struct lab *lab)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct brief));

    for (int s = 0; s < 3; s++) {
        g_autofree char *name = g_strdup_printf("s%d", s);
        struct store_ingest *ingest;
        gint64 source;

        MUST(store_source_add(lab->store, name, "import", "", &source, &error));
        ingest = store_ingest_new(lab->store, source, FALSE, NULL);
        for (int i = 0; i < 400; i++) {
            g_autofree char *key = g_strdup_printf("%d", i);
            struct job job = sample(key, DAY, 0);
            gint64 arrived = noon(DAY) + g_test_rand_int_range(0, 50);
            gint64 end = arrived - g_test_rand_int_range(-90000, 100);
            int kind = s == 2 ? 0 : g_test_rand_int_range(0, 10);
            struct brief brief;

            job.arrived_at = arrived;
            end = kind == 0 ? JOB_NONE : kind == 1 ? 12345 : kind == 2 ? arrived + 10000000 + i : end;
            job_set_number(&job, JOB_ENDED_AT, end);
            g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_STORED);
            brief.seq = s * 400 + i + 1;
            brief.end = end < JOB_TIME_MIN || end > arrived + 86400 ? arrived : end;
            g_array_append_val(all, brief);
        }
        MUST(store_ingest_commit(ingest, NULL, &error));
        store_ingest_free(ingest);
    }
    g_array_sort(all, later_first);
    for (int limit = 0; limit < 1300; limit = limit * 2 + 1) {
        g_autoptr(Kept) kept = kept_new();
        guint expected = MIN((guint)limit, all->len);
        g_autoptr(GArray) best = g_array_sized_new(FALSE, FALSE, sizeof(struct brief), expected);

        g_array_append_vals(best, all->data, expected);
        g_array_sort(best, by_seq);
        MUST(store_latest_jobs(lab->store, limit, kept_sink, kept, &error));
        g_assert_cmpuint(kept->seqs->len, ==, expected);
        for (guint i = 0; i < expected; i++)
            g_assert_cmpint(g_array_index(kept->seqs, gint64, i), ==,
                            g_array_index(best, struct brief, i).seq);
    }
}

static void add_tests(void)
{
    lab_add("a range of a day is read by number", test_a_range_of_a_day_is_read_by_number);
    lab_add("a long day is read whole and in order whatever lies between",
            test_a_long_day_is_read_whole_and_in_order_whatever_lies_between);
    lab_add("the sinks error comes through", test_the_sinks_error_comes_through);
    lab_add("lists take filters cursor and order", test_lists_take_filters_cursor_and_order);
    lab_add("a long list has no seams", test_a_long_list_has_no_seams);
    lab_add("sums are made by column", test_sums_are_made_by_column);
    lab_add("days are counted as jobs arrive", test_days_are_counted_as_jobs_arrive);
    lab_add("the latest jobs are those with the highest effective end",
            test_the_latest_jobs_are_those_with_the_highest_effective_end);
}

int main(int argc, char **argv)
{
    return lab_run(argc, argv, add_tests);
}
