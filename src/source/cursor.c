/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a source must remember from one poll to the next, as text. */
#include "source/cursor.h"

#include <string.h>

#define VERSION 1
#define GROUP "source"
/* With names and users; of more unfinished jobs only the identity is kept. */
#define OPEN_DETAILS_MAX 1000

static void open_free(gpointer data)
{
    struct cursor_open *open = data;

    g_free(open->uuid);
    g_free(open->name);
    g_free(open->user);
    g_free(open->queue);
    g_free(open);
}

static void queue_free(gpointer data)
{
    ipp_queue_free(data);
}

static struct cursor *cursor_new(enum source_kind kind)
{
    struct cursor *cursor = g_new0(struct cursor, 1);

    cursor->kind = kind;
    cursor->fresh = TRUE;
    cursor->epoch = 1;
    cursor->newest = cursor->up_time = cursor->boot = JOB_NONE;
    cursor->open = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, open_free);
    cursor->seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    cursor->queues = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, queue_free);
    return cursor;
}

void cursor_free(struct cursor *cursor)
{
    if (!cursor)
        return;
    g_free(cursor->anchor_uuid);
    g_free(cursor->server);
    g_hash_table_unref(cursor->open);
    g_hash_table_unref(cursor->seen);
    g_hash_table_unref(cursor->queues);
    g_free(cursor);
}

struct cursor_open *cursor_open_find(const struct cursor *cursor, int id)
{
    return g_hash_table_lookup(cursor->open, GINT_TO_POINTER(id));
}

struct cursor_open *cursor_open_put(struct cursor *cursor, const struct ipp_job *job, gint64 accepted)
{
    struct cursor_open *open = cursor_open_find(cursor, job->id);

    if (!open && g_hash_table_size(cursor->open) >= CURSOR_OPEN_MAX)
        return NULL;
    open = g_new0(struct cursor_open, 1);
    open->id = job->id;
    open->uuid = g_strdup(job->uuid);
    open->name = g_strdup(job->name);
    open->user = g_strdup(job->user);
    open->queue = g_strdup(job->queue);
    open->created = job->created;
    open->accepted = accepted;
    g_hash_table_replace(cursor->open, GINT_TO_POINTER(job->id), open);
    return open;
}

void cursor_open_remove(struct cursor *cursor, int id)
{
    g_hash_table_remove(cursor->open, GINT_TO_POINTER(id));
}

gboolean cursor_seen(const struct cursor *cursor, guint64 fingerprint)
{
    return g_hash_table_contains(cursor->seen, &fingerprint);
}

void cursor_seen_add(struct cursor *cursor, guint64 fingerprint)
{
    if (g_hash_table_size(cursor->seen) < CURSOR_SEEN_MAX)
        g_hash_table_add(cursor->seen, g_memdup2(&fingerprint, sizeof(fingerprint)));
}

static char *get_text(GKeyFile *file, const char *group, const char *key)
{
    return g_key_file_get_string(file, group, key, NULL);
}

static gint64 get_number(GKeyFile *file, const char *group, const char *key, gint64 missing)
{
    return g_key_file_has_key(file, group, key, NULL) ? g_key_file_get_int64(file, group, key, NULL)
                                                      : missing;
}

static int get_int(GKeyFile *file, const char *group, const char *key)
{
    return (int)CLAMP(get_number(file, group, key, 0), 0, G_MAXINT32);
}

static void put_text(GKeyFile *file, const char *group, const char *key, const char *text)
{
    if (text)
        g_key_file_set_string(file, group, key, text);
}

static void put_number(GKeyFile *file, const char *group, const char *key, gint64 number)
{
    if (number != JOB_NONE)
        g_key_file_set_int64(file, group, key, number);
}

static void parse_open(struct cursor *cursor, GKeyFile *file, const char *group)
{
    struct cursor_open *open;
    int id = get_int(file, group, "id");

    if (!id || g_hash_table_size(cursor->open) >= CURSOR_OPEN_MAX)
        return;
    open = g_new0(struct cursor_open, 1);
    open->id = id;
    open->uuid = get_text(file, group, "uuid");
    open->name = get_text(file, group, "name");
    open->user = get_text(file, group, "user");
    open->queue = get_text(file, group, "queue");
    open->created = get_number(file, group, "created", JOB_NONE);
    open->accepted = get_number(file, group, "accepted", JOB_NONE);
    g_hash_table_replace(cursor->open, GINT_TO_POINTER(id), open);
}

static void parse_queue(struct cursor *cursor, GKeyFile *file, const char *group)
{
    g_autofree char *name = get_text(file, group, "queue");
    struct ipp_queue *queue;

    if (!name || g_hash_table_size(cursor->queues) >= CURSOR_QUEUES_MAX)
        return;
    queue = g_new0(struct ipp_queue, 1);
    queue->id = get_text(file, group, "id");
    queue->name = get_text(file, group, "name");
    queue->sides = get_text(file, group, "sides");
    queue->media = get_text(file, group, "media");
    queue->color_mode = get_text(file, group, "color");
    queue->copies = get_number(file, group, "copies", JOB_NONE);
    queue->known = TRUE;
    g_hash_table_replace(cursor->queues, g_steal_pointer(&name), queue);
}

static void parse_seen(struct cursor *cursor, GKeyFile *file)
{
    g_autofree char *text = get_text(file, GROUP, "seen");
    g_auto(GStrv) list = text ? g_strsplit(text, " ", CURSOR_SEEN_MAX + 1) : NULL;

    for (char **item = list; item && *item; item++)
        if (**item)
            cursor_seen_add(cursor, g_ascii_strtoull(*item, NULL, 16));
}

static void parse_source(struct cursor *cursor, GKeyFile *file)
{
    g_autofree char *seen = get_text(file, GROUP, "anchor-seen");

    cursor->fresh = FALSE;
    cursor->epoch = MAX(get_int(file, GROUP, "epoch"), 1);
    cursor->high = get_int(file, GROUP, "high");
    cursor->newest = get_number(file, GROUP, "newest", JOB_NONE);
    cursor->anchor = get_int(file, GROUP, "anchor");
    cursor->anchor_uuid = get_text(file, GROUP, "anchor-uuid");
    cursor->anchor_seen = seen ? g_ascii_strtoull(seen, NULL, 16) : 0;
    cursor->tail_at = get_number(file, GROUP, "tail-at", 0);
    cursor->history = get_number(file, GROUP, "history", 0);
    cursor->up_time = get_number(file, GROUP, "up-time", JOB_NONE);
    cursor->boot = get_number(file, GROUP, "boot", JOB_NONE);
    cursor->up_time_at = get_number(file, GROUP, "up-time-at", 0);
    cursor->asked_at = get_number(file, GROUP, "asked-at", 0);
    cursor->cupsd = g_key_file_get_boolean(file, GROUP, "cupsd", NULL);
    cursor->reasons_trusted = g_key_file_get_boolean(file, GROUP, "reasons-trusted", NULL);
    cursor->server = get_text(file, GROUP, "server");
}

struct cursor *cursor_parse(const char *text, enum source_kind kind)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    struct cursor *cursor = cursor_new(kind);
    g_auto(GStrv) groups = NULL;

    if (!text || !*text || !g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, NULL) ||
        get_number(file, GROUP, "version", 0) != VERSION ||
        get_number(file, GROUP, "kind", -1) != (gint64)kind)
        return cursor;
    parse_source(cursor, file);
    parse_seen(cursor, file);
    groups = g_key_file_get_groups(file, NULL);
    for (char **group = groups; *group; group++) {
        if (g_str_has_prefix(*group, "open "))
            parse_open(cursor, file, *group);
        else if (g_str_has_prefix(*group, "queue "))
            parse_queue(cursor, file, *group);
    }
    return cursor;
}

static void format_open(const struct cursor *cursor, GKeyFile *file)
{
    GHashTableIter iter;
    gpointer value;
    guint n = 0;

    g_hash_table_iter_init(&iter, cursor->open);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct cursor_open *open = value;
        g_autofree char *group = g_strdup_printf("open %d", open->id);

        put_number(file, group, "id", open->id);
        put_text(file, group, "uuid", open->uuid);
        put_number(file, group, "created", open->created);
        put_number(file, group, "accepted", open->accepted);
        if (n++ >= OPEN_DETAILS_MAX)
            continue;
        put_text(file, group, "name", open->name);
        put_text(file, group, "user", open->user);
        put_text(file, group, "queue", open->queue);
    }
}

static void format_queues(const struct cursor *cursor, GKeyFile *file)
{
    GHashTableIter iter;
    gpointer key, value;
    guint n = 0;

    g_hash_table_iter_init(&iter, cursor->queues);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const struct ipp_queue *queue = value;
        g_autofree char *group = g_strdup_printf("queue %u", n++);

        put_text(file, group, "queue", key);
        put_text(file, group, "id", queue->id);
        put_text(file, group, "name", queue->name);
        put_text(file, group, "sides", queue->sides);
        put_text(file, group, "media", queue->media);
        put_text(file, group, "color", queue->color_mode);
        put_number(file, group, "copies", queue->copies);
    }
}

static void format_seen(const struct cursor *cursor, GKeyFile *file)
{
    g_autoptr(GString) text = g_string_new(NULL);
    GHashTableIter iter;
    gpointer key;

    g_hash_table_iter_init(&iter, cursor->seen);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        g_string_append_printf(text, "%s%" G_GINT64_MODIFIER "x", text->len ? " " : "",
                               *(const guint64 *)key);
    put_text(file, GROUP, "seen", text->str);
}

char *cursor_format(const struct cursor *cursor)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *seen = g_strdup_printf("%" G_GINT64_MODIFIER "x", cursor->anchor_seen);

    put_number(file, GROUP, "version", VERSION);
    put_number(file, GROUP, "kind", cursor->kind);
    put_number(file, GROUP, "epoch", cursor->epoch);
    put_number(file, GROUP, "high", cursor->high);
    put_number(file, GROUP, "newest", cursor->newest);
    put_number(file, GROUP, "anchor", cursor->anchor);
    put_text(file, GROUP, "anchor-uuid", cursor->anchor_uuid);
    put_text(file, GROUP, "anchor-seen", seen);
    put_number(file, GROUP, "tail-at", cursor->tail_at);
    put_number(file, GROUP, "history", cursor->history);
    put_number(file, GROUP, "up-time", cursor->up_time);
    put_number(file, GROUP, "boot", cursor->boot);
    put_number(file, GROUP, "up-time-at", cursor->up_time_at);
    put_number(file, GROUP, "asked-at", cursor->asked_at);
    g_key_file_set_boolean(file, GROUP, "cupsd", cursor->cupsd);
    g_key_file_set_boolean(file, GROUP, "reasons-trusted", cursor->reasons_trusted);
    put_text(file, GROUP, "server", cursor->server);
    format_seen(cursor, file);
    format_open(cursor, file);
    format_queues(cursor, file);
    return g_key_file_to_data(file, NULL, NULL);
}
