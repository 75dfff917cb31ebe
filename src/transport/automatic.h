/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Automatic files in the target folder that our ledger does not know (SPEC RT4), seen while a folder is
 * listed. */
#pragma once
#include "transport/transport.h"

G_BEGIN_DECLS

/* Entries of a folder that are looked at; a peer could send names for ever. */
#define AUTOMATIC_ENTRIES_MAX 10000

struct automatic_watch {
    const struct transport_request *request;
    const struct transport_events *events;
    int entries; /* looked at so far */
};

/* Whether `name` is [prefix_]export_<8 digits>[_<revision>][_part<x>of<y>].csv; a prefix that differs only in
 * ASCII case is the same. Pure. */
gboolean automatic_name(const char *name, const char *prefix);

/* Takes one entry of the listing; warns "RT4" about one that is automatic and not known. FALSE = enough seen.
 */
gboolean automatic_seen(struct automatic_watch *watch, const char *name);

G_END_DECLS
