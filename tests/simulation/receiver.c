/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Receivers of the simulated world: what the deliver helper and the servers do together, step by step, with
 * faults at each step (src/transport/PROTOCOL.md; DESIGN, Sending). */
#include "receiver.h"

#include "base/fault.h"
#include "core/names.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A request on its way. */
struct call {
    struct life *life;
    struct app *app;
    const struct deliver_watch *watch;
    struct deliver_result *result;
    guint receiver;
    int lock_fd;
    const char *temp_name, *file_name, *spool;
    gint64 size;
    const char *message_id;
    gboolean automatic; /* an automatic file, not the repeat of one or a manual export */
    json_t *request;
};

gboolean life_chance(struct life *life, double probability)
{
    return life->trouble > 0 && g_rand_double(life->rand) < probability * life->trouble;
}

static gint64 size_of(const struct call *call, const char *name)
{
    g_autofree char *path = shelf_path(call->life->world, call->receiver, name);
    GStatBuf status;

    return g_stat(path, &status) == 0 ? (gint64)status.st_size : -1;
}

static void put_foreign(struct call *call)
{
    g_autofree char *path = shelf_path(call->life->world, call->receiver, call->file_name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return;
    g_assert_cmpint(write(fd, RECEIVER_FOREIGN, strlen(RECEIVER_FOREIGN)), ==, strlen(RECEIVER_FOREIGN));
    (void)close(fd); /* on a file system of memory */
    (void)__atomic_add_fetch(&call->life->world->foreign, 1, __ATOMIC_SEQ_CST);
}

/* --- answers --- */

static void answer(struct call *call, enum deliver_outcome outcome, enum pt_error_code code, const char *text)
{
    call->result->outcome = outcome;
    call->result->code = code;
    call->result->text[0] = g_strdup(text);
    call->result->text[1] = g_strdup(text);
}

static void answer_delivered(struct call *call)
{
    call->result->outcome = DELIVER_DELIVERED;
}

/* Time passes between any two things, and the power may go at each. */
static void step(struct call *call)
{
    struct life *life = call->life;

    world_pass(life->world, g_rand_int_range(life->rand, 0, 4));
    life->steps++;
    if (life->steps == life->death_step)
        (void)kill(getpid(), SIGKILL);
}

static void go_down(struct call *call)
{
    struct weather *weather = &call->life->world->weather[call->receiver];

    if (life_chance(call->life, 0.4))
        weather->down_until = call->life->world->truth + g_rand_int_range(call->life->rand, 60, 100000);
}

/* FALSE when no session comes about; the answer is given then. */
static gboolean open_session(struct call *call, enum deliver_outcome otherwise)
{
    const struct world *world = call->life->world;
    const struct weather *weather = &world->weather[call->receiver];
    enum pt_error_code code = weather->down_until > world->truth     ? PT_ERROR_X02
                              : weather->denied_until > world->truth ? PT_ERROR_X04
                                                                     : PT_ERROR_CODES;

    step(call);
    if (code == PT_ERROR_X02 && g_rand_boolean(call->life->rand))
        code = PT_ERROR_X01;
    if (code == PT_ERROR_CODES)
        return TRUE;
    if (code == PT_ERROR_X04)
        world_pass(call->life->world, 1);
    world_note(call->life->world, HAPPENED_REFUSAL);
    answer(call, otherwise, code, "no session");
    return FALSE;
}

/* The file that goes out is written down as on its way, by nobody else, and is not today's (RW1). */
static void check_ledger(const struct call *call)
{
    struct delivery_query query = {
        .kind = -1, .states = 1u << DELIVERY_SENDING | 1u << DELIVERY_CLOSING, .file_name = call->file_name};
    guint matching = 0;
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(GHashTable) values = NULL;
    g_autoptr(PtZone) zone = NULL;

    g_assert_true(store_deliveries(call->app->store, &query, &rows, NULL));
    g_assert_true(store_settings(call->app->store, &values, NULL));
    zone = zone_new(g_hash_table_lookup(values, "preferences.time_zone"), NULL);
    for (guint i = 0; i < rows->len; i++) {
        const struct delivery *row = g_ptr_array_index(rows, i);

        matching += g_strcmp0(row->temp_name, call->temp_name) == 0;
        /* The repeat of a mail that may have arrived finishes what began under another clock. */
        if (row->kind == DELIVERY_AUTO && row->state == DELIVERY_SENDING &&
            row->day >= zone_day(zone, app_now(call->app)))
            world_complain(call->life->world, "%s goes out although its day is not over", row->file_name);
    }
    if (matching != 1)
        world_complain(call->life->world, "%s goes out, and %u rows of the ledger say so", call->file_name,
                       matching);
}

/* --- SMB and FTP --- */

/* Whether it is an automatic file that comes, not the repeat of one or a manual export. */
static gboolean is_automatic(const struct call *call)
{
    struct delivery_query query = {.kind = DELIVERY_AUTO, .file_name = call->file_name};
    g_autoptr(GPtrArray) rows = NULL;
    gboolean found = FALSE;

    g_assert_true(store_deliveries(call->app->store, &query, &rows, NULL));
    for (guint i = 0; i < rows->len; i++)
        found |=
            g_strcmp0(((const struct delivery *)g_ptr_array_index(rows, i))->temp_name, call->temp_name) == 0;
    return found;
}

static void remove_temporary(const struct call *call)
{
    g_autofree char *path = shelf_path(call->life->world, call->receiver, call->temp_name);

    (void)g_unlink(path); /* perhaps the server lost it */
}

static gboolean write_part(struct call *call, int fd, const char *bytes, gsize length)
{
    struct world *world = call->life->world;

    if (world->weather[call->receiver].full_until > world->truth) {
        world_note(world, HAPPENED_REFUSAL);
        answer(call, DELIVER_FAILED, PT_ERROR_X08, "no room");
        remove_temporary(call);
        return FALSE;
    }
    g_assert_cmpint(write(fd, bytes, length), ==, (gssize)length);
    step(call);
    if (!life_chance(call->life, 0.03))
        return TRUE;
    world_note(world, HAPPENED_BREAK);
    answer(call, DELIVER_FAILED, g_rand_boolean(call->life->rand) ? PT_ERROR_X17 : PT_ERROR_X18, "broken");
    if (g_rand_boolean(call->life->rand))
        remove_temporary(call);
    go_down(call);
    return FALSE;
}

static gboolean upload(struct call *call)
{
    g_autofree char *path = shelf_path(call->life->world, call->receiver, call->temp_name);
    g_autofree char *bytes = NULL;
    gsize length = 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    gboolean ok;

    if (fd < 0 || !world_new_temporary(call->life->world, call->temp_name)) {
        world_complain(call->life->world, "the temporary name %s came twice", call->temp_name);
        answer(call, DELIVER_FAILED, PT_ERROR_X09, "temporary name taken");
        if (fd >= 0)
            (void)close(fd);
        return FALSE;
    }
    step(call);
    if (!g_file_get_contents(call->spool, &bytes, &length, NULL) || (gint64)length != call->size)
        world_complain(call->life->world, "%s: the spool file is not what was announced", call->file_name);
    ok = write_part(call, fd, bytes, length / 2) &&
         write_part(call, fd, bytes + length / 2, length - length / 2);
    (void)close(fd); /* on a file system of memory */
    return ok;
}

static gboolean name_free(struct call *call)
{
    if (size_of(call, call->file_name) < 0)
        return TRUE;
    world_note(call->life->world, HAPPENED_FOREIGN);
    answer(call, DELIVER_FAILED, PT_ERROR_X15, "a file of that name is there");
    return FALSE;
}

static void rename_temporary(struct call *call)
{
    g_autofree char *from = shelf_path(call->life->world, call->receiver, call->temp_name);
    g_autofree char *to = shelf_path(call->life->world, call->receiver, call->file_name);

    g_assert_cmpint(g_rename(from, to), ==, 0);
    shelf_date(call->life->world, to, call->automatic);
    if (receivers[call->receiver].habit == HABIT_AT_ONCE)
        shelf_take(call->life->world, call->receiver, call->file_name);
}

static void lose_reply(struct call *call)
{
    world_note(call->life->world, HAPPENED_LOST_REPLY);
    go_down(call);
    answer(call, call->life->liar ? DELIVER_FAILED : DELIVER_UNKNOWN,
           g_rand_boolean(call->life->rand) ? PT_ERROR_X17 : PT_ERROR_X18, "no answer to the last request");
}

/* After `go`: the temporary file is the proof of what happened and stays whatever comes. */
static void finish_file(struct call *call)
{
    struct life *life = call->life;

    step(call);
    if (!name_free(call))
        return;
    if (life_chance(life, 0.04)) {
        world_note(life->world, HAPPENED_LOST_REQUEST);
        go_down(call);
        answer(call, DELIVER_UNKNOWN, PT_ERROR_X18, "connection lost");
        return;
    }
    rename_temporary(call);
    step(call);
    if (life_chance(life, 0.06))
        lose_reply(call);
    else
        answer_delivered(call);
}

/* In a process of its own, as the product has it: told to go, it goes even when nobody is left to hear of it.
 * It stops before the rename until somebody wakes it. */
static void helper_lives(struct call *call, int told_fd)
{
    char word;

    for (int fd = 3; fd < 256; fd++)
        if (fd != told_fd && fd != call->lock_fd)
            (void)close(fd); /* most are not open */
    if (read(told_fd, &word, 1) != 1) {
        remove_temporary(call);
        _exit(0);
    }
    (void)raise(SIGSTOP);
    if (name_free(call))
        rename_temporary(call);
    _exit(0);
}

static void finish_by_survivor(struct call *call)
{
    int told[2];
    pid_t pid;

    g_assert_cmpint(pipe(told), ==, 0);
    pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        (void)close(told[1]);
        helper_lives(call, told[0]);
    }
    g_assert_cmpint(write(told[1], "g", 1), ==, 1);
    (void)kill(getpid(), SIGKILL);
}

/* TRUE when `closing` is committed. */
static gboolean ask_go(struct call *call)
{
    if (call->life->before_go)
        call->life->before_go(call->life->before_go_user);
    fault_point("deliver.uploaded");
    step(call);
    if (call->watch->uploaded && !call->watch->uploaded(call->watch->user)) {
        answer(call, DELIVER_FAILED, PT_ERROR_X18, "stopped before it was finished");
        return FALSE;
    }
    fault_point("deliver.go");
    step(call);
    return TRUE;
}

static void put_file(struct call *call)
{
    if (!open_session(call, DELIVER_FAILED))
        return;
    check_ledger(call);
    call->automatic = is_automatic(call);
    if (life_chance(call->life, 0.02))
        put_foreign(call);
    if (!upload(call))
        return;
    step(call);
    if (!name_free(call) || !ask_go(call)) {
        remove_temporary(call);
        return;
    }
    if (life_chance(call->life, 0.01))
        put_foreign(call);
    if (call->life->survivor)
        finish_by_survivor(call);
    finish_file(call);
}

/* Both names are gone. */
static void resolve_gone(struct call *call, const char *earlier)
{
    struct world *world = call->life->world;

    if (size_of(call, call->file_name) >= 0) {
        answer_delivered(call);
    } else if (earlier && size_of(call, earlier) >= 0) {
        world_note(world, HAPPENED_LOST_TEMPORARY);
        answer(call, DELIVER_FAILED, PT_ERROR_X18, "the server lost it");
    } else {
        world_note(world, HAPPENED_TAKEN);
        call->result->outcome = DELIVER_TAKEN;
        if (receivers[call->receiver].habit == HABIT_KEEP)
            world_complain(world, "%s is taken for fetched at a receiver that keeps everything (earlier: %s)",
                           call->file_name, earlier ? earlier : "none");
    }
}

static void resolve_file(struct call *call)
{
    const char *earlier = json_string_value(json_object_get(call->request, "earlier_file"));
    gint64 size;

    if (!open_session(call, DELIVER_UNKNOWN))
        return;
    call->automatic = is_automatic(call);
    if (life_chance(call->life, 0.3))
        receivers_visit(call->life->world, call->receiver);
    /* A server that loses a temporary file can be told from a quick receiver only by what it still holds. */
    if (receivers[call->receiver].habit == HABIT_KEEP && size_of(call, call->file_name) < 0 &&
        (receivers[call->receiver].tidied ? shelf_holds_older(call->life->world, call->receiver)
                                          : earlier != NULL) &&
        life_chance(call->life, 0.3))
        remove_temporary(call);
    step(call);
    size = size_of(call, call->temp_name);
    if (size < 0) {
        resolve_gone(call, earlier);
        return;
    }
    if (size != call->size) {
        answer(call, DELIVER_FAILED, PT_ERROR_X18, "not all had reached the server");
        return;
    }
    if (!name_free(call))
        return;
    rename_temporary(call);
    step(call);
    if (life_chance(call->life, 0.1))
        answer(call, DELIVER_UNKNOWN, PT_ERROR_X18, "no answer to the last request");
    else
        answer_delivered(call);
}

static void remove_file(struct call *call)
{
    if (!open_session(call, DELIVER_FAILED))
        return;
    remove_temporary(call);
    step(call);
    answer_delivered(call);
}

static void compare_file(struct call *call)
{
    const char *sha256 = json_string_value(json_object_get(call->request, "sha256"));
    g_autofree char *path = shelf_path(call->life->world, call->receiver, call->file_name);
    g_autofree char *bytes = NULL;
    g_autofree char *hash = NULL;
    gsize length = 0;

    if (!open_session(call, DELIVER_FAILED))
        return;
    if (!g_file_get_contents(path, &bytes, &length, NULL)) {
        answer(call, DELIVER_FAILED, PT_ERROR_MISSING, "not there");
        return;
    }
    hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, length);
    if (strcmp(hash, sha256) == 0)
        answer_delivered(call);
    else
        answer(call, DELIVER_FAILED, PT_ERROR_X15, "something else is there");
}

/* --- mail --- */

static gboolean mail_begin(struct call *call)
{
    struct world *world = call->life->world;
    gint64 limit = world->weather[call->receiver].size_limit;

    if (!open_session(call, DELIVER_FAILED))
        return FALSE;
    if (limit > 0 && call->size * 4 / 3 + 2000 > limit) {
        world_note(world, HAPPENED_TOO_LARGE);
        answer(call, DELIVER_FAILED, PT_ERROR_X16, "larger than SIZE");
        return FALSE;
    }
    step(call);
    if (!life_chance(call->life, 0.05))
        return TRUE;
    world_note(world, HAPPENED_BREAK);
    answer(call, DELIVER_FAILED, g_rand_boolean(call->life->rand) ? PT_ERROR_X23 : PT_ERROR_X18, "broken");
    return FALSE;
}

/* One message in the mailbox: name of the file, Message-ID and the attachment's bytes. */
static void mail_store(struct call *call)
{
    g_autofree char *bytes = NULL;
    g_autofree char *name = g_strdup_printf("%d.mail", world_number(call->life->world));
    g_autofree char *path = shelf_path(call->life->world, call->receiver, name);
    g_autofree char *head = g_strdup_printf("%s\n%s\n", call->file_name, call->message_id);
    g_autoptr(GString) mail = g_string_new(head);
    gsize length = 0;

    if (!g_file_get_contents(call->spool, &bytes, &length, NULL) || (gint64)length != call->size)
        world_complain(call->life->world, "%s: the spool file is not what was announced", call->file_name);
    g_string_append_len(mail, bytes, (gssize)length);
    g_assert_true(g_file_set_contents(path, mail->str, (gssize)mail->len, NULL));
    world_final_dot(call->life->world, call->message_id);
}

static void put_mail(struct call *call)
{
    struct world *world = call->life->world;

    if (!mail_begin(call))
        return;
    check_ledger(call);
    if (!ask_go(call))
        return;
    if (life_chance(call->life, 0.04)) {
        world_note(world, HAPPENED_LOST_REQUEST);
        go_down(call);
        answer(call, DELIVER_UNKNOWN, PT_ERROR_X17, "connection lost");
        return;
    }
    if (life_chance(call->life, 0.02)) {
        answer(call, DELIVER_FAILED, PT_ERROR_X23, "451 after the final dot");
        return;
    }
    mail_store(call);
    step(call);
    if (life_chance(call->life, 0.05)) {
        world_excuse(world, call->message_id);
        lose_reply(call);
        return;
    }
    answer_delivered(call);
}

static void probe_mail(struct call *call)
{
    if (!open_session(call, DELIVER_FAILED))
        return;
    step(call);
    answer_delivered(call);
    call->result->size_limit = call->life->world->weather[call->receiver].size_limit;
    if (life_chance(call->life, 0.3)) /* it changes its mind between question and mail */
        call->life->world->weather[call->receiver].size_limit =
            g_rand_int_range(call->life->rand, 2500, 9000);
}

/* --- the way in --- */

static guint receiver_of(json_t *request)
{
    const char *method = json_string_value(json_object_get(request, "method"));
    const char *host = json_string_value(json_object_get(request, "host"));
    const char *share =
        json_string_value(json_object_get(request, strcmp(method, "smb") == 0 ? "share" : "folder"));
    g_autofree char *folder =
        strcmp(method, "mail") == 0 ? g_strdup(host) : g_strdup_printf("%s-%s", host, share);

    for (guint i = 0; i < WORLD_RECEIVERS; i++)
        if (strcmp(folder, receivers[i].folder) == 0)
            return i;
    g_error("no receiver %s", folder);
}

static void receiver_run(struct app *app, json_t *request, const struct deliver_watch *watch, int lock_fd,
                         struct deliver_result *ret_result)
{
    const struct {
        const char *op;
        void (*file)(struct call *call);
        void (*mail)(struct call *call);
    } ops[] = {
        {"put", put_file, put_mail},     {"resolve", resolve_file, NULL}, {"remove", remove_file, NULL},
        {"compare", compare_file, NULL}, {"probe", NULL, probe_mail},
    };
    struct call call = {
        .life = app->deliver_user,
        .app = app,
        .watch = watch,
        .result = ret_result,
        .receiver = receiver_of(request),
        .lock_fd = lock_fd,
        .temp_name = json_string_value(json_object_get(request, "temp_name")),
        .file_name = json_string_value(json_object_get(request, "file_name")),
        .spool = json_string_value(json_object_get(request, "spool")),
        .size = json_integer_value(json_object_get(request, "size")),
        .message_id = json_string_value(json_object_get(request, "message_id")),
        .request = request,
    };
    const char *op = json_string_value(json_object_get(request, "op"));
    gboolean mail = receivers[call.receiver].habit == HABIT_MAIL;

    memset(ret_result, 0, sizeof *ret_result);
    call.life->calls++;
    world_final_dot(call.life->world, NULL); /* whoever asks for more has written down the last answer */
    for (guint i = 0; i < G_N_ELEMENTS(ops); i++)
        if (strcmp(op, ops[i].op) == 0) {
            g_assert_nonnull(mail ? ops[i].mail : ops[i].file);
            (mail ? ops[i].mail : ops[i].file)(&call);
            return;
        }
    g_error("no op %s", op);
}

const struct deliver_ops receiver_ops = {receiver_run};
