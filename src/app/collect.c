/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Polling sources into the store: records, cursor and counters in the same transactions; one source never
 * waits for another. */
#include "app/collect.h"

#include "app/config.h"
#include <string.h>
#include <unistd.h>

#define POLL_TIMEOUT_MS 15000
#define POLLS_AT_ONCE 8
/* A poll that could not read everything is repeated at once, but not for ever. */
#define ROUNDS_MAX 100
/* A printer may send long texts: this bounds what is kept of them. */
#define KEPT_BYTES_MAX (1024 * 1024)

struct kept_job {
    struct job job;
    gboolean cumulative;
};

struct collector {
    struct app *app;
    struct store_ingest *ingest;
    struct zone *zone;
    gint64 now;
    gint64 source_id;
    GArray *kept;        /* struct kept_job: read, not stored yet */
    GStringChunk *texts; /* theirs */
    gsize kept_bytes;
    struct collect_result result;
};

static void count(struct collect_result *result, enum store_outcome outcome)
{
    switch (outcome) {
    case STORE_STORED:
        result->stored++;
        break;
    case STORE_DUPLICATE:
        result->duplicates++;
        break;
    case STORE_CONFLICT:
        result->conflicts++;
        break;
    case STORE_REFUSED:
        result->refused++;
        break;
    }
}

static void keep_text(struct collector *collector, struct job_value *value)
{
    if (!value->text)
        return;
    value->text = g_string_chunk_insert_len(collector->texts, value->text, (gssize)value->number);
    collector->kept_bytes += (gsize)value->number;
}

static void forget_kept(struct collector *collector)
{
    g_array_set_size(collector->kept, 0);
    g_string_chunk_clear(collector->texts);
    collector->kept_bytes = 0;
}

/* Stores what was kept; `cursor` as in store_ingest_commit(). */
static gboolean store_kept(struct collector *collector, const char *cursor, GError **error)
{
    for (guint i = 0; i < collector->kept->len; i++) {
        const struct kept_job *kept = &g_array_index(collector->kept, struct kept_job, i);
        enum store_outcome outcome;

        if (!store_ingest_add(collector->ingest, &kept->job, NULL, kept->cumulative, &outcome, error))
            return FALSE;
        count(&collector->result, outcome);
    }
    forget_kept(collector);
    return store_ingest_commit(collector->ingest, cursor, error);
}

/* Keeps the job in memory: between the first job added and the commit nobody else can write, and a source may
 * let us wait for its next answer. */
static gboolean collect_job(const struct source_job *source_job, gpointer user, GError **error)
{
    struct collector *collector = user;
    struct kept_job kept = {.job = source_job->job, .cumulative = source_job->cumulative};
    struct job *job = &kept.job;

    job->arrived_at = collector->now;
    job->source_id = collector->source_id;
    job->day = zone_day(collector->zone, collect_effective_end(job, collector->now, TRUE));
    for (int i = 0; i < JOB_COLUMNS; i++)
        keep_text(collector, &job->value[i]);
    keep_text(collector, &job->key);
    keep_text(collector, &job->raw);
    g_array_append_val(collector->kept, kept);
    return (collector->kept->len < STORE_INGEST_BATCH && collector->kept_bytes < KEPT_BYTES_MAX) ||
           store_kept(collector, NULL, error);
}

static gboolean poll_once(struct collector *collector, const struct source_row *row, const char *cursor,
                          gint64 deadline_ms, struct source_report *ret_report, GError **error)
{
    struct source_target target = {
        .kind = g_strcmp0(row->kind, "cups") == 0 ? SOURCE_CUPS : SOURCE_PRINTER,
        .name = row->name,
        .uri = row->uri,
        .timeout_ms = (int)MIN(deadline_ms, POLL_TIMEOUT_MS),
        .deadline_ms = deadline_ms,
        .now = collector->now,
    };

    collector->ingest = store_ingest_new(collector->app->store, row->id, FALSE, error);
    if (!collector->ingest)
        return FALSE;
    forget_kept(collector); /* of a poll that failed */
    if (!source_poll(&target, cursor, collect_job, collector, ret_report, error)) {
        g_clear_pointer(&collector->ingest, store_ingest_free);
        return FALSE;
    }
    if (!store_kept(collector, ret_report->cursor, error)) {
        source_report_clear(ret_report);
        g_clear_pointer(&collector->ingest, store_ingest_free);
        return FALSE;
    }
    g_clear_pointer(&collector->ingest, store_ingest_free);
    collector->result.read += ret_report->jobs_read;
    collector->result.lost += ret_report->lost;
    collector->result.hidden |= ret_report->hidden;
    collector->result.gap |= ret_report->gap;
    return TRUE;
}

static gboolean poll_all(struct collector *collector, const struct source_row *row, gint64 deadline_ms,
                         char **ret_open_jobs, GError **error)
{
    gint64 until = g_get_monotonic_time() + deadline_ms * 1000;
    g_autofree char *cursor = g_strdup(row->cursor);

    for (int round = 0; round < ROUNDS_MAX; round++) {
        struct source_report report = {0};
        gint64 left = (until - g_get_monotonic_time()) / 1000;
        gboolean more;
        if (left <= 0 || app_cancelled(collector->app))
            break;
        if (!poll_once(collector, row, cursor, left, &report, error))
            return FALSE;
        more = report.more > 0 && g_strcmp0(cursor, report.cursor) != 0;
        g_free(cursor);
        cursor = g_steal_pointer(&report.cursor);
        g_free(*ret_open_jobs);
        *ret_open_jobs = g_steal_pointer(&report.open_jobs);
        source_report_clear(&report);
        if (!more)
            break;
    }
    return TRUE;
}

/* What people see of the source's health; hidden details and gaps are told although the poll succeeded. */
static gboolean record_health(struct app *app, const struct source_row *row,
                              const struct collector *collector, const char *open_jobs, const GError *failure,
                              GError **error)
{
    struct source_row health = *row;
    g_autofree char *text = failure ? pt_error_keep(failure) : NULL;
    const char *code = failure                    ? pt_error_info((int)pt_error_code_of(failure))->name
                       : collector->result.gap    ? "S05"
                       : collector->result.hidden ? "S04"
                                                  : NULL;
    g_autofree char *own_code = g_strdup(code);
    g_autofree char *own_jobs = g_strdup(failure ? row->open_jobs : open_jobs);

    health.last_poll = collector->now;
    if (!failure)
        health.last_ok = collector->now;
    health.error = own_code;
    health.error_text = text;
    health.open_jobs = own_jobs;
    return store_source_report(app->store, &health, error);
}

gboolean collect_source(struct app *app, const struct source_row *row, const struct settings *settings,
                        gint64 deadline_ms, struct collect_result *ret_result, GError **error)
{
    g_autoptr(PtZone) zone = app_zone(settings, error);
    g_autofree char *open_jobs = NULL;
    struct collector collector = {.app = app, .zone = zone, .now = app_now(app), .source_id = row->id};
    g_autoptr(GError) failure = NULL;

    if (!zone)
        return FALSE;
    if (strcmp(row->kind, "import") == 0) {
        memset(ret_result, 0, sizeof *ret_result);
        return TRUE;
    }
    collector.kept = g_array_new(FALSE, FALSE, sizeof(struct kept_job));
    collector.texts = g_string_chunk_new(4096);
    (void)poll_all(&collector, row, deadline_ms, &open_jobs, &failure); /* failure says it */
    g_array_unref(collector.kept);
    g_string_chunk_free(collector.texts);
    if (!record_health(app, row, &collector, open_jobs, failure, error))
        return FALSE;
    if (failure) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    *ret_result = collector.result;
    return TRUE;
}

/* --- all at once --- */

struct round {
    const struct app *app;
    const struct settings *settings;
    gint64 until; /* monotonic */
    guint failed; /* atomic */
};

/* Each thread has its own handle: a handle belongs to one thread. */
static void poll_in_thread(gpointer data, gpointer user)
{
    const struct source_row *row = data;
    struct round *round = user;
    gint64 left = (round->until - g_get_monotonic_time()) / 1000;
    g_autoptr(GError) error = NULL;
    g_autoptr(PtApp) app = left > 0 ? app_open(round->app->state_dir, STORE_EXISTING, &error) : NULL;
    struct collect_result result;

    if (app) {
        app->clock = round->app->clock;
        app->clock_user = round->app->clock_user;
        app->cancel = round->app->cancel;
    }
    if (!app || !collect_source(app, row, round->settings, left, &result, &error)) {
        g_atomic_int_inc(&round->failed);
        if (error) {
            g_autofree char *text = pt_error_message(error, PT_LANG_EN);
            g_debug("source %s: %s", row->name, text); /* its row says it to people */
        }
    }
}

gboolean collect_all(struct app *app, const struct settings *settings, gint64 deadline_ms, guint *ret_failed,
                     GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;
    struct round round = {
        .app = app, .settings = settings, .until = g_get_monotonic_time() + deadline_ms * 1000};
    GThreadPool *pool;
    guint polled = 0;

    if (!store_sources(app->store, &rows, error))
        return FALSE;
    *ret_failed = 0;
    for (guint i = 0; i < rows->len; i++)
        polled += strcmp(((struct source_row *)g_ptr_array_index(rows, i))->kind, "import") != 0;
    if (polled == 0)
        return TRUE;
    pool = g_thread_pool_new(poll_in_thread, &round, (int)MIN(polled, POLLS_AT_ONCE), FALSE, error);
    if (!pool)
        return FALSE;
    for (guint i = 0; i < rows->len; i++) {
        struct source_row *row = g_ptr_array_index(rows, i);
        if (strcmp(row->kind, "import") != 0)
            (void)g_thread_pool_push(pool, row, NULL); /* a thread too few only makes it slower */
    }
    g_thread_pool_free(pool, FALSE, TRUE);
    *ret_failed = round.failed;
    return TRUE;
}
