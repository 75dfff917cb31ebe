/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Destinations as SPEC 5 has them: characters, limits and parsing of SMB and FTP paths, mail addresses and
 * servers. Pure. */
#pragma once
#include "base/error.h"

G_BEGIN_DECLS

/* Length in SPEC's characters: wide (g_unichar_iswide) counts 2, everything else 1. `text` is valid UTF-8. */
gsize text_width(const char *text);
/* U+00A5, U+FFE5, U+FF3C → '\'. For paths and the domain separator only, never for a password. New string. */
char *text_normalise(const char *text);
/* One line of valid UTF-8 without control characters, at most `limit` characters. INPUT error with the reason
 * and the limit otherwise. */
gboolean text_check(const char *text, gsize limit, GError **error);

struct smb_destination {
    char *host;
    int port; /* 445 unless @port */
    char *share;
    char *folder; /* '\'-separated, "" = the share's root */
};
struct ftp_destination {
    char *host;
    int port; /* 0 = the default of the security mode (21, implicit 990) */
    gboolean ftps;
    char *folder; /* '/'-separated, relative to the log-in directory, "" = that directory */
};
struct mail_server {
    char *host;
    int port; /* 0 = default of the security mode (25, implicit TLS 465) */
};
void smb_destination_clear(struct smb_destination *destination);
void ftp_destination_clear(struct ftp_destination *destination);
void mail_server_clear(struct mail_server *server);

/* Each parses and judges one value; `limit` in characters. INPUT error with the reason and the limit
   otherwise. ret_normal (may be NULL): the text as it is stored and shown (with '\'). */
gboolean smb_destination_parse(const char *text, gsize limit, struct smb_destination *ret, char **ret_normal,
                               GError **error);
gboolean ftp_destination_parse(const char *text, gsize limit, struct ftp_destination *ret, char **ret_normal,
                               GError **error);
/* RM2: `limit` for the whole (53), names beside a port at most limit-6 (47), ":port" at most 6. */
gboolean mail_server_parse(const char *text, gsize limit, struct mail_server *ret, GError **error);
/* RM1. `several`: a comma-separated list of at most 100 is allowed (limits=extended), blanks after a comma
 * too, each address at most `limit`. */
gboolean mail_address_check(const char *text, gsize limit, gboolean several, GError **error);
/* RS2: "user" or "domain\user". ret_domain "" if none. New strings; ret_* may be NULL. */
gboolean user_parse(const char *text, gsize limit, char **ret_domain, char **ret_user, GError **error);

G_END_DECLS
