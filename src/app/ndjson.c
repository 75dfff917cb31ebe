/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a job out of a JSON object by jansson, strictly. */
#include "app/ndjson.h"

#include <jansson.h>
#include <string.h>

#include "core/calendar.h"

struct ndjson {
    json_t *root; /* of the latest line: the texts of its job are in here */
    char department[8];
};

struct ndjson *ndjson_new(void)
{
    return g_new0(struct ndjson, 1);
}

void ndjson_free(struct ndjson *parser)
{
    if (!parser)
        return;
    json_decref(parser->root);
    g_free(parser);
}

/* Which our CSV and `jobs list --json` have, and which are not the sender's to say. */
static gboolean is_ignored(enum job_column column)
{
    return column == JOB_SEQ || column == JOB_COUNT_SOURCE || column == JOB_ORIGIN ||
           job_columns[column].type == JOB_DERIVED;
}

static gsize cut_at_border(const char *text, gsize length)
{
    if (length <= JOB_TEXT_MAX)
        return length;
    length = JOB_TEXT_MAX;
    while (length > 0 && ((guchar)text[length] & 0xC0) == 0x80)
        length--;
    return length;
}

static gboolean text_take(struct job_value *value, const char *key, const json_t *json, guint *cut,
                          GError **error)
{
    gsize length, kept;

    if (!json_is_string(json)) {
        pt_error_set(error, PT_ERROR_INPUT, "%s: must be a text", "%s: 文字列を指定してください", key);
        return FALSE;
    }
    length = json_string_length(json);
    kept = cut_at_border(json_string_value(json), length);
    *cut += kept < length;
    if (length > 0)
        *value = (struct job_value){json_string_value(json), (gint64)kept};
    return TRUE;
}

static gboolean number_take(struct job_value *value, const char *key, const json_t *json, GError **error)
{
    const char *text = json_string_value(json);

    if (json_is_integer(json)) {
        value->number = json_integer_value(json);
        return TRUE;
    }
    if (text && !*text)
        return TRUE;
    if (text && g_ascii_isdigit(*text) &&
        g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, &value->number, NULL))
        return TRUE;
    pt_error_set(error, PT_ERROR_INPUT, "%s: must be a whole number or its digits",
                 "%s: 整数または数字の文字列を指定してください", key);
    return FALSE;
}

static gboolean time_take(struct job_value *value, const char *key, const json_t *json, GError **error)
{
    if (json_is_string(json) && json_string_length(json) == 0)
        return TRUE;
    if (json_is_string(json) &&
        time_parse_rfc3339(json_string_value(json), json_string_length(json), &value->number))
        return TRUE;
    pt_error_set(
        error, PT_ERROR_INPUT,
        "%s: must be a time with zone such as 2026-06-09T10:30:25+09:00, in the years 1970 to 9999",
        "%s: 2026-06-09T10:30:25+09:00 のようなタイムゾーン付きの日時(1970~9999年)を指定してください", key);
    return FALSE;
}

static gboolean key_take(struct job *job, const json_t *json, GError **error)
{
    if (json_is_string(json) && json_string_length(json) <= JOB_KEY_MAX) {
        job->key = (struct job_value){json_string_value(json), (gint64)json_string_length(json)};
        return TRUE;
    }
    pt_error_set(error, PT_ERROR_INPUT, "source_key: must be a text of at most %d bytes",
                 "source_key: %d バイト以内の文字列を指定してください", JOB_KEY_MAX);
    return FALSE;
}

static gboolean member_take(struct job *job, const char *key, const json_t *json, guint *cut, GError **error)
{
    enum job_column column = job_column_from_key(key, strlen(key));

    if (column == JOB_COLUMNS && strcmp(key, "source_key") == 0)
        return json_is_null(json) || key_take(job, json, error);
    if (column == JOB_COLUMNS) {
        g_autofree char *shown = g_strndup(key, 64);
        g_autofree char *valid = g_utf8_make_valid(shown, -1);

        pt_error_set(error, PT_ERROR_INPUT, "%s: there is no such key", "%s: このキーはありません", valid);
        return FALSE;
    }
    if (json_is_null(json) || is_ignored(column))
        return TRUE;
    switch (job_columns[column].type) {
    case JOB_TEXT:
    case JOB_TOKEN:
        return text_take(&job->value[column], key, json, cut, error);
    case JOB_INT:
        return number_take(&job->value[column], key, json, error);
    case JOB_TIME:
        return time_take(&job->value[column], key, json, error);
    case JOB_DERIVED:
        break;
    }
    return TRUE;
}

static gboolean object_load(struct ndjson *parser, const char *line, gsize length, GError **error)
{
    json_error_t why;

    json_decref(parser->root);
    parser->root = json_loadb(line, length, JSON_REJECT_DUPLICATES, &why);
    if (parser->root && json_is_object(parser->root))
        return TRUE;
    if (parser->root)
        pt_error_set(error, PT_ERROR_INPUT, "not a JSON object", "JSONオブジェクトではありません");
    else
        pt_error_set(error, PT_ERROR_INPUT, "not valid JSON: %s (column %d)",
                     "正しいJSONではありません: %s(%d文字目)", why.text, why.column);
    return FALSE;
}

gboolean ndjson_parse(struct ndjson *parser, const char *line, gsize length, gint64 now, struct job *ret_job,
                      guint *ret_cut, GError **error)
{
    const char *key;
    json_t *value;
    struct job job;
    guint cut = 0;

    job_clear(&job);
    if (!object_load(parser, line, length, error))
        return FALSE;
    json_object_foreach(parser->root, key,
                        value) if (!member_take(&job, key, value, &cut, error)) return FALSE;
    job_set_text(&job, JOB_COUNT_SOURCE, "unknown");
    job_set_text(&job, JOB_ORIGIN, "api");
    if (!job_check(&job, now, parser->department, error))
        return FALSE;
    *ret_job = job;
    *ret_cut = cut;
    return TRUE;
}
