/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every verb needs: the state directory, the store, the clock and the way deliveries are made. */
#pragma once
#include "core/calendar.h"
#include "core/settings.h"
#include "store/store.h"
#include <gio/gio.h>

G_BEGIN_DECLS

struct app;

/* The clock, injectable: seconds UTC. */
typedef gint64 (*AppClock)(gpointer user);
/* Long work tells how far it is; total 0 = unknown. `what` is a stable word ("render", "send", "import", …),
 * `name` the thing ("export_20260609.csv"). */
typedef void (*AppProgress)(gpointer user, const char *what, const char *name, gint64 done, gint64 total);

struct deliver_ops; /* app/deliver.h */

/* One handle: one thread. Threads and processes each open their own. */
struct app {
    char *state_dir; /* printtrail.db, secret.key, spool/, export.lock, wake.sock */
    char *store_url;
    enum store_mode mode; /* how it was opened */
    struct store *store;
    AppClock clock; /* NULL = the system's */
    gpointer clock_user;
    AppProgress progress; /* NULL = silent */
    gpointer progress_user;
    const struct deliver_ops *deliver; /* NULL = the helper process; the simulation brings its own */
    gpointer deliver_user;
    GCancellable *cancel; /* borrowed; cancelled = stop cleanly soon; NULL = never */
};

/* Opens the state directory and its store. STORE_CREATE makes the directory (0700). MISSING when there is no
 * state and the mode does not create. */
struct app *app_open(const char *state_dir, enum store_mode mode, GError **error);
void app_free(struct app *app);
typedef struct app PtApp; /* for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PtApp, app_free)

gint64 app_now(const struct app *app);
/* preferences.time_zone, or the system's. */
struct zone *app_zone(const struct settings *settings, GError **error);
/* A path below the state directory. New string. */
char *app_path(const struct app *app, const char *name);
void app_tell(const struct app *app, const char *what, const char *name, gint64 done, gint64 total);
gboolean app_cancelled(const struct app *app);
/* Tells a running daemon that settings or sources changed; no daemon is fine. */
void app_wake(const struct app *app);

G_END_DECLS
