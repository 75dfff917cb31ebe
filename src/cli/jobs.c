/* SPDX-License-Identifier: GPL-3.0-or-later */
/* printtrail jobs list, jobs stats: the history that is held. */
#include "cli/cli.h"

#include <string.h>

#include "app/config.h"
#include "cli/job-row.h"
#include "cli/options.h"

static int jobs_list_run(struct cli *cli, int argc, char **argv);
static int jobs_stats_run(struct cli *cli, int argc, char **argv);

const struct cli_command cli_jobs_commands[] = {
    {"jobs list",
     "[--since DAY] [--until DAY] [--user NAME] [--printer NAME] [--limit N]",
     {"Lists the jobs, oldest first.", "ジョブ履歴を古い順に一覧表示します。"},
     TRUE,
     jobs_list_run},
    {"jobs stats",
     "[--by FIELD] [--since DAY] [--until DAY] [--user NAME] [--printer NAME]",
     {"Sums up jobs, faces and sheets by day, user, printer …",
      "ジョブ数、面数、枚数を日、ユーザ、プリンタなどで集計します。"},
     TRUE,
     jobs_stats_run},
    {NULL},
};

/* The options that choose jobs, and what they mean. */
struct filter {
    char *since, *until, *user, *printer, *type, *result, *text, *limit, *by;
};

#define FILTER_ROWS(f)                                                                                       \
    {"since", 0, 0, G_OPTION_ARG_FILENAME, &(f).since, CLI_TEXT("first day", "開始日"), "YYYY-MM-DD"},       \
        {"until",     0,                                                                                     \
         0,           G_OPTION_ARG_FILENAME,                                                                 \
         &(f).until,  CLI_TEXT("last day, inclusive", "終了日(この日を含む)"),                               \
         "YYYY-MM-DD"},                                                                                      \
        {"user", 0, 0, G_OPTION_ARG_FILENAME, &(f).user, CLI_TEXT("user name", "ユーザ名"), "NAME"},         \
        {"printer",                                                                                          \
         0,                                                                                                  \
         0,                                                                                                  \
         G_OPTION_ARG_FILENAME,                                                                              \
         &(f).printer,                                                                                       \
         CLI_TEXT("device name or device ID", "デバイス名またはデバイスID"),                                 \
         "NAME"},                                                                                            \
        {"type", 0, 0, G_OPTION_ARG_FILENAME, &(f).type, CLI_TEXT("job_type", "ジョブ種類"), "TYPE"},        \
        {"result",    0,                                                                                     \
         0,           G_OPTION_ARG_FILENAME,                                                                 \
         &(f).result, CLI_TEXT("result: OK, NG, STOP or --", "結果(OK、NG、STOP、--)"),                      \
         "RESULT"},                                                                                          \
    {                                                                                                        \
        "text", 0, 0, G_OPTION_ARG_FILENAME, &(f).text,                                                      \
            CLI_TEXT("part of the document name", "文書名の一部"), "TEXT"                                    \
    }

static void filter_clear(struct filter *filter)
{
    char **texts[] = {&filter->since,  &filter->until, &filter->user,  &filter->printer, &filter->type,
                      &filter->result, &filter->text,  &filter->limit, &filter->by};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(*texts[i]);
}

static gboolean filter_query(const struct cli *cli, const struct cli_command *command,
                             const struct filter *filter, struct store_job_query *ret_query, int *ret_status)
{
    *ret_query = (struct store_job_query){.user = filter->user,
                                          .printer = filter->printer,
                                          .type = filter->type,
                                          .result = filter->result,
                                          .text = filter->text};
    return cli_day(cli, command, "--since", filter->since, &ret_query->since, ret_status) &&
           cli_day(cli, command, "--until", filter->until, &ret_query->until, ret_status) &&
           cli_number(cli, command, "--limit", filter->limit, 0, G_MAXINT64, &ret_query->limit, ret_status);
}

/* The time zone of the preferences: what local times are shown in. */
static struct zone *zone_get(struct app *app, GError **error)
{
    g_autoptr(PtSettings) settings = NULL;

    if (!config_load(app, &settings, error))
        return NULL;
    return app_zone(settings, error);
}

struct listing {
    struct cli_list *list;
    struct job_row *row;
};

static gboolean job_print(const struct job *job, gpointer user, GError **error)
{
    struct listing *listing = user;

    /* A reader that went away is not asked to take a million more rows. */
    if (ferror(stdout)) {
        pt_error_set(error, PT_ERROR_INTERNAL, "standard output failed", "標準出力に書き込めません");
        return FALSE;
    }
    cli_list_row(listing->list, job_row_values(listing->row, job));
    return TRUE;
}

static int jobs_print(struct cli *cli, const struct store_job_query *query)
{
    int status = 0;
    g_autoptr(PtApp) app = cli_open(cli, STORE_READ, &status);
    g_autoptr(PtZone) zone = NULL;
    g_autoptr(GError) error = NULL;
    struct listing listing = {NULL};

    if (!app)
        return status;
    zone = zone_get(app, &error);
    if (!zone)
        return cli_error(cli, error);
    listing.list = cli_list_begin(cli, job_row_columns, JOB_COLUMNS, &status);
    if (!listing.list)
        return status;
    listing.row = job_row_new(zone, cli_list_is_table(cli));
    if (!store_jobs(app->store, query, job_print, &listing, &error) && !ferror(stdout))
        status = cli_error(cli, error);
    job_row_free(listing.row);
    return MAX(cli_list_end(listing.list), status);
}

static int jobs_list_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_jobs_commands[0];
    struct filter filter = {NULL};
    const GOptionEntry entries[] = {
        FILTER_ROWS(filter),
        {"limit", 0, 0, G_OPTION_ARG_FILENAME, &filter.limit,
         CLI_TEXT("at most so many, 0 = all", "最大件数。0はすべて"), "N"},
        {NULL},
    };
    struct store_job_query query;
    int status = 0;

    if (cli_options(cli, command, entries, &argc, &argv, &status) &&
        filter_query(cli, command, &filter, &query, &status))
        status = argc > 0 ? cli_usage(cli, command, "too many arguments", "引数が多すぎます")
                          : jobs_print(cli, &query);
    filter_clear(&filter);
    return status;
}

static const char *const group_fields[] = {"day",           "user_name", "device_name",
                                           "department_id", "job_type",  "result"};

static gboolean group_known(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(group_fields); i++)
        if (strcmp(group_fields[i], name) == 0)
            return TRUE;
    return FALSE;
}

/* The store groups days by their number. NULL = unknown. New string. */
static char *group_text(const char *by, const char *group)
{
    if (!group || strcmp(by, "day") != 0)
        return g_strdup(group);
    return cli_day_text((gint32)g_ascii_strtoll(group, NULL, 10));
}

static int stats_print(struct cli *cli, const struct store_job_query *query, const char *by)
{
    const struct cli_column columns[] = {{.name = by},
                                         {.name = "jobs", .number = TRUE},
                                         {.name = "faces", .number = TRUE},
                                         {.name = "sheets", .number = TRUE}};
    int status = 0;
    g_autoptr(PtApp) app = cli_open(cli, STORE_READ, &status);
    g_autoptr(GPtrArray) sums = NULL;
    g_autoptr(GError) error = NULL;
    struct cli_list *list;

    if (!app)
        return status;
    if (!store_stats(app->store, query, by, &sums, &error))
        return cli_error(cli, error);
    list = cli_list_begin(cli, columns, G_N_ELEMENTS(columns), &status);
    if (!list)
        return status;
    for (guint i = 0; i < sums->len; i++) {
        const struct store_sum *sum = g_ptr_array_index(sums, i);
        g_autofree char *group = group_text(by, sum->group);
        g_autofree char *jobs = g_strdup_printf("%" G_GINT64_FORMAT, sum->jobs);
        g_autofree char *faces = g_strdup_printf("%" G_GINT64_FORMAT, sum->faces);
        g_autofree char *sheets = g_strdup_printf("%" G_GINT64_FORMAT, sum->sheets);
        const char *values[] = {group, jobs, faces, sheets};

        cli_list_row(list, values);
    }
    return cli_list_end(list);
}

static int jobs_stats_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_jobs_commands[1];
    struct filter filter = {NULL};
    const GOptionEntry entries[] = {
        FILTER_ROWS(filter),
        {"by", 0, 0, G_OPTION_ARG_FILENAME, &filter.by,
         CLI_TEXT("day (default), user_name, device_name, department_id, job_type or result",
                  "集計の単位: day(既定)、user_name、device_name、department_id、job_type、result"),
         "FIELD"},
        {NULL},
    };
    struct store_job_query query;
    int status = 0;

    if (cli_options(cli, command, entries, &argc, &argv, &status) &&
        filter_query(cli, command, &filter, &query, &status)) {
        if (argc > 0)
            status = cli_usage(cli, command, "too many arguments", "引数が多すぎます");
        else if (filter.by && !group_known(filter.by))
            status = cli_usage(cli, command, "--by: not a field that jobs are summed up by",
                               "--by: 集計できない項目です");
        else
            status = stats_print(cli, &query, filter.by ? filter.by : "day");
    }
    filter_clear(&filter);
    return status;
}
