/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Planning: one transaction that turns what no ledger row covers into rows (ARCHITECTURE.md, "Exactly
 * once"). */
#include "app/adopt.h"
#include "app/config.h"
#include "app/export-internal.h"
#include "app/spool.h"
#include "app/target.h"
#include "base/fault.h"
#include "core/names.h"
#include "core/plan.h"
#include <string.h>

#define STATE(state) (1u << DELIVERY_##state)
/* Base64 makes 57 bytes 78; the rest of a mail fits into this. */
#define MAIL_OVERHEAD 16384
#define NAME_TRIES 10000

struct planner {
    struct export_context *context;
    GArray *open_days;  /* struct open_day */
    GPtrArray *rows;    /* auto rows of the open days, and all that are still to be sent */
    GPtrArray *spare;   /* of those: planned and never attempted, to be used again */
    GPtrArray *planned; /* new rows */
    GHashTable *names;  /* theirs, in lower case: names are ASCII */
};

gboolean export_context_load(struct export_context *context, struct app *app, GError **error)
{
    context->app = app;
    if (!config_load(app, &context->settings, error))
        return FALSE;
    context->zone = app_zone(context->settings, error);
    if (!context->zone || !target_csv_format(context->settings, &context->format, error))
        return FALSE;
    context->today = zone_day(context->zone, app_now(app));
    context->format_text = csv_format_to_text(&context->format);
    context->shown = target_shown(context->settings);
    context->target = target_from_settings(context->settings, error);
    return context->target != NULL && adopt_check(app, error);
}

void export_context_clear(struct export_context *context)
{
    settings_free(context->settings);
    if (context->zone)
        zone_free(context->zone);
    g_free(context->target);
    g_free(context->shown);
    g_free(context->format_text);
    context->settings = NULL;
    context->zone = NULL;
    context->target = context->shown = context->format_text = NULL;
}

gint64 export_mail_payload(gint64 size_limit)
{
    return size_limit > 0 ? MAX((size_limit - MAIL_OVERHEAD) / 78 * 57, 1) : 0;
}

static gboolean to_send(const struct delivery *row)
{
    return row->state == DELIVERY_PLANNED || row->state == DELIVERY_SENDING || row->state == DELIVERY_FAILED;
}

static gboolean planner_add(struct planner *planner, const struct delivery_query *query, GHashTable *seen,
                            GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;

    if (!store_deliveries(planner->context->app->store, query, &rows, error))
        return FALSE;
    for (guint i = 0; i < rows->len; i++) {
        struct delivery *row = g_ptr_array_index(rows, i);
        if (g_hash_table_add(seen, g_memdup2(&row->id, sizeof row->id)))
            g_ptr_array_add(planner->rows, delivery_copy(row));
    }
    return TRUE;
}

static gboolean planner_read(struct planner *planner, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    struct export_context *context = planner->context;
    struct delivery_query unfinished = {
        .kind = DELIVERY_AUTO, .states = STATE(PLANNED) | STATE(SENDING) | STATE(CLOSING) | STATE(FAILED)};

    if (!store_open_days(context->app->store, day_add(context->today, -1), &planner->open_days, error) ||
        !planner_add(planner, &unfinished, seen, error))
        return FALSE;
    for (guint i = 0; i < planner->open_days->len; i++) {
        gint32 day = g_array_index(planner->open_days, struct open_day, i).total.day;
        struct delivery_query of_day = {.kind = DELIVERY_AUTO, .since = day, .until = day};
        if (!planner_add(planner, &of_day, seen, error))
            return FALSE;
    }
    return TRUE;
}

/* Everything not certainly under way goes to the present destination: an attempted row of another place is
 * released, one of this place takes over new credentials and options, also in `closing`: a mail is sent
 * again. */
static gboolean release_or_refresh(struct planner *planner, struct delivery *row, gboolean dry,
                                   GError **error)
{
    struct export_context *context = planner->context;
    enum delivery_state expect = row->state;
    gboolean same = target_same(row->target, context->target);

    if (!(to_send(row) || (same && row->state == DELIVERY_CLOSING)) || row->attempts == 0 ||
        (same && g_strcmp0(row->target, context->target) == 0))
        return TRUE;
    if (same) {
        g_free(row->target);
        row->target = g_strdup(context->target);
    } else {
        row->state = DELIVERY_VOID;
        g_free(row->note);
        row->note = g_strdup("released: the destination was changed");
        g_free(row->error); /* the name is not taken at the new place */
        row->error = NULL;
    }
    if (dry)
        return TRUE;
    if (!same)
        spool_remove(context->app, row->id);
    {
        gboolean matched = FALSE;
        if (!store_delivery_update(context->app->store, row, expect, row->attempts, &matched, error))
            return FALSE;
        g_assert(matched); /* inside the planning transaction nobody else writes */
    }
    return TRUE;
}

static gboolean planner_release(struct planner *planner, gboolean dry, GError **error)
{
    for (guint i = 0; i < planner->rows->len; i++) {
        struct delivery *row = g_ptr_array_index(planner->rows, i);
        if (!release_or_refresh(planner, row, dry, error))
            return FALSE;
        if (row->state == DELIVERY_PLANNED && row->attempts == 0)
            g_ptr_array_add(planner->spare, row);
    }
    return TRUE;
}

/* RT4: a name that the ledger has used for another file is taken. Rows that were released without ever being
 * finished used it for nothing. */
static gboolean name_taken(struct planner *planner, const char *name, gboolean *ret_taken, GError **error)
{
    struct delivery_query query = {.kind = -1, .file_name = name};
    g_autofree char *lower = g_ascii_strdown(name, -1);
    g_autoptr(GPtrArray) rows = NULL;

    *ret_taken = g_hash_table_contains(planner->names, lower);
    if (!store_deliveries(planner->context->app->store, &query, &rows, error))
        return FALSE;
    for (guint i = 0; i < rows->len; i++) {
        const struct delivery *row = g_ptr_array_index(rows, i);
        gboolean spare = row->state == DELIVERY_PLANNED && row->attempts == 0;
        gboolean released = row->state == DELIVERY_VOID && g_strcmp0(row->error, "X15") != 0;
        *ret_taken |= !spare && !released;
    }
    return TRUE;
}

static struct delivery *new_row(const struct planner *planner, const struct plan_range *range,
                                gint64 seq_from, gint64 seq_to)
{
    struct export_context *context = planner->context;
    struct delivery *row = delivery_new();

    row->kind = DELIVERY_AUTO;
    row->state = DELIVERY_PLANNED;
    row->day = range->day;
    row->seq_from = seq_from;
    row->seq_to = seq_to;
    row->format = g_strdup(context->format_text);
    row->target = g_strdup(context->target);
    row->target_shown = g_strdup(context->shown);
    row->run_id = context->run_id;
    return row;
}

/* Gives the parts of one range their revision and names: the first revision of which no name is taken. */
static gboolean name_parts(struct planner *planner, GPtrArray *parts, int revision, GError **error)
{
    struct export_context *context = planner->context;
    const char *prefix = settings_text(context->settings, SETTING_EXPORT_PREFIX);
    gboolean taken = TRUE;

    for (int tries = 0; taken; tries++, revision++) {
        if (tries > NAME_TRIES) {
            pt_error_set(error, PT_ERROR_INTERNAL, "no free file name found",
                         "空いているファイル名がありません");
            return FALSE;
        }
        taken = FALSE;
        for (guint i = 0; i < parts->len && !taken; i++) {
            struct delivery *row = g_ptr_array_index(parts, i);
            g_free(row->file_name);
            row->revision = revision;
            row->part = (int)i + 1;
            row->parts = (int)parts->len;
            row->file_name =
                name_auto(prefix, row->day, context->format.date_format, revision, row->part, row->parts);
            if (!name_taken(planner, row->file_name, &taken, error))
                return FALSE;
        }
    }
    return TRUE;
}

static gboolean plan_one(struct planner *planner, const struct plan_range *range, GError **error)
{
    struct export_context *context = planner->context;
    gboolean mail = settings_choice(context->settings, SETTING_EXPORT_METHOD) == 1;
    gint64 max_rows = mail ? settings_int(context->settings, SETTING_MAIL_JOBS_PER_MAIL) : 0;
    gint64 max_bytes = mail ? export_mail_payload(context->size_limit) : 0;
    g_autoptr(GArray) cuts = NULL;
    g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func((GDestroyNotify)delivery_free);
    gint64 from = range->seq_from;

    if (mail && range->max_rows > 0)
        max_rows = max_rows > 0 ? MIN(max_rows, range->max_rows) : range->max_rows;
    if (!spool_cuts(context->app, &context->format, range->day, range->seq_from, range->seq_to, max_rows,
                    max_bytes, &cuts, error))
        return FALSE;
    for (guint i = 0; i < cuts->len; i++) {
        struct delivery *row = new_row(planner, range, from, g_array_index(cuts, gint64, i));
        g_ptr_array_add(parts, row);
        from = row->seq_to;
        if (!store_range_rows(context->app->store, row->day, row->seq_from, row->seq_to, &row->rows, error))
            return FALSE;
    }
    if (!name_parts(planner, parts, range->revision, error))
        return FALSE;
    for (guint i = 0; i < parts->len; i++) {
        const struct delivery *row = g_ptr_array_index(parts, i);
        g_ptr_array_add(planner->planned, delivery_copy(row));
        g_hash_table_add(planner->names, g_ascii_strdown(row->file_name, -1));
    }
    return TRUE;
}

/* The day after which empty days get a file: a row planned under a wrong clock does not count, days that
 * retention deleted do. */
static gboolean newest_settled(const struct export_context *context, gint32 *ret_day, GError **error)
{
    g_autofree char *horizon = NULL;
    gint32 first_kept;

    if (!store_newest_planned_day(context->app->store, context->today, ret_day, error) ||
        !store_meta(context->app->store, "horizon", &horizon, error))
        return FALSE;
    first_kept = horizon ? (gint32)g_ascii_strtoll(horizon, NULL, 10) : 0;
    if (*ret_day && day_valid(first_kept))
        *ret_day = MAX(*ret_day, day_add(first_kept, -1));
    return TRUE;
}

static gboolean planner_plan(struct planner *planner, GError **error)
{
    struct export_context *context = planner->context;
    g_autofree struct day_total *days = g_new0(struct day_total, MAX(planner->open_days->len, 1));
    g_autoptr(GArray) ranges = NULL;
    struct plan_input input = {
        .days = days,
        .n_days = planner->open_days->len,
        .rows = (struct delivery *const *)(gpointer)planner->rows->pdata,
        .n_rows = planner->rows->len,
        .today = context->today,
        .empty_days = settings_bool(context->settings, SETTING_EXPORT_EMPTY_DAYS),
        .zone = context->zone,
    };

    for (guint i = 0; i < planner->open_days->len; i++)
        days[i] = g_array_index(planner->open_days, struct open_day, i).total;
    if (!newest_settled(context, &input.newest_planned, error))
        return FALSE;
    ranges = plan_ranges(&input);
    if (ranges->len > 0 && context->size_limit < 0)
        return TRUE; /* the mail server is asked first (RM6) */
    for (guint i = 0; i < ranges->len; i++)
        if (!plan_one(planner, &g_array_index(ranges, struct plan_range, i), error))
            return FALSE;
    if (context->size_limit < 0)
        context->size_limit = 0;
    return TRUE;
}

/* Never-attempted rows are planned anew in place: their ids serve for the new rows, what is left over is
 * released. */
static gboolean planner_write(struct planner *planner, GError **error)
{
    struct store *store = planner->context->app->store;
    gboolean matched = FALSE;
    guint used = 0;

    for (guint i = 0; i < planner->spare->len; i++) {
        struct delivery *row = g_ptr_array_index(planner->spare, i);
        spool_remove(planner->context->app, row->id);
        row->state = DELIVERY_VOID;
        g_free(row->note);
        row->note = g_strdup("planned anew");
        if (!store_delivery_update(store, row, DELIVERY_PLANNED, 0, &matched, error))
            return FALSE;
    }
    for (guint i = 0; i < planner->planned->len; i++) {
        struct delivery *row = g_ptr_array_index(planner->planned, i);
        if (used < planner->spare->len) {
            row->id = ((struct delivery *)g_ptr_array_index(planner->spare, used++))->id;
            if (!store_delivery_update(store, row, DELIVERY_VOID, 0, &matched, error))
                return FALSE;
        } else if (!store_delivery_insert(store, row, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static int by_day(gconstpointer a, gconstpointer b)
{
    const struct delivery *left = *(struct delivery *const *)a;
    const struct delivery *right = *(struct delivery *const *)b;

    if (left->day != right->day)
        return left->day < right->day ? -1 : 1;
    if (left->revision != right->revision)
        return left->revision < right->revision ? -1 : 1;
    return left->part - right->part;
}

static GPtrArray *planner_sendable(const struct planner *planner)
{
    GPtrArray *result = g_ptr_array_new_with_free_func((GDestroyNotify)delivery_free);

    for (guint i = 0; i < planner->rows->len; i++) {
        struct delivery *row = g_ptr_array_index(planner->rows, i);
        gboolean closing_mail =
            row->state == DELIVERY_CLOSING && g_strcmp0(target_method(row->target), "mail") == 0;
        /* RW1: a row that was planned under a wrong clock or in another zone waits until its day is over. */
        gboolean over = row->day < planner->context->today;
        if ((to_send(row) && row->attempts > 0 && over) || closing_mail)
            g_ptr_array_add(result, delivery_copy(row));
    }
    for (guint i = 0; i < planner->planned->len; i++)
        g_ptr_array_add(result, delivery_copy(g_ptr_array_index(planner->planned, i)));
    g_ptr_array_sort(result, by_day);
    return result;
}

static void planner_clear(struct planner *planner)
{
    g_clear_pointer(&planner->open_days, g_array_unref);
    g_clear_pointer(&planner->spare, g_ptr_array_unref);
    g_clear_pointer(&planner->rows, g_ptr_array_unref);
    g_clear_pointer(&planner->planned, g_ptr_array_unref);
    g_clear_pointer(&planner->names, g_hash_table_unref);
}

static gboolean plan_in_transaction(struct planner *planner, gboolean dry, GError **error)
{
    planner->rows = g_ptr_array_new_with_free_func((GDestroyNotify)delivery_free);
    planner->planned = g_ptr_array_new_with_free_func((GDestroyNotify)delivery_free);
    planner->spare = g_ptr_array_new();
    planner->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return planner_read(planner, error) && planner_release(planner, dry, error) &&
           planner_plan(planner, error) &&
           (dry || planner->context->size_limit < 0 || planner_write(planner, error));
}

/* RM6: the server's SIZE decides the parts before a row is frozen. */
gboolean export_ask_size(struct export_context *context, GError **error)
{
    static const struct deliver_watch nothing = {0};
    struct deliver_result result = {0};
    json_t *request = target_request(context->app, context->target, "probe", error);
    gboolean ok;

    if (!request)
        return FALSE;
    for (;;) {
        deliver_run(context->app, request, context->watch ? context->watch : &nothing, context->lock_fd,
                    &result);
        ok = result.outcome == DELIVER_DELIVERED;
        if (ok || (result.code != PT_ERROR_X01 && result.code != PT_ERROR_X02) || !export_grace_wait(context))
            break;
        deliver_result_clear(&result);
    }
    if (ok)
        context->size_limit = result.size_limit;
    else
        deliver_result_error(&result, error);
    deliver_result_clear(&result);
    json_decref(request);
    return ok;
}

gboolean export_plan(struct export_context *context, gboolean dry, GPtrArray **ret_rows, GError **error)
{
    struct app *app = context->app;
    gboolean mail, ok;

    for (int round = 0; round < 2; round++) {
        struct planner planner = {.context = context};
        if (!dry && !store_begin(app->store, STORE_PLAN, error))
            return FALSE;
        export_context_clear(context);
        ok = export_context_load(context, app, error);
        mail = ok && settings_choice(context->settings, SETTING_EXPORT_METHOD) == 1;
        if (round == 0)
            context->size_limit = mail && !dry ? -1 : 0;
        ok = ok && plan_in_transaction(&planner, dry, error);
        if (ok && context->size_limit < 0 && round == 0) {
            store_rollback(app->store);
            planner_clear(&planner);
            if (!export_ask_size(context, error))
                return FALSE;
            continue;
        }
        fault_point("export.planning");
        ok = ok && (dry || store_commit(app->store, error));
        if (ok)
            *ret_rows = planner_sendable(&planner);
        else if (!dry)
            store_rollback(app->store);
        planner_clear(&planner);
        fault_point("export.planned");
        return ok;
    }
    g_assert_not_reached();
}
