/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection to an IPP server, with a hard deadline and a size limit for every answer. */
#pragma once
#include "source/ipp-read.h"

G_BEGIN_DECLS

struct ipp_client;

/* `uri` as source_uri_check() gives it: ipp(s)://host[:port]/path, or the path of cupsd's socket file. Does
 * not connect yet. */
struct ipp_client *ipp_client_new(const char *uri, int timeout_ms, GError **error);
void ipp_client_free(struct ipp_client *client);
typedef struct ipp_client PtIppClient; /* for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PtIppClient, ipp_client_free)

/* For printer-uri: "ipp://host:port/path". Borrowed. */
const char *ipp_client_uri(const struct ipp_client *client);
/* "host:port" or the socket's path, for messages. Borrowed. */
const char *ipp_client_peer(const struct ipp_client *client);
/* The Server field of the last answer, valid UTF-8, "" if none. Borrowed until the next request. */
const char *ipp_client_server(const struct ipp_client *client);

/* A request with charset, language and printer-uri, the last by `uri` or (NULL) that of the client. */
ipp_t *ipp_client_request(const struct ipp_client *client, ipp_op_t operation, const char *uri);

/* Sends and frees `request`; connects when needed, once more when an idle connection turns out to be closed.
   New answer with status successful-x or client-error-not-found/gone (which callers judge). Returns within
   timeout_ms plus half a second whatever the peer does. S01: no name, connection or whole answer in time,
   HTTP 5xx, IPP server errors. S02: HTTP 401/403, IPP not-authenticated, -authorized, forbidden. S03: no IPP,
   cut off, endless (IPP_ANSWER_MAX), other refusals. */
ipp_t *ipp_client_send(struct ipp_client *client, ipp_t *request, GError **error);

/* The last ipp_client_send() failed, but the server understood IPP and said so: a question may be refused
 * where others are answered. */
gboolean ipp_client_refused(const struct ipp_client *client);

G_END_DECLS
