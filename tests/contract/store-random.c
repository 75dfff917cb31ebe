/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Store contract: long random use against a model in memory that is too simple to be wrong. */
#include <string.h>

#include "store-lab.h"

#define DAYS 6
#define KEYS 12
#define MODEL_MAX 20000

/* One job as the model knows it. */
struct known {
    gboolean there;
    gint32 day;
    int identity; /* key and end: index */
    char *line;
};

struct model {
    struct lab *lab;
    struct known job[MODEL_MAX]; /* by seq */
    gint64 last_seq;
    gint64 covered[DAYS]; /* delivered up to here */
    int revision[DAYS];
    gint32 horizon;
};

static int find_identity(const struct model *model, int identity)
{
    for (gint64 seq = model->last_seq; seq > 0; seq--)
        if (model->job[seq].there && model->job[seq].identity == identity)
            return (int)seq;
    return 0;
}

/* The newest number that the store gave out. */
static gint64 newest_seq(struct model *model)
{
    const struct store_job_query query = {.descending = TRUE, .limit = 1};
    g_autoptr(Kept) kept = kept_new();

    MUST(store_jobs(model->lab->store, &query, kept_sink, kept, &error));
    return kept->seqs->len ? g_array_index(kept->seqs, gint64, 0) : 0;
}

static void ingest_some(struct model *model)
{
    g_autoptr(PtStoreIngest) ingest = lab_ingest(model->lab, FALSE);

    for (int n = g_test_rand_int_range(1, 30); n > 0; n--) {
        int day = g_test_rand_int_range(0, DAYS);
        int identity = day * KEYS + g_test_rand_int_range(0, KEYS);
        g_autofree char *key = g_strdup_printf("k%d", identity % 5);
        struct job job = sample(key, day_add(DAY, day), identity);
        gboolean other = g_test_rand_int_range(0, 10) == 0;
        g_autofree char *line = NULL;
        int old = find_identity(model, identity);
        enum store_outcome expected;

        job_set_text(&job, JOB_USER_NAME, other ? "Beate" : "Akira");
        line = job_line(&job);
        expected = job.day < model->horizon                  ? STORE_REFUSED
                   : !old                                    ? STORE_STORED
                   : strcmp(line, model->job[old].line) == 0 ? STORE_DUPLICATE
                                                             : STORE_CONFLICT;
        g_assert_cmpint(lab_add_job(ingest, &job), ==, expected);
        if (expected != STORE_STORED)
            continue;
        MUST(store_ingest_commit(ingest, NULL, &error)); /* so that its number can be asked for */
        model->last_seq = newest_seq(model);
        g_assert_cmpint(model->last_seq, <, MODEL_MAX);
        model->job[model->last_seq] = (struct known){
            .there = TRUE, .day = job.day, .identity = identity, .line = g_steal_pointer(&line)};
    }
    MUST(store_ingest_commit(ingest, NULL, &error));
}

static void deliver_some(struct model *model)
{
    int day = g_test_rand_int_range(0, DAYS);
    gint64 to = model->last_seq;

    if (day_add(DAY, day) < model->horizon || model->covered[day] >= to)
        return;
    lab_deliver(model->lab->store, day_add(DAY, day), ++model->revision[day], model->covered[day], to,
                g_test_rand_bit() ? DELIVERY_DELIVERED : DELIVERY_WAIVED);
    model->covered[day] = to;
}

static void purge_one(struct model *model)
{
    gint32 before = day_add(DAY, g_test_rand_int_range(0, DAYS));
    gboolean all = g_test_rand_int_range(0, 4) == 0;
    gint32 oldest = G_MAXINT32;
    gint64 jobs = 0;
    gint64 gap = 0;
    gint32 day_done;
    gint64 jobs_done;
    gint64 gap_done;

    for (gint64 seq = 1; seq <= model->last_seq; seq++)
        if (model->job[seq].there)
            oldest = MIN(oldest, model->job[seq].day);
    for (gint64 seq = 1; seq <= model->last_seq; seq++) {
        if (!model->job[seq].there || model->job[seq].day != oldest)
            continue;
        jobs++;
        gap += seq > model->covered[day_diff(oldest, DAY)];
    }
    MUST(store_purge_day(model->lab->store, before, all, &day_done, &jobs_done, &gap_done, &error));
    if (!jobs || oldest >= before || (gap && !all)) {
        g_assert_cmpint(day_done, ==, 0);
        return;
    }
    g_assert_cmpint(day_done, ==, oldest);
    g_assert_cmpint(jobs_done, ==, jobs);
    g_assert_cmpint(gap_done, ==, gap);
    model->horizon = MAX(model->horizon, day_add(oldest, 1));
    for (gint64 seq = 1; seq <= model->last_seq; seq++)
        if (model->job[seq].there && model->job[seq].day == oldest)
            model->job[seq].there = FALSE;
}

static void compare_day(struct model *model, gint32 day)
{
    g_autoptr(Kept) kept = kept_new();
    gint64 from = g_test_rand_int_range(0, (int)model->last_seq + 1);
    guint i = 0;

    MUST(store_day_jobs(model->lab->store, day, from, G_MAXINT64, kept_sink, kept, &error));
    for (gint64 seq = from + 1; seq <= model->last_seq; seq++) {
        if (!model->job[seq].there || model->job[seq].day != day)
            continue;
        g_assert_cmpuint(i, <, kept->seqs->len);
        g_assert_cmpint(g_array_index(kept->seqs, gint64, i), ==, seq);
        g_assert_cmpstr(g_ptr_array_index(kept->lines, i), ==, model->job[seq].line);
        i++;
    }
    g_assert_cmpuint(i, ==, kept->seqs->len);
}

static void assert_total(const struct day_total *total, const struct day_total *expected)
{
    g_assert_cmpint(total->day, ==, expected->day);
    g_assert_cmpint(total->jobs, ==, expected->jobs);
    g_assert_cmpint(total->last_seq, ==, expected->last_seq);
}

static void assert_open_day(const struct open_day *day, const struct open_day *expected)
{
    assert_total(&day->total, &expected->total);
    g_assert_cmpint(day->settled, ==, expected->settled);
}

static void compare(struct model *model)
{
    g_autoptr(GArray) days = NULL;
    g_autoptr(GArray) open = NULL;
    guint next = 0;
    guint next_open = 0;

    MUST(store_days(model->lab->store, 0, 0, &days, &error));
    MUST(store_open_days(model->lab->store, 0, &open, &error));
    for (int d = 0; d < DAYS; d++) {
        struct open_day day = {.total = {.day = day_add(DAY, d)}};

        for (gint64 seq = 1; seq <= model->last_seq; seq++) {
            if (!model->job[seq].there || model->job[seq].day != day.total.day)
                continue;
            day.total.jobs++;
            day.total.last_seq = seq;
            day.settled += seq <= model->covered[d];
        }
        compare_day(model, day.total.day);
        if (!day.total.jobs)
            continue;
        g_assert_cmpuint(next, <, days->len);
        assert_total(&g_array_index(days, struct day_total, next++), &day.total);
        if (day.settled == day.total.jobs)
            continue;
        g_assert_cmpuint(next_open, <, open->len);
        assert_open_day(&g_array_index(open, struct open_day, next_open++), &day);
    }
    g_assert_cmpuint(next, ==, days->len);
    g_assert_cmpuint(next_open, ==, open->len);
}

static void test_random_use_agrees_with_a_simple_model(struct lab *lab)
{
    struct model *model = g_new0(struct model, 1);

    model->lab = lab;
    for (int step = 0; step < 400; step++) {
        int what = g_test_rand_int_range(0, 10);

        if (what < 6)
            ingest_some(model);
        else if (what < 8)
            deliver_some(model);
        else if (what == 8 && step > 100 && step % 5 == 0)
            purge_one(model);
        if (step % 10 == 0)
            compare(model);
        if (what == 9 && step % 7 == 0) { /* another process's life */
            store_close(lab->store);
            lab->store = lab_open(lab, STORE_EXISTING);
        }
    }
    compare(model);
    lab_assert_sound(lab->store);
    for (gint64 seq = 0; seq <= model->last_seq; seq++)
        g_free(model->job[seq].line);
    g_free(model);
}

static void add_tests(void)
{
    lab_add("random use agrees with a simple model", test_random_use_agrees_with_a_simple_model);
}

int main(int argc, char **argv)
{
    return lab_run(argc, argv, add_tests);
}
