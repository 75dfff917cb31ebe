/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQLite engine: the ledger, runs, and what of each day is settled. */
#include <string.h>

#include "store/store-sqlite.h"

/* --- deliveries --- */

#define DELIVERY_FIELDS                                                                                      \
    "kind, day, revision, part, parts, seq_from, seq_to, file_name, format, target, target_shown, "          \
    "mail_headers, rows,"                                                                                    \
    " bytes, sha256, state, attempts, temp_name, first_try, last_try, delivered_at, run_id, error, "         \
    "error_text, note,"                                                                                      \
    " resend_of"

/* A word that no version of ours writes: somebody changed the table by hand. */
static gboolean unknown_word(struct sqlite *sqlite, gint64 id, GError **error)
{
    pt_error_set(error, PT_ERROR_X20,
                 "%s: the ledger's row %" G_GINT64_FORMAT " holds a word that is not understood",
                 "%s: 配信台帳の行 %" G_GINT64_FORMAT " に理解できない値があります", sqlite->path, id);
    return FALSE;
}

static struct delivery *delivery_from_row(struct sqlite *sqlite, sqlite3_stmt *query, GError **error)
{
    g_autoptr(PtDelivery) row = delivery_new();

    row->id = sqlite3_column_int64(query, 0);
    if (!delivery_kind_from_name((const char *)sqlite3_column_text(query, 1), &row->kind) ||
        !delivery_state_from_name((const char *)sqlite3_column_text(query, 16), &row->state)) {
        (void)unknown_word(sqlite, row->id, error);
        return NULL;
    }
    row->day = sqlite3_column_int(query, 2);
    row->revision = sqlite3_column_int(query, 3);
    row->part = sqlite3_column_int(query, 4);
    row->parts = sqlite3_column_int(query, 5);
    row->seq_from = sqlite3_column_int64(query, 6);
    row->seq_to = sqlite3_column_int64(query, 7);
    row->file_name = sqlite_column_dup(query, 8);
    row->format = sqlite_column_dup(query, 9);
    row->target = sqlite_column_dup(query, 10);
    row->target_shown = sqlite_column_dup(query, 11);
    row->mail_headers = sqlite_column_dup(query, 12);
    row->rows = sqlite3_column_int64(query, 13);
    row->bytes = sqlite3_column_int64(query, 14);
    row->sha256 = sqlite_column_dup(query, 15);
    row->attempts = sqlite3_column_int(query, 17);
    row->temp_name = sqlite_column_dup(query, 18);
    row->first_try = sqlite3_column_int64(query, 19);
    row->last_try = sqlite3_column_int64(query, 20);
    row->delivered_at = sqlite3_column_int64(query, 21);
    row->run_id = sqlite3_column_int64(query, 22);
    row->error = sqlite_column_dup(query, 23);
    row->error_text = sqlite_column_dup(query, 24);
    row->note = sqlite_column_dup(query, 25);
    row->resend_of = sqlite3_column_int64(query, 26);
    return g_steal_pointer(&row);
}

/* The conditions as SQL with constants only: all numbers, and words of our own. File names are bound. */
static char *deliveries_sql(const struct delivery_query *query)
{
    GString *sql = g_string_new("SELECT id, " DELIVERY_FIELDS " FROM delivery WHERE 1");

    if (query->id)
        g_string_append_printf(sql, " AND id = %" G_GINT64_FORMAT, query->id);
    if (query->kind >= 0)
        g_string_append_printf(sql, " AND kind = '%s'", delivery_kind_name((enum delivery_kind)query->kind));
    if (query->states) {
        const char *separator = " AND state IN (";

        for (unsigned state = DELIVERY_PLANNED; state <= DELIVERY_WAIVED; state++) {
            if (!(query->states & 1u << state))
                continue;
            g_string_append_printf(sql, "%s'%s'", separator, delivery_state_name((enum delivery_state)state));
            separator = ", ";
        }
        g_string_append(sql, *separator == ',' ? ")" : " AND 0");
    }
    if (query->since)
        g_string_append_printf(sql, " AND day >= %d", query->since);
    if (query->until)
        g_string_append_printf(sql, " AND day <= %d", query->until);
    if (query->covers_seq)
        g_string_append_printf(sql, " AND seq_from < %" G_GINT64_FORMAT " AND seq_to >= %" G_GINT64_FORMAT,
                               query->covers_seq, query->covers_seq);
    if (query->file_name)
        g_string_append(sql, " AND text_equal(file_name, ?1)");
    if (query->limit > 0) {
        g_string_append_printf(sql, " ORDER BY id DESC LIMIT %" G_GINT64_FORMAT, query->limit);
        g_string_prepend(sql, "SELECT * FROM (");
        g_string_append(sql, ")");
    }
    g_string_append(sql, " ORDER BY day, revision, part, id");
    return g_string_free(sql, FALSE);
}

gboolean sqlite_deliveries(struct store *store, const struct delivery_query *query, GPtrArray **ret_rows,
                           GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    g_autofree char *sql = deliveries_sql(query);
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)delivery_free);
    g_autoptr(SqliteStatement) statement = sqlite_prepare(sqlite, sql, error);
    int step;

    if (!statement)
        return FALSE;
    if (query->file_name)
        sqlite3_bind_text(statement, 1, query->file_name, -1, SQLITE_STATIC);
    while ((step = sqlite_next(sqlite, statement, error)) > 0) {
        struct delivery *row = delivery_from_row(sqlite, statement, error);

        if (!row)
            return FALSE;
        g_ptr_array_add(rows, row);
    }
    if (step < 0)
        return FALSE;
    *ret_rows = g_steal_pointer(&rows);
    return TRUE;
}

/* In the order of DELIVERY_FIELDS. */
#define DELIVERY_TYPES "tiiiiiitttttiittitiiiittti"
#define DELIVERY_VALUES(row)                                                                                 \
    delivery_kind_name((row)->kind), (gint64)(row)->day, (gint64)(row)->revision, (gint64)(row)->part,       \
        (gint64)(row)->parts, (row)->seq_from, (row)->seq_to, (row)->file_name, (row)->format,               \
        (row)->target, (row)->target_shown, (row)->mail_headers, (row)->rows, (row)->bytes, (row)->sha256,   \
        delivery_state_name((row)->state), (gint64)(row)->attempts, (row)->temp_name, (row)->first_try,      \
        (row)->last_try, (row)->delivered_at, (row)->run_id, (row)->error, (row)->error_text, (row)->note,   \
        (row)->resend_of

gboolean sqlite_delivery_insert(struct store *store, struct delivery *row, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;

    if (!sqlite_write(sqlite, error,
                      "INSERT INTO delivery(" DELIVERY_FIELDS
                      ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
                      " ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26)",
                      DELIVERY_TYPES, DELIVERY_VALUES(row)))
        return FALSE;
    row->id = sqlite3_last_insert_rowid(sqlite->db);
    return TRUE;
}

gboolean sqlite_delivery_update(struct store *store, const struct delivery *row,
                                enum delivery_state expect_state, int expect_attempts, gboolean *ret_matched,
                                GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;

    if (!sqlite_write(sqlite, error,
                      "UPDATE delivery SET (" DELIVERY_FIELDS
                      ") = (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
                      " ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26)"
                      " WHERE id = ?27 AND state = ?28 AND attempts = ?29",
                      DELIVERY_TYPES "iti", DELIVERY_VALUES(row), row->id, delivery_state_name(expect_state),
                      (gint64)expect_attempts))
        return FALSE;
    *ret_matched = sqlite3_changes(sqlite->db) == 1;
    return TRUE;
}

/* --- ranges of a day --- */

gboolean sqlite_range_rows(struct store *store, gint32 day, gint64 seq_from, gint64 seq_to, gint64 *ret_rows,
                           GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    gint64 jobs = 0;

    /* A whole day is known without counting. */
    if (seq_from == 0 &&
        !sqlite_number(sqlite, error, &jobs, "SELECT jobs FROM day WHERE day = ?1 AND last_seq <= ?2", "ii",
                       (gint64)day, seq_to))
        return FALSE;
    *ret_rows = jobs;
    return jobs ||
           sqlite_number(
               sqlite, error, ret_rows,
               "SELECT count(*) FROM job INDEXED BY job_day WHERE day = ?1 AND seq > ?2 AND seq <= ?3", "iii",
               (gint64)day, seq_from, seq_to);
}

gboolean sqlite_day_cuts(struct store *store, gint32 day, gint64 seq_from, gint64 seq_to, gint64 rows,
                         GArray **ret_cuts, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    g_autoptr(GArray) cuts = g_array_new(FALSE, FALSE, sizeof(gint64));
    gint64 from = seq_from;

    while (rows > 0 && from < seq_to) {
        gint64 cut = seq_to;

        /* The last of the next `rows` jobs; none: the rest is the last part. */
        if (!sqlite_number(sqlite, error, &cut,
                           "SELECT seq FROM job INDEXED BY job_day WHERE day = ?1 AND seq > ?2 AND seq <= ?3 "
                           "ORDER BY seq"
                           " LIMIT 1 OFFSET ?4",
                           "iiii", (gint64)day, from, seq_to, rows - 1))
            return FALSE;
        g_array_append_val(cuts, cut);
        from = cut;
        if (from < seq_to) {
            gint64 left = 0;

            if (!sqlite_number(
                    sqlite, error, &left,
                    "SELECT 1 FROM job INDEXED BY job_day WHERE day = ?1 AND seq > ?2 AND seq <= ?3 LIMIT 1",
                    "iii", (gint64)day, from, seq_to))
                return FALSE;
            if (!left) /* no jobs behind it: the last part takes the tail of the numbers along */
                g_array_index(cuts, gint64, cuts->len - 1) = from = seq_to;
        }
    }
    if (cuts->len == 0)
        g_array_append_val(cuts, seq_to);
    *ret_cuts = g_steal_pointer(&cuts);
    return TRUE;
}

gboolean sqlite_unsettled(struct sqlite *sqlite, gint32 day, gint64 upto, gint64 *ret_jobs, GError **error)
{
    g_autoptr(SqliteQuery) query = sqlite_query(
        sqlite, error,
        "SELECT seq_from, seq_to FROM delivery WHERE kind = 'auto' AND state IN ('delivered', 'waived')"
        " AND day = ?1 ORDER BY seq_from, seq_to",
        "i", (gint64)day);
    gint64 covered = 0; /* all up to here is counted */
    gint64 jobs = 0;
    int row = query ? 1 : -1;

    while (row > 0) {
        gint64 next = upto;
        gint64 end = upto;
        gint64 gap = 0;

        row = sqlite_next(sqlite, query, error);
        if (row > 0) {
            next = MIN(sqlite3_column_int64(query, 0), upto);
            end = sqlite3_column_int64(query, 1);
        }
        if (row >= 0 && next > covered && !sqlite_range_rows(&sqlite->base, day, covered, next, &gap, error))
            return FALSE;
        jobs += gap;
        covered = MAX(covered, end);
    }
    if (row < 0)
        return FALSE;
    *ret_jobs = jobs;
    return TRUE;
}

gboolean sqlite_open_days(struct store *store, gint32 until, GArray **ret_days, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    g_autoptr(GArray) totals = NULL;
    g_autoptr(GArray) days = g_array_new(FALSE, TRUE, sizeof(struct open_day));

    if (!sqlite_days(store, 0, until, &totals, error))
        return FALSE;
    for (guint i = 0; i < totals->len; i++) {
        struct open_day day = {.total = g_array_index(totals, struct day_total, i)};
        gint64 unsettled = 0;

        if (!sqlite_unsettled(sqlite, day.total.day, day.total.last_seq, &unsettled, error))
            return FALSE;
        day.settled = day.total.jobs - unsettled;
        if (unsettled)
            g_array_append_val(days, day);
    }
    *ret_days = g_steal_pointer(&days);
    return TRUE;
}

gboolean sqlite_newest_planned_day(struct store *store, gint32 before, gint32 *ret_day, GError **error)
{
    gint64 day = 0;

    if (!sqlite_number(
            (struct sqlite *)store, error, &day,
            "SELECT day FROM delivery INDEXED BY delivery_part WHERE kind = 'auto' AND state <> 'void'"
            " AND day < ? ORDER BY day DESC LIMIT 1",
            "i", (gint64)before))
        return FALSE;
    *ret_day = (gint32)day;
    return TRUE;
}

/* --- runs --- */

gboolean sqlite_run_insert(struct store *store, struct run *run, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;

    if (!sqlite_write(sqlite, error,
                      "INSERT INTO run(kind, trigger, nominal_date, started, ended, result, code, text, "
                      "files, jobs, replaced)"
                      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                      "ttiiitttiii", delivery_kind_name(run->kind), run_trigger_name(run->trigger),
                      (gint64)run->nominal_date, run->started, run->ended, run_result_name(run->result),
                      run->code, run->text, run->files, run->jobs, run->replaced))
        return FALSE;
    run->id = sqlite3_last_insert_rowid(sqlite->db);
    return TRUE;
}

gboolean sqlite_run_update(struct store *store, const struct run *run, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;

    if (!sqlite_write(sqlite, error,
                      "UPDATE run SET (kind, trigger, nominal_date, started, ended, result, code, text, "
                      "files, jobs, replaced)"
                      " = (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) WHERE id = ?12",
                      "ttiiitttiiii", delivery_kind_name(run->kind), run_trigger_name(run->trigger),
                      (gint64)run->nominal_date, run->started, run->ended, run_result_name(run->result),
                      run->code, run->text, run->files, run->jobs, run->replaced, run->id))
        return FALSE;
    if (sqlite3_changes(sqlite->db) == 1)
        return TRUE;
    pt_error_set(error, PT_ERROR_MISSING, "there is no run with number %" G_GINT64_FORMAT,
                 "番号 %" G_GINT64_FORMAT " の実行記録はありません", run->id);
    return FALSE;
}

gboolean sqlite_runs(struct store *store, gint64 limit, GArray **ret_runs, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    g_autoptr(GArray) runs = g_array_new(FALSE, TRUE, sizeof(struct run));
    g_autoptr(SqliteQuery) query = sqlite_query(sqlite, error,
                                                "SELECT id, kind, trigger, nominal_date, started, ended, "
                                                "result, code, text, files, jobs, replaced FROM run"
                                                " ORDER BY id DESC LIMIT ?1",
                                                "i", limit > 0 ? limit : G_GINT64_CONSTANT(-1));
    int row;

    g_array_set_clear_func(runs, (GDestroyNotify)run_clear);
    if (!query)
        return FALSE;
    while ((row = sqlite_next(sqlite, query, error)) > 0) {
        struct run run = {.id = sqlite3_column_int64(query, 0)};

        if (!delivery_kind_from_name((const char *)sqlite3_column_text(query, 1), &run.kind) ||
            !run_trigger_from_name((const char *)sqlite3_column_text(query, 2), &run.trigger) ||
            !run_result_from_name((const char *)sqlite3_column_text(query, 6), &run.result))
            return unknown_word(sqlite, run.id, error);
        run.nominal_date = sqlite3_column_int(query, 3);
        run.started = sqlite3_column_int64(query, 4);
        run.ended = sqlite3_column_int64(query, 5);
        run.code = sqlite_column_dup(query, 7);
        run.text = sqlite_column_dup(query, 8);
        run.files = sqlite3_column_int64(query, 9);
        run.jobs = sqlite3_column_int64(query, 10);
        run.replaced = sqlite3_column_int64(query, 11);
        g_array_append_val(runs, run);
    }
    if (row < 0)
        return FALSE;
    *ret_runs = g_steal_pointer(&runs);
    return TRUE;
}
