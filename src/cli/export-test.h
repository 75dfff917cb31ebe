/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The test export as a command: its row stands in the table of export.c. */
#pragma once
#include "cli/cli.h"

G_BEGIN_DECLS

int export_test_run(struct cli *cli, int argc, char **argv);

G_END_DECLS
