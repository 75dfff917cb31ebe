/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The daemon's log: UTF-8 lines on stderr, or fields for the journal. */
#include "daemon/log.h"

#include "core/calendar.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *message_of(const GLogField *fields, gsize n_fields)
{
    for (gsize i = 0; i < n_fields; i++)
        if (strcmp(fields[i].key, "MESSAGE") == 0 && fields[i].length < 0)
            return fields[i].value;
    return "";
}

/* A server's words may be in it: one line stays one line. */
static char *clean_line(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_sized_new(strlen(valid));

    for (char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        g_string_append_unichar(out, c == '\n' || c == '\t' ? ' ' : g_unichar_iscntrl(c) ? 0xFFFD : c);
    }
    return g_string_free(out, FALSE);
}

/* GLib's own writer turns what the locale lacks into '?', and C is the locale under cron and in containers.
 */
static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
                                  gpointer user)
{
    const char *kind = level & G_LOG_LEVEL_WARNING                          ? "warning: "
                       : level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR) ? "error: "
                                                                            : "";
    g_autofree char *text = NULL;
    char at[21];

    (void)user;
    if (g_log_writer_default_would_drop(level, NULL))
        return G_LOG_WRITER_HANDLED;
    if (g_log_writer_is_journald(STDERR_FILENO) &&
        g_log_writer_journald(level, fields, n_fields, NULL) == G_LOG_WRITER_HANDLED)
        return G_LOG_WRITER_HANDLED;
    text = clean_line(message_of(fields, n_fields));
    time_format_utc((gint64)time(NULL), at);
    (void)fprintf(stderr, "%s %s%s\n", at, kind, text); /* nobody is left to tell when stderr is gone */
    return G_LOG_WRITER_HANDLED;
}

void log_start(void)
{
    g_log_set_writer_func(write_log, NULL, NULL);
}
