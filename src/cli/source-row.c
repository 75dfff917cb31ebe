/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Turns a source and its health into texts. */
#include "cli/source-row.h"

#include <string.h>

const struct cli_column source_row_columns[SOURCE_ROW_COLUMNS] = {
    {.name = "id", .number = TRUE, .detail = TRUE},
    {.name = "name"},
    {.name = "kind"},
    {.name = "uri"},
    {.name = "state"},
    {.name = "last_poll", .detail = TRUE},
    {.name = "last_ok"},
    {.name = "error"},
    {.name = "error_text", .detail = TRUE},
    {.name = "jobs", .number = TRUE},
    {.name = "duplicates", .number = TRUE, .detail = TRUE},
    {.name = "conflicts", .number = TRUE, .detail = TRUE},
    {.name = "refused", .number = TRUE, .detail = TRUE},
    {.name = "open_jobs", .detail = TRUE},
};

static const char *health(const struct source_row *row)
{
    if (row->error)
        return "error";
    return row->last_ok > 0 || strcmp(row->kind, "import") == 0 ? "ok" : "new";
}

/* The texts of a row, in the order of the columns; freed with the array. */
static GPtrArray *texts(const struct cli *cli, struct zone *zone, const struct source_row *row)
{
    GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
    const gint64 counts[] = {row->jobs, row->duplicates, row->conflicts, row->refused};

    g_ptr_array_add(out, g_strdup_printf("%" G_GINT64_FORMAT, row->id));
    g_ptr_array_add(out, g_strdup(row->name));
    g_ptr_array_add(out, g_strdup(row->kind));
    g_ptr_array_add(out, g_strdup(row->uri));
    g_ptr_array_add(out, g_strdup(health(row)));
    g_ptr_array_add(out, zone ? cli_time_people(zone, row->last_poll) : cli_time_utc(row->last_poll));
    g_ptr_array_add(out, zone ? cli_time_people(zone, row->last_ok) : cli_time_utc(row->last_ok));
    g_ptr_array_add(out, g_strdup(row->error));
    g_ptr_array_add(out, pt_text_pick(row->error_text, cli->lang));
    for (gsize i = 0; i < G_N_ELEMENTS(counts); i++)
        g_ptr_array_add(out, g_strdup_printf("%" G_GINT64_FORMAT, counts[i]));
    g_ptr_array_add(out, g_strdup(row->open_jobs));
    return out;
}

void source_row_list(const struct cli *cli, struct cli_list *list, struct zone *zone,
                     const struct source_row *row)
{
    g_autoptr(GPtrArray) values = texts(cli, cli_list_is_table(cli) ? zone : NULL, row);

    cli_list_row(list, (const char *const *)values->pdata);
}

json_t *source_row_json(const struct cli *cli, const struct source_row *row)
{
    g_autoptr(GPtrArray) values = texts(cli, NULL, row);
    json_t *object = json_object();

    for (guint i = 0; i < values->len; i++) {
        const char *text = g_ptr_array_index(values, i);
        json_t *value = text ? json_string(text) : json_null();

        if (text && source_row_columns[i].number) {
            json_decref(value);
            value = json_integer(g_ascii_strtoll(text, NULL, 10));
        }
        (void)json_object_set_new(object, source_row_columns[i].name, value);
    }
    return object;
}

void source_row_print(const struct cli *cli, struct zone *zone, const struct source_row *row)
{
    g_autofree char *ok = cli_time_people(zone, row->last_ok);
    g_autofree char *text = pt_text_pick(row->error_text, cli->lang);

    cli_print(cli, "  %s (%s)  %s, last answer %s, %" G_GINT64_FORMAT " jobs",
              "  %s (%s)  %s、前回の応答 %s、%" G_GINT64_FORMAT " 件", row->name, row->kind, health(row),
              ok ? ok : "-", row->jobs);
    if (row->error)
        cli_print(cli, "    %s: %s", "    %s: %s", row->error,
                  text ? text : pt_error_info((int)pt_error_code_from_name(row->error))->cause[cli->lang]);
}
