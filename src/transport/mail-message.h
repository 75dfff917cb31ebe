/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mail that carries a CSV (SPEC RM7): made by GMime into a file, the same bytes for the same request. */
#pragma once
#include "transport/transport.h"

G_BEGIN_DECLS

/* Builds the message of `request` from its spool file, in constant memory, into a new file without a name in
   request->work_dir. On success *ret_fd (the caller closes it) holds *ret_size bytes with CRLF line ends, the
   last one included. X19 when the disk is full or cannot be written. */
gboolean mail_message_build(const struct transport_request *request, int *ret_fd, gint64 *ret_size,
                            GError **error);

/* The addresses of a comma-separated list, blanks trimmed, empty ones left out. Free with g_strfreev(). */
char **mail_addresses(const char *list);

G_END_DECLS
