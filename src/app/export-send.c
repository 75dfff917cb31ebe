/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One row on its way: spool, `sending`, upload, `closing`, finish, receipt; and what became of a row whose
 * last reply was lost. */
#include "app/export-internal.h"
#include "app/spool.h"
#include "app/target.h"
#include "base/fault.h"
#include "base/secret.h"
#include "core/names.h"
#include <string.h>

#define STATE(state) (1u << DELIVERY_##state)
#define TOKEN_BYTES 8
#define EARLIER_ROWS 1000 /* the newest of these many */
#define GRACE_SLICES 20
#define GRACE_WAITS 60
#define GRACE_SLICE_US (G_USEC_PER_SEC / 10)
/* RFC 5321 4.5.3.2.6: a server may think for ten minutes after the final dot. */
#define FINAL_DOT_TIMEOUT_S 600

struct attempt {
    struct export_context *context;
    struct delivery *row;
    GError *error; /* committing `closing` failed */
};

gboolean export_change(struct app *app, struct delivery *row, enum delivery_state state, GError **error)
{
    enum delivery_state before = row->state;
    gboolean matched = FALSE;

    row->state = state;
    if (!store_delivery_update(app->store, row, before, row->attempts, &matched, error)) {
        row->state = before;
        return FALSE;
    }
    if (!matched)
        pt_error_set(error, PT_ERROR_X26, "%s is being worked on by another process",
                     "%s は別のプロセスが処理しています", row->file_name);
    return matched;
}

gboolean export_grace_wait(struct export_context *context)
{
    if (context->grace_until == 0 || app_now(context->app) >= context->grace_until ||
        ++context->grace_waits > GRACE_WAITS || app_cancelled(context->app))
        return FALSE;
    for (int i = 0; i < GRACE_SLICES && !app_cancelled(context->app); i++)
        g_usleep(GRACE_SLICE_US);
    return !app_cancelled(context->app);
}

static void set_text(char **field, const char *text)
{
    g_free(*field);
    *field = g_strdup(text);
}

static gboolean on_uploaded(gpointer user)
{
    struct attempt *attempt = user;

    fault_point("export.uploaded");
    if (!export_change(attempt->context->app, attempt->row, DELIVERY_CLOSING, &attempt->error))
        return FALSE;
    fault_point("export.closing");
    return TRUE;
}

static void on_step(gpointer user, const struct export_step *step)
{
    const struct attempt *attempt = user;
    const struct deliver_watch *watch = attempt->context->watch;

    if (watch && watch->step)
        watch->step(watch->user, step);
}

static void on_progress(gpointer user, gint64 bytes)
{
    const struct attempt *attempt = user;

    app_tell(attempt->context->app, "send", attempt->row->file_name, bytes, attempt->row->bytes);
}

void export_request_file(const struct export_context *context, const struct delivery *row, const char *path,
                         json_t *request)
{
    struct csv_format format;

    /* A row that was attempted keeps the format of then, whatever is set now; a test has none of its own. */
    if (!row->format || !csv_format_from_text(row->format, &format, NULL))
        format = context->format;
    json_object_set_new(request, "spool", json_string(path));
    json_object_set_new(request, "size", json_integer(row->bytes));
    json_object_set_new(request, "file_name", json_string(row->file_name));
    if (row->temp_name)
        json_object_set_new(request, "temp_name", json_string(row->temp_name));
    json_object_set_new(request, "charset",
                        json_string(format.encoding == CSV_CP932 ? "Windows-31J" : "utf-8"));
    json_object_set_new(request, "final_timeout_s", json_integer(FINAL_DOT_TIMEOUT_S));
}

/* Which failures concern one file only (RD5). */
static gboolean concerns_file(enum pt_error_code code)
{
    return code == PT_ERROR_X08 || code == PT_ERROR_X09 || code == PT_ERROR_X14 || code == PT_ERROR_X15 ||
           code == PT_ERROR_X16 || code == PT_ERROR_INTEGRITY;
}

/* Removes what an earlier attempt may have left under its temporary name. TRUE: it is gone, or cannot be
 * removed by us. */
static gboolean remove_earlier(struct export_context *context, const struct delivery *row,
                               struct deliver_result *ret_result)
{
    static const struct deliver_watch nothing = {0};
    gboolean mail = g_strcmp0(target_method(row->target), "mail") == 0;
    json_t *request;

    if (mail || !row->temp_name || row->attempts == 0)
        return TRUE;
    request = target_request(context->app, row->target, "remove", NULL);
    if (!request)
        return TRUE; /* put says what is wrong with the target */
    json_object_set_new(request, "file_name", json_string(row->file_name));
    json_object_set_new(request, "temp_name", json_string(row->temp_name));
    deliver_run(context->app, request, &nothing, context->lock_fd, ret_result);
    json_decref(request);
    /* Without permission to delete, or while a dead session still holds it, the leftover stays: its name
     * never comes again. */
    return ret_result->outcome == DELIVER_DELIVERED || ret_result->code == PT_ERROR_X07 ||
           ret_result->code == PT_ERROR_X09;
}

/* Certainly not delivered: X15 releases the row (the name is taken), X16 does when it can be split; else it
 * stays frozen for a retry. */
static enum attempt_end record_failure(struct export_context *context, struct delivery *row,
                                       const GError *why, GError **error)
{
    enum pt_error_code code = pt_error_code_of(why);
    gboolean automatic = row->kind == DELIVERY_AUTO;
    gboolean split = automatic && code == PT_ERROR_X16 && row->rows > 1;
    gboolean released = automatic && (code == PT_ERROR_X15 || split);

    set_text(&row->error, pt_error_info((int)code)->name);
    set_text(&row->error_text, why->message);
    if (!export_change(context->app, row, released ? DELIVERY_VOID : DELIVERY_FAILED, error))
        return ATTEMPT_RUN_ENDS;
    fault_point("export.failed");
    if (released || !automatic) {
        struct deliver_result result = {0};
        spool_remove(context->app, row->id);
        (void)remove_earlier(context, row,
                             &result); /* nobody comes back to this row; a leftover only takes room */
        deliver_result_clear(&result);
    }
    if (split)
        return ATTEMPT_SPLIT;
    if (error)
        *error = g_error_copy(why);
    return concerns_file(code) ? ATTEMPT_FILE_FAILED : ATTEMPT_RUN_ENDS;
}

static enum attempt_end record_delivered(struct export_context *context, struct delivery *row,
                                         const char *note, GError **error)
{
    row->delivered_at = app_now(context->app);
    g_clear_pointer(&row->error, g_free);
    g_clear_pointer(&row->error_text, g_free);
    if (note)
        set_text(&row->note, note);
    if (!export_change(context->app, row, DELIVERY_DELIVERED, error))
        return ATTEMPT_RUN_ENDS;
    fault_point("export.delivered");
    spool_remove(context->app, row->id);
    return ATTEMPT_DELIVERED;
}

/* The outcome is open: the row stays `closing`; what was seen is kept for people. */
static enum attempt_end record_unknown(struct export_context *context, struct delivery *row,
                                       const struct deliver_result *result, GError **error)
{
    GError *why = NULL;

    deliver_result_error(result, &why);
    set_text(&row->error, pt_error_info((int)result->code)->name);
    set_text(&row->error_text, why->message);
    if (!export_change(context->app, row, DELIVERY_CLOSING, error)) {
        g_error_free(why);
        return ATTEMPT_RUN_ENDS;
    }
    g_propagate_error(error, why);
    return ATTEMPT_RUN_ENDS;
}

/* The attempt is in the ledger before the first byte leaves. */
static gboolean begin_attempt(struct export_context *context, struct delivery *row, GError **error)
{
    enum delivery_state before = row->state;
    int attempts_before = row->attempts;
    g_autofree char *token = random_hex(TOKEN_BYTES);
    gboolean matched = FALSE;

    g_free(row->temp_name);
    row->temp_name = name_temporary(row->file_name, token);
    row->last_try = app_now(context->app);
    if (row->first_try == 0)
        row->first_try = row->last_try;
    row->attempts++;
    row->run_id = context->run_id; /* earlier_file() asks which run brought a file */
    /* A mail in `closing` may have arrived: its repeat is `closing` from the start. */
    row->state = before == DELIVERY_CLOSING ? DELIVERY_CLOSING : DELIVERY_SENDING;
    if (!store_delivery_update(context->app->store, row, before, attempts_before, &matched, error))
        return FALSE;
    if (!matched)
        pt_error_set(error, PT_ERROR_X26, "%s is being worked on by another process",
                     "%s は別のプロセスが処理しています", row->file_name);
    fault_point("export.sending");
    return matched;
}

/* Complete, synced, with its hash in the ledger: only then may anything be sent. */
static gboolean prepare(struct export_context *context, struct delivery *row, GError **error)
{
    gboolean mail = g_strcmp0(target_method(row->target), "mail") == 0;
    gboolean known = row->sha256 != NULL;
    gint64 replaced = 0;

    if (!spool_ensure(context->app, row, &replaced, error))
        return FALSE;
    context->replaced += replaced;
    if (mail && !row->mail_headers && !mail_text_freeze(context, row, NULL, error))
        return FALSE;
    if (!known && !export_change(context->app, row, row->state, error))
        return FALSE;
    fault_point("export.spooled");
    return TRUE;
}

static enum attempt_end send_once(struct export_context *context, struct delivery *row,
                                  struct deliver_result *ret_result, GError **error)
{
    struct attempt attempt = {.context = context, .row = row};
    const struct deliver_watch watch = {
        .user = &attempt, .step = on_step, .uploaded = on_uploaded, .progress = on_progress};
    g_autofree char *path = spool_path(context->app, row->id);
    gboolean repeat = row->state == DELIVERY_CLOSING;
    json_t *request;

    /* Before anything at the server is touched: is the row still as we know it? */
    if (row->attempts > 0 && !export_change(context->app, row, row->state, error))
        return ATTEMPT_RUN_ENDS;
    if (!remove_earlier(context, row, ret_result)) {
        GError *why = NULL;
        deliver_result_error(ret_result, &why);
        g_propagate_error(error, why);
        return ATTEMPT_RUN_ENDS;
    }
    deliver_result_clear(ret_result);
    if (!begin_attempt(context, row, error))
        return ATTEMPT_RUN_ENDS;
    request = target_request(context->app, row->target, "put", error);
    if (!request || (row->mail_headers && !mail_text_put(row, request, error))) {
        json_decref(request);
        return ATTEMPT_RUN_ENDS;
    }
    export_request_file(context, row, path, request);
    deliver_run(context->app, request, &watch, context->lock_fd, ret_result);
    json_decref(request);
    fault_point("export.answered");
    if (attempt.error) {
        g_propagate_error(error, attempt.error);
        return ATTEMPT_RUN_ENDS;
    }
    switch (ret_result->outcome) {
    case DELIVER_DELIVERED:
    case DELIVER_TAKEN:
        return record_delivered(context, row, NULL, error);
    case DELIVER_FAILED: {
        g_autoptr(GError) why = NULL;
        if (repeat) /* the first one may have arrived: that this one certainly did not says nothing */
            return record_unknown(context, row, ret_result, error);
        deliver_result_error(ret_result, &why);
        return record_failure(context, row, why, error);
    }
    case DELIVER_UNKNOWN:
        return record_unknown(context, row, ret_result, error);
    }
    g_assert_not_reached();
}

/* A mail whose repeat failed may still have arrived the first time: it stays `closing`. */
static gboolean closing_mail(const struct delivery *row)
{
    return row->state == DELIVERY_CLOSING && row->mail_headers;
}

enum attempt_end export_attempt(struct export_context *context, struct delivery *row, GError **error)
{
    struct deliver_result result = {0};
    enum attempt_end end;
    g_autoptr(GError) local = NULL;

    if (!prepare(context, row, &local)) {
        gboolean lost = pt_error_code_of(local) == PT_ERROR_INTEGRITY;
        /* A mail in `closing` may have arrived: it waits for a person, and holds up nobody. */
        if (lost && row->state != DELIVERY_CLOSING)
            return record_failure(context, row, local, error);
        g_propagate_error(error, g_steal_pointer(&local));
        return lost ? ATTEMPT_FILE_FAILED : ATTEMPT_RUN_ENDS;
    }
    for (;;) {
        g_clear_error(&local);
        end = send_once(context, row, &result, &local);
        if (end == ATTEMPT_RUN_ENDS && (result.code == PT_ERROR_X01 || result.code == PT_ERROR_X02) &&
            result.outcome == DELIVER_FAILED && !closing_mail(row) && export_grace_wait(context)) {
            deliver_result_clear(&result);
            continue;
        }
        break;
    }
    if (end == ATTEMPT_RUN_ENDS && result.outcome == DELIVER_UNKNOWN && row->state == DELIVERY_CLOSING &&
        !row->mail_headers && !app_cancelled(context->app)) {
        g_clear_error(&local);
        end = export_resolve(context, row, &local);
    }
    deliver_result_clear(&result);
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    return end;
}

/* Ids of the rows that were sent again by hand: their files may be younger than they seem. */
static gboolean resent_rows(struct export_context *context, GHashTable **ret_ids, GError **error)
{
    struct delivery_query query = {.kind = DELIVERY_RESEND, .limit = EARLIER_ROWS};
    g_autoptr(GPtrArray) rows = NULL;

    if (!store_deliveries(context->app->store, &query, &rows, error))
        return FALSE;
    *ret_ids = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    for (guint i = 0; i < rows->len; i++) {
        const struct delivery *row = g_ptr_array_index(rows, i);
        g_hash_table_add(*ret_ids, g_memdup2(&row->resend_of, sizeof row->resend_of));
    }
    return TRUE;
}

/* The newest file of an earlier run than this one at the same place (what a run brought that died days ago is
 * among them): if that one is still there, the receiver does not take files away. Newest by the runs' order:
 * a file that was delivered under a clock years ahead would stay the newest for years, long after somebody
 * tidied it away. A row with a note was taken, or settled by hand: its file is no evidence. */
static gboolean earlier_file(struct export_context *context, const struct delivery *row, char **ret_name,
                             GError **error)
{
    struct delivery_query query = {.kind = DELIVERY_AUTO, .states = STATE(DELIVERED), .limit = EARLIER_ROWS};
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GHashTable) resent = NULL;
    const struct delivery *newest = NULL;

    if (!store_deliveries(context->app->store, &query, &rows, error) || !resent_rows(context, &resent, error))
        return FALSE;
    for (guint i = 0; i < rows->len; i++) {
        const struct delivery *other = g_ptr_array_index(rows, i);
        gboolean earlier = other->run_id != context->run_id && !other->note &&
                           target_same(other->target, row->target) &&
                           !g_hash_table_contains(resent, &other->id);
        if (earlier && (!newest || other->run_id > newest->run_id ||
                        (other->run_id == newest->run_id && other->id > newest->id)))
            newest = other;
    }
    *ret_name = newest ? g_strdup(newest->file_name) : NULL;
    return TRUE;
}

enum attempt_end export_resolve(struct export_context *context, struct delivery *row, GError **error)
{
    static const struct deliver_watch nothing = {0};
    struct deliver_result result = {0};
    g_autofree char *earlier = NULL;
    g_autoptr(GError) why = NULL;
    /* The same place may have new credentials by now; another place is asked with those of then. */
    const char *target = target_same(row->target, context->target) ? context->target : row->target;
    enum attempt_end end = ATTEMPT_RUN_ENDS;
    json_t *request = target_request(context->app, target, "resolve", error);

    if (!request)
        return ATTEMPT_RUN_ENDS;
    /* Who finished the row meanwhile has perhaps had it taken away: nothing at the server may be touched. */
    if (!export_change(context->app, row, row->state, error) ||
        !earlier_file(context, row, &earlier, error)) {
        json_decref(request);
        return ATTEMPT_RUN_ENDS;
    }
    json_object_set_new(request, "file_name", json_string(row->file_name));
    json_object_set_new(request, "temp_name", json_string(row->temp_name));
    json_object_set_new(request, "size", json_integer(row->bytes));
    if (earlier)
        json_object_set_new(request, "earlier_file", json_string(earlier));
    do {
        deliver_result_clear(&result);
        deliver_run(context->app, request, &nothing, context->lock_fd, &result);
    } while ((result.code == PT_ERROR_X01 || result.code == PT_ERROR_X02) &&
             result.outcome != DELIVER_DELIVERED && export_grace_wait(context));
    json_decref(request);
    fault_point("export.resolved");
    switch (result.outcome) {
    case DELIVER_DELIVERED:
        end = record_delivered(context, row, NULL, error);
        break;
    case DELIVER_TAKEN:
        end = record_delivered(context, row, "taken", error);
        break;
    case DELIVER_FAILED:
        deliver_result_error(&result, &why);
        end = record_failure(context, row, why, error);
        break;
    case DELIVER_UNKNOWN:
        end = record_unknown(context, row, &result, error);
        break;
    }
    deliver_result_clear(&result);
    return end;
}
