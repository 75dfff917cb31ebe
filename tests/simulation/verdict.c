/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judges a simulated world by what its receivers hold: is every job in exactly one file (SPEC RW8)? */
#include "verdict.h"

#include "app/config.h"
#include "app/export.h"
#include <string.h>

/* --- the ledger, over time --- */

struct watch {
    GHashTable *known; /* id → struct known * */
    gint64 gap;        /* jobs deleted undelivered, so far */
};

/* What a row said when we last looked. */
struct known {
    char *settled; /* "" until it is delivered, void or waived: then it never changes */
    char *frozen;  /* "" until it was attempted: then name, range, format and bytes never change (RW9) */
    int attempts;
};

static void known_free(gpointer data)
{
    struct known *known = data;

    g_free(known->settled);
    g_free(known->frozen);
    g_free(known);
}

struct watch *watch_new(void)
{
    struct watch *watch = g_new0(struct watch, 1);

    watch->known = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, known_free);
    return watch;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    g_hash_table_unref(watch->known);
    g_free(watch);
}

static GPtrArray *ledger(struct app *app)
{
    const struct delivery_query all = {.kind = -1};
    GPtrArray *rows = NULL;

    g_assert_true(store_deliveries(app->store, &all, &rows, NULL));
    return rows;
}

static char *settled_text(const struct delivery *row)
{
    if (row->state != DELIVERY_DELIVERED && row->state != DELIVERY_VOID && row->state != DELIVERY_WAIVED)
        return g_strdup("");
    return g_strdup_printf("%s %s %d (%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "] %s %s",
                           delivery_kind_name(row->kind), delivery_state_name(row->state), row->day,
                           row->seq_from, row->seq_to, row->file_name, row->sha256 ? row->sha256 : "-");
}

static char *frozen_text(const struct delivery *row)
{
    if (row->attempts == 0)
        return g_strdup("");
    return g_strdup_printf("%s (%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "] %s %s", row->file_name,
                           row->seq_from, row->seq_to, row->format, row->sha256);
}

static void compare_row(struct world *world, const struct known *before, const struct known *now)
{
    if (*before->settled && strcmp(before->settled, now->settled) != 0)
        world_complain(world, "a settled row changed: %s -> %s", before->settled,
                       *now->settled ? now->settled : "open again");
    if (*before->frozen && strcmp(before->frozen, now->frozen) != 0)
        world_complain(world, "a frozen row changed: %s -> %s", before->frozen, now->frozen);
    if (now->attempts < before->attempts)
        world_complain(world, "a row forgot an attempt: %s", before->frozen);
}

static gint64 meta_number(struct app *app, const char *key)
{
    g_autofree char *text = NULL;

    g_assert_true(store_meta(app->store, key, &text, NULL));
    return text ? g_ascii_strtoll(text, NULL, 10) : 0;
}

/* RW10: while the export is on, nothing undelivered is deleted. */
static void look_at_gap(struct watch *watch, struct world *world, struct app *app)
{
    g_autoptr(PtSettings) settings = NULL;
    gint64 gap = meta_number(app, "gap_jobs");

    g_assert_true(config_load(app, &settings, NULL));
    if (gap > watch->gap && !world->was_off)
        world_complain(world, "%" G_GINT64_FORMAT " undelivered jobs were deleted with the export on",
                       gap - watch->gap);
    watch->gap = gap;
    world->was_off = !settings_bool(settings, SETTING_EXPORT_ENABLED);
}

void watch_look(struct watch *watch, struct world *world, struct app *app)
{
    g_autoptr(GPtrArray) rows = ledger(app);
    guint met = 0;
    guint before_size = g_hash_table_size(watch->known);

    for (guint i = 0; i < rows->len; i++) {
        const struct delivery *row = g_ptr_array_index(rows, i);
        const struct known *before = g_hash_table_lookup(watch->known, &row->id);
        struct known *now = g_new0(struct known, 1);

        now->settled = settled_text(row);
        now->frozen = frozen_text(row);
        now->attempts = row->attempts;
        if (before)
            compare_row(world, before, now);
        met += before != NULL;
        g_hash_table_replace(watch->known, g_memdup2(&row->id, sizeof row->id), now);
    }
    if (met != before_size)
        world_complain(world, "%u rows of the ledger disappeared", before_size - met);
    look_at_gap(watch, world, app);
    jobs_look(world, app);
}

/* --- the end --- */

struct court {
    struct world *world;
    struct app *app;
    GPtrArray *rows;  /* the ledger */
    GPtrArray *files; /* of struct found * */
    /* row id → how many copies of it were found (pointer) */
    GHashTable *files_seen, *mails, *read;
    guint *times;      /* by job: in how many different files */
    GPtrArray *faults; /* of char * */
};

static void fault(struct court *court, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void fault(struct court *court, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(court->faults, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

/* Whose bytes these are: the row of that name, sum and, for mail, Message-ID. */
static struct delivery *row_of(const struct court *court, const struct found *file)
{
    struct delivery *best = NULL;

    for (guint i = 0; i < court->rows->len; i++) {
        struct delivery *row = g_ptr_array_index(court->rows, i);
        gboolean same =
            g_strcmp0(row->file_name, file->name) == 0 && g_strcmp0(row->sha256, file->sha256) == 0;

        if (!same ||
            (file->message_id && (!row->mail_headers || !strstr(row->mail_headers, file->message_id))))
            continue;
        if (row->state == DELIVERY_DELIVERED && row->kind == DELIVERY_AUTO)
            return row;
        if (!best || row->kind == DELIVERY_AUTO)
            best = row;
    }
    return best;
}

/* How often the bytes of `row` may lie about: once, and once more for each resend. A mail comes again only
 * when its answer was lost; its resends have Message-IDs of their own. */
static guint copies_allowed(const struct court *court, const struct delivery *row, const struct found *file)
{
    guint allowed = row->mail_headers ? 0 : 1;

    if (file->message_id)
        return 1 + world_excuses(court->world, file->message_id);
    for (guint i = 0; i < court->rows->len; i++) {
        const struct delivery *other = g_ptr_array_index(court->rows, i);
        allowed += other->kind == DELIVERY_RESEND && other->resend_of == row->id && other->attempts > 0;
    }
    return allowed;
}

static void judge_row(struct court *court, const struct delivery *row, gint64 seq, const char *document)
{
    gint32 index = jobs_index(document);
    struct world_job *job;
    gboolean day_right;

    if (index < 0 || index >= court->world->n_jobs) {
        fault(court, "%s holds a job that nobody printed: %s", row->file_name, document);
        return;
    }
    job = &court->world->jobs[index];
    court->times[index]++;
    if (court->times[index] > 1)
        fault(court, "J%d is in %u different files, the last is %s", index, court->times[index],
              row->file_name);
    if (job->seq && job->seq != seq)
        fault(court, "J%d has two numbers: %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT, index, job->seq, seq);
    job->seq = seq;
    day_right = job->day == row->day;
    for (guint i = 0; i < G_N_ELEMENTS(job->maybe) && !job->day; i++)
        day_right |= job->maybe[i] == row->day;
    if (!day_right)
        fault(court, "J%d of day %d is in the file of %d", index, job->day, row->day);
    if (seq <= row->seq_from || seq > row->seq_to)
        fault(court, "J%d (%" G_GINT64_FORMAT ") is outside of the range of %s", index, seq, row->file_name);
    if (job->fate == FATE_REFUSED)
        fault(court, "J%d was refused and delivered all the same, in %s", index, row->file_name);
}

/* The frozen format is the file's. */
static void judge_format(struct court *court, const struct delivery *row, const struct found *file)
{
    g_auto(GStrv) words = g_strsplit(row->format, " ", 0); /* v1 encoding header separator … */
    gboolean bom = file->length >= 3 && memcmp(file->bytes, "\xef\xbb\xbf", 3) == 0;
    const char *at = file->bytes + (bom ? 3 : 0);
    gboolean en = g_str_has_prefix(at, "seq");
    const char *separator = strpbrk(at, ",;\t");
    char wanted = strcmp(words[3], "comma") == 0 ? ',' : strcmp(words[3], "tab") == 0 ? '\t' : ';';

    if (bom != (strcmp(words[1], "utf-8-bom") == 0) || en != (strcmp(words[2], "en") == 0) || !separator ||
        *separator != wanted)
        fault(court, "%s is not written as \"%s\"", file->name, row->format);
}

static void judge_content(struct court *court, const struct delivery *row, const struct found *file)
{
    struct rows rows = {.at = file->bytes, .end = file->bytes + file->length};
    gint64 seq = 0, last = 0, n = 0;
    char *document = NULL;

    for (; rows_next(&rows, &seq, &document); n++, last = seq) {
        if (seq <= last)
            fault(court, "%s does not ascend at %" G_GINT64_FORMAT, file->name, seq);
        judge_row(court, row, seq, document);
        g_free(document);
    }
    judge_format(court, row, file);
    if (rows.broken || n != row->rows)
        fault(court, "%s has %" G_GINT64_FORMAT " rows, the ledger says %" G_GINT64_FORMAT, file->name, n,
              row->rows);
}

/* Neither the file nor its jobs are left: deleted while the export was off. Nothing else is ever sent in its
 * place. */
static gboolean never_again(const struct court *court, const struct delivery *row)
{
    return (row->state == DELIVERY_CLOSING || g_strcmp0(row->error, "INTEGRITY") == 0) &&
           row->day < meta_number(court->app, "horizon") && meta_number(court->app, "gap_jobs") > 0;
}

/* A row whose outcome nobody could find out, and which was sent again by hand, is delivered by that. */
static gboolean by_hand(const struct delivery *row)
{
    return row && row->note && g_str_has_prefix(row->note, "sent again by hand");
}

static const struct delivery *origin_of(const struct court *court, const struct delivery *row)
{
    for (guint i = 0; i < court->rows->len && row && row->kind == DELIVERY_RESEND; i++) {
        const struct delivery *other = g_ptr_array_index(court->rows, i);
        if (other->id == row->resend_of && by_hand(other))
            return other;
    }
    return row;
}

static guint count(GHashTable *table, const struct delivery *row)
{
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(table, &row->id)) + 1;

    g_hash_table_insert(table, g_memdup2(&row->id, sizeof row->id), GUINT_TO_POINTER(n));
    return n;
}

static void judge_file(struct court *court, const struct found *file)
{
    const struct delivery *row = origin_of(court, row_of(court, file));
    const char *place = receivers[file->receiver].folder;
    guint copies;

    if (!row) {
        fault(court, "%s at %s: the ledger does not know these bytes", file->name, place);
        return;
    }
    if (row->kind != DELIVERY_AUTO)
        return;
    /* Waived while the outcome was unknown: it may have arrived. */
    if (row->state != DELIVERY_DELIVERED && row->state != DELIVERY_WAIVED && !never_again(court, row))
        fault(court, "%s at %s was delivered; the ledger says %s (%s, %s)", file->name, place,
              delivery_state_name(row->state), row->error ? row->error : "no error",
              row->note ? row->note : "no note");
    copies = count(file->message_id ? court->mails : court->files_seen, row);
    if (copies > copies_allowed(court, row, file) && !by_hand(row))
        fault(court, "%s was delivered %u times, last to %s", file->name, copies, place);
    if (count(court->read, row) == 1)
        judge_content(court, row, file);
}

/* A name stands for the same bytes for ever, at one receiver. */
static void judge_names(struct court *court)
{
    g_autoptr(GHashTable) sums = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < court->files->len; i++) {
        const struct found *file = g_ptr_array_index(court->files, i);
        g_autofree char *lower = g_ascii_strdown(file->name, -1);
        char *place = g_strdup_printf("%s/%s", receivers[file->receiver].folder, lower);
        const char *before = g_hash_table_lookup(sums, place);

        if (before && strcmp(before, file->sha256) != 0)
            fault(court, "%s was used for two different files", place);
        g_hash_table_replace(sums, place, file->sha256);
    }
}

static const struct delivery *waived_row(const struct court *court, const struct world_job *job)
{
    for (guint i = 0; i < court->rows->len; i++) {
        const struct delivery *row = g_ptr_array_index(court->rows, i);
        if (row->kind == DELIVERY_AUTO && row->state == DELIVERY_WAIVED && row->day == job->day &&
            job->seq > row->seq_from && job->seq <= row->seq_to)
            return row;
    }
    return NULL;
}

static void judge_jobs(struct court *court)
{
    gint64 horizon = meta_number(court->app, "horizon");
    gint64 gap = meta_number(court->app, "gap_jobs");
    gint64 missing = 0;

    for (gint32 i = 0; i < court->world->n_jobs; i++) {
        const struct world_job *job = &court->world->jobs[i];

        if (job->fate == FATE_NEW)
            fault(court, "J%d was never taken", i);
        if (job->fate != FATE_STORED || court->times[i] > 0 || waived_row(court, job))
            continue;
        /* Deleted by retention while the export was off: counted there. */
        missing++;
        if (job->day >= horizon || missing > gap)
            fault(court, "J%d of day %d (number %" G_GINT64_FORMAT ") is in no file and was not waived", i,
                  job->day, job->seq);
    }
}

static void judge_ledger(struct court *court)
{
    for (guint i = 0; i < court->rows->len; i++) {
        const struct delivery *row = g_ptr_array_index(court->rows, i);

        if (row->kind != DELIVERY_AUTO)
            continue;
        if (row->state == DELIVERY_DELIVERED && !g_hash_table_contains(court->read, &row->id))
            fault(court, "%s counts as delivered (%s), and nobody has it", row->file_name,
                  row->note ? row->note : "no note");
        /* RW9: only after X15, X16 or a change of target is a frozen row released. */
        if (row->state == DELIVERY_VOID && row->attempts > 0 && g_strcmp0(row->error, "X15") != 0 &&
            g_strcmp0(row->error, "X16") != 0 && !(row->note && strstr(row->note, "destination")))
            fault(court, "%s was released although it had been attempted (%s)", row->file_name,
                  row->error ? row->error : "no error");
        if (row->state != DELIVERY_DELIVERED && row->state != DELIVERY_VOID &&
            row->state != DELIVERY_WAIVED && !never_again(court, row))
            fault(court, "%s is still %s after good days: %s %s", row->file_name,
                  delivery_state_name(row->state), row->error ? row->error : "",
                  row->error_text ? row->error_text : "");
    }
}

static void judge_runs(struct court *court)
{
    g_autoptr(GHashTable) dates = g_hash_table_new(NULL, NULL);
    g_autoptr(GArray) runs = NULL;

    g_assert_true(store_runs(court->app->store, 0, &runs, NULL));
    for (guint i = 0; i < runs->len; i++) {
        const struct run *run = &g_array_index(runs, struct run, i);
        if (run->trigger == RUN_SCHEDULE && !g_hash_table_add(dates, GINT_TO_POINTER(run->nominal_date)))
            fault(court, "two scheduled runs for %d", run->nominal_date);
    }
}

static void judge_store(struct court *court)
{
    g_autoptr(GPtrArray) findings = NULL;
    struct export_pending pending = {0};

    g_assert_true(store_check(court->app->store, &findings, NULL));
    for (guint i = 0; i < findings->len; i++)
        fault(court, "store check: %s", ((const GError *)g_ptr_array_index(findings, i))->message);
    g_assert_true(export_pending(court->app, &pending, NULL));
    if (pending.jobs || pending.first_day)
        fault(court, "%" G_GINT64_FORMAT " jobs are still pending, first of %d", pending.jobs,
              pending.first_day);
    export_pending_clear(&pending);
}

GPtrArray *verdict(struct world *world, struct app *app)
{
    struct court court = {.world = world, .app = app, .rows = ledger(app)};
    gint foreign = 0, parts = 0;

    court.faults = g_ptr_array_new_with_free_func(g_free);
    court.files = found_all(world, &foreign, &parts);
    court.read = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    court.files_seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    court.mails = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    court.times = g_new0(guint, WORLD_JOBS);
    for (gint32 i = 0; i < MIN(world->n_complaints, WORLD_COMPLAINTS); i++)
        fault(&court, "%s", world->complaints[i]);
    for (guint i = 0; i < court.files->len; i++)
        judge_file(&court, g_ptr_array_index(court.files, i));
    if (foreign != world->foreign)
        fault(&court, "%d foreign files were put and %d are left", world->foreign, foreign);
    judge_names(&court);
    judge_jobs(&court);
    judge_ledger(&court);
    judge_runs(&court);
    judge_store(&court);
    g_test_message("%d jobs, %u ledger rows, %u files and mails, %d temporary files left", world->n_jobs,
                   court.rows->len, court.files->len, parts);
    g_ptr_array_unref(court.rows);
    g_ptr_array_unref(court.files);
    g_hash_table_unref(court.files_seen);
    g_hash_table_unref(court.read);
    g_hash_table_unref(court.mails);
    g_free(court.times);
    return court.faults;
}
