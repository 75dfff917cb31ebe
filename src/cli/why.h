/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where one job went: its row stands in the table of deliveries.c. */
#pragma once
#include "cli/cli.h"

G_BEGIN_DECLS

int why_run(struct cli *cli, int argc, char **argv);

G_END_DECLS
