# SPDX-License-Identifier: GPL-3.0-or-later
"""What the measurements share: programs, sizes, a folder, and stores filled with jobs."""

import datetime
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile

from measure import BenchError, quoted, say

ROOT = pathlib.Path(__file__).resolve().parent.parent


def size(name, full, quick, is_quick):
    return int(os.environ.get(name, quick if is_quick else full))


PREFIX = "printtrail-bench-"


def sweep(parent):
    """Removes what a run that was killed left there: gigabytes. Its process number is in the folder's name."""
    for folder in parent.glob(f"{PREFIX}*-*"):
        owner = folder.name.removeprefix(PREFIX).split("-")[0]
        if owner.isdigit() and not pathlib.Path("/proc", owner).exists() and folder.stat().st_uid == os.geteuid():
            shutil.rmtree(folder, ignore_errors=True)


class World:
    """Sizes come from the environment: BENCH_JOBS, BENCH_SMALL, BENCH_LARGE, BENCH_HISTORY, BENCH_RUNS, BENCH_IDLE_S."""

    def __init__(self, build, quick):
        self.build = pathlib.Path(build).resolve()
        self.program = self.build / "printtrail"
        self.jobs = size("BENCH_JOBS", 1_000_000, 100_000, quick)  # of the one day
        self.small = size("BENCH_SMALL", 100_000, 20_000, quick)  # of one day, and of a small store
        self.large = size("BENCH_LARGE", 5_000_000, 400_000, quick)  # of a large store
        self.history = size("BENCH_HISTORY", 100_000, 25_000, quick)  # of a CUPS server
        self.runs = size("BENCH_RUNS", 5, 3, quick)
        self.idle_s = size("BENCH_IDLE_S", 120, 30, quick)
        parent = pathlib.Path(os.environ.get("BENCH_DIR") or tempfile.gettempdir())
        sweep(parent)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))
        self.dir.chmod(0o755)
        self.today = datetime.datetime.now(datetime.timezone.utc).date()
        self.day = self.today - datetime.timedelta(days=1)
        self._office = None

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def tool(self, name):
        return self.build / "bench" / name

    def printtrail(self, state, *words):
        """The command as a list."""
        return [str(self.program), "--state", str(state), *map(str, words)]

    def cli(self, state, *words):
        """Runs the command; returns what it printed."""
        done = subprocess.run(self.printtrail(state, *words), stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise BenchError(f"printtrail {' '.join(map(str, words))}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def json(self, state, *words):
        return json.loads(self.cli(state, *words, "--json"))

    # --- jobs

    def generate(self, first_day, days, rows, output, target, skip=0):
        """Jobs of a deterministic office: output is csv, ndjson or store; target a file."""
        options = ["--output", output, "--first-day", first_day.isoformat(), "--days", days, "--rows", rows, "--skip", skip]
        if output == "store":
            command, out = [*options, "--store", target], subprocess.DEVNULL
        else:
            command, out = options, open(target, "wb")
        done = subprocess.run([str(self.tool("genjobs")), *map(str, command)], stdout=out, stderr=subprocess.PIPE)
        if out is not subprocess.DEVNULL:
            out.close()
        if done.returncode:
            raise BenchError(f"genjobs: {done.stderr.decode()}")

    def state(self, name):
        """A new state directory whose days are those of UTC, like the generated ones."""
        state = self.dir / name
        shutil.rmtree(state, ignore_errors=True)
        self.cli(state, "settings", "set", "preferences.time_zone=UTC")
        return state

    def office(self):
        """A state with three days of jobs: yesterday, which is due, today and tomorrow, which are not."""
        if self._office is None:
            say(f"   three days of {self.jobs:,} jobs …")
            self._office = self.state("office")
            self.generate(self.day, 3, self.jobs, "store", database(self._office))
        return self._office

    def drop_office(self):
        if self._office is not None:
            shutil.rmtree(self._office, ignore_errors=True)
            self._office = None

    def fresh_ledger(self, state):
        """As before the last run: nothing was ever sent. Days that were waived stay so."""
        store = sqlite3.connect(database(state))
        with store:
            store.execute("DELETE FROM delivery WHERE state <> 'waived'")
            store.execute("DELETE FROM run")
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.close()

    # --- what the peers read

    def day_number(self):
        return int(self.day.strftime("%Y%m%d"))

    def columns(self, state):
        """The table's columns that a CSV row holds."""
        store = sqlite3.connect(f"file:{database(state)}?mode=ro", uri=True)
        names = [row[1] for row in store.execute("PRAGMA table_info(job)")]
        store.close()
        return [name for name in names if name not in ("day", "source_id", "source_key", "arrived_at", "raw")]

    def select_day(self, state):
        return f"SELECT {', '.join(self.columns(state))} FROM job WHERE day = {self.day_number()} ORDER BY seq"

    def sqlite_day(self, state):
        """Shell words: the day's rows as CSV by the peer."""
        return quoted("sqlite3", "-csv", database(state), self.select_day(state))


def database(state):
    return pathlib.Path(state) / "printtrail.db"
