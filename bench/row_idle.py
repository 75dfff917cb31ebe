# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon that has nothing to do."""

import os
import time

from lab import Daemon
from measure import pss, wakeups
from table import below

SETTLE_S = 5


def measure(world):
    os.environ["PRINTTRAIL"] = str(world.program)
    state = world.state("idle")
    with Daemon(state) as daemon:
        time.sleep(SETTLE_S)  # what starting needs is over
        before, start = wakeups(daemon.pid), time.monotonic()
        time.sleep(world.idle_s)
        minutes = (time.monotonic() - start) / 60
        woken = (wakeups(daemon.pid) - before) / minutes
        memory = pss(daemon.pid)
    return [
        below("idle daemon without sources: memory (PSS)", memory / 1e6, "MB", 15),
        below("idle daemon without sources: wake-ups a minute (voluntary context switches of all threads)", woken, "", 10),
    ]
