/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CP932 (Shift_JIS as Windows has it) to UTF-8 and back, by a table of our own: the same bytes on every
 * machine. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Both tables, about 180 KiB, made in well under a millisecond. Read only once made. */
struct cp932;
struct cp932 *cp932_new(void);
void cp932_free(struct cp932 *tables);
typedef struct cp932 PtCp932; /* for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PtCp932, cp932_free)

/* Writes `text` as CP932 to `out`, which has room for `length` bytes (never more are needed). Returns the
   bytes written. A character that CP932 cannot hold, and each byte that is no UTF-8, becomes '?' and adds one
   to *replaced. The characters that JIS and Windows map to different code points of the same look (〜 U+301C,
   − U+2212, ‖ U+2016, — U+2014, ¢ £ ¬ ¦ ‾ and ¥ U+00A5, which is 5C as on every Japanese keyboard) are
   written as Windows writes their twins and are not counted. */
gsize cp932_from_utf8(const struct cp932 *tables, const char *text, gsize length, char *out,
                      gint64 *replaced);

/* Writes CP932 bytes as UTF-8 to `out`, which has room for 3 × length bytes. FALSE: bytes that are no CP932;
 * *ret_length is not set then. */
gboolean cp932_to_utf8(const struct cp932 *tables, const char *bytes, gsize length, char *out,
                       gsize *ret_length);

G_END_DECLS
