/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A year in the life of an installation: one process after the other, killed, paused, doubled. */
#include "year.h"

#include "people.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define DAY 86400
#define X26_STATUS 26
#define START G_GINT64_CONSTANT(1767225600) /* 2026-01-01T00:00:00Z */
#define LATE_DAYS 27

/* The one who lives outside of all the processes. */
struct fate_of_year {
    const struct year *year;
    struct world *world;
    GRand *rand;
    struct watch *watch;
    gboolean starting; /* the next daemon is switched on, not woken */
};

static const char *const points[] = {
    "export.collected", "export.started",   "export.planning",  "export.planned",
    "export.spooled",   "export.sending",   "export.uploaded",  "export.closing",
    "export.answered",  "export.delivered", "export.failed",    "export.resolved",
    "export.ended",     "spool.written",    "deliver.uploaded", "deliver.go",
};
/* While a planner is paused in its transaction the store must wait for it, and so would we. */
static const char *const pause_points[] = {
    "export.collected", "export.planned",  "export.spooled", "export.sending",   "export.uploaded",
    "export.closing",   "export.answered", "export.ended",   "deliver.uploaded", "export.delivered",
};

static gboolean chance(struct fate_of_year *fate, double probability)
{
    return fate->year->trouble > 0 && g_rand_double(fate->rand) < probability;
}

static struct plan plan_new(struct fate_of_year *fate, enum errand errand)
{
    return (struct plan){.errand = errand,
                         .seed = g_rand_int(fate->rand),
                         .trouble = fate->year->trouble,
                         .liar = fate->year->liar,
                         .starting = FALSE};
}

static void look(struct fate_of_year *fate)
{
    struct life life = {.world = fate->world};
    g_autoptr(PtApp) app = life_app(&life);

    watch_look(fate->watch, fate->world, app);
}

/* TRUE when it was killed as planned. */
static gboolean judge_end(struct fate_of_year *fate, pid_t pid, int status)
{
    world_bury(fate->world, pid, WIFSIGNALED(status));
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        world_note(fate->world, HAPPENED_DEATH);
        return TRUE;
    }
    if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != X26_STATUS))
        world_complain(fate->world, "a process broke down: status %x", (guint)status);
    return FALSE;
}

static int wait_for(pid_t pid, int options)
{
    int status = 0;

    while (waitpid(pid, &status, options) < 0)
        g_assert_cmpint(errno, ==, EINTR);
    return status;
}

/* Runs one process to its end; TRUE when it was killed. */
static gboolean live(struct fate_of_year *fate, const struct plan *plan)
{
    pid_t pid = life_begin(fate->world, plan);
    gboolean died = judge_end(fate, pid, wait_for(pid, 0));

    look(fate);
    if (died) {
        world_pass(fate->world, g_rand_int_range(fate->rand, 30, chance(fate, 0.3) ? 3 * DAY : DAY / 3));
        fate->starting = TRUE;
    }
    return died;
}

/* --- what a day can bring --- */

static void ordinary_days(struct fate_of_year *fate)
{
    struct plan plan = plan_new(fate, ERRAND_DAEMON);
    g_autofree char *fault = NULL;

    plan.until = fate->world->truth + g_rand_int_range(fate->rand, DAY / 2, 8 * DAY);
    plan.starting = fate->starting;
    fate->starting = FALSE;
    if (chance(fate, 0.45)) {
        fault =
            g_strdup_printf("%s:%d", points[g_rand_int_range(fate->rand, 0, (gint32)G_N_ELEMENTS(points))],
                            g_rand_int_range(fate->rand, 1, 6));
        plan.fault = fault;
    } else if (chance(fate, 0.5)) {
        plan.death_step = g_rand_int_range(fate->rand, 1, 120);
    }
    world_note(fate->world, HAPPENED_SESSION);
    if (!live(fate, &plan) && chance(fate, 0.3)) {
        world_pass(fate->world, g_rand_int_range(fate->rand, 60, 2 * DAY)); /* switched off in good order */
        fate->starting = TRUE;
    }
}

/* A day passes with jobs, so that there is something to send. */
static void working_day(struct fate_of_year *fate)
{
    struct plan plan = plan_new(fate, ERRAND_INGEST);

    (void)live(fate, &plan);
    world_pass(fate->world, DAY);
}

static void duel(struct fate_of_year *fate)
{
    static const enum errand errands[] = {ERRAND_TICK, ERRAND_HAND, ERRAND_HAND, ERRAND_ADMIN, ERRAND_INGEST};
    pid_t pids[G_N_ELEMENTS(errands)];

    working_day(fate);
    for (guint i = 0; i < G_N_ELEMENTS(errands); i++) {
        struct plan plan = plan_new(fate, errands[i]);
        pids[i] = life_begin(fate->world, &plan);
    }
    for (guint i = 0; i < G_N_ELEMENTS(errands); i++)
        (void)judge_end(fate, pids[i], wait_for(pids[i], 0));
    world_note(fate->world, HAPPENED_DUEL);
    look(fate);
}

/* Nobody may overtake while the lock is held, however long its holder sleeps. */
static void nobody_overtakes(struct fate_of_year *fate, const char *whom)
{
    struct plan hand = plan_new(fate, ERRAND_HAND);
    pid_t pid = life_begin(fate->world, &hand);
    int status = wait_for(pid, 0);

    world_bury(fate->world, pid, WIFSIGNALED(status));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != X26_STATUS)
        world_complain(fate->world, "a second run overtook %s (status %x)", whom, (guint)status);
}

static void paused_runner(struct fate_of_year *fate)
{
    struct plan tick = plan_new(fate, ERRAND_TICK);
    g_autofree char *fault = NULL;
    pid_t pid, other;
    int status;

    working_day(fate);
    fault = g_strdup_printf(
        "%s=stop", pause_points[g_rand_int_range(fate->rand, 0, (gint32)G_N_ELEMENTS(pause_points))]);
    tick.fault = fault;
    pid = life_begin(fate->world, &tick);
    status = wait_for(pid, WUNTRACED);
    if (WIFSTOPPED(status)) {
        struct plan ingest = plan_new(fate, ERRAND_INGEST);

        nobody_overtakes(fate, "a paused run");
        other = life_begin(fate->world, &ingest);
        (void)judge_end(fate, other, wait_for(other, 0));
        world_pass(fate->world, g_rand_int_range(fate->rand, 60, 3 * DAY));
        nobody_overtakes(fate, "a run that is still paused");
        g_assert_cmpint(kill(pid, SIGCONT), ==, 0);
        status = wait_for(pid, 0);
        world_note(fate->world, HAPPENED_PAUSE);
    }
    (void)judge_end(fate, pid, status);
    look(fate);
}

/* The run dies after `go`; its helper does not know and renames late. */
static void surviving_helper(struct fate_of_year *fate)
{
    struct plan tick = plan_new(fate, ERRAND_TICK);
    pid_t runner, helper;
    int status = 0;

    working_day(fate);
    tick.survivor = TRUE;
    runner = life_begin(fate->world, &tick);
    (void)judge_end(fate, runner, wait_for(runner, 0));
    helper = waitpid(-1, &status, WUNTRACED);
    if (helper > 0) {
        if (!WIFSTOPPED(status))
            world_complain(fate->world, "the helper ended by itself: status %x", (guint)status);
        nobody_overtakes(fate, "a helper that outlived its run");
        world_pass(fate->world, g_rand_int_range(fate->rand, 1, DAY));
        g_assert_cmpint(kill(helper, g_rand_boolean(fate->rand) ? SIGCONT : SIGKILL), ==, 0);
        (void)wait_for(helper, 0);
        world_note(fate->world, HAPPENED_SURVIVOR);
    }
    look(fate);
    fate->starting = TRUE;
}

static void crowded_run(struct fate_of_year *fate)
{
    struct plan ingest = plan_new(fate, ERRAND_INGEST);
    struct plan tick = plan_new(fate, ERRAND_TICK);
    pid_t first, second;

    working_day(fate);
    if (chance(fate, 0.4))
        tick.death_step = g_rand_int_range(fate->rand, 1, 20);
    first = life_begin(fate->world, &ingest);
    second = life_begin(fate->world, &tick);
    (void)judge_end(fate, second, wait_for(second, 0));
    (void)judge_end(fate, first, wait_for(first, 0));
    world_note(fate->world, HAPPENED_CROWD);
    look(fate);
}

static void next_thing(struct fate_of_year *fate)
{
    static const struct {
        double often;
        void (*happens)(struct fate_of_year *fate);
    } things[] = {{0.06, duel}, {0.08, paused_runner}, {0.08, surviving_helper}, {0.08, crowded_run}};
    double at = g_rand_double(fate->rand);

    for (guint i = 0; i < G_N_ELEMENTS(things) && fate->year->trouble > 0; i++) {
        at -= things[i].often;
        if (at < 0) {
            things[i].happens(fate);
            return;
        }
    }
    ordinary_days(fate);
}

/* --- the end --- */

static void good_days(struct fate_of_year *fate, int days)
{
    struct plan plan = plan_new(fate, ERRAND_DAEMON);
    struct life life = {.world = fate->world, .rand = fate->rand};
    struct app *app = life_app(&life);

    people_tidy(&life, app);
    app_free(app); /* before anybody is forked: a handle belongs to one process */
    plan.trouble = 0;
    plan.settled = TRUE;
    plan.starting = TRUE;
    plan.until = fate->world->truth + days * DAY;
    (void)live(fate, &plan);
}

/* Jobs that came under a clock of years ahead belong to days that have yet to pass. */
static gint64 last_day_over(const struct world *world)
{
    gint32 last = 0;
    g_autoptr(PtZone) zone = zone_new("UTC", NULL);
    gint64 utc = 0;

    for (gint32 i = 0; i < world->n_jobs; i++)
        last = MAX(last, world->jobs[i].day);
    for (gint32 i = 0; i < world->n_jobs; i++)
        for (guint j = 0; j < G_N_ELEMENTS(world->jobs[i].maybe); j++)
            last = MAX(last, world->jobs[i].maybe[j]);
    if (!last || !zone_instant(zone, day_add(last, 3), 0, &utc))
        return world->truth;
    return MAX(utc, world->truth);
}

struct world *year_live(const struct year *year)
{
    struct fate_of_year fate = {.year = year, .world = world_new(START), .starting = TRUE};
    gint64 end = START + year->days * (gint64)DAY;

    g_assert_cmpint(prctl(PR_SET_CHILD_SUBREAPER, 1), ==, 0);
    fate.rand = g_rand_new_with_seed(year->seed);
    fate.watch = watch_new();
    life_found(fate.world, year->seed);
    while (fate.world->truth < end && fate.world->n_complaints == 0)
        next_thing(&fate);
    good_days(&fate, 5);
    world_pass(fate.world, LATE_DAYS * DAY);
    good_days(&fate, 4);
    fate.world->truth = last_day_over(fate.world);
    good_days(&fate, 4);
    watch_free(fate.watch);
    g_rand_free(fate.rand);
    return fate.world;
}

GPtrArray *year_judge(struct world *world)
{
    struct life life = {.world = world};
    g_autoptr(PtApp) app = life_app(&life);

    return verdict(world, app);
}
