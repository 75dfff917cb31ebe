/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people do to the simulated installation: settings, clocks, waivers, resends, manual exports. */
#include "people.h"

#include "app/config.h"
#include "app/export.h"
#include "app/retention.h"
#include <glib/gstdio.h>
#include <string.h>

#define DAY 86400
#define CHANGES_MAX 8

/* --- settings --- */

static void set_all(struct life *life, struct app *app, const struct setting_change *changes, gsize n)
{
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(GError) error = NULL;

    if (!config_change(app, changes, n, "simulation", FALSE, &problems, NULL, &error)) {
        world_complain(life->world, "settings cannot be stored: %s", error->message);
        return;
    }
    if (problems->len > 0) {
        const struct setting_problem *problem = g_ptr_array_index(problems, 0);
        world_complain(life->world, "a setting is refused: %s: %s", setting_info(problem->id)->key,
                       problem->message[0]);
    }
}

void people_set(struct life *life, struct app *app, ...)
{
    struct setting_change changes[CHANGES_MAX];
    const char *key;
    gsize n = 0;
    va_list arguments;

    va_start(arguments, app);
    while ((key = va_arg(arguments, const char *))) {
        g_assert_cmpuint(n, <, CHANGES_MAX);
        changes[n].id = setting_from_key(key);
        changes[n++].value = va_arg(arguments, const char *);
    }
    va_end(arguments);
    for (gsize i = 0; i < n; i++)
        if (changes[i].id == SETTING_EXPORT_ENABLED && strcmp(changes[i].value, "false") == 0)
            life->world->was_off = TRUE;
    set_all(life, app, changes, n);
}

struct choice {
    const char *key;
    const char *values[8];
};

static const struct choice choices[] = {
    {"csv.encoding", {"utf-8-bom", "utf-8", "cp932"}},
    {"csv.separator", {"comma", "semicolon", "tab"}},
    {"csv.header", {"ja", "en"}},
    {"csv.formula_guard", {"true", "false"}},
    {"preferences.date_format", {"ymd", "mdy", "dmy"}},
    {"preferences.date_format", {"mdy", "dmy"}}, /* 01022026: whose day? */
    {"preferences.time_zone",
     {"Asia/Tokyo", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Africa/Cairo", "America/Nuuk",
      "Pacific/Kiritimati", "Etc/GMT+12"}},
    {"export.prefix", {"", "east", "EAST", "west"}},
    {"export.hour", {"0", "3", "7", "12", "22", "23"}},
    {"export.retries", {"0", "2", "10"}},
    {"export.retry_minutes", {"1", "60"}},
    {"export.enabled", {"true", "true", "false"}},
    {"export.empty_days", {"true", "false", "false", "false"}},
    {"mail.jobs_per_mail", {"4", "25", "0"}},
    {"history.keep_days", {"0", "20", "40", "400"}},
};

static const char *pick(GRand *rand, const struct choice *choice)
{
    gint32 n = 0;

    while (n < (gint32)G_N_ELEMENTS(choice->values) && choice->values[n])
        n++;
    return choice->values[g_rand_int_range(rand, 0, n)];
}

/* Places, and the user of each; two users of one share are two destinations in one folder. */
static const struct {
    const char *method, *path, *user;
} destinations[] = {
    {"smb", "\\\\nas\\share\\", "one"},
    {"smb", "\\\\nas\\share", "two"},
    {"smb", "\\\\vault\\x", "one"},
    {"smb", "\\\\desk\\in", "one"},
    {"ftp", "ftp:\\\\nas\\share", "one"},
    {"ftp", "ftp:\\\\hub\\drop", "one"},
    {"mail", "mx1", NULL},
    {"mail", "mx2", NULL},
};

static void move_destination(struct life *life, struct app *app)
{
    gint32 i = g_rand_int_range(life->rand, 0, (gint32)G_N_ELEMENTS(destinations));
    const char *method = destinations[i].method;

    if (strcmp(method, "mail") == 0)
        people_set(life, app, "export.method", method, "mail.server", destinations[i].path, "mail.to",
                   "a@b.example", "mail.from", "p@b.example", NULL);
    else if (strcmp(method, "smb") == 0)
        people_set(life, app, "export.method", method, "smb.path", destinations[i].path, "smb.user",
                   destinations[i].user, "smb.password", g_rand_boolean(life->rand) ? "x" : "y", NULL);
    else
        people_set(life, app, "export.method", method, "ftp.path", destinations[i].path, "ftp.user",
                   destinations[i].user, NULL);
}

static void change_setting(struct life *life, struct app *app)
{
    const struct choice *choice = &choices[g_rand_int_range(life->rand, 0, (gint32)G_N_ELEMENTS(choices))];

    if (life->meanwhile && strcmp(choice->key, "preferences.time_zone") == 0)
        return;
    if (life->world->skew > 0 && strcmp(choice->key, "export.empty_days") == 0)
        return;
    world_note(life->world, HAPPENED_SETTING);
    people_set(life, app, choice->key, pick(life->rand, choice), NULL);
}

void people_settle_in(struct life *life, struct app *app)
{
    static const struct choice keep = {"history.keep_days", {"0", "20", "20", "40", "400"}};

    move_destination(life, app);
    people_set(life, app, "preferences.time_zone", "Asia/Tokyo", "export.enabled", "true", "export.hour", "3",
               "mail.jobs_per_mail", "25", "history.keep_days", pick(life->rand, &keep), NULL);
}

/* --- the clock --- */

static void step_clock(struct life *life, struct app *app)
{
    static const gint64 steps[] = {-3600, 3600, 3 * DAY, -3 * DAY, 40 * DAY, -200 * DAY, 1300 * (gint64)DAY};
    struct world *world = life->world;

    world_note(world, HAPPENED_CLOCK);
    people_set(life, app, "export.empty_days", "false", NULL); /* or years ahead were a thousand files */
    world->skew = world->skew == 0 || g_rand_int_range(life->rand, 0, 3) == 0
                      ? steps[g_rand_int_range(life->rand, 0, (gint32)G_N_ELEMENTS(steps))]
                      : 0;
}

/* --- by hand --- */

static gint32 some_day(struct life *life, struct app *app)
{
    g_autoptr(PtSettings) settings = NULL;
    g_autoptr(PtZone) zone = NULL;

    g_assert_true(config_load(app, &settings, NULL));
    zone = app_zone(settings, NULL);
    return day_add(zone_day(zone, app_now(app)), -g_rand_int_range(life->rand, 0, 12));
}

static void judge(struct life *life, const char *what, gboolean ok, const GError *error)
{
    enum pt_error_class class = ok ? PT_CLASS_RETRY : pt_error_class_of(error);

    if (class == PT_CLASS_INTERNAL || class == PT_CLASS_STORE)
        world_complain(life->world, "%s: %s", what, error->message);
}

static void waive(struct life *life, struct app *app)
{
    gint32 day = some_day(life, app);
    gboolean until = g_rand_int_range(life->rand, 0, 3) == 0;
    g_autoptr(GError) error = NULL;
    gint64 jobs;
    gboolean ok = export_waive(app, NULL, until ? 0 : day, until ? day_add(day, -10) : 0, "simulation",
                               "enough", &jobs, &error);

    jobs_look(life->world, app);
    judge(life, "waive", ok, error);
    if (ok)
        world_note(life->world, HAPPENED_WAIVE);
}

static void resend(struct life *life, struct app *app)
{
    g_autoptr(GPtrArray) names = NULL;
    g_autoptr(GError) error = NULL;
    gboolean ok =
        export_resend(app, some_day(life, app), NULL, "simulation", "once more please", &names, &error);

    judge(life, "resend", ok, error);
    if (ok)
        world_note(life->world, HAPPENED_RESEND);
}

static void range(struct life *life, struct app *app)
{
    gint32 day = some_day(life, app);
    g_autoptr(GPtrArray) names = NULL;
    g_autoptr(GError) error = NULL;
    gboolean ok =
        export_range(app, day, day_add(day, g_rand_int_range(life->rand, 0, 5)), NULL, &names, &error);

    judge(life, "range", ok, error);
    if (ok)
        world_note(life->world, HAPPENED_RANGE);
}

/* Somebody looks what would go out: it must change nothing. */
static void preview(struct life *life, struct app *app)
{
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GError) error = NULL;

    gboolean ok = export_preview(app, &rows, &error);

    judge(life, "preview", ok, error);
}

static void purge(struct life *life, struct app *app)
{
    g_autoptr(PtSettings) settings = NULL;
    g_autoptr(GError) error = NULL;
    gint64 days = 0, jobs, gap;
    gboolean ok;

    jobs_look(life->world, app);
    g_assert_true(config_load(app, &settings, NULL));
    ok = retention_run(app, settings, &days, &jobs, &gap, &error);
    judge(life, "retention", ok, error);
    if (days > 0)
        world_note(life->world, HAPPENED_PURGE);
}

/* Somebody tidies up where he should not: the files are made again from the jobs. */
static void lose_spool(struct life *life, struct app *app)
{
    g_autofree char *folder = app_path(app, "spool");
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_rand_boolean(life->rand))
            (void)g_unlink(path); /* nothing depends on it */
    }
}

static void run_now(struct life *life, struct app *app)
{
    struct export_request request = {.trigger = RUN_HAND, .lock_wait_ms = 0, .skip_sources = TRUE};
    g_autoptr(GError) error = NULL;
    struct run run = {0};
    gboolean ok;

    jobs_look(life->world, app);
    ok = export_run(app, &request, &run, &error);
    judge(life, "run by hand", ok, error);
    run_clear(&run);
}

/* --- the network --- */

static void change_weather(struct life *life, struct app *app)
{
    struct world *world = life->world;
    guint receiver = (guint)g_rand_int_range(life->rand, 0, WORLD_RECEIVERS);
    struct weather *weather = &world->weather[receiver];
    gint64 until = world->truth + g_rand_int_range(life->rand, 3600, 2 * DAY);

    (void)app;
    receivers_visit(world, receiver);
    switch (g_rand_int_range(life->rand, 0, 5)) {
    case 0:
        weather->down_until = until;
        break;
    case 1:
        weather->denied_until = until;
        break;
    case 2:
        weather->full_until = until;
        break;
    case 3:
        weather->size_limit = g_rand_int_range(life->rand, 16500, 30000);
        break;
    default:
        weather->size_limit = 0;
        break;
    }
}

void people_meddle(struct life *life, struct app *app)
{
    static const struct {
        double often;
        void (*act)(struct life *life, struct app *app);
    } acts[] = {
        {0.10, change_weather}, {0.05, change_setting}, {0.03, move_destination},
        {0.008, step_clock},    {0.01, waive},          {0.04, resend},
        {0.02, range},          {0.02, preview},        {0.02, purge},
        {0.03, run_now},        {0.04, lose_spool},
    };

    for (guint i = 0; i < G_N_ELEMENTS(acts); i++)
        if (life_chance(life, acts[i].often) &&
            !(life->meanwhile && (acts[i].act == step_clock || acts[i].act == lose_spool)))
            acts[i].act(life, app);
}

void people_tidy(struct life *life, struct app *app)
{
    struct world *world = life->world;

    world->skew = 0;
    for (guint i = 0; i < WORLD_RECEIVERS; i++) {
        receivers_visit(world, i);
        world->weather[i] = (struct weather){0};
    }
    people_set(life, app, "export.enabled", "true", "history.keep_days", "0", NULL);
}
