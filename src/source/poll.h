/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What polling a CUPS server and polling a printer have in common. Private to this folder. */
#pragma once
#include "source/cursor.h"
#include "source/ipp-client.h"
#include "source/ipp-job.h"
#include "source/source.h"

G_BEGIN_DECLS

struct poll {
    const struct source_target *target;
    struct ipp_client *client;
    struct cursor *cursor; /* changed as the poll goes on; becomes the report's text at its end */
    struct source_report *report;
    SourceSink sink;
    gpointer user;
    gint64 deadline;     /* g_get_monotonic_time() */
    GHashTable *emitted; /* guint64 fingerprints given to the sink in this poll */
    GString *open_lines;
    int open_listed;
    int high; /* cursor's, when the poll began */
    gint64 newest;
    gboolean asked; /* names and defaults were asked for in this poll */
    gint64 up_time; /* printer-up-time of the last answer to poll_ask() */
};

gboolean poll_cups(struct poll *poll, GError **error);
gboolean poll_printer(struct poll *poll, GError **error);

/* One Get-Jobs request. */
struct poll_jobs {
    const char *which; /* which-jobs; NULL with `ids` */
    int first;         /* first-job-id when > 1 */
    int limit;         /* 0 = none */
    const int *ids;    /* job-ids (CUPS) */
    int n_ids;
};
/* Answer with status ok or not-found/gone. */
ipp_t *poll_get_jobs(struct poll *poll, const struct poll_jobs *query, GError **error);
ipp_t *poll_get_job(struct poll *poll, int id, GError **error);
gboolean poll_is_missing(ipp_t *answer);

/* What one job group means: a finished run goes to the sink unless it was seen before, an unfinished one is
 * remembered. */
gboolean poll_take(struct poll *poll, struct ipp_job *job, GError **error);
/* A remembered job vanished: its record has the result "--" (SPEC 7). Forgets it. */
gboolean poll_lost(struct poll *poll, int id, GError **error);
/* Asks the printer or the server's queues for names and defaults when what is known is missing or older than
 * ten minutes. A refusal is no error. */
gboolean poll_ask(struct poll *poll, const char *queue, GError **error);
const struct ipp_queue *poll_queue(const struct poll *poll, const char *queue);
/* TRUE when the poll's time is over; the report then says that there is more. */
gboolean poll_over(struct poll *poll);

G_END_DECLS
