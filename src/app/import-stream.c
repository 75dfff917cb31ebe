/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two threads of an import: one reads and parses, the other one stores; between them a few batches go
 * round, so memory is constant. */
#include "app/import-stream.h"

#include <errno.h>
#include <openssl/evp.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BATCHES 3
/* So long without a batch is a pause: what is there is committed, and a cancellation is seen. */
#define PAUSE_US (50 * 1000)

/* --- batches --- */

static void rejection_clear(gpointer data)
{
    g_clear_error(&((struct import_rejection *)data)->why);
}

static struct import_batch *batch_new(void)
{
    struct import_batch *batch = g_new0(struct import_batch, 1);

    batch->rows = g_new(struct import_row, IMPORT_BATCH_ROWS);
    batch->rejections = g_array_new(FALSE, FALSE, sizeof(struct import_rejection));
    g_array_set_clear_func(batch->rejections, rejection_clear);
    batch->chunks = g_ptr_array_new_with_free_func(g_free);
    return batch;
}

static void batch_free(gpointer data)
{
    struct import_batch *batch = data;

    g_free(batch->rows);
    g_array_unref(batch->rejections);
    g_ptr_array_unref(batch->chunks);
    g_clear_error(&batch->error);
    g_free(batch);
}

static void batch_reset(struct import_batch *batch)
{
    batch->n_rows = 0;
    g_array_set_size(batch->rejections, 0);
    if (batch->chunks->len > 1) {
        g_ptr_array_set_size(batch->chunks, 1);
        batch->room = IMPORT_BATCH_BYTES;
    }
    batch->used = batch->bytes = 0;
    batch->lines = batch->cut = 0;
}

static char *arena_take(struct import_batch *batch, gsize length)
{
    char *place;

    if (batch->chunks->len == 0 || batch->room - batch->used < length) {
        batch->room = MAX(length, IMPORT_BATCH_BYTES);
        g_ptr_array_add(batch->chunks, g_malloc(batch->room));
        batch->used = 0;
    }
    place = (char *)g_ptr_array_index(batch->chunks, batch->chunks->len - 1) + batch->used;
    batch->used += length;
    batch->bytes += length;
    return place;
}

static void keep_text(struct import_batch *batch, struct job_value *value)
{
    char *place;

    if (!value->text)
        return;
    place = arena_take(batch, (gsize)value->number);
    memcpy(place, value->text, (gsize)value->number);
    value->text = place;
}

/* --- the parser's side --- */

/* Hands the batch over and waits for an empty one. */
static gboolean pass_on(struct import_stream *stream, GError **error)
{
    struct pollfd stop = {.fd = stream->stop_fd, .events = POLLIN};

    stream->batch->offset = stream->offset;
    g_async_queue_push(stream->full, stream->batch);
    stream->batch = g_async_queue_pop(stream->empty);
    batch_reset(stream->batch);
    if (poll(&stop, 1, 0) <= 0)
        return TRUE;
    pt_error_set(error, PT_ERROR_INTERNAL, "stopped", "中止しました");
    return FALSE;
}

static gboolean has_something(const struct import_batch *batch)
{
    return batch->n_rows > 0 || batch->rejections->len > 0;
}

gboolean import_read(struct import_stream *stream, char *bytes, gsize size, gsize *ret_length, GError **error)
{
    struct pollfd fds[] = {{.fd = stream->fd, .events = POLLIN}, {.fd = stream->stop_fd, .events = POLLIN}};
    gssize got = -1;

    if (has_something(stream->batch) && poll(fds, 1, 0) == 0 && !pass_on(stream, error))
        return FALSE;
    while (got < 0) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            break;
        if (fds[1].revents) {
            pt_error_set(error, PT_ERROR_INTERNAL, "stopped", "中止しました");
            return FALSE;
        }
        got = read(stream->fd, bytes, size);
        if (got < 0 && errno != EINTR && errno != EAGAIN)
            break;
    }
    if (got < 0) {
        pt_error_set(error, PT_ERROR_INPUT, "the input cannot be read: %s", "入力を読み取れません: %s",
                     g_strerror(errno));
        return FALSE;
    }
    stream->offset += got;
    *ret_length = (gsize)got;
    return TRUE;
}

static void hash_bytes(const void *bytes, gsize length, gpointer user)
{
    (void)EVP_DigestUpdate(user, bytes, length); /* fails only for want of memory; hash_make() sees it */
}

/* core's definition of the bytes, libcrypto's SHA-256: it uses the processor's own instructions. */
static void hash_make(struct import_stream *stream, const struct job *job, char hex[65])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;

    g_assert(EVP_DigestInit_ex2(stream->hasher, NULL, NULL) == 1);
    job_encode(job, hash_bytes, stream->hasher);
    g_assert(EVP_DigestFinal_ex(stream->hasher, digest, &length) == 1 && length == 32);
    for (gsize i = 0; i < 32; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[64] = 0;
}

gboolean import_take(struct import_stream *stream, const struct job *job, gboolean cumulative, GError **error)
{
    struct import_batch *batch = stream->batch;
    struct import_row *row = &batch->rows[batch->n_rows++];

    batch->lines++;
    row->job = *job;
    row->cumulative = cumulative;
    row->job.arrived_at = stream->now;
    row->job.day = zone_day(stream->zone, collect_effective_end(job, stream->now, FALSE));
    row->hash[0] = 0;
    if (job->key.number <= 0)
        hash_make(stream, job, row->hash);
    for (int i = 0; i < JOB_COLUMNS; i++)
        keep_text(batch, &row->job.value[i]);
    keep_text(batch, &row->job.key);
    keep_text(batch, &row->job.raw);
    return (batch->n_rows < IMPORT_BATCH_ROWS && batch->bytes < IMPORT_BATCH_BYTES) || pass_on(stream, error);
}

gboolean import_reject(struct import_stream *stream, guint64 line, GError *why, GError **error)
{
    const struct import_rejection rejection = {line, why};

    stream->batch->lines++;
    g_array_append_val(stream->batch->rejections, rejection);
    return stream->batch->rejections->len < IMPORT_BATCH_ROWS || pass_on(stream, error);
}

void import_count_cut(struct import_stream *stream, guint64 cut)
{
    stream->batch->cut += cut;
}

static gpointer parser_thread(gpointer data)
{
    struct import_stream *stream = data;
    GError *error = NULL;

    (void)stream->parse(stream, &error);
    stream->batch->last = TRUE;
    stream->batch->error = error;
    stream->batch->offset = stream->offset;
    g_async_queue_push(stream->full, stream->batch);
    return NULL;
}

/* --- the storing side --- */

/* Stores one batch and gives it back; *ret_last: it was the last one. */
static gboolean batch_take(struct import_stream *stream, struct import_batch *batch, ImportBatchSink store,
                           gpointer user, gboolean *ret_last, GError **error)
{
    gboolean ok = store(batch, user, error);

    *ret_last = batch->last;
    if (ok && batch->error) {
        g_propagate_error(error, g_steal_pointer(&batch->error));
        ok = FALSE;
    }
    g_async_queue_push(stream->empty, batch);
    return ok;
}

static gboolean store_all(struct import_stream *stream, struct app *app, ImportBatchSink store, gpointer user,
                          GError **error)
{
    gboolean last = FALSE, paused = FALSE;

    while (!last) {
        struct import_batch *batch = paused && !app->cancel
                                         ? g_async_queue_pop(stream->full)
                                         : g_async_queue_timeout_pop(stream->full, PAUSE_US);

        if (app_cancelled(app)) {
            if (batch)
                g_async_queue_push(stream->empty, batch);
            pt_error_set(error, PT_ERROR_X18, "the import was stopped; what was stored stays",
                         "取り込みを中止しました。取り込み済みの履歴は残ります");
            return FALSE;
        }
        if (batch ? !batch_take(stream, batch, store, user, &last, error)
                  : !paused && !store(NULL, user, error))
            return FALSE;
        paused = !batch;
    }
    return TRUE;
}

gboolean import_stream_run(struct import_stream *stream, struct app *app, ImportBatchSink store,
                           gpointer user, GError **error)
{
    EVP_MD_CTX *hasher = EVP_MD_CTX_new();
    const guint64 one = 1;
    GThread *thread;
    gboolean ok;

    g_assert(hasher && EVP_DigestInit_ex2(hasher, EVP_sha256(), NULL) == 1);
    stream->hasher = hasher;
    stream->stop_fd = eventfd(0, EFD_CLOEXEC);
    stream->full = g_async_queue_new_full(batch_free);
    stream->empty = g_async_queue_new_full(batch_free);
    for (int i = 1; i < BATCHES; i++)
        g_async_queue_push(stream->empty, batch_new());
    stream->batch = batch_new();
    thread = g_thread_new("import", parser_thread, stream);
    ok = store_all(stream, app, store, user, error);
    /* A parser that is still reading or waiting for a batch is told to end. */
    if (stream->stop_fd >= 0)
        (void)!write(stream->stop_fd, &one, sizeof one);
    if (!ok)
        g_async_queue_push(stream->empty, batch_new());
    g_thread_join(thread);
    g_async_queue_unref(stream->full);
    g_async_queue_unref(stream->empty);
    if (stream->stop_fd >= 0)
        (void)close(stream->stop_fd);
    EVP_MD_CTX_free(hasher);
    return ok;
}
