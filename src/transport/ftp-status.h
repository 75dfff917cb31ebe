/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a refusal of an FTP server means (SPEC 8). Pure. */
#pragma once
#include "base/error.h"

G_BEGIN_DECLS

/* Commands that libcurl or we send; the rows of ftp_verbs. */
enum ftp_verb {
    FTP_USER,
    FTP_PASS,
    FTP_AUTH,
    FTP_PBSZ,
    FTP_PROT,
    FTP_PWD,
    FTP_CWD,
    FTP_TYPE,
    FTP_EPSV,
    FTP_PASV,
    FTP_EPRT,
    FTP_PORT,
    FTP_STOR,
    FTP_SIZE,
    FTP_MDTM,
    FTP_NLST,
    FTP_RNFR,
    FTP_RNTO,
    FTP_DELE,
    FTP_RETR,
    FTP_QUIT,
    FTP_VERBS,
};
extern const char *const ftp_verbs[FTP_VERBS + 1]; /* NULL-terminated */

/* The code for the reply `code` with the words `line` to `verb` (FTP_VERBS = the greeting). */
enum pt_error_code ftp_reply_error(int verb, int code, const char *line);

G_END_DECLS
