/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings judged together: limits in force, a complete destination, ftps:, and what random changes must
 * never do. */
#include "core/destination.h"
#include "core/settings.h"

#include "judged.h"
#include "settings-sample.h"

static const struct sample smb_complete = {
    {"smb.path", "\\\\canon\\share\\", "smb.user", "user_name", "export.enabled", "true"}};

static void test_limits_of_the_same_change_are_in_force(void)
{
    g_autofree char *path = repeated("\\\\canon\\", 300, "s", "");
    g_autofree char *secret = repeated("", 15, "p", "");
    const struct sample longer = {{"smb.path", path, "smb.password", secret, "limits", "extended"}};
    const struct sample refused = {{"smb.path", path, "smb.password", secret}};
    const struct sample short_again = {
        {"limits", "device", "smb.path", "\\\\canon\\s", "smb.password", "short"}};
    const struct sample erased = {{"limits", "device", "smb.path", "", "smb.password", ""}};
    const struct sample still_long = {{"limits", "device", "smb.path", path, "smb.password", ""}};
    const struct sample bad_limits = {{"limits", "endless", "smb.path", path, "smb.password", secret}};
    g_autoptr(PtSettings) settings = settings_new();
    g_autoptr(PtSettings) extended = after(settings, &longer);
    g_autoptr(PtSettings) device = NULL;
    g_autoptr(PtSettings) empty = NULL;

    assert_refused_together(settings, &refused, "smb.path smb.password", "243");
    assert_refused_together(settings, &bad_limits, "limits smb.path smb.password", "device|extended");
    pretend_sealed(extended);
    device = after(extended, &short_again);
    empty = after(extended, &erased);
    assert_refused_together(extended, &still_long, "smb.path", "243");
}

static void test_device_limits_are_refused_while_something_longer_is_stored(void)
{
    static const struct {
        const char *key;
        gsize device;
    } rows[] = {{"smb.path", 243}, {"smb.user", 24},     {"smb.password", 14}, {"ftp.path", 174},
                {"ftp.user", 24},  {"ftp.password", 24}, {"mail.user", 64},    {"mail.password", 32}};
    static const struct sample to_device = {{"limits", "device"}};
    static const struct sample to_extended = {{"limits", "extended"}};
    g_autoptr(PtSettings) defaults = settings_new();
    g_autoptr(PtSettings) all = after(defaults, &to_extended);

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        for (gsize more = 0; more < 2; more++) {
            const char *before = g_str_has_suffix(rows[i].key, ".path")
                                     ? (rows[i].key[0] == 's' ? "\\\\canon\\" : "ftp:\\\\hh\\")
                                     : "";
            g_autofree char *value = repeated(
                before, rows[i].device - (*before ? (rows[i].key[0] == 's' ? 8 : 9) : 0) + more, "x", "");
            const struct sample longer = {{"limits", "extended", rows[i].key, value}};
            g_autoptr(PtSettings) extended = after(defaults, &longer);
            pretend_sealed(extended);
            if (more) {
                settings_put(all, setting_from_key(rows[i].key),
                             settings_text(extended, setting_from_key(rows[i].key)));
                assert_refused_together(extended, &to_device, "limits", rows[i].key);
            } else {
                g_autoptr(PtSettings) device = after(extended, &to_device);
                g_assert_cmpstr(settings_text(device, SETTING_LIMITS), ==, "device");
            }
        }
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        assert_refused_together(all, &to_device, "limits", rows[i].key); /* one refusal names every key */
}

static void test_several_recipients_need_extended_limits(void)
{
    static const struct sample list = {{"mail.to", "a@b, c@d"}};
    static const struct sample extended = {{"limits", "extended", "mail.to", "a@b, c@d"}};
    static const struct sample senders = {{"limits", "extended", "mail.from", "a@b,c@d"}};
    static const struct sample device = {{"limits", "device"}};
    static const struct sample one = {{"limits", "device", "mail.to", "a@b"}};
    g_autoptr(PtSettings) settings = settings_new();
    g_autoptr(PtSettings) several = after(settings, &extended);
    g_autoptr(PtSettings) single = after(several, &one);

    g_assert_cmpstr(settings_text(several, SETTING_MAIL_TO), ==, "a@b,c@d");
    assert_refused_together(settings, &list, "mail.to", "one bare address");
    assert_refused_together(settings, &senders, "mail.from", "one bare address");
    assert_refused_together(several, &device, "limits", "mail.to");
}

static void test_ftps_in_the_path_sets_implicit_tls(void)
{
    static const struct sample ftps = {{"ftp.path", "FTPS:¥¥host¥folder"}};
    static const struct sample agreed = {{"ftp.security", "implicit", "ftp.path", "ftps://host/folder"}};
    static const struct sample plain = {{"ftp.path", "ftp://host/folder"}};
    static const struct sample later = {{"ftp.security", "none"}};
    static const struct sample conflict = {{"ftp.path", "ftps://host/folder", "ftp.security", "none"}};
    static const struct sample conflict2 = {{"ftp.security", "explicit", "ftp.path", "ftps://host/folder"}};
    static const struct sample unknown = {{"ftp.security", "tls", "ftp.path", "ftps://host/folder"}};
    static const struct sample bad_path = {{"ftp.security", "none", "ftp.path", "ftps://"}};
    g_autoptr(PtSettings) settings = settings_new();
    g_autoptr(PtSettings) implicit = after(settings, &ftps);
    g_autoptr(PtSettings) same = after(settings, &agreed);
    g_autoptr(PtSettings) kept = after(implicit, &plain);
    g_autoptr(PtSettings) none = after(implicit, &later);

    g_assert_cmpstr(settings_text(implicit, SETTING_FTP_SECURITY), ==, "implicit");
    g_assert_cmpstr(settings_text(implicit, SETTING_FTP_PATH), ==, "ftp:\\\\host\\folder");
    g_assert_cmpstr(settings_text(same, SETTING_FTP_SECURITY), ==, "implicit");
    g_assert_cmpstr(settings_text(kept, SETTING_FTP_SECURITY), ==,
                    "implicit"); /* ftp: says nothing about TLS */
    g_assert_cmpstr(settings_text(none, SETTING_FTP_SECURITY), ==, "none");
    assert_refused_together(settings, &conflict, "ftp.security", "implicit");
    assert_refused_together(settings, &conflict2, "ftp.security", "ftps:");
    assert_refused_together(settings, &unknown, "ftp.security", "none|explicit|implicit");
    assert_refused_together(settings, &bad_path, "ftp.path", "name is missing");
}

static void test_switching_on_needs_a_complete_destination(void)
{
    static const struct {
        struct sample given;
        const char *lacking; /* "" = complete */
    } cases[] = {
        {{{"export.enabled", "true"}}, "smb.path smb.user"},
        {{{"export.enabled", "true", "smb.path", "\\\\c\\s"}}, "smb.user"},
        {{{"smb.user", "u", "export.enabled", "true"}}, "smb.path"},
        {{{"export.enabled", "true", "smb.path", "\\\\c\\s", "smb.user", "u"}},
         ""}, /* a password may be empty */
        {{{"export.enabled", "true", "smb.path", "bad", "smb.user", "u"}}, "smb.path"},
        {{{"export.enabled", "true", "export.method", "ftp", "smb.path", "\\\\c\\s", "smb.user", "u"}},
         "ftp.path ftp.user"},
        {{{"export.enabled", "true", "export.method", "ftp", "ftp.path", "ftp://h", "ftp.user", "u"}}, ""},
        {{{"export.enabled", "true", "export.method", "mail"}}, "mail.to mail.from mail.server"},
        {{{"export.enabled", "true", "export.method", "mail", "mail.to", "a@b", "mail.from", "c@d"}},
         "mail.server"},
        {{{"export.enabled", "true", "export.method", "mail", "mail.to", "a@b", "mail.from", "c@d",
           "mail.server", "h"}},
         ""},
        {{{"export.enabled", "true", "export.method", "mail", "mail.to", "a@b", "mail.from", "c@d",
           "mail.server", "h", "mail.auth", "true"}},
         "mail.user mail.password"},
    };
    g_autoptr(PtSettings) settings = settings_new();

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (*cases[i].lacking) {
            assert_refused_together(settings, &cases[i].given, cases[i].lacking, "");
        } else {
            g_autoptr(PtSettings) on = after(settings, &cases[i].given);
            g_autoptr(GPtrArray) lacking = settings_incomplete(on);
            g_assert_true(settings_bool(on, SETTING_EXPORT_ENABLED));
            g_assert_cmpuint(lacking->len, ==, 0);
        }
    }
}

static void test_while_it_is_on_the_destination_stays_complete(void)
{
    static const struct sample no_path = {{"smb.path", ""}};
    static const struct sample to_ftp = {{"export.method", "ftp"}};
    static const struct sample to_ftp_whole = {
        {"export.method", "ftp", "ftp.path", "ftp://h", "ftp.user", "u"}};
    static const struct sample other = {{"export.hour", "22", "mail.to", "", "ftp.path", ""}};
    static const struct sample off = {{"export.enabled", "false", "smb.path", ""}};
    g_autoptr(PtSettings) settings = settings_new();
    g_autoptr(PtSettings) on = after(settings, &smb_complete);
    g_autoptr(PtSettings) changed = after(on, &other);
    g_autoptr(PtSettings) ftp = after(on, &to_ftp_whole);
    g_autoptr(PtSettings) gone = after(on, &off);

    assert_refused_together(on, &no_path, "smb.path", "export.method=smb");
    assert_refused_together(on, &to_ftp, "ftp.path ftp.user", "export.method=ftp");
    g_assert_cmpstr(settings_text(gone, SETTING_SMB_USER), ==, "user_name");
}

static void test_mail_with_auth_is_complete_with_user_and_password(void)
{
    static const struct sample mail = {{"export.method", "mail", "mail.to", "a@b", "mail.from", "c@d",
                                        "mail.server", "h", "mail.auth", "true", "mail.user", "u"}};
    static const struct sample on = {{"export.enabled", "true"}};
    static const struct sample with = {{"export.enabled", "true", "mail.password", "p"}};
    static const struct sample erase = {{"mail.password", ""}};
    static const struct sample without = {{"mail.password", "", "mail.auth", "false"}};
    g_autoptr(PtSettings) settings = settings_new();
    g_autoptr(PtSettings) prepared = after(settings, &mail);
    g_autoptr(PtSettings) enabled = NULL;
    g_autoptr(PtSettings) plain = NULL;

    assert_refused_together(prepared, &on, "mail.password", "mail.auth=true");
    enabled = after(prepared, &with);
    pretend_sealed(enabled);
    assert_refused_together(enabled, &erase, "mail.password", "mail.auth=true");
    plain = after(enabled, &without);
}

static void test_values_that_were_not_given_stay(void)
{
    static const struct sample first = {
        {"smb.password", "p¥ss", "ftp.user", "f", "csv.header", "en", "smb.path", "￥￥h￥s"}};
    static const struct sample second = {{"export.method", "ftp"}};
    g_autoptr(PtSettings) settings = settings_new();
    g_autoptr(PtSettings) one = after(settings, &first);
    g_autoptr(PtSettings) two = after(one, &second);

    g_assert_cmpstr(settings_text(one, SETTING_SMB_PASSWORD), ==, "p¥ss"); /* plain: the caller seals it */
    for (int i = 0; i < SETTING_COUNT; i++)
        if (i != SETTING_EXPORT_METHOD)
            g_assert_cmpstr(settings_text(two, (enum setting_id)i), ==,
                            settings_text(one, (enum setting_id)i));
}

static char *random_value(void)
{
    static const char *const pieces[] = {
        "\\",    "¥",     "￥",          "/",        "ftp://", "ftps:\\\\", "\\\\h\\s", "@",        ":",
        "..",    "a",     "192.168.1.1", "65535",    "共",     " ",         ",",        "\t",       "\n",
        "\xff",  "true",  "false",       "smb",      "mail",   "ftp",       "device",   "extended", "3",
        "Asia/", "Tokyo", "UTC",         "implicit", "v1:3:",  "%s%n"};
    GString *text = g_string_new(NULL);

    for (int n = g_test_rand_int_range(0, 5); n > 0; n--)
        g_string_append(text, pieces[g_test_rand_int_range(0, (gint32)G_N_ELEMENTS(pieces))]);
    if (g_test_rand_int_range(0, 40) == 0)
        for (int n = 0; n < 300; n++)
            g_string_append(text, "ア");
    return g_string_free(text, FALSE);
}

/* Accepted values, given again, are accepted and stored as the same text: what `settings show` prints can be
 * set. */
static void assert_reads_back(const struct settings *settings, const struct settings *result)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        const struct setting_change again = {(enum setting_id)i, settings_text(result, (enum setting_id)i)};
        struct settings *same = NULL;
        g_autoptr(GPtrArray) problems = NULL;
        if (setting_info(again.id)->secret || strcmp(settings_text(settings, again.id), again.value) == 0)
            continue;
        problems = settings_judge(result, &again, 1, &same);
        g_assert_cmpuint(problems->len, ==, 0);
        for (int j = 0; j < SETTING_COUNT; j++)
            g_assert_cmpstr(same->text[j], ==, result->text[j]);
        settings_free(same);
    }
}

static void test_random_changes_never_leave_a_set_that_does_not_hold(void)
{
    g_autoptr(PtSettings) settings = settings_new();
    int accepted = 0;

    for (int round = 0; round < 20000; round++) {
        struct setting_change changes[3];
        char *values[3];
        struct settings *result = NULL;
        g_autoptr(GPtrArray) problems = NULL;
        for (int i = 0; i < 3; i++) {
            values[i] = random_value();
            changes[i] =
                (struct setting_change){(enum setting_id)g_test_rand_int_range(0, SETTING_COUNT), values[i]};
        }
        problems = settings_judge(settings, changes, (gsize)g_test_rand_int_range(0, 4), &result);
        g_assert_cmpint(problems->len == 0, ==, result != NULL);
        if (result) {
            g_autoptr(GPtrArray) lacking = settings_incomplete(result);
            g_assert_true(!settings_bool(result, SETTING_EXPORT_ENABLED) || lacking->len == 0);
            assert_reads_back(settings, result);
            pretend_sealed(result);
            settings_free(settings);
            settings = result;
            accepted++;
        }
        for (int i = 0; i < 3; i++)
            g_free(values[i]);
    }
    g_test_message("%d accepted", accepted);
    g_assert_cmpint(accepted, >, 1000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/settings/limits of the same change are in force",
                    test_limits_of_the_same_change_are_in_force);
    g_test_add_func("/settings/device limits are refused while something longer is stored",
                    test_device_limits_are_refused_while_something_longer_is_stored);
    g_test_add_func("/settings/several recipients need extended limits",
                    test_several_recipients_need_extended_limits);
    g_test_add_func("/settings/ftps in the path sets implicit tls", test_ftps_in_the_path_sets_implicit_tls);
    g_test_add_func("/settings/switching on needs a complete destination",
                    test_switching_on_needs_a_complete_destination);
    g_test_add_func("/settings/while it is on the destination stays complete",
                    test_while_it_is_on_the_destination_stays_complete);
    g_test_add_func("/settings/mail with auth is complete with user and password",
                    test_mail_with_auth_is_complete_with_user_and_password);
    g_test_add_func("/settings/values that were not given stay", test_values_that_were_not_given_stay);
    g_test_add_func("/settings/random changes never leave a set that does not hold",
                    test_random_changes_never_leave_a_set_that_does_not_hold);
    return g_test_run();
}
