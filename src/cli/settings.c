/* SPDX-License-Identifier: GPL-3.0-or-later */
/* printtrail settings: show, set and check every setting. */
#include "cli/cli.h"

#include <string.h>

#include "app/config.h"
#include "app/export.h"
#include "app/scheduler.h"
#include "base/secret.h"

static int show_run(struct cli *cli, int argc, char **argv);
static int set_run(struct cli *cli, int argc, char **argv);
static int check_run(struct cli *cli, int argc, char **argv);

enum { SHOW, SET, CHECK };

const struct cli_command cli_settings_commands[] = {
    {"settings show",
     "[KEY...]",
     {"Shows the settings as KEY=VALUE; secrets only as (set) or (not set).",
      "設定を KEY=VALUE の形で表示します。秘密の値は (set) または (not set) とだけ表示します。"},
     FALSE,
     show_run},
    {"settings set",
     "KEY=VALUE...",
     {"Changes settings, all or nothing; KEY=@FILE and KEY=@- read the value, which passwords need.",
      "設定をまとめて変更します(1つでも正しくなければ何も変更しません)。KEY=@FILE と KEY=@- "
      "は値を読み込みます(パスワードは必ずこの形)。"},
     FALSE,
     set_run},
    {"settings check",
     "KEY=VALUE...",
     {"Judges values as 'settings set' would, and stores nothing.",
      "「settings set」と同じ判定だけを行い、何も保存しません。"},
     FALSE,
     check_run},
    {NULL},
};

/* Changes with the values they borrow; values may be passwords and are wiped. */
struct given {
    GArray *changes;   /* struct setting_change */
    GPtrArray *values; /* char * */
};

static void given_clear(struct given *given)
{
    g_array_free(given->changes, TRUE);
    g_ptr_array_free(given->values, TRUE);
}

static void say_unknown(const struct cli *cli, const char *key)
{
    enum setting_id near = setting_nearest(key);

    if (near < SETTING_COUNT)
        cli_say(cli, "%s: there is no such setting; did you mean %s?",
                "%s: この設定はありません。%s のことですか?", key, setting_info(near)->key);
    else
        cli_say(cli, "%s: there is no such setting; 'printtrail settings show' lists them",
                "%s: この設定はありません。「printtrail settings show」で一覧を表示します", key);
}

/* KEY=… with a key that is none; what has no '=' may be a password in the wrong place and is not repeated. */
static gboolean unknown(const char *argument)
{
    g_autofree char *key = g_strndup(argument, strcspn(argument, "="));

    return strchr(argument, '=') && setting_from_key(key) == SETTING_COUNT;
}

/* Every argument is looked at, so that one call names all that is wrong with the arguments themselves. */
static gboolean given_read(struct cli *cli, int argc, char **argv, struct given *ret_given, int *ret_status)
{
    struct given given = {g_array_new(FALSE, FALSE, sizeof(struct setting_change)),
                          g_ptr_array_new_with_free_func((GDestroyNotify)secret_wipe)};
    gboolean ok = TRUE;

    for (int i = 0; i < argc; i++) {
        struct setting_change change = {SETTING_COUNT, NULL};
        char *value = NULL;

        if (unknown(argv[i])) {
            g_autofree char *key = g_strndup(argv[i], strcspn(argv[i], "="));
            say_unknown(cli, key);
            *ret_status = 2;
            ok = FALSE;
            continue;
        }
        if (!cli_key_value(cli, argv[i], &change.id, &value, ret_status)) {
            ok = FALSE;
            continue;
        }
        change.value = value;
        g_ptr_array_add(given.values, value);
        g_array_append_val(given.changes, change);
    }
    if (ok)
        *ret_given = given;
    else
        given_clear(&given);
    return ok;
}

/* A state directory that is not there yet reads as all defaults: checking values comes before the first
 * start. *ret_app NULL then. FALSE: printed. */
static gboolean open_to_read(const struct cli *cli, struct app **ret_app, int *ret_status)
{
    g_autoptr(GError) error = NULL;
    struct app *app;

    if (!cli_become_owner(cli, ret_status))
        return FALSE;
    app = app_open(cli->state_dir, STORE_READ, &error);
    if (!app && pt_error_code_of(error) != PT_ERROR_MISSING) {
        *ret_status = cli_error(cli, error);
        return FALSE;
    }
    *ret_app = app;
    return TRUE;
}

/* --- show --- */

static const char *shown_value(const struct settings *settings, enum setting_id id)
{
    const char *text = settings_text(settings, id);

    if (setting_info(id)->secret)
        return *text ? "(set)" : "(not set)";
    return text;
}

static json_t *json_value(const struct settings *settings, enum setting_id id)
{
    switch (setting_info(id)->type) {
    case SETTING_BOOL:
        return json_boolean(settings_bool(settings, id));
    case SETTING_INT:
        return json_integer(settings_int(settings, id));
    case SETTING_CHOICE:
    case SETTING_TEXT:
        break;
    }
    return json_string(shown_value(settings, id));
}

/* The rows asked for, in the order of the question; all for none. NULL: printed. New array of enum
 * setting_id. */
static GArray *rows_of(const struct cli *cli, int argc, char **argv)
{
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(enum setting_id));
    gboolean ok = TRUE;

    for (int i = 0; i < (argc > 0 ? argc : SETTING_COUNT); i++) {
        enum setting_id id = argc > 0 ? setting_from_key(argv[i]) : (enum setting_id)i;

        if (id == SETTING_COUNT) {
            say_unknown(cli, argv[i]);
            ok = FALSE;
        }
        g_array_append_val(rows, id);
    }
    if (ok)
        return rows;
    g_array_free(rows, TRUE);
    return NULL;
}

static int show(const struct cli *cli, const struct settings *settings, const GArray *rows)
{
    json_t *object = cli->json ? json_object() : NULL;

    for (guint i = 0; i < rows->len; i++) {
        enum setting_id id = g_array_index(rows, enum setting_id, i);

        if (object)
            json_object_set_new(object, setting_info(id)->key, json_value(settings, id));
        else
            cli_print(cli, "%s=%s", "%s=%s", setting_info(id)->key, shown_value(settings, id));
    }
    return object ? cli_print_json(object) : 0;
}

static int show_run(struct cli *cli, int argc, char **argv)
{
    g_autoptr(GArray) rows = NULL;
    g_autoptr(PtSettings) settings = NULL;
    g_autoptr(PtApp) app = NULL;
    g_autoptr(GError) error = NULL;
    int status = 0;

    if (!cli_options(cli, &cli_settings_commands[SHOW], NULL, &argc, &argv, &status))
        return status;
    rows = rows_of(cli, argc, argv);
    if (!rows)
        return 2;
    if (!open_to_read(cli, &app, &status))
        return status;
    if (!app) {
        settings = settings_new();
        cli_say(cli, "there is no state in %s yet: these are the defaults",
                "%s にはまだデータがありません。初期値を表示します", cli->state_dir);
    } else if (!config_load(app, &settings, &error)) {
        return cli_error(cli, error);
    }
    return show(cli, settings, rows);
}

/* --- set, check --- */

/* RW7: the first run takes everything held; whoever switches on should know, and how to leave out older days.
 */
static void tell_pending(const struct cli *cli, struct app *app)
{
    struct export_pending pending = {0};
    g_autofree char *first = NULL;

    if (!export_pending(app, &pending, NULL)) /* only a courtesy: the settings are stored */
        return;
    first = cli_day_text(pending.first_day);
    if (pending.jobs > 0)
        cli_say(cli,
                "the first run will send %" G_GINT64_FORMAT
                " jobs of %u days, from %s on; to leave out older days: printtrail export waive --until DAY "
                "--reason TEXT",
                "最初の実行で %" G_GINT64_FORMAT " 件(%u 日分、%s から)を送信します。古い日を除くには: "
                "printtrail export waive --until 日付 --reason 理由",
                pending.jobs, pending.days->len, first);
    export_pending_clear(&pending);
}

/* RA11: what was just saved, as the moment of the next run. */
static void tell_next_run(const struct cli *cli, struct app *app, const struct settings *settings)
{
    struct schedule_answer answer = {0};
    g_autoptr(PtZone) zone = app_zone(settings, NULL);
    g_autofree char *time = NULL;

    if (!zone || !scheduler_ask(app, FALSE, &answer, NULL)) /* only a courtesy: the settings are stored */
        return;
    time = cli_time_people(zone, answer.next_run);
    if (time)
        cli_say(cli, "next run: %s (%s)", "次回実行: %s(%s)", time, zone_name(zone));
}

static gboolean schedule_changed(const struct settings *before, const struct settings *after)
{
    for (int i = 0; i < SETTING_COUNT; i++)
        if (setting_info((enum setting_id)i)->schedule && strcmp(before->text[i], after->text[i]) != 0)
            return TRUE;
    return FALSE;
}

static int set(const struct cli *cli, const struct given *given)
{
    g_autoptr(PtSettings) before = NULL;
    g_autoptr(PtSettings) after = NULL;
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(PtApp) app = NULL;
    int status = 0;

    app = cli_open(cli, STORE_CREATE, &status);
    if (!app)
        return status;
    if (!config_load(app, &before, &error) ||
        !config_change(app, (const struct setting_change *)(gconstpointer)given->changes->data,
                       given->changes->len, cli->who, FALSE, &problems, &after, &error))
        return cli_error(cli, error);
    cli_problems(cli, problems);
    if (!after)
        return 2;
    if (settings_bool(after, SETTING_EXPORT_ENABLED) && schedule_changed(before, after)) {
        if (!settings_bool(before, SETTING_EXPORT_ENABLED))
            tell_pending(cli, app);
        tell_next_run(cli, app, after);
    }
    return 0;
}

static int check(const struct cli *cli, const struct given *given)
{
    const struct setting_change *changes = (const struct setting_change *)(gconstpointer)given->changes->data;
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(PtApp) app = NULL;
    int status = 0;

    if (!open_to_read(cli, &app, &status))
        return status;
    if (!app) {
        g_autoptr(PtSettings) defaults = settings_new();
        problems = settings_judge(defaults, changes, given->changes->len, NULL);
    } else if (!config_change(app, changes, given->changes->len, cli->who, TRUE, &problems, NULL, &error)) {
        return cli_error(cli, error);
    }
    cli_problems(cli, problems);
    return problems->len > 0 ? 2 : 0;
}

static int change_run(struct cli *cli, const struct cli_command *command,
                      int (*verb)(const struct cli *, const struct given *), int argc, char **argv)
{
    struct given given;
    int status = 0;

    if (!cli_options(cli, command, NULL, &argc, &argv, &status))
        return status;
    if (argc == 0)
        return cli_usage(cli, command, "at least one KEY=VALUE is needed",
                         "KEY=VALUE を1つ以上指定してください");
    if (!given_read(cli, argc, argv, &given, &status))
        return status;
    status = verb(cli, &given);
    given_clear(&given);
    return status;
}

static int set_run(struct cli *cli, int argc, char **argv)
{
    return change_run(cli, &cli_settings_commands[SET], set, argc, argv);
}

static int check_run(struct cli *cli, int argc, char **argv)
{
    return change_run(cli, &cli_settings_commands[CHECK], check, argc, argv);
}
