/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parsers of the imports share: bytes in, batches of jobs out to the thread that stores them.
 * Private to the import. */
#pragma once
#include "app/collect.h"
#include "core/csv.h"

G_BEGIN_DECLS

/* One job of a batch; its texts are in the batch's arena. */
struct import_row {
    struct job job;
    char hash[65]; /* "" when the record brought a key */
    gboolean cumulative;
};
struct import_rejection {
    guint64 line;
    GError *why;
};

/* So many records, or so many bytes of texts, make a batch: enough to be quick, little enough for the memory.
 */
#define IMPORT_BATCH_ROWS 1000
#define IMPORT_BATCH_BYTES (1 << 20)
struct import_batch {
    struct import_row *rows;
    guint n_rows;
    GArray *rejections; /* struct import_rejection, in order */
    GPtrArray *chunks;  /* arena: the first one stays, further ones only for this batch */
    gsize used;         /* of the newest chunk */
    gsize room;         /* size of the newest chunk */
    gsize bytes;        /* in all chunks */
    guint64 lines, cut; /* records seen and texts cut in this batch */
    gint64 offset;      /* bytes of input read so far */
    gboolean last;      /* nothing comes behind it */
    GError *error;      /* with last: why reading ended early */
};

struct import_stream;
typedef gboolean (*ImportParser)(struct import_stream *stream, GError **error);

struct import_stream {
    int fd;
    int stop_fd;       /* readable once the storing side has given up */
    gint64 now;        /* seconds UTC: arrival of all records */
    struct zone *zone; /* the parser's own */
    struct csv_reader_options csv;
    gboolean csv_cp932_default; /* csv.encoding, for a file that does not show its own */
    ImportParser parse;
    struct import_batch *batch; /* being filled */
    GAsyncQueue *full, *empty;
    gint64 offset;
    gpointer hasher; /* EVP_MD_CTX */
};

/* Reads up to `size` bytes; *ret_length 0 at the end of the input. What was parsed so far goes on to be
 * stored when the input keeps us waiting. */
gboolean import_read(struct import_stream *stream, char *bytes, gsize size, gsize *ret_length,
                     GError **error);
/* Takes one record: copies all texts, makes the hash of one without key, finds its day. `job` has passed
 * job_check(). FALSE: stop. */
gboolean import_take(struct import_stream *stream, const struct job *job, gboolean cumulative,
                     GError **error);
/* Takes note of a record that is refused; `why` is taken over. FALSE: stop. */
gboolean import_reject(struct import_stream *stream, guint64 line, GError *why, GError **error);
/* Texts of the present batch that were cut. */
void import_count_cut(struct import_stream *stream, guint64 cut);

/* Runs the parser in a thread and `store` on each batch in the calling one, in order; NULL when nothing came
 * for a while: a good moment to commit. */
typedef gboolean (*ImportBatchSink)(const struct import_batch *batch, gpointer user, GError **error);
gboolean import_stream_run(struct import_stream *stream, struct app *app, ImportBatchSink store,
                           gpointer user, GError **error);

/* The formats. */
gboolean import_ndjson(struct import_stream *stream, GError **error);
gboolean import_csv(struct import_stream *stream, GError **error);
gboolean import_page_log(struct import_stream *stream, GError **error);

/* Calls `line` for each line without its end; one that is longer than `max` comes as NULL. */
typedef gboolean (*ImportLine)(struct import_stream *stream, guint64 number, const char *line, gsize length,
                               gpointer user, GError **error);
gboolean import_lines(struct import_stream *stream, gsize max, ImportLine line, gpointer user,
                      GError **error);

G_END_DECLS
