/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulated world: one shared memory that outlives the processes which are killed in it. */
#pragma once
#include "app/app.h"
#include <sys/types.h>

G_BEGIN_DECLS

#define WORLD_JOBS 60000
#define WORLD_COMPLAINTS 40
#define WORLD_EXCUSES 4096
#define WORLD_SOURCES 3
#define WORLD_DOTS 64
#define WORLD_TEMPORARY 65536

/* What was seen to happen, so that a run which tested nothing cannot pass. */
enum happening {
    HAPPENED_SESSION,
    HAPPENED_RUN,
    HAPPENED_DELIVERY,
    HAPPENED_DEATH,          /* the process was killed in the middle of something */
    HAPPENED_REFUSAL,        /* X01 X02 X04 X08 */
    HAPPENED_BREAK,          /* X17 X18 before everything was uploaded */
    HAPPENED_LOST_REQUEST,   /* `closing`, and the rename or final dot never came */
    HAPPENED_LOST_REPLY,     /* renamed or accepted, and nobody was told */
    HAPPENED_FOREIGN,        /* X15 */
    HAPPENED_TOO_LARGE,      /* X16 */
    HAPPENED_TAKEN,          /* resolved: both names gone, the receiver was quick */
    HAPPENED_LOST_TEMPORARY, /* resolved: both names gone, the server lost it */
    HAPPENED_CLOCK,
    HAPPENED_SETTING,
    HAPPENED_WAIVE,
    HAPPENED_RESEND,
    HAPPENED_RANGE,
    HAPPENED_PURGE,
    HAPPENED_REFUSED_JOB,
    HAPPENED_DUEL,
    HAPPENED_PAUSE,
    HAPPENED_SURVIVOR,
    HAPPENED_CROWD, /* jobs came in while a run was made */
    HAPPENINGS,
};
const char *happening_name(enum happening happening);

/* What the printer knows of its job, and what became of it. */
enum fate {
    FATE_NEW,     /* not acknowledged yet: offered again */
    FATE_STORED,  /* acknowledged: must be delivered or waived exactly once */
    FATE_REFUSED, /* its day was deleted already (RW10): must never be delivered */
    FATE_UNSURE,  /* the process died between commit and acknowledgement, and its day was deleted since */
};
struct world_job {
    gint64 ended;    /* as the printer says it: true time, JOB_NONE, or nonsense */
    gint64 offer_at; /* true time from which the printer tells of it */
    gint64 seq;      /* once seen in the store; 0 = never seen */
    gint32 day;      /* as acknowledged; 0 = not known */
    gint32 maybe[4]; /* days under which it was offered without an acknowledgement */
    guint8 fate;     /* enum fate */
    guint8 source;
};

#define WORLD_RECEIVERS 6
struct weather {         /* true times until which a receiver … */
    gint64 down_until;   /* … does not answer */
    gint64 denied_until; /* … refuses the log-in */
    gint64 full_until;   /* … has no room */
    gint64 size_limit;   /* mail: SIZE, 0 = none */
};

struct world {
    char root[200]; /* folder of everything */
    gint64 truth;   /* what time it really is, seconds UTC; never goes back */
    gint64 skew;    /* how wrong our clock is */
    gint32 n_jobs;
    struct world_job jobs[WORLD_JOBS];
    struct weather weather[WORLD_RECEIVERS];
    gint64 source[WORLD_SOURCES]; /* ids in the store */
    gint32 counter;               /* for names that must differ */
    gint32 foreign;               /* foreign files put */
    gboolean was_off;             /* the export, at some time since the last look */
    gint64 seen_seq;              /* jobs up to here have been looked up in the store */
    struct {
        pid_t pid;
        char message_id[100];
    } final_dot[WORLD_DOTS]; /* final dots whose answer may not be written down yet, by the process' id */
    guint32 excuses[WORLD_EXCUSES]; /* hashes of Message-IDs that may come twice */
    gint32 n_excuses;
    guint64 temporary[WORLD_TEMPORARY]; /* tokens of all temporary names */
    gint32 happened[HAPPENINGS];
    gint32 n_complaints;
    char complaints[WORLD_COMPLAINTS][400];
};

/* A new world below `parent` (NULL = memory or the temporary folder), at `truth`. */
struct world *world_new(gint64 truth);
/* Removes its files, too. */
void world_free(struct world *world);
typedef struct world PtWorld; /* for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PtWorld, world_free)

char *world_path(const struct world *world, const char *name); /* new string */
gint64 world_now(const struct world *world);                   /* what our clock shows */
void world_pass(struct world *world, gint64 seconds);
void world_note(struct world *world, enum happening happening);
gint32 world_number(struct world *world); /* 1, 2 … */
/* Something that must not happen has happened. */
void world_complain(struct world *world, const char *format, ...) G_GNUC_PRINTF(2, 3);
void world_excuse(struct world *world, const char *message_id);
/* This process has given a final dot; NULL: whatever came of the last one is written down. */
void world_final_dot(struct world *world, const char *message_id);
/* TRUE when that temporary name was never used before. */
gboolean world_new_temporary(struct world *world, const char *name);
/* Process `pid` has ended; when it died, its last mail may come again. */
void world_bury(struct world *world, pid_t pid, gboolean died);
/* How often that mail may have come once more. */
guint world_excuses(const struct world *world, const char *message_id);
/* Seconds for g_usleep() to pass instead of sleeping: long naps only make the simulated time go by. */
void world_naps(struct world *world);

G_END_DECLS
