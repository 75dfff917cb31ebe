/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rendering a day: slices of its range are rendered by two threads in turn and put together in order. */
#include "app/render.h"

#include <string.h>

#define THREADS 2
/* Slices that may be under way or wait for the sink; chunks of each. */
#define SLOTS 4
#define SLOT_CHUNKS 2
/* Numbers a slice spans at first: one page of the store, about one chunk. An emptier range gets longer ones.
 */
#define SLICE_SPAN 4000
#define SLICE_SPAN_MAX (1 << 24)
/* Shorter ranges are not worth the threads. */
#define ALONE_SPAN (8 * SLICE_SPAN)

struct chunk {
    char *bytes;
    gsize room, length;
};

/* One slice: claimed by a worker, filled by it, emptied by the calling thread. */
struct slot {
    gboolean claimed, done;
    struct chunk chunks[SLOT_CHUNKS];
    guint first, n; /* which chunks are full */
    gint64 rows, replaced;
    GError *error;
};

struct render {
    const struct app *app;
    const struct csv_format *format;
    gint32 day;
    GMutex lock; /* of all below */
    GCond changed;
    gint64 next, seq_to; /* the next slice begins behind `next` */
    gint64 span;
    guint64 claimed; /* slices so far; slice i is in slot i % SLOTS */
    gboolean stop;
    struct slot slots[SLOTS];
};

struct worker {
    struct render *render;
    struct slot *slot; /* NULL: the header row, which the first writer has given already */
    struct csv_writer *writer;
    gint64 rows, replaced; /* of the writer before this slice */
};

/* --- the workers' side --- */

static gboolean stopped(GError **error)
{
    pt_error_set(error, PT_ERROR_INTERNAL, "stopped", "中止しました");
    return FALSE;
}

/* A full chunk of the slice at hand; waits while the slot has no room for it. */
static gboolean worker_chunk(const char *bytes, gsize length, gpointer user, GError **error)
{
    const struct worker *worker = user;
    struct render *render = worker->render;
    struct slot *slot = worker->slot;
    struct chunk *chunk;

    if (!slot)
        return TRUE;
    g_mutex_lock(&render->lock);
    while (slot->n == SLOT_CHUNKS && !render->stop)
        g_cond_wait(&render->changed, &render->lock);
    chunk = &slot->chunks[(slot->first + slot->n) % SLOT_CHUNKS];
    if (render->stop) {
        g_mutex_unlock(&render->lock);
        return stopped(error);
    }
    g_mutex_unlock(&render->lock);
    /* Nobody else touches a chunk that is not full. */
    if (chunk->room < length) {
        g_free(chunk->bytes);
        chunk->bytes = g_malloc(length);
        chunk->room = length;
    }
    memcpy(chunk->bytes, bytes, length);
    chunk->length = length;
    g_mutex_lock(&render->lock);
    slot->n++;
    g_cond_broadcast(&render->changed);
    g_mutex_unlock(&render->lock);
    return TRUE;
}

static gboolean writer_row(const struct job *job, gpointer user, GError **error)
{
    return csv_writer_row(user, job, error);
}

/* The next slice, in its slot; NULL when there is none left. */
static struct slot *claim(struct render *render, gint64 *ret_from, gint64 *ret_to)
{
    struct slot *slot = NULL;

    g_mutex_lock(&render->lock);
    while (!render->stop && render->next < render->seq_to && render->slots[render->claimed % SLOTS].claimed)
        g_cond_wait(&render->changed, &render->lock);
    if (!render->stop && render->next < render->seq_to) {
        slot = &render->slots[render->claimed++ % SLOTS];
        slot->claimed = TRUE;
        *ret_from = render->next;
        *ret_to = render->seq_to - render->next > render->span ? render->next + render->span : render->seq_to;
        render->next = *ret_to;
        g_cond_broadcast(&render->changed);
    }
    g_mutex_unlock(&render->lock);
    return slot;
}

/* Tells that the slice is complete, or that it failed. */
static void release(struct worker *worker, GError *error)
{
    struct render *render = worker->render;
    struct slot *slot = worker->slot;
    gint64 rows = csv_writer_rows(worker->writer);
    gint64 replaced = csv_writer_replaced(worker->writer);

    g_mutex_lock(&render->lock);
    slot->rows = rows - worker->rows;
    slot->replaced = replaced - worker->replaced;
    slot->error = error;
    slot->done = TRUE;
    if (slot->rows < SLICE_SPAN / 2)
        render->span = MIN(render->span * 2, SLICE_SPAN_MAX);
    else if (slot->rows > SLICE_SPAN)
        render->span = MAX(render->span / 2, SLICE_SPAN);
    g_cond_broadcast(&render->changed);
    g_mutex_unlock(&render->lock);
    worker->rows = rows;
    worker->replaced = replaced;
}

static void work(struct worker *worker, struct store *store)
{
    const struct render *render = worker->render;
    gint64 from, to;

    while ((worker->slot = claim(worker->render, &from, &to))) {
        GError *error = NULL;
        gboolean ok = store_day_jobs(store, render->day, from, to, writer_row, worker->writer, &error) &&
                      csv_writer_finish(worker->writer, &error);

        release(worker, error);
        if (!ok)
            return; /* the writer takes no more */
    }
}

/* A worker that cannot begin: its failure is that of the slice it would have rendered. */
static void give_up(struct render *render, GError *error)
{
    gint64 from, to;
    struct slot *slot = claim(render, &from, &to);

    g_mutex_lock(&render->lock);
    if (slot) {
        slot->error = error;
        slot->done = TRUE;
        g_cond_broadcast(&render->changed);
    }
    g_mutex_unlock(&render->lock);
    if (!slot)
        g_error_free(error); /* the others have done it all */
}

static gpointer worker_thread(gpointer data)
{
    struct render *render = data;
    struct worker worker = {.render = render};
    GError *error = NULL;
    g_autoptr(PtStore) store = store_open(render->app->store_url, STORE_READ, &error);
    g_autoptr(PtCsvWriter) writer =
        store ? csv_writer_new(render->format, worker_chunk, &worker, &error) : NULL;

    worker.writer = writer;
    /* The header row of a file's middle goes nowhere. */
    if (writer && csv_writer_finish(writer, &error))
        work(&worker, store);
    else
        give_up(render, error);
    return NULL;
}

/* --- the calling thread's side --- */

/* Waits for the next chunk of this slot; NULL when the slice is complete. */
static const struct chunk *next_chunk(struct render *render, struct slot *slot)
{
    const struct chunk *chunk = NULL;

    g_mutex_lock(&render->lock);
    while (slot->n == 0 && !slot->done)
        g_cond_wait(&render->changed, &render->lock);
    if (slot->n)
        chunk = &slot->chunks[slot->first];
    g_mutex_unlock(&render->lock);
    return chunk;
}

static void chunk_used(struct render *render, struct slot *slot)
{
    g_mutex_lock(&render->lock);
    slot->first = (slot->first + 1) % SLOT_CHUNKS;
    slot->n--;
    g_cond_broadcast(&render->changed);
    g_mutex_unlock(&render->lock);
}

static gboolean take_slice(struct render *render, struct slot *slot, CsvSink sink, gpointer user,
                           struct render_total *total, GError **error)
{
    const struct chunk *chunk;

    while ((chunk = next_chunk(render, slot))) {
        if (!sink(chunk->bytes, chunk->length, user, error))
            return FALSE;
        chunk_used(render, slot);
    }
    if (slot->error) {
        g_propagate_error(error, g_steal_pointer(&slot->error));
        return FALSE;
    }
    total->rows += slot->rows;
    total->replaced += slot->replaced;
    g_mutex_lock(&render->lock);
    slot->claimed = slot->done = FALSE;
    g_cond_broadcast(&render->changed);
    g_mutex_unlock(&render->lock);
    return TRUE;
}

/* Whether slice number `i` exists or will: waits until that is known. */
static gboolean slice_comes(struct render *render, guint64 i)
{
    gboolean comes;

    g_mutex_lock(&render->lock);
    while (render->claimed <= i && render->next < render->seq_to)
        g_cond_wait(&render->changed, &render->lock);
    comes = render->claimed > i;
    g_mutex_unlock(&render->lock);
    return comes;
}

static gboolean take_all(struct render *render, CsvSink sink, gpointer user, struct render_total *total,
                         GError **error)
{
    for (guint64 i = 0; slice_comes(render, i); i++)
        if (!take_slice(render, &render->slots[i % SLOTS], sink, user, total, error))
            return FALSE;
    return TRUE;
}

static gboolean render_together(struct render *render, CsvSink sink, gpointer user,
                                struct render_total *total, GError **error)
{
    GThread *threads[THREADS];
    gboolean ok;

    g_mutex_init(&render->lock);
    g_cond_init(&render->changed);
    for (int i = 0; i < THREADS; i++)
        threads[i] = g_thread_new("render", worker_thread, render);
    ok = take_all(render, sink, user, total, error);
    g_mutex_lock(&render->lock);
    render->stop = TRUE;
    g_cond_broadcast(&render->changed);
    g_mutex_unlock(&render->lock);
    for (int i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
    for (int i = 0; i < SLOTS; i++) {
        g_clear_error(&render->slots[i].error);
        for (int k = 0; k < SLOT_CHUNKS; k++)
            g_free(render->slots[i].chunks[k].bytes);
    }
    g_cond_clear(&render->changed);
    g_mutex_clear(&render->lock);
    return ok;
}

gboolean render_day(const struct app *app, const struct csv_format *format, gint32 day, gint64 seq_from,
                    gint64 seq_to, CsvSink sink, gpointer user, struct render_total *ret_total,
                    GError **error)
{
    struct render render = {
        .app = app, .format = format, .day = day, .next = seq_from, .seq_to = seq_to, .span = SLICE_SPAN};
    g_autoptr(PtCsvWriter) writer = csv_writer_new(format, sink, user, error);
    gboolean alone = seq_to - seq_from <= ALONE_SPAN;

    *ret_total = (struct render_total){0};
    if (!writer)
        return FALSE;
    if (alone && seq_to > 0 && !store_day_jobs(app->store, day, seq_from, seq_to, writer_row, writer, error))
        return FALSE;
    ret_total->rows = csv_writer_rows(writer);
    ret_total->replaced = csv_writer_replaced(writer);
    if (!csv_writer_finish(writer, error))
        return FALSE;
    g_clear_pointer(&writer, csv_writer_free);
    return alone || render_together(&render, sink, user, ret_total, error);
}
