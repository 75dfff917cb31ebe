/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lives of the processes: the daemon from power-on to power-off, and who else touches the store. */
#include "life.h"

#include "app/config.h"
#include "app/export.h"
#include "app/retention.h"
#include "app/scheduler.h"
#include "people.h"
#include <string.h>
#include <unistd.h>

#define DAY 86400
#define X26_STATUS 26

static gint64 clock_of(gpointer user)
{
    return world_now(user);
}

struct app *life_app(struct life *life)
{
    g_autofree char *state = world_path(life->world, "state");
    g_autoptr(GError) error = NULL;
    struct app *app = app_open(state, STORE_CREATE, &error);

    if (!app)
        g_error("the store cannot be opened: %s", error->message);
    app->clock = clock_of;
    app->clock_user = life->world;
    app->deliver = &receiver_ops;
    app->deliver_user = life;
    return app;
}

void life_found(struct world *world, guint32 seed)
{
    struct life life = {.world = world, .rand = g_rand_new_with_seed(seed)};
    g_autoptr(PtApp) app = life_app(&life);

    receivers_open(world);
    for (guint i = 0; i < WORLD_SOURCES; i++) {
        g_autofree char *name = g_strdup_printf("printer%u", i);
        g_assert_true(store_source_add(app->store, name, "import", "", &world->source[i], NULL));
    }
    people_settle_in(&life, app);
    g_rand_free(life.rand);
}

/* --- one run --- */

static int run_export(struct life *life, struct app *app, const struct export_request *request)
{
    g_autoptr(GError) error = NULL;
    struct run run = {0};
    gint64 jobs = 0;

    jobs_look(life->world, app);
    if (!export_run(app, request, &run, &error)) {
        if (pt_error_code_of(error) == PT_ERROR_X26)
            return X26_STATUS;
        world_complain(life->world, "a run could not be made: %s", error->message);
        return 0;
    }
    world_note(life->world, HAPPENED_RUN);
    for (gint64 i = 0; i < run.files; i++)
        world_note(life->world, HAPPENED_DELIVERY);
    if (life->trouble <= 0 && run.result != RUN_SUCCESS && !life->liar &&
        g_strcmp0(run.code, "INTEGRITY") != 0)
        world_complain(life->world, "a run on a good day ended as %s: %s %s", run_result_name(run.result),
                       run.code ? run.code : "", run.text ? run.text : "");
    jobs = run.jobs;
    run_clear(&run);
    return jobs >= 0 ? 0 : 1;
}

/* Whether the schedule wants a run now; it is made then. */
static gboolean ask_and_run(struct life *life, struct app *app, gboolean starting, gint64 *ret_next)
{
    struct schedule_answer answer = {0};
    struct export_request request = {.lock_wait_ms = -1, .skip_sources = TRUE};
    g_autoptr(GError) error = NULL;

    if (!scheduler_ask(app, starting, &answer, &error)) {
        world_complain(life->world, "the schedule cannot be asked: %s", error->message);
        return FALSE;
    }
    *ret_next = answer.next;
    if (answer.action != SCHEDULE_RUN)
        return FALSE;
    request.trigger = answer.trigger;
    request.nominal_date = answer.nominal_date;
    request.network_grace = answer.trigger == RUN_STARTUP;
    (void)run_export(life, app, &request);
    return TRUE;
}

static int run_by_hand(struct life *life, struct app *app, int wait_ms)
{
    struct export_request request = {.trigger = RUN_HAND, .lock_wait_ms = wait_ms, .skip_sources = TRUE};

    return run_export(life, app, &request);
}

/* --- the daemon --- */

static gint64 how_long(struct life *life, gint64 next)
{
    gint64 wait = g_rand_int_range(life->rand, 1800, 50000);

    if (next > 0 && next > world_now(life->world))
        wait = MIN(wait, next - world_now(life->world) + g_rand_int_range(life->rand, 0, 20));
    return wait;
}

static void live_as_daemon(struct life *life, const struct plan *plan)
{
    g_autoptr(PtApp) app = life_app(life);
    gboolean starting = plan->starting;
    gint64 next = 0;
    gint64 wait;

    while (life->world->truth < plan->until) {
        (void)ask_and_run(life, app, starting, &next); /* the answer to the next question says what is left */
        starting = FALSE;
        wait = how_long(life, next);
        world_pass(life->world, wait);
        jobs_happen(life, plan->settled ? 0 : wait);
        jobs_offer(life, app);
        if (!plan->settled)
            people_meddle(life, app);
    }
}

static int live_as_runner(struct life *life, const struct plan *plan)
{
    g_autoptr(PtApp) app = life_app(life);
    gint64 next;

    if (plan->errand == ERRAND_HAND)
        return run_by_hand(life, app, 0);
    return ask_and_run(life, app, plan->starting, &next) ? 0 : run_by_hand(life, app, -1);
}

static void live_as_ingester(struct life *life)
{
    g_autoptr(PtApp) app = life_app(life);

    for (int i = 0; i < 8; i++) {
        world_pass(life->world, 60);
        jobs_happen(life, DAY / 4);
        jobs_offer(life, app);
    }
}

static void live_as_admin(struct life *life)
{
    g_autoptr(PtApp) app = life_app(life);

    for (int i = 0; i < 6; i++)
        people_meddle(life, app);
}

int life_live(struct world *world, const struct plan *plan)
{
    struct life life = {.world = world,
                        .rand = g_rand_new_with_seed(plan->seed),
                        .trouble = plan->trouble,
                        .death_step = plan->death_step,
                        .survivor = plan->survivor,
                        .liar = plan->liar,
                        .meanwhile = plan->errand == ERRAND_ADMIN};
    int status = 0;

    world_naps(world);
    switch (plan->errand) {
    case ERRAND_DAEMON:
        live_as_daemon(&life, plan);
        break;
    case ERRAND_TICK:
    case ERRAND_HAND:
        status = live_as_runner(&life, plan);
        break;
    case ERRAND_INGEST:
        live_as_ingester(&life);
        break;
    case ERRAND_ADMIN:
        live_as_admin(&life);
        break;
    }
    g_rand_free(life.rand);
    return status;
}

pid_t life_begin(struct world *world, const struct plan *plan)
{
    pid_t pid = fork();

    g_assert_cmpint(pid, >=, 0);
    if (pid > 0)
        return pid;
    if (plan->fault)
        g_assert_true(g_setenv("PT_FAULT", plan->fault, TRUE));
    _exit(life_live(world, plan));
}
