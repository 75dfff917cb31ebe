/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of transport_find(): one per method. */
#pragma once
#include "transport/transport.h"

G_BEGIN_DECLS

/* What `compare` says; both set *error and return FALSE, transport_same() only when the bytes differ. */
gboolean transport_missing(const struct transport_request *request, GError **error);
gboolean transport_same(const struct transport_request *request, GChecksum *hash, GError **error);

extern const struct transport transport_smb;
extern const struct transport transport_ftp;
extern const struct transport transport_mail;

G_END_DECLS
