/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of app/render: what two threads put together is what one alone would write. */
#include "app/render.h"

#include <glib/gstdio.h>
#include <string.h>

#define DAY 20260601
#define NEXT_DAY 20260602
#define RARE_DAY 20260603
#define JOBS 90000

/* A third of the jobs belongs to the next day, every 9973rd to a rare one; one stretch holds nothing of DAY.
 */
static gint32 day_of(int i)
{
    if (i % 9973 == 0)
        return RARE_DAY;
    return i % 3 == 2 || (i > 40000 && i < 60000) ? NEXT_DAY : DAY;
}

static char *make_state(void)
{
    char *dir = g_dir_make_tmp("pt-render-XXXXXX", NULL);
    GError *error = NULL;
    g_autoptr(PtApp) app = app_open(dir, STORE_CREATE, &error);
    g_autoptr(PtStoreIngest) ingest = NULL;
    struct job job;
    gint64 source;

    g_assert_no_error(error);
    g_assert_true(store_source_add(app->store, "test", "import", "", &source, &error));
    ingest = store_ingest_new(app->store, source, FALSE, &error);
    g_assert_no_error(error);
    job_clear(&job);
    for (int i = 0; i < JOBS; i++) {
        g_autofree char *key = g_strdup_printf("key-%d", i);
        g_autofree char *title = g_strdup_printf("%s %d", i % 7 ? "Müller, \"neu\"" : "月次報告書", i);
        enum store_outcome outcome;

        job.day = day_of(i);
        job.arrived_at = 1780300000;
        job.key = (struct job_value){key, (gint64)strlen(key)};
        job_set_number(&job, JOB_ENDED_AT, 1780300000 + i);
        job_set_text(&job, JOB_DOCUMENT_NAME, title);
        g_assert_true(store_ingest_add(ingest, &job, NULL, FALSE, &outcome, &error));
        g_assert_cmpint(outcome, ==, STORE_STORED);
    }
    g_assert_true(store_ingest_commit(ingest, NULL, &error));
    return dir;
}

static void remove_state(const char *dir)
{
    g_autoptr(GDir) files = g_dir_open(dir, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(files))) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        g_assert_cmpint(g_remove(path), ==, 0);
    }
    g_assert_cmpint(g_rmdir(dir), ==, 0);
}

static gboolean to_string(const char *bytes, gsize length, gpointer user, GError **error)
{
    (void)error;
    g_string_append_len(user, bytes, (gssize)length);
    return TRUE;
}

static gboolean write_row(const struct job *job, gpointer user, GError **error)
{
    return csv_writer_row(user, job, error);
}

/* The definition: one writer, one pass. */
static GString *alone(const struct app *app, const struct csv_format *format, gint32 day, gint64 from,
                      gint64 to, struct render_total *ret_total)
{
    GString *bytes = g_string_new(NULL);
    GError *error = NULL;
    g_autoptr(PtCsvWriter) writer = csv_writer_new(format, to_string, bytes, &error);

    if (to > 0)
        g_assert_true(store_day_jobs(app->store, day, from, to, write_row, writer, &error));
    g_assert_true(csv_writer_finish(writer, &error));
    g_assert_no_error(error);
    *ret_total = (struct render_total){csv_writer_rows(writer), csv_writer_replaced(writer)};
    return bytes;
}

static void test_a_day_is_rendered_as_one_writer_would(gconstpointer data)
{
    static const struct {
        gint32 day;
        gint64 from, to;
    } ranges[] = {
        {DAY, 0, JOBS},      {NEXT_DAY, 0, JOBS},   {RARE_DAY, 0, JOBS},
        {20260604, 0, JOBS}, {DAY, 12345, 70001},   {NEXT_DAY, 1, JOBS - 1},
        {DAY, 40001, 60000}, {DAY, 5, 6},           {DAY, 0, 0},
        {DAY, 0, 1},         {DAY, JOBS, 4 * JOBS}, {DAY, 30000, 10 * JOBS},
    };
    static const struct csv_format formats[] = {
        {CSV_UTF8_BOM, TRUE, ',', TRUE, DATE_YMD, "Asia/Tokyo"},
        {CSV_CP932, FALSE, ';', FALSE, DATE_DMY, "Europe/Berlin"},
    };
    GError *error = NULL;
    g_autoptr(PtApp) app = app_open(data, STORE_EXISTING, &error);

    g_assert_no_error(error);
    for (gsize f = 0; f < G_N_ELEMENTS(formats); f++) {
        for (gsize i = 0; i < G_N_ELEMENTS(ranges); i++) {
            struct render_total expected, total;
            g_autoptr(GString) bytes = g_string_new(NULL);
            GString *want = alone(app, &formats[f], ranges[i].day, ranges[i].from, ranges[i].to, &expected);

            g_assert_true(render_day(app, &formats[f], ranges[i].day, ranges[i].from, ranges[i].to, to_string,
                                     bytes, &total, &error));
            g_assert_no_error(error);
            g_assert_true(g_string_equal(bytes, want));
            g_assert_cmpint(total.rows, ==, expected.rows);
            g_assert_cmpint(total.replaced, ==, expected.replaced);
            g_string_free(want, TRUE);
        }
    }
}

struct full_disk {
    int left;
    int calls_after;
};

static gboolean fill_disk(const char *bytes, gsize length, gpointer user, GError **error)
{
    struct full_disk *disk = user;

    (void)bytes, (void)length;
    if (disk->left-- > 0)
        return TRUE;
    disk->calls_after++;
    pt_error_set(error, PT_ERROR_X19, "full", "満杯");
    return FALSE;
}

static void test_the_first_refusal_of_the_sink_ends_it(gconstpointer data)
{
    static const struct csv_format format = {CSV_UTF8, FALSE, ',', TRUE, DATE_YMD, "UTC"};
    GError *error = NULL;
    g_autoptr(PtApp) app = app_open(data, STORE_EXISTING, &error);

    g_assert_no_error(error);
    for (int chunks = 0; chunks < 6; chunks++) {
        struct full_disk disk = {.left = chunks};
        struct render_total total;

        g_assert_false(render_day(app, &format, DAY, 0, JOBS, fill_disk, &disk, &total, &error));
        g_assert_error(error, PT_ERROR, PT_ERROR_X19);
        g_clear_error(&error);
        g_assert_cmpint(disk.calls_after, ==, 1);
    }
}

static void test_a_store_that_is_gone_is_told(gconstpointer data)
{
    static const struct csv_format format = {CSV_UTF8, FALSE, ',', TRUE, DATE_YMD, "UTC"};
    GError *error = NULL;
    g_autoptr(PtApp) app = app_open(data, STORE_EXISTING, &error);
    g_autoptr(GString) bytes = g_string_new(NULL);
    struct render_total total;

    g_assert_no_error(error);
    g_free(app->store_url);
    app->store_url = g_build_filename(data, "nothing.db", NULL);
    g_assert_false(render_day(app, &format, DAY, 0, JOBS, to_string, bytes, &total, &error));
    g_assert_error(error, PT_ERROR, PT_ERROR_MISSING);
    g_error_free(error);
}

int main(int argc, char **argv)
{
    g_autofree char *dir = NULL;
    int status;

    g_test_init(&argc, &argv, NULL);
    dir = make_state();
    g_test_add_data_func("/render/a day is rendered as one writer would", dir,
                         test_a_day_is_rendered_as_one_writer_would);
    g_test_add_data_func("/render/the first refusal of the sink ends it", dir,
                         test_the_first_refusal_of_the_sink_ends_it);
    g_test_add_data_func("/render/a store that is gone is told", dir, test_a_store_that_is_gone_is_told);
    status = g_test_run();
    remove_state(dir);
    return status;
}
