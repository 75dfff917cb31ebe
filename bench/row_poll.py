# SPDX-License-Identifier: GPL-3.0-or-later
"""Polling a CUPS server that keeps a long history."""

import re
import statistics
import subprocess
import time

from lab import Cups, wait_until
from measure import BenchError, cpu_seconds, say
from table import at_most, below

NEW_JOBS = 100
ROUNDS = 10  # of one turn
DEFAULT_INTERVAL_S, TAIL_INTERVAL_S = 20, 300


class Poller:
    def __init__(self, world, server):
        self.tool, self.server, self.file = world.tool("poll"), server, world.dir / "cursor"
        self.first = 0

    def learn(self):
        subprocess.run([self.tool, "learn", self.server.uri, self.file], check=True)
        known = re.search(r"^high=(\d+)$", self.file.read_text(), re.MULTILINE)
        if not known:
            raise BenchError("the cursor does not say which job it knows")
        self.first = int(known.group(1)) + 1

    def turn(self, how, rounds=ROUNDS):
        """Returns the seconds of each round, and cupsd's CPU seconds of one."""
        before = cpu_seconds(self.server.pid)
        done = subprocess.run([self.tool, how, self.server.uri, self.file, str(self.first), str(rounds)], check=True, capture_output=True, text=True)
        used = (cpu_seconds(self.server.pid) - before) / rounds
        lines = [line.split() for line in done.stdout.splitlines()]
        if how != "tail" and any(int(jobs) != NEW_JOBS for _, jobs in lines):
            raise BenchError(f"{how}: {lines} instead of {NEW_JOBS} new jobs")
        return [int(us) / 1e6 for us, _ in lines], used


def measure(world):
    ways = ("bare", "ours", "tail")
    seconds = {way: [] for way in ways}
    cpu = {way: [] for way in ways}
    with Cups() as server:
        server.add_queue("raw")
        server.wait_finished(server.print_raw("raw", b"template"))
        say(f"   a history of {world.history:,} jobs …")
        server.make_history(world.history)
        poller = Poller(world, server)
        start = time.monotonic()
        poller.learn()
        say(f"      first poll of all: {time.monotonic() - start:.1f} s")
        new = [server.print_raw("raw", b"new") for _ in range(NEW_JOBS)]
        wait_until(lambda: not server.jobs("not-completed", attributes=("job-id",)), 60, "the new jobs end")
        if min(new) < poller.first:
            raise BenchError("the new jobs have old numbers")
        for _ in range(world.runs):
            for way in ways:
                took, used = poller.turn(way)
                seconds[way] += took
                cpu[way].append(used)
    middle = {way: statistics.median(seconds[way]) for way in ways}
    say("      ms: " + ", ".join(f"{way} {middle[way] * 1000:.2f}" for way in ways))
    polls = TAIL_INTERVAL_S // DEFAULT_INTERVAL_S
    share = ((polls - 1) * statistics.median(cpu["ours"]) + statistics.median(cpu["tail"])) / TAIL_INTERVAL_S
    what = f"polling CUPS with {world.history:,} jobs of history, {NEW_JOBS} new ones"
    name = "bare Get-Jobs of the new ids"
    return [
        at_most(f"{what}, between two tails", middle["ours"], middle["bare"], 1.5, "ms", 1000, name),
        at_most(f"{what}, with the tail", middle["tail"], middle["bare"], 12, "ms", 1000, name),
        below("cupsd's CPU share at the default interval (20 s; the tail each 300 s)", share * 100, "%", 1, 2),
    ]
