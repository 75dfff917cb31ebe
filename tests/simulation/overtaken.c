/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Without the lock: whoever holds a row that is no longer so stops and touches nothing (DESIGN, "Every change
 * compares state and attempt"). */
#include "year.h"

#include "app/export-internal.h"
#include "people.h"

#define DAY 86400
#define START G_GINT64_CONSTANT(1767225600)

/* One store, two processes' worth of handles; the late one holds what it read before the other one came. */
struct race {
    struct world *world;
    struct life early, late;
    struct app *early_app, *late_app;
    struct export_context context; /* of the late one */
    struct delivery *row;          /* as the late one knows it */
};

static void run_early(struct race *race, gboolean expect_success)
{
    const struct export_request request = {.trigger = RUN_HAND, .lock_wait_ms = 0, .skip_sources = TRUE};
    g_autoptr(GError) error = NULL;
    struct run run = {0};

    g_assert_true(export_run(race->early_app, &request, &run, &error));
    g_assert_no_error(error);
    if (expect_success)
        g_assert_cmpint(run.result, ==, RUN_SUCCESS);
    else
        g_assert_cmpint(run.result, ==, RUN_FAILED);
    run_clear(&run);
}

/* Jobs of one day, a day later, and the store's rows as the late one sees them. */
static void race_begin(struct race *race, const char *path)
{
    race->world = world_new(START + DAY / 2);
    world_naps(race->world);
    race->early = (struct life){.world = race->world, .rand = g_rand_new_with_seed(1)};
    race->late = (struct life){.world = race->world, .rand = g_rand_new_with_seed(2)};
    life_found(race->world, 1);
    race->early_app = life_app(&race->early);
    race->late_app = life_app(&race->late);
    people_set(&race->early, race->early_app, "export.method", "smb", "smb.path", path, "smb.user", "one",
               NULL);
    for (int i = 0; i < 5; i++) {
        jobs_happen(&race->early, DAY / 4);
        jobs_offer(&race->early, race->early_app);
    }
    world_pass(race->world, 3 * DAY);
}

static void late_reads(struct race *race)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) rows = NULL;

    race->context = (struct export_context){.lock_fd = -1, .size_limit = -1};
    g_assert_true(export_context_load(&race->context, race->late_app, &error));
    g_assert_true(export_plan(&race->context, FALSE, &rows, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(rows->len, >, 0);
    race->row = delivery_copy(g_ptr_array_index(rows, 0));
    race->late.calls = 0;
}

/* Everything that is left is delivered, and all is in order. */
static void race_end(struct race *race)
{
    g_autoptr(GPtrArray) faults = NULL;

    for (int i = 0; i < 3; i++) {
        world_pass(race->world, 30 * DAY);
        for (int j = 0; j < 12; j++)
            jobs_offer(&race->early, race->early_app);
    }
    run_early(race, TRUE);
    delivery_free(race->row);
    export_context_clear(&race->context);
    app_free(race->late_app);
    app_free(race->early_app);
    g_rand_free(race->early.rand);
    g_rand_free(race->late.rand);
    faults = year_judge(race->world);
    for (guint i = 0; i < faults->len; i++)
        g_test_message("wrong: %s", (const char *)g_ptr_array_index(faults, i));
    g_assert_cmpuint(faults->len, ==, 0);
    world_free(race->world);
}

static void expect_stop(struct race *race, enum attempt_end end, GError *error)
{
    g_assert_error(error, PT_ERROR, PT_ERROR_X26);
    g_assert_cmpint(end, ==, ATTEMPT_RUN_ENDS);
    g_assert_cmpuint(race->late.calls, ==, 0);
}

static void test_a_planned_row_that_was_sent_meanwhile_is_left_alone(void)
{
    struct race race = {0};
    g_autoptr(GError) error = NULL;
    enum attempt_end end;

    race_begin(&race, "\\\\vault\\x");
    late_reads(&race);
    run_early(&race, TRUE);
    end = export_attempt(&race.context, race.row, &error);
    expect_stop(&race, end, error);
    race_end(&race);
}

static void test_a_failed_row_that_was_sent_meanwhile_is_left_alone(void)
{
    struct race race = {0};
    g_autoptr(GError) error = NULL;
    enum attempt_end end;

    race_begin(&race, "\\\\vault\\x");
    race.world->weather[1].denied_until = race.world->truth + DAY;
    run_early(&race, FALSE);
    late_reads(&race);
    g_assert_cmpint(race.row->attempts, ==, 1);
    world_pass(race.world, 2 * DAY);
    run_early(&race, TRUE);
    end = export_attempt(&race.context, race.row, &error);
    expect_stop(&race, end, error); /* above all it must not remove the temporary file of the other one */
    race_end(&race);
}

static void overtake(gpointer user)
{
    struct race *race = user;

    race->late.before_go = NULL;
    run_early(race, TRUE);
}

static void test_whoever_is_overtaken_during_the_upload_gives_up(void)
{
    struct race race = {0};
    g_autoptr(GError) error = NULL;

    race_begin(&race, "\\\\desk\\in"); /* where no file stays that could be in the way */
    late_reads(&race);
    race.late.before_go = overtake;
    race.late.before_go_user = &race;
    g_assert_cmpint(export_attempt(&race.context, race.row, &error), ==, ATTEMPT_RUN_ENDS);
    g_assert_error(error, PT_ERROR, PT_ERROR_X26);
    race_end(&race);
}

static void test_a_closing_row_that_was_finished_meanwhile_is_left_alone(void)
{
    struct race race = {0};
    g_autoptr(GError) error = NULL;
    enum attempt_end end;

    race_begin(&race, "\\\\vault\\x");
    late_reads(&race);
    race.row->state = DELIVERY_CLOSING; /* what it had read in an earlier run */
    race.row->attempts = 1;
    race.row->temp_name = g_strdup(".x.part");
    run_early(&race, TRUE);
    end = export_resolve(&race.context, race.row, &error);
    expect_stop(&race, end, error);
    race_end(&race);
}

void overtaken_add(void)
{
    g_test_add_func("/simulation/overtaken/planned-row",
                    test_a_planned_row_that_was_sent_meanwhile_is_left_alone);
    g_test_add_func("/simulation/overtaken/failed-row",
                    test_a_failed_row_that_was_sent_meanwhile_is_left_alone);
    g_test_add_func("/simulation/overtaken/during-upload",
                    test_whoever_is_overtaken_during_the_upload_gives_up);
    g_test_add_func("/simulation/overtaken/closing-row",
                    test_a_closing_row_that_was_finished_meanwhile_is_left_alone);
}
