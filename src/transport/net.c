/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Name look-up and TCP connection with a deadline. */
#include "transport/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void net_peer_clear(struct net_peer *peer)
{
    if (peer->addresses)
        freeaddrinfo(peer->addresses);
    if (peer->fd >= 0)
        (void)close(peer->fd); /* nothing of ours is in flight there any more */
    peer->addresses = NULL;
    peer->fd = -1;
}

static gboolean resolve(const char *host, int port, struct addrinfo **ret_addresses, GError **error)
{
    struct in_addr numeric;
    gboolean literal = inet_pton(AF_INET, host, &numeric) == 1;
    struct addrinfo hints = {.ai_family = literal ? AF_INET : AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV | (literal ? AI_NUMERICHOST : AI_ADDRCONFIG)};
    g_autofree char *service = g_strdup_printf("%d", port);
    int rc = getaddrinfo(host, service, &hints, ret_addresses);

    if (rc == 0)
        return TRUE;
    *ret_addresses = NULL;
    pt_error_set(error, PT_ERROR_X01, "the name %s cannot be resolved: %s", "名前 %s を解決できません: %s",
                 host, gai_strerror(rc));
    return FALSE;
}

/* Connects to one address before the monotonic time `deadline`; -1 and errno otherwise. */
static int connect_one(const struct addrinfo *address, gint64 deadline)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int failure = 0;
    socklen_t length = sizeof failure;
    gint64 left;
    int ready;

    if (fd < 0)
        return -1;
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS) {
        failure = errno;
    } else {
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        do {
            left = (deadline - g_get_monotonic_time()) / 1000;
            ready = poll(&wait, 1, (int)MAX(left, 0));
        } while (ready < 0 && errno == EINTR);
        if (ready <= 0)
            failure = ETIMEDOUT;
        else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &length) != 0)
            failure = errno;
    }
    if (failure == 0 && fcntl(fd, F_SETFL, 0) == 0)
        return fd;
    (void)close(fd); /* never carried data */
    errno = failure ? failure : errno;
    return -1;
}

static int connect_any(const struct addrinfo *addresses, const char *host, int port, int timeout_s,
                       GError **error)
{
    int seconds = MIN(timeout_s > 0 ? timeout_s : NET_CONNECT_TIMEOUT_S, NET_CONNECT_TIMEOUT_S);
    gint64 deadline = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
    int failure = EHOSTUNREACH;

    for (const struct addrinfo *address = addresses; address; address = address->ai_next) {
        int fd = connect_one(address, deadline);
        if (fd >= 0)
            return fd;
        failure = errno;
    }
    if (failure == ETIMEDOUT)
        pt_error_set(error, PT_ERROR_X02, "%s port %d did not answer within %d s",
                     "%s のポート %d から %d 秒以内に応答がありません", host, port, seconds);
    else
        pt_error_set(error, PT_ERROR_X02, "no connection to %s port %d: %s",
                     "%s のポート %d に接続できません: %s", host, port, g_strerror(failure));
    return -1;
}

gboolean net_reach(const struct transport_request *request, const struct transport_events *events,
                   struct net_peer *ret_peer, GError **error)
{
    struct net_peer peer = {NULL, -1};
    int one = 1;

    events->step(events->user, STEP_RESOLVE);
    if (!resolve(request->host, request->port, &peer.addresses, error))
        return FALSE;
    events->step(events->user, STEP_CONNECT);
    peer.fd = connect_any(peer.addresses, request->host, request->port, request->timeout_s, error);
    if (peer.fd < 0) {
        net_peer_clear(&peer);
        return FALSE;
    }
    (void)setsockopt(peer.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* only costs time when refused */
    *ret_peer = peer;
    return TRUE;
}

int net_connect_again(const struct net_peer *peer, int timeout_s, GError **error)
{
    return connect_any(peer->addresses, "the same address", 0, timeout_s, error);
}

gssize net_read_some(int fd, void *bytes, gsize size, int timeout_ms)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    gssize n;

    if (poll(&wait, 1, timeout_ms) <= 0)
        return 0;
    n = recv(fd, bytes, size, MSG_DONTWAIT);
    return n > 0 ? n : n < 0 && errno == EAGAIN ? 0 : -1;
}
