/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Store contract: each identity once, conflicts counted, re-runs book differences, batches, the horizon, the
 * import lock. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store-lab.h"

static void test_every_value_comes_back_as_it_went_in(struct lab *lab)
{
    struct job job = sample("key", DAY, 0);
    g_autoptr(PtStoreIngest) ingest = lab_ingest(lab, FALSE);
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    char texts[JOB_COLUMNS][16];

    for (int i = JOB_SEQ + 1; i < JOB_COLUMNS; i++) {
        g_snprintf(texts[i], sizeof texts[i], "値 %d", i);
        if (job_columns[i].type == JOB_TEXT || job_columns[i].type == JOB_TOKEN)
            job_set_text(&job, (enum job_column)i, texts[i]);
        else if (job_columns[i].type != JOB_DERIVED && i != JOB_ENDED_AT)
            job_set_number(&job, (enum job_column)i, i * G_GINT64_CONSTANT(1000000007));
    }
    before = job_line(&job);
    g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_STORED);
    MUST(store_ingest_commit(ingest, "cursor 1", &error));
    after = lab_job_line(lab, 1);
    g_assert_cmpstr(after, ==, before);
}

static void test_zero_is_a_number_and_unknown_is_not(struct lab *lab)
{
    struct job job = sample("key", DAY, 0);
    g_autoptr(PtStoreIngest) ingest = lab_ingest(lab, FALSE);
    g_autofree char *line = NULL;
    g_autofree char *other = NULL;

    job_clear(&job);
    job_set_number(&job, JOB_FACES_TOTAL, 0);
    job.day = DAY;
    job.arrived_at = noon(DAY);
    job.key = (struct job_value){"a", 1};
    g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_STORED); /* no end, either */
    g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_DUPLICATE);
    job_set_number(&job, JOB_FACES_TOTAL, JOB_NONE);
    g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_CONFLICT);
    MUST(store_ingest_commit(ingest, NULL, &error));
    line = lab_job_line(lab, 1);
    job_set_number(&job, JOB_FACES_TOTAL, 0);
    other = job_line(&job);
    g_assert_cmpstr(line, ==, other);
}

static void test_the_same_identity_is_stored_once_and_the_first_content_stays(struct lab *lab)
{
    struct job job = sample("key", DAY, 0);
    g_autoptr(PtStoreIngest) ingest = lab_ingest(lab, FALSE);
    g_autofree char *first = job_line(&job);
    g_autofree char *kept = NULL;
    g_autofree char *counters = NULL;

    g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_STORED);
    job.arrived_at += 1000; /* offered again later: our moment and our day are not its content */
    job.day = day_add(DAY, 1);
    g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_DUPLICATE);
    job.day = DAY;
    job_set_text(&job, JOB_USER_NAME, "Akirb");
    g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_CONFLICT);
    job_set_text(&job, JOB_USER_NAME, NULL);
    g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_CONFLICT);
    job = sample("key", DAY, 1); /* another end: a record of its own */
    g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_STORED);
    job = sample("Key", DAY, 0); /* another key */
    g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_STORED);
    MUST(store_ingest_commit(ingest, NULL, &error));
    kept = lab_job_line(lab, 1);
    g_assert_cmpstr(kept, ==, first);
    g_assert_cmpint(lab_count(lab->store), ==, 3);
    counters = lab_counters(lab->store, lab->source);
    g_assert_cmpstr(counters, ==, "3 1 2 0");
    lab_assert_sound(lab->store);
}

static void test_another_source_has_identities_of_its_own(struct lab *lab)
{
    struct job job = sample("key", DAY, 0);
    gint64 other;

    lab_fill(lab, "a", DAY, 3);
    MUST(store_source_add(lab->store, "other", "import", "", &other, &error));
    lab->source = other;
    lab_fill(lab, "a", DAY, 3);
    g_assert_cmpint(lab_count(lab->store), ==, 6);
    g_assert_true(job.day == DAY);
}

static void test_nothing_is_there_before_the_commit_and_the_cursor_comes_with_it(struct lab *lab)
{
    struct job job = sample("key", DAY, 0);
    struct store_ingest *ingest = lab_ingest(lab, FALSE);
    g_autoptr(PtStore) other = lab_open(lab, STORE_READ);
    g_autoptr(GPtrArray) rows = NULL;

    lab_add_job(ingest, &job);
    g_assert_cmpint(lab_count(other), ==, 0);
    store_ingest_free(ingest); /* given up */
    g_assert_cmpint(lab_count(lab->store), ==, 0);
    ingest = lab_ingest(lab, FALSE);
    g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_STORED);
    MUST(store_ingest_commit(ingest, "max=17", &error));
    MUST(store_sources(other, &rows, &error));
    g_assert_cmpstr(((struct source_row *)g_ptr_array_index(rows, 0))->cursor, ==, "max=17");
    g_assert_cmpint(lab_count(other), ==, 1);
    MUST(store_ingest_commit(ingest, "max=18", &error)); /* a cursor alone */
    MUST(store_ingest_commit(ingest, NULL, &error));     /* and nothing at all */
    g_clear_pointer(&rows, g_ptr_array_unref);
    MUST(store_sources(other, &rows, &error));
    g_assert_cmpstr(((struct source_row *)g_ptr_array_index(rows, 0))->cursor, ==, "max=18");
    store_ingest_free(ingest);
}

static void test_a_long_stream_is_committed_in_batches(struct lab *lab)
{
    g_autoptr(PtStoreIngest) ingest = lab_ingest(lab, FALSE);
    g_autoptr(PtStore) other = lab_open(lab, STORE_READ);

    for (int i = 0; i < 2 * STORE_INGEST_BATCH + 10; i++) {
        g_autofree char *key = g_strdup_printf("%d", i);
        struct job job = sample(key, day_add(DAY, i % 3), i);

        g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_STORED);
    }
    /* A transaction ends at STORE_INGEST_BATCH rows, on a slow machine sooner: never more than those are
     * open. */
    g_assert_cmpint(lab_count(other), >, STORE_INGEST_BATCH + 10);
    MUST(store_ingest_commit(ingest, NULL, &error));
    g_assert_cmpint(lab_count(other), ==, 2 * STORE_INGEST_BATCH + 10);
    lab_assert_sound(other);
}

static void test_other_writes_of_the_handle_wait_for_the_commit(struct lab *lab)
{
    struct job job = sample("key", DAY, 0);
    g_autoptr(PtStoreIngest) ingest = lab_ingest(lab, FALSE);
    enum store_outcome outcome;

    lab_add_job(ingest, &job);
    FAILS(store_setting_put(lab->store, "export.hour", "5", &error), INTERNAL);
    MUST(store_ingest_commit(ingest, NULL, &error));
    MUST(store_begin(lab->store, STORE_WRITE, &error));
    FAILS(store_ingest_add(ingest, &job, NULL, FALSE, &outcome, &error), INTERNAL);
    store_rollback(lab->store);
    g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_DUPLICATE);
}

static void test_a_job_that_cannot_be_stored_is_refused(struct lab *lab)
{
    static const char long_key[JOB_KEY_MAX + 2] = {[0 ... JOB_KEY_MAX] = 'k'};
    struct job job = sample(long_key, DAY, 0);
    g_autoptr(PtStoreIngest) ingest = lab_ingest(lab, FALSE);
    enum store_outcome outcome;

    FAILS(store_ingest_add(ingest, &job, NULL, FALSE, &outcome, &error), INTERNAL);
    job = sample(NULL, DAY, 0);
    FAILS(store_ingest_add(ingest, &job, "00", FALSE, &outcome, &error), INTERNAL); /* not exclusive */
    job = sample("key", 0, 0);
    FAILS(store_ingest_add(ingest, &job, NULL, FALSE, &outcome, &error), INTERNAL);
    job = sample("key", DAY, 0);
    g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_STORED);
}

static void test_an_unknown_source_takes_nothing(struct lab *lab)
{
    FAILS(store_ingest_new(lab->store, 4711, FALSE, &error) != NULL, MISSING);
}

/* --- re-runs --- */

struct counts {
    int second; /* of the end, after noon */
    gint64 faces, sheets;
    enum store_outcome outcome;
    gint64 faces_stored, sheets_stored;
};

static void check_counts(struct lab *lab, const struct counts *rows, gsize n)
{
    g_autoptr(PtStoreIngest) ingest = lab_ingest(lab, FALSE);
    gint64 seq = 0;

    for (gsize i = 0; i < n; i++) {
        struct job job = sample("urn:uuid:1", DAY, rows[i].second);
        g_autofree char *expected = NULL;
        g_autofree char *line = NULL;
        enum store_outcome outcome;

        job_set_number(&job, JOB_FACES_TOTAL, rows[i].faces);
        job_set_number(&job, JOB_SHEETS, rows[i].sheets);
        MUST(store_ingest_add(ingest, &job, NULL, TRUE, &outcome, &error));
        g_test_message("row %zu", i);
        g_assert_cmpint(outcome, ==, rows[i].outcome);
        if (outcome != STORE_STORED)
            continue;
        MUST(store_ingest_commit(ingest, NULL, &error));
        job_set_number(&job, JOB_FACES_TOTAL, rows[i].faces_stored);
        job_set_number(&job, JOB_SHEETS, rows[i].sheets_stored);
        expected = job_line(&job);
        while (!line)
            line = lab_job_line(lab, ++seq);
        g_assert_cmpstr(line, ==, expected);
    }
}

static void test_a_rerun_books_the_difference_of_its_counts(struct lab *lab)
{
    static const struct counts rows[] = {
        {0, 3, 2, STORE_STORED, 3, 2},
        {0, 3, 2, STORE_DUPLICATE, 0, 0}, /* offered by the next poll, too */
        {60, 6, 4, STORE_STORED, 3, 2},
        {60, 6, 4, STORE_DUPLICATE, 0, 0},
        {60, 7, 4, STORE_CONFLICT, 0, 0},
        {0, 3, 2, STORE_DUPLICATE, 0, 0},              /* the first one, still offered */
        {120, 6, 4, STORE_STORED, 0, 0},               /* ran again, printed nothing */
        {180, JOB_NONE, 9, STORE_STORED, JOB_NONE, 5}, /* unknown stays unknown */
        {240, 10, 9, STORE_STORED, 4, 0},              /* … and books nothing */
        {300, 2, 1, STORE_STORED, 2, 1},               /* lower: the counter began anew */
        {360, 5, 1, STORE_STORED, 3, 0},
    };

    check_counts(lab, rows, G_N_ELEMENTS(rows));
    lab_assert_sound(lab->store);
}

static void test_an_earlier_end_that_comes_late_books_only_what_is_new(struct lab *lab)
{
    static const struct counts rows[] = {
        {60, 6, 4, STORE_STORED, 6, 4},
        {0, 3, 5, STORE_STORED, 0, 1},
        {120, 7, 5, STORE_STORED, 1, 0},
    };

    check_counts(lab, rows, G_N_ELEMENTS(rows));
}

static void test_counts_that_do_not_run_on_are_stored_as_they_are(struct lab *lab)
{
    g_autoptr(PtStoreIngest) ingest = lab_ingest(lab, FALSE);
    struct job one = sample("urn:uuid:1", DAY, 0);
    struct job two = sample("urn:uuid:1", DAY, 60);
    g_autofree char *expected = job_line(&two);
    g_autofree char *line = NULL;

    lab_add_job(ingest, &one);
    lab_add_job(ingest, &two);
    MUST(store_ingest_commit(ingest, NULL, &error));
    line = lab_job_line(lab, 2);
    g_assert_cmpstr(line, ==, expected);
}

/* --- horizon and lock --- */

static void test_a_job_of_a_deleted_day_is_refused_and_counted(struct lab *lab)
{
    g_autoptr(PtStoreIngest) ingest = NULL;
    g_autofree char *counters = NULL;
    struct job job = sample("new", DAY, 7);
    gint32 day;
    gint64 jobs;
    gint64 gap;

    lab_fill(lab, "a", DAY, 2);
    MUST(store_purge_day(lab->store, day_add(DAY, 5), TRUE, &day, &jobs, &gap, &error));
    g_assert_cmpint(day, ==, DAY);
    ingest = lab_ingest(lab, FALSE);
    g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_REFUSED);
    job = sample("new", day_add(DAY, 1), 7);
    g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_STORED);
    MUST(store_ingest_commit(ingest, NULL, &error));
    counters = lab_counters(lab->store, lab->source);
    g_assert_cmpstr(counters, ==, "3 0 0 1");
    g_assert_cmpint(lab_meta_number(lab->store, "horizon"), ==, 20260602);
}

/* Another process's import: begins when told, says when it is about to wait, ends with 0 when its job was
 * stored. */
static void import_when_told(const struct lab *lab, int go, int ready)
{
    struct lab inner = *lab;
    struct job job = sample(NULL, DAY, 0);
    struct store_ingest *ingest;
    gboolean ok;
    char byte;

    if (read(go, &byte, 1) != 1)
        _exit(1);
    inner.store = lab_open(lab, STORE_EXISTING);
    if (write(ready, "x", 1) != 1)
        _exit(1);
    ingest = lab_ingest(&inner, TRUE);
    ok = lab_add_job(ingest, &job) == STORE_STORED && store_ingest_commit(ingest, NULL, NULL);
    store_ingest_free(ingest);
    store_close(inner.store);
    _exit(ok ? 0 : 1);
}

static void test_one_import_of_a_source_at_a_time(struct lab *lab)
{
    struct store_ingest *first;
    int go[2];
    int ready[2];
    int status;
    pid_t child;
    char byte = 0;

    g_assert_cmpint(pipe(go), ==, 0);
    g_assert_cmpint(pipe(ready), ==, 0);
    child = fork(); /* before the lock is taken: a child inherits it */
    if (child == 0)
        import_when_told(lab, go[0], ready[1]);
    first = lab_ingest(lab, TRUE);
    g_assert_cmpint(write(go[1], "x", 1), ==, 1);
    g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
    for (int i = 0; i < 3; i++) {
        struct job job = sample(NULL, DAY, 1 + i);

        g_assert_cmpint(waitpid(child, &status, WNOHANG), ==, 0);
        g_assert_cmpint(lab_add_job(first, &job), ==, STORE_STORED);
        MUST(store_ingest_commit(first, NULL, &error));
        g_assert_cmpint(lab_count(lab->store), ==, i + 1); /* nobody else's */
    }
    store_ingest_free(first);
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
    g_assert_cmpint(lab_count(lab->store), ==, 4);
    for (int i = 0; i < 2; i++) {
        close(go[i]);
        close(ready[i]);
    }
}

static void add_tests(void)
{
    lab_add("every value comes back as it went in", test_every_value_comes_back_as_it_went_in);
    lab_add("zero is a number and unknown is not", test_zero_is_a_number_and_unknown_is_not);
    lab_add("the same identity is stored once and the first content stays",
            test_the_same_identity_is_stored_once_and_the_first_content_stays);
    lab_add("another source has identities of its own", test_another_source_has_identities_of_its_own);
    lab_add("nothing is there before the commit and the cursor comes with it",
            test_nothing_is_there_before_the_commit_and_the_cursor_comes_with_it);
    lab_add("a long stream is committed in batches", test_a_long_stream_is_committed_in_batches);
    lab_add("other writes of the handle wait for the commit",
            test_other_writes_of_the_handle_wait_for_the_commit);
    lab_add("a job that cannot be stored is refused", test_a_job_that_cannot_be_stored_is_refused);
    lab_add("an unknown source takes nothing", test_an_unknown_source_takes_nothing);
    lab_add("a rerun books the difference of its counts", test_a_rerun_books_the_difference_of_its_counts);
    lab_add("an earlier end that comes late books only what is new",
            test_an_earlier_end_that_comes_late_books_only_what_is_new);
    lab_add("counts that do not run on are stored as they are",
            test_counts_that_do_not_run_on_are_stored_as_they_are);
    lab_add("a job of a deleted day is refused and counted",
            test_a_job_of_a_deleted_day_is_refused_and_counted);
    lab_add("one import of a source at a time", test_one_import_of_a_source_at_a_time);
}

int main(int argc, char **argv)
{
    return lab_run(argc, argv, add_tests);
}
