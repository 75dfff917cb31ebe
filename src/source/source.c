/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources that are polled: judges their addresses and leads a poll to its kind. */
#include "source/source.h"

#include <cups/http.h>
#include <string.h>

#include "source/poll.h"

#define URI_MAX 1000

static gboolean refuse(GError **error, const char *uri, const char *en, const char *ja)
{
    const char *bare = strrchr(uri, '@') ? strrchr(uri, '@') + 1 : uri; /* no password in a message */
    g_autofree char *shown = g_utf8_make_valid(bare, MIN((gssize)strlen(bare), 200));

    pt_error_set(error, PT_ERROR_INPUT, "%s: %s%.0s", "%s: %.0s%s", shown, en, ja);
    return FALSE;
}

static gboolean host_is_sound(const char *host)
{
    if (g_hostname_is_ip_address(host))
        return TRUE;
    return *host && strlen(host) <= 253 &&
           strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_") ==
               strlen(host) &&
           !strstr(host, "..");
}

/* The port as written; 0: there is none; -1: it is no port. */
static int written_port(const char *uri)
{
    const char *authority = strstr(uri, "://") + 3;
    gsize length = strcspn(authority, "/?#");
    g_autofree char *text = g_strndup(authority, length);
    const char *end = strrchr(text, ']');
    const char *colon = strrchr(end ? end : text, ':');
    guint64 port;

    if (!colon)
        return 0;
    if (!g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &port, NULL))
        return -1;
    return (int)port;
}

gboolean source_uri_check(const char *uri, enum source_kind kind, char **ret_uri, GError **error)
{
    char scheme[32], user[256], host[300], resource[1024], whole[1500];
    int port;

    for (const char *c = uri; *c; c++)
        if ((guchar)*c <= ' ' || (guchar)*c >= 0x7f)
            return refuse(error, uri, "holds a blank or a character that is not ASCII",
                          "空白またはASCII以外の文字があります");
    if (strlen(uri) > URI_MAX)
        return refuse(error, uri, "is too long", "長すぎます");
    if (uri[0] == '/' && kind == SOURCE_CUPS && strlen(uri) < 100) {
        *ret_uri = g_strdup(uri);
        return TRUE;
    }
    if (g_ascii_strncasecmp(uri, "ipp://", 6) != 0 && g_ascii_strncasecmp(uri, "ipps://", 7) != 0)
        return refuse(error, uri, "must begin with ipp:// or ipps://, as in ipp://server:631/",
                      "ipp:// または ipps:// で始めてください (例: ipp://server:631/)");
    if (strpbrk(uri, "?#") || written_port(uri) < 0 ||
        httpSeparateURI(HTTP_URI_CODING_ALL, uri, scheme, sizeof(scheme), user, sizeof(user), host,
                        sizeof(host), &port, resource, sizeof(resource)) < HTTP_URI_STATUS_OK)
        return refuse(error, uri, "is not an address of the form ipp://host:port/path",
                      "ipp://ホスト:ポート/パス の形のアドレスではありません");
    if (user[0])
        return refuse(error, uri, "holds a user name or password; leave it out",
                      "ユーザ名やパスワードは含められません");
    if (!host_is_sound(host))
        return refuse(error, uri, "holds no valid host name or IP address",
                      "ホスト名またはIPアドレスが正しくありません");
    if (strstr(resource, "/../") || g_str_has_suffix(resource, "/.."))
        return refuse(error, uri, "must not hold ..", ".. は使用できません");
    for (char *c = host; *c; c++)
        *c = g_ascii_tolower(*c);
    for (char *c = scheme; *c; c++)
        *c = g_ascii_tolower(*c);
    if (kind == SOURCE_PRINTER && strcmp(resource, "/") == 0)
        g_strlcpy(resource, "/ipp/print", sizeof(resource));
    if (httpAssembleURI(HTTP_URI_CODING_ALL, whole, sizeof(whole), scheme, NULL, host, written_port(uri),
                        resource) < HTTP_URI_STATUS_OK)
        return refuse(error, uri, "is too long", "長すぎます");
    *ret_uri = g_strdup(whole);
    return TRUE;
}

void source_report_clear(struct source_report *report)
{
    g_free(report->cursor);
    g_free(report->open_jobs);
    g_free(report->server);
    *report = (struct source_report){0};
}

static void poll_init(struct poll *poll, const struct source_target *target, struct source_report *report)
{
    *poll = (struct poll){.target = target, .report = report, .up_time = JOB_NONE};
    poll->deadline = g_get_monotonic_time() + target->deadline_ms * 1000;
    poll->emitted = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    poll->open_lines = g_string_new(NULL);
}

static void poll_clear(struct poll *poll)
{
    g_clear_pointer(&poll->client, ipp_client_free);
    g_clear_pointer(&poll->cursor, cursor_free);
    g_clear_pointer(&poll->emitted, g_hash_table_unref);
    if (poll->open_lines)
        g_string_free(poll->open_lines, TRUE);
}

gboolean source_poll(const struct source_target *target, const char *cursor, SourceSink sink, gpointer user,
                     struct source_report *ret_report, GError **error)
{
    struct source_report report = {0};
    struct poll poll;
    gboolean ok = FALSE;

    poll_init(&poll, target, &report);
    poll.sink = sink;
    poll.user = user;
    poll.cursor = cursor_parse(cursor, target->kind);
    poll.high = poll.cursor->high;
    poll.newest = poll.cursor->newest;
    poll.client = ipp_client_new(target->uri, target->timeout_ms, error);
    if (poll.client)
        ok = target->kind == SOURCE_CUPS ? poll_cups(&poll, error) : poll_printer(&poll, error);
    if (ok) {
        report.cursor = cursor_format(poll.cursor);
        report.open = (int)g_hash_table_size(poll.cursor->open);
        report.open_jobs = g_string_free(g_steal_pointer(&poll.open_lines), FALSE);
        report.server = g_strdup(poll.cursor->server ? poll.cursor->server : "");
        *ret_report = report;
    }
    poll_clear(&poll);
    return ok;
}

static gboolean ignore_job(const struct source_job *job, gpointer user, GError **error)
{
    (void)job;
    (void)user;
    (void)error;
    return TRUE;
}

gboolean source_test(const struct source_target *target, struct source_report *ret_report, GError **error)
{
    struct source_report report = {0};
    struct poll_jobs query = {.which = "completed", .limit = 1};
    struct poll poll;
    g_auto(PtIppJob) job = {0};
    g_autoptr(ipp_t) answer = NULL;

    poll_init(&poll, target, &report);
    ipp_job_init(&job);
    poll.sink = ignore_job;
    poll.cursor = cursor_parse(NULL, target->kind);
    poll.client = ipp_client_new(target->uri, target->timeout_ms, error);
    if (poll.client && poll_ask(&poll, NULL, error))
        answer = poll_get_jobs(&poll, &query, error);
    if (answer && poll_is_missing(answer) && target->kind == SOURCE_PRINTER)
        pt_error_set(error, PT_ERROR_S03, "%s: no such printer there", "%s: そのプリンタはありません",
                     target->uri);
    else if (answer) {
        (void)ippFirstAttribute(answer);
        while (ipp_job_next(&job, answer)) {
            report.jobs_read++;
            report.hidden = report.hidden || (job.finished && !job.user);
        }
        report.cursor = g_strdup("");
        report.open_jobs = g_strdup("");
        report.server = g_strdup(poll.cursor->server ? poll.cursor->server : "");
        *ret_report = report;
    }
    poll_clear(&poll);
    return ret_report->server != NULL;
}
