/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gathers what status, check and the pages show; reads only. */
#include "app/status.h"

#include "app/adopt.h"
#include "app/config.h"
#include "app/scheduler.h"
#include "app/target.h"

/* Runs that are looked through for the latest automatic one: manual exports and tests make rows, too. */
#define RECENT_RUNS 200

void status_clear(struct status *status)
{
    g_clear_pointer(&status->zone, g_free);
    g_clear_pointer(&status->destination, g_free);
    g_clear_pointer(&status->sources, g_ptr_array_unref);
    if (status->has_last_run)
        run_clear(&status->last_run);
    status->has_last_run = FALSE;
    export_pending_clear(&status->pending);
}

/* The latest automatic run goes from the array into the status. */
static gboolean last_run_take(struct app *app, struct status *status, GError **error)
{
    g_autoptr(GArray) runs = NULL;
    gboolean alive = FALSE;

    if (!store_runs(app->store, RECENT_RUNS, &runs, error) ||
        !store_export_running(app->store, &alive, error))
        return FALSE;
    for (guint i = 0; i < runs->len; i++) {
        struct run *run = &g_array_index(runs, struct run, i);

        if (run->kind != DELIVERY_AUTO)
            continue;
        status->has_last_run = TRUE;
        status->last_run = *run;
        *run = (struct run){0};
        status->running = alive && status->last_run.result == RUN_RUNNING;
        break;
    }
    return TRUE;
}

static gboolean held_read(struct app *app, struct status *status, GError **error)
{
    g_autoptr(GArray) days = NULL;
    g_autofree char *gap = NULL;

    if (!store_days(app->store, 0, 0, &days, error) || !store_meta(app->store, "gap_jobs", &gap, error))
        return FALSE;
    for (guint i = 0; i < days->len; i++) {
        const struct day_total *day = &g_array_index(days, struct day_total, i);

        status->jobs += day->jobs;
        if (i == 0)
            status->first_day = day->day;
        status->last_day = day->day;
    }
    if (gap)
        status->gap_jobs = g_ascii_strtoll(gap, NULL, 10);
    return TRUE;
}

static gboolean waived_read(struct app *app, struct status *status, GError **error)
{
    const struct delivery_query query = {.kind = DELIVERY_AUTO, .states = 1u << DELIVERY_WAIVED};
    g_autoptr(GPtrArray) rows = NULL;

    if (!store_deliveries(app->store, &query, &rows, error))
        return FALSE;
    for (guint i = 0; i < rows->len; i++)
        status->waived_until =
            MAX(status->waived_until, ((const struct delivery *)g_ptr_array_index(rows, i))->day);
    return TRUE;
}

static gboolean settings_read(struct app *app, struct status *status, GError **error)
{
    g_autoptr(PtSettings) settings = NULL;
    g_autoptr(PtZone) zone = NULL;
    g_autoptr(GPtrArray) missing = NULL;

    if (!config_load(app, &settings, error))
        return FALSE;
    zone = app_zone(settings, error);
    if (!zone)
        return FALSE;
    missing = settings_incomplete(settings);
    status->zone = g_strdup(zone_name(zone));
    status->enabled = settings_bool(settings, SETTING_EXPORT_ENABLED);
    if (missing->len == 0)
        status->destination = target_shown(settings);
    return TRUE;
}

gboolean status_get(struct app *app, struct status *ret_status, GError **error)
{
    struct status status = {.now = app_now(app)};
    struct schedule_answer answer;

    if (settings_read(app, &status, error) && scheduler_ask(app, FALSE, &answer, error) &&
        last_run_take(app, &status, error) && export_pending(app, &status.pending, error) &&
        store_sources(app->store, &status.sources, error) && held_read(app, &status, error) &&
        adopt_needed(app, &status.copy, error) && waived_read(app, &status, error)) {
        status.next_run = answer.next_run;
        *ret_status = status;
        return TRUE;
    }
    status_clear(&status);
    return FALSE;
}
