/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQLite engine: taking jobs in (hot), each identity once, with day totals and the source's counters in the
 * same transaction. */
#include <string.h>
#include <unistd.h>

#include "store/store-sqlite.h"

/* How long another import of the same source is waited for. */
#define LOCK_WAIT_MS 10000
#define ORDINALS 4096 /* a power of two */

/* Columns before those of columns.def in the INSERT. */
enum { FIXED_DAY = 1, FIXED_SOURCE, FIXED_KEY, FIXED_ARRIVED, FIXED_RAW, FIXED_COLUMNS = FIXED_RAW };

/* Next ordinal of a hash that was seen lately: only speed. */
struct ordinal {
    guint64 hash[4];
    gint64 next;
};

struct sqlite_ingest {
    struct store_ingest base;
    gint64 source_id;
    int lock_fd;            /* -1: not exclusive */
    gint64 start_seq;       /* higher numbers of this source are this stream's (exclusive only) */
    gint64 opened;          /* monotonic, when the transaction began; 0 = none is open */
    gint32 horizon;         /* read in the transaction */
    gint64 horizon_instant; /* latest end of a deleted day */
    int rows;               /* in the transaction */
    gint64 jobs, duplicates, conflicts, refused; /* in the transaction */
    GArray *days;                                /* struct day_total: what the transaction adds */
    guint latest_day;                            /* index of the day of the latest job */
    sqlite3_stmt *insert;
    sqlite3_stmt *stored;        /* the row of an identity, all columns */
    gboolean bound[JOB_COLUMNS]; /* parameters of `insert` that are not NULL now */
    char key[JOB_KEY_MAX + 1];   /* made from a hash */
    struct ordinal ordinals[ORDINALS];
};

static struct sqlite *database(struct sqlite_ingest *ingest)
{
    return (struct sqlite *)ingest->base.store;
}

/* --- transactions --- */

static void forget(struct sqlite_ingest *ingest)
{
    ingest->opened = 0;
    ingest->rows = 0;
    ingest->jobs = ingest->duplicates = ingest->conflicts = ingest->refused = 0;
    g_array_set_size(ingest->days, 0);
    ingest->latest_day = 0;
}

/* What the transaction held is gone, and so is what we remembered of it. */
static void abandon(struct sqlite_ingest *ingest)
{
    sqlite3 *db = database(ingest)->db;

    if (ingest->opened && !sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* cannot fail but by having happened */
    forget(ingest);
    memset(ingest->ordinals, 0, sizeof ingest->ordinals);
}

static gboolean open_transaction(struct sqlite_ingest *ingest, GError **error)
{
    struct sqlite *sqlite = database(ingest);
    gint64 horizon = 0;

    ingest->horizon_instant = 0;
    if (sqlite->transaction) {
        pt_error_set(error, PT_ERROR_INTERNAL, "%s: an ingest has transactions of its own",
                     "%s: 取り込みは独自のトランザクションを使用します", sqlite->path);
        return FALSE;
    }
    if (!sqlite_scope_begin(sqlite, error))
        return FALSE;
    ingest->opened = g_get_monotonic_time();
    if (!sqlite_number(sqlite, error, &horizon,
                       "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'horizon'", ""))
        return FALSE;
    ingest->horizon = (gint32)horizon;
    return sqlite_number(sqlite, error, &ingest->horizon_instant,
                         "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'horizon_instant'", "");
}

static gboolean write_totals(struct sqlite_ingest *ingest, const char *cursor, GError **error)
{
    struct sqlite *sqlite = database(ingest);

    for (guint i = 0; i < ingest->days->len; i++) {
        const struct day_total *day = &g_array_index(ingest->days, struct day_total, i);

        if (!sqlite_run(sqlite, error,
                        "INSERT INTO day VALUES(?1, ?2, ?3) ON CONFLICT(day) DO UPDATE SET jobs = jobs + "
                        "excluded.jobs,"
                        " last_seq = max(last_seq, excluded.last_seq)",
                        "iii", (gint64)day->day, day->jobs, day->last_seq))
            return FALSE;
    }
    if (!sqlite_run(
            sqlite, error,
            "UPDATE source SET jobs = jobs + ?2, duplicates = duplicates + ?3, conflicts = conflicts + ?4,"
            " refused = refused + ?5, cursor = coalesce(?6, cursor) WHERE id = ?1",
            "iiiiit", ingest->source_id, ingest->jobs, ingest->duplicates, ingest->conflicts, ingest->refused,
            cursor))
        return FALSE;
    return TRUE;
}

gboolean sqlite_ingest_commit(struct store_ingest *base, const char *cursor, GError **error)
{
    struct sqlite_ingest *ingest = (struct sqlite_ingest *)base;
    struct sqlite *sqlite = database(ingest);

    if (!ingest->opened && !cursor)
        return TRUE;
    if ((!ingest->opened && !open_transaction(ingest, error)) || !write_totals(ingest, cursor, error)) {
        abandon(ingest);
        return FALSE;
    }
    if (!sqlite_scope_end(sqlite, TRUE, error)) {
        abandon(ingest);
        return FALSE;
    }
    forget(ingest);
    return TRUE;
}

/* --- one job into the table --- */

static void bind_values(struct sqlite_ingest *ingest, const struct job *job)
{
    const struct job_columns_stored *stored = sqlite_job_columns();

    for (int i = 1; i < stored->n; i++) {
        const struct job_value *value = &job->value[stored->column[i]];
        gboolean known = value->text || value->number != JOB_NONE;

        if (!known && !ingest->bound[i])
            continue;
        ingest->bound[i] = known;
        if (!known)
            sqlite3_bind_null(ingest->insert, FIXED_COLUMNS + i);
        else if (value->text)
            sqlite3_bind_text(ingest->insert, FIXED_COLUMNS + i, value->text, (int)value->number,
                              SQLITE_STATIC);
        else
            sqlite3_bind_int64(ingest->insert, FIXED_COLUMNS + i, value->number);
    }
}

/* Everything but the key. An unknown end is stored as 0. */
static void bind_job(struct sqlite_ingest *ingest, const struct job *job)
{
    sqlite3_bind_int64(ingest->insert, FIXED_DAY, job->day);
    sqlite3_bind_int64(ingest->insert, FIXED_SOURCE, ingest->source_id);
    sqlite3_bind_int64(ingest->insert, FIXED_ARRIVED, job->arrived_at);
    if (job->raw.text && job->raw.number > 0)
        sqlite3_bind_text(ingest->insert, FIXED_RAW, job->raw.text, (int)job->raw.number, SQLITE_STATIC);
    else
        sqlite3_bind_null(ingest->insert, FIXED_RAW);
    bind_values(ingest, job);
}

/* Tries to store what is bound under this key: *ret_stored FALSE if the identity is taken. */
static gboolean insert_key(struct sqlite_ingest *ingest, const char *key, gint64 length, gboolean *ret_stored,
                           GError **error)
{
    struct sqlite *sqlite = database(ingest);

    sqlite3_bind_text(ingest->insert, FIXED_KEY, key, (int)length, SQLITE_STATIC);
    if (sqlite_next(sqlite, ingest->insert, error) < 0)
        return FALSE;
    *ret_stored = sqlite3_changes(sqlite->db) == 1;
    return TRUE;
}

static void count_day(struct sqlite_ingest *ingest, gint32 day, gint64 seq)
{
    struct day_total *total;
    guint i = ingest->latest_day;

    if (i >= ingest->days->len || g_array_index(ingest->days, struct day_total, i).day != day) {
        for (i = 0; i < ingest->days->len; i++)
            if (g_array_index(ingest->days, struct day_total, i).day == day)
                break;
        if (i == ingest->days->len) {
            struct day_total new = {.day = day};

            g_array_append_val(ingest->days, new);
        }
        ingest->latest_day = i;
    }
    total = &g_array_index(ingest->days, struct day_total, i);
    total->jobs++;
    total->last_seq = seq;
}

static void took(struct sqlite_ingest *ingest, const struct job *job)
{
    ingest->jobs++;
    count_day(ingest, job->day, sqlite3_last_insert_rowid(database(ingest)->db));
}

/* --- keys that the record brought --- */

static gint64 stored_end(const struct job *job)
{
    gint64 end = job->value[JOB_ENDED_AT].number;

    return end == JOB_NONE ? 0 : end;
}

static gboolean same_value(sqlite3_stmt *row, int column, const struct job_value *value, gboolean text)
{
    if (sqlite3_column_type(row, column) == SQLITE_NULL)
        return !value->text && value->number == JOB_NONE;
    if (!text)
        return !value->text && sqlite3_column_int64(row, column) == value->number;
    return value->text && sqlite3_column_bytes(row, column) == value->number &&
           memcmp(sqlite3_column_blob(row, column), value->text, (gsize)value->number) == 0;
}

/* Whether the row stored under the job's identity has its content. Our own number, the moment of arrival, the
   day made of it and the raw words do not count; the counts of a cumulative record are compared elsewhere. */
static gboolean same_content(struct sqlite_ingest *ingest, const struct job *job, gboolean cumulative,
                             gboolean *ret_same, GError **error)
{
    const struct job_columns_stored *stored = sqlite_job_columns();
    g_autoptr(SqliteQuery) row = ingest->stored;
    gboolean same = TRUE;
    int step;

    sqlite3_bind_int64(row, 1, ingest->source_id);
    sqlite3_bind_int64(row, 2, stored_end(job));
    sqlite3_bind_text(row, 3, job->key.text, (int)job->key.number, SQLITE_STATIC);
    step = sqlite_next(database(ingest), row, error);
    for (int i = 1; step > 0 && same && i < stored->n; i++) {
        enum job_column column = stored->column[i];

        if (column != JOB_ENDED_AT && !(cumulative && sqlite_is_counted(column)))
            same = same_value(row, i, &job->value[column], stored->text[i]);
    }
    *ret_same = same;
    return step >= 0;
}

static gboolean add_keyed(struct sqlite_ingest *ingest, const struct job *job, gboolean cumulative,
                          enum store_outcome *ret_outcome, GError **error)
{
    struct sqlite *sqlite = database(ingest);
    g_autofree char *key = cumulative ? g_strndup(job->key.text, (gsize)job->key.number) : NULL;
    struct booking booking = {.found = FALSE};
    struct booking before;
    struct job rest = *job;
    gboolean stored;
    gboolean same;

    if (cumulative && !sqlite_booking_read(sqlite, ingest->source_id, key, &booking, error))
        return FALSE;
    before = booking;
    if (cumulative)
        booking_difference(&rest, &booking);
    bind_job(ingest, &rest);
    if (!insert_key(ingest, job->key.text, job->key.number, &stored, error))
        return FALSE;
    if (stored) {
        took(ingest, job);
        *ret_outcome = STORE_STORED;
        return !cumulative || sqlite_booking_write(sqlite, ingest->source_id, key, job->day, &booking, error);
    }
    if (!same_content(ingest, job, cumulative, &same, error))
        return FALSE;
    same = same && (!cumulative || booking_same_counts(job, &before));
    ingest->duplicates += same;
    ingest->conflicts += !same;
    *ret_outcome = same ? STORE_DUPLICATE : STORE_CONFLICT;
    return TRUE;
}

/* --- keys made of the record --- */

/* The rule: the n-th equal record of a stream has the key HASH-n. Which ordinals this stream has used up
   already is written down nowhere but in the store: the row HASH-n is either this stream's own (its number is
   above start_seq; the import lock keeps others out), or an older one that this stream has met, and then its
   number is in the temporary table `met`. Ordinals are used up in order, so the next one is found by doubling
   and halving, whatever the memory has forgotten. */

static void make_key(struct sqlite_ingest *ingest, const char *hash, gint64 ordinal)
{
    g_snprintf(ingest->key, sizeof ingest->key, "%s-%" G_GINT64_FORMAT, hash, ordinal);
}

/* *ret_seq: number of the row with this key, 0 if there is none. */
static gboolean find_key(struct sqlite_ingest *ingest, const struct job *job, gint64 *ret_seq, GError **error)
{
    *ret_seq = 0;
    return sqlite_number(
        database(ingest), error, ret_seq,
        "SELECT seq FROM job INDEXED BY job_identity WHERE source_id = ?1 AND ended_at = ?2 AND"
        " source_key = ?3",
        "iit", ingest->source_id, stored_end(job), ingest->key);
}

/* *ret_older: the number of an older row that has this ordinal and was not met yet, else 0. */
static gboolean ordinal_used(struct sqlite_ingest *ingest, const struct job *job, const char *hash,
                             gint64 ordinal, gboolean *ret_used, gint64 *ret_older, GError **error)
{
    gint64 seq;
    gint64 met = 0;

    make_key(ingest, hash, ordinal);
    if (!find_key(ingest, job, &seq, error))
        return FALSE;
    if (seq && seq <= ingest->start_seq &&
        !sqlite_number(database(ingest), error, &met, "SELECT 1 FROM temp.met WHERE seq = ?1", "i", seq))
        return FALSE;
    *ret_used = seq > ingest->start_seq || met;
    *ret_older = *ret_used ? 0 : seq;
    return TRUE;
}

/* The first ordinal ≥ `from` that this stream has not used; `from` itself is used. */
static gboolean next_ordinal(struct sqlite_ingest *ingest, const struct job *job, const char *hash,
                             gint64 from, gint64 *ret_ordinal, GError **error)
{
    gint64 used = from;
    gint64 step = 1;
    gint64 unused;
    gint64 older;
    gboolean is_used = TRUE;

    for (; is_used; step *= 2) {
        if (!ordinal_used(ingest, job, hash, used + step, &is_used, &older, error))
            return FALSE;
        if (is_used)
            used += step;
    }
    for (unused = used + step / 2; unused - used > 1;) {
        gint64 middle = used + (unused - used) / 2;

        if (!ordinal_used(ingest, job, hash, middle, &is_used, &older, error))
            return FALSE;
        if (is_used)
            used = middle;
        else
            unused = middle;
    }
    *ret_ordinal = unused;
    return TRUE;
}

/* The place of this hash in the memory: emptied if another one had it. */
static struct ordinal *remembered(struct sqlite_ingest *ingest, const char *hash)
{
    guint64 words[4] = {0};
    struct ordinal *place;

    for (int i = 0; i < 64 && hash[i]; i++)
        words[i / 16] = words[i / 16] << 4 | (guint64)(g_ascii_xdigit_value(hash[i]) & 15);
    place = &ingest->ordinals[words[0] & (ORDINALS - 1)];
    if (memcmp(place->hash, words, sizeof words) != 0) {
        memcpy(place->hash, words, sizeof words);
        place->next = 0;
    }
    return place;
}

static gboolean add_hashed(struct sqlite_ingest *ingest, const struct job *job, const char *hash,
                           enum store_outcome *ret_outcome, GError **error)
{
    struct ordinal *place = remembered(ingest, hash);
    gint64 ordinal = place->next;
    gboolean used = FALSE;
    gboolean stored;
    gint64 older = 0;

    make_key(ingest, hash, ordinal);
    bind_job(ingest, job);
    if (!insert_key(ingest, ingest->key, (gint64)strlen(ingest->key), &stored, error))
        return FALSE;
    if (!stored && !ordinal_used(ingest, job, hash, ordinal, &used, &older, error))
        return FALSE;
    if (used) {
        if (!next_ordinal(ingest, job, hash, ordinal, &ordinal, error))
            return FALSE;
        make_key(ingest, hash, ordinal);
        if (!insert_key(ingest, ingest->key, (gint64)strlen(ingest->key), &stored, error))
            return FALSE;
    }
    place->next = ordinal + 1;
    *ret_outcome = stored ? STORE_STORED : STORE_DUPLICATE;
    if (stored) {
        took(ingest, job);
        return TRUE;
    }
    ingest->duplicates++;
    return (older || find_key(ingest, job, &older, error)) &&
           sqlite_run(database(ingest), error, "INSERT INTO temp.met VALUES(?1)", "i", older);
}

/* --- the stream --- */

static gboolean check_job(struct sqlite_ingest *ingest, const struct job *job, const char *hash,
                          GError **error)
{
    const char *what = NULL;

    if (job->key.number > JOB_KEY_MAX)
        what = "its source_key is too long";
    else if (job->day <= 0)
        what = "it has no day";
    else if (job->key.number <= 0 && (!hash || !*hash || strlen(hash) > 64 || ingest->lock_fd < 0))
        what = "without source_key it needs a hash and an exclusive ingest";
    if (!what)
        return TRUE;
    pt_error_set(error, PT_ERROR_INTERNAL, "%s: a job cannot be stored: %s", "%s: ジョブを格納できません: %s",
                 database(ingest)->path, what);
    return FALSE;
}

/* A record of a deleted day that another time zone puts on a day that is still held: it was delivered once.
 */
static gboolean before_horizon(const struct sqlite_ingest *ingest, const struct job *job)
{
    gint64 ended = job->value[JOB_ENDED_AT].number;

    return ended >= JOB_TIME_MIN && ended <= ingest->horizon_instant;
}

static gboolean add(struct sqlite_ingest *ingest, const struct job *job, const char *hash,
                    gboolean cumulative, enum store_outcome *ret_outcome, GError **error)
{
    if (!ingest->opened && !open_transaction(ingest, error))
        return FALSE;
    ingest->rows++;
    if (job->day < ingest->horizon || before_horizon(ingest, job)) {
        ingest->refused++;
        *ret_outcome = STORE_REFUSED;
        return TRUE;
    }
    return job->key.number > 0 ? add_keyed(ingest, job, cumulative, ret_outcome, error)
                               : add_hashed(ingest, job, hash, ret_outcome, error);
}

gboolean sqlite_ingest_add(struct store_ingest *base, const struct job *job, const char *hash,
                           gboolean cumulative, enum store_outcome *ret_outcome, GError **error)
{
    struct sqlite_ingest *ingest = (struct sqlite_ingest *)base;
    enum store_outcome outcome = STORE_STORED;

    if (!check_job(ingest, job, hash, error) || !add(ingest, job, hash, cumulative, &outcome, error)) {
        abandon(ingest);
        return FALSE;
    }
    *ret_outcome = outcome;
    /* A transaction that has been open for so long is committed with this job: others want to write, too. */
    if (ingest->rows < base->batch_rows &&
        (ingest->rows % 16 ||
         g_get_monotonic_time() - ingest->opened < base->batch_ms * G_TIME_SPAN_MILLISECOND))
        return TRUE;
    return sqlite_ingest_commit(base, NULL, error);
}

static sqlite3_stmt *prepare_insert(struct sqlite *sqlite, GError **error)
{
    const struct job_columns_stored *stored = sqlite_job_columns();
    GString *sql = g_string_new("INSERT INTO job(day, source_id, source_key, arrived_at, raw");
    sqlite3_stmt *statement;

    for (int i = 1; i < stored->n; i++)
        g_string_append_printf(sql, ", %s", job_columns[stored->column[i]].key);
    g_string_append(sql, ") VALUES(?1, ?2, ?3, ?4, ?5");
    for (int i = 1; i < stored->n; i++) {
        if (stored->column[i] == JOB_ENDED_AT)
            g_string_append_printf(sql, ", coalesce(?%d, 0)", FIXED_COLUMNS + i);
        else
            g_string_append_printf(sql, ", ?%d", FIXED_COLUMNS + i);
    }
    g_string_append(sql, ") ON CONFLICT(source_id, ended_at, source_key) DO NOTHING");
    statement = sqlite_prepare(sqlite, sql->str, error);
    g_string_free(sql, TRUE);
    return statement;
}

static sqlite3_stmt *prepare_stored(struct sqlite *sqlite, GError **error)
{
    GString *sql = g_string_new("SELECT ");
    sqlite3_stmt *statement;

    sqlite_job_columns_append(sql);
    g_string_append(
        sql, " FROM job INDEXED BY job_identity WHERE source_id = ?1 AND ended_at = ?2 AND source_key = ?3");
    statement = sqlite_prepare(sqlite, sql->str, error);
    g_string_free(sql, TRUE);
    return statement;
}

/* The import lock, and what tells this stream's rows from older ones. */
static gboolean make_exclusive(struct sqlite_ingest *ingest, GError **error)
{
    struct sqlite *sqlite = database(ingest);
    g_autofree char *name = g_strdup_printf("import-%" G_GINT64_FORMAT ".lock", ingest->source_id);

    if (!sqlite_lock_file(sqlite, name, LOCK_WAIT_MS, &ingest->lock_fd, error))
        return FALSE;
    if (ingest->lock_fd < 0) {
        pt_error_set(error, PT_ERROR_X26, "another import into this source is running",
                     "この取得元への別の取り込みが実行中です");
        return FALSE;
    }
    return sqlite_exec(sqlite,
                       "CREATE TEMP TABLE IF NOT EXISTS met(seq INTEGER PRIMARY KEY);"
                       "DELETE FROM temp.met; PRAGMA temp.cache_size = -512",
                       error) &&
           sqlite_number(sqlite, error, &ingest->start_seq,
                         "SELECT seq FROM sqlite_sequence WHERE name = 'job'", "");
}

static gboolean start(struct sqlite_ingest *ingest, gboolean exclusive, GError **error)
{
    struct sqlite *sqlite = database(ingest);
    gint64 found = 0;

    if (!sqlite_number(sqlite, error, &found, "SELECT 1 FROM source WHERE id = ?1", "i", ingest->source_id))
        return FALSE;
    if (!found) {
        pt_error_set(error, PT_ERROR_MISSING, "there is no source with number %" G_GINT64_FORMAT,
                     "番号 %" G_GINT64_FORMAT " の取得元はありません", ingest->source_id);
        return FALSE;
    }
    if (exclusive && !make_exclusive(ingest, error))
        return FALSE;
    ingest->insert = prepare_insert(sqlite, error);
    ingest->stored = ingest->insert ? prepare_stored(sqlite, error) : NULL;
    return ingest->stored != NULL;
}

struct store_ingest *sqlite_ingest_new(struct store *store, gint64 source_id, gboolean exclusive,
                                       GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    struct sqlite_ingest *ingest;

    g_assert(!sqlite->ingest);
    ingest = g_new0(struct sqlite_ingest, 1);
    ingest->base.store = store;
    store_ingest_batch(&ingest->base, STORE_INGEST_BATCH, STORE_INGEST_BATCH_MS);
    ingest->source_id = source_id;
    ingest->lock_fd = -1;
    ingest->days = g_array_new(FALSE, TRUE, sizeof(struct day_total));
    sqlite->ingest = &ingest->base;
    if (start(ingest, exclusive, error))
        return &ingest->base;
    sqlite_ingest_free(&ingest->base);
    return NULL;
}

void sqlite_ingest_free(struct store_ingest *base)
{
    struct sqlite_ingest *ingest = (struct sqlite_ingest *)base;
    struct sqlite *sqlite = database(ingest);

    abandon(ingest);
    sqlite3_finalize(ingest->insert);
    sqlite3_finalize(ingest->stored);
    if (ingest->lock_fd >= 0)
        close(ingest->lock_fd);
    g_array_unref(ingest->days);
    sqlite->ingest = NULL;
    g_free(ingest);
}
