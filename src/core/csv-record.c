/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RFC 4180 by masks of sixteen bytes: only separators, quotation marks, line ends and NUL are looked at one
 * by one. */
#include "core/csv-record.h"

/* Walks from special byte to special byte. */
struct walk {
    const char *bytes;
    gsize length;
    CsvBlock separator;
    gsize block; /* offset of the block that `mask` is about */
    guint mask;  /* its special bytes not taken yet */
};

/* One record being scanned. */
struct scan {
    struct walk walk;
    char *bytes;
    gboolean last;
    char separator;
    struct csv_field *fields;
    gsize room;
    gsize begin; /* offset of the field at hand */
    gboolean nul, cr;
    struct csv_record *ret;
};

/* What a field's end says about the record: another field follows, or the record's own end or fault. */
enum step { STEP_FIELD, STEP_DONE };

static guint block_mask(const struct walk *walk)
{
    CsvBlock block = csv_block_load(walk->bytes + walk->block);

    return csv_block_special(block, walk->separator) | csv_block_zero(block);
}

/* Offset of the next special byte; `length` when there is none. */
static inline gsize walk_next(struct walk *walk)
{
    gsize at;

    while (!walk->mask) {
        walk->block += CSV_BLOCK;
        if (walk->block >= walk->length)
            return walk->length;
        walk->mask = block_mask(walk);
    }
    at = walk->block + (gsize)__builtin_ctz(walk->mask);
    walk->mask &= walk->mask - 1;
    return MIN(at, walk->length);
}

static inline void end_field(struct scan *scan, gsize end, gboolean doubled)
{
    if (scan->ret->fields < scan->room)
        scan->fields[scan->ret->fields] =
            (struct csv_field){scan->bytes + scan->begin, end - scan->begin, doubled};
    scan->ret->fields++;
}

static enum step done(enum csv_scan result, enum csv_scan *ret)
{
    *ret = result;
    return STEP_DONE;
}

/* The record is complete and takes `size` bytes with its line end. */
static enum step complete(struct scan *scan, gsize size, enum csv_scan *ret)
{
    scan->ret->size = size;
    scan->ret->lines++;
    return done(scan->nul ? CSV_SCAN_NUL : scan->cr ? CSV_SCAN_CR : CSV_SCAN_RECORD, ret);
}

/* The bytes that are there have been used up before the record's end. */
static enum csv_scan used_up(const struct scan *scan, enum csv_scan when_last)
{
    if (scan->walk.length > CSV_RECORD_MAX)
        return CSV_SCAN_LONG;
    return scan->last ? when_last : CSV_SCAN_MORE;
}

/* Offset of the mark that closes the quoted field whose first byte is at scan->begin; the length when there
 * is none. */
static gsize find_close(struct scan *scan, gboolean *ret_doubled)
{
    for (;;) {
        gsize at = walk_next(&scan->walk);
        if (at >= scan->walk.length)
            return at;
        if (scan->bytes[at] == '"') {
            if (at + 1 == scan->walk.length || scan->bytes[at + 1] != '"')
                return at;
            *ret_doubled = TRUE;
            (void)walk_next(&scan->walk); /* the second mark */
        } else if (scan->bytes[at] == '\n') {
            scan->ret->lines++;
        } else if (scan->bytes[at] == '\0') {
            scan->nul = TRUE;
        }
    }
}

static enum step quoted_field(struct scan *scan, enum csv_scan *ret)
{
    gsize length = scan->walk.length;
    gboolean doubled = FALSE;
    gsize after;

    (void)walk_next(&scan->walk); /* the opening mark */
    scan->begin++;
    after = find_close(scan, &doubled) + 1;
    if (after > length)
        return done(used_up(scan, CSV_SCAN_UNCLOSED), ret);
    if (after > CSV_RECORD_MAX)
        return done(CSV_SCAN_LONG, ret);
    end_field(scan, after - 1, doubled);
    if (after == length)
        return scan->last ? complete(scan, after, ret) : done(used_up(scan, CSV_SCAN_MORE), ret);
    if (scan->bytes[after] == scan->separator) {
        scan->begin = walk_next(&scan->walk) + 1;
        return STEP_FIELD;
    }
    if (scan->bytes[after] == '\n')
        return complete(scan, after + 1, ret);
    if (scan->bytes[after] == '\r' && after + 1 < length && scan->bytes[after + 1] == '\n')
        return complete(scan, after + 2, ret);
    if (scan->bytes[after] == '\r' && after + 1 == length)
        return done(used_up(scan, CSV_SCAN_QUOTE), ret);
    return done(CSV_SCAN_QUOTE, ret);
}

static inline enum step plain_field(struct scan *scan, enum csv_scan *ret)
{
    gsize length = scan->walk.length;

    for (;;) {
        gsize at = walk_next(&scan->walk);
        char c = scan->bytes[at];
        if (G_UNLIKELY(at > CSV_RECORD_MAX))
            return done(CSV_SCAN_LONG, ret);
        if (G_LIKELY(c == scan->separator && at < length)) {
            end_field(scan, at, FALSE);
            scan->begin = at + 1;
            return STEP_FIELD;
        }
        if (at >= length) {
            if (!scan->last)
                return done(CSV_SCAN_MORE, ret);
            end_field(scan, at, FALSE);
            return complete(scan, at, ret);
        }
        if (c == '"')
            return done(CSV_SCAN_QUOTE, ret);
        if (c == '\r' && at + 1 == length && !scan->last)
            return done(CSV_SCAN_MORE, ret); /* LF may follow */
        if (c == '\n' || (c == '\r' && scan->bytes[at + 1] == '\n' && at + 1 < length)) {
            end_field(scan, at, FALSE);
            return complete(scan, at + (c == '\r' ? 2 : 1), ret);
        }
        scan->cr = scan->cr || c == '\r';
        scan->nul = scan->nul || c == '\0';
    }
}

enum csv_scan csv_record_scan(char *bytes, gsize length, gboolean last, char separator,
                              struct csv_field *fields, gsize room, struct csv_record *ret)
{
    struct scan scan = {{bytes, length, csv_block_fill(separator), 0, 0},
                        bytes,
                        last,
                        separator,
                        fields,
                        room,
                        0,
                        FALSE,
                        FALSE,
                        ret};
    enum csv_scan result = CSV_SCAN_MORE;

    *ret = (struct csv_record){0};
    scan.walk.mask = block_mask(&scan.walk);
    while ((bytes[scan.begin] == '"' && scan.begin < length ? quoted_field(&scan, &result)
                                                            : plain_field(&scan, &result)) == STEP_FIELD)
        continue;
    return result;
}

void csv_field_undouble(struct csv_field *field)
{
    char *from = field->text, *end = field->text + field->length, *to = field->text;

    while (from < end) {
        *to++ = *from;
        from += *from == '"' ? 2 : 1;
    }
    field->length = (gsize)(to - field->text);
    field->doubled = FALSE;
}
