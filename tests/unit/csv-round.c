/* SPDX-License-Identifier: GPL-3.0-or-later */
/* core/csv: what the writer wrote, the reader reads back exactly (SPEC 7), for random jobs in every format.
 */
#include "csv-bytes.h"

#define JOBS 200
#define NOW G_GINT64_CONSTANT(4000000000)

/* All of the pieces that random texts are made of can be held by CP932 (which a test below needs) unless they
 * stand behind HELD_BY_CP932. */
static const char *const pieces[] = {
    "=",
    "+",
    "-",
    "@",
    "'",
    "''",
    " ",
    "  ",
    "\t",
    "\r",
    "\n",
    "\r\n",
    ",",
    ";",
    "\"",
    "\"\"",
    "a",
    "0",
    "report.pdf",
    "印刷",
    "年末調整",
    "ｶﾅ",
    "表",
    "髙",
    "～",
    "＝",
    "｡",
    "\\",
    "\x7f",
    "\x01",
    "|",
    "seq,device_id",
    "\"a\",\"b\"\r\nprint,",
    "😀",
    "é",
    "\xC2\x80",
    "\xEF\xBF\xBD",
    "\xEF\xBB\xBF",
    "e\xCC\x81",
    "한",
    "\xF4\x8F\xBF\xBF",
};
#define HELD_BY_CP932 (G_N_ELEMENTS(pieces) - 8)

static const char *const types[] = {"print",       "copy",      "scan",      "send",   "fax_send",
                                    "fax_receive", "box_store", "box_print", "report", "other"};
static const char *const results[] = {"OK", "NG", "STOP", "--"};
static const char *const count_sources[] = {"printer", "server", "computed", "requested", "unknown"};
static const char *const origins[] = {"cups", "ipp", "page_log", "csv", "api"};
static const char *const zones[] = {
    "Asia/Tokyo",    "UTC",          "America/New_York", "Australia/Lord_Howe",
    "Europe/Berlin", "America/Nuuk", "Pacific/Apia",     "Africa/Casablanca"};

struct random_jobs {
    struct job jobs[JOBS];
    GStringChunk *texts;
};

static const char *any(const char *const *words, gsize count)
{
    return words[g_test_rand_int_range(0, (gint32)count)];
}

static void random_text(struct random_jobs *random, struct job *job, enum job_column column, gsize usable)
{
    g_autoptr(GString) text = g_string_new(NULL);
    guint count = (guint)g_test_rand_int_range(1, 9);

    for (guint i = 0; i < count; i++)
        g_string_append(text, any(pieces, usable));
    if (g_test_rand_int_range(0, 200) == 0) { /* as long as a text can be */
        while (text->len < JOB_TEXT_MAX)
            g_string_append_c(text, g_test_rand_bit() ? '"' : 'x');
        g_string_truncate(text, job_text_fit(text->str, text->len, JOB_TEXT_MAX));
    }
    job_set_text(job, column, g_string_chunk_insert_len(random->texts, text->str, (gssize)text->len));
}

/* Near a clock change every other time: the second half of March and November hold most of them. */
static gint64 random_end(void)
{
    static const gint64 changes[] = {1762063200, 1741503600, 1762009200, 1774746000,
                                     1792976400, 1774742400, 1285322400, 1739671200};
    gint64 utc = JOB_TIME_MIN + g_test_rand_int_range(0, 2147483647);

    if (g_test_rand_bit())
        utc = changes[g_test_rand_int_range(0, G_N_ELEMENTS(changes))] + g_test_rand_int_range(-10000, 10000);
    return utc;
}

static void random_job(struct random_jobs *random, struct job *job, gsize usable)
{
    char department[8];

    job_clear(job);
    for (gsize i = 0; i < JOB_COLUMNS; i++) {
        if (job_columns[i].type == JOB_TEXT && g_test_rand_bit())
            random_text(random, job, (enum job_column)i, usable);
        if (job_columns[i].type == JOB_INT && g_test_rand_bit())
            job_set_number(job, (enum job_column)i,
                           g_test_rand_bit() ? g_test_rand_int_range(0, 200)
                                             : (gint64)g_test_rand_int_range(0, 1 << 30) *
                                                   g_test_rand_int_range(0, 1 << 22));
    }
    job_set_text(job, JOB_JOB_TYPE, any(types, G_N_ELEMENTS(types)));
    job_set_text(job, JOB_RESULT, g_test_rand_bit() ? any(results, G_N_ELEMENTS(results)) : NULL);
    job_set_text(job, JOB_COUNT_SOURCE, any(count_sources, G_N_ELEMENTS(count_sources)));
    job_set_text(job, JOB_ORIGIN, any(origins, G_N_ELEMENTS(origins)));
    g_snprintf(department, sizeof(department), "%07d", g_test_rand_int_range(1, 10000000));
    job_set_text(job, JOB_DEPARTMENT_ID,
                 g_test_rand_bit() ? g_string_chunk_insert(random->texts, department) : NULL);
    job_set_number(job, JOB_ENDED_AT, random_end());
    if (g_test_rand_bit())
        job_set_number(job, JOB_STARTED_AT, job->value[JOB_ENDED_AT].number - g_test_rand_int_range(0, 9000));
    if (g_test_rand_bit())
        job_set_number(job, JOB_ACCEPTED_AT,
                       job->value[JOB_ENDED_AT].number - g_test_rand_int_range(0, 90000));
}

static struct random_jobs *random_jobs_new(gsize usable)
{
    struct random_jobs *random = g_new0(struct random_jobs, 1);

    random->texts = g_string_chunk_new(1 << 16);
    for (gsize i = 0; i < JOBS; i++)
        random_job(random, &random->jobs[i], usable);
    return random;
}

static void random_jobs_free(struct random_jobs *random)
{
    g_string_chunk_free(random->texts);
    g_free(random);
}

/* A local time that occurs twice cannot tell which of the two it was: the later one not after the end is
 * taken (csv.h). All else must come back. */
static gint64 expected_time(struct zone *zone, const struct job *job, enum job_column column)
{
    gint64 utc = job->value[column].number;
    struct local_time local;

    if (utc == JOB_NONE || column == JOB_ENDED_AT)
        return utc;
    local = zone_local(zone, utc);
    g_assert_true(zone_from_local(zone, &local, job->value[JOB_ENDED_AT].number, &utc));
    return utc;
}

static void assert_same(struct zone *zone, const struct job *written_job, const struct job *read)
{
    for (gsize i = 0; i < JOB_COLUMNS; i++) {
        const struct job_value *a = &written_job->value[i], *b = &read->value[i];

        if (job_columns[i].type == JOB_DERIVED)
            continue;
        g_assert_cmpint(a->text != NULL, ==, b->text != NULL);
        if (a->text)
            assert_bytes(b->text, (gsize)b->number, a->text, (gsize)a->number);
        else if (job_columns[i].type == JOB_TIME)
            g_assert_cmpint(b->number, ==, expected_time(zone, written_job, (enum job_column)i));
        else
            g_assert_cmpint(b->number, ==, a->number);
    }
}

static void assert_reads_back(const struct csv_format *format, const struct job *jobs, const GString *file)
{
    struct csv_reader_options options = {format->encoding == CSV_CP932, format->date_format, format->zone,
                                         NOW, !format->formula_guard};
    g_autoptr(GError) error = NULL;
    g_autoptr(PtCsvReader) reader = csv_reader_new(&options, &error);
    g_autoptr(PtZone) zone = zone_new(format->zone, &error);
    gsize piece = (gsize)g_test_rand_int_range(1, 5000), at = 0, rows = 0;
    enum csv_result result = CSV_MORE;

    for (;;) {
        struct job job;
        guint64 line;

        if (result == CSV_MORE) {
            gsize part = MIN(piece, file->len - at);
            csv_reader_feed(reader, file->str + at, part, at + part == file->len);
            at += part;
        }
        result = csv_reader_next(reader, &job, &line, &error);
        g_assert_no_error(error);
        if (result == CSV_END)
            break;
        if (result == CSV_ROW)
            assert_same(zone, &jobs[rows++], &job);
    }
    g_assert_cmpuint(rows, ==, JOBS);
    g_assert_cmpuint(csv_reader_cut(reader), ==, 0);
}

static void test_what_was_written_reads_back_exactly(gconstpointer data)
{
    gboolean cp932 = data != NULL;

    for (guint i = 0; i < 2 * 3 * 2 * 3 * G_N_ELEMENTS(zones); i++) {
        struct random_jobs *random = random_jobs_new(cp932 ? HELD_BY_CP932 : G_N_ELEMENTS(pieces));
        struct csv_format format = {cp932   ? CSV_CP932
                                    : i % 2 ? CSV_UTF8
                                            : CSV_UTF8_BOM,
                                    i / 2 % 2 == 0,
                                    ",;\t"[i % 3],
                                    i / 6 % 2 == 0,
                                    (enum date_format)(i / 12 % 3),
                                    ""};
        g_autoptr(GString) file = NULL;
        gint64 replaced = 0;

        g_strlcpy(format.zone, zones[i / 36 % G_N_ELEMENTS(zones)], sizeof(format.zone));
        file = written(&format, random->jobs, JOBS, &replaced);
        g_assert_cmpint(replaced, ==, 0);
        g_assert_true(cp932 || g_utf8_validate(file->str, (gssize)file->len, NULL));
        assert_reads_back(&format, random->jobs, file);
        random_jobs_free(random);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/csv-round/what-was-written-in-utf-8-reads-back-exactly", NULL,
                         test_what_was_written_reads_back_exactly);
    g_test_add_data_func("/csv-round/what-cp932-can-hold-reads-back-exactly", "cp932",
                         test_what_was_written_reads_back_exactly);
    return g_test_run();
}
