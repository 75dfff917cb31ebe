/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Manual export of a period (SPEC RP1): to the destination, or as files; never changes what counts as
 * delivered. */
#include "app/config.h"
#include "app/export-internal.h"
#include "app/spool.h"
#include "app/target.h"
#include "base/secret.h"
#include "core/names.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_DAYS 31
#define LOCK_WAIT_MS 10000
#define PERIOD_WRONG_JA "指定した期間が正しくありません。31日以内の期間を指定しなおしてください。"
#define PERIOD_WRONG_EN "The specified period is not correct. Specify a period of 31 days or less."
#define PERIOD_EMPTY_JA "指定した期間のジョブ履歴はありません。"
#define PERIOD_EMPTY_EN "There is no job history for the specified period."

gboolean export_period_check(gint32 from, gint32 to, GError **error)
{
    if (day_valid(from) && day_valid(to) && to >= from && day_diff(to, from) < MAX_DAYS)
        return TRUE;
    pt_error_set_texts(error, PT_ERROR_INPUT, PERIOD_WRONG_EN, PERIOD_WRONG_JA);
    return FALSE;
}

static gboolean period_days(struct app *app, gint32 from, gint32 to, GArray **ret_days, GError **error)
{
    if (!export_period_check(from, to, error) || !store_days(app->store, from, to, ret_days, error))
        return FALSE;
    if ((*ret_days)->len > 0)
        return TRUE;
    g_array_unref(*ret_days);
    *ret_days = NULL;
    pt_error_set_texts(error, PT_ERROR_MISSING, PERIOD_EMPTY_EN, PERIOD_EMPTY_JA);
    return FALSE;
}

/* Publishes a finished file under its name without ever replacing one. */
static gboolean publish(const char *temporary, const char *path, GError **error)
{
    int result = renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE);

    if (result != 0 && errno == EINVAL) { /* a file system without that: a link never replaces either */
        result = link(temporary, path);
        if (result == 0)
            (void)unlink(temporary);
    }
    if (result == 0)
        return TRUE;
    if (errno == EEXIST)
        pt_error_set(error, PT_ERROR_INPUT, "%s is already there and is not overwritten",
                     "%s はすでにあります。上書きしません", path);
    else
        pt_error_set(error, PT_ERROR_X19, "cannot write %s: %s", "%s に書き込めません: %s", path,
                     g_strerror(errno));
    (void)unlink(temporary);
    return FALSE;
}

static gboolean download_day(struct app *app, const struct csv_format *format, const struct day_total *day,
                             const char *directory, const char *name, GError **error)
{
    g_autofree char *token = random_hex(8);
    g_autofree char *hidden = g_strdup_printf(".%s.%s", name, token);
    g_autofree char *temporary = g_build_filename(directory, hidden, NULL);
    g_autofree char *path = g_build_filename(directory, name, NULL);
    struct spool_file file;

    return spool_render(app, temporary, format, day->day, 0, day->last_seq, name, &file, error) &&
           publish(temporary, path, error);
}

static gboolean download_all(struct app *app, GArray *days, const char *directory, GPtrArray *names,
                             GError **error)
{
    g_autoptr(PtSettings) settings = NULL;
    g_autoptr(PtZone) zone = NULL;
    struct csv_format format;
    struct local_time started;

    if (!g_file_test(directory, G_FILE_TEST_IS_DIR)) {
        pt_error_set(error, PT_ERROR_INPUT, "%s is not a directory", "%s はディレクトリではありません",
                     directory);
        return FALSE;
    }
    if (!config_load(app, &settings, error) || !(zone = app_zone(settings, error)) ||
        !target_csv_format(settings, &format, error))
        return FALSE;
    started = zone_local(zone, app_now(app));
    for (guint i = 0; i < days->len; i++) {
        const struct day_total *day = &g_array_index(days, struct day_total, i);
        g_autofree char *name = name_range(settings_text(settings, SETTING_EXPORT_PREFIX), day->day, &started,
                                           format.date_format);
        if (!download_day(app, &format, day, directory, name, error))
            return FALSE;
        g_ptr_array_add(names, g_strdup(name));
    }
    return TRUE;
}

/* One mail holds at most so many jobs, here too; other methods send one file a day. */
static gboolean cut_day(struct export_context *context, const struct day_total *day, GArray **ret_cuts,
                        GError **error)
{
    gboolean mail = settings_choice(context->settings, SETTING_EXPORT_METHOD) == 1;
    gint64 max_rows = mail ? settings_int(context->settings, SETTING_MAIL_JOBS_PER_MAIL) : 0;

    return spool_cuts(context->app, &context->format, day->day, 0, day->last_seq, max_rows,
                      mail ? export_mail_payload(context->size_limit) : 0, ret_cuts, error);
}

static char *part_name(const char *name, guint part, guint parts)
{
    return parts == 1 ? g_strdup(name)
                      : g_strdup_printf("%.*s_part%uof%u.csv", (int)strlen(name) - 4, name, part, parts);
}

static struct delivery *manual_row(const struct export_context *context, gint32 day, const char *name)
{
    struct delivery *row = delivery_new();

    row->kind = DELIVERY_MANUAL;
    row->state = DELIVERY_PLANNED;
    row->day = day;
    row->revision = 1;
    row->file_name = g_strdup(name);
    row->format = g_strdup(context->format_text);
    row->target = g_strdup(context->target);
    row->target_shown = g_strdup(context->shown);
    return row;
}

static gboolean send_day(struct export_context *context, const struct day_total *day,
                         const struct local_time *started, GPtrArray *names, GError **error)
{
    g_autofree char *whole = name_range(settings_text(context->settings, SETTING_EXPORT_PREFIX), day->day,
                                        started, context->format.date_format);
    g_autoptr(GArray) cuts = NULL;
    gint64 from = 0;

    if (!cut_day(context, day, &cuts, error))
        return FALSE;
    for (guint i = 0; i < cuts->len; i++) {
        g_autofree char *name = part_name(whole, i + 1, cuts->len);
        g_autoptr(PtDelivery) row = manual_row(context, day->day, name);
        row->part = (int)i + 1;
        row->parts = (int)cuts->len;
        row->seq_from = from;
        row->seq_to = from = g_array_index(cuts, gint64, i);
        if (!store_delivery_insert(context->app->store, row, error) ||
            export_attempt(context, row, error) != ATTEMPT_DELIVERED)
            return FALSE;
        g_ptr_array_add(names, g_strdup(name));
    }
    return TRUE;
}

static gboolean send_all(struct export_context *context, GArray *days, GPtrArray *names, GError **error)
{
    struct local_time started = zone_local(context->zone, app_now(context->app));

    if (settings_choice(context->settings, SETTING_EXPORT_METHOD) == 1 && !export_ask_size(context, error))
        return FALSE;
    for (guint i = 0; i < days->len; i++) {
        app_tell(context->app, "file", NULL, i, days->len);
        if (!send_day(context, &g_array_index(days, struct day_total, i), &started, names, error))
            return FALSE;
    }
    return TRUE;
}

gboolean export_range(struct app *app, gint32 from, gint32 to, const char *download, GPtrArray **ret_names,
                      GError **error)
{
    g_auto(PtExportContext) context = {.lock_fd = -1};
    g_autoptr(GArray) days = NULL;
    GPtrArray *names;
    gboolean ok;

    if (!period_days(app, from, to, &days, error))
        return FALSE;
    if (!download && (!export_context_load(&context, app, error) ||
                      !export_lock(app, LOCK_WAIT_MS, &context.lock_fd, error)))
        return FALSE;
    names = g_ptr_array_new_with_free_func(g_free);
    ok = download ? download_all(app, days, download, names, error) : send_all(&context, days, names, error);
    if (context.lock_fd >= 0)
        store_export_unlock(app->store, context.lock_fd);
    *ret_names = names; /* also on failure: what was written or sent */
    return ok;
}
