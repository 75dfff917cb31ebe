/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The daemon's log: UTF-8 lines on stderr, or fields for the journal. */
#pragma once
#include <glib.h>

/* From here on g_message() and g_warning() of this process are one line each: time (UTC), "warning:" where it
   is one, text. UTF-8 whatever the locale; what a terminal would obey is replaced. Once per process. */
void log_start(void);
