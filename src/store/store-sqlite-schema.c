/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQLite engine: the schema (ARCHITECTURE.md), how a store is made, recognized and migrated. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store-sqlite.h"

/* All but `job`, whose columns come from columns.def. Times are seconds UTC, days YYYYMMDD; 0 = never, none.
 */
static const char schema_sql[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE setting(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE audit(id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL,"
    " what TEXT NOT NULL) STRICT;"
    "CREATE TABLE source(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, folded TEXT NOT NULL,"
    " kind TEXT NOT NULL, uri TEXT NOT NULL, cursor TEXT, removed INTEGER NOT NULL DEFAULT 0,"
    " last_poll INTEGER NOT NULL DEFAULT 0, last_ok INTEGER NOT NULL DEFAULT 0, error TEXT, error_text TEXT,"
    " jobs INTEGER NOT NULL DEFAULT 0, duplicates INTEGER NOT NULL DEFAULT 0, conflicts INTEGER NOT NULL "
    "DEFAULT 0,"
    " refused INTEGER NOT NULL DEFAULT 0, open_jobs TEXT) STRICT;"
    "CREATE UNIQUE INDEX source_name ON source(folded) WHERE removed = 0;"
    "CREATE INDEX job_day ON job(day);"
    "CREATE UNIQUE INDEX job_identity ON job(source_id, ended_at, source_key);"
    "CREATE TABLE booked(source_id INTEGER NOT NULL, source_key TEXT NOT NULL, ended_at INTEGER NOT NULL,"
    " day INTEGER NOT NULL, faces_total INTEGER, sheets INTEGER, sheets_duplex INTEGER, copies_completed "
    "INTEGER,"
    " PRIMARY KEY(source_id, source_key)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX booked_day ON booked(day);"
    "CREATE TABLE day(day INTEGER PRIMARY KEY, jobs INTEGER NOT NULL, last_seq INTEGER NOT NULL) STRICT;"
    "CREATE TABLE delivery(id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, day INTEGER NOT NULL,"
    " revision INTEGER NOT NULL, part INTEGER NOT NULL, parts INTEGER NOT NULL, seq_from INTEGER NOT NULL,"
    " seq_to INTEGER NOT NULL, file_name TEXT, format TEXT, target TEXT, target_shown TEXT, mail_headers "
    "TEXT,"
    " rows INTEGER NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT, state TEXT NOT NULL, attempts INTEGER NOT "
    "NULL,"
    " temp_name TEXT, first_try INTEGER NOT NULL, last_try INTEGER NOT NULL, delivered_at INTEGER NOT NULL,"
    " run_id INTEGER NOT NULL, error TEXT, error_text TEXT, note TEXT, resend_of INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX delivery_part ON delivery(day, revision, part) WHERE kind = 'auto' AND state <> "
    "'void';"
    "CREATE INDEX delivery_settled ON delivery(day, seq_from, seq_to)"
    " WHERE kind = 'auto' AND state IN ('delivered', 'waived');"
    "CREATE INDEX delivery_open ON delivery(state) WHERE state NOT IN ('delivered', 'waived', 'void');"
    "CREATE INDEX delivery_day ON delivery(day);"
    "CREATE TABLE account(folded TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, password_hash "
    "TEXT NOT NULL,"
    " created INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE run(id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, trigger TEXT NOT NULL,"
    " nominal_date INTEGER NOT NULL, started INTEGER NOT NULL, ended INTEGER NOT NULL, result TEXT NOT NULL,"
    " code TEXT, text TEXT, files INTEGER NOT NULL, jobs INTEGER NOT NULL, replaced INTEGER NOT NULL) "
    "STRICT;";

/* Each brings one version to the next. New columns of columns.def need none: sqlite_migrate() adds them. */
static const struct sqlite_migration migrations[] = {
    {0, NULL}, /* no version before 1 was ever released */
};

const struct job_columns_stored *sqlite_job_columns(void)
{
    static struct job_columns_stored stored;
    static gsize once;

    if (g_once_init_enter(&once)) {
        for (int i = 0; i < JOB_COLUMNS; i++) {
            enum job_column_type type = job_columns[i].type;

            if (type == JOB_DERIVED)
                continue;
            stored.column[stored.n] = (enum job_column)i;
            stored.text[stored.n++] = type == JOB_TEXT || type == JOB_TOKEN;
        }
        g_once_init_leave(&once, 1);
    }
    return &stored;
}

void sqlite_job_columns_append(GString *sql)
{
    const struct job_columns_stored *stored = sqlite_job_columns();

    for (int i = 0; i < stored->n; i++)
        g_string_append_printf(sql, "%s%s", i ? ", " : "", job_columns[stored->column[i]].key);
}

/* "device_id TEXT". An unknown end is 0, not NULL: NULLs are never equal, and the end is part of the
 * identity. */
static char *column_definition(enum job_column column)
{
    enum job_column_type type = job_columns[column].type;

    if (column == JOB_ENDED_AT)
        return g_strdup("ended_at INTEGER NOT NULL DEFAULT 0");
    return g_strdup_printf("%s %s", job_columns[column].key,
                           type == JOB_TEXT || type == JOB_TOKEN ? "TEXT" : "INTEGER");
}

static char *job_table_sql(void)
{
    GString *sql =
        g_string_new("CREATE TABLE job(seq INTEGER PRIMARY KEY AUTOINCREMENT, day INTEGER NOT NULL,"
                     " source_id INTEGER NOT NULL REFERENCES source(id), source_key TEXT NOT NULL,"
                     " arrived_at INTEGER NOT NULL");
    const struct job_columns_stored *stored = sqlite_job_columns();

    for (int i = 1; i < stored->n; i++) {
        g_autofree char *definition = column_definition(stored->column[i]);

        g_string_append_printf(sql, ", %s", definition);
    }
    g_string_append(sql, ", raw TEXT) STRICT;");
    return g_string_free(sql, FALSE);
}

/* --- making one --- */

static gboolean fill_new(const char *path, GError **error)
{
    g_autofree char *job_sql = job_table_sql();
    g_autofree char *uuid = g_uuid_string_random();
    g_autofree char *sql = g_strdup_printf(
        "PRAGMA page_size = 4096; PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL; BEGIN; %s %s"
        "INSERT INTO meta VALUES('installation_id', '%s');"
        "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT;",
        job_sql, schema_sql, uuid, SQLITE_APPLICATION_ID, SQLITE_SCHEMA_VERSION);
    sqlite3 *db = NULL;
    int rc =
        sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    /* The last close empties the log into the file. */
    if (rc == SQLITE_OK)
        rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (rc != SQLITE_OK)
        (void)sqlite_error(path, rc, db ? sqlite3_errmsg(db) : sqlite3_errstr(rc), error);
    sqlite3_close(db);
    return rc == SQLITE_OK;
}

/* So that the new name survives a power cut. Failing costs nothing but the name: the next start makes the
 * store again. */
static void sync_directory(const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

static gboolean system_error(const char *path, GError **error)
{
    int number = errno;

    pt_error_set(error, PT_ERROR_X19, "%s: %s", "%s: %s", path, g_strerror(number));
    return FALSE;
}

gboolean sqlite_create_file(const char *path, GError **error)
{
    g_autofree char *uuid = g_uuid_string_random();
    g_autofree char *fresh = g_strdup_printf("%s.new-%s", path, uuid);
    static const char *const leftovers[] = {"", "-wal", "-shm", "-journal"};
    gboolean ok;
    int fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return system_error(fresh, error);
    close(fd);
    ok = fill_new(fresh, error);
    /* Whoever comes second finds the first one's. */
    if (ok && link(fresh, path) != 0 && errno != EEXIST)
        ok = system_error(path, error);
    for (gsize i = 0; i < G_N_ELEMENTS(leftovers); i++) {
        g_autofree char *name = g_strconcat(fresh, leftovers[i], NULL);

        (void)unlink(name); /* most of them are not there */
    }
    if (ok)
        sync_directory(path);
    return ok;
}

/* --- recognizing and migrating --- */

static gboolean not_ours(const char *path, GError **error)
{
    pt_error_set(error, PT_ERROR_X20, "%s: not a store of printtrail; it was not touched",
                 "%s: printtrail のデータストアではありません(変更していません)", path);
    return FALSE;
}

/* The mark as it stands in the file's header, where nothing of ours ever changes it; the log may hold the
   rest. Read past the pager, so that a foreign file sees neither locks nor side files; but by SQLite's own
   descriptor: closing one of ours would drop the locks that other handles of this process hold on the file
   (POSIX). */
static int read_mark(sqlite3 *db, guint32 *ret_mark)
{
    guchar header[100];
    sqlite3_file *file = NULL;
    int rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);

    *ret_mark = 0;
    if (rc != SQLITE_OK)
        return rc;
    rc = file->pMethods->xRead(file, header, sizeof header, 0);
    if (rc == SQLITE_IOERR_SHORT_READ)
        return SQLITE_OK;
    if (rc == SQLITE_OK && memcmp(header, "SQLite format 3", 16) == 0)
        *ret_mark =
            (guint32)header[68] << 24 | (guint32)header[69] << 16 | (guint32)header[70] << 8 | header[71];
    return rc;
}

gboolean sqlite_recognize(const char *path, GError **error)
{
    g_autofree char *escaped = g_uri_escape_string(path, "/", FALSE);
    g_autofree char *uri = g_strdup_printf("file:%s?immutable=1", escaped);
    sqlite3 *db = NULL;
    guint32 mark = 0;
    int rc = sqlite3_open_v2(
        uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

    if (rc == SQLITE_OK)
        rc = read_mark(db, &mark);
    if (rc != SQLITE_OK)
        (void)sqlite_error(path, rc, db ? sqlite3_errmsg(db) : sqlite3_errstr(rc), error);
    sqlite3_close(db);
    if (rc != SQLITE_OK)
        return FALSE;
    return mark == SQLITE_APPLICATION_ID || not_ours(path, error);
}

static gboolean wrong_version(struct sqlite *sqlite, gint64 version, int target, GError **error)
{
    if (version > target)
        pt_error_set(error, PT_ERROR_X20,
                     "%s: written by a newer printtrail: its schema version is %d, this one knows up to %d",
                     "%s: より新しい printtrail が書き込んだものです。スキーマの版は %d ですが、この "
                     "printtrail は %d までです",
                     sqlite->path, (int)version, target);
    else
        pt_error_set(error, PT_ERROR_X20,
                     "%s: its schema version is %d and must be brought to %d first: start printtrail serve "
                     "once, or any command that writes",
                     "%s: スキーマの版が %d です。先に %d へ移行する必要があります。printtrail serve "
                     "など、書き込みを行うコマンドを一度実行してください",
                     sqlite->path, (int)version, target);
    return FALSE;
}

static gboolean add_missing_columns(struct sqlite *sqlite, GError **error)
{
    const struct job_columns_stored *stored = sqlite_job_columns();

    for (int i = 0; i < stored->n; i++) {
        g_autofree char *definition = column_definition(stored->column[i]);
        g_autofree char *sql = g_strdup_printf("ALTER TABLE job ADD COLUMN %s", definition);
        gint64 found = 0;

        if (!sqlite_number(sqlite, error, &found,
                           "SELECT count(*) FROM pragma_table_info('job') WHERE name = ?1", "t",
                           job_columns[stored->column[i]].key))
            return FALSE;
        if (!found && !sqlite_exec(sqlite, sql, error))
            return FALSE;
    }
    return TRUE;
}

/* Under the write lock: another process may have been quicker. */
static gboolean migrate_one(struct sqlite *sqlite, const struct sqlite_migration *steps, gsize n_steps,
                            gint64 *version, int target, GError **error)
{
    g_autofree char *mark = NULL;

    if (!sqlite_number(sqlite, error, version, "PRAGMA user_version", ""))
        return FALSE;
    if (*version >= target)
        return TRUE;
    for (gsize i = 0; i < n_steps; i++) {
        if (steps[i].from != *version || !steps[i].sql)
            continue;
        mark = g_strdup_printf("PRAGMA user_version = %d", steps[i].from + 1);
        if (!sqlite_exec(sqlite, steps[i].sql, error) || !add_missing_columns(sqlite, error) ||
            !sqlite_exec(sqlite, mark, error))
            return FALSE;
        *version += 1;
        return TRUE;
    }
    return wrong_version(sqlite, *version, target, error);
}

gboolean sqlite_migrate(struct sqlite *sqlite, const struct sqlite_migration *steps, gsize n_steps,
                        int target, GError **error)
{
    gint64 version = 0;

    if (!sqlite_number(sqlite, error, &version, "PRAGMA user_version", ""))
        return FALSE;
    if (version > target || (version < target && sqlite->mode == STORE_READ))
        return wrong_version(sqlite, version, target, error);
    while (version < target) {
        if (!sqlite_scope_begin(sqlite, error))
            return FALSE;
        if (!sqlite_scope_end(sqlite, migrate_one(sqlite, steps, n_steps, &version, target, error), error))
            return FALSE;
    }
    return version == target || wrong_version(sqlite, version, target, error);
}

gboolean sqlite_upgrade(struct sqlite *sqlite, GError **error)
{
    return sqlite_migrate(sqlite, migrations, G_N_ELEMENTS(migrations), SQLITE_SCHEMA_VERSION, error);
}
