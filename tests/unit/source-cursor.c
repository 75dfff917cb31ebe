/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a source remembers survives as text, and text of others is never trusted. */
#include "source/cursor.h"

#include "source-data.h"

static struct ipp_job open_job(int id, const char *name)
{
    return (struct ipp_job){.id = id,
                            .state = 4,
                            .uuid = "urn:uuid:1",
                            .name = name,
                            .user = "田中 太郎",
                            .queue = "q=1",
                            .created = 1795000000};
}

static void test_everything_survives_the_text(void)
{
    g_autoptr(PtCursor) cursor = cursor_parse(NULL, SOURCE_CUPS);
    g_autoptr(PtCursor) back = NULL;
    g_autofree char *text = NULL, *again = NULL;
    struct ipp_job job = open_job(17, "line1\nline2 [x] = ; # \\ \t 見積");
    struct ipp_queue *queue = g_new0(struct ipp_queue, 1);
    const struct cursor_open *open;
    const struct ipp_queue *read;

    g_assert_true(cursor->fresh);
    cursor->high = 99;
    cursor->anchor = 98;
    cursor->anchor_uuid = g_strdup("urn:uuid:98");
    cursor->anchor_seen = G_GUINT64_CONSTANT(0xfedcba9876543210);
    cursor->newest = 1795000000;
    cursor->epoch = 4;
    cursor->reasons_trusted = TRUE;
    cursor_open_put(cursor, &job, 1795000001);
    cursor_seen_add(cursor, G_MAXUINT64);
    cursor_seen_add(cursor, 1);
    queue->name = g_strdup("名前");
    queue->copies = 3;
    g_hash_table_replace(cursor->queues, g_strdup("q=1 [é]"), queue);

    text = cursor_format(cursor);
    back = cursor_parse(text, SOURCE_CUPS);
    again = cursor_format(back);
    g_assert_cmpuint(strlen(again), ==, strlen(text));
    g_assert_false(back->fresh);
    g_assert_cmpint(back->high, ==, 99);
    g_assert_cmpint(back->anchor, ==, 98);
    g_assert_cmpstr(back->anchor_uuid, ==, "urn:uuid:98");
    g_assert_cmpuint(back->anchor_seen, ==, G_GUINT64_CONSTANT(0xfedcba9876543210));
    g_assert_cmpint(back->newest, ==, 1795000000);
    g_assert_cmpint(back->boot, ==, JOB_NONE);
    g_assert_cmpint(back->epoch, ==, 4);
    g_assert_true(back->reasons_trusted);
    open = cursor_open_find(back, 17);
    g_assert_nonnull(open);
    g_assert_cmpstr(open->name, ==, job.name);
    g_assert_cmpstr(open->user, ==, job.user);
    g_assert_cmpint(open->accepted, ==, 1795000001);
    g_assert_true(cursor_seen(back, G_MAXUINT64) && cursor_seen(back, 1) && !cursor_seen(back, 2));
    read = g_hash_table_lookup(back->queues, "q=1 [é]");
    g_assert_nonnull(read);
    g_assert_cmpstr(read->name, ==, "名前");
    g_assert_null(read->sides);
    g_assert_cmpint(read->copies, ==, 3);
}

static void test_text_that_is_not_ours_starts_anew(void)
{
    static const char *const cases[] = {
        "",
        "garbage",
        "[source]\nversion=2\nkind=0\nhigh=5\n",
        "[source]\nversion=1\nkind=1\nhigh=5\n",
        "[other]\nversion=1\n",
        "[source]\nversion=1\nhigh=5\n",
        "\xff\xfe",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(PtCursor) cursor = cursor_parse(cases[i], SOURCE_CUPS);

        g_assert_true(cursor->fresh);
        g_assert_cmpint(cursor->high, ==, 0);
    }
}

static void test_numbers_out_of_range_do_no_harm(void)
{
    g_autoptr(PtCursor) cursor =
        cursor_parse("[source]\nversion=1\nkind=0\nhigh=99999999999\nanchor=-5\nepoch=x\nseen=zz  1\n"
                     "[open 1]\nid=-3\n[open 2]\nuuid=x\n[queue 0]\nname=x\n",
                     SOURCE_CUPS);

    g_assert_false(cursor->fresh);
    g_assert_cmpint(cursor->high, ==, G_MAXINT32);
    g_assert_cmpint(cursor->anchor, ==, 0);
    g_assert_cmpint(cursor->epoch, ==, 1);
    g_assert_cmpuint(g_hash_table_size(cursor->open), ==, 0);
    g_assert_cmpuint(g_hash_table_size(cursor->queues), ==, 0);
}

static void test_a_server_cannot_make_it_grow_without_end(void)
{
    g_autoptr(PtCursor) cursor = cursor_parse(NULL, SOURCE_CUPS);
    g_autoptr(PtCursor) back = NULL;
    g_autofree char *name = g_strnfill(1000, 'x');
    g_autofree char *text = NULL;

    for (int i = 1; i <= CURSOR_OPEN_MAX + 100; i++) {
        struct ipp_job job = open_job(i, name);

        cursor_open_put(cursor, &job, 0);
        cursor_seen_add(cursor, (guint64)i);
    }
    g_assert_cmpuint(g_hash_table_size(cursor->open), ==, CURSOR_OPEN_MAX);
    g_assert_cmpuint(g_hash_table_size(cursor->seen), ==, CURSOR_SEEN_MAX);
    text = cursor_format(cursor);
    g_assert_cmpuint(strlen(text), <, 4 * 1024 * 1024);
    back = cursor_parse(text, SOURCE_CUPS);
    g_assert_cmpuint(g_hash_table_size(back->open), ==, CURSOR_OPEN_MAX);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define T(name) g_test_add_func("/source/cursor/" #name, test_##name)
    T(everything_survives_the_text);
    T(text_that_is_not_ours_starts_anew);
    T(numbers_out_of_range_do_no_harm);
    T(a_server_cannot_make_it_grow_without_end);
    return g_test_run();
}
