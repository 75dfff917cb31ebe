/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A source as the row of a list, as JSON and for people. */
#pragma once
#include "cli/cli.h"

G_BEGIN_DECLS

#define SOURCE_ROW_COLUMNS 14
extern const struct cli_column source_row_columns[SOURCE_ROW_COLUMNS];

/* Adds one source to a list that was begun with source_row_columns. */
void source_row_list(const struct cli *cli, struct cli_list *list, struct zone *zone,
                     const struct source_row *row);
/* The same keys as a JSON object. New reference. */
json_t *source_row_json(const struct cli *cli, const struct source_row *row);
/* One or two lines of status. */
void source_row_print(const struct cli *cli, struct zone *zone, const struct source_row *row);

G_END_DECLS
