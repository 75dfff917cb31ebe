# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of past days in, files at the receiver out: what the crash tests compare."""

import csv
import datetime
import hashlib
import io
import json
import time

DAYS = 3
JOBS_PER_DAY = 4


def past_day(days_ago):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days_ago)).date()


def write_jobs(path, days=range(DAYS, 0, -1), tag="a"):
    """JOBS_PER_DAY jobs on each of the days (days ago), as NDJSON; returns their document names."""
    names = []
    with open(path, "w", encoding="utf-8") as out:
        for ago in days:
            for number in range(JOBS_PER_DAY):
                names.append(f"{tag} {ago}/{number} 見積書, \"v2\"")
                job = {"job_type": "print", "ended_at": f"{past_day(ago)}T12:00:{number:02}Z", "document_name": names[-1], "user_name": "user"}
                out.write(json.dumps(job, ensure_ascii=False) + "\n")
    return names


def documents(data):
    """The document names in one CSV file, as bytes."""
    return [row["文書名"] for row in csv.DictReader(io.StringIO(data.decode("utf-8-sig")))]


class FolderReceiver:
    """An SMB or FTP folder of the lab."""

    def __init__(self, folder, settings):
        self.folder, self.settings = folder, settings

    def files(self):
        return {name: self.folder.read(name) for name in self.folder.files() if not name.startswith(".")}

    def leftovers(self):
        return [name for name in self.folder.files() if name.startswith(".")]


class MailReceiver:
    """A mail server of the lab: mails with the same Message-ID must be the same and count once (SPEC RW8, the one window)."""

    def __init__(self, server, settings):
        self.server, self.settings = server, settings
        self.repeats = 0

    def files(self):
        seen = {}
        self.repeats = 0
        for mail in self.server.mails():
            (name, _type, data), = mail.attachments
            key = mail.message["Message-ID"]
            if key in seen:
                assert seen[key] == (name, data), "a repeated Message-ID with other content"
                self.repeats += 1
            seen[key] = (name, data)
        names = [name for name, _data in seen.values()]
        assert len(set(names)) == len(names), f"one file in two different mails: {names}"
        return dict(seen.values())

    def leftovers(self):
        return []


def check_exactly_once(receiver, names, cli):
    """Every job in exactly one file; each file's bytes are those of the ledger; nothing pending; no temporary file left."""
    files = receiver.files()
    found = sorted(name for data in files.values() for name in documents(data))
    assert found == sorted(names)
    rows = [row for row in cli("deliveries", "--json").ok().json() if row["kind"] == "auto" and row["state"] == "delivered"]
    assert {row["file_name"]: row["sha256"] for row in rows} == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    status = cli("status", "--json").ok().json()
    assert status["pending"]["jobs"] == 0 and not status["pending"]["days"]
    assert receiver.leftovers() == []


def run_until_done(cli, tries=4):
    """Runs the export until nothing is pending, as nights would."""
    for _ in range(tries):
        result = cli("export", "run")
        if result.code == 0 and cli("status", "--json").ok().json()["pending"]["jobs"] == 0:
            return
        time.sleep(0.05)
    raise AssertionError(f"still pending after {tries} runs: {result}")
