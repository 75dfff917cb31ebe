# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input and bad luck: a clear error that names the thing, nothing lost, nothing by halves, bounded time (the issue's "Bad input")."""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import time

import pytest

import lab
from house import House, documents, rows

BEFORE = "2026-06-08"


@pytest.fixture
def house(tmp_path):
    return House(tmp_path, "2026-06-09 12:00:00")


# --- sources that never end, while an export waits for them


@pytest.fixture(scope="module")
def slow_run(tmp_path_factory, samba):
    """A run with sources that hang or never end, begun first and looked at last: it may take a minute."""
    house = House(tmp_path_factory.mktemp("slow"))
    folder = samba.folder()
    house.print(BEFORE)
    house.set(*samba.settings(folder))
    with contextlib.ExitStack() as stack:
        for mode in ("hang", "dribble", "endless-jobs", "endless-header", "endless-bytes", "huge-length", "junk"):
            house.cli("sources", "add", mode, stack.enter_context(lab.BadIpp(mode)).uri).ok()
        start = time.monotonic()
        process = house.start("export", "run")
        stack.callback(process.kill)
        yield house, folder, process, start


def test_a_run_with_endless_sources_has_begun(slow_run):
    house, folder, process, _start = slow_run
    lab.wait_until(lambda: house.status()["running"], 20, "the run")


# --- records


def test_a_title_of_a_megabyte_is_cut_at_a_character_and_counted(house, samba, share):
    house.set(*samba.settings(share))
    told = house.take([house.record(BEFORE + " 10:00:00", "題" * 350_000)])
    assert (told["stored"], told["cut"]) == (1, 1)
    house.run()
    title, = documents(share.read("export_20260608.csv"))
    assert title == "題" * 341 and len(title.encode()) <= 1023


@pytest.mark.parametrize("line, word", [
    (b'{"job_type":"print","ended_at":"2026-06-08T10:00:00Z","document_name":"a\\u0000b"}', ""),
    (b'{"job_type":"print","ended_at":"2026-06-08T10:00:00Z","document_name":"a\x00b"}', ""),
    (b'{"job_type":"print","ended_at":"2026-06-08T10:00:00Z","document_name":"\xff\xfe"}', ""),
    (b'{"job_type":"print","ended_at":"0000-01-01T00:00:00Z"}', "ended_at"),
    (b'{"job_type":"print","ended_at":"9999-12-31T23:59:59Z"}', "ended_at"),
    (b'{"job_type":"print","ended_at":"2026-06-08T10:00:00Z","copies_requested":-1}', "copies_requested"),
    (b'{"job_type":"print","ended_at":"2026-06-08T10:00:00Z","copies_requested":1e400}', ""),
    (b'{"job_type":"print","ended_at":"2026-06-08T10:00:00Z","colour":"red"}', "colour"),
    (b'{"job_type":"print"}', "ended_at"),
    (b'["no object"]', ""),
    (b"no json at all", ""),
    (b"{" * 100_000, ""),
], ids=range(12))
def test_a_bad_line_is_named_and_the_others_are_stored(house, samba, share, line, word):
    good = [json.dumps(house.record(BEFORE + " 10:00:00", name)).encode() for name in ("before", "after")]
    done = house.cli("jobs", "import", "--format", "ndjson", "--json", "-", input=b"\n".join([good[0], line, good[1], b""])).ok(3)
    assert (done.json()["stored"], done.json()["rejected"]) == (2, 1)
    rejected = next(text for text in done.err.splitlines() if "line 2" in text)
    assert word in rejected and all(c.isprintable() for c in rejected)
    house.set(*samba.settings(share))
    house.run()
    assert documents(share.read("export_20260608.csv")) == ["before", "after"]


@pytest.mark.parametrize("data", [b"", b"a,b,c\r\n1,2,3\r\n", b"\x00\x01\x02", "履歴番号\r\n1\r\n".encode(), b'"never closed', b"\xff" * 5000],
                         ids=["empty", "foreign", "binary", "one-column", "open-quote", "no-utf-8"])
def test_a_csv_that_is_not_ours_stores_nothing(house, data):
    done = house.cli("jobs", "import", "--format", "csv", "-", input=data)
    assert done.code in (2, 3) or (not data and done.code == 0), done
    assert done.err.strip()
    assert house.cli("jobs", "list", "--json").json() == []


def test_our_own_csv_reads_back_to_the_same_jobs(house, samba, share, tmp_path):
    house.take([house.record(BEFORE + " 10:00:00", name) for name in ("=1+1", "'quoted", ' "x", \n', "日本語", "\t tab")])
    house.set(*samba.settings(share))
    house.run()
    (tmp_path / "second").mkdir()
    other = House(tmp_path / "second", "2026-06-09 12:00:00")
    other.cli("jobs", "import", "--format", "csv", str(share.path / "export_20260608.csv")).ok()
    members = ("document_name", "user_name", "ended_at", "ended_at_utc", "job_type")

    def jobs(one):
        return [[job[m] for m in members] for job in one.cli("jobs", "list", "--json").json()]

    assert jobs(other) == jobs(house) and len(jobs(house)) == 5
    folder = samba.folder()
    other.set(*samba.settings(folder))
    other.run()
    columns = [c for c in rows(share.read("export_20260608.csv"))[0] if c != "取得元"]
    texts = [[[row[c] for c in columns] for row in rows(f.read("export_20260608.csv"))] for f in (share, folder)]
    assert texts[0] == texts[1]


# --- the store


@pytest.fixture
def filled(house):
    house.print(*[f"2026-05-{day:02}" for day in range(1, 29)], count=40)
    with contextlib.suppress(FileNotFoundError):
        lab.base.run(["sqlite3", house.state / "printtrail.db", "PRAGMA wal_checkpoint(TRUNCATE)"])
    return house


COMMANDS = (["status"], ["export", "run"], ["export", "test"], ["deliveries"], ["jobs", "list"], ["settings", "set", "export.hour=4"], ["store", "check"])


def digest(house):
    return hashlib.sha256((house.state / "printtrail.db").read_bytes()).hexdigest()


@pytest.mark.parametrize("harm", ["no database", "header", "cut", "newer"])
def test_a_store_that_cannot_be_used_is_x20_and_is_left_as_it_is(filled, harm):
    house, path = filled, filled.state / "printtrail.db"
    if harm == "newer":
        lab.base.run(["sqlite3", path, "UPDATE meta SET value='9999' WHERE key='schema_version'; PRAGMA user_version=9999; PRAGMA wal_checkpoint(TRUNCATE)"])
    else:
        data = path.read_bytes()
        path.write_bytes({"no database": b"this is a diary\n" * 4096, "header": b"\0" * 100 + data[100:], "cut": data[:8192]}[harm])
    before = digest(house)
    for command in COMMANDS:
        done = house.cli(*command)
        assert done.code == 7 and "X20" in done.err, (command, done)
        assert str(path) in done.err
    assert house.cli("serve").code == os.EX_CONFIG
    assert house.cli("check").code == 3, "UNKNOWN for Nagios"
    assert digest(house) == before, "nothing was repaired, made anew or emptied"


def test_pages_of_a_store_that_are_damaged_are_x20_where_they_are_met(filled):
    house, path = filled, filled.state / "printtrail.db"
    data = bytearray(path.read_bytes())
    for offset in range(4096, len(data), 4096):
        data[offset:offset + 64] = b"\xa5" * 64
    path.write_bytes(data)
    codes = {tuple(command): house.cli(*command).code for command in COMMANDS}
    assert set(codes.values()) == {7}, codes


def test_store_check_finds_a_single_damaged_page(filled):
    house, path = filled, filled.state / "printtrail.db"
    assert house.cli("store", "check").ok()
    data = bytearray(path.read_bytes())
    middle = len(data) // 4096 // 2 * 4096
    data[middle:middle + 512] = os.urandom(512)
    path.write_bytes(data)
    assert house.cli("store", "check").code == 7


def test_a_folder_without_a_store_is_no_state_for_reading_commands(tmp_path):
    (tmp_path / "state").mkdir()
    for command in (["status"], ["deliveries"], ["export", "preview"], ["jobs", "list"]):
        assert lab.run_cli(*command, state=tmp_path / "state").code == 4
    assert os.listdir(tmp_path / "state") == []
    assert lab.run_cli("status", state=tmp_path / "nowhere").code == 4
    assert not (tmp_path / "nowhere").exists()


# --- the disk


class SmallDisk:
    """A file system of its own at `path`, in a mount namespace; fill() leaves only so many bytes."""

    def __init__(self, path, size="24m"):
        path.mkdir()
        self.path = path
        command = f'mount -t tmpfs -o size={size},mode=0755 tmpfs "$1" && echo ready && exec sleep 600'
        # an ordinary user is root in a user namespace, too
        make, enter = ([], []) if os.geteuid() == 0 else (["--user", "--map-root-user"], ["-U", "--preserve-credentials"])
        self.keeper = subprocess.Popen(["unshare", *make, "--mount", "sh", "-c", command, "sh", str(path)], stdout=subprocess.PIPE)
        assert self.keeper.stdout.readline() == b"ready\n", "a small disk needs a mount namespace"
        self.prefix = ["nsenter", "-t", str(self.keeper.pid), *enter, "-m", "--"]
        self.seen = f"/proc/{self.keeper.pid}/root{path}"

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.keeper.kill()
        self.keeper.wait()
        self.keeper.stdout.close()

    def fill(self, leave=0):
        room = os.statvfs(self.seen)
        with open(f"{self.seen}/filler", "wb", buffering=0) as out:
            os.posix_fallocate(out.fileno(), 0, room.f_bavail * room.f_frsize - leave)

    def free(self):
        os.unlink(f"{self.seen}/filler")


class SmallHouse(House):
    """Its state is on a small disk."""

    def __init__(self, folder, disk):
        self.disk = disk
        super().__init__(folder, "2026-06-09 12:00:00")
        self.state = disk.path / "state"
        self.cli("settings", "set", "preferences.time_zone=Asia/Tokyo").ok()

    def cli(self, *args, **options):
        return super().cli(*args, prefix=self.disk.prefix, **options)

    def daemon(self, env=None):
        return lab.Daemon(self.state, env={**self.clock.env, **(env or {})}, prefix=self.disk.prefix)


@pytest.fixture
def small(tmp_path):
    with SmallDisk(tmp_path / "disk") as disk:
        yield SmallHouse(tmp_path, disk)


def test_an_import_onto_a_full_disk_keeps_what_was_acknowledged_and_goes_on_after_space_is_freed(small, tmp_path):
    small.print("2026-06-07")
    small.disk.fill(leave=2 << 20)
    file = tmp_path / "many.ndjson"
    names = [f"{n:05} " + "x" * 200 for n in range(8000)]
    file.write_text("".join(json.dumps(small.record(BEFORE + " 10:00:00", name)) + "\n" for name in names))
    failed = small.cli("jobs", "import", "--format", "ndjson", str(file))
    assert failed.code == 5 and "X19" in failed.err, failed
    kept = len(small.cli("jobs", "list", "--json", timeout=120).json()) - 2
    assert 0 <= kept < 8000 and kept % 1000 == 0, "whole batches only"
    assert small.cli("status").ok()
    small.disk.free()
    again = small.cli("jobs", "import", "--format", "ndjson", "--json", str(file), timeout=120).ok().json()
    assert (again["stored"], again["duplicates"]) == (8000 - kept, kept)
    assert small.cli("store", "check").ok()


def test_an_export_with_a_full_disk_fails_with_x19_and_is_complete_after_space_is_freed(small, samba, share):
    small.set(*samba.settings(share))
    small.print("2026-06-07", BEFORE, count=300)
    small.disk.fill()
    failed = small.cli("export", "run")
    assert failed.code == 5 and "X19" in failed.err, failed
    assert small.cli("export", "test").code == 5
    assert small.cli("settings", "set", "export.hour=7").code == 5
    assert share.files() == [] and share.parts_left() == []
    small.disk.free()
    assert small.cli("settings", "show", "export.hour").out.strip() == "export.hour=3"
    assert small.run()["files"] == 2
    small.check_exactly_once(share.contents())
    assert os.listdir(f"{small.disk.seen}/state/spool") == []


def test_a_daemon_with_a_full_disk_lives_on_quietly_and_sends_after_space_is_freed(small, samba, share):
    small.set(*samba.settings(share), "export.enabled=true")
    small.at("2026-06-10 02:59:00").print("2026-06-09", count=300)
    small.at("2026-06-10 02:59:57")
    with small.daemon() as daemon:
        small.disk.fill()
        lab.wait_until(lambda: "X19" in daemon.log(), 20, "the failure in the log")
        time.sleep(1)
        assert daemon.process.poll() is None
        assert daemon.log().count("X19") <= 4, "not again and again"
        small.disk.free()
        daemon.terminate()
        daemon.start()
        assert small.wait_run(trigger="startup")["result"] == "success"
    small.check_exactly_once(share.contents())



def test_a_spool_folder_that_cannot_be_written_is_x19(house, samba, share):
    house.print(BEFORE)
    house.set(*samba.settings(share))
    (house.state / "spool").write_text("in the way")
    failed = house.cli("export", "run")
    assert failed.code == 5 and "X19" in failed.err and "spool" in failed.err
    (house.state / "spool").unlink()
    house.run()
    house.check_exactly_once(share.contents())


def test_the_helper_that_is_missing_is_our_fault_and_is_said(house, samba, share, tmp_path):
    house.print(BEFORE)
    house.set(*samba.settings(share))
    alone = tmp_path / "bin" / "printtrail"
    alone.parent.mkdir()
    shutil.copy(lab.product.program(), alone)
    done = subprocess.run([alone, "--state", house.state, "export", "run"], env=lab.base.environment(house.clock.env), capture_output=True)
    assert done.returncode == 1 and b"INTERNAL" in done.stderr and b"printtrail-deliver" in done.stderr, done
    house.run()
    house.check_exactly_once(share.contents())


def test_a_run_with_endless_sources_ends_within_its_minute_and_sends(slow_run):
    house, folder, process, start = slow_run
    _out, err = process.communicate(timeout=max(1, start + 90 - time.monotonic()))
    assert process.returncode == 0, err
    house.check_exactly_once(folder.contents())
    sources = {row["name"]: row["error"] for row in house.status()["sources"] if row["kind"] != "import"}
    assert len(sources) == 7 and all(sources.values()), sources
