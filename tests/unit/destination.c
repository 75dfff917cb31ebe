/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMB paths: every row of SPEC 5, to the character. */
#include "judged.h"
#include "say.h"

#include <string.h>

#include "core/destination.h"

#define SMB 243

static void assert_smb(const char *text, gsize limit, const char *host, int port, const char *share,
                       const char *folder)
{
    struct smb_destination to = {0};
    g_autoptr(GError) error = NULL;

    say(text);
    g_assert_true(smb_destination_parse(text, limit, &to, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(to.host, ==, host);
    g_assert_cmpint(to.port, ==, port);
    g_assert_cmpstr(to.share, ==, share);
    g_assert_cmpstr(to.folder, ==, folder);
    smb_destination_clear(&to);
}

static void assert_smb_refused(const char *text, gsize limit, const char *reason)
{
    struct smb_destination to = {.port = -7};
    g_autofree char *number = g_strdup_printf("%zu", limit);
    g_autofree char *normal = NULL;
    g_autofree char *message = NULL;
    g_autoptr(GError) error = NULL;
    gboolean ok;

    say(text);
    ok = smb_destination_parse(text, limit, &to, &normal, &error);
    assert_refused(ok, &error, number);
    message = pt_error_message(error, PT_LANG_EN);
    g_assert_nonnull(strstr(message, reason));
    g_assert_cmpint(to.port, ==, -7); /* results are set only on success */
    g_assert_null(to.host);
    g_assert_null(normal);
}

static void test_wide_characters_count_two(void)
{
    static const struct {
        const char *text;
        gsize width;
    } cases[] = {
        {"", 0},
        {"a", 1},
        {"共", 2},
        {"ｱ", 1} /* half-width katakana */,
        {"ア", 2},
        {"Ａ", 2},
        {"￥", 2},
        {"¥", 1},
        {"é", 1},
        {"e\u0301", 2},
        {"\U00020000", 2} /* rare kanji */,
        {"\U0001F5A8", 1},
        {"Ω", 1} /* ambiguous counts 1 */,
        {"共有 a", 6},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        say(cases[i].text);
        g_assert_cmpuint(text_width(cases[i].text), ==, cases[i].width);
    }
}

static void test_three_yen_signs_become_a_backslash_and_nothing_else_does(void)
{
    static const char *const cases[][2] = {
        {"¥", "\\"},      {"￥", "\\"},
        {"＼", "\\"},     {"\\", "\\"},
        {"", ""},         {"a¥b￥c＼d", "a\\b\\c\\d"},
        {"／", "／"},     {"∖", "∖"} /* U+2216 */,
        {"⧵", "⧵"},       {"﹨", "﹨"} /* small form */,
        {"＠：", "＠："},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *normal = text_normalise(cases[i][0]);
        g_assert_cmpstr(normal, ==, cases[i][1]);
    }
}

static void test_smb_paths_of_the_manual_are_accepted(void)
{
    static const char *const same[] = {"\\\\canon\\share\\", "¥¥canon¥share¥", "￥￥canon￥share￥",
                                       "\\\\canon¥share", "＼＼canon＼share＼"};
    static const char *const shown[] = {"\\\\canon\\share\\", "\\\\canon\\share\\", "\\\\canon\\share\\",
                                        "\\\\canon\\share", "\\\\canon\\share\\"};

    for (gsize i = 0; i < G_N_ELEMENTS(same); i++) {
        struct smb_destination to;
        g_autofree char *normal = NULL;
        assert_smb(same[i], SMB, "canon", 445, "share", "");
        g_assert_true(smb_destination_parse(same[i], SMB, &to, &normal, NULL));
        g_assert_cmpstr(normal, ==, shown[i]);
        smb_destination_clear(&to);
    }
    assert_smb("\\\\192.168.10.20\\share", SMB, "192.168.10.20", 445, "share", "");
    assert_smb("\\\\canon\\share\\a b\\2026", SMB, "canon", 445, "share", "a b\\2026");
    assert_smb("\\\\host@4445\\share\\", SMB, "host", 4445, "share", "");
    assert_smb("\\\\h@1\\s", SMB, "h", 1, "s", "");
    assert_smb("\\\\h@65535\\s\\f", SMB, "h", 65535, "s", "f");
    assert_smb("\\\\canon\\共有\\履歴", SMB, "canon", 445, "共有", "履歴");
    assert_smb("\\\\file-server_1.example.co.jp\\s$\\a@b", SMB, "file-server_1.example.co.jp", 445, "s$",
               "a@b");
    assert_smb("\\\\canon\\s\\a..b\\...", SMB, "canon", 445, "s", "a..b\\...");
}

static void test_every_mix_of_yen_signs_is_the_same_smb_path(void)
{
    static const char *const spellings[] = {"\\", "¥", "￥", "＼"};
    static const char *const between[] = {"", "canon@4445", "share", "a b", "c", ""};
    struct smb_destination to;
    int count = 0;

    for (guint mix = 0; mix < 4096; mix++) { /* 4 spellings at 6 places */
        g_autoptr(GString) text = g_string_new(NULL);
        g_autofree char *normal = NULL;
        for (guint place = 0; place < 6; place++) {
            g_string_append(text, spellings[(mix >> (2 * place)) & 3]);
            g_string_append(text, between[place]);
        }
        g_assert_true(smb_destination_parse(text->str, 25, &to, &normal, NULL));
        g_assert_cmpstr(normal, ==, "\\\\canon@4445\\share\\a b\\c\\");
        g_assert_cmpstr(to.host, ==, "canon");
        g_assert_cmpint(to.port, ==, 4445);
        g_assert_cmpstr(to.share, ==, "share");
        g_assert_cmpstr(to.folder, ==, "a b\\c");
        smb_destination_clear(&to);
        g_assert_false(smb_destination_parse(text->str, 24, &to, NULL, NULL));
        count++;
    }
    g_assert_cmpint(count, ==, 4096);
}

static void test_an_smb_path_has_at_most_243_characters_not_bytes(void)
{
    static const struct {
        const char *before, *unit, *after;
        gsize n;
        gboolean ok;
    } cases[] = {
        {"\\\\canon\\", "s", "", 235, TRUE},    {"\\\\canon\\", "s", "", 236, FALSE},
        {"¥¥canon¥", "s", "", 235, TRUE},       {"¥¥canon¥", "s", "", 236, FALSE},
        {"￥￥canon￥", "s", "", 235, TRUE},    {"＼＼canon＼", "s", "", 236, FALSE},
        {"\\\\canon\\", "共", "s", 117, TRUE},  {"\\\\canon\\", "共", "", 118, FALSE},
        {"\\\\canon\\", "共", "", 117, TRUE},   {"\\\\canon\\", "共", "s", 118, FALSE},
        {"\\\\canon\\", "ｱ", "", 235, TRUE},    {"\\\\canon\\", "ｱ", "", 236, FALSE},
        {"\\\\canon", "¥s", "", 118, TRUE},     {"\\\\canon", "￥s", "\\", 117, TRUE},
        {"\\\\canon", "¥s", "", 119, FALSE},    {"\\\\canon", "\\s", "\\", 118, FALSE},
        {"\\\\canon\\s\\", "é", "", 233, TRUE}, {"\\\\canon\\s\\", "é", "", 234, FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = repeated(cases[i].before, cases[i].n, cases[i].unit, cases[i].after);
        struct smb_destination to;
        g_test_message("%s + %zu x %s", cases[i].before, cases[i].n, cases[i].unit);
        if (!cases[i].ok) {
            assert_smb_refused(text, SMB, "longer than 243");
            assert_smb_refused(text, 242, "longer than 242");
        } else {
            g_assert_true(smb_destination_parse(text, SMB, &to, NULL, NULL));
            smb_destination_clear(&to);
        }
    }
}

static void test_what_is_not_an_smb_path_is_refused(void)
{
    static const char *const cases[][2] = {
        {"//canon/share/", "must begin with"},
        {"smb://canon/share", "must begin with"},
        {"\\canon\\share", "must begin with"},
        {"¥canon¥share", "must begin with"},
        {"canon\\share", "must begin with"},
        {" \\\\canon\\share", "must begin with"},
        {"", "must begin with"},
        {"\\", "must begin with"},
        {"ftp:\\\\canon\\share", "must begin with"},
        {"\\\\canon", "share is missing"},
        {"\\\\canon\\", "share is missing"},
        {"¥¥canon¥", "share is missing"},
        {"\\\\", "computer name is missing"},
        {"\\\\\\", "computer name is missing"},
        {"\\\\\\share", "computer name is missing"},
        {"￥￥￥share", "computer name is missing"},
        {"\\\\@445\\s", "computer name is missing"},
        {"\\\\h@0\\s", "1 to 65535"},
        {"\\\\h@65536\\s", "1 to 65535"},
        {"\\\\h@\\s", "1 to 65535"},
        {"\\\\h@-1\\s", "1 to 65535"},
        {"\\\\h@+445\\s", "1 to 65535"},
        {"\\\\h@0445\\s", "1 to 65535"},
        {"\\\\h@445@4\\s", "1 to 65535"},
        {"\\\\h@４４５\\s", "1 to 65535"},
        {"\\\\h@99999999999999999999\\s", "1 to 65535"},
        {"\\\\canon\\share\\..\\x", "\"..\""},
        {"\\\\canon\\share\\..", "\"..\""},
        {"\\\\canon\\..\\x", "\"..\""},
        {"\\\\..\\share\\x", "\"..\""},
        {"¥¥canon¥share¥..¥x", "\"..\""},
        {"\\\\canon\\share\\\\x", "two \\ in a row"},
        {"\\\\canon\\\\share", "two \\ in a row"},
        {"\\\\canon\\share\\\\", "two \\ in a row"},
        {"\\\\canon\\share\\¥x", "two \\ in a row"},
        {"\\\\canon\\share/x", "not allowed"},
        {"\\\\canon/share", "not allowed"},
        {"\\\\canon:445\\share", "not allowed"},
        {"\\\\カノン\\share", "IPv4 address or"},
        {"\\\\ca non\\share", "IPv4 address or"},
        {"\\\\canon!\\share", "IPv4 address or"},
        {"\\\\a..b\\share", "IPv4 address or"},
        {"\\\\192.168.10\\share", "IPv4 address or"},
        {"\\\\192.168.10.256\\s", "IPv4 address or"},
        {"\\\\1.2.3.4.5\\s", "IPv4 address or"},
        {"\\\\192.168.010.020\\s", "IPv4 address or"},
        {"\\\\1..2.3\\s", "IPv4 address or"},
        {"\\\\12345\\s", "IPv4 address or"},
        {"\\\\.\\share", "IPv4 address or"},
        {"\\\\[::1]\\share", "not allowed"},
        {"\\\\canon\\share\xff", "UTF-8"},
        {"¥¥canon\xc2", "UTF-8"},
        {"\\\\canon\\sh\xed\xa0\x80", "UTF-8"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_smb_refused(cases[i][0], SMB, cases[i][1]);
}

static void test_forbidden_characters_are_refused_at_every_place_of_an_smb_path(void)
{
    static const char forbidden[] = "\"*/:<>?|";
    static const char *const frames[] = {"\\\\canon\\%c", "\\\\canon\\sh%care", "\\\\canon\\share\\%cx",
                                         "\\\\canon\\share\\a\\x%c", "\\\\can%con\\share"};
    static const gunichar control[] = {0x01, 0x09, 0x0A, 0x0D, 0x1B, 0x1F, 0x7F, 0x80, 0x85, 0x9F};

    for (gsize i = 0; i < strlen(forbidden); i++)
        for (gsize frame = 0; frame < G_N_ELEMENTS(frames); frame++) {
            g_auto(GStrv) halves = g_strsplit(frames[frame], "%c", 2);
            g_autofree char *text = g_strdup_printf("%s%c%s", halves[0], forbidden[i], halves[1]);
            assert_smb_refused(text, SMB, "not allowed");
        }
    for (gsize i = 0; i < G_N_ELEMENTS(control); i++)
        for (gsize frame = 0; frame < G_N_ELEMENTS(frames); frame++) {
            g_auto(GStrv) halves = g_strsplit(frames[frame], "%c", 2);
            g_autoptr(GString) text = g_string_new(halves[0]);
            g_string_append_unichar(text, control[i]);
            g_string_append(text, halves[1]);
            assert_smb_refused(text->str, SMB, "control characters");
        }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/text/wide characters count two", test_wide_characters_count_two);
    g_test_add_func("/text/three yen signs become a backslash and nothing else does",
                    test_three_yen_signs_become_a_backslash_and_nothing_else_does);
    g_test_add_func("/smb/paths of the manual are accepted", test_smb_paths_of_the_manual_are_accepted);
    g_test_add_func("/smb/every mix of yen signs is the same path",
                    test_every_mix_of_yen_signs_is_the_same_smb_path);
    g_test_add_func("/smb/a path has at most 243 characters, not bytes",
                    test_an_smb_path_has_at_most_243_characters_not_bytes);
    g_test_add_func("/smb/what is not a path is refused", test_what_is_not_an_smb_path_is_refused);
    g_test_add_func("/smb/forbidden characters are refused at every place",
                    test_forbidden_characters_are_refused_at_every_place_of_an_smb_path);
    return g_test_run();
}
