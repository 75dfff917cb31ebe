/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The event lines of src/transport/PROTOCOL.md: what a transport tells becomes JSON on the parent's pipe. */
#pragma once
#include "transport/transport.h"
#include <jansson.h>

G_BEGIN_DECLS

struct report {
    int in, out;          /* where `go` comes from, where events go */
    const char *secret;   /* never let through; NULL = none */
    int step;             /* enum transport_step that runs, -1 = none yet */
    gint64 step_began;    /* monotonic, us */
    gint64 progress_told; /* monotonic, us */
    gint64 bytes;         /* last progress */
    gint64 size_limit;    /* 0 = none told */
    char *server;         /* the peer's last words, cleaned */
    json_t *certificate;  /* X11 */
    gboolean done;        /* the result is out: nothing more may follow */
    gboolean broken;      /* nobody reads any more */
};

void report_init(struct report *report, int in, int out);
/* The callbacks for a transport; `report` must outlive it. */
void report_events(struct report *report, struct transport_events *ret_events);

/* Ends the running step and writes the result, once; later calls do nothing. `error` may be NULL when
 * delivered or taken. */
void report_result(struct report *report, enum transport_outcome outcome, const GError *error);

G_END_DECLS
