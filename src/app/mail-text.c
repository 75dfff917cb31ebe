/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The frozen text around a mailed CSV: Message-ID, Date, boundary, subject and body; the same for every
 * repeat. */
#include "app/export-internal.h"

#include "core/names.h"
#include <string.h>

static const char *const members[] = {"message_id", "date", "boundary", "subject", "body"};

/* RFC 5322 date-time in the device's zone. */
static char *mail_date(struct zone *zone, gint64 utc)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    struct local_time local = zone_local(zone, utc);
    int offset = zone_offset(zone, utc) / 60;
    int weekday = day_diff(local.year * 10000 + local.month * 100 + local.day, 20230101) % 7; /* a Sunday */

    return g_strdup_printf("%s, %d %s %d %02d:%02d:%02d %c%02d%02d", days[(weekday + 7) % 7], local.day,
                           months[local.month - 1], local.year, local.hour, local.minute, local.second,
                           offset < 0 ? '-' : '+', ABS(offset) / 60, ABS(offset) % 60);
}

static char *mail_subject(const struct export_context *context, const struct delivery *row)
{
    gboolean ja = settings_choice(context->settings, SETTING_PREFERENCES_LANGUAGE) == 0;
    const char *device = settings_text(context->settings, SETTING_PREFERENCES_DEVICE_NAME);
    g_autofree char *part =
        row->parts > 1 ? g_strdup_printf(" (%d/%d)", row->part, row->parts) : g_strdup("");
    char date[11] = "";

    if (row->day > 0)
        day_format(row->day, date);
    return g_strdup_printf("%s%s%s%s%s%s", *device ? device : "", *device ? ": " : "",
                           ja ? "ジョブ履歴" : "Job history", *date ? " " : "", date, part);
}

static char *mail_body(const struct export_context *context, const struct delivery *row)
{
    gboolean ja = settings_choice(context->settings, SETTING_PREFERENCES_LANGUAGE) == 0;

    return ja ? g_strdup_printf(
                    "ジョブ履歴のCSVファイルを添付します。\n\nファイル名: %s\nジョブ数: %" G_GINT64_FORMAT
                    "\nSHA-256: %s\n",
                    row->file_name, row->rows, row->sha256)
              : g_strdup_printf(
                    "The job history is attached as a CSV file.\n\nFile: %s\nJobs: %" G_GINT64_FORMAT
                    "\nSHA-256: %s\n",
                    row->file_name, row->rows, row->sha256);
}

gboolean mail_text_freeze(struct export_context *context, struct delivery *row, const char *salt,
                          GError **error)
{
    const char *domain = strrchr(settings_text(context->settings, SETTING_MAIL_FROM), '@');
    g_autofree char *installation = NULL;
    g_autofree char *seed = NULL;
    g_autofree char *hash = NULL;
    g_autofree char *id = NULL;
    g_autofree char *boundary = NULL;
    g_autofree char *date = mail_date(context->zone, app_now(context->app));
    g_autofree char *subject = mail_subject(context, row);
    g_autofree char *body = mail_body(context, row);
    json_t *text;
    char *dump;

    if (!store_meta(context->app->store, "installation_id", &installation, error))
        return FALSE;
    seed = g_strjoin("\n", installation ? installation : "", row->file_name, row->sha256, salt, NULL);
    hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, seed, -1);
    id = g_strdup_printf("<%.40s@%s>", hash, domain ? domain + 1 : "printtrail.invalid");
    boundary = g_strdup_printf("=-printtrail-%.32s", hash + 32);
    text = json_pack("{ss ss ss ss ss}", "message_id", id, "date", date, "boundary", boundary, "subject",
                     subject, "body", body);
    dump = json_dumps(text, JSON_COMPACT | JSON_SORT_KEYS);
    g_free(row->mail_headers);
    row->mail_headers = g_strdup(dump);
    free(dump);
    json_decref(text);
    return TRUE;
}

gboolean mail_text_put(const struct delivery *row, json_t *request, GError **error)
{
    json_t *text = json_loads(row->mail_headers, 0, NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        json_t *value = json_object_get(text, members[i]);
        if (!json_is_string(value)) {
            json_decref(text);
            pt_error_set(error, PT_ERROR_INTEGRITY, "the recorded mail headers of %s cannot be read",
                         "%s の記録されたメールヘッダを読めません", row->file_name);
            return FALSE;
        }
        json_object_set(request, members[i], value);
    }
    json_decref(text);
    return TRUE;
}
