/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The folders of the simulated receivers and who takes files out of them. */
#include "receiver.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define DAY 86400
#define TIDY_DAYS 40

/* SMB and FTP lead to the same folder of "nas": one place, two ways. */
const struct receiver_info receivers[WORLD_RECEIVERS] = {
    {"nas-share", HABIT_KEEP},  {"vault-x", HABIT_KEEP, .tidied = TRUE},
    {"desk-in", HABIT_AT_ONCE}, {"hub-drop", HABIT_VISITS},
    {"mx1", HABIT_MAIL},        {"mx2", HABIT_MAIL},
};

void receivers_open(const struct world *world)
{
    for (guint i = 0; i < WORLD_RECEIVERS; i++) {
        g_autofree char *folder = g_build_filename(world->root, receivers[i].folder, "taken", NULL);
        g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    }
}

char *shelf_path(const struct world *world, guint receiver, const char *name)
{
    return g_build_filename(world->root, receivers[receiver].folder, name, NULL);
}

static gboolean is_foreign(const char *path)
{
    g_autofree char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) && strcmp(text, RECEIVER_FOREIGN) == 0;
}

void shelf_take(struct world *world, guint receiver, const char *name)
{
    g_autofree char *from = shelf_path(world, receiver, name);
    g_autofree char *numbered = g_strdup_printf("%d-%s", world_number(world), name);
    g_autofree char *to = g_build_filename(world->root, receivers[receiver].folder, "taken", numbered, NULL);

    if (!is_foreign(from))
        (void)g_rename(from, to); /* another visitor was quicker: taken all the same */
}

/* Where files are kept, those of earlier seasons go to the cellar. */
static gboolean old(const struct world *world, guint receiver, const char *name)
{
    g_autofree char *path = shelf_path(world, receiver, name);
    GStatBuf status;

    return g_stat(path, &status) == 0 && (gint64)status.st_mtime < world->truth - TIDY_DAYS * DAY;
}

void receivers_visit(struct world *world, guint receiver)
{
    g_autofree char *folder = shelf_path(world, receiver, ".");
    g_autoptr(GDir) dir = NULL;
    const char *name;

    if (receivers[receiver].habit == HABIT_MAIL ||
        (receivers[receiver].habit == HABIT_KEEP && !receivers[receiver].tidied))
        return;
    dir = g_dir_open(folder, 0, NULL);
    while ((name = g_dir_read_name(dir)))
        if (g_str_has_suffix(name, ".csv") &&
            (receivers[receiver].habit != HABIT_KEEP || old(world, receiver, name)))
            shelf_take(world, receiver, name);
}

void shelf_date(const struct world *world, const char *path, gboolean automatic)
{
    const struct timespec when = {.tv_sec = automatic ? (time_t)world->truth : 1};
    const struct timespec times[2] = {when, when};

    g_assert_cmpint(utimensat(AT_FDCWD, path, times, 0), ==, 0);
}

gboolean shelf_holds_older(const struct world *world, guint receiver)
{
    g_autofree char *folder = shelf_path(world, receiver, ".");
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        GStatBuf status;

        if (g_str_has_suffix(name, ".csv") && g_stat(path, &status) == 0 && !is_foreign(path) &&
            (gint64)status.st_mtime < world->truth - 2 * DAY &&
            (gint64)status.st_mtime > world->truth - TIDY_DAYS * DAY)
            return TRUE;
    }
    return FALSE;
}
