/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One job group of an IPP answer becomes a source_job: pure mapping, no network, no clock (SPEC 7).
 */
#pragma once
#include "source/ipp-read.h"
#include "source/source.h"

#include <cups/ipp.h>

G_BEGIN_DECLS

enum ipp_attr {
#define A(id, name) IPP_ATTR_##id,
#include "source/attributes.def"
#undef A
    IPP_ATTRS,
};
/* Their names, in this order: the list for requested-attributes. */
extern const char *const ipp_job_attribute_names[IPP_ATTRS];

/* One job as received. Texts are valid UTF-8, cut at JOB_TEXT_MAX, owned by `strings`; the attributes belong
 * to the answer. */
struct ipp_job {
    ipp_attribute_t *attr[IPP_ATTRS]; /* of a name that comes twice the first (cupsd adds a second
                                                  job-name "Untitled") */
    GPtrArray *group;                 /* all attributes of the group, for raw */
    GStringChunk *strings;
    int id;            /* job-id, 0 = none */
    int state;         /* job-state, 0 = none */
    gboolean finished; /* canceled, aborted or completed */
    const char *uuid;  /* job-uuid, NULL = none */
    const char *name;  /* job-name, NULL = not given */
    const char *user;  /* job-originating-user-name, NULL = not given */
    const char *queue; /* last part of job-printer-uri, decoded; "" = none */
    gint64 created;    /* time-at-creation as sent: Unix time or seconds since the printer's start; JOB_NONE =
                          none */
    gint64 completed;  /* time-at-completed as sent */
    gint64 up_time; /* job-printer-up-time: seconds since start, or Unix time now (> 10^9); JOB_NONE = none */
};
void ipp_job_init(struct ipp_job *job);
void ipp_job_clear(struct ipp_job *job);
typedef struct ipp_job PtIppJob; /* for g_auto */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PtIppJob, ipp_job_clear)

/* The next job group of `answer` (the first one after ippFirstAttribute()); FALSE at the end. Overwrites
 * `job`. */
gboolean ipp_job_next(struct ipp_job *job, ipp_t *answer);

/* What identifies one finished run of this job among all answers of its source: 64 bits of SHA-256 over uuid
 * (or epoch, id, creation) and completion as sent. */
guint64 ipp_job_fingerprint(const struct ipp_job *job, int epoch);

/* What is known of a queue or printer. Strings may be NULL. */
struct ipp_queue {
    char *id;         /* device_id: queue name, or printer-uuid */
    char *name;       /* device_name: printer-info or printer-name */
    char *sides;      /* sides-default */
    char *media;      /* media-default */
    char *color_mode; /* print-color-mode-default */
    gint64 copies;    /* copies-default, JOB_NONE = none */
    gboolean known;   /* it was asked for its defaults: what is missing does not exist */
};
void ipp_queue_free(struct ipp_queue *queue);
typedef struct ipp_queue PtIppQueue; /* for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PtIppQueue, ipp_queue_free)

struct ipp_job_context {
    enum source_kind kind;
    gboolean cupsd;           /* counts are the server's, times are Unix time */
    gboolean reasons_trusted; /* job-state-reasons mean something: not a cupsd before 2.4.8 */
    gboolean cumulative;      /* a later run of a job that was booked before */
    gint64 boot;              /* when the printer's up-time was 0, seconds UTC; JOB_NONE = unknown */
    int epoch;                /* of the source: goes into keys of jobs without uuid */
    const struct ipp_queue *queue;
};
/* Everything of SPEC 7 that this job tells. Pointers are valid until the next ipp_job_next() or
 * ipp_job_clear(). */
void ipp_job_map(struct ipp_job *job, const struct ipp_job_context *context, struct source_job *ret);

/* The source_key: job-uuid, or epoch, id and creation (as sent) where there is none; of one longer than
 * JOB_KEY_MAX its SHA-256. New string. */
char *ipp_job_key(const char *uuid, int epoch, int id, gint64 created);
/* "DOMAIN\\user" -> "user" (borrowed) and *ret_domain (new string, else NULL). NULL stays NULL. */
const char *ipp_user_split(const char *user, char **ret_domain);

/* The parts, for tests: seconds UTC of a time-at-x; `date` is its date-time-at-x. JOB_NONE = unknown
 * everywhere. */
gint64 ipp_time_resolve(gint64 at, gint64 date, gint64 up_time, gint64 boot);
/* RFC 2579 DateAndTime (11 bytes); JOB_NONE when it is no time. */
gint64 ipp_date_seconds(const guint8 date[11]);
/* Sheets of paper for `faces` printed sides; never more than faces. copies < 1 counts as 1. */
gint64 ipp_sheets(gint64 faces, gint64 copies, gboolean two_sided);
/* PWG name of a media keyword ("A4" -> "iso_a4_210x297mm"), or `media` itself. */
const char *ipp_media_name(const char *media);
/* First value as text (valid UTF-8, ≤ JOB_TEXT_MAX bytes), new string; NULL if there is none. */
char *ipp_attribute_text(ipp_attribute_t *attribute);
/* First value of an integer or enum; JOB_NONE if there is none. */
gint64 ipp_attribute_number(ipp_attribute_t *attribute);

G_END_DECLS
