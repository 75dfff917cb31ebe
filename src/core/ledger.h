/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of the ledger (table delivery), runs and days, as plain values. Names are the schema's
 * (ARCHITECTURE.md). */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

enum delivery_kind { DELIVERY_AUTO, DELIVERY_MANUAL, DELIVERY_TEST, DELIVERY_RESEND };
/* planned → sending → closing → delivered; failed = certainly not delivered; void = released, its range is
 * planned again. */
enum delivery_state {
    DELIVERY_PLANNED,
    DELIVERY_SENDING,
    DELIVERY_CLOSING,
    DELIVERY_DELIVERED,
    DELIVERY_FAILED,
    DELIVERY_VOID,
    DELIVERY_WAIVED,
};
const char *delivery_kind_name(enum delivery_kind kind);    /* "auto" … */
const char *delivery_state_name(enum delivery_state state); /* "planned" … */
gboolean delivery_kind_from_name(const char *name, enum delivery_kind *ret_kind);
gboolean delivery_state_from_name(const char *name, enum delivery_state *ret_state);

/* One file. Owns its strings; NULL = not set. */
struct delivery {
    gint64 id;
    enum delivery_kind kind;
    gint32 day;         /* YYYYMMDD */
    int revision;       /* 1, 2 …: the _N of the name */
    int part, parts;    /* mail parts: 1 of 1 unless split */
    gint64 seq_from;    /* exclusive */
    gint64 seq_to;      /* inclusive */
    char *file_name;    /* final name */
    char *format;       /* frozen CSV format (csv_format_to_text) */
    char *target;       /* frozen target, secret sealed (export's text; opaque below app) */
    char *target_shown; /* the same for people: method and path, no secret */
    char *mail_headers; /* frozen Date, Message-ID and boundary (mail only), one a line */
    gint64 rows, bytes;
    char *sha256; /* hex; set once the spool file is complete */
    enum delivery_state state;
    int attempts;     /* attempts begun; 0 = nothing was ever sent */
    char *temp_name;  /* of the latest attempt: ".<name>.<token>.part" */
    gint64 first_try; /* seconds UTC; 0 = never */
    gint64 last_try;
    gint64 delivered_at; /* 0 = not delivered */
    gint64 run_id;       /* run of the latest attempt, before the first one of planning; 0 = none */
    char *error;         /* code of the latest failure ("X04") */
    char *error_text;    /* the server's own words, or what we saw */
    char *note;          /* "taken", who and why of a waive or resend … */
    gint64 resend_of;    /* kind resend: id of the delivered row; else 0 */
};
struct delivery *delivery_new(void);
struct delivery *delivery_copy(const struct delivery *row);
void delivery_free(struct delivery *row);
typedef struct delivery PtDelivery; /* for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PtDelivery, delivery_free)

/* A day that holds jobs. */
struct day_total {
    gint32 day;
    gint64 jobs;
    gint64 last_seq;
};

enum run_trigger { RUN_SCHEDULE, RUN_STARTUP, RUN_RETRY, RUN_HAND };
enum run_result { RUN_RUNNING, RUN_SUCCESS, RUN_PARTIAL, RUN_FAILED };
const char *run_trigger_name(enum run_trigger trigger); /* "schedule" "startup" "retry" "hand" */
const char *run_result_name(enum run_result result);    /* "running" "success" "partial" "failed" */
gboolean run_trigger_from_name(const char *name, enum run_trigger *ret_trigger);
gboolean run_result_from_name(const char *name, enum run_result *ret_result);

/* One export run. `nominal_date` YYYYMMDD for scheduled, start-up and retry runs; 0 by hand. Owns its
 * strings. */
struct run {
    gint64 id;
    enum delivery_kind kind;
    enum run_trigger trigger;
    gint32 nominal_date;
    gint64 started, ended; /* seconds UTC; ended 0 = running, or its process died */
    enum run_result result;
    char *code;                   /* error code of a failed or partial run; NULL */
    char *text;                   /* what happened, for people; NULL */
    gint64 files, jobs, replaced; /* files and jobs delivered; characters that CP932 replaced by ? */
};
void run_clear(struct run *run); /* frees the strings */

G_END_DECLS
