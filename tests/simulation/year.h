/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A year in the life of an installation, in seconds. */
#pragma once
#include "verdict.h"

G_BEGIN_DECLS

struct year {
    guint32 seed;
    int days;
    double trouble;
    gboolean liar; /* self-test: receivers tell lost replies as failures */
};
/* Lives through it and lets everything settle. */
struct world *year_live(const struct year *year);
/* Adds the tests of overtaken.c: what happens without the lock. */
void overtaken_add(void);
/* verdict() on a world whose processes have all ended. */
GPtrArray *year_judge(struct world *world);

G_END_DECLS
