/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Samples of changes for the settings' tests: KEY, VALUE pairs, accepted or refused together. */
#pragma once
#include <string.h>

#include "core/settings.h"

#define CHANGES_MAX 6

/* KEY, VALUE pairs ended by NULL. */
struct sample {
    const char *pairs[2 * CHANGES_MAX + 1];
};

static inline gsize changes_of(const struct sample *sample, struct setting_change changes[CHANGES_MAX])
{
    gsize n = 0;

    for (const char *const *pair = sample->pairs; *pair; pair += 2, n++) {
        changes[n] = (struct setting_change){setting_from_key(pair[0]), pair[1]};
        g_assert_cmpint(changes[n].id, <, SETTING_COUNT);
    }
    return n;
}

/* Secrets as they would be stored: only their width matters here. */
static inline void pretend_sealed(struct settings *settings)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting_id id = (enum setting_id)i;
        if (setting_info(id)->secret && *settings_text(settings, id) &&
            !g_str_has_prefix(settings_text(settings, id), "v1:")) {
            g_autofree char *sealed = g_strdup_printf("v1:%zu:QUJD", strlen(settings_text(settings, id)));
            settings_put(settings, id, sealed);
        }
    }
}

/* The set after changes that must be accepted. */
static inline struct settings *after(const struct settings *before, const struct sample *sample)
{
    struct setting_change changes[CHANGES_MAX];
    gsize n = changes_of(sample, changes);
    struct settings *result = NULL;
    g_autoptr(GPtrArray) problems = settings_judge(before, changes, n, &result);

    if (problems->len > 0) {
        const struct setting_problem *problem = g_ptr_array_index(problems, 0);
        g_test_message("%s: %s", setting_info(problem->id)->key, problem->message[PT_LANG_EN]);
    }
    g_assert_cmpuint(problems->len, ==, 0);
    g_assert_nonnull(result);
    return result;
}

/* The changes are refused and the problems are exactly of these keys ("a b"); `words` stands in an English
 * message. */
static inline void assert_refused_together(const struct settings *before, const struct sample *sample,
                                           const char *keys, const char *words)
{
    struct setting_change changes[CHANGES_MAX];
    gsize n = changes_of(sample, changes);
    struct settings *result = NULL;
    g_autoptr(GPtrArray) problems = settings_judge(before, changes, n, &result);
    g_autoptr(GString) found = g_string_new(NULL);
    gboolean said = FALSE;

    for (guint i = 0; i < problems->len; i++) {
        const struct setting_problem *problem = g_ptr_array_index(problems, i);
        g_test_message("%s: %s / %s", setting_info(problem->id)->key, problem->message[PT_LANG_EN],
                       problem->message[PT_LANG_JA]);
        g_string_append_printf(found, "%s%s", i > 0 ? " " : "", setting_info(problem->id)->key);
        said = said || strstr(problem->message[PT_LANG_EN], words);
        g_assert_cmpstr(problem->message[PT_LANG_EN], !=, problem->message[PT_LANG_JA]);
        g_assert_true(g_utf8_validate(problem->message[PT_LANG_JA], -1, NULL));
    }
    g_assert_cmpstr(found->str, ==, keys);
    g_assert_true(said);
    g_assert_null(result);
}
