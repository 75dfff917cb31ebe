/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a file goes: made from the settings, frozen in the ledger, turned into a request for the deliver
 * helper. */
#include "app/target.h"

#include "core/destination.h"
#include <string.h>

/* Members that make two targets the same place. */
static const char *const place[] = {"method", "host", "port", "share", "folder",
                                    "domain", "user", "to",   "from"};
static const char *const methods[] = {"smb", "mail", "ftp"}; /* order of export.method's choices */

static gsize limit_of(const struct settings *settings, enum setting_id id)
{
    const struct setting_info *info = setting_info(id);

    return (gsize)(settings_choice(settings, SETTING_LIMITS) == 1 ? info->extended_limit
                                                                  : info->device_limit);
}

static gboolean put_smb(const struct settings *settings, json_t *target, GError **error)
{
    struct smb_destination to = {0};
    g_autofree char *domain = NULL;
    g_autofree char *user = NULL;

    if (!user_parse(settings_text(settings, SETTING_SMB_USER), limit_of(settings, SETTING_SMB_USER), &domain,
                    &user, error) ||
        !smb_destination_parse(settings_text(settings, SETTING_SMB_PATH),
                               limit_of(settings, SETTING_SMB_PATH), &to, NULL, error))
        return FALSE;
    json_object_set_new(target, "host", json_string(to.host));
    json_object_set_new(target, "port", json_integer(to.port));
    json_object_set_new(target, "share", json_string(to.share));
    json_object_set_new(target, "folder", json_string(to.folder));
    json_object_set_new(target, "domain", json_string(domain));
    json_object_set_new(target, "user", json_string(user));
    json_object_set_new(target, "secret", json_string(settings_text(settings, SETTING_SMB_PASSWORD)));
    json_object_set_new(target, "create_folder",
                        json_boolean(settings_bool(settings, SETTING_SMB_CREATE_FOLDER)));
    json_object_set_new(target, "encryption_required",
                        json_boolean(settings_choice(settings, SETTING_SMB_ENCRYPTION) == 1));
    smb_destination_clear(&to);
    return TRUE;
}

static gboolean put_ftp(const struct settings *settings, json_t *target, GError **error)
{
    struct ftp_destination to = {0};
    int security = settings_choice(settings, SETTING_FTP_SECURITY);

    if (!ftp_destination_parse(settings_text(settings, SETTING_FTP_PATH),
                               limit_of(settings, SETTING_FTP_PATH), &to, NULL, error))
        return FALSE;
    json_object_set_new(target, "host", json_string(to.host));
    json_object_set_new(target, "port", json_integer(to.port ? to.port : security == 2 ? 990 : 21));
    json_object_set_new(target, "folder", json_string(to.folder));
    json_object_set_new(target, "user", json_string(settings_text(settings, SETTING_FTP_USER)));
    json_object_set_new(target, "secret", json_string(settings_text(settings, SETTING_FTP_PASSWORD)));
    json_object_set_new(target, "security", json_integer(security));
    json_object_set_new(target, "active", json_boolean(settings_bool(settings, SETTING_FTP_ACTIVE)));
    ftp_destination_clear(&to);
    return TRUE;
}

static gboolean put_mail(const struct settings *settings, json_t *target, GError **error)
{
    struct mail_server server = {0};
    int security = settings_choice(settings, SETTING_MAIL_SECURITY);
    gboolean auth = settings_bool(settings, SETTING_MAIL_AUTH);

    if (!mail_server_parse(settings_text(settings, SETTING_MAIL_SERVER),
                           limit_of(settings, SETTING_MAIL_SERVER), &server, error))
        return FALSE;
    json_object_set_new(target, "host", json_string(server.host));
    json_object_set_new(target, "port", json_integer(server.port ? server.port : security == 3 ? 465 : 25));
    json_object_set_new(target, "to", json_string(settings_text(settings, SETTING_MAIL_TO)));
    json_object_set_new(target, "from", json_string(settings_text(settings, SETTING_MAIL_FROM)));
    json_object_set_new(target, "security", json_integer(security));
    json_object_set_new(target, "auth", json_boolean(auth));
    json_object_set_new(target, "user", json_string(auth ? settings_text(settings, SETTING_MAIL_USER) : ""));
    json_object_set_new(target, "secret",
                        json_string(auth ? settings_text(settings, SETTING_MAIL_PASSWORD) : ""));
    mail_server_clear(&server);
    return TRUE;
}

/* INPUT listing what the destination lacks; TRUE when it lacks nothing. */
static gboolean complete(const struct settings *settings, GError **error)
{
    g_autoptr(GPtrArray) lacking = settings_incomplete(settings);
    g_autoptr(GString) en = g_string_new("the destination is not complete\n");
    g_autoptr(GString) ja = g_string_new("エクスポート先の設定が足りません\n");

    for (guint i = 0; i < lacking->len; i++) {
        const struct setting_problem *problem = g_ptr_array_index(lacking, i);
        g_string_append_printf(en, "%s%s: %s", i ? "\n" : "", setting_info(problem->id)->key,
                               problem->message[PT_LANG_EN]);
        g_string_append_printf(ja, "%s%s: %s", i ? "\n" : "", setting_info(problem->id)->key,
                               problem->message[PT_LANG_JA]);
    }
    if (lacking->len > 0)
        pt_error_set_texts(error, PT_ERROR_INPUT, en->str, ja->str);
    return lacking->len == 0;
}

char *target_from_settings(const struct settings *settings, GError **error)
{
    int method = settings_choice(settings, SETTING_EXPORT_METHOD);
    json_t *target;
    gboolean ok;
    char *text;

    if (!complete(settings, error))
        return NULL;
    target = json_object();
    json_object_set_new(target, "method", json_string(methods[method]));
    json_object_set_new(target, "ca_file", json_string(settings_text(settings, SETTING_TLS_CA_FILE)));
    ok = method == 0   ? put_smb(settings, target, error)
         : method == 1 ? put_mail(settings, target, error)
                       : put_ftp(settings, target, error);
    text = ok ? json_dumps(target, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(target);
    return text;
}

char *target_shown(const struct settings *settings)
{
    switch (settings_choice(settings, SETTING_EXPORT_METHOD)) {
    case 0:
        return g_strdup(settings_text(settings, SETTING_SMB_PATH));
    case 1:
        return g_strdup_printf("mailto:%s (%s)", settings_text(settings, SETTING_MAIL_TO),
                               settings_text(settings, SETTING_MAIL_SERVER));
    default:
        return g_strdup(settings_text(settings, SETTING_FTP_PATH));
    }
}

gboolean target_same(const char *a, const char *b)
{
    json_t *left = a ? json_loads(a, 0, NULL) : NULL;
    json_t *right = b ? json_loads(b, 0, NULL) : NULL;
    gboolean same = left && right;

    for (gsize i = 0; same && i < G_N_ELEMENTS(place); i++) {
        json_t *x = json_object_get(left, place[i]);
        json_t *y = json_object_get(right, place[i]);
        same = x == y || (x && y && json_equal(x, y));
    }
    json_decref(left);
    json_decref(right);
    return same;
}

const char *target_method(const char *target)
{
    json_t *read = target ? json_loads(target, 0, NULL) : NULL;
    const char *name = json_string_value(json_object_get(read, "method"));
    const char *found = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(methods); i++)
        if (g_strcmp0(name, methods[i]) == 0)
            found = methods[i];
    json_decref(read);
    return found;
}

json_t *target_request(const struct app *app, const char *target, const char *op, GError **error)
{
    json_t *request = target ? json_loads(target, 0, NULL) : NULL;
    g_autofree char *key_file = app_path(app, "secret.key");

    if (!json_is_object(request)) {
        json_decref(request);
        pt_error_set(error, PT_ERROR_INTEGRITY, "the recorded target of a delivery cannot be read",
                     "記録されたエクスポート先を読めません");
        return NULL;
    }
    json_object_set_new(request, "op", json_string(op));
    json_object_set_new(request, "key_file", json_string(key_file));
    json_object_set_new(request, "timeout_s", json_integer(60));
    return request;
}

gboolean target_csv_format(const struct settings *settings, struct csv_format *ret_format, GError **error)
{
    static const char separators[] = {',', ';', '\t'};
    g_autoptr(PtZone) zone = app_zone(settings, error);
    struct csv_format format = {
        .encoding = (enum csv_encoding)settings_choice(settings, SETTING_CSV_ENCODING),
        .header_ja = settings_choice(settings, SETTING_CSV_HEADER) == 0,
        .separator = separators[settings_choice(settings, SETTING_CSV_SEPARATOR)],
        .formula_guard = settings_bool(settings, SETTING_CSV_FORMULA_GUARD),
        .date_format = (enum date_format)settings_choice(settings, SETTING_PREFERENCES_DATE_FORMAT),
    };

    if (!zone)
        return FALSE;
    g_strlcpy(format.zone, zone_name(zone), sizeof format.zone);
    *ret_format = format;
    return TRUE;
}
