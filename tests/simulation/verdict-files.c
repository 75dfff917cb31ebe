/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the receivers of a simulated world hold, read without any code of the product's export. */
#include "verdict.h"

#include <string.h>

#define BOM "\xef\xbb\xbf"

static void found_free(gpointer data)
{
    struct found *found = data;

    g_free(found->name);
    g_free(found->message_id);
    g_free(found->bytes);
    g_free(found->sha256);
    g_free(found);
}

/* A mail is kept as its file name, its Message-ID and the attachment, a line each before the last. */
static void unpack_mail(struct found *found)
{
    char *first = memchr(found->bytes, '\n', found->length);
    char *second = first ? memchr(first + 1, '\n', found->length - (gsize)(first + 1 - found->bytes)) : NULL;
    gsize head;

    g_assert_nonnull(second);
    g_free(found->name);
    found->name = g_strndup(found->bytes, (gsize)(first - found->bytes));
    found->message_id = g_strndup(first + 1, (gsize)(second - first - 1));
    head = (gsize)(second + 1 - found->bytes);
    memmove(found->bytes, found->bytes + head, found->length - head);
    found->length -= head;
}

static struct found *found_new(guint receiver, const char *path, const char *name)
{
    struct found *found = g_new0(struct found, 1);

    found->receiver = receiver;
    found->name = g_strdup(name);
    g_assert_true(g_file_get_contents(path, &found->bytes, &found->length, NULL));
    if (receivers[receiver].habit == HABIT_MAIL)
        unpack_mail(found);
    found->sha256 =
        g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)found->bytes, found->length);
    return found;
}

static void look_in(const struct world *world, guint receiver, gboolean taken, GPtrArray *all, gint *foreign,
                    gint *parts)
{
    g_autofree char *folder =
        g_build_filename(world->root, receivers[receiver].folder, taken ? "taken" : ".", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        struct found *found;

        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            continue;
        if (g_str_has_suffix(name, ".part")) {
            (*parts)++;
            continue;
        }
        found = found_new(receiver, path, taken ? strchr(name, '-') + 1 : name);
        if (found->length == strlen(RECEIVER_FOREIGN) &&
            memcmp(found->bytes, RECEIVER_FOREIGN, found->length) == 0) {
            (*foreign)++;
            found_free(found);
            continue;
        }
        g_ptr_array_add(all, found);
    }
}

GPtrArray *found_all(const struct world *world, gint *ret_foreign, gint *ret_parts)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(found_free);

    *ret_foreign = *ret_parts = 0;
    for (guint i = 0; i < WORLD_RECEIVERS; i++) {
        look_in(world, i, FALSE, all, ret_foreign, ret_parts);
        look_in(world, i, TRUE, all, ret_foreign, ret_parts);
    }
    return all;
}

/* --- CSV --- */

/* One field; leaves `at` behind it, before the separator or the line's end. */
static GString *take_field(struct rows *rows, char separator)
{
    GString *field = g_string_new(NULL);
    gboolean quoted = rows->at < rows->end && *rows->at == '"';

    if (quoted)
        rows->at++;
    while (rows->at < rows->end) {
        if (quoted && *rows->at == '"') {
            if (rows->at + 1 == rows->end || rows->at[1] != '"') {
                rows->at++;
                break;
            }
            rows->at++;
        } else if (!quoted && (*rows->at == separator || *rows->at == '\r')) {
            break;
        }
        g_string_append_c(field, *rows->at++);
    }
    return field;
}

static void skip_header(struct rows *rows)
{
    const char *line;

    if (rows->end - rows->at >= 3 && memcmp(rows->at, BOM, 3) == 0)
        rows->at += 3;
    line = memchr(rows->at, '\n', (gsize)(rows->end - rows->at));
    rows->broken = !line;
    rows->at = line ? line + 1 : rows->end;
    rows->begun = TRUE;
}

gboolean rows_next(struct rows *rows, gint64 *ret_seq, char **ret_document)
{
    char separator;
    int column = 0;
    char *end = NULL;

    if (!rows->begun)
        skip_header(rows);
    if (rows->at >= rows->end || rows->broken)
        return FALSE;
    *ret_seq = g_ascii_strtoll(rows->at, &end, 10);
    separator = *end; /* the number is never quoted: what follows it separates */
    *ret_document = NULL;
    for (;; column++) {
        GString *field = take_field(rows, separator);

        if (column == JOB_DOCUMENT_NAME)
            *ret_document = g_string_free(field, FALSE);
        else
            g_string_free(field, TRUE);
        if (rows->at >= rows->end || *rows->at != separator)
            break;
        rows->at++;
    }
    rows->broken = column != JOB_COLUMNS - 1 || rows->end - rows->at < 2 || memcmp(rows->at, "\r\n", 2) != 0;
    if (rows->broken) {
        g_free(*ret_document);
        *ret_document = NULL;
        return FALSE;
    }
    rows->at += 2;
    return TRUE;
}
