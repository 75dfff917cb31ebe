/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Accounts as verbs: who may log in, as administrator or as general user (SPEC RA2, RA3). */
#pragma once
#include "app/app.h"

G_BEGIN_DECLS

/* Fewest characters of a password. */
#define ACCOUNT_PASSWORD_MIN 8

enum account_role { ACCOUNT_ROLE_DEFAULT, ACCOUNT_ROLE_ADMIN, ACCOUNT_ROLE_USER };

/* Adds an account; by default the first one is an administrator and all others are general users. INPUT: name
   (1–64 printable characters) or password (too short) refused, or the name is taken. The audit names the
   account, never the password. ret_admin may be NULL. */
gboolean account_add(struct app *app, const char *name, enum account_role role, const char *password,
                     const char *who, gboolean *ret_admin, GError **error);
/* INPUT: password refused; MISSING: no such account. */
gboolean account_set_password(struct app *app, const char *name, const char *password, const char *who,
                              GError **error);
gboolean account_remove(struct app *app, const char *name, const char *who, GError **error); /* MISSING */

G_END_DECLS
