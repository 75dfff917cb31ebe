/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources that are polled: CUPS servers (all queues) and IPP printers, by libcups (the algorithm and why:
 * docs/adr/0006-sources-are-polled.md). */
#pragma once
#include "base/error.h"
#include "core/job.h"

G_BEGIN_DECLS

enum source_kind { SOURCE_CUPS, SOURCE_PRINTER };

struct source_target {
    enum source_kind kind;
    const char *name;
    const char *uri;    /* ipp(s)://host[:port]/path; for CUPS also the path of its socket file */
    int timeout_ms;     /* of one request */
    gint64 deadline_ms; /* of the whole poll, from its start (monotonic milliseconds budget) */
    gint64 now;         /* seconds UTC */
};

/* One finished run of a job. Borrowed during the call. job.key, value[] and raw are set; day and arrived_at
 * are the receiver's. */
struct source_job {
    struct job job;
    gboolean
        cumulative; /* counts go on from an earlier run of the same key (CUPS re-run): book the difference */
};
typedef gboolean (*SourceSink)(const struct source_job *job, gpointer user, GError **error);

struct source_report {
    char *cursor;    /* to be stored in the same transaction as the jobs; opaque text */
    int jobs_read;   /* job groups in all answers */
    int open;        /* jobs not finished yet */
    char *open_jobs; /* "id state name" lines, at most 50, for people */
    int lost;        /* vanished before their end was seen (reported with result "--") */
    gboolean hidden; /* S04: policy hides names or users */
    gboolean gap;    /* S05: history was gone before it was read */
    gboolean reset;  /* ids began anew (new epoch) */
    char *server;    /* make and model or server software, "" if unknown */
    gint64 more;     /* >0: deadline came before all was read; poll again at once */
};
void source_report_clear(struct source_report *report);

/* Asks the source once: new ids, open ids, tail. `cursor` NULL = first time. Jobs may come again that were
   given before: the identity makes them harmless. On error (S01–S03, or the sink's own) nothing may be kept
   from this poll except jobs already committed by the receiver; the old cursor stays valid. May be called
   from any thread; blocks at most deadline_ms + timeout_ms. */
gboolean source_poll(const struct source_target *target, const char *cursor, SourceSink sink, gpointer user,
                     struct source_report *ret_report, GError **error);

/* One harmless request (Get-Printer-Attributes / Get-Jobs limit 1): is it there, does it answer, does policy
 * hide details? For `sources test`. */
gboolean source_test(const struct source_target *target, struct source_report *ret_report, GError **error);

/* Judges a URI given by a person. INPUT error otherwise. ret_uri: normalised, new string. */
gboolean source_uri_check(const char *uri, enum source_kind kind, char **ret_uri, GError **error);

G_END_DECLS
