/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Print jobs of the simulated world and how they come into the store. */
#pragma once
#include "receiver.h"

G_BEGIN_DECLS

/* A day's share of work for `seconds` of true time that have just passed. */
void jobs_happen(struct life *life, gint64 seconds);
/* Offers to the store what was not acknowledged yet, and now and then again what was. */
void jobs_offer(struct life *life, struct app *app);
/* Looks up the numbers that the store has given. */
void jobs_look(struct world *world, struct app *app);
/* The job that a document_name names; -1 if it names none. */
gint32 jobs_index(const char *document_name);

G_END_DECLS
