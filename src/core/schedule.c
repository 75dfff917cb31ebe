/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When an export runs: what is missed, what failed and is tried again, and when to ask next (SPEC RB, RD). */
#include "core/schedule.h"

/* How far from today a nominal date is looked for: beyond any dates that do not exist. */
#define DATES_AROUND 4
#define RETRIES_MOST 10 /* export.retries; the wait doubles each time */

/* The facts that one question needs, all of them about now. */
struct view {
    const struct schedule *schedule;
    const struct schedule_run *runs;
    gsize n_runs;
    struct zone *zone;
    gint64 now;
    gint64 saved_at; /* never after now */
};

gboolean schedule_latest_nominal(struct zone *zone, int hour, gint64 now, gint32 *ret_date,
                                 gint64 *ret_instant)
{
    gint32 today = zone_day(zone, now);

    /* From tomorrow on: where the clock goes back over midnight, today's date can come again after a nominal
     * time of tomorrow. */
    for (int days = 1; days >= -DATES_AROUND; days--) {
        gint32 date = day_add(today, days);
        gint64 instant;

        if (zone_instant(zone, date, hour, &instant) && instant <= now) {
            *ret_date = date;
            *ret_instant = instant;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean schedule_next_nominal(struct zone *zone, int hour, gint64 now, gint32 *ret_date, gint64 *ret_instant)
{
    gint32 today = zone_day(zone, now);

    /* Every earlier date's hour has been reached, be it by stepping over it. */
    for (int days = 0; days <= DATES_AROUND; days++) {
        gint32 date = day_add(today, days);
        gint64 instant;

        if (zone_instant(zone, date, hour, &instant) && instant > now) {
            *ret_date = date;
            *ret_instant = instant;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean date_has_run(const struct view *view, gint32 date)
{
    for (gsize i = 0; i < view->n_runs; i++)
        if (view->runs[i].nominal_date == date)
            return TRUE;
    return FALSE;
}

/* The next nominal time that has no run yet: when the hour was moved to later today, today's run is not made
 * twice (RB5). */
static gboolean next_without_run(const struct view *view, gint32 *ret_date, gint64 *ret_instant)
{
    gint64 after = view->now;

    for (gsize i = 0; i <= view->n_runs; i++) {
        if (!schedule_next_nominal(view->zone, view->schedule->hour, after, ret_date, ret_instant))
            return FALSE;
        if (!date_has_run(view, *ret_date))
            return TRUE;
        after = *ret_instant;
    }
    return FALSE;
}

/* A nominal time that has passed since the schedule was saved and has no run: its date, or 0. */
static gint32 missed_date(const struct view *view)
{
    gint32 date;
    gint64 instant;

    if (!schedule_latest_nominal(view->zone, view->schedule->hour, view->now, &date, &instant))
        return 0;
    return instant > view->saved_at && !date_has_run(view, date) ? date : 0;
}

static gboolean cleared_by_hand(const struct view *view, gint64 failed_at)
{
    for (gsize i = 0; i < view->n_runs; i++)
        if (!view->runs[i].nominal_date && view->runs[i].succeeded && view->runs[i].started >= failed_at)
            return TRUE;
    return FALSE;
}

/* The latest nominal date that has runs, if none of them succeeded, else 0. Dates more than a day ahead were
   recorded under a wrong clock and say nothing of now; one day ahead can be the change to a zone further
   west. */
static gint32 failed_date(const struct view *view)
{
    gint32 latest = 0, today = zone_day(view->zone, view->now);
    gint64 started = 0;
    gboolean succeeded = FALSE;

    for (gsize i = 0; i < view->n_runs; i++) {
        const struct schedule_run *run = &view->runs[i];

        if (!run->nominal_date || run->nominal_date < latest || day_diff(run->nominal_date, today) > 1)
            continue;
        if (run->nominal_date > latest) {
            latest = run->nominal_date;
            started = run->started;
            succeeded = FALSE;
        }
        started = MAX(started, run->started);
        succeeded = succeeded || (run->ended && run->succeeded);
    }
    return succeeded || cleared_by_hand(view, started) ? 0 : latest;
}

/* When the failed run of `date` is tried again in between (RD3); 0 = not. */
static gint64 retry_instant(const struct view *view, gint32 date)
{
    gint64 last = G_MININT64, delay = (gint64)view->schedule->retry_minutes * 60;
    int made = 0;

    for (gsize i = 0; i < view->n_runs; i++) {
        const struct schedule_run *run = &view->runs[i];

        if (run->nominal_date != date)
            continue;
        last = MAX(last, run->ended ? run->ended : run->started);
        if (run->trigger == RUN_RETRY)
            made++;
    }
    if (made >= view->schedule->retries || made > RETRIES_MOST || delay <= 0)
        return 0;
    return last + (delay << made);
}

static void answer_run(struct schedule_answer *answer, enum run_trigger trigger, gint32 date)
{
    answer->action = SCHEDULE_RUN;
    answer->trigger = trigger;
    answer->nominal_date = date;
}

struct schedule_answer schedule_ask(const struct schedule *schedule, const struct schedule_run *runs,
                                    gsize n_runs, struct zone *zone, gint64 now, gboolean starting)
{
    struct schedule_answer answer = {.action = SCHEDULE_WAIT, .saved_at = MIN(schedule->saved_at, now)};
    const struct view view = {schedule, runs, n_runs, zone, now, answer.saved_at};
    gint32 missed, failed;
    gint64 retry;

    if (!schedule->enabled)
        return answer;
    if (!next_without_run(&view, &answer.next_nominal_date, &answer.next_run)) {
        answer.next_nominal_date = 0;
        answer.next_run = 0;
    }
    answer.next = answer.next_run;
    missed = missed_date(&view);
    failed = missed ? 0 : failed_date(&view);
    if (missed) {
        answer_run(&answer, starting ? RUN_STARTUP : RUN_SCHEDULE, missed);
    } else if (failed && starting) {
        answer_run(&answer, RUN_STARTUP, failed);
    } else if (failed) {
        retry = retry_instant(&view, failed);
        if (retry && retry <= now)
            answer_run(&answer, RUN_RETRY, failed);
        else if (retry && (!answer.next || retry < answer.next))
            answer.next = retry;
    }
    return answer;
}
