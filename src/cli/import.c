/* SPDX-License-Identifier: GPL-3.0-or-later */
/* printtrail jobs import: history from files and other programs; each line is judged by itself. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/collect.h"
#include "cli/cli.h"
#include "cli/options.h"

/* A file that is not what it was said to be is told by its first lines, not by all of them. */
#define SHOWN_LINES 100

static int import_run(struct cli *cli, int argc, char **argv);

const struct cli_command cli_import_commands[] = {
    {"jobs import",
     "--format ndjson|csv|page_log [--source NAME] FILE|-",
     {"Reads jobs from a file or standard input; the same file twice stores nothing twice.",
      "ファイルまたは標準入力からジョブを取り込みます。同じファイルを再度取り込んでも重複しません。"},
     FALSE,
     import_run},
    {NULL},
};

static const struct {
    const char *name;
    const char *extension;
    enum import_format format;
} formats[] = {{"ndjson", ".ndjson", IMPORT_NDJSON},
               {"csv", ".csv", IMPORT_CSV},
               {"page_log", "page_log", IMPORT_PAGE_LOG},
               {"ndjson", ".jsonl", IMPORT_NDJSON}};

/* Index of the format that was named or that the file's name ends in; G_N_ELEMENTS(formats) if none. */
static gsize format_find(const char *name, const char *file)
{
    gsize i = 0;

    while (i < G_N_ELEMENTS(formats) &&
           (name ? strcmp(formats[i].name, name) != 0 : !g_str_has_suffix(file, formats[i].extension)))
        i++;
    return i;
}

struct rejections {
    const struct cli *cli;
    guint64 shown;
};

static void rejected(gpointer user, guint64 line, const GError *why)
{
    struct rejections *rejections = user;
    g_autofree char *text = NULL;

    if (rejections->shown++ >= SHOWN_LINES)
        return;
    text = pt_error_message(why, rejections->cli->lang);
    cli_say(rejections->cli, "line %" G_GUINT64_FORMAT ": %s", "%" G_GUINT64_FORMAT "行目: %s", line, text);
}

static void result_say(const struct cli *cli, const struct import_result *result)
{
    if (result->rejected > SHOWN_LINES)
        cli_say(cli, "… and %" G_GUINT64_FORMAT " more rejected lines",
                "… ほか %" G_GUINT64_FORMAT " 行を取り込めませんでした", result->rejected - SHOWN_LINES);
    cli_say(cli,
            "%" G_GUINT64_FORMAT " lines: %" G_GUINT64_FORMAT " stored, %" G_GUINT64_FORMAT
            " duplicates, %" G_GUINT64_FORMAT " conflicts, %" G_GUINT64_FORMAT
            " refused (day already deleted), %" G_GUINT64_FORMAT " rejected, %" G_GUINT64_FORMAT " texts cut",
            "%" G_GUINT64_FORMAT " 行: 保存 %" G_GUINT64_FORMAT "、重複 %" G_GUINT64_FORMAT
            "、不一致 %" G_GUINT64_FORMAT "、拒否(削除済みの日) %" G_GUINT64_FORMAT
            "、取り込み不可 %" G_GUINT64_FORMAT "、短縮した文字列 %" G_GUINT64_FORMAT,
            result->lines, result->stored, result->duplicates, result->conflicts, result->refused,
            result->rejected, result->cut);
}

static int result_json(const struct import_result *result)
{
    return cli_print_json(
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "lines", (json_int_t)result->lines, "stored",
                  (json_int_t)result->stored, "duplicates", (json_int_t)result->duplicates, "conflicts",
                  (json_int_t)result->conflicts, "refused", (json_int_t)result->refused, "rejected",
                  (json_int_t)result->rejected, "cut", (json_int_t)result->cut));
}

static int import_fd(struct cli *cli, enum import_format format, const char *source, int fd)
{
    struct rejections rejections = {cli, 0};
    struct import_result result = {0};
    struct stat stat;
    gint64 size = fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) ? (gint64)stat.st_size : 0;
    g_autoptr(GError) error = NULL;
    int status = 0;
    g_autoptr(PtApp) app = cli_open(cli, STORE_CREATE, &status);

    if (!app)
        return status;
    app->progress = cli_progress;
    app->progress_user = cli;
    if (!import_file(app, format, source, fd, size, rejected, &rejections, &result, &error)) {
        if (result.lines > 0)
            result_say(cli, &result);
        return cli_error(cli, error);
    }
    result_say(cli, &result);
    if (cli->json)
        status = result_json(&result);
    return status == 0 && result.rejected > 0 ? 3 : status;
}

/* -1: said, *ret_status set. Opened before root gives up its rights: it is root who named the file. */
static int file_open(struct cli *cli, const char *file, int *ret_status)
{
    g_autofree char *clean = cli_clean(file);
    struct stat stat;
    int fd;

    if (strcmp(file, "-") == 0)
        return STDIN_FILENO;
    fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        *ret_status = errno == ENOENT || errno == ENOTDIR ? 4 : 2;
        cli_say(cli, "cannot open %s: %s", "%s を開けません: %s", clean, g_strerror(errno));
        return -1;
    }
    if (fstat(fd, &stat) == 0 && S_ISDIR(stat.st_mode)) {
        (void)close(fd);
        *ret_status = 2;
        cli_say(cli, "%s is a folder", "%s はフォルダです", clean);
        return -1;
    }
    return fd;
}

static gboolean source_name_ok(const char *name)
{
    g_autofree char *clean = g_utf8_validate(name, -1, NULL) ? cli_clean(name) : NULL;

    return clean && *name && *name != '-' && strcmp(clean, name) == 0 && g_utf8_strlen(name, -1) <= 64;
}

static int import_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = &cli_import_commands[0];
    g_autofree char *format_text = NULL, *source = NULL;
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_FILENAME, &format_text,
         CLI_TEXT("ndjson, csv (our own) or page_log; without it the file's name decides",
                  "ndjson、csv(printtrail形式)、page_log。省略時はファイル名で判断"),
         "FORMAT"},
        {"source", 0, 0, G_OPTION_ARG_FILENAME, &source,
         CLI_TEXT("name of the source that the jobs are booked under; default: the format's name",
                  "ジョブを記録する取得元の名前。既定は形式名"),
         "NAME"},
        {NULL},
    };
    gsize found;
    int status = 0;
    int fd;

    if (!cli_options(cli, command, entries, &argc, &argv, &status))
        return status;
    if (argc != 1)
        return cli_usage(cli, command, "one file is needed, or - for standard input",
                         "ファイルを1つ、または標準入力として - を指定してください");
    found = format_find(format_text, argv[0]);
    if (found == G_N_ELEMENTS(formats))
        return cli_usage(cli, command, "--format is ndjson, csv or page_log",
                         "--format は ndjson、csv、page_log のどれかです");
    if (source && !source_name_ok(source))
        return cli_usage(cli, command,
                         "--source: a name has 1 to 64 printable characters and does not begin with -",
                         "--source: 名前は印字可能な1~64文字で、- で始まらないものにしてください");
    fd = file_open(cli, argv[0], &status);
    if (fd < 0)
        return status;
    status = import_fd(cli, formats[found].format, source ? source : formats[found].name, fd);
    if (fd != STDIN_FILENO)
        (void)close(fd);
    return status;
}
