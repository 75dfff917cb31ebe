/* SPDX-License-Identifier: GPL-3.0-or-later */
/* core/cp932: the table against iconv's, whole. */
#include "core/cp932.h"

#include "csv-bytes.h"

/* CP932 of one code point by iconv; 0 = none. */
static guint by_iconv(GIConv iconv, gunichar c)
{
    char in[6], out[8];
    char *from = in, *to = out;
    gsize left = (gsize)g_unichar_to_utf8(c, in), room = sizeof(out);

    if (g_iconv(iconv, &from, &left, &to, &room) != 0) {
        (void)g_iconv(iconv, NULL, NULL, NULL, NULL);
        return 0;
    }
    return to - out == 1 ? (guchar)out[0] : (guint)(guchar)out[0] << 8 | (guchar)out[1];
}

static guint by_table(const struct cp932 *tables, gunichar c, gint64 *replaced)
{
    char in[6], out[6];
    gsize length = cp932_from_utf8(tables, in, (gsize)g_unichar_to_utf8(c, in), out, replaced);

    g_assert_cmpuint(length, <=, 2);
    return length == 1 ? (guchar)out[0] : (guint)(guchar)out[0] << 8 | (guchar)out[1];
}

static void test_every_character_is_written_as_iconv_writes_it(void)
{
    g_autoptr(PtCp932) tables = cp932_new();
    GIConv iconv = g_iconv_open("CP932", "UTF-8");
    guint held = 0;

    g_assert_true(iconv != (GIConv)-1);
    for (gunichar c = 1; c < 0x11000; c++) {
        gint64 replaced = 0;
        guint theirs, ours;

        if (c >= 0xD800 && c < 0xE000)
            continue;
        theirs = by_iconv(iconv, c);
        ours = by_table(tables, c, &replaced);
        /* U+0080, U+00A0 and U+F8F0–F8F3 are iconv's names for bytes that are no characters; U+00A6 is a twin
         * as Windows has it. */
        if (c == 0x80 || c == 0xA0 || (c >= 0xF8F0 && c <= 0xF8F3))
            theirs = 0;
        if (c == 0xA6)
            theirs = 0xFA55;
        if (theirs != (replaced ? 0 : ours))
            g_test_message("U+%04X: iconv %04X, ours %04X", c, theirs, ours);
        g_assert_cmphex(theirs, ==, replaced ? 0 : ours);
        g_assert_cmpint(replaced, ==, theirs ? 0 : 1);
        if (replaced)
            g_assert_cmphex(ours, ==, '?');
        held += theirs != 0;
    }
    g_assert_cmpuint(held, >, 9000);
    g_iconv_close(iconv);
}

static void test_every_pair_of_bytes_is_read_as_iconv_reads_it(void)
{
    g_autoptr(PtCp932) tables = cp932_new();
    GIConv iconv = g_iconv_open("UTF-8", "CP932");

    for (guint first = 1; first < 0x100; first++) {
        for (guint second = 0x20; second < 0x100; second++) {
            char in[2] = {(char)first, (char)second}, theirs[12], ours[6];
            char *from = in, *to = theirs;
            gsize left = 2, room = sizeof(theirs), length = 0;
            gboolean good = g_iconv(iconv, &from, &left, &to, &room) == 0;

            (void)g_iconv(iconv, NULL, NULL, NULL, NULL);
            /* Windows has them, but they are no characters: 80, A0, FD–FF. */
            if (strchr("\x80\xA0\xFD\xFE\xFF", (int)first) ||
                (first < 0x80 && strchr("\x80\xA0\xFD\xFE\xFF", (int)second)) ||
                (first >= 0xA1 && first <= 0xDF && strchr("\x80\xA0\xFD\xFE\xFF", (int)second)))
                good = FALSE;
            g_test_message("%02X %02X", first, second);
            g_assert_cmpint(cp932_to_utf8(tables, in, 2, ours, &length), ==, good);
            if (good)
                assert_bytes(ours, length, theirs, (gsize)(to - theirs));
        }
    }
    g_iconv_close(iconv);
}

static void test_what_cannot_be_held_becomes_one_question_mark_and_is_counted(void)
{
    static const struct {
        const char *utf8, *bytes;
        gint64 replaced;
    } cases[] = {
        {"", "", 0},
        {"plain ASCII ~\\", "plain ASCII ~\\", 0},
        {"日本語", "\x93\xFA\x96\x7B\x8C\xEA", 0},
        {"ｶﾅ", "\xB6\xC5", 0},
        {"①髙﨑", "\x87\x40\xFB\xFC\xFA\xB1", 0},
        {"〜−‖¥", "\x81\x60\x81\x7C\x81\x61\x5C", 0},
        {"a😀b", "a?b", 1},
        {"é한😀", "???", 3},
        {"e\xCC\x81", "e?", 1},
        {"\xFF\xFE", "??", 2},
        {"a\xE3\x81", "a??", 2},
        {"\xED\xA0\x80", "???", 3},
    };
    g_autoptr(PtCp932) tables = cp932_new();

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        char out[64];
        gint64 replaced = 0;
        gsize length = cp932_from_utf8(tables, cases[i].utf8, strlen(cases[i].utf8), out, &replaced);

        g_test_message("case %u", (guint)i); /* not all of them are UTF-8 */
        assert_bytes(out, length, cases[i].bytes, strlen(cases[i].bytes));
        g_assert_cmpint(replaced, ==, cases[i].replaced);
    }
}

static void test_half_a_character_is_not_read(void)
{
    g_autoptr(PtCp932) tables = cp932_new();
    char out[16];
    gsize length = 77;

    g_assert_false(cp932_to_utf8(tables, "a\x93", 2, out, &length));
    g_assert_false(cp932_to_utf8(tables, "\x93\x20", 2, out, &length));
    g_assert_cmpuint(length, ==, 77);
    g_assert_true(cp932_to_utf8(tables, "", 0, out, &length));
    g_assert_cmpuint(length, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cp932/every-character-is-written-as-iconv-writes-it",
                    test_every_character_is_written_as_iconv_writes_it);
    g_test_add_func("/cp932/every-pair-of-bytes-is-read-as-iconv-reads-it",
                    test_every_pair_of_bytes_is_read_as_iconv_reads_it);
    g_test_add_func("/cp932/what-cannot-be-held-becomes-one-question-mark-and-is-counted",
                    test_what_cannot_be_held_becomes_one_question_mark_and_is_counted);
    g_test_add_func("/cp932/half-a-character-is-not-read", test_half_a_character_is_not_read);
    return g_test_run();
}
