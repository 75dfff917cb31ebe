/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a fuzz target over a stored corpus, in every normal build: replay DIRECTORY. */
#include <glib.h>

#include "fuzz.h"

static void replay(gconstpointer path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = NULL;
    gsize length = 0;

    g_file_get_contents(path, &bytes, &length, &error);
    g_assert_no_error(error);
    {
        /* a copy without the NUL that GLib adds: a read too far is seen */
        g_autofree void *exact = g_memdup2(bytes, length);
        g_assert_cmpint(LLVMFuzzerTestOneInput(exact, length), ==, 0);
    }
    for (gsize cut = 0; cut < MIN(length, 256); cut++) { /* every beginning of it, too */
        g_autofree void *exact = g_memdup2(bytes, cut);
        (void)LLVMFuzzerTestOneInput(exact, cut);
    }
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) directory = NULL;
    guint inputs = 0;

    g_test_init(&argc, &argv, NULL);
    directory = g_dir_open(argc > 1 ? argv[1] : ".", 0, &error);
    g_assert_no_error(error);
    for (const char *name = g_dir_read_name(directory); name; name = g_dir_read_name(directory), inputs++) {
        g_autofree char *title = g_strconcat("/replay/", name, NULL);
        g_test_add_data_func_full(title, g_build_filename(argv[1], name, NULL), replay, g_free);
    }
    g_assert_cmpuint(inputs, >, 0);
    return g_test_run();
}
