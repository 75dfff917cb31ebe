/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jobs import as a verb: parses in one thread, stores in the calling one, each line judged by itself. */
#include <string.h>

#include "app/config.h"
#include "app/import-stream.h"

/* What the storing side knows. */
struct importer {
    struct app *app;
    const char *source_name;
    gint64 source_id;
    struct store_ingest *ingest; /* NULL until there is something to store */
    gint64 size;
    ImportRejected rejected;
    gpointer user;
    struct import_result result; /* of what is committed */
    struct import_result begun;  /* and what is not yet */
};

/* A file needs few syncs, not a quick answer; others that want to write wait for less than a second. */
#define BATCH_ROWS 20000
#define BATCH_MS 500

/* A file without a single good line makes no source. */
static gboolean ingest_open(struct importer *importer, GError **error)
{
    if (importer->ingest)
        return TRUE;
    if (!store_source_add(importer->app->store, importer->source_name, "import", "", &importer->source_id,
                          error))
        return FALSE;
    importer->ingest = store_ingest_new(importer->app->store, importer->source_id, TRUE, error);
    if (importer->ingest)
        store_ingest_batch(importer->ingest, BATCH_ROWS, BATCH_MS);
    return importer->ingest != NULL;
}

static void count(struct import_result *result, enum store_outcome outcome)
{
    switch (outcome) {
    case STORE_STORED:
        result->stored++;
        break;
    case STORE_DUPLICATE:
        result->duplicates++;
        break;
    case STORE_CONFLICT:
        result->conflicts++;
        break;
    case STORE_REFUSED:
        result->refused++;
        break;
    }
}

static gboolean rows_store(struct importer *importer, const struct import_batch *batch, GError **error)
{
    for (guint i = 0; i < batch->n_rows; i++) {
        const struct import_row *row = &batch->rows[i];
        enum store_outcome outcome;

        if (!store_ingest_add(importer->ingest, &row->job, *row->hash ? row->hash : NULL, row->cumulative,
                              &outcome, error))
            return FALSE;
        count(&importer->begun, outcome);
    }
    return TRUE;
}

/* Only what is committed counts: after an error the caller tells what stays. */
static gboolean commit(struct importer *importer, GError **error)
{
    if (importer->ingest && !store_ingest_commit(importer->ingest, NULL, error))
        return FALSE;
    importer->result = importer->begun;
    return TRUE;
}

static gboolean batch_store(const struct import_batch *batch, gpointer user, GError **error)
{
    struct importer *importer = user;

    if (!batch)
        return commit(importer, error);
    for (guint i = 0; i < batch->rejections->len; i++) {
        const struct import_rejection *rejection =
            &g_array_index(batch->rejections, struct import_rejection, i);

        importer->rejected(importer->user, rejection->line, rejection->why);
    }
    if (batch->n_rows > 0 && (!ingest_open(importer, error) || !rows_store(importer, batch, error)))
        return FALSE;
    importer->begun.lines += batch->lines;
    importer->begun.cut += batch->cut;
    importer->begun.rejected += batch->rejections->len;
    app_tell(importer->app, "import", importer->source_name,
             importer->size > 0 ? batch->offset : (gint64)importer->begun.lines, importer->size);
    return !batch->last || commit(importer, error);
}

static gboolean stream_prepare(struct import_stream *stream, enum import_format format,
                               const struct settings *settings, GError **error)
{
    static const ImportParser parsers[] = {
        [IMPORT_NDJSON] = import_ndjson, [IMPORT_CSV] = import_csv, [IMPORT_PAGE_LOG] = import_page_log};
    const char *zone = settings_text(settings, SETTING_PREFERENCES_TIME_ZONE);

    stream->zone = zone_new(zone, error);
    if (!stream->zone)
        return FALSE;
    stream->parse = parsers[format];
    stream->csv.zone = *zone ? zone : NULL;
    stream->csv.now = stream->now;
    stream->csv.unguarded = !settings_bool(settings, SETTING_CSV_FORMULA_GUARD);
    stream->csv_cp932_default = settings_choice(settings, SETTING_CSV_ENCODING) == (int)CSV_CP932;
    return date_format_from_name(settings_text(settings, SETTING_PREFERENCES_DATE_FORMAT),
                                 &stream->csv.date_format);
}

gboolean import_file(struct app *app, enum import_format format, const char *source_name, int fd, gint64 size,
                     ImportRejected rejected, gpointer user, struct import_result *ret_result, GError **error)
{
    struct importer importer = {
        .app = app, .source_name = source_name, .size = size, .rejected = rejected, .user = user};
    struct import_stream stream = {.fd = fd, .now = app_now(app)};
    g_autoptr(PtSettings) settings = NULL;
    gboolean ok;

    if (!config_load(app, &settings, error))
        return FALSE;
    ok = stream_prepare(&stream, format, settings, error) &&
         import_stream_run(&stream, app, batch_store, &importer, error);
    store_ingest_free(importer.ingest);
    zone_free(stream.zone);
    /* Also on an error: what was committed stays, and the caller may want to say how much it was. */
    *ret_result = importer.result;
    return ok;
}
