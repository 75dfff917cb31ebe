/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The automatic export: ask the sources, finish what was open, plan, send oldest first, write down what
 * happened. */
#include "app/export.h"

#include "app/collect.h"
#include "app/config.h"
#include "app/export-internal.h"
#include "app/retention.h"
#include "app/target.h"
#include "base/fault.h"
#include <fcntl.h>
#include <string.h>

#define STATE(state) (1u << DELIVERY_##state)
#define SOURCES_DEADLINE_MS 60000 /* RB6 */
#define GRACE_S 120               /* RD1 */
#define RECENT_RUNS 50
/* Each round at least halves what was too large: 2^40 jobs a day are not to be feared. */
#define SPLIT_ROUNDS 40
#define LOCK_SLICE_MS 500

void export_step_free(struct export_step *step)
{
    if (!step)
        return;
    g_free(step->step);
    g_free(step->code);
    g_free(step->text[0]);
    g_free(step->text[1]);
    g_free(step->server);
    g_free(step);
}

gboolean export_lock(struct app *app, int wait_ms, int *ret_fd, GError **error)
{
    gint64 until = wait_ms < 0 ? G_MAXINT64 : g_get_monotonic_time() + wait_ms * G_GINT64_CONSTANT(1000);
    gboolean got = FALSE;
    gint64 left;

    do {
        left = (until - g_get_monotonic_time()) / 1000;
        if (!store_export_lock(app->store, (int)CLAMP(left, 0, LOCK_SLICE_MS), ret_fd, &got, error))
            return FALSE;
    } while (!got && left > 0 && !app_cancelled(app));
    if (!got)
        pt_error_set(error, PT_ERROR_X26, "another export is running on this store",
                     "ほかのエクスポートが実行中です");
    return got;
}

/* We hold the lock, so a run without an end is one whose process died. */
static gboolean bury_dead_runs(struct app *app, GError **error)
{
    g_autoptr(GArray) runs = NULL;

    if (!store_runs(app->store, RECENT_RUNS, &runs, error))
        return FALSE;
    for (guint i = 0; i < runs->len; i++) {
        struct run *run = &g_array_index(runs, struct run, i);
        if (run->result != RUN_RUNNING)
            continue;
        run->result = RUN_FAILED;
        run->ended = app_now(app);
        g_free(run->text);
        run->text = g_strdup("interrupted\x1f中断されました");
        if (!store_run_update(app->store, run, error))
            return FALSE;
    }
    return TRUE;
}

/* Nor is anybody left to finish a manual export or a resend that was under way. */
static gboolean bury_dead_rows(struct app *app, enum delivery_kind kind, GError **error)
{
    struct delivery_query query = {.kind = (int)kind,
                                   .states = STATE(PLANNED) | STATE(SENDING) | STATE(CLOSING)};
    g_autoptr(GPtrArray) rows = NULL;

    if (!store_deliveries(app->store, &query, &rows, error))
        return FALSE;
    for (guint i = 0; i < rows->len; i++) {
        struct delivery *row = g_ptr_array_index(rows, i);
        if (row->state == DELIVERY_CLOSING && g_strcmp0(target_method(row->target), "mail") != 0)
            continue; /* resolve_all() finds out */
        g_free(row->error_text);
        row->error_text = g_strdup("interrupted\x1f中断されました");
        if (!export_change(app, row, DELIVERY_FAILED, error))
            return FALSE;
    }
    return TRUE;
}

struct tally {
    struct run *run;
    guint failed;
    GError *first;     /* what the run's code will be */
    GHashTable *tried; /* ids of rows: each is tried once a run */
    gboolean over;     /* an error ended the run */
};

static void tally_error(struct tally *tally, GError *error)
{
    tally->failed++;
    if (!tally->first)
        tally->first = error;
    else
        g_clear_error(&error);
}

/* Returns FALSE when the run ends here. */
static gboolean tally_end(struct tally *tally, const struct delivery *row, enum attempt_end end,
                          GError *error)
{
    switch (end) {
    case ATTEMPT_DELIVERED:
        tally->run->files++;
        tally->run->jobs += row->rows;
        return TRUE;
    case ATTEMPT_SPLIT:
        return TRUE;
    case ATTEMPT_FILE_FAILED:
        tally_error(tally, error);
        return TRUE;
    case ATTEMPT_RUN_ENDS:
        tally_error(tally, error);
        tally->over = TRUE;
        return FALSE;
    }
    g_assert_not_reached();
}

/* Rows in `closing` come first: nothing is uploaded for them. One that waits at an old destination does not
 * hold up the others. */
static gboolean resolve_all(struct export_context *context, struct tally *tally, GError **error)
{
    struct delivery_query query = {.kind = -1, .states = STATE(CLOSING)};
    g_autoptr(GPtrArray) rows = NULL;

    if (!store_deliveries(context->app->store, &query, &rows, error))
        return FALSE;
    for (guint i = 0; i < rows->len; i++) {
        struct delivery *row = g_ptr_array_index(rows, i);
        GError *why = NULL;
        enum attempt_end end;
        gboolean here;
        if (g_strcmp0(target_method(row->target), "mail") == 0)
            continue;
        here = target_same(row->target, context->target);
        end = export_resolve(context, row, &why);
        if (row->kind !=
            DELIVERY_AUTO) { /* a manual export or resend that was cut off: its row tells, the run goes on */
            g_clear_error(&why);
            continue;
        }
        if (end == ATTEMPT_RUN_ENDS && !here) {
            tally_error(tally, why);
            continue;
        }
        if (!tally_end(tally, row, end, why))
            return TRUE;
    }
    return TRUE;
}

static gboolean send_all(struct export_context *context, struct tally *tally, gboolean *ret_split,
                         GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;

    *ret_split = FALSE;
    if (!export_plan(context, FALSE, &rows, error))
        return FALSE;
    for (guint i = 0; i < rows->len; i++) {
        struct delivery *row = g_ptr_array_index(rows, i);
        GError *why = NULL;
        enum attempt_end end;
        gboolean here = target_same(row->target, context->target);
        if (app_cancelled(context->app)) {
            pt_error_set(&why, PT_ERROR_X18, "stopped because printtrail is stopping",
                         "printtrail の終了により中止しました");
            (void)tally_end(tally, row, ATTEMPT_RUN_ENDS, why);
            return TRUE;
        }
        if (!g_hash_table_add(tally->tried, g_memdup2(&row->id, sizeof row->id)))
            continue;
        app_tell(context->app, "file", row->file_name, (gint64)i, (gint64)rows->len);
        end = export_attempt(context, row, &why);
        *ret_split |= end == ATTEMPT_SPLIT;
        if (end == ATTEMPT_RUN_ENDS && !here) {
            tally_error(tally, why);
            continue;
        }
        if (!tally_end(tally, row, end, why))
            return TRUE;
    }
    return TRUE;
}

static void run_close(struct app *app, struct tally *tally)
{
    struct run *run = tally->run;

    run->ended = app_now(app);
    run->result = tally->failed == 0 ? RUN_SUCCESS : run->files > 0 ? RUN_PARTIAL : RUN_FAILED;
    if (tally->first) {
        run->code = g_strdup(pt_error_info((int)pt_error_code_of(tally->first))->name);
        run->text = pt_error_keep(tally->first);
    }
}

static gboolean run_locked(struct export_context *context, const struct export_request *request,
                           struct tally *tally, GError **error)
{
    struct app *app = context->app;
    guint silent = 0;
    gboolean split = TRUE;

    if (!request->skip_sources && !collect_all(app, context->settings, SOURCES_DEADLINE_MS, &silent, error))
        return FALSE;
    fault_point("export.collected");
    if (!resolve_all(context, tally, error))
        return FALSE;
    for (int round = 0; round < SPLIT_ROUNDS && split && !tally->over; round++)
        if (!send_all(context, tally, &split, error))
            return FALSE;
    return TRUE;
}

static void retention_quietly(struct export_context *context)
{
    g_autoptr(GError) error = NULL;
    gint64 days, jobs, gap;

    if (!retention_run(context->app, context->settings, &days, &jobs, &gap, &error)) {
        g_autofree char *text = pt_error_message(error, PT_LANG_EN);
        g_warning("retention: %s", text); /* the export itself is done; the next run tries again */
    }
}

gboolean export_run(struct app *app, const struct export_request *request, struct run *ret_run,
                    GError **error)
{
    g_auto(PtExportContext) context = {.lock_fd = -1, .size_limit = -1};
    struct run run = {
        .kind = DELIVERY_AUTO, .trigger = request->trigger, .nominal_date = request->nominal_date};
    g_autoptr(GHashTable) tried = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    struct tally tally = {.run = &run, .tried = tried};
    GError *local = NULL;
    gboolean ok;

    if (!export_context_load(&context, app, error) ||
        !export_lock(app, request->lock_wait_ms, &context.lock_fd, error))
        return FALSE;
    run.started = app_now(app);
    if (!bury_dead_runs(app, error) || !bury_dead_rows(app, DELIVERY_MANUAL, error) ||
        !bury_dead_rows(app, DELIVERY_RESEND, error) || !store_run_insert(app->store, &run, error)) {
        store_export_unlock(app->store, context.lock_fd);
        return FALSE;
    }
    fault_point("export.started");
    context.run_id = run.id;
    context.grace_until = request->network_grace ? run.started + GRACE_S : 0;
    if (!run_locked(&context, request, &tally, &local))
        tally_error(&tally, local);
    run.replaced = context.replaced;
    run_close(app, &tally);
    ok = store_run_update(app->store, &run, error);
    fault_point("export.ended");
    if (ok)
        retention_quietly(&context);
    store_export_unlock(app->store, context.lock_fd);
    g_clear_error(&tally.first);
    if (ok)
        *ret_run = run;
    else
        run_clear(&run);
    return ok;
}

gboolean export_preview(struct app *app, GPtrArray **ret_rows, GError **error)
{
    g_auto(PtExportContext) context = {.lock_fd = -1};

    if (!export_context_load(&context, app, error))
        return FALSE;
    return export_plan(&context, TRUE, ret_rows, error);
}

void export_pending_clear(struct export_pending *pending)
{
    g_clear_pointer(&pending->days, g_array_unref);
    g_clear_pointer(&pending->closing, g_ptr_array_unref);
}

gboolean export_pending(struct app *app, struct export_pending *ret_pending, GError **error)
{
    g_autoptr(PtSettings) settings = NULL;
    g_autoptr(PtZone) zone = NULL;
    g_autoptr(GArray) open = NULL;
    struct delivery_query closing = {.kind = DELIVERY_AUTO, .states = STATE(CLOSING)};
    struct export_pending pending = {0};

    if (!config_load(app, &settings, error) || !(zone = app_zone(settings, error)) ||
        !store_open_days(app->store, day_add(zone_day(zone, app_now(app)), -1), &open, error) ||
        !store_deliveries(app->store, &closing, &pending.closing, error))
        return FALSE;
    pending.days = g_array_new(FALSE, FALSE, sizeof(gint32));
    for (guint i = 0; i < open->len; i++) {
        const struct open_day *day = &g_array_index(open, struct open_day, i);
        g_array_append_val(pending.days, day->total.day);
        pending.jobs += day->total.jobs - day->settled;
    }
    pending.first_day = pending.days->len ? g_array_index(pending.days, gint32, 0) : 0;
    *ret_pending = pending;
    return TRUE;
}
