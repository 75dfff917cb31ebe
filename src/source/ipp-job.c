/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Takes one job group of an IPP answer apart; ipp-map.c gives the parts their meaning. */
#include "source/ipp-job.h"

#include <string.h>

/* A job of cupsd has some 40 attributes; a group may not fill the memory with pointers. */
#define GROUP_MAX 1000

const char *const ipp_job_attribute_names[IPP_ATTRS] = {
#define A(id, name) name,
#include "source/attributes.def"
#undef A
};

void ipp_job_init(struct ipp_job *job)
{
    *job = (struct ipp_job){.group = g_ptr_array_new(), .strings = g_string_chunk_new(1024)};
}

void ipp_job_clear(struct ipp_job *job)
{
    g_clear_pointer(&job->group, g_ptr_array_unref);
    g_clear_pointer(&job->strings, g_string_chunk_free);
}

void ipp_queue_free(struct ipp_queue *queue)
{
    if (!queue)
        return;
    g_free(queue->id);
    g_free(queue->name);
    g_free(queue->sides);
    g_free(queue->media);
    g_free(queue->color_mode);
    g_free(queue);
}

gint64 ipp_attribute_number(ipp_attribute_t *attribute)
{
    ipp_tag_t tag = attribute ? ippGetValueTag(attribute) : IPP_TAG_ZERO;

    return (tag == IPP_TAG_INTEGER || tag == IPP_TAG_ENUM) && ippGetCount(attribute) > 0
               ? ippGetInteger(attribute, 0)
               : JOB_NONE;
}

char *ipp_attribute_text(ipp_attribute_t *attribute)
{
    const char *text = attribute && ippGetCount(attribute) > 0 ? ippGetString(attribute, 0, NULL) : NULL;
    char *clean;
    gsize length;

    if (!text)
        return NULL;
    clean = g_utf8_make_valid(text, -1);
    length = strlen(clean);
    if (length > JOB_TEXT_MAX)
        *g_utf8_find_prev_char(clean, clean + JOB_TEXT_MAX + 1) = '\0';
    return clean;
}

static const char *text_of(struct ipp_job *job, enum ipp_attr id)
{
    g_autofree char *text = ipp_attribute_text(job->attr[id]);

    return text ? g_string_chunk_insert(job->strings, text) : NULL;
}

/* The last part of a printer's URI. The rest of it depends on the Host header of whoever asks, so that the
 * same queue looks different by another name. */
static const char *queue_of(struct ipp_job *job)
{
    const char *uri = text_of(job, IPP_ATTR_PRINTER_URI);
    const char *last = uri ? strrchr(uri, '/') : NULL;
    g_autofree char *decoded = last ? g_uri_unescape_string(last + 1, NULL) : NULL;
    g_autofree char *clean = decoded ? g_utf8_make_valid(decoded, -1) : NULL;

    return clean ? g_string_chunk_insert(job->strings, clean) : last ? last + 1 : "";
}

static void take(struct ipp_job *job, ipp_attribute_t *attribute)
{
    const char *name = ippGetName(attribute);

    if (!name || job->group->len >= GROUP_MAX)
        return;
    g_ptr_array_add(job->group, attribute);
    for (int i = 0; i < IPP_ATTRS; i++) {
        if (strcmp(name, ipp_job_attribute_names[i]) != 0)
            continue;
        if (!job->attr[i])
            job->attr[i] = attribute;
        return;
    }
}

gboolean ipp_job_next(struct ipp_job *job, ipp_t *answer)
{
    ipp_attribute_t *attribute = ippNextAttribute(answer);
    gint64 id, state;

    memset(job->attr, 0, sizeof(job->attr));
    g_ptr_array_set_size(job->group, 0);
    g_string_chunk_clear(job->strings);
    while (attribute && ippGetGroupTag(attribute) != IPP_TAG_JOB)
        attribute = ippNextAttribute(answer);
    if (!attribute)
        return FALSE;
    /* between two groups libcups puts a separator whose group is ZERO */
    for (; attribute && ippGetGroupTag(attribute) == IPP_TAG_JOB; attribute = ippNextAttribute(answer))
        take(job, attribute);

    id = ipp_attribute_number(job->attr[IPP_ATTR_ID]);
    state = ipp_attribute_number(job->attr[IPP_ATTR_STATE]);
    job->id = id > 0 ? (int)id : 0;
    job->state = state > 0 ? (int)state : 0;
    job->finished = job->state >= IPP_JSTATE_CANCELED && job->state <= IPP_JSTATE_COMPLETED;
    job->uuid = text_of(job, IPP_ATTR_UUID);
    job->uuid = job->uuid && *job->uuid ? job->uuid : NULL;
    job->name = text_of(job, IPP_ATTR_NAME);
    job->user = text_of(job, IPP_ATTR_USER);
    job->queue = queue_of(job);
    job->created = ipp_attribute_number(job->attr[IPP_ATTR_CREATED]);
    job->completed = ipp_attribute_number(job->attr[IPP_ATTR_COMPLETED]);
    job->up_time = ipp_attribute_number(job->attr[IPP_ATTR_UP_TIME]);
    return TRUE;
}

guint64 ipp_job_fingerprint(const struct ipp_job *job, int epoch)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    ipp_attribute_t *date = job->attr[IPP_ATTR_DATE_COMPLETED];
    const ipp_uchar_t *bytes = date && ippGetValueTag(date) == IPP_TAG_DATE ? ippGetDate(date, 0) : NULL;
    g_autofree char *identity =
        job->uuid ? g_strdup(job->uuid)
                  : g_strdup_printf("%d/%d/%" G_GINT64_FORMAT, epoch, job->id, job->created);
    g_autofree char *end = g_strdup_printf("|%" G_GINT64_FORMAT "|%d|", job->completed, job->state);
    guint8 digest[32];
    gsize size = sizeof(digest);
    guint64 result;

    g_checksum_update(checksum, (const guint8 *)identity, -1);
    g_checksum_update(checksum, (const guint8 *)end, -1);
    if (bytes && job->completed == JOB_NONE)
        g_checksum_update(checksum, bytes, 11);
    g_checksum_get_digest(checksum, digest, &size);
    memcpy(&result, digest, sizeof(result));
    return GUINT64_FROM_BE(result);
}
