/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line: one file per command, its descriptor on top; what they share is here. */
#pragma once
#include "app/app.h"
#include <jansson.h>

G_BEGIN_DECLS

/* Runs one command; returns the exit status of ARCHITECTURE.md. */
int cli_main(int argc, char **argv);

/* What every command is given. stdout is for data, stderr for diagnostics. */
struct cli {
    char *state_dir;     /* --state or its default */
    enum pt_lang lang;   /* of messages: LC_ALL, LC_MESSAGES, LANG */
    gboolean json;       /* --json */
    gboolean parseable;  /* -P: TAB between fields, \t \n \r \\ escaped */
    gboolean no_header;  /* -n */
    char **fields;       /* -o FIELD,…: NULL = all */
    gboolean help;       /* --help for this command */
    gboolean version;    /* --version */
    gboolean stdin_used; /* @- or - was read once already */
    gint64 progress_at;  /* monotonic: when the progress line was written last */
    char *who; /* account name of the person at the keyboard, for the audit; taken before root gives up its
                  rights */
};

/* More rows of the command line's own kind are in cli.c: --state --json -P -n -o --help are taken before and
 * after the command's name. */

/* A command or subcommand ("export test"). `options` is a GOptionEntry table of its own options or NULL; run
   gets what is left of argv after options (arguments are UTF-8 whatever the locale: use
   G_OPTION_ARG_FILENAME, never G_OPTION_ARG_STRING). */
struct cli_command {
    const char *name;      /* "export test" */
    const char *arguments; /* "[--with KEY=VALUE…]" */
    const char *help[2];   /* one sentence, by enum pt_lang */
    gboolean lists;        /* takes -P -n -o */
    int (*run)(
        struct cli *cli, int argc,
        char **argv); /* argv[0] is the first argument after the command's name; returns the exit status */
};
/* Each file exports its descriptors; cli.c has the table of tables. */
extern const struct cli_command cli_settings_commands[]; /* each ends with a row of name NULL */
extern const struct cli_command cli_export_commands[];
extern const struct cli_command cli_jobs_commands[];
extern const struct cli_command cli_sources_commands[];
extern const struct cli_command cli_status_commands[]; /* status, why, deliveries */
extern const struct cli_command cli_store_commands[];
extern const struct cli_command cli_accounts_commands[];
extern const struct cli_command cli_serve_commands[];
extern const struct cli_command cli_import_commands[];     /* jobs import */
extern const struct cli_command cli_deliveries_commands[]; /* deliveries, why */
extern const struct cli_command cli_check_commands[];
/* The command whose name is `name`; NULL if there is none. */
const struct cli_command *cli_command_find(const char *name);
/* All tables, in the order of the help; ends with NULL. */
extern const struct cli_command *const cli_command_tables[];

/* Root goes on as the owner of the state directory, for good (ARCHITECTURE.md, Command line); all others, and
   a directory that is not there yet: nothing happens. cli_open() does it; only commands that do not call it
   need this. FALSE: printed, *ret_status set. */
gboolean cli_become_owner(const struct cli *cli, int *ret_status);

/* One line on stderr in cli->lang, "printtrail: " in front. Both formats take the same arguments. Control
 * characters in them are made harmless. */
void cli_say(const struct cli *cli, const char *en, const char *ja, ...)
    __attribute__((format(printf, 2, 4), format(printf, 3, 4)));
/* The same on stdout without the prefix: a line of data for people. */
void cli_print(const struct cli *cli, const char *en, const char *ja, ...)
    __attribute__((format(printf, 2, 4), format(printf, 3, 4)));
/* All that was printed has left the process: `status`, or 1 (said on stderr) when stdout failed. The last
 * thing of each run; cli_main calls it. */
int cli_finish(const struct cli *cli, int status);

/* An option's text as a number or as a day; a NULL text leaves *ret alone. FALSE: usage printed, *ret_status
 * = 2. */
gboolean cli_number(const struct cli *cli, const struct cli_command *command, const char *option,
                    const char *text, gint64 min, gint64 max, gint64 *ret_number, int *ret_status);
gboolean cli_day(const struct cli *cli, const struct cli_command *command, const char *option,
                 const char *text, gint32 *ret_day, int *ret_status);

/* Instants as text: RFC 3339 with the zone's offset; RFC 3339 in UTC; "2026-06-09 10:30:25" for people. NULL
 * for JOB_NONE, the latter two also for 0. New strings. */
char *cli_time_local(struct zone *zone, gint64 utc);
char *cli_time_utc(gint64 utc);
char *cli_time_people(struct zone *zone, gint64 utc);
/* "2026-06-09"; NULL for 0. New string. */
char *cli_day_text(gint32 day);

/* Text for a terminal: control characters and broken UTF-8 become U+FFFD. New string. */
char *cli_clean(const char *text);

/* Opens the app of cli->state_dir; on failure prints the error and sets *ret_status (reading commands never
 * create state: STORE_READ or STORE_EXISTING). */
struct app *cli_open(const struct cli *cli, enum store_mode mode, int *ret_status);

/* Prints an error as "printtrail: CODE: message", then cause and remedy on lines of their own, in cli->lang;
 * returns its exit status. */
int cli_error(const struct cli *cli, const GError *error);
/* Usage error: what is wrong, then the command's usage line; returns 2. */
int cli_usage(const struct cli *cli, const struct cli_command *command, const char *en, const char *ja);

/* Parses a command's own options out of argc/argv (GOptionEntry), in place; FALSE: printed, *ret_status set.
 * "--" ends options. */
gboolean cli_options(struct cli *cli, const struct cli_command *command, const GOptionEntry *entries,
                     int *argc, char ***argv, int *ret_status);

/* VALUE, @FILE, @- (once a command) or @@text as KEY=VALUE has it. New string; INPUT with the reason
 * otherwise. */
char *cli_read_value(struct cli *cli, const char *text, GError **error);
/* One line from standard input, without its end. New string; INPUT otherwise. */
char *cli_read_line(struct cli *cli, GError **error);

/* KEY=VALUE, KEY=@FILE, KEY=@- (once a command), KEY=@@text; drops one final LF or CRLF of what was read; ≤
   64 KiB; a secret as plain VALUE is refused. FALSE: printed, *ret_status = 2. *ret_value is a new string. */
gboolean cli_key_value(struct cli *cli, const char *argument, enum setting_id *ret_id, char **ret_value,
                       int *ret_status);

/* A list: columns by name; rows as texts (NULL = unknown). Prints a table for people (aligned by display
 * width), TAB-separated with -P, or a JSON array. */
struct cli_column {
    const char *name; /* field name for -o, -P and JSON */
    gboolean number;  /* JSON number instead of string; right-aligned */
    gboolean detail;  /* only with -P, --json or when named by -o: too much for people */
    gboolean boolean; /* values are "true" and "false": JSON's own */
};
struct cli_list;
struct cli_list *cli_list_begin(const struct cli *cli, const struct cli_column *columns, gsize n_columns,
                                int *ret_status); /* NULL: unknown field in -o */
void cli_list_row(struct cli_list *list, const char *const *values);
int cli_list_end(struct cli_list *list); /* frees; 0, or 1 when stdout failed (never ignored) */

/* A problem of a setting as "key: what is wrong" on stderr. */
void cli_problems(const struct cli *cli, const GPtrArray *problems);

/* Whether the list goes to people (a table): times and days may then be written for them. */
gboolean cli_list_is_table(const struct cli *cli);

/* Prints a JSON value with a final newline and frees it; 0 or the exit status when stdout failed. */
int cli_print_json(json_t *value);

/* A progress line on stderr when it is a terminal: pass as app->progress, with cli as user. */
void cli_progress(gpointer cli, const char *what, const char *name, gint64 done, gint64 total);

G_END_DECLS
