/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQLite engine: retention (SPEC RW10), check, backup and compaction. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/calendar.h"
#include "store/store-sqlite.h"

/* --- retention --- */

#define SLICE_ROWS 10000

struct purge {
    gint32 day;
    gint64 jobs, gap;
    gboolean finished;
};

static gboolean raise_to(struct sqlite *sqlite, const char *key, const char *value, GError **error)
{
    return sqlite_run(sqlite, error,
                      "INSERT INTO meta VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET"
                      " value = max(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER))",
                      "tt", key, value);
}

/* Jobs that are deleted without ever having been delivered are counted for people. */
static gboolean add_gap(struct sqlite *sqlite, gint64 jobs, GError **error)
{
    return sqlite_run(sqlite, error,
                      "INSERT INTO meta VALUES('gap_jobs', CAST(?1 AS TEXT)) ON CONFLICT(key) DO UPDATE SET"
                      " value = CAST(CAST(value AS INTEGER) + ?1 AS TEXT)",
                      "i", jobs);
}

/* Finds the day and judges it; with the horizon moved in the same transaction no job can join it any more.
 * purge->day 0: nothing to do. */
static gboolean start_purge(struct sqlite *sqlite, gint32 before, gboolean undelivered_too,
                            struct purge *purge, GError **error)
{
    gint64 day = 0;
    gint64 unsettled = 0, last_end = 0;
    g_autofree char *horizon = NULL;
    g_autofree char *instant = NULL;

    if (!sqlite_number(sqlite, error, &day, "SELECT day FROM day ORDER BY day LIMIT 1", ""))
        return FALSE;
    if (!day || day >= before)
        return TRUE;
    if (!sqlite_unsettled(sqlite, (gint32)day, G_MAXINT64, &unsettled, error))
        return FALSE;
    if (unsettled && !undelivered_too)
        return TRUE;
    purge->day = (gint32)day;
    purge->gap = unsettled;
    /* Days are local: in another zone the same record has another day. Ends that decided no day (RW3) are
     * left out. */
    if (!sqlite_number(sqlite, error, &last_end,
                       "SELECT max(ended_at) FROM job INDEXED BY job_day WHERE day = ?1 AND ended_at >= ?2"
                       " AND ended_at <= arrived_at + 86400",
                       "ii", day, JOB_TIME_MIN))
        return FALSE;
    horizon = g_strdup_printf("%d", day_add(purge->day, 1));
    instant = g_strdup_printf("%" G_GINT64_FORMAT, last_end);
    return raise_to(sqlite, "horizon", horizon, error) &&
           raise_to(sqlite, "horizon_instant", instant, error) &&
           (!unsettled || add_gap(sqlite, unsettled, error));
}

/* Deletes one slice of the day and takes it off the day's total; the last one takes the day's row along, and
 * what was booked up to then. */
static gboolean purge_slice(struct sqlite *sqlite, struct purge *purge, GError **error)
{
    gint64 slice;

    if (!sqlite_run(
            sqlite, error,
            "DELETE FROM job WHERE seq IN (SELECT seq FROM job INDEXED BY job_day WHERE day = ?1 LIMIT ?2)",
            "ii", (gint64)purge->day, (gint64)SLICE_ROWS))
        return FALSE;
    slice = sqlite3_changes(sqlite->db);
    purge->jobs += slice;
    if (slice == SLICE_ROWS)
        return sqlite_run(sqlite, error, "UPDATE day SET jobs = jobs - ?2 WHERE day = ?1", "ii",
                          (gint64)purge->day, slice);
    if (!sqlite_run(sqlite, error, "DELETE FROM day WHERE day = ?1", "i", (gint64)purge->day) ||
        !sqlite_run(sqlite, error,
                    "DELETE FROM booked WHERE (source_id, source_key) IN"
                    " (SELECT source_id, source_key FROM booked WHERE day <= ?1 LIMIT ?2)",
                    "ii", (gint64)purge->day, (gint64)SLICE_ROWS))
        return FALSE;
    purge->finished = sqlite3_changes(sqlite->db) < SLICE_ROWS;
    return TRUE;
}

gboolean sqlite_purge_day(struct store *store, gint32 before, gboolean undelivered_too, gint32 *ret_day,
                          gint64 *ret_jobs, gint64 *ret_gap, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    struct purge purge = {0};

    while (!purge.finished) {
        gboolean ok;

        if (!sqlite_scope_begin(sqlite, error))
            return FALSE;
        ok = purge.day || start_purge(sqlite, before, undelivered_too, &purge, error);
        if (ok && purge.day)
            ok = purge_slice(sqlite, &purge, error);
        else
            purge.finished = TRUE;
        if (!sqlite_scope_end(sqlite, ok, error))
            return FALSE;
    }
    *ret_day = purge.day;
    *ret_jobs = purge.jobs;
    *ret_gap = purge.gap;
    return TRUE;
}

/* --- check --- */

static void finding(GPtrArray *findings, const char *en, const char *ja, const char *what)
{
    g_autofree char *en_text = g_strdup_printf("%s: %s", en, what);
    g_autofree char *ja_text = g_strdup_printf("%s: %s", ja, what);
    GError *found = NULL;

    pt_error_set_texts(&found, PT_ERROR_X20, en_text, ja_text);
    g_ptr_array_add(findings, found);
}

struct invariant {
    const char *en, *ja;
    const char *sql; /* rows of one text each: what breaks it */
};

static const struct invariant invariants[] = {
    {"the file is damaged", "ファイルが壊れています",
     "SELECT integrity_check FROM pragma_integrity_check(100) WHERE integrity_check <> 'ok'"},
    {"a row refers to nothing", "参照先のない行があります",
     "SELECT \"table\" || ' ' || coalesce(rowid, '') || ' ' || parent FROM pragma_foreign_key_check LIMIT "
     "100"},
    {"a day's total is not the number of its jobs", "日の合計がジョブ数と一致しません",
     "SELECT counted.day || ': ' || coalesce(day.jobs, 0) || ' ' || coalesce(day.last_seq, 0) || ' / ' || "
     "counted.jobs || ' '"
     " || counted.last_seq FROM (SELECT day, count(*) AS jobs, max(seq) AS last_seq FROM job INDEXED BY "
     "job_day GROUP BY day)"
     " AS counted LEFT JOIN day USING(day) WHERE day.jobs IS NOT counted.jobs OR day.last_seq IS NOT "
     "counted.last_seq LIMIT 100"},
    {"a day without jobs has a total", "ジョブのない日に合計があります",
     "SELECT day FROM day WHERE NOT EXISTS (SELECT 1 FROM job INDEXED BY job_day WHERE job.day = day.day) "
     "LIMIT 100"},
    {"two automatic files hold the same jobs", "同じジョブを含む自動ファイルが二つあります",
     "SELECT day || ' ' || coalesce(file_name, id) FROM (SELECT id, day, file_name, seq_from, max(seq_to) "
     "OVER (PARTITION BY day"
     " ORDER BY seq_from, seq_to ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered FROM delivery"
     " WHERE kind = 'auto' AND state <> 'void' AND seq_to > 0) WHERE seq_from < covered LIMIT 100"},
    {"a delivered file does not hold the jobs of its range",
     "配信済みファイルの件数が範囲のジョブ数と一致しません",
     "SELECT d.day || ' ' || coalesce(d.file_name, d.id) || ': ' || d.rows FROM delivery AS d WHERE d.kind = "
     "'auto' AND"
     " d.state = 'delivered' AND d.day >= coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = "
     "'horizon'), 0) AND"
     " d.rows <> (SELECT count(*) FROM job AS j INDEXED BY job_day WHERE j.day = d.day AND j.seq > "
     "d.seq_from AND"
     " j.seq <= d.seq_to) LIMIT 100"},
    {"a job's number is higher than any that was given out",
     "割り当て済みより大きい履歴番号のジョブがあります",
     "SELECT max(seq) FROM job HAVING max(seq) > (SELECT seq FROM sqlite_sequence WHERE name = 'job')"},
};

static gboolean check_one(struct sqlite *sqlite, const struct invariant *invariant, GPtrArray *findings,
                          GError **error)
{
    g_autoptr(SqliteStatement) statement = sqlite_prepare(sqlite, invariant->sql, error);
    int row;

    if (!statement)
        return FALSE;
    while ((row = sqlite_next(sqlite, statement, error)) > 0) {
        g_autofree char *what = sqlite_column_dup(statement, 0);

        finding(findings, invariant->en, invariant->ja, what ? what : "");
    }
    return row == 0;
}

gboolean sqlite_check(struct store *store, GPtrArray **ret_messages, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func((GDestroyNotify)g_error_free);

    for (gsize i = 0; i < G_N_ELEMENTS(invariants); i++) {
        GError *local = NULL;

        if (check_one(sqlite, &invariants[i], findings, &local))
            continue;
        /* Too damaged to go on with this question: that is an answer. */
        if (!g_error_matches(local, PT_ERROR, PT_ERROR_X20)) {
            g_propagate_error(error, local);
            return FALSE;
        }
        g_ptr_array_add(findings, local);
    }
    *ret_messages = g_steal_pointer(&findings);
    return TRUE;
}

/* --- backup and compaction --- */

static gboolean system_error(const char *file, GError **error)
{
    int number = errno;

    if (number == EEXIST)
        pt_error_set(error, PT_ERROR_INPUT,
                     "%s: there is a file of this name already; nothing was overwritten",
                     "%s: 同じ名前のファイルがすでにあります(上書きしていません)", file);
    else
        pt_error_set(error, PT_ERROR_X19, "%s: %s", "%s: %s", file, g_strerror(number));
    return FALSE;
}

/* "copy_of": a marked store delivers nothing until it is adopted. */
static gboolean mark_copy(struct sqlite *sqlite, const char *file, GError **error)
{
    g_autofree char *id = NULL;
    sqlite3_stmt *statement = NULL;
    sqlite3 *copy = NULL;
    int rc;

    if (!sqlite_meta(&sqlite->base, "installation_id", &id, error))
        return FALSE;
    rc = sqlite3_open_v2(file, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                         NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(copy, "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(copy, "INSERT OR REPLACE INTO meta VALUES('copy_of', ?1)", -1, &statement,
                                NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, id ? id : "", -1, SQLITE_STATIC);
        rc = sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
    if (rc != SQLITE_DONE)
        (void)sqlite_error(file, rc, copy ? sqlite3_errmsg(copy) : sqlite3_errstr(rc), error);
    sqlite3_close(copy);
    return rc == SQLITE_DONE;
}

gboolean sqlite_backup(struct store *store, const char *file, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    g_autofree char *full = g_canonicalize_filename(file, NULL);
    g_autofree char *dir = g_path_get_dirname(full);
    g_autoptr(SqliteStatement) statement = sqlite_prepare(sqlite, "VACUUM INTO ?1", error);
    gboolean ok;
    int fd;

    if (!statement)
        return FALSE;
    /* Made by us, so that nobody else's file is taken and nobody else can read it; SQLite fills an empty
     * file. */
    fd = open(full, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return system_error(full, error);
    close(fd);
    sqlite3_bind_text(statement, 1, full, -1, SQLITE_STATIC);
    ok = sqlite_next(sqlite, statement, error) == 0 && mark_copy(sqlite, full, error);
    fd = ok ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        (void)fsync(fd); /* the name; the content is synced already */
        close(fd);
    }
    if (!ok)
        (void)unlink(full); /* a torn copy helps nobody; the error is set */
    return ok;
}

gboolean sqlite_compact(struct store *store, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;

    if (sqlite->mode == STORE_READ || sqlite->transaction || !sqlite3_get_autocommit(sqlite->db)) {
        pt_error_set(error, PT_ERROR_INTERNAL, "%s: cannot be compacted through this handle",
                     "%s: このハンドルでは最適化できません", sqlite->path);
        return FALSE;
    }
    return sqlite_exec(sqlite, "VACUUM", error) &&
           sqlite_exec(sqlite, "PRAGMA wal_checkpoint(TRUNCATE)", error);
}
