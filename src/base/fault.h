/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Named points at which the crash tests end or pause the process; nothing in a normal build (meson option
 * faults). */
#pragma once

#ifdef PT_FAULTS
/* PT_FAULT="NAME[:N][=kill|stop]" in the environment: at the Nth passage (default 1) of that point SIGKILL or
 * SIGSTOP goes to this process. */
void fault_point(const char *name);
#else
static inline void fault_point(const char *name)
{
    (void)name;
}
#endif
