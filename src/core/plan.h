/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is due: which ranges of which days no automatic ledger row covers (ARCHITECTURE.md, "Exactly
 * once"). Pure. */
#pragma once
#include "core/calendar.h"
#include "core/ledger.h"

G_BEGIN_DECLS

/* One range that needs a file: (seq_from, seq_to] of day. */
struct plan_range {
    gint32 day;
    int revision; /* lowest number above all that count as used for this day: by rows that cover their range,
                     and by void rows whose error is X15 (name taken) or X16 (other parts may be out); void
                     for a change of target frees its number */
    gint64 seq_from, seq_to; /* seq_to = 0: header-only file of an empty day */
    gint64 max_rows; /* 0 = no limit; else a mail that was refused as too large (X16) must be split at least
                        this small */
};

struct plan_input {
    const struct day_total *days; /* ascending by day */
    gsize n_days;
    struct delivery *const
        *rows; /* all auto rows of these days, and of days without jobs (header-only files), any state, any
                  order. Rows in state planned with attempts 0 do not count: they are planned anew */
    gsize n_rows;
    gint32 today;          /* local day of now: never planned (RW1) */
    gboolean empty_days;   /* export.empty_days */
    gint32 newest_planned; /* newest day, before today, of any auto row that is not void; 0 = none (then no
                              empty days). Not 0: at least the last day that retention deleted */
    struct zone *zone;     /* which dates exist, for empty days */
};

/* Ranges to plan, ascending by day, then by seq. A range is a gap in the union of the (seq_from, seq_to] of
   the day's auto rows that are not void, below last_seq. With empty_days also (0, 0]: for each existing date
   without jobs after newest_planned, and for one whose header-only row was released or never tried. New array
   of struct plan_range. */
GArray *plan_ranges(const struct plan_input *input);

/* Days before today that hold pending jobs (to plan or to send), ascending: new array of gint32 days. */
GArray *plan_pending_days(const struct plan_input *input);
/* How many jobs those days hold that are neither delivered nor waived; at most, should a settled row not know
 * its number of rows. */
gint64 plan_pending_jobs(const struct plan_input *input);

G_END_DECLS
