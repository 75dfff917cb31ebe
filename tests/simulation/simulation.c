/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exactly once (SPEC RW8), shown: years in seconds with everything going wrong, then every job is in one
 * file. Of the random year, SIM_SEED=N repeats one, SIM_ROUNDS=N lives N of them, SIM_DAYS=N makes them
 * longer. */
#include "year.h"

#include <glib/gstdio.h>
#include <string.h>

#define FAULTS_SHOWN 20

static gint64 wish(const char *name, gint64 otherwise)
{
    const char *text = g_getenv(name);

    return text && *text ? g_ascii_strtoll(text, NULL, 10) : otherwise;
}

static void tell(const struct world *world)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (int i = 0; i < HAPPENINGS; i++)
        g_string_append_printf(text, "%s%d %s", i ? ", " : "", world->happened[i],
                               happening_name((enum happening)i));
    g_test_message("%s", text->str);
}

static void expect_innocence(const GPtrArray *faults, guint32 seed)
{
    for (guint i = 0; i < MIN(faults->len, FAULTS_SHOWN); i++)
        g_test_message("wrong: %s", (const char *)g_ptr_array_index(faults, i));
    if (faults->len > 0)
        g_test_message("%u things are wrong; again: make sim SEED=%u", faults->len, seed);
    g_assert_cmpuint(faults->len, ==, 0);
}

static void test_every_job_of_a_year_is_in_exactly_one_file(gconstpointer data)
{
    /* What every year of this length brings: without it nothing would have been shown. */
    static const enum happening needed[] = {
        HAPPENED_DELIVERY,   HAPPENED_DEATH, HAPPENED_REFUSAL, HAPPENED_LOST_REQUEST,
        HAPPENED_LOST_REPLY, HAPPENED_DUEL,  HAPPENED_PAUSE,   HAPPENED_CROWD,
    };
    struct year year = {.seed = GPOINTER_TO_UINT(data), .days = (int)wish("SIM_DAYS", 365), .trouble = 1};
    g_autoptr(PtWorld) world = NULL;
    g_autoptr(GPtrArray) faults = NULL;

    g_test_message("seed %u", year.seed);
    world = year_live(&year);
    faults = year_judge(world);
    tell(world);
    expect_innocence(faults, year.seed);
    for (guint i = 0; i < G_N_ELEMENTS(needed) && year.days >= 300; i++)
        if (world->happened[needed[i]] == 0)
            g_error("the year was too quiet: no %s", happening_name(needed[i]));
}

/* --- the judge can be displeased --- */

static struct world *quiet_month(void)
{
    struct year year = {.seed = 1, .days = 30, .trouble = 0};

    return year_live(&year);
}

static gboolean any_contains(const GPtrArray *faults, const char *text)
{
    for (guint i = 0; i < faults->len; i++)
        if (strstr(g_ptr_array_index(faults, i), text))
            return TRUE;
    return FALSE;
}

/* Path of some delivered file that holds jobs. */
static char *some_file(const struct world *world, guint *ret_receiver)
{
    for (guint i = 0; i < 2 * WORLD_RECEIVERS; i++) {
        const char *info = receivers[i / 2].folder;
        g_autofree char *folder = g_build_filename(world->root, info, i % 2 ? "taken" : ".", NULL);
        g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
        const char *name;

        while ((name = g_dir_read_name(dir)))
            if (strstr(name, "export_") || g_str_has_suffix(name, ".mail")) {
                *ret_receiver = i / 2;
                return g_build_filename(folder, name, NULL);
            }
    }
    g_assert_not_reached();
}

enum tampering { TAMPER_NOTHING, TAMPER_LOSE, TAMPER_DOUBLE, TAMPER_BYTE, TAMPER_ROW };

static void tamper(const struct world *world, enum tampering tampering)
{
    guint receiver = 0;
    g_autofree char *path = some_file(world, &receiver);
    g_autofree char *bytes = NULL;
    gsize length = 0;

    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    switch (tampering) {
    case TAMPER_NOTHING:
        break;
    case TAMPER_LOSE:
        g_assert_cmpint(g_unlink(path), ==, 0);
        break;
    case TAMPER_DOUBLE: { /* names of what was taken have a number in front */
        g_autofree char *base = g_path_get_basename(path);
        const char *name = g_ascii_isdigit(*base) && strchr(base, '-') ? strchr(base, '-') + 1 : base;
        g_autofree char *copy = g_strdup_printf("9999-%s", name);
        g_autofree char *again =
            g_build_filename(world->root, receivers[receiver].folder, "taken", copy, NULL);
        g_assert_true(g_file_set_contents(again, bytes, (gssize)length, NULL));
        break;
    }
    case TAMPER_BYTE:
        bytes[length - 3] ^= 1;
        g_assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
        break;
    case TAMPER_ROW: {
        char *last = g_strrstr_len(bytes, (gssize)length - 2, "\r\n");
        g_assert_true(g_file_set_contents(path, bytes, last + 2 - bytes, NULL));
        break;
    }
    }
}

static void test_the_judge_notices(gconstpointer data)
{
    static const char *const words[] = {NULL, "nobody has it", "was delivered 2 times",
                                        "does not know these bytes", "is in no file"};
    enum tampering tampering = (enum tampering)GPOINTER_TO_INT(data);
    g_autoptr(PtWorld) world = quiet_month();
    g_autoptr(GPtrArray) faults = NULL;

    tamper(world, tampering);
    faults = year_judge(world);
    if (!words[tampering])
        expect_innocence(faults, 1);
    else
        g_assert_true(any_contains(faults, words[tampering]));
}

/* A helper that tells a lost reply as a failure doubles files: whoever does not see that sees nothing. */
static void test_a_helper_that_lies_about_lost_replies_is_noticed(void)
{
    struct year year = {.seed = 7, .days = 90, .trouble = 1, .liar = TRUE};
    g_autoptr(PtWorld) world = year_live(&year);
    g_autoptr(GPtrArray) faults = year_judge(world);

    g_assert_cmpuint(faults->len, >, 0);
}

static void test_every_job_of_a_random_year_is_in_exactly_one_file(void)
{
    gint64 rounds = wish("SIM_ROUNDS", 1);
    guint32 seed = (guint32)wish("SIM_SEED", 15644088);

    for (gint64 i = 0; i < rounds; i++)
        test_every_job_of_a_year_is_in_exactly_one_file(
            GUINT_TO_POINTER(seed ? seed + (guint32)i : g_random_int() % 1000000000 + 1000));
}

static void add(const char *name, enum tampering tampering)
{
    g_autofree char *path = g_strconcat("/simulation/judge/", name, NULL);

    g_test_add_data_func(path, GINT_TO_POINTER(tampering), test_the_judge_notices);
}

int main(int argc, char **argv)
{
    static const guint32 seeds[] = {1, 2, 3};

    g_test_init(&argc, &argv, NULL);
    add("accepts-a-quiet-month", TAMPER_NOTHING);
    add("notices-a-lost-file", TAMPER_LOSE);
    add("notices-a-doubled-file", TAMPER_DOUBLE);
    add("notices-a-changed-byte", TAMPER_BYTE);
    add("notices-a-lost-row", TAMPER_ROW);
    g_test_add_func("/simulation/judge/notices-a-helper-that-lies",
                    test_a_helper_that_lies_about_lost_replies_is_noticed);
    overtaken_add();
    for (guint i = 0; i < G_N_ELEMENTS(seeds); i++) {
        g_autofree char *path = g_strdup_printf("/simulation/year/%u", seeds[i]);
        g_test_add_data_func(path, GUINT_TO_POINTER(seeds[i]),
                             test_every_job_of_a_year_is_in_exactly_one_file);
    }
    g_test_add_func("/simulation/random-year", test_every_job_of_a_random_year_is_in_exactly_one_file);
    return g_test_run();
}
