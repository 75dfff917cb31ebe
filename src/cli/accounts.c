/* SPDX-License-Identifier: GPL-3.0-or-later */
/* printtrail accounts: who may log in. Passwords come from a file, standard input or the terminal, never from
 * the command line. */
#include "app/accounts.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/secret.h"
#include "cli/cli.h"
#include "cli/options.h"

static int add_run(struct cli *cli, int argc, char **argv);
static int passwd_run(struct cli *cli, int argc, char **argv);
static int list_run(struct cli *cli, int argc, char **argv);
static int remove_run(struct cli *cli, int argc, char **argv);

const struct cli_command cli_accounts_commands[] = {
    {"accounts add",
     "NAME [--role admin|user] [--password @FILE|@-]",
     {"Adds an account; the first one is an administrator.",
      "アカウントを追加します。最初のアカウントは管理者になります。"},
     FALSE,
     add_run},
    {"accounts passwd",
     "NAME [--password @FILE|@-]",
     {"Sets a new password.", "パスワードを変更します。"},
     FALSE,
     passwd_run},
    {"accounts list", "", {"Lists the accounts.", "アカウントを一覧表示します。"}, TRUE, list_run},
    {"accounts remove", "NAME", {"Removes an account.", "アカウントを削除します。"}, FALSE, remove_run},
    {NULL},
};

/* Typed without being shown. */
static char *password_ask(struct cli *cli, GError **error)
{
    struct termios before, quiet;
    char *text;

    cli_say(cli, "password (at least %d characters):", "パスワード(%d文字以上):", ACCOUNT_PASSWORD_MIN);
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return cli_read_value(cli, "@-", error);
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    text = cli_read_line(cli, error);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    return text;
}

/* Wipe the result. NULL: said, *ret_status set. */
static char *password_read(struct cli *cli, const struct cli_command *command, const char *option,
                           int *ret_status)
{
    g_autoptr(GError) error = NULL;
    char *text;

    if (option && (*option != '@' || option[1] == '@')) {
        *ret_status = cli_usage(
            cli, command, "a password is not taken from the command line; use --password @FILE or @-",
            "パスワードはコマンドラインでは指定できません。--password @FILE または @- を使用してください");
        return NULL;
    }
    text = option || !isatty(STDIN_FILENO) ? cli_read_value(cli, option ? option : "@-", &error)
                                           : password_ask(cli, &error);
    if (!text)
        *ret_status = cli_error(cli, error);
    return text;
}

static int account_store(struct cli *cli, const char *name, enum account_role role, const char *password)
{
    int status = 0;
    g_autoptr(PtApp) app = cli_open(cli, STORE_CREATE, &status);
    g_autoptr(GError) error = NULL;
    gboolean admin = FALSE;

    if (!app)
        return status;
    if (!account_add(app, name, role, password, cli->who, &admin, &error))
        return cli_error(cli, error);
    if (cli->json)
        return cli_print_json(json_pack("{s:s, s:s}", "name", name, "role", admin ? "admin" : "user"));
    return 0;
}

static gboolean role_parse(const char *text, enum account_role *ret_role)
{
    *ret_role = ACCOUNT_ROLE_DEFAULT;
    if (text && strcmp(text, "admin") == 0)
        *ret_role = ACCOUNT_ROLE_ADMIN;
    else if (text && strcmp(text, "user") == 0)
        *ret_role = ACCOUNT_ROLE_USER;
    else if (text)
        return FALSE;
    return TRUE;
}

#define PASSWORD_ROW(target)                                                                                 \
    {                                                                                                        \
        "password", 0, 0, G_OPTION_ARG_FILENAME, target,                                                     \
            CLI_TEXT("where the password is; without it: typed, or standard input",                          \
                     "パスワードの読み取り元。省略時は入力または標準入力"),                                  \
            "@FILE"                                                                                          \
    }

static int add_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_accounts_commands[0];
    g_autofree char *role_text = NULL, *option = NULL;
    const GOptionEntry entries[] = {
        {"role", 0, 0, G_OPTION_ARG_FILENAME, &role_text,
         CLI_TEXT("admin or user", "admin(管理者)または user(一般ユーザ)"), "ROLE"},
        PASSWORD_ROW(&option),
        {NULL},
    };
    enum account_role role;
    char *password;
    int status = 0;

    if (!cli_options(cli, command, entries, &argc, &argv, &status))
        return status;
    if (argc != 1)
        return cli_usage(cli, command, "one name is needed", "名前を1つ指定してください");
    if (!role_parse(role_text, &role))
        return cli_usage(cli, command, "--role is admin or user", "--role は admin または user です");
    password = password_read(cli, command, option, &status);
    if (!password)
        return status;
    status = account_store(cli, argv[0], role, password);
    secret_wipe(password);
    return status;
}

static int passwd_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_accounts_commands[1];
    g_autofree char *option = NULL;
    const GOptionEntry entries[] = {PASSWORD_ROW(&option), {NULL}};
    g_autoptr(PtApp) app = NULL;
    g_autoptr(GError) error = NULL;
    char *password;
    int status = 0;

    if (!cli_options(cli, command, entries, &argc, &argv, &status))
        return status;
    if (argc != 1)
        return cli_usage(cli, command, "one name is needed", "名前を1つ指定してください");
    password = password_read(cli, command, option, &status);
    if (!password)
        return status;
    app = cli_open(cli, STORE_EXISTING, &status);
    if (app && !account_set_password(app, argv[0], password, cli->who, &error))
        status = cli_error(cli, error);
    secret_wipe(password);
    return status;
}

static int rows_print(const struct cli *cli, const GPtrArray *rows)
{
    static const struct cli_column columns[] = {{.name = "name"}, {.name = "role"}, {.name = "created"}};
    int status = 0;
    struct cli_list *list = cli_list_begin(cli, columns, G_N_ELEMENTS(columns), &status);

    if (!list)
        return status;
    for (guint i = 0; i < rows->len; i++) {
        const struct account *account = g_ptr_array_index(rows, i);
        g_autofree char *created = cli_time_utc(account->created);
        const char *values[] = {account->name, account->admin ? "admin" : "user", created};

        cli_list_row(list, values);
    }
    return cli_list_end(list);
}

static int list_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_accounts_commands[2];
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
    if (!store_accounts(app->store, &rows, &error))
        return cli_error(cli, error);
    return rows_print(cli, rows);
}

static int remove_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_accounts_commands[3];
    int status = 0;
    g_autoptr(PtApp) app = NULL;
    g_autoptr(GError) error = NULL;

    if (!cli_options(cli, command, NULL, &argc, &argv, &status))
        return status;
    if (argc != 1)
        return cli_usage(cli, command, "one name is needed", "名前を1つ指定してください");
    app = cli_open(cli, STORE_EXISTING, &status);
    if (!app)
        return status;
    if (!account_remove(app, argv[0], cli->who, &error))
        return cli_error(cli, error);
    return 0;
}
