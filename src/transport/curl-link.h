/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What FTP and mail share of libcurl: our own connection, reply lines as they come, a watch on silence,
 * trust, and what a failure means. */
#pragma once
#include "transport/net.h"
#include "transport/trust.h"

G_BEGIN_DECLS

struct curl_link {
    CURL *curl;
    const struct transport_request *request;
    const struct transport_events *events;
    struct net_peer peer;
    struct trust trust;
    int control_fd;          /* our connection once libcurl has it; -1 = none */
    struct curl_slist *host; /* the answer of our own look-up */
    char message[CURL_ERROR_SIZE];

    const char *const *verbs; /* commands that are told to on_sent(); NULL-terminated. No other text of ours
                                 is ever looked at. */
    gpointer user;
    /* A command went out: its row in `verbs`. */
    void (*on_sent)(gpointer user, int verb);
    /* A line came in, with its code (0 = none); `last` = it ends a reply. FALSE stops libcurl at once. */
    gboolean (*on_line)(gpointer user, const char *line, int code, gboolean last);
    /* The connection is closed by libcurl while this is set: what the server said last may still be unread.
     */
    gboolean salvage;

    gint64 moved_at;   /* monotonic, us: when anything last moved */
    curl_off_t moved;  /* bytes sent so far */
    int quiet_s;       /* stop after so long without anything moving */
    gboolean quitting; /* QUIT was sent: what comes now is not kept */
    gboolean failed;   /* the last perform did not end well */
    gboolean silent;   /* stopped for that */
    int code;          /* of the last reply line, 0 = none came yet */
    char *line;        /* that line, cleaned; NULL = none */
    gboolean junk;     /* lines that are no replies came */
};

/* Steps resolve and connect, then a libcurl handle on that connection for `scheme`; nothing is sent yet. */
gboolean curl_link_open(struct curl_link *link, const struct transport_request *request,
                        const struct transport_events *events, GError **error);
void curl_link_close(struct curl_link *link);

/* Sets the URL: scheme, host, port, then `path` (already encoded, begins with '/'). */
gboolean curl_link_url(struct curl_link *link, const char *scheme, const char *path);

/* curl_easy_perform() with a fresh watch. */
CURLcode curl_link_perform(struct curl_link *link);

/* What went wrong in libcurl itself, the same for both protocols; PT_ERROR_CODES when the server's reply
 * decides. */
enum pt_error_code curl_link_code(const struct curl_link *link, CURLcode rc);

/* Sets *error: `doing` in both languages, the catalogue's cause, and libcurl's or OpenSSL's words when the
 * server said nothing. */
void curl_link_error(const struct curl_link *link, enum pt_error_code code, const char *doing_en,
                     const char *doing_ja, GError **error);

G_END_DECLS
