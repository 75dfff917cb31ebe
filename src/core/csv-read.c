/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The CSV reader: header, records one by one, values to a job. */
#include "core/csv.h"

#include <string.h>

#include "base/error.h"
#include "core/civil.h"
#include "core/cp932.h"
#include "core/csv-record.h"

/* A local day on which the offset from UTC does not change: its times need no zone. */
struct plain_day {
    gint32 day; /* YYYYMMDD, 0 = none yet */
    gboolean plain;
    gint64 midnight; /* instant of 00:00:00 if plain */
};

struct csv_reader {
    struct csv_reader_options options;
    struct zone *zone;
    struct cp932 *cp932; /* NULL for UTF-8 */
    char *data;          /* CSV_BLOCK zero bytes always follow data[end] */
    gsize begin, end, room;
    gboolean last;
    gboolean skipping; /* the rest of a physical line that was too long */
    guint64 line;      /* physical line at `begin`, from 1 */
    char separator;    /* 0 until the header has been read */
    gsize columns;     /* of the header; 0 until it has been read and understood */
    enum job_column column[JOB_COLUMNS];
    struct csv_field field[JOB_COLUMNS];
    struct plain_day day;
    GByteArray *converted; /* CP932: the record's texts as UTF-8 */
    guint64 cut;
    char scratch[8]; /* of job_check() */
};

struct csv_reader *csv_reader_new(const struct csv_reader_options *options, GError **error)
{
    g_autoptr(PtZone) zone = zone_new(options->zone, error);
    struct csv_reader *r;

    if (!zone)
        return NULL;
    r = g_new0(struct csv_reader, 1);
    r->options = *options;
    r->options.zone = NULL;
    r->zone = g_steal_pointer(&zone);
    r->line = 1;
    r->data = g_malloc0(CSV_BLOCK);
    r->converted = g_byte_array_new();
    if (options->cp932)
        r->cp932 = cp932_new();
    return r;
}

void csv_reader_free(struct csv_reader *r)
{
    if (!r)
        return;
    zone_free(r->zone);
    cp932_free(r->cp932);
    g_byte_array_unref(r->converted);
    g_free(r->data);
    g_free(r);
}

guint64 csv_reader_cut(const struct csv_reader *r)
{
    return r->cut;
}

void csv_reader_feed(struct csv_reader *r, const char *bytes, gsize length, gboolean last)
{
    gsize kept = r->end - r->begin;

    if (r->begin) {
        memmove(r->data, r->data + r->begin, kept);
        r->begin = 0;
    }
    if (kept + length > r->room) {
        r->room = MAX(kept + length, 2 * r->room);
        r->data = g_realloc(r->data, r->room + CSV_BLOCK);
    }
    if (length)
        memcpy(r->data + kept, bytes, length);
    r->end = kept + length;
    memset(r->data + r->end, 0, CSV_BLOCK);
    r->last = last;
}

/* Gives up the record at `begin`: goes on behind the first line end, if need be in bytes still to come. */
static void skip_line(struct csv_reader *r)
{
    const char *newline = memchr(r->data + r->begin, '\n', r->end - r->begin);

    if (newline) {
        r->begin = (gsize)(newline + 1 - r->data);
        r->line++;
    } else {
        r->begin = r->end;
    }
    r->skipping = !newline;
}

static enum csv_result bad_scan(enum csv_scan scan, GError **error)
{
    switch (scan) {
    case CSV_SCAN_NUL:
        pt_error_set(error, PT_ERROR_INPUT, "holds a NUL byte", "NULバイトが含まれています");
        break;
    case CSV_SCAN_CR:
        pt_error_set(error, PT_ERROR_INPUT, "holds a carriage return outside quotation marks",
                     "引用符の外に復帰文字(CR)があります");
        break;
    case CSV_SCAN_QUOTE:
        pt_error_set(error, PT_ERROR_INPUT,
                     "a quotation mark is in the wrong place (it must be doubled inside a value)",
                     "引用符の位置が正しくありません(値の中では二重にしてください)");
        break;
    case CSV_SCAN_UNCLOSED:
        pt_error_set(error, PT_ERROR_INPUT, "a quotation mark is never closed", "引用符が閉じられていません");
        break;
    case CSV_SCAN_LONG:
        pt_error_set(error, PT_ERROR_INPUT, "longer than 1 MiB (perhaps a quotation mark is never closed)",
                     "1MiBを超えています(引用符が閉じられていない可能性があります)");
        break;
    case CSV_SCAN_RECORD:
    case CSV_SCAN_MORE:
        g_assert_not_reached();
    }
    return CSV_BAD;
}

/* Takes the next record that is not an empty line. CSV_ROW: complete, in r->field. */
static enum csv_result next_record(struct csv_reader *r, struct csv_record *ret, guint64 *ret_line,
                                   GError **error)
{
    for (;;) {
        enum csv_scan scan;

        if (r->skipping)
            skip_line(r);
        if (r->begin == r->end)
            return r->last ? CSV_END : CSV_MORE;
        scan = csv_record_scan(r->data + r->begin, r->end - r->begin, r->last, r->separator, r->field,
                               JOB_COLUMNS, ret);
        if (scan == CSV_SCAN_MORE)
            return CSV_MORE;
        *ret_line = r->line;
        if (scan == CSV_SCAN_QUOTE || scan == CSV_SCAN_UNCLOSED || scan == CSV_SCAN_LONG) {
            skip_line(r);
            return bad_scan(scan, error);
        }
        r->begin += ret->size;
        r->line += ret->lines;
        if (scan != CSV_SCAN_RECORD)
            return bad_scan(scan, error);
        if (ret->fields > 1 || r->field[0].length)
            return CSV_ROW;
    }
}

/* --- header --- */

static enum csv_result fatal(GError **error, const char *en, const char *ja)
{
    pt_error_set(error, PT_ERROR_INPUT, "not a job history CSV: %s%.0s",
                 "ジョブ履歴のCSVではありません: %.0s%s", en, ja);
    return CSV_FATAL;
}

/* The first line decides: the separator is the first of the three in it (no word of ours holds one). FALSE:
 * its end is not there yet. */
static gboolean find_separator(struct csv_reader *r)
{
    const char *from = r->data + r->begin;
    gsize length = r->end - r->begin;
    const char *newline = memchr(from, '\n', length);

    if (!newline && !r->last && length <= CSV_RECORD_MAX)
        return FALSE;
    if (newline)
        length = (gsize)(newline - from);
    r->separator = ',';
    for (gsize i = 0; i < length; i++) {
        if (from[i] == ',' || from[i] == ';' || from[i] == '\t') {
            r->separator = from[i];
            break;
        }
    }
    return TRUE;
}

/* The column that a header word names; JOB_COLUMNS if none. */
static enum job_column header_column(const char *word, gsize length)
{
    enum job_column column = job_column_from_key(word, length);

    for (gsize i = 0; column == JOB_COLUMNS && i < JOB_COLUMNS; i++)
        if (strlen(job_columns[i].ja) == length && memcmp(job_columns[i].ja, word, length) == 0)
            column = (enum job_column)i;
    return column;
}

static enum csv_result take_header_field(struct csv_reader *r, gsize i, guint64 *seen, GError **error)
{
    struct csv_field *field = &r->field[i];
    g_autofree char *word = NULL;
    gsize length = 0;

    if (field->doubled)
        csv_field_undouble(field);
    word = g_malloc(3 * field->length + 1);
    if (!r->cp932) {
        memcpy(word, field->text, field->length);
        length = field->length;
    } else if (!cp932_to_utf8(r->cp932, field->text, field->length, word, &length)) {
        return fatal(error, "its header is not CP932", "見出し行がCP932ではありません");
    }
    word[length] = '\0';
    if (!g_utf8_validate_len(word, length, NULL))
        return fatal(error, "its header is not UTF-8 (perhaps CP932 or UTF-16)",
                     "見出し行がUTF-8ではありません(CP932またはUTF-16の可能性があります)");
    r->column[i] = header_column(word, length);
    if (r->column[i] == JOB_COLUMNS || (*seen & (guint64)1 << r->column[i])) {
        word[job_text_fit(word, length, 60)] = '\0';
        if (r->column[i] == JOB_COLUMNS)
            pt_error_set(error, PT_ERROR_INPUT, "not a job history CSV: unknown column \"%s\"",
                         "ジョブ履歴のCSVではありません: 不明な列「%s」", word);
        else
            pt_error_set(error, PT_ERROR_INPUT, "not a job history CSV: column \"%s\" occurs twice",
                         "ジョブ履歴のCSVではありません: 列「%s」が二つあります", word);
        return CSV_FATAL;
    }
    *seen |= (guint64)1 << r->column[i];
    return CSV_ROW;
}

/* A byte order mark decides over the option: what begins with UTF-8's cannot be CP932. FALSE: too few bytes
 * yet. */
static gboolean drop_bom(struct csv_reader *r)
{
    static const char bom[] = "\xEF\xBB\xBF";
    gsize there = MIN(r->end - r->begin, 3);

    if (there < 3 && !r->last && memcmp(r->data + r->begin, bom, there) == 0)
        return FALSE;
    if (there == 3 && memcmp(r->data + r->begin, bom, 3) == 0) {
        r->begin += 3;
        g_clear_pointer(&r->cp932, cp932_free);
    }
    return TRUE;
}

/* CSV_ROW: the header has been read. */
static enum csv_result read_header(struct csv_reader *r, guint64 *ret_line, GError **error)
{
    struct csv_record record;
    enum csv_result result;
    guint64 seen = 0;

    *ret_line = r->line;
    if (!drop_bom(r) || !find_separator(r))
        return CSV_MORE;
    result = next_record(r, &record, ret_line, error);
    if (result == CSV_END)
        return fatal(error, "it is empty", "空です");
    if (result == CSV_BAD) {
        g_clear_error(error);
        return fatal(error, "its first line is no header", "最初の行が見出し行ではありません");
    }
    if (result != CSV_ROW) {
        r->separator = 0;
        return result;
    }
    for (gsize i = 0; i < MIN(record.fields, JOB_COLUMNS); i++)
        if (take_header_field(r, i, &seen, error) != CSV_ROW)
            return CSV_FATAL;
    if (record.fields > JOB_COLUMNS)
        return fatal(error, "its header has too many columns", "見出し行の列が多すぎます");
    if (!(seen & (guint64)1 << JOB_JOB_TYPE))
        return fatal(error, "it has no column job_type", "列 job_type(ジョブ種類)がありません");
    if (!(seen & ((guint64)1 << JOB_ENDED_AT | (guint64)1 << JOB_ENDED_AT_UTC)))
        return fatal(error, "it has no column ended_at", "列 ended_at(終了日時)がありません");
    r->columns = record.fields;
    return CSV_ROW;
}
G_STATIC_ASSERT(JOB_COLUMNS <= 64);

/* --- values --- */

static gboolean bad_value(enum job_column column, const char *en, const char *ja, GError **error)
{
    pt_error_set(error, PT_ERROR_INPUT, "%s: %s%.0s", "%s: %.0s%s", job_columns[column].key, en, ja);
    return FALSE;
}

/* UTF-8 of the field, between its first byte and ret->number; not yet unguarded and cut. */
static gboolean take_bytes(struct csv_reader *r, struct csv_field *field, enum job_column column,
                           GError **error)
{
    gsize length;

    if (field->doubled)
        csv_field_undouble(field);
    if (csv_is_ascii(field->text, field->length))
        return TRUE;
    if (!r->cp932)
        return g_utf8_validate_len(field->text, field->length, NULL) ||
               bad_value(column, "not valid UTF-8", "UTF-8として正しくありません", error);
    if (!cp932_to_utf8(r->cp932, field->text, field->length, (char *)r->converted->data + r->converted->len,
                       &length))
        return bad_value(column, "not valid CP932", "CP932として正しくありません", error);
    field->text = (char *)r->converted->data + r->converted->len;
    field->length = length;
    r->converted->len += (guint)length;
    return TRUE;
}

static gboolean take_text(struct csv_reader *r, struct csv_field *field, enum job_column column,
                          struct job *job, guint *cut, GError **error)
{
    gsize fit;

    if (!take_bytes(r, field, column, error))
        return FALSE;
    if (job_columns[column].guard && !r->options.unguarded && field->text[0] == '\'') {
        field->text++;
        field->length--;
    }
    fit = job_text_fit(field->text, field->length, JOB_TEXT_MAX);
    *cut += fit < field->length;
    job_set_bytes(job, column, field->text, fit);
    return TRUE;
}

/* count_source and origin are ours to set, so a word of theirs that we do not know is no reason to lose the
 * job. */
static void take_token(const struct csv_field *field, enum job_column column, struct job *job)
{
    gboolean must = column == JOB_JOB_TYPE || column == JOB_RESULT;

    if (must || job_token_valid(column, field->text, field->length))
        job_set_bytes(job, column, field->text, field->length);
}

static gboolean take_number(const struct csv_field *field, enum job_column column, struct job *job,
                            GError **error)
{
    gint64 number = 0;

    for (gsize i = 0; i < field->length; i++) {
        unsigned digit = (unsigned)(field->text[i] - '0');
        if (digit > 9 || number > (G_GINT64_CONSTANT(1) << 53))
            return column == JOB_SEQ || bad_value(column, "not a number from 0 to 2^53",
                                                  "0 から 2^53 の数値ではありません", error);
        number = number * 10 + digit;
    }
    job_set_number(job, column, number);
    return TRUE;
}

/* The three time columns are read when all others are known: two of them need the end. */
struct times {
    const struct csv_field *field[JOB_COLUMNS];
};

static gboolean take_field(struct csv_reader *r, gsize i, struct job *job, struct times *times, guint *cut,
                           GError **error)
{
    struct csv_field *field = &r->field[i];
    enum job_column column = r->column[i];

    if (!field->length)
        return TRUE;
    switch (job_columns[column].type) {
    case JOB_INT:
        return take_number(field, column, job, error);
    case JOB_TEXT:
        return take_text(r, field, column, job, cut, error);
    case JOB_TOKEN:
        if (!take_bytes(r, field, column, error))
            return FALSE;
        take_token(field, column, job);
        return TRUE;
    case JOB_TIME:
    case JOB_DERIVED:
        times->field[column] = field;
        return TRUE;
    }
    return TRUE;
}

/* Whether no clock change is near this local day; asked once a day. */
static void look_at_day(struct csv_reader *r, const struct local_time *local, gint32 day)
{
    const int step = 6 * 3600;
    gint64 start = civil_to_days(local->year, local->month, local->day) * CIVIL_DAY_SECONDS;
    int offset = zone_offset(r->zone, start);

    r->day = (struct plain_day){day, TRUE, start - offset};
    for (int i = -3; i <= 7; i++)
        if (zone_offset(r->zone, start + i * step) != offset)
            r->day.plain = FALSE;
}

/* "2026/06/09 10:30:25" by the date format; FALSE if it is anything else. */
static gboolean parse_local(const struct csv_field *field, enum date_format format, struct local_time *ret)
{
    static const struct {
        int year, month, day, slash[2];
    } at[] = {[DATE_YMD] = {0, 5, 8, {4, 7}}, [DATE_MDY] = {6, 0, 3, {2, 5}}, [DATE_DMY] = {6, 3, 0, {2, 5}}};
    const char *t = field->text;

    if (field->length != 19 || t[at[format].slash[0]] != '/' || t[at[format].slash[1]] != '/' ||
        t[10] != ' ' || t[13] != ':' || t[16] != ':')
        return FALSE;
    ret->year = civil_get(t + at[format].year, 4);
    ret->month = civil_get(t + at[format].month, 2);
    ret->day = civil_get(t + at[format].day, 2);
    ret->hour = civil_get(t + 11, 2);
    ret->minute = civil_get(t + 14, 2);
    ret->second = civil_get(t + 17, 2);
    return civil_valid(ret->year, ret->month, ret->day) && ret->hour >= 0 && ret->hour < 24 &&
           ret->minute >= 0 && ret->minute < 60 && ret->second >= 0 && ret->second < 60;
}

static gboolean take_local(struct csv_reader *r, const struct times *times, enum job_column column,
                           gint64 not_after, struct job *job, GError **error)
{
    const struct csv_field *field = times->field[column];
    struct local_time local;
    gint64 utc;
    gint32 day;

    if (!field)
        return TRUE;
    if (!parse_local(field, r->options.date_format, &local))
        return bad_value(column, "not a time in the date format of the preferences",
                         "環境設定の日付の表示形式による日時ではありません", error);
    day = local.year * 10000 + local.month * 100 + local.day;
    if (day != r->day.day)
        look_at_day(r, &local, day);
    if (r->day.plain)
        utc = r->day.midnight + local.hour * 3600 + local.minute * 60 + local.second;
    else if (!zone_from_local(r->zone, &local, not_after, &utc))
        return bad_value(column, "this local time does not exist (clock change)",
                         "この日時は存在しません(時刻の切り替え)", error);
    job_set_number(job, column, utc);
    return TRUE;
}

static gboolean take_times(struct csv_reader *r, const struct times *times, struct job *job, GError **error)
{
    const struct csv_field *utc = times->field[JOB_ENDED_AT_UTC];
    gint64 ended;

    if (utc && !time_parse_rfc3339(utc->text, utc->length, &ended))
        return bad_value(JOB_ENDED_AT_UTC, "not a time such as 2026-06-09T01:30:25Z",
                         "2026-06-09T01:30:25Z の形の日時ではありません", error);
    if (utc)
        job_set_number(job, JOB_ENDED_AT, ended);
    else if (!take_local(r, times, JOB_ENDED_AT, G_MAXINT64, job, error))
        return FALSE;
    ended = job->value[JOB_ENDED_AT].number;
    if (ended == JOB_NONE)
        ended = G_MAXINT64;
    return take_local(r, times, JOB_ACCEPTED_AT, ended, job, error) &&
           take_local(r, times, JOB_STARTED_AT, ended, job, error);
}

static gboolean take_row(struct csv_reader *r, const struct csv_record *record, struct job *job,
                         GError **error)
{
    struct times times = {0};
    guint cut = 0;

    if (record->fields != r->columns) {
        pt_error_set(error, PT_ERROR_INPUT, "%u fields where the header has %u",
                     "項目数が %u で、見出し行の %u と異なります", (guint)record->fields, (guint)r->columns);
        return FALSE;
    }
    if (r->cp932) {
        g_byte_array_set_size(r->converted, (guint)(3 * record->size));
        r->converted->len = 0;
    }
    job_clear(job);
    for (gsize i = 0; i < r->columns; i++)
        if (!take_field(r, i, job, &times, &cut, error))
            return FALSE;
    if (!take_times(r, &times, job, error) || !job_check(job, r->options.now, r->scratch, error))
        return FALSE;
    r->cut += cut;
    return TRUE;
}

enum csv_result csv_reader_next(struct csv_reader *r, struct job *ret_job, guint64 *ret_line, GError **error)
{
    struct csv_record record;
    enum csv_result result = r->columns ? CSV_ROW : read_header(r, ret_line, error);

    if (result == CSV_ROW)
        result = next_record(r, &record, ret_line, error);
    if (result == CSV_ROW && !take_row(r, &record, ret_job, error))
        return CSV_BAD;
    return result;
}
