/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Polls one source and prints its jobs as JSON lines, then the report or the error: lets the integration
 * tests drive the source layer alone. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "source/source.h"

static int arg_timeout = 5000, arg_times = 1;
static gint64 arg_deadline = 60000, arg_now;
static gboolean arg_test, arg_fail;
static char *arg_cursor;

static const GOptionEntry options[] = {
    {"timeout", 0, 0, G_OPTION_ARG_INT, &arg_timeout, "of one request", "MS"},
    {"deadline", 0, 0, G_OPTION_ARG_INT64, &arg_deadline, "of the whole poll", "MS"},
    {"now", 0, 0, G_OPTION_ARG_INT64, &arg_now, "seconds UTC", "N"},
    {"cursor", 0, 0, G_OPTION_ARG_FILENAME, &arg_cursor, "file that keeps the cursor; missing = first poll",
     "FILE"},
    {"times", 0, 0, G_OPTION_ARG_INT, &arg_times, "so many polls in one process", "N"},
    {"test", 0, 0, G_OPTION_ARG_NONE, &arg_test, "source_test() instead of a poll", NULL},
    {"failing-sink", 0, 0, G_OPTION_ARG_NONE, &arg_fail, "the receiver refuses the first job", NULL},
    {NULL},
};

static json_t *text(const char *bytes, gint64 length)
{
    return bytes ? json_stringn(bytes, (size_t)length) : json_null();
}

static void print(json_t *object)
{
    char *line = json_dumps(object, JSON_COMPACT);

    g_assert_nonnull(line); /* jansson refuses what is not UTF-8 */
    puts(line);
    free(line);
    json_decref(object);
}

static gboolean on_job(const struct source_job *job, gpointer user, GError **error)
{
    json_t *object;

    (void)user;
    if (arg_fail) {
        pt_error_set(error, PT_ERROR_X19, "the receiver is full", "受け取り側がいっぱいです");
        return FALSE;
    }
    object = json_object();
    for (int i = 0; i < JOB_COLUMNS; i++) {
        const struct job_value *value = &job->job.value[i];

        if (value->text)
            json_object_set_new(object, job_columns[i].key, text(value->text, value->number));
        else if (value->number != JOB_NONE)
            json_object_set_new(object, job_columns[i].key, json_integer(value->number));
    }
    json_object_set_new(object, "key", text(job->job.key.text, job->job.key.number));
    json_object_set_new(object, "raw", text(job->job.raw.text, job->job.raw.number));
    json_object_set_new(object, "cumulative", json_boolean(job->cumulative));
    print(json_pack("{so}", "job", object));
    return TRUE;
}

static int say_error(const GError *error, gint64 ms)
{
    g_autofree char *en = pt_error_message(error, PT_LANG_EN);
    g_autofree char *ja = pt_error_message(error, PT_LANG_JA);

    print(json_pack("{s{ss ss ss sI}}", "error", "code", pt_error_info((int)pt_error_code_of(error))->name,
                    "en", en, "ja", ja, "ms", (json_int_t)ms));
    return pt_error_exit_status(pt_error_class_of(error));
}

static void say_report(const struct source_report *report, gint64 ms)
{
    print(json_pack("{s{si si ss si sb sb sb ss sI sI si}}", "report", "jobs_read", report->jobs_read, "open",
                    report->open, "open_jobs", report->open_jobs, "lost", report->lost, "hidden",
                    report->hidden, "gap", report->gap, "reset", report->reset, "server", report->server,
                    "more", (json_int_t)report->more, "ms", (json_int_t)ms, "cursor_bytes",
                    (int)strlen(report->cursor)));
}

static int poll_once(enum source_kind kind, const char *uri)
{
    struct source_target target = {.kind = kind,
                                   .name = "test",
                                   .uri = uri,
                                   .timeout_ms = arg_timeout,
                                   .deadline_ms = arg_deadline,
                                   .now = arg_now ? arg_now : g_get_real_time() / G_USEC_PER_SEC};
    struct source_report report = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *cursor = NULL;
    gint64 start = g_get_monotonic_time();
    gboolean ok;

    if (arg_cursor)
        (void)g_file_get_contents(arg_cursor, &cursor, NULL, NULL); /* missing = first poll */
    ok = arg_test ? source_test(&target, &report, &error)
                  : source_poll(&target, cursor, on_job, NULL, &report, &error);
    if (!ok)
        return say_error(error, (g_get_monotonic_time() - start) / 1000);
    say_report(&report, (g_get_monotonic_time() - start) / 1000);
    if (arg_cursor && !arg_test && !g_file_set_contents(arg_cursor, report.cursor, -1, &error))
        g_error("%s", error->message);
    source_report_clear(&report);
    return 0;
}

int main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("cups|printer URI");
    g_autoptr(GError) error = NULL;
    g_autofree char *uri = NULL;
    enum source_kind kind;

    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 3) {
        fprintf(stderr, "usage: source-poll [OPTION…] cups|printer URI\n");
        return 2;
    }
    kind = strcmp(argv[1], "cups") == 0 ? SOURCE_CUPS : SOURCE_PRINTER;
    if (!source_uri_check(argv[2], kind, &uri, &error))
        return say_error(error, 0);
    for (int i = 1; i < arg_times; i++)
        (void)poll_once(kind, uri); /* the last one counts */
    return poll_once(kind, uri);
}
