/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SQLite engine alone: foreign, newer, damaged and unreadable files, side files, migration, and each write
 * failing in turn. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store-lab.h"
#include "store/store-sqlite.h"

static void fixture(void (*test)(struct lab *lab))
{
    struct lab lab;

    lab_make(&lab, "%s/store.db");
    test(&lab);
    lab_remove(&lab);
}

/* Runs SQL on a file past the store. */
static void sql(const char *file, const char *text)
{
    sqlite3 *db;

    g_assert_cmpint(sqlite3_open(file, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, text, NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
}

static void check_stays(const char *file, const char *what, gboolean readable_too)
{
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    g_autoptr(GError) failure = NULL;
    gsize before_length;
    gsize after_length;

    g_assert_true(g_file_get_contents(file, &before, &before_length, NULL));
    g_assert_null(store_open(file, STORE_CREATE, &failure));
    g_assert_error(failure, PT_ERROR, PT_ERROR_X20);
    g_test_message("%s", failure->message);
    g_assert_nonnull(strstr(failure->message, file));
    g_assert_nonnull(strstr(failure->message, what));
    if (readable_too)
        FAILS(store_open(file, STORE_READ, &error) != NULL, X20);
    g_assert_true(g_file_get_contents(file, &after, &after_length, NULL));
    g_assert_cmpuint(before_length, ==, after_length);
    g_assert_true(memcmp(before, after, after_length) == 0);
}

static void foreign_files(struct lab *lab)
{
    g_autofree char *other = lab_file(lab, "other.db");
    g_autofree char *text = lab_file(lab, "text.db");
    g_autofree char *empty = lab_file(lab, "empty.db");

    sql(other, "CREATE TABLE a(b); INSERT INTO a VALUES(1)");
    check_stays(other, "not a store of printtrail", TRUE);
    sql(other, "PRAGMA journal_mode = WAL; PRAGMA application_id = 7; INSERT INTO a VALUES(2)");
    check_stays(other, "not a store of printtrail", TRUE);
    g_assert_true(g_file_set_contents(text, "hello, this is certainly no database, whatever its name says\n",
                                      -1, NULL));
    check_stays(text, "not a store of printtrail", TRUE);
    g_assert_true(g_file_set_contents(empty, "", 0, NULL));
    check_stays(empty, "not a store of printtrail", TRUE); /* a store that lost everything is not a new one */
}

static void test_foreign_files_are_not_touched(void)
{
    fixture(foreign_files);
}

static void newer(struct lab *lab)
{
    store_close(lab->store);
    lab->store = NULL;
    sql(lab->url, "PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)");
    check_stays(lab->url, "99", TRUE);
    check_stays(lab->url, "up to", TRUE);
}

static void test_a_newer_store_names_both_versions_and_stays(void)
{
    fixture(newer);
}

static void older(struct lab *lab)
{
    store_close(lab->store);
    lab->store = NULL;
    sql(lab->url, "PRAGMA user_version = 0; PRAGMA wal_checkpoint(TRUNCATE)");
    FAILS(store_open(lab->url, STORE_READ, &error) != NULL, X20);
    FAILS(store_open(lab->url, STORE_CREATE, &error) != NULL, X20);
}

static void test_a_store_that_cannot_be_migrated_says_so(void)
{
    fixture(older);
}

static void migration(struct lab *lab)
{
    static const struct sqlite_migration steps[] = {
        {SQLITE_SCHEMA_VERSION, "CREATE TABLE step_one(x)"},
        {SQLITE_SCHEMA_VERSION + 1, "CREATE TABLE step_two(x); ALTER TABLE job DROP COLUMN account_code"},
        {SQLITE_SCHEMA_VERSION + 2,
         "CREATE TABLE step_three(x); CREATE TABLE step_one(x)"}, /* fails halfway */
    };
    struct sqlite *sqlite = (struct sqlite *)lab->store;
    gint64 found = -1;

    lab_fill(lab, "a", DAY, 3);
    MUST(sqlite_migrate(sqlite, steps, 3, SQLITE_SCHEMA_VERSION + 2, &error));
    g_assert_cmpint(lab_meta_number(lab->store, "schema_version"), ==, SQLITE_SCHEMA_VERSION + 2);
    lab_fill(lab, "b", DAY, 1); /* the column that columns.def has and the table lacked is back */
    FAILS(sqlite_migrate(sqlite, steps, 3, SQLITE_SCHEMA_VERSION + 3, &error), INTERNAL);
    g_assert_cmpint(lab_meta_number(lab->store, "schema_version"), ==, SQLITE_SCHEMA_VERSION + 2);
    MUST(sqlite_number(sqlite, &error, &found, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'step_%'",
                       ""));
    g_assert_cmpint(found, ==, 2);
    lab_assert_sound(lab->store);
}

static void test_migration_goes_step_by_step_each_whole_or_not_at_all(void)
{
    fixture(migration);
}

/* --- damage --- */

static void scribble(const char *file, int page)
{
    char junk[4096];
    int fd = open(file, O_WRONLY);

    memset(junk, 0x5a, sizeof junk);
    g_assert_cmpint(pwrite(fd, junk, sizeof junk, page * 4096), ==, sizeof junk);
    close(fd);
}

static gboolean read_all(struct store *store, GError **error)
{
    const struct store_job_query all = {0};
    g_autoptr(Kept) kept = kept_new();

    return store_jobs(store, &all, kept_sink, kept, error) &&
           store_day_jobs(store, DAY, 0, G_MAXINT64, kept_sink, kept, error);
}

/* Each page of the file in turn: always X20, or the page was not needed; never a crash, never another error.
 */
static void damage(struct lab *lab)
{
    g_autofree char *whole = NULL;
    g_autofree char *file = lab_file(lab, "damaged.db");
    int failed = 0;
    int reported = 0;
    gsize length;

    lab_fill(lab, "a", DAY, 400);
    MUST(store_compact(lab->store, &error));
    g_assert_true(g_file_get_contents(lab->url, &whole, &length, NULL));
    for (int page = 0; page < (int)(length / 4096); page++) {
        g_autoptr(GError) failure = NULL;
        struct store *store;

        g_assert_true(g_file_set_contents(file, whole, (gssize)length, NULL));
        scribble(file, page);
        store = store_open(file, STORE_READ, &failure);
        if (store && !read_all(store, &failure))
            failed++;
        if (store) {
            g_autoptr(GPtrArray) findings = NULL;

            MUST(store_check(store, &findings, &error));
            reported += findings->len > 0;
            store_close(store);
        }
        if (failure)
            g_assert_error(failure, PT_ERROR, PT_ERROR_X20);
        g_assert_true(store || failure);
    }
    g_assert_cmpint(failed, >, 10);
    g_assert_cmpint(reported, >, 15);
}

static void test_a_damaged_page_is_reported_wherever_it_is(void)
{
    fixture(damage);
}

/* --- reading makes nothing --- */

static int files_in(const struct lab *lab)
{
    GDir *dir = g_dir_open(lab->dir, 0, NULL);
    int count = 0;

    while (g_dir_read_name(dir))
        count++;
    g_dir_close(dir);
    return count;
}

static void reading(struct lab *lab)
{
    g_autofree char *wal = lab_file(lab, "store.db-wal");
    g_autofree char *shm = lab_file(lab, "store.db-shm");
    struct store *reader;
    int files;

    lab_fill(lab, "a", DAY, 3);
    files = files_in(lab);
    reader = lab_open(lab, STORE_READ); /* beside a writer */
    g_assert_cmpint(lab_count(reader), ==, 3);
    lab_fill(lab, "b", DAY, 3);
    g_assert_cmpint(lab_count(reader), ==, 6);
    store_close(reader);
    store_close(lab->store);
    lab->store = NULL;
    reader = lab_open(lab, STORE_READ); /* alone */
    g_assert_cmpint(lab_count(reader), ==, 6);
    store_close(reader);
    g_assert_cmpint(files_in(lab), ==, files);
    g_assert_cmpint(g_remove(wal), ==, 0); /* a file that was copied alone */
    g_assert_cmpint(g_remove(shm), ==, 0);
    reader = lab_open(lab, STORE_READ);
    g_assert_cmpint(lab_count(reader), ==, 6);
    g_assert_cmpint(files_in(lab), ==, files - 2);
    lab->store = lab_open(lab, STORE_EXISTING); /* and a writer comes: the reader sees it */
    lab_fill(lab, "c", DAY, 3);
    g_assert_cmpint(lab_count(reader), ==, 9);
    store_close(reader);
}

static void test_a_reader_makes_no_files_and_sees_the_latest(void)
{
    fixture(reading);
}

static void modes(struct lab *lab)
{
    static const char *const names[] = {"store.db", "store.db-wal", "store.db-shm", "import-1.lock"};
    struct store_ingest *ingest = lab_ingest(lab, TRUE);

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *file = lab_file(lab, names[i]);
        struct stat status;

        g_assert_cmpint(stat(file, &status), ==, 0);
        g_assert_cmpint(status.st_mode & 0777, ==, 0600);
    }
    store_ingest_free(ingest);
}

static void test_all_files_are_private(void)
{
    fixture(modes);
}

/* --- each write failing in turn --- */

/* The system calls of SQLite are replaced by these: the n-th one that changes a file fails, and all after it,
 * as on a full or dying disk. */
static int writes_left = G_MAXINT;
static int write_error;

static gboolean write_fails(void)
{
    if (writes_left > 0) {
        writes_left--;
        return FALSE;
    }
    errno = write_error;
    return TRUE;
}

static ssize_t failing_pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
    return write_fails() ? -1 : pwrite(fd, bytes, length, offset);
}

static int failing_ftruncate(int fd, off_t length)
{
    return write_fails() ? -1 : ftruncate(fd, length);
}

static int failing_open(const char *path, int flags, int mode)
{
    return (flags & O_CREAT) && write_fails() ? -1 : open(path, flags, mode);
}

static void install_faults(void)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

    vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)failing_pwrite);
    vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)failing_pwrite);
    vfs->xSetSystemCall(vfs, "ftruncate", (sqlite3_syscall_ptr)failing_ftruncate);
    vfs->xSetSystemCall(vfs, "open", (sqlite3_syscall_ptr)failing_open);
}

/* One piece of work in a fresh process's manner: open, do, close. */
static gboolean work(const struct lab *lab, const char *backup, GError **error)
{
    struct store *store = store_open(lab->url, STORE_CREATE, error);
    struct store_ingest *ingest = NULL;
    gint64 source;
    gboolean ok = store && store_source_add(store, "files", "import", "", &source, error);

    if (ok)
        ingest = store_ingest_new(store, source, TRUE, error);
    ok = ingest != NULL;
    for (int i = 0; ok && i < 40; i++) {
        struct job job = sample(NULL, day_add(DAY, i % 2), i);
        enum store_outcome outcome;
        char hash[65];

        job_hash(&job, hash);
        ok = store_ingest_add(ingest, &job, hash, FALSE, &outcome, error) &&
             (i % 10 != 9 || store_ingest_commit(ingest, "cursor", error));
    }
    store_ingest_free(ingest);
    ok = ok && store_setting_put(store, "export.hour", "4", error) && store_backup(store, backup, error) &&
         store_compact(store, error);
    store_close(store);
    return ok;
}

static void assert_whole(const struct lab *lab, gboolean finished)
{
    GError *opening = NULL;
    struct store *store = store_open(lab->url, STORE_EXISTING, &opening);
    gint64 count;

    if (g_error_matches(opening, PT_ERROR, PT_ERROR_MISSING) && !finished) {
        g_error_free(opening);
        return; /* not made, and nothing half made in its place */
    }
    g_assert_no_error(opening);
    lab_assert_sound(store);
    count = lab_count(store);
    g_assert_cmpint(count % 10, ==, 0); /* whole commits only */
    g_assert_true(!finished || count == 40);
    store_close(store);
}

/* Each of the first writes (opening, the first commits), then every third. Returns how many there were. */
static int fail_in_turn(struct lab *lab, int error_number, const char *message)
{
    g_autofree char *first = g_steal_pointer(&lab->url);
    gboolean finished = FALSE;
    int n;

    for (n = 0; !finished; n += n < 40 ? 1 : 3) {
        g_autofree char *name = g_strdup_printf("%s-%d.db", message, n);
        g_autofree char *backup_name = g_strdup_printf("%s-%d.copy", message, n);
        g_autofree char *backup = lab_file(lab, backup_name);
        GError *failure = NULL;

        lab->url = lab_file(lab, name);
        writes_left = n;
        write_error = error_number;
        finished = work(lab, backup, &failure);
        writes_left = G_MAXINT;
        if (!finished) {
            g_assert_error(failure, PT_ERROR, PT_ERROR_X19);
            g_assert_nonnull(strstr(failure->message, lab->dir));
            g_assert_false(g_file_test(backup, G_FILE_TEST_EXISTS) &&
                           strstr(failure->message, ".copy")); /* no torn copy stays */
            g_clear_error(&failure);
        }
        assert_whole(lab, finished);
        /* The disk has room again: the same work goes through. */
        g_remove(backup);
        MUST(work(lab, backup, &error));
        assert_whole(lab, TRUE);
        g_free(lab->url);
    }
    lab->url = g_steal_pointer(&first);
    return n;
}

static void full_disk(struct lab *lab)
{
    int points = fail_in_turn(lab, ENOSPC, "full");

    g_test_message("%d points", points);
    g_assert_cmpint(points, >, 50);
}

static void test_a_full_disk_at_any_write_is_x19_and_leaves_a_sound_store(void)
{
    fixture(full_disk);
}

static void dying_disk(struct lab *lab)
{
    g_assert_cmpint(fail_in_turn(lab, EIO, "broken"), >, 50);
}

static void test_a_write_error_at_any_write_is_x19_and_leaves_a_sound_store(void)
{
    fixture(dying_disk);
}

static void read_only(struct lab *lab)
{
    g_autofree char *fresh = lab_file(lab, "fresh.db");
    GError *failure = NULL;

    writes_left = 0;
    write_error = EROFS;
    g_assert_null(store_open(fresh, STORE_CREATE, &failure));
    g_assert_error(failure, PT_ERROR, PT_ERROR_X19);
    g_clear_error(&failure);
    g_assert_false(store_setting_put(lab->store, "export.hour", "5", &failure));
    g_assert_error(failure, PT_ERROR, PT_ERROR_X19);
    g_clear_error(&failure);
    writes_left = G_MAXINT;
    MUST(store_setting_put(lab->store, "export.hour", "5", &error));
}

static void test_a_file_system_that_became_read_only_is_x19(void)
{
    fixture(read_only);
}

static void transaction_on_a_full_disk(struct lab *lab)
{
    g_autoptr(GHashTable) values = NULL;
    g_autofree char *big = g_strnfill(100000, 'x');
    gboolean ok;
    GError *failure = NULL;

    MUST(store_begin(lab->store, STORE_WRITE, &error));
    MUST(store_setting_put(lab->store, "a", "1", &error));
    writes_left = 1;
    write_error = ENOSPC;
    ok = store_setting_put(lab->store, "b", big, &failure) && store_commit(lab->store, &failure);
    writes_left = G_MAXINT;
    g_assert_false(ok);
    g_assert_error(failure, PT_ERROR, PT_ERROR_X19);
    g_error_free(failure);
    store_rollback(lab->store);
    MUST(store_settings(lab->store, &values, &error));
    g_assert_cmpuint(g_hash_table_size(values), ==, 0);
}

static void test_a_transaction_that_meets_a_full_disk_leaves_nothing(void)
{
    fixture(transaction_on_a_full_disk);
}

static void no_folder(struct lab *lab)
{
    g_autofree char *file = lab_file(lab, "none/store.db");

    FAILS(store_open(file, STORE_CREATE, &error) != NULL, X19);
    FAILS(store_open(lab->dir, STORE_CREATE, &error) != NULL, X20);
}

static void test_a_folder_that_is_not_there_is_x19_and_a_folder_is_no_store(void)
{
    fixture(no_folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    install_faults();
#define TEST(name) g_test_add_func("/store/sqlite/" #name, test_##name)
    TEST(foreign_files_are_not_touched);
    TEST(a_newer_store_names_both_versions_and_stays);
    TEST(a_store_that_cannot_be_migrated_says_so);
    TEST(migration_goes_step_by_step_each_whole_or_not_at_all);
    TEST(a_damaged_page_is_reported_wherever_it_is);
    TEST(a_reader_makes_no_files_and_sees_the_latest);
    TEST(all_files_are_private);
    TEST(a_full_disk_at_any_write_is_x19_and_leaves_a_sound_store);
    TEST(a_write_error_at_any_write_is_x19_and_leaves_a_sound_store);
    TEST(a_file_system_that_became_read_only_is_x19);
    TEST(a_transaction_that_meets_a_full_disk_leaves_nothing);
    TEST(a_folder_that_is_not_there_is_x19_and_a_folder_is_no_store);
    return g_test_run();
}
