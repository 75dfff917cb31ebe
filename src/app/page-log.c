/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Takes a line of cupsd's page_log apart; whatever users can write into a title must not forge a job. */
#include "app/page-log.h"

#include <string.h>

#include "core/calendar.h"

/* What a field of a PageLogFormat is. */
enum field {
    FIELD_TAG,     /* the literal v1 */
    FIELD_PRINTER, /* %p */
    FIELD_USER,    /* %u */
    FIELD_JOB,     /* %j */
    FIELD_TIME,    /* %T */
    FIELD_PAGE,    /* %P: "total", or a page's number in old logs */
    FIELD_COUNT,   /* %C: impressions of a total */
    FIELD_BILLING, /* %{job-billing}, %{job-account-id} */
    FIELD_HOST,    /* %{job-originating-host-name} */
    FIELD_TITLE,   /* %{job-name} */
    FIELD_MEDIA,
    FIELD_SIDES,
    FIELD_COLOR,
    FIELD_UUID,
    FIELD_FACES,  /* %{job-impressions-completed} */
    FIELD_SHEETS, /* %{job-media-sheets-completed}: cupsd's is wrong */
    FIELD_COPIES,
    FIELD_STATE,   /* %{job-state}: always 5 in a page_log */
    FIELD_CREATED, /* %{time-at-creation} */
    FIELD_FORMAT,
    FIELDS,
};

#define FORMAT_FIELDS_MAX 18
struct log_format {
    int n;
    enum field fields[FORMAT_FIELDS_MAX];
};

/* PageLogFormat lines with bars, the longest first. Best is a tag in front and the title last; the third one
 * is common in the field. */
static const struct log_format formats[] = {
    /* v1|%{job-uuid}|%j|%p|%u|%T|%P|%C|%{job-state}|%{time-at-creation}|%{job-impressions-completed}|%{job-media-sheets-completed}|%{copies}|%{sides}|%{media}|
       %{document-format}|%{job-account-id}|%{job-name} */
    {18,
     {FIELD_TAG, FIELD_UUID, FIELD_JOB, FIELD_PRINTER, FIELD_USER, FIELD_TIME, FIELD_PAGE, FIELD_COUNT,
      FIELD_STATE, FIELD_CREATED, FIELD_FACES, FIELD_SHEETS, FIELD_COPIES, FIELD_SIDES, FIELD_MEDIA,
      FIELD_FORMAT, FIELD_BILLING, FIELD_TITLE}},
    /* v1|%{job-uuid}|%j|%p|%u|%T|%P|%C|%{job-impressions-completed}|%{copies}|%{sides}|%{media}|%{job-name}
     */
    {13,
     {FIELD_TAG, FIELD_UUID, FIELD_JOB, FIELD_PRINTER, FIELD_USER, FIELD_TIME, FIELD_PAGE, FIELD_COUNT,
      FIELD_FACES, FIELD_COPIES, FIELD_SIDES, FIELD_MEDIA, FIELD_TITLE}},
    /* %p|%u|%j|%T|%P|%C|%{job-billing}|%{job-originating-host-name}|%{job-name}|%{media}|%{sides}|%{print-color-mode}|%{job-uuid}|
       %{job-impressions-completed}|%{document-format} */
    {15,
     {FIELD_PRINTER, FIELD_USER, FIELD_JOB, FIELD_TIME, FIELD_PAGE, FIELD_COUNT, FIELD_BILLING, FIELD_HOST,
      FIELD_TITLE, FIELD_MEDIA, FIELD_SIDES, FIELD_COLOR, FIELD_UUID, FIELD_FACES, FIELD_FORMAT}},
};

struct span {
    const char *text;
    gsize length;
};

struct line {
    struct span field[FIELDS]; /* text NULL: not in this format */
    gint64 ended_at;
};

static gboolean span_is(struct span span, const char *text)
{
    return span.length == strlen(text) && memcmp(span.text, text, span.length) == 0;
}

static gboolean span_is_none(struct span span)
{
    return !span.text || span.length == 0 || span_is(span, "-");
}

/* Digits of a number that is no more than 18 of them; JOB_NONE otherwise. */
static gint64 span_number(struct span span)
{
    gint64 number = 0;

    if (span.length == 0 || span.length > 18)
        return JOB_NONE;
    for (gsize i = 0; i < span.length; i++) {
        if (!g_ascii_isdigit(span.text[i]))
            return JOB_NONE;
        number = number * 10 + (span.text[i] - '0');
    }
    return number;
}

/* "[22/Nov/2026:05:45:39.086753 +0000]" by way of RFC 3339. */
static gboolean time_read(struct span span, gint64 *ret_utc)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const char *t = span.text;
    const char *zone;
    char text[64];
    int month = 0;

    if (span.length < 28 || span.length > 40 || t[0] != '[' || t[span.length - 1] != ']' || t[3] != '/' ||
        t[7] != '/' || t[12] != ':')
        return FALSE;
    while (month < 12 && memcmp(months + 3 * month, t + 4, 3) != 0)
        month++;
    zone = t + span.length - 6;
    if (month == 12 || zone[-1] != ' ')
        return FALSE;
    g_snprintf(text, sizeof text, "%.4s-%02d-%.2sT%.8s%.3s:%.2s", t + 8, month + 1, t + 1, t + 13, zone,
               zone + 3);
    return time_parse_rfc3339(text, strlen(text), ret_utc);
}

static gboolean is_number_or_none(struct span span)
{
    return span_is_none(span) || span_number(span) != JOB_NONE;
}

/* What cannot stand in this field shows that the line is of another format, or torn. */
static gboolean field_fits(enum field field, struct span span, struct line *line)
{
    switch (field) {
    case FIELD_TAG:
        return span_is(span, "v1");
    case FIELD_PRINTER:
        return span.length > 0 && !memchr(span.text, ' ', span.length);
    case FIELD_JOB:
        return span_number(span) != JOB_NONE;
    case FIELD_TIME:
        return time_read(span, &line->ended_at);
    case FIELD_PAGE:
        return span_is(span, "total") || span_number(span) != JOB_NONE;
    case FIELD_COUNT:
    case FIELD_FACES:
    case FIELD_SHEETS:
    case FIELD_COPIES:
    case FIELD_STATE:
    case FIELD_CREATED:
        return is_number_or_none(span);
    case FIELD_SIDES:
        return span_is_none(span) ||
               (span.length > 6 && memcmp(span.text + span.length - 6, "-sided", 6) == 0) ||
               (span.length > 10 && memcmp(span.text, "two-sided-", 10) == 0);
    case FIELD_UUID:
        return span_is_none(span) || (span.length == 45 && memcmp(span.text, "urn:uuid:", 9) == 0);
    case FIELD_USER:
    case FIELD_BILLING:
    case FIELD_HOST:
    case FIELD_TITLE:
    case FIELD_MEDIA:
    case FIELD_COLOR:
    case FIELD_FORMAT:
        return TRUE;
    case FIELDS:
        break;
    }
    return FALSE;
}

/* Fields left of the title from the left, those right of it from the right; bars in between are the title's.
 */
static gboolean format_read(const struct log_format *format, const char *text, gsize length,
                            struct line *line)
{
    const char *begin = text, *end = text + length;
    int title = 0;

    *line = (struct line){.ended_at = JOB_NONE};
    while (format->fields[title] != FIELD_TITLE)
        title++;
    for (int i = 0; i < title; i++) {
        const char *bar = memchr(begin, '|', (gsize)(end - begin));

        if (!bar)
            return FALSE;
        line->field[format->fields[i]] = (struct span){begin, (gsize)(bar - begin)};
        begin = bar + 1;
    }
    for (int i = format->n - 1; i > title; i--) {
        const char *bar = memrchr(begin, '|', (gsize)(end - begin));

        if (!bar)
            return FALSE;
        line->field[format->fields[i]] = (struct span){bar + 1, (gsize)(end - bar - 1)};
        end = bar;
    }
    line->field[FIELD_TITLE] = (struct span){begin, (gsize)(end - begin)};
    for (int i = 0; i < format->n; i++)
        if (!field_fits(format->fields[i], line->field[format->fields[i]], line))
            return FALSE;
    return TRUE;
}

/* The word before *end, blanks before it dropped. */
static struct span word_back(const char *begin, const char **end)
{
    const char *blank = memrchr(begin, ' ', (gsize)(*end - begin));
    struct span span = {blank ? blank + 1 : begin, (gsize)(*end - (blank ? blank + 1 : begin))};

    *end = blank ? blank : begin;
    return span;
}

static struct span word_next(const char **begin, const char *end)
{
    const char *blank = memchr(*begin, ' ', (gsize)(end - *begin));
    struct span span = {*begin, (gsize)((blank ? blank : end) - *begin)};

    *begin = blank ? blank + 1 : end;
    return span;
}

/* cupsd's default: %p %u %j %T %P %C %{job-billing} %{job-originating-host-name} %{job-name} %{media}
 * %{sides}. Users and titles may hold blanks. */
static gboolean default_read(const char *text, gsize length, struct line *line)
{
    const char *end = text + length;
    const char *bracket = memmem(text, length, " [", 2);
    const char *close = bracket ? memchr(bracket, ']', (gsize)(end - bracket)) : NULL;
    const char *begin = text;
    const char *before = bracket;

    *line = (struct line){.ended_at = JOB_NONE};
    if (!close || close + 1 >= end)
        return FALSE;
    line->field[FIELD_PRINTER] = word_next(&begin, bracket);
    line->field[FIELD_JOB] = word_back(begin, &before);
    line->field[FIELD_USER] = (struct span){begin, (gsize)(before - begin)};
    line->field[FIELD_TIME] = (struct span){bracket + 1, (gsize)(close - bracket)};
    begin = MIN(close + 2, end);
    line->field[FIELD_PAGE] = word_next(&begin, end);
    line->field[FIELD_COUNT] = word_next(&begin, end);
    line->field[FIELD_BILLING] = word_next(&begin, end);
    line->field[FIELD_HOST] = word_next(&begin, end);
    line->field[FIELD_SIDES] = word_back(begin, &end);
    line->field[FIELD_MEDIA] = word_back(begin, &end);
    line->field[FIELD_TITLE] = (struct span){begin, (gsize)(end - begin)};
    for (int i = 0; i < FIELDS; i++)
        if (line->field[i].text && !field_fits((enum field)i, line->field[i], line))
            return FALSE;
    return line->field[FIELD_HOST].length > 0;
}

static gboolean line_read(const char *text, gsize length, struct line *line)
{
    if (memchr(text, '|', length))
        for (gsize i = 0; i < G_N_ELEMENTS(formats); i++)
            if (format_read(&formats[i], text, length, line))
                return TRUE;
    return default_read(text, length, line);
}

static void put_text(struct job *job, enum job_column column, struct span span)
{
    if (!span_is_none(span))
        job->value[column] = (struct job_value){span.text, (gint64)span.length};
}

/* "domain\user" goes into two columns. */
static void put_user(struct job *job, struct span user)
{
    const char *split = user.text ? memchr(user.text, '\\', user.length) : NULL;
    gsize domain = split ? (gsize)(split - user.text) : 0;

    if (domain > 0 && domain + 1 < user.length) {
        put_text(job, JOB_DOMAIN, (struct span){user.text, domain});
        user = (struct span){split + 1, user.length - domain - 1};
    }
    /* A user may be called "-"; nobody is the empty name. */
    if (user.length > 0)
        job->value[JOB_USER_NAME] = (struct job_value){user.text, (gint64)user.length};
}

/* Impressions include copies; 0 means that nobody counted (a raw queue). Sheets follow from the sides;
 * cupsd's own number is wrong. */
static void put_counts(struct job *job, const struct line *line)
{
    gint64 faces = span_number(line->field[FIELD_FACES]);
    gint64 copies = span_number(line->field[FIELD_COPIES]);
    struct span sides = line->field[FIELD_SIDES];

    if (faces == JOB_NONE)
        faces = span_number(line->field[FIELD_COUNT]);
    if (copies > 0)
        job_set_number(job, JOB_COPIES_REQUESTED, copies);
    job_set_text(job, JOB_COUNT_SOURCE, "unknown");
    if (faces == JOB_NONE || faces == 0)
        return;
    job_set_text(job, JOB_COUNT_SOURCE, "server");
    job_set_number(job, JOB_FACES_TOTAL, faces);
    if (span_is(sides, "one-sided")) {
        job_set_number(job, JOB_SHEETS, faces);
        job_set_number(job, JOB_SHEETS_DUPLEX, 0);
    } else if (!span_is_none(sides) && copies > 0) {
        gint64 sheets = MIN(faces, copies * ((faces + 2 * copies - 1) / (2 * copies)));

        job_set_number(job, JOB_SHEETS, sheets);
        job_set_number(job, JOB_SHEETS_DUPLEX, faces - sheets);
    }
}

static void put_key(struct job *job, const struct line *line, char *scratch)
{
    struct span uuid = line->field[FIELD_UUID];
    struct span printer = line->field[FIELD_PRINTER];

    if (!span_is_none(uuid))
        g_snprintf(scratch, PAGE_LOG_SCRATCH, "%.*s", (int)uuid.length, uuid.text);
    else
        g_snprintf(scratch, JOB_KEY_MAX, "%.*s/%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT,
                   (int)MIN(printer.length, 128), printer.text, span_number(line->field[FIELD_JOB]),
                   line->ended_at);
    job->key = (struct job_value){scratch, (gint64)strlen(scratch)};
}

gboolean page_log_parse(const char *text, gsize length, char *scratch, struct job *ret_job,
                        gboolean *ret_cumulative, GError **error)
{
    struct line line;
    struct job job;

    if (!line_read(text, length, &line)) {
        pt_error_set(
            error, PT_ERROR_INPUT,
            "not a line of a known PageLogFormat (perhaps torn by a line break in a title)",
            "対応しているPageLogFormatの行ではありません(文書名の改行で行が分かれた可能性があります)");
        return FALSE;
    }
    if (!span_is(line.field[FIELD_PAGE], "total")) {
        pt_error_set(error, PT_ERROR_INPUT, "the line of a single page, not the total of a job",
                     "ジョブの合計ではなく、1ページ分の行です");
        return FALSE;
    }
    job_clear(&job);
    job_set_text(&job, JOB_JOB_TYPE, "print");
    job_set_text(&job, JOB_RESULT, "--");
    job_set_text(&job, JOB_ORIGIN, "page_log");
    job_set_number(&job, JOB_ENDED_AT, line.ended_at);
    job_set_number(&job, JOB_ACCEPTED_AT, span_number(line.field[FIELD_CREATED]));
    job_set_number(&job, JOB_JOB_ID, span_number(line.field[FIELD_JOB]));
    put_text(&job, JOB_DEVICE_NAME, line.field[FIELD_PRINTER]);
    put_user(&job, line.field[FIELD_USER]);
    put_text(&job, JOB_CLIENT_HOST, line.field[FIELD_HOST]);
    put_text(&job, JOB_DOCUMENT_NAME, line.field[FIELD_TITLE]);
    put_text(&job, JOB_PAPER_SIZE, line.field[FIELD_MEDIA]);
    put_text(&job, JOB_SIDES, line.field[FIELD_SIDES]);
    put_text(&job, JOB_COLOR_MODE, line.field[FIELD_COLOR]);
    put_text(&job, JOB_ACCOUNT_CODE, line.field[FIELD_BILLING]);
    put_counts(&job, &line);
    put_key(&job, &line, scratch);
    *ret_job = job;
    *ret_cumulative = !span_is_none(line.field[FIELD_UUID]);
    return TRUE;
}
