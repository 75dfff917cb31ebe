/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulated world: shared memory, its clock, and what was noticed in it. */
#include "world.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Short naps wait for another process and are real; long ones wait for better times and need not be. */
#define REAL_NAP_US 50000

static const char *const names[HAPPENINGS] = {
    "sessions",
    "runs",
    "deliveries",
    "deaths",
    "refusals",
    "breaks",
    "lost requests",
    "lost replies",
    "foreign",
    "large",
    "taken",
    "lost",
    "clock steps",
    "settings changed",
    "waived",
    "resent",
    "ranges",
    "purges",
    "refused jobs",
    "duels",
    "paused runners",
    "surviving helpers",
    "ingest during run",
};

const char *happening_name(enum happening happening)
{
    return names[happening];
}

/* A thousand short lives: what was freed need not be kept for long. ASAN_OPTIONS in the environment wins. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=2:malloc_context_size=3";
}

static struct world **napping_world(void)
{
    static struct world *world; /* g_usleep() has no argument to carry it */

    return &world;
}

void world_naps(struct world *world)
{
    *napping_world() = world;
}

/* Takes the place of GLib's function for everything linked into this program. */
void g_usleep(gulong microseconds)
{
    struct world *world = *napping_world();
    struct timespec time = {.tv_sec = (time_t)(microseconds / G_USEC_PER_SEC),
                            .tv_nsec = (long)(microseconds % G_USEC_PER_SEC) * 1000};

    if (world && microseconds > REAL_NAP_US)
        world_pass(world, MAX(1, (gint64)(microseconds / G_USEC_PER_SEC)));
    else
        (void)nanosleep(&time, NULL); /* woken early is as good */
}

struct world *world_new(gint64 truth)
{
    struct world *world =
        mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : g_get_tmp_dir();
    g_autofree char *root = g_build_filename(parent, "pt-simulation-XXXXXX", NULL);

    g_assert(world != MAP_FAILED);
    g_assert_nonnull(g_mkdtemp(root));
    g_assert_cmpuint(g_strlcpy(world->root, root, sizeof world->root), <, sizeof world->root);
    world->truth = truth;
    return world;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

void world_free(struct world *world)
{
    if (!world)
        return;
    if (*napping_world() == world)
        world_naps(NULL);
    g_assert_cmpint(nftw(world->root, remove_one, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
    g_assert_cmpint(munmap(world, sizeof *world), ==, 0);
}

char *world_path(const struct world *world, const char *name)
{
    return g_build_filename(world->root, name, NULL);
}

gint64 world_now(const struct world *world)
{
    return __atomic_load_n(&world->truth, __ATOMIC_SEQ_CST) + world->skew;
}

void world_pass(struct world *world, gint64 seconds)
{
    (void)__atomic_add_fetch(&world->truth, seconds, __ATOMIC_SEQ_CST);
}

void world_note(struct world *world, enum happening happening)
{
    (void)__atomic_add_fetch(&world->happened[happening], 1, __ATOMIC_SEQ_CST);
}

gint32 world_number(struct world *world)
{
    return __atomic_add_fetch(&world->counter, 1, __ATOMIC_SEQ_CST);
}

void world_complain(struct world *world, const char *format, ...)
{
    gint32 at = __atomic_fetch_add(&world->n_complaints, 1, __ATOMIC_SEQ_CST);
    va_list arguments;

    if (at >= WORLD_COMPLAINTS)
        return;
    va_start(arguments, format);
    (void)g_vsnprintf(world->complaints[at], sizeof world->complaints[at], format, arguments);
    va_end(arguments);
}

void world_excuse(struct world *world, const char *message_id)
{
    gint32 at = __atomic_fetch_add(&world->n_excuses, 1, __ATOMIC_SEQ_CST);

    g_assert_cmpint(at, <, WORLD_EXCUSES);
    world->excuses[at] = g_str_hash(message_id);
}

gboolean world_new_temporary(struct world *world, const char *name)
{
    const char *end = g_strrstr(name, ".part");
    guint64 token =
        end && end - name > 16 ? g_ascii_strtoull(end - 16, NULL, 16) | 1 : 1; /* 0 is a free place */
    guint64 at = token % WORLD_TEMPORARY;

    for (;; at = (at + 1) % WORLD_TEMPORARY) {
        guint64 before = 0;
        if (__atomic_compare_exchange_n(&world->temporary[at], &before, token, FALSE, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST))
            return TRUE;
        if (before == token)
            return FALSE;
    }
}

void world_final_dot(struct world *world, const char *message_id)
{
    pid_t pid = getpid();
    guint at = (guint)pid % WORLD_DOTS;

    (void)g_strlcpy(world->final_dot[at].message_id, message_id ? message_id : "",
                    sizeof world->final_dot[at].message_id);
    world->final_dot[at].pid = pid;
}

void world_bury(struct world *world, pid_t pid, gboolean died)
{
    guint at = (guint)pid % WORLD_DOTS;

    if (world->final_dot[at].pid != pid)
        return;
    if (died && *world->final_dot[at].message_id)
        world_excuse(world, world->final_dot[at].message_id);
    world->final_dot[at].pid = 0;
}

guint world_excuses(const struct world *world, const char *message_id)
{
    guint hash = g_str_hash(message_id);
    guint count = 0;

    for (gint32 i = 0; i < world->n_excuses; i++)
        count += world->excuses[i] == hash;
    return count;
}
