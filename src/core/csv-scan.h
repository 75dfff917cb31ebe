/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sixteen bytes at a time: which of them does a CSV treat specially? SSE2, or plain C that gives the same
 * answers. */
#pragma once
#include <glib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

G_BEGIN_DECLS

#define CSV_BLOCK 16

#ifdef __SSE2__

typedef __m128i CsvBlock;

static inline CsvBlock csv_block_fill(char byte)
{
    return _mm_set1_epi8(byte);
}

static inline CsvBlock csv_block_load(const char *from)
{
    return _mm_loadu_si128((const __m128i *)(const void *)from);
}

/* The block of two times eight bytes. */
static inline CsvBlock csv_block_of(guint64 low, guint64 high)
{
    return _mm_set_epi64x((gint64)high, (gint64)low);
}

static inline void csv_block_store(char *to, CsvBlock block)
{
    _mm_storeu_si128((__m128i *)(void *)to, block);
}

/* Bit i: byte i is the separator, '"', CR or LF. `separator` is a filled block. */
static inline guint csv_block_special(CsvBlock block, CsvBlock separator)
{
    CsvBlock quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
    CsvBlock cr = _mm_cmpeq_epi8(block, _mm_set1_epi8('\r'));
    CsvBlock lf = _mm_cmpeq_epi8(block, _mm_set1_epi8('\n'));

    return (guint)_mm_movemask_epi8(
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(block, separator), quote), _mm_or_si128(cr, lf)));
}

/* Bit i: byte i is NUL. */
static inline guint csv_block_zero(CsvBlock block)
{
    return (guint)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_setzero_si128()));
}

/* Bit i: byte i is not ASCII. */
static inline guint csv_block_high(CsvBlock block)
{
    return (guint)_mm_movemask_epi8(block);
}

#else

typedef struct {
    guchar byte[CSV_BLOCK];
} CsvBlock;

static inline CsvBlock csv_block_fill(char byte)
{
    CsvBlock block;

    memset(&block, byte, sizeof(block));
    return block;
}

static inline CsvBlock csv_block_load(const char *from)
{
    CsvBlock block;

    memcpy(&block, from, sizeof(block));
    return block;
}

static inline CsvBlock csv_block_of(guint64 low, guint64 high)
{
    CsvBlock block;

    memcpy(block.byte, &low, 8);
    memcpy(block.byte + 8, &high, 8);
    return block;
}

static inline void csv_block_store(char *to, CsvBlock block)
{
    memcpy(to, &block, sizeof(block));
}

static inline guint csv_block_special(CsvBlock block, CsvBlock separator)
{
    guint mask = 0;

    for (guint i = 0; i < CSV_BLOCK; i++) {
        guchar c = block.byte[i];
        mask |= (guint)(c == separator.byte[0] || c == '"' || c == '\r' || c == '\n') << i;
    }
    return mask;
}

static inline guint csv_block_zero(CsvBlock block)
{
    guint mask = 0;

    for (guint i = 0; i < CSV_BLOCK; i++)
        mask |= (guint)(block.byte[i] == 0) << i;
    return mask;
}

static inline guint csv_block_high(CsvBlock block)
{
    guint mask = 0;

    for (guint i = 0; i < CSV_BLOCK; i++)
        mask |= (guint)(block.byte[i] >> 7) << i;
    return mask;
}

#endif

/* Whether all bytes are ASCII. Reads nothing beyond `length`. */
static inline gboolean csv_is_ascii(const char *text, gsize length)
{
    gsize i = 0;
    guchar high = 0;

    for (; i + CSV_BLOCK <= length; i += CSV_BLOCK)
        if (csv_block_high(csv_block_load(text + i)))
            return FALSE;
    for (; i < length; i++)
        high |= (guchar)text[i];
    return high < 0x80;
}

/* Copies a text of at least one byte and says whether it holds a special byte. Reads nothing beyond `length`
   (the last block overlaps the one before; a short text is taken in two overlapping halves) and writes
   exactly `length` bytes. */
static inline gboolean csv_copy_special(char *to, const char *text, gsize length, CsvBlock separator)
{
    guint special = 0;

    if (length >= CSV_BLOCK) {
        CsvBlock last = csv_block_load(text + length - CSV_BLOCK);
        for (gsize i = 0; i + CSV_BLOCK < length; i += CSV_BLOCK) {
            CsvBlock block = csv_block_load(text + i);
            csv_block_store(to + i, block);
            special |= csv_block_special(block, separator);
        }
        csv_block_store(to + length - CSV_BLOCK, last);
        special |= csv_block_special(last, separator);
    } else if (length >= 8) {
        guint64 head, tail;
        memcpy(&head, text, 8);
        memcpy(&tail, text + length - 8, 8);
        memcpy(to, &head, 8);
        memcpy(to + length - 8, &tail, 8);
        special = csv_block_special(csv_block_of(head, tail), separator);
    } else if (length >= 4) {
        guint32 head, tail;
        memcpy(&head, text, 4);
        memcpy(&tail, text + length - 4, 4);
        memcpy(to, &head, 4);
        memcpy(to + length - 4, &tail, 4);
        special = csv_block_special(csv_block_of((guint64)tail << 32 | head, 0), separator);
    } else {
        guint64 bytes = (guchar)text[0] | (guint64)(guchar)text[length / 2] << 8 |
                        (guint64)(guchar)text[length - 1] << 16;
        to[0] = text[0];
        to[length / 2] = text[length / 2];
        to[length - 1] = text[length - 1];
        special = csv_block_special(csv_block_of(bytes, 0), separator);
    }
    return special != 0;
}

G_END_DECLS
