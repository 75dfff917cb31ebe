/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection to an IPP server, with a hard deadline and a size limit for every answer. */
#include "source/ipp-client.h"

#include <cups/http.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* libcups asks after so many seconds of silence whether to go on. */
#define SILENCE 0.1
/* How long a thread whose connection was just shut down may take to notice. */
#define GRACE_US (G_USEC_PER_SEC / 2)

/* How far an exchange came: tells what to say when it ends. */
enum stage { STAGE_LOOKUP, STAGE_CONNECT, STAGE_SEND, STAGE_HEADER, STAGE_BODY, STAGE_DONE };

/* One request and its answer. It runs in a thread of its own, because libcups bounds neither the look-up of a
   name, nor a TLS handshake that dribbles, nor HTTP headers without end. The caller waits for it until the
   deadline, shuts the connection down and, should even that not help, leaves it to itself: whoever is last
   frees it. */
struct exchange {
    gint refs;
    GMutex lock;
    GCond changed;
    gboolean finished; /* under lock */
    int fd; /* under lock: our own duplicate of the connection, so that it can be shut down; -1 = none yet */
    gint stage;      /* atomic, enum stage */
    gint silences;   /* atomic: since the stage began */
    gint64 deadline; /* g_get_monotonic_time() */

    char *host, *resource;
    int port;
    http_encryption_t encryption;
    http_t *http; /* the thread's until it is finished; NULL = connect */
    ipp_t *request;

    http_status_t status; /* of the answer; HTTP_STATUS_ERROR: none came */
    int os_error;
    gboolean too_long;
    char *type, *server;
    GByteArray *body;
};

struct ipp_client {
    char *host, *resource, *uri, *peer, *server;
    int port;
    http_encryption_t encryption;
    int timeout_ms;
    gboolean old;     /* speaks IPP 1.1 only */
    gboolean refused; /* the last failure was an IPP status */
    http_t *http;     /* NULL = not connected */
};

static void exchange_unref(struct exchange *x)
{
    if (!g_atomic_int_dec_and_test(&x->refs))
        return;
    if (x->fd >= 0)
        (void)close(x->fd); /* a duplicate: nothing is lost */
    if (x->http)
        httpClose(x->http);
    ippDelete(x->request);
    g_byte_array_unref(x->body);
    g_mutex_clear(&x->lock);
    g_cond_clear(&x->changed);
    g_free(x->host);
    g_free(x->resource);
    g_free(x->type);
    g_free(x->server);
    g_free(x);
}

static void enter(struct exchange *x, enum stage stage)
{
    g_atomic_int_set(&x->silences, 0);
    g_atomic_int_set(&x->stage, (gint)stage);
}

static gboolean expired(struct exchange *x)
{
    return g_get_monotonic_time() >= x->deadline;
}

static void publish(struct exchange *x, int fd)
{
    g_mutex_lock(&x->lock);
    if (x->fd < 0 && fd >= 0)
        x->fd = dup(fd);
    g_mutex_unlock(&x->lock);
}

/* Called by libcups in the exchange's thread, also during a TLS handshake; 0 = give up. */
static int on_silence(http_t *http, void *data)
{
    struct exchange *x = data;

    publish(x, httpGetFd(http));
    g_atomic_int_inc(&x->silences);
    return !expired(x);
}

static gboolean exchange_connect(struct exchange *x)
{
    gint64 left;

    enter(x, STAGE_LOOKUP);
    x->http = httpConnect2(x->host, x->port, NULL, AF_UNSPEC, x->encryption, 1, 0,
                           NULL); /* 0: only look the name up */
    if (!x->http)
        return FALSE;
    httpSetTimeout(x->http, SILENCE, on_silence, x);
    enter(x, STAGE_CONNECT);
    left = (x->deadline - g_get_monotonic_time()) / 1000;
    if (left <= 0 || httpReconnect2(x->http, (int)left, NULL) != 0) {
        x->os_error = httpError(x->http);
        return FALSE;
    }
    return TRUE;
}

static gboolean exchange_send(struct exchange *x, const char *authorization)
{
    ipp_state_t state;

    enter(x, STAGE_SEND);
    publish(x, httpGetFd(x->http));
    httpClearFields(x->http);
    httpSetField(x->http, HTTP_FIELD_CONTENT_TYPE, "application/ipp");
    httpSetField(x->http, HTTP_FIELD_USER_AGENT, "printtrail/" PT_VERSION);
    httpSetLength(x->http, ippLength(x->request));
    if (authorization)
        httpSetField(x->http, HTTP_FIELD_AUTHORIZATION, authorization);
    if (httpPost(x->http, x->resource) != 0)
        return FALSE;
    (void)ippSetState(x->request, IPP_STATE_IDLE);
    do
        state = ippWrite(x->http, x->request);
    while (state != IPP_STATE_DATA && state != IPP_STATE_ERROR && !expired(x));
    return state == IPP_STATE_DATA;
}

static gboolean exchange_read(struct exchange *x)
{
    guint8 buffer[16384];

    enter(x, STAGE_HEADER);
    do
        x->status = httpUpdate(x->http);
    while (x->status == HTTP_STATUS_CONTINUE && !expired(x));
    if (x->status != HTTP_STATUS_OK)
        return FALSE;
    g_free(x->type);
    x->type = g_strdup(httpGetField(x->http, HTTP_FIELD_CONTENT_TYPE));
    g_free(x->server);
    x->server = g_utf8_make_valid(httpGetField(x->http, HTTP_FIELD_SERVER), -1);
    enter(x, STAGE_BODY);
    for (;;) {
        ssize_t n = httpRead2(x->http, (char *)buffer, sizeof(buffer));

        if (n <= 0)
            break;
        x->too_long = x->body->len + (gsize)n > IPP_ANSWER_MAX;
        if (x->too_long || expired(x))
            return FALSE;
        g_byte_array_append(x->body, buffer, (guint)n);
    }
    if (expired(x) || httpGetState(x->http) != HTTP_STATE_WAITING)
        return FALSE; /* cut off */
    enter(x, STAGE_DONE);
    return TRUE;
}

static void exchange_disconnect(struct exchange *x)
{
    if (x->http)
        httpClose(x->http);
    x->http = NULL;
    g_mutex_lock(&x->lock);
    if (x->fd >= 0)
        (void)close(x->fd); /* a duplicate: nothing is lost */
    x->fd = -1;
    g_mutex_unlock(&x->lock);
}

static gboolean exchange_try(struct exchange *x, const char *authorization)
{
    x->status = HTTP_STATUS_ERROR;
    g_byte_array_set_size(x->body, 0);
    if (x->http)
        httpSetTimeout(x->http, SILENCE, on_silence, x);
    else if (!exchange_connect(x))
        return FALSE;
    return exchange_send(x, authorization) && exchange_read(x);
}

static gpointer exchange_run(gpointer data)
{
    struct exchange *x = data;
    gboolean reused = x->http != NULL;
    gboolean done = exchange_try(x, NULL);

    if (!done && reused && x->status == HTTP_STATUS_ERROR && !expired(x)) { /* it was closed while idle */
        exchange_disconnect(x);
        done = exchange_try(x, NULL);
    }
    if (!done && x->status == HTTP_STATUS_UNAUTHORIZED &&
        x->host[0] == '/') { /* cupsd sees who we are by the socket itself */
        g_autofree char *peer = g_strdup_printf("PeerCred %s", g_get_user_name());

        exchange_disconnect(x);
        done = exchange_try(x, peer);
    }
    if (!done || g_ascii_strcasecmp(httpGetField(x->http, HTTP_FIELD_CONNECTION), "close") == 0)
        exchange_disconnect(x);
    g_mutex_lock(&x->lock);
    x->finished = TRUE;
    g_cond_signal(&x->changed);
    g_mutex_unlock(&x->lock);
    exchange_unref(x);
    return NULL;
}

struct ipp_client *ipp_client_new(const char *uri, int timeout_ms, GError **error)
{
    struct ipp_client *client;
    char scheme[32], user[256], host[256], resource[1024];
    int port = 0;
    char whole[1400];

    if (uri[0] == '/') {
        client = g_new0(struct ipp_client, 1);
        client->host = g_strdup(uri);
        client->resource = g_strdup("/");
        client->uri = g_strdup("ipp://localhost/");
        client->peer = g_strdup(uri);
    } else {
        if (httpSeparateURI(HTTP_URI_CODING_ALL, uri, scheme, sizeof(scheme), user, sizeof(user), host,
                            sizeof(host), &port, resource, sizeof(resource)) < HTTP_URI_STATUS_OK ||
            httpAssembleURI(HTTP_URI_CODING_ALL, whole, sizeof(whole), scheme, NULL, host, port, resource) <
                HTTP_URI_STATUS_OK) {
            pt_error_set(error, PT_ERROR_INPUT, "%s: not an address of an IPP server",
                         "%s: IPPサーバーのアドレスではありません", uri);
            return NULL;
        }
        client = g_new0(struct ipp_client, 1);
        client->host = g_strdup(host);
        client->resource = g_strdup(resource);
        client->uri = g_strdup(whole);
        client->peer = g_strdup_printf(strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, port);
        client->encryption =
            strcmp(scheme, "ipps") == 0 ? HTTP_ENCRYPTION_ALWAYS : HTTP_ENCRYPTION_IF_REQUESTED;
    }
    client->port = port;
    client->server = g_strdup("");
    client->timeout_ms = CLAMP(timeout_ms, 100, 600000);
    return client;
}

void ipp_client_free(struct ipp_client *client)
{
    if (!client)
        return;
    if (client->http)
        httpClose(client->http);
    g_free(client->host);
    g_free(client->resource);
    g_free(client->uri);
    g_free(client->peer);
    g_free(client->server);
    g_free(client);
}

const char *ipp_client_uri(const struct ipp_client *client)
{
    return client->uri;
}

const char *ipp_client_peer(const struct ipp_client *client)
{
    return client->peer;
}

const char *ipp_client_server(const struct ipp_client *client)
{
    return client->server;
}

ipp_t *ipp_client_request(const struct ipp_client *client, ipp_op_t operation, const char *uri)
{
    ipp_t *request = ippNewRequest(operation);

    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_URI, "printer-uri", NULL, uri ? uri : client->uri);
    /* the claimed name is enough for cupsd to show all users' jobs, unless it asks for a log-in */
    ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_NAME, "requesting-user-name", NULL, "root");
    return request;
}

static void say_late(const struct ipp_client *client, struct exchange *x, GError **error)
{
    enum stage stage = (enum stage)g_atomic_int_get(&x->stage);
    double seconds = client->timeout_ms / 1000.0;

    if (stage == STAGE_LOOKUP)
        pt_error_set(error, PT_ERROR_S01, "%s: the name could not be looked up within %.3g s",
                     "%s: %.3g 秒以内に名前を解決できませんでした", client->peer, seconds);
    else if (stage >= STAGE_HEADER && g_atomic_int_get(&x->silences) == 0)
        pt_error_set(error, PT_ERROR_S03, "%s: the answer had no end within %.3g s",
                     "%s: %.3g 秒たっても応答が終わりませんでした", client->peer, seconds);
    else
        pt_error_set(error, PT_ERROR_S01, "%s: no whole answer within %.3g s",
                     "%s: %.3g 秒以内に応答が完了しませんでした", client->peer, seconds);
}

/* libcups calls every connection that failed EHOSTDOWN or what the last address brought; a TLS handshake
 * leaves something else. */
static gboolean is_unreachable(int os_error)
{
    return os_error == EHOSTDOWN || os_error == ECONNREFUSED || os_error == EHOSTUNREACH ||
           os_error == ENETUNREACH || os_error == ETIMEDOUT;
}

static void say_unconnected(const struct ipp_client *client, struct exchange *x, GError **error)
{
    if (g_atomic_int_get(&x->stage) == STAGE_LOOKUP)
        pt_error_set(error, PT_ERROR_S01, "%s: the name cannot be resolved", "%s: 名前を解決できません",
                     client->peer);
    else if (client->encryption == HTTP_ENCRYPTION_ALWAYS && !is_unreachable(x->os_error))
        pt_error_set(error, PT_ERROR_S03, "%s: no encrypted connection (TLS) could be set up",
                     "%s: 暗号化接続(TLS)を確立できません", client->peer);
    else if (x->os_error == EHOSTDOWN || !x->os_error)
        pt_error_set(error, PT_ERROR_S01, "%s: connection refused or not reachable",
                     "%s: 接続が拒否されたか、到達できません", client->peer);
    else
        pt_error_set(error, PT_ERROR_S01, "%s: no connection (%s)", "%s: 接続できません (%s)", client->peer,
                     g_strerror(x->os_error));
}

static void say_http(const struct ipp_client *client, http_status_t status, GError **error)
{
    if (status == HTTP_STATUS_UNAUTHORIZED || status == HTTP_STATUS_FORBIDDEN)
        pt_error_set(error, PT_ERROR_S02, "%s: asks for a log-in (HTTP status %d)",
                     "%s: ログインを要求しています (HTTPステータス %d)", client->peer, status);
    else if (status == HTTP_STATUS_UPGRADE_REQUIRED)
        pt_error_set(error, PT_ERROR_S03,
                     "%s: takes encrypted connections only; use an address that begins with ipps://",
                     "%s: 暗号化接続のみ受け付けます。ipps:// で始まるアドレスを指定してください",
                     client->peer);
    else if (status >= HTTP_STATUS_SERVER_ERROR)
        pt_error_set(error, PT_ERROR_S01, "%s: cannot answer now (HTTP status %d)",
                     "%s: 現在応答できません (HTTPステータス %d)", client->peer, status);
    else
        pt_error_set(error, PT_ERROR_S03, "%s: no IPP service at this path (HTTP status %d)",
                     "%s: このパスにはIPPサービスがありません (HTTPステータス %d)", client->peer, status);
}

/* Why a finished exchange brought no answer. */
static void say_failed(const struct ipp_client *client, struct exchange *x, GError **error)
{
    enum stage stage = (enum stage)g_atomic_int_get(&x->stage);

    if (x->too_long)
        pt_error_set(error, PT_ERROR_S03, "%s: the answer is longer than %d MiB",
                     "%s: 応答が %d MiB を超えています", client->peer, (int)(IPP_ANSWER_MAX >> 20));
    else if (expired(x))
        say_late(client, x, error);
    else if (stage < STAGE_SEND)
        say_unconnected(client, x, error);
    else if (stage == STAGE_BODY)
        pt_error_set(error, PT_ERROR_S03, "%s: the answer was cut off", "%s: 応答が途中で切れました",
                     client->peer);
    else if (x->status > HTTP_STATUS_CONTINUE)
        say_http(client, x->status, error);
    else
        pt_error_set(error, PT_ERROR_S01, "%s: closed the connection without an answer",
                     "%s: 応答せずに接続を閉じました", client->peer);
}

/* Takes the result of an exchange that ended in time. */
static ipp_t *take_answer(struct ipp_client *client, struct exchange *x, GError **error)
{
    client->http = g_steal_pointer(&x->http);
    if (g_atomic_int_get(&x->stage) != STAGE_DONE) {
        say_failed(client, x, error);
        return NULL;
    }
    if (client->http)
        httpSetTimeout(client->http, SILENCE, NULL, NULL); /* the exchange it pointed to goes away */
    g_free(client->server);
    client->server = g_strndup(x->server, 200);
    if (g_ascii_strncasecmp(x->type, "application/ipp", 15) != 0) {
        g_autofree char *type = g_utf8_make_valid(x->type, MIN((gssize)strlen(x->type), 60));

        pt_error_set(error, PT_ERROR_S03, "%s: answers with \"%s\", not with IPP",
                     "%s: IPPではなく「%s」で応答しました", client->peer, type);
        return NULL;
    }
    return ipp_read_bytes(x->body->data, x->body->len, client->peer, error);
}

static struct exchange *exchange_new(struct ipp_client *client, ipp_t *request)
{
    struct exchange *x = g_new0(struct exchange, 1);

    x->refs = 1;
    x->fd = -1;
    x->deadline = g_get_monotonic_time() + client->timeout_ms * G_GINT64_CONSTANT(1000);
    x->host = g_strdup(client->host);
    x->resource = g_strdup(client->resource);
    x->port = client->port;
    x->encryption = client->encryption;
    x->http = g_steal_pointer(&client->http);
    x->request = request;
    x->body = g_byte_array_new();
    g_mutex_init(&x->lock);
    g_cond_init(&x->changed);
    return x;
}

/* TRUE: it ended by itself or by being shut down. FALSE: it is on its own now. */
static gboolean exchange_wait(struct exchange *x)
{
    gboolean finished = TRUE;

    g_mutex_lock(&x->lock);
    while (!x->finished && finished)
        finished = g_cond_wait_until(&x->changed, &x->lock, x->deadline);
    if (!x->finished && x->fd >= 0)
        (void)shutdown(x->fd, SHUT_RDWR); /* fails only when the peer was quicker */
    for (finished = TRUE; !x->finished && finished;)
        finished = g_cond_wait_until(&x->changed, &x->lock, x->deadline + GRACE_US);
    finished = x->finished;
    g_mutex_unlock(&x->lock);
    return finished;
}

/* Takes *request and gives it back when it is still ours, so that it can be sent once more. */
static ipp_t *exchange_perform(struct ipp_client *client, ipp_t **request, GError **error)
{
    struct exchange *x = exchange_new(client, g_steal_pointer(request));
    g_autoptr(GThread) thread = NULL;
    ipp_t *answer = NULL;

    g_atomic_int_inc(&x->refs);
    thread = g_thread_try_new("ipp", exchange_run, x, error);
    if (!thread) {
        exchange_unref(x);
    } else if (exchange_wait(x)) {
        (void)g_thread_join(g_steal_pointer(&thread));
        answer = take_answer(client, x, error);
        *request = g_steal_pointer(&x->request);
    } else {
        say_late(client, x, error);
    }
    exchange_unref(x);
    return answer;
}

gboolean ipp_client_refused(const struct ipp_client *client)
{
    return client->refused;
}

/* What an IPP status means; TRUE: the answer is worth reading. */
static gboolean judge(const struct ipp_client *client, ipp_t *answer, GError **error)
{
    ipp_status_t status = ippGetStatusCode(answer);
    g_autofree char *words = g_utf8_make_valid(ippErrorString(status), -1);

    if (status <= IPP_STATUS_OK_EVENTS_COMPLETE || status == IPP_STATUS_ERROR_NOT_FOUND ||
        status == IPP_STATUS_ERROR_GONE)
        return TRUE;
    if (status == IPP_STATUS_ERROR_FORBIDDEN || status == IPP_STATUS_ERROR_NOT_AUTHENTICATED ||
        status == IPP_STATUS_ERROR_NOT_AUTHORIZED)
        pt_error_set(error, PT_ERROR_S02, "%s: refuses to show its jobs (%s)",
                     "%s: ジョブ一覧の表示を拒否しました (%s)", client->peer, words);
    else if (status == IPP_STATUS_ERROR_INTERNAL || status == IPP_STATUS_ERROR_SERVICE_UNAVAILABLE ||
             status == IPP_STATUS_ERROR_DEVICE || status == IPP_STATUS_ERROR_TEMPORARY ||
             status == IPP_STATUS_ERROR_BUSY || status == IPP_STATUS_ERROR_NOT_ACCEPTING_JOBS)
        pt_error_set(error, PT_ERROR_S01, "%s: cannot answer now (%s)", "%s: 現在応答できません (%s)",
                     client->peer, words);
    else
        pt_error_set(error, PT_ERROR_S03, "%s: does not understand the question (%s)",
                     "%s: 要求が理解されませんでした (%s)", client->peer, words);
    return FALSE;
}

ipp_t *ipp_client_send(struct ipp_client *client, ipp_t *request, GError **error)
{
    g_autoptr(ipp_t) ours = request;
    g_autoptr(ipp_t) answer = NULL;

    if (client->old)
        (void)ippSetVersion(ours, 1, 1);
    answer = exchange_perform(client, &ours, error);
    if (answer && !client->old && ippGetStatusCode(answer) == IPP_STATUS_ERROR_VERSION_NOT_SUPPORTED) {
        client->old = TRUE;
        (void)ippSetVersion(ours, 1, 1);
        ippDelete(answer);
        answer = exchange_perform(client, &ours, error);
    }
    client->refused = answer && !judge(client, answer, error);
    if (!answer || client->refused)
        return NULL;
    return g_steal_pointer(&answer);
}
