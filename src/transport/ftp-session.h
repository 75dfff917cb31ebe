/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One log-in to an FTP server, standing in one folder: commands and uploads in, replies and errors of SPEC 8
 * out. */
#pragma once
#include "transport/curl-link.h"
#include "transport/ftp-status.h"

G_BEGIN_DECLS

enum ftp_security { FTP_PLAIN, FTP_EXPLICIT, FTP_IMPLICIT }; /* request->security */

/* Called for each name of a listing; FALSE = enough. */
typedef gboolean (*ftp_name_fn)(gpointer user, const char *name);

struct ftp_session {
    struct curl_link link;
    gboolean asking;        /* the first perform runs: commands are steps */
    int verb;               /* command that was sent last, FTP_VERBS = none yet */
    int replies[FTP_VERBS]; /* code of the last reply to each command since ftp_session_commands() or an
                               upload began, 0 = none */
    gint64 size;            /* of the last 213 to SIZE */
    char *folder;           /* encoded, "/" or "/a/b/" */
    gint64 sent;            /* bytes of the spool file handed to libcurl */
    gboolean made;          /* the server began to store the temporary file */
    gboolean spool_changed;
    GChecksum *hash;     /* download: takes the bytes instead of the listing */
    ftp_name_fn on_name; /* listing */
    gpointer on_name_user;
    GString *name; /* the line that is being received */
    gint64 listed; /* bytes of the listing */
};

/* Steps resolve to open: connects, secures, logs in, enters the folder. X01 X02 X04–X07 X10 X11 X17 X18 X21
   X23 X24 X25. Call ftp_session_close() in each case. */
gboolean ftp_session_open(struct ftp_session *session, const struct transport_request *request,
                          const struct transport_events *events, GError **error);
void ftp_session_close(struct ftp_session *session);

/* Sends commands in the folder, one after the other; one that begins with '*' may be refused.
   NULL-terminated. Replies are in session->replies. */
CURLcode ftp_session_commands(struct ftp_session *session, const char *const *commands);

/* Sends the request's spool file under its temporary name; step write begins with the server's 150. */
CURLcode ftp_session_upload(struct ftp_session *session);

/* NLST of the folder. An empty folder, which some servers refuse to list, is no error. */
CURLcode ftp_session_list(struct ftp_session *session, ftp_name_fn on_name, gpointer user);

/* RETR of a name in the folder: its bytes go into `hash`. */
CURLcode ftp_session_download(struct ftp_session *session, const char *name, GChecksum *hash);

/* Sets *error for a perform that ended with `rc`; returns the code. */
enum pt_error_code ftp_session_error(const struct ftp_session *session, CURLcode rc, const char *doing_en,
                                     const char *doing_ja, GError **error);

enum ftp_presence { FTP_THERE, FTP_ABSENT, FTP_UNCLEAR };
/* Whether a name is in the folder: SIZE, else MDTM, else NLST. ret_size is -1 when the server does not tell
 * it. UNCLEAR sets *error. */
enum ftp_presence ftp_session_look(struct ftp_session *session, const char *name, gint64 *ret_size,
                                   GError **error);

G_END_DECLS
