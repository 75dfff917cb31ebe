/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The entry of the command line: options common to all commands, finding the command, running it. */
#include "cli/cli.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/help.h"
#include "cli/options.h"

const struct cli_command *const cli_command_tables[] = {
    cli_serve_commands,   cli_status_commands,     cli_check_commands, cli_settings_commands,
    cli_export_commands,  cli_deliveries_commands, cli_jobs_commands,  cli_import_commands,
    cli_sources_commands, cli_accounts_commands,   cli_store_commands, NULL,
};

const struct cli_command *cli_command_find(const char *name)
{
    for (gsize t = 0; cli_command_tables[t]; t++)
        for (const struct cli_command *command = cli_command_tables[t]; command->name; command++)
            if (strcmp(command->name, name) == 0)
                return command;
    return NULL;
}

/* A descriptor that is closed would be taken by the next file that is opened, and what we print would go into
 * that file. */
static void descriptors_ready(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0) {
            int null = open("/dev/null", fd == 1 ? O_RDONLY : O_RDWR);

            if (null >= 0 && null != fd) {
                (void)dup2(null, fd);
                (void)close(null);
            }
        }
}

/* /var/lib/printtrail for root, the user's own state directory otherwise (ARCHITECTURE.md, Command line). */
static char *state_dir_default(void)
{
    if (geteuid() == 0)
        return g_strdup("/var/lib/printtrail");
    return g_build_filename(g_get_user_state_dir(), "printtrail", NULL);
}

/* The command that the first one or two words name. */
static const struct cli_command *command_take(int *argc, char ***argv)
{
    const struct cli_command *command = NULL;
    int words = 1;

    if (*argc >= 2) {
        g_autofree char *two = g_strjoin(" ", (*argv)[0], (*argv)[1], NULL);

        command = cli_command_find(two);
        words = 2;
    }
    if (!command) {
        command = cli_command_find((*argv)[0]);
        words = 1;
    }
    if (command) {
        *argc -= words;
        *argv += words;
    }
    return command;
}

static int command_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command;
    g_autofree char *shown = NULL;

    if (cli->version) {
        cli_print(cli, "printtrail %s", "printtrail %s", PT_VERSION);
        return 0;
    }
    if (argc == 0 || strcmp(argv[0], "help") == 0) {
        if (argc > 0 || cli->help)
            return help_print(cli, argc - (argc > 0), argv + (argc > 0));
        help_overview(cli, stderr);
        return 2;
    }
    command = command_take(&argc, &argv);
    if (command)
        return command->run(cli, argc, argv);
    if (help_group(cli, argv[0], cli->help || (argc > 1 && strcmp(argv[1], "--help") == 0) ? stdout : stderr))
        return cli->help || (argc > 1 && strcmp(argv[1], "--help") == 0) ? 0 : 2;
    shown = cli_clean(argv[0]);
    cli_say(cli, "there is no command '%s'; 'printtrail help' lists them",
            "コマンド「%s」はありません。「printtrail help」で一覧を表示します", shown);
    return 2;
}

/* Names, texts and paths: all of them are UTF-8 (ARCHITECTURE.md, Command line). */
static gboolean arguments_valid(const struct cli *cli, int argc, char *const *argv)
{
    for (int i = 1; i < argc; i++)
        if (!g_utf8_validate(argv[i], -1, NULL)) {
            cli_say(cli, "argument %d is not valid UTF-8", "%d 番目の引数は正しいUTF-8ではありません", i);
            return FALSE;
        }
    return TRUE;
}

int cli_main(int argc, char **argv)
{
    static const struct cli_command program = {.name = ""};
    struct cli cli = {.lang = pt_lang_from_environment(), .who = g_strdup(g_get_user_name())};
    g_autoptr(GPtrArray) arguments = g_ptr_array_new();
    char **rest;
    int count = argc > 0 ? argc - 1 : 0;
    int status = 2;

    (void)signal(SIGPIPE, SIG_IGN);
    descriptors_ready();
    /* Options are taken out of the array by moving pointers: ours is a copy. */
    for (int i = 1; i < argc; i++)
        g_ptr_array_add(arguments, argv[i]);
    g_ptr_array_add(arguments, NULL);
    rest = (char **)arguments->pdata;
    if (arguments_valid(&cli, argc, argv) && cli_options_before(&cli, &program, &count, &rest, &status)) {
        if (!cli.state_dir)
            cli.state_dir = state_dir_default();
        status = command_run(&cli, count, rest);
    }
    status = cli_finish(&cli, status);
    g_free(cli.state_dir);
    g_free(cli.who);
    g_strfreev(cli.fields);
    return status;
}
