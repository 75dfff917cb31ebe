/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What status shows: last and next run, what is pending, the destination, the sources. */
#pragma once
#include "app/export.h"

G_BEGIN_DECLS

struct status {
    gint64 now;
    char *zone;
    gboolean enabled;
    gint64 next_run; /* 0 = none */
    gboolean has_last_run;
    struct run last_run; /* latest auto run */
    gboolean running;    /* its process is alive */
    struct export_pending pending;
    char *destination;  /* for people, no secret; NULL = incomplete */
    GPtrArray *sources; /* struct source_row * */
    gint64 jobs;        /* held */
    gint32 first_day, last_day;
    gint64 gap_jobs;     /* deleted by retention without ever being delivered */
    gboolean copy;       /* a backup's copy that was not adopted: nothing is delivered */
    gint32 waived_until; /* 0 */
};
void status_clear(struct status *status);
gboolean status_get(struct app *app, struct status *ret_status, GError **error);

G_END_DECLS
