/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What polling a CUPS server and polling a printer have in common: questions, jobs taken, jobs lost. */
#include "source/poll.h"

#include <string.h>

/* Names and defaults of queues are asked for again after so many seconds. */
#define ASK_AGAIN 600
#define OPEN_LINES_MAX 50

static const char *const queue_attributes[] = {
    "printer-name", "printer-info",  "printer-uuid",   "printer-make-and-model",   "printer-up-time",
    "cups-version", "sides-default", "copies-default", "print-color-mode-default", "media-default",
};

gboolean poll_over(struct poll *poll)
{
    if (g_get_monotonic_time() < poll->deadline)
        return FALSE;
    poll->report->more = 1;
    return TRUE;
}

gboolean poll_is_missing(ipp_t *answer)
{
    return ippGetStatusCode(answer) == IPP_STATUS_ERROR_NOT_FOUND ||
           ippGetStatusCode(answer) == IPP_STATUS_ERROR_GONE;
}

static void want_job_attributes(ipp_t *request)
{
    ippAddStrings(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "requested-attributes", IPP_ATTRS, NULL,
                  ipp_job_attribute_names);
}

ipp_t *poll_get_jobs(struct poll *poll, const struct poll_jobs *query, GError **error)
{
    ipp_t *request = ipp_client_request(poll->client, IPP_OP_GET_JOBS, NULL);

    if (query->ids)
        ippAddIntegers(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-ids", query->n_ids, query->ids);
    else
        ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "which-jobs", NULL, query->which);
    if (query->limit)
        ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "limit", query->limit);
    if (query->first > 1)
        ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "first-job-id", query->first);
    want_job_attributes(request);
    return ipp_client_send(poll->client, request, error);
}

ipp_t *poll_get_job(struct poll *poll, int id, GError **error)
{
    ipp_t *request = ipp_client_request(poll->client, IPP_OP_GET_JOB_ATTRIBUTES, NULL);

    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-id", id);
    want_job_attributes(request);
    return ipp_client_send(poll->client, request, error);
}

/* "2.4.8" and "CUPS/2.5 IPP/2.1" -> 2, 4, 8 and 2, 5, 0; what is not told counts as 0. */
static gboolean version_has_true_reasons(const char *text)
{
    guint64 part[3] = {0};

    for (gsize i = 0; i < G_N_ELEMENTS(part) && g_ascii_isdigit(*text); i++) {
        char *end = NULL;

        part[i] = g_ascii_strtoull(text, &end, 10);
        text = *end == '.' ? end + 1 : "";
    }
    return part[0] > 2 || (part[0] == 2 && (part[1] > 4 || (part[1] == 4 && part[2] >= 8)));
}

/* What a printer group says of the server as a whole. */
static void learn_server(struct poll *poll, const char *version, const char *model)
{
    struct cursor *cursor = poll->cursor;
    const char *header = ipp_client_server(poll->client);

    cursor->cupsd = version || poll->target->kind == SOURCE_CUPS;
    if (version)
        cursor->reasons_trusted = version_has_true_reasons(version);
    else
        cursor->reasons_trusted =
            !cursor->cupsd || (g_str_has_prefix(header, "CUPS/") && version_has_true_reasons(header + 5));
    g_free(cursor->server);
    if (version && poll->target->kind == SOURCE_CUPS)
        cursor->server = g_strconcat("CUPS ", version, NULL);
    else
        cursor->server = g_strdup(model && *model ? model : header);
}

struct learned {
    char *name, *info, *uuid, *model, *version;
    gint64 up_time;
};

static void learned_clear(struct learned *learned)
{
    g_free(learned->name);
    g_free(learned->info);
    g_free(learned->uuid);
    g_free(learned->model);
    g_free(learned->version);
}
typedef struct learned PtLearned;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PtLearned, learned_clear)

static void take_text(char **ret, ipp_attribute_t *attribute)
{
    g_free(*ret);
    *ret = ipp_attribute_text(attribute);
}

static void learn_attribute(struct learned *learned, struct ipp_queue *queue, ipp_attribute_t *attribute)
{
    const struct {
        const char *name;
        char **text;
    } rows[] = {
        {"printer-name", &learned->name},    {"printer-info", &learned->info},
        {"printer-uuid", &learned->uuid},    {"printer-make-and-model", &learned->model},
        {"cups-version", &learned->version}, {"sides-default", &queue->sides},
        {"media-default", &queue->media},    {"print-color-mode-default", &queue->color_mode},
    };
    const char *name = ippGetName(attribute);

    if (!name)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(name, rows[i].name) == 0)
            take_text(rows[i].text, attribute);
    if (strcmp(name, "copies-default") == 0)
        queue->copies = ipp_attribute_number(attribute);
    else if (strcmp(name, "printer-up-time") == 0)
        learned->up_time = ipp_attribute_number(attribute);
}

/* One printer group; FALSE at the end. */
static gboolean learn_queue(struct poll *poll, ipp_t *answer)
{
    struct ipp_queue *queue;
    ipp_attribute_t *attribute = ippNextAttribute(answer);
    g_auto(PtLearned) learned = {.up_time = JOB_NONE};
    gboolean printer = poll->target->kind == SOURCE_PRINTER;
    const char *key;

    while (attribute && ippGetGroupTag(attribute) != IPP_TAG_PRINTER)
        attribute = ippNextAttribute(answer);
    if (!attribute)
        return FALSE;
    queue = g_new0(struct ipp_queue, 1);
    queue->copies = JOB_NONE;
    queue->known = TRUE;
    for (; attribute && ippGetGroupTag(attribute) == IPP_TAG_PRINTER; attribute = ippNextAttribute(answer))
        learn_attribute(&learned, queue, attribute);
    learn_server(poll, learned.version, learned.model);
    poll->up_time = learned.up_time;
    queue->id = g_strdup(printer && learned.uuid ? learned.uuid : learned.name);
    queue->name = g_strdup(learned.info && *learned.info ? learned.info : learned.name);
    key = printer ? "" : learned.name;
    if (key && g_hash_table_size(poll->cursor->queues) < CURSOR_QUEUES_MAX)
        g_hash_table_replace(poll->cursor->queues, g_strdup(key), queue);
    else
        ipp_queue_free(queue);
    return TRUE;
}

const struct ipp_queue *poll_queue(const struct poll *poll, const char *queue)
{
    return g_hash_table_lookup(poll->cursor->queues, poll->target->kind == SOURCE_PRINTER ? "" : queue);
}

gboolean poll_ask(struct poll *poll, const char *queue, GError **error)
{
    struct cursor *cursor = poll->cursor;
    gint64 age = poll->target->now - cursor->asked_at;
    gboolean printer = poll->target->kind == SOURCE_PRINTER;
    gboolean unknown = queue && !poll_queue(poll, queue);
    ipp_t *request;
    g_autoptr(ipp_t) answer = NULL;
    g_autoptr(GError) refused = NULL;

    if (poll->asked || (cursor->asked_at && age >= 0 && age < ASK_AGAIN && !unknown))
        return TRUE;
    request = ipp_client_request(poll->client,
                                 printer ? IPP_OP_GET_PRINTER_ATTRIBUTES : IPP_OP_CUPS_GET_PRINTERS, NULL);
    ippAddStrings(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "requested-attributes",
                  G_N_ELEMENTS(queue_attributes), NULL, queue_attributes);
    answer = ipp_client_send(poll->client, request, &refused);
    if (!answer && !ipp_client_refused(poll->client)) {
        g_propagate_error(error, g_steal_pointer(&refused));
        return FALSE;
    }
    poll->asked = TRUE;
    cursor->asked_at = poll->target->now;
    if (!answer || poll_is_missing(answer)) { /* a server without queues; the jobs are what counts */
        if (cursor->fresh || !cursor->server)
            learn_server(poll, NULL, NULL);
        return TRUE;
    }
    if (!printer)
        g_hash_table_remove_all(cursor->queues);
    (void)ippFirstAttribute(answer); /* the operation group's first, which nobody needs */
    while (learn_queue(poll, answer))
        ;
    if (!cursor->server)
        learn_server(poll, NULL, NULL);
    return TRUE;
}

static void list_open(struct poll *poll, const struct ipp_job *job)
{
    static const char *const states[] = {"unknown", "", "", "pending", "held", "processing", "stopped"};
    g_autofree char *name = g_strndup(job->name ? job->name : "", 100);
    g_autofree char *clean = g_utf8_make_valid(name, -1);

    if (poll->open_listed >= OPEN_LINES_MAX)
        return;
    for (char *c = clean; *c; c++)
        if ((guchar)*c < ' ' || *c == 0x7f)
            *c = ' ';
    poll->open_listed++;
    g_string_append_printf(
        poll->open_lines, "%d %s %s\n", job->id,
        job->state >= IPP_JSTATE_PENDING && job->state <= IPP_JSTATE_STOPPED ? states[job->state] : states[0],
        clean);
}

static gboolean emit(struct poll *poll, struct ipp_job *job, gboolean cumulative, GError **error)
{
    struct source_job result;
    struct ipp_job_context context = {.kind = poll->target->kind, .cumulative = cumulative};

    if (!poll_ask(poll, job->queue, error))
        return FALSE;
    context.cupsd = poll->cursor->cupsd;
    context.reasons_trusted = poll->cursor->reasons_trusted;
    context.boot = poll->cursor->boot;
    context.epoch = poll->cursor->epoch;
    context.queue = poll_queue(poll, job->queue);
    if (!job->user)
        poll->report->hidden = TRUE;
    ipp_job_map(job, &context, &result);
    return poll->sink(&result, poll->user, error);
}

static gboolean same_job(const struct cursor_open *open, const struct ipp_job *job)
{
    if (open->uuid && job->uuid)
        return strcmp(open->uuid, job->uuid) == 0;
    return open->created == job->created;
}

static gboolean take_open(struct poll *poll, struct ipp_job *job)
{
    gboolean unix_time = job->created > 1000000000;
    gint64 accepted = job->created == JOB_NONE || unix_time ? job->created
                      : poll->cursor->boot == JOB_NONE      ? JOB_NONE
                                                            : poll->cursor->boot + job->created;
    struct cursor_open *open = cursor_open_put(poll->cursor, job, accepted);

    if (open)
        open->present = TRUE;
    list_open(poll, job);
    return TRUE;
}

gboolean poll_take(struct poll *poll, struct ipp_job *job, GError **error)
{
    struct cursor_open *open = cursor_open_find(poll->cursor, job->id);
    guint64 fingerprint = ipp_job_fingerprint(job, poll->cursor->epoch);
    gboolean known, again;

    poll->report->jobs_read++;
    if (!job->id && !job->uuid)
        return TRUE; /* nothing that could be told apart from another */
    if (open && !same_job(open, job)) {
        if (!poll_lost(poll, job->id, error))
            return FALSE;
        open = NULL;
    }
    if (!job->finished)
        return job->id ? take_open(poll, job) : TRUE;
    known = open != NULL;
    cursor_open_remove(poll->cursor, job->id);
    if (g_hash_table_contains(poll->emitted, &fingerprint) || cursor_seen(poll->cursor, fingerprint))
        return TRUE;
    /* not new, and not waiting for its end either: it ended before and was printed again */
    again = !known && poll->cursor->cupsd && job->id <= poll->high &&
            (poll->target->kind == SOURCE_PRINTER || job->created <= poll->newest);
    if (!emit(poll, job, again, error))
        return FALSE;
    g_hash_table_add(poll->emitted, g_memdup2(&fingerprint, sizeof(fingerprint)));
    return TRUE;
}

/* The columns of a job that nobody saw end; texts are borrowed from `open` and `queue`. */
static void map_lost(const struct poll *poll, const struct cursor_open *open, const struct ipp_queue *queue,
                     char **ret_domain, struct job *row)
{
    gboolean cups = poll->target->kind == SOURCE_CUPS;

    job_clear(row);
    job_set_text(row, JOB_DEVICE_ID, queue && queue->id ? queue->id : open->queue);
    job_set_text(row, JOB_DEVICE_NAME, queue && queue->name ? queue->name : open->queue);
    job_set_number(row, JOB_JOB_ID, open->id);
    job_set_text(row, JOB_JOB_TYPE, "print");
    job_set_number(row, JOB_ACCEPTED_AT, open->accepted);
    job_set_text(row, JOB_RESULT, "--");
    job_set_text(row, JOB_USER_NAME, ipp_user_split(open->user, ret_domain));
    job_set_text(row, JOB_DOMAIN, *ret_domain);
    job_set_text(row, JOB_SOURCE, cups ? "print-server" : "printer");
    job_set_text(row, JOB_PROTOCOL, "ipp");
    job_set_text(row, JOB_DOCUMENT_NAME, open->name);
    job_set_text(row, JOB_COUNT_SOURCE, "unknown");
    job_set_text(row, JOB_ORIGIN, cups ? "cups" : "ipp");
}

gboolean poll_lost(struct poll *poll, int id, GError **error)
{
    struct cursor_open *open = cursor_open_find(poll->cursor, id);
    const struct ipp_queue *queue = open && open->queue ? poll_queue(poll, open->queue) : NULL;
    struct source_job lost = {.cumulative = FALSE};
    g_autofree char *key = NULL, *domain = NULL;
    gboolean ok;

    if (!open)
        return TRUE;
    map_lost(poll, open, queue, &domain, &lost.job);
    key = ipp_job_key(open->uuid, poll->cursor->epoch, id, open->created);
    lost.job.key.text = key;
    lost.job.key.number = (gint64)strlen(key);
    poll->report->lost++;
    ok = poll->sink(&lost, poll->user, error);
    cursor_open_remove(poll->cursor, id);
    return ok;
}
