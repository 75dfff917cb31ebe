/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Turns ledger rows into texts; the sealed target and the mail's frozen headers stay out of sight. */
#include "cli/delivery-row.h"

#include "app/config.h"

static const struct cli_column columns[] = {
    {.name = "id", .number = TRUE},
    {.name = "kind"},
    {.name = "day"},
    {.name = "revision", .number = TRUE, .detail = TRUE},
    {.name = "part", .number = TRUE, .detail = TRUE},
    {.name = "parts", .number = TRUE, .detail = TRUE},
    {.name = "seq_from", .number = TRUE, .detail = TRUE},
    {.name = "seq_to", .number = TRUE, .detail = TRUE},
    {.name = "file_name"},
    {.name = "format", .detail = TRUE},
    {.name = "target", .detail = TRUE},
    {.name = "rows", .number = TRUE},
    {.name = "bytes", .number = TRUE, .detail = TRUE},
    {.name = "sha256", .detail = TRUE},
    {.name = "state"},
    {.name = "attempts", .number = TRUE},
    {.name = "first_try", .detail = TRUE},
    {.name = "last_try", .detail = TRUE},
    {.name = "delivered_at"},
    {.name = "error"},
    {.name = "error_text", .detail = TRUE},
    {.name = "note", .detail = TRUE},
    {.name = "run_id", .number = TRUE, .detail = TRUE},
    {.name = "resend_of", .number = TRUE, .detail = TRUE},
};

/* Counts of a file that does not exist yet are unknown, not 0. */
static char *number(gint64 value, gboolean known)
{
    return known ? g_strdup_printf("%" G_GINT64_FORMAT, value) : NULL;
}

static void row_print(const struct cli *cli, struct cli_list *list, struct zone *zone,
                      const struct delivery *row)
{
    g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
    gboolean people = cli_list_is_table(cli);

    g_ptr_array_add(values, number(row->id, row->id != 0));
    g_ptr_array_add(values, g_strdup(delivery_kind_name(row->kind)));
    g_ptr_array_add(values, cli_day_text(row->day));
    g_ptr_array_add(values, number(row->revision, TRUE));
    g_ptr_array_add(values, number(row->part, TRUE));
    g_ptr_array_add(values, number(row->parts, TRUE));
    g_ptr_array_add(values, number(row->seq_from, TRUE));
    g_ptr_array_add(values, number(row->seq_to, TRUE));
    g_ptr_array_add(values, g_strdup(row->file_name));
    g_ptr_array_add(values, g_strdup(row->format));
    g_ptr_array_add(values, g_strdup(row->target_shown));
    g_ptr_array_add(values, number(row->rows, TRUE));
    g_ptr_array_add(values, number(row->bytes, row->sha256 != NULL));
    g_ptr_array_add(values, g_strdup(row->sha256));
    g_ptr_array_add(values, g_strdup(delivery_state_name(row->state)));
    g_ptr_array_add(values, number(row->attempts, TRUE));
    g_ptr_array_add(values, people ? cli_time_people(zone, row->first_try) : cli_time_utc(row->first_try));
    g_ptr_array_add(values, people ? cli_time_people(zone, row->last_try) : cli_time_utc(row->last_try));
    g_ptr_array_add(values,
                    people ? cli_time_people(zone, row->delivered_at) : cli_time_utc(row->delivered_at));
    g_ptr_array_add(values, g_strdup(row->error));
    g_ptr_array_add(values, pt_text_pick(row->error_text, cli->lang));
    g_ptr_array_add(values, pt_text_pick(row->note, cli->lang));
    g_ptr_array_add(values, number(row->run_id, row->run_id != 0));
    g_ptr_array_add(values, number(row->resend_of, row->resend_of != 0));
    cli_list_row(list, (const char *const *)values->pdata);
}

int delivery_rows_print(const struct cli *cli, struct app *app, const GPtrArray *rows)
{
    g_autoptr(PtSettings) settings = NULL;
    g_autoptr(PtZone) zone = NULL;
    g_autoptr(GError) error = NULL;
    struct cli_list *list;
    int status = 0;

    if (!config_load(app, &settings, &error))
        return cli_error(cli, error);
    zone = app_zone(settings, &error);
    if (!zone)
        return cli_error(cli, error);
    list = cli_list_begin(cli, columns, G_N_ELEMENTS(columns), &status);
    if (!list)
        return status;
    for (guint i = 0; i < rows->len; i++)
        row_print(cli, list, zone, g_ptr_array_index(rows, i));
    return cli_list_end(list);
}
