/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judges names and passwords, hashes them, and writes the audit in the same transaction. */
#include "app/accounts.h"

#include <string.h>

#include "base/password.h"

#define NAME_MAX_CHARACTERS 64
#define PASSWORD_MAX_BYTES 1024

static gboolean name_check(const char *name, GError **error)
{
    gboolean ok = *name && g_utf8_validate(name, -1, NULL) &&
                  g_utf8_strlen(name, -1) <= NAME_MAX_CHARACTERS && *name != '-';

    for (const char *p = name; ok && *p; p += g_utf8_skip[(guchar)*p])
        ok = g_unichar_isprint(g_utf8_get_char(p));
    if (!ok)
        pt_error_set(error, PT_ERROR_INPUT,
                     "an account's name has 1 to %d printable characters and does not begin with -",
                     "アカウント名は印字可能な1~%d文字で、- で始まらないものにしてください",
                     NAME_MAX_CHARACTERS);
    return ok;
}

static gboolean password_check(const char *password, GError **error)
{
    if (!g_utf8_validate(password, -1, NULL) || strlen(password) > PASSWORD_MAX_BYTES ||
        g_utf8_strlen(password, -1) < ACCOUNT_PASSWORD_MIN) {
        pt_error_set(error, PT_ERROR_INPUT,
                     "a password has at least %d characters and at most %d bytes of UTF-8",
                     "パスワードは%d文字以上、UTF-8で%dバイト以内にしてください", ACCOUNT_PASSWORD_MIN,
                     PASSWORD_MAX_BYTES);
        return FALSE;
    }
    return TRUE;
}

static char *hash(const char *password, GError **error)
{
    char *text = password_check(password, error) ? password_hash(password) : NULL;

    if (!text && error && !*error)
        pt_error_set(error, PT_ERROR_INTERNAL, "not enough memory for the password hash",
                     "パスワードのハッシュに必要なメモリがありません");
    return text;
}

/* Ends the transaction that `ok` speaks of, with its line of the audit. */
static gboolean finish(struct app *app, gboolean ok, const char *who, const char *what, GError **error)
{
    if (!ok || !store_audit(app->store, app_now(app), who, what, error)) {
        store_rollback(app->store);
        return FALSE;
    }
    return store_commit(app->store, error);
}

static gboolean add(struct app *app, struct account *account, enum account_role role, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;

    if (!store_accounts(app->store, &rows, error))
        return FALSE;
    account->admin = role == ACCOUNT_ROLE_ADMIN || (role == ACCOUNT_ROLE_DEFAULT && rows->len == 0);
    return store_account_add(app->store, account, error);
}

gboolean account_add(struct app *app, const char *name, enum account_role role, const char *password,
                     const char *who, gboolean *ret_admin, GError **error)
{
    g_autoptr(PtAccount) account = g_new0(struct account, 1);
    g_autofree char *what = NULL;
    gboolean ok;

    if (!name_check(name, error))
        return FALSE;
    account->name = g_strdup(name);
    account->created = app_now(app);
    account->password_hash = hash(password, error);
    if (!account->password_hash || !store_begin(app->store, STORE_WRITE, error))
        return FALSE;
    ok = add(app, account, role, error);
    what = g_strdup_printf("account %s added as %s", name, account->admin ? "admin" : "user");
    if (!finish(app, ok, who, what, error))
        return FALSE;
    if (ret_admin)
        *ret_admin = account->admin;
    return TRUE;
}

gboolean account_set_password(struct app *app, const char *name, const char *password, const char *who,
                              GError **error)
{
    g_autofree char *text = NULL;
    g_autofree char *what = NULL;

    if (!name_check(name, error))
        return FALSE;
    text = hash(password, error);
    if (!text || !store_begin(app->store, STORE_WRITE, error))
        return FALSE;
    what = g_strdup_printf("password of account %s changed", name);
    return finish(app, store_account_password(app->store, name, text, error), who, what, error);
}

gboolean account_remove(struct app *app, const char *name, const char *who, GError **error)
{
    g_autofree char *what = NULL;

    if (!name_check(name, error) || !store_begin(app->store, STORE_WRITE, error))
        return FALSE;
    what = g_strdup_printf("account %s removed", name);
    return finish(app, store_account_remove(app->store, name, error), who, what, error);
}
