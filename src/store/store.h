/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store: the only shared memory of all processes and threads. Each opens its own handle; a handle belongs
   to one thread. Every function is one transaction of its own unless store_begin() is open on this handle.
   Errors: X20 (damaged, wrong version, not ours), X19 (disk full, read-only, I/O error), MISSING, INPUT,
   INTERNAL; after an error nothing of that transaction is stored. A busy store is waited for (30 s).
   Implementations: SQLite (store-sqlite*.c); all of them stand behind struct store_ops so that another engine
   joins without changes above. */
#pragma once
#include "base/error.h"
#include "core/job.h"
#include "core/ledger.h"

G_BEGIN_DECLS

struct store;

enum store_mode {
    STORE_CREATE,   /* read and write; makes and migrates it when needed */
    STORE_EXISTING, /* read and write; MISSING if there is none */
    STORE_READ,     /* never creates, migrates or changes anything; MISSING if there is none */
};
/* `url`: "sqlite:PATH" or a plain path of the database file. Directory must exist. */
struct store *store_open(const char *url, enum store_mode mode, GError **error);
void store_close(struct store *store);
typedef struct store PtStore; /* for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PtStore, store_close)

/* A write transaction over several calls. STORE_PLAN also keeps every ingest out until the end (planner). Not
 * nestable. */
enum store_transaction { STORE_WRITE, STORE_PLAN };
gboolean store_begin(struct store *store, enum store_transaction kind, GError **error);
gboolean store_commit(struct store *store, GError **error); /* failed: rolled back */
void store_rollback(struct store *store);                   /* no-op when none is open */

/* Settings and facts about the store (schema_version, installation_id, schedule_saved_at, horizon …) as text.
 */
gboolean store_settings(struct store *store, GHashTable **ret_values,
                        GError **error); /* key → text, both owned by the table */
gboolean store_setting_put(struct store *store, const char *key, const char *text,
                           GError **error); /* NULL = back to default */
gboolean store_meta(struct store *store, const char *key, char **ret_text,
                    GError **error); /* *ret_text NULL if not set */
gboolean store_meta_put(struct store *store, const char *key, const char *text, GError **error);
gboolean store_audit(struct store *store, gint64 at, const char *who, const char *what, GError **error);

/* --- sources --- */
struct source_row {
    gint64 id;
    char *name;                /* unique, case-insensitive */
    char *kind;                /* "cups" "printer" "import" */
    char *uri;                 /* "" for imports */
    char *cursor;              /* the source's own text; NULL = never polled */
    gboolean removed;          /* rows stay: their jobs refer to them */
    gint64 last_poll, last_ok; /* seconds UTC, 0 = never */
    char *error;               /* code of the latest failure, NULL = fine */
    char *error_text;
    gint64 jobs, duplicates, conflicts,
        refused;     /* counted since it was added; refused = day already deleted (RW10) */
    char *open_jobs; /* jobs not history yet, shown at the source (SPEC 7); lines "id state name"; may be NULL
                      */
};
void source_row_free(struct source_row *row);
typedef struct source_row PtSourceRow; /* for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PtSourceRow, source_row_free)
gboolean
store_sources(struct store *store, GPtrArray **ret_rows,
              GError **error); /* of struct source_row *, not removed ones, by name; frees with the array */
/* INPUT if the name is taken. An import source of that name is found or made by kind "import". A removed one
 * of the same name and kind comes back with its cursor. */
gboolean store_source_add(struct store *store, const char *name, const char *kind, const char *uri,
                          gint64 *ret_id, GError **error);
gboolean store_source_remove(struct store *store, gint64 id, GError **error);
/* Writes last_poll, last_ok, error, error_text, open_jobs of `row` (not cursor, not counters). */
gboolean store_source_report(struct store *store, const struct source_row *row, GError **error);

/* --- ingest --- */
enum store_outcome {
    STORE_STORED,
    STORE_DUPLICATE, /* same identity, same content */
    STORE_CONFLICT,  /* same identity, other content: the first one stays; counted */
    STORE_REFUSED,   /* its day lies before the retention horizon; counted */
};
/* A stream of jobs of one source. Rows are grouped into transactions (≤ store_ingest_batch rows); nothing is
   acknowledged before store_ingest_commit() returned. Between the first add and the commit it keeps all other
   writers out: commit before waiting for more input. Other writes on this handle are INTERNAL errors until
   then. One ingest at a time per handle. With `exclusive` it holds the source's import lock (dies with its
   holder), which record keys with ordinals need; waits ≤ 10 s, then X26. */
struct store_ingest;
struct store_ingest *store_ingest_new(struct store *store, gint64 source_id, gboolean exclusive,
                                      GError **error);
/* job->day, arrived_at and value[] are complete; job->key non-empty: identity (source, end, key).
   job->key empty: key = job_hash() + ordinal among equal records of this stream ("HASH-0", "HASH-1" …), so
   that the same file again stores nothing twice. `hash` must be given then. Counted values of a re-run (same
   source and key with an earlier end already booked, `cumulative` TRUE): the columns faces_total, sheets,
   sheets_duplex, copies_completed are stored as the difference. */
gboolean store_ingest_add(struct store_ingest *ingest, const struct job *job, const char *hash,
                          gboolean cumulative, enum store_outcome *ret_outcome, GError **error);
/* Commits what was added since the last commit; `cursor` (may be NULL) goes into the source's row in the same
 * transaction. The stream stays usable. */
gboolean store_ingest_commit(struct store_ingest *ingest, const char *cursor, GError **error);
void store_ingest_free(struct store_ingest *ingest); /* rolls back what is not committed */
typedef struct store_ingest PtStoreIngest;           /* for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PtStoreIngest, store_ingest_free)
#define STORE_INGEST_BATCH 1000
#define STORE_INGEST_BATCH_MS 100
/* Other limits of one transaction for this stream: a file is read once more if need be, so it may wait longer
 * for its syncs. Other writers wait up to `milliseconds` for their turn. */
void store_ingest_batch(struct store_ingest *ingest, int rows, int milliseconds);

/* --- jobs --- */
/* job is borrowed during the call. FALSE + error ends the reading; the error comes through unchanged. Must
 * not use the store's handle. */
typedef gboolean (*StoreJobSink)(const struct job *job, gpointer user, GError **error);
/* Jobs of one day with seq_from < seq ≤ seq_to, ascending by seq: the hot path of the export. Read in pages:
   no snapshot is held for long. Of the job only value[] and day are filled. */
gboolean store_day_jobs(struct store *store, gint32 day, gint64 seq_from, gint64 seq_to, StoreJobSink sink,
                        gpointer user, GError **error);

struct store_job_query {
    gint32 since, until; /* days inclusive; 0 = open */
    const char *user;    /* user_name, case-insensitive; NULL = any */
    const char *printer; /* device_name or device_id, case-insensitive */
    const char *type, *result;
    const char *text; /* substring of document_name, case-insensitive */
    gint64 after_seq; /* cursor: only seq > after (ascending) or < after (descending; 0 = from the end) */
    gboolean descending;
    gint64 limit; /* 0 = all */
};
gboolean store_jobs(struct store *store, const struct store_job_query *query, StoreJobSink sink,
                    gpointer user, GError **error);
/* One job; MISSING if there is none. */
gboolean store_job(struct store *store, gint64 seq, StoreJobSink sink, gpointer user, GError **error);
/* RT1: the `limit` jobs with the highest end (effective end of RW3, ties by seq), ascending by seq. */
gboolean store_latest_jobs(struct store *store, int limit, StoreJobSink sink, gpointer user, GError **error);
/* Sums by a column ("day", "user_name", "device_name", "department_id", "job_type", "result"): for `jobs
   stats` and charts. Days ascend, others by number of jobs, most first; `group` NULL = unknown. INPUT for
   another column. limit, after_seq and descending are ignored. */
struct store_sum {
    char *group;
    gint64 jobs, faces, sheets;
};
gboolean store_stats(struct store *store, const struct store_job_query *query, const char *group_by,
                     GPtrArray **ret_sums, GError **error);

gboolean store_days(struct store *store, gint32 since, gint32 until, GArray **ret_days,
                    GError **error); /* struct day_total, ascending; 0 = open */

/* Days up to `until` whose jobs are not all in delivered or waived auto rows, ascending: what the planner has
 * to look at. `settled`: jobs that are. */
struct open_day {
    struct day_total total;
    gint64 settled;
};
gboolean store_open_days(struct store *store, gint32 until, GArray **ret_days, GError **error);
/* Newest day before `before` of any auto row that is not void; 0 = none. */
gboolean store_newest_planned_day(struct store *store, gint32 before, gint32 *ret_day, GError **error);
/* How many jobs of `day` have seq_from < seq ≤ seq_to. */
gboolean store_range_rows(struct store *store, gint32 day, gint64 seq_from, gint64 seq_to, gint64 *ret_rows,
                          GError **error);

/* --- ledger --- */
struct delivery_query {
    gint64 id;           /* 0 = any */
    int kind;            /* enum delivery_kind, -1 = any */
    guint states;        /* bit mask 1<<state, 0 = any */
    gint32 since, until; /* days, 0 = open */
    gint64 covers_seq;   /* rows whose day and range hold this job; 0 = any (give since = until = its day) */
    const char *file_name; /* case-insensitive; NULL = any */
    gint64 limit;          /* newest by id, then returned ascending by (day, revision, part, id); 0 = all */
};
gboolean store_deliveries(struct store *store, const struct delivery_query *query, GPtrArray **ret_rows,
                          GError **error); /* of struct delivery * */
gboolean store_delivery_insert(struct store *store, struct delivery *row, GError **error); /* sets row->id */
/* Writes all fields of `row` if its state and attempts in the store still are the expected ones; *ret_matched
 * FALSE: nothing changed (somebody else has it). */
gboolean store_delivery_update(struct store *store, const struct delivery *row,
                               enum delivery_state expect_state, int expect_attempts, gboolean *ret_matched,
                               GError **error);
/* Boundaries that cut a day's range into parts: last seq of every `rows` jobs, ascending, the last one =
 * seq_to. New array of gint64. */
gboolean store_day_cuts(struct store *store, gint32 day, gint64 seq_from, gint64 seq_to, gint64 rows,
                        GArray **ret_cuts, GError **error);

/* --- runs --- */
gboolean store_run_insert(struct store *store, struct run *run, GError **error); /* sets run->id */
gboolean store_run_update(struct store *store, const struct run *run, GError **error);
gboolean store_runs(struct store *store, gint64 limit, GArray **ret_runs,
                    GError **error); /* struct run, newest first, cleared with the array */

/* --- retention (RW10) --- */
/* Deletes the oldest day if it lies before `before` and (all of it delivered or waived, or
 *`undelivered_too`), in slices; moves the horizon with the first slice. ret_day 0 = nothing to do; *ret_gap:
 *jobs deleted that were never delivered. */
gboolean store_purge_day(struct store *store, gint32 before, gboolean undelivered_too, gint32 *ret_day,
                         gint64 *ret_jobs, gint64 *ret_gap, GError **error);

/* --- one export at a time --- */
/* A lock that dies with its holder: an open file lock. The descriptor is close-on-exec: the caller clears
   that in the child that is to hold the lock, too. Unlocking closes the descriptor only: a child that still
   has it keeps the lock. *ret_fd -1 and *ret_got FALSE when another holds it after `wait_ms`. */
gboolean store_export_lock(struct store *store, int wait_ms, int *ret_fd, gboolean *ret_got, GError **error);
void store_export_unlock(struct store *store, int fd);
/* Whether anybody holds that lock at this moment; takes nothing, makes nothing. */
gboolean store_export_running(struct store *store, gboolean *ret_running, GError **error);

/* --- accounts (who may log in; SPEC RA) --- */
struct account {
    char *name;          /* unique, case-insensitive */
    gboolean admin;      /* 管理者モード; else 一般ユーザモード */
    char *password_hash; /* Argon2id as libsodium writes it; never shown */
    gint64 created;      /* seconds UTC */
};
void account_free(struct account *account);
typedef struct account PtAccount; /* for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PtAccount, account_free)
gboolean store_accounts(struct store *store, GPtrArray **ret_rows,
                        GError **error); /* of struct account *, by name; frees with the array */
/* INPUT if the name is taken. */
gboolean store_account_add(struct store *store, const struct account *account, GError **error);
/* MISSING if there is none of that name. */
gboolean store_account_password(struct store *store, const char *name, const char *password_hash,
                                GError **error);
gboolean store_account_remove(struct store *store, const char *name, GError **error); /* MISSING */

/* --- health --- */
/* Integrity check: array of GError * (X20, one a finding; frees with the array), empty = sound. */
gboolean store_check(struct store *store, GPtrArray **ret_messages, GError **error);
/* Online copy, mode 0600, marked by the fact copy_of = installation_id; never overwrites (INPUT); a failed
 * one leaves no file. */
gboolean store_backup(struct store *store, const char *file, GError **error);
gboolean store_compact(struct store *store, GError **error);
/* Takes the mark of a copy away and raises seq by 2^32, so that no number of the original's later jobs comes
 * twice. INPUT if this store is no copy. */
gboolean store_adopt(struct store *store, GError **error);

G_END_DECLS
