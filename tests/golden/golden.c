/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runner of the exact-bytes cases (README.md): golden DIRECTORY. */
#include <string.h>

#include "base/error.h"
#include "core/csv.h"
#include "core/page-log.h"

#define PAGE_LOG_FORMAT "v1 utf-8 en comma guard ymd Asia/Tokyo"
#define NOW G_GINT64_CONSTANT(4000000000)

static gboolean collect(const char *bytes, gsize length, gpointer user, GError **error)
{
    (void)error;
    g_string_append_len(user, bytes, (gssize)length);
    return TRUE;
}

static GString *load(const char *file)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = NULL;
    gsize length = 0;

    g_file_get_contents(file, &bytes, &length, &error);
    g_assert_no_error(error);
    return g_string_new_len(bytes, (gssize)length);
}

/* "dir/name.case" and ".csv" give "dir/name.csv". New string. */
static char *sibling(const char *file, const char *suffix)
{
    const char *dot = strrchr(file, '.');
    g_autofree char *stem = g_strndup(file, (gsize)(dot - file));

    return g_strconcat(stem, suffix, NULL);
}

/* Compares with the file that stands beside the case; names the first byte that differs. */
static void assert_as_stored(const char *file, const char *suffix, const GString *now)
{
    g_autofree char *path = sibling(file, suffix);
    g_autofree char *name = g_path_get_basename(path);
    const char *directory = g_getenv("GOLDEN_WRITE");
    g_autoptr(GString) stored = NULL;
    gsize same = 0;

    if (directory) {
        g_autoptr(GError) error = NULL;
        g_autofree char *copy = g_build_filename(directory, name, NULL);
        g_file_set_contents(copy, now->str, (gssize)now->len, &error);
        g_assert_no_error(error);
        return;
    }
    stored = load(path);
    while (same < now->len && same < stored->len && now->str[same] == stored->str[same])
        same++;
    if (same < now->len || same < stored->len)
        g_test_message("%s: byte %" G_GSIZE_FORMAT ": stored \"%.60s\", now \"%.60s\"", name, same,
                       stored->str + same, now->str + same);
    g_assert_cmpuint(same, ==, now->len);
    g_assert_cmpuint(same, ==, stored->len);
}

/* One value of a case; `text` lives as long as the jobs. */
static void set_value(struct job *job, char **pair, GStringChunk *texts)
{
    enum job_column column = job_column_from_key(pair[0], strlen(pair[0]));
    g_autofree char *text = g_strcompress(pair[1]);
    gint64 utc = JOB_NONE;

    g_assert_cmpint(column, <, JOB_COLUMNS);
    switch (job_columns[column].type) {
    case JOB_INT:
        job_set_number(job, column, g_ascii_strtoll(text, NULL, 10));
        break;
    case JOB_TIME:
        g_assert_true(time_parse_rfc3339(text, strlen(text), &utc));
        job_set_number(job, column, utc);
        break;
    case JOB_TEXT:
    case JOB_TOKEN:
        job_set_text(job, column, g_string_chunk_insert(texts, text));
        break;
    case JOB_DERIVED:
        g_error("%s is computed", pair[0]);
    }
}

/* Every row of the file, written again in the same format. */
static GString *read_and_write(const struct csv_format *format, const GString *file)
{
    struct csv_reader_options options = {format->encoding == CSV_CP932, format->date_format, format->zone,
                                         NOW, !format->formula_guard};
    g_autoptr(GError) error = NULL;
    g_autoptr(PtCsvReader) reader = csv_reader_new(&options, &error);
    GString *again = g_string_new(NULL);
    g_autoptr(PtCsvWriter) writer = csv_writer_new(format, collect, again, &error);
    struct job job;
    guint64 line;

    csv_reader_feed(reader, file->str, file->len, TRUE);
    while (csv_reader_next(reader, &job, &line, &error) == CSV_ROW)
        g_assert_true(csv_writer_row(writer, &job, &error));
    g_assert_no_error(error);
    g_assert_true(csv_writer_finish(writer, &error));
    return again;
}

static void run_case(const char *path)
{
    g_autoptr(GString) text = load(path);
    g_auto(GStrv) lines = g_strsplit(text->str, "\n", -1);
    GStringChunk *texts = g_string_chunk_new(4096);
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) file = g_string_new(NULL);
    g_autoptr(PtCsvWriter) writer = NULL;
    struct csv_format format;
    gint64 replaced = 0;
    struct job job;
    gboolean open = FALSE;

    for (char **line = lines; *line; line++) {
        g_auto(GStrv) pair = g_strsplit(*line, "=", 2);
        if (**line == '#')
            continue;
        if (!**line) {
            if (open)
                g_assert_true(csv_writer_row(writer, &job, &error));
            job_clear(&job);
            open = FALSE;
        } else if (!strcmp(pair[0], "format")) {
            g_assert_true(csv_format_from_text(pair[1], &format, &error));
            writer = csv_writer_new(&format, collect, file, &error);
            g_assert_no_error(error);
        } else if (!strcmp(pair[0], "replaced")) {
            replaced = g_ascii_strtoll(pair[1], NULL, 10);
        } else {
            set_value(&job, pair, texts);
            open = TRUE;
        }
    }
    g_assert_true(csv_writer_finish(writer, &error));
    g_assert_cmpint(csv_writer_replaced(writer), ==, replaced);
    assert_as_stored(path, ".csv", file);
    if (!replaced) {
        g_autoptr(GString) again = read_and_write(&format, file);
        g_assert_cmpstr(again->str, ==, file->str);
    }
    g_string_chunk_free(texts);
}

static void run_page_log(const char *path)
{
    g_autoptr(GString) text = load(path);
    g_auto(GStrv) lines = g_strsplit(text->str, "\n", -1);
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) file = g_string_new(NULL);
    g_autoptr(GString) errors = g_string_new(NULL);
    g_autoptr(PtCsvWriter) writer = NULL;
    g_autofree struct page_log *log = g_new(struct page_log, 1);
    struct csv_format format;

    g_assert_true(csv_format_from_text(PAGE_LOG_FORMAT, &format, &error));
    writer = csv_writer_new(&format, collect, file, &error);
    g_assert_no_error(error);
    for (guint i = 0; lines[i] && (lines[i][0] || lines[i + 1]); i++) {
        g_autoptr(GError) refused = NULL;
        if (page_log_parse(lines[i], strlen(lines[i]), log, &refused)) {
            job_set_number(&log->job, JOB_SEQ, i + 1);
            g_assert_true(csv_writer_row(writer, &log->job, &error));
        } else {
            g_autofree char *reason = pt_error_message(refused, PT_LANG_EN);
            g_string_append_printf(errors, "%u: %s\n", i + 1, reason);
        }
    }
    g_assert_true(csv_writer_finish(writer, &error));
    assert_as_stored(path, ".csv", file);
    assert_as_stored(path, ".errors", errors);
}

static void run(gconstpointer path)
{
    if (g_str_has_suffix(path, ".case"))
        run_case(path);
    else
        run_page_log(path);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) directory = NULL;
    guint cases = 0;

    g_test_init(&argc, &argv, NULL);
    directory = g_dir_open(argc > 1 ? argv[1] : ".", 0, &error);
    g_assert_no_error(error);
    for (const char *name = g_dir_read_name(directory); name; name = g_dir_read_name(directory)) {
        g_autofree char *title = g_strconcat("/golden/", name, NULL);
        if (!g_str_has_suffix(name, ".case") && !g_str_has_suffix(name, ".page_log"))
            continue;
        g_test_add_data_func_full(title, g_build_filename(argv[1], name, NULL), run, g_free);
        cases++;
    }
    g_assert_cmpuint(cases, >, 0);
    return g_test_run();
}
