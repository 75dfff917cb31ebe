/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQLite engine: a copy becomes the store that goes on. */
#include "store/store-sqlite.h"

/* More jobs than the original can have taken in since the copy was made. */
#define SEQ_JUMP "4294967296"

static gboolean seq_raise(struct sqlite *sqlite, GError **error)
{
    /* A store that never held a job has no row there yet. */
    return sqlite_run(sqlite, error,
                      "INSERT INTO sqlite_sequence(name, seq) SELECT 'job', 0 WHERE NOT EXISTS (SELECT 1 FROM"
                      " sqlite_sequence WHERE name = 'job')",
                      "") &&
           sqlite_run(sqlite, error, "UPDATE sqlite_sequence SET seq = seq + " SEQ_JUMP " WHERE name = 'job'",
                      "");
}

gboolean sqlite_adopt(struct store *store, GError **error)
{
    struct sqlite *sqlite = (struct sqlite *)store;
    g_autofree char *copy_of = NULL;

    if (!sqlite_meta(store, "copy_of", &copy_of, error))
        return FALSE;
    if (!copy_of) {
        pt_error_set(error, PT_ERROR_INPUT, "%s: is not a copy; there is nothing to adopt",
                     "%s: 複製ではないため、引き継ぐものはありません", sqlite->path);
        return FALSE;
    }
    return sqlite_scope_begin(sqlite, error) &&
           sqlite_scope_end(sqlite,
                            seq_raise(sqlite, error) &&
                                sqlite_run(sqlite, error, "DELETE FROM meta WHERE key = 'copy_of'", ""),
                            error);
}
