/* SPDX-License-Identifier: GPL-3.0-or-later */
/* printtrail deliveries, why: the ledger, and where one job went. */
#include "cli/cli.h"

#include <string.h>

#include "app/config.h"
#include "app/status.h"
#include "cli/delivery-row.h"
#include "cli/options.h"
#include "cli/why.h"

static int deliveries_run(struct cli *cli, int argc, char **argv);

const struct cli_command cli_deliveries_commands[] = {
    {"deliveries",
     "[--since DAY] [--until DAY] [--kind KIND] [--state-is STATE] [--file NAME] [--limit N]",
     {"Shows the ledger: every file, what it holds and how it went.",
      "配信の記録(ファイルごとの内容と結果)を表示します。"},
     TRUE,
     deliveries_run},
    {"why",
     "SEQ",
     {"Says in which file a job went, or why not yet.",
      "ジョブがどのファイルで送信されたか、またはまだ送信されていない理由を表示します。"},
     FALSE,
     why_run},
    {NULL},
};

struct ledger_filter {
    char *since, *until, *kind, *state, *file, *limit;
};

static gboolean filter_names(const struct cli *cli, const struct ledger_filter *filter,
                             struct delivery_query *query, int *ret_status)
{
    const struct cli_command *command = &cli_deliveries_commands[0];
    enum delivery_kind kind;
    enum delivery_state state;

    query->kind = -1;
    if (filter->kind) {
        if (!delivery_kind_from_name(filter->kind, &kind)) {
            *ret_status = cli_usage(cli, command, "--kind is auto, manual, test or resend",
                                    "--kind は auto、manual、test、resend のどれかです");
            return FALSE;
        }
        query->kind = (int)kind;
    }
    if (filter->state) {
        if (!delivery_state_from_name(filter->state, &state)) {
            *ret_status = cli_usage(
                cli, command, "--state-is is planned, sending, closing, delivered, failed, void or waived",
                "--state-is は planned、sending、closing、delivered、failed、void、waived のどれかです");
            return FALSE;
        }
        query->states = 1u << state;
    }
    query->file_name = filter->file;
    return cli_day(cli, command, "--since", filter->since, &query->since, ret_status) &&
           cli_day(cli, command, "--until", filter->until, &query->until, ret_status) &&
           cli_number(cli, command, "--limit", filter->limit, 0, G_MAXINT64, &query->limit, ret_status);
}

static int ledger_print(const struct cli *cli, const struct delivery_query *query)
{
    int status = 0;
    g_autoptr(PtApp) app = cli_open(cli, STORE_READ, &status);
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GError) error = NULL;

    if (!app)
        return status;
    if (!store_deliveries(app->store, query, &rows, &error))
        return cli_error(cli, error);
    return delivery_rows_print(cli, app, rows);
}

static int deliveries_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_deliveries_commands[0];
    struct ledger_filter filter = {NULL};
    char **texts[] = {&filter.since, &filter.until, &filter.kind, &filter.state, &filter.file, &filter.limit};
    const GOptionEntry entries[] = {
        {"since", 0, 0, G_OPTION_ARG_FILENAME, &filter.since, CLI_TEXT("first day", "開始日"), "YYYY-MM-DD"},
        {"until", 0, 0, G_OPTION_ARG_FILENAME, &filter.until,
         CLI_TEXT("last day, inclusive", "終了日(この日を含む)"), "YYYY-MM-DD"},
        {"kind", 0, 0, G_OPTION_ARG_FILENAME, &filter.kind,
         CLI_TEXT("auto, manual, test or resend", "auto、manual、test、resend"), "KIND"},
        {"state-is", 0, 0, G_OPTION_ARG_FILENAME, &filter.state,
         CLI_TEXT("planned, sending, closing, delivered, failed, void or waived",
                  "planned、sending、closing、delivered、failed、void、waived"),
         "STATE"},
        {"file", 0, 0, G_OPTION_ARG_FILENAME, &filter.file, CLI_TEXT("this file name", "このファイル名"),
         "NAME"},
        {"limit", 0, 0, G_OPTION_ARG_FILENAME, &filter.limit,
         CLI_TEXT("only the newest N, 0 = all", "新しいものからN件。0はすべて"), "N"},
        {NULL},
    };
    struct delivery_query query = {0};
    int status = 0;

    if (cli_options(cli, command, entries, &argc, &argv, &status) &&
        filter_names(cli, &filter, &query, &status))
        status = argc > 0 ? cli_usage(cli, command, "too many arguments", "引数が多すぎます")
                          : ledger_print(cli, &query);
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(*texts[i]);
    return status;
}
