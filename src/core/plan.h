/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is due: which ranges of which days no automatic ledger row covers (DESIGN, "The whole exactly-once rule"). Pure. */
#pragma once
#include "core/calendar.h"
#include "core/ledger.h"

G_BEGIN_DECLS

/* One range that needs a file: (seq_from, seq_to] of day. */
struct plan_range {
    gint32 day;
    int revision;             /* lowest number above all that count as used for this day */
    gint64 seq_from, seq_to;  /* seq_to = 0: header-only file of an empty day */
    gint64 max_rows;          /* 0 = no limit; else a mail that was refused as too large (X16) must be split at least this small */
};

struct plan_input {
    const struct day_total *days; /* ascending by day */
    gsize n_days;
    struct delivery *const *rows; /* all auto rows of these days, any state, any order. Rows in state planned with attempts 0 do not count: they are planned anew */
    gsize n_rows;
    gint32 today;                 /* local day of now: never planned (RW1) */
    gboolean empty_days;          /* export.empty_days */
    gint32 newest_planned;        /* newest day of any auto row that is not void; 0 = none (then no empty days) */
    struct zone *zone;            /* which dates exist, for empty days */
};

/* Ranges to plan, ascending by day, then by seq. A range is a gap in the union of the (seq_from, seq_to] of the day's auto rows that are not void, below last_seq.
   New array of struct plan_range. */
GArray *plan_ranges(const struct plan_input *input);

/* Days that hold pending jobs (to plan or to send), ascending, and how many jobs at most: new array of gint32 days. */
GArray *plan_pending_days(const struct plan_input *input);

G_END_DECLS
