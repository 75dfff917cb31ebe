/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transports: one struct of functions each for SMB, FTP and mail. They run only in the deliver helper, one
 * delivery per process. */
#pragma once
#include "base/error.h"

G_BEGIN_DECLS

/* Steps of SPEC RT3, in order. */
enum transport_step {
    STEP_RESOLVE,
    STEP_CONNECT,
    STEP_NEGOTIATE,
    STEP_LOGIN,
    STEP_OPEN,
    STEP_WRITE,
    STEP_FINISH
};
const char *transport_step_name(enum transport_step step); /* "resolve" … */

/* Everything a transport needs to know; strings are borrowed. Only the fields of its method are set. */
struct transport_request {
    const char *host;
    int port;
    const char *share, *folder;           /* SMB: '\'-separated folder; FTP: '/'-separated */
    const char *domain, *user, *password; /* password NULL or "" = none */
    gboolean create_folder;               /* SMB */
    gboolean encryption_required;         /* SMB */
    int security;          /* FTP: 0 none 1 explicit 2 implicit · mail: 0 auto 1 none 2 starttls 3 tls */
    gboolean active;       /* FTP */
    gboolean auth;         /* mail */
    const char *to, *from; /* mail; `to` may be a comma-separated list */
    const char *ca_file;   /* additional CA certificates, NULL = the system's only */
    const char
        *trusted_sha256; /* fingerprint of one certificate that is trusted for this destination, NULL */
    int timeout_s;       /* of one answer */
    const char *file_name, *temp_name;                         /* final and temporary base names */
    int fd;                                                    /* the spool file, open for reading */
    gint64 size;                                               /* its length */
    const char *message_id, *date, *boundary, *subject, *body; /* mail: frozen headers and text */
    const char *earlier_file; /* resolve: newest file name of an earlier run, NULL */
    const char *sha256;       /* compare: hex SHA-256 that the file should have */
    const char *charset;      /* mail: of the attachment ("utf-8", "cp932"), NULL = not told */
    int final_timeout_s;      /* mail: of the answer to the final dot; 0 = 600 (RFC 5321 4.5.3.2.6) */
    const char
        *work_dir; /* mail: where the message is built, in a file without a name; that of the spool file */
    gboolean test; /* put of a test export: `known_files` is looked at */
    const char *prefix; /* of automatic files, NULL or "" = none */
    const char *const
        *known_files; /* automatic names that our ledger knows, NULL-terminated; NULL = do not look (RT4) */
};

/* A certificate that was shown and not trusted (X11). Texts are valid UTF-8. */
struct transport_certificate {
    const char *subject, *issuer;       /* RFC 2253 */
    const char *not_before, *not_after; /* "2026-11-22T05:40:00Z" */
    const char *sha256;                 /* of the DER form, lower-case hex */
};

enum transport_outcome {
    OUTCOME_DELIVERED, /* certainly */
    OUTCOME_FAILED,    /* certainly not; *error says why */
    OUTCOME_UNKNOWN, /* the last reply was lost: stays `closing`, resolved later; *error says what was seen */
    OUTCOME_TAKEN,   /* resolve: temporary and final file are both gone: delivered, the receiver took it */
};

/* How a transport talks to whoever runs it. All are called in order on one thread. */
struct transport_events {
    gpointer user;
    void (*step)(gpointer user, enum transport_step step); /* this step begins now */
    void (*progress)(gpointer user, gint64 bytes);         /* bytes written so far */
    /* All bytes are there under the temporary name and their size is right (mail: all but the final dot).
       Blocks until the caller has committed `closing`; FALSE = do not finish, clean up the temporary file and
       return an error. */
    gboolean (*uploaded)(gpointer user);
    void (*server_said)(gpointer user,
                        const char *line); /* the peer's own words, latest last; never holds our secret */
    void (*warn)(gpointer user, const char *code,
                 const char *text); /* noticed, not an error: RT4's unknown automatic files … */
    void (*size_limit)(gpointer user, gint64 bytes); /* mail: the limit that EHLO told */
    void (*certificate)(gpointer user, const struct transport_certificate *certificate); /* before an X11 */
    /* Optional: tells how it ended before put() or resolve() cleans up and returns the same; nobody then
     * waits for a slow clean-up. */
    void (*outcome)(gpointer user, enum transport_outcome outcome, const GError *error);
};

struct transport {
    const char *name; /* "smb" "ftp" "mail" */
    /* Uploads, waits for events->uploaded, finishes. FAILED before `uploaded` returned TRUE means nothing was
     * delivered. Removes its own temporary file when it can. */
    enum transport_outcome (*put)(const struct transport_request *request,
                                  const struct transport_events *events, GError **error);
    /* A row found in `closing` (ARCHITECTURE.md, Exactly once): looks at the temporary file first, then the
     * final name; finishes the rename if that is what is missing. NULL for mail. */
    enum transport_outcome (*resolve)(const struct transport_request *request,
                                      const struct transport_events *events, GError **error);
    /* Mail: connects to EHLO and tells the SIZE limit (0 = none told). Others: NULL. */
    gboolean (*probe)(const struct transport_request *request, const struct transport_events *events,
                      gint64 *ret_size_limit, GError **error);
    /* Removes a temporary file of an earlier attempt that will never be finished; a missing one is fine. NULL
     * for mail. */
    gboolean (*remove_temporary)(const struct transport_request *request,
                                 const struct transport_events *events, GError **error);
    /* Reads the file of the final name and compares size and SHA-256: TRUE = exactly these bytes. Error
     * MISSING = no such file, X15 = other content, else as for `put`. NULL for mail. */
    gboolean (*compare)(const struct transport_request *request, const struct transport_events *events,
                        GError **error);
};
const struct transport *transport_find(const char *name);

G_END_DECLS
