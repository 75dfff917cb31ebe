/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an SMTP server offers, and what its refusals mean (SPEC 8). Pure. */
#pragma once
#include "base/error.h"

G_BEGIN_DECLS

/* Commands that libcurl sends; the rows of mail_verbs. */
enum mail_verb {
    MAIL_EHLO,
    MAIL_HELO,
    MAIL_STARTTLS,
    MAIL_AUTH,
    MAIL_FROM,
    MAIL_RCPT,
    MAIL_DATA,
    MAIL_RSET,
    MAIL_QUIT,
    MAIL_VERBS
};
extern const char *const mail_verbs[MAIL_VERBS + 1]; /* NULL-terminated */

/* Of the last EHLO. */
struct mail_offer {
    gboolean starttls;
    gboolean login; /* AUTH with PLAIN or LOGIN */
    gint64 size;    /* 0 = no limit told */
};
/* Takes one line of the answer to EHLO ("250-SIZE 41943040"); the first line is only a greeting. */
void mail_offer_line(struct mail_offer *offer, const char *line);

/* The code for the reply `code` with the words `line` to `verb`; MAIL_VERBS = the greeting, MAIL_DATA = after
 * the final dot. */
enum pt_error_code mail_reply_error(int verb, int code, const char *line);

G_END_DECLS
