/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes jobs that look like an office's, the same ones each time: as NDJSON or CSV on stdout, or straight
 * into a store. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/csv.h"
#include "store/store.h"

struct generator {
    struct job job;
    char accepted[32], started[32];
    char device_id[24], device_name[32], user_name[16], client_host[16], client_address[20], document[128];
    char department[8], account[8], key[48];
};

static const char *const titles[] = {
    "Rechnung", "Angebot", "Lieferschein", "report", "月次報告書", "Quarterly", "plan", "minutes",
    "contract", "請求書",  "Müller",       "draft",  "final",      "v2",        "2026", "budget"};
static const char *const results[] = {"OK", "OK", "OK", "OK", "OK", "OK", "STOP", "NG"};
static const char *const papers[] = {"A4", "A4", "A4", "A3", "Letter", "A5"};

/* splitmix64: the n-th job depends on n alone. */
static guint64 mix(guint64 x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static void make_title(char *out, gsize size, guint64 h)
{
    GString *title = g_string_new(titles[h & 15]);

    for (guint64 i = 1; i < 2 + (h >> 4 & 3); i++)
        g_string_append_printf(title, " %s", titles[h >> (4 * i + 8) & 15]);
    if ((h >> 40 & 15) == 0)
        g_string_append(title, ", Anlage");
    if ((h >> 44 & 31) == 0)
        g_string_append(title, " \"neu\"");
    g_string_append_printf(title, " %d.pdf", (int)(h >> 48));
    g_strlcpy(out, title->str, size);
    g_string_free(title, TRUE);
}

static void make_texts(struct generator *g, guint64 h, guint64 h2)
{
    struct job *job = &g->job;

    g_snprintf(g->device_id, sizeof g->device_id, "DEV-%06d", (int)(h >> 9 & 1023));
    g_snprintf(g->device_name, sizeof g->device_name, "iR-ADV %s %04d", h >> 8 & 1 ? "Tokyo" : "Osaka",
               (int)(h >> 9 & 1023));
    g_snprintf(g->user_name, sizeof g->user_name, "user%05d", (int)(h >> 20 & 16383));
    g_snprintf(g->client_host, sizeof g->client_host, "WS-%06d", (int)(h >> 34 & 65535));
    g_snprintf(g->client_address, sizeof g->client_address, "10.%d.%d.%d", (int)(h >> 34 & 63),
               (int)(h >> 40 & 255), (int)(1 + (h >> 48 & 127)));
    g_snprintf(g->department, sizeof g->department, "%07d", (int)(1 + (h >> 12 & 4095)));
    g_snprintf(g->account, sizeof g->account, "%05d", (int)(h2 >> 20 & 32767));
    make_title(g->document, sizeof g->document, h2);
    job_set_text(job, JOB_DEVICE_ID, g->device_id);
    job_set_text(job, JOB_DEVICE_NAME, g->device_name);
    job_set_text(job, JOB_USER_NAME, g->user_name);
    job_set_text(job, JOB_DOMAIN, "CORP");
    job_set_text(job, JOB_CLIENT_HOST, g->client_host);
    job_set_text(job, JOB_CLIENT_ADDRESS, g->client_address);
    job_set_text(job, JOB_DEPARTMENT_ID, g->department);
    job_set_text(job, JOB_DOCUMENT_NAME, g->document);
    job_set_text(job, JOB_ACCOUNT_CODE, h2 >> 35 & 1 ? g->account : NULL);
    job_set_text(job, JOB_PROTOCOL, h & 1 ? "ipp" : "lpr");
    job_set_text(job, JOB_COLOR_MODE, h2 & 1 ? "color" : "monochrome");
    job_set_text(job, JOB_SIDES, h2 >> 1 & 1 ? "two-sided-long-edge" : "one-sided");
    job_set_text(job, JOB_PAPER_SIZE, papers[(h >> 56) % 6]);
    job_set_text(job, JOB_RESULT, results[h >> 53 & 7]);
    job_set_text(job, JOB_END_CODE, (h >> 53 & 7) == 7 ? "paper jam, tray 2" : NULL);
    job_set_text(job, JOB_JOB_TYPE, "print");
    job_set_text(job, JOB_COUNT_SOURCE, "printer");
}

/* Job number `i` of a day that begins at `midnight`; `rows` in the day, ends ascending. */
static void make_job(struct generator *g, guint64 number, gint64 midnight, gint64 i, gint64 rows)
{
    guint64 h = mix(number + 1);
    guint64 h2 = mix(h);
    gint64 pages = 1 + (gint64)(h2 >> 10 & 31);
    gint64 color = h2 & 1 ? pages / 2 : 0;
    gint64 end = midnight + i * 86400 / rows;

    make_texts(g, h, h2);
    job_set_number(&g->job, JOB_JOB_ID, (gint64)(number % 1000000) + 1);
    job_set_number(&g->job, JOB_ENDED_AT, end);
    job_set_number(&g->job, JOB_STARTED_AT, end - (gint64)(h % 60));
    job_set_number(&g->job, JOB_ACCEPTED_AT, end - (gint64)(h % 60) - (gint64)(h2 % 120));
    job_set_number(&g->job, JOB_FACES_TOTAL, pages);
    job_set_number(&g->job, JOB_FACES_COLOR, color);
    job_set_number(&g->job, JOB_FACES_MONO, pages - color);
    job_set_number(&g->job, JOB_SHEETS, h2 >> 1 & 1 ? (pages + 1) / 2 : pages);
    job_set_number(&g->job, JOB_COPIES_COMPLETED, 1 + ((h2 >> 15 & 15) == 0));
    job_set_number(&g->job, JOB_SIZE_BYTES, 20000 + (gint64)(h2 % 4000000));
    g_snprintf(g->key, sizeof g->key, "urn:uuid:%08x-%04x-%04x", (guint)h, (guint)(h >> 32 & 0xffff),
               (guint)(number & 0xffff));
    g->job.key = (struct job_value){g->key, (gint64)strlen(g->key)};
}

/* --- outputs --- */

static gboolean to_stdout(const char *bytes, gsize length, gpointer user G_GNUC_UNUSED, GError **error)
{
    while (length) {
        ssize_t n = write(STDOUT_FILENO, bytes, length);

        if (n < 0 && errno != EINTR) {
            g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "stdout: %s",
                        g_strerror(errno));
            return FALSE;
        }
        bytes += MAX(n, 0);
        length -= (gsize)MAX(n, 0);
    }
    return TRUE;
}

/* The texts above hold nothing that JSON escapes but quotation marks. */
static void append_json(GString *line, const struct job *job)
{
    char separator = '{';

    for (int i = 0; i < JOB_COLUMNS; i++) {
        const struct job_value *value = &job->value[i];
        char when[21];

        if (!job_has(job, (enum job_column)i) || i == JOB_COUNT_SOURCE)
            continue;
        g_string_append_printf(line, "%c\"%s\":", separator, job_columns[i].key);
        separator = ',';
        if (value->text) {
            g_string_append_c(line, '"');
            for (gint64 k = 0; k < value->number; k++) {
                if (value->text[k] == '"')
                    g_string_append_c(line, '\\');
                g_string_append_c(line, value->text[k]);
            }
            g_string_append_c(line, '"');
        } else if (job_columns[i].type == JOB_TIME) {
            time_format_utc(value->number, when);
            g_string_append_printf(line, "\"%s\"", when);
        } else {
            g_string_append_printf(line, "%" G_GINT64_FORMAT, value->number);
        }
    }
    g_string_append(line, "}\n");
}

struct output {
    const char *format;
    struct csv_writer *csv;
    GString *line;
    struct store_ingest *ingest;
};

static gboolean put(struct output *output, struct job *job, gboolean last, GError **error)
{
    enum store_outcome outcome;

    if (output->csv)
        return csv_writer_row(output->csv, job, error);
    if (output->ingest)
        return store_ingest_add(output->ingest, job, NULL, FALSE, &outcome, error);
    append_json(output->line, job);
    if (!last && output->line->len < 1 << 20)
        return TRUE;
    if (!to_stdout(output->line->str, output->line->len, NULL, error))
        return FALSE;
    g_string_set_size(output->line, 0);
    return TRUE;
}

static gboolean generate(struct output *output, gint32 day, int days, gint64 rows, gint64 first,
                         GError **error)
{
    g_autofree struct generator *g = g_new0(struct generator, 1);
    guint64 number = (guint64)first;

    job_clear(&g->job);
    for (int d = 0; d < days; d++, day = day_add(day, 1)) {
        gint64 midnight = (gint64)day_diff(day, 19700101) * 86400;

        g->job.day = day;
        g->job.arrived_at = midnight + 86400;
        for (gint64 i = 0; i < rows; i++) {
            make_job(g, number++, midnight, i, rows);
            if (!put(output, &g->job, d == days - 1 && i == rows - 1, error))
                return FALSE;
        }
    }
    if (output->csv)
        return csv_writer_finish(output->csv, error);
    return !output->ingest || store_ingest_commit(output->ingest, NULL, error);
}

static gboolean run(const char *format, const char *file, gint32 day, int days, gint64 rows, gint64 first,
                    GError **error)
{
    static const struct csv_format csv = {CSV_UTF8, FALSE, ',', TRUE, DATE_YMD, "UTC"};
    g_autoptr(PtCsvWriter) writer = NULL;
    g_autoptr(PtStore) store = NULL;
    g_autoptr(PtStoreIngest) ingest = NULL;
    g_autoptr(GString) line = g_string_new(NULL);
    struct output output = {.format = format, .line = line};
    gint64 source;

    if (strcmp(format, "csv") == 0) {
        output.csv = writer = csv_writer_new(&csv, to_stdout, NULL, error);
        if (!writer)
            return FALSE;
    } else if (strcmp(format, "store") == 0) {
        store = store_open(file, STORE_CREATE, error);
        if (!store || !store_source_add(store, "genjobs", "import", "", &source, error))
            return FALSE;
        output.ingest = ingest = store_ingest_new(store, source, FALSE, error);
        if (!ingest)
            return FALSE;
    }
    return generate(&output, day, days, rows, first, error);
}

int main(int argc, char **argv)
{
    g_autofree char *format = NULL;
    g_autofree char *file = NULL;
    g_autofree char *first = NULL;
    gint64 rows = 1000;
    gint64 skip = 0;
    int days = 1;
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_STRING, &format, "ndjson (default), csv or store", "FORMAT"},
        {"store", 's', 0, G_OPTION_ARG_FILENAME, &file, "database file, with --output store", "FILE"},
        {"first-day", 'f', 0, G_OPTION_ARG_STRING, &first, "default 2026-06-01", "YYYY-MM-DD"},
        {"days", 'd', 0, G_OPTION_ARG_INT, &days, "default 1", "N"},
        {"rows", 'r', 0, G_OPTION_ARG_INT64, &rows, "jobs a day, default 1000", "N"},
        {"skip", 0, 0, G_OPTION_ARG_INT64, &skip, "begin with this job of the series, default 0", "N"},
        {NULL},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    gint32 day;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("genjobs: %s\n", error->message);
        return 2;
    }
    day = day_parse(first ? first : "2026-06-01");
    if (!day || rows < 1 || days < 1 || skip < 0 ||
        (format && !g_strv_contains((const char *const[]){"ndjson", "csv", "store", NULL}, format)) ||
        (g_strcmp0(format, "store") == 0) != (file != NULL)) {
        g_printerr("genjobs: see --help\n");
        return 2;
    }
    if (run(format ? format : "ndjson", file, day, days, rows, skip, &error))
        return 0;
    g_printerr("genjobs: %s\n", error->message);
    return 1;
}
