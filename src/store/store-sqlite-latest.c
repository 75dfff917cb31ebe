/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQLite engine: the latest jobs by effective end (SPEC RT1, RW3), from the identity index alone. */
#include "store/store-sqlite.h"

/* An end more than this after arrival is no end (SPEC RW3), seconds. */
#define END_AHEAD_MAX (24 * 60 * 60)
/* Up to so many jobs without an end are looked at one by one. */
#define ENDLESS_FEW 10000

struct candidate {
    gint64 end, seq;
};

/* The best `limit` so far, as a heap: the worst on top. */
struct latest {
    struct candidate *heap;
    int limit, count;
};

static gboolean worse(const struct candidate *a, const struct candidate *b)
{
    return a->end != b->end ? a->end < b->end : a->seq < b->seq;
}

static void offer(struct latest *latest, gint64 end, gint64 seq)
{
    struct candidate *heap = latest->heap;
    struct candidate new = {end, seq};
    int i = 0;

    if (latest->count < latest->limit) {
        i = latest->count++;
        while (i && worse(&new, &heap[(i - 1) / 2])) {
            heap[i] = heap[(i - 1) / 2];
            i = (i - 1) / 2;
        }
        heap[i] = new;
        return;
    }
    if (!worse(&heap[0], &new))
        return;
    for (int child = 1; child < latest->count; child = 2 * i + 1) {
        if (child + 1 < latest->count && worse(&heap[child + 1], &heap[child]))
            child++;
        if (!worse(&heap[child], &new))
            break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = new;
}

/* Jobs with an end, latest first. None counts later than its end says, so the walk is over once the ends fall
 * below the worst one kept. */
static gboolean take_ended(struct sqlite *sqlite, gint64 source, struct latest *latest, GError **error)
{
    g_autoptr(SqliteQuery) query = sqlite_query(sqlite, error,
                                                "SELECT seq, ended_at, arrived_at FROM job INDEXED BY "
                                                "job_identity WHERE source_id = ?1 AND ended_at >= ?2"
                                                " ORDER BY ended_at DESC",
                                                "ii", source, JOB_TIME_MIN);
    int row = -1;

    while (query && (row = sqlite_next(sqlite, query, error)) > 0) {
        gint64 ended = sqlite3_column_int64(query, 1);
        gint64 arrived = sqlite3_column_int64(query, 2);

        if (latest->count == latest->limit && ended < latest->heap[0].end)
            return TRUE;
        offer(latest, ended - arrived > END_AHEAD_MAX ? arrived : ended, sqlite3_column_int64(query, 0));
    }
    return row == 0;
}

/* Jobs without an end count by their arrival. A few are all looked at. Of many only those with the highest
   numbers: what arrives later has the higher number, unless the clock was set back meanwhile; and then any
   choice is as good. */
static gboolean take_endless(struct sqlite *sqlite, gint64 source, struct latest *latest, GError **error)
{
    static const char few_sql[] =
        "SELECT seq, arrived_at FROM job INDEXED BY job_identity WHERE source_id = ?1 AND"
        " ended_at < ?2 LIMIT ?3";
    static const char many_sql[] =
        "SELECT seq, arrived_at FROM job NOT INDEXED WHERE source_id = ?1 AND ended_at < ?2"
        " ORDER BY seq DESC LIMIT ?3";
    gint64 count = 0;
    g_autoptr(SqliteQuery) query = NULL;
    int row = -1;

    if (!sqlite_number(
            sqlite, error, &count,
            "SELECT count(*) FROM (SELECT 1 FROM job INDEXED BY job_identity WHERE source_id = ?1 AND"
            " ended_at < ?2 LIMIT ?3)",
            "iii", source, JOB_TIME_MIN, (gint64)ENDLESS_FEW))
        return FALSE;
    query = count < ENDLESS_FEW
                ? sqlite_query(sqlite, error, few_sql, "iii", source, JOB_TIME_MIN, (gint64)ENDLESS_FEW)
                : sqlite_query(sqlite, error, many_sql, "iii", source, JOB_TIME_MIN, (gint64)latest->limit);
    while (query && (row = sqlite_next(sqlite, query, error)) > 0)
        offer(latest, sqlite3_column_int64(query, 1), sqlite3_column_int64(query, 0));
    return row == 0;
}

static int by_seq(const void *a, const void *b)
{
    const struct candidate *one = a;
    const struct candidate *other = b;

    return (one->seq > other->seq) - (one->seq < other->seq);
}

static gboolean find_and_deliver(struct sqlite *sqlite, struct latest *latest, StoreJobSink sink,
                                 gpointer user, GError **error)
{
    gint64 source = 0;

    for (;;) {
        gint64 next = 0;

        if (!sqlite_number(sqlite, error, &next, "SELECT id FROM source WHERE id > ?1 ORDER BY id LIMIT 1",
                           "i", source))
            return FALSE;
        if (!next)
            break;
        source = next;
        if (!take_ended(sqlite, source, latest, error) || !take_endless(sqlite, source, latest, error))
            return FALSE;
    }
    qsort(latest->heap, (gsize)latest->count, sizeof *latest->heap, by_seq);
    for (int i = 0; i < latest->count; i++)
        if (!sqlite_job(&sqlite->base, latest->heap[i].seq, sink, user, error))
            return FALSE;
    return TRUE;
}

gboolean sqlite_latest_jobs(struct store *store, int limit, StoreJobSink sink, gpointer user, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    g_autofree struct candidate *heap = g_new(struct candidate, MAX(limit, 1));
    struct latest latest = {.heap = heap, .limit = limit};
    gboolean ok;

    if (limit <= 0)
        return TRUE;
    /* One snapshot: what is found is still there when it is read. */
    if (!sqlite_exec(sqlite, "SAVEPOINT latest", error))
        return FALSE;
    ok = find_and_deliver(sqlite, &latest, sink, user, error);
    sqlite3_exec(sqlite->db, "RELEASE latest", NULL, NULL, NULL); /* nothing was written */
    return ok;
}
