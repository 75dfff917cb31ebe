/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One job of the history: a value for each column of columns.def, borrowed from whoever filled it in. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

enum job_column {
#define C(id, key, ja, type, guard) JOB_##id,
#include "core/columns.def"
#undef C
    JOB_COLUMNS,
};

enum job_column_type { JOB_INT, JOB_TEXT, JOB_TOKEN, JOB_TIME, JOB_DERIVED };

struct job_column_info {
    const char *key; /* name in CSV (en), NDJSON, API and schema */
    const char *ja;  /* header word of csv.header=ja (SPEC 7) */
    enum job_column_type type;
    gboolean guard; /* the formula guard applies */
};
extern const struct job_column_info job_columns[JOB_COLUMNS];

/* "format_version" of what we write now (not JOB_FORMAT_VERSION: that is the column). */
#define JOB_FORMAT_NOW 1
/* Longest text of one value in bytes; longer ones are cut at a character border and counted (ARCHITECTURE.md,
 * Records). */
#define JOB_TEXT_MAX 1023
/* Longest source_key in bytes. */
#define JOB_KEY_MAX 255
/* 1980-01-01T00:00:00Z: an end before this is no end (SPEC RW3). */
#define JOB_TIME_MIN G_GINT64_CONSTANT(315532800)

/* Unknown or not applicable: text NULL and number JOB_NONE. 0 is a number. */
#define JOB_NONE G_MININT64

/* A text: `text` not NULL, `number` its length in bytes (valid UTF-8 once validated, no NUL; need not be
   NUL-terminated). A number or an instant (seconds UTC): `text` NULL. */
struct job_value {
    const char *text;
    gint64 number;
};

/* Borrowed: all pointers are valid as long as whoever hands the job out says (usually: during the call).
   value[JOB_SEQ] is the store's (set when read, ignored when ingested). value[JOB_ENDED_AT] is the raw end as
   the source gave it, JOB_NONE if unknown; the DERIVED columns hold nothing. */
struct job {
    struct job_value value[JOB_COLUMNS];
    gint32 day;           /* local end day YYYYMMDD, fixed at ingest */
    gint64 arrived_at;    /* when we recorded it, seconds UTC */
    gint64 source_id;     /* store's id of the source */
    struct job_value key; /* source_key: with source and end the identity; empty text = make one from the
                             record (import) */
    struct job_value raw; /* what the source said, "name=value" lines, ≤ 8 KiB; may be empty */
};

/* All values unknown. */
void job_clear(struct job *job);

/* Set a value. `text` NULL or "" sets unknown. */
void job_set_text(struct job *job, enum job_column column, const char *text);
/* The same for bytes that are not NUL-terminated. An empty text is unknown: the CSV cannot tell the two
 * apart. */
void job_set_bytes(struct job *job, enum job_column column, const char *text, gsize length);
void job_set_number(struct job *job, enum job_column column, gint64 number);

static inline gboolean job_has(const struct job *job, enum job_column column)
{
    return job->value[column].text || job->value[column].number != JOB_NONE;
}

/* The column of that key; JOB_COLUMNS if there is none. */
enum job_column job_column_from_key(const char *key, gsize length);

/* Whether the text is one of the words of a TOKEN column (SPEC 7). */
gboolean job_token_valid(enum job_column column, const char *text, gsize length);

/* How many bytes of valid UTF-8 to keep so that at most `limit` remain and no character is torn. */
gsize job_text_fit(const char *text, gsize length, gsize limit);
/* Cuts every text longer than JOB_TEXT_MAX; how many were cut. */
guint job_cut_texts(struct job *job);

/* Checks one record against SPEC 7 and ARCHITECTURE.md "Records": ended_at and job_type there (required),
   tokens in their sets, counts ≥ 0 and ≤ 2^53, ended_at from 1980 to a day after `now`, accepted/started in
   years 1970–9999, department_id 1–7 digits, not all zero (padded into `scratch`, at least 8 bytes). Empty
   texts become unknown. Texts must be valid UTF-8 and cut already. Does not touch the store. PT_ERROR_INPUT
   naming the column otherwise. */
gboolean job_check(struct job *job, gint64 now, char *scratch, GError **error);

/* SHA-256 (hex, 64 characters + NUL) over all columns except seq and the DERIVED ones, unambiguous; the
 * source_key of a record that brought none. */
void job_hash(const struct job *job, char hex[65]);
/* The bytes that job_hash() hashes, in one to a few pieces, for who has a faster SHA-256 than GLib (which
 * takes some 3 µs). */
typedef void (*JobBytes)(const void *bytes, gsize length, gpointer user);
void job_encode(const struct job *job, JobBytes sink, gpointer user);

G_END_DECLS
