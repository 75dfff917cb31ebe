/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Store contract: records without a key. The same file again stores nothing twice, an extended one only what
 * is new, whatever died in between. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store-lab.h"

/* A "file" is a string: each letter a record, equal letters equal records. */
static struct job record(char letter)
{
    return sample(NULL, day_add(DAY, letter % 3), letter);
}

/* Imports it as one stream; how many were stored. */
static int import(struct lab *lab, const char *file)
{
    g_autoptr(PtStoreIngest) ingest = lab_ingest(lab, TRUE);
    int stored = 0;

    for (const char *letter = file; *letter; letter++) {
        struct job job = record(*letter);
        enum store_outcome outcome = lab_add_job(ingest, &job);

        g_assert_true(outcome == STORE_STORED || outcome == STORE_DUPLICATE);
        stored += outcome == STORE_STORED;
    }
    MUST(store_ingest_commit(ingest, NULL, &error));
    return stored;
}

static void test_the_same_file_again_stores_nothing_and_an_extended_one_only_the_rest(struct lab *lab)
{
    static const struct {
        const char *file;
        int stored;
    } imports[] = {
        {"abc", 3},    {"abc", 0},     {"cba", 0},
        {"abcabc", 3}, {"abcabc", 0},  {"aaa", 1}, /* the third a */
        {"aaaab", 1},  {"bbbbbbb", 5}, {"zabcbabc", 1},
        {"", 0},       {"zz", 1},      {"zabz", 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(imports); i++) {
        g_test_message("%s", imports[i].file);
        g_assert_cmpint(import(lab, imports[i].file), ==, imports[i].stored);
    }
    lab_assert_sound(lab->store);
}

/* Whatever was imported before, the store then holds of each letter as many as the fullest file had. */
static void test_random_files_add_up_to_the_most_of_each_record(struct lab *lab)
{
    int most[26] = {0};
    int sum = 0;

    for (int round = 0; round < 60; round++) {
        char file[60];
        int count[26] = {0};
        int length = g_test_rand_int_range(0, sizeof file);

        for (int i = 0; i < length; i++) {
            file[i] = (char)('a' + g_test_rand_int_range(0, 1 + round % 26));
            count[file[i] - 'a']++;
        }
        file[length] = 0;
        import(lab, file);
        for (int i = 0; i < 26; i++)
            most[i] = MAX(most[i], count[i]);
    }
    for (int i = 0; i < 26; i++)
        sum += most[i];
    g_assert_cmpint(lab_count(lab->store), ==, sum);
    lab_assert_sound(lab->store);
}

#define MANY 20000

/* Equal records between others that push them out of every memory: must not become slow with the square. */
static void test_many_equal_records_between_others(struct lab *lab)
{
    gint64 begun = g_get_monotonic_time();

    for (int round = 0; round < 2; round++) {
        g_autoptr(PtStoreIngest) ingest = lab_ingest(lab, TRUE);
        int stored = 0;

        for (int i = 0; i < MANY; i++) {
            struct job job = sample(NULL, DAY, i % 4 ? i : 0);

            stored += lab_add_job(ingest, &job) == STORE_STORED;
        }
        MUST(store_ingest_commit(ingest, NULL, &error));
        g_assert_cmpint(stored, ==, round ? 0 : MANY);
    }
    g_test_message("%.2f s", (double)(g_get_monotonic_time() - begun) / 1e6);
    lab_assert_sound(lab->store);
}

static void test_a_given_up_batch_gives_its_ordinals_back(struct lab *lab)
{
    g_autoptr(PtStoreIngest) ingest = lab_ingest(lab, TRUE);
    struct job job = record('a');
    struct job bad = sample("x", 0, 0);
    enum store_outcome outcome;

    g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_STORED);
    g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_STORED);
    MUST(store_ingest_commit(ingest, NULL, &error));
    g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_STORED);
    FAILS(store_ingest_add(ingest, &bad, NULL, FALSE, &outcome, &error),
          INTERNAL); /* takes the third a along */
    g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_STORED);
    MUST(store_ingest_commit(ingest, NULL, &error));
    g_assert_cmpint(lab_count(lab->store), ==, 3);
}

/* The importer that dies: commits each 7 records and tells so, until it is killed. */
static void die_importing(struct lab *lab, const char *file, int tell)
{
    struct store_ingest *ingest;
    int i = 0;

    lab->store = lab_open(lab, STORE_EXISTING);
    ingest = store_ingest_new(lab->store, lab->source, TRUE, NULL);
    for (const char *letter = file; *letter; letter++) {
        struct job job = record(*letter);

        lab_add_job(ingest, &job);
        if (++i % 7 == 0 && (!store_ingest_commit(ingest, NULL, NULL) || write(tell, "x", 1) != 1))
            _exit(1);
    }
    for (;;)
        pause();
}

static void test_an_import_that_was_killed_is_finished_by_the_next(struct lab *lab)
{
    char file[1001];

    for (int i = 0; i < 1000; i++)
        file[i] = (char)('a' + i * 7 % 11);
    file[1000] = 0;
    for (int round = 0; round < 12; round++) {
        struct lab inner = *lab;
        int told[2];
        pid_t child;
        char byte;

        g_assert_cmpint(pipe(told), ==, 0);
        child = fork();
        if (child == 0)
            die_importing(&inner, file, told[1]);
        for (int i = g_test_rand_int_range(0, 140); i >= 0; i--)
            g_assert_cmpint(read(told[0], &byte, 1), ==, 1);
        g_assert_cmpint(kill(child, SIGKILL), ==, 0);
        g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
        close(told[0]);
        close(told[1]);
    }
    import(lab, file);
    g_assert_cmpint(lab_count(lab->store), ==, 1000);
    g_assert_cmpint(import(lab, file), ==, 0);
    lab_assert_sound(lab->store);
}

static void add_tests(void)
{
    lab_add("the same file again stores nothing and an extended one only the rest",
            test_the_same_file_again_stores_nothing_and_an_extended_one_only_the_rest);
    lab_add("random files add up to the most of each record",
            test_random_files_add_up_to_the_most_of_each_record);
    lab_add("many equal records between others", test_many_equal_records_between_others);
    lab_add("a given up batch gives its ordinals back", test_a_given_up_batch_gives_its_ordinals_back);
    lab_add("an import that was killed is finished by the next",
            test_an_import_that_was_killed_is_finished_by_the_next);
}

int main(int argc, char **argv)
{
    return lab_run(argc, argv, add_tests);
}
