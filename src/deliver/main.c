/* SPDX-License-Identifier: GPL-3.0-or-later */
/* printtrail-deliver: makes one delivery attempt for its parent (src/transport/PROTOCOL.md). */
#include "base/fault.h"
#include "base/secret.h"
#include "deliver/report.h"
#include "deliver/request.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_NO_RESULT 70
/* The clean-up after the result hangs (see report_result()). */
static void on_alarm(int signal_number)
{
    (void)signal_number;
    _exit(0);
}

/* Dies with the parent; leaves no password in a core file or to a debugger; keeps stdout for events alone.
 * Returns where events go. */
static int harden(void)
{
    const struct rlimit no_core = {0, 0};
    const struct sigaction alarm_action = {.sa_handler = on_alarm};
    pid_t parent = getppid();
    int out;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        return -1;
    if (setrlimit(RLIMIT_CORE, &no_core) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0)
        return -1;
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || sigaction(SIGALRM, &alarm_action, NULL) != 0)
        return -1;
    (void)umask(077);
    /* libsmbclient prints to stdout. */
    out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return -1;
    return out;
}

/* The first line of stdin. The parent writes nothing behind it before it has read `uploaded`. NULL when there
 * is no such line. */
static GString *read_request(void)
{
    g_autoptr(GString) line = g_string_new(NULL);
    char bytes[16384];

    while (line->len <= REQUEST_MAX_BYTES) {
        gssize n = read(STDIN_FILENO, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return NULL;
        g_string_append_len(line, bytes, n);
        if (memchr(bytes, '\n', (gsize)n))
            return line->str[line->len - 1] == '\n' ? g_steal_pointer(&line) : NULL;
    }
    return NULL;
}

static gboolean open_secret(struct deliver_request *request, char **ret_password, GError **error)
{
    g_autoptr(PtSecretKey) key = NULL;

    *ret_password = NULL;
    if (!request->secret || !*request->secret)
        return TRUE;
    if (!request->key_file) {
        pt_error_set(error, PT_ERROR_INPUT, "delivery request: key_file is missing",
                     "送信要求: key_file がありません");
        return FALSE;
    }
    key = secret_key_load(request->key_file, FALSE, error);
    if (!key)
        return FALSE;
    *ret_password = secret_open(key, request->secret, error);
    request->transport_request.password = *ret_password;
    return *ret_password != NULL;
}

static gboolean open_spool(struct deliver_request *request, GError **error)
{
    struct transport_request *t = &request->transport_request;
    struct stat status;

    if (request->op != DELIVER_PUT)
        return TRUE;
    t->fd = open(request->spool, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
    if (t->fd < 0 || fstat(t->fd, &status) != 0) {
        pt_error_set(error, PT_ERROR_INTEGRITY, "cannot open the spool file %s: %s",
                     "スプールファイル %s を開けません: %s", request->spool, g_strerror(errno));
        return FALSE;
    }
    t->work_dir = request->work_dir = g_path_get_dirname(request->spool);
    if (S_ISREG(status.st_mode) && status.st_size == t->size)
        return TRUE;
    pt_error_set(error, PT_ERROR_INTEGRITY, "the spool file %s does not have %" G_GINT64_FORMAT " bytes",
                 "スプールファイル %s のサイズが %" G_GINT64_FORMAT " バイトではありません", request->spool,
                 t->size);
    return FALSE;
}

static enum transport_outcome run_op(const struct deliver_request *request,
                                     const struct transport_events *events, GError **error)
{
    const struct transport *transport = request->transport;
    const struct transport_request *t = &request->transport_request;
    gint64 size_limit = 0;

    switch (request->op) {
    case DELIVER_PUT:
        return transport->put(t, events, error);
    case DELIVER_RESOLVE:
        return transport->resolve(t, events, error);
    case DELIVER_PROBE:
        return transport->probe(t, events, &size_limit, error) ? OUTCOME_DELIVERED : OUTCOME_FAILED;
    case DELIVER_REMOVE:
        return transport->remove_temporary(t, events, error) ? OUTCOME_DELIVERED : OUTCOME_FAILED;
    case DELIVER_COMPARE:
        return transport->compare(t, events, error) ? OUTCOME_DELIVERED : OUTCOME_FAILED;
    }
    return OUTCOME_FAILED;
}

static void run(struct report *report, const GString *line)
{
    struct deliver_request request;
    struct transport_events events;
    g_autoptr(GError) error = NULL;
    enum transport_outcome outcome = OUTCOME_FAILED;
    char *password = NULL;

    if (!deliver_request_parse(line->str, line->len, &request, &error)) {
        report_result(report, OUTCOME_FAILED, error);
        return;
    }
    report_events(report, &events);
    if (request.op == DELIVER_RESOLVE)
        outcome = OUTCOME_UNKNOWN; /* an error before anything was looked at says nothing about the file */
    if (open_secret(&request, &password, &error) && open_spool(&request, &error)) {
        report->secret = password;
        outcome = run_op(&request, &events, &error);
    }
    report_result(report, outcome, error);
    report->secret = NULL;
    secret_wipe(password);
    deliver_request_clear(&request);
}

int main(void)
{
    struct report report;
    GString *line;
    int out = harden();

    if (out < 0)
        return EXIT_NO_RESULT;
    fault_point("helper.start");
    line = read_request();
    if (!line)
        return EXIT_NO_RESULT;
    report_init(&report, STDIN_FILENO, out);
    run(&report, line);
    /* Library threads and exit handlers are of no use any more:
     * docs/adr/0007-what-the-transport-libraries-do.md has seen them hang and crash.
     */
    _exit(report.done && !report.broken ? 0 : EXIT_NO_RESULT);
}
