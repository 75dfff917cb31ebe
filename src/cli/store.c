/* SPDX-License-Identifier: GPL-3.0-or-later */
/* printtrail store: backup, check, compact, adopt. */
#include "app/adopt.h"
#include "cli/cli.h"
#include "cli/options.h"

static int backup_run(struct cli *cli, int argc, char **argv);
static int check_run(struct cli *cli, int argc, char **argv);
static int compact_run(struct cli *cli, int argc, char **argv);
static int adopt_command_run(struct cli *cli, int argc, char **argv);

const struct cli_command cli_store_commands[] = {
    {"store backup",
     "FILE",
     {"Copies the store into a new file while everything runs on.",
      "稼働中のままデータストアを新しいファイルへ複製します。"},
     FALSE,
     backup_run},
    {"store check",
     "",
     {"Looks for damage in the store.", "データストアの破損を検査します。"},
     FALSE,
     check_run},
    {"store compact",
     "",
     {"Gives the space of deleted jobs back to the disk.", "削除済みの履歴が占めていた領域を解放します。"},
     FALSE,
     compact_run},
    {"store adopt",
     "--delivered-until DAY",
     {"Puts a backup to work: the original has delivered everything up to that day.",
      "バックアップを稼働させます。元の装置は指定した日まで送信済みとみなします。"},
     FALSE,
     adopt_command_run},
    {NULL},
};

static int backup_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_store_commands[0];
    int status = 0;
    g_autoptr(PtApp) app = NULL;
    g_autoptr(GError) error = NULL;

    if (!cli_options(cli, command, NULL, &argc, &argv, &status))
        return status;
    if (argc != 1)
        return cli_usage(cli, command, "the name of one new file is needed",
                         "新しいファイルの名前を1つ指定してください");
    app = cli_open(cli, STORE_READ, &status);
    if (!app)
        return status;
    if (!store_backup(app->store, argv[0], &error))
        return cli_error(cli, error);
    return 0;
}

static int findings_print(const struct cli *cli, const GPtrArray *findings)
{
    json_t *messages = json_array();

    for (guint i = 0; i < findings->len; i++) {
        g_autofree char *text = pt_error_message(g_ptr_array_index(findings, i), cli->lang);

        (void)json_array_append_new(messages, json_string(text));
        if (!cli->json)
            cli_print(cli, "%s", "%s", text);
    }
    if (cli->json)
        return cli_print_json(json_pack("{s:b, s:o}", "sound", findings->len == 0, "messages", messages));
    json_decref(messages);
    if (findings->len == 0)
        cli_print(cli, "the store is sound", "データストアに異常はありません");
    return 0;
}

static int check_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_store_commands[1];
    int status = 0;
    g_autoptr(PtApp) app = NULL;
    g_autoptr(GPtrArray) findings = NULL;
    g_autoptr(GError) error = NULL;

    if (!cli_options(cli, command, NULL, &argc, &argv, &status))
        return status;
    if (argc > 0)
        return cli_usage(cli, command, "too many arguments", "引数が多すぎます");
    app = cli_open(cli, STORE_READ, &status);
    if (!app)
        return status;
    if (!store_check(app->store, &findings, &error))
        return cli_error(cli, error);
    status = findings_print(cli, findings);
    return findings->len > 0 ? cli_error(cli, g_ptr_array_index(findings, 0)) : status;
}

static int compact_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_store_commands[2];
    int status = 0;
    g_autoptr(PtApp) app = NULL;
    g_autoptr(GError) error = NULL;

    if (!cli_options(cli, command, NULL, &argc, &argv, &status))
        return status;
    if (argc > 0)
        return cli_usage(cli, command, "too many arguments", "引数が多すぎます");
    app = cli_open(cli, STORE_EXISTING, &status);
    if (!app)
        return status;
    if (!store_compact(app->store, &error))
        return cli_error(cli, error);
    return 0;
}

static int adopt_command_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_store_commands[3];
    g_autofree char *until_text = NULL;
    const GOptionEntry entries[] = {
        {"delivered-until", 0, 0, G_OPTION_ARG_FILENAME, &until_text,
         CLI_TEXT("last day that the original has delivered", "元の装置が送信済みの最後の日"), "YYYY-MM-DD"},
        {NULL},
    };
    g_autoptr(PtApp) app = NULL;
    g_autoptr(GError) error = NULL;
    gint32 until = 0;
    gint64 jobs = 0;
    int status = 0;

    if (!cli_options(cli, command, entries, &argc, &argv, &status) ||
        !cli_day(cli, command, "--delivered-until", until_text, &until, &status))
        return status;
    if (argc > 0 || until == 0)
        return cli_usage(cli, command, "--delivered-until is needed", "--delivered-until を指定してください");
    app = cli_open(cli, STORE_EXISTING, &status);
    if (!app)
        return status;
    if (!adopt_run(app, until, cli->who, &jobs, &error))
        return cli_error(cli, error);
    app_wake(app);
    if (cli->json)
        return cli_print_json(json_pack("{s:I}", "jobs", (json_int_t)jobs));
    cli_print(cli, "adopted; %" G_GINT64_FORMAT " jobs count as delivered by the original",
              "引き継ぎました。%" G_GINT64_FORMAT " 件は元の装置で送信済みとして扱います", jobs);
    return 0;
}
