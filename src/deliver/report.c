/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes event lines and waits for `go`. */
#include "deliver/report.h"

#include "base/fault.h"
#include "transport/words.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The parent died or talks nonsense: EX_SOFTWARE, as for every end without a result. */
#define EXIT_ABANDONED 70

#define PROGRESS_EVERY_US (100 * 1000)
/* After the result nobody waits: a clean-up that hangs is cut off by SIGALRM. */
#define CLEAN_UP_S 6

static void write_all(struct report *report, const char *text, gsize length)
{
    while (length > 0 && !report->broken) {
        gssize n = write(report->out, text, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            report->broken = TRUE;
            return;
        }
        text += n;
        length -= (gsize)n;
    }
}

/* Takes the reference. */
static void write_event(struct report *report, json_t *event)
{
    char *text = json_dumps(event, JSON_COMPACT);

    json_decref(event);
    if (!text || report->done) {
        free(text);
        return;
    }
    write_all(report, text, strlen(text));
    write_all(report, "\n", 1);
    free(text);
}

static json_t *event_new(const char *name)
{
    json_t *event = json_object();

    (void)json_object_set_new(event, "event", json_string(name)); /* fails only without memory */
    return event;
}

static void set(json_t *event, const char *key, json_t *value)
{
    if (json_object_set_new(event, key, value) != 0)
        g_error("JSON member %s", key); /* all texts are valid UTF-8: no memory */
}

static void set_failure(struct report *report, json_t *event, const GError *error)
{
    g_autofree char *en = pt_error_message(error, PT_LANG_EN);
    g_autofree char *ja = pt_error_message(error, PT_LANG_JA);
    g_autofree char *en_clean = words_clean(en, strlen(en), report->secret);
    g_autofree char *ja_clean = words_clean(ja, strlen(ja), report->secret);

    set(event, "code", json_string(pt_error_info((int)pt_error_code_of(error))->name));
    set(event, "text", json_pack("[s,s]", en_clean, ja_clean));
    if (report->server && *report->server)
        set(event, "server", json_string(report->server));
}

static void end_step(struct report *report, const GError *error)
{
    json_t *event;

    if (report->step < 0)
        return;
    event = event_new("step");
    set(event, "step", json_string(transport_step_name((enum transport_step)report->step)));
    set(event, "ms", json_integer((g_get_monotonic_time() - report->step_began) / 1000));
    set(event, "ok", json_boolean(error == NULL));
    if (error)
        set_failure(report, event, error);
    write_event(report, event);
    report->step = -1;
}

static void on_step(gpointer user, enum transport_step step)
{
    struct report *report = user;

    if (report->step == (int)step)
        return;
    end_step(report, NULL);
    report->step = (int)step;
    report->step_began = g_get_monotonic_time();
}

static void on_progress(gpointer user, gint64 bytes)
{
    struct report *report = user;
    gint64 now = g_get_monotonic_time();
    json_t *event;

    report->bytes = bytes;
    if (now - report->progress_told < PROGRESS_EVERY_US)
        return;
    report->progress_told = now;
    event = event_new("progress");
    set(event, "bytes", json_integer(bytes));
    write_event(report, event);
}

/* The line "go" means go, "stop" means give up and clean up. Anything else, the end of the file above all,
 * means that the parent died, perhaps with `closing` committed: then everything stays as it is, because what
 * lies at the server is what tells the next run what happened. */
static gboolean wait_for_go(const struct report *report)
{
    char line[8];
    gsize length = 0;

    while (length < sizeof line) {
        gssize n = read(report->in, line + length, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        if (line[length] != '\n') {
            length++;
            continue;
        }
        if (length == 2 && memcmp(line, "go", 2) == 0)
            return TRUE;
        if (length == 4 && memcmp(line, "stop", 4) == 0)
            return FALSE;
        break;
    }
    _exit(EXIT_ABANDONED);
}

static gboolean on_uploaded(gpointer user)
{
    struct report *report = user;
    json_t *event = event_new("uploaded");

    set(event, "bytes", json_integer(report->bytes));
    write_event(report, event);
    fault_point("helper.uploaded");
    return wait_for_go(report);
}

static void on_server_said(gpointer user, const char *line)
{
    struct report *report = user;

    g_free(report->server);
    report->server = words_clean(line, strlen(line), report->secret);
}

static void on_warn(gpointer user, const char *code, const char *text)
{
    struct report *report = user;
    g_autofree char *clean = words_clean(text, strlen(text), report->secret);
    json_t *event = event_new("warn");

    set(event, "code", json_string(code));
    set(event, "text", json_string(clean));
    write_event(report, event);
}

static void on_size_limit(gpointer user, gint64 bytes)
{
    struct report *report = user;

    report->size_limit = bytes;
}

static void on_certificate(gpointer user, const struct transport_certificate *certificate)
{
    struct report *report = user;

    json_decref(report->certificate);
    report->certificate = json_pack("{s:s, s:s, s:s, s:s, s:s}", "subject", certificate->subject, "issuer",
                                    certificate->issuer, "not_before", certificate->not_before, "not_after",
                                    certificate->not_after, "sha256", certificate->sha256);
}

static void on_outcome(gpointer user, enum transport_outcome outcome, const GError *error)
{
    report_result(user, outcome, error);
}

void report_init(struct report *report, int in, int out)
{
    *report = (struct report){.in = in, .out = out, .step = -1};
}

void report_events(struct report *report, struct transport_events *ret_events)
{
    *ret_events = (struct transport_events){
        .user = report,
        .step = on_step,
        .progress = on_progress,
        .uploaded = on_uploaded,
        .server_said = on_server_said,
        .warn = on_warn,
        .size_limit = on_size_limit,
        .certificate = on_certificate,
        .outcome = on_outcome,
    };
}

void report_result(struct report *report, enum transport_outcome outcome, const GError *error)
{
    static const char *const names[] = {"delivered", "failed", "unknown", "taken"};
    json_t *event;

    if (report->done)
        return;
    end_step(report, error);
    event = event_new("result");
    set(event, "outcome", json_string(names[outcome]));
    if (error)
        set_failure(report, event, error);
    else if (report->server && *report->server)
        set(event, "server", json_string(report->server));
    if (report->size_limit > 0)
        set(event, "size_limit", json_integer(report->size_limit));
    if (report->certificate && error && pt_error_code_of(error) == PT_ERROR_X11)
        set(event, "certificate", json_incref(report->certificate));
    write_event(report, event);
    report->done = TRUE;
    (void)close(report->out); /* the parent need not wait for what is cleaned up now */
    report->out = -1;
    (void)alarm(CLEAN_UP_S);
}
