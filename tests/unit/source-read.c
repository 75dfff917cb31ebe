/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hostile bytes never reach the decoder; addresses of people are judged. */
#include "source/ipp-read.h"

#include "source-data.h"

#define HEAD "\x02\x00\x00\x00\x00\x00\x00\x01\x01"
#define KEYWORD                                                                                              \
    "\x44\x00\x01"                                                                                           \
    "a\x00\x01"                                                                                              \
    "b"
#define BEGIN                                                                                                \
    "\x34\x00\x01"                                                                                           \
    "c\x00\x00"
#define MEMBER                                                                                               \
    "\x4a\x00\x00\x00\x01"                                                                                   \
    "m"
#define NESTED "\x34\x00\x00\x00\x00"
#define END_COLLECTION "\x37\x00\x00\x00\x00"

struct bytes {
    const char *what, *data;
    gsize length;
    gboolean ok;
};
#define B(what, data, ok)                                                                                    \
    {                                                                                                        \
        what, data, sizeof(data) - 1, ok                                                                     \
    }

static const struct bytes cases[] = {
    B("an empty answer", HEAD "\x03", TRUE),
    B("one attribute", HEAD KEYWORD "\x03", TRUE),
    B("bytes after the end", HEAD "\x03 and more", TRUE),
    B("a job group", HEAD "\x02" KEYWORD "\x02" KEYWORD "\x03", TRUE),
    B("nothing", "", FALSE),
    B("a header alone", "\x02\x00\x00\x00\x00\x00\x00\x01", FALSE),
    B("no operation group", "\x02\x00\x00\x00\x00\x00\x00\x01\x02\x03", FALSE),
    B("no end", HEAD KEYWORD, FALSE),
    B("cut in a name",
      HEAD "\x44\x00\x05"
           "a",
      FALSE),
    B("cut in a length", HEAD "\x44\x00", FALSE),
    B("a length beyond 32767", HEAD "\x44\xff\xff\xff", FALSE),
    B("an end of a collection that never began", HEAD END_COLLECTION "\x03", FALSE),
    B("a group inside a collection", HEAD BEGIN "\x02\x03", FALSE),
    B("the end inside a collection", HEAD BEGIN "\x03", FALSE),
    B("a 32-bit tag", HEAD "\x7f\x00\x00\x00\x00\x00\x03", FALSE),
};

static void test_only_sound_messages_are_decoded(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(ipp_t) answer =
            ipp_read_bytes((const guint8 *)cases[i].data, cases[i].length, "peer:631", &error);

        g_test_message("%s", cases[i].what);
        g_assert_cmpint(answer != NULL, ==, cases[i].ok);
        if (!answer)
            g_assert_error(error, PT_ERROR, PT_ERROR_S03);
    }
}

static void test_deep_collections_are_refused(void)
{
    for (int depth = 1; depth <= 64; depth += 7) {
        g_autoptr(GByteArray) data = g_byte_array_new();
        g_autoptr(GError) error = NULL;
        g_autoptr(ipp_t) answer = NULL;

        g_byte_array_append(data, (const guint8 *)HEAD, sizeof(HEAD) - 1);
        g_byte_array_append(data, (const guint8 *)BEGIN, sizeof(BEGIN) - 1);
        for (int i = 1; i < depth; i++) {
            g_byte_array_append(data, (const guint8 *)MEMBER, sizeof(MEMBER) - 1);
            g_byte_array_append(data, (const guint8 *)NESTED, sizeof(NESTED) - 1);
        }
        for (int i = 0; i < depth; i++)
            g_byte_array_append(data, (const guint8 *)END_COLLECTION, sizeof(END_COLLECTION) - 1);
        g_byte_array_append(data, (const guint8 *)"\x03", 1);
        answer = ipp_read_bytes(data->data, data->len, "peer", &error);
        g_assert_cmpint(answer != NULL, ==, depth <= 8);
    }
}

static void test_a_flood_of_values_is_refused(void)
{
    static const struct {
        const char *value;
        gsize length;
        int n;
        gboolean ok;
    } floods[] = {
        {"\x44\x00\x00\x00\x01x", 6, 9000, TRUE}, /* values of one attribute */
        {"\x44\x00\x00\x00\x01x", 6, 11000, FALSE},
        {"\x44\x00\x01y\x00\x01x", 7, 100000, TRUE}, /* attributes */
        {"\x44\x00\x01y\x00\x01x", 7, 1000001, FALSE},
        {"\x44\x00\x01y\x00\x01x", 7, 2500000, FALSE}, /* more than 16 MiB */
    };

    for (gsize i = 0; i < G_N_ELEMENTS(floods); i++) {
        g_autoptr(GByteArray) data = g_byte_array_new();
        g_autoptr(ipp_t) answer = NULL;

        g_byte_array_append(data, (const guint8 *)HEAD KEYWORD, sizeof(HEAD KEYWORD) - 1);
        for (int n = 0; n < floods[i].n; n++)
            g_byte_array_append(data, (const guint8 *)floods[i].value, (guint)floods[i].length);
        g_byte_array_append(data, (const guint8 *)"\x03", 1);
        answer = ipp_read_bytes(data->data, data->len, "peer", NULL);
        g_assert_cmpint(answer != NULL, ==, floods[i].ok);
    }
}

static void test_every_cut_of_a_real_answer_is_refused(void)
{
    g_autofree char *path = g_build_filename(PT_TESTS, "data", "ipp", "ippeve.ipp", NULL);
    g_autofree char *bytes = NULL;
    gsize length = 0;

    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    for (gsize i = 0; i < length; i++) {
        g_autoptr(ipp_t) answer = ipp_read_bytes((const guint8 *)bytes, i, "peer", NULL);

        g_assert_null(answer);
    }
}

static void test_addresses_are_judged(void)
{
    static const struct {
        const char *uri;
        enum source_kind kind;
        const char *expected; /* NULL = refused */
    } uris[] = {
        {"ipp://server/", SOURCE_CUPS, "ipp://server/"},
        {"ipp://server", SOURCE_CUPS, "ipp://server/"},
        {"IPP://Server.Example:631/", SOURCE_CUPS, "ipp://server.example:631/"},
        {"ipps://server:443/", SOURCE_CUPS, "ipps://server:443/"},
        {"ipp://192.0.2.7:6631", SOURCE_CUPS, "ipp://192.0.2.7:6631/"},
        {"ipp://[2001:db8::7]:631/", SOURCE_CUPS, "ipp://[2001:db8::7]:631/"},
        {"/run/cups/cups.sock", SOURCE_CUPS, "/run/cups/cups.sock"},
        {"ipp://printer", SOURCE_PRINTER, "ipp://printer/ipp/print"},
        {"ipp://printer/ipp/print/one", SOURCE_PRINTER, "ipp://printer/ipp/print/one"},
        {"ipp://mfp_2/ipp/print", SOURCE_PRINTER, "ipp://mfp_2/ipp/print"},
        {"/run/cups/cups.sock", SOURCE_PRINTER, NULL},
        {"", SOURCE_CUPS, NULL},
        {"server", SOURCE_CUPS, NULL},
        {"http://server:631/", SOURCE_CUPS, NULL},
        {"ipp://", SOURCE_CUPS, NULL},
        {"ipp:///path", SOURCE_CUPS, NULL},
        {"ipp://server:0/", SOURCE_CUPS, NULL},
        {"ipp://server:65536/", SOURCE_CUPS, NULL},
        {"ipp://server:x/", SOURCE_CUPS, NULL},
        {"ipp://server:/", SOURCE_CUPS, NULL},
        {"ipp://user:secret@server/", SOURCE_CUPS, NULL},
        {"ipp://server/a b", SOURCE_CUPS, NULL},
        {"ipp://server/\n", SOURCE_CUPS, NULL},
        {"ipp://サーバー/", SOURCE_CUPS, NULL},
        {"ipp://server/?x", SOURCE_CUPS, NULL},
        {"ipp://server/../x", SOURCE_CUPS, NULL},
        {"ipp://a..b/", SOURCE_CUPS, NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(uris); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *uri = NULL;

        g_test_message("%s", uris[i].uri);
        g_assert_cmpint(source_uri_check(uris[i].uri, uris[i].kind, &uri, &error), ==,
                        uris[i].expected != NULL);
        g_assert_cmpstr(uri, ==, uris[i].expected);
        if (!uri) {
            g_autofree char *ja = pt_error_message(error, PT_LANG_JA);

            g_assert_error(error, PT_ERROR, PT_ERROR_INPUT);
            g_assert_null(strstr(ja, "secret"));
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add_func("/source/read/" #name, test_##name)
    T(only_sound_messages_are_decoded);
    T(deep_collections_are_refused);
    T(a_flood_of_values_is_refused);
    T(every_cut_of_a_real_answer_is_refused);
    T(addresses_are_judged);
    return g_test_run();
}
