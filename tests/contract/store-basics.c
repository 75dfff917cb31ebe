/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Store contract: opening, settings, facts, transactions, sources, accounts and the export lock. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store-lab.h"

static void test_a_store_that_is_not_there_is_missing_unless_it_may_be_made(struct lab *lab)
{
    g_autofree char *url = g_strconcat(lab->dir, "/none.db", NULL);

    FAILS(store_open(url, STORE_READ, &error) != NULL, MISSING);
    FAILS(store_open(url, STORE_EXISTING, &error) != NULL, MISSING);
    g_assert_false(g_file_test(url, G_FILE_TEST_EXISTS));
}

static void test_an_engine_that_this_build_lacks_is_named(struct lab *lab G_GNUC_UNUSED)
{
    g_autoptr(GError) failure = NULL;

    g_assert_null(store_open("postgresql://localhost/printtrail", STORE_CREATE, &failure));
    g_assert_error(failure, PT_ERROR, PT_ERROR_INPUT);
    g_assert_nonnull(strstr(failure->message, "no PostgreSQL driver"));
    FAILS(store_open("sqlite:", STORE_CREATE, &error) != NULL, INPUT);
}

static void test_settings_are_kept_and_taken_back(struct lab *lab)
{
    g_autoptr(GHashTable) values = NULL;
    g_autoptr(PtStore) other = lab_open(lab, STORE_READ);

    MUST(store_setting_put(lab->store, "smb.path", "\\\\canon\\share", &error));
    MUST(store_setting_put(lab->store, "export.hour", "3", &error));
    MUST(store_setting_put(lab->store, "export.hour", "22", &error));
    MUST(store_setting_put(lab->store, "export.prefix", "", &error));
    MUST(store_setting_put(lab->store, "mail.to", "a@b.example", &error));
    MUST(store_setting_put(lab->store, "mail.to", NULL, &error));
    MUST(store_settings(other, &values, &error));
    g_assert_cmpuint(g_hash_table_size(values), ==, 3);
    g_assert_cmpstr(g_hash_table_lookup(values, "smb.path"), ==, "\\\\canon\\share");
    g_assert_cmpstr(g_hash_table_lookup(values, "export.hour"), ==, "22");
    g_assert_cmpstr(g_hash_table_lookup(values, "export.prefix"), ==, "");
}

static void test_a_new_store_has_an_identity_and_a_version(struct lab *lab)
{
    g_autofree char *id = NULL;
    g_autofree char *none = NULL;

    MUST(store_meta(lab->store, "installation_id", &id, &error));
    g_assert_true(g_uuid_string_is_valid(id));
    g_assert_cmpint(lab_meta_number(lab->store, "schema_version"), >=, 1);
    MUST(store_meta(lab->store, "schedule_saved_at", &none, &error));
    g_assert_null(none);
    MUST(store_meta_put(lab->store, "schedule_saved_at", "1780000000", &error));
    g_assert_cmpint(lab_meta_number(lab->store, "schedule_saved_at"), ==, 1780000000);
    MUST(store_audit(lab->store, 1780000000, "root", "smb.path changed", &error));
}

static void test_a_rolled_back_transaction_leaves_nothing(struct lab *lab)
{
    g_autoptr(GHashTable) values = NULL;
    g_autoptr(PtStore) other = lab_open(lab, STORE_READ);

    store_rollback(lab->store); /* none is open */
    MUST(store_begin(lab->store, STORE_WRITE, &error));
    FAILS(store_begin(lab->store, STORE_WRITE, &error), INTERNAL);
    MUST(store_setting_put(lab->store, "export.hour", "5", &error));
    store_rollback(lab->store);
    MUST(store_settings(lab->store, &values, &error));
    g_assert_cmpuint(g_hash_table_size(values), ==, 0);
    MUST(store_begin(lab->store, STORE_PLAN, &error));
    MUST(store_setting_put(lab->store, "export.hour", "6", &error));
    MUST(store_setting_put(lab->store, "export.prefix", "x", &error));
    g_clear_pointer(&values, g_hash_table_unref);
    MUST(store_settings(other, &values, &error));
    g_assert_cmpuint(g_hash_table_size(values), ==, 0); /* nobody sees it before the end */
    MUST(store_commit(lab->store, &error));
    FAILS(store_commit(lab->store, &error), INTERNAL);
    g_clear_pointer(&values, g_hash_table_unref);
    MUST(store_settings(other, &values, &error));
    g_assert_cmpuint(g_hash_table_size(values), ==, 2);
}

static void test_an_error_within_a_transaction_takes_all_of_it_back(struct lab *lab)
{
    g_autoptr(GHashTable) values = NULL;
    gint64 id;

    MUST(store_source_add(lab->store, "front desk", "printer", "ipp://a/", &id, &error));
    MUST(store_begin(lab->store, STORE_WRITE, &error));
    MUST(store_setting_put(lab->store, "export.hour", "5", &error));
    FAILS(store_source_add(lab->store, "front desk", "cups", "ipp://b/", &id, &error), INPUT);
    FAILS(store_setting_put(lab->store, "export.hour", "6", &error), INTERNAL);
    FAILS(store_commit(lab->store, &error), INTERNAL);
    MUST(store_settings(lab->store, &values, &error));
    g_assert_cmpuint(g_hash_table_size(values), ==, 0);
    MUST(store_setting_put(lab->store, "export.hour", "7", &error));
}

static void test_a_reading_handle_cannot_write(struct lab *lab)
{
    g_autoptr(PtStore) reader = lab_open(lab, STORE_READ);
    gint64 id;

    FAILS(store_setting_put(reader, "export.hour", "5", &error), INTERNAL);
    FAILS(store_source_add(reader, "x", "import", "", &id, &error), INTERNAL);
    FAILS(store_begin(reader, STORE_WRITE, &error), INTERNAL);
}

/* --- sources --- */

static void test_a_source_is_added_reported_removed_and_comes_back(struct lab *lab)
{
    g_autoptr(GPtrArray) rows = NULL;
    struct source_row *row;
    gint64 id;
    gint64 again;

    MUST(store_source_add(lab->store, "École", "cups", "ipp://cups.example/", &id, &error));
    FAILS(store_source_add(lab->store, "école", "cups", "ipp://other/", &again, &error), INPUT);
    FAILS(store_source_add(lab->store,
                           "E\xcc\x81"
                           "cole",
                           "printer", "ipp://other/", &again, &error),
          INPUT);
    MUST(store_sources(lab->store, &rows, &error));
    g_assert_cmpuint(rows->len, ==, 2);
    row = g_ptr_array_index(rows, 1); /* "files" comes first */
    g_assert_cmpstr(row->name, ==, "École");
    g_assert_null(row->cursor);
    row->last_poll = 1780000100;
    row->last_ok = 1780000000;
    row->error = g_strdup("S01");
    row->error_text = g_strdup("no answer");
    row->open_jobs = g_strdup("7 stopped a.pdf\n");
    MUST(store_source_report(lab->store, row, &error));
    MUST(store_source_remove(lab->store, id, &error));
    FAILS(store_source_remove(lab->store, id, &error), MISSING);
    row->id = 4711;
    FAILS(store_source_report(lab->store, row, &error), MISSING);
    /* Another server is another source, whatever its name: numbers of the two must never meet. */
    MUST(store_source_add(lab->store, "école", "cups", "ipp://new/", &again, &error));
    g_assert_cmpint(again, !=, id);
    MUST(store_source_remove(lab->store, again, &error));
    MUST(store_source_add(lab->store, "école 2", "cups", "ipp://cups.example/", &again, &error));
    g_assert_cmpint(again, ==, id);
    FAILS(store_source_add(lab->store, "twin", "printer", "ipp://cups.example/", &again, &error), INPUT);
    g_clear_pointer(&rows, g_ptr_array_unref);
    MUST(store_sources(lab->store, &rows, &error));
    row = g_ptr_array_index(rows, 1);
    g_assert_cmpstr(row->uri, ==, "ipp://cups.example/");
    g_assert_cmpint(row->last_ok, ==, 1780000000);
    g_assert_cmpstr(row->error_text, ==, "no answer");
}

static void test_an_import_source_is_found_by_its_name(struct lab *lab)
{
    gint64 id;

    MUST(store_source_add(lab->store, "FILES", "import", "", &id, &error));
    g_assert_cmpint(id, ==, lab->source);
    FAILS(store_source_add(lab->store, "files", "printer", "ipp://a/", &id, &error), INPUT);
}

/* --- accounts --- */

static void test_accounts_are_unique_without_case(struct lab *lab)
{
    struct account admin = {
        .name = (char[]){"Admin"}, .admin = TRUE, .password_hash = (char[]){"$argon2id$1"}, .created = 7};
    struct account same = {.name = (char[]){"ADMIN"}, .password_hash = (char[]){"$argon2id$2"}, .created = 8};
    g_autoptr(GPtrArray) rows = NULL;
    const struct account *row;

    MUST(store_account_add(lab->store, &admin, &error));
    FAILS(store_account_add(lab->store, &same, &error), INPUT);
    MUST(store_account_password(lab->store, "admin", "$argon2id$3", &error));
    FAILS(store_account_password(lab->store, "nobody", "x", &error), MISSING);
    MUST(store_accounts(lab->store, &rows, &error));
    g_assert_cmpuint(rows->len, ==, 1);
    row = g_ptr_array_index(rows, 0);
    g_assert_cmpstr(row->name, ==, "Admin");
    g_assert_true(row->admin);
    g_assert_cmpstr(row->password_hash, ==, "$argon2id$3");
    MUST(store_account_remove(lab->store, "aDMIN", &error));
    FAILS(store_account_remove(lab->store, "admin", &error), MISSING);
}

/* --- export lock --- */

static void test_the_export_lock_is_held_by_one_and_dies_with_its_last_holder(struct lab *lab)
{
    g_autoptr(PtStore) other = lab_open(lab, STORE_EXISTING);
    gboolean got = FALSE;
    gboolean running = TRUE;
    int hold[2];
    int fd = -1;
    int other_fd = -1;
    pid_t child;

    MUST(store_export_running(lab->store, &running, &error));
    g_assert_false(running);
    MUST(store_export_lock(lab->store, 0, &fd, &got, &error));
    g_assert_true(got);
    MUST(store_export_lock(other, 30, &other_fd, &got, &error));
    g_assert_false(got);
    g_assert_cmpint(other_fd, ==, -1);
    MUST(store_export_running(other, &running, &error));
    g_assert_true(running);
    g_assert_cmpint(pipe(hold), ==, 0);
    child = fork();
    if (child == 0) { /* a helper that outlives its parent's interest */
        char byte;

        close(hold[1]);
        _exit(read(hold[0], &byte, 1) < 0);
    }
    close(hold[0]);
    store_export_unlock(lab->store, fd);
    MUST(store_export_lock(other, 30, &other_fd, &got, &error));
    g_assert_false(got);
    close(hold[1]); /* now the helper ends */
    g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
    MUST(store_export_lock(other, 0, &other_fd, &got, &error));
    g_assert_true(got);
    store_export_unlock(other, other_fd);
}

static void add_tests(void)
{
    lab_add("a store that is not there is missing unless it may be made",
            test_a_store_that_is_not_there_is_missing_unless_it_may_be_made);
    lab_add("an engine that this build lacks is named", test_an_engine_that_this_build_lacks_is_named);
    lab_add("settings are kept and taken back", test_settings_are_kept_and_taken_back);
    lab_add("a new store has an identity and a version", test_a_new_store_has_an_identity_and_a_version);
    lab_add("a rolled back transaction leaves nothing", test_a_rolled_back_transaction_leaves_nothing);
    lab_add("an error within a transaction takes all of it back",
            test_an_error_within_a_transaction_takes_all_of_it_back);
    lab_add("a reading handle cannot write", test_a_reading_handle_cannot_write);
    lab_add("a source is added reported removed and comes back",
            test_a_source_is_added_reported_removed_and_comes_back);
    lab_add("an import source is found by its name", test_an_import_source_is_found_by_its_name);
    lab_add("accounts are unique without case", test_accounts_are_unique_without_case);
    lab_add("the export lock is held by one and dies with its last holder",
            test_the_export_lock_is_held_by_one_and_dies_with_its_last_holder);
}

int main(int argc, char **argv)
{
    return lab_run(argc, argv, add_tests);
}
