/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the export share: one run's context, planning, one row's attempt. */
#pragma once
#include "app/deliver.h"
#include "app/export.h"
#include "core/csv.h"

G_BEGIN_DECLS

/* One run. Settings are read once, in the planning transaction. */
struct export_context {
    struct app *app;
    struct settings *settings;
    struct zone *zone;
    gint32 today;
    char *target; /* present destination, for delivery.target */
    char *shown;
    char *format_text;
    struct csv_format format;
    gint64 size_limit; /* mail server's SIZE; 0 = none told; -1 = not asked yet */
    int lock_fd;       /* export lock, inherited by the helper; -1 = none */
    gint64 run_id;
    int grace_waits;                   /* so far: the clock may be set back during them */
    gint64 grace_until;                /* RD1: X01 and X02 are tried again until then; 0 = never */
    gint64 replaced;                   /* characters that CP932 could not hold */
    const struct deliver_watch *watch; /* further listener of steps; NULL */
};
gboolean export_context_load(struct export_context *context, struct app *app, GError **error);
void export_context_clear(struct export_context *context);
typedef struct export_context PtExportContext; /* for g_auto */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PtExportContext, export_context_clear)

/* Takes the export lock (waits, cancellable); X26 when another holds it. */
gboolean export_lock(struct app *app, int wait_ms, int *ret_fd, GError **error);

/* Writes the plan in one transaction: releases rows of an old destination, plans what no row covers. With
   `dry` nothing is written and the rows that would be sent are returned. ret_rows: rows to send, oldest first
   (states planned, sending, failed, and closing mails), struct delivery *. RETRY error when the mail server
   must be asked for its SIZE first and cannot. */
gboolean export_plan(struct export_context *context, gboolean dry, GPtrArray **ret_rows, GError **error);

/* Asks the mail server for its SIZE (RM6): sets context->size_limit, 0 = none told. */
gboolean export_ask_size(struct export_context *context, GError **error);
/* How many bytes of CSV fit into a mail of that size; 0 = any. */
gint64 export_mail_payload(gint64 size_limit);

enum attempt_end {
    ATTEMPT_DELIVERED,
    ATTEMPT_FILE_FAILED, /* concerns this file only: the others go on (RD5) */
    ATTEMPT_SPLIT, /* refused for its size: released, its range may be planned again at once in more parts */
    ATTEMPT_RUN_ENDS, /* any other error */
};
/* One attempt for one row: spool, `sending`, upload, `closing`, finish, receipt. *error says what failed. */
enum attempt_end export_attempt(struct export_context *context, struct delivery *row, GError **error);
/* Finds out what became of a row in `closing` (ARCHITECTURE.md, Exactly once); mail rows are left for
 * export_attempt. */
enum attempt_end export_resolve(struct export_context *context, struct delivery *row, GError **error);

/* RD1: waits a little when the grace time of a start-up run is not over; FALSE when it is, or when cancelled.
 */
gboolean export_grace_wait(struct export_context *context);

/* State change by comparison; FALSE + X26 when the row is no longer what we hold. */
gboolean export_change(struct app *app, struct delivery *row, enum delivery_state state, GError **error);

/* Freezes what a mail needs beyond its file: Message-ID (installation, file name, SHA-256), Date, boundary,
 * subject and text. `salt` NULL, or what makes a resend another message. */
gboolean mail_text_freeze(struct export_context *context, struct delivery *row, const char *salt,
                          GError **error);
/* Adds the frozen members to a request. */
gboolean mail_text_put(const struct delivery *row, json_t *request, GError **error);

/* SPEC's charset and file of `row` for the request. */
void export_request_file(const struct export_context *context, const struct delivery *row, const char *path,
                         json_t *request);

G_END_DECLS
