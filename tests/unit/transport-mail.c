/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mail's exact bytes: tests/golden/NAME.eml. GOLDEN_WRITE=DIR writes what comes out now there instead. */
#include "transport/mail-message.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static char *built(const struct transport_request *request, const char *csv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("printtrail-mail-XXXXXX", &error);
    g_autofree char *spool = g_build_filename(folder, "spool", NULL);
    struct transport_request full = *request;
    gint64 size = 0;
    int fd = -1;
    char *bytes;

    g_assert_no_error(error);
    g_assert_true(g_file_set_contents(spool, csv, -1, &error));
    full.work_dir = folder;
    full.fd = open(spool, O_RDONLY | O_CLOEXEC);
    full.size = (gint64)strlen(csv);
    g_assert_true(mail_message_build(&full, &fd, &size, &error));
    g_assert_no_error(error);
    bytes = g_malloc0((gsize)size + 1);
    g_assert_cmpint(pread(fd, bytes, (size_t)size, 0), ==, size);
    g_assert_cmpint(close(fd), ==, 0);
    g_assert_cmpint(close(full.fd), ==, 0);
    g_assert_cmpint(unlink(spool), ==, 0);
    g_assert_cmpint(rmdir(folder), ==, 0); /* nothing else was left there */
    return bytes;
}

static void assert_as_stored(const char *name, const char *now)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(PT_TESTS, "golden", name, NULL);
    g_autofree char *stored = NULL;

    if (g_getenv("GOLDEN_WRITE")) {
        g_autofree char *copy = g_build_filename(g_getenv("GOLDEN_WRITE"), name, NULL);
        g_assert_true(g_file_set_contents(copy, now, -1, &error));
        return;
    }
    g_assert_true(g_file_get_contents(path, &stored, NULL, &error));
    g_assert_cmpstr(now, ==, stored);
}

static const struct transport_request japanese = {
    .from = "printtrail@example.co.jp",
    .to = "soumu@example.co.jp, kanri@example.co.jp",
    .message_id = "<export_20261121.csv.0123456789abcdef@installation.printtrail>",
    .date = "Sun, 22 Nov 2026 03:00:05 +0900",
    .boundary = "=_printtrail_0123456789abcdef0123456789abcdef",
    .subject = "ジョブ履歴 2026-11-21 (3階複合機)",
    .body = "2026-11-21 のジョブ履歴 (2 件) を添付します。\n.\nこのメールに返信しないでください。\n",
    .file_name = "3階複合機_export_20261121.csv",
    .charset = "utf-8",
};

static const struct transport_request english = {
    .from = "printtrail@example.com",
    .to = "office@example.com",
    .message_id = "export_20261121_part2of3.csv.fedcba9876543210@installation.printtrail",
    .date = "Sat, 21 Nov 2026 18:00:05 +0000",
    .boundary = "=_printtrail_fedcba9876543210fedcba9876543210",
    .subject = "Job history 2026-11-21, part 2 of 3",
    .body = "The job history of 2026-11-21 (2 jobs) is attached.\n.\nDo not reply to this mail.\n",
    .file_name = "export_20261121_part2of3.csv",
    .charset = "cp932",
};

static void test_mail_bytes_are_as_stored(void)
{
    g_autofree char *ja = built(&japanese, "\xef\xbb\xbf履歴番号,ユーザ名\r\n1,田中\r\n2,佐藤\r\n");
    g_autofree char *en = built(&english, "seq,user_name\r\n1,tanaka\r\n2,sato\r\n");

    assert_as_stored("mail-japanese.eml", ja);
    assert_as_stored("mail-english.eml", en);
}

static void test_mail_is_the_same_each_time(void)
{
    g_autofree char *first = built(&japanese, "a\r\n");
    g_autofree char *second = built(&japanese, "a\r\n");

    g_assert_cmpstr(first, ==, second);
}

static void test_mail_is_seven_bit_with_short_lines_that_end_in_crlf(void)
{
    struct transport_request request = japanese;
    g_autofree char *body = g_strnfill(5000, 'x');
    g_autofree char *csv = g_strnfill(100000, 'y');
    g_autofree char *mail = NULL;
    gsize line = 0;

    request.body = body;
    mail = built(&request, csv);
    for (gsize i = 0; mail[i]; i++) {
        g_assert_cmpuint((guchar)mail[i], <, 0x80);
        g_assert_true(mail[i] != '\n' || (i > 0 && mail[i - 1] == '\r'));
        line = mail[i] == '\n' ? 0 : line + 1;
        g_assert_cmpuint(line, <=, 998);
    }
    g_assert_true(g_str_has_suffix(mail, "\r\n"));
}

static void test_mail_addresses_are_trimmed(void)
{
    g_auto(GStrv) addresses = mail_addresses(" a@example.com ,, b@example.com,");

    g_assert_cmpuint(g_strv_length(addresses), ==, 2);
    g_assert_cmpstr(addresses[0], ==, "a@example.com");
    g_assert_cmpstr(addresses[1], ==, "b@example.com");
}

static void test_mail_that_cannot_be_built_says_where(void)
{
    struct transport_request request = english;
    g_autoptr(GError) error = NULL;
    gint64 size = 0;
    int fd = -1;

    request.work_dir = "/nowhere/at/all";
    request.fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    g_assert_false(mail_message_build(&request, &fd, &size, &error));
    g_assert_cmpint((int)pt_error_code_of(error), ==, (int)PT_ERROR_X19);
    g_assert_nonnull(strstr(error->message, "/nowhere/at/all"));
    g_assert_cmpint(fd, ==, -1);
    g_assert_cmpint(close(request.fd), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mail/bytes-are-as-stored", test_mail_bytes_are_as_stored);
    g_test_add_func("/mail/is-the-same-each-time", test_mail_is_the_same_each_time);
    g_test_add_func("/mail/is-seven-bit-with-short-lines-that-end-in-crlf",
                    test_mail_is_seven_bit_with_short_lines_that_end_in_crlf);
    g_test_add_func("/mail/addresses-are-trimmed", test_mail_addresses_are_trimmed);
    g_test_add_func("/mail/that-cannot-be-built-says-where", test_mail_that_cannot_be_built_says_where);
    return g_test_run();
}
