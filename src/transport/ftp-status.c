/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FTP replies (RFC 959, 4217, 3659) and the error codes that they mean. */
#include "transport/ftp-status.h"

#include "transport/words.h"

const char *const ftp_verbs[FTP_VERBS + 1] = {
    "USER", "PASS", "AUTH", "PBSZ", "PROT", "PWD",  "CWD",  "TYPE", "EPSV", "PASV", "EPRT",
    "PORT", "STOR", "SIZE", "MDTM", "NLST", "RNFR", "RNTO", "DELE", "RETR", "QUIT", NULL,
};

/* Servers agree on few codes; the words decide where a code stands for several things. */
static const char *const wants_tls[] = {"tls", "ssl", "encrypt", "secure", NULL};
static const char *const is_full[] = {"space",      "quota", "disk full", "is full", "writing to local file",
                                      "allocation", NULL};
static const char *const is_denied[] = {
    "denied", "permission", "not permitted", "privilege", "not allowed", "forbidden", NULL};
static const char *const is_locked[] = {"disabled", "locked", "expired", "suspended", NULL};
static const char *const is_there[] = {"exist", NULL};
static const char *const is_missing[] = {"no such", "not found", "does not exist", "doesn't exist", NULL};
static const char *const is_bad_name[] = {"too long",  "invalid",  "illegal", "bad name",
                                          "file name", "filename", NULL};
static const char *const is_busy[] = {"in use", "busy", "being used", "locked", NULL};

static gboolean is_login(int verb)
{
    return verb == FTP_USER || verb == FTP_PASS;
}

static enum pt_error_code login_error(int code, const char *line)
{
    if (code >= 500 && code <= 504)
        return PT_ERROR_X24; /* does not even know USER or PASS */
    if (words_any(line, wants_tls))
        return PT_ERROR_X10;
    return words_any(line, is_locked) ? PT_ERROR_X05 : PT_ERROR_X04;
}

static enum pt_error_code later_error(int code, const char *line)
{
    if (code == 452 || words_any(line, is_full))
        return PT_ERROR_X08;
    if (code == 426)
        return PT_ERROR_X18;
    if (code == 450 || words_any(line, is_busy))
        return PT_ERROR_X09;
    return PT_ERROR_X23;
}

/* A final no to something about a file or folder. */
static enum pt_error_code file_error(int verb, int code, const char *line)
{
    if (verb == FTP_RNTO && words_any(line, is_there) && !words_any(line, is_missing))
        return PT_ERROR_X15;
    if (words_any(line, is_denied))
        return PT_ERROR_X07;
    if (verb == FTP_CWD || words_any(line, is_missing))
        return PT_ERROR_X06;
    if (words_any(line, is_busy))
        return PT_ERROR_X09;
    if (words_any(line, is_bad_name) || code == 501)
        return PT_ERROR_X14;
    return verb == FTP_STOR && (code == 550 || code == 553) ? PT_ERROR_X07 : PT_ERROR_X25;
}

enum pt_error_code ftp_reply_error(int verb, int code, const char *line)
{
    if (code >= 400 && code < 500)
        return code == 421 ? PT_ERROR_X23 : later_error(code, line);
    if (is_login(verb))
        return login_error(code, line);
    if (code == 522 || code == 534 || code == 521 || (code == 530 && words_any(line, wants_tls)))
        return PT_ERROR_X10;
    if (code == 530 || code == 532)
        return PT_ERROR_X04;
    if (code == 552 || (code >= 500 && words_any(line, is_full)))
        return PT_ERROR_X08;
    if (code == 550 && words_any(line, wants_tls))
        return PT_ERROR_X10;
    if (code >= 500)
        return file_error(verb, code, line);
    return PT_ERROR_X24;
}
