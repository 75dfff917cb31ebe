# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives the source layer alone: tests/integration/source-poll.c, one process a poll, and a receiver that keeps each identity once."""

import json
import pathlib
import subprocess

import lab


def poll_program():
    return pathlib.Path(lab.program()).parent / "tests" / "integration" / "source-poll"


class Poll:
    """What one poll brought: jobs (of this poll, as sent), new (never seen before), report or error."""

    def __init__(self, jobs, last):
        self.jobs, self.new = jobs, []
        self.report, self.error = last.get("report"), last.get("error")

    @property
    def code(self):
        return self.error["code"] if self.error else None

    def titles(self):
        return sorted(job.get("document_name", "") for job in self.new)


class Source:
    """A source with its cursor and everything that was received from it."""

    def __init__(self, kind, uri, folder, timeout=5000, deadline=60000):
        self.kind, self.uri = kind, uri
        self.cursor = pathlib.Path(folder) / f"cursor-{kind}"
        self.timeout, self.deadline = timeout, deadline
        self.stored, self.repeats, self.conflicts = {}, 0, 0

    def poll(self, *options, **over):
        values = {"timeout": self.timeout, "deadline": self.deadline, "cursor": self.cursor, **over}
        command = [poll_program(), *[f"--{key}={value}" for key, value in values.items()], *options, self.kind, self.uri]
        done = subprocess.run([str(c) for c in command], capture_output=True, timeout=180)
        lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
        assert lines, f"no answer: {done.stderr.decode()}"
        poll = Poll([line["job"] for line in lines if "job" in line], lines[-1])
        assert poll.report or poll.error, done
        if poll.report:
            self._store(poll)
        return poll

    def test(self, **over):
        return self.poll("--test", **over)

    def _store(self, poll):
        """As the store does: same key and same end = the same job, once."""
        for job in poll.jobs:
            identity = (job.get("ended_at"), job["key"])
            known = self.stored.get(identity)
            if known is None:
                self.stored[identity] = job
                poll.new.append(job)
                continue
            self.repeats += 1
            differs = [k for k in known if k not in ("raw", "cumulative") and known[k] != job.get(k)]
            self.conflicts += bool(differs)

    def jobs(self):
        return list(self.stored.values())

    def keys(self):
        return {job["key"] for job in self.jobs()}


def uuids(cups):
    """The server's own word: uuid of each finished job."""
    return {job["job-uuid"] for job in cups.jobs() if job["job-state"] >= 7}
