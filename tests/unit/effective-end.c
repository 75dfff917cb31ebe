/* SPDX-License-Identifier: GPL-3.0-or-later */
/* app/effective-end: which instant decides a job's day (SPEC RW3). */
#include "app/collect.h"

#define ARRIVED G_GINT64_CONSTANT(1780968625)
#define DAY G_GINT64_CONSTANT(86400)

static void test_an_impossible_end_counts_as_the_arrival(void)
{
    static const struct {
        gint64 end, polled, imported;
    } cases[] = {
        {ARRIVED - 5, ARRIVED - 5, ARRIVED - 5},
        {JOB_NONE, ARRIVED, ARRIVED},
        {0, ARRIVED, ARRIVED},
        {JOB_TIME_MIN - 1, ARRIVED, ARRIVED},
        {JOB_TIME_MIN, JOB_TIME_MIN, JOB_TIME_MIN},
        {ARRIVED + DAY, ARRIVED + DAY, ARRIVED + DAY},
        {ARRIVED + DAY + 1, ARRIVED, ARRIVED + DAY + 1},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct job job;

        job_clear(&job);
        job_set_number(&job, JOB_ENDED_AT, cases[i].end);
        g_test_message("%" G_GINT64_FORMAT, cases[i].end);
        g_assert_cmpint(collect_effective_end(&job, ARRIVED, TRUE), ==, cases[i].polled);
        g_assert_cmpint(collect_effective_end(&job, ARRIVED, FALSE), ==, cases[i].imported);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/effective-end/an impossible end counts as the arrival",
                    test_an_impossible_end_counts_as_the_arrival);
    return g_test_run();
}
