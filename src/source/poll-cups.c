/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Polls a CUPS server: new ids, unfinished ids, newest completions. */
#include "source/poll.h"

#include <string.h>

/* cupsd caps every answer that needs the jobs' control files at 500 jobs. */
#define PAGE 500
/* A page that is not full is the last one, unless its size looks like another server's cap. */
#define ROUND_CAP 50
#define CHUNK 100
#define TAIL 200
/* Up to so many jobs of history the tail is read at each poll, beyond only every so many seconds: cupsd sorts
 * all of it. */
#define TAIL_ALWAYS 20000
#define TAIL_SECONDS 300

/* The first job of a list; FALSE: it is empty. */
static gboolean first_of(ipp_t *answer, struct ipp_job *job)
{
    (void)ippFirstAttribute(answer);
    return ipp_job_next(job, answer);
}

static ipp_t *get_list(struct poll *poll, int first, int limit, GError **error)
{
    struct poll_jobs query = {.which = "all", .first = first, .limit = limit};

    return poll_get_jobs(poll, &query, error);
}

struct listing {
    int anchor; /* last job of the list at the previous poll, 0 = none */
    char *anchor_uuid;
    gboolean broken; /* it was not found */
    gboolean began;  /* ids began anew in this poll */
    int top;         /* highest id so far */
};

/* Is this the last job of the previous poll? Then ids went on and nothing before it can be new. */
static gboolean is_anchor(const struct listing *list, const struct ipp_job *job)
{
    return list->anchor && job->id == list->anchor && g_strcmp0(list->anchor_uuid, job->uuid) == 0;
}

/* The last job that we knew is not there, or its id is another job's: purged, or ids were given out again
   after a crash. Steps back until a job is found that is surely old; everything after it is read again (what
   comes twice is harmless). *ret_first: where to begin. */
static gboolean rewind_list(struct poll *poll, int *ret_first, GError **error)
{
    static const int steps[] = {100, 1000, 10000};
    g_auto(PtIppJob) job = {0};

    ipp_job_init(&job);
    for (gsize i = 0; i < G_N_ELEMENTS(steps) && poll->cursor->anchor > steps[i]; i++) {
        g_autoptr(ipp_t) answer = get_list(poll, poll->cursor->anchor - steps[i], 1, error);

        if (!answer)
            return FALSE;
        if (first_of(answer, &job) && job.id < poll->cursor->anchor && job.created <= poll->newest) {
            *ret_first = job.id;
            return TRUE;
        }
    }
    *ret_first = 1;
    return TRUE;
}

/* Keeps high, newest and anchor, and notices when ids begin anew or when there is a hole. */
static void follow(struct poll *poll, struct listing *list, const struct ipp_job *job)
{
    struct cursor *cursor = poll->cursor;

    if (list->broken && !list->began && job->id <= poll->high &&
        ((job->created != JOB_NONE && job->created > poll->newest) ||
         (job->id == list->anchor && !is_anchor(list, job)))) {
        list->began = TRUE;
        poll->report->reset = TRUE;
        cursor->epoch++;
        cursor->high = job->id;
    }
    /* the oldest is purged first: when even our last job is gone, what is missing right after it was never
     * seen */
    if (list->broken && !list->began && poll->high && list->top <= poll->high && job->id > poll->high + 1)
        poll->report->gap = TRUE;
    list->top = MAX(list->top, job->id);
    cursor->high = MAX(cursor->high, job->id);
    if (job->created != JOB_NONE)
        cursor->newest = MAX(cursor->newest, job->created);
}

static void anchor_at(struct cursor *cursor, const struct ipp_job *job)
{
    cursor->anchor = job->id;
    g_free(cursor->anchor_uuid);
    cursor->anchor_uuid = g_strdup(job->uuid);
    cursor->anchor_seen = job->finished ? ipp_job_fingerprint(job, cursor->epoch) : 0;
}

static gboolean take_page(struct poll *poll, struct listing *list, ipp_t *page, int *ret_count,
                          GError **error)
{
    g_auto(PtIppJob) job = {0};
    int count = 0;

    ipp_job_init(&job);
    (void)ippFirstAttribute(page);
    while (ipp_job_next(&job, page)) {
        count++;
        if (!job.id)
            continue;
        follow(poll, list, &job);
        if (!poll_take(poll, &job, error))
            return FALSE;
        if (job.id == list->top)
            anchor_at(poll->cursor, &job);
    }
    *ret_count = count;
    return TRUE;
}

/* The first page: from the last job known on, or from further back when that one is not there. */
static ipp_t *get_first_page(struct poll *poll, struct listing *list, GError **error)
{
    g_auto(PtIppJob) job = {0};
    g_autoptr(ipp_t) page = get_list(poll, list->anchor, PAGE, error);
    int first = 1;

    ipp_job_init(&job);
    if (!page || poll->cursor->fresh || (first_of(page, &job) && is_anchor(list, &job)))
        return g_steal_pointer(&page);
    list->broken = TRUE;
    if (list->anchor > 1) {
        if (!rewind_list(poll, &first, error))
            return NULL;
        ippDelete(page);
        page = get_list(poll, first, PAGE, error);
    }
    if (page && !first_of(page, &job))
        poll->cursor->anchor = 0; /* nothing is kept there */
    return g_steal_pointer(&page);
}

/* New ids, in ascending order. */
static gboolean read_new(struct poll *poll, GError **error)
{
    g_autofree char *uuid = g_strdup(poll->cursor->anchor_uuid);
    struct listing list = {.anchor = poll->cursor->anchor, .anchor_uuid = uuid};
    g_autoptr(ipp_t) page = get_first_page(poll, &list, error);
    int count = 0, last;

    while (page) {
        last = list.top;
        if (!take_page(poll, &list, page, &count, error))
            return FALSE;
        if ((count < PAGE && count % ROUND_CAP != 0) || list.top <= last ||
            poll_over(poll)) /* no progress: it does not know first-job-id */
            return TRUE;
        ippDelete(page);
        page = get_list(poll, list.top + 1, PAGE, error);
    }
    return FALSE;
}

/* One id of a chunk in which some are gone. */
static gboolean read_single(struct poll *poll, int id, GError **error)
{
    g_auto(PtIppJob) job = {0};
    g_autoptr(GError) refused = NULL;
    g_autoptr(ipp_t) answer = poll_get_job(poll, id, &refused);

    if (!answer &&
        g_error_matches(refused, PT_ERROR, PT_ERROR_S02)) { /* policy: it may come back in the tail */
        poll->report->hidden = TRUE;
        return TRUE;
    }
    if (!answer) {
        g_propagate_error(error, g_steal_pointer(&refused));
        return FALSE;
    }
    ipp_job_init(&job);
    if (poll_is_missing(answer) || !first_of(answer, &job) || job.id != id)
        return poll_lost(poll, id, error);
    return poll_take(poll, &job, error);
}

static gboolean read_chunk(struct poll *poll, const int *ids, int n, GError **error)
{
    struct poll_jobs query = {.ids = ids, .n_ids = n};
    g_auto(PtIppJob) job = {0};
    g_autoptr(ipp_t) answer = poll_get_jobs(poll, &query, error);

    if (!answer)
        return FALSE;
    if (poll_is_missing(answer)) { /* one unknown id spoils the whole question */
        for (int i = 0; i < n && !poll_over(poll); i++)
            if (!read_single(poll, ids[i], error))
                return FALSE;
        return TRUE;
    }
    ipp_job_init(&job);
    (void)ippFirstAttribute(answer);
    while (ipp_job_next(&job, answer))
        if (!poll_take(poll, &job, error))
            return FALSE;
    return TRUE;
}

static int compare_ids(gconstpointer a, gconstpointer b)
{
    return *(const int *)a - *(const int *)b;
}

/* What was unfinished at the last poll and did not show up in the list. */
static gboolean read_open(struct poll *poll, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int));
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, poll->cursor->open);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct cursor_open *open = value;

        if (!open->present)
            g_array_append_val(ids, open->id);
    }
    g_array_sort(ids, compare_ids);
    for (guint i = 0; i < ids->len && !poll_over(poll); i += CHUNK)
        if (!read_chunk(poll, &g_array_index(ids, int, i), (int)MIN(CHUNK, ids->len - i), error))
            return FALSE;
    return TRUE;
}

/* How many jobs the server keeps: decides how often the tail is affordable. */
static gboolean measure_history(struct poll *poll, GError **error)
{
    g_auto(PtIppJob) job = {0};
    g_autoptr(ipp_t) answer = NULL;

    poll->cursor->history = poll->cursor->high;
    if (poll->cursor->high <= TAIL_ALWAYS)
        return TRUE;
    answer = get_list(poll, 1, 1, error);
    if (!answer)
        return FALSE;
    ipp_job_init(&job);
    if (first_of(answer, &job))
        poll->cursor->history = poll->cursor->high - job.id + 1;
    return TRUE;
}

static gboolean tail_due(const struct poll *poll)
{
    gint64 age = poll->target->now - poll->cursor->tail_at;

    if (poll->cursor->high <= TAIL_ALWAYS)
        return TRUE;
    return poll->cursor->history <= TAIL_ALWAYS || age < 0 || age >= TAIL_SECONDS;
}

/* Takes the newest completions; `ret_known`: one of them was there before. Collects their fingerprints in
 * `seen`. */
static gboolean take_tail(struct poll *poll, int limit, GArray *seen, int *ret_count, gboolean *ret_known,
                          GError **error)
{
    struct poll_jobs query = {.which = "completed", .limit = limit};
    g_auto(PtIppJob) job = {0};
    g_autoptr(ipp_t) answer = poll_get_jobs(poll, &query, error);

    if (!answer)
        return FALSE;
    ipp_job_init(&job);
    (void)ippFirstAttribute(answer);
    *ret_count = 0;
    *ret_known = FALSE;
    while (ipp_job_next(&job, answer)) {
        guint64 fingerprint = ipp_job_fingerprint(&job, poll->cursor->epoch);

        ++*ret_count;
        if (cursor_seen(poll->cursor, fingerprint) || g_hash_table_contains(poll->emitted, &fingerprint))
            *ret_known = TRUE;
        g_array_append_val(seen, fingerprint);
        if (!poll_take(poll, &job, error))
            return FALSE;
    }
    return TRUE;
}

/* The newest completions: re-runs of old ids, and whatever ended without being noticed. */
static gboolean read_tail(struct poll *poll, GError **error)
{
    struct cursor *cursor = poll->cursor;
    g_autoptr(GArray) seen = g_array_new(FALSE, FALSE, sizeof(guint64));
    int count = 0;
    gboolean known = FALSE;

    if (!take_tail(poll, TAIL, seen, &count, &known, error))
        return FALSE;
    if (count >= TAIL && !known && !cursor->fresh && !take_tail(poll, PAGE, seen, &count, &known, error))
        return FALSE;
    g_hash_table_remove_all(cursor->seen);
    for (guint i = 0; i < seen->len; i++)
        cursor_seen_add(cursor, g_array_index(seen, guint64, i));
    cursor->tail_at = poll->target->now;
    return measure_history(poll, error);
}

gboolean poll_cups(struct poll *poll, GError **error)
{
    GHashTableIter iter;
    gpointer key;

    if (poll->cursor->fresh && !poll_ask(poll, NULL, error))
        return FALSE;
    if (poll->cursor->anchor_seen)
        cursor_seen_add(poll->cursor, poll->cursor->anchor_seen);
    if (!read_new(poll, error))
        return FALSE;
    if (!poll_over(poll) && !read_open(poll, error))
        return FALSE;
    if (!poll_over(poll) && tail_due(poll))
        return read_tail(poll, error);
    g_hash_table_iter_init(&iter, poll->emitted);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        cursor_seen_add(poll->cursor, *(const guint64 *)key);
    return TRUE;
}
