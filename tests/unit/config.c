/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings as verbs on a real store: what is stored, sealed, stamped and audited, and what is not. */
#include "app/config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/secret.h"
#include "settings-sample.h"

struct house {
    char *path;
    struct app *app;
    gint64 now;
};

static gint64 house_clock(gpointer user)
{
    return ((const struct house *)user)->now;
}

static void house_set_up(struct house *house, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    house->path = g_dir_make_tmp("pt-config-XXXXXX", NULL);
    house->app = app_open(house->path, STORE_CREATE, &error);
    g_assert_no_error(error);
    house->app->clock = house_clock;
    house->app->clock_user = house;
    house->now = 1780000000;
}

static void house_tear_down(struct house *house, gconstpointer data)
{
    g_autoptr(GDir) dir = g_dir_open(house->path, 0, NULL);
    const char *name;

    (void)data;
    app_free(house->app);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *file = g_build_filename(house->path, name, NULL);
        g_assert_cmpint(g_unlink(file), ==, 0);
    }
    g_assert_cmpint(g_rmdir(house->path), ==, 0);
    g_free(house->path);
}

/* Number of problems; the result in *ret (NULL when refused). */
static guint change(struct house *house, const struct sample *sample, gboolean only_check,
                    struct settings **ret)
{
    struct setting_change changes[CHANGES_MAX];
    gsize n = changes_of(sample, changes);
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(GError) error = NULL;

    *ret = NULL;
    g_assert_true(config_change(house->app, changes, n, "tester", only_check, &problems, ret, &error));
    g_assert_no_error(error);
    g_assert_cmpint(problems->len == 0, ==, *ret != NULL);
    return problems->len;
}

static guint set(struct house *house, const struct sample *sample)
{
    g_autoptr(PtSettings) result = NULL;
    g_autoptr(PtSettings) stored = NULL;
    guint problems = change(house, sample, FALSE, &result);

    g_assert_true(config_load(house->app, &stored, NULL));
    for (int i = 0; result && i < SETTING_COUNT; i++)
        g_assert_cmpstr(stored->text[i], ==, result->text[i]);
    return problems;
}

static guint stored_rows(struct house *house)
{
    g_autoptr(GHashTable) values = NULL;

    g_assert_true(store_settings(house->app->store, &values, NULL));
    return g_hash_table_size(values);
}

static char *saved_at(struct house *house)
{
    char *text = NULL;

    g_assert_true(store_meta(house->app->store, "schedule_saved_at", &text, NULL));
    return text;
}

static void test_a_new_store_holds_the_defaults(struct house *house, gconstpointer data)
{
    g_autoptr(PtSettings) defaults = settings_new();
    g_autoptr(PtSettings) stored = NULL;

    (void)data;
    g_assert_true(config_load(house->app, &stored, NULL));
    for (int i = 0; i < SETTING_COUNT; i++)
        g_assert_cmpstr(stored->text[i], ==, defaults->text[i]);
    g_assert_cmpuint(stored_rows(house), ==, 0);
}

static void test_only_what_differs_is_stored(struct house *house, gconstpointer data)
{
    static const struct sample first = {
        {"export.hour", "3", "csv.header", "en", "smb.path", "¥¥canon¥share¥"}};
    g_autoptr(PtSettings) stored = NULL;

    (void)data;
    g_assert_cmpuint(set(house, &first), ==, 0);
    g_assert_cmpuint(stored_rows(house), ==, 2);
    g_assert_cmpuint(set(house, &first), ==, 0);
    g_assert_cmpuint(stored_rows(house), ==, 2);
    g_assert_true(config_load(house->app, &stored, NULL));
    g_assert_cmpstr(settings_text(stored, SETTING_SMB_PATH), ==, "\\\\canon\\share\\");
}

static void test_a_refused_change_stores_nothing(struct house *house, gconstpointer data)
{
    static const struct sample bad = {
        {"export.hour", "5", "smb.password", "secret", "smb.path", "//canon/share"}};
    g_autofree char *key = app_path(house->app, "secret.key");
    g_autofree char *stamp = NULL;

    (void)data;
    g_assert_cmpuint(set(house, &bad), ==, 1);
    g_assert_cmpuint(stored_rows(house), ==, 0);
    stamp = saved_at(house);
    g_assert_null(stamp);
    g_assert_false(g_file_test(key, G_FILE_TEST_EXISTS));
}

static void test_keys_of_another_version_are_ignored(struct house *house, gconstpointer data)
{
    g_autoptr(PtSettings) stored = NULL;

    (void)data;
    g_assert_true(store_setting_put(house->app->store, "export.by_pigeon", "true", NULL));
    g_assert_true(store_setting_put(house->app->store, "export.hour", "7", NULL));
    g_assert_true(config_load(house->app, &stored, NULL));
    g_assert_cmpint(settings_int(stored, SETTING_EXPORT_HOUR), ==, 7);
}

static void test_secrets_are_stored_sealed_with_their_width(struct house *house, gconstpointer data)
{
    static const struct sample one = {{"smb.password", "hunter2¥共"}};
    static const struct sample erase = {{"smb.password", ""}};
    g_autofree char *path = app_path(house->app, "secret.key");
    g_autofree char *first = NULL;
    g_autoptr(PtSettings) stored = NULL;
    g_autoptr(PtSettings) again = NULL;
    g_autoptr(PtSettings) erased = NULL;
    g_autoptr(PtSecretKey) key = NULL;
    char *plain;

    (void)data;
    g_assert_cmpuint(set(house, &one), ==, 0);
    g_assert_true(config_load(house->app, &stored, NULL));
    first = g_strdup(settings_text(stored, SETTING_SMB_PASSWORD));
    g_assert_null(strstr(first, "hunter2"));
    g_assert_cmpint(settings_secret_width(first), ==, 10);
    key = secret_key_load(path, FALSE, NULL);
    plain = secret_open(key, first, NULL);
    g_assert_cmpstr(plain, ==, "hunter2¥共");
    secret_wipe(plain);
    g_assert_cmpuint(set(house, &one), ==, 0); /* the same again is no change */
    g_assert_true(config_load(house->app, &again, NULL));
    g_assert_cmpstr(settings_text(again, SETTING_SMB_PASSWORD), ==, first);
    g_assert_cmpuint(set(house, &erase), ==, 0);
    g_assert_true(config_load(house->app, &erased, NULL));
    g_assert_cmpstr(settings_text(erased, SETTING_SMB_PASSWORD), ==, "");
    g_assert_cmpuint(stored_rows(house), ==, 0);
}

static void test_limits_of_stored_secrets_are_known_without_opening_them(struct house *house,
                                                                         gconstpointer data)
{
    static const struct sample longer = {{"limits", "extended", "smb.password", "123456789012345"}};
    static const struct sample device = {{"limits", "device"}};
    static const struct sample shorter = {{"smb.password", "12345678901234"}};

    (void)data;
    g_assert_cmpuint(set(house, &longer), ==, 0);
    g_assert_cmpuint(set(house, &device), ==, 1);
    g_assert_cmpuint(set(house, &shorter), ==, 0);
    g_assert_cmpuint(set(house, &device), ==, 0);
}

static void test_only_a_changed_schedule_moves_its_moment(struct house *house, gconstpointer data)
{
    static const struct {
        struct sample sample;
        gboolean moves;
    } rows[] = {
        {{{"csv.header", "en", "smb.path", "\\\\c\\s", "smb.user", "u"}}, FALSE},
        {{{"export.hour", "3"}}, FALSE}, /* as it was */
        {{{"export.hour", "5"}}, TRUE},
        {{{"export.hour", "5", "csv.header", "ja"}}, FALSE},
        {{{"export.enabled", "true"}}, TRUE},
        {{{"export.enabled", "true", "export.retries", "3"}}, FALSE},
        {{{"preferences.time_zone", "Asia/Tokyo"}}, TRUE},
        {{{"export.hour", "6", "smb.path", "x"}}, FALSE}, /* refused */
        {{{"smb.password", "p"}}, FALSE},
        {{{"export.enabled", "false"}}, TRUE},
    };
    g_autofree char *before = NULL;

    (void)data;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *expected = NULL;
        g_autofree char *stamp = NULL;
        house->now += 100;
        (void)set(house, &rows[i].sample);
        expected = rows[i].moves ? g_strdup_printf("%" G_GINT64_FORMAT, house->now) : g_strdup(before);
        stamp = saved_at(house);
        g_test_message("row %zu", i);
        g_assert_cmpstr(stamp, ==, expected);
        g_free(before);
        before = g_steal_pointer(&stamp);
    }
}

static void test_a_check_changes_nothing_but_seals_what_it_returns(struct house *house, gconstpointer data)
{
    static const struct sample good = {{"export.hour", "9", "smb.password", "hunter2"}};
    struct setting_change changes[CHANGES_MAX];
    g_autofree char *key = app_path(house->app, "secret.key");
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(PtSettings) result = NULL;
    g_autofree char *stamp = NULL;

    (void)data;
    g_assert_true(config_change(house->app, changes, changes_of(&good, changes), "tester", TRUE, &problems,
                                NULL, NULL));
    g_assert_cmpuint(problems->len, ==, 0);
    g_assert_false(g_file_test(key, G_FILE_TEST_EXISTS));
    g_assert_cmpuint(change(house, &good, TRUE, &result), ==, 0);
    g_assert_cmpstr(settings_text(result, SETTING_EXPORT_HOUR), ==, "9");
    g_assert_cmpint(settings_secret_width(settings_text(result, SETTING_SMB_PASSWORD)), ==, 7);
    g_assert_null(strstr(settings_text(result, SETTING_SMB_PASSWORD), "hunter2"));
    g_assert_cmpuint(stored_rows(house), ==, 0);
    stamp = saved_at(house);
    g_assert_null(stamp);
}

static gboolean file_holds(const char *dir, const char *name, const char *word)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *content = NULL;
    gsize length = 0;

    return g_file_get_contents(path, &content, &length, NULL) &&
           memmem(content, length, word, strlen(word)) != NULL;
}

static void test_no_file_of_the_state_holds_a_password_in_the_clear(struct house *house, gconstpointer data)
{
    static const struct sample mail = {
        {"mail.password", "hunter2hunter2", "ftp.password", "hunter2hunter2", "smb.user", "visible-user"}};
    g_autoptr(GDir) dir = g_dir_open(house->path, 0, NULL);
    gboolean user_seen = FALSE;
    gboolean audit_seen = FALSE;
    const char *name;

    (void)data;
    g_assert_cmpuint(set(house, &mail), ==, 0);
    while ((name = g_dir_read_name(dir))) {
        g_assert_false(file_holds(house->path, name, "hunter2"));
        user_seen = user_seen || file_holds(house->path, name, "visible-user");
        audit_seen =
            audit_seen || file_holds(house->path, name, "settings smb.user ftp.password mail.password");
    }
    g_assert_true(user_seen); /* else the search finds nothing at all */
    g_assert_true(audit_seen);
}

static void test_a_key_file_that_others_can_read_stops_the_change(struct house *house, gconstpointer data)
{
    static const struct sample secret = {{"export.hour", "9", "smb.password", "hunter2"}};
    g_autofree char *path = app_path(house->app, "secret.key");
    struct setting_change changes[CHANGES_MAX];
    gsize n = changes_of(&secret, changes);
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(GError) error = NULL;

    (void)data;
    g_assert_true(g_file_set_contents(path, "not a key", -1, NULL));
    g_assert_cmpint(chmod(path, 0644), ==, 0);
    g_assert_false(config_change(house->app, changes, n, "tester", FALSE, &problems, NULL, &error));
    g_assert_nonnull(error);
    g_assert_null(problems);
    g_assert_cmpuint(stored_rows(house), ==, 0);
}

static void test_a_running_daemon_is_woken_by_a_stored_change_only(struct house *house, gconstpointer data)
{
    static const struct sample good = {{"export.hour", "9"}};
    static const struct sample bad = {{"export.hour", "24"}};
    g_autofree char *path = app_path(house->app, "wake.sock");
    g_autoptr(PtSettings) checked = NULL;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char byte[4];
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    (void)data;
    g_assert_cmpuint(strlen(path), <, sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    g_assert_cmpint(bind(fd, (const struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpuint(set(house, &bad), ==, 1);
    g_assert_cmpuint(change(house, &good, TRUE, &checked), ==, 0);
    g_assert_cmpint(recv(fd, byte, sizeof byte, 0), ==, -1);
    g_assert_cmpuint(set(house, &good), ==, 0);
    g_assert_cmpint(recv(fd, byte, sizeof byte, 0), ==, 1);
    g_assert_cmpint(close(fd), ==, 0);
}

static gpointer set_twenty_times(gpointer data)
{
    const char *const *pair = ((gpointer *)data)[1];
    g_autoptr(PtApp) app = app_open(((gpointer *)data)[0], STORE_EXISTING, NULL);

    for (int i = 0; i < 20; i++) {
        const struct setting_change one = {setting_from_key(pair[0]), pair[1 + i % 2]};
        g_autoptr(GPtrArray) problems = NULL;
        g_assert_true(config_change(app, &one, 1, "tester", FALSE, &problems, NULL, NULL));
        g_assert_cmpuint(problems->len, ==, 0);
    }
    return NULL;
}

static void test_changes_at_once_do_not_undo_each_other(struct house *house, gconstpointer data)
{
    static const char *const pairs[][3] = {{"export.hour", "1", "2"},
                                           {"csv.header", "ja", "en"},
                                           {"smb.password", "a", "b"},
                                           {"ftp.user", "u", "v"}};
    gpointer arguments[4][2];
    GThread *threads[4];
    g_autoptr(PtSettings) stored = NULL;

    (void)data;
    for (gsize i = 0; i < 4; i++) {
        arguments[i][0] = house->path;
        arguments[i][1] = (gpointer)(guintptr)pairs[i];
        threads[i] = g_thread_new("set", set_twenty_times, arguments[i]);
    }
    for (gsize i = 0; i < 4; i++)
        (void)g_thread_join(threads[i]);
    g_assert_true(config_load(house->app, &stored, NULL));
    g_assert_cmpstr(settings_text(stored, SETTING_EXPORT_HOUR), ==, "2");
    g_assert_cmpstr(settings_text(stored, SETTING_CSV_HEADER), ==, "en");
    g_assert_cmpint(settings_secret_width(settings_text(stored, SETTING_SMB_PASSWORD)), ==, 1);
    g_assert_cmpstr(settings_text(stored, SETTING_FTP_USER), ==, "v");
}

static void test_problems_become_one_error_with_a_line_each(struct house *house, gconstpointer data)
{
    static const struct sample bad = {{"export.hour", "24", "smb.path", "x"}};
    struct setting_change changes[CHANGES_MAX];
    gsize n = changes_of(&bad, changes);
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *en = NULL;
    g_autofree char *ja = NULL;

    (void)data;
    g_assert_true(config_change(house->app, changes, n, "tester", TRUE, &problems, NULL, NULL));
    config_problems_error(problems, &error);
    g_assert_error(error, PT_ERROR, PT_ERROR_INPUT);
    en = pt_error_message(error, PT_LANG_EN);
    ja = pt_error_message(error, PT_LANG_JA);
    g_assert_true(
        g_str_has_prefix(en, "export.hour: must be a whole number from 0 to 23\nsmb.path: must begin with"));
    g_assert_true(g_str_has_prefix(ja, "export.hour: 0~23 の整数を指定してください\nsmb.path: "));
}

#define ADD(name, function)                                                                                  \
    g_test_add("/config/" name, struct house, NULL, house_set_up, function, house_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("a new store holds the defaults", test_a_new_store_holds_the_defaults);
    ADD("only what differs is stored", test_only_what_differs_is_stored);
    ADD("a refused change stores nothing", test_a_refused_change_stores_nothing);
    ADD("keys of another version are ignored", test_keys_of_another_version_are_ignored);
    ADD("secrets are stored sealed with their width", test_secrets_are_stored_sealed_with_their_width);
    ADD("limits of stored secrets are known without opening them",
        test_limits_of_stored_secrets_are_known_without_opening_them);
    ADD("only a changed schedule moves its moment", test_only_a_changed_schedule_moves_its_moment);
    ADD("a check changes nothing but seals what it returns",
        test_a_check_changes_nothing_but_seals_what_it_returns);
    ADD("no file of the state holds a password in the clear",
        test_no_file_of_the_state_holds_a_password_in_the_clear);
    ADD("a key file that others can read stops the change",
        test_a_key_file_that_others_can_read_stops_the_change);
    ADD("a running daemon is woken by a stored change only",
        test_a_running_daemon_is_woken_by_a_stored_change_only);
    ADD("changes at once do not undo each other", test_changes_at_once_do_not_undo_each_other);
    ADD("problems become one error with a line each", test_problems_become_one_error_with_a_line_each);
    return g_test_run();
}
