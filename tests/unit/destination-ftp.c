/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FTP paths and host names: every row of SPEC 5, to the character; what is accepted reads back as the same.
 */
#include "judged.h"
#include "say.h"

#include <string.h>

#include "core/destination.h"

#define SMB 243
#define FTP 174
#define EXTENDED 1024

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

static void assert_ftp(const char *text, gsize limit, const char *host, int port, gboolean ftps,
                       const char *folder)
{
    struct ftp_destination to = {0};
    g_autoptr(GError) error = NULL;

    say(text);
    g_assert_true(ftp_destination_parse(text, limit, &to, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(to.host, ==, host);
    g_assert_cmpint(to.port, ==, port);
    g_assert_cmpint(to.ftps, ==, ftps);
    g_assert_cmpstr(to.folder, ==, folder);
    ftp_destination_clear(&to);
}

static void assert_ftp_refused(const char *text, gsize limit, const char *reason)
{
    struct ftp_destination to = {.port = -7};
    g_autofree char *number = g_strdup_printf("%zu", limit);
    g_autofree char *normal = NULL;
    g_autofree char *message = NULL;
    g_autoptr(GError) error = NULL;
    gboolean ok;

    say(text);
    ok = ftp_destination_parse(text, limit, &to, &normal, &error);
    assert_refused(ok, &error, number);
    message = pt_error_message(error, PT_LANG_EN);
    g_assert_nonnull(strstr(message, reason));
    g_assert_cmpint(to.port, ==, -7);
    g_assert_null(to.host);
    g_assert_null(normal);
}

/* A random text of pieces that parsers stumble over. New string; sometimes not UTF-8. */
static char *random_text(void)
{
    static const char *const pieces[] = {
        "\\",   "¥",     "￥",          "＼",  "/",     "ftp:", "ftps:", "@",   ":",          ".",     "..",
        "a",    "canon", "192.168.1.1", "445", "65536", "共",   " ",     ",",   "\t",         "\r\n",  "\x7f",
        "\xff", "\xe5",  "-",           "_",   "[",     "]",    "<",     "%2e", "\U0001F5A8", "\u0301"};
    GString *text = g_string_new(g_test_rand_bit() ? "\\\\h\\" : g_test_rand_bit() ? "ftp://h/" : "");

    for (int n = g_test_rand_int_range(0, 14); n > 0; n--)
        g_string_append(text, pieces[g_test_rand_int_range(0, (gint32)G_N_ELEMENTS(pieces))]);
    return g_string_free(text, FALSE);
}

static void test_a_computer_name_has_at_most_253_characters(void)
{
    g_autofree char *smb253 = repeated("\\\\", 253, "h", "\\s");
    g_autofree char *smb254 = repeated("\\\\", 254, "h", "\\s");
    g_autofree char *ftp253 = repeated("ftp:\\\\", 253, "h", "");
    g_autofree char *ftp254 = repeated("ftp:\\\\", 254, "h", "");
    g_autofree char *host = repeated("", 253, "h", "");
    struct smb_destination smb;

    g_assert_true(smb_destination_parse(smb253, EXTENDED, &smb, NULL, NULL));
    g_assert_cmpstr(smb.host, ==, host);
    smb_destination_clear(&smb);
    assert_smb_refused(smb254, EXTENDED, "IPv4 address or 1 to 253");
    assert_ftp(ftp253, EXTENDED, host, 0, FALSE, "");
    assert_ftp_refused(ftp254, EXTENDED, "IPv4 address or 1 to 253");
}

static void test_extended_paths_have_at_most_1024_characters(void)
{
    g_autofree char *smb1024 = repeated("\\\\canon\\", 1016, "s", "");
    g_autofree char *smb1025 = repeated("¥¥canon¥", 1017, "s", "");
    g_autofree char *ftp1024 = repeated("ftp://h/", 1016, "d", "");
    g_autofree char *ftp1025 = repeated("ftp:￥￥h￥", 1017, "d", "");
    struct smb_destination smb;
    struct ftp_destination ftp;

    g_assert_true(smb_destination_parse(smb1024, EXTENDED, &smb, NULL, NULL));
    smb_destination_clear(&smb);
    g_assert_true(ftp_destination_parse(ftp1024, EXTENDED, &ftp, NULL, NULL));
    ftp_destination_clear(&ftp);
    assert_smb_refused(smb1025, EXTENDED, "longer than 1024");
    assert_ftp_refused(ftp1025, EXTENDED, "longer than 1024");
}

static void test_ftp_paths_of_the_manual_are_accepted(void)
{
    static const char *const same[] = {"ftp:\\\\192.168.10.20\\share\\", "ftp:¥¥192.168.10.20¥share¥",
                                       "ftp://192.168.10.20/share/",     "ftp:￥￥192.168.10.20￥share￥",
                                       "FTP:\\\\192.168.10.20\\share\\", "fTp:/¥192.168.10.20＼share/"};

    for (gsize i = 0; i < G_N_ELEMENTS(same); i++) {
        struct ftp_destination to;
        g_autofree char *normal = NULL;
        assert_ftp(same[i], FTP, "192.168.10.20", 0, FALSE, "share");
        g_assert_true(ftp_destination_parse(same[i], FTP, &to, &normal, NULL));
        g_assert_cmpstr(normal, ==, "ftp:\\\\192.168.10.20\\share\\");
        ftp_destination_clear(&to);
    }
    assert_ftp("ftp:¥¥192.168.10.20:2121¥share¥", FTP, "192.168.10.20", 2121, FALSE, "share");
    assert_ftp("ftp://192.168.10.20:2121/share/", FTP, "192.168.10.20", 2121, FALSE, "share");
    assert_ftp("ftp:\\\\192.168.10.20:2121\\share", FTP, "192.168.10.20", 2121, FALSE, "share");
    assert_ftp("FTP:\\\\host", FTP, "host", 0, FALSE, "");
    assert_ftp("ftp:\\\\host\\", FTP, "host", 0, FALSE, "");
    assert_ftp("ftp://host:65535", FTP, "host", 65535, FALSE, "");
    assert_ftp("ftp://host:1/", FTP, "host", 1, FALSE, "");
    assert_ftp("ftps://host/a", FTP, "host", 0, TRUE, "a");
    assert_ftp("FTPS:¥¥host:990¥a¥b", FTP, "host", 990, TRUE, "a/b");
    assert_ftp("ftp://h/a%20b/%2e%2e/%", FTP, "h", 0, FALSE, "a%20b/%2e%2e/%");
    assert_ftp("ftp://h/共有/a b:c*d?\"<>|@", FTP, "h", 0, FALSE, "共有/a b:c*d?\"<>|@");
    assert_ftp("ftp://h/-rf/~/$(x)", FTP, "h", 0, FALSE, "-rf/~/$(x)");
}

static void test_every_mix_of_slashes_is_the_same_ftp_path(void)
{
    static const char *const spellings[] = {"\\", "¥", "￥", "＼", "/"};
    static const char *const between[] = {"", "h:2121", "a b", "c", ""};
    struct ftp_destination to;

    for (int mix = 0; mix < 5 * 5 * 5 * 5 * 5; mix++) {
        g_autoptr(GString) text = g_string_new("ftp:");
        g_autofree char *normal = NULL;
        int rest = mix;
        for (int place = 0; place < 5; place++, rest /= 5) {
            g_string_append(text, spellings[rest % 5]);
            g_string_append(text, between[place]);
        }
        g_assert_true(ftp_destination_parse(text->str, 19, &to, &normal, NULL));
        g_assert_cmpstr(normal, ==, "ftp:\\\\h:2121\\a b\\c\\");
        g_assert_cmpstr(to.host, ==, "h");
        g_assert_cmpint(to.port, ==, 2121);
        g_assert_cmpstr(to.folder, ==, "a b/c");
        ftp_destination_clear(&to);
        g_assert_false(ftp_destination_parse(text->str, 18, &to, NULL, NULL));
    }
}

static void test_an_ftp_path_has_at_most_174_characters_not_bytes(void)
{
    static const struct {
        const char *before, *unit;
        gsize n;
        gboolean ok;
    } cases[] = {
        {"ftp://h/", "d", 166, TRUE},     {"ftp://h/", "d", 167, FALSE},    {"ftp:¥¥h¥", "d", 166, TRUE},
        {"ftp:￥￥h￥", "d", 166, TRUE},  {"ftp:￥￥h￥", "d", 167, FALSE}, {"ftp:\\\\h\\", "共", 83, TRUE},
        {"ftp:\\\\h\\", "共", 84, FALSE}, {"ftp:\\\\h", "¥d", 83, TRUE},    {"ftp:\\\\hh", "￥d", 83, TRUE},
        {"ftp:\\\\h", "￥d", 84, FALSE},  {"ftps://h/", "d", 165, TRUE},    {"ftps://h/", "d", 166, FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = repeated(cases[i].before, cases[i].n, cases[i].unit, "");
        struct ftp_destination to;
        g_test_message("%s + %zu x %s", cases[i].before, cases[i].n, cases[i].unit);
        if (!cases[i].ok) {
            assert_ftp_refused(text, FTP, "longer than 174");
        } else {
            g_assert_true(ftp_destination_parse(text, FTP, &to, NULL, NULL));
            ftp_destination_clear(&to);
        }
    }
}

static void test_what_is_not_an_ftp_path_is_refused(void)
{
    static const char *const cases[][2] = {
        {"", "must begin with"},
        {"192.168.10.20\\share\\", "must begin with"},
        {"\\\\192.168.10.20\\share\\", "must begin with"},
        {"http://host/a", "must begin with"},
        {"sftp://host/a", "must begin with"},
        {"ftp:\\host", "must begin with"},
        {"ftp:host", "must begin with"},
        {" ftp://host", "must begin with"},
        {"ftp//host", "must begin with"},
        {"ｆｔｐ://host", "must begin with"},
        {"ftps:/host", "must begin with"},
        {"ftpss://host", "must begin with"},
        {"ftp://", "name is missing"},
        {"ftp:\\\\\\", "name is missing"},
        {"ftp:///a", "name is missing"},
        {"ftp://:21/a", "name is missing"},
        {"ftp://u:p@h/", "do not belong"},
        {"ftp://u@h/", "do not belong"},
        {"ftp://@h/", "do not belong"},
        {"ftp://u:p@h:21/x", "do not belong"},
        {"ftp://h/../x", "\"..\""},
        {"ftp://h/a/..", "\"..\""},
        {"ftp:¥¥h¥..¥", "\"..\""},
        {"ftp://../a", "\"..\""},
        {"ftp://h//a", "two \\ in a row"},
        {"ftp://h/a//", "two \\ in a row"},
        {"ftp://h/a¥/b", "two \\ in a row"},
        {"ftp://h/a\r\nDELE x", "control"},
        {"ftp://h/a\x7f", "control"},
        {"ftp://h\t/a", "control"},
        {"ftp://h:0/", "1 to 65535"},
        {"ftp://h:65536/", "1 to 65535"},
        {"ftp://h:/", "1 to 65535"},
        {"ftp://h:21:21/", "1 to 65535"},
        {"ftp://h: 21/", "1 to 65535"},
        {"ftp://h:２１/", "1 to 65535"},
        {"ftp://ホスト/", "IPv4 address or"},
        {"ftp://h h/", "IPv4 address or"},
        {"ftp://1.2.3/", "IPv4 address or"},
        {"ftp://h%41/", "IPv4 address or"},
        {"ftp://1.2.3.999/", "IPv4 address or"},
        {"ftp://h/\xff", "UTF-8"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_ftp_refused(cases[i][0], FTP, cases[i][1]);
}

static void test_a_password_in_an_ftp_path_is_not_repeated_by_the_refusal(void)
{
    static const char *const cases[] = {"ftp://user:hunter2@h/", "ftp://user:hunter2/",
                                        "http://user:hunter2@h/", "ftp://user:hunter2@h/../",
                                        "ftp://u:hunter2@h/\n"};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct ftp_destination to;
        g_autoptr(GError) error = NULL;
        g_assert_false(ftp_destination_parse(cases[i], FTP, &to, NULL, &error));
        g_assert_null(strstr(error->message, "hunter2"));
    }
}

static void test_what_is_accepted_reads_back_as_the_same(void)
{
    int accepted = 0;

    for (int i = 0; i < 60000; i++) {
        g_autofree char *text = random_text();
        g_autofree char *smb_text = NULL;
        g_autofree char *smb_again = NULL;
        g_autofree char *ftp_text = NULL;
        g_autofree char *ftp_again = NULL;
        struct smb_destination smb, smb2;
        struct ftp_destination ftp, ftp2;
        if (smb_destination_parse(text, SMB, &smb, &smb_text, NULL)) {
            g_assert_true(smb_destination_parse(smb_text, SMB, &smb2, &smb_again, NULL));
            g_assert_cmpstr(smb_again, ==, smb_text);
            g_assert_cmpstr(smb2.host, ==, smb.host);
            g_assert_cmpint(smb2.port, ==, smb.port);
            g_assert_cmpstr(smb2.share, ==, smb.share);
            g_assert_cmpstr(smb2.folder, ==, smb.folder);
            smb_destination_clear(&smb);
            smb_destination_clear(&smb2);
            accepted++;
        }
        if (ftp_destination_parse(text, FTP, &ftp, &ftp_text, NULL)) {
            g_assert_true(ftp_destination_parse(ftp_text, FTP, &ftp2, &ftp_again, NULL));
            g_assert_cmpstr(ftp_again, ==, ftp_text);
            g_assert_cmpstr(ftp2.host, ==, ftp.host);
            g_assert_cmpint(ftp2.port, ==, ftp.port);
            g_assert_cmpstr(ftp2.folder, ==, ftp.folder);
            ftp_destination_clear(&ftp);
            ftp_destination_clear(&ftp2);
            accepted++;
        }
    }
    g_test_message("%d accepted", accepted);
    g_assert_cmpint(accepted, >, 500); /* else the generator tests nothing */
}

static void test_random_bytes_are_judged_without_harm(void)
{
    for (int i = 0; i < 50000; i++) {
        char bytes[64];
        int length = g_test_rand_int_range(0, (gint32)sizeof bytes);
        struct smb_destination smb = {0};
        struct ftp_destination ftp = {0};
        struct mail_server mail = {0};
        g_autofree char *domain = NULL;
        g_autofree char *user = NULL;
        for (int at = 0; at < length; at++)
            bytes[at] = (char)g_test_rand_int_range(1, 256);
        bytes[length] = '\0';
        if (smb_destination_parse(bytes, SMB, &smb, NULL, NULL))
            smb_destination_clear(&smb);
        if (ftp_destination_parse(bytes, FTP, &ftp, NULL, NULL))
            ftp_destination_clear(&ftp);
        if (mail_server_parse(bytes, 53, &mail, NULL))
            mail_server_clear(&mail);
        g_assert_false(mail_address_check(bytes, 120, FALSE, NULL) && !strchr(bytes, '@'));
        g_assert_false(user_parse(bytes, 24, &domain, &user, NULL) && !g_utf8_validate(bytes, -1, NULL));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host/a computer name has at most 253 characters",
                    test_a_computer_name_has_at_most_253_characters);
    g_test_add_func("/host/extended paths have at most 1024 characters",
                    test_extended_paths_have_at_most_1024_characters);
    g_test_add_func("/ftp/paths of the manual are accepted", test_ftp_paths_of_the_manual_are_accepted);
    g_test_add_func("/ftp/every mix of slashes is the same path",
                    test_every_mix_of_slashes_is_the_same_ftp_path);
    g_test_add_func("/ftp/a path has at most 174 characters, not bytes",
                    test_an_ftp_path_has_at_most_174_characters_not_bytes);
    g_test_add_func("/ftp/what is not a path is refused", test_what_is_not_an_ftp_path_is_refused);
    g_test_add_func("/ftp/a password in a path is not repeated by the refusal",
                    test_a_password_in_an_ftp_path_is_not_repeated_by_the_refusal);
    g_test_add_func("/random/what is accepted reads back as the same",
                    test_what_is_accepted_reads_back_as_the_same);
    g_test_add_func("/random/bytes are judged without harm", test_random_bytes_are_judged_without_harm);
    return g_test_run();
}
