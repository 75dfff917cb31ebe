/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deletes days older than history.keep_days and spool files that nobody needs any more (SPEC RW10). */
#include "app/retention.h"

#include <glib/gstdio.h>
#include <string.h>

#include "app/config.h"
#include "app/export-internal.h"
#include "app/spool.h"
#include "core/schedule.h"

#define LAST_TIME "retention_at" /* meta: seconds UTC */
/* A clock that has gone this far since the last look is more likely wrong than right: nothing is deleted by
 * it at once. */
#define JUMP_SECONDS (1100 * G_GINT64_CONSTANT(86400))

/* A rendering that was cut off by a crash; younger ones may belong to a process that is still at it. */
#define LEFTOVER_SECONDS 86400

static gboolean row_settled(struct app *app, gint64 id, gboolean *ret_settled, GError **error)
{
    const struct delivery_query query = {.id = id, .kind = -1};
    g_autoptr(GPtrArray) rows = NULL;

    if (!store_deliveries(app->store, &query, &rows, error))
        return FALSE;
    *ret_settled = FALSE;
    if (rows->len > 0) {
        enum delivery_state state = ((const struct delivery *)g_ptr_array_index(rows, 0))->state;

        *ret_settled = state == DELIVERY_DELIVERED || state == DELIVERY_VOID || state == DELIVERY_WAIVED;
    }
    return TRUE;
}

static gboolean leftover(const char *path, gint64 now)
{
    GStatBuf status;

    return g_lstat(path, &status) == 0 && S_ISREG(status.st_mode) &&
           now - (gint64)status.st_mtime > LEFTOVER_SECONDS;
}

/* "<id>.csv" of a row that is settled goes; all else only when it is old and not the file of any row. */
static gboolean spool_file_judge(struct app *app, const char *folder, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *stem = g_str_has_suffix(name, ".csv") ? g_strndup(name, strlen(name) - 4) : NULL;
    gint64 id = 0;
    gboolean settled = FALSE;

    if (!stem || !g_ascii_string_to_signed(stem, 10, 1, G_MAXINT64, &id, NULL)) {
        if (leftover(path, app_now(app)))
            (void)g_unlink(path); /* tried again by the next run */
        return TRUE;
    }
    if (!row_settled(app, id, &settled, error))
        return FALSE;
    if (settled)
        spool_remove(app, id);
    return TRUE;
}

static gboolean spool_clean(struct app *app, GError **error)
{
    g_autofree char *folder = app_path(app, "spool");
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir)))
        if (!spool_file_judge(app, folder, name, error))
            return FALSE;
    return TRUE;
}

static gboolean stamp(struct app *app, GError **error)
{
    g_autofree char *now = g_strdup_printf("%" G_GINT64_FORMAT, app_now(app));

    return store_meta_put(app->store, LAST_TIME, now, error);
}

/* FALSE also when the store cannot tell. */
static gboolean clock_jumped(struct app *app)
{
    g_autofree char *text = NULL;
    gint64 last = 0;

    return store_meta(app->store, LAST_TIME, &text, NULL) && text &&
           g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, &last, NULL) &&
           app_now(app) - last > JUMP_SECONDS;
}

gboolean retention_run(struct app *app, const struct settings *settings, gint64 *ret_days, gint64 *ret_jobs,
                       gint64 *ret_gap, GError **error)
{
    gint64 keep = settings_int(settings, SETTING_HISTORY_KEEP_DAYS);
    gboolean undelivered_too = !settings_bool(settings, SETTING_EXPORT_ENABLED);
    g_autoptr(PtZone) zone = app_zone(settings, error);
    gint64 days = 0, jobs = 0, gap = 0;
    gint32 day = -1;

    if (!zone || !spool_clean(app, error))
        return FALSE;
    if (clock_jumped(app))
        keep = 0;
    if (!stamp(app, error))
        return FALSE;
    while (keep > 0 && day != 0 && !app_cancelled(app)) {
        gint64 day_jobs = 0, day_gap = 0;
        gint32 before = day_add(zone_day(zone, app_now(app)), -(int)MIN(keep, G_MAXINT));

        if (!store_purge_day(app->store, before, undelivered_too, &day, &day_jobs, &day_gap, error))
            return FALSE;
        days += day != 0;
        jobs += day_jobs;
        gap += day_gap;
        app_tell(app, "purge", "", days, 0);
    }
    *ret_days = days;
    *ret_jobs = jobs;
    *ret_gap = gap;
    return TRUE;
}

gboolean retention_due(struct app *app, gboolean *ret_due, GError **error)
{
    g_autoptr(PtSettings) settings = NULL;
    g_autoptr(PtZone) zone = NULL;
    g_autofree char *text = NULL;
    gint64 now = app_now(app), last = 0, hour = 0;
    gint32 date;

    *ret_due = FALSE;
    if (!config_load(app, &settings, error))
        return FALSE;
    if (settings_bool(settings, SETTING_EXPORT_ENABLED))
        return TRUE;
    zone = app_zone(settings, error);
    if (!zone || !store_meta(app->store, LAST_TIME, &text, error))
        return FALSE;
    /* Recorded under a clock that was ahead: that moment may never come. */
    if (!text || !g_ascii_string_to_signed(text, 10, 0, now, &last, NULL))
        return stamp(app, error);
    *ret_due =
        schedule_latest_nominal(zone, (int)settings_int(settings, SETTING_EXPORT_HOUR), now, &date, &hour) &&
        hour > last;
    return TRUE;
}

gboolean retention_alone(struct app *app, gint64 *ret_days, gint64 *ret_jobs, gint64 *ret_gap, GError **error)
{
    g_autoptr(PtSettings) settings = NULL;
    int lock = -1;
    gboolean ok;

    if (!export_lock(app, 0, &lock, error))
        return FALSE;
    ok = config_load(app, &settings, error) &&
         retention_run(app, settings, ret_days, ret_jobs, ret_gap, error);
    store_export_unlock(app->store, lock);
    return ok;
}
