/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Polls an IPP printer: everything that it still remembers. */
#include "source/poll.h"

/* Up-time and clock disagree by less than this from one poll to the next; beyond, one of the two was set. */
#define BOOT_TOLERANCE 30
#define UNIX_TIME_MIN 1000000000

/* The printer's up-time, from the first job that tells it; JOB_NONE if none does or if it tells Unix time. */
static gint64 up_time_of(ipp_t *answer)
{
    g_auto(PtIppJob) job = {0};

    ipp_job_init(&job);
    (void)ippFirstAttribute(answer);
    while (ipp_job_next(&job, answer))
        if (job.up_time != JOB_NONE)
            return job.up_time < UNIX_TIME_MIN ? job.up_time : JOB_NONE;
    return JOB_NONE;
}

/* Is there a time that only the printer's up-time can place? */
static gboolean needs_up_time(ipp_t *answer)
{
    g_auto(PtIppJob) job = {0};

    ipp_job_init(&job);
    (void)ippFirstAttribute(answer);
    while (ipp_job_next(&job, answer))
        if (job.completed != JOB_NONE && job.completed < UNIX_TIME_MIN && !job.attr[IPP_ATTR_DATE_COMPLETED])
            return TRUE;
    return FALSE;
}

static gboolean lose_all(struct poll *poll, gboolean all, GError **error)
{
    g_autoptr(GList) ids = g_hash_table_get_keys(poll->cursor->open);

    for (GList *item = ids; item; item = item->next) {
        const struct cursor_open *open = cursor_open_find(poll->cursor, GPOINTER_TO_INT(item->data));

        if ((all || !open->present) && !poll_lost(poll, GPOINTER_TO_INT(item->data), error))
            return FALSE;
    }
    return TRUE;
}

/* Keeps the moment of the printer's start, to which its times are relative, as steady as it can be: a job's
   end must not differ from poll to poll. A printer that has been up for less time than passed since the last
   poll, or less than it was then, was started anew: ids begin again. */
static gboolean follow_clock(struct poll *poll, gint64 up_time, GError **error)
{
    struct cursor *cursor = poll->cursor;
    gint64 boot = poll->target->now - up_time;
    gboolean anew;

    if (up_time == JOB_NONE)
        return TRUE;
    anew = !cursor->fresh && cursor->up_time != JOB_NONE &&
           (up_time < cursor->up_time || up_time < poll->target->now - cursor->up_time_at - BOOT_TOLERANCE);
    if (cursor->boot == JOB_NONE || anew || ABS(boot - cursor->boot) > BOOT_TOLERANCE)
        cursor->boot = boot;
    cursor->up_time = up_time;
    cursor->up_time_at = poll->target->now;
    if (!anew)
        return TRUE;
    poll->report->reset = TRUE;
    cursor->epoch++;
    cursor->high = poll->high = 0;
    g_hash_table_remove_all(cursor->seen);
    return lose_all(poll, TRUE, error);
}

struct ids {
    GHashTable *all; /* job ids of both answers */
    gboolean old;    /* history reaches back to what was known before */
    int top;
};

static gboolean take_all(struct poll *poll, ipp_t *answer, gboolean completed, struct ids *ids, GArray *seen,
                         GError **error)
{
    g_auto(PtIppJob) job = {0};

    ipp_job_init(&job);
    (void)ippFirstAttribute(answer);
    while (ipp_job_next(&job, answer)) {
        /* some firmware leaves job-state out: a completed job with an end did end */
        if (completed && job.state == 0 && job.completed != JOB_NONE)
            job.finished = TRUE;
        if (job.id) {
            g_hash_table_add(ids->all, GINT_TO_POINTER(job.id));
            ids->top = MAX(ids->top, job.id);
            ids->old = ids->old || (completed && job.id <= poll->high);
        }
        if (job.finished) {
            guint64 fingerprint = ipp_job_fingerprint(&job, poll->cursor->epoch);

            g_array_append_val(seen, fingerprint);
        }
        if (!poll_take(poll, &job, error))
            return FALSE;
    }
    return TRUE;
}

/* Ids were given out since the last poll that no answer holds, and nothing older is left either: they ended
 * and were forgotten in between. */
static gboolean has_gap(const struct poll *poll, const struct ids *ids)
{
    if (poll->cursor->fresh || !poll->high || ids->old || ids->top <= poll->high)
        return FALSE;
    if (ids->top - poll->high > CURSOR_OPEN_MAX)
        return TRUE;
    for (int id = poll->high + 1; id <= ids->top; id++)
        if (!g_hash_table_contains(ids->all, GINT_TO_POINTER(id)))
            return TRUE;
    return FALSE;
}

/* Unfinished jobs. Not all firmware can tell; *ret_answer is NULL then. */
static gboolean get_open(struct poll *poll, ipp_t **ret_answer, GError **error)
{
    struct poll_jobs query = {.which = "not-completed"};
    g_autoptr(GError) refused = NULL;

    *ret_answer = poll_get_jobs(poll, &query, &refused);
    if (*ret_answer || ipp_client_refused(poll->client))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&refused));
    return FALSE;
}

gboolean poll_printer(struct poll *poll, GError **error)
{
    struct poll_jobs query = {.which = "completed"};
    g_autoptr(ipp_t) open = NULL, completed = NULL;
    g_autoptr(GHashTable) all = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_autoptr(GArray) seen = g_array_new(FALSE, FALSE, sizeof(guint64));
    struct ids ids = {.all = all};
    gint64 up_time;

    if (!poll_ask(poll, "", error) ||
        !get_open(poll, &open, error)) /* open first: what ends in between is in both */
        return FALSE;
    completed = poll_get_jobs(poll, &query, error);
    if (!completed)
        return FALSE;
    if (poll_is_missing(completed)) {
        pt_error_set(error, PT_ERROR_S03, "%s: no such printer there", "%s: そのプリンタはありません",
                     ipp_client_uri(poll->client));
        return FALSE;
    }
    up_time = up_time_of(completed);
    if (up_time == JOB_NONE && open)
        up_time = up_time_of(open);
    if (up_time == JOB_NONE && needs_up_time(completed)) {
        poll->cursor->asked_at = 0; /* what is known of the printer is fresh enough, but not this */
        poll->asked = FALSE;
        if (!poll_ask(poll, "", error))
            return FALSE;
        up_time = poll->up_time < UNIX_TIME_MIN ? poll->up_time : JOB_NONE;
    }
    if (!follow_clock(poll, up_time, error) || (open && !take_all(poll, open, FALSE, &ids, seen, error)) ||
        !take_all(poll, completed, TRUE, &ids, seen, error) || !lose_all(poll, !open, error))
        return FALSE;
    poll->report->gap = has_gap(poll, &ids);
    poll->cursor->high = MAX(poll->cursor->high, ids.top);
    g_hash_table_remove_all(poll->cursor->seen);
    for (guint i = 0; i < seen->len; i++)
        cursor_seen_add(poll->cursor, g_array_index(seen, guint64, i));
    return TRUE;
}
