/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ledger rows as a list, by the schema's names (ARCHITECTURE.md). */
#pragma once
#include "cli/cli.h"

G_BEGIN_DECLS

/* Prints rows (struct delivery *) as a list in the zone of the preferences; returns the exit status. */
int delivery_rows_print(const struct cli *cli, struct app *app, const GPtrArray *rows);

G_END_DECLS
