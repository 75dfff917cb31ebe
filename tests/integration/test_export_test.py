# SPDX-License-Identifier: GPL-3.0-or-later
"""The test export (SPEC RT): names, the latest 100 jobs, no change of state, unsaved values; and the manual export (RP1) and resend (RP2)."""

import concurrent.futures
import getpass
import hashlib
import os

import pytest

import lab
from house import House, documents, rows, secret

STEPS = ["resolve", "connect", "negotiate", "login", "open", "write", "finish"]
WRONG_PERIOD = {"ja": "指定した期間が正しくありません。31日以内の期間を指定しなおしてください。",
                "en": "The specified period is not correct. Specify a period of 31 days or less."}
NO_HISTORY = {"ja": "指定した期間のジョブ履歴はありません。", "en": "There is no job history for the specified period."}
JAPANESE = {"LC_ALL": "ja_JP.UTF-8"}


@pytest.fixture
def house(tmp_path, samba, share):
    house = House(tmp_path, "2026-06-09 10:30:25")
    house.set(*samba.settings(share))
    return house


def everything(house):
    """All that must be the same after a test export as before."""
    status = house.status()
    status.pop("now")
    return house.ledger(None), status, sorted(os.listdir(house.state / "spool")) if (house.state / "spool").exists() else []


# --- test export


@pytest.mark.parametrize("date_format, date", [("ymd", "20260609"), ("mdy", "06092026"), ("dmy", "09062026")])
def test_the_name_has_the_moment_in_the_date_display_format(house, share, date_format, date):
    house.set(f"preferences.date_format={date_format}")
    house.print("2026-06-09 10:00:00")
    file = house.at("2026-06-09 10:30:25").cli("export", "test", "--json").ok().json()["file"]
    assert file in (f"testexport_{date}103025.csv", f"testexport_{date}103026.csv")
    assert share.files() == [file]


def test_the_latest_100_jobs_go_todays_included_in_the_order_of_arrival(house, share):
    house.print("2026-06-07 10:00:00", count=60, tag="first ")
    house.print("2026-06-09 10:00:00", count=30, tag="today ")
    late = house.print("2026-06-08 09:00:00", count=25, tag="late ")
    answer = house.cli("export", "test", "--json").ok().json()
    got = rows(share.read(answer["file"]))
    assert answer["rows"] == len(got) == 100
    numbers = [int(row["履歴番号"]) for row in got]
    assert numbers == sorted(numbers)
    names = [row["文書名"] for row in got]
    assert set(late) <= set(names) and sum(n.startswith("today") for n in names) == 30 and sum(n.startswith("first") for n in names) == 45
    assert names[:45] == house.names[15:60], "of equal ends the later arrivals"


def test_without_jobs_the_file_has_only_the_header(house, share):
    answer = house.cli("export", "test", "--json").ok().json()
    assert answer["rows"] == 0
    assert share.read(answer["file"]).count(b"\r\n") == 1 and documents(share.read(answer["file"])) == []


def test_every_step_is_told_with_its_time(house):
    house.print("2026-06-08")
    answer = house.cli("export", "test", "--json").ok().json()
    assert answer["ok"] and [step["step"] for step in answer["steps"]] == STEPS
    assert all(step["ok"] and isinstance(step["ms"], int) and step["ms"] >= 0 for step in answer["steps"])
    told = house.cli("export", "test").ok().out
    assert [line.split()[0] for line in told.splitlines()[:7]] == STEPS and "testexport_" in told


def test_a_test_changes_no_state_whether_it_succeeds_or_fails(house, samba, share):
    house.print("2026-06-07", "2026-06-08", "2026-06-09 10:00:00")
    house.set("export.enabled=true")
    house.run()
    house.print("2026-06-08", tag="late ")
    before = everything(house)
    house.cli("export", "test").ok()
    assert house.cli("export", "test", "--with", "smb.user=nobody-here").code == 6
    assert house.cli("export", "test", "--with", "smb.path=no path").code == 2
    assert everything(house) == before
    assert house.cli("settings", "show", "smb.user").out.strip() == f"smb.user={samba.user}"
    assert house.run()["files"] == 1
    assert share.files() == ["export_20260607.csv", "export_20260608.csv", "export_20260608_2.csv", *[n for n in share.files() if n.startswith("test")]]


def test_two_tests_in_one_second_make_two_files(house, share):
    house.print("2026-06-08")
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        house.at("2026-06-09 10:30:25")
        answers = list(pool.map(lambda _n: house.cli("export", "test", "--json").ok().json(), range(3)))
    files = sorted(answer["file"] for answer in answers)
    assert len(set(files)) == 3 and share.files() == files and share.parts_left() == []


def test_unknown_automatic_files_in_the_folder_are_reported(house, share):
    house.print("2026-06-08")
    house.run()
    for name in ("export_20260601.csv", "EXPORT_20260602_2.CSV", "Kyoto_export_20260601.csv", "report.csv"):
        (share.path / name).write_text("x")
    told = house.cli("export", "test", "--json").ok().json()["warnings"]
    assert {name for name in os.listdir(share.path) if any(name in text for text in told)} == {"export_20260601.csv", "EXPORT_20260602_2.CSV"}
    house.set("export.prefix=kyoto")
    told = house.cli("export", "test", "--json").ok().json()["warnings"]
    assert len(told) == 1 and "Kyoto_export_20260601.csv" in told[0]


def test_unsaved_values_are_used_and_not_stored(house, ftp, ftp_folder, share, tmp_path):
    house.print("2026-06-08")
    before = house.cli("settings", "show", "--json").json()
    pairs = [value for pair in ftp.settings(ftp_folder) for value in ("--with", pair)]
    answer = house.cli("export", "test", "--json", *pairs).ok().json()
    assert ftp_folder.files() == [answer["file"]] and share.files() == []
    wrong = [value if not value.startswith("ftp.password") else f"ftp.password={secret(tmp_path / 'p', 'wrong')}" for value in pairs]
    assert house.cli("export", "test", *wrong).code == 6
    assert house.cli("settings", "show", "--json").json() == before


def test_unsaved_values_are_judged_and_may_be_incomplete(house):
    assert "smb.path" in house.cli("export", "test", "--with", "smb.path=//no").ok(2).err
    assert "ftp.path" in house.cli("export", "test", "--with", "export.method=ftp").ok(2).err
    refused = house.cli("export", "test", "--with", "smb.password=typed-here")
    assert refused.code == 2 and "typed-here" not in refused.out + refused.err


def test_a_mail_test_has_the_file_attached(house, exim):
    exim.clear()
    house.print("2026-06-08")
    house.set(*exim.settings(port=exim.plain_port))
    answer = house.cli("export", "test", "--json").ok().json()
    assert [step["step"] for step in answer["steps"]] == STEPS
    mail, = exim.wait_mails(1)
    (name, kind, data), = mail.attachments
    assert (name, kind) == (answer["file"], "text/csv") and documents(data) == house.names


# --- manual export


def test_a_range_makes_a_file_for_each_day_with_jobs_today_included(house, share):
    house.print("2026-06-05", "2026-06-07", "2026-06-09 09:00:00", "2026-06-01")
    house.at("2026-06-09 10:30:25")
    names = [row["file_name"] for row in house.cli("export", "range", "--from", "2026-06-05", "--to", "2026-06-09", "--json").ok().json()]
    assert share.files() == sorted(names)
    assert [name[:21] for name in names] == ["rangeexport_20260605_", "rangeexport_20260607_", "rangeexport_20260609_"]
    stamps = {name[21:] for name in names}
    assert len(stamps) == 1 and stamps.pop() in ("20260609103025.csv", "20260609103026.csv")
    assert all(len(documents(share.read(name))) == 2 for name in names)


def test_a_range_never_changes_what_counts_as_delivered(house, share, tmp_path):
    house.print("2026-06-07", "2026-06-08")
    before = house.status()["pending"]
    (tmp_path / "download").mkdir()
    house.cli("export", "range", "--from", "2026-06-07", "--to", "2026-06-08").ok()
    house.cli("export", "range", "--from", "2026-06-07", "--to", "2026-06-08", "--download", str(tmp_path / "download")).ok()
    assert house.status()["pending"] == before and house.status()["last_run"] is None
    assert house.run()["files"] == 2
    assert [row["state"] for row in house.ledger("manual")] == ["delivered"] * 2
    house.check_exactly_once({n: d for n, d in share.contents().items() if n.startswith("export")})


@pytest.mark.parametrize("first, last", [("2009-01-01", "2009-02-01"), ("2009-01-02", "2009-01-01"), ("2009-01-01", "2010-01-01")])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_wrong_period_is_refused_in_the_words_of_the_manual(house, share, first, last, language):
    refused = house.cli("export", "range", "--from", first, "--to", last, env=JAPANESE if language == "ja" else {})
    assert refused.code == 2 and WRONG_PERIOD[language] in refused.err
    assert share.files() == [] and house.ledger(None) == []


@pytest.mark.parametrize("language", ["ja", "en"])
def test_31_days_are_accepted_and_without_jobs_the_manual_has_words_too(house, share, language):
    refused = house.cli("export", "range", "--from", "2009-01-01", "--to", "2009-01-31", env=JAPANESE if language == "ja" else {})
    assert refused.code == 4 and NO_HISTORY[language] in refused.err
    assert share.files() == []


@pytest.mark.parametrize("day", ["2026-02-30", "0000-01-01", "yesterday", "2026/06/09x", "20260609"])
def test_what_is_no_date_is_a_usage_error(house, day):
    assert house.cli("export", "range", "--from", day, "--to", "2026-06-09").code == 2


def test_a_download_needs_no_destination_and_never_overwrites(tmp_path):
    house = House(tmp_path, "2026-06-09 10:30:25")
    house.print("2026-06-07", "2026-06-08")
    folder = tmp_path / "download"
    folder.mkdir()
    arguments = ("export", "range", "--from", "2026-06-07", "--to", "2026-06-08", "--download", str(folder))
    stamps = [f"202606091030{second}" for second in range(25, 32)]
    for stamp in stamps:
        (folder / f"rangeexport_20260608_{stamp}.csv").write_text("mine")
    done = house.at("2026-06-09 10:30:25").cli(*arguments)
    assert done.code == 3, "the first day was written, the second one's name is taken"
    names = sorted(os.listdir(folder))
    assert [(folder / n).read_text() for n in names if "20260608" in n] == ["mine"] * len(stamps)
    assert len([n for n in names if "20260607" in n]) == 1 and not [n for n in names if n.startswith(".")]
    house.at("2026-06-09 11:00:00").cli(*arguments).ok()
    fresh = [n for n in os.listdir(folder) if n.endswith("110000.csv") or n.endswith("110001.csv")]
    assert len(fresh) == 2
    (tmp_path / "file").write_text("no folder")
    for wrong in ("file", "nowhere"):
        refused = house.cli(*arguments[:-1], str(tmp_path / wrong))
        assert refused.code == 2 and str(tmp_path / wrong) in refused.err
    assert not (tmp_path / "nowhere").exists()


def test_a_range_has_the_prefix_and_the_date_format(house, share):
    house.print("2026-06-08")
    house.set("export.prefix=Tokyo", "preferences.date_format=dmy")
    house.at("2026-06-09 10:30:25").cli("export", "range", "--from", "2026-06-08", "--to", "2026-06-08").ok()
    name, = share.files()
    assert name.startswith("Tokyo_rangeexport_08062026_0906202610302")


def test_a_range_by_mail_is_split_like_the_automatic_one(house, exim):
    exim.clear()
    house.print("2026-06-08", count=5)
    house.set(*exim.settings(port=exim.plain_port), "mail.jobs_per_mail=2")
    house.cli("export", "range", "--from", "2026-06-08", "--to", "2026-06-08").ok()
    names = sorted(mail.attachments[0][0] for mail in exim.wait_mails(3))
    assert [name[-12:] for name in names] == ["part1of3.csv", "part2of3.csv", "part3of3.csv"]


# --- resend


@pytest.fixture(params=["smb", "ftp"])
def sent(request, house):
    """(house, folder) with one delivered day."""
    server = request.getfixturevalue({"smb": "samba", "ftp": "ftp"}[request.param])
    folder = server.folder()
    house.set(*server.settings(folder))
    house.print("2026-06-08")
    house.run()
    return house, folder


def resend(house, *more, code=0):
    return house.cli("export", "resend", "--day", "2026-06-08", "--reason", "asked for by Sato", *more).ok(code)


def test_our_bytes_still_there_is_a_success(sent):
    house, folder = sent
    path = folder.path / "export_20260608.csv"
    before = path.stat()
    assert "export_20260608.csv" in resend(house).out
    after = path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns), "not written again"
    row, = house.ledger("resend")
    assert row["state"] == "delivered" and "asked for by Sato" in row["note"] and getpass.getuser() in row["note"]


def test_a_missing_file_is_written_again_with_the_same_bytes_under_the_same_name(sent):
    house, folder = sent
    before = folder.contents()
    (folder.path / "export_20260608.csv").unlink()
    house.print("2026-06-08", tag="late ")
    house.set("csv.separator=tab", "preferences.date_format=mdy", "export.prefix=other", "preferences.time_zone=UTC")
    resend(house)
    assert folder.contents() == before
    delivered, = house.ledger("auto", "delivered")
    again, = house.ledger("resend")
    assert again["sha256"] == delivered["sha256"] and again["resend_of"] == delivered["id"]
    assert house.status()["pending"]["jobs"] == 2, "what counts as delivered is as before"


def test_other_content_is_a_foreign_file(sent):
    house, folder = sent
    path = folder.path / "export_20260608.csv"
    size = path.stat().st_size
    path.write_bytes(b"x" * size)
    refused = resend(house, code=6)
    assert "X15" in refused.err and path.read_bytes() == b"x" * size
    assert [row["state"] for row in house.ledger("resend")] == ["failed"]


def test_a_rendering_that_does_not_match_sends_nothing(sent):
    house, folder = sent
    (folder.path / "export_20260608.csv").unlink()
    lab.base.run(["sqlite3", house.state / "printtrail.db", "UPDATE job SET user_name='nobody'"])
    resend(house, code=7)
    assert folder.files() == [] and folder.parts_left() == []


def test_a_resend_by_mail_is_another_message_with_the_same_file(house, exim):
    exim.clear()
    house.set(*exim.settings(port=exim.plain_port))
    house.print("2026-06-08")
    house.run()
    resend(house)
    first, second = exim.wait_mails(2)
    assert first.message_id != second.message_id
    assert first.attachments == second.attachments
    digest = hashlib.sha256(first.attachments[0][2]).hexdigest()
    assert digest in first.text and digest in second.text


def test_resend_needs_a_delivered_day_and_a_reason(house):
    assert house.cli("export", "resend", "--day", "2026-06-08").code == 2
    assert house.cli("export", "resend", "--day", "2026-06-08", "--reason", "").code == 2
    assert resend(house, code=4)


def test_one_file_of_a_day_can_be_named(house, share):
    house.print("2026-06-08")
    house.run()
    house.print("2026-06-08", tag="late ")
    house.run()
    for name in share.files():
        (share.path / name).unlink()
    resend(house, "--file", "export_20260608_2.csv")
    assert share.files() == ["export_20260608_2.csv"]
    resend(house)
    assert share.files() == ["export_20260608.csv", "export_20260608_2.csv"]
    house.check_exactly_once(share.contents())
