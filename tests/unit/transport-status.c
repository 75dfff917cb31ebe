/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What servers say and which code of the catalogue it is: SMB, FTP, SMTP. */
#include "transport/ftp-status.h"
#include "transport/mail-status.h"
#include "transport/smb-status.h"

#include <errno.h>
#include <string.h>

/* Messages as libsmbclient 4.17 writes them at level 4. */
#define LOGIN "Got challenge flags:\n"
#define SESSION " session setup ok\n"
#define TREE " tconx ok\n"

static void test_smb_failures_are_told_apart_by_the_log(void)
{
    static const struct {
        const char *log[4];
        int failure;
        enum pt_error_code code;
        const char *words;
    } cases[] = {
        {{NULL}, ECONNABORTED, PT_ERROR_X24, ""},
        {{NULL}, ETIMEDOUT, PT_ERROR_X02, ""},
        {{NULL}, ECONNREFUSED, PT_ERROR_X02, ""},
        {{LOGIN, "SPNEGO login failed: The attempted logon is invalid. This is either due to a bad username "
                 "or authentication information.\n"},
         EACCES,
         PT_ERROR_X04,
         "The attempted logon is invalid. This is either due to a bad username or authentication "
         "information."},
        {{LOGIN,
          "SPNEGO login failed: The referenced account is currently disabled and cannot be logged on to.\n"},
         EACCES,
         PT_ERROR_X05,
         "The referenced account is currently disabled and cannot be logged on to."},
        {{LOGIN, "SPNEGO login failed: The user account password has expired.\n"},
         EINVAL,
         PT_ERROR_X05,
         "The user account password has expired."},
        {{LOGIN, "SPNEGO login failed: The user account has time restrictions and cannot be logged onto at "
                 "this time.\n"},
         EINVAL,
         PT_ERROR_X05,
         "The user account has time restrictions and cannot be logged onto at this time."},
        {{LOGIN, "SPNEGO login failed: The time at the primary domain controller is different from the time "
                 "at the backup domain controller or "
                 "member server by too large an amount.\n"},
         EINVAL,
         PT_ERROR_X13,
         "The time at the primary domain controller is different from the time at the backup domain "
         "controller or member server by too large an "
         "amount."},
        {{LOGIN, "SPNEGO login failed: {Access Denied} A process has requested access\n"},
         EACCES,
         PT_ERROR_X04,
         "{Access Denied} A process has requested access"},
        {{LOGIN}, ECONNRESET, PT_ERROR_X18, ""},
        {{LOGIN, SESSION}, ENOENT, PT_ERROR_X06, ""},
        {{LOGIN, SESSION}, EACCES, PT_ERROR_X07, ""},
        {{LOGIN, SESSION}, ETIMEDOUT, PT_ERROR_X17, ""},
        {{LOGIN, SESSION, TREE}, ENOSPC, PT_ERROR_X08, ""},
        {{LOGIN, SESSION, TREE}, ETIMEDOUT, PT_ERROR_X17, ""},
        {{LOGIN, SESSION, TREE}, EPIPE, PT_ERROR_X18, ""},
        {{LOGIN, SESSION, TREE, "cli_status_to_errno: 0xc0000022 -> 13\n"},
         EACCES,
         PT_ERROR_X07,
         "NT_STATUS_ACCESS_DENIED (0xc0000022)"},
        {{LOGIN, SESSION, TREE, "cli_status_to_errno: 0xc0000043 -> 0\n"},
         EIO,
         PT_ERROR_X09,
         "NT_STATUS_SHARING_VIOLATION (0xc0000043)"},
        {{LOGIN, SESSION, TREE, "cli_status_to_errno: 0xc000007f -> 28\n"},
         ENOSPC,
         PT_ERROR_X08,
         "NT_STATUS_DISK_FULL (0xc000007f)"},
        {{LOGIN, SESSION, TREE, "cli_status_to_errno: 0xc0000044 -> 122\n"},
         EDQUOT,
         PT_ERROR_X08,
         "NT_STATUS_QUOTA_EXCEEDED (0xc0000044)"},
        {{LOGIN, SESSION, TREE, "cli_status_to_errno: 0xc0000033 -> 22\n"},
         EINVAL,
         PT_ERROR_X14,
         "NT_STATUS_OBJECT_NAME_INVALID (0xc0000033)"},
        {{LOGIN, SESSION, TREE, "cli_status_to_errno: 0xc0001234 -> 22\n"},
         EIO,
         PT_ERROR_X25,
         "NT status (0xc0001234)"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct smb_trace trace = {SMB_NEGOTIATING, 0, ""};
        g_autofree char *words = NULL;
        for (gsize j = 0; j < 4 && cases[i].log[j]; j++)
            smb_trace_line(&trace, cases[i].log[j]);
        words = smb_words(&trace);
        g_test_message("case %" G_GSIZE_FORMAT, i);
        g_assert_cmpint((int)smb_error_code(&trace, cases[i].failure), ==, (int)cases[i].code);
        g_assert_cmpstr(words, ==, cases[i].words);
    }
}

static void test_smb_only_a_known_refusal_is_certain(void)
{
    static const struct {
        guint32 status;
        gboolean certain;
    } cases[] = {{0, FALSE},          {0xc0000043, TRUE},  {0xc0000022, TRUE},  {0xc0000035, TRUE},
                 {0xc00000b5, FALSE}, {0xc000020c, FALSE}, {0xc000013c, FALSE}, {0xc0001234, FALSE}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct smb_trace trace = {SMB_CONNECTED, cases[i].status, ""};
        g_assert_cmpint(smb_refused_by_server(&trace), ==, cases[i].certain);
    }
}

static void test_smb_a_flood_of_login_words_is_cut(void)
{
    struct smb_trace trace = {SMB_NEGOTIATING, 0, ""};
    g_autofree char *flood = g_strnfill(10000, 'x');
    g_autofree char *line = g_strconcat("SPNEGO login failed: ", flood, NULL);

    smb_trace_line(&trace, line);
    g_assert_cmpuint(strlen(trace.login_words), ==, SMB_LOGIN_WORDS_MAX - 1);
}

static void test_ftp_replies_have_their_codes(void)
{
    static const struct {
        int verb;
        const char *line;
        enum pt_error_code code;
    } cases[] = {
        {FTP_PASS, "530 Login incorrect.", PT_ERROR_X04},
        {FTP_PASS, "530 Account disabled.", PT_ERROR_X05},
        {FTP_USER, "530 Non-anonymous sessions must use encryption.", PT_ERROR_X10},
        {FTP_USER, "550 SSL/TLS required on the control channel", PT_ERROR_X10},
        {FTP_USER, "500 unrecognized command", PT_ERROR_X24},
        {FTP_USER, "421 Too many connections", PT_ERROR_X23},
        {FTP_VERBS, "421 Service not available", PT_ERROR_X23},
        {FTP_CWD, "550 Failed to change directory.", PT_ERROR_X06},
        {FTP_CWD, "550 in: Permission denied", PT_ERROR_X07},
        {FTP_STOR, "553 Could not create file.", PT_ERROR_X07},
        {FTP_STOR, "550 x: No such file or directory", PT_ERROR_X06},
        {FTP_STOR, "553 File name not allowed", PT_ERROR_X07},
        {FTP_STOR, "553 Filename too long", PT_ERROR_X14},
        {FTP_STOR, "501 Syntax error", PT_ERROR_X14},
        {FTP_STOR, "550 The process cannot access the file because it is being used by another process.",
         PT_ERROR_X09},
        {FTP_STOR, "450 File busy", PT_ERROR_X09},
        {FTP_STOR, "425 Can't open data connection.", PT_ERROR_X23},
        {FTP_STOR, "426 Failure reading network stream.", PT_ERROR_X18},
        {FTP_STOR, "451 Failure writing to local file.", PT_ERROR_X08},
        {FTP_STOR, "451 Local error in processing", PT_ERROR_X23},
        {FTP_STOR, "452 Insufficient storage", PT_ERROR_X08},
        {FTP_STOR, "552 Exceeded storage allocation", PT_ERROR_X08},
        {FTP_STOR, "550 Disk quota exceeded", PT_ERROR_X08},
        {FTP_STOR, "522 Data connection must be encrypted", PT_ERROR_X10},
        {FTP_STOR, "532 Need account for storing files", PT_ERROR_X04},
        {FTP_RNTO, "550 File exists", PT_ERROR_X15},
        {FTP_RNTO, "550 Rename failed.", PT_ERROR_X25},
        {FTP_RNTO, "550 Permission denied", PT_ERROR_X07},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *line = cases[i].line;
        g_test_message("%s", line);
        g_assert_cmpint((int)ftp_reply_error(cases[i].verb, (int)g_ascii_strtoll(line, NULL, 10), line), ==,
                        (int)cases[i].code);
    }
}

static void test_mail_replies_have_their_codes(void)
{
    static const struct {
        int verb;
        const char *line;
        enum pt_error_code code;
    } cases[] = {
        {MAIL_VERBS, "554 no service for you", PT_ERROR_X25},
        {MAIL_VERBS, "421 too busy", PT_ERROR_X23},
        {MAIL_EHLO, "502 what", PT_ERROR_X24},
        {MAIL_EHLO, "550 your name is bad", PT_ERROR_X25},
        {MAIL_STARTTLS, "502 no", PT_ERROR_X21},
        {MAIL_AUTH, "535 5.7.8 wrong", PT_ERROR_X04},
        {MAIL_AUTH, "535 account locked", PT_ERROR_X05},
        {MAIL_AUTH, "525 5.7.13 disabled", PT_ERROR_X05},
        {MAIL_AUTH, "538 5.7.11 encryption needed", PT_ERROR_X10},
        {MAIL_AUTH, "530 5.7.0 Must issue a STARTTLS command first", PT_ERROR_X10},
        {MAIL_AUTH, "504 unrecognized type", PT_ERROR_X22},
        {MAIL_AUTH, "454 4.7.0 later", PT_ERROR_X23},
        {MAIL_FROM, "530 5.7.0 Must issue a STARTTLS command first", PT_ERROR_X10},
        {MAIL_FROM, "530 5.7.0 Authentication required", PT_ERROR_X12},
        {MAIL_FROM, "552 5.3.4 too big", PT_ERROR_X16},
        {MAIL_FROM, "552 too big", PT_ERROR_X16},
        {MAIL_FROM, "552 5.7.1 not you", PT_ERROR_X12},
        {MAIL_RCPT, "550 no such user", PT_ERROR_X12},
        {MAIL_RCPT, "552 5.2.2 mailbox full", PT_ERROR_X12},
        {MAIL_RCPT, "452 4.2.2 mailbox full", PT_ERROR_X23},
        {MAIL_DATA, "554 5.6.0 content refused", PT_ERROR_X25},
        {MAIL_DATA, "554 5.3.4 too big", PT_ERROR_X16},
        {MAIL_DATA, "550 5.2.3 too big", PT_ERROR_X16},
        {MAIL_DATA, "451 later", PT_ERROR_X23},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *line = cases[i].line;
        g_test_message("%s", line);
        g_assert_cmpint((int)mail_reply_error(cases[i].verb, (int)g_ascii_strtoll(line, NULL, 10), line), ==,
                        (int)cases[i].code);
    }
}

static void test_mail_offer_reads_what_matters(void)
{
    static const struct {
        const char *line;
        struct mail_offer offer;
    } cases[] = {
        {"250-STARTTLS", {TRUE, FALSE, 0}},
        {"250 starttls", {TRUE, FALSE, 0}},
        {"250-AUTH CRAM-MD5 LOGIN", {FALSE, TRUE, 0}},
        {"250-AUTH PLAIN", {FALSE, TRUE, 0}},
        {"250-AUTH CRAM-MD5", {FALSE, FALSE, 0}},
        {"250-AUTH=LOGIN", {FALSE, FALSE, 0}},
        {"250-SIZE 41943040", {FALSE, FALSE, 41943040}},
        {"250-SIZE", {FALSE, FALSE, 0}},
        {"250-SIZE -5", {FALSE, FALSE, 0}},
        {"250-SIZE 99999999999999999999999", {FALSE, FALSE, G_MAXINT64}},
        {"250-AUTHENTIC PLAIN", {FALSE, FALSE, 0}},
        {"250", {FALSE, FALSE, 0}},
        {"250-", {FALSE, FALSE, 0}},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct mail_offer offer = {FALSE, FALSE, 0};
        mail_offer_line(&offer, cases[i].line);
        g_test_message("%s", cases[i].line);
        g_assert_cmpint(offer.starttls, ==, cases[i].offer.starttls);
        g_assert_cmpint(offer.login, ==, cases[i].offer.login);
        g_assert_cmpint(offer.size, ==, cases[i].offer.size);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smb/failures-are-told-apart-by-the-log", test_smb_failures_are_told_apart_by_the_log);
    g_test_add_func("/smb/only-a-known-refusal-is-certain", test_smb_only_a_known_refusal_is_certain);
    g_test_add_func("/smb/a-flood-of-login-words-is-cut", test_smb_a_flood_of_login_words_is_cut);
    g_test_add_func("/ftp/replies-have-their-codes", test_ftp_replies_have_their_codes);
    g_test_add_func("/mail/replies-have-their-codes", test_mail_replies_have_their_codes);
    g_test_add_func("/mail/offer-reads-what-matters", test_mail_offer_reads_what_matters);
    return g_test_run();
}
