/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQLite engine: the accounts that may log in, and whether an export is running. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/store-sqlite.h"

gboolean sqlite_accounts(struct store *store, GPtrArray **ret_rows, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)account_free);
    g_autoptr(SqliteQuery) query = sqlite_query(
        sqlite, error, "SELECT name, role, password_hash, created FROM account ORDER BY folded", "");
    int row;

    if (!query)
        return FALSE;
    while ((row = sqlite_next(sqlite, query, error)) > 0) {
        struct account *account = g_new0(struct account, 1);

        account->name = sqlite_column_dup(query, 0);
        account->admin = strcmp((const char *)sqlite3_column_text(query, 1), "admin") == 0;
        account->password_hash = sqlite_column_dup(query, 2);
        account->created = sqlite3_column_int64(query, 3);
        g_ptr_array_add(rows, account);
    }
    if (row < 0)
        return FALSE;
    *ret_rows = g_steal_pointer(&rows);
    return TRUE;
}

/* Runs one statement in a scope of its own and tells whether it changed a row. */
static gboolean changed(struct sqlite *sqlite, gboolean ran, gboolean *ret_changed, GError **error)
{
    *ret_changed = ran && sqlite3_changes(sqlite->db) > 0;
    return sqlite_scope_end(sqlite, ran, error);
}

gboolean sqlite_account_add(struct store *store, const struct account *account, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    g_autofree char *folded = g_utf8_casefold(account->name, -1);
    gboolean added;

    if (!sqlite_scope_begin(sqlite, error))
        return FALSE;
    if (!changed(sqlite,
                 sqlite_run(sqlite, error,
                            "INSERT INTO account VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING", "tttti",
                            folded, account->name, account->admin ? "admin" : "user", account->password_hash,
                            account->created),
                 &added, error))
        return FALSE;
    if (!added)
        pt_error_set(error, PT_ERROR_INPUT, "there is an account '%s' already",
                     "アカウント「%s」はすでにあります", account->name);
    return added;
}

static gboolean missing(const char *name, GError **error)
{
    pt_error_set(error, PT_ERROR_MISSING, "there is no account '%s'", "アカウント「%s」はありません", name);
    return FALSE;
}

gboolean sqlite_account_password(struct store *store, const char *name, const char *password_hash,
                                 GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    g_autofree char *folded = g_utf8_casefold(name, -1);
    gboolean found;

    if (!sqlite_scope_begin(sqlite, error) ||
        !changed(sqlite,
                 sqlite_run(sqlite, error, "UPDATE account SET password_hash = ?2 WHERE folded = ?1", "tt",
                            folded, password_hash),
                 &found, error))
        return FALSE;
    return found || missing(name, error);
}

gboolean sqlite_account_remove(struct store *store, const char *name, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    g_autofree char *folded = g_utf8_casefold(name, -1);
    gboolean found;

    if (!sqlite_scope_begin(sqlite, error) ||
        !changed(sqlite, sqlite_run(sqlite, error, "DELETE FROM account WHERE folded = ?1", "t", folded),
                 &found, error))
        return FALSE;
    return found || missing(name, error);
}

/* A shared lock can be had only while nobody holds the exclusive one; it is given back at once. */
gboolean sqlite_export_running(struct store *store, gboolean *ret_running, GError **error)
{
    const struct sqlite *sqlite = (const struct sqlite *)store;
    g_autofree char *dir = g_path_get_dirname(sqlite->path);
    g_autofree char *file = g_build_filename(dir, "export.lock", NULL);
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 && errno != ENOENT) {
        pt_error_set(error, PT_ERROR_X19, "%s: %s", "%s: %s", file, g_strerror(errno));
        return FALSE;
    }
    *ret_running = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (fd >= 0)
        close(fd);
    return TRUE;
}
