/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One delivery attempt in its own process: starts the helper, reads its events, watches the clock, kills it
 * when it hangs. */
#include "app/deliver.h"

#include "base/fault.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_MAX_BYTES (64 * 1024)
/* The helper has time-outs of its own; this is for one that hangs in a library all the same. */
#define GRACE_S 30
#define LOCK_CHILD_FD 3

struct helper {
    struct app *app;
    const struct deliver_watch *watch;
    struct deliver_result *result;
    GPid pid;
    int to, from;
    GString *line;
    gboolean went;     /* `go` was given: from here on the outcome can be unknown */
    gboolean finished; /* the result line was read */
    gint64 silence_ms; /* longest time without an event */
};

void deliver_result_clear(struct deliver_result *result)
{
    g_free(result->text[0]);
    g_free(result->text[1]);
    g_free(result->server);
    g_free(result->certificate);
    memset(result, 0, sizeof *result);
}

void deliver_result_error(const struct deliver_result *result, GError **error)
{
    const char *server = result->server ? result->server : "";
    g_autofree char *en = g_strdup_printf("%s%s%s", result->text[0] ? result->text[0] : "",
                                          *server ? " — server: " : "", server);
    g_autofree char *ja = g_strdup_printf("%s%s%s", result->text[1] ? result->text[1] : "",
                                          *server ? " — サーバー: " : "", server);

    pt_error_set_texts(error, result->code, en, ja);
}

static void set_failure(struct deliver_result *result, gboolean went, enum pt_error_code code, const char *en,
                        const char *ja)
{
    deliver_result_clear(result);
    result->outcome = went ? DELIVER_UNKNOWN : DELIVER_FAILED;
    result->code = code;
    result->text[0] = g_strdup(en);
    result->text[1] = g_strdup(ja);
}

static char *helper_path(void)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *directory = self ? g_path_get_dirname(self) : NULL;
    g_autofree char *beside = directory ? g_build_filename(directory, "printtrail-deliver", NULL) : NULL;

    if (beside && g_file_test(beside, G_FILE_TEST_IS_EXECUTABLE))
        return g_steal_pointer(&beside);
    return g_build_filename(PT_LIBEXEC_DIR, "printtrail-deliver", NULL);
}

static gboolean write_line(int fd, const char *text)
{
    gsize left = strlen(text);

    while (left > 0) {
        gssize n = write(fd, text, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FALSE;
        text += n;
        left -= (gsize)n;
    }
    return TRUE;
}

static gboolean helper_start(struct helper *helper, json_t *request, int lock_fd, GError **error)
{
    g_autofree char *path = helper_path();
    const char *argv[] = {path, NULL};
    int child_fd = LOCK_CHILD_FD;
    char *text = json_dumps(request, JSON_COMPACT);
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    gboolean ok;

    free(text);
    ok = g_spawn_async_with_pipes_and_fds(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, -1, -1, -1,
                                          &lock_fd, &child_fd, lock_fd >= 0 ? 1 : 0, &helper->pid,
                                          &helper->to, &helper->from, NULL, error);
    if (!ok)
        return FALSE;
    (void)fcntl(helper->to, F_SETFD, FD_CLOEXEC);
    (void)fcntl(helper->from, F_SETFD, FD_CLOEXEC);
    if (!write_line(helper->to, line)) {
        /* It died at once: reading will tell the same. */
        g_debug("deliver helper took no request");
    }
    return TRUE;
}

static const char *member(json_t *event, const char *name)
{
    return json_string_value(json_object_get(event, name));
}

static void copy_texts(json_t *event, char *ret_text[2])
{
    json_t *text = json_object_get(event, "text");

    for (size_t i = 0; i < 2; i++)
        ret_text[i] = g_strdup(json_string_value(json_array_get(text, i)));
}

static void on_step(const struct helper *helper, json_t *event)
{
    struct export_step step = {
        .step = g_strdup(member(event, "step")),
        .ms = json_integer_value(json_object_get(event, "ms")),
        .ok = json_is_true(json_object_get(event, "ok")),
        .code = g_strdup(member(event, "code")),
        .server = g_strdup(member(event, "server")),
    };

    copy_texts(event, step.text);
    if (helper->watch->step)
        helper->watch->step(helper->watch->user, &step);
    g_free(step.step);
    g_free(step.code);
    g_free(step.server);
    g_free(step.text[0]);
    g_free(step.text[1]);
}

/* X11 shows whom the certificate names, who signed it and its fingerprint (SPEC 8): a person has to compare
 * them. */
static void add_certificate(struct deliver_result *result, json_t *certificate)
{
    const char *subject = "", *issuer = "", *from = "", *until = "", *sha256 = "";
    char *before[2] = {result->text[0], result->text[1]};

    (void)json_unpack(certificate, "{s?s, s?s, s?s, s?s, s?s}", "subject", &subject, "issuer", &issuer,
                      "not_before", &from, "not_after", &until, "sha256",
                      &sha256); /* what lacks stays empty */
    result->text[0] = g_strdup_printf("%s; certificate of %s, issued by %s, valid from %s to %s, SHA-256 %s",
                                      before[0] ? before[0] : "", subject, issuer, from, until, sha256);
    result->text[1] = g_strdup_printf("%s。証明書: 所有者 %s、発行者 %s、有効期間 %s~%s、SHA-256 %s",
                                      before[1] ? before[1] : "", subject, issuer, from, until, sha256);
    g_free(before[0]);
    g_free(before[1]);
}

static void on_result(struct helper *helper, json_t *event)
{
    static const char *const outcomes[] = {"delivered", "failed", "unknown", "taken"};
    struct deliver_result *result = helper->result;
    const char *outcome = member(event, "outcome");
    json_t *certificate = json_object_get(event, "certificate");

    for (int i = 0; i < (int)G_N_ELEMENTS(outcomes); i++)
        if (g_strcmp0(outcome, outcomes[i]) == 0) {
            result->outcome = (enum deliver_outcome)i;
            helper->finished = TRUE;
        }
    result->code = pt_error_code_from_name(member(event, "code"));
    if (result->code == PT_ERROR_CODES)
        result->code = PT_ERROR_INTERNAL;
    copy_texts(event, result->text);
    result->server = g_strdup(member(event, "server"));
    result->size_limit = json_integer_value(json_object_get(event, "size_limit"));
    if (certificate) {
        char *text = json_dumps(certificate, JSON_COMPACT);
        result->certificate = g_strdup(text);
        free(text);
        add_certificate(result, certificate);
    }
}

static void on_uploaded(struct helper *helper)
{
    const struct deliver_watch *watch = helper->watch;

    fault_point("deliver.uploaded");
    if (watch->uploaded && !watch->uploaded(watch->user)) {
        if (!write_line(helper->to, "stop\n"))
            g_debug("deliver helper is gone before stop"); /* its temporary file is removed before the next
                                                              attempt */
        return;
    }
    helper->went = TRUE;
    fault_point("deliver.go");
    if (!write_line(helper->to, "go\n"))
        g_debug("deliver helper is gone before go"); /* reading will tell */
}

static void on_line(struct helper *helper, const char *line)
{
    json_t *event = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    const char *name = member(event, "event");

    if (g_strcmp0(name, "step") == 0)
        on_step(helper, event);
    else if (g_strcmp0(name, "progress") == 0 && helper->watch->progress)
        helper->watch->progress(helper->watch->user, json_integer_value(json_object_get(event, "bytes")));
    else if (g_strcmp0(name, "warn") == 0 && helper->watch->warn)
        helper->watch->warn(helper->watch->user, member(event, "code"), member(event, "text"));
    else if (g_strcmp0(name, "uploaded") == 0 && !helper->went && helper->to >= 0)
        on_uploaded(helper);
    else if (g_strcmp0(name, "result") == 0 && !helper->finished)
        on_result(helper, event);
    json_decref(event);
}

/* Splits what was read into lines; FALSE when a line is longer than any of ours. */
static gboolean take_bytes(struct helper *helper, const char *bytes, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        if (bytes[i] != '\n') {
            if (helper->line->len >= LINE_MAX_BYTES)
                return FALSE;
            g_string_append_c(helper->line, bytes[i]);
            continue;
        }
        on_line(helper, helper->line->str);
        g_string_truncate(helper->line, 0);
    }
    return TRUE;
}

/* Reads events until the helper is done or has to be stopped. */
static void helper_watch(struct helper *helper)
{
    char bytes[16384];
    gint64 quiet_since = g_get_monotonic_time();
    int cancel_fd = helper->app->cancel ? g_cancellable_get_fd(helper->app->cancel) : -1;

    for (;;) {
        struct pollfd fds[2] = {{.fd = helper->from, .events = POLLIN}, {.fd = cancel_fd, .events = POLLIN}};
        gint64 left = helper->silence_ms - (g_get_monotonic_time() - quiet_since) / 1000;
        int ready = left > 0 ? poll(fds, 2, (int)left) : 0;
        gssize n;

        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0) {
            set_failure(helper->result, helper->went, PT_ERROR_X17,
                        "no progress for too long; the transfer was stopped",
                        "長時間進まないため、送信を中止しました");
            break;
        }
        if (fds[1].revents) {
            set_failure(helper->result, helper->went, PT_ERROR_X18, "stopped because printtrail is stopping",
                        "printtrail の終了により中止しました");
            break;
        }
        n = read(helper->from, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || !take_bytes(helper, bytes, (gsize)n))
            break;
        quiet_since = g_get_monotonic_time();
    }
    if (cancel_fd >= 0)
        g_cancellable_release_fd(helper->app->cancel);
}

static void helper_end(struct helper *helper)
{
    int status = 0;

    if (!helper->finished)
        (void)kill(helper->pid, SIGKILL); /* it has nothing more to say that we would believe */
    if (helper->to >= 0)
        (void)close(helper->to);
    (void)close(helper->from);
    while (waitpid(helper->pid, &status, 0) < 0 && errno == EINTR)
        ;
    g_spawn_close_pid(helper->pid);
    if (!helper->finished && !helper->result->text[0])
        set_failure(helper->result, helper->went, PT_ERROR_X18, "the delivery process ended unexpectedly",
                    "送信プロセスが予期せず終了しました");
}

static void run_helper(struct app *app, json_t *request, const struct deliver_watch *watch, int lock_fd,
                       struct deliver_result *ret_result)
{
    json_t *final_timeout = json_object_get(request, "final_timeout_s");
    gint64 timeout_s =
        MAX(json_integer_value(json_object_get(request, "timeout_s")), json_integer_value(final_timeout));
    struct helper helper = {.app = app,
                            .watch = watch,
                            .result = ret_result,
                            .to = -1,
                            .from = -1,
                            .silence_ms = (timeout_s + GRACE_S) * 1000};
    g_autoptr(GError) error = NULL;

    memset(ret_result, 0, sizeof *ret_result);
    if (!helper_start(&helper, request, lock_fd, &error)) {
        g_autofree char *en = g_strdup_printf("the delivery process cannot be started: %s", error->message);
        g_autofree char *ja = g_strdup_printf("送信プロセスを起動できません: %s", error->message);
        set_failure(ret_result, FALSE, PT_ERROR_INTERNAL, en, ja);
        return;
    }
    helper.line = g_string_new(NULL);
    helper_watch(&helper);
    helper_end(&helper);
    g_string_free(helper.line, TRUE);
}

void deliver_run(struct app *app, json_t *request, const struct deliver_watch *watch, int lock_fd,
                 struct deliver_result *ret_result)
{
    static const struct deliver_ops process = {run_helper};

    (app->deliver ? app->deliver : &process)->run(app, request, watch, lock_fd, ret_result);
}
