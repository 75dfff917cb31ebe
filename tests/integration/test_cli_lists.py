# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists, status, check, sources, accounts and the store, as scripts rely on them."""

import json
import pathlib
import sqlite3

import clock
import lab
import pytest

COLUMNS = pathlib.Path(__file__).resolve().parent.parent.parent / "src" / "core" / "columns.def"
KEYS = [text.split('"')[1] for text in COLUMNS.read_text(encoding="utf-8").splitlines() if text.startswith("C(")]


def line(**values):
    return json.dumps({"ended_at": "2026-06-09T10:30:25Z", "job_type": "print", **values}, ensure_ascii=False) + "\n"


@pytest.fixture
def held(cli):
    """Five jobs on three days."""
    text = (
        line(user_name="Tanaka", device_name="mfp-1", document_name="100%_見積書", sheets=2, faces_total=3)
        + line(user_name="sato", device_name="mfp-2", device_id="SN2", result="NG", ended_at="2026-06-08T00:00:00Z")
        + line(user_name="tanaka", device_name="MFP-1", job_type="copy", ended_at="2026-06-10T23:59:59Z", sheets=5)
        + line(user_name=None, document_name="tab\there\\ and\nthere", ended_at="2026-06-10T00:00:00Z")
        + line(user_name="ito", document_name="100 percent", ended_at="2026-06-09T00:00:00Z")
    )
    cli("settings", "set", "preferences.time_zone=UTC").ok()
    cli("jobs", "import", "--format", "ndjson", "-", input=text).ok()
    return cli


def users(cli, *more):
    return [job["user_name"] for job in cli("jobs", "list", "--json", *more).ok().json()]


def test_jobs_have_the_keys_of_the_csv_and_null_for_unknown(held):
    for job in held("jobs", "list", "--json").ok().json():
        assert list(job) == KEYS
    job = held("jobs", "list", "--json").json()[1]
    assert job["sheets"] is None and job["accepted_at"] is None and job["ended_at"] == "2026-06-08T00:00:00+00:00"
    assert job["ended_at_utc"] == "2026-06-08T00:00:00Z" and job["format_version"] == 1


def test_listed_json_is_taken_back_by_import(held, tmp_path):
    rows = held("jobs", "list", "--json").ok().json()
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    other = tmp_path / "other"
    lab.run_cli("settings", "set", "preferences.time_zone=UTC", state=other).ok()
    lab.run_cli("jobs", "import", "--format", "ndjson", "-", state=other, input=text).ok()
    assert lab.run_cli("jobs", "list", "--json", state=other).ok().json() == rows


@pytest.mark.parametrize(
    "options, expected",
    [
        ((), ["Tanaka", "sato", "tanaka", None, "ito"]),
        (("--since", "2026-06-09"), ["Tanaka", "tanaka", None, "ito"]),
        (("--until", "2026-06-08"), ["sato"]),
        (("--since", "2026-06-09", "--until", "2026-06-09"), ["Tanaka", "ito"]),
        (("--user", "TANAKA"), ["Tanaka", "tanaka"]),
        (("--printer", "mfp-1"), ["Tanaka", "tanaka"]),
        (("--printer", "sn2"), ["sato"]),
        (("--type", "copy"), ["tanaka"]),
        (("--result", "NG"), ["sato"]),
        (("--text", "100%_"), ["Tanaka"]),
        (("--user", "nobody"), []),
        (("--limit", "2"), ["Tanaka", "sato"]),
        (("--limit", "0"), ["Tanaka", "sato", "tanaka", None, "ito"]),
        (("--since", "2026-07-01"), []),
    ],
)
def test_jobs_are_chosen_by_options(held, options, expected):
    assert users(held, *options) == expected


def test_a_list_without_rows_is_empty_in_each_shape(held):
    assert held("jobs", "list", "--user", "nobody", "--json").ok().json() == []
    assert held("jobs", "list", "--user", "nobody", "-P", "-n").ok().out == ""
    assert held("jobs", "list", "--user", "nobody", "-P", "-o", "seq,result").ok().out == "seq\tresult\n"


def test_parseable_fields_stand_between_tabs(held):
    rows = held("jobs", "list", "-P").ok().out.splitlines()
    assert rows[0].split("\t") == KEYS and len(rows) == 6
    assert all(len(row.split("\t")) == len(KEYS) for row in rows)
    fields = held("jobs", "list", "-P", "-n", "-o", "document_name,seq").ok().out.splitlines()
    assert fields[3] == "tab\\there\\\\ and\\nthere\t4" and len(fields) == 5


def test_fields_are_chosen_in_every_shape(held):
    assert held("jobs", "list", "--json", "-o", "sheets,seq").ok().json()[0] == {"sheets": 2, "seq": 1}
    assert held("jobs", "list", "-o", "seq,sheets").ok().out.splitlines()[:2] == ["SEQ  SHEETS", "  1       2"]
    refused = held("jobs", "list", "-o", "seq,pages").ok(2)
    assert "pages" in refused.err and "sheets" in refused.err and refused.out == ""


def test_jobs_are_summed_up(held):
    def sums(by, *more):
        return {row[by]: (row["jobs"], row["faces"], row["sheets"]) for row in held("jobs", "stats", "--by", by, "--json", *more).ok().json()}

    assert sums("day") == {"2026-06-08": (1, 0, 0), "2026-06-09": (2, 3, 2), "2026-06-10": (2, 0, 5)}
    assert sums("job_type", "--since", "2026-06-10") == {"copy": (1, 0, 5), "print": (1, 0, 0)}
    assert held("jobs", "stats", "-P", "-n").ok().out.startswith("2026-06-08\t1\t0\t0\n")


def test_sources_are_added_listed_and_removed(cli):
    cli("sources", "add", "office", "ipp://192.0.2.1/").ok()
    cli("sources", "add", "MFP 3階", "ipp://192.0.2.2/ipp/print").ok()
    cli("sources", "add", "queue", "ipp://192.0.2.1/printers/a", "--kind", "cups").ok()
    rows = {row["name"]: row for row in cli("sources", "list", "--json").ok().json()}
    assert [rows[name]["kind"] for name in ("office", "MFP 3階", "queue")] == ["cups", "printer", "cups"]
    assert rows["office"]["last_ok"] is None and rows["office"]["state"] == "new" and rows["office"]["jobs"] == 0
    assert "OFFICE" in cli("sources", "add", "OFFICE", "ipp://192.0.2.9/").ok(2).err
    cli("sources", "remove", "Office").ok()
    assert len(cli("sources", "list", "--json").ok().json()) == 2
    cli("sources", "remove", "office").ok(4)
    cli("sources", "test", "nobody").ok(4)
    cli("sources", "poll", "MFP 3階", "nobody").ok(4)


def test_a_source_is_polled_and_its_jobs_are_held(cli, cups, pdf):
    cli("sources", "add", "cups", cups.uri).ok()
    job = cups.lp("demo", pdf, user="tanaka", title="見積書")
    cups.wait_finished(job)
    assert cli("sources", "test", "cups").ok().out
    row = cli("sources", "poll", "--json").ok().json()[0]
    assert row["ok"] is True and row["stored"] >= 1 and row["error"] is None
    assert any(held["document_name"] == "見積書" for held in cli("jobs", "list", "--json").ok().json())
    assert cli("sources", "poll", "cups", "--json").ok().json()[0]["stored"] == 0
    assert cli("sources", "list", "--json").ok().json()[0]["state"] == "ok"


def test_silent_sources_give_their_class_and_some_give_3(cli, cups):
    port = lab.free_port()
    cli("sources", "add", "dead", f"ipp://127.0.0.1:{port}/").ok()
    assert "S01" in cli("sources", "test", "dead").ok(5).err
    result = cli("sources", "poll", "--json").ok(5)
    assert result.json()[0]["error"] == "S01" and "dead" in result.err
    cli("sources", "add", "live", cups.uri).ok()
    cli("sources", "poll").ok(3)
    cli("sources", "poll", "live").ok()
    assert cli("sources", "list", "--json").ok().json()[0]["error"] == "S01"
    assert "S01" in cli("status").ok().out
    assert cli("check").ok(1).out.startswith("PRINTTRAIL WARNING - ")


def test_a_server_that_wants_a_log_in_is_a_case_for_a_person(cli):
    with lab.BadIpp("401") as bad:
        cli("sources", "add", "strict", bad.uri).ok()
        assert "S02" in cli("sources", "poll").ok(6).err


def test_status_of_a_new_state(cli):
    cli("settings", "set", "preferences.time_zone=Asia/Tokyo").ok()
    status = cli("status", "--json").ok().json()
    assert status["next_run"] is None and status["last_run"] is None and status["sources"] == []
    assert status["pending"]["jobs"] == 0 and status["pending"]["days"] == []
    assert status["enabled"] is False and status["destination"] is None and status["time_zone"] == "Asia/Tokyo"


def test_status_tells_the_next_run(cli):
    cli("settings", "set", "smb.path=\\\\192.0.2.1\\share\\", "smb.user=u", "preferences.time_zone=Asia/Tokyo", "export.hour=5",
        "export.enabled=true", prefix=clock.at("2026-06-09 12:00:00")).ok()  # fmt: skip
    status = cli("status", "--json", prefix=clock.at("2026-06-09 12:00:00")).ok().json()
    assert status["next_run"] == "2026-06-09T20:00:00Z" and "192.0.2.1" in status["destination"]
    people = cli("status", prefix=clock.at("2026-06-09 12:00:00")).ok().out
    assert "2026-06-10 05:00:00" in people


def test_check_follows_the_age_of_what_is_pending(held):
    held("settings", "set", "smb.path=\\\\192.0.2.1\\share\\", "smb.user=u", "export.enabled=true").ok()
    for when, options, code, word in [
        ("2026-06-09 12:00:00", (), 0, "OK"),
        ("2026-06-10 12:00:00", (), 1, "WARNING"),
        ("2026-06-11 12:00:00", (), 2, "CRITICAL"),
        ("2026-06-11 12:00:00", ("--warning", "5", "--critical", "9"), 0, "OK"),
    ]:
        result = held("check", *options, prefix=clock.at(when)).ok(code)
        assert result.out.startswith(f"PRINTTRAIL {word} - ") and len(result.out.splitlines()) == 1
        assert "pending_jobs=" in result.out.split(" | ")[1]
    held("check", "--warning", "soon").ok(3)


def test_accounts_are_hashed_and_the_first_is_an_administrator(cli, state, tmp_path):
    (tmp_path / "password").write_text("correct horse ¥\n", encoding="utf-8")
    cli("accounts", "add", "Admin", "--password", f"@{tmp_path}/password").ok()
    cli("accounts", "add", "tanaka", input="battery staple\n").ok()
    cli("accounts", "add", "boss", "--role", "admin", input="battery staple\n").ok()
    rows = {row["name"]: row["role"] for row in cli("accounts", "list", "--json").ok().json()}
    assert rows == {"Admin": "admin", "tanaka": "user", "boss": "admin"}
    with sqlite3.connect(f"file:{state}/printtrail.db?mode=ro", uri=True) as db:
        before = dict(db.execute("SELECT name, password_hash FROM account"))
        audit = " ".join(row[0] for row in db.execute("SELECT what FROM audit"))
    assert all(text.startswith("$argon2id$") for text in before.values())
    assert before["tanaka"] != before["boss"]
    assert "tanaka" in audit and "battery" not in audit
    assert all(b"battery" not in file.read_bytes() for file in state.iterdir() if file.is_file())
    cli("accounts", "add", "ADMIN", input="another one\n").ok(2)
    cli("accounts", "add", "short", input="1234567\n").ok(2)
    cli("accounts", "add", "broken", input=b"\xff\xfe\xff\xfe\xff\xfe\xff\xfe").ok(2)
    cli("accounts", "passwd", "tanaka", input="changed it all\n").ok()
    with sqlite3.connect(f"file:{state}/printtrail.db?mode=ro", uri=True) as db:
        after = dict(db.execute("SELECT name, password_hash FROM account"))
    assert after["tanaka"] != before["tanaka"] and after["boss"] == before["boss"]
    cli("accounts", "passwd", "nobody", input="changed it all\n").ok(4)
    cli("accounts", "remove", "TANAKA").ok()
    cli("accounts", "remove", "tanaka").ok(4)
    assert cli("accounts", "list", "-P", "-n", "-o", "name").ok().out.split() == ["Admin", "boss"]


def test_a_backup_is_a_store_and_never_overwrites(held, tmp_path):
    copy = tmp_path / "copy" / "printtrail.db"
    copy.parent.mkdir()
    held("store", "backup", copy).ok()
    assert users(lambda *words: lab.run_cli(*words, state=copy.parent)) == ["Tanaka", "sato", "tanaka", None, "ito"]
    before = copy.read_bytes()
    assert held("store", "backup", copy).code in (2, 5)
    assert copy.read_bytes() == before


def test_a_sound_store_is_called_sound_and_a_damaged_one_is_not(held, state):
    assert held("store", "check", "--json").ok().json() == {"sound": True, "messages": []}
    held("store", "compact").ok()
    held("store", "check").ok()
    database = state / "printtrail.db"
    data = bytearray(database.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    database.write_bytes(data)
    for name in ("printtrail.db-wal", "printtrail.db-shm"):
        (state / name).unlink(missing_ok=True)
    for command in [("store", "check"), ("jobs", "list"), ("status",), ("jobs", "import", "--format", "ndjson", "-")]:
        assert "X20" in held(*command, input=line()).ok(7).err
    assert held("check").ok(3).out.startswith("PRINTTRAIL UNKNOWN")
    assert database.read_bytes() == bytes(data)
