# SPDX-License-Identifier: GPL-3.0-or-later
"""An installation of printtrail in Tokyo with a clock of its own (libfaketime), for the end-to-end tests."""

import csv
import datetime
import glob
import hashlib
import io
import json
import os
import socket
import time
import zoneinfo

import lab

TOKYO = "Asia/Tokyo"


class Clock:
    """What the product takes for the time of day; goes on by itself, and can be set while a process runs."""

    def __init__(self, path, zone=TOKYO):
        self.path, self.zone = path, zoneinfo.ZoneInfo(zone)
        library, = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        sanitizer = os.environ.get("ASAN_OPTIONS", "")
        self.env = {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "ASAN_OPTIONS": ":".join(filter(None, [sanitizer, "verify_asan_link_order=0"])),
        }

    def seconds(self, text):
        """Seconds UTC of a local time such as "2026-06-09 03:00:00"."""
        return datetime.datetime.fromisoformat(text).replace(tzinfo=self.zone).timestamp()

    def set(self, text):
        new = self.path.with_suffix(".new")
        new.write_text(f"{self.seconds(text) - time.time():+.6f}\n")
        new.rename(self.path)


class House:
    """State, clock and command line; `send_to` one receiver of the lab."""

    def __init__(self, folder, now="2026-06-09 12:00:00", zone=TOKYO):
        self.path, self.state = folder, folder / "state"
        self.clock = Clock(folder / "clock", zone)
        self.clock.set(now)
        self.names = []  # documents of all jobs so far
        self.cli("settings", "set", f"preferences.time_zone={zone}").ok()

    def cli(self, *args, env=None, **options):
        return lab.run_cli(*args, state=self.state, env={**self.clock.env, **(env or {})}, **options)

    def start(self, *args, env=None):
        return lab.start_cli(*args, state=self.state, env={**self.clock.env, **(env or {})})

    def daemon(self, env=None):
        return lab.Daemon(self.state, env={**self.clock.env, **(env or {})})

    def set(self, *pairs):
        self.cli("settings", "set", *pairs).ok()

    def at(self, text):
        self.clock.set(text)
        return self

    # --- jobs

    def record(self, end, name, **more):
        stamp = datetime.datetime.fromisoformat(end).replace(tzinfo=self.clock.zone)
        return {"job_type": "print", "ended_at": stamp.isoformat(), "user_name": "tanaka", "document_name": name, **more}

    def take(self, records, code=0):
        """Imports records; returns what the import told."""
        lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        done = self.cli("jobs", "import", "--json", "--format", "ndjson", "-", input=lines).ok(code)
        return done.json()

    def print(self, *ends, count=2, tag=""):
        """`count` jobs that ended at each of the local times or days; returns their documents."""
        names, records = [], []
        for end in ends:
            day, _, hour = end.partition(" ")
            for number in range(count):
                names.append(f"{tag}{day} {number} 見積書, \"v2\"")
                records.append(self.record(f"{day} {hour or '10:00:00'}", names[-1], copies_requested=number + 1))
        result = self.take(records)
        assert result["stored"] == len(records), result
        self.names += names
        return names

    # --- what the program says

    def run(self, code=0):
        return self.cli("export", "run", "--json").ok(code).json()

    def ledger(self, kind="auto", *states):
        rows = self.cli("deliveries", "--json").ok().json()
        return [row for row in rows if kind in (None, row["kind"]) and (not states or row["state"] in states)]

    def delivered(self):
        return [row["file_name"] for row in self.ledger("auto", "delivered")]

    def status(self):
        return self.cli("status", "--json").ok().json()

    def last_run(self):
        return self.status()["last_run"]

    def wait_run(self, **wanted):
        """Until the last run is one that has ended and has these members."""

        def there():
            run = self.last_run()
            return run if run and run["ended"] and all(run[k] == v for k, v in wanted.items()) else None

        return lab.wait_until(there, 20, f"a run with {wanted}")

    def wake(self):
        """What `settings set` and `sources add` do to a running daemon."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.sendto(b"w", str(self.state / "wake.sock"))

    def check_exactly_once(self, received):
        """received: name -> bytes. Each job in exactly one file, as the ledger has it; nothing pending."""
        found = sorted(name for data in received.values() for name in documents(data))
        assert found == sorted(self.names)
        rows = self.ledger("auto", "delivered")
        assert {row["file_name"]: row["sha256"] for row in rows} == {n: hashlib.sha256(d).hexdigest() for n, d in received.items()}
        pending = self.status()["pending"]
        assert (pending["jobs"], pending["days"], pending["closing"]) == (0, [], [])


def rows(data):
    """The rows of a CSV file with Japanese header, UTF-8."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def documents(data):
    return [row["文書名"] for row in rows(data)]


def secret(path, text):
    """KEY=@FILE for a password."""
    path.write_text(text)
    return f"@{path}"


def helpers_of(pid):
    """Processes whose ancestor is pid."""
    found, wave = [], [pid]
    while wave:
        wave = [child for parent in wave for child in children(parent)]
        found += wave
    return found


def children(pid):
    result = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            result += [int(n) for n in open(path).read().split()]
        except OSError:
            pass
    return result
