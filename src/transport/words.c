/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cleans and reads reply lines of servers. */
#include "transport/words.h"

#include <string.h>

/* A peer may send a line of any length; more than this is not even looked at. */
#define LOOK_AT (4 * WORDS_MAX)

static char *mask(char *text, const char *secret)
{
    g_auto(GStrv) parts = NULL;
    char *masked;

    if (!secret || !*secret || !strstr(text, secret))
        return text;
    parts = g_strsplit(text, secret, -1);
    masked = g_strjoinv("***", parts);
    g_free(text);
    return masked;
}

char *words_clean(const char *bytes, gsize length, const char *secret)
{
    char *text = mask(g_utf8_make_valid(bytes, (gssize)MIN(length, LOOK_AT)), secret);
    GString *clean = g_string_new(NULL);

    for (gsize i = 0, width; text[i]; i += width) {
        const char *at = text + i;

        width = (gsize)g_utf8_skip[(guchar)*at];
        if (clean->len + width > WORDS_MAX)
            break;
        if (g_unichar_iscntrl(g_utf8_get_char(at)))
            g_string_append_c(clean, ' ');
        else
            g_string_append_len(clean, at, (gssize)width);
    }
    g_free(text);
    return g_strstrip(g_string_free(clean, FALSE));
}

int words_reply_code(const char *line)
{
    int code = 0;

    for (int i = 0; i < 3; i++) {
        if (!g_ascii_isdigit(line[i]))
            return 0;
        code = code * 10 + g_ascii_digit_value(line[i]);
    }
    return code;
}

gboolean words_enhanced_code(const char *line, int ret_code[3])
{
    const char *at = line + 4;
    int code[3] = {0, 0, 0};

    if (!words_reply_code(line) || (line[3] != ' ' && line[3] != '-'))
        return FALSE;
    for (int i = 0; i < 3; i++) {
        if (!g_ascii_isdigit(*at))
            return FALSE;
        for (int digits = 0; digits < 3 && g_ascii_isdigit(*at); digits++)
            code[i] = code[i] * 10 + g_ascii_digit_value(*at++);
        if (*at != (i < 2 ? '.' : ' ') && !(i == 2 && !*at))
            return FALSE;
        if (i < 2)
            at++;
    }
    memcpy(ret_code, code, sizeof code);
    return TRUE;
}

gboolean words_any(const char *line, const char *const *words)
{
    g_autofree char *lower = g_ascii_strdown(line, -1);

    for (; *words; words++)
        if (strstr(lower, *words))
            return TRUE;
    return FALSE;
}
