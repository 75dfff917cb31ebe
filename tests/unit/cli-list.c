/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cli/list: the three shapes of a list, byte by byte. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static const struct cli_column columns[] = {
    {.name = "seq", .number = TRUE},
    {.name = "user_name"},
    {.name = "hidden", .boolean = TRUE, .detail = TRUE},
    {.name = "document_name"},
};
static const char *const rows[][4] = {
    {"1", "田中", "true", "a\tb\nc\\d\r"},
    {"20", NULL, NULL, "\"quoted\" \x1b[2J \x01"},
    {"300", "sato", "false", "見積書"},
};

/* What the list prints. New string. */
static char *printed(const struct cli *cli)
{
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    struct cli_list *list;
    int status = 0;
    int file = g_file_open_tmp("cli-list-XXXXXX", &path, &error);
    int saved = dup(STDOUT_FILENO);

    g_assert_no_error(error);
    (void)fflush(stdout);
    g_assert_cmpint(dup2(file, STDOUT_FILENO), >=, 0);
    list = cli_list_begin(cli, columns, G_N_ELEMENTS(columns), &status);
    for (gsize i = 0; list && i < G_N_ELEMENTS(rows); i++)
        cli_list_row(list, rows[i]);
    if (list)
        g_assert_cmpint(cli_list_end(list), ==, 0);
    (void)fflush(stdout);
    g_assert_cmpint(dup2(saved, STDOUT_FILENO), >=, 0);
    (void)close(saved);
    (void)close(file);
    if (list)
        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    else
        g_assert_cmpint(status, ==, 2);
    (void)unlink(path);
    return text;
}

static void test_a_table_is_aligned_by_width_and_harmless_to_terminals(void)
{
    const struct cli cli = {.lang = PT_LANG_EN};
    g_autofree char *text = printed(&cli);

    g_assert_cmpstr(text, ==,
                    "SEQ  USER_NAME  DOCUMENT_NAME\n"
                    "  1  田中       a\uFFFDb\uFFFDc\\d\uFFFD\n"
                    " 20  -          \"quoted\" \uFFFD[2J \uFFFD\n"
                    "300  sato       見積書\n");
}

static void test_parseable_rows_have_all_fields_between_tabs(void)
{
    const struct cli cli = {.parseable = TRUE};
    const struct cli headless = {.parseable = TRUE, .no_header = TRUE};
    g_autofree char *text = printed(&cli);
    g_autofree char *without = printed(&headless);

    g_assert_cmpstr(text, ==,
                    "seq\tuser_name\thidden\tdocument_name\n"
                    "1\t田中\ttrue\ta\\tb\\nc\\\\d\\r\n"
                    "20\t\t\t\"quoted\" \x1b[2J \x01\n"
                    "300\tsato\tfalse\t見積書\n");
    g_assert_cmpstr(without, ==, strchr(text, '\n') + 1);
}

static void test_json_has_every_key_and_null_for_unknown(void)
{
    const struct cli cli = {.json = TRUE};
    g_autofree char *text = printed(&cli);
    json_t *array = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const json_t *second = json_array_get(array, 1);

    g_assert_cmpuint(json_array_size(array), ==, 3);
    g_assert_cmpuint(json_object_size(second), ==, 4);
    g_assert_cmpint(json_integer_value(json_object_get(second, "seq")), ==, 20);
    g_assert_true(json_is_null(json_object_get(second, "user_name")) &&
                  json_is_null(json_object_get(second, "hidden")));
    g_assert_cmpstr(json_string_value(json_object_get(second, "document_name")), ==, rows[1][3]);
    g_assert_true(json_is_true(json_object_get(json_array_get(array, 0), "hidden")));
    json_decref(array);
}

static void test_fields_come_in_the_order_asked_for(void)
{
    char seq[] = "seq", hidden[] = "hidden";
    char *fields[] = {hidden, seq, NULL};
    const struct cli people = {.fields = fields};
    const struct cli json = {.fields = fields, .json = TRUE};
    g_autofree char *table = printed(&people);
    g_autofree char *array = printed(&json);

    g_assert_cmpstr(table, ==, "HIDDEN  SEQ\ntrue      1\n-        20\nfalse   300\n");
    g_assert_cmpstr(array, ==,
                    "[\n{\"hidden\":true,\"seq\":1},\n{\"hidden\":null,\"seq\":20},\n{\"hidden\":false,"
                    "\"seq\":300}\n]\n");
}

static void test_an_unknown_field_is_refused(void)
{
    char wrong[] = "sequence";
    char *fields[] = {wrong, NULL};
    const struct cli cli = {.fields = fields};

    g_assert_null(printed(&cli));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cli-list/a table is aligned by width and harmless to terminals",
                    test_a_table_is_aligned_by_width_and_harmless_to_terminals);
    g_test_add_func("/cli-list/parseable rows have all fields between tabs",
                    test_parseable_rows_have_all_fields_between_tabs);
    g_test_add_func("/cli-list/json has every key and null for unknown",
                    test_json_has_every_key_and_null_for_unknown);
    g_test_add_func("/cli-list/fields come in the order asked for", test_fields_come_in_the_order_asked_for);
    g_test_add_func("/cli-list/an unknown field is refused", test_an_unknown_field_is_refused);
    return g_test_run();
}
