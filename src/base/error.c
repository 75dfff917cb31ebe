/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one error domain: catalogue rows, two-language messages, exit statuses. */
#include "base/error.h"

#include <string.h>

/* Both languages travel in one GError message, English first; U+001F occurs in neither. */
#define LANGUAGE_SEPARATOR '\x1f'

static const struct pt_error_info catalogue[] = {
#define E(code, class, cause_en, cause_ja, remedy_en, remedy_ja)                                             \
    {#code, PT_CLASS_##class, {cause_en, cause_ja}, {remedy_en, remedy_ja}},
#include "base/errors.def"
#undef E
};

G_DEFINE_QUARK(pt - error - quark, pt_error)

const struct pt_error_info *pt_error_info(int code)
{
    return code >= 0 && code < PT_ERROR_CODES ? &catalogue[code] : &catalogue[PT_ERROR_INTERNAL];
}

enum pt_error_code pt_error_code_from_name(const char *name)
{
    for (int i = 0; i < PT_ERROR_CODES; i++)
        if (g_strcmp0(catalogue[i].name, name) == 0)
            return (enum pt_error_code)i;
    return PT_ERROR_CODES;
}

void pt_error_set(GError **error, enum pt_error_code code, const char *en, const char *ja, ...)
{
    g_autofree char *en_text = NULL;
    g_autofree char *ja_text = NULL;
    va_list args;

    if (!error)
        return;
    va_start(args, ja);
    en_text = g_strdup_vprintf(en, args);
    va_end(args);
    va_start(args, ja);
    ja_text = g_strdup_vprintf(ja, args);
    va_end(args);
    g_set_error(error, PT_ERROR, (int)code, "%s%c%s", en_text, LANGUAGE_SEPARATOR, ja_text);
}

void pt_error_set_texts(GError **error, enum pt_error_code code, const char *en, const char *ja)
{
    g_set_error(error, PT_ERROR, (int)code, "%s%c%s", en, LANGUAGE_SEPARATOR, ja);
}

char *pt_error_keep(const GError *error)
{
    return g_strdup(error->message);
}

char *pt_text_pick(const char *kept, enum pt_lang lang)
{
    const char *split = kept ? strchr(kept, LANGUAGE_SEPARATOR) : NULL;

    if (!split)
        return g_strdup(kept);
    return lang == PT_LANG_JA ? g_strdup(split + 1) : g_strndup(kept, (gsize)(split - kept));
}

char *pt_error_message(const GError *error, enum pt_lang lang)
{
    return pt_text_pick(error->message, lang);
}

enum pt_error_code pt_error_code_of(const GError *error)
{
    if (error->domain == PT_ERROR)
        return (enum pt_error_code)error->code;
    if (error->domain == G_FILE_ERROR && (error->code == G_FILE_ERROR_NOSPC ||
                                          error->code == G_FILE_ERROR_ROFS || error->code == G_FILE_ERROR_IO))
        return PT_ERROR_X19;
    return PT_ERROR_INTERNAL;
}

enum pt_error_class pt_error_class_of(const GError *error)
{
    return pt_error_info((int)pt_error_code_of(error))->class;
}

int pt_error_exit_status(enum pt_error_class class)
{
    switch (class) {
    case PT_CLASS_INPUT:
        return 2;
    case PT_CLASS_MISSING:
        return 4;
    case PT_CLASS_RETRY:
        return 5;
    case PT_CLASS_REFUSED:
        return 6;
    case PT_CLASS_INTEGRITY:
    case PT_CLASS_STORE:
        return 7;
    case PT_CLASS_INTERNAL:
        return 1;
    }
    return 1;
}

enum pt_lang pt_lang_from_environment(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *value = g_getenv(names[i]);
        if (value && *value)
            return g_str_has_prefix(value, "ja") ? PT_LANG_JA : PT_LANG_EN;
    }
    return PT_LANG_EN;
}
