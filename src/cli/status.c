/* SPDX-License-Identifier: GPL-3.0-or-later */
/* printtrail status: last and next run, pending days, destination, sources. */
#include "app/status.h"

#include <string.h>

#include "app/config.h"
#include "cli/cli.h"
#include "cli/source-row.h"

static int status_run(struct cli *cli, int argc, char **argv);

const struct cli_command cli_status_commands[] = {
    {"status",
     "[--json]",
     {"Shows last and next run, pending days, destination and sources.",
      "前回と次回の実行、未送信の日、送信先、取得元を表示します。"},
     FALSE,
     status_run},
    {NULL},
};

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *utc_or_null(gint64 utc)
{
    g_autofree char *text = cli_time_utc(utc);

    return text_or_null(text);
}

static json_t *day_or_null(gint32 day)
{
    g_autofree char *text = cli_day_text(day);

    return text_or_null(text);
}

static json_t *run_json(const struct cli *cli, const struct status *status)
{
    const struct run *run = &status->last_run;
    g_autofree char *text = pt_text_pick(run->text, cli->lang);
    /* A run that ended without a word has failed (success, partial or failed). */
    const char *result = run->result == RUN_RUNNING && !status->running ? run_result_name(RUN_FAILED)
                                                                        : run_result_name(run->result);

    if (!status->has_last_run)
        return json_null();
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:I, s:I, s:I}", "kind",
                     delivery_kind_name(run->kind), "trigger", run_trigger_name(run->trigger), "nominal_date",
                     day_or_null(run->nominal_date), "started", utc_or_null(run->started), "ended",
                     utc_or_null(run->ended), "result", result, "code", text_or_null(run->code), "text",
                     text_or_null(text), "files", (json_int_t)run->files, "jobs", (json_int_t)run->jobs,
                     "replaced", (json_int_t)run->replaced);
}

static json_t *pending_json(const struct export_pending *pending)
{
    json_t *days = json_array();
    json_t *closing = json_array();

    for (guint i = 0; pending->days && i < pending->days->len; i++)
        (void)json_array_append_new(days, day_or_null(g_array_index(pending->days, gint32, i)));
    for (guint i = 0; pending->closing && i < pending->closing->len; i++) {
        const struct delivery *row = g_ptr_array_index(pending->closing, i);

        (void)json_array_append_new(closing, text_or_null(row->file_name));
    }
    return json_pack("{s:I, s:o, s:o, s:o}", "jobs", (json_int_t)pending->jobs, "days", days, "first_day",
                     day_or_null(pending->first_day), "closing", closing);
}

static int print_json(const struct cli *cli, const struct status *status)
{
    json_t *sources = json_array();

    for (guint i = 0; i < status->sources->len; i++)
        (void)json_array_append_new(sources, source_row_json(cli, g_ptr_array_index(status->sources, i)));
    return cli_print_json(
        json_pack("{s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:s, s:s, s:I, s:o, s:o, s:I, s:o, s:b}",
                  "next_run", utc_or_null(status->next_run), "last_run", run_json(cli, status), "pending",
                  pending_json(&status->pending), "sources", sources, "enabled", status->enabled, "running",
                  status->running, "destination", text_or_null(status->destination), "now",
                  utc_or_null(status->now), "time_zone", status->zone, "version", PT_VERSION, "jobs",
                  (json_int_t)status->jobs, "first_day", day_or_null(status->first_day), "last_day",
                  day_or_null(status->last_day), "gap_jobs", (json_int_t)status->gap_jobs, "waived_until",
                  day_or_null(status->waived_until), "copy", status->copy));
}

static void print_last_run(const struct cli *cli, struct zone *zone, const struct status *status)
{
    static const char *const results[][2] = {[RUN_RUNNING] = {"running", "実行中"},
                                             [RUN_SUCCESS] = {"success", "成功"},
                                             [RUN_PARTIAL] = {"partial", "一部失敗"},
                                             [RUN_FAILED] = {"failed", "失敗"}};
    const struct run *run = &status->last_run;
    enum run_result result = run->result == RUN_RUNNING && !status->running ? RUN_FAILED : run->result;
    g_autofree char *started = cli_time_people(zone, run->started);
    g_autofree char *text = pt_text_pick(run->text, cli->lang);

    if (!status->has_last_run) {
        cli_print(cli, "Last run:     none", "前回の実行:   なし");
        return;
    }
    cli_print(cli, "Last run:     %s  %s (%s), %" G_GINT64_FORMAT " files, %" G_GINT64_FORMAT " jobs",
              "前回の実行:   %s  %s (%s)、%" G_GINT64_FORMAT " ファイル、%" G_GINT64_FORMAT " 件",
              started ? started : "-", results[result][cli->lang], run_trigger_name(run->trigger), run->files,
              run->jobs);
    if (run->code)
        cli_print(cli, "              %s: %s", "              %s: %s", run->code,
                  text ? text : pt_error_info((int)pt_error_code_from_name(run->code))->cause[cli->lang]);
}

static void print_pending(const struct cli *cli, const struct export_pending *pending)
{
    g_autofree char *first = cli_day_text(pending->first_day);

    if (!first)
        cli_print(cli, "Pending:      nothing", "未送信:       なし");
    else
        cli_print(cli, "Pending:      %u days, %" G_GINT64_FORMAT " jobs, oldest day %s",
                  "未送信:       %u 日分、%" G_GINT64_FORMAT " 件、最も古い日 %s", pending->days->len,
                  pending->jobs, first);
    for (guint i = 0; pending->closing && i < pending->closing->len; i++) {
        const struct delivery *row = g_ptr_array_index(pending->closing, i);

        cli_print(cli, "              outcome not known yet: %s", "              結果の確認待ち: %s",
                  row->file_name);
    }
}

static void print_held(const struct cli *cli, const struct status *status)
{
    g_autofree char *first = cli_day_text(status->first_day);
    g_autofree char *last = cli_day_text(status->last_day);
    g_autofree char *waived = cli_day_text(status->waived_until);

    if (status->jobs > 0)
        cli_print(cli, "Jobs held:    %" G_GINT64_FORMAT " (%s to %s)",
                  "保持中の履歴: %" G_GINT64_FORMAT " 件(%s~%s)", status->jobs, first ? first : "-",
                  last ? last : "-");
    else
        cli_print(cli, "Jobs held:    none", "保持中の履歴: なし");
    if (status->gap_jobs > 0)
        cli_print(cli, "Gap:          %" G_GINT64_FORMAT " jobs were deleted without ever being exported",
                  "欠落:         %" G_GINT64_FORMAT " 件が未送信のまま削除されました", status->gap_jobs);
    if (waived)
        cli_print(cli, "Given up:     up to %s", "送信の取りやめ: %s まで", waived);
}

static int print_people(const struct cli *cli, const struct status *status)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PtZone) zone = zone_new(status->zone, &error);
    g_autofree char *now = NULL, *next = NULL;

    if (!zone)
        return cli_error(cli, error);
    now = cli_time_people(zone, status->now);
    next = cli_time_people(zone, status->next_run);
    cli_print(cli, "Now:          %s (%s)", "現在時刻:     %s (%s)", now, status->zone);
    cli_print(cli, "Auto export:  %s%s", "自動エクスポート: %s%s",
              status->enabled ? (cli->lang == PT_LANG_JA ? "行う" : "on")
                              : (cli->lang == PT_LANG_JA ? "行わない" : "off"),
              status->running ? (cli->lang == PT_LANG_JA ? " (実行中)" : " (running now)") : "");
    cli_print(cli, "Destination:  %s", "送信先:       %s",
              status->destination ? status->destination
                                  : (cli->lang == PT_LANG_JA ? "設定が不足しています" : "incomplete"));
    if (status->copy)
        cli_print(cli, "Copy:         delivers nothing until 'printtrail store adopt'",
                  "複製:         「printtrail store adopt」を実行するまで送信しません");
    print_last_run(cli, zone, status);
    cli_print(cli, "Next run:     %s", "次回の実行:   %s",
              next ? next : (cli->lang == PT_LANG_JA ? "なし" : "none"));
    print_pending(cli, &status->pending);
    print_held(cli, status);
    cli_print(cli, "Sources:      %u", "取得元:       %u", status->sources->len);
    for (guint i = 0; i < status->sources->len; i++)
        source_row_print(cli, zone, g_ptr_array_index(status->sources, i));
    return 0;
}

static int status_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_status_commands[0];
    int exit_status = 0;
    g_autoptr(PtApp) app = NULL;
    g_autoptr(GError) error = NULL;
    struct status status;

    if (!cli_options(cli, command, NULL, &argc, &argv, &exit_status))
        return exit_status;
    if (argc > 0)
        return cli_usage(cli, command, "too many arguments", "引数が多すぎます");
    app = cli_open(cli, STORE_READ, &exit_status);
    if (!app)
        return exit_status;
    if (!status_get(app, &status, &error))
        return cli_error(cli, error);
    exit_status = cli->json ? print_json(cli, &status) : print_people(cli, &status);
    status_clear(&status);
    return exit_status;
}
