/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of judged values share: long texts and what every refusal must be. */
#pragma once
#include <string.h>

#include "base/error.h"

/* `n` times `unit` between two texts. New string. */
static inline char *repeated(const char *before, gsize n, const char *unit, const char *after)
{
    GString *text = g_string_new(before);

    for (gsize i = 0; i < n; i++)
        g_string_append(text, unit);
    g_string_append(text, after);
    return g_string_free(text, FALSE);
}

/* An INPUT error, said in both languages, without the value. */
static inline void assert_refused(gboolean accepted, GError *const *error, const char *limit)
{
    g_autofree char *en = NULL;
    g_autofree char *ja = NULL;

    g_assert_false(accepted);
    g_assert_nonnull(*error);
    g_assert_cmpint(pt_error_code_of(*error), ==, PT_ERROR_INPUT);
    en = pt_error_message(*error, PT_LANG_EN);
    ja = pt_error_message(*error, PT_LANG_JA);
    g_assert_cmpstr(en, !=, ja);
    g_assert_nonnull(strstr(en, limit));
    g_assert_nonnull(strstr(ja, limit));
}
