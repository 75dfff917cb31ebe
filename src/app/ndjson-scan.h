/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The quick way through a flat JSON object; whatever is out of the ordinary is left to jansson. Pure. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

enum ndjson_type { NDJSON_NULL, NDJSON_TEXT, NDJSON_NUMBER, NDJSON_OTHER };

/* One member. The key is ASCII without escapes; a text is valid UTF-8 without NUL. Borrowed from the line or
 * the scratch memory. */
struct ndjson_member {
    const char *key;
    gsize key_length;
    enum ndjson_type type;
    const char *text;
    gsize length;
    gint64 number;
};
#define NDJSON_MEMBERS_MAX 64

/* TRUE: the line is strictly valid JSON (RFC 8259), one object of at most NDJSON_MEMBERS_MAX members that are
   texts, whole numbers of at most 18 digits or null; keys may come twice. FALSE says nothing: the line may be
   right or wrong. `scratch` has room for `length` bytes. Agrees with jansson (a test compares them). */
gboolean ndjson_scan(const char *line, gsize length, char *scratch,
                     struct ndjson_member members[NDJSON_MEMBERS_MAX], gsize *ret_n);

G_END_DECLS
