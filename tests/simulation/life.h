/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lives of the processes: the daemon from power-on to power-off, and who else touches the store. */
#pragma once
#include "jobs.h"

G_BEGIN_DECLS

/* What one process is to do. All end with _exit(): 0, or 26 when another export was running. */
enum errand {
    ERRAND_DAEMON, /* lives until `until`: jobs come, the schedule is asked, people change things */
    ERRAND_TICK,   /* asks the schedule once and runs what is due; by hand when nothing is */
    ERRAND_HAND,   /* a run by hand that does not wait for the lock */
    ERRAND_INGEST, /* stores jobs in small commits for a while */
    ERRAND_ADMIN,  /* waives, resends, changes settings */
};
struct plan {
    enum errand errand;
    guint32 seed;
    double trouble;
    gboolean starting; /* DAEMON: just powered on */
    gboolean settled;  /* DAEMON: nobody changes anything any more */
    gint64 until;      /* DAEMON: true time of the orderly end */
    const char *fault; /* PT_FAULT; NULL = none */
    int death_step;
    gboolean survivor;
    gboolean liar;
};
/* Starts a process on that errand. */
pid_t life_begin(struct world *world, const struct plan *plan);
/* The same in this process, without end. Returns the exit status. */
int life_live(struct world *world, const struct plan *plan);

/* Makes the state directory with its sources and first settings. */
void life_found(struct world *world, guint32 seed);
struct app *life_app(struct life *life);

G_END_DECLS
