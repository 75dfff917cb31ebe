# SPDX-License-Identifier: GPL-3.0-or-later
"""The program at another time: what goes before it on the command line, with sanitizers, too."""

import glob
import os


def at(utc):
    """Its clock stands still at this UTC time ("2026-06-10 12:00:00"); the monotonic one goes on."""
    (library,) = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    sanitizer = os.environ.get("ASAN_OPTIONS", "")
    return [
        "env",
        f"LD_PRELOAD={library}",
        f"FAKETIME={utc}",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
        "TZ=UTC",
        "ASAN_OPTIONS=" + ":".join(filter(None, [sanitizer, "verify_asan_link_order=0"])),
    ]
