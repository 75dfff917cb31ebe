/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store's front door: picks the engine by URL and hands every call to it. */
#include "store/store.h"

#include <string.h>

#include "store/store-ops.h"

struct store *store_open(const char *url, enum store_mode mode, GError **error)
{
    if (g_str_has_prefix(url, "postgresql://") || g_str_has_prefix(url, "postgres://")) {
        pt_error_set(error, PT_ERROR_INPUT,
                     "the store URL begins with postgresql://, but this build has no PostgreSQL driver",
                     "データストアのURLが postgresql:// "
                     "で始まっていますが、このビルドにはPostgreSQLドライバがありません");
        return NULL;
    }
    if (g_str_has_prefix(url, "sqlite:"))
        url += strlen("sqlite:");
    if (!*url) {
        pt_error_set(error, PT_ERROR_INPUT, "the store URL names no file",
                     "データストアのURLにファイル名がありません");
        return NULL;
    }
    return store_sqlite_open(url, mode, error);
}

void store_close(struct store *store)
{
    if (store)
        store->ops->close(store);
}

void store_ingest_batch(struct store_ingest *ingest, int rows, int milliseconds)
{
    ingest->batch_rows = rows;
    ingest->batch_ms = milliseconds;
}

void store_ingest_free(struct store_ingest *ingest)
{
    if (ingest)
        ingest->store->ops->ingest_free(ingest);
}

void source_row_free(struct source_row *row)
{
    if (!row)
        return;
    g_free(row->name);
    g_free(row->kind);
    g_free(row->uri);
    g_free(row->cursor);
    g_free(row->error);
    g_free(row->error_text);
    g_free(row->open_jobs);
    g_free(row);
}

gboolean store_begin(struct store *store, enum store_transaction kind, GError **error)
{
    return store->ops->begin(store, kind, error);
}

gboolean store_commit(struct store *store, GError **error)
{
    return store->ops->commit(store, error);
}

void store_rollback(struct store *store)
{
    store->ops->rollback(store);
}

gboolean store_settings(struct store *store, GHashTable **ret_values, GError **error)
{
    return store->ops->settings(store, ret_values, error);
}

gboolean store_setting_put(struct store *store, const char *key, const char *text, GError **error)
{
    return store->ops->setting_put(store, key, text, error);
}

gboolean store_meta(struct store *store, const char *key, char **ret_text, GError **error)
{
    return store->ops->meta(store, key, ret_text, error);
}

gboolean store_meta_put(struct store *store, const char *key, const char *text, GError **error)
{
    return store->ops->meta_put(store, key, text, error);
}

gboolean store_audit(struct store *store, gint64 at, const char *who, const char *what, GError **error)
{
    return store->ops->audit(store, at, who, what, error);
}

gboolean store_sources(struct store *store, GPtrArray **ret_rows, GError **error)
{
    return store->ops->sources(store, ret_rows, error);
}

gboolean store_source_add(struct store *store, const char *name, const char *kind, const char *uri,
                          gint64 *ret_id, GError **error)
{
    return store->ops->source_add(store, name, kind, uri, ret_id, error);
}

gboolean store_source_remove(struct store *store, gint64 id, GError **error)
{
    return store->ops->source_remove(store, id, error);
}

gboolean store_source_report(struct store *store, const struct source_row *row, GError **error)
{
    return store->ops->source_report(store, row, error);
}

struct store_ingest *store_ingest_new(struct store *store, gint64 source_id, gboolean exclusive,
                                      GError **error)
{
    return store->ops->ingest_new(store, source_id, exclusive, error);
}

gboolean store_ingest_add(struct store_ingest *ingest, const struct job *job, const char *hash,
                          gboolean cumulative, enum store_outcome *ret_outcome, GError **error)
{
    return ingest->store->ops->ingest_add(ingest, job, hash, cumulative, ret_outcome, error);
}

gboolean store_ingest_commit(struct store_ingest *ingest, const char *cursor, GError **error)
{
    return ingest->store->ops->ingest_commit(ingest, cursor, error);
}

gboolean store_day_jobs(struct store *store, gint32 day, gint64 seq_from, gint64 seq_to, StoreJobSink sink,
                        gpointer user, GError **error)
{
    return store->ops->day_jobs(store, day, seq_from, seq_to, sink, user, error);
}

gboolean store_jobs(struct store *store, const struct store_job_query *query, StoreJobSink sink,
                    gpointer user, GError **error)
{
    return store->ops->jobs(store, query, sink, user, error);
}

gboolean store_job(struct store *store, gint64 seq, StoreJobSink sink, gpointer user, GError **error)
{
    return store->ops->job(store, seq, sink, user, error);
}

gboolean store_latest_jobs(struct store *store, int limit, StoreJobSink sink, gpointer user, GError **error)
{
    return store->ops->latest_jobs(store, limit, sink, user, error);
}

gboolean store_stats(struct store *store, const struct store_job_query *query, const char *group_by,
                     GPtrArray **ret_sums, GError **error)
{
    return store->ops->stats(store, query, group_by, ret_sums, error);
}

gboolean store_days(struct store *store, gint32 since, gint32 until, GArray **ret_days, GError **error)
{
    return store->ops->days(store, since, until, ret_days, error);
}

gboolean store_open_days(struct store *store, gint32 until, GArray **ret_days, GError **error)
{
    return store->ops->open_days(store, until, ret_days, error);
}

gboolean store_newest_planned_day(struct store *store, gint32 before, gint32 *ret_day, GError **error)
{
    return store->ops->newest_planned_day(store, before, ret_day, error);
}

gboolean store_range_rows(struct store *store, gint32 day, gint64 seq_from, gint64 seq_to, gint64 *ret_rows,
                          GError **error)
{
    return store->ops->range_rows(store, day, seq_from, seq_to, ret_rows, error);
}

gboolean store_deliveries(struct store *store, const struct delivery_query *query, GPtrArray **ret_rows,
                          GError **error)
{
    return store->ops->deliveries(store, query, ret_rows, error);
}

gboolean store_delivery_insert(struct store *store, struct delivery *row, GError **error)
{
    return store->ops->delivery_insert(store, row, error);
}

gboolean store_delivery_update(struct store *store, const struct delivery *row,
                               enum delivery_state expect_state, int expect_attempts, gboolean *ret_matched,
                               GError **error)
{
    return store->ops->delivery_update(store, row, expect_state, expect_attempts, ret_matched, error);
}

gboolean store_day_cuts(struct store *store, gint32 day, gint64 seq_from, gint64 seq_to, gint64 rows,
                        GArray **ret_cuts, GError **error)
{
    return store->ops->day_cuts(store, day, seq_from, seq_to, rows, ret_cuts, error);
}

gboolean store_run_insert(struct store *store, struct run *run, GError **error)
{
    return store->ops->run_insert(store, run, error);
}

gboolean store_run_update(struct store *store, const struct run *run, GError **error)
{
    return store->ops->run_update(store, run, error);
}

gboolean store_runs(struct store *store, gint64 limit, GArray **ret_runs, GError **error)
{
    return store->ops->runs(store, limit, ret_runs, error);
}

gboolean store_purge_day(struct store *store, gint32 before, gboolean undelivered_too, gint32 *ret_day,
                         gint64 *ret_jobs, gint64 *ret_gap, GError **error)
{
    return store->ops->purge_day(store, before, undelivered_too, ret_day, ret_jobs, ret_gap, error);
}

gboolean store_export_lock(struct store *store, int wait_ms, int *ret_fd, gboolean *ret_got, GError **error)
{
    return store->ops->export_lock(store, wait_ms, ret_fd, ret_got, error);
}

gboolean store_export_running(struct store *store, gboolean *ret_running, GError **error)
{
    return store->ops->export_running(store, ret_running, error);
}

void account_free(struct account *account)
{
    if (!account)
        return;
    g_free(account->name);
    g_free(account->password_hash);
    g_free(account);
}

gboolean store_accounts(struct store *store, GPtrArray **ret_rows, GError **error)
{
    return store->ops->accounts(store, ret_rows, error);
}

gboolean store_account_add(struct store *store, const struct account *account, GError **error)
{
    return store->ops->account_add(store, account, error);
}

gboolean store_account_password(struct store *store, const char *name, const char *password_hash,
                                GError **error)
{
    return store->ops->account_password(store, name, password_hash, error);
}

gboolean store_account_remove(struct store *store, const char *name, GError **error)
{
    return store->ops->account_remove(store, name, error);
}

void store_export_unlock(struct store *store, int fd)
{
    store->ops->export_unlock(store, fd);
}

gboolean store_check(struct store *store, GPtrArray **ret_messages, GError **error)
{
    return store->ops->check(store, ret_messages, error);
}

gboolean store_backup(struct store *store, const char *file, GError **error)
{
    return store->ops->backup(store, file, error);
}

gboolean store_compact(struct store *store, GError **error)
{
    return store->ops->compact(store, error);
}

gboolean store_adopt(struct store *store, GError **error)
{
    return store->ops->adopt(store, error);
}
