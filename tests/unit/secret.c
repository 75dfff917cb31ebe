/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sealed secrets and their key file. */
#include "base/secret.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

struct folder {
    char *path;
    char *key; /* <path>/secret.key */
};

static void folder_set_up(struct folder *folder, gconstpointer data)
{
    (void)data;
    folder->path = g_dir_make_tmp("pt-secret-XXXXXX", NULL);
    g_assert_nonnull(folder->path);
    folder->key = g_build_filename(folder->path, "secret.key", NULL);
}

static void folder_tear_down(struct folder *folder, gconstpointer data)
{
    g_autoptr(GDir) dir = g_dir_open(folder->path, 0, NULL);
    const char *name;

    (void)data;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *file = g_build_filename(folder->path, name, NULL);
        g_assert_cmpint(g_unlink(file), ==, 0);
    }
    g_assert_cmpint(g_rmdir(folder->path), ==, 0);
    g_free(folder->path);
    g_free(folder->key);
}

static int files_in(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    int n = 0;

    while (g_dir_read_name(dir))
        n++;
    return n;
}

static void test_the_key_is_made_once_with_mode_0600(struct folder *folder, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PtSecretKey) none = secret_key_load(folder->key, FALSE, &error);
    g_autoptr(PtSecretKey) made = NULL;
    g_autoptr(PtSecretKey) again = NULL;
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;
    GStatBuf status;

    (void)data;
    g_assert_null(none);
    g_assert_nonnull(error);
    g_assert_cmpint(files_in(folder->path), ==, 0);
    made = secret_key_load(folder->key, TRUE, NULL);
    g_assert_nonnull(made);
    g_assert_cmpint(g_stat(folder->key, &status), ==, 0);
    g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
    g_assert_cmpint(files_in(folder->path), ==, 1);
    g_assert_true(g_file_get_contents(folder->key, &first, NULL, NULL));
    again = secret_key_load(folder->key, TRUE, NULL);
    g_assert_nonnull(again);
    g_assert_true(g_file_get_contents(folder->key, &second, NULL, NULL));
    g_assert_cmpstr(first, ==, second);
}

static void test_what_is_sealed_opens_with_the_same_key_only(struct folder *folder, gconstpointer data)
{
    static const char *const plains[] = {"p", "hunter2", "¥\\\",; 共有", "a b\tc", "v1:3:x"};
    g_autofree char *other_path = g_build_filename(folder->path, "other.key", NULL);
    g_autoptr(PtSecretKey) key = secret_key_load(folder->key, TRUE, NULL);
    g_autoptr(PtSecretKey) same = secret_key_load(folder->key, FALSE, NULL);
    g_autoptr(PtSecretKey) other = secret_key_load(other_path, TRUE, NULL);

    (void)data;
    for (gsize i = 0; i < G_N_ELEMENTS(plains); i++) {
        g_autofree char *sealed = secret_seal(key, plains[i], 5);
        g_autofree char *twice = secret_seal(key, plains[i], 5);
        g_autoptr(GError) error = NULL;
        char *plain = secret_open(same, sealed, NULL);
        g_assert_cmpstr(plain, ==, plains[i]);
        g_assert_true(g_str_has_prefix(sealed, "v1:5:"));
        g_assert_true(g_str_is_ascii(sealed));
        g_assert_null(strlen(plains[i]) > 4 ? strstr(sealed + 5, plains[i]) : NULL);
        g_assert_cmpstr(sealed, !=, twice); /* a nonce of its own each time */
        g_assert_null(secret_open(other, sealed, &error));
        g_assert_error(error, PT_ERROR, PT_ERROR_INTEGRITY);
        secret_wipe(plain);
    }
}

static void test_no_secret_stays_no_secret(struct folder *folder, gconstpointer data)
{
    g_autoptr(PtSecretKey) key = secret_key_load(folder->key, TRUE, NULL);
    g_autofree char *sealed = secret_seal(key, "", 0);
    g_autofree char *plain = secret_open(key, "", NULL);

    (void)data;
    g_assert_cmpstr(sealed, ==, "");
    g_assert_cmpstr(plain, ==, "");
    secret_wipe(NULL);
}

static void test_a_changed_or_foreign_text_does_not_open(struct folder *folder, gconstpointer data)
{
    static const char *const foreign[] = {
        "hunter2", "v1", "v1:", "v1:3", "v1:3:", "v1:3:QUJD", "v1:3:====", "v2:3:QUJD", "v1:3:\xff", "{}"};
    g_autoptr(PtSecretKey) key = secret_key_load(folder->key, TRUE, NULL);
    g_autofree char *sealed = secret_seal(key, "hunter2", 7);
    gsize length = strlen(sealed);

    (void)data;
    for (gsize i = 0; i < G_N_ELEMENTS(foreign); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(secret_open(key, foreign[i], &error));
        g_assert_error(error, PT_ERROR, PT_ERROR_INTEGRITY);
        g_assert_null(strstr(error->message, "hunter2"));
    }
    for (gsize at = 5; at < length && sealed[at] != '='; at++) { /* each character of the BASE64 part */
        g_autofree char *changed = g_strdup(sealed);
        g_autofree char *cut = g_strndup(sealed, at);
        changed[at] = sealed[at] == 'A' ? 'B' : 'A';
        g_assert_null(secret_open(key, cut, NULL));
        if (at + 3 < length) /* the last characters hold bits that mean nothing */
            g_assert_null(secret_open(key, changed, NULL));
    }
}

static void test_what_is_not_a_private_key_file_is_refused(struct folder *folder, gconstpointer data)
{
    static const struct {
        const char *content;
        guint mode;
        gboolean ok;
    } rows[] = {
        {KEY_HEX, 0600, TRUE},
        {KEY_HEX "\n", 0600, TRUE},
        {KEY_HEX, 0400, TRUE},
        {KEY_HEX, 0640, FALSE},
        {KEY_HEX, 0604, FALSE},
        {KEY_HEX, 0666, FALSE},
        {"", 0600, FALSE},
        {"hunter2", 0600, FALSE},
        {"zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 0600, FALSE},
    };
    g_autofree char *link = g_build_filename(folder->path, "link.key", NULL);

    (void)data;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(PtSecretKey) key = NULL;
        g_autoptr(GError) error = NULL;
        g_test_message("row %zu, mode %o", i, rows[i].mode);
        g_assert_true(g_file_set_contents(folder->key, rows[i].content, -1, NULL));
        g_assert_cmpint(chmod(folder->key, rows[i].mode), ==, 0);
        key = secret_key_load(folder->key, TRUE, &error);
        g_assert_cmpint(key != NULL, ==, rows[i].ok);
        g_assert_cmpint(error == NULL, ==, rows[i].ok);
        if (*rows[i].content && error)
            g_assert_null(strstr(error->message, rows[i].content));
    }
    g_assert_true(g_file_set_contents_full(folder->key, KEY_HEX, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    g_assert_cmpint(symlink(folder->key, link), ==, 0);
    g_assert_null(secret_key_load(link, TRUE, NULL)); /* somebody else may have placed the link */
    g_assert_null(secret_key_load(folder->path, TRUE, NULL));
    g_assert_cmpint(g_unlink(link), ==, 0);
}

static gpointer load_at_once(gpointer path)
{
    return secret_key_load(path, TRUE, NULL);
}

static void test_two_that_make_the_key_at_once_get_the_same_key(struct folder *folder, gconstpointer data)
{
    (void)data;
    for (int round = 0; round < 30; round++) {
        GThread *threads[4];
        struct secret_key *keys[4];
        g_autofree char *sealed = NULL;
        for (int i = 0; i < 4; i++)
            threads[i] = g_thread_new("key", load_at_once, folder->key);
        for (int i = 0; i < 4; i++) {
            keys[i] = g_thread_join(threads[i]);
            g_assert_nonnull(keys[i]);
        }
        sealed = secret_seal(keys[0], "hunter2", 7);
        for (int i = 0; i < 4; i++) {
            g_autofree char *plain = secret_open(keys[i], sealed, NULL);
            g_assert_cmpstr(plain, ==, "hunter2");
            secret_key_free(keys[i]);
        }
        g_assert_cmpint(files_in(folder->path), ==, 1); /* no leftovers */
        g_assert_cmpint(g_unlink(folder->key), ==, 0);
    }
}

static void test_random_hex_is_as_long_as_asked_and_never_the_same(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (int i = 0; i < 1000; i++) {
        char *hex = random_hex(8);
        g_assert_cmpuint(strlen(hex), ==, 16);
        g_assert_cmpuint(strspn(hex, "0123456789abcdef"), ==, 16);
        g_assert_true(g_hash_table_add(seen, hex));
    }
}

#define ADD(name, function)                                                                                  \
    g_test_add("/secret/" name, struct folder, NULL, folder_set_up, function, folder_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("the key is made once with mode 0600", test_the_key_is_made_once_with_mode_0600);
    ADD("what is sealed opens with the same key only", test_what_is_sealed_opens_with_the_same_key_only);
    ADD("no secret stays no secret", test_no_secret_stays_no_secret);
    ADD("a changed or foreign text does not open", test_a_changed_or_foreign_text_does_not_open);
    ADD("what is not a private key file is refused", test_what_is_not_a_private_key_file_is_refused);
    ADD("two that make the key at once get the same key",
        test_two_that_make_the_key_at_once_get_the_same_key);
    g_test_add_func("/secret/random hex is as long as asked and never the same",
                    test_random_hex_is_as_long_as_asked_and_never_the_same);
    return g_test_run();
}
