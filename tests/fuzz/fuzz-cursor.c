/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target of a source's cursor: any text gives a cursor, and what is written reads back as the same. */
#include "fuzz.h"
#include "source/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autofree char *text = g_strndup((const char *)bytes, size);
    g_autoptr(PtCursor) cursor = cursor_parse(text, SOURCE_CUPS);
    g_autofree char *first = cursor_format(cursor);
    g_autoptr(PtCursor) back = cursor_parse(first, SOURCE_CUPS);
    g_autofree char *second = cursor_format(back);

    g_assert_false(back->fresh);
    g_assert_cmpint(back->high, ==, cursor->high);
    g_assert_cmpint(back->newest, ==, cursor->newest);
    g_assert_cmpuint(g_hash_table_size(back->open), ==, g_hash_table_size(cursor->open));
    g_assert_cmpuint(g_hash_table_size(back->seen), ==, g_hash_table_size(cursor->seen));
    g_assert_cmpuint(g_hash_table_size(back->queues), ==, g_hash_table_size(cursor->queues));
    return 0;
}
