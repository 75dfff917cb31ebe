/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people do to the simulated installation: settings, clocks, waivers, resends, manual exports. */
#pragma once
#include "life.h"

G_BEGIN_DECLS

/* First settings: a destination, the export on. */
void people_settle_in(struct life *life, struct app *app);
/* Now and then somebody does something. */
void people_meddle(struct life *life, struct app *app);
/* Everything as it should be, for the end: export on, clock right. */
void people_tidy(struct life *life, struct app *app);
/* Sets `key=value` pairs, NULL-terminated; they must be accepted. */
void people_set(struct life *life, struct app *app, ...) G_GNUC_NULL_TERMINATED;

G_END_DECLS
