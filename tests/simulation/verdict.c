/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judges a simulated world by what its receivers hold: is every job in exactly one file (SPEC RW8)? */
#include "verdict.h"

#include "app/export.h"
#include <string.h>

/* --- the ledger, over time --- */

struct watch {
    GHashTable *settled; /* id → what the row said when it was settled; "" while it is not */
};

struct watch *watch_new(void)
{
    struct watch *watch = g_new0(struct watch, 1);

    watch->settled = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    return watch;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    g_hash_table_unref(watch->settled);
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

void watch_look(struct watch *watch, struct world *world, struct app *app)
{
    g_autoptr(GPtrArray) rows = ledger(app);
    guint known = 0;

    for (guint i = 0; i < rows->len; i++) {
        const struct delivery *row = g_ptr_array_index(rows, i);
        const char *before = g_hash_table_lookup(watch->settled, &row->id);
        g_autofree char *now = settled_text(row);

        known += before != NULL;
        if (before && *before && strcmp(before, now) != 0)
            world_complain(world, "a settled row changed: %s -> %s", before, *now ? now : "open again");
    }
    if (known != g_hash_table_size(watch->settled))
        world_complain(world, "%u rows of the ledger disappeared", g_hash_table_size(watch->settled) - known);
    for (guint i = 0; i < rows->len; i++) {
        const struct delivery *row = g_ptr_array_index(rows, i);
        g_hash_table_replace(watch->settled, g_memdup2(&row->id, sizeof row->id), settled_text(row));
    }
    jobs_look(world, app);
}

/* --- the end --- */

struct court {
    struct world *world;
    struct app *app;
    GPtrArray *rows;   /* the ledger */
    GPtrArray *files;  /* of struct found * */
    GHashTable *seen;  /* row id → how many copies as files (pointer) … */
    GHashTable *mails; /* … and as mails */
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
    if (rows.broken || n != row->rows)
        fault(court, "%s has %" G_GINT64_FORMAT " rows, the ledger says %" G_GINT64_FORMAT, file->name, n,
              row->rows);
}

static void judge_file(struct court *court, const struct found *file)
{
    const struct delivery *row = row_of(court, file);
    GHashTable *seen = file->message_id ? court->mails : court->seen;
    guint copies;

    if (!row) {
        fault(court, "%s at %s: the ledger does not know these bytes", file->name,
              receivers[file->receiver].folder);
        return;
    }
    if (row->kind != DELIVERY_AUTO)
        return;
    /* Waived while the outcome was unknown: it may have arrived. */
    if (row->state != DELIVERY_DELIVERED && row->state != DELIVERY_WAIVED)
        fault(court, "%s at %s was delivered; the ledger says %s", file->name,
              receivers[file->receiver].folder, delivery_state_name(row->state));
    copies = GPOINTER_TO_UINT(g_hash_table_lookup(seen, &row->id)) + 1;
    g_hash_table_insert(seen, g_memdup2(&row->id, sizeof row->id), GUINT_TO_POINTER(copies));
    if (copies > copies_allowed(court, row, file))
        fault(court, "%s (row %" G_GINT64_FORMAT ", %s) was delivered %u times, last to %s", file->name,
              row->id, row->note ? row->note : "no note", copies, receivers[file->receiver].folder);
    if (copies == 1 && !row->mail_headers == !file->message_id)
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

static gint64 meta_number(const struct court *court, const char *key)
{
    g_autofree char *text = NULL;

    g_assert_true(store_meta(court->app->store, key, &text, NULL));
    return text ? g_ascii_strtoll(text, NULL, 10) : 0;
}

static void judge_jobs(struct court *court)
{
    gint64 horizon = meta_number(court, "horizon");
    gint64 gap = meta_number(court, "gap_jobs");
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
        if (row->state == DELIVERY_DELIVERED &&
            !g_hash_table_contains(row->mail_headers ? court->mails : court->seen, &row->id))
            fault(court, "%s counts as delivered (%s), and nobody has it", row->file_name,
                  row->note ? row->note : "no note");
        if (row->state != DELIVERY_DELIVERED && row->state != DELIVERY_VOID && row->state != DELIVERY_WAIVED)
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
    if (pending.jobs || pending.first_day || pending.closing->len)
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
    court.seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
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
    g_hash_table_unref(court.seen);
    g_hash_table_unref(court.mails);
    g_free(court.times);
    return court.faults;
}
