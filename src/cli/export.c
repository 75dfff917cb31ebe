/* SPDX-License-Identifier: GPL-3.0-or-later */
/* printtrail export: run, preview, range, resend, waive. The test export is in export-test.c. */
#include "app/export.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/delivery-row.h"
#include "cli/export-test.h"
#include "cli/options.h"

/* A second run at the same time waits for the first (ARCHITECTURE.md, Command line). */
#define LOCK_WAIT_MS 10000

static int run_run(struct cli *cli, int argc, char **argv);
static int preview_run(struct cli *cli, int argc, char **argv);
static int range_run(struct cli *cli, int argc, char **argv);
static int resend_run(struct cli *cli, int argc, char **argv);
static int waive_run(struct cli *cli, int argc, char **argv);

const struct cli_command cli_export_commands[] = {
    {"export run",
     "",
     {"Exports now what is due, as the schedule would.", "未送信のジョブ履歴を今すぐエクスポートします。"},
     FALSE,
     run_run},
    {"export preview",
     "",
     {"Shows what the next run would send; changes nothing.",
      "次回の実行で送信される内容を表示します。何も変更しません。"},
     TRUE,
     preview_run},
    {"export test",
     "[--with KEY=VALUE]...",
     {"Sends a test file with the latest 100 jobs, step by step.",
      "最新の100件をテスト用ファイルとして送信し、手順ごとの結果を表示します。"},
     FALSE,
     export_test_run},
    {"export range",
     "--from DAY --to DAY [--download DIR]",
     {"Exports a period of at most 31 days by hand.", "期間(31日以内)を指定してエクスポートします。"},
     TRUE,
     range_run},
    {"export resend",
     "--day DAY [--file NAME] --reason TEXT",
     {"Sends a delivered day again: same bytes, same name.",
      "送信済みの日を、同じ内容と同じ名前で再送します。"},
     TRUE,
     resend_run},
    {"export waive",
     "--file NAME | --day DAY | --until DAY, --reason TEXT",
     {"Gives up what is not delivered yet.", "未送信の履歴の送信を取りやめます。"},
     FALSE,
     waive_run},
    {NULL},
};

enum { EXPORT_RUN, EXPORT_PREVIEW, EXPORT_TEST, EXPORT_RANGE, EXPORT_RESEND, EXPORT_WAIVE };

static struct app *open_with_progress(struct cli *cli, enum store_mode mode, int *ret_status)
{
    struct app *app = cli_open(cli, mode, ret_status);

    if (app) {
        app->progress = cli_progress;
        app->progress_user = cli;
    }
    return app;
}

static int run_print(const struct cli *cli, const struct run *run)
{
    g_autofree char *text = pt_text_pick(run->text, cli->lang);
    g_autofree char *started = cli_time_utc(run->started);
    g_autofree char *ended = cli_time_utc(run->ended);

    if (cli->json)
        return cli_print_json(json_pack(
            "{s:s, s:s, s:s?, s:s?, s:s, s:s?, s:s?, s:I, s:I, s:I}", "kind", delivery_kind_name(run->kind),
            "trigger", run_trigger_name(run->trigger), "started", started, "ended", ended, "result",
            run_result_name(run->result), "code", run->code, "text", text, "files", (json_int_t)run->files,
            "jobs", (json_int_t)run->jobs, "replaced", (json_int_t)run->replaced));
    if (run->result == RUN_SUCCESS && run->files == 0)
        cli_print(cli, "nothing to send", "送信するものはありません");
    else
        cli_print(cli, "%" G_GINT64_FORMAT " files with %" G_GINT64_FORMAT " jobs delivered",
                  "%" G_GINT64_FORMAT " ファイル、%" G_GINT64_FORMAT " 件を送信しました", run->files,
                  run->jobs);
    if (run->replaced > 0)
        cli_print(cli, "%" G_GINT64_FORMAT " characters that CP932 lacks became ?",
                  "CP932にない %" G_GINT64_FORMAT " 文字を ? に置き換えました", run->replaced);
    return 0;
}

/* The failure of a run that was made, as an error; its class is the exit status. */
static int run_failure(const struct cli *cli, const struct run *run)
{
    enum pt_error_code code = run->code ? pt_error_code_from_name(run->code) : PT_ERROR_INTERNAL;
    g_autofree char *en = pt_text_pick(run->text, PT_LANG_EN);
    g_autofree char *ja = pt_text_pick(run->text, PT_LANG_JA);
    g_autoptr(GError) error = NULL;
    int status;

    if (code == PT_ERROR_CODES)
        code = PT_ERROR_INTERNAL;
    pt_error_set_texts(&error, code, en ? en : pt_error_info((int)code)->cause[PT_LANG_EN],
                       ja ? ja : pt_error_info((int)code)->cause[PT_LANG_JA]);
    status = cli_error(cli, error);
    return run->result == RUN_PARTIAL ? 3 : status;
}

static int run_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_export_commands[EXPORT_RUN];
    const struct export_request request = {.trigger = RUN_HAND, .lock_wait_ms = LOCK_WAIT_MS};
    int status = 0;
    g_autoptr(PtApp) app = NULL;
    g_autoptr(GError) error = NULL;
    struct run run = {0};

    if (!cli_options(cli, command, NULL, &argc, &argv, &status))
        return status;
    if (argc > 0)
        return cli_usage(cli, command, "too many arguments", "引数が多すぎます");
    app = open_with_progress(cli, STORE_CREATE, &status);
    if (!app)
        return status;
    if (!export_run(app, &request, &run, &error))
        return cli_error(cli, error);
    status = run_print(cli, &run);
    if (run.result != RUN_SUCCESS)
        status = run_failure(cli, &run);
    run_clear(&run);
    return status;
}

static int preview_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_export_commands[EXPORT_PREVIEW];
    int status = 0;
    g_autoptr(PtApp) app = NULL;
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GError) error = NULL;

    if (!cli_options(cli, command, NULL, &argc, &argv, &status))
        return status;
    if (argc > 0)
        return cli_usage(cli, command, "too many arguments", "引数が多すぎます");
    app = cli_open(cli, STORE_READ, &status);
    if (!app)
        return status;
    if (!export_preview(app, &rows, &error))
        return cli_error(cli, error);
    return delivery_rows_print(cli, app, rows);
}

/* File names, one a row. */
static int names_print(const struct cli *cli, const GPtrArray *names)
{
    static const struct cli_column columns[] = {{.name = "file_name"}};
    int status = 0;
    struct cli_list *list = cli_list_begin(cli, columns, G_N_ELEMENTS(columns), &status);

    if (!list)
        return status;
    for (guint i = 0; names && i < names->len; i++) {
        const char *values[] = {g_ptr_array_index(names, i)};

        cli_list_row(list, values);
    }
    return cli_list_end(list);
}

static int range_export(struct cli *cli, gint32 from, gint32 to, const char *download)
{
    int status = 0;
    g_autoptr(PtApp) app = open_with_progress(cli, STORE_EXISTING, &status);
    g_autoptr(GPtrArray) names = NULL;
    g_autoptr(GError) error = NULL;

    if (!app)
        return status;
    if (!export_range(app, from, to, download, &names, &error)) {
        status = cli_error(cli, error);
        /* Files of earlier days that did go out are told even then. */
        if (names && names->len > 0) {
            (void)names_print(cli, names);
            return 3;
        }
        return status;
    }
    return names_print(cli, names);
}

static int range_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_export_commands[EXPORT_RANGE];
    g_autofree char *from_text = NULL, *to_text = NULL, *download = NULL;
    const GOptionEntry entries[] = {
        {"from", 0, 0, G_OPTION_ARG_FILENAME, &from_text, CLI_TEXT("first day", "開始日"), "YYYY-MM-DD"},
        {"to", 0, 0, G_OPTION_ARG_FILENAME, &to_text, CLI_TEXT("last day, inclusive", "終了日(この日を含む)"),
         "YYYY-MM-DD"},
        {"download", 0, 0, G_OPTION_ARG_FILENAME, &download,
         CLI_TEXT("write the files into this folder instead of sending them",
                  "送信せずに、このフォルダへファイルを書き出す"),
         "DIR"},
        {NULL},
    };
    g_autoptr(GError) error = NULL;
    gint32 from = 0, to = 0;
    int status = 0;

    if (!cli_options(cli, command, entries, &argc, &argv, &status) ||
        !cli_day(cli, command, "--from", from_text, &from, &status) ||
        !cli_day(cli, command, "--to", to_text, &to, &status))
        return status;
    if (argc > 0 || from == 0 || to == 0)
        return cli_usage(cli, command, "--from and --to are needed, and nothing else",
                         "--from と --to を指定してください");
    if (!export_period_check(from, to, &error))
        return cli_error(cli, error);
    return range_export(cli, from, to, download);
}

static int resend_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_export_commands[EXPORT_RESEND];
    g_autofree char *day_text = NULL, *file = NULL, *reason = NULL;
    const GOptionEntry entries[] = {
        {"day", 0, 0, G_OPTION_ARG_FILENAME, &day_text, CLI_TEXT("the day", "対象の日"), "YYYY-MM-DD"},
        {"file", 0, 0, G_OPTION_ARG_FILENAME, &file,
         CLI_TEXT("only this file of the day", "その日のこのファイルだけ"), "NAME"},
        {"reason", 0, 0, G_OPTION_ARG_FILENAME, &reason,
         CLI_TEXT("why; it is recorded", "理由(記録されます)"), "TEXT"},
        {NULL},
    };
    g_autoptr(PtApp) app = NULL;
    g_autoptr(GPtrArray) names = NULL;
    g_autoptr(GError) error = NULL;
    gint32 day = 0;
    int status = 0;

    if (!cli_options(cli, command, entries, &argc, &argv, &status) ||
        !cli_day(cli, command, "--day", day_text, &day, &status))
        return status;
    if (argc > 0 || day == 0 || !reason || !*reason)
        return cli_usage(cli, command, "--day and --reason are needed",
                         "--day と --reason を指定してください");
    app = open_with_progress(cli, STORE_EXISTING, &status);
    if (!app)
        return status;
    if (export_resend(app, day, file, cli->who, reason, &names, &error))
        return names_print(cli, names);
    status = cli_error(cli, error);
    if (names && names->len > 0) {
        (void)names_print(cli, names);
        return 3;
    }
    return status;
}

static int waive_print(struct cli *cli, const char *file, gint32 day, gint32 until, const char *reason)
{
    int status = 0;
    g_autoptr(PtApp) app = cli_open(cli, STORE_EXISTING, &status);
    g_autoptr(GError) error = NULL;
    gint64 jobs = 0;

    if (!app)
        return status;
    if (!export_waive(app, file, day, until, cli->who, reason, &jobs, &error))
        return cli_error(cli, error);
    if (cli->json)
        return cli_print_json(json_pack("{s:I}", "jobs", (json_int_t)jobs));
    cli_print(cli, "%" G_GINT64_FORMAT " jobs will not be sent", "%" G_GINT64_FORMAT " 件は送信しません",
              jobs);
    return 0;
}

static int waive_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_export_commands[EXPORT_WAIVE];
    g_autofree char *day_text = NULL, *until_text = NULL, *file = NULL, *reason = NULL;
    const GOptionEntry entries[] = {
        {"file", 0, 0, G_OPTION_ARG_FILENAME, &file, CLI_TEXT("this file", "このファイル"), "NAME"},
        {"day", 0, 0, G_OPTION_ARG_FILENAME, &day_text, CLI_TEXT("all of this day", "この日のすべて"),
         "YYYY-MM-DD"},
        {"until", 0, 0, G_OPTION_ARG_FILENAME, &until_text,
         CLI_TEXT("everything up to this day, inclusive", "この日までのすべて"), "YYYY-MM-DD"},
        {"reason", 0, 0, G_OPTION_ARG_FILENAME, &reason,
         CLI_TEXT("why; it is recorded", "理由(記録されます)"), "TEXT"},
        {NULL},
    };
    gint32 day = 0, until = 0;
    int status = 0;

    if (!cli_options(cli, command, entries, &argc, &argv, &status) ||
        !cli_day(cli, command, "--day", day_text, &day, &status) ||
        !cli_day(cli, command, "--until", until_text, &until, &status))
        return status;
    if (argc > 0 || (file != NULL) + (day != 0) + (until != 0) != 1 || !reason || !*reason)
        return cli_usage(cli, command, "exactly one of --file, --day and --until, and --reason are needed",
                         "--file、--day、--until のどれか1つと --reason を指定してください");
    return waive_print(cli, file, day, until, reason);
}
