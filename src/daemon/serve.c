/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The daemon: one main loop that asks the schedule, a thread for the export, a thread for the polls. */
#include "daemon/serve.h"

#include "app/collect.h"
#include "app/config.h"
#include "app/export.h"
#include "app/retention.h"
#include "app/scheduler.h"
#include "daemon/log.h"
#include "daemon/wake.h"
#include <errno.h>
#include <glib-unix.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sysexits.h>
#include <unistd.h>
#ifdef PT_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

/* Looks at the clock at least this often: a step that no timer tells of is noticed then. */
#define TICK_S 30
#define POLL_DEADLINE_MS 120000
#define STOP_MS 1500

struct daemon {
    GMainLoop *loop;
    struct app *app; /* of the main thread */
    GCancellable *cancel;
    struct wake *wake;
    guint timer, watchdog;
    int clock_fd;
    GThread *exporter, *poller;
    gboolean exporting, polling; /* main thread only */
    gboolean starting;           /* no schedule was asked yet */
    gint64 next_poll;            /* monotonic µs; 0 = at once */
    gboolean start_again;        /* the start-up run could not be written down: it is still to be made */
    gint64 not_before; /* monotonic µs: work that could not be recorded is not begun again at once */
    gboolean forced;   /* a thread did not stop in time */
    int status;
};

struct work {
    struct daemon *daemon;
    struct export_request request;
};

static void look(struct daemon *daemon);

static void tell_systemd(const char *state)
{
#ifdef PT_SYSTEMD
    (void)sd_notify(0, state); /* not under systemd: nothing to tell */
#else
    (void)state;
#endif
}

static void log_error(const char *what, const GError *error)
{
    g_autofree char *text = pt_error_message(error, pt_lang_from_environment());
    const struct pt_error_info *info = pt_error_info((int)pt_error_code_of(error));

    g_warning("%s: %s: %s", what, info->name, text);
}

static struct app *thread_app(const struct daemon *daemon, GError **error)
{
    struct app *app = app_open(daemon->app->state_dir, STORE_EXISTING, error);

    if (app)
        app->cancel = daemon->cancel;
    return app;
}

/* What cannot be written down (the disk is full, say) would be due again in the same moment. */
static void pause_work(struct daemon *daemon)
{
    daemon->not_before = g_get_monotonic_time() + TICK_S * G_USEC_PER_SEC;
}

/* --- export --- */

static void log_run(const struct run *run)
{
    g_autofree char *text = pt_text_pick(run->text, pt_lang_from_environment());

    if (run->result == RUN_SUCCESS)
        g_message("export %s: success, %" G_GINT64_FORMAT " files, %" G_GINT64_FORMAT " jobs",
                  run_trigger_name(run->trigger), run->files, run->jobs);
    else
        g_warning("export %s: %s, %" G_GINT64_FORMAT " files delivered; %s: %s",
                  run_trigger_name(run->trigger), run_result_name(run->result), run->files,
                  run->code ? run->code : "", text ? text : "");
    if (run->replaced > 0)
        g_message("export: %" G_GINT64_FORMAT " characters that CP932 does not have were written as '?'",
                  run->replaced);
}

static gboolean export_done(gpointer user)
{
    struct daemon *daemon = user;

    g_thread_join(g_steal_pointer(&daemon->exporter));
    daemon->exporting = FALSE;
    daemon->starting |= daemon->start_again;
    daemon->start_again = FALSE;
    look(daemon);
    return G_SOURCE_REMOVE;
}

/* A run that could not even be made (no destination, no store) is recorded, so that status and the schedule
 * know of it. */
static gboolean record_impossible(struct app *app, const struct export_request *request, const GError *why)
{
    g_autoptr(GError) error = NULL;
    gboolean recorded;
    struct run run = {.kind = DELIVERY_AUTO,
                      .trigger = request->trigger,
                      .nominal_date = request->nominal_date,
                      .result = RUN_FAILED};

    run.started = run.ended = app_now(app);
    run.code = g_strdup(pt_error_info((int)pt_error_code_of(why))->name);
    run.text = pt_error_keep(why);
    recorded = store_run_insert(app->store, &run, &error);
    if (!recorded)
        log_error("export", error);
    run_clear(&run);
    return recorded;
}

static gpointer export_thread(gpointer data)
{
    g_autofree struct work *work = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(PtApp) app = thread_app(work->daemon, &error);
    struct run run = {0};

    if (app && export_run(app, &work->request, &run, &error)) {
        log_run(&run);
        run_clear(&run);
    } else {
        log_error("export", error);
        if (!app || (!app_cancelled(app) && !record_impossible(app, &work->request, error))) {
            work->daemon->start_again = work->request.trigger == RUN_STARTUP;
            pause_work(work->daemon);
        }
    }
    g_idle_add(export_done, work->daemon);
    return NULL;
}

static void start_export(struct daemon *daemon, const struct schedule_answer *answer)
{
    struct work *work = g_new0(struct work, 1);

    work->daemon = daemon;
    work->request.trigger = answer->trigger;
    work->request.nominal_date = answer->nominal_date;
    work->request.lock_wait_ms = -1; /* a due run waits and is never skipped */
    work->request.network_grace = answer->trigger == RUN_STARTUP;
    daemon->exporting = TRUE;
    daemon->exporter = g_thread_new("export", export_thread, work);
}

/* --- retention while the export is off --- */

static gpointer retention_thread(gpointer data)
{
    struct daemon *daemon = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(PtApp) app = thread_app(daemon, &error);
    gint64 days = 0, jobs = 0, gap = 0;

    if (!app || !retention_alone(app, &days, &jobs, &gap, &error)) {
        log_error("retention", error);
        pause_work(daemon);
    } else if (days > 0)
        g_message("retention: %" G_GINT64_FORMAT " days with %" G_GINT64_FORMAT
                  " jobs deleted, %" G_GINT64_FORMAT " of them never exported",
                  days, jobs, gap);
    g_idle_add(export_done, daemon);
    return NULL;
}

/* It takes the place of an export: both hold the export lock. */
static void ask_retention(struct daemon *daemon)
{
    g_autoptr(GError) error = NULL;
    gboolean due = FALSE;

    if (daemon->exporting || g_get_monotonic_time() < daemon->not_before)
        return;
    if (!retention_due(daemon->app, &due, &error))
        log_error("retention", error);
    if (!due)
        return;
    daemon->exporting = TRUE;
    daemon->exporter = g_thread_new("retention", retention_thread, daemon);
}

/* --- polling --- */

static gboolean poll_done(gpointer user)
{
    struct daemon *daemon = user;

    g_thread_join(g_steal_pointer(&daemon->poller));
    daemon->polling = FALSE;
    look(daemon);
    return G_SOURCE_REMOVE;
}

static gpointer poll_thread(gpointer data)
{
    struct daemon *daemon = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(PtApp) app = thread_app(daemon, &error);
    g_autoptr(PtSettings) settings = NULL;
    guint failed = 0;

    if (!app || !config_load(app, &settings, &error) ||
        !collect_all(app, settings, POLL_DEADLINE_MS, &failed, &error))
        log_error("poll", error);
    g_idle_add(poll_done, daemon);
    return NULL;
}

/* TRUE when there is something to poll at all: without sources the daemon sleeps. */
static gboolean poll_due(struct daemon *daemon, gint64 *ret_wait_s)
{
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(PtSettings) settings = NULL;
    g_autoptr(GError) error = NULL;
    gint64 now = g_get_monotonic_time();
    gint64 every;
    gboolean any = FALSE;

    *ret_wait_s = TICK_S;
    if (!store_sources(daemon->app->store, &rows, &error) || !config_load(daemon->app, &settings, &error)) {
        log_error("poll", error);
        return FALSE;
    }
    for (guint i = 0; i < rows->len; i++)
        any |= strcmp(((struct source_row *)g_ptr_array_index(rows, i))->kind, "import") != 0;
    if (!any)
        return FALSE;
    every = settings_int(settings, SETTING_SOURCES_POLL_SECONDS) * G_USEC_PER_SEC;
    if (daemon->next_poll > now + every)
        daemon->next_poll = now + every; /* the interval was made shorter */
    if (now < daemon->next_poll) {
        *ret_wait_s = (daemon->next_poll - now) / G_USEC_PER_SEC + 1;
        return FALSE;
    }
    daemon->next_poll = now + every;
    *ret_wait_s = every / G_USEC_PER_SEC;
    return TRUE;
}

/* --- main loop --- */

static gboolean on_timer(gpointer user)
{
    struct daemon *daemon = user;

    daemon->timer = 0;
    look(daemon);
    return G_SOURCE_REMOVE;
}

static gint64 ask_schedule(struct daemon *daemon)
{
    struct schedule_answer answer = {0};
    g_autoptr(GError) error = NULL;
    gint64 wait = TICK_S;

    if (daemon->exporting || g_get_monotonic_time() < daemon->not_before)
        return wait;
    if (!scheduler_ask(daemon->app, daemon->starting, &answer, &error)) {
        log_error("schedule", error);
        return wait;
    }
    daemon->starting = FALSE;
    if (answer.action == SCHEDULE_RUN)
        start_export(daemon, &answer);
    else if (answer.next > 0)
        wait = CLAMP(answer.next - app_now(daemon->app), 1, TICK_S);
    return wait;
}

/* What is due now? Start it, and set the timer for the next look. */
static void look(struct daemon *daemon)
{
    gint64 wait, poll_wait = TICK_S;

    if (g_cancellable_is_cancelled(daemon->cancel)) {
        if (!daemon->exporting && !daemon->polling)
            g_main_loop_quit(daemon->loop);
        return;
    }
    wait = ask_schedule(daemon);
    ask_retention(daemon);
    if (!daemon->polling && poll_due(daemon, &poll_wait)) {
        daemon->polling = TRUE;
        daemon->poller = g_thread_new("poll", poll_thread, daemon);
    }
    if (daemon->timer)
        g_source_remove(daemon->timer);
    daemon->timer = g_timeout_add_seconds((guint)MAX(MIN(wait, poll_wait), 1), on_timer, daemon);
}

static void on_woken(gpointer user)
{
    struct daemon *daemon = user;

    daemon->next_poll = 0; /* perhaps a source was added */
    look(daemon);
}

/* A peer that keeps a thread waiting does not keep us: every state is as safe as after kill -9. */
static gboolean on_stop_overdue(gpointer user)
{
    struct daemon *daemon = user;

    daemon->forced = TRUE;
    g_main_loop_quit(daemon->loop);
    return G_SOURCE_REMOVE;
}

/* Closing the store can wait for a slow disk; what it would write can be written by the next start as well.
 */
static void on_last_moment(int signal_number)
{
    (void)signal_number;
    _exit(0);
}

static gboolean on_stop(gpointer user)
{
    const struct itimerval last_moment = {.it_value = {.tv_sec = 1, .tv_usec = 800000}};
    struct daemon *daemon = user;

    tell_systemd("STOPPING=1");
    if (!g_cancellable_is_cancelled(daemon->cancel)) {
        g_timeout_add(STOP_MS, on_stop_overdue, daemon);
        (void)signal(SIGALRM, on_last_moment);
        (void)setitimer(ITIMER_REAL, &last_moment, NULL); /* cannot fail: the value is valid */
    }
    g_cancellable_cancel(daemon->cancel);
    look(daemon);
    return G_SOURCE_CONTINUE;
}

static gboolean on_watchdog(gpointer user)
{
    (void)user;
    tell_systemd("WATCHDOG=1");
    return G_SOURCE_CONTINUE;
}

/* A timer that the kernel cancels when the clock is set: the step is noticed at once. */
static void arm_clock_watch(struct daemon *daemon)
{
    struct itimerspec far = {.it_value = {.tv_sec = G_MAXINT32 * G_GINT64_CONSTANT(2)}};

    (void)timerfd_settime(daemon->clock_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far,
                          NULL); /* without it the tick notices */
}

static gboolean on_clock(gint fd, GIOCondition condition, gpointer user)
{
    struct daemon *daemon = user;
    guint64 expired;

    (void)condition;
    if (read(fd, &expired, sizeof expired) < 0 && errno == ECANCELED)
        g_message("the clock was set");
    arm_clock_watch(daemon);
    look(daemon);
    return G_SOURCE_CONTINUE;
}

static void watch_everything(struct daemon *daemon)
{
    daemon->clock_fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (daemon->clock_fd >= 0) {
        arm_clock_watch(daemon);
        g_unix_fd_add(daemon->clock_fd, G_IO_IN, on_clock, daemon);
    }
    g_unix_signal_add(SIGTERM, on_stop, daemon);
    g_unix_signal_add(SIGINT, on_stop, daemon);
#ifdef PT_SYSTEMD
    {
        guint64 usec = 0;
        if (sd_watchdog_enabled(0, &usec) > 0)
            daemon->watchdog = g_timeout_add((guint)(usec / 3000), on_watchdog, NULL);
    }
#else
    (void)on_watchdog;
#endif
}

static int exit_status(const GError *error)
{
    switch (pt_error_class_of(error)) {
    case PT_CLASS_INPUT:
        return EX_CONFIG;
    case PT_CLASS_RETRY:
        return pt_error_code_of(error) == PT_ERROR_X26 ? EX_TEMPFAIL : EX_NOPERM;
    case PT_CLASS_MISSING:
    case PT_CLASS_REFUSED:
        return EX_NOPERM;
    case PT_CLASS_INTEGRITY:
    case PT_CLASS_STORE:
        return EX_CONFIG;
    case PT_CLASS_INTERNAL:
        return EX_SOFTWARE;
    }
    return EX_SOFTWARE;
}

int serve_main(const char *state_dir)
{
    struct daemon daemon = {.starting = TRUE, .clock_fd = -1};
    g_autoptr(GError) error = NULL;

    log_start();
    (void)signal(SIGPIPE, SIG_IGN);
    (void)mallopt(M_ARENA_MAX, 2); /* a thread each for export and polls must not keep an arena each */
    daemon.loop = g_main_loop_new(NULL, FALSE);
    daemon.cancel = g_cancellable_new();
    daemon.app = app_open(state_dir, STORE_CREATE, &error);
    if (daemon.app)
        daemon.wake = wake_open(daemon.app->state_dir, on_woken, &daemon, &error);
    if (daemon.wake) {
        watch_everything(&daemon);
        g_message("printtrail " PT_VERSION " serves %s", daemon.app->state_dir);
        look(&daemon);
        tell_systemd("READY=1");
        g_main_loop_run(daemon.loop);
        g_message("stopped");
        if (daemon.forced) {
            (void)fflush(NULL); /* stderr is unbuffered */
            _exit(0);
        }
    } else {
        log_error("start", error);
        daemon.status = exit_status(error);
    }
    wake_close(daemon.wake);
    app_free(daemon.app);
    if (daemon.clock_fd >= 0)
        (void)close(daemon.clock_fd);
    g_object_unref(daemon.cancel);
    g_main_loop_unref(daemon.loop);
    return daemon.status;
}
