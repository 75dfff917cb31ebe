# SPDX-License-Identifier: GPL-3.0-or-later
"""Which days an automatic export holds, and under which names (SPEC 3), as real runs onto a Samba share."""

import pytest

from house import House, documents, rows

WRONG = "not-the-one"


@pytest.fixture
def house(tmp_path, samba, share):
    """Sends to a share at 3:00; its first run was on the 8th."""
    house = House(tmp_path, "2026-06-08 03:00:00")
    house.set(*samba.settings(share), "export.enabled=true", "export.hour=3")
    house.print("2026-06-07")
    assert house.run()["files"] == 1
    return house


def night(house, day, hour="03", **wanted):
    """The clock comes to the hour while the daemon runs; returns the run."""
    house.at(f"{day} {hour}:00:00").wake()
    return house.wait_run(nominal_date=day, **wanted)


def name(day):
    return f"export_202606{day:02}.csv"


# --- SPEC 3's table


def test_after_a_success_on_the_8th_the_9th_sends_the_8th(house, share):
    house.at("2026-06-08 23:00:00").print("2026-06-08")
    with house.daemon():
        run = night(house, "2026-06-09", result="success")
    assert run["trigger"] == "schedule" and run["files"] == 1 and run["jobs"] == 2
    assert share.files() == [name(7), name(8)]
    house.check_exactly_once(share.contents())


def test_when_the_9th_and_10th_fail_the_11th_sends_three_files(house, samba, share):
    house.at("2026-06-08 23:00:00").print("2026-06-08")
    house.set(*samba.settings(share, password=WRONG))
    with house.daemon():
        assert night(house, "2026-06-09", result="failed")["code"] == "X04"
        house.at("2026-06-09 20:00:00").print("2026-06-09")
        assert night(house, "2026-06-10", result="failed")["code"] == "X04"
        house.at("2026-06-10 20:00:00").print("2026-06-10")
        house.set(*samba.settings(share))
        assert share.files() == [name(7)], "correcting the password starts no run"
        assert night(house, "2026-06-11", result="success")["files"] == 3
    assert share.files() == [name(d) for d in (7, 8, 9, 10)]
    house.check_exactly_once(share.contents())


def test_what_failed_on_the_9th_goes_at_the_restart_and_the_10th_sends_the_9th(house, samba, share):
    house.at("2026-06-08 23:00:00").print("2026-06-08")
    house.set(*samba.settings(share, password=WRONG))
    with house.daemon():
        night(house, "2026-06-09", result="failed")
    house.set(*samba.settings(share))
    house.at("2026-06-09 15:00:00").print("2026-06-09 14:00:00")
    with house.daemon():
        run = house.wait_run(trigger="startup")
        assert (run["result"], run["files"], run["nominal_date"]) == ("success", 1, "2026-06-09")
        assert share.files() == [name(7), name(8)]
        night(house, "2026-06-10", result="success")
    assert share.files() == [name(7), name(8), name(9)]
    house.check_exactly_once(share.contents())


def test_off_from_the_8th_to_the_12th_there_is_one_run_at_start_up(house, share):
    house.at("2026-06-08 22:00:00").print("2026-06-08", "2026-06-08 21:59:59")
    house.at("2026-06-12 10:00:00").print("2026-06-10", "2026-06-12 09:00:00")
    with house.daemon():
        run = house.wait_run(trigger="startup")
        house.wake()
        assert house.last_run() == run, "one run for all the missed hours"
    assert (run["result"], run["nominal_date"], run["files"]) == ("success", "2026-06-12", 2)
    assert share.files() == [name(7), name(8), name(10)]
    assert len(documents(share.read(name(8)))) == 4
    assert house.status()["next_run"] == "2026-06-12T18:00:00Z"


def test_the_hour_moved_to_22_after_a_success_counts_from_the_10th(house, share):
    house.at("2026-06-08 23:00:00").print("2026-06-08")
    with house.daemon():
        first = night(house, "2026-06-09", result="success")
        house.at("2026-06-09 12:00:00").set("export.hour=22")
        assert house.status()["next_run"] == "2026-06-10T13:00:00Z"
        house.at("2026-06-09 22:00:01").print("2026-06-09")
        house.wake()
        assert house.last_run() == first
        night(house, "2026-06-10", "22", result="success")
    assert share.files() == [name(7), name(8), name(9)]
    house.check_exactly_once(share.contents())


# --- which jobs


def test_todays_jobs_never_go(house, share):
    house.at("2026-06-09 23:59:50").print("2026-06-09", "2026-06-08 23:59:59")
    assert house.run()["jobs"] == 2
    assert share.files() == [name(7), name(8)]
    assert house.status()["pending"] == {"jobs": 0, "days": [], "first_day": None, "closing": []}
    assert house.at("2026-06-10 00:00:00").run()["jobs"] == 2
    assert share.files() == [name(7), name(8), name(9)]


def test_a_day_ends_at_midnight_of_the_device(house, share):
    house.at("2026-06-09 03:00:00").print("2026-06-08 00:00:00", "2026-06-08 23:59:59", "2026-06-09 00:00:00", count=1)
    house.run()
    assert [row["終了日時"] for row in rows(share.read(name(8)))] == ["2026/06/08 00:00:00", "2026/06/08 23:59:59"]
    assert [row["終了日時(UTC)"] for row in rows(share.read(name(8)))] == ["2026-06-07T15:00:00Z", "2026-06-08T14:59:59Z"]


def test_late_jobs_come_in_revision_files_with_only_these(house, share):
    before = share.contents()
    late = house.at("2026-06-09 03:00:00").print("2026-06-07", tag="late ")
    assert house.run()["files"] == 1
    later = house.at("2026-06-10 03:00:00").print("2026-06-07", tag="later ")
    house.run()
    assert share.files() == [name(7), "export_20260607_2.csv", "export_20260607_3.csv"]
    assert documents(share.read("export_20260607_2.csv")) == late
    assert documents(share.read("export_20260607_3.csv")) == later
    assert share.read(name(7)) == before[name(7)], "a delivered file is never written again"
    house.check_exactly_once(share.contents())


def test_the_first_run_takes_all_that_is_held_up_to_yesterday(tmp_path, samba, share):
    house = House(tmp_path, "2026-06-09 12:00:00")
    house.print("2026-04-01", "2026-05-31", "2026-06-08", "2026-06-09")
    house.set(*samba.settings(share))
    assert house.run()["files"] == 3
    assert share.files() == ["export_20260401.csv", "export_20260531.csv", name(8)]
    assert house.run()["files"] == 0


def test_from_day_leaves_the_older_ones_out_with_the_reason(tmp_path, samba, share):
    house = House(tmp_path, "2026-06-09 12:00:00")
    house.print("2026-04-01", "2026-05-31", "2026-06-08")
    house.set(*samba.settings(share))
    waived = house.cli("export", "waive", "--until", "2026-05-31", "--reason", "from 1 June on", "--json").ok().json()
    assert waived == {"jobs": 4}
    assert house.run()["files"] == 1
    assert share.files() == [name(8)]
    assert all("from 1 June on" in row["note"] for row in house.ledger("auto", "waived"))
    assert house.status()["waived_until"] == "2026-05-31"


def test_switched_off_and_on_again_nothing_is_missing(house, share):
    house.at("2026-06-08 12:00:00").set("export.enabled=false")
    assert house.status()["next_run"] is None
    with house.daemon():
        for day in ("2026-06-08", "2026-06-09", "2026-06-10"):
            house.at(f"{day} 23:00:00").print(day)
            house.wake()
        assert house.last_run()["started"] == "2026-06-07T18:00:00Z", "switched off there is no run"
        house.at("2026-06-11 12:00:00").set("export.enabled=true")
        assert house.status()["next_run"] == "2026-06-11T18:00:00Z"
        house.at("2026-06-12 03:00:00").wake()
        assert house.wait_run(nominal_date="2026-06-12")["files"] == 3
    house.check_exactly_once(share.contents())


def test_a_day_without_jobs_sends_no_file_unless_it_is_wanted(house, share):
    house.at("2026-06-10 03:00:00").run()
    assert share.files() == [name(7)]
    house.print("2026-06-09")
    house.set("export.empty_days=true")
    house.at("2026-06-12 03:00:00").run()
    assert share.files() == [name(d) for d in (7, 8, 9, 10, 11)]
    assert [documents(share.read(name(d))) == [] for d in (8, 9, 10, 11)] == [True, False, True, True]
    assert share.read(name(8)).startswith("\ufeff履歴番号,".encode()) and share.read(name(8)).count(b"\r\n") == 1
    house.at("2026-06-12 04:00:00").run()
    assert len(share.files()) == 5, "an empty day goes once"
    late = house.print("2026-06-10", tag="late ")
    house.run()
    assert documents(share.read("export_20260610_2.csv")) == late


def test_preview_tells_what_the_run_then_sends(house, share):
    house.at("2026-06-11 03:00:00").print("2026-06-07", "2026-06-08", "2026-06-10", "2026-06-11", tag="x ")
    seen = house.cli("export", "preview", "--json").ok().json()
    assert house.cli("export", "preview", "--json").ok().json() == seen, "looking changes nothing"
    assert [row["state"] for row in seen] == ["planned"] * 3
    house.run()
    sent = [row for row in house.ledger("auto", "delivered") if row["file_name"] != name(7)]
    members = ("file_name", "day", "revision", "seq_from", "seq_to", "rows", "format", "target")
    assert [[row[m] for m in members] for row in seen] == [[row[m] for m in members] for row in sent]
    assert house.cli("export", "preview", "--json").ok().json() == []


def test_the_order_is_oldest_day_first(house, share, samba):
    house.at("2026-06-12 03:00:00").print("2026-06-11", "2026-06-09", "2026-06-10", "2026-06-08")
    house.run()
    rows = sorted(house.ledger("auto", "delivered"), key=lambda row: row["id"])
    assert [row["day"] for row in rows] == ["2026-06-07", "2026-06-08", "2026-06-09", "2026-06-10", "2026-06-11"]


@pytest.mark.parametrize("date_format, file, shown", [
    ("ymd", "export_20260608.csv", "2026/06/08 10:00:00"),
    ("mdy", "export_06082026.csv", "06/08/2026 10:00:00"),
    ("dmy", "export_08062026.csv", "08/06/2026 10:00:00"),
])
def test_names_and_dates_follow_the_date_display_format(house, share, date_format, file, shown):
    house.set(f"preferences.date_format={date_format}")
    house.at("2026-06-09 03:00:00").print("2026-06-08")
    house.run()
    assert rows(share.read(file))[0]["終了日時"] == shown


def test_a_prefix_keeps_two_installations_apart_in_one_folder(house, share, samba, tmp_path):
    (tmp_path / "other").mkdir()
    other = House(tmp_path / "other", "2026-06-09 03:00:00")
    other.set(*samba.settings(share), "export.prefix=Kyoto")
    other.print("2026-06-07", tag="kyoto ")
    other.run()
    assert share.files() == ["Kyoto_export_20260607.csv", name(7)]
    assert documents(share.read("Kyoto_export_20260607.csv")) == other.names
    assert documents(share.read(name(7))) == house.names


def test_a_prefix_that_differs_only_in_case_makes_no_second_file_of_a_name(house, share):
    house.set("export.prefix=Tokyo")
    house.at("2026-06-09 03:00:00").print("2026-06-08")
    house.run()
    house.set("export.prefix=TOKYO")
    house.print("2026-06-08", tag="late ")
    house.run()
    assert share.files() == ["TOKYO_export_20260608_2.csv", "Tokyo_export_20260608.csv", name(7)]
    house.check_exactly_once(share.contents())


def test_why_tells_where_each_job_went(house, share):
    house.at("2026-06-09 12:00:00").print("2026-06-09", count=1)
    jobs = house.cli("jobs", "list", "--json").ok().json()
    went = house.cli("why", jobs[0]["seq"]).ok()
    assert name(7) in went.out
    waits = house.cli("why", jobs[-1]["seq"]).ok()
    assert "export_" not in waits.out and waits.out.strip()
    assert house.cli("why", 999).code == 4


def test_a_zone_with_a_gap_has_its_run_and_its_days(tmp_path, samba, share):
    """Cairo, 2026-04-24: 0:00 does not exist."""
    house = House(tmp_path, "2026-04-23 12:00:00", zone="Africa/Cairo")
    house.set(*samba.settings(share), "export.enabled=true", "export.hour=0")
    assert house.status()["next_run"] == "2026-04-23T22:00:00Z"
    house.print("2026-04-23 11:00:00")
    with house.daemon():
        house.at("2026-04-23 23:59:59")  # a second before 01:00
        house.wake()
        run = house.wait_run(nominal_date="2026-04-24", result="success")
    assert (run["trigger"], run["started"]) == ("schedule", "2026-04-23T22:00:00Z")
    assert share.files() == ["export_20260423.csv"]
    assert house.status()["next_run"] == "2026-04-24T21:00:00Z"


def test_a_changed_zone_counts_for_new_jobs_and_sends_nothing_twice(house, share):
    house.at("2026-06-09 03:00:00").print("2026-06-08 04:00:00")
    house.set("preferences.time_zone=America/New_York")
    more = house.take([house.record("2026-06-08 04:00:00", "after the change")])  # 15:00 on the 7th in New York
    assert more["stored"] == 1
    house.names.append("after the change")
    house.at("2026-06-10 12:00:00")
    house.run()
    assert share.files() == [name(7), "export_20260607_2.csv", name(8)]
    house.check_exactly_once(share.contents())


def test_a_job_whose_end_is_not_known_is_no_line_of_an_import(house):
    refused = house.take([house.record("1979-12-31 10:00:00", "old"), house.record("2026-06-10 10:00:00", "ahead")], code=3)
    assert (refused["stored"], refused["rejected"]) == (0, 2)
