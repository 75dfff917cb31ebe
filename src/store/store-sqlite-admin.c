/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQLite engine: settings, facts, the audit trail and the sources. */
#include <string.h>

#include "store/store-sqlite.h"

/* --- settings and facts --- */

gboolean sqlite_settings(struct store *store, GHashTable **ret_values, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    g_autoptr(GHashTable) values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(SqliteQuery) query = sqlite_query(sqlite, error, "SELECT key, value FROM setting", "");
    int row;

    if (!query)
        return FALSE;
    while ((row = sqlite_next(sqlite, query, error)) > 0)
        g_hash_table_insert(values, sqlite_column_dup(query, 0), sqlite_column_dup(query, 1));
    if (row < 0)
        return FALSE;
    *ret_values = g_steal_pointer(&values);
    return TRUE;
}

gboolean sqlite_setting_put(struct store *store, const char *key, const char *text, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;

    if (!text)
        return sqlite_write(sqlite, error, "DELETE FROM setting WHERE key = ?1", "t", key);
    return sqlite_write(
        sqlite, error,
        "INSERT INTO setting VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value = excluded.value", "tt", key,
        text);
}

gboolean sqlite_meta(struct store *store, const char *key, char **ret_text, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    gboolean version = strcmp(key, "schema_version") == 0;
    g_autoptr(SqliteQuery) query =
        version ? sqlite_query(sqlite, error, "PRAGMA user_version", "")
                : sqlite_query(sqlite, error, "SELECT value FROM meta WHERE key = ?1", "t", key);
    int row;

    if (!query)
        return FALSE;
    row = sqlite_next(sqlite, query, error);
    if (row < 0)
        return FALSE;
    *ret_text = row ? sqlite_column_dup(query, 0) : NULL;
    return TRUE;
}

gboolean sqlite_meta_put(struct store *store, const char *key, const char *text, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;

    if (!text)
        return sqlite_write(sqlite, error, "DELETE FROM meta WHERE key = ?1", "t", key);
    return sqlite_write(
        sqlite, error,
        "INSERT INTO meta VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value = excluded.value", "tt", key,
        text);
}

gboolean sqlite_audit(struct store *store, gint64 at, const char *who, const char *what, GError **error)
{
    return sqlite_write((struct sqlite *)store, error, "INSERT INTO audit(at, who, what) VALUES(?1, ?2, ?3)",
                        "itt", at, who, what);
}

/* --- sources --- */

gboolean sqlite_sources(struct store *store, GPtrArray **ret_rows, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)source_row_free);
    g_autoptr(SqliteQuery) query =
        sqlite_query(sqlite, error,
                     "SELECT id, name, kind, uri, cursor, removed, last_poll, last_ok, error, error_text, "
                     "jobs, duplicates, conflicts,"
                     " refused, open_jobs FROM source WHERE removed = 0 ORDER BY folded",
                     "");
    int step;

    if (!query)
        return FALSE;
    while ((step = sqlite_next(sqlite, query, error)) > 0) {
        struct source_row *row = g_new0(struct source_row, 1);

        row->id = sqlite3_column_int64(query, 0);
        row->name = sqlite_column_dup(query, 1);
        row->kind = sqlite_column_dup(query, 2);
        row->uri = sqlite_column_dup(query, 3);
        row->cursor = sqlite_column_dup(query, 4);
        row->removed = sqlite3_column_int(query, 5);
        row->last_poll = sqlite3_column_int64(query, 6);
        row->last_ok = sqlite3_column_int64(query, 7);
        row->error = sqlite_column_dup(query, 8);
        row->error_text = sqlite_column_dup(query, 9);
        row->jobs = sqlite3_column_int64(query, 10);
        row->duplicates = sqlite3_column_int64(query, 11);
        row->conflicts = sqlite3_column_int64(query, 12);
        row->refused = sqlite3_column_int64(query, 13);
        row->open_jobs = sqlite_column_dup(query, 14);
        g_ptr_array_add(rows, row);
    }
    if (step < 0)
        return FALSE;
    *ret_rows = g_steal_pointer(&rows);
    return TRUE;
}

/* The name as names are compared: "École" and "ÉCOLE" are one source. */
static char *folded_name(const char *name)
{
    g_autofree char *composed = g_utf8_normalize(name, -1, G_NORMALIZE_NFC);

    return g_utf8_casefold(composed ? composed : name, -1);
}

/* 1 found, 0 not, -1 error. */
static int find_source(struct sqlite *sqlite, const char *folded, const char *kind, gboolean removed,
                       gint64 *ret_id, char **ret_kind, GError **error)
{
    g_autoptr(SqliteQuery) query = sqlite_query(
        sqlite, error,
        "SELECT id, kind FROM source WHERE folded = ?1 AND removed = ?2 AND (?3 IS NULL OR kind = ?3)"
        " ORDER BY id DESC LIMIT 1",
        "tit", folded, (gint64)removed, kind);
    int row = query ? sqlite_next(sqlite, query, error) : -1;

    if (row > 0) {
        *ret_id = sqlite3_column_int64(query, 0);
        *ret_kind = sqlite_column_dup(query, 1);
    }
    return row;
}

/* The source that polls this address: one and the same printer under two sources would be delivered twice. */
static int find_address(struct sqlite *sqlite, const char *uri, const char *kind, gboolean removed,
                        gint64 *ret_id, char **ret_name, GError **error)
{
    g_autoptr(SqliteQuery) query = sqlite_query(
        sqlite, error,
        "SELECT id, name FROM source WHERE uri = ?1 AND removed = ?2 AND (?3 IS NULL OR kind = ?3)"
        " ORDER BY id DESC LIMIT 1",
        "tit", uri, (gint64)removed, kind);
    int row = query ? sqlite_next(sqlite, query, error) : -1;

    if (row > 0) {
        *ret_id = sqlite3_column_int64(query, 0);
        *ret_name = sqlite_column_dup(query, 1);
    }
    return row;
}

static gboolean address_taken(const char *uri, const char *name, GError **error)
{
    pt_error_set(error, PT_ERROR_INPUT,
                 "%s is polled already, as %s: its jobs would be counted and delivered twice",
                 "%s は取得元 %s としてすでに登録されています(ジョブが二重に送信されます)", uri, name);
    return FALSE;
}

static gboolean name_taken(const char *name, const char *kind, GError **error)
{
    pt_error_set(error, PT_ERROR_INPUT, "%s: there is a source of this name already (%s)",
                 "%s: この名前の取得元はすでにあります(%s)", name, kind);
    return FALSE;
}

static gboolean add_source(struct sqlite *sqlite, const char *name, const char *kind, const char *uri,
                           gint64 *ret_id, GError **error)
{
    g_autofree char *folded = folded_name(name);
    g_autofree char *kind_found = NULL;
    g_autofree char *kind_removed = NULL;
    g_autofree char *other = NULL;
    int row = find_source(sqlite, folded, NULL, FALSE, ret_id, &kind_found, error);

    if (row < 0)
        return FALSE;
    if (row > 0)
        return (strcmp(kind, "import") == 0 && strcmp(kind_found, kind) == 0) ||
               name_taken(name, kind_found, error);
    if (*uri) {
        row = find_address(sqlite, uri, NULL, FALSE, ret_id, &other, error);
        if (row > 0)
            return address_taken(uri, other, error);
        if (row == 0)
            row = find_address(sqlite, uri, kind, TRUE, ret_id, &other, error);
    } else {
        row = find_source(sqlite, folded, kind, TRUE, ret_id, &kind_removed, error);
    }
    if (row < 0)
        return FALSE;
    if (row > 0)
        return sqlite_run(sqlite, error,
                          "UPDATE source SET removed = 0, name = ?2, folded = ?3 WHERE id = ?1", "itt",
                          *ret_id, name, folded);
    if (!sqlite_run(sqlite, error, "INSERT INTO source(name, folded, kind, uri) VALUES(?1, ?2, ?3, ?4)",
                    "tttt", name, folded, kind, uri))
        return FALSE;
    *ret_id = sqlite3_last_insert_rowid(sqlite->db);
    return TRUE;
}

gboolean sqlite_source_add(struct store *store, const char *name, const char *kind, const char *uri,
                           gint64 *ret_id, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    gint64 id = 0;

    if (!sqlite_scope_begin(sqlite, error))
        return FALSE;
    if (!sqlite_scope_end(sqlite, add_source(sqlite, name, kind, uri, &id, error), error))
        return FALSE;
    *ret_id = id;
    return TRUE;
}

/* The row that a write was for must have been there. */
static gboolean one_source(struct sqlite *sqlite, gint64 id, GError **error)
{
    if (sqlite3_changes(sqlite->db) == 1)
        return TRUE;
    pt_error_set(error, PT_ERROR_MISSING, "there is no source with number %" G_GINT64_FORMAT,
                 "番号 %" G_GINT64_FORMAT " の取得元はありません", id);
    return FALSE;
}

gboolean sqlite_source_remove(struct store *store, gint64 id, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    gboolean ok;

    if (!sqlite_scope_begin(sqlite, error))
        return FALSE;
    ok = sqlite_run(sqlite, error,
                    "UPDATE source SET removed = 1, open_jobs = NULL WHERE id = ?1 AND removed = 0", "i",
                    id) &&
         one_source(sqlite, id, error);
    return sqlite_scope_end(sqlite, ok, error);
}

gboolean sqlite_source_report(struct store *store, const struct source_row *row, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    gboolean ok;

    if (!sqlite_scope_begin(sqlite, error))
        return FALSE;
    ok = sqlite_run(
             sqlite, error,
             "UPDATE source SET last_poll = ?2, last_ok = ?3, error = ?4, error_text = ?5, open_jobs = ?6"
             " WHERE id = ?1",
             "iiittt", row->id, row->last_poll, row->last_ok, row->error, row->error_text, row->open_jobs) &&
         one_source(sqlite, row->id, error);
    return sqlite_scope_end(sqlite, ok, error);
}
