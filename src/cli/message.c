/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said to people: messages, errors with cause and remedy, and seeing that the output has arrived. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

char *cli_clean(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_sized_new(strlen(valid));

    for (const char *p = valid; *p; p += g_utf8_skip[(guchar)*p]) {
        gunichar c = g_utf8_get_char(p);

        g_string_append_unichar(out, g_unichar_iscntrl(c) ? 0xFFFD : c);
    }
    return g_string_free(out, FALSE);
}

/* Messages may be of several lines; all else that a terminal obeys is taken out. */
static void put_clean_lines(FILE *file, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (gsize i = 0; lines[i]; i++) {
        g_autofree char *clean = cli_clean(lines[i]);

        (void)fprintf(file, "%s%s", i ? "\n" : "", clean);
    }
    (void)fputc('\n', file);
}

void cli_say(const struct cli *cli, const char *en, const char *ja, ...)
{
    g_autofree char *text = NULL;
    va_list list;

    va_start(list, ja);
    text = g_strdup_vprintf(cli->lang == PT_LANG_JA ? ja : en, list);
    va_end(list);
    /* A progress line may stand there. */
    if (isatty(STDERR_FILENO))
        (void)fputs("\r\033[K", stderr);
    (void)fputs("printtrail: ", stderr);
    put_clean_lines(stderr, text);
}

void cli_print(const struct cli *cli, const char *en, const char *ja, ...)
{
    g_autofree char *text = NULL;
    va_list list;

    va_start(list, ja);
    text = g_strdup_vprintf(cli->lang == PT_LANG_JA ? ja : en, list);
    va_end(list);
    put_clean_lines(stdout, text);
}

int cli_error(const struct cli *cli, const GError *error)
{
    const struct pt_error_info *info = pt_error_info((int)pt_error_code_of(error));
    g_autofree char *message = pt_error_message(error, cli->lang);

    cli_say(cli, "%s: %s", "%s: %s", info->name, message);
    /* INPUT and MISSING say all in their message; "correct the value" adds nothing. */
    if (info->class == PT_CLASS_INPUT || info->class == PT_CLASS_MISSING)
        return pt_error_exit_status(info->class);
    (void)fputs("  ", stderr);
    put_clean_lines(stderr, info->cause[cli->lang]);
    (void)fputs("  ", stderr);
    put_clean_lines(stderr, info->remedy[cli->lang]);
    return pt_error_exit_status(info->class);
}

int cli_usage(const struct cli *cli, const struct cli_command *command, const char *en, const char *ja)
{
    cli_say(cli, "%s", "%s", cli->lang == PT_LANG_JA ? ja : en);
    if (*command->name)
        (void)fprintf(stderr, "%s printtrail %s%s%s\n",
                      cli->lang == PT_LANG_JA ? "使用方法:" : "Usage:", command->name,
                      *command->arguments ? " " : "", command->arguments);
    else
        (void)fputs(cli->lang == PT_LANG_JA ? "「printtrail help」でコマンドの一覧を表示します\n"
                                            : "'printtrail help' lists the commands\n",
                    stderr);
    return 2;
}

void cli_problems(const struct cli *cli, const GPtrArray *problems)
{
    for (guint i = 0; i < problems->len; i++) {
        const struct setting_problem *problem = g_ptr_array_index(problems, i);

        cli_say(cli, "%s: %s", "%s: %s", setting_info(problem->id)->key, problem->message[cli->lang]);
    }
}

int cli_finish(const struct cli *cli, int status)
{
    /* fclose: a file server may report a full disk only then. */
    gboolean failed = ferror(stdout) != 0;
    int number = failed ? 0 : errno;

    if (fclose(stdout) != 0) {
        failed = TRUE;
        number = errno;
    }
    if (!failed)
        return status;
    cli_say(cli, "the output could not be written: %s", "出力を書き込めませんでした: %s",
            number ? g_strerror(number) : "I/O error");
    return status == 0 ? 1 : status;
}

char *cli_time_local(struct zone *zone, gint64 utc)
{
    struct local_time local;
    int offset, minutes;

    if (utc == JOB_NONE)
        return NULL;
    local = zone_local(zone, utc);
    offset = zone_offset(zone, utc);
    minutes = ABS(offset) / 60;
    return g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", local.year, local.month, local.day,
                           local.hour, local.minute, local.second, offset < 0 ? '-' : '+', minutes / 60,
                           minutes % 60);
}

char *cli_time_utc(gint64 utc)
{
    char text[32];

    if (utc == 0 || utc == JOB_NONE)
        return NULL;
    time_format_utc(utc, text);
    return g_strdup(text);
}

char *cli_time_people(struct zone *zone, gint64 utc)
{
    struct local_time local;

    if (utc == 0 || utc == JOB_NONE)
        return NULL;
    local = zone_local(zone, utc);
    return g_strdup_printf("%04d-%02d-%02d %02d:%02d:%02d", local.year, local.month, local.day, local.hour,
                           local.minute, local.second);
}

char *cli_day_text(gint32 day)
{
    char text[11];

    if (day == 0)
        return NULL;
    day_format(day, text);
    return g_strdup(text);
}
