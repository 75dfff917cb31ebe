/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The texts of printtrail help, made from the commands' descriptors. */
#pragma once
#include "cli/cli.h"
#include <stdio.h>

G_BEGIN_DECLS

/* All commands, a line each. */
void help_overview(const struct cli *cli, FILE *file);
/* The commands that begin with this word ("export"); FALSE: there are none, nothing printed. */
gboolean help_group(const struct cli *cli, const char *word, FILE *file);
/* One command: usage, what it does, its options. `entries` may be NULL. */
void help_command(const struct cli *cli, const struct cli_command *command, const GOptionEntry *entries,
                  FILE *file);
/* `printtrail help [COMMAND]`; returns the exit status. */
int help_print(struct cli *cli, int argc, char **argv);

G_END_DECLS
