/* SPDX-License-Identifier: GPL-3.0-or-later */
/* printtrail sources: CUPS servers and IPP printers that are asked for their jobs. */
#include "cli/cli.h"

#include <string.h>

#include "app/collect.h"
#include "app/config.h"
#include "cli/options.h"
#include "cli/source-row.h"

#define POLL_SECONDS 60
#define TEST_MS 10000
#define NAME_MAX_CHARACTERS 64

static int add_run(struct cli *cli, int argc, char **argv);
static int list_run(struct cli *cli, int argc, char **argv);
static int test_run(struct cli *cli, int argc, char **argv);
static int poll_run(struct cli *cli, int argc, char **argv);
static int remove_run(struct cli *cli, int argc, char **argv);

const struct cli_command cli_sources_commands[] = {
    {"sources add",
     "NAME URI [--kind cups|printer]",
     {"Adds a CUPS server or an IPP printer.", "CUPSサーバーまたはIPPプリンタを追加します。"},
     FALSE,
     add_run},
    {"sources list",
     "",
     {"Lists the sources and how they are.", "取得元とその状態を一覧表示します。"},
     TRUE,
     list_run},
    {"sources test",
     "NAME",
     {"Asks a source one harmless question.", "取得元に問い合わせて応答を確認します。"},
     FALSE,
     test_run},
    {"sources poll",
     "[NAME...]",
     {"Asks the sources for new jobs now; no name means all.",
      "取得元から新しいジョブを今すぐ取得します。名前を省略するとすべてが対象です。"},
     TRUE,
     poll_run},
    {"sources remove",
     "NAME",
     {"Removes a source; its jobs stay.", "取得元を削除します。取得済みのジョブは残ります。"},
     FALSE,
     remove_run},
    {NULL},
};

/* A name stands in lists, logs and options: short, one line, and not an option itself. */
static gboolean name_ok(const char *name)
{
    g_autofree char *clean = NULL;

    if (!*name || *name == '-' || !g_utf8_validate(name, -1, NULL) ||
        g_utf8_strlen(name, -1) > NAME_MAX_CHARACTERS)
        return FALSE;
    clean = cli_clean(name);
    return strcmp(clean, name) == 0;
}

/* A server's root or socket file is a CUPS server, a path below it a printer. */
static enum source_kind kind_guess(const char *uri)
{
    const char *host = strstr(uri, "://");
    const char *path = host ? strchr(host + 3, '/') : NULL;

    return *uri == '/' || !path || strcmp(path, "/") == 0 ? SOURCE_CUPS : SOURCE_PRINTER;
}

static gboolean kind_parse(const char *text, const char *uri, enum source_kind *ret_kind)
{
    if (!text)
        *ret_kind = kind_guess(uri);
    else if (strcmp(text, "cups") == 0)
        *ret_kind = SOURCE_CUPS;
    else if (strcmp(text, "printer") == 0)
        *ret_kind = SOURCE_PRINTER;
    else
        return FALSE;
    return TRUE;
}

static int source_add(const struct cli *cli, const char *name, const char *uri, enum source_kind kind)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *normal = NULL;
    int status = 0;
    g_autoptr(PtApp) app = NULL;
    gint64 id = 0;

    if (!source_uri_check(uri, kind, &normal, &error))
        return cli_error(cli, error);
    app = cli_open(cli, STORE_CREATE, &status);
    if (!app)
        return status;
    if (!store_source_add(app->store, name, kind == SOURCE_CUPS ? "cups" : "printer", normal, &id, &error))
        return cli_error(cli, error);
    app_wake(app);
    if (cli->json)
        return cli_print_json(json_pack("{s:I, s:s, s:s, s:s}", "id", (json_int_t)id, "name", name, "kind",
                                        kind == SOURCE_CUPS ? "cups" : "printer", "uri", normal));
    return 0;
}

static int add_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_sources_commands[0];
    g_autofree char *kind_text = NULL;
    const GOptionEntry entries[] = {
        {"kind", 0, 0, G_OPTION_ARG_FILENAME, &kind_text,
         CLI_TEXT("cups or printer; without it: cups for a server's root or socket file, else printer",
                  "cups または printer。省略時はサーバーのルートまたはソケットファイルなら cups、それ以外は "
                  "printer"),
         "KIND"},
        {NULL},
    };
    enum source_kind kind;
    int status = 0;

    if (!cli_options(cli, command, entries, &argc, &argv, &status))
        return status;
    if (argc != 2)
        return cli_usage(cli, command, "a name and a URI are needed", "名前とURIを指定してください");
    if (!name_ok(argv[0]))
        return cli_usage(cli, command, "a name has 1 to 64 printable characters and does not begin with -",
                         "名前は印字可能な1~64文字で、- で始まらないものにしてください");
    if (!kind_parse(kind_text, argv[1], &kind))
        return cli_usage(cli, command, "--kind is cups or printer", "--kind は cups または printer です");
    return source_add(cli, argv[0], argv[1], kind);
}

static struct zone *zone_get(struct app *app, GError **error)
{
    g_autoptr(PtSettings) settings = NULL;

    if (!config_load(app, &settings, error))
        return NULL;
    return app_zone(settings, error);
}

static int list_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_sources_commands[1];
    int status = 0;
    g_autoptr(PtApp) app = NULL;
    g_autoptr(PtZone) zone = NULL;
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GError) error = NULL;
    struct cli_list *list;

    if (!cli_options(cli, command, NULL, &argc, &argv, &status))
        return status;
    if (argc > 0)
        return cli_usage(cli, command, "too many arguments", "引数が多すぎます");
    app = cli_open(cli, STORE_READ, &status);
    if (!app)
        return status;
    zone = zone_get(app, &error);
    if (!zone || !store_sources(app->store, &rows, &error))
        return cli_error(cli, error);
    list = cli_list_begin(cli, source_row_columns, SOURCE_ROW_COLUMNS, &status);
    if (!list)
        return status;
    for (guint i = 0; i < rows->len; i++)
        source_row_list(cli, list, zone, g_ptr_array_index(rows, i));
    return cli_list_end(list);
}

/* The source of that name, borrowed from `rows`; NULL: said, *ret_status = 4. */
static struct source_row *source_find(const struct cli *cli, const GPtrArray *rows, const char *name,
                                      int *ret_status)
{
    g_autofree char *wanted = g_utf8_make_valid(name, -1);
    g_autofree char *folded = g_utf8_casefold(wanted, -1);
    g_autofree char *clean = cli_clean(name);

    for (guint i = 0; i < rows->len; i++) {
        struct source_row *row = g_ptr_array_index(rows, i);
        g_autofree char *other = g_utf8_casefold(row->name, -1);

        if (strcmp(folded, other) == 0)
            return row;
    }
    cli_say(cli, "there is no source '%s'; 'printtrail sources list' shows them",
            "取得元「%s」はありません。「printtrail sources list」で一覧を表示します", clean);
    *ret_status = 4;
    return NULL;
}

static gboolean polled(const struct source_row *row)
{
    return strcmp(row->kind, "import") != 0;
}

static int source_answer(const struct cli *cli, const struct source_row *row,
                         const struct source_report *report)
{
    const char *server = report->server ? report->server : "";

    if (cli->json)
        return cli_print_json(json_pack("{s:s, s:b, s:s, s:b}", "name", row->name, "ok", TRUE, "server",
                                        server, "hidden", report->hidden));
    cli_print(cli, "%s answers: %s", "%s から応答がありました: %s", row->name, server);
    if (report->hidden)
        cli_print(cli, "S04: %s. %s", "S04: %s。%s", pt_error_info(PT_ERROR_S04)->cause[cli->lang],
                  pt_error_info(PT_ERROR_S04)->remedy[cli->lang]);
    return 0;
}

static int source_ask(const struct cli *cli, const struct app *app, const struct source_row *row)
{
    const struct source_target target = {.kind =
                                             strcmp(row->kind, "cups") == 0 ? SOURCE_CUPS : SOURCE_PRINTER,
                                         .name = row->name,
                                         .uri = row->uri,
                                         .timeout_ms = TEST_MS,
                                         .deadline_ms = TEST_MS,
                                         .now = app_now(app)};
    struct source_report report = {NULL};
    g_autoptr(GError) error = NULL;
    int status;

    if (!polled(row)) {
        cli_say(cli, "%s is an import; there is nobody to ask",
                "%s はファイルの取り込み元のため、問い合わせ先がありません", row->name);
        return 2;
    }
    if (!source_test(&target, &report, &error)) {
        status = cli_error(cli, error);
        if (cli->json)
            (void)cli_print_json(json_pack("{s:s, s:b, s:s}", "name", row->name, "ok", FALSE, "code",
                                           pt_error_info((int)pt_error_code_of(error))->name));
        return status;
    }
    status = source_answer(cli, row, &report);
    source_report_clear(&report);
    return status;
}

static int test_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_sources_commands[2];
    int status = 0;
    g_autoptr(PtApp) app = NULL;
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GError) error = NULL;
    const struct source_row *row;

    if (!cli_options(cli, command, NULL, &argc, &argv, &status))
        return status;
    if (argc != 1)
        return cli_usage(cli, command, "one name is needed", "名前を1つ指定してください");
    app = cli_open(cli, STORE_READ, &status);
    if (!app)
        return status;
    if (!store_sources(app->store, &rows, &error))
        return cli_error(cli, error);
    row = source_find(cli, rows, argv[0], &status);
    return row ? source_ask(cli, app, row) : status;
}

/* What polling several sources came to. */
struct polling {
    guint asked, failed;
    int failed_status; /* of the first failure */
};

static void source_poll_print(struct cli_list *list, const struct source_row *row,
                              const struct collect_result *result, const GError *failure)
{
    const gint64 counts[] = {result->read,      result->stored,  result->duplicates,
                             result->conflicts, result->refused, result->lost};
    g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(values, g_strdup(row->name));
    g_ptr_array_add(values, g_strdup(failure ? "false" : "true"));
    g_ptr_array_add(values, failure ? g_strdup(pt_error_info((int)pt_error_code_of(failure))->name) : NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(counts); i++)
        g_ptr_array_add(values, failure ? NULL : g_strdup_printf("%" G_GINT64_FORMAT, counts[i]));
    g_ptr_array_add(values, failure ? NULL : g_strdup(result->hidden ? "true" : "false"));
    g_ptr_array_add(values, failure ? NULL : g_strdup(result->gap ? "true" : "false"));
    cli_list_row(list, (const char *const *)values->pdata);
}

/* FALSE only when the store or the program failed: then nothing more is asked. */
static gboolean poll_one(const struct cli *cli, struct app *app, const struct settings *settings,
                         const struct source_row *row, struct cli_list *list, struct polling *polling)
{
    struct collect_result result = {0};
    g_autoptr(GError) error = NULL;
    enum pt_error_class class;
    int status;

    polling->asked++;
    if (collect_source(app, row, settings, POLL_SECONDS * 1000, &result, &error)) {
        source_poll_print(list, row, &result, NULL);
        return TRUE;
    }
    cli_say(cli, "%s:", "%s:", row->name);
    status = cli_error(cli, error);
    source_poll_print(list, row, &result, error);
    if (polling->failed++ == 0)
        polling->failed_status = status;
    class = pt_error_class_of(error);
    return class != PT_CLASS_STORE && class != PT_CLASS_INTERNAL;
}

static int poll_rows(const struct cli *cli, struct app *app, const GPtrArray *rows)
{
    static const struct cli_column columns[] = {
        {.name = "name"},
        {.name = "ok", .boolean = TRUE},
        {.name = "error"},
        {.name = "read", .number = TRUE},
        {.name = "stored", .number = TRUE},
        {.name = "duplicates", .number = TRUE},
        {.name = "conflicts", .number = TRUE},
        {.name = "refused", .number = TRUE},
        {.name = "lost", .number = TRUE},
        {.name = "hidden", .boolean = TRUE},
        {.name = "gap", .boolean = TRUE},
    };
    g_autoptr(PtSettings) settings = NULL;
    g_autoptr(GError) error = NULL;
    struct polling polling = {0};
    struct cli_list *list;
    int status = 0;

    if (!config_load(app, &settings, &error))
        return cli_error(cli, error);
    list = cli_list_begin(cli, columns, G_N_ELEMENTS(columns), &status);
    if (!list)
        return status;
    for (guint i = 0; i < rows->len; i++)
        if (!poll_one(cli, app, settings, g_ptr_array_index(rows, i), list, &polling))
            break;
    status = cli_list_end(list);
    if (polling.failed == 0)
        return status;
    return polling.failed < polling.asked ? 3 : polling.failed_status;
}

static int poll_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_sources_commands[3];
    int status = 0;
    g_autoptr(PtApp) app = NULL;
    g_autoptr(GPtrArray) rows = NULL, chosen = g_ptr_array_new();
    g_autoptr(GError) error = NULL;

    if (!cli_options(cli, command, NULL, &argc, &argv, &status))
        return status;
    app = cli_open(cli, STORE_EXISTING, &status);
    if (!app)
        return status;
    if (!store_sources(app->store, &rows, &error))
        return cli_error(cli, error);
    /* All names are looked up before anybody is asked. */
    for (int i = 0; i < argc; i++) {
        struct source_row *row = source_find(cli, rows, argv[i], &status);

        if (!row)
            return status;
        if (!polled(row)) {
            cli_say(cli, "%s is an import; there is nobody to ask",
                    "%s はファイルの取り込み元のため、問い合わせ先がありません", row->name);
            return 2;
        }
        g_ptr_array_add(chosen, row);
    }
    for (guint i = 0; argc == 0 && i < rows->len; i++)
        if (polled(g_ptr_array_index(rows, i)))
            g_ptr_array_add(chosen, g_ptr_array_index(rows, i));
    return poll_rows(cli, app, chosen);
}

static int remove_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_sources_commands[4];
    int status = 0;
    g_autoptr(PtApp) app = NULL;
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GError) error = NULL;
    const struct source_row *row;

    if (!cli_options(cli, command, NULL, &argc, &argv, &status))
        return status;
    if (argc != 1)
        return cli_usage(cli, command, "one name is needed", "名前を1つ指定してください");
    app = cli_open(cli, STORE_EXISTING, &status);
    if (!app)
        return status;
    if (!store_sources(app->store, &rows, &error))
        return cli_error(cli, error);
    row = source_find(cli, rows, argv[0], &status);
    if (!row)
        return status;
    if (!store_source_remove(app->store, row->id, &error))
        return cli_error(cli, error);
    app_wake(app);
    return 0;
}
