/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQLite engine: opening, statements, transactions, errors and file locks. */
#include "store/store-sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* How long a busy store is waited for. */
#define BUSY_LIMIT_US (30 * G_USEC_PER_SEC)

static const char connection_sql[] = "PRAGMA foreign_keys = ON;"
                                     "PRAGMA synchronous = FULL;"
                                     "PRAGMA temp_store = FILE;"
                                     "PRAGMA cache_size = -4000;"
                                     "PRAGMA wal_autocheckpoint = 4000;"
                                     "PRAGMA journal_size_limit = 33554432;"
                                     "PRAGMA secure_delete = FAST;";

gboolean sqlite_error(const char *path, int rc, const char *message, GError **error)
{
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        g_error("%s: out of memory", path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
        pt_error_set(error, PT_ERROR_X20, "%s: %s", "%s: %s", path, message);
        break;
    case SQLITE_IOERR:
        pt_error_set(error,
                     rc == SQLITE_IOERR_READ || rc == SQLITE_IOERR_SHORT_READ || rc == SQLITE_IOERR_CORRUPTFS
                         ? PT_ERROR_X20
                         : PT_ERROR_X19,
                     "%s: cannot be read or written: %s (%d)", "%s: 読み書きできません: %s (%d)", path,
                     message, rc);
        break;
    case SQLITE_FULL:
        pt_error_set(error, PT_ERROR_X19, "%s: the disk is full", "%s: ディスクがいっぱいです", path);
        break;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        pt_error_set(error, PT_ERROR_X19, "%s: cannot be opened or written: %s",
                     "%s: 開けないか、書き込めません: %s", path, message);
        break;
    case SQLITE_BUSY:
        pt_error_set(error, PT_ERROR_X26, "%s: another process has been writing to the store for %d seconds",
                     "%s: ほかのプロセスがデータストアに %d 秒間書き込み中です", path,
                     (int)(BUSY_LIMIT_US / G_USEC_PER_SEC));
        break;
    default:
        pt_error_set(error, PT_ERROR_INTERNAL, "%s: %s (%d)", "%s: %s (%d)", path, message, rc);
    }
    return FALSE;
}

gboolean sqlite_fail(struct sqlite *sqlite, int rc, GError **error)
{
    if (sqlite->transaction)
        sqlite->failed = TRUE;
    return sqlite_error(sqlite->path, rc, sqlite3_errmsg(sqlite->db), error);
}

static gboolean internal(struct sqlite *sqlite, const char *en, const char *ja, GError **error)
{
    g_autofree char *en_text = g_strdup_printf("%s: %s", sqlite->path, en);
    g_autofree char *ja_text = g_strdup_printf("%s: %s", sqlite->path, ja);

    pt_error_set_texts(error, PT_ERROR_INTERNAL, en_text, ja_text);
    return FALSE;
}

static gboolean has_failed(struct sqlite *sqlite, GError **error)
{
    return sqlite->failed && !internal(sqlite, "the transaction has failed and must be rolled back",
                                       "失敗したトランザクションは取り消す必要があります", error);
}

/* --- statements --- */

static gboolean connect_file(struct sqlite *sqlite, GError **error);
static void disconnect(struct sqlite *sqlite);

/* Whether no call is in the middle of reading: every statement is a kept one and at rest. */
static gboolean idle(const struct sqlite *sqlite)
{
    guint statements = 0;

    for (sqlite3_stmt *s = sqlite3_next_stmt(sqlite->db, NULL); s; s = sqlite3_next_stmt(sqlite->db, s)) {
        if (sqlite3_stmt_busy(s))
            return FALSE;
        statements++;
    }
    return statements == g_hash_table_size(sqlite->statements) && sqlite3_get_autocommit(sqlite->db);
}

/* Before each statement. A store that was opened while nobody wrote is connected anew once somebody does. */
static gboolean usable(struct sqlite *sqlite, GError **error)
{
    g_autofree char *wal = NULL;

    if (has_failed(sqlite, error))
        return FALSE;
    if (!sqlite->immutable || !idle(sqlite))
        return TRUE;
    wal = g_strconcat(sqlite->path, "-wal", NULL);
    if (access(wal, F_OK) != 0)
        return TRUE;
    disconnect(sqlite);
    return connect_file(sqlite, error) && sqlite_jobs_register(sqlite, error);
}

gboolean sqlite_exec(struct sqlite *sqlite, const char *sql, GError **error)
{
    int rc = sqlite3_exec(sqlite->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK || sqlite_fail(sqlite, rc, error);
}

sqlite3_stmt *sqlite_prepare(struct sqlite *sqlite, const char *sql, GError **error)
{
    sqlite3_stmt *statement = NULL;
    int rc;

    if (!usable(sqlite, error))
        return NULL;
    rc = sqlite3_prepare_v3(sqlite->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    if (rc != SQLITE_OK)
        (void)sqlite_fail(sqlite, rc, error);
    return statement;
}

static void bind(sqlite3_stmt *statement, const char *types, va_list args)
{
    for (int i = 0; types[i]; i++) {
        if (types[i] == 't') {
            sqlite3_bind_text(statement, i + 1, va_arg(args, const char *), -1, SQLITE_STATIC);
        } else {
            gint64 number = va_arg(args, gint64);

            if (types[i] == 'd' && number == 0)
                sqlite3_bind_null(statement, i + 1);
            else
                sqlite3_bind_int64(statement, i + 1, number);
        }
    }
}

static sqlite3_stmt *query_valist(struct sqlite *sqlite, GError **error, const char *sql, const char *types,
                                  va_list args)
{
    sqlite3_stmt *statement;

    if (!usable(sqlite, error))
        return NULL;
    statement = g_hash_table_lookup(sqlite->statements, sql);
    if (!statement) {
        statement = sqlite_prepare(sqlite, sql, error);
        if (!statement)
            return NULL;
        /* The key is an address, never followed. */
        g_hash_table_insert(sqlite->statements, GSIZE_TO_POINTER((gsize)sql), statement);
    }
    g_assert(!sqlite3_stmt_busy(statement));
    bind(statement, types, args);
    return statement;
}

sqlite3_stmt *sqlite_query(struct sqlite *sqlite, GError **error, const char *sql, const char *types, ...)
{
    sqlite3_stmt *statement;
    va_list args;

    va_start(args, types);
    statement = query_valist(sqlite, error, sql, types, args);
    va_end(args);
    return statement;
}

int sqlite_next(struct sqlite *sqlite, sqlite3_stmt *statement, GError **error)
{
    int rc = sqlite3_step(statement);

    if (rc == SQLITE_ROW)
        return 1;
    if (rc != SQLITE_DONE)
        (void)sqlite_fail(sqlite, rc, error);
    sqlite3_reset(statement);
    return rc == SQLITE_DONE ? 0 : -1;
}

static gboolean run_valist(struct sqlite *sqlite, GError **error, const char *sql, const char *types,
                           va_list args)
{
    g_autoptr(SqliteQuery) statement = query_valist(sqlite, error, sql, types, args);

    return statement && sqlite_next(sqlite, statement, error) >= 0;
}

gboolean sqlite_run(struct sqlite *sqlite, GError **error, const char *sql, const char *types, ...)
{
    gboolean ok;
    va_list args;

    va_start(args, types);
    ok = run_valist(sqlite, error, sql, types, args);
    va_end(args);
    return ok;
}

gboolean sqlite_write(struct sqlite *sqlite, GError **error, const char *sql, const char *types, ...)
{
    gboolean ok;
    va_list args;

    if (!sqlite_scope_begin(sqlite, error))
        return FALSE;
    va_start(args, types);
    ok = run_valist(sqlite, error, sql, types, args);
    va_end(args);
    return sqlite_scope_end(sqlite, ok, error);
}

gboolean sqlite_number(struct sqlite *sqlite, GError **error, gint64 *ret_number, const char *sql,
                       const char *types, ...)
{
    g_autoptr(SqliteQuery) statement = NULL;
    va_list args;
    int row;

    va_start(args, types);
    statement = query_valist(sqlite, error, sql, types, args);
    va_end(args);
    if (!statement)
        return FALSE;
    row = sqlite_next(sqlite, statement, error);
    if (row > 0 && sqlite3_column_type(statement, 0) != SQLITE_NULL)
        *ret_number = sqlite3_column_int64(statement, 0);
    return row >= 0;
}

char *sqlite_column_dup(sqlite3_stmt *statement, int column)
{
    return g_strdup((const char *)sqlite3_column_text(statement, column));
}

/* --- transactions --- */

static gboolean writable(struct sqlite *sqlite, GError **error)
{
    if (sqlite->mode == STORE_READ)
        return internal(sqlite, "opened for reading only", "読み取り専用で開かれています", error);
    return !has_failed(sqlite, error);
}

/* SQLite's lock knows no queue: who commits and begins again at once, as an import does a thousand times,
   would starve all others. So whoever waits for it holds the turn, and who comes next has to take the turn
   first. Fairness only: a system that refuses such locks does without. */
static gboolean begin_immediate(struct sqlite *sqlite, GError **error)
{
    gint64 deadline = g_get_monotonic_time() + BUSY_LIMIT_US;
    gboolean ok;

    while (flock(sqlite->turn_fd, LOCK_EX | LOCK_NB) != 0 && (errno == EWOULDBLOCK || errno == EINTR)) {
        if (g_get_monotonic_time() >= deadline)
            return sqlite_error(sqlite->path, SQLITE_BUSY, "", error);
        g_usleep(1000); /* flock() has no deadline */
    }
    ok = sqlite_exec(sqlite, "BEGIN IMMEDIATE", error);
    (void)flock(sqlite->turn_fd, LOCK_UN); /* fails where taking it did */
    return ok;
}

gboolean sqlite_scope_begin(struct sqlite *sqlite, GError **error)
{
    if (!writable(sqlite, error))
        return FALSE;
    if (sqlite->transaction)
        return TRUE;
    if (!sqlite3_get_autocommit(sqlite->db))
        return internal(sqlite, "an ingest with uncommitted jobs is open on this handle",
                        "このハンドルで未確定の取り込みが行われています", error);
    return begin_immediate(sqlite, error);
}

gboolean sqlite_scope_end(struct sqlite *sqlite, gboolean ok, GError **error)
{
    if (sqlite->transaction) {
        if (!ok)
            sqlite->failed = TRUE;
        return ok;
    }
    if (ok && sqlite_exec(sqlite, "COMMIT", error))
        return TRUE;
    if (!sqlite3_get_autocommit(sqlite->db))
        sqlite3_exec(sqlite->db, "ROLLBACK", NULL, NULL,
                     NULL); /* the error is already set; SQLite may have done it */
    return FALSE;
}

/* One writer at a time is all that SQLite knows: every write transaction keeps ingest out, so STORE_PLAN
 * needs nothing more. */
static gboolean begin(struct store *store, enum store_transaction kind G_GNUC_UNUSED, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;

    if (sqlite->transaction)
        return internal(sqlite, "a transaction is open already", "トランザクションはすでに開始されています",
                        error);
    if (!sqlite_scope_begin(sqlite, error))
        return FALSE;
    sqlite->transaction = TRUE;
    return TRUE;
}

static void rollback(struct store *store)
{
    struct sqlite *sqlite = (struct sqlite *)store;

    if (!sqlite->transaction)
        return;
    sqlite->transaction = FALSE;
    sqlite->failed = FALSE;
    if (!sqlite3_get_autocommit(sqlite->db))
        sqlite3_exec(sqlite->db, "ROLLBACK", NULL, NULL, NULL); /* cannot fail but by having happened */
}

static gboolean commit(struct store *store, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;

    if (!sqlite->transaction)
        return internal(sqlite, "no transaction is open", "トランザクションが開始されていません", error);
    if (writable(sqlite, error) && sqlite_exec(sqlite, "COMMIT", error)) {
        sqlite->transaction = FALSE;
        return TRUE;
    }
    rollback(store);
    return FALSE;
}

/* --- file locks --- */

gboolean sqlite_lock_file(struct sqlite *sqlite, const char *name, int wait_ms, int *ret_fd, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(sqlite->path);
    g_autofree char *file = g_build_filename(dir, name, NULL);
    gint64 deadline = g_get_monotonic_time() + wait_ms * G_TIME_SPAN_MILLISECOND;
    int fd;

    if (!writable(sqlite, error))
        return FALSE;
    fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            int saved = errno;

            close(fd);
            errno = saved;
            fd = -1;
        } else if (g_get_monotonic_time() >= deadline) {
            close(fd);
            *ret_fd = -1;
            return TRUE;
        } else {
            g_usleep(10000); /* flock() has no deadline */
        }
    }
    if (fd < 0) {
        pt_error_set(error, PT_ERROR_X19, "%s: %s", "%s: %s", file, g_strerror(errno));
        return FALSE;
    }
    *ret_fd = fd;
    return TRUE;
}

static gboolean export_lock(struct store *store, int wait_ms, int *ret_fd, gboolean *ret_got, GError **error)
{
    /* Whoever asks whether an export is running holds the lock for a moment. */
    if (!sqlite_lock_file((struct sqlite *)store, "export.lock", MAX(wait_ms, 20), ret_fd, error))
        return FALSE;
    *ret_got = *ret_fd >= 0;
    return TRUE;
}

/* Closing only: a helper that still holds the descriptor keeps the lock, as it must. */
static void export_unlock(struct store *store G_GNUC_UNUSED, int fd)
{
    if (fd >= 0)
        close(fd);
}

/* --- opening and closing --- */

static int wait_for_lock(void *user, int count)
{
    struct sqlite *sqlite = user;
    gint64 now = g_get_monotonic_time();

    if (count == 0)
        sqlite->busy_since = now;
    if (now - sqlite->busy_since >= BUSY_LIMIT_US)
        return 0;
    g_usleep(count < 10 ? 1000 : 10000);
    return 1;
}

static gboolean connect_file(struct sqlite *sqlite, GError **error)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (sqlite->mode == STORE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    g_autofree char *wal = g_strconcat(sqlite->path, "-wal", NULL);
    g_autofree char *shm = g_strconcat(sqlite->path, "-shm", NULL);
    g_autofree char *escaped = g_uri_escape_string(sqlite->path, "/", FALSE);
    g_autofree char *uri = NULL;
    int keep = 1;
    int rc;

    sqlite->immutable = sqlite->mode == STORE_READ && access(wal, F_OK) != 0 && access(shm, F_OK) != 0;
    uri = g_strconcat("file:", escaped, sqlite->immutable ? "?immutable=1" : "", NULL);
    rc = sqlite3_open_v2(uri, &sqlite->db, flags | SQLITE_OPEN_URI, NULL);
    if (rc != SQLITE_OK)
        return sqlite_error(sqlite->path, rc, sqlite->db ? sqlite3_errmsg(sqlite->db) : sqlite3_errstr(rc),
                            error);
    sqlite3_busy_handler(sqlite->db, wait_for_lock, sqlite);
    sqlite3_db_config(sqlite->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(sqlite->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* -wal and -shm stay after the last close: so a later reader need not make them. */
    sqlite3_file_control(sqlite->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
    if (sqlite->mode == STORE_READ)
        return TRUE;
    return sqlite_exec(sqlite, connection_sql, error) &&
           sqlite_exec(sqlite, "PRAGMA journal_mode = WAL", error);
}

static void disconnect(struct sqlite *sqlite)
{
    g_hash_table_remove_all(sqlite->statements);
    sqlite3_close_v2(sqlite->db);
    sqlite->db = NULL;
}

static void close_store(struct store *store)
{
    struct sqlite *sqlite = (struct sqlite *)store;

    g_assert(!sqlite->ingest);
    rollback(store);
    disconnect(sqlite);
    g_hash_table_unref(sqlite->statements);
    if (sqlite->turn_fd >= 0)
        close(sqlite->turn_fd);
    g_free(sqlite->path);
    g_free(sqlite);
}

static const struct store_ops sqlite_ops = {
    .close = close_store,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .settings = sqlite_settings,
    .setting_put = sqlite_setting_put,
    .meta = sqlite_meta,
    .meta_put = sqlite_meta_put,
    .audit = sqlite_audit,
    .sources = sqlite_sources,
    .source_add = sqlite_source_add,
    .source_remove = sqlite_source_remove,
    .source_report = sqlite_source_report,
    .ingest_new = sqlite_ingest_new,
    .ingest_add = sqlite_ingest_add,
    .ingest_commit = sqlite_ingest_commit,
    .ingest_free = sqlite_ingest_free,
    .day_jobs = sqlite_day_jobs,
    .jobs = sqlite_jobs,
    .job = sqlite_job,
    .latest_jobs = sqlite_latest_jobs,
    .stats = sqlite_stats,
    .days = sqlite_days,
    .open_days = sqlite_open_days,
    .newest_planned_day = sqlite_newest_planned_day,
    .range_rows = sqlite_range_rows,
    .deliveries = sqlite_deliveries,
    .delivery_insert = sqlite_delivery_insert,
    .delivery_update = sqlite_delivery_update,
    .day_cuts = sqlite_day_cuts,
    .run_insert = sqlite_run_insert,
    .run_update = sqlite_run_update,
    .runs = sqlite_runs,
    .purge_day = sqlite_purge_day,
    .export_lock = export_lock,
    .export_unlock = export_unlock,
    .export_running = sqlite_export_running,
    .accounts = sqlite_accounts,
    .account_add = sqlite_account_add,
    .account_password = sqlite_account_password,
    .account_remove = sqlite_account_remove,
    .check = sqlite_check,
    .backup = sqlite_backup,
    .compact = sqlite_compact,
    .adopt = sqlite_adopt,
};

static void finalize(gpointer statement)
{
    sqlite3_finalize(statement);
}

static int open_directory(const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);

    return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

struct store *store_sqlite_open(const char *path, enum store_mode mode, GError **error)
{
    g_autofree char *full = g_canonicalize_filename(path, NULL);
    struct sqlite *sqlite;

    /* Counting every allocation costs a lock each; refused harmlessly when SQLite runs already. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (access(full, F_OK) != 0) {
        if (errno != ENOENT) {
            pt_error_set(error, PT_ERROR_X19, "%s: %s", "%s: %s", full, g_strerror(errno));
            return NULL;
        }
        if (mode != STORE_CREATE) {
            pt_error_set(error, PT_ERROR_MISSING, "%s: there is no store yet",
                         "%s: データストアがまだありません", full);
            return NULL;
        }
        if (!sqlite_create_file(full, error))
            return NULL;
    }
    if (!sqlite_recognize(full, error))
        return NULL;
    sqlite = g_new0(struct sqlite, 1);
    sqlite->base.ops = &sqlite_ops;
    sqlite->path = g_steal_pointer(&full);
    sqlite->mode = mode;
    sqlite->turn_fd = mode == STORE_READ ? -1 : open_directory(sqlite->path);
    sqlite->statements = g_hash_table_new_full(NULL, NULL, NULL, finalize);
    if (!connect_file(sqlite, error) || !sqlite_upgrade(sqlite, error) ||
        !sqlite_jobs_register(sqlite, error)) {
        close_store(&sqlite->base);
        return NULL;
    }
    return &sqlite->base;
}
