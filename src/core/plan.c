/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is due: the gaps that the ledger's rows leave in the days before today, and the files that empty days
 * still need. */
#include "core/plan.h"

#include <string.h>

/* One day's rows: a piece of all rows, sorted by day and seq_from. */
struct day_rows {
    struct delivery *const *rows;
    gsize n;
};

/* Auto rows in order; `next` is the first row that no day has taken yet. */
struct row_walk {
    const struct plan_input *input;
    GPtrArray *sorted;
    gsize next;
};

static gint compare_rows(gconstpointer a, gconstpointer b)
{
    const struct delivery *left = *(struct delivery *const *)a;
    const struct delivery *right = *(struct delivery *const *)b;

    if (left->day != right->day)
        return left->day < right->day ? -1 : 1;
    if (left->seq_from != right->seq_from)
        return left->seq_from < right->seq_from ? -1 : 1;
    return 0;
}

static struct row_walk walk_begin(const struct plan_input *input)
{
    GPtrArray *sorted = g_ptr_array_sized_new((guint)MIN(input->n_rows, G_MAXUINT / 2));

    for (gsize i = 0; i < input->n_rows; i++)
        if (input->rows[i]->kind == DELIVERY_AUTO)
            g_ptr_array_add(sorted, input->rows[i]);
    g_ptr_array_sort(sorted, compare_rows);
    return (struct row_walk){.input = input, .sorted = sorted};
}

/* The day of the first row not taken yet; G_MAXINT32 if there is none. */
static gint32 walk_day(const struct row_walk *walk)
{
    const struct delivery *row;

    if (walk->next >= walk->sorted->len)
        return G_MAXINT32;
    row = g_ptr_array_index(walk->sorted, walk->next);
    return row->day;
}

/* Takes the rows of `day`, which is not after walk_day() of the rest. */
static struct day_rows walk_take(struct row_walk *walk, gint32 day)
{
    gsize first = walk->next;

    while (walk_day(walk) == day)
        walk->next++;
    return (struct day_rows){(struct delivery *const *)walk->sorted->pdata + first, walk->next - first};
}

/* A row that covers its range: neither released nor planned and never tried, which is planned anew. */
static gboolean row_covers(const struct delivery *row)
{
    switch (row->state) {
    case DELIVERY_PLANNED:
        return row->attempts > 0;
    case DELIVERY_VOID:
        return FALSE;
    case DELIVERY_SENDING:
    case DELIVERY_CLOSING:
    case DELIVERY_DELIVERED:
    case DELIVERY_FAILED:
    case DELIVERY_WAIVED:
        return TRUE;
    }
    return FALSE;
}

static gboolean row_void_for(const struct delivery *row, const char *code)
{
    return row->state == DELIVERY_VOID && row->error && !strcmp(row->error, code);
}

/* After X15 a foreign file has the name, after X16 other parts of that revision may have gone out; a row
   released for a change of target has left nothing of its name anywhere. */
static gboolean row_uses_revision(const struct delivery *row)
{
    return row_covers(row) || row_void_for(row, "X15") || row_void_for(row, "X16");
}

static gboolean row_to_send(const struct delivery *row)
{
    return row_covers(row) && row->state != DELIVERY_DELIVERED && row->state != DELIVERY_WAIVED;
}

static int next_revision(const struct day_rows *day)
{
    int used = 0;

    for (gsize i = 0; i < day->n; i++)
        if (row_uses_revision(day->rows[i]))
            used = MAX(used, day->rows[i]->revision);
    return MIN(used, G_MAXINT - 1) + 1;
}

static gboolean day_has_cover(const struct day_rows *day)
{
    for (gsize i = 0; i < day->n; i++)
        if (row_covers(day->rows[i]))
            return TRUE;
    return FALSE;
}

/* Half the rows of the smallest mail that was too large and held something of (from, to]. */
static gint64 gap_max_rows(const struct day_rows *day, gint64 from, gint64 to)
{
    gint64 most = 0;

    for (gsize i = 0; i < day->n; i++) {
        const struct delivery *row = day->rows[i];

        if (row_void_for(row, "X16") && row->seq_from < to && row->seq_to > from) {
            gint64 half = MAX(1, row->rows / 2);
            most = most ? MIN(most, half) : half;
        }
    }
    return most;
}

/* Finds the first gap above `covered` in what the day's rows cover up to `last_seq`, `at` being the first row
 * to look at. */
static gboolean next_gap(const struct day_rows *day, gint64 last_seq, gsize *at, gint64 *covered,
                         gint64 *ret_from, gint64 *ret_to)
{
    gint64 from = *covered;

    for (; *at < day->n && from < last_seq; (*at)++) {
        const struct delivery *row = day->rows[*at];

        if (!row_covers(row) || row->seq_to <= from)
            continue;
        if (row->seq_from > from)
            break;
        from = row->seq_to;
    }
    if (from >= last_seq)
        return FALSE;
    *ret_from = from;
    *ret_to = *at < day->n ? MIN(last_seq, day->rows[*at]->seq_from) : last_seq;
    *covered = *ret_to;
    return TRUE;
}

static void append_range(GArray *ranges, gint32 day, int revision, gint64 from, gint64 to, gint64 max_rows)
{
    struct plan_range range = {
        .day = day, .revision = revision, .seq_from = from, .seq_to = to, .max_rows = max_rows};

    g_array_append_val(ranges, range);
}

static void plan_day(const struct day_total *total, const struct day_rows *rows, GArray *ranges)
{
    gint64 covered = 0, from, to;
    int revision = next_revision(rows);
    gsize at = 0;

    while (next_gap(rows, total->last_seq, &at, &covered, &from, &to))
        append_range(ranges, total->day, revision++, from, to, gap_max_rows(rows, from, to));
}

/* Whether a header-only file was planned once. (Rows with jobs, on a day that holds none, are of jobs that
 * retention has deleted.) */
static gboolean day_was_empty(const struct day_rows *day)
{
    for (gsize i = 0; i < day->n; i++)
        if (!day->rows[i]->seq_to)
            return TRUE;
    return FALSE;
}

/* A day without jobs: one that no row has reached yet, or one whose header-only file was released or never
 * tried. */
static void plan_empty_day(const struct plan_input *input, gint32 day, const struct day_rows *rows,
                           GArray *ranges)
{
    gboolean fresh = input->newest_planned && day > input->newest_planned && zone_has_day(input->zone, day);

    if (input->empty_days && !day_has_cover(rows) && (fresh || day_was_empty(rows)))
        append_range(ranges, day, next_revision(rows), 0, 0, 0);
}

/* The next date after `day` that may need a header-only file though nothing of it is recorded; G_MAXINT32 if
 * there is none. */
static gint32 next_fresh_day(const struct plan_input *input, gint32 day)
{
    gint32 next;

    if (!input->empty_days || !input->newest_planned)
        return G_MAXINT32;
    next = day_add(MAX(day, input->newest_planned), 1);
    return next > day && next < input->today ? next : G_MAXINT32;
}

GArray *plan_ranges(const struct plan_input *input)
{
    GArray *ranges = g_array_new(FALSE, FALSE, sizeof(struct plan_range));
    struct row_walk walk = walk_begin(input);
    gint32 day = 0;
    gsize at = 0;

    for (;;) {
        gint32 with_jobs = at < input->n_days ? input->days[at].day : G_MAXINT32;
        gint32 fresh = next_fresh_day(input, day), with_rows = walk_day(&walk);
        struct day_rows rows;

        day = MIN(MIN(with_jobs, with_rows), fresh);
        if (day >= input->today)
            break;
        rows = walk_take(&walk, day);
        if (day == with_jobs && input->days[at].last_seq > 0)
            plan_day(&input->days[at], &rows, ranges);
        else
            plan_empty_day(input, day, &rows, ranges);
        if (day == with_jobs)
            at++;
    }
    g_ptr_array_unref(walk.sorted);
    return ranges;
}

/* Whether jobs of the day wait, and how many rows of it are settled for good. */
static gboolean day_pending(const struct day_total *total, const struct day_rows *rows, gint64 *ret_settled)
{
    gint64 covered = 0, from, to, settled = 0;
    gsize at = 0;
    gboolean pending = next_gap(rows, total->last_seq, &at, &covered, &from, &to);

    for (gsize i = 0; i < rows->n; i++) {
        const struct delivery *row = rows->rows[i];

        if (row_to_send(row))
            pending = pending || row->seq_to > row->seq_from;
        else if (row_covers(row))
            settled += CLAMP(row->rows, 0, total->jobs);
    }
    *ret_settled = settled;
    return pending;
}

static GArray *pending(const struct plan_input *input, gint64 *ret_jobs)
{
    GArray *days = g_array_new(FALSE, FALSE, sizeof(gint32));
    struct row_walk walk = walk_begin(input);

    *ret_jobs = 0;
    for (gsize i = 0; i < input->n_days && input->days[i].day < input->today; i++) {
        const struct day_total *total = &input->days[i];
        struct day_rows rows;
        gint64 settled;

        while (walk_day(&walk) < total->day)
            walk.next++;
        rows = walk_take(&walk, total->day);
        if (!day_pending(total, &rows, &settled))
            continue;
        g_array_append_val(days, total->day);
        *ret_jobs += MAX(0, total->jobs - settled);
    }
    g_ptr_array_unref(walk.sorted);
    return days;
}

GArray *plan_pending_days(const struct plan_input *input)
{
    gint64 jobs;

    return pending(input, &jobs);
}

gint64 plan_pending_jobs(const struct plan_input *input)
{
    gint64 jobs;

    g_array_unref(pending(input, &jobs));
    return jobs;
}
