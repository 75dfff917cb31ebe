/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The error catalogue and errors in two languages. */
#include "base/error.h"

#include <string.h>

static void test_every_code_of_the_catalogue_has_its_class(void)
{
    static const struct {
        const char *names;
        enum pt_error_class class;
        int status;
    } rows[] = {
        {"INPUT", PT_CLASS_INPUT, 2},
        {"MISSING", PT_CLASS_MISSING, 4},
        {"X01 X02 X08 X09 X17 X18 X19 X23 X26 S01", PT_CLASS_RETRY, 5},
        {"X03 X04 X05 X06 X07 X10 X11 X12 X13 X14 X15 X16 X21 X22 X24 X25 S02 S03 S04 S05", PT_CLASS_REFUSED,
         6},
        {"INTEGRITY", PT_CLASS_INTEGRITY, 7},
        {"X20", PT_CLASS_STORE, 7},
        {"INTERNAL", PT_CLASS_INTERNAL, 1},
    };
    int seen = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(GStrv) names = g_strsplit(rows[i].names, " ", -1);
        for (char **name = names; *name; name++, seen++) {
            enum pt_error_code code = pt_error_code_from_name(*name);
            g_test_message("%s", *name);
            g_assert_cmpint(code, <, PT_ERROR_CODES);
            g_assert_cmpint(pt_error_info((int)code)->class, ==, rows[i].class);
            g_assert_cmpint(pt_error_exit_status(rows[i].class), ==, rows[i].status);
        }
    }
    g_assert_cmpint(seen, ==, PT_ERROR_CODES);
}

static void test_every_code_has_cause_and_remedy_in_both_languages(void)
{
    for (int code = 0; code < PT_ERROR_CODES; code++) {
        const struct pt_error_info *info = pt_error_info(code);
        g_test_message("%s", info->name);
        g_assert_cmpint(pt_error_code_from_name(info->name), ==, code);
        for (int lang = 0; lang < 2; lang++) {
            g_assert_cmpuint(strlen(info->cause[lang]), >, 4);
            g_assert_cmpuint(strlen(info->remedy[lang]), >, 10);
            g_assert_true(g_utf8_validate(info->cause[lang], -1, NULL) &&
                          g_utf8_validate(info->remedy[lang], -1, NULL));
        }
        g_assert_true(g_str_is_ascii(info->cause[PT_LANG_EN]) && g_str_is_ascii(info->remedy[PT_LANG_EN]));
        g_assert_false(g_str_is_ascii(info->cause[PT_LANG_JA]) || g_str_is_ascii(info->remedy[PT_LANG_JA]));
        for (int other = 0; other < code; other++)
            g_assert_cmpstr(pt_error_info(other)->cause[PT_LANG_EN], !=, info->cause[PT_LANG_EN]);
    }
}

static void test_unknown_codes_are_internal_errors(void)
{
    g_assert_cmpstr(pt_error_info(-1)->name, ==, "INTERNAL");
    g_assert_cmpstr(pt_error_info(PT_ERROR_CODES)->name, ==, "INTERNAL");
    g_assert_cmpint(pt_error_code_from_name("X99"), ==, PT_ERROR_CODES);
    g_assert_cmpint(pt_error_code_from_name("x01"), ==, PT_ERROR_CODES);
    g_assert_cmpint(pt_error_code_from_name(""), ==, PT_ERROR_CODES);
    g_assert_cmpint(pt_error_code_from_name(NULL), ==, PT_ERROR_CODES);
}

static void test_an_error_speaks_both_languages(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *en = NULL;
    g_autofree char *ja = NULL;
    g_autofree char *kept = NULL;
    g_autofree char *kept_en = NULL;
    g_autofree char *kept_ja = NULL;

    pt_error_set(&error, PT_ERROR_X06, "share %s not found on %d", "共有 %s が見つかりません(%d)", "履歴", 7);
    g_assert_error(error, PT_ERROR, PT_ERROR_X06);
    en = pt_error_message(error, PT_LANG_EN);
    ja = pt_error_message(error, PT_LANG_JA);
    kept = pt_error_keep(error);
    kept_en = pt_text_pick(kept, PT_LANG_EN);
    kept_ja = pt_text_pick(kept, PT_LANG_JA);
    g_assert_cmpstr(en, ==, "share 履歴 not found on 7");
    g_assert_cmpstr(ja, ==, "共有 履歴 が見つかりません(7)");
    g_assert_cmpstr(kept_en, ==, en);
    g_assert_cmpstr(kept_ja, ==, ja);
    g_assert_null(pt_text_pick(NULL, PT_LANG_EN));
    g_assert_cmpint(pt_error_class_of(error), ==, PT_CLASS_REFUSED);
    pt_error_set(NULL, PT_ERROR_X06, "nobody listens", "誰も聞いていません");
}

static void test_errors_of_other_domains_have_one_text_and_a_class(void)
{
    static const struct {
        int code;
        enum pt_error_code ours;
    } rows[] = {{G_FILE_ERROR_NOSPC, PT_ERROR_X19},
                {G_FILE_ERROR_ROFS, PT_ERROR_X19},
                {G_FILE_ERROR_IO, PT_ERROR_X19},
                {G_FILE_ERROR_NOENT, PT_ERROR_INTERNAL}};

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = g_error_new_literal(G_FILE_ERROR, rows[i].code, "the text");
        g_autofree char *en = pt_error_message(error, PT_LANG_EN);
        g_autofree char *ja = pt_error_message(error, PT_LANG_JA);
        g_assert_cmpint(pt_error_code_of(error), ==, rows[i].ours);
        g_assert_cmpstr(en, ==, "the text");
        g_assert_cmpstr(ja, ==, "the text");
    }
}

static void test_the_language_comes_from_the_first_variable_that_is_set(void)
{
    static const struct {
        const char *all, *messages, *lang; /* NULL = not set */
        enum pt_lang expected;
    } rows[] = {
        {NULL, NULL, NULL, PT_LANG_EN},
        {NULL, NULL, "ja_JP.UTF-8", PT_LANG_JA},
        {NULL, "ja_JP", "en_US.UTF-8", PT_LANG_JA},
        {"C", "ja_JP", "ja_JP", PT_LANG_EN},
        {"ja", "C", "C", PT_LANG_JA},
        {"", "", "ja_JP.eucJP", PT_LANG_JA},
        {NULL, "C.UTF-8", "ja_JP", PT_LANG_EN},
        {NULL, NULL, "de_DE", PT_LANG_EN},
    };
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *const values[] = {rows[i].all, rows[i].messages, rows[i].lang};
        for (int v = 0; v < 3; v++) {
            if (values[v])
                g_assert_true(g_setenv(names[v], values[v], TRUE));
            else
                g_unsetenv(names[v]);
        }
        g_assert_cmpint(pt_lang_from_environment(), ==, rows[i].expected);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/error/every code of the catalogue has its class",
                    test_every_code_of_the_catalogue_has_its_class);
    g_test_add_func("/error/every code has cause and remedy in both languages",
                    test_every_code_has_cause_and_remedy_in_both_languages);
    g_test_add_func("/error/unknown codes are internal errors", test_unknown_codes_are_internal_errors);
    g_test_add_func("/error/an error speaks both languages", test_an_error_speaks_both_languages);
    g_test_add_func("/error/errors of other domains have one text and a class",
                    test_errors_of_other_domains_have_one_text_and_a_class);
    g_test_add_func("/error/the language comes from the first variable that is set",
                    test_the_language_comes_from_the_first_variable_that_is_set);
    return g_test_run();
}
