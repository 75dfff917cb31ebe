# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a file that failed or whose fate is open: foreign files, changed targets, lost replies, quick receivers (SPEC RW8, RW9, RD5)."""

import os

import pytest

import lab
from house import House, documents
from lab.proxy import SMB_RENAME

DAY = "2026-06-08"
NAME = "export_20260608.csv"
FOREIGN = "another machine's jobs\r\n".encode()


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path, "2026-06-09 12:00:00")
    house.print(DAY)
    return house


@pytest.fixture(params=["smb", "ftp"])
def receiver(request):
    """(server, folder) for each method that makes files."""
    server = request.getfixturevalue({"smb": "samba", "ftp": "ftp"}[request.param])
    return server, server.folder()


def put(folder, name, data=FOREIGN):
    path = folder.path / name
    path.write_bytes(data)
    path.chmod(0o666)


# --- a foreign file of that name (X15)


def test_a_foreign_file_stays_and_the_jobs_come_under_the_next_name(house, receiver):
    server, folder = receiver
    put(folder, NAME)
    house.print("2026-06-07")
    house.set(*server.settings(folder))
    run = house.cli("export", "run", "--json").ok(3).json()
    assert (run["result"], run["code"], run["files"]) == ("partial", "X15", 1), "the other day goes on"
    assert folder.files() == ["export_20260607.csv", NAME] and folder.read(NAME) == FOREIGN
    assert house.status()["pending"]["days"] == [DAY]
    assert house.run()["files"] == 1
    assert folder.files() == ["export_20260607.csv", NAME, "export_20260608_2.csv"]
    assert folder.read(NAME) == FOREIGN and folder.parts_left() == []
    (folder.path / NAME).unlink()
    house.check_exactly_once(folder.contents())
    assert [row["error"] for row in house.ledger("auto", "void")] == ["X15"]


def test_a_foreign_file_that_differs_only_in_case_counts_too_on_a_share(house, samba, share):
    put(share, NAME.upper())
    house.set(*samba.settings(share))
    house.cli("export", "run").ok(6)
    assert house.run()["files"] == 1
    assert sorted(share.files()) == [NAME.upper(), "export_20260608_2.csv"]


def test_two_installations_without_prefix_never_overwrite_each_other(house, receiver, tmp_path):
    server, folder = receiver
    (tmp_path / "b").mkdir()
    other = House(tmp_path / "b", "2026-06-09 12:00:00")
    other.print(DAY, tag="other ")
    for one in (house, other):
        one.set(*server.settings(folder))
    assert house.run()["files"] == 1
    other.cli("export", "run").ok(6)
    assert other.run()["files"] == 1
    contents = folder.contents()
    house.check_exactly_once({NAME: contents.pop(NAME)})
    other.check_exactly_once(contents)
    warned = house.cli("export", "test", "--json").ok().json()["warnings"]
    assert any("export_20260608_2.csv" in text for text in warned) and not any(NAME in text for text in warned)


# --- another destination


def test_a_changed_target_releases_what_failed_and_keeps_its_name(house, receiver, ftp, share, samba):
    server, folder = receiver
    house.set(*server.settings(folder, password="wrong"))
    house.cli("export", "run").ok(6)
    failed, = house.ledger("auto", "failed")
    assert failed["file_name"] == NAME
    house.set("csv.separator=semicolon", *samba.settings(share))
    assert house.run()["files"] == 1
    assert share.files() == [NAME] and b";" in share.read(NAME), "planned anew, in today's format"
    assert [row["id"] for row in house.ledger("auto", "void")] == [failed["id"]]
    assert folder.files() == []
    assert os.listdir(house.state / "spool") == []


def test_a_delivered_day_is_not_sent_again_to_a_new_destination(house, receiver, share, samba):
    server, folder = receiver
    house.set(*server.settings(folder))
    house.run()
    late = house.print(DAY, tag="late ")
    house.set(*samba.settings(share))
    assert house.run()["files"] == 1
    assert share.files() == ["export_20260608_2.csv"] and documents(share.read("export_20260608_2.csv")) == late


def stuck_in_closing(house, samba_clear, folder, proxy):
    """The rename is asked for and no answer comes: the outcome is open."""
    house.set(*samba_clear.settings(proxy.address(folder)))
    assert house.cli("export", "run", env={"PT_FAULT": "deliver.go"}).code == -9
    row, = house.ledger("auto", "closing")
    return row


def test_a_closing_file_waits_at_its_old_target_and_the_others_go_to_the_new_one(house, samba_clear, samba, share):
    old = samba_clear.folder()
    with lab.Proxy(samba_clear) as proxy:
        row = stuck_in_closing(house, samba_clear, old, proxy)
    house.print("2026-06-07")
    house.set(*samba.settings(share))  # the old one does not answer any more
    run = house.cli("export", "run", "--json").ok(3).json()
    assert (run["result"], run["files"], run["code"]) == ("partial", 1, "X02")
    assert share.files() == ["export_20260607.csv"]
    assert house.status()["pending"]["closing"] == [NAME]
    assert NAME in house.cli("status").ok().out
    house.cli("export", "waive", "--file", NAME, "--reason", "seen there by hand").ok()
    assert house.run()["files"] == 0
    waived, = house.ledger("auto", "waived")
    assert waived["id"] == row["id"] and "seen there by hand" in waived["note"]
    assert house.status()["pending"]["closing"] == []


def test_a_closing_file_is_finished_at_its_old_target_when_that_answers(house, samba_clear, samba, share):
    old = samba_clear.folder()
    with lab.Proxy(samba_clear) as proxy:
        stuck_in_closing(house, samba_clear, old, proxy)
        house.print("2026-06-07")
        house.set(*samba.settings(share))
        assert house.run()["files"] == 2
    assert (old.files(), share.files()) == ([NAME], ["export_20260607.csv"])
    house.check_exactly_once({**old.contents(), **share.contents()})


# --- replies that were lost


def test_a_lost_reply_to_the_rename_is_resolved_in_the_same_run(house, samba_clear):
    folder = samba_clear.folder()
    with lab.Proxy(samba_clear) as proxy:
        rule = proxy.when(client=SMB_RENAME, do="lose-reply")
        house.set(*samba_clear.settings(proxy.address(folder)))
        assert house.run()["files"] == 1
        assert rule.fired
    house.check_exactly_once(folder.contents())
    assert folder.parts_left() == []


def test_a_lost_reply_to_rnto_is_resolved_in_the_same_run(house, ftp, ftp_folder):
    with lab.Proxy(ftp, ftp=True) as proxy:
        rule = proxy.when(client=b"RNTO", do="lose-reply")
        house.set(*ftp.settings(proxy.address(ftp_folder)))
        assert house.run()["files"] == 1
        assert rule.fired
    house.check_exactly_once(ftp_folder.contents())


@pytest.mark.parametrize("method", ["smb", "ftp"])
def test_a_rename_that_never_arrived_is_made_by_the_resolution(house, request, method):
    server = request.getfixturevalue({"smb": "samba_clear", "ftp": "ftp"}[method])
    folder = server.folder()
    with lab.Proxy(server, ftp=method == "ftp") as proxy:
        rule = proxy.when(client=SMB_RENAME if method == "smb" else b"RNTO", do="cut")
        house.set(*server.settings(proxy.address(folder)))
        assert house.run()["files"] == 1
        assert rule.fired
    house.check_exactly_once(folder.contents())
    row, = house.ledger("auto", "delivered")
    assert row["attempts"] == 1, "nothing was uploaded twice"


@pytest.mark.parametrize("method", ["smb", "ftp"])
def test_a_receiver_that_takes_the_file_at_once_while_the_reply_is_lost(house, request, method):
    server = request.getfixturevalue({"smb": "samba_clear", "ftp": "ftp"}[method])
    folder = server.folder()
    house.set(*server.settings(folder))
    house.run()
    taken = folder.contents()
    (folder.path / NAME).unlink()  # this receiver takes every file away
    house.at("2026-06-10 12:00:00").print("2026-06-09")
    with lab.Proxy(server, ftp=method == "ftp") as proxy:
        house.set(*server.settings(proxy.address(folder)))
        house.set(*server.settings(folder))
        assert house.cli("export", "run", env={"PT_FAULT": "export.answered"}).code == -9
    data = folder.read("export_20260609.csv")
    (folder.path / "export_20260609.csv").unlink()
    taken["export_20260609.csv"] = data
    assert house.run()["result"] == "success"
    row, = [row for row in house.ledger("auto", "delivered") if row["day"] == "2026-06-09"]
    assert row["note"] == "taken"
    assert folder.files() == []
    house.check_exactly_once(taken)


def test_a_file_that_the_server_lost_while_an_earlier_one_is_still_there_is_sent_again(house, samba, share):
    house.set(*samba.settings(share))
    house.run()
    house.at("2026-06-10 12:00:00").print("2026-06-09")
    assert house.cli("export", "run", env={"PT_FAULT": "export.answered"}).code == -9
    (share.path / "export_20260609.csv").unlink()
    house.cli("export", "run")
    house.run()
    assert share.files() == [NAME, "export_20260609.csv"]
    house.check_exactly_once(share.contents())


def test_a_cut_in_the_middle_of_the_upload_leaves_nothing_and_goes_whole_the_next_time(house, samba_clear):
    folder = samba_clear.folder()
    with lab.Proxy(samba_clear) as proxy:
        house.set(*samba_clear.settings(proxy.address(folder)))
        proxy.when(client=b"\xfeSMB", do="pass")
        rule = proxy.when(client="履歴番号".encode(), do="cut")
        house.cli("export", "run").ok(5)
        assert rule.fired and folder.files() == []
        assert house.run()["files"] == 1
    house.check_exactly_once(folder.contents())
    assert folder.parts_left() == []


# --- frozen bytes


def test_a_spool_file_that_was_changed_is_rendered_again(house, samba, share):
    house.set(*samba.settings(share, password="wrong"))
    house.cli("export", "run").ok(6)
    spooled, = (house.state / "spool").iterdir()
    good = spooled.read_bytes()
    spooled.write_bytes(good.replace(b"tanaka", b"nobody"))
    house.set(*samba.settings(share))
    house.run()
    assert share.read(NAME) == good


@pytest.mark.parametrize("harm", ["emptied", "gone"])
def test_a_spool_file_that_is_lost_is_rendered_again(house, samba, share, harm):
    house.set(*samba.settings(share, password="wrong"))
    house.cli("export", "run").ok(6)
    spooled, = (house.state / "spool").iterdir()
    good = spooled.read_bytes()
    spooled.unlink()
    if harm == "emptied":
        spooled.write_bytes(b"")
    house.set(*samba.settings(share), "csv.separator=tab", "csv.encoding=cp932")
    house.run()
    assert share.read(NAME) == good


def test_another_hash_is_never_sent(house, samba, share):
    """The jobs were changed behind the product's back after the first attempt: 7, and nothing goes out."""
    house.set(*samba.settings(share, password="wrong"))
    house.cli("export", "run").ok(6)
    spooled, = (house.state / "spool").iterdir()
    spooled.unlink()
    lab.base.run(["sqlite3", house.state / "printtrail.db", "UPDATE job SET user_name='nobody'"])
    house.set(*samba.settings(share))
    run = house.cli("export", "run", "--json").ok(7).json()
    assert (run["result"], run["code"]) == ("failed", "INTEGRITY")
    assert share.files() == [] and share.parts_left() == []


def test_waiving_a_day_covers_what_was_there_and_not_what_comes_later(house, samba, share):
    house.set(*samba.settings(share, password="wrong"))
    house.cli("export", "run").ok(6)
    assert house.cli("export", "waive", "--day", DAY, "--reason", "lost", "--json").ok().json() == {"jobs": 2}
    assert house.cli("export", "waive", "--day", DAY, "--reason", "lost").code == 4
    assert house.cli("export", "waive", "--day", "2026-06-09", "--reason", "today").code == 2
    house.set(*samba.settings(share))
    assert house.run()["files"] == 0
    late = house.print(DAY, tag="late ")
    house.run()
    name, = share.files()
    assert documents(share.read(name)) == late
    assert house.status()["pending"]["jobs"] == 0


# --- retention


def test_only_delivered_days_are_deleted_and_a_late_job_of_one_is_refused_and_counted(house, samba, share):
    house.set("history.keep_days=2", "export.enabled=false", *samba.settings(share))
    house.set("export.enabled=true")
    house.run()
    house.at("2026-06-11 12:00:00").print("2026-06-10")
    house.run()
    assert house.status()["first_day"] == "2026-06-10"
    told = house.take([house.record(f"{DAY} 11:00:00", "too late")])
    assert (told["stored"], told["refused"]) == (0, 1)
    source, = house.cli("sources", "list", "--json").ok().json() or [None]
    assert source["refused"] == 1
    assert house.run()["files"] == 0


def test_while_the_export_is_on_undelivered_days_stay(house, samba, share):
    house.set(*samba.settings(share, password="wrong"), "export.enabled=true", "history.keep_days=1")
    house.at("2026-06-20 12:00:00").cli("export", "run").ok(6)
    assert house.status()["first_day"] == DAY
    house.set(*samba.settings(share))
    house.run()
    assert house.status()["jobs"] == 0
    assert share.files() == [NAME]


def test_while_the_export_is_off_old_days_go_at_the_hour_and_are_shown_as_a_gap(house):
    house.set("history.keep_days=1", "export.hour=14")
    house.at("2026-06-20 13:59:00")
    with house.daemon() as daemon:
        house.wake()
        assert house.status()["jobs"] == 2, "what was just imported is safe until the hour"
        house.at("2026-06-20 14:00:00").wake()
        lab.wait_until(lambda: house.status()["jobs"] == 0, 10, "old days deleted without any run")
        assert house.status()["gap_jobs"] == 2
        lab.wait_until(lambda: "2 jobs deleted, 2 of them never exported" in daemon.log(), 5, "the log line")
        daemon.terminate()
        house.take([house.record("2026-06-19 10:00:00", "kept"), house.record(f"{DAY} 10:00:00", "before the horizon")])
        house.at("2026-06-22 09:00:00")
        daemon.start()  # it was off at the hour
        lab.wait_until(lambda: house.status()["gap_jobs"] == 3, 10, "the missed hour made up for")
