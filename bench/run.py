# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures printtrail against its peers, in turns within one run, and prints medians and ratios."""

import argparse
import importlib
import pathlib
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]

import table  # noqa: E402
from measure import say  # noqa: E402
from world import World  # noqa: E402

NAMES = ("render", "deliver", "ingest", "size", "poll", "idle")
DOCUMENT = HERE.parent / "docs" / "performance.md"


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench.sh", description=__doc__)
    parser.add_argument("build", help="build directory, of type release")
    parser.add_argument("--quick", action="store_true", help="smaller sizes: all works, the numbers say little")
    parser.add_argument("--only", choices=NAMES, action="append", help="this measurement (may be repeated)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    return parser.parse_args()


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # so that all is cleaned up
    results = pathlib.Path(options.build) / ("bench-quick.json" if options.quick else "bench.json")
    known = table.load(results) if options.only else {}
    about = table.machine()
    for line in about:
        say(line)
    world = World(options.build, options.quick)
    try:
        for name in options.only or NAMES:
            say(f"== {name}")
            start = time.monotonic()
            known[name] = importlib.import_module(f"row_{name}").measure(world)
            say(table.plain(known[name]))
            say(f"   {time.monotonic() - start:.0f} s")
            table.save(results, known)
    finally:
        world.close()
    rows = [row for name in NAMES for row in known.get(name, [])]
    say("\n" + table.plain(rows))
    if options.write:
        command = "make bench ARGS=--write"
        table.write(DOCUMENT, command, about, rows)
        say(f"\n{DOCUMENT} was written")


if __name__ == "__main__":
    main()
