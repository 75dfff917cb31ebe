/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQLite engine: what of a job's running counts is booked already, so that a re-run books only the
 * difference. */
#include "store/store-sqlite.h"

/* In the order of the table `booked`. */
static const enum job_column counted[BOOKED_COUNTS] = {JOB_FACES_TOTAL, JOB_SHEETS, JOB_SHEETS_DUPLEX,
                                                       JOB_COPIES_COMPLETED};

gboolean sqlite_is_counted(enum job_column column)
{
    for (gsize i = 0; i < G_N_ELEMENTS(counted); i++)
        if (counted[i] == column)
            return TRUE;
    return FALSE;
}

static gint64 end_of(const struct job *job)
{
    gint64 end = job->value[JOB_ENDED_AT].number;

    return end == JOB_NONE ? 0 : end;
}

gboolean sqlite_booking_read(struct sqlite *sqlite, gint64 source_id, const char *key,
                             struct booking *ret_booking, GError **error)
{
    g_autoptr(SqliteQuery) query = sqlite_query(sqlite, error,
                                                "SELECT ended_at, faces_total, sheets, sheets_duplex, "
                                                "copies_completed FROM booked WHERE source_id = ?1 AND"
                                                " source_key = ?2",
                                                "it", source_id, key);
    int row = query ? sqlite_next(sqlite, query, error) : -1;

    if (row < 0)
        return FALSE;
    *ret_booking = (struct booking){.found = row > 0};
    if (row)
        ret_booking->ended_at = sqlite3_column_int64(query, 0);
    for (int i = 0; i < BOOKED_COUNTS; i++)
        ret_booking->count[i] = row && sqlite3_column_type(query, i + 1) != SQLITE_NULL
                                    ? sqlite3_column_int64(query, i + 1)
                                    : JOB_NONE;
    return TRUE;
}

gboolean sqlite_booking_write(struct sqlite *sqlite, gint64 source_id, const char *key, gint32 day,
                              const struct booking *booking, GError **error)
{
    sqlite3_stmt *statement = sqlite_query(
        sqlite, error,
        "INSERT INTO booked(source_id, source_key, ended_at, day, faces_total, sheets, sheets_duplex, "
        "copies_completed)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT(source_id, source_key) DO UPDATE SET"
        " ended_at = excluded.ended_at, day = max(day, excluded.day), faces_total = excluded.faces_total,"
        " sheets = excluded.sheets, sheets_duplex = excluded.sheets_duplex, copies_completed = "
        "excluded.copies_completed",
        "itii", source_id, key, booking->ended_at, (gint64)day);

    if (!statement)
        return FALSE;
    for (int i = 0; i < BOOKED_COUNTS; i++) {
        if (booking->count[i] == JOB_NONE)
            sqlite3_bind_null(statement, 5 + i);
        else
            sqlite3_bind_int64(statement, 5 + i, booking->count[i]);
    }
    return sqlite_next(sqlite, statement, error) >= 0;
}

void booking_difference(struct job *job, struct booking *booking)
{
    gint64 end = end_of(job);
    gboolean late = booking->found && end < booking->ended_at;

    for (int i = 0; i < BOOKED_COUNTS; i++) {
        gint64 now = job->value[counted[i]].number;
        gint64 before = booking->count[i];

        if (now == JOB_NONE)
            continue;
        if (before != JOB_NONE && (now >= before || late))
            job->value[counted[i]].number = MAX(now - before, 0);
        if (before == JOB_NONE || !late || now > before)
            booking->count[i] = now;
    }
    booking->ended_at = booking->found ? MAX(booking->ended_at, end) : end;
    booking->found = TRUE;
}

gboolean booking_same_counts(const struct job *job, const struct booking *booking)
{
    if (!booking->found || booking->ended_at != end_of(job))
        return TRUE;
    for (int i = 0; i < BOOKED_COUNTS; i++)
        if (job->value[counted[i]].number != JOB_NONE && job->value[counted[i]].number != booking->count[i])
            return FALSE;
    return TRUE;
}
