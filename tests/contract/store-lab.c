/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the store's contract tests share. */
#include "store-lab.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* Another engine joins as one more row: %s is the test's folder. */
static const struct {
    const char *name, *url;
} engines[] = {
    {"sqlite", "sqlite:%s/store.db"},
};

struct planned_test {
    LabTest test;
    const char *url;
};

void lab_make(struct lab *lab, const char *url_format)
{
    char **parts = g_strsplit(url_format, "%s", 2);

    /* Nothing here outlives the machine: memory will do, and thousands of commits are quick there. */
    lab->dir = g_strdup_printf("%s/printtrail-store-XXXXXX",
                               g_access("/dev/shm", W_OK) == 0 ? "/dev/shm" : g_get_tmp_dir());
    g_assert_nonnull(g_mkdtemp(lab->dir));
    lab->url = g_strconcat(parts[0], lab->dir, parts[1], NULL);
    lab->store = lab_open(lab, STORE_CREATE);
    MUST(store_source_add(lab->store, "files", "import", "", &lab->source, &error));
    g_strfreev(parts);
}

void lab_remove(struct lab *lab)
{
    GDir *dir = g_dir_open(lab->dir, 0, NULL);
    const char *name;

    store_close(lab->store);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *file = g_build_filename(lab->dir, name, NULL);

        g_assert_cmpint(g_remove(file), ==, 0);
    }
    g_dir_close(dir);
    g_assert_cmpint(g_rmdir(lab->dir), ==, 0);
    g_free(lab->dir);
    g_free(lab->url);
}

static void run_planned(gconstpointer data)
{
    const struct planned_test *planned = data;
    struct lab lab;

    lab_make(&lab, planned->url);
    planned->test(&lab);
    lab_remove(&lab);
}

void lab_add(const char *name, LabTest test)
{
    for (gsize i = 0; i < G_N_ELEMENTS(engines); i++) {
        g_autofree char *path = g_strdup_printf("/store/%s/%s", engines[i].name, name);
        struct planned_test *planned = g_new(struct planned_test, 1);

        *planned = (struct planned_test){test, engines[i].url};
        g_test_add_data_func_full(path, planned, run_planned, g_free);
    }
}

int lab_run(int argc, char **argv, void (*add_tests)(void))
{
    g_test_init(&argc, &argv, NULL);
    add_tests();
    return g_test_run();
}

struct store *lab_open(const struct lab *lab, enum store_mode mode)
{
    GError *error = NULL;
    struct store *store = store_open(lab->url, mode, &error);

    g_assert_no_error(error);
    g_assert_nonnull(store);
    return store;
}

char *lab_file(const struct lab *lab, const char *name)
{
    return g_build_filename(lab->dir, name, NULL);
}

/* --- jobs --- */

gint64 noon(gint32 day)
{
    return (gint64)day_diff(day, 19700101) * 86400 + 43200;
}

struct job sample(const char *key, gint32 day, int second)
{
    struct job job;

    job_clear(&job);
    job_set_text(&job, JOB_DEVICE_NAME, "Printer 1");
    job_set_text(&job, JOB_JOB_TYPE, "print");
    job_set_text(&job, JOB_RESULT, "OK");
    job_set_text(&job, JOB_USER_NAME, "Akira");
    job_set_text(&job, JOB_DOCUMENT_NAME, "見積書 \"A\", 1.pdf");
    job_set_number(&job, JOB_ENDED_AT, noon(day) + second);
    job_set_number(&job, JOB_FACES_TOTAL, 3);
    job_set_number(&job, JOB_FACES_COLOR, 0);
    job_set_number(&job, JOB_SHEETS, 2);
    job.day = day;
    job.arrived_at = noon(day) + second + 5;
    if (key)
        job.key = (struct job_value){key, (gint64)strlen(key)};
    return job;
}

enum store_outcome lab_add_job(struct store_ingest *ingest, const struct job *job)
{
    enum store_outcome outcome = STORE_REFUSED;
    char hash[65];

    job_hash(job, hash);
    MUST(store_ingest_add(ingest, job, hash, FALSE, &outcome, &error));
    return outcome;
}

struct store_ingest *lab_ingest(struct lab *lab, gboolean exclusive)
{
    GError *error = NULL;
    struct store_ingest *ingest = store_ingest_new(lab->store, lab->source, exclusive, &error);

    g_assert_no_error(error);
    return ingest;
}

void lab_fill(struct lab *lab, const char *prefix, gint32 day, int count)
{
    g_autoptr(PtStoreIngest) ingest = lab_ingest(lab, FALSE);

    for (int i = 0; i < count; i++) {
        g_autofree char *key = g_strdup_printf("%s-%d-%d", prefix, day, i);
        struct job job = sample(key, day, i);

        g_assert_cmpint(lab_add_job(ingest, &job), ==, STORE_STORED);
    }
    MUST(store_ingest_commit(ingest, NULL, &error));
}

char *job_line(const struct job *job)
{
    GString *line = g_string_new(NULL);

    for (int i = JOB_SEQ + 1; i < JOB_COLUMNS; i++) {
        const struct job_value *value = &job->value[i];

        g_string_append_c(line, '|');
        if (value->text)
            g_string_append_len(line, value->text, (gssize)value->number);
        else if (value->number != JOB_NONE)
            g_string_append_printf(line, "%" G_GINT64_FORMAT, value->number);
    }
    return g_string_free(line, FALSE);
}

struct kept *kept_new(void)
{
    struct kept *kept = g_new0(struct kept, 1);

    kept->seqs = g_array_new(FALSE, FALSE, sizeof(gint64));
    kept->lines = g_ptr_array_new_with_free_func(g_free);
    return kept;
}

void kept_free(struct kept *kept)
{
    g_array_unref(kept->seqs);
    g_ptr_array_unref(kept->lines);
    g_free(kept);
}

gboolean kept_sink(const struct job *job, gpointer user, GError **error)
{
    struct kept *kept = user;

    g_array_append_val(kept->seqs, job->value[JOB_SEQ].number);
    g_ptr_array_add(kept->lines, job_line(job));
    if (!kept->stop_after || kept->seqs->len < kept->stop_after)
        return TRUE;
    pt_error_set(error, PT_ERROR_X18, "the sink is closed", "受け側が閉じました");
    return FALSE;
}

char *lab_job_line(struct lab *lab, gint64 seq)
{
    g_autoptr(Kept) kept = kept_new();

    if (!store_job(lab->store, seq, kept_sink, kept, NULL))
        return NULL;
    return g_strdup(g_ptr_array_index(kept->lines, 0));
}

/* --- what the store says --- */

gint64 lab_count(struct store *store)
{
    g_autoptr(GArray) days = NULL;
    gint64 jobs = 0;

    MUST(store_days(store, 0, 0, &days, &error));
    for (guint i = 0; i < days->len; i++)
        jobs += g_array_index(days, struct day_total, i).jobs;
    return jobs;
}

void lab_assert_sound(struct store *store)
{
    g_autoptr(GPtrArray) findings = NULL;

    MUST(store_check(store, &findings, &error));
    for (guint i = 0; i < findings->len; i++) {
        g_autofree char *text = pt_error_message(g_ptr_array_index(findings, i), PT_LANG_EN);

        g_test_message("%s", text);
    }
    g_assert_cmpuint(findings->len, ==, 0);
}

gint64 lab_meta_number(struct store *store, const char *key)
{
    g_autofree char *text = NULL;

    MUST(store_meta(store, key, &text, &error));
    return text ? g_ascii_strtoll(text, NULL, 10) : 0;
}

char *lab_counters(struct store *store, gint64 source)
{
    g_autoptr(GPtrArray) rows = NULL;

    MUST(store_sources(store, &rows, &error));
    for (guint i = 0; i < rows->len; i++) {
        const struct source_row *row = g_ptr_array_index(rows, i);

        if (row->id == source)
            return g_strdup_printf("%d %d %d %d", (int)row->jobs, (int)row->duplicates, (int)row->conflicts,
                                   (int)row->refused);
    }
    return NULL;
}

gint64 lab_deliver(struct store *store, gint32 day, int revision, gint64 from, gint64 to,
                   enum delivery_state state)
{
    g_autoptr(PtDelivery) row = delivery_new();

    row->day = day;
    row->revision = revision;
    row->seq_from = from;
    row->seq_to = to;
    row->state = state;
    row->file_name = g_strdup_printf("export_%d_%d.csv", day, revision);
    MUST(store_range_rows(store, day, from, to, &row->rows, &error));
    MUST(store_delivery_insert(store, row, &error));
    return row->id;
}
