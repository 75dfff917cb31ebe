/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Store contract: retention, check, backup and compaction. */
#include <string.h>
#include <sys/stat.h>

#include "store-lab.h"

/* "day jobs gap" of one purge. New string. */
static char *purge(struct lab *lab, gint32 before, gboolean undelivered_too)
{
    gint32 day = -1;
    gint64 jobs = -1;
    gint64 gap = -1;

    MUST(store_purge_day(lab->store, before, undelivered_too, &day, &jobs, &gap, &error));
    return g_strdup_printf("%d %d %d", day, (int)jobs, (int)gap);
}

static void assert_purge(struct lab *lab, gint32 before, gboolean undelivered_too, const char *expected)
{
    g_autofree char *text = purge(lab, before, undelivered_too);

    g_assert_cmpstr(text, ==, expected);
}

static const gboolean delivered_only = FALSE;
static const gboolean undelivered_too = TRUE;

static void test_only_settled_days_are_deleted_oldest_first(struct lab *lab)
{
    lab_fill(lab, "a", DAY, 10);             /* 1–10 */
    lab_fill(lab, "b", day_add(DAY, 1), 10); /* 11–20 */
    lab_fill(lab, "late", DAY, 1);           /* 21 */
    assert_purge(lab, day_add(DAY, 9), delivered_only, "0 0 0");
    lab_deliver(lab->store, DAY, 1, 0, 10, DELIVERY_DELIVERED);
    lab_deliver(lab->store, day_add(DAY, 1), 1, 0, 20, DELIVERY_DELIVERED);
    assert_purge(lab, day_add(DAY, 9), delivered_only,
                 "0 0 0"); /* the late one holds its day, and its day the next */
    lab_deliver(lab->store, DAY, 2, 10, 21, DELIVERY_WAIVED);
    assert_purge(lab, DAY, delivered_only, "0 0 0"); /* not before itself */
    g_assert_cmpint(lab_meta_number(lab->store, "horizon"), ==, 0);
    assert_purge(lab, day_add(DAY, 1), delivered_only, "20260601 11 0");
    g_assert_cmpint(lab_meta_number(lab->store, "horizon"), ==, 20260602);
    g_assert_cmpint(lab_count(lab->store), ==, 10);
    assert_purge(lab, day_add(DAY, 9), delivered_only, "20260602 10 0");
    assert_purge(lab, day_add(DAY, 9), delivered_only, "0 0 0");
    lab_assert_sound(lab->store);
    lab_fill(lab, "c", day_add(DAY, 2), 1);
    g_assert_null(lab_job_line(lab, 21)); /* its number is never given out again */
    lab_assert_sound(lab->store);
}

static void test_what_was_never_delivered_is_counted_as_a_gap(struct lab *lab)
{
    lab_fill(lab, "a", DAY, 10);
    lab_deliver(lab->store, DAY, 1, 2, 6, DELIVERY_DELIVERED);
    lab_deliver(lab->store, DAY, 2, 6, 7, DELIVERY_FAILED);
    assert_purge(lab, day_add(DAY, 9), delivered_only, "0 0 0");
    assert_purge(lab, day_add(DAY, 9), undelivered_too, "20260601 10 6");
}

static void test_a_big_day_goes_in_slices_while_others_write(struct lab *lab)
{
    lab_fill(lab, "a", DAY, 10001);
    lab_fill(lab, "b", day_add(DAY, 1), 3);
    assert_purge(lab, day_add(DAY, 1), undelivered_too, "20260601 10001 10001");
    g_assert_cmpint(lab_count(lab->store), ==, 3);
    lab_assert_sound(lab->store);
}

static void test_a_purge_that_died_between_slices_goes_on(struct lab *lab)
{
    g_autoptr(GArray) days = NULL;

    lab_fill(lab, "a", DAY, 20001);
    MUST(store_begin(lab->store, STORE_WRITE,
                     &error)); /* all slices in one, and taken back: as if never begun */
    assert_purge(lab, day_add(DAY, 1), undelivered_too, "20260601 20001 20001");
    store_rollback(lab->store);
    g_assert_cmpint(lab_meta_number(lab->store, "horizon"), ==, 0);
    MUST(store_days(lab->store, 0, 0, &days, &error));
    g_assert_cmpint(g_array_index(days, struct day_total, 0).jobs, ==, 20001);
    lab_assert_sound(lab->store);
    assert_purge(lab, day_add(DAY, 1), undelivered_too, "20260601 20001 20001");
    lab_assert_sound(lab->store);
}

static void test_bookings_go_with_their_day(struct lab *lab)
{
    g_autoptr(PtStoreIngest) ingest = NULL;
    g_autofree char *line = NULL;
    g_autofree char *expected = NULL;
    struct job job = sample("urn:1", DAY, 0);
    enum store_outcome outcome;

    ingest = lab_ingest(lab, FALSE);
    MUST(store_ingest_add(ingest, &job, NULL, TRUE, &outcome, &error));
    MUST(store_ingest_commit(ingest, NULL, &error));
    assert_purge(lab, day_add(DAY, 9), undelivered_too, "20260601 1 1");
    job = sample("urn:1", day_add(DAY, 1), 0);
    MUST(store_ingest_add(ingest, &job, NULL, TRUE, &outcome, &error));
    MUST(store_ingest_commit(ingest, NULL, &error));
    expected = job_line(&job); /* in full: what it had before is forgotten */
    line = lab_job_line(lab, 2);
    g_assert_cmpstr(line, ==, expected);
}

/* --- check --- */

static void assert_finding(struct lab *lab, const char *en, const char *ja)
{
    g_autoptr(GPtrArray) findings = NULL;
    g_autofree char *en_text = NULL;
    g_autofree char *ja_text = NULL;

    MUST(store_check(lab->store, &findings, &error));
    g_assert_cmpuint(findings->len, ==, 1);
    g_assert_error((GError *)g_ptr_array_index(findings, 0), PT_ERROR, PT_ERROR_X20);
    en_text = pt_error_message(g_ptr_array_index(findings, 0), PT_LANG_EN);
    ja_text = pt_error_message(g_ptr_array_index(findings, 0), PT_LANG_JA);
    g_assert_nonnull(strstr(en_text, en));
    g_assert_nonnull(strstr(ja_text, ja));
}

static void test_the_check_finds_overlapping_files(struct lab *lab)
{
    lab_fill(lab, "a", DAY, 10);
    lab_deliver(lab->store, DAY, 1, 0, 6, DELIVERY_DELIVERED);
    lab_deliver(lab->store, DAY, 2, 6, 10, DELIVERY_SENDING);
    lab_deliver(lab->store, DAY, 3, 0, 10, DELIVERY_VOID);
    lab_assert_sound(lab->store);
    lab_deliver(lab->store, DAY, 4, 5, 6, DELIVERY_FAILED);
    assert_finding(lab, "export_20260601_4.csv", "同じジョブ");
}

static void test_the_check_finds_a_file_that_lacks_jobs_but_not_in_deleted_days(struct lab *lab)
{
    const struct delivery_query query = {.kind = -1};
    g_autoptr(GPtrArray) rows = NULL;
    struct delivery *row;
    gboolean matched;

    lab_fill(lab, "a", DAY, 10);
    lab_deliver(lab->store, DAY, 1, 0, 10, DELIVERY_DELIVERED);
    MUST(store_deliveries(lab->store, &query, &rows, &error));
    row = g_ptr_array_index(rows, 0);
    row->rows = 9;
    MUST(store_delivery_update(lab->store, row, DELIVERY_DELIVERED, 0, &matched, &error));
    assert_finding(lab, "export_20260601_1.csv", "範囲");
    assert_purge(lab, day_add(DAY, 1), delivered_only, "20260601 10 0");
    lab_assert_sound(lab->store);
}

/* --- backup, compaction --- */

static void test_a_backup_is_whole_marked_private_and_never_overwrites(struct lab *lab)
{
    g_autofree char *file = lab_file(lab, "copy of store.db");
    g_autofree char *id = NULL;
    g_autofree char *mark = NULL;
    g_autofree char *none = NULL;
    g_autoptr(PtStore) copy = NULL;
    g_autoptr(GError) opened = NULL;
    struct stat status;

    lab_fill(lab, "a", DAY, 2000);
    MUST(store_setting_put(lab->store, "export.hour", "5", &error));
    MUST(store_backup(lab->store, file, &error));
    g_assert_cmpint(stat(file, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 0777, ==, 0600);
    FAILS(store_backup(lab->store, file, &error), INPUT);
    copy = store_open(file, STORE_EXISTING, &opened);
    g_assert_no_error(opened);
    g_assert_cmpint(lab_count(copy), ==, 2000);
    lab_assert_sound(copy);
    MUST(store_meta(lab->store, "installation_id", &id, &error));
    MUST(store_meta(copy, "copy_of", &mark, &error));
    g_assert_cmpstr(mark, ==, id);
    MUST(store_meta(lab->store, "copy_of", &none, &error));
    g_assert_null(none);
}

static void test_a_backup_into_a_folder_that_is_not_there_leaves_nothing(struct lab *lab)
{
    g_autofree char *file = lab_file(lab, "none/copy.db");

    FAILS(store_backup(lab->store, file, &error), X19);
}

static void test_compaction_keeps_everything(struct lab *lab)
{
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    lab_fill(lab, "a", DAY, 3000);
    lab_fill(lab, "b", day_add(DAY, 1), 10);
    assert_purge(lab, day_add(DAY, 1), undelivered_too, "20260601 3000 3000");
    before = lab_job_line(lab, 3010);
    MUST(store_compact(lab->store, &error));
    after = lab_job_line(lab, 3010);
    g_assert_cmpstr(after, ==, before);
    g_assert_nonnull(after);
    lab_fill(lab, "c", day_add(DAY, 1), 1);
    g_free(after);
    after = lab_job_line(lab, 3011);
    g_assert_nonnull(after);
    lab_assert_sound(lab->store);
}

static void add_tests(void)
{
    lab_add("only settled days are deleted oldest first", test_only_settled_days_are_deleted_oldest_first);
    lab_add("what was never delivered is counted as a gap",
            test_what_was_never_delivered_is_counted_as_a_gap);
    lab_add("a big day goes in slices while others write", test_a_big_day_goes_in_slices_while_others_write);
    lab_add("a purge that died between slices goes on", test_a_purge_that_died_between_slices_goes_on);
    lab_add("bookings go with their day", test_bookings_go_with_their_day);
    lab_add("the check finds overlapping files", test_the_check_finds_overlapping_files);
    lab_add("the check finds a file that lacks jobs but not in deleted days",
            test_the_check_finds_a_file_that_lacks_jobs_but_not_in_deleted_days);
    lab_add("a backup is whole marked private and never overwrites",
            test_a_backup_is_whole_marked_private_and_never_overwrites);
    lab_add("a backup into a folder that is not there leaves nothing",
            test_a_backup_into_a_folder_that_is_not_there_leaves_nothing);
    lab_add("compaction keeps everything", test_compaction_keeps_everything);
}

int main(int argc, char **argv)
{
    return lab_run(argc, argv, add_tests);
}
