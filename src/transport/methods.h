/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of transport_find(): one per method. */
#pragma once
#include "transport/transport.h"

G_BEGIN_DECLS

extern const struct transport transport_smb;
extern const struct transport transport_ftp;
extern const struct transport transport_mail;

G_END_DECLS
