/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an administrator does by hand with the ledger: send a delivered day again (SPEC RP2), give up what is
 * not delivered. */
#include "app/export-internal.h"
#include "app/spool.h"
#include "app/target.h"
#include "base/secret.h"
#include "core/names.h"
#include "core/plan.h"
#include <string.h>

#define STATE(state) (1u << DELIVERY_##state)
#define LOCK_WAIT_MS 10000

/* --- resend --- */

static struct delivery *resend_row(const struct export_context *context, const struct delivery *delivered,
                                   const char *note)
{
    struct delivery *row = delivery_copy(delivered);

    row->id = 0;
    row->kind = DELIVERY_RESEND;
    row->state = DELIVERY_PLANNED;
    row->resend_of = delivered->id;
    row->attempts = 0;
    row->run_id = 0;
    row->first_try = row->last_try = row->delivered_at = 0;
    g_clear_pointer(&row->temp_name, g_free);
    g_clear_pointer(&row->error, g_free);
    g_clear_pointer(&row->error_text, g_free);
    g_clear_pointer(&row->mail_headers, g_free);
    g_free(row->note);
    row->note = g_strdup(note);
    g_free(row->target);
    row->target = g_strdup(context->target);
    g_free(row->target_shown);
    row->target_shown = g_strdup(context->shown);
    return row;
}

/* What stands at the destination under the final name: DELIVERED = exactly our bytes, FAILED MISSING =
 * nothing, FAILED X15 = something else. */
static void compare(struct export_context *context, const struct delivery *row,
                    struct deliver_result *ret_result)
{
    static const struct deliver_watch nothing = {0};
    g_autoptr(GError) error = NULL;
    json_t *request = target_request(context->app, row->target, "compare", &error);

    if (!request) {
        ret_result->outcome = DELIVER_FAILED;
        ret_result->code = pt_error_code_of(error);
        ret_result->text[PT_LANG_EN] = pt_error_message(error, PT_LANG_EN);
        ret_result->text[PT_LANG_JA] = pt_error_message(error, PT_LANG_JA);
        return;
    }
    json_object_set_new(request, "file_name", json_string(row->file_name));
    json_object_set_new(request, "size", json_integer(row->bytes));
    json_object_set_new(request, "sha256", json_string(row->sha256));
    deliver_run(context->app, request, &nothing, context->lock_fd, ret_result);
    json_decref(request);
}

static gboolean record_still_there(struct export_context *context, struct delivery *row, GError **error)
{
    g_autofree char *note = g_strdup_printf("%s (the same bytes were still there)", row->note);

    g_free(row->note);
    row->note = g_steal_pointer(&note);
    row->delivered_at = app_now(context->app);
    spool_remove(context->app, row->id);
    return export_change(context->app, row, DELIVERY_DELIVERED, error);
}

static gboolean record_refused(struct export_context *context, struct delivery *row,
                               const struct deliver_result *result, GError **error)
{
    g_autoptr(GError) why = NULL;

    deliver_result_error(result, &why);
    row->error = g_strdup(pt_error_info((int)result->code)->name);
    row->error_text = pt_error_keep(why);
    spool_remove(context->app, row->id);
    if (export_change(context->app, row, DELIVERY_FAILED, error))
        g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

static gboolean resend_one(struct export_context *context, const struct delivery *delivered, const char *note,
                           GError **error)
{
    g_autoptr(PtDelivery) row = resend_row(context, delivered, note);
    gboolean mail = g_strcmp0(target_method(row->target), "mail") == 0;
    struct deliver_result result = {0};
    gboolean ok;

    if (!store_delivery_insert(context->app->store, row, error))
        return FALSE;
    if (mail) {
        g_autofree char *salt = random_hex(8); /* a new Message-ID: this is another message */
        return mail_text_freeze(context, row, salt, error) &&
               export_attempt(context, row, error) == ATTEMPT_DELIVERED;
    }
    if (!spool_ensure(context->app, row, NULL,
                      error)) { /* before anything is asked of the server: INTEGRITY sends nothing */
        row->error = g_strdup("INTEGRITY");
        return export_change(context->app, row, DELIVERY_FAILED, NULL) && FALSE;
    }
    compare(context, row, &result);
    if (result.outcome == DELIVER_DELIVERED)
        ok = record_still_there(context, row, error);
    else if (result.code == PT_ERROR_MISSING)
        ok = export_attempt(context, row, error) == ATTEMPT_DELIVERED;
    else
        ok = record_refused(context, row, &result, error);
    deliver_result_clear(&result);
    return ok;
}

/* A row whose outcome nobody could find out waits for a person; sent again by hand, it is delivered. */
static gboolean settle_closing(struct export_context *context, struct delivery *row, const char *note,
                               GError **error)
{
    if (row->state != DELIVERY_CLOSING)
        return TRUE;
    g_free(row->note);
    row->note = g_strdup_printf("sent again by hand, %s", note);
    row->delivered_at = app_now(context->app);
    spool_remove(context->app, row->id);
    return export_change(context->app, row, DELIVERY_DELIVERED, error);
}

gboolean export_resend(struct app *app, gint32 day, const char *file_name, const char *who,
                       const char *reason, GPtrArray **ret_names, GError **error)
{
    g_auto(PtExportContext) context = {.lock_fd = -1};
    struct delivery_query query = {.kind = DELIVERY_AUTO,
                                   .states = STATE(DELIVERED) | STATE(CLOSING),
                                   .since = day,
                                   .until = day,
                                   .file_name = file_name};
    g_autoptr(GPtrArray) rows = NULL;
    g_autofree char *note = g_strdup_printf("%s: %s", who, reason);
    GPtrArray *names;
    gboolean ok = TRUE;

    if (!export_context_load(&context, app, error) || !store_deliveries(app->store, &query, &rows, error))
        return FALSE;
    if (rows->len == 0) {
        char text[11];
        day_format(day, text);
        pt_error_set(error, PT_ERROR_MISSING, "no delivered file of %s", "%s の送信済みファイルはありません",
                     text);
        return FALSE;
    }
    if (!export_lock(app, LOCK_WAIT_MS, &context.lock_fd, error))
        return FALSE;
    names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < rows->len && ok; i++) {
        struct delivery *row = g_ptr_array_index(rows, i);
        ok = resend_one(&context, row, note, error) && settle_closing(&context, row, note, error);
        if (ok)
            g_ptr_array_add(names, g_strdup(row->file_name));
    }
    store_export_unlock(app->store, context.lock_fd);
    *ret_names = names; /* also on failure: what was sent */
    return ok && store_audit(app->store, app_now(app), who, "export resend", error);
}

/* --- waive --- */

struct waiver {
    struct app *app;
    struct export_context *context;
    const char *note;
    GPtrArray *rows; /* auto rows of the days, as they are after waiving */
    gint64 jobs;
    guint changed;
};

static gboolean waive_row(struct waiver *waiver, struct delivery *row, GError **error)
{
    enum delivery_state before = row->state;
    gboolean matched = FALSE;

    if (row->state == DELIVERY_DELIVERED || row->state == DELIVERY_VOID || row->state == DELIVERY_WAIVED)
        return TRUE;
    /* A file that was made knows its rows; its day may have been deleted since. */
    if (!row->sha256 &&
        !store_range_rows(waiver->app->store, row->day, row->seq_from, row->seq_to, &row->rows, error))
        return FALSE;
    row->state = DELIVERY_WAIVED;
    g_free(row->note);
    row->note = g_strdup(waiver->note);
    if (!store_delivery_update(waiver->app->store, row, before, row->attempts, &matched, error))
        return FALSE;
    g_assert(matched); /* we hold the lock and the transaction */
    waiver->jobs += row->rows;
    waiver->changed++;
    return TRUE;
}

/* Jobs that no row covers get a row of their own, so that coverage stays one rule. */
static gboolean waive_gap(struct waiver *waiver, const struct plan_range *range, GError **error)
{
    g_autoptr(PtDelivery) row = delivery_new();
    const char *prefix = settings_text(waiver->context->settings, SETTING_EXPORT_PREFIX);

    row->kind = DELIVERY_AUTO;
    row->state = DELIVERY_WAIVED;
    row->day = range->day;
    row->revision = range->revision;
    row->part = row->parts = 1;
    row->seq_from = range->seq_from;
    row->seq_to = range->seq_to;
    row->file_name =
        name_auto(prefix, range->day, waiver->context->format.date_format, range->revision, 1, 1);
    row->format = g_strdup(waiver->context->format_text);
    row->note = g_strdup(waiver->note);
    if (!store_range_rows(waiver->app->store, row->day, row->seq_from, row->seq_to, &row->rows, error) ||
        !store_delivery_insert(waiver->app->store, row, error))
        return FALSE;
    waiver->jobs += row->rows;
    waiver->changed++;
    return TRUE;
}

static gboolean waive_gaps(struct waiver *waiver, gint32 since, gint32 until, GError **error)
{
    g_autoptr(GArray) open = NULL;
    g_autoptr(GArray) totals = g_array_new(FALSE, FALSE, sizeof(struct day_total));
    g_autoptr(GArray) ranges = NULL;
    struct plan_input input = {.rows = (struct delivery *const *)(gpointer)waiver->rows->pdata,
                               .n_rows = waiver->rows->len,
                               .today = waiver->context->today,
                               .zone = waiver->context->zone};

    if (!store_open_days(waiver->app->store, until, &open, error))
        return FALSE;
    for (guint i = 0; i < open->len; i++) {
        const struct open_day *day = &g_array_index(open, struct open_day, i);
        if (day->total.day >= since)
            g_array_append_val(totals, day->total);
    }
    input.days = (const struct day_total *)(gpointer)totals->data;
    input.n_days = totals->len;
    ranges = plan_ranges(&input);
    for (guint i = 0; i < ranges->len; i++)
        if (!waive_gap(waiver, &g_array_index(ranges, struct plan_range, i), error))
            return FALSE;
    return TRUE;
}

static gboolean waive_all(struct waiver *waiver, const char *file_name, gint32 since, gint32 until,
                          GError **error)
{
    struct delivery_query query = {
        .kind = DELIVERY_AUTO, .since = since, .until = until, .file_name = file_name};

    if (!store_deliveries(waiver->app->store, &query, &waiver->rows, error))
        return FALSE;
    for (guint i = 0; i < waiver->rows->len; i++)
        if (!waive_row(waiver, g_ptr_array_index(waiver->rows, i), error))
            return FALSE;
    if (!file_name && !waive_gaps(waiver, since, until, error))
        return FALSE;
    if (waiver->changed == 0) {
        pt_error_set(error, PT_ERROR_MISSING, "nothing there is waiting to be delivered",
                     "送信待ちのものはありません");
        return FALSE;
    }
    return TRUE;
}

/* Waiving needs no destination: without one the format still comes from the settings. */
static gboolean waive_context(struct export_context *context, struct app *app, GError **error)
{
    g_autoptr(GError) incomplete = NULL;

    if (!export_context_load(context, app, &incomplete) && !context->format_text) {
        g_propagate_error(error, g_steal_pointer(&incomplete));
        return FALSE;
    }
    return TRUE;
}

gboolean export_waive(struct app *app, const char *file_name, gint32 day, gint32 until, const char *who,
                      const char *reason, gint64 *ret_jobs, GError **error)
{
    g_auto(PtExportContext) context = {.lock_fd = -1};
    g_autofree char *note = g_strdup_printf("%s: %s", who, reason);
    struct waiver waiver = {.app = app, .context = &context, .note = note};
    gboolean ok;

    if (!waive_context(&context, app, error))
        return FALSE;
    if (!file_name && MAX(day, until) >= context.today) {
        pt_error_set(error, PT_ERROR_INPUT, "only days before today can be waived",
                     "今日より前の日だけを指定できます");
        return FALSE;
    }
    if (!export_lock(app, LOCK_WAIT_MS, &context.lock_fd, error))
        return FALSE;
    ok = store_begin(app->store, STORE_PLAN, error);
    if (ok) {
        ok = waive_all(&waiver, file_name, day, day ? day : until, error) &&
             store_audit(app->store, app_now(app), who, "export waive", error) &&
             store_commit(app->store, error);
        if (!ok)
            store_rollback(app->store);
    }
    store_export_unlock(app->store, context.lock_fd);
    g_clear_pointer(&waiver.rows, g_ptr_array_unref);
    if (ok)
        *ret_jobs = waiver.jobs;
    return ok;
}
