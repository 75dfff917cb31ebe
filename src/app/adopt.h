/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A backup that is put back to work: it must know first what the original has delivered since
 * (ARCHITECTURE.md, exactly once). */
#pragma once
#include "app/app.h"

G_BEGIN_DECLS

/* Whether this store is a copy that nobody has adopted yet. */
gboolean adopt_needed(struct app *app, gboolean *ret_needed, GError **error);
/* INPUT when it is: such a store delivers nothing, or days that the original has delivered would go out
 * twice. */
gboolean adopt_check(struct app *app, GError **error);
/* Makes the copy the store that goes on: what is not delivered up to `delivered_until` is waived (the
   original has sent it), job numbers go on far above the original's. Can be repeated when it was cut off.
   ret_jobs: jobs waived. INPUT: no copy, or the day is not before today. */
gboolean adopt_run(struct app *app, gint32 delivered_until, const char *who, gint64 *ret_jobs,
                   GError **error);

G_END_DECLS
