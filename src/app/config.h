/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings as verbs: load, check, change. */
#pragma once
#include "app/app.h"

G_BEGIN_DECLS

/* The stored settings over the defaults (secrets sealed). A store without any: all defaults. Keys that the
 * table lacks are ignored. */
gboolean config_load(struct app *app, struct settings **ret_settings, GError **error);

/* Judges the changes together and, unless `only_check`, stores what differs, all or nothing, in one
   transaction: secrets sealed with <state>/secret.key, the moment of a change of the schedule recorded (meta
   "schedule_saved_at", RB5), the audit written (keys, never values of secrets). ret_problems: empty =
   accepted (nothing stored otherwise). ret_settings (may be NULL): the result, secrets sealed (with
   only_check: sealed too). Wakes a running daemon. */
gboolean config_change(struct app *app, const struct setting_change *changes, gsize n_changes,
                       const char *who, gboolean only_check, GPtrArray **ret_problems,
                       struct settings **ret_settings, GError **error);

/* Problems as one PT_ERROR_INPUT error, a line each "key: what is wrong". */
void config_problems_error(GPtrArray *problems, GError **error);

G_END_DECLS
