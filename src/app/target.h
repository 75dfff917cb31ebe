/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a file goes: made from the settings, frozen in the ledger, turned into a request for the deliver
 * helper. */
#pragma once
#include "app/app.h"
#include "core/csv.h"
#include <jansson.h>

G_BEGIN_DECLS

/* The destination of `settings` as one line of JSON for delivery.target: method, address, options and the
 * sealed secret. INPUT when incomplete. New string. */
char *target_from_settings(const struct settings *settings, GError **error);
/* For people: "smb \\host\share\folder", no secret. New string. */
char *target_shown(const struct settings *settings);
/* Whether two frozen targets are the same place (method, address, folder, user): secrets and options do not
 * count. */
gboolean target_same(const char *a, const char *b);
/* "smb", "ftp" or "mail"; NULL when the text cannot be read. Static string. */
const char *target_method(const char *target);
/* The request for the helper: target's members plus op, key_file and file names. INTEGRITY when it cannot be
 * read. New reference. */
json_t *target_request(const struct app *app, const char *target, const char *op, GError **error);

/* The CSV format of `settings`, zone resolved to a name. */
gboolean target_csv_format(const struct settings *settings, struct csv_format *ret_format, GError **error);

G_END_DECLS
