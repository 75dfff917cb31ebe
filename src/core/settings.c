/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings' table and their values as text. */
#include "core/settings.h"

#include <string.h>

#include "base/secret.h"

#define TEXT_MAX 1023
#define NEAREST_MAX 64 /* no key is longer; what is typed may be anything */
#define DIGITS "0123456789"

enum { SECRET = 1, SCHEDULE = 2, TARGET = 4 };

static const struct setting_info table[SETTING_COUNT] = {
#define S(id, name, kind, initial, list, low, high, flags, device, extended, of, en, ja)                     \
    {.key = (name),                                                                                          \
     .type = SETTING_##kind,                                                                                 \
     .fallback = (initial),                                                                                  \
     .choices = (list),                                                                                      \
     .min = (low),                                                                                           \
     .max = (high),                                                                                          \
     .secret = ((flags)&SECRET) != 0,                                                                        \
     .schedule = ((flags)&SCHEDULE) != 0,                                                                    \
     .target = ((flags)&TARGET) != 0,                                                                        \
     .device_limit = (device),                                                                               \
     .extended_limit = (extended),                                                                           \
     .unit = (of),                                                                                           \
     .help = {en, ja}},
#include "core/settings.def"
#undef S
};

const struct setting_info *setting_info(enum setting_id id)
{
    g_assert(id < SETTING_COUNT);
    return &table[id];
}

enum setting_id setting_from_key(const char *key)
{
    int id = 0;

    while (id < SETTING_COUNT && strcmp(table[id].key, key) != 0)
        id++;
    return (enum setting_id)id;
}

/* Edits (Levenshtein) from one word to the other; both at most NEAREST_MAX bytes. */
static gsize edits(const char *from, const char *to)
{
    gsize row[NEAREST_MAX + 1];
    gsize length = strlen(to);

    for (gsize i = 0; i <= length; i++)
        row[i] = i;
    for (gsize j = 0; from[j]; j++) {
        gsize diagonal = row[0];
        row[0] = j + 1;
        for (gsize i = 1; i <= length; i++) {
            gsize change = diagonal + (from[j] == to[i - 1] ? 0 : 1);
            diagonal = row[i];
            row[i] = MIN(change, MIN(row[i], row[i - 1]) + 1);
        }
    }
    return row[length];
}

enum setting_id setting_nearest(const char *key)
{
    g_autofree char *lower = g_ascii_strdown(key, -1);
    gsize length = strlen(lower);
    gsize best = length / 3 + 2; /* farther than that is another word */
    int nearest = SETTING_COUNT;

    if (length < 1 || length > NEAREST_MAX)
        return SETTING_COUNT;
    for (int id = 0; id < SETTING_COUNT; id++) {
        const char *dot = strchr(table[id].key, '.');
        gsize whole = edits(lower, table[id].key);
        gsize last = dot && !strchr(lower, '.') ? edits(lower, dot + 1) : whole;
        gsize distance = MIN(whole, last);
        if (distance < best) {
            best = distance;
            nearest = id;
        }
    }
    return (enum setting_id)nearest;
}

/* --- values --- */

gboolean setting_int_parse(enum setting_id id, const char *text, gint64 *ret_value)
{
    gsize length = strlen(text);
    const char *digits = text + strspn(text, "0");
    gint64 value;

    if (length < 1 || strspn(text, DIGITS) != length || strlen(digits) > 18)
        return FALSE;
    value = g_ascii_strtoll(digits, NULL, 10);
    if (value < table[id].min || value > table[id].max)
        return FALSE;
    *ret_value = value;
    return TRUE;
}

int setting_choice_index(enum setting_id id, const char *text)
{
    g_auto(GStrv) list = g_strsplit(table[id].choices, "|", -1);

    for (int i = 0; list[i]; i++)
        if (strcmp(list[i], text) == 0)
            return i;
    return -1;
}

struct settings *settings_new(void)
{
    struct settings *settings = g_new0(struct settings, 1);

    for (int id = 0; id < SETTING_COUNT; id++)
        settings->text[id] = g_strdup(table[id].fallback);
    return settings;
}

struct settings *settings_copy(const struct settings *settings)
{
    struct settings *copy = g_new0(struct settings, 1);

    for (int id = 0; id < SETTING_COUNT; id++)
        copy->text[id] = g_strdup(settings->text[id]);
    return copy;
}

static void value_free(enum setting_id id, char *text)
{
    if (table[id].secret)
        secret_wipe(text);
    else
        g_free(text);
}

void settings_free(struct settings *settings)
{
    if (!settings)
        return;
    for (int id = 0; id < SETTING_COUNT; id++)
        value_free((enum setting_id)id, settings->text[id]);
    g_free(settings);
}

void settings_put(struct settings *settings, enum setting_id id, const char *text)
{
    char *old = settings->text[id];

    settings->text[id] = g_strdup(text);
    value_free(id, old);
}

const char *settings_text(const struct settings *settings, enum setting_id id)
{
    return settings->text[id];
}

gboolean settings_bool(const struct settings *settings, enum setting_id id)
{
    const char *text = settings->text[id];

    g_assert(table[id].type == SETTING_BOOL);
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        text = table[id].fallback;
    return strcmp(text, "true") == 0;
}

gint64 settings_int(const struct settings *settings, enum setting_id id)
{
    gint64 value = 0;

    g_assert(table[id].type == SETTING_INT);
    if (!setting_int_parse(id, settings->text[id], &value))
        (void)setting_int_parse(id, table[id].fallback, &value); /* tests judge every default */
    return value;
}

int settings_choice(const struct settings *settings, enum setting_id id)
{
    int index = -1;

    g_assert(table[id].type == SETTING_CHOICE);
    index = setting_choice_index(id, settings->text[id]);
    return index >= 0 ? index : setting_choice_index(id, table[id].fallback);
}

gsize setting_limit(enum setting_id id, gboolean extended)
{
    int limit = extended ? table[id].extended_limit : table[id].device_limit;

    return limit > 0 ? (gsize)limit : TEXT_MAX;
}

gsize settings_limit(const struct settings *settings, enum setting_id id)
{
    return setting_limit(id, settings_choice(settings, SETTING_LIMITS) == 1);
}

int settings_secret_width(const char *sealed)
{
    gsize digits;

    if (!g_str_has_prefix(sealed, "v1:"))
        return 0;
    digits = strspn(sealed + 3, DIGITS);
    if (digits < 1 || digits > 6 || sealed[3 + digits] != ':')
        return 0;
    return (int)g_ascii_strtoll(sealed + 3, NULL, 10);
}
