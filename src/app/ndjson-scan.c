/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A JSON scanner for the lines of an import: several times as fast as building a tree of each of them. */
#include "app/ndjson-scan.h"

#include <string.h>

struct scan {
    const char *p, *end;
    char *scratch; /* where the next text with escapes goes */
};

static void skip_blanks(struct scan *scan)
{
    while (scan->p < scan->end &&
           (*scan->p == ' ' || *scan->p == '\t' || *scan->p == '\r' || *scan->p == '\n'))
        scan->p++;
}

static gboolean take(struct scan *scan, char c)
{
    skip_blanks(scan);
    if (scan->p >= scan->end || *scan->p != c)
        return FALSE;
    scan->p++;
    return TRUE;
}

/* How many bytes from here on are neither a quotation mark nor a backslash nor a control character; *high:
   one of them is not ASCII. Eight at a time: the usual bit tricks, which may only see too much, never too
   little, and stop at the exact byte below. */
static gsize plain_length(const char *p, const char *end, gboolean *high)
{
    const guint64 ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    const char *begin = p;

    for (; end - p >= 8; p += 8) {
        guint64 word, quote, slash;

        memcpy(&word, p, sizeof word);
        quote = word ^ (ones * '"');
        slash = word ^ (ones * '\\');
        if ((((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((word - ones * 0x20) & ~word)) & tops)
            break;
        *high |= (word & tops) != 0;
    }
    while (p < end && *p != '"' && *p != '\\' && (guchar)*p >= 0x20) {
        *high |= (guchar)*p >= 0x80;
        p++;
    }
    return (gsize)(p - begin);
}

/* \u and four digits: a character of the basic plane, but no surrogate and not NUL. */
static gboolean escape_unicode(struct scan *scan, char **out)
{
    gunichar c = 0;

    if (scan->end - scan->p < 4)
        return FALSE;
    for (int i = 0; i < 4; i++) {
        int digit = g_ascii_xdigit_value(scan->p[i]);

        if (digit < 0)
            return FALSE;
        c = c << 4 | (gunichar)digit;
    }
    if (c == 0 || (c >= 0xD800 && c <= 0xDFFF))
        return FALSE;
    scan->p += 4;
    *out += g_unichar_to_utf8(c, *out);
    return TRUE;
}

static gboolean escape_take(struct scan *scan, char **out)
{
    static const char names[] = "\"\\/bfnrt";
    static const char bytes[] = "\"\\/\b\f\n\r\t";
    const char *found;

    if (scan->p >= scan->end)
        return FALSE;
    if (*scan->p == 'u') {
        scan->p++;
        return escape_unicode(scan, out);
    }
    found = *scan->p ? strchr(names, *scan->p) : NULL;
    if (!found)
        return FALSE;
    scan->p++;
    *(*out)++ = bytes[found - names];
    return TRUE;
}

/* The rest of a text in which an escape was met; what came before it is at `begin`. */
static gboolean text_with_escapes(struct scan *scan, const char *begin, const char **ret_text,
                                  gsize *ret_length, gboolean *high)
{
    char *out = scan->scratch;

    memcpy(out, begin, (gsize)(scan->p - begin));
    out += scan->p - begin;
    while (scan->p < scan->end && *scan->p == '\\') {
        gsize plain;

        scan->p++;
        if (!escape_take(scan, &out))
            return FALSE;
        plain = plain_length(scan->p, scan->end, high);
        memcpy(out, scan->p, plain);
        out += plain;
        scan->p += plain;
    }
    *ret_text = scan->scratch;
    *ret_length = (gsize)(out - scan->scratch);
    scan->scratch = out;
    return TRUE;
}

static gboolean text_take(struct scan *scan, const char **ret_text, gsize *ret_length)
{
    gboolean high = FALSE;
    const char *begin;

    if (!take(scan, '"'))
        return FALSE;
    begin = scan->p;
    scan->p += plain_length(scan->p, scan->end, &high);
    *ret_text = begin;
    *ret_length = (gsize)(scan->p - begin);
    if (scan->p < scan->end && *scan->p == '\\' &&
        !text_with_escapes(scan, begin, ret_text, ret_length, &high))
        return FALSE;
    if (scan->p >= scan->end || *scan->p != '"')
        return FALSE;
    scan->p++;
    return !high || g_utf8_validate_len(*ret_text, *ret_length, NULL);
}

static gboolean number_take(struct scan *scan, gint64 *ret_number)
{
    gboolean minus = *scan->p == '-';
    const char *digits = scan->p + minus;
    const char *p = digits;
    gint64 number = 0;

    while (p < scan->end && g_ascii_isdigit(*p) && p - digits < 18)
        number = number * 10 + (*p++ - '0');
    if (p == digits || (*digits == '0' && p - digits > 1))
        return FALSE;
    /* More digits, a fraction or an exponent would follow here. */
    if (p < scan->end && (g_ascii_isdigit(*p) || *p == '.' || *p == 'e' || *p == 'E'))
        return FALSE;
    scan->p = p;
    *ret_number = minus ? -number : number;
    return TRUE;
}

static gboolean value_take(struct scan *scan, struct ndjson_member *member)
{
    skip_blanks(scan);
    if (scan->p >= scan->end)
        return FALSE;
    if (*scan->p == '"') {
        member->type = NDJSON_TEXT;
        return text_take(scan, &member->text, &member->length);
    }
    if (*scan->p == '-' || g_ascii_isdigit(*scan->p)) {
        member->type = NDJSON_NUMBER;
        return number_take(scan, &member->number);
    }
    member->type = NDJSON_NULL;
    if (scan->end - scan->p < 4 || memcmp(scan->p, "null", 4) != 0)
        return FALSE;
    scan->p += 4;
    return TRUE;
}

static gboolean key_take(struct scan *scan, struct ndjson_member *member)
{
    gboolean high = FALSE;

    if (!take(scan, '"'))
        return FALSE;
    member->key = scan->p;
    member->key_length = plain_length(scan->p, scan->end, &high);
    scan->p += member->key_length;
    if (high || scan->p >= scan->end || *scan->p != '"')
        return FALSE;
    scan->p++;
    return take(scan, ':');
}

gboolean ndjson_scan(const char *line, gsize length, char *scratch,
                     struct ndjson_member members[NDJSON_MEMBERS_MAX], gsize *ret_n)
{
    struct scan scan = {line, line + length, scratch};
    gsize n = 0;

    if (!take(&scan, '{'))
        return FALSE;
    do {
        if (n == NDJSON_MEMBERS_MAX || !key_take(&scan, &members[n]) || !value_take(&scan, &members[n]))
            return FALSE;
        n++;
    } while (take(&scan, ','));
    if (!take(&scan, '}'))
        return FALSE;
    skip_blanks(&scan);
    *ret_n = n;
    return scan.p == scan.end;
}
