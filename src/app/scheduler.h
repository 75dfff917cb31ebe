/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The schedule joined with the store: is a run due now, and when to ask again. */
#pragma once
#include "app/app.h"
#include "core/schedule.h"

G_BEGIN_DECLS

/* Reads settings and runs, asks core/schedule. `starting`: the daemon has just started. A saved_at in the
   future (the clock was wrong) is stamped anew when the store is writable. Runs without an end whose process
   is dead count as failed. */
gboolean scheduler_ask(struct app *app, gboolean starting, struct schedule_answer *ret_answer,
                       GError **error);

G_END_DECLS
