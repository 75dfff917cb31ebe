/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When does an export run: a pure function of settings, recorded runs, zone and now (SPEC RB, RD). */
#pragma once
#include "core/calendar.h"
#include "core/ledger.h"

G_BEGIN_DECLS

struct schedule {
    gboolean enabled;
    int hour;          /* 0–23 */
    gint64 saved_at;   /* run times count only after this instant (RB5) */
    int retries;       /* RD3: 0–10 */
    int retry_minutes; /* first retry after this many minutes, doubling */
};

/* What the schedule has to know of earlier runs (kind auto, triggers schedule, startup and retry); order does
   not matter. Runs of up to the latest 400 nominal dates are enough. Dates more than a day ahead of now
   (recorded under a wrong clock) only hold themselves back. Runs by hand (nominal_date 0) may be passed in:
   one that succeeded after the failed run clears the failure. */
struct schedule_run {
    gint32 nominal_date;
    enum run_trigger trigger;
    gint64 started, ended; /* ended 0: its process died (a run that is still alive is not passed in, or holds
                              the export lock) */
    gboolean succeeded;
};

enum schedule_action { SCHEDULE_WAIT, SCHEDULE_RUN };

struct schedule_answer {
    enum schedule_action action;
    enum run_trigger trigger; /* of the run to start now */
    gint32 nominal_date;      /* of the run to start now */
    gint64 next; /* when to ask again at the latest: next run or retry, strictly after now; 0 = never
                    (switched off) */
    gint32 next_nominal_date; /* nominal date of the next *scheduled* run … */
    gint64 next_run;          /* … and its instant (what status shows as next_run); 0 = none */
    gint64 saved_at; /* schedule.saved_at, or now when that is in the future (saved under a wrong clock): the
                        caller stores it back when it differs, else run times would not count before that
                        future moment */
};

/* `starting`: the daemon has just started (RD1, RD2, RD4): a missed run or a failed latest due run is run
   now, as RUN_STARTUP. Otherwise: a nominal time that has passed since saved_at and has no run recorded for
   exactly that nominal date → RUN_SCHEDULE (also after a clock step). Retries (RD3) → RUN_RETRY with the
   failed run's nominal date, until the next nominal time; they are counted per nominal date. A failed run is
   the latest nominal date's when none of its runs succeeded; saving the schedule does not clear it (RB5). */
struct schedule_answer schedule_ask(const struct schedule *schedule, const struct schedule_run *runs,
                                    gsize n_runs, struct zone *zone, gint64 now, gboolean starting);

/* The latest nominal date whose instant is ≤ now; FALSE only at the edge of the calendar. */
gboolean schedule_latest_nominal(struct zone *zone, int hour, gint64 now, gint32 *ret_date,
                                 gint64 *ret_instant);
/* The first nominal date whose instant is > now. */
gboolean schedule_next_nominal(struct zone *zone, int hour, gint64 now, gint32 *ret_date,
                               gint64 *ret_instant);

G_END_DECLS
