/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Turns a job into texts, column by column as columns.def types them. */
#include "cli/job-row.h"

#include <string.h>

/* What people see unless they ask for more; all the rest is for scripts. */
#define PEOPLE(id)                                                                                           \
    (JOB_##id == JOB_SEQ || JOB_##id == JOB_ENDED_AT || JOB_##id == JOB_DEVICE_NAME ||                       \
     JOB_##id == JOB_JOB_TYPE || JOB_##id == JOB_RESULT || JOB_##id == JOB_USER_NAME ||                      \
     JOB_##id == JOB_FACES_TOTAL || JOB_##id == JOB_SHEETS || JOB_##id == JOB_DOCUMENT_NAME)

const struct cli_column job_row_columns[JOB_COLUMNS] = {
#define C(id, key, ja, type, guard)                                                                          \
    {.name = key, .number = JOB_##type == JOB_INT || JOB_##id == JOB_FORMAT_VERSION, .detail = !PEOPLE(id)},
#include "core/columns.def"
#undef C
};

struct job_row {
    struct zone *zone;
    gboolean people;
    const char *values[JOB_COLUMNS];
    GString *texts[JOB_COLUMNS];
};

struct job_row *job_row_new(struct zone *zone, gboolean people)
{
    struct job_row *row = g_new0(struct job_row, 1);

    row->zone = zone;
    row->people = people;
    for (int i = 0; i < JOB_COLUMNS; i++)
        row->texts[i] = g_string_new(NULL);
    return row;
}

void job_row_free(struct job_row *row)
{
    if (!row)
        return;
    for (int i = 0; i < JOB_COLUMNS; i++)
        g_string_free(row->texts[i], TRUE);
    g_free(row);
}

static const char *time_text(const struct job_row *row, GString *text, gint64 utc)
{
    g_autofree char *local = row->people ? cli_time_people(row->zone, utc) : cli_time_local(row->zone, utc);

    if (!local)
        return NULL;
    g_string_assign(text, local);
    return text->str;
}

static const char *derived_text(GString *text, const struct job *job, enum job_column column)
{
    gint64 ended = job->value[JOB_ENDED_AT].number;
    char utc[32];

    if (column == JOB_FORMAT_VERSION) {
        g_string_printf(text, "%d", JOB_FORMAT_NOW);
        return text->str;
    }
    if (job->value[JOB_ENDED_AT].text || ended == JOB_NONE)
        return NULL;
    time_format_utc(ended, utc);
    g_string_assign(text, utc);
    return text->str;
}

static const char *value_text(const struct job_row *row, const struct job *job, enum job_column column)
{
    const struct job_value *value = &job->value[column];
    GString *text = row->texts[column];

    if (job_columns[column].type == JOB_DERIVED)
        return derived_text(text, job, column);
    if (value->text) {
        g_string_truncate(text, 0);
        g_string_append_len(text, value->text, (gssize)value->number);
        return text->str;
    }
    if (value->number == JOB_NONE)
        return NULL;
    if (job_columns[column].type == JOB_TIME)
        return time_text(row, text, value->number);
    g_string_printf(text, "%" G_GINT64_FORMAT, value->number);
    return text->str;
}

const char *const *job_row_values(struct job_row *row, const struct job *job)
{
    for (int i = 0; i < JOB_COLUMNS; i++)
        row->values[i] = value_text(row, job, (enum job_column)i);
    return row->values;
}
