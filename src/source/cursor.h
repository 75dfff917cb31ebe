/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a source must remember from one poll to the next, as text (a GKeyFile) that the store keeps for it. */
#pragma once
#include "source/ipp-job.h"
#include "source/source.h"

G_BEGIN_DECLS

/* Unfinished jobs remembered at most; the tail still finds the others when they end. */
#define CURSOR_OPEN_MAX 10000
/* Fingerprints of finished runs remembered at most: only comfort, the store's identity makes a job that comes
 * again harmless. */
#define CURSOR_SEEN_MAX 5000
/* Queues whose defaults are remembered at most. */
#define CURSOR_QUEUES_MAX 2000

/* A job whose end was not seen yet, with what is needed to report it should it vanish. Strings may be NULL.
 */
struct cursor_open {
    int id;
    char *uuid, *name, *user, *queue;
    gint64 created;   /* time-at-creation as sent */
    gint64 accepted;  /* the same in seconds UTC */
    gboolean present; /* seen in this poll (not stored) */
};

struct cursor {
    enum source_kind kind;
    gboolean fresh; /* never polled before (not stored) */
    int epoch;      /* counted up when ids began anew */
    int high;       /* highest job-id seen in this epoch */
    gint64 newest;  /* latest time-at-creation seen, as sent */
    int anchor;     /* CUPS: last job of the list at the last poll, 0 = the list was empty */
    char *anchor_uuid;
    guint64 anchor_seen;  /* its fingerprint, when it was finished */
    gint64 tail_at;       /* CUPS: when the newest completions were read, seconds UTC */
    gint64 history;       /* CUPS: how many jobs it keeps, roughly */
    gint64 up_time, boot; /* printer: at the last poll; JOB_NONE = unknown */
    gint64 up_time_at;    /* seconds UTC */
    gint64 asked_at;      /* when queues were asked for their attributes */
    gboolean cupsd;       /* it is a cupsd ... */
    gboolean reasons_trusted;
    char *server;       /* for people */
    GHashTable *open;   /* id -> struct cursor_open */
    GHashTable *seen;   /* of guint64 */
    GHashTable *queues; /* name -> struct ipp_queue; "" = the printer itself */
};

/* Reads the text; NULL, or text that is not ours or of the other kind, gives a fresh one: everything is read
 * again, which the identities make harmless. */
struct cursor *cursor_parse(const char *text, enum source_kind kind);
char *cursor_format(const struct cursor *cursor);
void cursor_free(struct cursor *cursor);
typedef struct cursor PtCursor; /* for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PtCursor, cursor_free)

struct cursor_open *cursor_open_find(const struct cursor *cursor, int id);
/* Remembers an unfinished job, or what is new about it. */
struct cursor_open *cursor_open_put(struct cursor *cursor, const struct ipp_job *job, gint64 accepted);
void cursor_open_remove(struct cursor *cursor, int id);

gboolean cursor_seen(const struct cursor *cursor, guint64 fingerprint);
void cursor_seen_add(struct cursor *cursor, guint64 fingerprint);

G_END_DECLS
