/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The CSV writer: the hot path of the export. */
#include "core/csv.h"

#include <string.h>

#include "base/error.h"
#include "core/civil.h"
#include "core/cp932.h"
#include "core/csv-scan.h"

/* Handed out when this much is there. */
#define CHUNK ((gsize)1 << 20)
/* Beyond the chunk: one row whose texts are all JOB_TEXT_MAX long, guarded, and with every byte doubled; so a
 * row needs no check of room. */
#define FIELD_ROOM (2 * JOB_TEXT_MAX + 64)
#define ROW_ROOM (JOB_COLUMNS * FIELD_ROOM)
/* A longer text goes through the buffer in pieces of this many bytes. */
#define PIECE ((gsize)FIELD_ROOM * 4)
G_STATIC_ASSERT(2 * PIECE + 64 < ROW_ROOM);

/* Instants of one local day with one offset: a time within them costs a subtraction and eight digits. */
struct day_cache {
    gint64 from, until; /* from ≤ utc < until */
    gint64 midnight;    /* instant at which the local clock would show 00:00:00 */
    char date[16];      /* "2026/06/09 " */
};

/* One cache a time column: accepted, started and ended may lie on two days in every other row. */
#define DAY_CACHES (JOB_ENDED_AT_UTC - JOB_ACCEPTED_AT + 1)
#define DATE_LENGTH 11

struct csv_writer {
    char *buffer;
    CsvBlock separator; /* filled */
    gboolean guard;
    struct cp932 *cp932; /* NULL for UTF-8 */
    struct day_cache days[DAY_CACHES];
    struct zone *zone;
    char *converted; /* CP932 bytes of the field at hand, JOB_TEXT_MAX of room */
    gsize used;
    gint64 handed; /* bytes */
    gint64 rows;
    gint64 replaced;
    GError *error; /* of the sink: no more is written */
    CsvSink sink;
    gpointer user;
    struct csv_format format;
};

static gboolean hand_out(struct csv_writer *w)
{
    if (w->error)
        return FALSE;
    if (w->used && !w->sink(w->buffer, w->used, w->user, &w->error)) {
        if (!w->error)
            pt_error_set(&w->error, PT_ERROR_INTERNAL, "the output of the CSV writer failed",
                         "CSVの出力に失敗しました");
        return FALSE;
    }
    w->handed += (gint64)w->used;
    w->used = 0;
    return TRUE;
}

/* SPEC 7: = + - @ TAB CR, after blanks too, or an apostrophe at the very beginning. */
static gboolean needs_guard(const char *text, gsize length)
{
    gsize i = 0;

    if (text[0] == '\'')
        return TRUE;
    while (i < length && text[i] == ' ')
        i++;
    return i < length && text[i] && strchr("=+-@\t\r", text[i]) != NULL;
}

/* Doubles the quotation marks. */
static char *put_doubled(char *o, const char *text, gsize length)
{
    const char *end = text + length;

    while (text < end) {
        const char *quote = memchr(text, '"', (gsize)(end - text));
        gsize part = (gsize)((quote ? quote + 1 : end) - text);
        memcpy(o, text, part);
        o += part;
        text += part;
        if (quote)
            *o++ = '"';
    }
    return o;
}

/* A text longer than a row has room for: checked first, then handed out in pieces. Leaves less than CHUNK in
 * the buffer. */
static char *put_long(struct csv_writer *w, char *o, const char *text, gsize length, gboolean guard)
{
    static const char specials[] = "\"\r\n";
    char separator[CSV_BLOCK];
    gboolean quote = FALSE;

    w->used = (gsize)(o - w->buffer);
    if (w->used >= CHUNK) {
        if (!hand_out(w))
            return w->buffer;
        o = w->buffer;
    }
    csv_block_store(separator, w->separator);
    for (gsize i = 0; i < sizeof(specials) - 1 && !quote; i++)
        quote = memchr(text, specials[i], length) != NULL;
    quote = quote || memchr(text, separator[0], length);
    if (quote)
        *o++ = '"';
    if (guard)
        *o++ = '\'';
    for (gsize at = 0; at < length; at += PIECE) {
        o = put_doubled(o, text + at, MIN(PIECE, length - at));
        w->used = (gsize)(o - w->buffer);
        if (w->used >= CHUNK) {
            if (!hand_out(w))
                return w->buffer;
            o = w->buffer;
        }
    }
    if (quote)
        *o++ = '"';
    return o;
}

static char *put_bytes(struct csv_writer *w, char *o, const char *text, gsize length, gboolean guard)
{
    char *start = o;

    if (G_UNLIKELY(length > JOB_TEXT_MAX))
        return put_long(w, o, text, length, guard);
    if (G_UNLIKELY(guard))
        *o++ = '\'';
    if (G_LIKELY(!csv_copy_special(o, text, length, w->separator)))
        return o + length;
    o = start;
    *o++ = '"';
    if (guard)
        *o++ = '\'';
    o = put_doubled(o, text, length);
    *o++ = '"';
    return o;
}

/* CP932: trail bytes are 40 and above, so that no separator, quotation mark or line end can appear by
 * converting. */
static char *put_converted(struct csv_writer *w, char *o, const char *text, gsize length, gboolean guard)
{
    if (csv_is_ascii(text, length))
        return put_bytes(w, o, text, length, guard);
    if (length > JOB_TEXT_MAX) {
        g_autofree char *bytes = g_malloc(length);
        gsize converted = cp932_from_utf8(w->cp932, text, length, bytes, &w->replaced);
        return put_bytes(w, o, bytes, converted, guard);
    }
    length = cp932_from_utf8(w->cp932, text, length, w->converted, &w->replaced);
    return put_bytes(w, o, w->converted, length, guard);
}

static inline char *put_text(struct csv_writer *w, char *o, const struct job_value *value, gboolean may_guard)
{
    const char *text = value->text;
    gsize length = (gsize)value->number;
    gboolean guard;

    if (!text || !length)
        return o;
    /* All bytes that the guard asks about lie at or below '@'; most texts begin with a letter. */
    guard = may_guard && (guchar)text[0] <= '@' && w->guard && needs_guard(text, length);
    return G_UNLIKELY(w->cp932) ? put_converted(w, o, text, length, guard)
                                : put_bytes(w, o, text, length, guard);
}

static char *put_digits(char *o, guint64 number)
{
    char digits[20];
    int at = 20;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    memcpy(o, digits + at, (gsize)(20 - at));
    return o + (20 - at);
}

static inline char *put_number(char *o, gint64 number)
{
    if (number == JOB_NONE)
        return o;
    if ((guint64)number < 10) {
        *o = (char)('0' + number);
        return o + 1;
    }
    if ((guint64)number < 100)
        return civil_put_2(o, (unsigned)number);
    if (number < 0)
        *o++ = '-';
    return put_digits(o, number < 0 ? (guint64)0 - (guint64)number : (guint64)number);
}

/* "2026/06/09 " and its likes. */
static void show_date(char *out, struct civil date, enum date_format format)
{
    char year[4], month[2], day[2];

    civil_put_2(civil_put_2(year, (unsigned)date.year / 100), (unsigned)date.year % 100);
    civil_put_2(month, (unsigned)date.month);
    civil_put_2(day, (unsigned)date.day);
    switch (format) {
    case DATE_YMD:
        g_snprintf(out, DATE_LENGTH + 1, "%.4s/%.2s/%.2s ", year, month, day);
        return;
    case DATE_MDY:
        g_snprintf(out, DATE_LENGTH + 1, "%.2s/%.2s/%.4s ", month, day, year);
        return;
    case DATE_DMY:
        g_snprintf(out, DATE_LENGTH + 1, "%.2s/%.2s/%.4s ", day, month, year);
        return;
    }
}

/* Another day than the last one: the only place that asks the zone. On a day whose offset changes the cache
 * holds one instant. */
static void fill_day(struct csv_writer *w, struct day_cache *cache, gint64 utc, gboolean local)
{
    gint64 offset = local ? zone_offset(w->zone, utc) : 0;
    gint64 seconds = utc + offset;
    gint64 days = (seconds >= 0 ? seconds : seconds - CIVIL_DAY_SECONDS + 1) / CIVIL_DAY_SECONDS;
    struct civil date = civil_from_days(days);

    cache->midnight = days * CIVIL_DAY_SECONDS - offset;
    cache->from = cache->midnight;
    cache->until = cache->midnight + CIVIL_DAY_SECONDS;
    if (local) {
        show_date(cache->date, date, w->format.date_format);
        if (zone_offset(w->zone, cache->from) != offset || zone_offset(w->zone, cache->until - 1) != offset) {
            cache->from = utc;
            cache->until = utc + 1;
        }
    } else {
        show_date(cache->date, date, DATE_YMD);
        cache->date[4] = cache->date[7] = '-';
        cache->date[10] = 'T';
    }
}

static inline char *put_instant(struct csv_writer *w, char *o, gint64 utc, enum job_column column)
{
    struct day_cache *cache = &w->days[column - JOB_ACCEPTED_AT];
    gboolean local = column != JOB_ENDED_AT_UTC;
    unsigned second;

    if (G_UNLIKELY(utc < cache->from || utc >= cache->until)) {
        if (utc < CIVIL_TIME_MIN || utc > CIVIL_TIME_MAX) /* JOB_NONE, too */
            return o;
        fill_day(w, cache, utc, local);
    }
    second = (unsigned)(utc - cache->midnight);
    memcpy(o, cache->date, 16);
    o = civil_put_2(o + DATE_LENGTH, second / 3600);
    *o++ = ':';
    o = civil_put_2(o, second / 60 % 60);
    *o++ = ':';
    o = civil_put_2(o, second % 60);
    if (!local)
        *o++ = 'Z';
    return o;
}

/* One function a column type; `column` and `guard` are constants where they are called. */
static inline char *put_INT(struct csv_writer *w, char *o, const struct job *job, enum job_column column,
                            int guard)
{
    (void)w, (void)guard;
    return put_number(o, job->value[column].number);
}

static inline char *put_TEXT(struct csv_writer *w, char *o, const struct job *job, enum job_column column,
                             int guard)
{
    return put_text(w, o, &job->value[column], guard != 0);
}

static inline char *put_TOKEN(struct csv_writer *w, char *o, const struct job *job, enum job_column column,
                              int guard)
{
    return put_text(w, o, &job->value[column], guard != 0);
}

static inline char *put_TIME(struct csv_writer *w, char *o, const struct job *job, enum job_column column,
                             int guard)
{
    (void)guard;
    return put_instant(w, o, job->value[column].number, column);
}

static inline char *put_DERIVED(struct csv_writer *w, char *o, const struct job *job, enum job_column column,
                                int guard)
{
    (void)guard;
    if (column == JOB_FORMAT_VERSION)
        return put_number(o, JOB_FORMAT_NOW);
    return put_instant(w, o, job->value[JOB_ENDED_AT].number, column);
}

gboolean csv_writer_row(struct csv_writer *w, const struct job *job, GError **error)
{
    char separator = w->format.separator;
    char *o;

    if (G_UNLIKELY(w->used >= CHUNK) && !hand_out(w)) {
        g_propagate_error(error, g_error_copy(w->error));
        return FALSE;
    }
    o = w->buffer + w->used;
#define C(id, key, ja, type, guard)                                                                          \
    o = put_##type(w, o, job, JOB_##id, guard);                                                              \
    *o++ = separator;
#include "core/columns.def"
#undef C
    o[-1] = '\r';
    *o++ = '\n';
    w->used = (gsize)(o - w->buffer);
    w->rows++;
    if (G_UNLIKELY(w->error)) {
        g_propagate_error(error, g_error_copy(w->error));
        return FALSE;
    }
    return TRUE;
}

static void put_header(struct csv_writer *w)
{
    char *o = w->buffer;

    if (w->format.encoding == CSV_UTF8_BOM) {
        memcpy(o, "\xEF\xBB\xBF", 3);
        o += 3;
    }
    for (gsize i = 0; i < JOB_COLUMNS; i++) {
        const char *word = w->format.header_ja ? job_columns[i].ja : job_columns[i].key;
        struct job_value value = {word, (gint64)strlen(word)};
        o = put_text(w, o, &value, FALSE);
        *o++ = w->format.separator;
    }
    o[-1] = '\r';
    *o++ = '\n';
    w->used = (gsize)(o - w->buffer);
}

struct csv_writer *csv_writer_new(const struct csv_format *format, CsvSink sink, gpointer user,
                                  GError **error)
{
    g_autoptr(PtZone) zone = zone_new(format->zone, error);
    struct csv_writer *w;

    if (!zone)
        return NULL;
    w = g_new0(struct csv_writer, 1);
    w->format = *format;
    w->zone = g_steal_pointer(&zone);
    w->sink = sink;
    w->user = user;
    w->guard = format->formula_guard;
    w->separator = csv_block_fill(format->separator);
    w->buffer = g_malloc(CHUNK + ROW_ROOM);
    if (format->encoding == CSV_CP932) {
        w->cp932 = cp932_new();
        w->converted = g_malloc(JOB_TEXT_MAX);
    }
    put_header(w);
    return w;
}

void csv_writer_free(struct csv_writer *w)
{
    if (!w)
        return;
    zone_free(w->zone);
    cp932_free(w->cp932);
    g_clear_error(&w->error);
    g_free(w->converted);
    g_free(w->buffer);
    g_free(w);
}

gboolean csv_writer_finish(struct csv_writer *w, GError **error)
{
    if (hand_out(w))
        return TRUE;
    g_propagate_error(error, g_error_copy(w->error));
    return FALSE;
}

gint64 csv_writer_rows(const struct csv_writer *w)
{
    return w->rows;
}

gint64 csv_writer_bytes(const struct csv_writer *w)
{
    return w->handed + (gint64)w->used;
}

gint64 csv_writer_replaced(const struct csv_writer *w)
{
    return w->replaced;
}
