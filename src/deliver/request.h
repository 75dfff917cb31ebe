/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The request line of src/transport/PROTOCOL.md, read and judged. */
#pragma once
#include "transport/transport.h"
#include <jansson.h>

G_BEGIN_DECLS

#define REQUEST_MAX_BYTES (4 * 1024 * 1024)

enum deliver_op { DELIVER_PUT, DELIVER_RESOLVE, DELIVER_PROBE, DELIVER_REMOVE, DELIVER_COMPARE };

struct deliver_request {
    json_t *root; /* owns the strings */
    enum deliver_op op;
    const struct transport *transport;
    const char *key_file, *secret, *spool;      /* NULL when absent */
    char *work_dir;                             /* owned; the spool file's folder, set when that was opened */
    const char **known_files;                   /* owned array of borrowed strings */
    struct transport_request transport_request; /* password NULL, fd -1 */
};

/* Unknown or missing members, values of the wrong type or out of range, control characters and path
   separators in names: INPUT, and nothing to clear. An unknown member is refused because it could be one that
   changes what is sent. */
gboolean deliver_request_parse(const char *text, gsize length, struct deliver_request *ret_request,
                               GError **error);
void deliver_request_clear(struct deliver_request *request);

G_END_DECLS
