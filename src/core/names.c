/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of the files we send, and which names on a server are ours (SPEC RT, RP1). */
#include "core/names.h"

#include <string.h>

static const char *const format_names[] = {[DATE_YMD] = "ymd", [DATE_MDY] = "mdy", [DATE_DMY] = "dmy"};

gboolean date_format_from_name(const char *name, enum date_format *ret)
{
    for (unsigned i = 0; name && i < G_N_ELEMENTS(format_names); i++) {
        if (!strcmp(format_names[i], name)) {
            *ret = (enum date_format)i;
            return TRUE;
        }
    }
    return FALSE;
}

const char *date_format_name(enum date_format format)
{
    g_assert((unsigned)format < G_N_ELEMENTS(format_names));
    return format_names[format];
}

void name_date(gint32 day, enum date_format format, char out[9])
{
    unsigned value = day < 0 ? 0 : (unsigned)day;
    unsigned y = value / 10000 % 10000, m = value / 100 % 100, d = value % 100;

    switch (format) {
    case DATE_YMD:
        (void)g_snprintf(out, 9, "%04u%02u%02u", y, m, d);
        break;
    case DATE_MDY:
        (void)g_snprintf(out, 9, "%02u%02u%04u", m, d, y);
        break;
    case DATE_DMY:
        (void)g_snprintf(out, 9, "%02u%02u%04u", d, m, y);
        break;
    }
}

static gint32 day_of(const struct local_time *local)
{
    return local->year * 10000 + local->month * 100 + local->day;
}

static void append_prefix(GString *name, const char *prefix)
{
    if (prefix && *prefix)
        g_string_append_printf(name, "%s_", prefix);
}

char *name_auto(const char *prefix, gint32 day, enum date_format format, int revision, int part, int parts)
{
    GString *name = g_string_new(NULL);
    char date[9];

    name_date(day, format, date);
    append_prefix(name, prefix);
    g_string_append_printf(name, "export_%s", date);
    if (revision > 1)
        g_string_append_printf(name, "_%d", revision);
    if (parts > 1)
        g_string_append_printf(name, "_part%dof%d", part, parts);
    g_string_append(name, ".csv");
    return g_string_free(name, FALSE);
}

char *name_test(const struct local_time *local, enum date_format format)
{
    char date[9];

    name_date(day_of(local), format, date);
    return g_strdup_printf("testexport_%s%02d%02d%02d.csv", date, local->hour, local->minute, local->second);
}

char *name_range(const char *prefix, gint32 day, const struct local_time *started, enum date_format format)
{
    GString *name = g_string_new(NULL);
    char date[9], started_on[9];

    name_date(day, format, date);
    name_date(day_of(started), format, started_on);
    append_prefix(name, prefix);
    g_string_append_printf(name, "rangeexport_%s_%s%02d%02d%02d.csv", date, started_on, started->hour,
                           started->minute, started->second);
    return g_string_free(name, FALSE);
}

char *name_temporary(const char *file_name, const char *token)
{
    return g_strdup_printf(".%s.%s.part", file_name, token);
}

/* A name as a server that ignores case, or keeps accents apart from their letters, would compare it. New
 * string. */
static char *folded(const char *name)
{
    g_autofree char *composed = g_utf8_normalize(name, -1, G_NORMALIZE_DEFAULT_COMPOSE);
    g_autofree char *folding = NULL;

    if (!composed) /* not UTF-8: a foreign name of an old server */
        return g_ascii_strdown(name, -1);
    folding = g_utf8_casefold(composed, -1);
    return g_utf8_normalize(folding, -1, G_NORMALIZE_DEFAULT_COMPOSE);
}

gboolean name_same(const char *a, const char *b)
{
    g_autofree char *folded_a = folded(a);
    g_autofree char *folded_b = folded(b);

    return !strcmp(folded_a, folded_b);
}

/* Steps *at over `word`; FALSE if it does not stand there. */
static gboolean take(const char **at, const char *word)
{
    gsize length = strlen(word);

    if (strncmp(*at, word, length))
        return FALSE;
    *at += length;
    return TRUE;
}

/* Steps *at over a number of 1 to 9 digits without leading zeros. */
static gboolean take_number(const char **at, int *ret)
{
    int value = 0, length = 0;

    while (g_ascii_isdigit((*at)[length]) && length < 9)
        value = value * 10 + ((*at)[length++] - '0');
    if (!length || **at == '0')
        return FALSE;
    *at += length;
    *ret = value;
    return TRUE;
}

/* Steps *at over eight digits that are a date in any of the formats. */
static gboolean take_date(const char **at)
{
    gint32 a = 0, b = 0, c = 0, value = 0;

    for (int i = 0; i < 8; i++) {
        if (!g_ascii_isdigit((*at)[i]))
            return FALSE;
        value = value * 10 + ((*at)[i] - '0');
    }
    *at += 8;
    a = value / 1000000;
    b = value / 10000 % 100;
    c = value % 10000;
    return day_valid(value) || day_valid(c * 10000 + a * 100 + b) || day_valid(c * 10000 + b * 100 + a);
}

gboolean name_is_auto(const char *file_name, const char *prefix)
{
    g_autofree char *name = folded(file_name);
    g_autofree char *before = folded(prefix ? prefix : "");
    const char *at = name;
    int number, parts;

    if (*before && (!take(&at, before) || !take(&at, "_")))
        return FALSE;
    if (!take(&at, "export_") || !take_date(&at))
        return FALSE;
    if (!g_str_has_prefix(at, "_part") && take(&at, "_") && (!take_number(&at, &number) || number < 2))
        return FALSE;
    if (take(&at, "_part") && (!take_number(&at, &number) || !take(&at, "of") || !take_number(&at, &parts) ||
                               parts < 2 || number > parts))
        return FALSE;
    return !strcmp(at, ".csv");
}
