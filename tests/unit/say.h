/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tells which case runs, also when its text is not valid UTF-8 (the test protocol's lines must be). */
#pragma once
#include <glib.h>

static inline void say(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    g_test_message("%s", valid);
}
