/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libcurl on a connection of our own. */
#include "transport/curl-link.h"

#include "transport/words.h"
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SALVAGE_MS 2000
#define UPLOAD_BUFFER (1024L * 1024)

static void moved(struct curl_link *link)
{
    link->moved_at = g_get_monotonic_time();
}

static void take_line(struct curl_link *link, const char *bytes, gsize length)
{
    g_free(link->line);
    link->line = words_clean(bytes, length, link->request->password);
    link->code = words_reply_code(link->line);
    if (link->code == 0)
        link->junk = TRUE;
    if (*link->line)
        link->events->server_said(link->events->user, link->line);
}

static size_t on_header(char *bytes, size_t size, size_t count, void *user)
{
    struct curl_link *link = user;
    gsize length = size * count;
    gboolean last = length < 4 || bytes[3] != '-';

    moved(link);
    if (link->quitting)
        return length; /* the farewell explains nothing */
    take_line(link, bytes, length);
    return link->on_line(link->user, link->line, link->code, last) ? length : 0;
}

/* Only the word in front is compared, with a fixed list: what follows may be a password. */
static int on_debug(CURL *curl, curl_infotype type, char *bytes, size_t length, void *user)
{
    struct curl_link *link = user;

    (void)curl;
    if (type == CURLINFO_HEADER_OUT) {
        moved(link);
        for (int i = 0; link->verbs[i]; i++) {
            gsize verb = strlen(link->verbs[i]);
            if (length <= verb || strncmp(bytes, link->verbs[i], verb) != 0 || !strchr(" \r\n", bytes[verb]))
                continue;
            link->quitting = strcmp(link->verbs[i], "QUIT") == 0;
            if (!link->quitting)
                link->on_sent(link->user, i);
        }
    }
    return 0;
}

static int on_progress(void *user, curl_off_t down_total, curl_off_t down_now, curl_off_t up_total,
                       curl_off_t up_now)
{
    struct curl_link *link = user;

    (void)down_total;
    (void)up_total;
    if (up_now + down_now != link->moved) {
        link->moved = up_now + down_now;
        moved(link);
    }
    link->silent = g_get_monotonic_time() - link->moved_at > (gint64)link->quiet_s * G_USEC_PER_SEC;
    return link->silent ? 1 : 0;
}

static curl_socket_t on_open(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct curl_link *link = user;

    (void)purpose;
    if (link->peer.fd >= 0) {
        link->control_fd = link->peer.fd;
        link->peer.fd = -1;
        return link->control_fd;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int on_option(void *user, curl_socket_t fd, curlsocktype purpose)
{
    const struct curl_link *link = user;

    (void)purpose;
    return fd == link->control_fd ? CURL_SOCKOPT_ALREADY_CONNECTED : CURL_SOCKOPT_OK;
}

/* After a broken data connection libcurl hangs up without reading the reply that says why ("552 disk full").
 */
static void read_rest(struct curl_link *link, int fd)
{
    char bytes[WORDS_MAX];
    gssize n = net_read_some(fd, bytes, sizeof bytes, SALVAGE_MS);
    const char *end = n > 0 ? memchr(bytes, '\n', (gsize)n) : NULL;

    if (end && n > 3 && words_reply_code(bytes))
        take_line(link, bytes, (gsize)(end - bytes));
}

static int on_close(void *user, curl_socket_t fd)
{
    struct curl_link *link = user;

    if (fd == link->control_fd) {
        if (link->salvage && !link->silent)
            read_rest(link, fd);
        link->control_fd = -1;
    }
    return close(fd);
}

/* "host:port:address" of the connection that we have, so that libcurl looks nothing up again. */
static gboolean use_our_address(struct curl_link *link)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char text[NI_MAXHOST];
    g_autofree char *entry = NULL;

    if (getpeername(link->peer.fd, (struct sockaddr *)&address, &length) != 0 ||
        getnameinfo((struct sockaddr *)&address, length, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
        return FALSE;
    if (strcmp(text, link->request->host) == 0)
        return TRUE;
    entry = g_strdup_printf(strchr(text, ':') ? "%s:%d:[%s]" : "%s:%d:%s", link->request->host,
                            link->request->port, text);
    link->host = curl_slist_append(NULL, entry);
    return link->host && curl_easy_setopt(link->curl, CURLOPT_RESOLVE, link->host) == CURLE_OK;
}

static gboolean set_callbacks(struct curl_link *link)
{
    CURL *curl = link->curl;

    return curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, link->message) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERDATA, link) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, on_debug) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_DEBUGDATA, link) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFODATA, link) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_open) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, link) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, on_option) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SOCKOPTDATA, link) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION, on_close) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CLOSESOCKETDATA, link) == CURLE_OK;
}

/* Our own watch on silence stops first; libcurl's limits (the connect time-out covers the log-in, too) are
 * only behind it. */
static gboolean set_options(struct curl_link *link)
{
    const struct transport_request *request = link->request;
    CURL *curl = link->curl;
    long behind =
        60L + MAX(request->timeout_s, request->final_timeout_s > 0 ? request->final_timeout_s : 600);
    gboolean ok =
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK && /* none, whatever the environment says */
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 4 * behind) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, behind) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER) == CURLE_OK;

    if (ok && request->user && *request->user)
        ok = curl_easy_setopt(curl, CURLOPT_USERNAME, request->user) == CURLE_OK &&
             curl_easy_setopt(curl, CURLOPT_PASSWORD, request->password ? request->password : "") == CURLE_OK;
    return ok;
}

gboolean curl_link_open(struct curl_link *link, const struct transport_request *request,
                        const struct transport_events *events, GError **error)
{
    link->request = request;
    link->events = events;
    link->control_fd = -1;
    link->quiet_s = request->timeout_s;
    link->trust = (struct trust){request, events, FALSE, NULL};
    link->peer.fd = -1;
    if (request->password && strpbrk(request->password, "\r\n")) {
        pt_error_set(error, PT_ERROR_X04, "the password holds a line end, which this protocol cannot carry",
                     "パスワードに改行が含まれています(このプロトコルでは送信できません)");
        return FALSE;
    }
    if (!net_reach(request, events, &link->peer, error))
        return FALSE;
    events->step(events->user, STEP_NEGOTIATE);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        link->curl = curl_easy_init();
    if (link->curl && set_callbacks(link) && set_options(link) && use_our_address(link))
        return TRUE;
    pt_error_set(error, PT_ERROR_INTERNAL, "libcurl cannot be set up", "libcurl を設定できません");
    return FALSE;
}

void curl_link_close(struct curl_link *link)
{
    /* libcurl says QUIT and waits up to two minutes for an answer, which a broken server does not give. */
    if (link->failed && link->control_fd >= 0)
        (void)shutdown(link->control_fd, SHUT_RDWR); /* it may be broken already */
    if (link->curl)
        curl_easy_cleanup(link->curl);
    curl_slist_free_all(link->host);
    net_peer_clear(&link->peer);
    trust_clear(&link->trust);
    g_free(link->line);
    link->curl = NULL;
    link->host = NULL;
    link->line = NULL;
}

gboolean curl_link_url(struct curl_link *link, const char *scheme, const char *path)
{
    g_autofree char *url =
        g_strdup_printf("%s://%s:%d%s", scheme, link->request->host, link->request->port, path);

    return curl_easy_setopt(link->curl, CURLOPT_URL, url) == CURLE_OK;
}

CURLcode curl_link_perform(struct curl_link *link)
{
    CURLcode rc;

    moved(link);
    link->moved = 0;
    link->quitting = FALSE;
    *link->message = '\0';
    rc = curl_easy_perform(link->curl);
    link->failed = rc != CURLE_OK;
    return rc;
}

/* A server without TLS answers a TLS greeting with its own, which OpenSSL calls a wrong version. */
static enum pt_error_code handshake_code(const struct curl_link *link)
{
    static const char *const plain[] = {"wrong version number", "http request",
                                        "unexpected message",   "packet length too long",
                                        "record layer failure", NULL};
    static const char *const cut[] = {"syscall", "eof", "reset", "errno", NULL};

    if (link->trust.refused)
        return PT_ERROR_X11;
    if (words_any(link->message, plain))
        return PT_ERROR_X21;
    return words_any(link->message, cut) ? PT_ERROR_X18 : PT_ERROR_X25;
}

static enum pt_error_code silence_code(const struct curl_link *link)
{
    if (link->code >= 400)
        return PT_ERROR_CODES; /* it refused and then did not hang up */
    if (link->code != 0)
        return PT_ERROR_X17;
    return link->junk ? PT_ERROR_X24 : PT_ERROR_X02;
}

enum pt_error_code curl_link_code(const struct curl_link *link, CURLcode rc)
{
    if (link->silent)
        return silence_code(link);
    if (link->trust.refused)
        return PT_ERROR_X11;
    if (rc == CURLE_OPERATION_TIMEDOUT)
        return silence_code(link);
    if (rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CACERT_BADFILE ||
        rc == CURLE_SSL_ISSUER_ERROR)
        return PT_ERROR_X11;
    if (rc == CURLE_SSL_CONNECT_ERROR)
        return handshake_code(link);
    if (rc == CURLE_USE_SSL_FAILED)
        return PT_ERROR_X21;
    if (rc == CURLE_COULDNT_CONNECT)
        return PT_ERROR_X02;
    if (rc == CURLE_OUT_OF_MEMORY || rc == CURLE_URL_MALFORMAT || rc == CURLE_BAD_FUNCTION_ARGUMENT)
        return PT_ERROR_INTERNAL;
    if (rc == CURLE_WEIRD_SERVER_REPLY && link->code == 0)
        return PT_ERROR_X24;
    return PT_ERROR_CODES;
}

/* What curl or OpenSSL said, without the "(errno: 0)" or ", errno 104" at its end: that helps nobody (SPEC
 * 8). */
static char *clean_detail(const struct curl_link *link, const char *detail)
{
    char *clean = words_clean(detail, strlen(detail), link->request->password);
    char *at = strstr(clean, "errno");

    while (at && at > clean && strchr(" (,", at[-1]))
        at--;
    if (at)
        *at = '\0';
    return clean;
}

void curl_link_error(const struct curl_link *link, enum pt_error_code code, const char *doing_en,
                     const char *doing_ja, GError **error)
{
    const struct pt_error_info *info = pt_error_info((int)code);
    const char *detail = code == PT_ERROR_X11 && link->trust.why ? link->trust.why : link->message;
    gboolean own_words =
        code == PT_ERROR_X11 || !link->line || code == PT_ERROR_X18 || code == PT_ERROR_INTERNAL;
    g_autofree char *clean = clean_detail(link, detail);
    g_autofree char *tail =
        own_words && *clean && !link->silent ? g_strdup_printf(" (%s)", clean) : g_strdup("");
    g_autofree char *en = g_strdup_printf("%s: %s%s", doing_en, info->cause[PT_LANG_EN], tail);
    g_autofree char *ja = g_strdup_printf("%s: %s%s", doing_ja, info->cause[PT_LANG_JA], tail);

    pt_error_set_texts(error, code, en, ja);
}
