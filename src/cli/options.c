/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Takes options out of the arguments by GOption; all of them are texts, UTF-8 whatever the locale. */
#include "cli/options.h"

#include <string.h>

#include "cli/help.h"

#define COMMON(state, json, parseable, no_header, fields, help, version)                                       \
    {"state", 0, 0, G_OPTION_ARG_FILENAME, state, CLI_TEXT("state directory", "状態ディレクトリ"), "DIR"},     \
        {"json", 0, 0, G_OPTION_ARG_NONE, json, CLI_TEXT("JSON on standard output", "JSONで出力する"), NULL},  \
        {"parseable",                                                                                          \
         'P',                                                                                                  \
         0,                                                                                                    \
         G_OPTION_ARG_NONE,                                                                                    \
         parseable,                                                                                            \
         CLI_TEXT("lists: TAB between fields, \\t \\n \\r \\\\ escaped",                                       \
                  "一覧:TAB区切り。\\t \\n \\r \\\\ はエスケープ"),                                            \
         NULL},                                                                                                \
        {"no-header", 'n',                                                                                     \
         0,           G_OPTION_ARG_NONE,                                                                       \
         no_header,   CLI_TEXT("lists: no header row", "一覧:見出し行を付けない"),                             \
         NULL},                                                                                                \
        {"fields",   'o',                                                                                      \
         0,          G_OPTION_ARG_FILENAME,                                                                    \
         fields,     CLI_TEXT("lists: only these fields, in this order", "一覧:この列だけをこの順で出力する"), \
         "FIELD,..."},                                                                                         \
        {"help", 'h', 0, G_OPTION_ARG_NONE, help, CLI_TEXT("this help", "このヘルプ"), NULL},                  \
        {"version", 0, 0, G_OPTION_ARG_NONE, version, CLI_TEXT("the program's version", "プログラムの版"),     \
         NULL},                                                                                                \
    {                                                                                                          \
        NULL                                                                                                   \
    }

const GOptionEntry cli_common_options[] = {COMMON(NULL, NULL, NULL, NULL, NULL, NULL, NULL)};

char *cli_option_text(const char *description, enum pt_lang lang)
{
    const char *newline = strchr(description, '\n');

    if (!newline)
        return g_strdup(description);
    return lang == PT_LANG_JA ? g_strdup(newline + 1)
                              : g_strndup(description, (gsize)(newline - description));
}

/* GOption says what is wrong in English only. */
static int refused(const struct cli *cli, const struct cli_command *command, const GError *error)
{
    g_autofree char *clean = cli_clean(error->message);
    g_autofree char *ja = g_strdup_printf("オプションが正しくありません(%s)", clean);

    return cli_usage(cli, command, clean, ja);
}

/* What stands behind "--" are arguments whatever they look like; GOption keeps or drops the mark by rules of
 * its own. */
static int count_before_end_mark(int argc, char *const *argv)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--") == 0)
            return i;
    return argc;
}

static gboolean parse(GOptionContext *context, int *argc, char ***argv, GError **error)
{
    g_autofree char **words = g_new0(char *, (gsize)*argc + 2);
    static char name[] = "printtrail";
    char **list = words;
    int before = count_before_end_mark(*argc, *argv);
    int count = before + 1;
    int kept;

    words[0] = name;
    for (int i = 0; i < before; i++)
        words[i + 1] = (*argv)[i];
    if (!g_option_context_parse(context, &count, &list, error))
        return FALSE;
    kept = count - 1;
    for (int i = 0; i < kept; i++)
        (*argv)[i] = list[i + 1];
    for (int i = before + 1; i < *argc; i++)
        (*argv)[kept++] = (*argv)[i];
    (*argv)[kept] = NULL;
    *argc = kept;
    return TRUE;
}

static gboolean common_take(struct cli *cli, char *state, char *fields)
{
    if (state) {
        g_free(cli->state_dir);
        cli->state_dir = state;
    }
    if (fields) {
        g_strfreev(cli->fields);
        cli->fields = g_strsplit(fields, ",", -1);
        g_free(fields);
    }
    return !state || *state;
}

static gboolean options(struct cli *cli, const struct cli_command *command, const GOptionEntry *entries,
                        gboolean before, int *argc, char ***argv, int *ret_status)
{
    GOptionContext *context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    char *state = NULL, *fields = NULL;
    const GOptionEntry common[] = {
        COMMON(&state, &cli->json, &cli->parseable, &cli->no_header, &fields, &cli->help, &cli->version)};
    gboolean ok;

    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_strict_posix(context, before);
    g_option_context_add_main_entries(context, common, NULL);
    if (entries)
        g_option_context_add_main_entries(context, entries, NULL);
    ok = parse(context, argc, argv, &error);
    g_option_context_free(context);
    if (!ok) {
        *ret_status = refused(cli, command, error);
        return FALSE;
    }
    if (!common_take(cli, state, fields)) {
        *ret_status = cli_usage(cli, command, "--state needs a directory",
                                "--state にはディレクトリを指定してください");
        return FALSE;
    }
    return TRUE;
}

gboolean cli_options_before(struct cli *cli, const struct cli_command *program, int *argc, char ***argv,
                            int *ret_status)
{
    return options(cli, program, NULL, TRUE, argc, argv, ret_status);
}

gboolean cli_options(struct cli *cli, const struct cli_command *command, const GOptionEntry *entries,
                     int *argc, char ***argv, int *ret_status)
{
    if (!options(cli, command, entries, FALSE, argc, argv, ret_status))
        return FALSE;
    if (cli->help) {
        help_command(cli, command, entries, stdout);
        *ret_status = 0;
        return FALSE;
    }
    if (!command->lists && (cli->parseable || cli->no_header || cli->fields)) {
        *ret_status = cli_usage(cli, command, "-P, -n and -o are for lists; this command prints none",
                                "-P、-n、-o は一覧を出力するコマンドだけで使用できます");
        return FALSE;
    }
    return TRUE;
}

gboolean cli_number(const struct cli *cli, const struct cli_command *command, const char *option,
                    const char *text, gint64 min, gint64 max, gint64 *ret_number, int *ret_status)
{
    g_autofree char *clean = NULL, *en = NULL, *ja = NULL;

    if (!text || g_ascii_string_to_signed(text, 10, min, max, ret_number, NULL))
        return TRUE;
    clean = cli_clean(text);
    en = g_strdup_printf("%s: '%s' is not a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, option,
                         clean, min, max);
    ja = g_strdup_printf("%s: 「%s」は %" G_GINT64_FORMAT " から %" G_GINT64_FORMAT " の数ではありません",
                         option, clean, min, max);
    *ret_status = cli_usage(cli, command, en, ja);
    return FALSE;
}

gboolean cli_day(const struct cli *cli, const struct cli_command *command, const char *option,
                 const char *text, gint32 *ret_day, int *ret_status)
{
    g_autofree char *clean = NULL, *en = NULL, *ja = NULL;
    gint32 day = text ? day_parse(text) : 0;

    if (!text)
        return TRUE;
    /* day_parse() takes slashes, too; scripts are told one form only. */
    if (day != 0 && strchr(text, '-')) {
        *ret_day = day;
        return TRUE;
    }
    clean = cli_clean(text);
    en = g_strdup_printf("%s: '%s' is not a date such as 2026-06-09", option, clean);
    ja = g_strdup_printf("%s: 「%s」は 2026-06-09 のような日付ではありません", option, clean);
    *ret_status = cli_usage(cli, command, en, ja);
    return FALSE;
}
