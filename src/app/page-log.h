/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One line of cupsd's page_log in the formats that we know (cupsd.conf PageLogFormat). Pure. */
#pragma once
#include "base/error.h"
#include "core/job.h"

G_BEGIN_DECLS

/* Longest line; cupsd itself cuts at 2048 bytes. */
#define PAGE_LOG_LINE_MAX ((gsize)65536)

/* Memory for the texts of one job, at least this long. */
#define PAGE_LOG_SCRATCH 512

/* Reads one line, without its end: the bar-separated formats with job-uuid, or cupsd's own default. A title
   may hold the separator; a line that a line break in a title has torn is INPUT, and so is one of a single
   page (cupsd before 2.2.10). ret_job borrows from `line` and `scratch`; key is the job-uuid (*ret_cumulative
   TRUE: a re-run counts on), or queue, number and time. The page_log knows no outcome: result is "--".
   Nothing is checked by job_check() yet. */
gboolean page_log_parse(const char *line, gsize length, char *scratch, struct job *ret_job,
                        gboolean *ret_cumulative, GError **error);

G_END_DECLS
