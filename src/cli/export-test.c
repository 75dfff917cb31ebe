/* SPDX-License-Identifier: GPL-3.0-or-later */
/* printtrail export test: one test file with values that need not be stored, every step shown (SPEC RT3). */
#include "cli/export-test.h"

#include <string.h>

#include "app/config.h"
#include "app/export.h"
#include "base/secret.h"
#include "cli/options.h"

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *step_json(const struct cli *cli, const struct export_step *step)
{
    const struct pt_error_info *info =
        step->code ? pt_error_info((int)pt_error_code_from_name(step->code)) : NULL;

    return json_pack("{s:s, s:I, s:b, s:o, s:o, s:o, s:o, s:o}", "step", step->step, "ms",
                     (json_int_t)step->ms, "ok", step->ok, "code", text_or_null(step->code), "cause",
                     text_or_null(info ? info->cause[cli->lang] : NULL), "remedy",
                     text_or_null(info ? info->remedy[cli->lang] : NULL), "server",
                     text_or_null(step->server), "text", text_or_null(step->text[cli->lang]));
}

static int test_json(const struct cli *cli, const struct export_test *test, const GError *error)
{
    json_t *steps = json_array(), *warnings = json_array();

    for (guint i = 0; test->steps && i < test->steps->len; i++)
        (void)json_array_append_new(steps, step_json(cli, g_ptr_array_index(test->steps, i)));
    for (guint i = 0; test->warnings && i < test->warnings->len; i++)
        (void)json_array_append_new(warnings, text_or_null(g_ptr_array_index(test->warnings, i)));
    return cli_print_json(json_pack(
        "{s:o, s:b, s:o, s:o, s:I, s:o}", "file", text_or_null(test->file), "ok", test->ok && !error, "steps",
        steps, "code", error ? json_string(pt_error_info((int)pt_error_code_of(error))->name) : json_null(),
        "rows", (json_int_t)test->rows, "warnings", warnings));
}

static void step_print(const struct cli *cli, const struct export_step *step)
{
    static const struct {
        const char *step, *ja;
    } words[] = {{"resolve", "名前の解決"}, {"connect", "接続"},        {"negotiate", "ネゴシエーション"},
                 {"login", "ログイン"},     {"open", "フォルダを開く"}, {"write", "書き込み"},
                 {"finish", "完了処理"}};
    const char *name = step->step;

    for (gsize i = 0; cli->lang == PT_LANG_JA && i < G_N_ELEMENTS(words); i++)
        if (strcmp(words[i].step, step->step) == 0)
            name = words[i].ja;
    cli_print(cli, "%-10s %s  %" G_GINT64_FORMAT " ms", "%s: %s  %" G_GINT64_FORMAT " ms", name,
              step->ok ? (cli->lang == PT_LANG_JA ? "成功" : "ok    ")
                       : (cli->lang == PT_LANG_JA ? "失敗" : "failed"),
              step->ms);
    if (step->server)
        cli_print(cli, "           server: %s", "  サーバー: %s", step->server);
}

static int test_people(const struct cli *cli, const struct export_test *test)
{
    for (guint i = 0; test->steps && i < test->steps->len; i++)
        step_print(cli, g_ptr_array_index(test->steps, i));
    for (guint i = 0; test->warnings && i < test->warnings->len; i++)
        cli_say(cli, "%s", "%s", (const char *)g_ptr_array_index(test->warnings, i));
    if (test->ok)
        cli_print(cli, "%s with %" G_GINT64_FORMAT " jobs delivered",
                  "%s(%" G_GINT64_FORMAT " 件)を送信しました", test->file, test->rows);
    return 0;
}

static int test_send(struct cli *cli, struct app *app, const struct settings *settings)
{
    struct export_test test = {NULL};
    g_autoptr(GError) error = NULL;
    gboolean ok = export_test(app, settings, &test, &error);
    int status = cli->json ? test_json(cli, &test, error) : test_people(cli, &test);

    if (!ok || error)
        status = error ? cli_error(cli, error) : 1;
    export_test_clear(&test);
    return status;
}

/* The values that --with gave; the plain secrets among them are wiped by changes_free(). */
static gboolean changes_read(struct cli *cli, char *const *with, GArray *changes, int *ret_status)
{
    for (gsize i = 0; with && with[i]; i++) {
        struct setting_change change = {0};
        char *value = NULL;

        if (!cli_key_value(cli, with[i], &change.id, &value, ret_status))
            return FALSE;
        change.value = value;
        g_array_append_val(changes, change);
    }
    return TRUE;
}

static void change_clear(gpointer data)
{
    struct setting_change *change = data;
    gpointer value;

    memcpy(&value, &change->value, sizeof value);
    secret_wipe(value);
}

static int test_with(struct cli *cli, char *const *with)
{
    g_autoptr(GArray) changes = g_array_new(FALSE, TRUE, sizeof(struct setting_change));
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(PtSettings) settings = NULL;
    g_autoptr(PtApp) app = NULL;
    g_autoptr(GError) error = NULL;
    int status = 0;

    g_array_set_clear_func(changes, change_clear);
    if (!changes_read(cli, with, changes, &status))
        return status;
    app = cli_open(cli, STORE_CREATE, &status); /* fill in, test, then save: a test may come first */
    if (!app)
        return status;
    app->progress = cli_progress;
    app->progress_user = cli;
    if (!config_change(app, (const struct setting_change *)(gpointer)changes->data, changes->len, cli->who,
                       TRUE, &problems, &settings, &error))
        return cli_error(cli, error);
    if (problems->len > 0) {
        cli_problems(cli, problems);
        return 2;
    }
    return test_send(cli, app, settings);
}

int export_test_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = cli_command_find("export test");
    g_auto(GStrv) with = NULL;
    const GOptionEntry entries[] = {
        {"with", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &with,
         CLI_TEXT("a value that is used for this test only; KEY=@FILE and KEY=@- as in settings set",
                  "このテストだけに使う値。settings set と同じく KEY=@FILE、KEY=@- も使用できます"),
         "KEY=VALUE"},
        {NULL},
    };
    int status = 0;

    if (!cli_options(cli, command, entries, &argc, &argv, &status))
        return status;
    /* --with A=1 B=2 is what people type after "settings set A=1 B=2". */
    if (argc > 0 && with) {
        g_autoptr(GPtrArray) all = g_ptr_array_new();

        for (gsize i = 0; with[i]; i++)
            g_ptr_array_add(all, with[i]);
        for (int i = 0; i < argc; i++)
            g_ptr_array_add(all, argv[i]);
        g_ptr_array_add(all, NULL);
        return test_with(cli, (char *const *)all->pdata);
    }
    if (argc > 0)
        return cli_usage(cli, command, "values stand behind --with", "値は --with の後に指定してください");
    return test_with(cli, with);
}
