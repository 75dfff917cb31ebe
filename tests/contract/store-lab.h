/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the store's contract tests share: a row for each engine, a folder for each test, sample jobs. */
#pragma once
#include "core/calendar.h"
#include "store/store.h"

/* Both use a variable `error` inside `call`. */
#define MUST(call)                                                                                           \
    G_STMT_START                                                                                             \
    {                                                                                                        \
        GError *error = NULL;                                                                                \
        gboolean must_ok = (call);                                                                           \
        g_assert_no_error(error);                                                                            \
        g_assert_true(must_ok);                                                                              \
    }                                                                                                        \
    G_STMT_END
#define FAILS(call, code)                                                                                    \
    G_STMT_START                                                                                             \
    {                                                                                                        \
        GError *error = NULL;                                                                                \
        gboolean fails_ok = (call);                                                                          \
        g_assert_false(fails_ok);                                                                            \
        g_assert_error(error, PT_ERROR, PT_ERROR_##code);                                                    \
        g_error_free(error);                                                                                 \
    }                                                                                                        \
    G_STMT_END

#define DAY 20260601 /* the first day of most samples */

/* A test's own folder with an open, empty store and one import source. */
struct lab {
    char *dir, *url;
    struct store *store;
    gint64 source;
};

typedef void (*LabTest)(struct lab *lab);
/* Adds the test once for every engine. */
void lab_add(const char *name, LabTest test);
int lab_run(int argc, char **argv, void (*add_tests)(void));

struct store *lab_open(const struct lab *lab, enum store_mode mode);
/* Path of a file in the folder; new string. */
char *lab_file(const struct lab *lab, const char *name);
/* For tests of one engine alone. */
void lab_make(struct lab *lab, const char *url_format);
void lab_remove(struct lab *lab);

/* Seconds UTC of a day's noon. */
gint64 noon(gint32 day);
/* A whole job of `day` that ends at noon + `second`; strings are static but `key`, which is borrowed (NULL =
 * none). */
struct job sample(const char *key, gint32 day, int second);
/* Ingests `count` sample jobs of the day, keys "PREFIX-DAY-0"… in one commit. */
void lab_fill(struct lab *lab, const char *prefix, gint32 day, int count);
struct store_ingest *lab_ingest(struct lab *lab, gboolean exclusive);
enum store_outcome lab_add_job(struct store_ingest *ingest, const struct job *job);

/* A sink that keeps copies: of int64 seq, and of a whole line of text for each job. */
struct kept {
    GArray *seqs;
    GPtrArray *lines;
    gint64 stop_after; /* fail at this job with INPUT; 0 = never */
};
struct kept *kept_new(void);
void kept_free(struct kept *kept);
gboolean kept_sink(const struct job *job, gpointer kept, GError **error);
typedef struct kept Kept;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Kept, kept_free)
/* All values of a job but seq as one line. New string. */
char *job_line(const struct job *job);
/* The job's line; NULL if it is not there. */
char *lab_job_line(struct lab *lab, gint64 seq);

gint64 lab_count(struct store *store); /* jobs in all */
void lab_assert_sound(struct store *store);
gint64 lab_meta_number(struct store *store, const char *key);
/* The source's counters as "stored duplicates conflicts refused". New string. */
char *lab_counters(struct store *store, gint64 source);
/* An auto row (from, to] of the day, inserted in this state. */
gint64 lab_deliver(struct store *store, gint32 day, int revision, gint64 from, gint64 to,
                   enum delivery_state state);
