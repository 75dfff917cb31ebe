/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Adopting a copy: waive what the original has delivered, then take the mark away. */
#include "app/adopt.h"

#include "app/export.h"

gboolean adopt_needed(struct app *app, gboolean *ret_needed, GError **error)
{
    g_autofree char *copy_of = NULL;

    if (!store_meta(app->store, "copy_of", &copy_of, error))
        return FALSE;
    *ret_needed = copy_of != NULL;
    return TRUE;
}

gboolean adopt_check(struct app *app, GError **error)
{
    gboolean needed = FALSE;

    if (!adopt_needed(app, &needed, error))
        return FALSE;
    if (needed)
        pt_error_set(
            error, PT_ERROR_INPUT,
            "this store is a copy and delivers nothing until 'printtrail store adopt --delivered-until "
            "DAY' has said up to which day the original has delivered",
            "このデータストアは複製です。「printtrail store adopt --delivered-until "
            "日付」で、元の装置がどの日まで"
            "送信済みかを指定するまで、何も送信しません");
    return !needed;
}

static gboolean delivered_waive(struct app *app, gint32 until, const char *who, gint64 *ret_jobs,
                                GError **error)
{
    g_autoptr(GError) why = NULL;

    *ret_jobs = 0;
    if (export_waive(app, NULL, 0, until, who, "store adopt: delivered by the original", ret_jobs, &why))
        return TRUE;
    /* Nothing is pending up to that day: that is fine. */
    if (g_error_matches(why, PT_ERROR, PT_ERROR_MISSING))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

gboolean adopt_run(struct app *app, gint32 delivered_until, const char *who, gint64 *ret_jobs, GError **error)
{
    gboolean needed = FALSE;
    gint64 jobs = 0;

    if (!adopt_needed(app, &needed, error))
        return FALSE;
    if (needed && !delivered_waive(app, delivered_until, who, &jobs, error))
        return FALSE;
    if (!store_adopt(app->store, error) || !store_audit(app->store, app_now(app), who, "store adopt", error))
        return FALSE;
    *ret_jobs = jobs;
    return TRUE;
}
