/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bytes of an IPP answer become an ipp_t, within limits that libcups does not have. */
#pragma once
#include "base/error.h"

#include <cups/ipp.h>

G_BEGIN_DECLS

/* A page of 500 jobs of cupsd is half a megabyte. */
#define IPP_ANSWER_MAX ((gsize)16 << 20)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ipp_t, ippDelete)

/* Decodes one whole message (RFC 8010). S03 naming `peer` when it is cut off, is no IPP, is longer than
   IPP_ANSWER_MAX, nests collections deeper than 8 or holds more than a million values (libcups would answer
   these with recursion and gigabytes). New message. */
ipp_t *ipp_read_bytes(const guint8 *data, gsize length, const char *peer, GError **error);

G_END_DECLS
