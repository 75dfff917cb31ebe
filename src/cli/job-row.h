/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A job as the row of a list: the CSV's keys, times as RFC 3339 so that NDJSON import takes them back. */
#pragma once
#include "cli/cli.h"

G_BEGIN_DECLS

extern const struct cli_column job_row_columns[JOB_COLUMNS];

struct job_row;
/* Borrows the zone. `people`: times without the offset. */
struct job_row *job_row_new(struct zone *zone, gboolean people);
void job_row_free(struct job_row *row);
/* JOB_COLUMNS texts, NULL = unknown; borrowed until the next call. */
const char *const *job_row_values(struct job_row *row, const struct job *job);

G_END_DECLS
