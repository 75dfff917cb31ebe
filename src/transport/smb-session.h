/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One libsmbclient connection to one folder of one share: names in, errors of SPEC 8 out. */
#pragma once
#include "transport/smb-status.h"
#include "transport/transport.h"
#include <libsmbclient.h>

G_BEGIN_DECLS

/* libsmbclient keeps state that cannot be freed while a connection hangs, so a session is never freed: the
 * process ends (docs/adr/0007-what-the-transport-libraries-do.md). */
struct smb_session {
    SMBCCTX *context;
    const struct transport_request *request;
    const struct transport_events *events;
    struct smb_trace trace;
    gboolean broken;  /* the connection failed: nothing more can be cleaned up */
    gboolean asking;  /* the first call runs: stages in the log are steps */
    char *folder_url; /* no '/' at its end */
};

/* Steps resolve to open: reaches the server, logs in, sees that the folder is there; with `may_create`, makes
   its missing levels. A folder whose attributes may not be read counts as there: writing will tell. Errors
   X01–X07, X10, X13, X14, X17, X18, X24, X25. */
gboolean smb_session_open(struct smb_session *session, const struct transport_request *request,
                          const struct transport_events *events, gboolean may_create, GError **error);

/* URL of a name in the folder, everything percent-encoded (a '?' would start options). New string. */
char *smb_session_url(const struct smb_session *session, const char *name);

/* To be called before each libsmbclient call of which the error is wanted. */
void smb_session_begin(struct smb_session *session);
/* After a call that failed with errno `failure`: sets *error from the trace, and tells the server's words.
   `doing` in both languages, such as "writing a.csv". Returns the code. */
enum pt_error_code smb_session_error(struct smb_session *session, int failure, const char *doing_en,
                                     const char *doing_ja, const char *name, GError **error);

enum smb_presence { SMB_THERE, SMB_ABSENT, SMB_UNCLEAR };
/* Whether a name is in the folder; ABSENT only when the server said so. ret_size may be NULL. UNCLEAR sets
 * *error. */
enum smb_presence smb_session_look(struct smb_session *session, const char *name, gint64 *ret_size,
                                   GError **error);

/* Waits no longer than this for each further answer. */
void smb_session_hurry(struct smb_session *session, int timeout_s);

G_END_DECLS
