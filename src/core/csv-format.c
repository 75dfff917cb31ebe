/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The format of a CSV file as one line of text, as the ledger freezes it. */
#include "core/csv.h"

#include <string.h>

#include "base/error.h"

#define FORMAT_FIELDS 7

static const char *const encodings[] = {
    [CSV_UTF8_BOM] = "utf-8-bom", [CSV_UTF8] = "utf-8", [CSV_CP932] = "cp932"};
static const char *const headers[] = {"en", "ja"};
static const char *const guards[] = {"noguard", "guard"};

static const struct {
    const char *name;
    char byte;
} separators[] = {{"comma", ','}, {"semicolon", ';'}, {"tab", '\t'}};

static const char *separator_name(char byte)
{
    for (gsize i = 0; i < G_N_ELEMENTS(separators); i++)
        if (separators[i].byte == byte)
            return separators[i].name;
    g_assert_not_reached();
}

char *csv_format_to_text(const struct csv_format *format)
{
    g_assert(format->zone[0]);
    return g_strdup_printf("v1 %s %s %s %s %s %s", encodings[format->encoding],
                           headers[format->header_ja ? 1 : 0], separator_name(format->separator),
                           guards[format->formula_guard ? 1 : 0], date_format_name(format->date_format),
                           format->zone);
}

/* Position of a word in a list; -1 if it is not there. */
static int word_index(const char *word, const char *const *words, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

static gboolean parse_fields(char **fields, struct csv_format *format)
{
    int encoding = word_index(fields[1], encodings, G_N_ELEMENTS(encodings));
    int header = word_index(fields[2], headers, G_N_ELEMENTS(headers));
    int guard = word_index(fields[4], guards, G_N_ELEMENTS(guards));

    for (gsize i = 0; i < G_N_ELEMENTS(separators); i++)
        if (strcmp(separators[i].name, fields[3]) == 0)
            format->separator = separators[i].byte;
    if (strcmp(fields[0], "v1") != 0 || encoding < 0 || header < 0 || guard < 0 || !format->separator)
        return FALSE;
    format->encoding = (enum csv_encoding)encoding;
    format->header_ja = header == 1;
    format->formula_guard = guard == 1;
    return date_format_from_name(fields[5], &format->date_format) && fields[6][0] &&
           g_strlcpy(format->zone, fields[6], sizeof(format->zone)) < sizeof(format->zone);
}

gboolean csv_format_from_text(const char *text, struct csv_format *ret_format, GError **error)
{
    g_auto(GStrv) fields = g_strsplit(text, " ", FORMAT_FIELDS + 1);
    struct csv_format format = {0};

    if (g_strv_length(fields) != FORMAT_FIELDS || !parse_fields(fields, &format)) {
        pt_error_set(error, PT_ERROR_INTEGRITY, "the recorded CSV format \"%.80s\" cannot be read",
                     "記録されたCSV形式「%.80s」を読み取れません", text);
        return FALSE;
    }
    *ret_format = format;
    return TRUE;
}
