/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which instant decides the day of a job (SPEC RW3): one rule for polled and imported jobs. */
#include "app/collect.h"

/* A polled job cannot have ended further ahead than clocks differ. */
#define AHEAD_MAX 86400

gint64 collect_effective_end(const struct job *job, gint64 arrived, gboolean polled)
{
    const struct job_value *end = &job->value[JOB_ENDED_AT];

    if (end->text || end->number == JOB_NONE || end->number < JOB_TIME_MIN)
        return arrived;
    if (polled && end->number - arrived > AHEAD_MAX)
        return arrived;
    return end->number;
}
