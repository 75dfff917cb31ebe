/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Help in two languages, derived from the descriptors: no second list of commands to keep right. */
#include "cli/help.h"

#include <string.h>

#include "cli/options.h"
#include "core/destination.h"

static const char *const exit_codes[] = {
    "Exit status: 0 done · 1 fault in printtrail, or its output could not be written · 2 usage, refused "
    "value, incomplete settings ·\n"
    "             3 some done, some not · 4 no such thing · 5 try again later · 6 a person must act · 7 data "
    "or store damaged\n",
    "終了コード: 0 完了 · 1 内部エラー、または出力できない · 2 使用方法、値の誤り、設定の不足 ·\n"
    "            3 一部だけ完了 · 4 指定されたものはない · 5 後で再試行 · 6 人の対応が必要 · 7 "
    "データまたはストアの破損\n",
};

static void put_padded(FILE *file, const char *text, gsize width)
{
    gsize used = text_width(text);

    (void)fprintf(file, "  %s", text);
    for (gsize i = used; i < width; i++)
        (void)fputc(' ', file);
}

void help_overview(const struct cli *cli, FILE *file)
{
    gboolean ja = cli->lang == PT_LANG_JA;

    (void)fprintf(file, ja ? "使用方法: printtrail [--state DIR] コマンド [オプション] [引数]\n\n"
                           : "Usage: printtrail [--state DIR] COMMAND [OPTION...] [ARGUMENT...]\n\n");
    (void)fprintf(file, ja ? "コマンド:\n" : "Commands:\n");
    for (gsize t = 0; cli_command_tables[t]; t++)
        for (const struct cli_command *command = cli_command_tables[t]; command->name; command++) {
            put_padded(file, command->name, 18);
            (void)fprintf(file, "%s\n", command->help[cli->lang]);
        }
    put_padded(file, "help", 18);
    (void)fprintf(file, "%s\n\n%s", ja ? "コマンドのヘルプを表示します。" : "Shows the help of a command.",
                  exit_codes[cli->lang]);
}

gboolean help_group(const struct cli *cli, const char *word, FILE *file)
{
    gsize length = strlen(word);
    gboolean found = FALSE;

    for (gsize t = 0; cli_command_tables[t]; t++)
        for (const struct cli_command *command = cli_command_tables[t]; command->name; command++) {
            if (strncmp(command->name, word, length) != 0 || command->name[length] != ' ')
                continue;
            if (!found)
                (void)fprintf(file, cli->lang == PT_LANG_JA ? "コマンド:\n" : "Commands:\n");
            found = TRUE;
            put_padded(file, command->name, 18);
            (void)fprintf(file, "%s\n", command->help[cli->lang]);
        }
    return found;
}

static void help_options(const struct cli *cli, const GOptionEntry *entries, gboolean lists, FILE *file)
{
    for (; entries && entries->long_name; entries++) {
        g_autofree char *text = cli_option_text(entries->description, cli->lang);
        g_autofree char *name = NULL;

        if (!lists &&
            (entries->short_name == 'P' || entries->short_name == 'n' || entries->short_name == 'o'))
            continue;
        name = entries->short_name
                   ? g_strdup_printf("-%c, --%s%s%s", entries->short_name, entries->long_name,
                                     entries->arg_description ? " " : "",
                                     entries->arg_description ? entries->arg_description : "")
                   : g_strdup_printf("--%s%s%s", entries->long_name, entries->arg_description ? " " : "",
                                     entries->arg_description ? entries->arg_description : "");
        put_padded(file, name, 26);
        (void)fprintf(file, " %s\n", text);
    }
}

void help_command(const struct cli *cli, const struct cli_command *command, const GOptionEntry *entries,
                  FILE *file)
{
    gboolean ja = cli->lang == PT_LANG_JA;

    (void)fprintf(file, "%s printtrail %s%s%s\n", ja ? "使用方法:" : "Usage:", command->name,
                  *command->arguments ? " " : "", command->arguments);
    (void)fprintf(file, "%s\n\n%s\n", command->help[cli->lang], ja ? "オプション:" : "Options:");
    help_options(cli, entries, TRUE, file);
    help_options(cli, cli_common_options, command->lists, file);
}

int help_print(struct cli *cli, int argc, char **argv)
{
    static char option[] = "--help";
    char *words[] = {option, NULL};
    g_autofree char *name =
        argc > 1 ? g_strjoin(" ", argv[0], argv[1], NULL) : g_strdup(argc > 0 ? argv[0] : "");
    const struct cli_command *command = cli_command_find(name);
    g_autofree char *clean = cli_clean(name);

    if (argc == 0) {
        help_overview(cli, stdout);
        return 0;
    }
    if (command)
        return command->run(cli, 1, words);
    if (argc == 1 && help_group(cli, argv[0], stdout))
        return 0;
    cli_say(cli, "there is no command '%s'; 'printtrail help' lists them",
            "コマンド「%s」はありません。「printtrail help」で一覧を表示します", clean);
    return 2;
}
