/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Store contract: processes that write at once, and processes that are killed: what was acknowledged is
 * there, once. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store-lab.h"

#define CHUNK 25

/* Stores the jobs KEYS-FROM… in chunks; after each commit says so with one byte. Endless unless `chunks`. */
static void writer(const struct lab *lab, const char *keys, int from, int chunks, int tell)
{
    struct store *store = lab_open(lab, STORE_EXISTING);
    struct store_ingest *ingest = store_ingest_new(store, lab->source, FALSE, NULL);

    for (int chunk = 0; !chunks || chunk < chunks; chunk++) {
        for (int i = 0; i < CHUNK; i++, from++) {
            g_autofree char *key = g_strdup_printf("%s-%d", keys, from);
            struct job job = sample(key, day_add(DAY, from % 3), from);

            lab_add_job(ingest, &job);
        }
        if (!store_ingest_commit(ingest, NULL, NULL) || write(tell, "x", 1) != 1)
            _exit(1);
    }
    store_ingest_free(ingest);
    store_close(store);
    _exit(0);
}

static int stored_of(struct store *store)
{
    g_autoptr(Kept) kept = kept_new();

    for (int d = 0; d < 3; d++)
        MUST(store_day_jobs(store, day_add(DAY, d), 0, G_MAXINT64, kept_sink, kept, &error));
    return (int)kept->seqs->len;
}

static void test_two_writers_and_a_reader_at_once(struct lab *lab)
{
    g_autoptr(PtStore) reader = lab_open(lab, STORE_READ);
    int told[2];
    pid_t children[2];
    gint64 before = 0;
    char byte;

    g_assert_cmpint(pipe(told), ==, 0);
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        if (children[i] == 0)
            writer(lab, i ? "a" : "b", 0, 80, told[1]);
    }
    close(told[1]);
    for (int chunks = 0; read(told[0], &byte, 1) == 1;) {
        gint64 count = lab_count(reader);

        chunks++;
        g_assert_cmpint(count, >=, before);
        g_assert_cmpint(count, >=, chunks * CHUNK);
        before = count;
    }
    for (int i = 0; i < 2; i++) {
        int status;

        g_assert_cmpint(waitpid(children[i], &status, 0), ==, children[i]);
        g_assert_cmpint(status, ==, 0);
    }
    close(told[0]);
    g_assert_cmpint(stored_of(reader), ==, 2 * 80 * CHUNK);
    lab_assert_sound(lab->store);
}

/* A writer that begins again the moment it has committed must not keep the others out. */
static void test_a_busy_writer_lets_others_in(struct lab *lab)
{
    int told[2];
    pid_t child;
    char byte;

    g_assert_cmpint(pipe(told), ==, 0);
    child = fork();
    if (child == 0)
        writer(lab, "a", 0, 0, told[1]);
    g_assert_cmpint(read(told[0], &byte, 1), ==, 1);
    for (int i = 0; i < 20; i++) {
        g_autofree char *text = g_strdup_printf("%d", i);
        gint64 begun = g_get_monotonic_time();

        MUST(store_setting_put(lab->store, "export.hour", text, &error));
        g_assert_cmpint(g_get_monotonic_time() - begun, <, 5 * G_USEC_PER_SEC);
    }
    g_assert_cmpint(kill(child, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
    close(told[0]);
    close(told[1]);
}

/* Kills the writer after `chunks` acknowledgements, somewhere in what follows. Returns how many it had made
 * when it died. */
static int kill_after(struct lab *lab, int from, int chunks)
{
    int told[2];
    pid_t child;
    int count = 0;
    char byte;

    g_assert_cmpint(pipe(told), ==, 0);
    child = fork();
    if (child == 0)
        writer(lab, "k", from, 0, told[1]);
    close(told[1]);
    while (count < chunks && read(told[0], &byte, 1) == 1)
        count++;
    for (int spin = g_test_rand_int_range(0, 40000); spin > 0; spin--)
        __asm__ volatile("" ::: "memory");
    g_assert_cmpint(kill(child, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
    while (read(told[0], &byte, 1) == 1)
        count++;
    close(told[0]);
    return count;
}

static void test_what_was_acknowledged_survives_kill(struct lab *lab)
{
    int from = 0;

    for (int round = 0; round < 100; round++) {
        int acknowledged = kill_after(lab, from, g_test_rand_int_range(0, 6)) * CHUNK;
        int stored;

        from += acknowledged;
        stored = stored_of(lab->store);
        g_assert_cmpint(stored, >=, from);
        g_assert_cmpint(stored, <=,
                        from + CHUNK); /* one commit may have been unsaid; the next round offers it again */
        g_assert_cmpint(lab_count(lab->store), ==, stored);
        if (round % 20 == 19)
            lab_assert_sound(lab->store);
    }
    g_assert_cmpint(from, >, 0);
}

static void test_a_process_killed_within_a_transaction_leaves_nothing_of_it(struct lab *lab)
{
    int told[2];
    pid_t child;
    char byte;
    g_autoptr(GHashTable) values = NULL;

    g_assert_cmpint(pipe(told), ==, 0);
    child = fork();
    if (child == 0) {
        struct store *store = lab_open(lab, STORE_EXISTING);

        if (!store_begin(store, STORE_PLAN, NULL) || !store_setting_put(store, "export.hour", "9", NULL) ||
            write(told[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    g_assert_cmpint(read(told[0], &byte, 1), ==, 1);
    g_assert_cmpint(kill(child, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
    MUST(store_settings(lab->store, &values, &error));
    g_assert_cmpuint(g_hash_table_size(values), ==, 0);
    lab_fill(lab, "a", DAY, 1);
    close(told[0]);
    close(told[1]);
}

static void add_tests(void)
{
    lab_add("two writers and a reader at once", test_two_writers_and_a_reader_at_once);
    lab_add("a busy writer lets others in", test_a_busy_writer_lets_others_in);
    lab_add("what was acknowledged survives kill", test_what_was_acknowledged_survives_kill);
    lab_add("a process killed within a transaction leaves nothing of it",
            test_a_process_killed_within_a_transaction_leaves_nothing_of_it);
}

int main(int argc, char **argv)
{
    return lab_run(argc, argv, add_tests);
}
