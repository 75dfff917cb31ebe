/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judges changes of settings together, all or nothing (SPEC 2, 5). */
#include "core/settings.h"

#include <string.h>

#include "base/secret.h"
#include "core/destination.h"

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

enum { LIMITS_DEVICE, LIMITS_EXTENDED };       /* choices of limits */
enum { METHOD_SMB, METHOD_MAIL, METHOD_FTP };  /* choices of export.method */
enum { FTP_NONE, FTP_EXPLICIT, FTP_IMPLICIT }; /* choices of ftp.security */

/* One rule for one text that is not empty: the value as it is stored (new string), or NULL and an INPUT
 * error. */
typedef char *(*TextRule)(enum setting_id id, const char *value, gboolean extended, GError **error);

void setting_problem_free(struct setting_problem *problem)
{
    if (!problem)
        return;
    g_free(problem->message[PT_LANG_EN]);
    g_free(problem->message[PT_LANG_JA]);
    g_free(problem);
}

static GPtrArray *problems_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)setting_problem_free);
}

static void problem_add(GPtrArray *problems, enum setting_id id, const GError *error)
{
    struct setting_problem *problem = g_new0(struct setting_problem, 1);

    problem->id = id;
    problem->message[PT_LANG_EN] = pt_error_message(error, PT_LANG_EN);
    problem->message[PT_LANG_JA] = pt_error_message(error, PT_LANG_JA);
    g_ptr_array_add(problems, problem);
}

static gboolean has_problem(const GPtrArray *problems, enum setting_id id)
{
    for (guint i = 0; i < problems->len; i++) {
        const struct setting_problem *problem = g_ptr_array_index(problems, i);
        if (problem->id == id)
            return TRUE;
    }
    return FALSE;
}

/* --- rules --- */

static char *rule_line(enum setting_id id, const char *value, gboolean extended, GError **error)
{
    return text_check(value, setting_limit(id, extended), error) ? g_strdup(value) : NULL;
}

/* Never normalised; only what nobody can type into a password field is refused. */
static char *rule_password(enum setting_id id, const char *value, gboolean extended, GError **error)
{
    gsize limit = setting_limit(id, extended);

    if (!g_utf8_validate(value, -1, NULL))
        pt_error_set(error, PT_ERROR_INPUT, "not valid UTF-8 (at most %zu characters)",
                     "文字コードがUTF-8ではありません(最大%zu文字)", limit);
    else if (text_width(value) > limit)
        pt_error_set(error, PT_ERROR_INPUT, "longer than %zu characters (a wide character counts 2)",
                     "%zu文字を超えています(全角は2文字と数えます)", limit);
    else if (strpbrk(value, "\r\n"))
        pt_error_set(error, PT_ERROR_INPUT, "a line end is not allowed (at most %zu characters)",
                     "改行は使えません(最大%zu文字)", limit);
    else
        return g_strdup(value);
    return NULL;
}

static char *rule_smb_path(enum setting_id id, const char *value, gboolean extended, GError **error)
{
    struct smb_destination destination;
    char *normal = NULL;

    if (smb_destination_parse(value, setting_limit(id, extended), &destination, &normal, error))
        smb_destination_clear(&destination);
    return normal;
}

static char *rule_ftp_path(enum setting_id id, const char *value, gboolean extended, GError **error)
{
    struct ftp_destination destination;
    char *normal = NULL;

    if (ftp_destination_parse(value, setting_limit(id, extended), &destination, &normal, error))
        ftp_destination_clear(&destination);
    return normal;
}

static char *rule_smb_user(enum setting_id id, const char *value, gboolean extended, GError **error)
{
    return user_parse(value, setting_limit(id, extended), NULL, NULL, error) ? text_normalise(value) : NULL;
}

static char *rule_mail_address(enum setting_id id, const char *value, gboolean extended, GError **error)
{
    gboolean several = extended && id == SETTING_MAIL_TO;
    g_auto(GStrv) list = NULL;

    if (!mail_address_check(value, setting_limit(id, extended), several, error))
        return NULL;
    list = g_strsplit(value, ",", -1);
    for (char **one = list; *one; one++)
        g_strstrip(*one);
    return g_strjoinv(",", list);
}

static char *rule_mail_server(enum setting_id id, const char *value, gboolean extended, GError **error)
{
    struct mail_server server;

    if (!mail_server_parse(value, setting_limit(id, extended), &server, error))
        return NULL;
    mail_server_clear(&server);
    return g_strdup(value);
}

static char *rule_prefix(enum setting_id id, const char *value, gboolean extended, GError **error)
{
    gsize limit = setting_limit(id, extended);

    if (!text_check(value, limit, error))
        return NULL;
    if (strspn(value, LETTERS DIGITS "-_") != strlen(value)) {
        pt_error_set(error, PT_ERROR_INPUT, "only A-Z a-z 0-9 - _ are allowed (at most %zu characters)",
                     "使えるのは A-Z a-z 0-9 - _ だけです(最大%zu文字)", limit);
        return NULL;
    }
    return g_strdup(value);
}

static char *rule_absolute_file(enum setting_id id, const char *value, gboolean extended, GError **error)
{
    gsize limit = setting_limit(id, extended);

    if (!text_check(value, limit, error))
        return NULL;
    if (value[0] != '/') {
        pt_error_set(error, PT_ERROR_INPUT,
                     "must be a file with its whole path, from / on (at most %zu characters)",
                     "/ から始まるファイルの絶対パスを指定してください(最大%zu文字)", limit);
        return NULL;
    }
    return g_strdup(value);
}

/* GLib also takes offsets ("+09:00"), POSIX rules ("JST-9", with the sign turned round), absolute files and
   "right/" (with leap seconds): none of them is a name of the tz database. */
static gboolean zone_name_plausible(const char *name)
{
    static const char *const with_digits[] = {"EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT",
                                              "GMT0",    "GMT+0",   "GMT-0",   NULL};

    if (!g_ascii_isupper(name[0]) || strspn(name, LETTERS DIGITS "_+-/") != strlen(name) ||
        strstr(name, "//"))
        return FALSE;
    if (strcmp(name, "Z") == 0)
        return FALSE;
    return strchr(name, '/') || !strpbrk(name, DIGITS) || g_strv_contains(with_digits, name);
}

static char *rule_zone(enum setting_id id, const char *value, gboolean extended, GError **error)
{
    gsize limit = setting_limit(id, extended);
    g_autoptr(GTimeZone) zone = NULL;

    if (!text_check(value, limit, error))
        return NULL;
    zone = zone_name_plausible(value) ? g_time_zone_new_identifier(value) : NULL;
    if (!zone) {
        pt_error_set(error, PT_ERROR_INPUT,
                     "not a name of the tz database such as Asia/Tokyo (at most %zu characters)",
                     "Asia/Tokyo のようなタイムゾーン名(tzデータベース)ではありません(最大%zu文字)", limit);
        return NULL;
    }
    return g_strdup(value);
}

/* Rows without a rule of their own: one line of text. */
static const TextRule text_rules[SETTING_COUNT] = {
    [SETTING_EXPORT_PREFIX] = rule_prefix,       [SETTING_SMB_PATH] = rule_smb_path,
    [SETTING_SMB_USER] = rule_smb_user,          [SETTING_FTP_PATH] = rule_ftp_path,
    [SETTING_MAIL_TO] = rule_mail_address,       [SETTING_MAIL_FROM] = rule_mail_address,
    [SETTING_MAIL_SERVER] = rule_mail_server,    [SETTING_TLS_CA_FILE] = rule_absolute_file,
    [SETTING_PREFERENCES_TIME_ZONE] = rule_zone,
};

static char *judge_text(enum setting_id id, const char *value, gboolean extended, GError **error)
{
    TextRule rule = text_rules[id] ? text_rules[id] : rule_line;

    if (setting_info(id)->secret)
        rule = rule_password;
    return *value ? rule(id, value, extended, error) : g_strdup("");
}

static char *judge_value(enum setting_id id, const char *value, gboolean extended, GError **error)
{
    const struct setting_info *info = setting_info(id);
    gint64 number = 0;

    switch (info->type) {
    case SETTING_TEXT:
        return judge_text(id, value, extended, error);
    case SETTING_BOOL:
        if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
            return g_strdup(value);
        pt_error_set(error, PT_ERROR_INPUT, "must be true or false", "true または false を指定してください");
        return NULL;
    case SETTING_INT:
        if (setting_int_parse(id, value, &number))
            return g_strdup_printf("%" G_GINT64_FORMAT, number);
        pt_error_set(
            error, PT_ERROR_INPUT, "must be a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
            "%" G_GINT64_FORMAT "~%" G_GINT64_FORMAT " の整数を指定してください", info->min, info->max);
        return NULL;
    case SETTING_CHOICE:
        if (setting_choice_index(id, value) >= 0)
            return g_strdup(value);
        pt_error_set(error, PT_ERROR_INPUT, "must be one of %s", "%s のどれかを指定してください",
                     info->choices);
        return NULL;
    }
    return NULL;
}

/* --- all changes together --- */

struct judging {
    struct settings *result;
    GPtrArray *problems;
    gboolean extended; /* the limits in force after the change */
    gboolean given[SETTING_COUNT];
};

static void judge_change(struct judging *judging, const struct setting_change *change)
{
    g_autoptr(GError) error = NULL;
    char *value = judge_value(change->id, change->value, judging->extended, &error);

    if (value)
        settings_put(judging->result, change->id, value);
    else
        problem_add(judging->problems, change->id, error);
    secret_wipe(value); /* it may be a password in the clear */
}

/* `ftps:` is the other way to say ftp.security=implicit (RF3); the stored path is the same with and without
 * it. */
static void judge_ftps(struct judging *judging, const char *path)
{
    struct ftp_destination destination;
    g_autoptr(GError) error = NULL;

    if (!*path || has_problem(judging->problems, SETTING_FTP_PATH) ||
        !ftp_destination_parse(path, setting_limit(SETTING_FTP_PATH, judging->extended), &destination, NULL,
                               NULL))
        return;
    ftp_destination_clear(&destination);
    if (!destination.ftps)
        return;
    if (!judging->given[SETTING_FTP_SECURITY])
        settings_put(judging->result, SETTING_FTP_SECURITY, "implicit");
    else if (settings_choice(judging->result, SETTING_FTP_SECURITY) != FTP_IMPLICIT &&
             !has_problem(judging->problems, SETTING_FTP_SECURITY)) {
        pt_error_set(
            &error, PT_ERROR_INPUT,
            "contradicts the path, which begins with ftps: (implicit TLS); only implicit is possible beside "
            "it",
            "パスの ftps:(暗黙的TLS)と矛盾しています。ftps: と一緒に指定できるのは implicit だけです");
        problem_add(judging->problems, SETTING_FTP_SECURITY, error);
    }
}

static gboolean fits_device(enum setting_id id, const char *stored)
{
    const struct setting_info *info = setting_info(id);
    g_autofree char *value = NULL;

    if (info->type != SETTING_TEXT || (info->device_limit == info->extended_limit && id != SETTING_MAIL_TO))
        return TRUE;
    if (info->secret)
        return (gsize)settings_secret_width(stored) <= setting_limit(id, FALSE);
    value = judge_text(id, stored, FALSE, NULL);
    return value != NULL;
}

/* limits=device: everything that stays stored must fit, or the form would show what it does not accept. */
static void judge_stored(struct judging *judging)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) names = g_string_new(NULL);

    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting_id id = (enum setting_id)i;
        if (!judging->given[i] && !fits_device(id, settings_text(judging->result, id)))
            g_string_append_printf(names, "%s%s (%zu)", names->len > 0 ? ", " : "", setting_info(id)->key,
                                   setting_limit(id, FALSE));
    }
    if (names->len == 0)
        return;
    pt_error_set(&error, PT_ERROR_INPUT,
                 "device is refused while longer values are stored (in brackets: the most characters): %s",
                 "上限を超える値が保存されているため device にできません(かっこ内は最大文字数): %s",
                 names->str);
    problem_add(judging->problems, SETTING_LIMITS, error);
}

/* Complete, by export.method. `auth`: only with mail.auth. */
static const struct {
    int method;
    enum setting_id id;
    gboolean auth;
} needed[] = {
    {METHOD_SMB, SETTING_SMB_PATH, FALSE},      {METHOD_SMB, SETTING_SMB_USER, FALSE},
    {METHOD_FTP, SETTING_FTP_PATH, FALSE},      {METHOD_FTP, SETTING_FTP_USER, FALSE},
    {METHOD_MAIL, SETTING_MAIL_TO, FALSE},      {METHOD_MAIL, SETTING_MAIL_FROM, FALSE},
    {METHOD_MAIL, SETTING_MAIL_SERVER, FALSE},  {METHOD_MAIL, SETTING_MAIL_USER, TRUE},
    {METHOD_MAIL, SETTING_MAIL_PASSWORD, TRUE},
};

GPtrArray *settings_incomplete(const struct settings *settings)
{
    GPtrArray *problems = problems_new();
    int method = settings_choice(settings, SETTING_EXPORT_METHOD);

    for (gsize i = 0; i < G_N_ELEMENTS(needed); i++) {
        g_autoptr(GError) error = NULL;
        if (needed[i].method != method || (needed[i].auth && !settings_bool(settings, SETTING_MAIL_AUTH)) ||
            *settings_text(settings, needed[i].id))
            continue;
        pt_error_set(&error, PT_ERROR_INPUT, "is not set, but needed by export.method=%s%s",
                     "設定されていません(export.method=%s%s で必要です)",
                     settings_text(settings, SETTING_EXPORT_METHOD), needed[i].auth ? " mail.auth=true" : "");
        problem_add(problems, needed[i].id, error);
    }
    return problems;
}

/* A value that was just refused is not also reported as missing. */
static void judge_complete(struct judging *judging)
{
    g_autoptr(GPtrArray) missing = settings_incomplete(judging->result);

    g_ptr_array_set_free_func(missing, NULL);
    for (guint i = 0; i < missing->len; i++) {
        struct setting_problem *problem = g_ptr_array_index(missing, i);
        if (has_problem(judging->problems, problem->id))
            setting_problem_free(problem);
        else
            g_ptr_array_add(judging->problems, problem);
    }
}

/* The limits first: they decide about all the others. */
static void judge_given(struct judging *judging, const struct setting_change *changes, gsize n_changes)
{
    g_autoptr(GError) error = NULL;

    pt_error_set(&error, PT_ERROR_INPUT, "is given twice; at most 1 value is possible",
                 "2回指定されています。値は1つだけ指定してください");
    for (gsize i = 0; i < n_changes; i++) {
        enum setting_id id = changes[i].id;
        g_assert(id < SETTING_COUNT && changes[i].value);
        if (judging->given[id] && !has_problem(judging->problems, id))
            problem_add(judging->problems, id, error);
        judging->given[id] = TRUE;
        if (id == SETTING_LIMITS)
            judge_change(judging, &changes[i]);
    }
    judging->extended = settings_choice(judging->result, SETTING_LIMITS) == LIMITS_EXTENDED;
    for (gsize i = 0; i < n_changes; i++)
        if (changes[i].id != SETTING_LIMITS)
            judge_change(judging, &changes[i]);
}

GPtrArray *settings_judge(const struct settings *current, const struct setting_change *changes,
                          gsize n_changes, struct settings **ret_result)
{
    g_autoptr(PtSettings) result = settings_copy(current);
    struct judging judging = {.result = result, .problems = problems_new()};

    judge_given(&judging, changes, n_changes);
    for (gsize i = 0; i < n_changes; i++)
        if (changes[i].id == SETTING_FTP_PATH)
            judge_ftps(&judging, changes[i].value);
    if (judging.given[SETTING_LIMITS] && !judging.extended && !has_problem(judging.problems, SETTING_LIMITS))
        judge_stored(&judging);
    if (settings_bool(result, SETTING_EXPORT_ENABLED))
        judge_complete(&judging);
    if (judging.problems->len == 0 && ret_result)
        *ret_result = g_steal_pointer(&result);
    return judging.problems;
}
