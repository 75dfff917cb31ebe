/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reply lines of servers: cleaned for showing, read for codes. */
#include "transport/words.h"

#include <string.h>

static void test_words_become_one_valid_short_line(void)
{
    static const struct {
        const char *bytes, *secret, *clean;
    } cases[] = {
        {"530 Login incorrect.\r\n", NULL, "530 Login incorrect."},
        {"  a\tb\x1b[31mc \n", NULL, "a b [31mc"},
        {"caf\xe9", NULL, "caf\xef\xbf\xbd"},
        {"pass S3cret and S3cret", "S3cret", "pass *** and ***"},
        {"nothing", "", "nothing"},
        {"日本語\r\n次", NULL, "日本語  次"},
        {"", NULL, ""},
    };
    g_autofree char *flood = g_strnfill(10 * WORDS_MAX, 'x');
    g_autofree char *wide = g_strdup_printf("%.*s語", WORDS_MAX - 1, flood);
    g_autofree char *cut = words_clean(flood, strlen(flood), NULL);
    g_autofree char *whole = words_clean(wide, strlen(wide), NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *clean = words_clean(cases[i].bytes, strlen(cases[i].bytes), cases[i].secret);
        g_assert_cmpstr(clean, ==, cases[i].clean);
    }
    g_assert_cmpuint(strlen(cut), ==, WORDS_MAX);
    g_assert_cmpuint(strlen(whole), ==, WORDS_MAX - 1); /* never half a character */
}

static void test_words_reply_code_needs_three_digits(void)
{
    g_assert_cmpint(words_reply_code("530 no"), ==, 530);
    g_assert_cmpint(words_reply_code("250-SIZE"), ==, 250);
    g_assert_cmpint(words_reply_code("53"), ==, 0);
    g_assert_cmpint(words_reply_code(""), ==, 0);
    g_assert_cmpint(words_reply_code("HTTP/1.1"), ==, 0);
}

static void test_words_enhanced_code_is_read_only_where_it_stands(void)
{
    static const struct {
        const char *line;
        int code[3]; /* 0 0 0 = none */
    } cases[] = {
        {"552 5.3.4 too big", {5, 3, 4}},
        {"552-5.2.3 too big", {5, 2, 3}},
        {"550 5.7.515", {5, 7, 515}},
        {"552 too big", {0, 0, 0}},
        {"552 5.3 x", {0, 0, 0}},
        {"552", {0, 0, 0}},
        {"hello", {0, 0, 0}},
        {"552 5.3.4x", {0, 0, 0}},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        int code[3] = {0, 0, 0};
        g_test_message("%s", cases[i].line);
        g_assert_cmpint(words_enhanced_code(cases[i].line, code), ==, cases[i].code[0] != 0);
        g_assert_true(memcmp(code, cases[i].code, sizeof code) == 0);
    }
}

static void test_words_are_found_whatever_their_case(void)
{
    static const char *const words[] = {"space", "quota", NULL};

    g_assert_true(words_any("No SPACE left", words));
    g_assert_true(words_any("over quota", words));
    g_assert_false(words_any("fine", words));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/words/become-one-valid-short-line", test_words_become_one_valid_short_line);
    g_test_add_func("/words/reply-code-needs-three-digits", test_words_reply_code_needs_three_digits);
    g_test_add_func("/words/enhanced-code-is-read-only-where-it-stands",
                    test_words_enhanced_code_is_read_only_where_it_stands);
    g_test_add_func("/words/are-found-whatever-their-case", test_words_are_found_whatever_their_case);
    return g_test_run();
}
