/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which certificate a TLS server may show: one of the system's or ca_file's authorities for this host, or the
 * one pinned by fingerprint. */
#pragma once
#include "transport/transport.h"
#include <curl/curl.h>

G_BEGIN_DECLS

struct trust {
    const struct transport_request *request;
    const struct transport_events *events;
    gboolean refused; /* a certificate was shown and not trusted; events->certificate has told it */
    char *why;        /* OpenSSL's words, owned; NULL */
};

/* Makes `curl` judge by `trust`, which must outlive it. TLS 1.2 at least; with `no_tls13` also at most
   (vsftpd loses uploads over 1.3, docs/adr/0007-what-the-transport-libraries-do.md). X11 when ca_file cannot
   be read. */
gboolean trust_apply(struct trust *trust, CURL *curl, gboolean no_tls13, GError **error);
void trust_clear(struct trust *trust);

G_END_DECLS
