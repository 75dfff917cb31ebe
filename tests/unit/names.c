/* SPDX-License-Identifier: GPL-3.0-or-later */
/* core/names: every form of file name of SPEC RT and RP, and which foreign names are ours. */
#include "core/names.h"

#include "say.h"

static const struct local_time morning = {2026, 6, 9, 10, 30, 25};
static const struct local_time midnight = {2026, 1, 2, 0, 0, 7};

static void test_a_test_export_is_named_by_date_format_and_second(void)
{
    static const struct {
        const struct local_time *local;
        enum date_format format;
        const char *name;
    } cases[] = {
        {&morning, DATE_YMD, "testexport_20260609103025.csv"},
        {&morning, DATE_MDY, "testexport_06092026103025.csv"},
        {&morning, DATE_DMY, "testexport_09062026103025.csv"},
        {&midnight, DATE_YMD, "testexport_20260102000007.csv"},
        {&midnight, DATE_MDY, "testexport_01022026000007.csv"},
        {&midnight, DATE_DMY, "testexport_02012026000007.csv"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = name_test(cases[i].local, cases[i].format);

        g_assert_cmpstr(name, ==, cases[i].name);
    }
}

static void test_an_automatic_file_shows_prefix_day_revision_and_part(void)
{
    static const struct {
        const char *prefix;
        gint32 day;
        enum date_format format;
        int revision, part, parts;
        const char *name;
    } cases[] = {
        {NULL, 20260608, DATE_YMD, 1, 1, 1, "export_20260608.csv"},
        {"", 20260608, DATE_MDY, 1, 1, 1, "export_06082026.csv"},
        {NULL, 20260608, DATE_DMY, 1, 1, 1, "export_08062026.csv"},
        {NULL, 20260608, DATE_YMD, 2, 1, 1, "export_20260608_2.csv"},
        {NULL, 20260608, DATE_YMD, 3, 1, 1, "export_20260608_3.csv"},
        {NULL, 20260608, DATE_YMD, 1, 2, 3, "export_20260608_part2of3.csv"},
        {NULL, 20260608, DATE_YMD, 2, 2, 3, "export_20260608_2_part2of3.csv"},
        {"honsha", 20260608, DATE_YMD, 12, 10, 11, "honsha_export_20260608_12_part10of11.csv"},
        {"本社", 20260608, DATE_YMD, 1, 1, 1, "本社_export_20260608.csv"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = name_auto(cases[i].prefix, cases[i].day, cases[i].format, cases[i].revision,
                                          cases[i].part, cases[i].parts);

        g_assert_cmpstr(name, ==, cases[i].name);
        g_assert_true(name_is_auto(name, cases[i].prefix));
    }
}

static void test_a_manual_export_bears_its_day_and_its_start(void)
{
    g_autofree char *plain = name_range(NULL, 20260608, &morning, DATE_YMD);
    g_autofree char *prefixed = name_range("honsha", 20260131, &morning, DATE_DMY);

    g_assert_cmpstr(plain, ==, "rangeexport_20260608_20260609103025.csv");
    g_assert_cmpstr(prefixed, ==, "honsha_rangeexport_31012026_09062026103025.csv");
    g_assert_false(name_is_auto(plain, NULL));
    g_assert_false(name_is_auto(prefixed, "honsha"));
}

static void test_a_temporary_file_is_hidden_and_bears_its_token(void)
{
    g_autofree char *name = name_temporary("export_20260608.csv", "0a1b2c");

    g_assert_cmpstr(name, ==, ".export_20260608.csv.0a1b2c.part");
    g_assert_false(name_is_auto(name, NULL));
}

static void test_names_that_a_server_may_take_for_one_are_the_same(void)
{
    static const struct {
        const char *a, *b;
        gboolean same;
    } cases[] = {
        {"export_20260608.csv", "export_20260608.csv", TRUE},
        {"HQ_export_20260608.csv", "hq_Export_20260608.CSV", TRUE},
        {"É_export.csv", "é_export.csv", TRUE},
        {"\xc3\xa9.csv", "e\xcc\x81.csv", TRUE}, /* é in one piece and in two */
        {"が.csv", "か\xe3\x82\x99.csv", TRUE},
        {"本社.csv", "本社.csv", TRUE},
        {"export_20260608.csv", "export_20260609.csv", FALSE},
        {"export_20260608.csv", "export_20260608_2.csv", FALSE},
        {"export_20260608.csv", "export_20260608.cs", FALSE},
        {"\xff.csv", "\xff.CSV", TRUE},
        {"\xff.csv", "\xfe.csv", FALSE},
        {"", "", TRUE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("row %zu", i);
        g_assert_cmpint(name_same(cases[i].a, cases[i].b), ==, cases[i].same);
        g_assert_cmpint(name_same(cases[i].b, cases[i].a), ==, cases[i].same);
    }
}

static void test_only_automatic_files_of_this_prefix_are_ours(void)
{
    static const struct {
        const char *name, *prefix;
        gboolean ours;
    } cases[] = {
        {"export_20260608.csv", NULL, TRUE},
        {"export_08062026.csv", "", TRUE},
        {"export_06302026.csv", NULL, TRUE},
        {"export_30062026.csv", NULL, TRUE},
        {"EXPORT_20260608.CSV", NULL, TRUE},
        {"export_20260608_2.csv", NULL, TRUE},
        {"export_20260608_10.csv", NULL, TRUE},
        {"export_20260608_2_part1of2.csv", NULL, TRUE},
        {"export_20260608_part2of2.csv", NULL, TRUE},
        {"hq_export_20260608.csv", "HQ", TRUE},
        {"本社_export_20260608.csv", "本社", TRUE},
        {"hq_export_20260608.csv", NULL, FALSE},
        {"hq_export_20260608.csv", "q", FALSE},
        {"hq_export_20260608.csv", "h", FALSE},
        {"hqexport_20260608.csv", "hq", FALSE},
        {"export_20260608.csv", "hq", FALSE},
        {"a_b_export_20260608.csv", "a", FALSE},
        {"testexport_20260609103025.csv", NULL, FALSE},
        {"rangeexport_20260608_20260609103025.csv", NULL, FALSE},
        {"export_20260631.csv", NULL, FALSE},
        {"export_99999999.csv", NULL, FALSE},
        {"export_2026060.csv", NULL, FALSE},
        {"export_202606081.csv", NULL, FALSE},
        {"export_20260608_1.csv", NULL, FALSE},
        {"export_20260608_0.csv", NULL, FALSE},
        {"export_20260608_02.csv", NULL, FALSE},
        {"export_20260608_.csv", NULL, FALSE},
        {"export_20260608_99999999999999999999.csv", NULL, FALSE},
        {"export_20260608_part3of2.csv", NULL, FALSE},
        {"export_20260608_part1of1.csv", NULL, FALSE},
        {"export_20260608_part0of2.csv", NULL, FALSE},
        {"export_20260608_partof2.csv", NULL, FALSE},
        {"export_20260608_part1of2_2.csv", NULL, FALSE},
        {"export_20260608.csv.bak", NULL, FALSE},
        {"export_20260608.csvx", NULL, FALSE},
        {"export_20260608", NULL, FALSE},
        {"export_", NULL, FALSE},
        {"", NULL, FALSE},
        {"\xff", NULL, FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        say(cases[i].name);
        g_assert_cmpint(name_is_auto(cases[i].name, cases[i].prefix), ==, cases[i].ours);
    }
}

static void test_date_formats_have_three_words(void)
{
    static const char *const names[] = {"ymd", "mdy", "dmy"};
    enum date_format format;

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_assert_true(date_format_from_name(names[i], &format));
        g_assert_cmpint(format, ==, i);
        g_assert_cmpstr(date_format_name(format), ==, names[i]);
    }
    g_assert_false(date_format_from_name("YMD", &format));
    g_assert_false(date_format_from_name("", &format));
    g_assert_false(date_format_from_name(NULL, &format));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/names/a-test-export-is-named-by-date-format-and-second",
                    test_a_test_export_is_named_by_date_format_and_second);
    g_test_add_func("/names/an-automatic-file-shows-prefix-day-revision-and-part",
                    test_an_automatic_file_shows_prefix_day_revision_and_part);
    g_test_add_func("/names/a-manual-export-bears-its-day-and-its-start",
                    test_a_manual_export_bears_its_day_and_its_start);
    g_test_add_func("/names/a-temporary-file-is-hidden-and-bears-its-token",
                    test_a_temporary_file_is_hidden_and_bears_its_token);
    g_test_add_func("/names/names-that-a-server-may-take-for-one-are-the-same",
                    test_names_that_a_server_may_take_for_one_are_the_same);
    g_test_add_func("/names/only-automatic-files-of-this-prefix-are-ours",
                    test_only_automatic_files_of_this_prefix_are_ours);
    g_test_add_func("/names/date-formats-have-three-words", test_date_formats_have_three_words);
    return g_test_run();
}
