/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Times polls of a CUPS server: a bare Get-Jobs of the new ids by libcups, our poll, our poll with the tail.
 */
#include <cups/cups.h>
#include <stdio.h>
#include <string.h>

#include "source/source.h"

/* Late enough for the next tail, too early for asking the queues again. */
#define LATER_S 400
#define TIMEOUT_MS 60000

static const char *const attributes[] = {"job-id",
                                         "job-uuid",
                                         "job-uri",
                                         "job-printer-uri",
                                         "job-name",
                                         "job-originating-user-name",
                                         "job-originating-host-name",
                                         "job-state",
                                         "job-state-reasons",
                                         "time-at-creation",
                                         "time-at-processing",
                                         "time-at-completed",
                                         "date-time-at-creation",
                                         "date-time-at-processing",
                                         "date-time-at-completed",
                                         "job-printer-up-time",
                                         "job-impressions",
                                         "job-impressions-completed",
                                         "job-media-sheets-completed",
                                         "job-k-octets",
                                         "copies",
                                         "sides",
                                         "media",
                                         "print-color-mode",
                                         "number-up",
                                         "job-account-id",
                                         "job-accounting-user-id",
                                         "document-format"};

struct counted {
    int jobs;
};

static gboolean count_job(const struct source_job *job, gpointer user, GError **error)
{
    struct counted *counted = user;

    (void)job, (void)error;
    counted->jobs++;
    return TRUE;
}

/* Returns how many jobs came, -1 on an error. A connection of its own, as our poll has. */
static int bare(const char *uri, int first)
{
    char scheme[32], user[256], host[256], resource[1024];
    int port, jobs = 0;
    http_t *http;
    ipp_t *request, *answer;

    if (httpSeparateURI(HTTP_URI_CODING_ALL, uri, scheme, sizeof scheme, user, sizeof user, host, sizeof host,
                        &port, resource, sizeof resource) < HTTP_URI_STATUS_OK)
        return -1;
    http = httpConnect2(host, port, NULL, AF_UNSPEC, HTTP_ENCRYPTION_IF_REQUESTED, 1, TIMEOUT_MS, NULL);
    request = ippNewRequest(IPP_OP_GET_JOBS);
    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_URI, "printer-uri", NULL, uri);
    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_NAME, "requesting-user-name", NULL, "root");
    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "which-jobs", NULL, "all");
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "first-job-id", first);
    ippAddInteger(request, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "limit", 500);
    ippAddStrings(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "requested-attributes",
                  (int)G_N_ELEMENTS(attributes), NULL, attributes);
    answer = http ? cupsDoRequest(http, request, "/") : NULL;
    if (!answer)
        return -1;
    for (ipp_attribute_t *a = ippFirstAttribute(answer); a; a = ippNextAttribute(answer))
        jobs += ippGetGroupTag(a) == IPP_TAG_JOB && g_strcmp0(ippGetName(a), "job-id") == 0;
    ippDelete(answer);
    httpClose(http);
    return jobs;
}

static gboolean ours(const char *uri, const char *cursor, gint64 now, int *ret_jobs, char **ret_cursor,
                     gint64 *ret_more)
{
    const struct source_target target = {.kind = SOURCE_CUPS,
                                         .name = "bench",
                                         .uri = uri,
                                         .timeout_ms = TIMEOUT_MS,
                                         .deadline_ms = TIMEOUT_MS,
                                         .now = now};
    struct counted counted = {0};
    struct source_report report = {0};
    g_autoptr(GError) error = NULL;

    if (!source_poll(&target, cursor, count_job, &counted, &report, &error)) {
        g_printerr("poll: %s\n", error->message);
        return FALSE;
    }
    *ret_jobs = counted.jobs;
    *ret_more = report.more;
    if (ret_cursor)
        *ret_cursor = g_strdup(report.cursor);
    source_report_clear(&report);
    return TRUE;
}

/* Polls until everything is known; prints nothing, writes the cursor. */
static int learn(const char *uri, const char *file, gint64 now)
{
    g_autofree char *cursor = NULL;
    int jobs;
    gint64 more = 1;

    while (more > 0) {
        char *next = NULL;

        if (!ours(uri, cursor, now, &jobs, &next, &more))
            return 1;
        g_free(cursor);
        cursor = next;
    }
    return g_file_set_contents(file, cursor, -1, NULL) ? 0 : 1;
}

/* One line a round: microseconds and jobs. The cursor stays, so that each round finds the same new jobs. */
static int measure(const char *how, const char *uri, const char *file, int first, int rounds, gint64 now)
{
    g_autofree char *cursor = NULL;

    if (!g_file_get_contents(file, &cursor, NULL, NULL))
        return 1;
    for (int i = 0; i < rounds; i++) {
        gint64 more, start = g_get_monotonic_time();
        int jobs = 0;

        if (strcmp(how, "bare") == 0)
            jobs = bare(uri, first);
        else if (!ours(uri, cursor, strcmp(how, "tail") == 0 ? now + LATER_S : now, &jobs, NULL, &more))
            return 1;
        if (jobs < 0)
            return 1;
        printf("%" G_GINT64_FORMAT " %d\n", g_get_monotonic_time() - start, jobs);
    }
    return 0;
}

int main(int argc, char **argv)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;

    if (argc == 4 && strcmp(argv[1], "learn") == 0)
        return learn(argv[2], argv[3], now);
    if (argc == 6)
        return measure(argv[1], argv[2], argv[3], (int)g_ascii_strtoll(argv[4], NULL, 10),
                       (int)g_ascii_strtoll(argv[5], NULL, 10), now);
    g_printerr("usage: poll learn URI CURSOR-FILE\n"
               "       poll bare|ours|tail URI CURSOR-FILE FIRST-NEW-ID ROUNDS\n");
    return 2;
}
