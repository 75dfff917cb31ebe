/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMTP replies (RFC 5321, 1870, 3207, 4954, 3463) and the error codes that they mean. */
#include "transport/mail-status.h"

#include "transport/words.h"
#include <string.h>

const char *const mail_verbs[MAIL_VERBS + 1] = {"EHLO", "HELO", "STARTTLS", "AUTH", "MAIL",
                                                "RCPT", "DATA", "RSET",     "QUIT", NULL};

void mail_offer_line(struct mail_offer *offer, const char *line)
{
    g_auto(GStrv) words = NULL;

    if (strlen(line) < 5)
        return;
    words = g_strsplit(line + 4, " ", -1);
    if (g_ascii_strcasecmp(words[0], "STARTTLS") == 0)
        offer->starttls = TRUE;
    else if (g_ascii_strcasecmp(words[0], "SIZE") == 0 && words[1])
        offer->size = g_ascii_strtoll(words[1], NULL, 10);
    else if (g_ascii_strcasecmp(words[0], "AUTH") == 0)
        for (int i = 1; words[i]; i++)
            if (g_ascii_strcasecmp(words[i], "PLAIN") == 0 || g_ascii_strcasecmp(words[i], "LOGIN") == 0)
                offer->login = TRUE;
    if (offer->size < 0)
        offer->size = 0;
}

static gboolean wants_tls(const char *line)
{
    static const char *const words[] = {"starttls", "tls", "ssl", "encrypt", NULL};

    return words_any(line, words);
}

static enum pt_error_code login_error(int code, const char *line)
{
    static const char *const locked[] = {"disabled", "locked", "expired", "suspended", NULL};

    if (code == 538 || (code == 530 && wants_tls(line)))
        return PT_ERROR_X10;
    if (code == 525 || words_any(line, locked))
        return PT_ERROR_X05;
    return code == 504 ? PT_ERROR_X22 : PT_ERROR_X04;
}

static gboolean is_too_large(int code, const char *line)
{
    int enhanced[3];

    if (words_enhanced_code(line, enhanced))
        return (enhanced[1] == 3 && enhanced[2] == 4) || (enhanced[1] == 2 && enhanced[2] == 3);
    return code == 552 || code == 523;
}

enum pt_error_code mail_reply_error(int verb, int code, const char *line)
{
    if (code >= 400 && code < 500)
        return PT_ERROR_X23;
    if (code < 400)
        return PT_ERROR_X24;
    if (verb == MAIL_EHLO || verb == MAIL_HELO)
        return (code >= 500 && code <= 504) || code == 530 ? PT_ERROR_X24 : PT_ERROR_X25;
    if (verb == MAIL_STARTTLS)
        return PT_ERROR_X21;
    if (verb == MAIL_AUTH)
        return login_error(code, line);
    if (code == 530 && wants_tls(line))
        return PT_ERROR_X10;
    if ((verb == MAIL_FROM || verb == MAIL_DATA) && is_too_large(code, line))
        return PT_ERROR_X16;
    return verb == MAIL_FROM || verb == MAIL_RCPT ? PT_ERROR_X12 : PT_ERROR_X25;
}
