/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Automatic file names in a folder that others may use, too (SPEC RT4). */
#include "transport/automatic.h"

static void test_automatic_names_are_exactly_those_of_the_prefix(void)
{
    static const struct {
        const char *name, *prefix;
        gboolean automatic;
    } cases[] = {
        {"export_20261121.csv", NULL, TRUE},
        {"export_20261121.csv", "", TRUE},
        {"export_20261121_2.csv", "", TRUE},
        {"export_20261121_part2of3.csv", "", TRUE},
        {"export_20261121_12_part2of13.csv", "", TRUE},
        {"EXPORT_20261121.CSV", "", TRUE},
        {"abc_export_20261121.csv", "abc", TRUE},
        {"ABC_export_20261121.csv", "abc", TRUE},
        {"abc_export_20261121.csv", "", FALSE},
        {"export_20261121.csv", "abc", FALSE},
        {"abcd_export_20261121.csv", "abc", FALSE},
        {"testexport_20261121030000.csv", "", FALSE},
        {"rangeexport_20261121_20261122030000.csv", "", FALSE},
        {"export_2026112.csv", "", FALSE},
        {"export_202611211.csv", "", FALSE},
        {"export_20261121_.csv", "", FALSE},
        {"export_20261121_2_.csv", "", FALSE},
        {"export_20261121_partof3.csv", "", FALSE},
        {"export_20261121.csv.bak", "", FALSE},
        {".export_20261121.csv.0123.part", "", FALSE},
        {"export_", "", FALSE},
        {"", "", FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s with %s", cases[i].name, cases[i].prefix ? cases[i].prefix : "no prefix");
        g_assert_cmpint(automatic_name(cases[i].name, cases[i].prefix), ==, cases[i].automatic);
    }
}

static void count(gpointer user, const char *code, const char *text)
{
    g_assert_cmpstr(code, ==, "RT4");
    g_assert_nonnull(text);
    (*(int *)user)++;
}

static void test_automatic_a_folder_without_end_is_left_in_time(void)
{
    const char *const known[] = {"export_20261121.csv", NULL};
    int warnings = 0;
    const struct transport_request request = {.known_files = known};
    const struct transport_events events = {.user = &warnings, .warn = count};
    struct automatic_watch watch = {&request, &events, 0};
    int entries = 0;

    g_assert_true(automatic_seen(&watch, "export_20261121.csv"));
    g_assert_true(automatic_seen(&watch, "export_2026\xff.csv"));
    g_assert_cmpint(warnings, ==, 0);
    while (automatic_seen(&watch, "export_20261120.csv"))
        entries++;
    g_assert_cmpint(entries, ==, AUTOMATIC_ENTRIES_MAX - 2);
    g_assert_cmpint(warnings, ==, entries);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/automatic/names-are-exactly-those-of-the-prefix",
                    test_automatic_names_are_exactly_those_of_the_prefix);
    g_test_add_func("/automatic/a-folder-without-end-is-left-in-time",
                    test_automatic_a_folder_without_end_is_left_in_time);
    return g_test_run();
}
