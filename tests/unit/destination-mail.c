/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mail servers, mail addresses and user names: every row of SPEC 5, to the character. */
#include "judged.h"
#include "say.h"

#include <string.h>

#include "core/destination.h"

#define MAIL 53
#define ADDRESS 120

static void test_mail_servers(void)
{
    static const struct {
        const char *text, *host;
        int port;
    } cases[] = {
        {"smtp.example.co.jp:10025", "smtp.example.co.jp", 10025},
        {"192.0.2.25", "192.0.2.25", 0},
        {"192.0.2.25:25", "192.0.2.25", 25},
        {"localhost", "localhost", 0},
        {"mail-1:1", "mail-1", 1},
        {"3com.example", "3com.example", 0},
        {"h:65535", "h", 65535},
    };
    static const char *const bad[] = {
        "host:0",         "host:65536",     "host:",       ":25",         "",
        "smtp_x.example", "smtp x.example", " host",       "host ",       "host: 25",
        "host:25 ",       "host:25:25",     "host:025",    "host:+25",    "host\r\nX",
        "host\t",         "192.0.2",        "192.0.2.256", "192.0.2.025", "1234",
        "a..b",           "メール.example", "smtp://host", "[192.0.2.1]", "::1",
        "host\\x",        "ｈｏｓｔ",       "host:２５",   "ho\xffst",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct mail_server server;
        say(cases[i].text);
        g_assert_true(mail_server_parse(cases[i].text, MAIL, &server, NULL));
        g_assert_cmpstr(server.host, ==, cases[i].host);
        g_assert_cmpint(server.port, ==, cases[i].port);
        mail_server_clear(&server);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        struct mail_server server = {.port = -7};
        g_autoptr(GError) error = NULL;
        say(bad[i]);
        assert_refused(mail_server_parse(bad[i], MAIL, &server, &error), &error, "53");
        g_assert_null(server.host);
        g_assert_cmpint(server.port, ==, -7);
    }
}

static void test_a_mail_server_has_at_most_53_characters_and_47_beside_a_port(void)
{
    static const struct {
        gsize n;
        const char *port;
        const char *refused; /* the limit that the refusal names; NULL = accepted */
    } cases[] = {
        {53, "", NULL},   {54, "", "53"},    {47, ":65535", NULL}, {47, ":25", NULL},
        {47, ":1", NULL}, {48, ":25", "47"}, {48, ":1", "47"},     {48, ":65535", "53"},
        {51, ":1", "47"}, {52, ":1", "53"},  {1, ":65535", NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = repeated("", cases[i].n, "a", cases[i].port);
        struct mail_server server;
        g_autoptr(GError) error = NULL;
        gboolean ok = mail_server_parse(text, MAIL, &server, &error);
        say(text);
        if (ok)
            mail_server_clear(&server);
        if (cases[i].refused)
            assert_refused(ok, &error, cases[i].refused);
        else
            g_assert_true(ok);
    }
}

static void test_mail_address_takes_one_bare_address_only(void)
{
    static const struct {
        const char *text;
        gboolean ok;
    } cases[] = {
        {"a@b.example", TRUE},
        {"user_name@example.co.jp", TRUE},
        {"a@b", TRUE},
        {"a+b.c-d@b.example", TRUE},
        {"a..b.@docomo.example", TRUE},
        {"o'neil!#$%&*/=?^`{|}~@b", TRUE},
        {"a@192.0.2.1", TRUE},
        {"a@[192.0.2.1]", TRUE},
        {"a@b, c@d", FALSE},
        {"a@b,c@d", FALSE},
        {"Name <a@b>", FALSE},
        {"<a@b>", FALSE},
        {"a", FALSE},
        {"", FALSE},
        {"@", FALSE},
        {"@b", FALSE},
        {"a@", FALSE},
        {"a@b@c", FALSE},
        {"a b@c", FALSE},
        {" a@b", FALSE},
        {"a@b ", FALSE},
        {"a@b c", FALSE},
        {"a@b\r\nBcc: x", FALSE},
        {"a\r@b", FALSE},
        {"a\n@b", FALSE},
        {"a@b\n", FALSE},
        {"a@b;c@d", FALSE},
        {"\"a b\"@c", FALSE},
        {"a(x)@b", FALSE},
        {"mailto:a@b", FALSE},
        {"a@b..c", FALSE},
        {"a@.b", FALSE},
        {"a@b.", FALSE},
        {"共@b", FALSE},
        {"a@共.jp", FALSE},
        {"ａ@b", FALSE},
        {"a＠b", FALSE},
        {"a\\b@c", FALSE},
        {"a@b\x01", FALSE},
        {"a@\xff", FALSE},
        {"a@1.2.3", FALSE},
        {"a@[1.2.3]", FALSE},
        {"a@[]", FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        gboolean ok = mail_address_check(cases[i].text, ADDRESS, FALSE, &error);
        say(cases[i].text);
        if (cases[i].ok)
            g_assert_true(ok);
        else
            assert_refused(ok, &error, "120");
    }
}

static void test_a_mail_address_has_at_most_120_characters(void)
{
    g_autofree char *just = repeated("", 118, "a", "@b");
    g_autofree char *over = repeated("", 119, "a", "@b");
    g_autofree char *long_domain = repeated("a@", 118, "b", "");
    g_autoptr(GError) error = NULL;

    g_assert_true(mail_address_check(just, ADDRESS, FALSE, NULL));
    g_assert_true(mail_address_check(long_domain, ADDRESS, FALSE, NULL));
    assert_refused(mail_address_check(over, ADDRESS, FALSE, &error), &error, "120");
}

static void test_several_recipients_are_a_list_of_bare_addresses(void)
{
    g_autofree char *long_one = repeated("", 118, "a", "@b");
    g_autofree char *two_long = g_strdup_printf("%s,%s", long_one, long_one);
    g_autofree char *over = g_strdup_printf("a@b,a%s", long_one);
    g_autofree char *hundred = repeated("a@b", 99, ",a@b", "");
    g_autofree char *more = repeated("a@b", 100, ",a@b", "");
    const struct {
        const char *text;
        gboolean ok;
    } cases[] = {
        {"a@b", TRUE},          {"a@b,c@d", TRUE},    {"a@b, c@d", TRUE},    {two_long, TRUE},
        {hundred, TRUE},        {more, FALSE},        {over, FALSE},         {"", FALSE},
        {",", FALSE},           {"a@b,", FALSE},      {",a@b", FALSE},       {"a@b,,c@d", FALSE},
        {"a@b c@d", FALSE},     {"a@b;c@d", FALSE},   {"a@b,\nc@d", FALSE},  {"a@b , c@d", FALSE},
        {"a@b,N <c@d>", FALSE}, {"a@b,\tc@d", FALSE}, {"a@b,\xff@d", FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        gboolean ok = mail_address_check(cases[i].text, ADDRESS, TRUE, &error);
        say(cases[i].text);
        if (cases[i].ok)
            g_assert_true(ok);
        else
            assert_refused(ok, &error, "1");
    }
}

static void test_smb_users(void)
{
    static const struct {
        const char *text, *domain, *user;
    } cases[] = {
        {"user_name", "", "user_name"},
        {"domain_name\\user_name", "domain_name", "user_name"},
        {"domain_name¥user_name", "domain_name", "user_name"},
        {"domain_name￥user_name", "domain_name", "user_name"},
        {"d＼u", "d", "u"},
        {"user@domain", "", "user@domain"},
        {"123456789012345678901234", "", "123456789012345678901234"},
        {"domain_name￥user_name_12", "domain_name", "user_name_12"},
        {"利用者名利用者名利用者名", "", "利用者名利用者名利用者名"},
        {"a b", "", "a b"},
    };
    static const char *const bad[] = {
        "1234567890123456789012345",
        "domain_name\\user_name_123",
        "利用者名利用者名利用者名a",
        "a\\b\\c",
        "a¥b￥c",
        "\\user",
        "¥user",
        "domain\\",
        "domain＼",
        "\\",
        "a\\\\b",
        "",
        "us\ter",
        "user\n",
        "user\x7f",
        "us\xff",
        "a\\b\\c\\d\\e",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *domain = NULL;
        g_autofree char *user = NULL;
        say(cases[i].text);
        g_assert_true(user_parse(cases[i].text, 24, &domain, &user, NULL));
        g_assert_cmpstr(domain, ==, cases[i].domain);
        g_assert_cmpstr(user, ==, cases[i].user);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *domain = NULL;
        g_autoptr(GError) error = NULL;
        say(bad[i]);
        assert_refused(user_parse(bad[i], 24, &domain, NULL, &error), &error, "24");
        g_assert_null(domain);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mail/servers", test_mail_servers);
    g_test_add_func("/mail/a server has at most 53 characters and 47 beside a port",
                    test_a_mail_server_has_at_most_53_characters_and_47_beside_a_port);
    g_test_add_func("/mail/one bare address only", test_mail_address_takes_one_bare_address_only);
    g_test_add_func("/mail/an address has at most 120 characters",
                    test_a_mail_address_has_at_most_120_characters);
    g_test_add_func("/mail/several recipients are a list of bare addresses",
                    test_several_recipients_are_a_list_of_bare_addresses);
    g_test_add_func("/smb/users", test_smb_users);
    return g_test_run();
}
