/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an engine must bring to stand behind store.h: one function for each of its verbs, with the same
 * contract. Private to src/store. */
#pragma once
#include "store/store.h"

G_BEGIN_DECLS

struct store_ops {
    void (*close)(struct store *store);
    gboolean (*begin)(struct store *store, enum store_transaction kind, GError **error);
    gboolean (*commit)(struct store *store, GError **error);
    void (*rollback)(struct store *store);

    gboolean (*settings)(struct store *store, GHashTable **ret_values, GError **error);
    gboolean (*setting_put)(struct store *store, const char *key, const char *text, GError **error);
    gboolean (*meta)(struct store *store, const char *key, char **ret_text, GError **error);
    gboolean (*meta_put)(struct store *store, const char *key, const char *text, GError **error);
    gboolean (*audit)(struct store *store, gint64 at, const char *who, const char *what, GError **error);

    gboolean (*sources)(struct store *store, GPtrArray **ret_rows, GError **error);
    gboolean (*source_add)(struct store *store, const char *name, const char *kind, const char *uri,
                           gint64 *ret_id, GError **error);
    gboolean (*source_remove)(struct store *store, gint64 id, GError **error);
    gboolean (*source_report)(struct store *store, const struct source_row *row, GError **error);

    struct store_ingest *(*ingest_new)(struct store *store, gint64 source_id, gboolean exclusive,
                                       GError **error);
    gboolean (*ingest_add)(struct store_ingest *ingest, const struct job *job, const char *hash,
                           gboolean cumulative, enum store_outcome *ret_outcome, GError **error);
    gboolean (*ingest_commit)(struct store_ingest *ingest, const char *cursor, GError **error);
    void (*ingest_free)(struct store_ingest *ingest);

    gboolean (*day_jobs)(struct store *store, gint32 day, gint64 seq_from, gint64 seq_to, StoreJobSink sink,
                         gpointer user, GError **error);
    gboolean (*jobs)(struct store *store, const struct store_job_query *query, StoreJobSink sink,
                     gpointer user, GError **error);
    gboolean (*job)(struct store *store, gint64 seq, StoreJobSink sink, gpointer user, GError **error);
    gboolean (*latest_jobs)(struct store *store, int limit, StoreJobSink sink, gpointer user, GError **error);
    gboolean (*stats)(struct store *store, const struct store_job_query *query, const char *group_by,
                      GPtrArray **ret_sums, GError **error);
    gboolean (*days)(struct store *store, gint32 since, gint32 until, GArray **ret_days, GError **error);

    gboolean (*open_days)(struct store *store, gint32 until, GArray **ret_days, GError **error);
    gboolean (*newest_planned_day)(struct store *store, gint32 before, gint32 *ret_day, GError **error);
    gboolean (*range_rows)(struct store *store, gint32 day, gint64 seq_from, gint64 seq_to, gint64 *ret_rows,
                           GError **error);

    gboolean (*deliveries)(struct store *store, const struct delivery_query *query, GPtrArray **ret_rows,
                           GError **error);
    gboolean (*delivery_insert)(struct store *store, struct delivery *row, GError **error);
    gboolean (*delivery_update)(struct store *store, const struct delivery *row,
                                enum delivery_state expect_state, int expect_attempts, gboolean *ret_matched,
                                GError **error);
    gboolean (*day_cuts)(struct store *store, gint32 day, gint64 seq_from, gint64 seq_to, gint64 rows,
                         GArray **ret_cuts, GError **error);

    gboolean (*run_insert)(struct store *store, struct run *run, GError **error);
    gboolean (*run_update)(struct store *store, const struct run *run, GError **error);
    gboolean (*runs)(struct store *store, gint64 limit, GArray **ret_runs, GError **error);

    gboolean (*purge_day)(struct store *store, gint32 before, gboolean undelivered_too, gint32 *ret_day,
                          gint64 *ret_jobs, gint64 *ret_gap, GError **error);

    gboolean (*export_lock)(struct store *store, int wait_ms, int *ret_fd, gboolean *ret_got, GError **error);
    void (*export_unlock)(struct store *store, int fd);
    gboolean (*export_running)(struct store *store, gboolean *ret_running, GError **error);

    gboolean (*accounts)(struct store *store, GPtrArray **ret_rows, GError **error);
    gboolean (*account_add)(struct store *store, const struct account *account, GError **error);
    gboolean (*account_password)(struct store *store, const char *name, const char *password_hash,
                                 GError **error);
    gboolean (*account_remove)(struct store *store, const char *name, GError **error);

    gboolean (*check)(struct store *store, GPtrArray **ret_messages, GError **error);
    gboolean (*backup)(struct store *store, const char *file, GError **error);
    gboolean (*compact)(struct store *store, GError **error);
    gboolean (*adopt)(struct store *store, GError **error);
};

/* First member of every engine's handle and of its ingest stream. */
struct store {
    const struct store_ops *ops;
};
struct store_ingest {
    struct store *store;
    int batch_rows; /* limits of one transaction */
    int batch_ms;
};

/* `path`: the database file. */
struct store *store_sqlite_open(const char *path, enum store_mode mode, GError **error);

G_END_DECLS
