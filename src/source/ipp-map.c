/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The meaning of a job's IPP attributes: columns of SPEC 7, times, counts, identity. */
#include "source/ipp-job.h"

#include <cups/pwg.h>
#include <string.h>

#define RAW_MAX 8192
#define RAW_VALUE_MAX 2048
#define END_CODE_MAX 255
/* Up-times and relative times never get here (30 years); Unix times are beyond it since 2001. */
#define UNIX_TIME_MIN 1000000000

gint64 ipp_time_resolve(gint64 at, gint64 date, gint64 up_time, gint64 boot)
{
    gint64 seconds = JOB_NONE;

    if (at != JOB_NONE && at != 0) {
        if (up_time > UNIX_TIME_MIN || at > UNIX_TIME_MIN)
            seconds = at;
        else if (boot != JOB_NONE)
            seconds = boot + at;
    }
    if (date == JOB_NONE)
        return seconds;
    if (seconds == JOB_NONE || ABS(date - seconds) <= 86400)
        return date;
    return seconds; /* the printer's calendar was never set */
}

gint64 ipp_date_seconds(const guint8 date[11])
{
    int year = date[0] << 8 | date[1];
    int zone = (date[9] * 60 + date[10]) * 60;
    g_autoptr(GDateTime) time = NULL;

    if ((date[8] != '+' && date[8] != '-') || date[9] > 14 || date[10] > 59 || year < 1970 || year > 9999)
        return JOB_NONE;
    time = g_date_time_new_utc(year, date[2], date[3], date[4], date[5], MIN(date[6], 59));
    if (!time)
        return JOB_NONE;
    return g_date_time_to_unix(time) - (date[8] == '+' ? zone : -zone);
}

static gint64 time_of(const struct ipp_job *job, enum ipp_attr at, enum ipp_attr date, gint64 boot)
{
    ipp_attribute_t *attribute = job->attr[date];
    const ipp_uchar_t *bytes =
        attribute && ippGetValueTag(attribute) == IPP_TAG_DATE ? ippGetDate(attribute, 0) : NULL;

    gint64 seconds = ipp_time_resolve(ipp_attribute_number(job->attr[at]),
                                      bytes ? ipp_date_seconds(bytes) : JOB_NONE, job->up_time, boot);

    return seconds < 0 ? JOB_NONE : seconds;
}

gint64 ipp_sheets(gint64 faces, gint64 copies, gboolean two_sided)
{
    copies = MAX(copies, 1);
    if (!two_sided)
        return faces;
    return MIN(faces, copies * ((faces + 2 * copies - 1) / (2 * copies)));
}

const char *ipp_media_name(const char *media)
{
    const pwg_media_t *size = pwgMediaForPWG(media);

    if (size && strchr(media, '_'))
        return media;
    size = pwgMediaForLegacy(media);
    if (!size)
        size = pwgMediaForPPD(media);
    return size && size->pwg ? size->pwg : media;
}

static const char *keep(struct ipp_job *job, const char *text)
{
    return text && *text ? g_string_chunk_insert(job->strings, text) : NULL;
}

static const char *text_at(struct ipp_job *job, enum ipp_attr id)
{
    g_autofree char *text = ipp_attribute_text(job->attr[id]);

    return keep(job, text);
}

static gint64 count_at(const struct ipp_job *job, enum ipp_attr id)
{
    gint64 n = ipp_attribute_number(job->attr[id]);

    return n < 0 ? JOB_NONE : n;
}

/* The text of a member of the collection `id`. */
static const char *member_text(struct ipp_job *job, enum ipp_attr id, const char *member)
{
    ipp_attribute_t *attribute = job->attr[id];
    ipp_t *collection = attribute && ippGetValueTag(attribute) == IPP_TAG_BEGIN_COLLECTION
                            ? ippGetCollection(attribute, 0)
                            : NULL;
    g_autofree char *text =
        collection ? ipp_attribute_text(ippFindAttribute(collection, member, IPP_TAG_ZERO)) : NULL;

    return keep(job, text);
}

static const char *media_col_size(struct ipp_job *job)
{
    ipp_attribute_t *attribute = job->attr[IPP_ATTR_MEDIA_COL];
    ipp_t *collection = attribute && ippGetValueTag(attribute) == IPP_TAG_BEGIN_COLLECTION
                            ? ippGetCollection(attribute, 0)
                            : NULL;
    ipp_attribute_t *size =
        collection ? ippFindAttribute(collection, "media-size", IPP_TAG_BEGIN_COLLECTION) : NULL;
    ipp_t *dimensions = size ? ippGetCollection(size, 0) : NULL;
    gint64 x, y;
    const pwg_media_t *media;

    if (!dimensions)
        return NULL;
    x = ipp_attribute_number(ippFindAttribute(dimensions, "x-dimension", IPP_TAG_ZERO));
    y = ipp_attribute_number(ippFindAttribute(dimensions, "y-dimension", IPP_TAG_ZERO));
    if (x <= 0 || y <= 0 || x > 1000000 || y > 1000000)
        return NULL;
    media = pwgMediaForSize((int)x, (int)y);
    return media ? keep(job, media->pwg) : NULL;
}

static const char *paper_size(struct ipp_job *job, const struct ipp_queue *queue)
{
    const char *media = text_at(job, IPP_ATTR_MEDIA);

    if (!media)
        media = media_col_size(job);
    if (!media)
        media = member_text(job, IPP_ATTR_MEDIA_COL, "media-size-name");
    if (!media && queue)
        media = queue->media;
    return media ? keep(job, ipp_media_name(media)) : NULL;
}

static const char *finishing(struct ipp_job *job)
{
    ipp_attribute_t *attribute = job->attr[IPP_ATTR_FINISHINGS];
    int n = attribute && ippGetValueTag(attribute) == IPP_TAG_ENUM ? MIN(ippGetCount(attribute), 16) : 0;
    g_autoptr(GString) text = g_string_new(NULL);

    for (int i = 0; i < n; i++)
        g_string_append_printf(text, "%s%s", i ? "," : "",
                               ippEnumString("finishings", ippGetInteger(attribute, i)));
    return keep(job, text->str);
}

static gboolean is_error_reason(const char *reason)
{
    static const char *const errors[] = {
        "aborted-by-system",       "job-completed-with-errors",        "document-format-error",
        "document-access-error",   "document-unprintable-error",       "unsupported-document-format",
        "unsupported-compression", "unsupported-attributes-or-values", "compression-error",
        "conflicting-attributes",  "submission-interrupted",           "document-password-error",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(errors); i++)
        if (strcmp(reason, errors[i]) == 0)
            return TRUE;
    return g_str_has_prefix(reason, "job-aborted");
}

/* job-state-reasons without those that say nothing about an end; *ret_error: one of them says that it went
 * wrong. */
static const char *reasons(struct ipp_job *job, gboolean *ret_error)
{
    ipp_attribute_t *attribute = job->attr[IPP_ATTR_REASONS];
    int n = attribute ? MIN(ippGetCount(attribute), 16) : 0;
    g_autoptr(GString) text = g_string_new(NULL);

    *ret_error = FALSE;
    for (int i = 0; i < n; i++) {
        const char *reason = ippGetString(attribute, i, NULL);
        g_autofree char *clean = reason ? g_utf8_make_valid(reason, -1) : NULL;

        if (!clean || strcmp(clean, "none") == 0 || strcmp(clean, "processing-to-stop-point") == 0)
            continue;
        *ret_error = *ret_error || is_error_reason(clean);
        if (text->len + strlen(clean) < END_CODE_MAX)
            g_string_append_printf(text, "%s%s", text->len ? "," : "", clean);
    }
    return keep(job, text->str);
}

/* Result and end code: by job-state alone (SPEC 7); reasons of a cupsd before 2.4.8 are wrong for every job.
 */
static void map_result(struct ipp_job *job, const struct ipp_job_context *context, struct job *row)
{
    gboolean error = FALSE;
    const char *why = reasons(job, &error);
    const char *result = "--";

    if (!context->reasons_trusted) {
        why = NULL;
        error = FALSE;
    }
    if (job->state == IPP_JSTATE_COMPLETED)
        result = error ? "NG" : "OK";
    else if (job->state == IPP_JSTATE_ABORTED)
        result = "NG";
    else if (job->state == IPP_JSTATE_CANCELED)
        result = "STOP";
    job_set_text(row, JOB_RESULT, result);

    if (!why && strcmp(result, "OK") != 0)
        why = text_at(job, IPP_ATTR_PRINTER_MESSAGE);
    if (!why && strcmp(result, "OK") != 0)
        why = text_at(job, IPP_ATTR_MESSAGE);
    if (why && strlen(why) > END_CODE_MAX) {
        g_autofree char *cut = g_strndup(why, END_CODE_MAX + 1);

        *g_utf8_find_prev_char(cut, cut + END_CODE_MAX + 1) = '\0';
        why = keep(job, cut);
    }
    job_set_text(row, JOB_END_CODE, why);
}

/* Members of job-impressions-completed-col whose names begin so, with their -two-sided twins (PWG 5100.7). */
static gint64 color_sum(ipp_t *collection, const char *first, const char *second)
{
    const char *const names[] = {first, second};
    gint64 sum = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *twin = names[i] ? g_strconcat(names[i], "-two-sided", NULL) : NULL;

        if (!names[i])
            continue;
        sum += MAX(ipp_attribute_number(ippFindAttribute(collection, names[i], IPP_TAG_ZERO)), 0);
        sum += MAX(ipp_attribute_number(ippFindAttribute(collection, twin, IPP_TAG_ZERO)), 0);
    }
    return sum;
}

static void map_colors(const struct ipp_job *job, const char *mode, gint64 faces, struct job *row)
{
    ipp_attribute_t *attribute = job->attr[IPP_ATTR_IMPRESSIONS_COLOR];
    gint64 color, mono;

    if (attribute && ippGetValueTag(attribute) == IPP_TAG_BEGIN_COLLECTION &&
        ippGetCollection(attribute, 0)) {
        color = color_sum(ippGetCollection(attribute, 0), "full-color", "highlight-color");
        mono = color_sum(ippGetCollection(attribute, 0), "monochrome", NULL);
        if (color + mono > 0 && color + mono <= faces) {
            job_set_number(row, JOB_FACES_COLOR, color);
            job_set_number(row, JOB_FACES_MONO, mono);
        }
    } else if (mode && (strcmp(mode, "monochrome") == 0 || strcmp(mode, "process-monochrome") == 0 ||
                        strcmp(mode, "bi-level") == 0 || strcmp(mode, "process-bi-level") == 0)) {
        job_set_number(row, JOB_FACES_COLOR, 0);
        job_set_number(row, JOB_FACES_MONO, faces);
    }
}

/* Counts of a completed job only: of a canceled or aborted one IPP tells how much was prepared, not printed,
   and 0 of a completed one means that nobody counted (raw queue, unsupported format, a printer without
   counter). What is not known stays empty; raw keeps what was sent. */
static void map_counts(struct ipp_job *job, const struct ipp_job_context *context, struct job *row)
{
    const struct ipp_queue *queue = context->queue;
    const char *sides = row->value[JOB_SIDES].text;
    gint64 copies = row->value[JOB_COPIES_REQUESTED].number;
    gint64 faces = count_at(job, IPP_ATTR_IMPRESSIONS_COMPLETED), sheets = JOB_NONE;

    job_set_text(row, JOB_COUNT_SOURCE, "unknown");
    if (job->state != IPP_JSTATE_COMPLETED || faces == JOB_NONE || faces == 0)
        return;
    job_set_text(row, JOB_COUNT_SOURCE, context->cupsd ? "server" : "printer");
    job_set_number(row, JOB_FACES_TOTAL, faces);

    if (!context->cupsd)
        sheets = count_at(job, IPP_ATTR_SHEETS_COMPLETED);
    if (sheets == JOB_NONE || sheets > faces || sheets == 0) {
        gboolean two_sided = sides && g_str_has_prefix(sides, "two-sided");

        /* a printer whose default nobody could ask for may print on both sides */
        sheets = sides || (queue && queue->known) ? ipp_sheets(faces, copies, two_sided) : JOB_NONE;
    }
    job_set_number(row, JOB_SHEETS, sheets);
    if (sheets != JOB_NONE && sheets * 2 >= faces)
        job_set_number(row, JOB_SHEETS_DUPLEX, faces - sheets);
    if (context->cumulative)
        return;
    if (copies != JOB_NONE)
        job_set_number(row, JOB_COPIES_COMPLETED, copies);
    map_colors(job, row->value[JOB_COLOR_MODE].text, faces, row);
}

/* Effective values: what the client sent, else what the queue does without being told. */
static void map_options(struct ipp_job *job, const struct ipp_queue *queue, struct job *row)
{
    const char *sides = text_at(job, IPP_ATTR_SIDES);
    const char *color = text_at(job, IPP_ATTR_COLOR_MODE);
    const char *type = member_text(job, IPP_ATTR_MEDIA_COL, "media-type");
    gint64 copies = count_at(job, IPP_ATTR_COPIES), k_octets = count_at(job, IPP_ATTR_K_OCTETS);
    gint64 pages = count_at(job, IPP_ATTR_PAGES);

    if (copies == JOB_NONE && queue)
        copies = queue->copies;
    if (pages <= 0)
        pages = count_at(job, IPP_ATTR_IMPRESSIONS);
    job_set_number(row, JOB_ORIGINAL_PAGES, pages > 0 ? pages : JOB_NONE);
    job_set_number(row, JOB_COPIES_REQUESTED, copies > 0 ? copies : JOB_NONE);
    job_set_text(row, JOB_SIDES, sides ? sides : queue ? keep(job, queue->sides) : NULL);
    job_set_text(row, JOB_COLOR_MODE, color ? color : queue ? keep(job, queue->color_mode) : NULL);
    job_set_number(row, JOB_N_UP, count_at(job, IPP_ATTR_NUMBER_UP));
    job_set_text(row, JOB_PAPER_SIZE, paper_size(job, queue));
    job_set_text(row, JOB_PAPER_TYPE, type ? type : text_at(job, IPP_ATTR_MEDIA_TYPE));
    job_set_text(row, JOB_FINISHING, finishing(job));
    if (k_octets > 0)
        job_set_number(row, JOB_SIZE_BYTES, k_octets * 1024);
}

const char *ipp_user_split(const char *user, char **ret_domain)
{
    const char *split = user ? strchr(user, '\\') : NULL;

    *ret_domain = NULL;
    if (!split || split == user || !split[1])
        return user;
    *ret_domain = g_strndup(user, (gsize)(split - user));
    return split + 1;
}

static void map_people(struct ipp_job *job, struct job *row)
{
    g_autofree char *domain = NULL;
    const char *user = ipp_user_split(job->user, &domain);
    const char *host = text_at(job, IPP_ATTR_HOST);
    const char *account = text_at(job, IPP_ATTR_ACCOUNT_ID);

    job_set_text(row, JOB_DOMAIN, keep(job, domain));
    job_set_text(row, JOB_USER_NAME, user);
    if (host) {
        g_autofree char *bare = host[0] == '[' ? g_strndup(host + 1, strcspn(host + 1, "]")) : g_strdup(host);

        if (g_hostname_is_ip_address(bare))
            job_set_text(row, JOB_CLIENT_ADDRESS, keep(job, bare));
        else
            job_set_text(row, JOB_CLIENT_HOST, host);
    }
    job_set_text(row, JOB_ACCOUNT_CODE, account ? account : text_at(job, IPP_ATTR_BILLING));
}

char *ipp_job_key(const char *uuid, int epoch, int id, gint64 created)
{
    char *key =
        uuid ? g_strdup(uuid)
             : g_strdup_printf("%d/%d/%" G_GINT64_FORMAT, epoch, id, created == JOB_NONE ? 0 : created);
    char *hash;

    if (strlen(key) <= JOB_KEY_MAX)
        return key;
    hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key, -1);
    g_free(key);
    return hash;
}

/* "name=value" lines of what was received, as long as there is room; links to the server's web pages say
 * nothing. */
static void map_raw(struct ipp_job *job, struct job *row)
{
    g_autoptr(GString) raw = g_string_new(NULL);
    g_autofree char *buffer = g_malloc(RAW_VALUE_MAX);

    for (guint i = 0; i < job->group->len; i++) {
        ipp_attribute_t *attribute = g_ptr_array_index(job->group, i);
        const char *name = ippGetName(attribute);
        g_autofree char *line = NULL, *clean = NULL;

        if (strcmp(name, "job-more-info") == 0 || strcmp(name, "job-uri") == 0)
            continue;
        buffer[0] = '\0';
        ippAttributeString(attribute, buffer, RAW_VALUE_MAX);
        line = g_strconcat(name, "=", buffer, NULL);
        clean = g_utf8_make_valid(line, -1);
        g_strdelimit(clean, "\r\n", ' ');
        if (raw->len + strlen(clean) < RAW_MAX)
            g_string_append_printf(raw, "%s\n", clean);
    }
    row->raw.text = g_string_chunk_insert_len(job->strings, raw->str, (gssize)raw->len);
    row->raw.number = (gint64)raw->len;
}

void ipp_job_map(struct ipp_job *job, const struct ipp_job_context *context, struct source_job *ret)
{
    const struct ipp_queue *queue = context->queue;
    struct job *row = &ret->job;
    g_autofree char *key = NULL;

    job_clear(row);
    ret->cumulative = context->cumulative;
    job_set_text(row, JOB_DEVICE_ID, queue && queue->id ? keep(job, queue->id) : keep(job, job->queue));
    job_set_text(row, JOB_DEVICE_NAME, queue && queue->name ? keep(job, queue->name) : keep(job, job->queue));
    job_set_number(row, JOB_JOB_ID, job->id ? job->id : JOB_NONE);
    job_set_text(row, JOB_JOB_TYPE, "print");
    job_set_number(row, JOB_ACCEPTED_AT,
                   time_of(job, IPP_ATTR_CREATED, IPP_ATTR_DATE_CREATED, context->boot));
    job_set_number(row, JOB_STARTED_AT,
                   time_of(job, IPP_ATTR_PROCESSING, IPP_ATTR_DATE_PROCESSING, context->boot));
    job_set_number(row, JOB_ENDED_AT,
                   time_of(job, IPP_ATTR_COMPLETED, IPP_ATTR_DATE_COMPLETED, context->boot));
    job_set_text(row, JOB_SOURCE, context->kind == SOURCE_CUPS ? "print-server" : "printer");
    job_set_text(row, JOB_PROTOCOL, "ipp");
    job_set_text(row, JOB_DOCUMENT_NAME, job->name);
    job_set_text(row, JOB_ORIGIN, context->kind == SOURCE_CUPS ? "cups" : "ipp");
    map_result(job, context, row);
    map_people(job, row);
    map_options(job, queue, row);
    map_counts(job, context, row);
    key = ipp_job_key(job->uuid, context->epoch, job->id, job->created);
    row->key.text = g_string_chunk_insert(job->strings, key);
    row->key.number = (gint64)strlen(key);
    map_raw(job, row);
}
