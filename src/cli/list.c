/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists: a table for people, TAB-separated fields for scripts, or a JSON array; any number of rows in
 * constant memory. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/destination.h"

/* Rows that decide the widths of the table's columns; later ones flow through. */
#define MEASURED_ROWS 1000
/* A longer text does not push all the other rows apart. */
#define MAX_WIDTH 60
#define PROGRESS_US (100 * 1000)

struct cli_list {
    const struct cli *cli;
    const struct cli_column *columns;
    gsize *shown; /* indices into columns */
    gsize n_shown;
    gsize *widths;
    GPtrArray *rows; /* char ** of n_shown; NULL once the widths are known */
    guint64 count;
};

gboolean cli_list_is_table(const struct cli *cli)
{
    return !cli->json && !cli->parseable;
}

static gsize column_find(const struct cli_column *columns, gsize n_columns, const char *name)
{
    gsize i = 0;

    while (i < n_columns && strcmp(columns[i].name, name) != 0)
        i++;
    return i;
}

static void unknown_field(const struct cli *cli, const struct cli_column *columns, gsize n_columns,
                          const char *name)
{
    g_autoptr(GString) names = g_string_new(NULL);
    g_autofree char *clean = cli_clean(name);

    for (gsize i = 0; i < n_columns; i++)
        g_string_append_printf(names, "%s%s", i ? "," : "", columns[i].name);
    cli_say(cli, "-o: there is no field '%s'; fields: %s", "-o: 「%s」という列はありません。列: %s", clean,
            names->str);
}

static gboolean columns_choose(struct cli_list *list, gsize n_columns)
{
    const struct cli *cli = list->cli;

    list->shown = g_new0(gsize, MAX(n_columns, cli->fields ? g_strv_length(cli->fields) : 0) + 1);
    if (!cli->fields) {
        for (gsize i = 0; i < n_columns; i++)
            if (!list->columns[i].detail || !cli_list_is_table(cli))
                list->shown[list->n_shown++] = i;
        return TRUE;
    }
    for (gsize f = 0; cli->fields[f]; f++) {
        gsize i = column_find(list->columns, n_columns, cli->fields[f]);

        if (i == n_columns) {
            unknown_field(cli, list->columns, n_columns, cli->fields[f]);
            return FALSE;
        }
        list->shown[list->n_shown++] = i;
    }
    return list->n_shown > 0;
}

static void list_free(struct cli_list *list)
{
    if (list->rows)
        g_ptr_array_unref(list->rows);
    g_free(list->shown);
    g_free(list->widths);
    g_free(list);
}

static void put_parseable(const char *text)
{
    for (const char *p = text ? text : ""; *p; p++)
        switch (*p) {
        case '\t':
            (void)fputs("\\t", stdout);
            break;
        case '\n':
            (void)fputs("\\n", stdout);
            break;
        case '\r':
            (void)fputs("\\r", stdout);
            break;
        case '\\':
            (void)fputs("\\\\", stdout);
            break;
        default:
            (void)putc_unlocked(*p, stdout);
        }
}

static void put_json_string(const char *text)
{
    g_autofree char *valid = g_utf8_validate(text, -1, NULL) ? NULL : g_utf8_make_valid(text, -1);

    (void)putc_unlocked('"', stdout);
    for (const char *p = valid ? valid : text; *p; p++) {
        guchar c = (guchar)*p;

        if (c == '"' || c == '\\')
            (void)fprintf(stdout, "\\%c", c);
        else if (c < 0x20 || c == 0x7F)
            (void)fprintf(stdout, "\\u%04x", c);
        else
            (void)putc_unlocked(c, stdout);
    }
    (void)putc_unlocked('"', stdout);
}

static void put_json_row(struct cli_list *list, const char *const *values)
{
    (void)fputs(list->count ? ",\n{" : "\n{", stdout);
    for (gsize i = 0; i < list->n_shown; i++) {
        const struct cli_column *column = &list->columns[list->shown[i]];
        const char *value = values[list->shown[i]];

        (void)fprintf(stdout, "%s\"%s\":", i ? "," : "", column->name);
        if (!value)
            (void)fputs("null", stdout);
        else if (column->number || column->boolean)
            (void)fputs(value, stdout);
        else
            put_json_string(value);
    }
    (void)putc_unlocked('}', stdout);
}

static void put_table_row(const struct cli_list *list, char *const *cells)
{
    for (gsize i = 0; i < list->n_shown; i++) {
        gsize width = text_width(cells[i]);
        gsize missing = width < list->widths[i] ? list->widths[i] - width : 0;
        gboolean right = list->columns[list->shown[i]].number;

        if (i)
            (void)fputs("  ", stdout);
        for (gsize n = 0; right && n < missing; n++)
            (void)putc_unlocked(' ', stdout);
        (void)fputs(cells[i], stdout);
        for (gsize n = 0; !right && i + 1 < list->n_shown && n < missing; n++)
            (void)putc_unlocked(' ', stdout);
    }
    (void)putc_unlocked('\n', stdout);
}

static char **header_cells(const struct cli_list *list)
{
    char **cells = g_new0(char *, list->n_shown + 1);

    for (gsize i = 0; i < list->n_shown; i++)
        cells[i] = g_ascii_strup(list->columns[list->shown[i]].name, -1);
    return cells;
}

static void measure(struct cli_list *list, char *const *cells)
{
    for (gsize i = 0; i < list->n_shown; i++)
        list->widths[i] = MAX(list->widths[i], MIN(text_width(cells[i]), MAX_WIDTH));
}

/* The measured rows go out; from here on rows are printed as they come. */
static void table_flush(struct cli_list *list)
{
    g_auto(GStrv) header = header_cells(list);

    if (!list->rows)
        return;
    if (!list->cli->no_header)
        measure(list, header);
    for (guint r = 0; r < list->rows->len; r++)
        measure(list, g_ptr_array_index(list->rows, r));
    if (!list->cli->no_header)
        put_table_row(list, header);
    for (guint r = 0; r < list->rows->len; r++)
        put_table_row(list, g_ptr_array_index(list->rows, r));
    g_clear_pointer(&list->rows, g_ptr_array_unref);
}

static void table_row(struct cli_list *list, const char *const *values)
{
    g_auto(GStrv) cells = g_new0(char *, list->n_shown + 1);

    for (gsize i = 0; i < list->n_shown; i++) {
        const char *value = values[list->shown[i]];

        cells[i] = value ? cli_clean(value) : g_strdup("-");
    }
    if (!list->rows) {
        put_table_row(list, cells);
        return;
    }
    g_ptr_array_add(list->rows, g_steal_pointer(&cells));
    if (list->rows->len >= MEASURED_ROWS)
        table_flush(list);
}

static void parseable_row(const struct cli_list *list, const char *const *values)
{
    for (gsize i = 0; i < list->n_shown; i++) {
        if (i)
            (void)putc_unlocked('\t', stdout);
        put_parseable(values ? values[list->shown[i]] : list->columns[list->shown[i]].name);
    }
    (void)putc_unlocked('\n', stdout);
}

struct cli_list *cli_list_begin(const struct cli *cli, const struct cli_column *columns, gsize n_columns,
                                int *ret_status)
{
    struct cli_list *list = g_new0(struct cli_list, 1);

    list->cli = cli;
    list->columns = columns;
    if (!columns_choose(list, n_columns)) {
        list_free(list);
        *ret_status = 2;
        return NULL;
    }
    list->widths = g_new0(gsize, list->n_shown);
    if (cli->json)
        (void)putc_unlocked('[', stdout);
    else if (!cli->parseable)
        list->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    else if (!cli->no_header)
        parseable_row(list, NULL);
    return list;
}

void cli_list_row(struct cli_list *list, const char *const *values)
{
    if (list->cli->json)
        put_json_row(list, values);
    else if (list->cli->parseable)
        parseable_row(list, values);
    else
        table_row(list, values);
    list->count++;
}

int cli_list_end(struct cli_list *list)
{
    if (list->cli->json)
        (void)fputs(list->count ? "\n]\n" : "]\n", stdout);
    else if (!list->cli->parseable)
        table_flush(list);
    list_free(list);
    return ferror(stdout) ? 1 : 0;
}

int cli_print_json(json_t *value)
{
    gboolean failed = json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY) != 0;

    (void)putc_unlocked('\n', stdout);
    json_decref(value);
    return failed || ferror(stdout) ? 1 : 0;
}

void cli_progress(gpointer user, const char *what, const char *name, gint64 done, gint64 total)
{
    struct cli *cli = user;
    gint64 now = g_get_monotonic_time();
    gboolean over = total > 0 && done >= total;
    g_autofree char *clean = NULL;

    /* Progress is for eyes: never in a log file, and not faster than they see. */
    if (!isatty(STDERR_FILENO) || (!over && now - cli->progress_at < PROGRESS_US))
        return;
    cli->progress_at = now;
    clean = cli_clean(name ? name : "");
    if (over)
        (void)fputs("\r\033[K", stderr);
    else if (total > 0)
        (void)fprintf(stderr, "\r\033[K%s %s %d %%", what, clean,
                      (int)(100.0 * (double)done / (double)total));
    else
        (void)fprintf(stderr, "\r\033[K%s %s %" G_GINT64_FORMAT, what, clean, done);
    (void)fflush(stderr);
}
