/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options of the command line: those that all commands share, and the texts of a GOptionEntry in two
 * languages. */
#pragma once
#include "cli/cli.h"

G_BEGIN_DECLS

/* The description of a GOptionEntry in English and Japanese, as one string; cli_option_text() takes it apart.
 */
#define CLI_TEXT(en, ja) en "\n" ja
/* The half of that text in `lang`. New string. */
char *cli_option_text(const char *description, enum pt_lang lang);

/* The options before the command's name, up to the first word that is none. As cli_options(). */
gboolean cli_options_before(struct cli *cli, const struct cli_command *program, int *argc, char ***argv,
                            int *ret_status);

/* The rows that all commands share, for the help; values point nowhere. Ends with a row of NULL. */
extern const GOptionEntry cli_common_options[];

G_END_DECLS
