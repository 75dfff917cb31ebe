/* SPDX-License-Identifier: GPL-3.0-or-later */
/* core/plan: what the next run would send, from rows told as text, and on random ledgers that nothing is lost
 * or sent twice. */
#include "core/plan.h"

#include <stdlib.h>
#include <string.h>

#define TODAY 20260609

/* A ledger under test. `told` days: "DD jobs last_seq", rows: "DD rev from-to state[:attempts] [error]
 * [rows]". */
struct ledger {
    GArray *days;
    GPtrArray *rows;
};

static void ledger_init(struct ledger *ledger)
{
    ledger->days = g_array_new(FALSE, FALSE, sizeof(struct day_total));
    ledger->rows = g_ptr_array_new_with_free_func((GDestroyNotify)delivery_free);
}

static void ledger_clear(struct ledger *ledger)
{
    g_array_unref(ledger->days);
    g_ptr_array_unref(ledger->rows);
}

static void ledger_add_day(struct ledger *ledger, gint32 day, gint64 jobs, gint64 last_seq)
{
    struct day_total total = {.day = day, .jobs = jobs, .last_seq = last_seq};

    g_array_append_val(ledger->days, total);
}

static struct delivery *ledger_add_row(struct ledger *ledger, gint32 day, int revision, gint64 from,
                                       gint64 to, enum delivery_state state)
{
    struct delivery *row = delivery_new();

    row->day = day;
    row->revision = revision;
    row->seq_from = from;
    row->seq_to = to;
    row->rows = to - from;
    row->state = state;
    row->attempts = state == DELIVERY_PLANNED ? 0 : 1;
    g_ptr_array_add(ledger->rows, row);
    return row;
}

static struct plan_input ledger_input(const struct ledger *ledger, struct zone *zone, gint32 newest)
{
    return (struct plan_input){
        .days = (const struct day_total *)(const void *)ledger->days->data,
        .n_days = ledger->days->len,
        .rows = (struct delivery *const *)ledger->rows->pdata,
        .n_rows = ledger->rows->len,
        .today = TODAY,
        .empty_days = newest != 0,
        .newest_planned = newest,
        .zone = zone,
    };
}

static gint64 word_number(char **words, guint index)
{
    g_assert_cmpuint(index, <, g_strv_length(words));
    return g_ascii_strtoll(words[index], NULL, 10);
}

/* "8 r1 0-5 void X16": day of June 2026, revision, range, state, error; "planned+" was tried before. */
static void ledger_tell_row(struct ledger *ledger, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    g_auto(GStrv) range = g_strsplit(words[2], "-", 2);
    gboolean tried = g_str_has_suffix(words[3], "+");
    g_autofree char *state_name = g_strndup(words[3], strlen(words[3]) - (tried ? 1 : 0));
    enum delivery_state state;
    struct delivery *row;

    g_assert_true(delivery_state_from_name(state_name, &state));
    row = ledger_add_row(ledger, 20260600 + (gint32)word_number(words, 0), atoi(words[1] + 1),
                         word_number(range, 0), word_number(range, 1), state);
    row->attempts = tried ? 1 : row->attempts;
    row->error = g_strdup(words[4]);
}

static void ledger_tell(struct ledger *ledger, const char *days, const char *rows)
{
    g_auto(GStrv) day_texts = g_strsplit(days, ", ", -1);
    g_auto(GStrv) row_texts = g_strsplit(rows, ", ", -1);

    for (gsize i = 0; day_texts[i]; i++) { /* "8 5-20": day, jobs, last seq */
        g_auto(GStrv) words = g_strsplit_set(day_texts[i], " -", -1);
        ledger_add_day(ledger, 20260600 + (gint32)word_number(words, 0), word_number(words, 1),
                       word_number(words, 2));
    }
    for (gsize i = 0; row_texts[i]; i++)
        ledger_tell_row(ledger, row_texts[i]);
}

static char *ranges_told(const GArray *ranges)
{
    GString *told = g_string_new(NULL);

    for (guint i = 0; i < ranges->len; i++) {
        const struct plan_range *range = &g_array_index(ranges, struct plan_range, i);

        g_string_append_printf(told, "%s%d r%d %" G_GINT64_FORMAT "-%" G_GINT64_FORMAT, i ? ", " : "",
                               range->day % 100, range->revision, range->seq_from, range->seq_to);
        if (range->max_rows)
            g_string_append_printf(told, " max%" G_GINT64_FORMAT, range->max_rows);
    }
    return g_string_free(told, FALSE);
}

/* clang-format off */
static const struct {
    const char *about, *days, *rows;
    int newest; /* day of June; 0 = option off */
    const char *plan, *pending;
    int jobs;
} cases[] = {
    {"nothing held", "", "", 0, "", "", 0},
    {"RW7: the first run takes all up to yesterday", "1 3-3, 5 2-5, 8 5-10",
     "", 0, "1 r1 0-3, 5 r1 0-5, 8 r1 0-10", "1 5 8", 10},
    {"RW1: never today's jobs, nor those of days to come", "8 5-10, 9 5-15, 10 1-16",
     "", 0, "8 r1 0-10", "8", 5},
    {"delivered is done", "8 5-10", "8 r1 0-10 delivered", 0, "", "", 0},
    {"waived is done", "8 5-10", "8 r1 0-10 waived", 0, "", "", 0},
    {"RW5: late jobs go in a revision", "8 10-20", "8 r1 0-10 delivered", 0, "8 r2 10-20", "8", 0},
    {"RW5: and again", "8 30-30", "8 r2 10-20 delivered, 8 r1 0-10 delivered", 0, "8 r3 20-30", "8", 10},
    {"late jobs while the first file still fails", "8 20-20",
     "8 r1 0-10 failed X02", 0, "8 r2 10-20", "8", 20},
    {"RW9: a failed file keeps its range", "8 10-10", "8 r1 0-10 failed X02", 0, "", "8", 10},
    {"a file on its way keeps its range", "7 5-5, 8 5-10",
     "7 r1 0-5 sending, 8 r1 0-10 closing", 0, "", "7 8", 10},
    {"planned and never tried is planned anew, late jobs included", "8 15-15",
     "8 r1 0-10 planned", 0, "8 r1 0-15", "8", 15},
    {"planned and tried keeps its range", "8 15-15", "8 r1 0-10 planned+", 0, "8 r2 10-15", "8", 15},
    {"X15: the name is taken, the next number", "8 10-10", "8 r1 0-10 void X15", 0, "8 r2 0-10", "8", 10},
    {"X15 in the middle: a gap below later revisions", "8 30-30",
     "8 r1 0-10 delivered, 8 r2 10-20 void X15, 8 r3 20-30 delivered", 0, "8 r4 10-20", "8", 10},
    {"two gaps and late jobs", "8 50-50",
     "8 r1 0-10 void X15, 8 r2 10-20 delivered, 8 r3 20-30 void X15, 8 r4 30-40 delivered",
     0, "8 r5 0-10, 8 r6 20-30, 8 r7 40-50", "8", 30},
    {"a gap that was filled is no gap", "8 20-20",
     "8 r1 0-10 void X15, 8 r2 10-20 delivered, 8 r3 0-10 delivered", 0, "", "", 0},
    {"neighbouring gaps are one", "8 30-30",
     "8 r1 0-10 void X15, 8 r2 10-20 void X15", 0, "8 r3 0-30", "8", 30},
    {"a change of target frees the number", "8 10-10", "8 r1 0-10 void X04", 0, "8 r1 0-10", "8", 10},
    {"a change of target before any error, too", "8 10-10", "8 r1 0-10 void", 0, "8 r1 0-10", "8", 10},
    {"a change of target frees no number below a used one", "8 20-20",
     "8 r1 0-10 void X02, 8 r2 10-20 delivered", 0, "8 r3 0-10", "8", 10},
    {"X16: planned again in halves", "8 10-10", "8 r1 0-10 void X16", 0, "8 r2 0-10 max5", "8", 10},
    {"X16: of several the smallest", "8 12-12",
     "8 r1 0-4 void X16, 8 r2 4-12 void X16", 0, "8 r3 0-12 max2", "8", 12},
    {"X16: one row stays one row", "8 3-3",
     "8 r1 0-2 delivered, 8 r1 2-3 void X16", 0, "8 r2 2-3 max1", "8", 1},
    {"X16: one part of three", "8 30-30",
     "8 r1 0-10 delivered, 8 r1 10-20 void X16, 8 r1 20-30 delivered", 0, "8 r2 10-20 max5", "8", 10},
    {"X16 elsewhere limits nothing here", "8 30-30",
     "8 r1 0-10 void X16, 8 r2 0-10 delivered", 0, "8 r3 10-30", "8", 20},
    {"X16 above a gap limits nothing below", "8 30-30", "8 r1 10-20 void X16, 8 r2 10-20 delivered", 0,
     "8 r3 0-10, 8 r4 20-30", "8", 20},
    {"a row beyond the day's jobs covers none of them", "8 5-10", "8 r1 20-30 delivered", 0, "8 r2 0-10", "8", 0},
    {"a header-only file that failed holds no jobs", "8 4-9", "8 r1 0-0 failed X02, 8 r2 0-9 delivered", 0, "", "", 0},
    {"ranges that overlap are covered once", "8 30-30",
     "8 r1 0-20 delivered, 8 r2 5-10 delivered, 8 r3 10-25 delivered", 0, "8 r4 25-30", "8", 0},
    {"other days' rows are not this day's", "7 10-10, 8 10-20",
     "7 r1 0-10 delivered", 0, "8 r1 0-20", "8", 10},
    {"RW6: no file for an empty day", "5 5-5, 8 5-10", "5 r1 0-5 delivered", 0, "8 r1 0-10", "8", 5},
    {"header-only files after the newest planned day", "5 5-5, 8 5-10",
     "5 r1 0-5 delivered", 5, "6 r1 0-0, 7 r1 0-0, 8 r1 0-10", "8", 5},
    {"header-only files up to yesterday", "5 5-5",
     "5 r1 0-5 delivered", 5, "6 r1 0-0, 7 r1 0-0, 8 r1 0-0", "", 0},
    {"none again", "5 5-5", "5 r1 0-5 delivered, 8 r1 0-0 delivered", 8, "", "", 0},
    {"jobs after an empty day's file", "8 4-9", "8 r1 0-0 delivered", 8, "8 r2 0-9", "8", 4},
    {"an empty day's file whose name is taken", "1 1-1",
     "1 r1 0-1 delivered, 6 r1 0-0 void X15, 8 r1 0-0 delivered", 8, "6 r2 0-0", "", 0},
    {"an empty day's file never tried", "1 1-1",
     "1 r1 0-1 delivered, 7 r1 0-0 planned, 8 r1 0-0 planned", 8, "7 r1 0-0, 8 r1 0-0", "", 0},
    {"an empty day's file that failed is sent as it is", "1 1-1",
     "1 r1 0-1 delivered, 8 r1 0-0 failed X02", 8, "", "", 0},
    {"days before the newest planned one stay without", "3 5-5, 8 1-6",
     "8 r1 0-6 delivered", 8, "3 r1 0-5", "3", 5},
    {"a day whose jobs retention deleted sends nothing", "8 1-9",
     "5 r1 0-5 void X02, 8 r1 0-9 delivered", 8, "", "", 0},
    {"a day counted with no jobs is empty", "8 0-0", "", 7, "8 r1 0-0", "", 0},
};
/* clang-format on */

static char *pending_told(const GArray *days)
{
    GString *told = g_string_new(NULL);

    for (guint i = 0; i < days->len; i++)
        g_string_append_printf(told, "%s%d", i ? " " : "", g_array_index(days, gint32, i) % 100);
    return g_string_free(told, FALSE);
}

static void test_each_ledger_has_its_plan(void)
{
    g_autoptr(PtZone) zone = zone_new("Asia/Tokyo", NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GArray) ranges = NULL;
        g_autoptr(GArray) pending = NULL;
        g_autofree char *plan = NULL;
        g_autofree char *waiting = NULL;
        struct plan_input input;
        struct ledger ledger;

        ledger_init(&ledger);
        ledger_tell(&ledger, cases[i].days, cases[i].rows);
        input = ledger_input(&ledger, zone, cases[i].newest ? 20260600 + cases[i].newest : 0);
        ranges = plan_ranges(&input);
        plan = ranges_told(ranges);
        pending = plan_pending_days(&input);
        waiting = pending_told(pending);
        g_test_message("%s", cases[i].about);
        g_assert_cmpstr(plan, ==, cases[i].plan);
        g_assert_cmpstr(waiting, ==, cases[i].pending);
        g_assert_cmpint(plan_pending_jobs(&input), ==, cases[i].jobs);
        ledger_clear(&ledger);
    }
}

static void test_rows_of_other_kinds_cover_nothing(void)
{
    static const enum delivery_kind kinds[] = {DELIVERY_MANUAL, DELIVERY_TEST, DELIVERY_RESEND};

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(GArray) ranges = NULL;
        g_autofree char *plan = NULL;
        struct plan_input input;
        struct ledger ledger;

        ledger_init(&ledger);
        ledger_add_day(&ledger, 20260608, 5, 5);
        ledger_add_row(&ledger, 20260608, 1, 0, 5, DELIVERY_DELIVERED)->kind = kinds[i];
        input = ledger_input(&ledger, NULL, 0);
        ranges = plan_ranges(&input);
        plan = ranges_told(ranges);
        g_assert_cmpstr(plan, ==, "8 r1 0-5");
        ledger_clear(&ledger);
    }
}

static void test_a_date_that_does_not_exist_has_no_file(void)
{
    g_autoptr(PtZone) zone = zone_new("Pacific/Apia", NULL);
    g_autoptr(GArray) ranges = NULL;
    g_autofree char *plan = NULL;
    struct plan_input input = {
        .today = 20120102, .empty_days = TRUE, .newest_planned = 20111228, .zone = zone};

    ranges = plan_ranges(&input);
    plan = ranges_told(ranges);
    g_assert_cmpstr(plan, ==, "29 r1 0-0, 31 r1 0-0, 1 r1 0-0");
}

/* A store in small: jobs get their seq, rows their fate, at random; the plan is applied as rows. */
struct shop {
    struct ledger ledger;
    gint32 today;
    gint64 seq;
    GArray *job_days; /* day of job seq, from 1 on */
    gint32 newest;
};

static void shop_take_job(struct shop *shop, gint32 day)
{
    struct day_total *totals = (struct day_total *)(void *)shop->ledger.days->data;
    struct day_total fresh = {.day = day, .jobs = 1};
    guint at = 0;

    shop->seq++;
    fresh.last_seq = shop->seq;
    g_array_append_val(shop->job_days, day);
    while (at < shop->ledger.days->len && totals[at].day < day)
        at++;
    if (at < shop->ledger.days->len && totals[at].day == day) {
        totals[at].jobs++;
        totals[at].last_seq = shop->seq;
    } else {
        g_array_insert_val(shop->ledger.days, at, fresh);
    }
}

static struct plan_input shop_input(const struct shop *shop, struct zone *zone, gboolean empty_days)
{
    struct plan_input input = ledger_input(&shop->ledger, zone, shop->newest);

    input.today = shop->today;
    input.empty_days = empty_days;
    return input;
}

/* What the app does: rows never tried are dropped for the new plan. */
static void shop_plan(struct shop *shop, struct zone *zone, gboolean empty_days)
{
    struct plan_input input = shop_input(shop, zone, empty_days);
    g_autoptr(GArray) ranges = plan_ranges(&input);
    gint32 before = 0;

    for (guint i = 0; i < shop->ledger.rows->len;) {
        const struct delivery *row = g_ptr_array_index(shop->ledger.rows, i);

        if (row->state == DELIVERY_PLANNED && !row->attempts)
            g_ptr_array_remove_index_fast(shop->ledger.rows, i);
        else
            i++;
    }
    for (guint i = 0; i < ranges->len; i++) {
        const struct plan_range *range = &g_array_index(ranges, struct plan_range, i);

        g_assert_cmpint(range->day, <, shop->today);
        g_assert_cmpint(range->day, >=, before);
        before = range->day;
        ledger_add_row(&shop->ledger, range->day, range->revision, range->seq_from, range->seq_to,
                       DELIVERY_PLANNED);
        shop->newest = MAX(shop->newest, range->day);
    }
}

/* One run's outcomes; what is not delivered may stay, fail, or be released for each of the reasons there are.
 */
static void shop_send(struct shop *shop, gboolean all)
{
    static const char *const reasons[] = {"X15", "X16", "X04", NULL};

    for (guint i = 0; i < shop->ledger.rows->len; i++) {
        struct delivery *row = g_ptr_array_index(shop->ledger.rows, i);
        int fate = all ? 0 : g_test_rand_int_range(0, 8);

        if (row->state == DELIVERY_DELIVERED || row->state == DELIVERY_VOID ||
            row->state == DELIVERY_WAIVED || fate == 7)
            continue;
        row->attempts++;
        if (fate < 3) {
            row->state = DELIVERY_DELIVERED;
        } else if (fate < 4) {
            row->state = DELIVERY_WAIVED;
        } else if (fate < 6) {
            row->state = DELIVERY_VOID;
            g_free(row->error);
            row->error = g_strdup(reasons[g_test_rand_int_range(0, G_N_ELEMENTS(reasons))]);
        } else {
            row->state = DELIVERY_FAILED;
        }
    }
}

/* In how many settled files each job is: its day's rows whose range holds its seq. No revision is live twice.
 */
static void check_covered_once(const struct shop *shop)
{
    for (gint64 seq = 1; seq <= shop->seq; seq++) {
        gint32 day = g_array_index(shop->job_days, gint32, seq - 1);
        int files = 0;

        for (guint i = 0; i < shop->ledger.rows->len; i++) {
            const struct delivery *row = g_ptr_array_index(shop->ledger.rows, i);

            if (row->day == day && row->state != DELIVERY_VOID && row->seq_from < seq && seq <= row->seq_to)
                files++;
        }
        g_assert_cmpint(files, ==, day < shop->today ? 1 : 0);
    }
}

static void check_names_differ(const struct shop *shop)
{
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < shop->ledger.rows->len; i++) {
        const struct delivery *row = g_ptr_array_index(shop->ledger.rows, i);

        /* A name found taken (X15) is never tried again either. */
        if (row->state != DELIVERY_VOID || g_strcmp0(row->error, "X15") == 0 ||
            g_strcmp0(row->error, "X16") == 0)
            g_assert_true(g_hash_table_add(names, g_strdup_printf("%d %d", row->day, row->revision)));
    }
}

static void check_empty_days(const struct shop *shop, gint32 first)
{
    for (gint32 day = first; day < shop->today; day = day_add(day, 1)) {
        gboolean found = FALSE;

        for (guint i = 0; i < shop->ledger.rows->len && !found; i++) {
            const struct delivery *row = g_ptr_array_index(shop->ledger.rows, i);
            found = row->day == day && row->state != DELIVERY_VOID;
        }
        g_assert_true(found);
    }
}

static void live_a_month(struct zone *zone, gboolean empty_days)
{
    struct shop shop = {.today = 20260601, .job_days = g_array_new(FALSE, FALSE, sizeof(gint32))};

    ledger_init(&shop.ledger);
    shop_take_job(&shop, 20260531); /* so that the first plan knows a newest day */
    for (int day = 0; day < 30; day++, shop.today = day_add(shop.today, 1)) {
        int jobs = g_test_rand_int_range(0, 4);

        for (int i = 0; i < jobs; i++) /* today's, or late by up to a week */
            shop_take_job(&shop, day_add(shop.today, g_test_rand_bit() ? 0 : -g_test_rand_int_range(0, 8)));
        if (day && g_test_rand_int_range(0, 4) == 0)
            continue; /* no run today; but the first plan finds 31 May, so that every day since counts */
        shop_plan(&shop, zone, empty_days);
        if (g_test_rand_int_range(0, 8) == 0)
            shop_plan(&shop, zone, empty_days); /* the process died between plan and sending */
        check_covered_once(&shop);
        check_names_differ(&shop);
        shop_send(&shop, FALSE);
    }
    shop_plan(&shop, zone, empty_days);
    shop_send(&shop, TRUE);
    check_covered_once(&shop);
    if (empty_days)
        check_empty_days(&shop, 20260531);
    shop_plan(&shop, zone, empty_days);
    for (guint i = 0; i < shop.ledger.rows->len; i++) {
        const struct delivery *row = g_ptr_array_index(shop.ledger.rows, i);
        g_assert_cmpint(row->state, !=, DELIVERY_PLANNED); /* nothing was left to plan */
    }
    ledger_clear(&shop.ledger);
    g_array_unref(shop.job_days);
}

static void test_whatever_happens_every_job_of_a_past_day_is_in_one_file(void)
{
    g_autoptr(PtZone) zone = zone_new("Europe/Berlin", NULL);

    for (int round = 0; round < 200; round++)
        live_a_month(zone, round % 2 == 1);
}

/* 10,000 days and 100,000 rows: what is not linear would take minutes. */
static void test_a_long_history_is_planned_quickly(void)
{
    g_autoptr(PtZone) zone = zone_new("Asia/Tokyo", NULL);
    struct plan_input input;
    struct ledger ledger;
    gint32 day = day_add(TODAY, -10000);
    gint64 began;

    ledger_init(&ledger);
    for (int i = 0; i < 10000; i++, day = day_add(day, 1)) {
        ledger_add_day(&ledger, day, 1000, i * 1000 + 1000);
        for (int n = 0; n < 10; n++)
            ledger_add_row(&ledger, day, n + 1, n ? i * 1000 + n * 100 : 0,
                           i * 1000 + n * 100 + (n == 4 ? 50 : 100), DELIVERY_DELIVERED);
    }
    for (guint i = ledger.rows->len - 1; i > 0; i--) { /* in any order */
        guint other = (guint)g_test_rand_int_range(0, (gint32)i + 1);
        gpointer kept = ledger.rows->pdata[i];
        ledger.rows->pdata[i] = ledger.rows->pdata[other];
        ledger.rows->pdata[other] = kept;
    }
    input = ledger_input(&ledger, zone, day_add(TODAY, -10000));
    began = g_get_monotonic_time();
    for (int i = 0; i < 2; i++) {
        g_autoptr(GArray) ranges = plan_ranges(&input);
        g_autoptr(GArray) days = plan_pending_days(&input);

        g_assert_cmpuint(ranges->len, ==, 10000);
        g_assert_cmpint(g_array_index(ranges, struct plan_range, 9999).seq_to, ==, 9999500);
        g_assert_cmpuint(days->len, ==, 10000);
    }
    g_test_message("%.1f ms", (double)(g_get_monotonic_time() - began) / 1000);
    g_assert_cmpint(g_get_monotonic_time() - began, <, 10 * G_TIME_SPAN_SECOND);
    ledger_clear(&ledger);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/each-ledger-has-its-plan", test_each_ledger_has_its_plan);
    g_test_add_func("/plan/rows-of-other-kinds-cover-nothing", test_rows_of_other_kinds_cover_nothing);
    g_test_add_func("/plan/a-date-that-does-not-exist-has-no-file",
                    test_a_date_that_does_not_exist_has_no_file);
    g_test_add_func("/plan/whatever-happens-every-job-of-a-past-day-is-in-one-file",
                    test_whatever_happens_every_job_of_a_past_day_is_in_one_file);
    g_test_add_func("/plan/a-long-history-is-planned-quickly", test_a_long_history_is_planned_quickly);
    return g_test_run();
}
