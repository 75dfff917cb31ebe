/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Passwords of accounts by libsodium's crypto_pwhash. */
#include "base/password.h"

#include <sodium.h>
#include <string.h>

char *password_hash(const char *plain)
{
    char text[crypto_pwhash_STRBYTES];

    g_assert(sodium_init() >= 0);
    if (crypto_pwhash_str(text, plain, strlen(plain), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                          crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
        return NULL;
    return g_strdup(text);
}

gboolean password_matches(const char *hash, const char *plain)
{
    g_assert(sodium_init() >= 0);
    return crypto_pwhash_str_verify(hash, plain, strlen(plain)) == 0;
}
