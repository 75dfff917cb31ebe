/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of columns, the judgement of one record and its hash. */
#include "core/job.h"

#include <string.h>

#include "base/error.h"
#include "core/civil.h"

#define COUNT_MAX (G_GINT64_CONSTANT(1) << 53)
#define TIME_LIMIT G_GINT64_CONSTANT(253402300800) /* 10000-01-01T00:00:00Z */

const struct job_column_info job_columns[JOB_COLUMNS] = {
#define C(id, key, ja, type, guard) {key, ja, JOB_##type, guard},
#include "core/columns.def"
#undef C
};

/* Closed sets of SPEC 7; NULL ends a row. */
static const struct {
    enum job_column column;
    const char *tokens[11];
} token_sets[] = {
    {JOB_JOB_TYPE,
     {"print", "copy", "scan", "send", "fax_send", "fax_receive", "box_store", "box_print", "report",
      "other"}},
    {JOB_RESULT, {"OK", "NG", "STOP", "--"}},
    {JOB_COUNT_SOURCE, {"printer", "server", "computed", "requested", "unknown"}},
    {JOB_ORIGIN, {"cups", "ipp", "page_log", "csv", "api"}},
};

void job_clear(struct job *job)
{
    *job = (struct job){0};
    for (gsize i = 0; i < JOB_COLUMNS; i++)
        job->value[i].number = JOB_NONE;
}

void job_set_bytes(struct job *job, enum job_column column, const char *text, gsize length)
{
    gboolean known = text && length;

    job->value[column].text = known ? text : NULL;
    job->value[column].number = known ? (gint64)length : JOB_NONE;
}

void job_set_text(struct job *job, enum job_column column, const char *text)
{
    job_set_bytes(job, column, text, text ? strlen(text) : 0);
}

void job_set_number(struct job *job, enum job_column column, gint64 number)
{
    job->value[column].text = NULL;
    job->value[column].number = number;
}

enum job_column job_column_from_key(const char *key, gsize length)
{
    for (gsize i = 0; i < JOB_COLUMNS; i++)
        if (strlen(job_columns[i].key) == length && memcmp(job_columns[i].key, key, length) == 0)
            return (enum job_column)i;
    return JOB_COLUMNS;
}

gboolean job_token_valid(enum job_column column, const char *text, gsize length)
{
    for (gsize i = 0; i < G_N_ELEMENTS(token_sets); i++) {
        if (token_sets[i].column != column)
            continue;
        for (const char *const *token = token_sets[i].tokens; *token; token++)
            if (strlen(*token) == length && memcmp(*token, text, length) == 0)
                return TRUE;
    }
    return FALSE;
}

gsize job_text_fit(const char *text, gsize length, gsize limit)
{
    gsize fit = limit;

    if (length <= limit)
        return length;
    while (fit > 0 && ((guchar)text[fit] & 0xc0) == 0x80)
        fit--;
    return fit;
}

guint job_cut_texts(struct job *job)
{
    guint cut = 0;

    for (gsize i = 0; i < JOB_COLUMNS; i++) {
        struct job_value *value = &job->value[i];
        if (value->text && value->number > JOB_TEXT_MAX) {
            value->number = (gint64)job_text_fit(value->text, (gsize)value->number, JOB_TEXT_MAX);
            cut++;
        }
    }
    return cut;
}

static gboolean refuse(GError **error, enum job_column column, const char *en, const char *ja)
{
    pt_error_set(error, PT_ERROR_INPUT, "%s: %s%.0s", "%s: %.0s%s", job_columns[column].key, en, ja);
    return FALSE;
}

static gboolean check_token(const struct job *job, enum job_column column, GError **error)
{
    const struct job_value *value = &job->value[column];
    const char *shown = value->text;
    int length;

    if (shown && job_token_valid(column, shown, (gsize)value->number))
        return TRUE;
    if (!shown)
        return refuse(error, column, "is a number, not one of the words allowed here",
                      "数値は指定できません。決められた語を指定してください");
    length = (int)job_text_fit(shown, (gsize)value->number, 40);
    pt_error_set(error, PT_ERROR_INPUT, "%s: \"%.*s\" is not one of the words allowed here",
                 "%s: 「%.*s」は決められた語ではありません", job_columns[column].key, length, shown);
    return FALSE;
}

static gboolean check_column(const struct job *job, enum job_column column, GError **error)
{
    const struct job_value *value = &job->value[column];

    switch (job_columns[column].type) {
    case JOB_INT:
        if (value->text)
            return refuse(error, column, "not a number", "数値ではありません");
        if (value->number < 0 || value->number > COUNT_MAX)
            return refuse(error, column, "outside 0 to 2^53", "0 から 2^53 の範囲にありません");
        return TRUE;
    case JOB_TIME:
        if (value->text || value->number < 0 || value->number >= TIME_LIMIT)
            return refuse(error, column, "not a time of the years 1970 to 9999",
                          "1970年から9999年の日時ではありません");
        return TRUE;
    case JOB_TOKEN:
        return check_token(job, column, error);
    case JOB_TEXT:
        if (!value->text)
            return refuse(error, column, "not a text", "文字列ではありません");
        return TRUE;
    case JOB_DERIVED:
        return TRUE;
    }
    return TRUE;
}

static gboolean check_ended(const struct job *job, gint64 now, GError **error)
{
    gint64 ended = job->value[JOB_ENDED_AT].number;

    if (ended < JOB_TIME_MIN)
        return refuse(error, JOB_ENDED_AT, "before 1980", "1980年より前です");
    if (ended > now + CIVIL_DAY_SECONDS)
        return refuse(error, JOB_ENDED_AT, "more than a day in the future", "現在より1日以上先です");
    return TRUE;
}

static gboolean check_department(struct job *job, char *scratch, GError **error)
{
    struct job_value *value = &job->value[JOB_DEPARTMENT_ID];
    gsize length = (gsize)value->number;
    guint digits = 0;

    if (!value->text)
        return TRUE;
    for (gsize i = 0; i < length && length <= 7; i++)
        digits += g_ascii_isdigit(value->text[i]) ? 1 : 0;
    if (length > 7 || digits != length)
        return refuse(error, JOB_DEPARTMENT_ID, "not 1 to 7 digits", "1～7桁の数字ではありません");
    memset(scratch, '0', 7);
    memcpy(scratch + 7 - length, value->text, length);
    scratch[7] = '\0';
    if (memcmp(scratch, "0000000", 7) == 0)
        return refuse(error, JOB_DEPARTMENT_ID, "all zero", "すべて0は指定できません");
    job_set_bytes(job, JOB_DEPARTMENT_ID, scratch, 7);
    return TRUE;
}

gboolean job_check(struct job *job, gint64 now, char *scratch, GError **error)
{
    for (gsize i = 0; i < JOB_COLUMNS; i++) {
        if (job->value[i].text && job->value[i].number <= 0)
            job_set_bytes(job, (enum job_column)i, NULL, 0);
        if (job_has(job, (enum job_column)i) && !check_column(job, (enum job_column)i, error))
            return FALSE;
    }
    if (!job_has(job, JOB_JOB_TYPE))
        return refuse(error, JOB_JOB_TYPE, "missing", "ありません");
    if (!job_has(job, JOB_ENDED_AT))
        return refuse(error, JOB_ENDED_AT, "missing", "ありません");
    return check_ended(job, now, error) && check_department(job, scratch, error);
}

/* A number as eight bytes, lowest first: the hash is the same on every machine. */
static guchar *put_number(guchar *out, guint64 number, int bytes)
{
    for (int i = 0; i < bytes; i++)
        out[i] = (guchar)(number >> (8 * i));
    return out + bytes;
}

/* For each known value its column number (2 bytes), 't' or 'n', then length (4 bytes) and text, or the number
   (8 bytes). Unknown values leave no trace, so that a column appended later changes no hash of a job that
   lacks it. */
void job_encode(const struct job *job, JobBytes sink, gpointer user)
{
    guchar block[JOB_TEXT_MAX + 4096];
    guchar *out = block;

    for (gsize i = 0; i < JOB_COLUMNS; i++) {
        const struct job_value *value = &job->value[i];
        gsize length = value->text ? (gsize)value->number : 0;

        if (i == JOB_SEQ || job_columns[i].type == JOB_DERIVED || !job_has(job, (enum job_column)i) ||
            (value->text && !length))
            continue;
        if ((gsize)(block + sizeof(block) - out) < length + 16) {
            sink(block, (gsize)(out - block), user);
            out = block;
        }
        out = put_number(out, i, 2);
        *out++ = value->text ? 't' : 'n';
        out = put_number(out, value->text ? length : (guint64)value->number, value->text ? 4 : 8);
        if (length + 16 > sizeof(block)) {
            sink(block, (gsize)(out - block), user);
            sink(value->text, length, user);
            out = block;
        } else if (length) {
            memcpy(out, value->text, length);
            out += length;
        }
    }
    sink(block, (gsize)(out - block), user);
}

static void add_to_checksum(const void *bytes, gsize length, gpointer user)
{
    g_checksum_update(user, bytes, (gssize)length);
}

void job_hash(const struct job *job, char hex[65])
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

    job_encode(job, add_to_checksum, sum);
    memcpy(hex, g_checksum_get_string(sum), 65);
}
