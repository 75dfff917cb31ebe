/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Named points at which the crash tests end or pause the process. */
#include "base/fault.h"

#include <glib.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#ifdef PT_FAULTS
void fault_point(const char *name)
{
    static gint passages; /* of the one point that the environment names */
    const char *wanted = g_getenv("PT_FAULT");
    gsize length = strlen(name);
    gint64 at = 1;

    if (!wanted || strncmp(wanted, name, length) != 0 || (wanted[length] && !strchr(":=", wanted[length])))
        return;
    if (wanted[length] == ':')
        at = g_ascii_strtoll(wanted + length + 1, NULL, 10);
    if (g_atomic_int_add(&passages, 1) + 1 == at)
        (void)kill(getpid(), g_str_has_suffix(wanted, "=stop") ? SIGSTOP : SIGKILL);
}
#endif
