/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Joins the recorded runs and the settings with core/schedule: is a run due, and when to ask again. */
#include "app/scheduler.h"

#include <string.h>

#include "app/config.h"

/* More than the 400 nominal dates that the schedule looks at, each with retries, and runs by hand in between.
 */
#define RUNS_MAX 2000

static gint64 number_of(const char *text)
{
    gint64 number = 0;

    if (!text || !g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, &number, NULL))
        return 0;
    return number;
}

/* When the schedule was saved. A moment in the future was written under a wrong clock: from now on it counts
   as saved now (RB5), or no run would ever come. A reading handle cannot correct it, and need not. */
static gboolean saved_at(struct app *app, gint64 now, gint64 *ret_saved_at, GError **error)
{
    g_autofree char *text = NULL;
    g_autofree char *fresh = NULL;

    if (!store_meta(app->store, "schedule_saved_at", &text, error))
        return FALSE;
    *ret_saved_at = number_of(text);
    if (*ret_saved_at <= now)
        return TRUE;
    *ret_saved_at = now;
    fresh = g_strdup_printf("%" G_GINT64_FORMAT, now);
    return app->mode == STORE_READ || store_meta_put(app->store, "schedule_saved_at", fresh, error);
}

/* Recorded runs as the schedule wants them: newest first in the store. While an export is running, only the
 * newest run without an end is alive. */
static gboolean runs_read(struct app *app, GArray **ret_runs, GError **error)
{
    g_autoptr(GArray) rows = NULL;
    g_autoptr(GArray) runs = g_array_new(FALSE, TRUE, sizeof(struct schedule_run));
    gboolean alive = FALSE;

    if (!store_runs(app->store, RUNS_MAX, &rows, error) || !store_export_running(app->store, &alive, error))
        return FALSE;
    for (guint i = 0; i < rows->len; i++) {
        const struct run *row = &g_array_index(rows, struct run, i);
        struct schedule_run run = {.nominal_date = row->nominal_date,
                                   .trigger = row->trigger,
                                   .started = row->started,
                                   .ended = row->ended,
                                   .succeeded = row->result == RUN_SUCCESS};

        if (row->kind != DELIVERY_AUTO)
            continue;
        if (row->result == RUN_RUNNING && alive) {
            alive = FALSE;
            continue;
        }
        g_array_append_val(runs, run);
    }
    *ret_runs = g_steal_pointer(&runs);
    return TRUE;
}

gboolean scheduler_ask(struct app *app, gboolean starting, struct schedule_answer *ret_answer, GError **error)
{
    g_autoptr(PtSettings) settings = NULL;
    g_autoptr(PtZone) zone = NULL;
    g_autoptr(GArray) runs = NULL;
    struct schedule schedule;
    gint64 now = app_now(app);

    if (!config_load(app, &settings, error))
        return FALSE;
    schedule = (struct schedule){.enabled = settings_bool(settings, SETTING_EXPORT_ENABLED),
                                 .hour = (int)settings_int(settings, SETTING_EXPORT_HOUR),
                                 .retries = (int)settings_int(settings, SETTING_EXPORT_RETRIES),
                                 .retry_minutes = (int)settings_int(settings, SETTING_EXPORT_RETRY_MINUTES)};
    zone = app_zone(settings, error);
    if (!zone || !saved_at(app, now, &schedule.saved_at, error) || !runs_read(app, &runs, error))
        return FALSE;
    *ret_answer = schedule_ask(&schedule, (const struct schedule_run *)(gpointer)runs->data, runs->len, zone,
                               now, starting);
    return TRUE;
}
