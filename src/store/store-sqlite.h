/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the SQLite engine share: the handle, statements, errors and write scopes. Private to
 * src/store. */
#pragma once
#include <sqlite3.h>

#include "store/store-ops.h"

G_BEGIN_DECLS

/* "PTRL": marks the file as ours (PRAGMA application_id). */
#define SQLITE_APPLICATION_ID 0x5054524c
/* PRAGMA user_version of what this build writes. */
#define SQLITE_SCHEMA_VERSION 1

struct sqlite {
    struct store base;
    sqlite3 *db;
    char *path; /* absolute */
    enum store_mode mode;
    gboolean immutable;          /* STORE_READ without -wal and -shm: opened so that none is made */
    gboolean transaction;        /* between store_begin() and its end */
    gboolean failed;             /* a call inside it failed: only rolling back is left */
    gint64 busy_since;           /* monotonic microseconds, while waiting for a lock */
    int turn_fd;                 /* the directory: whoever waits to write holds its lock; -1 = do without */
    GHashTable *statements;      /* SQL literal → prepared statement */
    struct store_ingest *ingest; /* the stream that is open on this handle */
    struct job_reader *reader;   /* where the function job_sink() delivers */
};

/* The columns that are stored, in the order of columns.def (seq first). */
struct job_columns_stored {
    enum job_column column[JOB_COLUMNS];
    gboolean text[JOB_COLUMNS];
    int n;
};
const struct job_columns_stored *sqlite_job_columns(void);
/* "seq, device_id, …" */
void sqlite_job_columns_append(GString *sql);

/* --- store-sqlite.c --- */

/* Sets the error of result code `rc` of the latest call; an open transaction is lost. Always FALSE. */
gboolean sqlite_fail(struct sqlite *sqlite, int rc, GError **error);
gboolean sqlite_exec(struct sqlite *sqlite, const char *sql, GError **error);
/* A new statement; NULL with error. */
sqlite3_stmt *sqlite_prepare(struct sqlite *sqlite, const char *sql, GError **error);
/* A statement kept for the handle's life; `sql` is a literal, its address is its name. `types`, one a
   parameter: i gint64, t const char * (NULL = NULL; borrowed until the statement is reset), d gint64 that is
   stored as NULL when it is 0. */
sqlite3_stmt *sqlite_query(struct sqlite *sqlite, GError **error, const char *sql, const char *types, ...);
/* 1 a row, 0 the end, -1 error; reset after the latter two. */
int sqlite_next(struct sqlite *sqlite, sqlite3_stmt *statement, GError **error);
gboolean sqlite_run(struct sqlite *sqlite, GError **error, const char *sql, const char *types, ...);
/* sqlite_run() within a write scope of its own. */
gboolean sqlite_write(struct sqlite *sqlite, GError **error, const char *sql, const char *types, ...);
/* First column of the first row; *ret_number is left alone when there is no row or it is NULL. */
gboolean sqlite_number(struct sqlite *sqlite, GError **error, gint64 *ret_number, const char *sql,
                       const char *types, ...);
/* New string of a text column; NULL for NULL. */
char *sqlite_column_dup(sqlite3_stmt *statement, int column);

/* A write transaction around the statements of one call; nothing of its own inside store_begin(). */
gboolean sqlite_scope_begin(struct sqlite *sqlite, GError **error);
/* Commits if `ok`, else rolls back; FALSE unless it was committed. */
gboolean sqlite_scope_end(struct sqlite *sqlite, gboolean ok, GError **error);

typedef sqlite3_stmt SqliteQuery; /* kept statement: reset at the end of the block */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SqliteQuery, sqlite3_reset)
typedef sqlite3_stmt SqliteStatement; /* own statement: finalized */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SqliteStatement, sqlite3_finalize)

/* --- store-sqlite-schema.c --- */

struct sqlite_migration {
    int from; /* brings this version to the next one */
    const char *sql;
};
/* Makes a complete new store at `path` unless there is one already: it appears whole or not at all. */
gboolean sqlite_create_file(const char *path, GError **error);
/* X20 unless the file is a store of ours; touches nothing. */
gboolean sqlite_recognize(const char *path, GError **error);
/* Checks the version and, on a writable handle, brings it up to `target` one step and one transaction at a
 * time; then adds columns that columns.def has and the table lacks. */
gboolean sqlite_migrate(struct sqlite *sqlite, const struct sqlite_migration *steps, gsize n_steps,
                        int target, GError **error);
gboolean sqlite_upgrade(struct sqlite *sqlite, GError **error); /* to SQLITE_SCHEMA_VERSION */
/* Error of a result code without a handle's message. Always FALSE. */
gboolean sqlite_error(const char *path, int rc, const char *message, GError **error);

/* --- the verbs --- */
gboolean sqlite_settings(struct store *store, GHashTable **ret_values, GError **error);
gboolean sqlite_setting_put(struct store *store, const char *key, const char *text, GError **error);
gboolean sqlite_meta(struct store *store, const char *key, char **ret_text, GError **error);
gboolean sqlite_meta_put(struct store *store, const char *key, const char *text, GError **error);
gboolean sqlite_audit(struct store *store, gint64 at, const char *who, const char *what, GError **error);
gboolean sqlite_sources(struct store *store, GPtrArray **ret_rows, GError **error);
gboolean sqlite_source_add(struct store *store, const char *name, const char *kind, const char *uri,
                           gint64 *ret_id, GError **error);
gboolean sqlite_source_remove(struct store *store, gint64 id, GError **error);
gboolean sqlite_source_report(struct store *store, const struct source_row *row, GError **error);

struct store_ingest *sqlite_ingest_new(struct store *store, gint64 source_id, gboolean exclusive,
                                       GError **error);
gboolean sqlite_ingest_add(struct store_ingest *ingest, const struct job *job, const char *hash,
                           gboolean cumulative, enum store_outcome *ret_outcome, GError **error);
gboolean sqlite_ingest_commit(struct store_ingest *ingest, const char *cursor, GError **error);
void sqlite_ingest_free(struct store_ingest *ingest);

/* What is booked for a source's key: running counts (JOB_NONE = unknown) up to its latest end. */
#define BOOKED_COUNTS 4
struct booking {
    gboolean found;
    gint64 ended_at;
    gint64 count[BOOKED_COUNTS];
};
gboolean sqlite_booking_read(struct sqlite *sqlite, gint64 source_id, const char *key,
                             struct booking *ret_booking, GError **error);
gboolean sqlite_booking_write(struct sqlite *sqlite, gint64 source_id, const char *key, gint32 day,
                              const struct booking *booking, GError **error);
/* Turns the job's running counts into what is new since the booking, and books them. An earlier end that
   comes late brings only what is not booked yet; a later one with a lower count began anew. An unknown count
   stays unknown and books nothing. */
void booking_difference(struct job *job, struct booking *booking);
/* FALSE if the job is the one booked last and its counts are others. (Those of earlier ones are known no
 * longer.) */
gboolean booking_same_counts(const struct job *job, const struct booking *booking);
gboolean sqlite_is_counted(enum job_column column);

/* Registers the functions that the job queries use; once a connection. */
gboolean sqlite_jobs_register(struct sqlite *sqlite, GError **error);
gboolean sqlite_day_jobs(struct store *store, gint32 day, gint64 seq_from, gint64 seq_to, StoreJobSink sink,
                         gpointer user, GError **error);
gboolean sqlite_jobs(struct store *store, const struct store_job_query *query, StoreJobSink sink,
                     gpointer user, GError **error);
gboolean sqlite_job(struct store *store, gint64 seq, StoreJobSink sink, gpointer user, GError **error);
gboolean sqlite_latest_jobs(struct store *store, int limit, StoreJobSink sink, gpointer user, GError **error);
gboolean sqlite_stats(struct store *store, const struct store_job_query *query, const char *group_by,
                      GPtrArray **ret_sums, GError **error);
gboolean sqlite_days(struct store *store, gint32 since, gint32 until, GArray **ret_days, GError **error);

gboolean sqlite_open_days(struct store *store, gint32 until, GArray **ret_days, GError **error);
gboolean sqlite_newest_planned_day(struct store *store, gint32 before, gint32 *ret_day, GError **error);
gboolean sqlite_range_rows(struct store *store, gint32 day, gint64 seq_from, gint64 seq_to, gint64 *ret_rows,
                           GError **error);
/* Jobs of the day up to `upto` that no delivered or waived auto row covers. */
gboolean sqlite_unsettled(struct sqlite *sqlite, gint32 day, gint64 upto, gint64 *ret_jobs, GError **error);
gboolean sqlite_deliveries(struct store *store, const struct delivery_query *query, GPtrArray **ret_rows,
                           GError **error);
gboolean sqlite_delivery_insert(struct store *store, struct delivery *row, GError **error);
gboolean sqlite_delivery_update(struct store *store, const struct delivery *row,
                                enum delivery_state expect_state, int expect_attempts, gboolean *ret_matched,
                                GError **error);
gboolean sqlite_day_cuts(struct store *store, gint32 day, gint64 seq_from, gint64 seq_to, gint64 rows,
                         GArray **ret_cuts, GError **error);
gboolean sqlite_run_insert(struct store *store, struct run *run, GError **error);
gboolean sqlite_run_update(struct store *store, const struct run *run, GError **error);
gboolean sqlite_runs(struct store *store, gint64 limit, GArray **ret_runs, GError **error);

gboolean sqlite_purge_day(struct store *store, gint32 before, gboolean undelivered_too, gint32 *ret_day,
                          gint64 *ret_jobs, gint64 *ret_gap, GError **error);
gboolean sqlite_check(struct store *store, GPtrArray **ret_messages, GError **error);
gboolean sqlite_backup(struct store *store, const char *file, GError **error);
gboolean sqlite_compact(struct store *store, GError **error);
gboolean sqlite_adopt(struct store *store, GError **error);

/* --- store-sqlite-accounts.c --- */
gboolean sqlite_export_running(struct store *store, gboolean *ret_running, GError **error);
gboolean sqlite_accounts(struct store *store, GPtrArray **ret_rows, GError **error);
gboolean sqlite_account_add(struct store *store, const struct account *account, GError **error);
gboolean sqlite_account_password(struct store *store, const char *name, const char *password_hash,
                                 GError **error);
gboolean sqlite_account_remove(struct store *store, const char *name, GError **error);

/* An open file lock on `name` beside the database: the descriptor is close-on-exec. *ret_fd -1: another holds
 * it after `wait_ms`. */
gboolean sqlite_lock_file(struct sqlite *sqlite, const char *name, int wait_ms, int *ret_fd, GError **error);

G_END_DECLS
