/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The daemon: main loop, schedule, polling, wake-up socket, readiness and watchdog. */
#pragma once
#include <glib.h>

/* Runs until SIGTERM or SIGINT. Creates the state when there is none. Logs to stderr (the journal).
   Returns 0 after a clean stop, or a sysexits status: 75 (another daemon runs on this state), 77 (no
   permission, disk full), 78 (wrong settings, store cannot be used), 70 (our bug). */
int serve_main(const char *state_dir);
