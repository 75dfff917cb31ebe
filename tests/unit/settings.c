/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings' table and the judging of changes: own rule of each value, limits, completeness, all or
 * nothing. */
#include "core/settings.h"
#include "say.h"

#include "judged.h"
#include "settings-sample.h"

static void test_keys_defaults_and_choices_are_those_of_the_product(void)
{
    static const char *const rows[][3] = {
        {"export.enabled", "false", NULL},
        {"export.hour", "3", NULL},
        {"export.method", "smb", "smb|mail|ftp"},
        {"export.prefix", "", NULL},
        {"export.empty_days", "false", NULL},
        {"export.retries", "0", NULL},
        {"export.retry_minutes", "15", NULL},
        {"limits", "device", "device|extended"},
        {"smb.path", "", NULL},
        {"smb.user", "", NULL},
        {"smb.password", "", NULL},
        {"smb.create_folder", "false", NULL},
        {"smb.encryption", "auto", "auto|required"},
        {"ftp.path", "", NULL},
        {"ftp.user", "", NULL},
        {"ftp.password", "", NULL},
        {"ftp.security", "none", "none|explicit|implicit"},
        {"ftp.active", "false", NULL},
        {"mail.to", "", NULL},
        {"mail.from", "", NULL},
        {"mail.server", "", NULL},
        {"mail.security", "auto", "auto|none|starttls|tls"},
        {"mail.auth", "false", NULL},
        {"mail.user", "", NULL},
        {"mail.password", "", NULL},
        {"mail.jobs_per_mail", "1000", NULL},
        {"csv.encoding", "utf-8-bom", "utf-8-bom|utf-8|cp932"},
        {"csv.header", "ja", "ja|en"},
        {"csv.separator", "comma", "comma|semicolon|tab"},
        {"csv.formula_guard", "true", NULL},
        {"tls.ca_file", "", NULL},
        {"sources.poll_seconds", "20", NULL},
        {"users.own_jobs", "false", NULL},
        {"preferences.date_format", "ymd", "ymd|mdy|dmy"},
        {"preferences.time_zone", "", NULL},
        {"preferences.language", "ja", "ja|en"},
        {"preferences.device_name", "", NULL},
        {"history.keep_days", "400", NULL},
    };
    g_autoptr(PtSettings) settings = settings_new();

    g_assert_cmpuint(G_N_ELEMENTS(rows), ==, SETTING_COUNT);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        enum setting_id id = setting_from_key(rows[i][0]);
        g_test_message("%s", rows[i][0]);
        g_assert_cmpint(id, <, SETTING_COUNT);
        g_assert_cmpstr(setting_info(id)->fallback, ==, rows[i][1]);
        g_assert_cmpstr(setting_info(id)->choices, ==, rows[i][2]);
        g_assert_cmpstr(settings_text(settings, id), ==, rows[i][1]);
        g_assert_cmpint(setting_info(id)->secret, ==, g_str_has_suffix(rows[i][0], ".password"));
    }
    g_assert_cmpint(setting_from_key("export.Hour"), ==, SETTING_COUNT);
    g_assert_cmpint(setting_from_key(""), ==, SETTING_COUNT);
}

static void test_every_row_is_complete_and_its_default_passes_its_own_rule(void)
{
    g_autoptr(PtSettings) settings = settings_new();

    for (int i = 0; i < SETTING_COUNT; i++) {
        const struct setting_info *info = setting_info((enum setting_id)i);
        struct setting_change change = {(enum setting_id)i, info->fallback};
        g_autoptr(GPtrArray) problems = settings_judge(settings, &change, 1, NULL);
        g_test_message("%s", info->key);
        g_assert_cmpuint(problems->len, ==, 0);
        g_assert_true(*info->help[PT_LANG_EN] && *info->help[PT_LANG_JA]);
        g_assert_true(strcmp(info->help[PT_LANG_EN], info->help[PT_LANG_JA]) != 0);
        g_assert_cmpint(info->type == SETTING_CHOICE, ==, info->choices != NULL);
        g_assert_true(info->type != SETTING_INT || info->min < info->max);
        g_assert_cmpint(info->type == SETTING_TEXT, ==, info->device_limit > 0);
        g_assert_cmpint(info->device_limit, <=, info->extended_limit);
    }
}

static void test_limits_are_those_of_the_manual(void)
{
    static const struct {
        const char *key;
        gsize device, extended;
    } rows[] = {
        {"smb.path", 243, 1024}, {"smb.user", 24, 128},      {"smb.password", 14, 128},
        {"ftp.path", 174, 1024}, {"ftp.user", 24, 128},      {"ftp.password", 24, 128},
        {"mail.to", 120, 120},   {"mail.from", 120, 120},    {"mail.server", 53, 53},
        {"mail.user", 64, 128},  {"mail.password", 32, 128},
    };
    g_autoptr(PtSettings) settings = settings_new();

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        enum setting_id id = setting_from_key(rows[i].key);
        settings_put(settings, SETTING_LIMITS, "device");
        g_assert_cmpuint(settings_limit(settings, id), ==, rows[i].device);
        settings_put(settings, SETTING_LIMITS, "extended");
        g_assert_cmpuint(settings_limit(settings, id), ==, rows[i].extended);
    }
}

/* Texts of exactly n characters that the key's own rule accepts. */
static char *text_of_width(enum setting_id id, gsize n)
{
    switch ((int)id) {
    case SETTING_SMB_PATH:
        return repeated("¥¥canon¥", n - 8, "s", "");
    case SETTING_FTP_PATH:
        return repeated("ftp:¥¥h¥", n - 8, "d", "");
    case SETTING_MAIL_TO:
    case SETTING_MAIL_FROM:
        return repeated("", n - 2, "a", "@b");
    case SETTING_TLS_CA_FILE:
        return repeated("/", n - 1, "a", "");
    default:
        return repeated("", n, "a", "");
    }
}

static void test_every_text_is_accepted_at_its_limit_and_refused_beyond_it(void)
{
    static const char *const limits[] = {"device", "extended"};

    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting_id id = (enum setting_id)i;
        if (setting_info(id)->type != SETTING_TEXT || id == SETTING_PREFERENCES_TIME_ZONE)
            continue;
        for (int extended = 0; extended < 2; extended++) {
            g_autoptr(PtSettings) settings = settings_new();
            gsize limit = setting_limit(id, extended == 1);
            g_autofree char *just = text_of_width(id, limit);
            g_autofree char *over = text_of_width(id, limit + 1);
            g_autofree char *words = g_strdup_printf("%zu", limit);
            const struct sample good = {{"limits", limits[extended], setting_info(id)->key, just}};
            const struct sample bad = {{"limits", limits[extended], setting_info(id)->key, over}};
            g_autoptr(PtSettings) result = after(settings, &good);
            g_assert_cmpuint(strlen(settings_text(result, id)), ==, limit);
            assert_refused_together(settings, &bad, setting_info(id)->key, words);
        }
    }
}

static void test_wide_characters_count_two_in_every_text(void)
{
    static const struct {
        const char *key;
        gsize limit;
    } rows[] = {{"smb.password", 14}, {"smb.user", 24},      {"ftp.password", 24},           {"ftp.user", 24},
                {"mail.user", 64},    {"mail.password", 32}, {"preferences.device_name", 64}};
    g_autoptr(PtSettings) settings = settings_new();

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *just = repeated("", rows[i].limit / 2, "共", "");
        g_autofree char *over = repeated("", rows[i].limit / 2, "共", "a");
        const struct sample good = {{rows[i].key, just}};
        const struct sample bad = {{rows[i].key, over}};
        g_autoptr(PtSettings) result = after(settings, &good);
        assert_refused_together(settings, &bad, rows[i].key, "longer than");
    }
}

static const struct {
    const char *key, *value, *stored; /* NULL = refused */
} exact_cases[] = {
    {"export.hour", "0", "0"},
    {"export.hour", "23", "23"},
    {"export.hour", "03", "3"},
    {"export.hour", "00", "0"},
    {"export.hour", "24", NULL},
    {"export.hour", "9:30", NULL},
    {"export.hour", "-1", NULL},
    {"export.hour", "", NULL},
    {"export.hour", " 3", NULL},
    {"export.hour", "3 ", NULL},
    {"export.hour", "+3", NULL},
    {"export.hour", "3.0", NULL},
    {"export.hour", "0x3", NULL},
    {"export.hour", "３", NULL},
    {"export.hour", "three", NULL},
    {"export.hour", "3\n", NULL},
    {"export.hour", "99999999999999999999", NULL},
    {"export.hour", "18446744073709551619", NULL},
    {"export.hour", "1e1", NULL},
    {"export.retries", "10", "10"},
    {"export.retries", "11", NULL},
    {"export.retries", "0", "0"},
    {"export.retry_minutes", "0", NULL},
    {"export.retry_minutes", "1", "1"},
    {"export.retry_minutes", "60", "60"},
    {"export.retry_minutes", "61", NULL},
    {"mail.jobs_per_mail", "0", "0"},
    {"mail.jobs_per_mail", "1", "1"},
    {"mail.jobs_per_mail", "-1", NULL},
    {"history.keep_days", "0", "0"},
    {"history.keep_days", "-0", NULL},
    {"sources.poll_seconds", "4", NULL},
    {"sources.poll_seconds", "5", "5"},
    {"export.empty_days", "true", "true"},
    {"export.empty_days", "True", NULL},
    {"export.empty_days", "1", NULL},
    {"export.empty_days", "yes", NULL},
    {"export.empty_days", "", NULL},
    {"export.empty_days", "true ", NULL},
    {"export.method", "mail", "mail"},
    {"export.method", "SMB", NULL},
    {"export.method", "smb|mail", NULL},
    {"export.method", "", NULL},
    {"export.method", "s", NULL},
    {"csv.encoding", "utf8", NULL},
    {"csv.encoding", "cp932", "cp932"},
    {"preferences.language", "de", NULL},
};

static void test_numbers_booleans_and_choices_are_exact(void)
{
    g_autoptr(PtSettings) settings = settings_new();

    for (gsize i = 0; i < G_N_ELEMENTS(exact_cases); i++) {
        const struct sample sample = {{exact_cases[i].key, exact_cases[i].value}};
        g_test_message("%s=%s", exact_cases[i].key, exact_cases[i].value);
        if (exact_cases[i].stored) {
            g_autoptr(PtSettings) result = after(settings, &sample);
            g_assert_cmpstr(settings_text(result, setting_from_key(exact_cases[i].key)), ==,
                            exact_cases[i].stored);
        } else {
            assert_refused_together(settings, &sample, exact_cases[i].key, "must be");
        }
    }
}

static const struct {
    const char *key, *value, *stored; /* NULL = refused */
} text_cases[] = {
    {"smb.path", "¥¥canon¥share¥", "\\\\canon\\share\\"},
    {"smb.path", "//canon/share/", NULL},
    {"smb.user", "domain_name¥user_name", "domain_name\\user_name"},
    {"smb.user", "a\\b\\c", NULL},
    {"smb.password", "¥\\￥ \",;", "¥\\￥ \",;"},
    {"smb.password", " \\ \" , ; x \t ", " \\ \" , ; x \t "},
    {"smb.password", "ab\ncd", NULL},
    {"smb.password", "ab\r", NULL},
    {"smb.password", "ab\xff", NULL},
    {"smb.password", "日本語日本語日", "日本語日本語日"},
    {"ftp.path", "FTP://192.168.10.20/share/", "ftp:\\\\192.168.10.20\\share\\"},
    {"ftp.path", "ftp://u:p@h/", NULL},
    {"ftp.user", "a\\b¥c", "a\\b¥c"},
    {"ftp.user", "a\nb", NULL},
    {"mail.user", "a@b\x01", NULL},
    {"mail.user", "me¥x", "me¥x"},
    {"mail.to", "a@b", "a@b"},
    {"mail.to", "a@b, c@d", NULL},
    {"mail.from", "Name <a@b>", NULL},
    {"mail.server", "smtp.example.co.jp:10025", "smtp.example.co.jp:10025"},
    {"mail.server", "smtp_x.example", NULL},
    {"export.prefix", "Office-2_b", "Office-2_b"},
    {"export.prefix", "a b", NULL},
    {"export.prefix", "a/b", NULL},
    {"export.prefix", "支店", NULL},
    {"export.prefix", "..", NULL},
    {"tls.ca_file", "/etc/ssl/certs/office ca.pem", "/etc/ssl/certs/office ca.pem"},
    {"tls.ca_file", "office.pem", NULL},
    {"tls.ca_file", "/a\nb", NULL},
    {"preferences.device_name", "3階の複合機 ¥", "3階の複合機 ¥"},
    {"preferences.device_name", "a\r\nBcc: x", NULL},
    {"preferences.time_zone", "Asia/Tokyo", "Asia/Tokyo"},
    {"preferences.time_zone", "UTC", "UTC"},
    {"preferences.time_zone", "Etc/GMT-9", "Etc/GMT-9"},
    {"preferences.time_zone", "EST5EDT", "EST5EDT"},
    {"preferences.time_zone", "America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"},
    {"preferences.time_zone", "Asia/Tokio", NULL},
    {"preferences.time_zone", "+09:00", NULL},
    {"preferences.time_zone", "JST-9", NULL},
    {"preferences.time_zone", "GMT-9", NULL},
    {"preferences.time_zone", "Z", NULL},
    {"preferences.time_zone", "09", NULL},
    {"preferences.time_zone", "/etc/localtime", NULL},
    {"preferences.time_zone", "right/Asia/Tokyo", NULL},
    {"preferences.time_zone", "Europe/../Asia/Tokyo", NULL},
    {"preferences.time_zone", "Asia//Tokyo", NULL},
    {"preferences.time_zone", "Asia", NULL},
    {"preferences.time_zone", "leapseconds", NULL},
    {"preferences.time_zone", "EST5EDT,M3.2.0,M11.1.0", NULL},
    {"preferences.time_zone", " Asia/Tokyo", NULL},
};

static void test_texts_are_judged_and_stored_in_their_own_way(void)
{
    g_autoptr(PtSettings) settings = settings_new();

    for (gsize i = 0; i < G_N_ELEMENTS(text_cases); i++) {
        const struct sample sample = {{text_cases[i].key, text_cases[i].value}};
        say(text_cases[i].value);
        if (text_cases[i].stored) {
            g_autoptr(PtSettings) result = after(settings, &sample);
            g_assert_cmpstr(settings_text(result, setting_from_key(text_cases[i].key)), ==,
                            text_cases[i].stored);
        } else {
            assert_refused_together(settings, &sample, text_cases[i].key, "");
        }
    }
}

static void test_an_empty_text_means_not_set(void)
{
    g_autoptr(PtSettings) settings = settings_new();

    for (int i = 0; i < SETTING_COUNT; i++) {
        const struct setting_info *info = setting_info((enum setting_id)i);
        const struct sample sample = {{info->key, ""}};
        g_autoptr(PtSettings) result = NULL;
        if (info->type != SETTING_TEXT)
            continue;
        settings_put(settings, (enum setting_id)i, info->secret ? "v1:3:QUJD" : "a@b");
        result = after(settings, &sample);
        g_assert_cmpstr(settings_text(result, (enum setting_id)i), ==, "");
    }
}

static void test_a_value_is_judged_whatever_the_method(void)
{
    static const char *const methods[] = {"smb", "mail", "ftp"};
    static const char *const bad[][2] = {
        {"smb.path", "\\canon\\share"}, {"ftp.path", "http://h"},
        {"mail.server", "host:"},       {"smb.password", "123456789012345"},
        {"mail.to", "nobody"},          {"ftp.user", "1234567890123456789012345"}};
    g_autoptr(PtSettings) settings = settings_new();

    for (gsize m = 0; m < G_N_ELEMENTS(methods); m++)
        for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
            const struct sample sample = {{"export.method", methods[m], bad[i][0], bad[i][1]}};
            assert_refused_together(settings, &sample, bad[i][0], "");
        }
}

static void test_one_bad_value_refuses_all_and_every_bad_one_is_named(void)
{
    g_autoptr(PtSettings) settings = settings_new();
    g_autoptr(PtSettings) before = settings_copy(settings);
    static const struct sample one = {{"export.hour", "5", "smb.path", "x", "csv.header", "en"}};
    static const struct sample three = {
        {"export.hour", "24", "smb.path", "x", "csv.header", "en", "mail.to", "y"}};
    static const struct sample twice = {{"export.hour", "5", "export.hour", "6"}};

    assert_refused_together(settings, &one, "smb.path", "243");
    assert_refused_together(settings, &three, "export.hour smb.path mail.to", "0 to 23");
    assert_refused_together(settings, &twice, "export.hour", "twice");
    for (int i = 0; i < SETTING_COUNT; i++)
        g_assert_cmpstr(settings->text[i], ==, before->text[i]);
}

static void test_a_refusal_never_repeats_a_secret(void)
{
    static const char *const keys[] = {"smb.password", "ftp.password", "mail.password"};
    static const char *const values[] = {"hunter2-hunter2-hunter2-hunter2-hunter2", "hunter2\n",
                                         "hunter2\xff"};
    g_autoptr(PtSettings) settings = settings_new();

    for (gsize k = 0; k < G_N_ELEMENTS(keys); k++)
        for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
            struct setting_change change = {setting_from_key(keys[k]), values[i]};
            g_autoptr(GPtrArray) problems = settings_judge(settings, &change, 1, NULL);
            const struct setting_problem *problem;
            g_assert_cmpuint(problems->len, ==, 1);
            problem = g_ptr_array_index(problems, 0);
            g_assert_null(strstr(problem->message[PT_LANG_EN], "hunter2"));
            g_assert_null(strstr(problem->message[PT_LANG_JA], "hunter2"));
        }
}

static void test_damaged_stored_values_read_as_the_default(void)
{
    g_autoptr(PtSettings) settings = settings_new();

    settings_put(settings, SETTING_EXPORT_HOUR, "99");
    settings_put(settings, SETTING_EXPORT_METHOD, "pigeon");
    settings_put(settings, SETTING_CSV_FORMULA_GUARD, "");
    g_assert_cmpint(settings_int(settings, SETTING_EXPORT_HOUR), ==, 3);
    g_assert_cmpint(settings_choice(settings, SETTING_EXPORT_METHOD), ==, 0);
    g_assert_true(settings_bool(settings, SETTING_CSV_FORMULA_GUARD));
}

static void test_widths_of_sealed_secrets(void)
{
    static const struct {
        const char *sealed;
        int width;
    } cases[] = {{"v1:14:QUJD", 14},
                 {"v1:0:QUJD", 0},
                 {"v1:128:", 128},
                 {"", 0},
                 {"v1:", 0},
                 {"v1::x", 0},
                 {"v1:14", 0},
                 {"v2:14:x", 0},
                 {"plain", 0},
                 {"v1:-4:x", 0},
                 {"v1:99999999999999:x", 0},
                 {"v1: 4:x", 0}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(settings_secret_width(cases[i].sealed), ==, cases[i].width);
}

static void test_a_mistyped_key_finds_its_neighbour(void)
{
    static const char *const cases[][2] = {
        {"export.huor", "export.hour"},
        {"export.hour", "export.hour"},
        {"Export.Hour", "export.hour"},
        {"hour", "export.hour"},
        {"smb.pasword", "smb.password"},
        {"ftp_path", "ftp.path"},
        {"limit", "limits"},
        {"csv.formula", NULL},
        {"preferences.timezone", "preferences.time_zone"},
        {"", NULL},
        {"xyzzyxyzzy", NULL},
        {"mail.sever", "mail.server"},
    };
    g_autofree char *endless = repeated("export.hour", 100000, "r", "");

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        enum setting_id id = setting_nearest(cases[i][0]);
        g_test_message("%s", cases[i][0]);
        g_assert_cmpstr(id == SETTING_COUNT ? NULL : setting_info(id)->key, ==, cases[i][1]);
    }
    g_assert_cmpint(setting_nearest(endless), ==, SETTING_COUNT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/settings/keys defaults and choices are those of the product",
                    test_keys_defaults_and_choices_are_those_of_the_product);
    g_test_add_func("/settings/every row is complete and its default passes its own rule",
                    test_every_row_is_complete_and_its_default_passes_its_own_rule);
    g_test_add_func("/settings/limits are those of the manual", test_limits_are_those_of_the_manual);
    g_test_add_func("/settings/every text is accepted at its limit and refused beyond it",
                    test_every_text_is_accepted_at_its_limit_and_refused_beyond_it);
    g_test_add_func("/settings/wide characters count two in every text",
                    test_wide_characters_count_two_in_every_text);
    g_test_add_func("/settings/numbers booleans and choices are exact",
                    test_numbers_booleans_and_choices_are_exact);
    g_test_add_func("/settings/texts are judged and stored in their own way",
                    test_texts_are_judged_and_stored_in_their_own_way);
    g_test_add_func("/settings/an empty text means not set", test_an_empty_text_means_not_set);
    g_test_add_func("/settings/a value is judged whatever the method",
                    test_a_value_is_judged_whatever_the_method);
    g_test_add_func("/settings/one bad value refuses all and every bad one is named",
                    test_one_bad_value_refuses_all_and_every_bad_one_is_named);
    g_test_add_func("/settings/a refusal never repeats a secret", test_a_refusal_never_repeats_a_secret);
    g_test_add_func("/settings/damaged stored values read as the default",
                    test_damaged_stored_values_read_as_the_default);
    g_test_add_func("/settings/widths of sealed secrets", test_widths_of_sealed_secrets);
    g_test_add_func("/settings/a mistyped key finds its neighbour", test_a_mistyped_key_finds_its_neighbour);
    return g_test_run();
}
