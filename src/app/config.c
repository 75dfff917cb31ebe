/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings as verbs: load, check, change in one transaction. */
#include "app/config.h"

#include <string.h>

#include "base/secret.h"
#include "core/destination.h"

#define SAVED_AT "schedule_saved_at" /* seconds UTC in decimal */

gboolean config_load(struct app *app, struct settings **ret_settings, GError **error)
{
    g_autoptr(GHashTable) values = NULL;
    struct settings *settings;

    if (!store_settings(app->store, &values, error))
        return FALSE;
    settings = settings_new();
    for (int i = 0; i < SETTING_COUNT; i++) {
        const char *text = g_hash_table_lookup(values, setting_info((enum setting_id)i)->key);
        if (text)
            settings_put(settings, (enum setting_id)i, text);
    }
    *ret_settings = settings;
    return TRUE;
}

/* The same password again is no change: it keeps its sealed text, so that nothing is stored and nothing
 * audited. */
static gboolean same_secret(const struct secret_key *key, const char *sealed, const char *plain)
{
    char *stored = secret_open(key, sealed, NULL); /* one that cannot be opened any more is another one */
    gboolean same = stored && strcmp(stored, plain) == 0;

    secret_wipe(stored);
    return same;
}

/* Changed secrets stand in `after` in plain text (settings_judge): sealed here before they go anywhere. */
static gboolean secrets_seal(const struct app *app, const struct setting_change *changes, gsize n_changes,
                             const struct settings *before, struct settings *after, GError **error)
{
    g_autoptr(PtSecretKey) key = NULL;

    for (gsize i = 0; i < n_changes; i++) {
        enum setting_id id = changes[i].id;
        const char *plain = settings_text(after, id);
        g_autofree char *path = NULL;
        g_autofree char *sealed = NULL;

        if (!setting_info(id)->secret || !*plain)
            continue;
        path = app_path(app, "secret.key");
        if (!key && !(key = secret_key_load(path, TRUE, error)))
            return FALSE;
        if (same_secret(key, settings_text(before, id), plain))
            sealed = g_strdup(settings_text(before, id));
        else
            sealed = secret_seal(key, plain, (int)text_width(plain));
        settings_put(after, id, sealed);
    }
    return TRUE;
}

/* Writes what differs; the keys go into the audit, their values never do. */
static gboolean store_differences(struct app *app, const struct settings *before,
                                  const struct settings *after, const char *who, GError **error)
{
    g_autoptr(GString) keys = g_string_new("settings");
    gboolean changed = FALSE;
    gboolean schedule = FALSE;

    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting_id id = (enum setting_id)i;
        const struct setting_info *info = setting_info(id);
        const char *text = settings_text(after, id);

        if (strcmp(settings_text(before, id), text) == 0)
            continue;
        if (!store_setting_put(app->store, info->key, info->secret && !*text ? NULL : text, error))
            return FALSE;
        g_string_append_printf(keys, " %s", info->key);
        changed = TRUE;
        schedule = schedule || info->schedule;
    }
    if (schedule) {
        g_autofree char *now = g_strdup_printf("%" G_GINT64_FORMAT, app_now(app));
        if (!store_meta_put(app->store, SAVED_AT, now, error))
            return FALSE;
    }
    return !changed || store_audit(app->store, app_now(app), who, keys->str, error);
}

enum change { ONLY_JUDGE, AND_SEAL, AND_STORE }; /* each does what the earlier ones do */

/* Everything from reading the old values to writing the new ones; the caller holds the transaction.
 * *ret_after stays NULL when there are problems. */
static gboolean judge_and_store(struct app *app, const struct setting_change *changes, gsize n_changes,
                                const char *who, enum change change, GPtrArray **ret_problems,
                                struct settings **ret_after, GError **error)
{
    g_autoptr(PtSettings) before = NULL;
    g_autoptr(PtSettings) after = NULL;
    g_autoptr(GPtrArray) problems = NULL;

    if (!config_load(app, &before, error))
        return FALSE;
    problems = settings_judge(before, changes, n_changes, &after);
    if (after && change >= AND_SEAL && !secrets_seal(app, changes, n_changes, before, after, error))
        return FALSE;
    if (after && change >= AND_STORE && !store_differences(app, before, after, who, error))
        return FALSE;
    *ret_problems = g_steal_pointer(&problems);
    *ret_after = g_steal_pointer(&after);
    return TRUE;
}

gboolean config_change(struct app *app, const struct setting_change *changes, gsize n_changes,
                       const char *who, gboolean only_check, GPtrArray **ret_problems,
                       struct settings **ret_settings, GError **error)
{
    g_autoptr(PtSettings) after = NULL;
    g_autoptr(GPtrArray) problems = NULL;
    /* A mere check has no use for a key file and must not make one. */
    enum change change = !only_check ? AND_STORE : ret_settings ? AND_SEAL : ONLY_JUDGE;
    gboolean ok;

    if (!only_check && !store_begin(app->store, STORE_WRITE, error))
        return FALSE;
    ok = judge_and_store(app, changes, n_changes, who, change, &problems, &after, error);
    if (!only_check) {
        if (ok && after)
            ok = store_commit(app->store, error);
        else
            store_rollback(app->store);
    }
    if (!ok)
        return FALSE;
    if (after && !only_check)
        app_wake(app);
    *ret_problems = g_steal_pointer(&problems);
    if (ret_settings && after)
        *ret_settings = g_steal_pointer(&after);
    return TRUE;
}

void config_problems_error(GPtrArray *problems, GError **error)
{
    g_autoptr(GString) en = g_string_new(NULL);
    g_autoptr(GString) ja = g_string_new(NULL);

    for (guint i = 0; i < problems->len; i++) {
        const struct setting_problem *problem = g_ptr_array_index(problems, i);
        const char *key = setting_info(problem->id)->key;

        g_string_append_printf(en, "%s%s: %s", i > 0 ? "\n" : "", key, problem->message[PT_LANG_EN]);
        g_string_append_printf(ja, "%s%s: %s", i > 0 ? "\n" : "", key, problem->message[PT_LANG_JA]);
    }
    pt_error_set_texts(error, PT_ERROR_INPUT, en->str, ja->str);
}
