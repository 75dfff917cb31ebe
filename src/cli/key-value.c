/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KEY=VALUE arguments: values may come from a file or standard input, and secrets must. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"

#define VALUE_MAX 65536

/* The whole of a file, or with `line` what comes up to the first line's end; at most VALUE_MAX bytes, without
 * one final LF or CRLF. */
static char *read_all(int fd, const char *shown, gboolean line, GError **error)
{
    g_autofree char *text = g_malloc(VALUE_MAX + 2);
    gsize length = 0;
    gssize got = 0;

    secret_guard(); /* it may be a password */
    while (length <= VALUE_MAX && (got = read(fd, text + length, VALUE_MAX + 1 - length)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            pt_error_set(error, PT_ERROR_INPUT, "cannot read %s: %s", "%s を読み取れません: %s", shown,
                         g_strerror(errno));
            return NULL;
        }
        length += (gsize)got;
        if (line && memchr(text, '\n', length))
            break;
    }
    if (length > VALUE_MAX) {
        pt_error_set(error, PT_ERROR_INPUT, "%s is longer than %d bytes", "%s は %d バイトを超えています",
                     shown, VALUE_MAX);
        return NULL;
    }
    if (memchr(text, 0, length)) {
        pt_error_set(error, PT_ERROR_INPUT, "%s holds a NUL byte", "%s にNULバイトが含まれています", shown);
        return NULL;
    }
    if (length > 0 && text[length - 1] == '\n')
        length -= length > 1 && text[length - 2] == '\r' ? 2 : 1;
    text[length] = 0;
    return g_steal_pointer(&text);
}

static char *read_file(const char *path, GError **error)
{
    g_autofree char *clean = cli_clean(path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text;

    if (fd < 0) {
        pt_error_set(error, PT_ERROR_INPUT, "cannot open %s: %s", "%s を開けません: %s", clean,
                     g_strerror(errno));
        return NULL;
    }
    text = read_all(fd, clean, FALSE, error);
    (void)close(fd);
    return text;
}

char *cli_read_value(struct cli *cli, const char *text, GError **error)
{
    if (text[0] != '@')
        return g_strdup(text);
    if (text[1] == '@')
        return g_strdup(text + 1);
    if (strcmp(text, "@-") != 0)
        return read_file(text + 1, error);
    if (cli->stdin_used) {
        pt_error_set(error, PT_ERROR_INPUT, "standard input (@-) can be used once only",
                     "標準入力(@-)は1回だけ使用できます");
        return NULL;
    }
    cli->stdin_used = TRUE;
    return read_all(STDIN_FILENO, cli->lang == PT_LANG_JA ? "標準入力" : "standard input", FALSE, error);
}

char *cli_read_line(struct cli *cli, GError **error)
{
    return read_all(STDIN_FILENO, cli->lang == PT_LANG_JA ? "標準入力" : "standard input", TRUE, error);
}

gboolean cli_key_value(struct cli *cli, const char *argument, enum setting_id *ret_id, char **ret_value,
                       int *ret_status)
{
    const char *equals = strchr(argument, '=');
    g_autofree char *key = equals ? g_strndup(argument, (gsize)(equals - argument)) : g_strdup(argument);
    g_autofree char *clean = cli_clean(key);
    enum setting_id id = equals ? setting_from_key(key) : SETTING_COUNT;
    g_autoptr(GError) error = NULL;
    char *value;

    *ret_status = 2;
    if (!equals) {
        /* What is shown may be a password typed in the wrong place: nothing of it is repeated unless it is a
         * key. */
        if (setting_from_key(key) != SETTING_COUNT)
            cli_say(cli, "%s: give it as %s=VALUE", "%s: %s=VALUE の形で指定してください", clean, clean);
        else
            cli_say(cli, "an argument is not of the form KEY=VALUE", "KEY=VALUE の形でない引数があります");
        return FALSE;
    }
    if (id == SETTING_COUNT) {
        enum setting_id near = setting_nearest(key);

        if (near < SETTING_COUNT)
            cli_say(cli, "%s: there is no such setting; did you mean %s?",
                    "%s: この設定はありません。%s のことですか?", clean, setting_info(near)->key);
        else
            cli_say(cli, "%s: there is no such setting; 'printtrail settings show' lists them",
                    "%s: この設定はありません。「printtrail settings show」で一覧を表示します", clean);
        return FALSE;
    }
    if (setting_info(id)->secret && equals[1] && (equals[1] != '@' || equals[2] == '@')) {
        cli_say(
            cli,
            "%s: a secret is not taken from the command line, where others can see it; use %s=@FILE or %s=@-",
            "%s: 秘密の値はコマンドラインでは指定できません(ほかの人から見えます)。%s=@FILE または %s=@- "
            "を使用してください",
            key, key, key);
        return FALSE;
    }
    value = cli_read_value(cli, equals + 1, &error);
    if (!value) {
        g_autofree char *message = pt_error_message(error, cli->lang);

        cli_say(cli, "%s: %s", "%s: %s", key, message);
        return FALSE;
    }
    *ret_id = id;
    *ret_value = value;
    return TRUE;
}
