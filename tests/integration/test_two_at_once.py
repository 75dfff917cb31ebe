# SPDX-License-Identifier: GPL-3.0-or-later
"""Two exports at once, jobs that come in meanwhile, and the lock between them: each job exactly once (SPEC RW8, X26)."""

import json
import signal
import threading
import time

import pytest

import lab
from house import House, children
from lab.proxy import SMB_WRITE

DAYS = ("2026-06-06", "2026-06-07", "2026-06-08")


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path, "2026-06-09 12:00:00")
    house.print(*DAYS, count=5)
    return house


@pytest.fixture(params=["smb", "ftp"])
def folder(request, house):
    server = request.getfixturevalue({"smb": "samba", "ftp": "ftp"}[request.param])
    folder = server.folder()
    house.set(*server.settings(folder))
    return folder


def test_two_runs_while_a_third_process_stores_jobs(house, folder):
    """Import, run and run, round after round; what the last import brought goes with one more run."""
    stop = threading.Event()
    stored = []

    def keep_importing():
        number = 0
        while not stop.is_set():
            number += 1
            names = [f"round {number} {day} {n}" for day in DAYS for n in range(20)]
            house.take([house.record(f"{name.split()[2]} 11:00:00", name) for name in names])
            stored.extend(names)

    importer = threading.Thread(target=keep_importing)
    importer.start()
    try:
        for _round in range(4):
            runs = [house.start("export", "run") for _ in range(2)]
            for process in runs:
                out, err = process.communicate(timeout=60)
                assert process.returncode == 0, (out, err)
    finally:
        stop.set()
        importer.join()
    house.run()
    house.names += stored
    assert len(stored) >= 60, "the import was alive while the runs ran"
    house.check_exactly_once(folder.contents())
    assert folder.parts_left() == []


def test_many_runs_at_once_send_every_file_once(house, folder):
    runs = [house.start("export", "run", "--json") for _ in range(5)]
    answers = []
    for process in runs:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        answers.append(json.loads(out)["files"])
    assert sum(answers) == 3
    house.check_exactly_once(folder.contents())
    assert all(row["attempts"] == 1 for row in house.ledger("auto", "delivered"))


@pytest.fixture
def stalled(house, samba_clear):
    """A run that hangs in the middle of its upload, until proxy.clear()."""
    folder = samba_clear.folder()
    with lab.Proxy(samba_clear) as proxy:
        house.set(*samba_clear.settings(proxy.address(folder)))
        rule = proxy.when(client=SMB_WRITE, do="stall")
        first = house.start("export", "run")
        rule.wait(20)
        yield first, proxy, folder
        proxy.clear()
        first.kill()
        first.communicate()


def test_a_second_run_gives_up_after_ten_seconds_with_x26(house, stalled):
    first, proxy, folder = stalled
    second = house.start("export", "run")
    start = time.monotonic()
    reading = house.status()
    assert reading["running"] and reading["last_run"]["result"] == "running", "looking is not kept waiting"
    assert house.cli("deliveries").ok() and house.cli("export", "preview").ok()
    house.print("2026-06-08", tag="meanwhile ")
    house.set("export.empty_days=false")
    _out, err = second.communicate(timeout=30)
    assert second.returncode == 5 and b"X26" in err
    assert 9 <= time.monotonic() - start <= 16
    proxy.clear()
    assert first.wait(30) == 0
    house.run()
    house.check_exactly_once(folder.contents())


def test_what_needs_the_lock_waits_for_the_run_and_then_does_its_work(house, stalled):
    first, proxy, folder = stalled
    waive = house.start("export", "waive", "--day", "2026-06-05", "--reason", "nothing there")
    ranged = house.start("export", "range", "--from", "2026-06-06", "--to", "2026-06-06")
    time.sleep(1)
    assert waive.poll() is None and ranged.poll() is None
    proxy.clear()
    assert first.wait(30) == 0
    assert waive.wait(30) == 4 and ranged.wait(30) == 0
    waive.communicate(), ranged.communicate()
    automatic = {name: data for name, data in folder.contents().items() if name.startswith("export_")}
    house.check_exactly_once(automatic)
    assert len(folder.files()) == len(automatic) + 1


def test_a_test_export_is_not_kept_waiting_by_a_run(house, stalled, samba, share):
    start = time.monotonic()
    with_values = [value for pair in samba.settings(share) for value in ("--with", pair)]
    house.cli("export", "test", *with_values).ok()
    assert time.monotonic() - start < 8


def test_the_lock_lives_as_long_as_the_helper_and_dies_with_it(house, stalled):
    """The program is killed, its helper dies with it: the next run goes at once and nothing is doubled."""
    first, proxy, folder = stalled
    helpers = children(first.pid)
    assert helpers
    first.kill()
    first.wait(10)
    proxy.clear()
    start = time.monotonic()
    assert house.run()["result"] == "success"
    assert time.monotonic() - start < 9
    house.check_exactly_once(folder.contents())
    assert folder.parts_left() == []


def test_a_paused_runner_that_wakes_late_does_no_harm(house, samba, share):
    """Stopped before its upload, with the lock in its hand: nobody else runs; woken, it goes on."""
    house.set(*samba.settings(share))
    paused = house.start("export", "run", env={"PT_FAULT": "export.sending=stop"})
    lab.wait_until(lambda: house.ledger("auto", "sending"), 20, "the attempt")
    second = house.start("export", "run")
    time.sleep(1)
    assert second.poll() is None
    house.at("2026-06-12 12:00:00")
    paused.send_signal(signal.SIGCONT)
    for process in (paused, second):
        process.communicate(timeout=30)
        assert process.returncode == 0
    house.check_exactly_once(share.contents())


def test_two_imports_and_a_run_at_once(house, samba, share, tmp_path):
    house.set(*samba.settings(share))
    names = [f"bulk {n}" for n in range(3000)]
    file = tmp_path / "bulk.ndjson"
    file.write_text("".join(json.dumps(house.record("2026-06-08 13:00:00", name)) + "\n" for name in names))
    imports = [house.start("jobs", "import", "--format", "ndjson", str(file), "--json") for _ in range(2)]
    run = house.start("export", "run")
    told = []
    for process in imports:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        told.append(json.loads(out))
    assert run.wait(60) == 0
    run.communicate()
    assert sum(t["stored"] for t in told) == 3000 and sum(t["duplicates"] for t in told) == 3000
    house.names += names
    house.run()
    house.check_exactly_once(share.contents())
