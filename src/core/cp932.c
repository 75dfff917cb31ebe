/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CP932: both directions of cp932.def. */
#include "core/cp932.h"

#include <string.h>

#define TRAILS 188 /* 40-7E, 80-FC */
#define LEAD_MIN 0x81
#define LEAD_MAX 0xFC
#define USER_MIN 0xE000 /* the user-defined characters: lead bytes F0-F9 */
#define USER_MAX 0xE757
#define USER_LEAD 0xF0
#define HALF_KANA_MIN 0xFF61 /* one byte, A1-DF */
#define HALF_KANA_MAX 0xFF9F
#define HALF_KANA_BYTE 0xA1
#define HALF_KANA_BYTE_MAX 0xDF

struct cp932 {
    guint16 encode[0x10000];                         /* code point → bytes, 0 = none */
    guint16 decode[LEAD_MAX - LEAD_MIN + 1][TRAILS]; /* bytes → code point, 0 = none */
};

static const struct {
    guchar lead;
    const char *characters;
} rows[] = {
#define R(lead, characters) {lead, characters},
#include "core/cp932.def"
#undef R
};

/* Same look, two code points: the left ones come from JIS tables, Macs and hand input, the right ones are
 * Windows'. */
static const struct {
    guint16 from, bytes;
} twins[] = {
    {0x301C, 0x8160}, {0x2212, 0x817C}, {0x2016, 0x8161}, {0x2014, 0x815C}, {0x00A2, 0x8191},
    {0x00A3, 0x8192}, {0x00AC, 0x81CA}, {0x00A6, 0xFA55}, {0x00A5, 0x5C},   {0x203E, 0x7E},
};

static guint16 pair(guint lead, guint position)
{
    guint trail = position + 0x40 + (position >= 0x3F);

    return (guint16)(lead << 8 | trail);
}

struct cp932 *cp932_new(void)
{
    struct cp932 *tables = g_new0(struct cp932, 1);

    for (guint16 c = 0; c < 0x80; c++)
        tables->encode[c] = c;
    for (guint i = 0; i <= HALF_KANA_MAX - HALF_KANA_MIN; i++)
        tables->encode[HALF_KANA_MIN + i] = (guint16)(HALF_KANA_BYTE + i);
    for (guint i = 0; i <= USER_MAX - USER_MIN; i++) {
        tables->encode[USER_MIN + i] = pair(USER_LEAD + i / TRAILS, i % TRAILS);
        tables->decode[USER_LEAD + i / TRAILS - LEAD_MIN][i % TRAILS] = (guint16)(USER_MIN + i);
    }
    for (gsize row = 0; row < G_N_ELEMENTS(rows); row++) {
        const char *p = rows[row].characters;
        for (guint position = 0; *p; position++, p += g_utf8_skip[(guchar)*p]) {
            gunichar c = g_utf8_get_char(p);
            if (c == ' ')
                continue;
            tables->decode[rows[row].lead - LEAD_MIN][position] = (guint16)c;
            if (!tables->encode[c])
                tables->encode[c] = pair(rows[row].lead, position);
        }
    }
    for (gsize i = 0; i < G_N_ELEMENTS(twins); i++)
        tables->encode[twins[i].from] = twins[i].bytes;
    return tables;
}

void cp932_free(struct cp932 *tables)
{
    g_free(tables);
}

gsize cp932_from_utf8(const struct cp932 *tables, const char *text, gsize length, char *out, gint64 *replaced)
{
    const char *p = text, *end = text + length;
    char *o = out;

    while (p < end) {
        guint16 bytes;
        gunichar c;

        if (!((guchar)*p & 0x80)) {
            *o++ = *p++;
            continue;
        }
        c = g_utf8_get_char_validated(p, end - p);
        bytes = c <= 0xFFFF ? tables->encode[c] : 0; /* also the two results that say "broken" */
        p += (gint32)c < 0 ? 1 : g_utf8_skip[(guchar)*p];
        if (!bytes) {
            *o++ = '?';
            (*replaced)++;
        } else if (bytes > 0xFF) {
            *o++ = (char)(bytes >> 8);
            *o++ = (char)bytes;
        } else {
            *o++ = (char)bytes;
        }
    }
    return (gsize)(o - out);
}

/* The code point of the two bytes; 0 if they are none. */
static guint16 decode_pair(const struct cp932 *tables, guint lead, guint trail)
{
    if (lead < LEAD_MIN || lead > LEAD_MAX || trail < 0x40 || trail == 0x7F || trail > 0xFC)
        return 0;
    return tables->decode[lead - LEAD_MIN][trail - 0x40 - (trail > 0x7F)];
}

gboolean cp932_to_utf8(const struct cp932 *tables, const char *bytes, gsize length, char *out,
                       gsize *ret_length)
{
    char *o = out;

    for (gsize i = 0; i < length; i++) {
        guint byte = (guchar)bytes[i];
        gunichar c;

        if (byte < 0x80) {
            *o++ = (char)byte;
            continue;
        }
        if (byte >= HALF_KANA_BYTE && byte <= HALF_KANA_BYTE_MAX)
            c = HALF_KANA_MIN + byte - HALF_KANA_BYTE;
        else
            c = i + 1 < length ? decode_pair(tables, byte, (guchar)bytes[++i]) : 0;
        if (!c)
            return FALSE;
        o += g_unichar_to_utf8(c, o);
    }
    *ret_length = (gsize)(o - out);
    return TRUE;
}
