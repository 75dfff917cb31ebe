/* SPDX-License-Identifier: GPL-3.0-or-later */
/* printtrail check: one line and a state as Nagios and its kin want them. */
#include "app/status.h"

#include "cli/cli.h"
#include "cli/options.h"

static int check_run(struct cli *cli, int argc, char **argv);

const struct cli_command cli_check_commands[] = {
    {"check",
     "[--warning DAYS] [--critical DAYS]",
     {"Prints a Nagios-style state: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.",
      "Nagios形式で状態を出力します(0 OK、1 WARNING、2 CRITICAL、3 UNKNOWN)。"},
     FALSE,
     check_run},
    {NULL},
};

enum nagios { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN };
static const char *const nagios_names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

struct verdict {
    enum nagios state;
    GString *text;
};

/* The worst counts; what led to it is said in the order in which it was found. */
static void find(struct verdict *verdict, enum nagios state, const char *text)
{
    verdict->state = MAX(verdict->state, state);
    if (verdict->text->len > 0)
        g_string_append(verdict->text, "; ");
    g_string_append(verdict->text, text);
}

static void judge_run(const struct cli *cli, const struct status *status, struct verdict *verdict)
{
    gboolean ja = cli->lang == PT_LANG_JA;
    const struct run *run = &status->last_run;
    gboolean died = run->result == RUN_RUNNING && !status->running;
    g_autofree char *text = NULL;

    if (!status->enabled)
        find(verdict, NAGIOS_OK,
             ja ? "自動エクスポートは行わない設定です" : "the automatic export is switched off");
    else if (!status->has_last_run)
        find(verdict, NAGIOS_OK, ja ? "まだ実行されていません" : "no run yet");
    else if (run->result == RUN_FAILED || died) {
        text = g_strdup_printf(ja ? "前回の実行は失敗しました(%s)" : "the last run failed (%s)",
                               run->code ? run->code : "-");
        find(verdict, NAGIOS_CRITICAL, text);
    } else if (run->result == RUN_PARTIAL) {
        text = g_strdup_printf(ja ? "前回の実行は一部失敗しました(%s)" : "the last run was partial (%s)",
                               run->code ? run->code : "-");
        find(verdict, NAGIOS_WARNING, text);
    } else
        find(verdict, NAGIOS_OK, ja ? "前回の実行は成功しました" : "the last run succeeded");
    if (status->enabled && status->copy)
        find(verdict, NAGIOS_CRITICAL,
             ja ? "複製のため、引き継ぎ(store adopt)まで送信しません"
                : "a copy, not adopted: nothing is delivered");
    if (status->enabled && !status->destination)
        find(verdict, NAGIOS_CRITICAL, ja ? "送信先の設定が不足しています" : "the destination is incomplete");
}

/* Yesterday's jobs are due today: an age of one day is normal. */
static void judge_pending(const struct cli *cli, const struct status *status, int age, gint64 warning,
                          gint64 critical, struct verdict *verdict)
{
    gboolean ja = cli->lang == PT_LANG_JA;
    g_autofree char *text = NULL;

    if (status->pending.closing && status->pending.closing->len > 0)
        find(verdict, NAGIOS_WARNING,
             ja ? "結果を確認できていないファイルがあります" : "a file's outcome is not known");
    if (!status->enabled || age <= 0)
        return;
    text = g_strdup_printf(
        ja ? "未送信の最も古い日は%d日前です" : "the oldest day not delivered is %d days old", age);
    if (age >= critical)
        find(verdict, NAGIOS_CRITICAL, text);
    else if (age >= warning)
        find(verdict, NAGIOS_WARNING, text);
}

static guint judge_sources(const struct cli *cli, const struct status *status, struct verdict *verdict)
{
    guint failed = 0;

    for (guint i = 0; i < status->sources->len; i++) {
        const struct source_row *row = g_ptr_array_index(status->sources, i);
        g_autofree char *text = NULL;

        if (!row->error)
            continue;
        failed++;
        text = g_strdup_printf(cli->lang == PT_LANG_JA ? "取得元 %s: %s" : "source %s: %s", row->name,
                               row->error);
        find(verdict, NAGIOS_WARNING, text);
    }
    return failed;
}

static int check_print(const struct cli *cli, const struct status *status, gint64 warning, gint64 critical)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PtZone) zone = zone_new(status->zone, &error);
    struct verdict verdict = {NAGIOS_OK, g_string_new(NULL)};
    int age = zone && status->pending.first_day
                  ? day_diff(zone_day(zone, status->now), status->pending.first_day)
                  : 0;
    guint days = status->pending.days ? status->pending.days->len : 0;
    guint failed;

    judge_run(cli, status, &verdict);
    judge_pending(cli, status, age, warning, critical, &verdict);
    failed = judge_sources(cli, status, &verdict);
    cli_print(cli,
              "PRINTTRAIL %s - %s | pending_jobs=%" G_GINT64_FORMAT
              " pending_days=%u oldest_days=%d;%" G_GINT64_FORMAT ";%" G_GINT64_FORMAT
              " sources=%u sources_failed=%u jobs=%" G_GINT64_FORMAT,
              "PRINTTRAIL %s - %s | pending_jobs=%" G_GINT64_FORMAT
              " pending_days=%u oldest_days=%d;%" G_GINT64_FORMAT ";%" G_GINT64_FORMAT
              " sources=%u sources_failed=%u jobs=%" G_GINT64_FORMAT,
              nagios_names[verdict.state], verdict.text->str, status->pending.jobs, days, age, warning,
              critical, status->sources->len, failed, status->jobs);
    g_string_free(verdict.text, TRUE);
    return (int)verdict.state;
}

/* Whatever keeps the state from being read is UNKNOWN, on stdout, where the monitor looks. */
static int unknown(const struct cli *cli, const char *text)
{
    cli_print(cli, "PRINTTRAIL UNKNOWN - %s", "PRINTTRAIL UNKNOWN - %s", text);
    return (int)NAGIOS_UNKNOWN;
}

static int check_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_check_commands[0];
    g_autofree char *warning_text = NULL, *critical_text = NULL;
    const GOptionEntry entries[] = {
        {"warning", 0, 0, G_OPTION_ARG_FILENAME, &warning_text,
         CLI_TEXT("age of the oldest day not delivered, default 2", "未送信の最も古い日の経過日数。既定は2"),
         "DAYS"},
        {"critical", 0, 0, G_OPTION_ARG_FILENAME, &critical_text,
         CLI_TEXT("the same, default 3", "同上。既定は3"), "DAYS"},
        {NULL},
    };
    gint64 warning = 2, critical = 3;
    int exit_status = (int)NAGIOS_UNKNOWN;
    g_autoptr(PtApp) app = NULL;
    g_autoptr(GError) error = NULL;
    struct status status;

    if (!cli_options(cli, command, entries, &argc, &argv, &exit_status) ||
        !cli_number(cli, command, "--warning", warning_text, 1, 100000, &warning, &exit_status) ||
        !cli_number(cli, command, "--critical", critical_text, 1, 100000, &critical, &exit_status))
        return cli->help ? 0 : (int)NAGIOS_UNKNOWN;
    if (argc > 0) {
        (void)cli_usage(cli, command, "too many arguments", "引数が多すぎます");
        return (int)NAGIOS_UNKNOWN;
    }
    app = cli_open(cli, STORE_READ, &exit_status);
    if (!app)
        return unknown(cli, cli->lang == PT_LANG_JA ? "状態を読み取れません" : "the state cannot be read");
    if (!status_get(app, &status, &error)) {
        g_autofree char *text = pt_error_message(error, cli->lang);

        return unknown(cli, text);
    }
    exit_status = check_print(cli, &status, warning, critical);
    status_clear(&status);
    return exit_status;
}
