/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Passwords of accounts: Argon2id by libsodium. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* The hash as text ("$argon2id$…"), salt and cost in it; takes about 64 MB and a tenth of a second for that
 * moment. NULL when memory is short. New string. */
char *password_hash(const char *plain);
/* Whether `plain` is the password of that hash; the same time whether or not. */
gboolean password_matches(const char *hash, const char *plain);

G_END_DECLS
