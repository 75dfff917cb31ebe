/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: any bytes as a set of changes. Input: records of one byte (which setting) and its value up to
 * NUL. */
#include <string.h>

#include "core/settings.h"
#include "fuzz.h"

#define CHANGES_MAX 12
#define VALUE_MAX 4096

/* What was accepted is given again and must come out the same; secrets are not read back. */
static void assert_stable(const struct settings *result)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        const struct setting_change again = {(enum setting_id)i, settings_text(result, (enum setting_id)i)};
        struct settings *same = NULL;
        g_autoptr(GPtrArray) problems = NULL;
        if (setting_info(again.id)->secret)
            continue;
        g_assert_true(g_utf8_validate(again.value, -1, NULL));
        g_assert_null(strpbrk(again.value, "\r\n\t"));
        if (again.id == SETTING_LIMITS || strcmp(again.value, setting_info(again.id)->fallback) == 0)
            continue;
        problems = settings_judge(result, &again, 1, &same);
        g_assert_cmpuint(problems->len, ==, 0);
        g_assert_cmpstr(settings_text(same, again.id), ==, again.value);
        settings_free(same);
    }
}

static void judge(const struct setting_change *changes, gsize n)
{
    g_autoptr(PtSettings) defaults = settings_new();
    struct settings *result = NULL;
    g_autoptr(GPtrArray) problems = settings_judge(defaults, changes, n, &result);
    g_autoptr(GPtrArray) lacking = NULL;

    g_assert_cmpint(problems->len == 0, ==, result != NULL);
    for (guint i = 0; i < problems->len; i++) {
        const struct setting_problem *problem = g_ptr_array_index(problems, i);
        g_assert_true(*problem->message[PT_LANG_EN] &&
                      g_utf8_validate(problem->message[PT_LANG_EN], -1, NULL));
        g_assert_true(*problem->message[PT_LANG_JA] &&
                      g_utf8_validate(problem->message[PT_LANG_JA], -1, NULL));
    }
    if (!result)
        return;
    lacking = settings_incomplete(result);
    g_assert_true(!settings_bool(result, SETTING_EXPORT_ENABLED) || lacking->len == 0);
    assert_stable(result);
    settings_free(result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct setting_change changes[CHANGES_MAX];
    char *values[CHANGES_MAX];
    gsize n = 0;

    while (size > 0 && n < CHANGES_MAX) {
        gsize length = strnlen((const char *)data + 1, MIN(size - 1, VALUE_MAX));
        values[n] = g_strndup((const char *)data + 1, length);
        changes[n] = (struct setting_change){(enum setting_id)(data[0] % SETTING_COUNT), values[n]};
        n++;
        length = MIN(length + 2, size); /* the NUL, too */
        data += length;
        size -= length;
    }
    judge(changes, n);
    for (gsize i = 0; i < n; i++) {
        (void)setting_nearest(values[i]);
        (void)settings_secret_width(values[i]);
        g_free(values[i]);
    }
    return 0;
}
