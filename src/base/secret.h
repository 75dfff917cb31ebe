/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets at rest: sealed with a key file of mode 0600 (libsodium secretbox). */
#pragma once
#include "base/error.h"

G_BEGIN_DECLS

struct secret_key; /* kept in locked memory, wiped when freed */

/* Reads the key file; with `create` makes it (random, mode 0600, atomically) when it is missing. INPUT when
 * others may read it or it is not a key. */
struct secret_key *secret_key_load(const char *path, gboolean create, GError **error);
void secret_key_free(struct secret_key *key);
typedef struct secret_key PtSecretKey; /* for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PtSecretKey, secret_key_free)

/* "v1:WIDTH:BASE64" of a plain text; `width` is its length in SPEC's characters, kept readable so that limits
 * can be judged later. "" stays "". New string. */
char *secret_seal(const struct secret_key *key, const char *plain, int width);
/* The plain text; INTEGRITY if it was sealed with another key or is damaged. "" stays "". Wipe with
 * secret_wipe(). */
char *secret_open(const struct secret_key *key, const char *sealed, GError **error);
/* To be called before a plain secret is read: from here on this process leaves no core file and lets no
 * debugger of the same user in. */
void secret_guard(void);

/* Overwrites and frees; NULL is fine. */
void secret_wipe(char *plain);

/* `bytes` random bytes as lower-case hex. New string. */
char *random_hex(gsize bytes);

G_END_DECLS
