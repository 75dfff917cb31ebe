# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon: when it runs, what wakes it, what it does at start-up, and how it stops (SPEC RB, RD)."""

import datetime
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest

import lab
from house import House, children
from lab.base import free_port
from lab.proxy import SMB_RENAME, SMB_WRITE

NOBODY = 65534


@pytest.fixture
def house(tmp_path, samba, share):
    """Sends to a share at 3:00; has jobs of the 8th; it is the 9th, a quarter to three."""
    house = House(tmp_path, "2026-06-09 02:45:00")
    house.set(*samba.settings(share), "export.enabled=true", "export.hour=3")
    house.print("2026-06-08")
    return house


@pytest.fixture(scope="module")
def stepped(tmp_path_factory, samba):
    """A daemon whose clock was set over the hour and whom nobody told; looked at last, because it may take half a minute."""
    house = House(tmp_path_factory.mktemp("stepped"), "2026-06-09 02:45:00")
    house.set(*samba.settings(samba.folder()), "export.enabled=true", "export.hour=3")
    with house.daemon():
        house.at("2026-06-09 03:00:00")
        yield house, time.monotonic()


def test_a_step_of_the_clock_is_not_seen_in_the_same_moment(stepped):
    assert stepped[0].last_run() is None


def point(house, port):
    """The same share by another port: the destination that is down, or a proxy before it."""
    path = house.cli("settings", "show", "smb.path").ok().out.strip().partition("=")[2]
    house.set("smb.path=" + re.sub(r"@\d+", f"@{port}", path))


# --- the hour


def test_the_run_comes_by_itself_when_the_clock_reaches_the_hour(house, share):
    house.at("2026-06-09 02:59:57")
    with house.daemon():
        assert house.last_run() is None
        run = house.wait_run(trigger="schedule")
    assert (run["nominal_date"], run["started"], run["result"]) == ("2026-06-09", "2026-06-08T18:00:00Z", "success")
    house.check_exactly_once(share.contents())


def test_one_run_a_day_and_no_second_one_in_the_same_hour(house, share):
    house.at("2026-06-09 03:00:00")
    with house.daemon() as daemon:
        first = house.wait_run(nominal_date="2026-06-09")
        house.print("2026-06-08", tag="late ")
        for moment in ("03:00:30", "03:59:59", "23:59:59"):
            house.at(f"2026-06-09 {moment}").wake()
            assert house.last_run() == first
        daemon.terminate()
        daemon.start()
        assert house.last_run() == first, "nor at a restart after a success (RD4)"
        house.at("2026-06-10 03:00:00").wake()
        house.wait_run(nominal_date="2026-06-10")
    assert share.files() == ["export_20260608.csv", "export_20260608_2.csv"]
    house.check_exactly_once(share.contents())


def test_saving_never_starts_a_run_and_the_new_hour_is_known_at_once(house, share):
    with house.daemon():
        assert house.status()["next_run"] == "2026-06-08T18:00:00Z"
        house.at("2026-06-09 12:30:00").set("export.hour=12")  # passed half an hour ago
        assert house.status()["next_run"] == "2026-06-10T03:00:00Z"
        house.wake()
        house.wake()
        assert house.last_run() is None and share.files() == []
        house.set("export.hour=13")
        assert house.status()["next_run"] == "2026-06-09T04:00:00Z"
        house.at("2026-06-09 12:59:58")
        house.set("csv.separator=tab")  # wakes it: its timer was for another hour
        assert house.wait_run(trigger="schedule")["nominal_date"] == "2026-06-09"


def test_switching_on_starts_no_run_either(house, share):
    house.at("2026-06-09 03:00:01").set("export.enabled=false")
    with house.daemon():
        house.set("export.enabled=true")
        house.wake()
        assert house.last_run() is None and share.files() == []
        assert house.status()["next_run"] == "2026-06-09T18:00:00Z"


def test_an_hour_that_is_saved_wakes_the_daemon_long_before_its_next_look(house):
    """Without the wake-up socket it would look again after half a minute."""
    house.at("2026-06-09 05:59:55").set("export.hour=23")
    with house.daemon():
        house.set("export.hour=6")
        start = time.monotonic()
        house.wait_run(trigger="schedule")
        assert time.monotonic() - start < 15


def test_a_clock_set_back_over_the_hour_runs_nothing_twice(house, share):
    house.at("2026-06-09 03:00:00")
    with house.daemon():
        first = house.wait_run(nominal_date="2026-06-09")
        house.at("2026-06-09 02:59:58").wake()
        time.sleep(2.5)  # the hour comes a second time
        house.wake()
        assert house.last_run() == first
        house.at("2026-06-10 03:00:00").wake()
        house.wait_run(nominal_date="2026-06-10")
    assert share.files() == ["export_20260608.csv"]


def test_a_clock_set_forward_over_the_hour_runs_at_once(house, share):
    with house.daemon():
        house.at("2026-06-12 15:00:00").wake()
        run = house.wait_run(nominal_date="2026-06-12")
        assert run["result"] == "success"
    assert share.files() == ["export_20260608.csv"]


def test_a_run_under_a_wrong_clock_blocks_no_other_day(house, share):
    with house.daemon():
        house.at("2030-01-01 03:00:00").wake()
        house.wait_run(nominal_date="2030-01-01")
        house.at("2026-06-09 02:59:58").wake()
        assert house.wait_run(nominal_date="2026-06-09")["result"] == "success"
        house.at("2026-06-10 03:00:00").print("2026-06-09")
        house.wake()
        assert house.wait_run(nominal_date="2026-06-10")["files"] == 1
    house.check_exactly_once(share.contents())


def test_the_hour_is_that_of_the_time_zone_in_the_preferences(house, share):
    house.set("preferences.time_zone=America/New_York")
    assert house.status()["next_run"] == "2026-06-09T07:00:00Z"
    with house.daemon():
        house.at("2026-06-09 03:00:00").wake()
        assert house.last_run() is None
        house.at("2026-06-09 16:00:00").wake()  # 3:00 in New York
        assert house.wait_run(trigger="schedule")["started"] == "2026-06-09T07:00:00Z"


# --- failure and start-up


def test_a_run_that_failed_is_sent_at_the_restart(house, samba, share):
    point(house, free_port())
    with house.daemon():
        house.at("2026-06-09 03:00:00").wake()
        assert house.wait_run(trigger="schedule")["code"] == "X02"
    point(house, samba.port)
    house.at("2026-06-09 04:00:00")
    with house.daemon():
        run = house.wait_run(trigger="startup")
    assert (run["nominal_date"], run["result"]) == ("2026-06-09", "success")
    house.check_exactly_once(share.contents())


def test_a_run_that_was_killed_is_sent_at_the_restart(house, share):
    house.at("2026-06-09 03:00:00")
    daemon = house.daemon(env={"PT_FAULT": "export.sending"})
    try:
        daemon.start()
    except lab.LabError:
        pass
    else:
        lab.wait_until(lambda: daemon.process.poll() is not None, 20, "the end at the fault point")
        daemon.stop()
    assert share.files() == []
    with house.daemon():
        assert house.wait_run(trigger="startup")["result"] == "success"
    house.check_exactly_once(share.contents())


def test_extra_retries_come_after_their_minutes_doubling(house, samba, share):
    point(house, free_port())
    house.set("export.retries=2", "export.retry_minutes=10")
    with house.daemon():
        house.at("2026-06-09 03:00:00").wake()
        house.wait_run(trigger="schedule", result="failed")
        house.at("2026-06-09 03:09:00").wake()
        assert house.last_run()["trigger"] == "schedule"
        house.at("2026-06-09 03:10:30").wake()
        first = house.wait_run(trigger="retry")
        house.at("2026-06-09 03:29:00").wake()
        assert house.last_run() == first
        point(house, samba.port)
        house.at("2026-06-09 03:31:00").wake()
        assert house.wait_run(trigger="retry", result="success")["nominal_date"] == "2026-06-09"
    house.check_exactly_once(share.contents())


def test_without_retries_it_is_the_next_hour(house, samba, share):
    point(house, free_port())
    with house.daemon():
        house.at("2026-06-09 03:00:00").wake()
        failed = house.wait_run(trigger="schedule", result="failed")
        point(house, samba.port)
        for moment in ("2026-06-09 03:15:00", "2026-06-09 12:00:00", "2026-06-10 02:59:00"):
            house.at(moment).wake()
            assert house.last_run() == failed
        house.at("2026-06-10 03:00:00").wake()
        house.wait_run(nominal_date="2026-06-10", result="success")
    house.check_exactly_once(share.contents())


def test_at_start_up_the_network_gets_two_minutes(house, samba, share):
    """X02 first, then the server is there: the run has not failed."""
    port = free_port()
    point(house, port)
    house.at("2026-06-09 09:00:00")
    with house.daemon():
        lab.wait_until(lambda: house.ledger("auto", "failed"), 20, "a first attempt that found nobody")
        assert house.status()["running"]
        proxy = lab.Proxy(samba)
        proxy.port = port  # where nobody was
        with proxy:
            run = house.wait_run(trigger="startup")
    assert (run["result"], run["files"]) == ("success", 1)
    row, = house.ledger("auto", "delivered")
    assert row["attempts"] >= 2
    house.check_exactly_once(share.contents())


def test_after_the_two_minutes_the_start_up_run_has_failed(house, share):
    point(house, free_port())
    house.at("2026-06-09 09:00:00")
    with house.daemon():
        lab.wait_until(lambda: house.ledger("auto", "failed"), 20, "a first attempt that found nobody")
        house.at("2026-06-09 09:02:01")
        run = house.wait_run(trigger="startup")
    assert (run["result"], run["code"]) == ("failed", "X02")


def test_a_name_that_cannot_be_resolved_is_tried_again_at_start_up(house):
    house.set("smb.path=\\\\no-such-computer.invalid\\export")
    house.at("2026-06-09 09:00:00")
    with house.daemon():
        lab.wait_until(lambda: house.ledger("auto", "failed"), 20, "a first attempt")
        time.sleep(3)  # the pause between two attempts is two seconds
        assert house.status()["running"]
        house.at("2026-06-09 09:02:01")
        assert house.wait_run(trigger="startup")["code"] == "X01"


def test_a_wrong_password_is_not_tried_again_at_start_up(house, samba, share):
    house.set(*samba.settings(share, password="wrong"))
    house.print("2026-06-07", "2026-06-06")
    house.at("2026-06-09 09:00:00")
    with house.daemon():
        assert house.wait_run(trigger="startup")["code"] == "X04"
    assert sum(row["attempts"] for row in house.ledger()) == 1, "one log-in, not one a file"


def test_a_destination_that_is_not_complete_is_a_failed_run_not_a_dead_daemon(house):
    house.set("export.enabled=false")
    house.set("smb.user=")
    with house.daemon():
        refused = house.cli("settings", "set", "export.enabled=true")
        assert refused.code == 2 and "smb.user" in refused.err
        house.at("2026-06-09 03:00:00").wake()
        assert house.status()["enabled"] is False


# --- two at once


def test_a_run_by_hand_while_the_daemon_is_at_it(tmp_path, samba_clear):
    folder = samba_clear.folder()
    house = House(tmp_path, "2026-06-09 02:45:00")
    house.print("2026-06-07", "2026-06-08")
    with lab.Proxy(samba_clear) as proxy:
        house.set(*samba_clear.settings(proxy.address(folder)), "export.enabled=true")
        rule = proxy.when(client=SMB_WRITE, do="stall")
        house.at("2026-06-09 03:00:00")
        with house.daemon():
            rule.wait(20)
            assert house.status()["running"]
            second = house.start("export", "run")
            time.sleep(0.3)
            rule.resume()
            out, err = second.communicate(timeout=30)
            assert second.returncode == 0, err
            assert house.wait_run(trigger="hand")["files"] == 0
    house.check_exactly_once(folder.contents())


def test_the_days_run_waits_for_one_by_hand_and_is_not_skipped(tmp_path, samba_clear):
    folder = samba_clear.folder()
    house = House(tmp_path, "2026-06-09 02:59:50")
    house.print("2026-06-07", "2026-06-08")
    with lab.Proxy(samba_clear) as proxy:
        house.set(*samba_clear.settings(proxy.address(folder)), "export.enabled=true")
        rule = proxy.when(client=SMB_WRITE, do="stall")
        byhand = house.start("export", "run")
        rule.wait(20)
        house.at("2026-06-09 03:00:00")
        with house.daemon():
            time.sleep(0.5)
            rule.resume()
            assert byhand.wait(30) == 0
            byhand.communicate()
            run = house.wait_run(nominal_date="2026-06-09")
            assert (run["result"], run["files"]) == ("success", 0)
    house.check_exactly_once(folder.contents())


def test_a_second_daemon_on_the_same_state_ends_with_75(house):
    with house.daemon():
        second = house.cli("serve")
        assert second.code == os.EX_TEMPFAIL
        assert "another printtrail daemon" in second.err
        assert house.cli("serve", env={"LC_ALL": "ja_JP.UTF-8"}).err.count("デーモンが実行中") == 1
        house.at("2026-06-09 03:00:00").wake()
        house.wait_run(trigger="schedule")


def test_after_kill_9_the_next_daemon_starts_over_the_old_socket_and_lock(house):
    daemon = house.daemon().start()
    daemon.kill()
    assert (house.state / "wake.sock").exists()
    with daemon:
        house.at("2026-06-09 03:00:00").wake()
        house.wait_run(trigger="schedule")
    assert not (house.state / "wake.sock").exists()


# --- a state that cannot be used


def test_a_state_directory_that_cannot_be_made_ends_with_77(tmp_path):
    (tmp_path / "file").write_text("")
    done = lab.run_cli("serve", state=tmp_path / "file" / "state")
    assert done.code == os.EX_NOPERM and "state" in done.err


def test_a_state_directory_that_cannot_be_written_ends_with_77(tmp_path):
    house = House(tmp_path)
    if os.geteuid() == 0:  # nothing forbids root; it goes on as the owner, who must not write there
        for path in [house.state, *house.state.iterdir()]:
            os.chown(path, NOBODY, NOBODY)
        for path in (tmp_path.parent.parent, tmp_path.parent, tmp_path):
            path.chmod(0o755)
    house.state.chmod(0o500)
    done = lab.run_cli("serve", state=house.state)
    assert done.code == os.EX_NOPERM, done
    assert "X19" in done.err


def test_a_state_that_is_a_file_and_one_of_a_newer_version(tmp_path):
    (tmp_path / "plain").write_text("no directory")
    assert lab.run_cli("serve", state=tmp_path / "plain").code in (os.EX_NOPERM, os.EX_CONFIG)
    house = House(tmp_path)
    subprocess.run(["sqlite3", house.state / "printtrail.db", "UPDATE meta SET value='99999' WHERE key='schema_version'; PRAGMA user_version=99999"], check=True)
    done = lab.run_cli("serve", state=house.state)
    assert done.code == os.EX_CONFIG and "X20" in done.err, done


# --- readiness, watchdog, idling


class Notifications:
    """What systemd would hear."""

    def __init__(self, folder):
        self.path = folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))

    def wait(self, word, timeout=20):
        self.socket.settimeout(timeout)
        while word not in self.socket.recv(4096).decode().split("\n"):
            pass


def test_readiness_watchdog_and_stopping_are_told(house, tmp_path):
    heard = Notifications(tmp_path)
    process = house.start("serve", env={"NOTIFY_SOCKET": str(heard.path), "WATCHDOG_USEC": "900000"})
    try:
        heard.wait("READY=1")
        assert (house.state / "wake.sock").exists(), "ready means that it can be woken"
        for _ in range(3):
            heard.wait("WATCHDOG=1", timeout=2)
        process.send_signal(signal.SIGTERM)
        heard.wait("STOPPING=1")
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.communicate()


def switches(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", text, re.M).group(1))


def test_without_sources_the_daemon_sleeps(tmp_path):
    house = House(tmp_path)
    with house.daemon() as daemon:
        time.sleep(0.5)
        before = switches(daemon.pid)
        time.sleep(5)
        assert switches(daemon.pid) - before <= 2
        assert len(list(pathlib.Path(f"/proc/{daemon.pid}/task").iterdir())) <= 3
        assert children(daemon.pid) == []


# --- sources


def test_sources_are_asked_every_poll_seconds(house):
    with lab.BadIpp("error-500") as printer:
        house.set("sources.poll_seconds=5")
        house.cli("sources", "add", "mfp", printer.uri).ok()
        before = len(printer.requests)
        with house.daemon():
            lab.wait_until(lambda: len(printer.requests) > before, 3, "the first poll at the start")
            first = time.monotonic()
            one = len(printer.requests) - before
            lab.wait_until(lambda: len(printer.requests) >= before + 2 * one, 12, "the second poll")
            assert 4 <= time.monotonic() - first <= 8
        row, = [row for row in house.status()["sources"] if row["name"] == "mfp"]
        assert row["error"] in ("S01", "S03")


def test_a_source_that_is_added_is_asked_at_once(house):
    with lab.BadIpp("error-500") as printer, house.daemon():
        house.cli("sources", "add", "mfp", printer.uri).ok()
        lab.wait_until(lambda: [row for row in house.status()["sources"] if row["last_poll"]], 5, "a poll")
        assert printer.requests


def test_a_run_asks_every_source_first_and_a_silent_one_does_not_stop_it(house, share, cups, pdf):
    with lab.BadIpp("closed") as silent:
        house.cli("sources", "add", "silent", silent.uri).ok()
        house.cli("sources", "add", "server", cups.uri).ok()
        cups.wait_finished(cups.lp("demo", pdf, user="suzuki", title="just before the run"))
        now = time.localtime()
        house.at(time.strftime("%Y-%m-%d 12:00:00", now))
        assert house.run()["result"] == "success"
        jobs = house.cli("jobs", "list", "--json").ok().json()
        assert "just before the run" in [job["document_name"] for job in jobs]
        sources = {row["name"]: row for row in house.status()["sources"]}
        assert sources["silent"]["error"] and not sources["server"]["error"]
    assert share.files()


# --- stopping


def test_idle_it_stops_within_two_seconds_and_leaves_no_socket(house):
    with house.daemon() as daemon:
        start = time.monotonic()
        assert daemon.terminate(timeout=2) == 0
        assert time.monotonic() - start < 2
    assert not (house.state / "wake.sock").exists()


@pytest.fixture
def proxied(tmp_path, samba_clear):
    """(house, proxy, folder): led through a proxy that can read along; due at once."""
    folder = samba_clear.folder()
    house = House(tmp_path, "2026-06-09 02:45:00")
    house.print("2026-06-07", "2026-06-08")
    with lab.Proxy(samba_clear) as proxy:
        house.set(*samba_clear.settings(proxy.address(folder)), "export.enabled=true")
        house.at("2026-06-09 03:00:00")
        yield house, proxy, folder


def stop_in_time(daemon):
    start = time.monotonic()
    assert daemon.terminate(timeout=5) == 0
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("moment", [SMB_WRITE, SMB_RENAME], ids=["write", "rename"])
def test_during_a_transfer_it_stops_within_two_seconds_and_completes_it_once_after_the_restart(proxied, moment):
    house, proxy, folder = proxied
    rule = proxy.when(client=moment, do="stall")
    with house.daemon() as daemon:
        rule.wait(20)
        helpers = children(daemon.pid)
        assert helpers
        stop_in_time(daemon)
        lab.wait_until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in helpers), 5, "the helper's end")
        assert folder.files() == []
        proxy.clear()
        daemon.start()
        run = house.wait_run(trigger="startup")
        assert run["result"] == "success", run
    house.check_exactly_once(folder.contents())
    assert folder.parts_left() == []


def test_during_a_hanging_poll_it_stops_within_two_seconds(house):
    with lab.BadIpp("hang") as printer:
        house.cli("sources", "add", "mfp", printer.uri).ok()
        with house.daemon() as daemon:
            time.sleep(1)
            stop_in_time(daemon)


def test_while_a_run_asks_a_hanging_source_it_stops_and_sends_after_the_restart(house, share):
    with lab.BadIpp("hang") as printer:
        house.cli("sources", "add", "mfp", printer.uri).ok()
        house.at("2026-06-09 03:00:00")
        with house.daemon() as daemon:
            lab.wait_until(lambda: house.status()["running"], 10, "the run")
            stop_in_time(daemon)
            house.cli("sources", "remove", "mfp").ok()
            daemon.start()
            assert house.wait_run(trigger="startup")["result"] == "success"
    house.check_exactly_once(share.contents())


def test_while_waiting_for_the_network_at_start_up_it_stops_within_two_seconds(house, samba, share):
    point(house, free_port())
    house.at("2026-06-09 09:00:00")
    with house.daemon() as daemon:
        lab.wait_until(lambda: house.ledger("auto", "failed"), 20, "a first attempt that found nobody")
        stop_in_time(daemon)
        point(house, samba.port)
        daemon.start()
        assert house.wait_run(trigger="startup", result="success")
    house.check_exactly_once(share.contents())


def test_the_log_names_runs_and_failures_once(house, samba, share):
    house.set(*samba.settings(share, password="wrong"))
    with house.daemon() as daemon:
        house.at("2026-06-09 03:00:00").wake()
        house.wait_run(trigger="schedule")
        lab.wait_until(lambda: "X04" in daemon.log(), 5, "the failure in the log")
        assert daemon.log().count("X04") == 1
        house.set(*samba.settings(share))
        house.at("2026-06-10 03:00:00").wake()
        house.wait_run(nominal_date="2026-06-10")
        lab.wait_until(lambda: "success" in daemon.log(), 5, "the success in the log")


def test_a_step_of_the_clock_is_noticed_within_half_a_minute_without_being_told(stepped):
    house, start = stepped
    run = lab.wait_until(house.last_run, max(1, start + 45 - time.monotonic()), "the run after the step", pause=0.5)
    assert run["nominal_date"] == "2026-06-09"
    late = house.clock.seconds("2026-06-09 03:00:00")
    began = datetime.datetime.fromisoformat(run["started"].replace("Z", "+00:00")).timestamp()
    assert 0 <= began - late <= 35
