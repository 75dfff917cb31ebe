/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Name look-up and TCP connection with a deadline, done before a protocol library takes over, so that X01 and
 * X02 are certain. */
#pragma once
#include "transport/transport.h"

G_BEGIN_DECLS

#define NET_CONNECT_TIMEOUT_S 10

struct addrinfo;

/* A connection that is about to be used; fd -1 = none. Clear it always. */
struct net_peer {
    struct addrinfo *addresses; /* as the resolver gave them, IPv6 and IPv4 */
    int fd;
};
void net_peer_clear(struct net_peer *peer);

/* Steps resolve and connect. An IPv4 literal causes no look-up at all (SPEC RS3). On success ret_peer->fd is
   connected and blocking. X01 the resolver knows no such name (or does not answer), X02 no address answers
   within NET_CONNECT_TIMEOUT_S (or timeout_s, when that is shorter). Nothing to clear on failure. */
gboolean net_reach(const struct transport_request *request, const struct transport_events *events,
                   struct net_peer *ret_peer, GError **error);

/* One more connection to the same addresses, without events. */
int net_connect_again(const struct net_peer *peer, int timeout_s, GError **error);

/* Reads what comes within timeout_ms, at most `size` bytes; 0 = nothing, -1 = the connection is gone. */
gssize net_read_some(int fd, void *bytes, gsize size, int timeout_ms);

G_END_DECLS
