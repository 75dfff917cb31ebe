/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every verb needs: the state directory, the store and the clock. */
#pragma once
#include "core/calendar.h"
#include "core/settings.h"
#include "store/store.h"

G_BEGIN_DECLS

/* The clock, injectable: seconds UTC. */
typedef gint64 (*AppClock)(gpointer user);

struct app {
    char *state_dir;
    struct store *store;
    AppClock clock;
    gpointer clock_user;
};

G_END_DECLS
