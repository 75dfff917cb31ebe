# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs commands against each other, and watches what processes take."""

import os
import pathlib
import resource
import shlex
import statistics
import subprocess
import threading
import time

SAMPLE_S = 0.02


class BenchError(Exception):
    """A command that failed, or a result that cannot be right."""


def say(text):
    print(text, flush=True)


def shell(line):
    """Runs a shell line with its output thrown away; returns the seconds until all of it has ended."""
    start = time.monotonic()
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    seconds = time.monotonic() - start
    if done.returncode:
        raise BenchError(f"{line[:300]}: exit status {done.returncode}\n{done.stderr.decode(errors='replace')}")
    return seconds


def quoted(*words):
    return " ".join(shlex.quote(str(word)) for word in words)


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def interleave(runs, ours, *peers, warm=True):
    """Runs the functions in turns; each returns seconds. Returns their medians; warm: one turn before that
    does not count. Dirty pages of one turn are written before the next one is timed. CPU time (of all commands that a
    function waits for, preparation included) is shown beside: it hardly depends on what else the machine does."""
    times = [[] for _ in (ours, *peers)]
    cpu = [[] for _ in times]
    for turn in range(-1 if warm else 0, runs):
        for one, used, function in zip(times, cpu, (ours, *peers)):
            os.sync()
            before = children_cpu()
            seconds = function()
            if turn >= 0:
                one.append(seconds)
                used.append(children_cpu() - before)
    for one, used in zip(times, cpu):
        say("      " + " ".join(f"{seconds:.3f}" for seconds in one) + f" s   cpu {statistics.median(used):.3f} s")
    return [statistics.median(one) for one in times]


def children(pid):
    """pid and all processes below it."""
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        for task in pathlib.Path(f"/proc/{one}/task").glob("*/children"):
            try:
                todo += [int(number) for number in task.read_text().split()]
            except OSError:
                continue  # ended meanwhile
    return found


def pss(pid):
    """Bytes of memory of pid and its children; pages shared with others count by their share."""
    total = 0
    for one in children(pid):
        try:
            lines = pathlib.Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total


def peak_memory(command):
    """Runs the command (a list) and returns (seconds, highest PSS of it and its children)."""
    start = time.monotonic()
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    words = []
    reader = threading.Thread(target=lambda: words.append(process.stderr.read()))
    reader.start()
    peak = 0
    while process.poll() is None:
        peak = max(peak, pss(process.pid))
        time.sleep(SAMPLE_S)
    seconds = time.monotonic() - start
    reader.join()
    if process.returncode:
        raise BenchError(f"{command}: exit status {process.returncode}\n{words[0].decode(errors='replace')}")
    return seconds, peak


def cpu_seconds(pid):
    """User and system time that a process has used so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wakeups(pid):
    """How often the threads of a process have gone to sleep so far, which is how often they were woken."""
    total = 0
    for status in pathlib.Path(f"/proc/{pid}/task").glob("*/status"):
        for line in status.read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches:"):
                total += int(line.split()[1])
    return total
