/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deleting old days (SPEC RW10) and spool files that are no longer needed. */
#pragma once
#include "app/app.h"

G_BEGIN_DECLS

/* Deletes whole days older than history.keep_days, oldest first, as long as they may go. ret_days, ret_jobs,
 * ret_gap: what went. */
gboolean retention_run(struct app *app, const struct settings *settings, gint64 *ret_days, gint64 *ret_jobs,
                       gint64 *ret_gap, GError **error);

/* While the export is off no run does it: due when export.hour has come since the last time. The first time
 * that this is asked counts as such a time, so that nobody loses a history that was just imported. */
gboolean retention_due(struct app *app, gboolean *ret_due, GError **error);
/* retention_run() under the export lock, and the moment of it recorded; X26 when an export is running. */
gboolean retention_alone(struct app *app, gint64 *ret_days, gint64 *ret_jobs, gint64 *ret_gap,
                         GError **error);

G_END_DECLS
