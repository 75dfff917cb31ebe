/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The test export: the latest 100 jobs, by the same code and steps as the real delivery, changing no state
 * (SPEC RT1–RT4). */
#include "app/export-internal.h"
#include "app/spool.h"
#include "app/target.h"
#include "base/secret.h"
#include "core/names.h"
#include <string.h>
#include <unistd.h>

#define TEST_JOBS 100
/* Two tests in one second: the next second's name. */
#define NAME_TRIES 5

struct tester {
    struct app *app;
    struct export_test *test;
    gboolean uploaded; /* of the present try: from here on the helper leaves its temporary file alone */
};

void export_test_clear(struct export_test *test)
{
    g_clear_pointer(&test->file, g_free);
    g_clear_pointer(&test->steps, g_ptr_array_unref);
    g_clear_pointer(&test->warnings, g_ptr_array_unref);
}

static void on_step(gpointer user, const struct export_step *step)
{
    struct tester *tester = user;
    struct export_step *copy = g_memdup2(step, sizeof *step);

    copy->step = g_strdup(step->step);
    copy->code = g_strdup(step->code);
    copy->text[0] = g_strdup(step->text[0]);
    copy->text[1] = g_strdup(step->text[1]);
    copy->server = g_strdup(step->server);
    g_ptr_array_add(tester->test->steps, copy);
    app_tell(tester->app, "step", step->step, step->ok ? 1 : 0, step->ms);
}

static gboolean on_uploaded(gpointer user)
{
    struct tester *tester = user;

    tester->uploaded = TRUE;
    return TRUE;
}

/* No ledger row remembers the temporary file of a test: nobody else would ever remove it. */
static void remove_temporary(struct export_context *context, const struct delivery *row)
{
    static const struct deliver_watch nothing = {0};
    struct deliver_result result = {0};
    json_t *request = target_request(context->app, context->target, "remove", NULL);

    if (!request)
        return;
    json_object_set_new(request, "file_name", json_string(row->file_name));
    json_object_set_new(request, "temp_name", json_string(row->temp_name));
    deliver_run(context->app, request, &nothing, -1, &result); /* it only takes room */
    deliver_result_clear(&result);
    json_decref(request);
}

/* RT4: automatic files that our ledger does not know mean that another installation uses the folder. */
static void on_warn(gpointer user, const char *code, const char *text)
{
    struct tester *tester = user;
    struct delivery_query query = {.kind = -1, .file_name = text};
    g_autoptr(GPtrArray) rows = NULL;

    (void)code;
    if (text && store_deliveries(tester->app->store, &query, &rows, NULL) && rows->len == 0)
        g_ptr_array_add(tester->test->warnings, g_strdup(text));
}

static gboolean supply_latest(struct app *app, StoreJobSink sink, gpointer sink_user, gpointer user,
                              GError **error)
{
    (void)user;
    return store_latest_jobs(app->store, TEST_JOBS, sink, sink_user, error);
}

static gboolean send_test(struct export_context *context, struct tester *tester, struct delivery *row,
                          const char *path, struct deliver_result *ret_result, GError **error)
{
    const struct deliver_watch watch = {
        .user = tester, .step = on_step, .uploaded = on_uploaded, .warn = on_warn};
    gboolean mail = settings_choice(context->settings, SETTING_EXPORT_METHOD) == 1;
    g_autofree char *token = random_hex(8);
    json_t *request = target_request(context->app, context->target, "put", error);

    if (!request)
        return FALSE;
    row->temp_name = name_temporary(row->file_name, token);
    if (mail && (!mail_text_freeze(context, row, token, error) || !mail_text_put(row, request, error))) {
        json_decref(request);
        return FALSE;
    }
    export_request_file(context, row, path, request);
    json_object_set_new(request, "test", json_true());
    json_object_set_new(request, "prefix",
                        json_string(settings_text(context->settings, SETTING_EXPORT_PREFIX)));
    json_object_set_new(request, "known_files", json_array());
    tester->uploaded = FALSE;
    deliver_run(context->app, request, &watch, -1, ret_result);
    json_decref(request);
    if (ret_result->outcome == DELIVER_DELIVERED)
        return TRUE;
    if (tester->uploaded && !mail)
        remove_temporary(context, row);
    deliver_result_error(ret_result, error);
    return FALSE;
}

/* Only the result knows the certificate that was refused: the step's text tells it, too. */
static void complete_step(struct tester *tester, const struct deliver_result *result)
{
    guint n = tester->test->steps->len;
    struct export_step *last = n > 0 ? g_ptr_array_index(tester->test->steps, n - 1) : NULL;

    if (!last || last->ok || !result->certificate)
        return;
    for (int lang = 0; lang < 2; lang++) {
        g_free(last->text[lang]);
        last->text[lang] = g_strdup(result->text[lang]);
    }
}

static gboolean test_once(struct export_context *context, struct tester *tester, const char *path,
                          gint64 moment, const struct spool_file *file, GError **error)
{
    g_autoptr(PtDelivery) row = delivery_new();
    struct local_time local = zone_local(context->zone, moment);
    struct deliver_result result = {0};
    gboolean ok;

    row->kind = DELIVERY_TEST;
    row->part = row->parts = 1;
    row->file_name = name_test(&local, context->format.date_format);
    row->rows = file->rows;
    row->bytes = file->bytes;
    row->sha256 = g_strdup(file->sha256);
    g_free(tester->test->file);
    tester->test->file = g_strdup(row->file_name);
    g_ptr_array_set_size(tester->test->steps, 0);
    g_ptr_array_set_size(tester->test->warnings, 0); /* of a try under another name */
    ok = send_test(context, tester, row, path, &result, error);
    complete_step(tester, &result);
    deliver_result_clear(&result);
    return ok;
}

static gboolean test_in(struct export_context *context, struct tester *tester, const char *path,
                        GError **error)
{
    struct spool_file file;
    gint64 now = app_now(context->app);

    if (!spool_write(context->app, path, &context->format, "testexport", supply_latest, NULL, &file, error))
        return FALSE;
    tester->test->rows = file.rows;
    for (int i = 0; i < NAME_TRIES; i++) {
        g_autoptr(GError) local = NULL;
        if (test_once(context, tester, path, now + i, &file, &local))
            return TRUE;
        if (pt_error_code_of(local) != PT_ERROR_X15 || i == NAME_TRIES - 1) {
            g_propagate_error(error, g_steal_pointer(&local));
            return FALSE;
        }
    }
    g_assert_not_reached();
}

static gboolean context_from(struct export_context *context, struct app *app, const struct settings *settings,
                             GError **error)
{
    context->app = app;
    context->settings = settings_copy(settings);
    context->zone = app_zone(settings, error);
    context->target = context->zone ? target_from_settings(settings, error) : NULL;
    return context->target && target_csv_format(settings, &context->format, error);
}

gboolean export_test(struct app *app, const struct settings *settings, struct export_test *ret_test,
                     GError **error)
{
    g_auto(PtExportContext) context = {.lock_fd = -1};
    struct export_test test = {0};
    struct tester tester = {.app = app, .test = &test};
    g_autofree char *token = random_hex(8);
    g_autofree char *name = g_strdup_printf("spool/test-%s.csv", token);
    g_autofree char *path = app_path(app, name);

    if (!context_from(&context, app, settings, error))
        return FALSE;
    test.steps = g_ptr_array_new_with_free_func((GDestroyNotify)export_step_free);
    test.warnings = g_ptr_array_new_with_free_func(g_free);
    test.ok = test_in(&context, &tester, path, error);
    (void)unlink(path); /* a test leaves nothing behind */
    *ret_test = test;
    return test.ok;
}
