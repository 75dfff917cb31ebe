/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recognises automatic file names and reports the unknown ones. */
#include "transport/automatic.h"

#include <string.h>

/* At least one digit, at most nine; moves *at behind them. */
static gboolean take_digits(const char **at)
{
    int count = 0;

    while (g_ascii_isdigit(**at) && count < 9) {
        (*at)++;
        count++;
    }
    return count > 0;
}

static gboolean take_text(const char **at, const char *text)
{
    if (g_ascii_strncasecmp(*at, text, strlen(text)) != 0)
        return FALSE;
    *at += strlen(text);
    return TRUE;
}

gboolean automatic_name(const char *name, const char *prefix)
{
    const char *at = name;

    if (prefix && *prefix && !(take_text(&at, prefix) && take_text(&at, "_")))
        return FALSE;
    if (!take_text(&at, "export_"))
        return FALSE;
    for (int i = 0; i < 8; i++, at++)
        if (!g_ascii_isdigit(*at))
            return FALSE;
    if (at[0] == '_' && g_ascii_isdigit(at[1])) {
        at++;
        if (!take_digits(&at))
            return FALSE;
    }
    if (*at == '_' &&
        !(take_text(&at, "_part") && take_digits(&at) && take_text(&at, "of") && take_digits(&at)))
        return FALSE;
    return g_ascii_strcasecmp(at, ".csv") == 0;
}

gboolean automatic_seen(struct automatic_watch *watch, const char *name)
{
    const struct transport_request *request = watch->request;

    if (++watch->entries > AUTOMATIC_ENTRIES_MAX)
        return FALSE;
    if (!g_utf8_validate(name, -1, NULL) || !automatic_name(name, request->prefix) ||
        g_strv_contains(request->known_files, name))
        return TRUE;
    watch->events->warn(watch->events->user, "RT4", name);
    return TRUE;
}
