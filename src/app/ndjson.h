/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One job as a JSON object with the keys of the CSV (ARCHITECTURE.md, Records): the line of an NDJSON file,
 * an element of the ingest API. */
#pragma once
#include "base/error.h"
#include "core/job.h"

G_BEGIN_DECLS

struct ndjson;
struct ndjson *ndjson_new(void);
void ndjson_free(struct ndjson *parser);
typedef struct ndjson PtNdjson; /* for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PtNdjson, ndjson_free)

/* Longest line. A title of a million wide characters fits; it is cut like any text. */
#define NDJSON_LINE_MAX ((gsize)4 << 20)

/* Judges one line: strict JSON (UTF-8, no key twice, no NUL), known keys, types, then job_check() with `now`.
   null and "" = absent; `seq`, `ended_at_utc`, `format_version`, `count_source` and `origin` are taken
   whatever they are, and ignored. Texts are cut at JOB_TEXT_MAX at a character border: *ret_cut says how
   many. ret_job is borrowed until the next call. count_source is "unknown", origin "api", key the
   `source_key` or empty. INPUT naming the key otherwise. */
gboolean ndjson_parse(struct ndjson *parser, const char *line, gsize length, gint64 now, struct job *ret_job,
                      guint *ret_cut, GError **error);

G_END_DECLS
