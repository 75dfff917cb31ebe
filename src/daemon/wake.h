/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The wake-up socket: any datagram means "look again"; holding its lock means being the one daemon of this
 * state. */
#pragma once
#include "base/error.h"

struct wake;

/* Takes <state_dir>/serve.lock (X26 when another daemon holds it) and binds <state_dir>/wake.sock; `woken` is
 * called in the default main context. */
struct wake *wake_open(const char *state_dir, void (*woken)(gpointer user), gpointer user, GError **error);
void wake_close(struct wake *wake);
