/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a job out of a JSON object, strictly: the scanner for what is usual, jansson for all else and for the
 * reason of a refusal. */
#include "app/ndjson.h"

#include <jansson.h>
#include <string.h>

#include "app/ndjson-scan.h"
#include "core/calendar.h"

struct ndjson {
    json_t *root;  /* of the latest line that jansson has read: texts of its job may be in here */
    char *scratch; /* or in here */
    gsize room;
    char department[8];
    enum job_column expected[NDJSON_MEMBERS_MAX]; /* columns of the line before: most files have one order */
};

/* Keys that are no column. */
#define NO_COLUMN JOB_COLUMNS
G_STATIC_ASSERT(JOB_COLUMNS <= 64); /* a bit each in member_take() */

struct ndjson *ndjson_new(void)
{
    return g_new0(struct ndjson, 1);
}

void ndjson_free(struct ndjson *parser)
{
    if (!parser)
        return;
    json_decref(parser->root);
    g_free(parser->scratch);
    g_free(parser);
}

/* Which our CSV and `jobs list --json` have, and which are not the sender's to say. */
static gboolean is_ignored(enum job_column column)
{
    return column == JOB_SEQ || column == JOB_COUNT_SOURCE || column == JOB_ORIGIN ||
           job_columns[column].type == JOB_DERIVED;
}

static gboolean text_take(struct job_value *value, const char *key, const struct ndjson_member *member,
                          guint *cut, GError **error)
{
    gsize kept;

    if (member->type != NDJSON_TEXT) {
        pt_error_set(error, PT_ERROR_INPUT, "%s: must be a text", "%s: 文字列を指定してください", key);
        return FALSE;
    }
    kept = job_text_fit(member->text, member->length, JOB_TEXT_MAX);
    *cut += kept < member->length;
    if (kept > 0)
        *value = (struct job_value){member->text, (gint64)kept};
    return TRUE;
}

/* Digits of a 64-bit number. */
static gboolean digits_read(const char *text, gsize length, gint64 *ret_number)
{
    gint64 number = 0;

    if (length > 18)
        return FALSE;
    for (gsize i = 0; i < length; i++) {
        if (!g_ascii_isdigit(text[i]))
            return FALSE;
        number = number * 10 + (text[i] - '0');
    }
    *ret_number = number;
    return TRUE;
}

static gboolean number_take(struct job_value *value, const char *key, const struct ndjson_member *member,
                            GError **error)
{
    if (member->type == NDJSON_NUMBER) {
        value->number = member->number;
        return TRUE;
    }
    if (member->type == NDJSON_TEXT &&
        (member->length == 0 || digits_read(member->text, member->length, &value->number)))
        return TRUE;
    pt_error_set(error, PT_ERROR_INPUT, "%s: must be a whole number or its digits",
                 "%s: 整数または数字の文字列を指定してください", key);
    return FALSE;
}

static gboolean time_take(struct job_value *value, const char *key, const struct ndjson_member *member,
                          GError **error)
{
    if (member->type == NDJSON_TEXT &&
        (member->length == 0 || time_parse_rfc3339(member->text, member->length, &value->number)))
        return TRUE;
    pt_error_set(
        error, PT_ERROR_INPUT,
        "%s: must be a time with zone such as 2026-06-09T10:30:25+09:00, in the years 1970 to 9999",
        "%s: 2026-06-09T10:30:25+09:00 のようなタイムゾーン付きの日時(1970~9999年)を指定してください", key);
    return FALSE;
}

/* A key that is no column: source_key, or a mistake. */
static gboolean other_take(struct job *job, const struct ndjson_member *member, GError **error)
{
    static const char source_key[] = "source_key";
    g_autofree char *shown = NULL;
    g_autofree char *valid = NULL;

    if (member->key_length != strlen(source_key) ||
        memcmp(member->key, source_key, strlen(source_key)) != 0) {
        shown = g_strndup(member->key, MIN(member->key_length, 64));
        valid = g_utf8_make_valid(shown, -1);
        pt_error_set(error, PT_ERROR_INPUT, "%s: there is no such key", "%s: このキーはありません", valid);
        return FALSE;
    }
    if (member->type == NDJSON_NULL)
        return TRUE;
    if (member->type == NDJSON_TEXT && member->length <= JOB_KEY_MAX && !job->key.text) {
        job->key = (struct job_value){member->text, (gint64)member->length};
        return TRUE;
    }
    pt_error_set(error, PT_ERROR_INPUT, "source_key: must be one text of at most %d bytes",
                 "source_key: %d バイト以内の文字列を1つだけ指定してください", JOB_KEY_MAX);
    return FALSE;
}

static gboolean column_take(struct job *job, enum job_column column, const struct ndjson_member *member,
                            guint *cut, GError **error)
{
    struct job_value *value = &job->value[column];
    const char *key = job_columns[column].key;

    if (member->type == NDJSON_NULL || is_ignored(column))
        return TRUE;
    switch (job_columns[column].type) {
    case JOB_TEXT:
    case JOB_TOKEN:
        return text_take(value, key, member, cut, error);
    case JOB_INT:
        return number_take(value, key, member, error);
    case JOB_TIME:
        return time_take(value, key, member, error);
    case JOB_DERIVED:
        break;
    }
    return TRUE;
}

/* The column of a key; the place in the line is a good guess. */
static enum job_column column_find(struct ndjson *parser, gsize place, const struct ndjson_member *member)
{
    enum job_column guess = parser->expected[place % NDJSON_MEMBERS_MAX];

    if (guess < JOB_COLUMNS && strlen(job_columns[guess].key) == member->key_length &&
        memcmp(job_columns[guess].key, member->key, member->key_length) == 0)
        return guess;
    guess = job_column_from_key(member->key, member->key_length);
    parser->expected[place % NDJSON_MEMBERS_MAX] = guess;
    return guess;
}

/* `seen` has a bit for each column. */
static gboolean member_take(struct ndjson *parser, struct job *job, gsize place,
                            const struct ndjson_member *member, guint64 *seen, guint *cut, GError **error)
{
    enum job_column column = column_find(parser, place, member);
    guint64 bit = column == NO_COLUMN ? 0 : (guint64)1 << column;

    if (column == NO_COLUMN)
        return other_take(job, member, error);
    if (*seen & bit) {
        pt_error_set(error, PT_ERROR_INPUT, "%s: comes twice", "%s: 2回指定されています",
                     job_columns[column].key);
        return FALSE;
    }
    *seen |= bit;
    return column_take(job, column, member, cut, error);
}

static struct ndjson_member member_of_json(const char *key, const json_t *value)
{
    struct ndjson_member member = {.key = key, .key_length = strlen(key), .type = NDJSON_OTHER};

    if (json_is_null(value))
        member.type = NDJSON_NULL;
    if (json_is_integer(value)) {
        member.type = NDJSON_NUMBER;
        member.number = json_integer_value(value);
    }
    if (json_is_string(value)) {
        member.type = NDJSON_TEXT;
        member.text = json_string_value(value);
        member.length = json_string_length(value);
    }
    return member;
}

static gboolean parse_slowly(struct ndjson *parser, const char *line, gsize length, struct job *job,
                             guint *cut, GError **error)
{
    json_error_t why;
    const char *key;
    json_t *value;
    guint64 seen = 0;
    gsize place = 0;

    parser->root = json_loadb(line, length, JSON_REJECT_DUPLICATES, &why);
    if (!parser->root) {
        /* jansson repeats what it did not understand. */
        g_autofree char *reason = g_utf8_make_valid(why.text, -1);

        pt_error_set(error, PT_ERROR_INPUT, "not valid JSON: %s (column %d)",
                     "正しいJSONではありません: %s(%d文字目)", reason, why.column);
        return FALSE;
    }
    if (!json_is_object(parser->root)) {
        pt_error_set(error, PT_ERROR_INPUT, "not a JSON object", "JSONオブジェクトではありません");
        return FALSE;
    }
    json_object_foreach(parser->root, key, value)
    {
        const struct ndjson_member member = member_of_json(key, value);

        if (!member_take(parser, job, place++, &member, &seen, cut, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean parse(struct ndjson *parser, const char *line, gsize length, struct job *job, guint *cut,
                      GError **error)
{
    struct ndjson_member members[NDJSON_MEMBERS_MAX];
    guint64 seen = 0;
    gsize n = 0;

    json_decref(parser->root);
    parser->root = NULL;
    if (parser->room < length) {
        g_free(parser->scratch);
        parser->scratch = g_malloc(length);
        parser->room = length;
    }
    if (!ndjson_scan(line, length, parser->scratch, members, &n))
        return parse_slowly(parser, line, length, job, cut, error);
    for (gsize i = 0; i < n; i++)
        if (!member_take(parser, job, i, &members[i], &seen, cut, error))
            return FALSE;
    return TRUE;
}

gboolean ndjson_parse(struct ndjson *parser, const char *line, gsize length, gint64 now, struct job *ret_job,
                      guint *ret_cut, GError **error)
{
    struct job job;
    guint cut = 0;

    job_clear(&job);
    if (!parse(parser, line, length, &job, &cut, error))
        return FALSE;
    job_set_text(&job, JOB_COUNT_SOURCE, "unknown");
    job_set_text(&job, JOB_ORIGIN, "api");
    if (!job_check(&job, now, parser->department, error))
        return FALSE;
    *ret_job = job;
    *ret_cut = cut;
    return TRUE;
}
