/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parser of CUPS page_log lines. */
#include "core/page-log.h"

#include <string.h>

#include "base/error.h"
#include "core/civil.h"

#define FIELDS_MAX 18
#define COUNT_MAX (G_GINT64_CONSTANT(1) << 53)

struct part {
    const char *text;
    gsize length;
};

/* What a position holds. */
enum field {
    F_TAG,
    F_PRINTER,
    F_USER,
    F_ID,
    F_TIME,
    F_PAGE,
    F_COUNT,
    F_BILLING,
    F_HOST,
    F_TITLE,
    F_MEDIA,
    F_SIDES,
    F_COLOR,
    F_UUID,
    F_IMPRESSIONS,
    F_SHEETS,
    F_COPIES,
    F_CREATED,
    F_STATE,
    F_TYPE,
    F_COUNT_OF_FIELDS,
};

/* The title takes what is left between the fields before and behind it. */
struct format {
    gsize fields;
    enum field field[FIELDS_MAX];
};

static const struct format tagged = {18,
                                     {F_TAG, F_UUID, F_ID, F_PRINTER, F_USER, F_TIME, F_PAGE, F_COUNT,
                                      F_STATE, F_CREATED, F_IMPRESSIONS, F_SHEETS, F_COPIES, F_SIDES, F_MEDIA,
                                      F_TYPE, F_BILLING, F_TITLE}};
static const struct format barred = {15,
                                     {F_PRINTER, F_USER, F_ID, F_TIME, F_PAGE, F_COUNT, F_BILLING, F_HOST,
                                      F_TITLE, F_MEDIA, F_SIDES, F_COLOR, F_UUID, F_IMPRESSIONS, F_TYPE}};
/* Behind the time only: see split_default(). */
static const struct format tail_of_default = {
    7, {F_PAGE, F_COUNT, F_BILLING, F_HOST, F_TITLE, F_MEDIA, F_SIDES}};

static gboolean refuse(GError **error, const char *en, const char *ja)
{
    pt_error_set(error, PT_ERROR_INPUT, "%s%.0s", "%.0s%s", en, ja);
    return FALSE;
}

static gboolean torn(GError **error, const char *en, const char *ja)
{
    pt_error_set(error, PT_ERROR_INPUT, "torn or not a page_log line: %s%.0s",
                 "途中で切れているか、page_log の行ではありません: %.0s%s", en, ja);
    return FALSE;
}

static gboolean part_is(struct part part, const char *text)
{
    return part.length == strlen(text) && memcmp(part.text, text, part.length) == 0;
}

static gboolean part_begins(struct part part, const char *text)
{
    gsize length = strlen(text);

    return part.length >= length && memcmp(part.text, text, length) == 0;
}

static gboolean part_absent(struct part part)
{
    return part.length == 0 || part_is(part, "-");
}

/* Cuts at `separator` into the fields of the format, those before the title from the left and those behind it
 * from the right. */
static gboolean split(struct part line, char separator, const struct format *format, struct part *parts)
{
    const char *begin = line.text, *end = line.text + line.length;
    gsize left = 0, right = format->fields;

    for (; format->field[left] != F_TITLE; left++) {
        const char *at = memchr(begin, separator, (gsize)(end - begin));
        if (!at)
            return FALSE;
        parts[format->field[left]] = (struct part){begin, (gsize)(at - begin)};
        begin = at + 1;
    }
    while (format->field[--right] != F_TITLE) {
        const char *at = memrchr(begin, separator, (gsize)(end - begin));
        if (!at)
            return FALSE;
        parts[format->field[right]] = (struct part){at + 1, (gsize)(end - at - 1)};
        end = at;
    }
    parts[F_TITLE] = (struct part){begin, (gsize)(end - begin)};
    return TRUE;
}

/* A count: digits only, at most 2^53. */
static gboolean parse_count(struct part part, gint64 *ret)
{
    gint64 number = 0;

    if (!part.length)
        return FALSE;
    for (gsize i = 0; i < part.length; i++) {
        if (!g_ascii_isdigit(part.text[i]) || number > COUNT_MAX / 10)
            return FALSE;
        number = number * 10 + (part.text[i] - '0');
    }
    *ret = number;
    return TRUE;
}

/* "[22/Nov/2026:06:02:27.068048 +0000]", the fraction optional. */
static gboolean parse_time(struct part part, gint64 *ret)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const char *t = part.text;
    gsize at = 21, month = 0;
    int year, day, hour, minute, second, zone_hour, zone_minute;

    if (part.length < 28 || t[0] != '[' || t[3] != '/' || t[7] != '/' || t[12] != ':' || t[15] != ':' ||
        t[18] != ':')
        return FALSE;
    while (month < 12 && memcmp(months + 3 * month, t + 4, 3) != 0)
        month++;
    day = civil_get(t + 1, 2), year = civil_get(t + 8, 4);
    hour = civil_get(t + 13, 2), minute = civil_get(t + 16, 2), second = civil_get(t + 19, 2);
    if (t[at] == '.')
        for (at++; at < part.length && g_ascii_isdigit(t[at]);)
            at++;
    if (at + 7 != part.length || t[at] != ' ' || (t[at + 1] != '+' && t[at + 1] != '-') || t[at + 6] != ']')
        return FALSE;
    zone_hour = civil_get(t + at + 2, 2), zone_minute = civil_get(t + at + 4, 2);
    if (!civil_valid(year, (int)month + 1, day) || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 60 || zone_hour < 0 || zone_hour > 23 || zone_minute < 0 || zone_minute > 59)
        return FALSE;
    *ret = civil_to_days(year, (int)month + 1, day) * CIVIL_DAY_SECONDS + hour * 3600 + minute * 60 + second -
           (t[at + 1] == '-' ? -1 : 1) * (zone_hour * 3600 + zone_minute * 60);
    return TRUE;
}

/* "queue user id [time] total …": a user name may hold blanks, so the first id and time that can be read
 * decide. */
static gboolean split_default(struct part line, struct part *parts)
{
    const char *end = line.text + line.length;
    const char *first = memchr(line.text, ' ', line.length);
    const char *from = first;

    while (from) {
        const char *bracket = memmem(from, (gsize)(end - from), " [", 2);
        const char *close = bracket ? memchr(bracket, ']', (gsize)(end - bracket)) : NULL;
        const char *id = bracket ? memrchr(line.text, ' ', (gsize)(bracket - line.text)) : NULL;
        gint64 ignored;
        if (!close)
            return FALSE;
        from = bracket + 2;
        if (!id || id <= first || close + 1 >= end || close[1] != ' ')
            continue;
        parts[F_PRINTER] = (struct part){line.text, (gsize)(first - line.text)};
        parts[F_USER] = (struct part){first + 1, (gsize)(id - first - 1)};
        parts[F_ID] = (struct part){id + 1, (gsize)(bracket - id - 1)};
        parts[F_TIME] = (struct part){bracket + 1, (gsize)(close - bracket)};
        if (parse_count(parts[F_ID], &ignored) && parse_time(parts[F_TIME], &ignored))
            return split((struct part){close + 2, (gsize)(end - close - 2)}, ' ', &tail_of_default, parts);
    }
    return FALSE;
}

static gboolean split_line(struct part line, struct part *parts, GError **error)
{
    const char *bar = memchr(line.text, '|', line.length);
    const char *blank = memchr(line.text, ' ', line.length);
    gboolean fits;

    if (part_begins(line, "v1|"))
        fits = split(line, '|', &tagged, parts);
    else if (bar && (!blank || bar < blank)) /* no queue's name holds a blank */
        fits = split(line, '|', &barred, parts);
    else
        fits = split_default(line, parts);
    return fits || torn(error, "too few fields", "項目が足りません");
}

/* The judgements that tell a torn line from a whole one. */
static gboolean check_parts(const struct part *parts, GError **error)
{
    static const char *const sides[] = {"-", "", "one-sided", "two-sided-long-edge", "two-sided-short-edge"};
    gboolean known = FALSE;
    gint64 ignored;

    if (part_absent(parts[F_PRINTER]) || memchr(parts[F_PRINTER].text, ' ', parts[F_PRINTER].length) ||
        parts[F_PRINTER].length > 127)
        return torn(error, "no queue name", "キュー名がありません");
    if (!parse_count(parts[F_ID], &ignored) || ignored == 0)
        return torn(error, "no job number", "ジョブ番号がありません");
    if (!parse_time(parts[F_TIME], &ignored))
        return torn(error, "no time such as [09/Jun/2026:10:30:25 +0900]",
                    "[09/Jun/2026:10:30:25 +0900] の形の日時がありません");
    if (parse_count(parts[F_PAGE], &ignored))
        return refuse(error, "one page of a job (CUPS before 2.2.10), not a whole job",
                      "1ページ分の行(CUPS 2.2.10より前)で、ジョブ全体の行ではありません");
    if (!part_is(parts[F_PAGE], "total") || !parse_count(parts[F_COUNT], &ignored))
        return torn(error, "no \"total\" with a count", "「total」と面数がありません");
    for (gsize i = 0; i < G_N_ELEMENTS(sides); i++)
        known = known || part_is(parts[F_SIDES], sides[i]);
    if (!known)
        return torn(error, "the field for sides holds something else", "両面/片面の項目が正しくありません");
    if (parts[F_UUID].text &&
        (!part_begins(parts[F_UUID], "urn:uuid:") || parts[F_UUID].length > JOB_KEY_MAX))
        return torn(error, "no job-uuid", "job-uuid がありません");
    return TRUE;
}

/* Room for `length` bytes of text that the line does not hold as such. PAGE_LOG_LINE_MAX bounds all of it. */
static char *take_room(struct page_log *log, gsize length)
{
    char *room = log->text + log->used;

    g_assert(length <= sizeof(log->text) - log->used);
    log->used += length;
    return room;
}

/* The same text with U+FFFD for each byte that is no UTF-8. */
static struct part repair(struct page_log *log, struct part part)
{
    const char *p = part.text, *end = part.text + part.length, *bad;
    char *out, *o;

    if (g_utf8_validate_len(part.text, part.length, NULL))
        return part;
    g_assert(3 * part.length <= sizeof(log->text) - log->used);
    o = out = log->text + log->used;
    while (p < end) {
        gboolean good = g_utf8_validate_len(p, (gsize)(end - p), &bad);
        memcpy(o, p, (gsize)(bad - p));
        o += bad - p;
        p = bad;
        if (!good) {
            memcpy(o, "\xEF\xBF\xBD", 3);
            o += 3;
            p++;
        }
    }
    (void)take_room(log, (gsize)(o - out));
    return (struct part){out, (gsize)(o - out)};
}

static void set_text(struct page_log *log, enum job_column column, struct part part)
{
    if (part_absent(part))
        return;
    part = repair(log, part);
    job_set_bytes(&log->job, column, part.text, part.length);
}

static void set_count(struct page_log *log, enum job_column column, struct part part, gint64 least)
{
    gint64 number;

    if (parse_count(part, &number) && number >= least)
        job_set_number(&log->job, column, number);
}

/* Never the server's own number: cupsd counts the sheets of odd documents on both sides wrongly. */
static void set_sheets(struct job *job, struct part sides)
{
    gint64 faces = job->value[JOB_FACES_TOTAL].number;
    gint64 copies = job->value[JOB_COPIES_REQUESTED].number;

    if (faces == JOB_NONE || part_absent(sides))
        return;
    if (part_is(sides, "one-sided"))
        job_set_number(job, JOB_SHEETS, faces);
    else if (copies > 0 && faces % copies == 0)
        job_set_number(job, JOB_SHEETS, copies * ((faces / copies + 1) / 2));
}

/* Without a uuid the key is the queue and the number; the end, which is the other part of the identity, keeps
 * numbers apart that were given out twice. */
static void set_key(struct page_log *log, const struct part *parts)
{
    struct part key = parts[F_UUID];
    char *out;

    log->cumulative = key.text != NULL;
    if (key.text) {
        key = repair(log, key);
    } else {
        gsize length = parts[F_PRINTER].length + 1 + parts[F_ID].length;
        out = take_room(log, length);
        memcpy(out, parts[F_PRINTER].text, parts[F_PRINTER].length);
        out[parts[F_PRINTER].length] = '/';
        memcpy(out + parts[F_PRINTER].length + 1, parts[F_ID].text, parts[F_ID].length);
        key = repair(log, (struct part){out, length});
    }
    log->job.key = (struct job_value){key.text, (gint64)job_text_fit(key.text, key.length, JOB_KEY_MAX)};
}

static void set_raw(struct page_log *log, struct part line)
{
    static const char name[] = "page_log=";
    gsize limit = PAGE_LOG_LINE_MAX - (sizeof(name) - 1);
    struct part raw;
    char *out;

    line.length = MIN(line.length, limit);
    out = take_room(log, sizeof(name) - 1 + line.length);
    memcpy(out, name, sizeof(name) - 1);
    memcpy(out + sizeof(name) - 1, line.text, line.length);
    raw = repair(log, (struct part){out, sizeof(name) - 1 + line.length});
    log->job.raw =
        (struct job_value){raw.text, (gint64)job_text_fit(raw.text, raw.length, PAGE_LOG_LINE_MAX)};
}

static void fill_job(struct page_log *log, const struct part *parts)
{
    struct job *job = &log->job;
    gint64 ended = 0;

    (void)parse_time(parts[F_TIME], &ended); /* check_parts() has seen it */
    job_set_text(job, JOB_JOB_TYPE, "print");
    job_set_text(job, JOB_RESULT, "--");
    job_set_text(job, JOB_COUNT_SOURCE, "server");
    job_set_text(job, JOB_ORIGIN, "page_log");
    job_set_number(job, JOB_ENDED_AT, ended);
    set_text(log, JOB_DEVICE_NAME, parts[F_PRINTER]);
    set_text(log, JOB_USER_NAME, parts[F_USER]);
    set_text(log, JOB_DOCUMENT_NAME, parts[F_TITLE]);
    set_text(log, JOB_CLIENT_HOST, parts[F_HOST]);
    set_text(log, JOB_ACCOUNT_CODE, parts[F_BILLING]);
    set_text(log, JOB_PAPER_SIZE, parts[F_MEDIA]);
    set_text(log, JOB_SIDES, parts[F_SIDES]);
    set_text(log, JOB_COLOR_MODE, parts[F_COLOR]);
    set_count(log, JOB_JOB_ID, parts[F_ID], 1);
    set_count(log, JOB_ACCEPTED_AT, parts[F_CREATED], JOB_TIME_MIN);
    set_count(log, JOB_COPIES_REQUESTED, parts[F_COPIES], 1);
    set_count(log, JOB_FACES_TOTAL, parts[F_COUNT], 1);
    set_sheets(job, parts[F_SIDES]);
    set_key(log, parts);
    log->cut = job_cut_texts(job);
}

gboolean page_log_parse(const char *line, gsize length, struct page_log *ret, GError **error)
{
    struct part parts[F_COUNT_OF_FIELDS] = {{NULL, 0}};

    if (length > 0 && line[length - 1] == '\r')
        length--;
    if (length > PAGE_LOG_LINE_MAX)
        return refuse(error, "longer than 8192 bytes", "8192バイトを超えています");
    if (memchr(line, '\0', length))
        return refuse(error, "holds a NUL byte", "NULバイトが含まれています");
    if (!split_line((struct part){line, length}, parts, error) || !check_parts(parts, error))
        return FALSE;
    job_clear(&ret->job);
    ret->used = 0;
    fill_job(ret, parts);
    set_raw(ret, (struct part){line, length});
    return TRUE;
}
