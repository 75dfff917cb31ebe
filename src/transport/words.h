/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The peer's own words, made fit to be shown: valid UTF-8, one line, at most WORDS_MAX bytes. Pure. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define WORDS_MAX 1024

/* `bytes` as one clean line: broken UTF-8 replaced, control characters and line ends turned into blanks, both
   ends trimmed, cut at a character border. Occurrences of `secret` (NULL or "" = none) become "***": some
   servers repeat what was typed. New string. */
char *words_clean(const char *bytes, gsize length, const char *secret);

/* The three digits that a line of FTP or SMTP begins with; 0 when it has none. */
int words_reply_code(const char *line);

/* The enhanced code of RFC 3463 behind the reply code ("552 5.3.4 too big" gives 5, 3, 4); FALSE when there
 * is none. */
gboolean words_enhanced_code(const char *line, int ret_code[3]);

/* Whether `line` holds one of these words (NULL-terminated list), whatever the case of ASCII letters. */
gboolean words_any(const char *line, const char *const *words);

G_END_DECLS
