/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQLite engine: reading jobs: a day for the export (hot), lists, the latest, sums. */
#include <string.h>

#include "store/store-sqlite.h"

/* Where job_sink() delivers: one reading call at a time. */
struct job_reader {
    StoreJobSink sink;
    gpointer user;
    GError **error;
    gboolean failed;  /* the sink said no; *error is its */
    gint64 last_seq;  /* latest delivered */
    gint64 delivered; /* since the page began */
    gboolean along;   /* the latest page was dense: only speed, so it may be a guess */
    struct job job;
};

/* --- a day, page by page --- */

/* A page: long enough to make its start cheap, short enough to hold no snapshot. */
#define PAGE_ROWS 4000
#define PAGE_SPAN_MAX 65536

/* An aggregate that is handed each row as arguments: no step, no row buffer, no lock a column; 1.3 times as
   fast as sqlite3_step(). The last column comes first: reading it makes SQLite decode the record's whole
   header at once instead of a piece a column, a seventh of all instructions. */
static void job_sink(sqlite3_context *context, int n, sqlite3_value **values)
{
    struct job_reader *reader = sqlite3_user_data(context);
    const struct job_columns_stored *stored = sqlite_job_columns();
    struct job *job = &reader->job;

    for (int i = n - 1; i >= 0; i--, values++) {
        struct job_value *value = &job->value[stored->column[i]];

        if (stored->text[i]) {
            value->text = (const char *)sqlite3_value_text(*values);
            value->number = value->text ? sqlite3_value_bytes(*values) : JOB_NONE;
        } else {
            value->number = sqlite3_value_int64(*values);
            if (value->number == 0 && sqlite3_value_type(*values) == SQLITE_NULL)
                value->number = JOB_NONE;
        }
    }
    if (job->value[JOB_ENDED_AT].number == 0)
        job->value[JOB_ENDED_AT].number = JOB_NONE;
    /* The index hands them out ascending; should it ever not, no wrong file is made. */
    if (job->value[JOB_SEQ].number <= reader->last_seq) {
        sqlite3_result_error(context, "rows came out of order", -1);
        return;
    }
    reader->last_seq = job->value[JOB_SEQ].number;
    reader->delivered++;
    if (!reader->sink(job, reader->user, reader->error)) {
        reader->failed = TRUE;
        sqlite3_result_error(context, "stopped", -1);
    }
}

static void job_sink_end(sqlite3_context *context)
{
    sqlite3_result_null(context);
}

/* The page's rows by index (sparse: other days lie between) or straight along the table (dense). */
static gboolean read_page(struct sqlite *sqlite, sqlite3_stmt *page, gint32 day, gint64 from, gint64 to,
                          GError **error)
{
    struct job_reader *reader = sqlite->reader;
    int rc;

    sqlite3_bind_int64(page, 1, day);
    sqlite3_bind_int64(page, 2, from);
    sqlite3_bind_int64(page, 3, to);
    reader->delivered = 0;
    rc = sqlite3_step(page);
    sqlite3_reset(page);
    if (reader->failed)
        return FALSE;
    return rc == SQLITE_ROW || sqlite_fail(sqlite, rc, error);
}

/* Kept for the handle's life, under the address of `access`. */
static sqlite3_stmt *page_statement(struct sqlite *sqlite, const char *access, GError **error)
{
    const struct job_columns_stored *stored = sqlite_job_columns();
    sqlite3_stmt *page = g_hash_table_lookup(sqlite->statements, access);
    GString *sql;

    if (page && !sqlite->failed)
        return page;
    sql = g_string_new("SELECT job_sink(");

    for (int i = stored->n - 1; i >= 0; i--)
        g_string_append_printf(sql, "%s%s", job_columns[stored->column[i]].key, i ? ", " : "");
    g_string_append_printf(sql, ") FROM job %s WHERE day = ?1 AND seq > ?2 AND seq <= ?3", access);
    page = sqlite_prepare(sqlite, sql->str, error);
    g_string_free(sql, TRUE);
    if (page)
        g_hash_table_insert(sqlite->statements, GSIZE_TO_POINTER((gsize)access), page);
    return page;
}

/* The next number of the day behind `seq`, up to `to`; 0 if there is none. */
static gboolean next_seq(struct sqlite *sqlite, gint32 day, gint64 seq, gint64 to, gint64 *ret_seq,
                         GError **error)
{
    *ret_seq = 0;
    return sqlite_number(
        sqlite, error, ret_seq,
        "SELECT seq FROM job INDEXED BY job_day WHERE day = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq"
        " LIMIT 1",
        "iii", (gint64)day, seq, to);
}

static gboolean read_day(struct sqlite *sqlite, gint32 day, gint64 seq_from, gint64 seq_to, GError **error)
{
    static const char by_index[] = "INDEXED BY job_day";
    static const char along_table[] = "NOT INDEXED";
    sqlite3_stmt *sparse = page_statement(sqlite, by_index, error);
    sqlite3_stmt *dense = sparse ? page_statement(sqlite, along_table, error) : NULL;
    gint64 span = PAGE_ROWS;
    gint64 from = seq_from;

    if (!dense)
        return FALSE;
    while (from < seq_to) {
        gint64 first;
        gint64 to;
        gint64 rows;

        if (!next_seq(sqlite, day, from, seq_to, &first, error))
            return FALSE;
        if (!first)
            return TRUE;
        from = first - 1;
        to = seq_to - from > span ? from + span : seq_to;
        if (!read_page(sqlite, sqlite->reader->along ? dense : sparse, day, from, to, error))
            return FALSE;
        rows = sqlite->reader->delivered;
        sqlite->reader->along = rows > (to - from) / 4 * 3;
        span = CLAMP(rows < PAGE_ROWS / 2 ? span * 2
                     : rows >= PAGE_ROWS  ? span / 2
                                          : span,
                     PAGE_ROWS, PAGE_SPAN_MAX);
        from = to;
    }
    return TRUE;
}

gboolean sqlite_day_jobs(struct store *store, gint32 day, gint64 seq_from, gint64 seq_to, StoreJobSink sink,
                         gpointer user, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    struct job_reader *reader = sqlite->reader;
    g_autoptr(GError) local = NULL;
    gboolean ok;

    *reader = (struct job_reader){
        .sink = sink, .user = user, .error = &local, .last_seq = seq_from, .along = reader->along};
    job_clear(&reader->job);
    reader->job.day = day;
    ok = read_day(sqlite, day, seq_from, seq_to, &local);
    if (!ok)
        g_propagate_error(error, g_steal_pointer(&local));
    return ok;
}

/* --- lists --- */

static void job_from_row(struct job *job, sqlite3_stmt *row)
{
    const struct job_columns_stored *stored = sqlite_job_columns();
    int next = stored->n;

    for (int i = 0; i < stored->n; i++) {
        struct job_value *value = &job->value[stored->column[i]];

        *value = (struct job_value){.number = JOB_NONE};
        if (sqlite3_column_type(row, i) == SQLITE_NULL)
            continue;
        if (stored->text[i]) {
            value->text = (const char *)sqlite3_column_text(row, i);
            value->number = sqlite3_column_bytes(row, i);
        } else {
            value->number = sqlite3_column_int64(row, i);
        }
    }
    if (job->value[JOB_ENDED_AT].number == 0)
        job->value[JOB_ENDED_AT].number = JOB_NONE;
    job->day = sqlite3_column_int(row, next++);
    job->source_id = sqlite3_column_int64(row, next++);
    job->arrived_at = sqlite3_column_int64(row, next++);
    job->key.text = (const char *)sqlite3_column_text(row, next);
    job->key.number = sqlite3_column_bytes(row, next++);
    job->raw.text = (const char *)sqlite3_column_text(row, next);
    job->raw.number = sqlite3_column_bytes(row, next);
}

static char *select_jobs(const char *rest)
{
    GString *sql = g_string_new("SELECT ");

    sqlite_job_columns_append(sql);
    g_string_append(sql, ", day, source_id, arrived_at, source_key, raw FROM job");
    g_string_append(sql, rest);
    return g_string_free(sql, FALSE);
}

/* The filter of a query as SQL. Parameters: 1–5 texts, 6 and 7 numbers of a page, 8 the page's length. Users,
   printers and texts compare without case in any script, so by a function; the table is walked by number or
   by one day's index, never by an index of its own for each filter (three of them make ingest eight times
   slower). */
static void append_filter(GString *sql, const struct store_job_query *query)
{
    gboolean one_day = query->since && query->since == query->until;

    g_string_append(sql, one_day ? " INDEXED BY job_day WHERE" : " NOT INDEXED WHERE");
    if (one_day)
        g_string_append_printf(sql, " day = %d AND", query->since);
    else if (query->since || query->until)
        g_string_append_printf(sql, " day BETWEEN %d AND %d AND", query->since,
                               query->until ? query->until : G_MAXINT32);
    if (query->type)
        g_string_append(sql, " job_type = ?1 AND");
    if (query->result)
        g_string_append(sql, " result = ?2 AND");
    if (query->user)
        g_string_append(sql, " text_equal(user_name, ?3) AND");
    if (query->printer)
        g_string_append(sql, " (text_equal(device_name, ?4) OR text_equal(device_id, ?4)) AND");
    if (query->text)
        g_string_append(sql, " text_holds(document_name, ?5) AND");
    g_string_append(sql, " seq > ?6 AND seq <= ?7");
}

static void bind_filter(sqlite3_stmt *statement, const struct store_job_query *query)
{
    const char *texts[] = {query->type, query->result, query->user, query->printer, query->text};

    for (int i = 0; i < (int)G_N_ELEMENTS(texts); i++)
        if (texts[i])
            sqlite3_bind_text(statement, i + 1, texts[i], -1, SQLITE_STATIC);
}

/* The numbers between which all jobs of the queried days lie: (*ret_from, *ret_to]; from the day rows, so
 * that the table is walked no farther. */
static gboolean seq_bounds(struct sqlite *sqlite, const struct store_job_query *query, gint64 *ret_from,
                           gint64 *ret_to, GError **error)
{
    g_autoptr(GArray) days = NULL;
    gint64 from = G_MAXINT64;
    gint64 to = 0;

    if (!query->since && !query->until) {
        *ret_from = 0;
        *ret_to = G_MAXINT64;
        return TRUE;
    }
    if (!sqlite_days(&sqlite->base, query->since, query->until, &days, error))
        return FALSE;
    for (guint i = 0; i < days->len; i++) {
        const struct day_total *day = &g_array_index(days, struct day_total, i);
        gint64 first;

        if (!next_seq(sqlite, day->day, 0, day->last_seq, &first, error))
            return FALSE;
        if (first)
            from = MIN(from, first - 1);
        to = MAX(to, day->last_seq);
    }
    *ret_from = MIN(from, to);
    *ret_to = to;
    return TRUE;
}

#define LIST_PAGE 1000

/* One page; *ret_last is the number of its last job, *ret_rows how many there were. */
static gboolean list_page(struct sqlite *sqlite, sqlite3_stmt *statement, StoreJobSink sink, gpointer user,
                          gint64 *ret_last, gint64 *ret_rows, GError **error)
{
    struct job job;
    gint64 rows = 0;
    int step;

    job_clear(&job);
    while ((step = sqlite_next(sqlite, statement, error)) > 0) {
        job_from_row(&job, statement);
        *ret_last = job.value[JOB_SEQ].number;
        rows++;
        if (!sink(&job, user, error)) {
            sqlite3_reset(statement);
            return FALSE;
        }
    }
    *ret_rows = rows;
    return step == 0;
}

gboolean sqlite_jobs(struct store *store, const struct store_job_query *query, StoreJobSink sink,
                     gpointer user, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    g_autoptr(GString) rest = g_string_new(NULL);
    g_autofree char *sql = NULL;
    g_autoptr(SqliteStatement) statement = NULL;
    gint64 left = query->limit > 0 ? query->limit : G_MAXINT64;
    gint64 from;
    gint64 to;
    gint64 rows = LIST_PAGE;

    append_filter(rest, query);
    g_string_append_printf(rest, " ORDER BY seq%s LIMIT ?8", query->descending ? " DESC" : "");
    sql = select_jobs(rest->str);
    statement = sqlite_prepare(sqlite, sql, error);
    if (!statement || !seq_bounds(sqlite, query, &from, &to, error))
        return FALSE;
    bind_filter(statement, query);
    if (query->after_seq && query->descending)
        to = MIN(to, query->after_seq - 1);
    else
        from = MAX(from, query->after_seq);
    /* In pages, so that a reader that drains slowly holds no snapshot. */
    while (left > 0 && rows == LIST_PAGE && from < to) {
        gint64 last = 0;

        sqlite3_bind_int64(statement, 6, from);
        sqlite3_bind_int64(statement, 7, to);
        sqlite3_bind_int64(statement, 8, MIN(left, LIST_PAGE));
        if (!list_page(sqlite, statement, sink, user, &last, &rows, error))
            return FALSE;
        left -= rows;
        if (query->descending)
            to = last - 1;
        else
            from = last;
    }
    return TRUE;
}

gboolean sqlite_job(struct store *store, gint64 seq, StoreJobSink sink, gpointer user, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    g_autofree char *sql = select_jobs(" WHERE seq = ?1");
    g_autoptr(SqliteStatement) statement = sqlite_prepare(sqlite, sql, error);
    gint64 last;
    gint64 rows;

    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, seq);
    if (!list_page(sqlite, statement, sink, user, &last, &rows, error))
        return FALSE;
    if (rows)
        return TRUE;
    pt_error_set(error, PT_ERROR_MISSING, "there is no job with number %" G_GINT64_FORMAT,
                 "履歴番号 %" G_GINT64_FORMAT " のジョブはありません", seq);
    return FALSE;
}

/* --- sums and days --- */

static void sum_free(gpointer data)
{
    struct store_sum *sum = data;

    g_free(sum->group);
    g_free(sum);
}

gboolean sqlite_stats(struct store *store, const struct store_job_query *query, const char *group_by,
                      GPtrArray **ret_sums, GError **error)
{
    static const char *const groups[] = {"day",      "user_name", "device_name", "department_id",
                                         "job_type", "result",    NULL};
    struct sqlite *sqlite = (struct sqlite *)store;
    g_autoptr(GPtrArray) sums = g_ptr_array_new_with_free_func(sum_free);
    g_autoptr(GString) sql = g_string_new(NULL);
    g_autoptr(SqliteStatement) statement = NULL;
    gint64 from;
    gint64 to;
    int step;

    if (!g_strv_contains(groups, group_by)) {
        pt_error_set(error, PT_ERROR_INPUT, "%s: sums are not made by this column",
                     "%s: この項目では集計できません", group_by);
        return FALSE;
    }
    g_string_append_printf(
        sql, "SELECT %s, count(*), coalesce(sum(faces_total), 0), coalesce(sum(sheets), 0) FROM job",
        group_by);
    append_filter(sql, query);
    g_string_append_printf(sql, " GROUP BY 1 ORDER BY %s", strcmp(group_by, "day") == 0 ? "1" : "2 DESC, 1");
    statement = sqlite_prepare(sqlite, sql->str, error);
    if (!statement || !seq_bounds(sqlite, query, &from, &to, error))
        return FALSE;
    bind_filter(statement, query);
    sqlite3_bind_int64(statement, 6, from);
    sqlite3_bind_int64(statement, 7, to);
    while ((step = sqlite_next(sqlite, statement, error)) > 0) {
        struct store_sum *sum = g_new0(struct store_sum, 1);

        sum->group = sqlite_column_dup(statement, 0);
        sum->jobs = sqlite3_column_int64(statement, 1);
        sum->faces = sqlite3_column_int64(statement, 2);
        sum->sheets = sqlite3_column_int64(statement, 3);
        g_ptr_array_add(sums, sum);
    }
    if (step < 0)
        return FALSE;
    *ret_sums = g_steal_pointer(&sums);
    return TRUE;
}

gboolean sqlite_days(struct store *store, gint32 since, gint32 until, GArray **ret_days, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    g_autoptr(GArray) days = g_array_new(FALSE, TRUE, sizeof(struct day_total));
    g_autoptr(SqliteQuery) query = sqlite_query(
        sqlite, error, "SELECT day, jobs, last_seq FROM day WHERE day BETWEEN ?1 AND ?2 ORDER BY day", "ii",
        (gint64)since, (gint64)(until ? until : G_MAXINT32));
    int row;

    if (!query)
        return FALSE;
    while ((row = sqlite_next(sqlite, query, error)) > 0) {
        struct day_total day = {sqlite3_column_int(query, 0), sqlite3_column_int64(query, 1),
                                sqlite3_column_int64(query, 2)};

        g_array_append_val(days, day);
    }
    if (row < 0)
        return FALSE;
    *ret_days = g_steal_pointer(&days);
    return TRUE;
}

/* --- functions --- */

static gboolean is_ascii(const char *text)
{
    for (; *text; text++)
        if ((guchar)*text & 0x80)
            return FALSE;
    return TRUE;
}

/* The constant of text_equal() and text_holds(), folded once a statement. NULL for NULL. */
static const char *folded_constant(sqlite3_context *context, sqlite3_value *value)
{
    char *folded = sqlite3_get_auxdata(context, 1);
    const char *text = (const char *)sqlite3_value_text(value);

    if (folded || !text)
        return folded;
    folded = g_utf8_casefold(text, -1);
    sqlite3_set_auxdata(context, 1, folded, g_free);
    return sqlite3_get_auxdata(context, 1);
}

/* text_equal(value, constant): equal without case. */
static void text_equal(sqlite3_context *context, int n G_GNUC_UNUSED, sqlite3_value **values)
{
    const char *text = (const char *)sqlite3_value_text(values[0]);
    const char *wanted = folded_constant(context, values[1]);
    gboolean equal = FALSE;

    if (text && wanted && is_ascii(text)) {
        equal = g_ascii_strcasecmp(text, wanted) == 0;
    } else if (text && wanted) {
        g_autofree char *folded = g_utf8_casefold(text, -1);

        equal = strcmp(folded, wanted) == 0;
    }
    sqlite3_result_int(context, equal);
}

/* text_holds(value, constant): the constant occurs in it, without case. */
static void text_holds(sqlite3_context *context, int n G_GNUC_UNUSED, sqlite3_value **values)
{
    const char *text = (const char *)sqlite3_value_text(values[0]);
    const char *wanted = folded_constant(context, values[1]);
    gboolean holds = FALSE;

    if (text && wanted) {
        g_autofree char *folded = g_utf8_casefold(text, -1);

        holds = strstr(folded, wanted) != NULL;
    }
    sqlite3_result_int(context, holds);
}

gboolean sqlite_jobs_register(struct sqlite *sqlite, GError **error)
{
    const int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
    int rc;

    sqlite->reader = g_new0(struct job_reader, 1);
    rc = sqlite3_create_function_v2(sqlite->db, "job_sink", -1, flags, sqlite->reader, NULL, job_sink,
                                    job_sink_end, g_free);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function_v2(sqlite->db, "text_equal", 2, flags | SQLITE_DETERMINISTIC, NULL,
                                        text_equal, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function_v2(sqlite->db, "text_holds", 2, flags | SQLITE_DETERMINISTIC, NULL,
                                        text_holds, NULL, NULL, NULL);
    return rc == SQLITE_OK || sqlite_fail(sqlite, rc, error);
}
