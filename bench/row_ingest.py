# SPDX-License-Identifier: GPL-3.0-or-later
"""Durable ingest: our CSV against `.import` of the sqlite3 shell into the same table and indexes, and NDJSON."""

import shutil
import sqlite3

from measure import BenchError, interleave, quoted, shell
from table import Row, faster
from world import database

NDJSON_GOAL = 100_000


def imported(world, name, form, path):
    state = world.state(name)
    seconds = shell(quoted(*world.printtrail(state, "jobs", "import", "--format", form, path)))
    return state, seconds


def check(world, state):
    store = sqlite3.connect(database(state))
    count = store.execute("SELECT count(*) FROM job").fetchone()[0]
    store.close()
    if count != world.jobs:
        raise BenchError(f"{count} jobs were imported instead of {world.jobs}")


def peer_table(state, path):
    """An empty table with our columns and indexes. Not STRICT: `.import` stores what is empty as text."""
    source = sqlite3.connect(database(state))
    sql = [row[0] for row in source.execute("SELECT sql FROM sqlite_schema WHERE tbl_name = 'job' AND sql IS NOT NULL ORDER BY type DESC")]
    source.close()
    path.unlink(missing_ok=True)
    table = sqlite3.connect(path)
    table.execute("PRAGMA journal_mode = WAL")
    for statement in sql:
        table.execute(statement.removesuffix(" STRICT"))
    table.commit()
    table.close()


def measure(world):
    csv, ndjson, rows = (world.dir / name for name in ("jobs.csv", "jobs.ndjson", "rows.csv"))
    world.generate(world.day, 1, world.jobs, "csv", csv)
    state, _ = imported(world, "import", "csv", csv)
    check(world, state)
    shell(f"{quoted('sqlite3', '-csv', database(state), 'SELECT * FROM job ORDER BY seq')} > {quoted(rows)}")
    empty, peer = world.dir / "empty.db", world.dir / "peer.db"
    peer_table(state, empty)

    def theirs():
        for suffix in ("", "-wal", "-shm"):
            peer.with_name(peer.name + suffix).unlink(missing_ok=True)
        shutil.copy(empty, peer)
        return shell(quoted("sqlite3", peer, "PRAGMA synchronous = FULL", f".import --csv {rows} job"))

    took = interleave(world.runs, lambda: imported(world, "import", "csv", csv)[1], theirs)
    table = sqlite3.connect(peer)
    if table.execute("SELECT count(*) FROM job").fetchone()[0] != world.jobs:
        raise BenchError("the peer did not import everything")
    table.close()
    for path in (csv, rows, peer):
        path.unlink()
    world.generate(world.day, 1, world.jobs, "ndjson", ndjson)
    lines, = interleave(world.runs, lambda: imported(world, "import", "ndjson", ndjson)[1])
    check(world, world.dir / "import")
    ndjson.unlink()
    shutil.rmtree(world.dir / "import")
    speed = world.jobs / lines
    return [
        faster(f"durable ingest of {world.jobs:,} jobs from CSV", took[0], took[1], "`sqlite3 .import`, same table and indexes", 1.0),
        Row(f"durable ingest of {world.jobs:,} jobs from NDJSON", f"{speed:,.0f} jobs/s", "", "", f"≥ {NDJSON_GOAL:,} jobs/s", speed >= NDJSON_GOAL),
    ]
