# SPDX-License-Identifier: GPL-3.0-or-later
"""One day out of three as CSV, to /dev/null: against the sqlite3 shell and against PostgreSQL."""

import csv
import itertools
import sqlite3
import subprocess

from lab import Postgres
from measure import BenchError, interleave, quoted, say, shell
from table import faster
from world import database

COMPARED_ROWS = 100_000
TIMES = ("accepted_at", "started_at", "ended_at")


def rows_of(command, encoding):
    process = subprocess.Popen(command, shell=True, stdout=subprocess.PIPE, text=True, encoding=encoding, errors="strict")
    yield from csv.reader(process.stdout)
    process.stdout.close()
    process.wait()


def compare(world, state, ours, peer):
    """Both must tell the same: all columns but the times, which the peer gives as seconds."""
    columns = world.columns(state)
    mine = rows_of(ours, "utf-8-sig")
    head = next(mine)
    places = [i for i, name in enumerate(columns) if name not in TIMES]
    shift = len(head) - len(columns)
    if shift != 2:
        raise BenchError(f"{len(head)} columns in our file, {len(columns)} in the peer's")
    utc = columns.index("ended_at") + 1  # ended_at_utc follows; format_version is the last one
    count = 0
    for left, right in itertools.islice(zip(mine, rows_of(peer, "utf-8")), COMPARED_ROWS):
        left = left[:utc] + left[utc + 1 :]
        if any(left[i] != right[i] for i in places):
            raise BenchError(f"row {count + 1} differs:\n{left}\n{right}")
        count += 1
    if count != min(world.jobs, COMPARED_ROWS):
        raise BenchError(f"{count} rows instead of {world.jobs}")


def load_postgres(world, state, server):
    """The same table, with an index on (day, seq): the day is read in order, without sorting."""
    store = sqlite3.connect(f"file:{database(state)}?mode=ro", uri=True)
    columns = [(row[1], "bigint" if row[2] == "INTEGER" else "text") for row in store.execute("PRAGMA table_info(job)")]
    store.close()
    server.psql("CREATE TABLE job (" + ", ".join(f"{name} {kind}" for name, kind in columns) + ")")
    rows = quoted("sqlite3", "-csv", database(state), "SELECT * FROM job ORDER BY seq")
    shell(f"{rows} | {quoted('psql', '-Xq', server.dsn, '-c', 'COPY job FROM STDIN CSV')}")
    server.psql("CREATE UNIQUE INDEX job_day ON job (day, seq)")
    server.psql("VACUUM ANALYZE job")
    say("      plan: " + server.psql(f"EXPLAIN {world.select_day(state)}").splitlines()[0])


def measure(world):
    state = world.office()
    ours = quoted(world.tool("render"), state, world.day.isoformat())
    alone = f"{ours} alone"
    sqlite = world.sqlite_day(state)
    compare(world, state, ours, sqlite)
    with Postgres() as server:
        load_postgres(world, state, server)
        copy = f"COPY ({world.select_day(state)}) TO STDOUT CSV"
        postgres = quoted("psql", "-Xq", server.dsn, "-c", copy)
        took = interleave(world.runs, *(lambda line=line: shell(f"{line} >/dev/null") for line in (ours, sqlite, postgres, alone)))
    what = f"one day of {world.jobs:,} jobs out of three as CSV, to /dev/null"
    return [
        faster(what, took[0], took[1], "`sqlite3 -csv`, same table", 3.5),
        faster(what, took[0], took[2], "PostgreSQL `COPY (SELECT … ORDER BY seq)`, index on (day, seq)", 2.5),
        faster("the same by one thread instead of two", took[3], took[1], "`sqlite3 -csv`", None),
    ]
