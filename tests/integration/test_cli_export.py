# SPDX-License-Identifier: GPL-3.0-or-later
"""printtrail export, deliveries and why: what they print and the exit statuses that scripts rely on."""

import functools
import hashlib
import json

import clock
import lab
import pytest

NOW = clock.at("2026-06-10 12:00:00")


def line(**values):
    return json.dumps({"ended_at": "2026-06-09T10:30:25Z", "job_type": "print", **values}, ensure_ascii=False) + "\n"


@pytest.fixture
def filled(cli):
    cli("settings", "set", "preferences.time_zone=UTC").ok()
    text = "".join(line(user_name=f"u{i}", ended_at=f"2026-06-0{8 + i % 2}T10:00:{i:02}Z") for i in range(20))
    cli("jobs", "import", "--format", "ndjson", "-", input=text).ok()
    return cli


@pytest.fixture
def ready(filled, samba, share):
    filled("settings", "set", *samba.settings(share)).ok()
    return filled


def test_an_incomplete_destination_is_status_2_and_names_what_lacks(filled):
    for command in [("export", "run"), ("export", "test"), ("export", "preview")]:
        result = filled(*command).ok(2)
        assert "smb.path" in result.err and "smb.user" in result.err


def test_a_run_delivers_and_then_there_is_nothing_to_do(ready, share):
    first = ready("export", "run", "--json").ok().json()
    assert first["result"] == "success" and first["files"] == 2 and first["jobs"] == 20 and first["code"] is None
    assert first["trigger"] == "hand" and first["ended"]
    assert sorted(share.files()) == ["export_20260608.csv", "export_20260609.csv"]
    again = ready("export", "run", "--json").ok().json()
    assert again["result"] == "success" and again["files"] == 0
    assert "nothing" in ready("export", "run").ok().out
    status = ready("status", "--json").ok().json()
    assert status["pending"]["days"] == [] and status["last_run"]["result"] == "success" and status["last_run"]["kind"] == "auto"


def test_the_ledger_tells_what_was_sent(ready, share):
    ready("export", "run").ok()
    rows = ready("deliveries", "--json").ok().json()
    assert [(row["day"], row["state"], row["rows"], row["file_name"]) for row in rows] == [
        ("2026-06-08", "delivered", 10, "export_20260608.csv"),
        ("2026-06-09", "delivered", 10, "export_20260609.csv"),
    ]
    for row in rows:
        data = share.read(row["file_name"])
        assert row["sha256"] == hashlib.sha256(data).hexdigest() and row["bytes"] == len(data)
        assert row["kind"] == "auto" and row["part"] == 1 and row["parts"] == 1 and row["revision"] == 1
        assert row["delivered_at"].endswith("Z") and row["error"] is None and row["attempts"] == 1
    assert len(ready("deliveries", "--since", "2026-06-09", "--json").json()) == 1
    assert ready("deliveries", "--kind", "manual", "--json").ok().json() == []
    assert ready("deliveries", "--state-is", "failed", "-P", "-n").ok().out == ""
    assert "export_20260609.csv" in ready("deliveries").ok().out
    ready("deliveries", "--state-is", "lost").ok(2)


def test_secrets_and_frozen_targets_are_never_shown(ready, samba):
    ready("export", "run").ok()
    for command in [("deliveries", "--json"), ("deliveries", "-P"), ("status", "--json"), ("settings", "show")]:
        assert samba.password not in ready(*command).ok().out and "v1:" not in ready(*command).out


def test_why_follows_a_job_through_its_life(ready, share, samba):
    def why(seq):
        return ready("why", str(seq), "--json", prefix=NOW).ok().json()

    ready("jobs", "import", "--format", "ndjson", "-", "--source", "late", input=line(ended_at="2026-06-10T09:00:00Z"), prefix=NOW).ok()
    assert why(21)["why"] == "today" and why(1)["why"] == "off" and why(1)["file_name"] is None
    ready("settings", "set", "export.enabled=true").ok()
    assert why(1)["why"] == "waiting" and why(1)["next_run"]
    ready("settings", "set", f"smb.path={samba.unc('nowrite')}", "export.enabled=false").ok()
    ready("export", "run", prefix=NOW).ok(6)
    assert why(1)["why"] == "sending" and why(1)["state"] in ("failed", "sending") and why(1)["error"] == "X07"
    ready("settings", "set", *samba.settings(share)).ok()
    ready("export", "run", prefix=NOW).ok()
    answer = why(1)
    assert answer["why"] == "delivered" and answer["file_name"] == "export_20260608.csv"
    assert answer["sha256"] == hashlib.sha256(share.read("export_20260608.csv")).hexdigest()
    assert "export_20260608.csv" in ready("why", "1").ok().out and answer["sha256"] in ready("why", "1").out
    assert "not held" in ready("why", "999").ok(4).err


@pytest.mark.parametrize(
    "change, code, status",
    [
        (lambda samba: ("smb.user=nobody_here",), "X04", 6),
        (lambda samba: (f"smb.path={samba.unc('export', 'no such folder')}",), "X06", 6),
        (lambda samba: (f"smb.path=\\\\127.0.0.1@{lab.free_port()}\\share\\",), "X02", 5),
        (lambda samba: ("smb.path=\\\\no-such-host.invalid\\share\\",), "X01", 5),
    ],
    ids=["wrong user", "no folder", "no server", "no name"],
)
def test_a_failure_exits_with_its_class(ready, samba, change, code, status):
    ready("settings", "set", *change(samba)).ok()
    result = ready("export", "run", "--json").ok(status)
    assert result.json()["result"] == "failed" and result.json()["code"] == code and code in result.err
    assert ready("status", "--json").ok().json()["last_run"]["code"] == code
    test = ready("export", "test", "--json").ok(status)
    assert test.json()["ok"] is False and test.json()["steps"][-1]["code"] == code
    assert test.json()["steps"][-1]["cause"] and test.json()["steps"][-1]["remedy"]
    ready("settings", "set", "export.enabled=true").ok()
    assert code in ready("check").ok(2).out


def test_a_test_lists_its_steps_and_changes_nothing(ready, share):
    test = ready("export", "test", "--json", prefix=NOW).ok().json()
    assert set(test) >= {"file", "ok", "steps"} and test["ok"] is True
    assert test["file"] == "testexport_20260610120000.csv" and share.files() == [test["file"]]
    assert {step["step"] for step in test["steps"]} <= {"resolve", "connect", "negotiate", "login", "open", "write", "finish"}
    assert test["steps"][-1]["step"] == "finish"
    for step in test["steps"]:
        assert set(step) >= {"step", "ms", "ok", "code", "cause", "remedy", "server"} and step["ok"] is True and step["ms"] >= 0
    people = ready("export", "test").ok().out
    assert "finish" in people and "testexport_" in people
    assert ready("status", "--json").ok().json()["pending"]["jobs"] == 20


def test_a_test_takes_values_that_are_not_stored(filled, samba, share):
    values = samba.settings(share)
    assert filled("export", "test", *(word for value in values for word in ("--with", value)), "--json").ok().json()["ok"]
    assert filled("export", "test", "--with", *values, "--json").ok().json()["ok"]
    assert filled("settings", "show", "smb.path", "smb.password").ok().out == "smb.path=\nsmb.password=(not set)\n"
    refused = filled("export", "test", "--with", "smb.password=in-argv").ok(2)
    assert "in-argv" not in refused.err and "smb.password" in refused.err
    assert "smb.path" in filled("export", "test", "--with", "smb.path=//canon/share").ok(2).err
    assert "smb.path" in filled("export", "test", "--with", "smb.paht=x").ok(2).err


def test_a_preview_shows_what_a_run_would_send(ready, share):
    rows = ready("export", "preview", "--json").ok().json()
    assert [(row["day"], row["rows"], row["file_name"]) for row in rows] == [
        ("2026-06-08", 10, "export_20260608.csv"),
        ("2026-06-09", 10, "export_20260609.csv"),
    ]
    assert share.files() == [] and ready("deliveries", "--json").ok().json() == []


JA_WRONG = "指定した期間が正しくありません。31日以内の期間を指定しなおしてください。"
JA_NONE = "指定した期間のジョブ履歴はありません。"


@pytest.mark.parametrize(
    "first, last, status, words",
    [
        ("2009-01-01", "2009-01-31", 4, JA_NONE),
        ("2009-01-01", "2009-02-01", 2, JA_WRONG),
        ("2009-01-02", "2009-01-01", 2, JA_WRONG),
        ("2026-06-10", "2026-06-10", 4, JA_NONE),
    ],
)
def test_a_period_is_judged_with_the_makers_words(ready, share, first, last, status, words):
    result = ready("export", "range", "--from", first, "--to", last, env={"LC_ALL": "ja_JP.UTF-8"}).ok(status)
    assert words in result.err and share.files() == []


def test_a_period_goes_to_the_destination_or_a_folder(ready, share, tmp_path):
    ready("export", "range", "--from", "2026-06-08", "--to", "2026-06-09", prefix=NOW).ok()
    names = ["rangeexport_20260608_20260610120000.csv", "rangeexport_20260609_20260610120000.csv"]
    assert sorted(share.files()) == names
    rows = ready("export", "range", "--from", "2026-06-08", "--to", "2026-06-09", "--download", tmp_path, "--json", prefix=NOW).ok().json()
    assert [row["file_name"] for row in rows] == names
    assert (tmp_path / names[0]).read_bytes() == share.read(names[0])
    (tmp_path / names[1]).unlink()
    (tmp_path / names[0]).write_bytes(b"mine")
    ready("export", "range", "--from", "2026-06-08", "--to", "2026-06-09", "--download", tmp_path, prefix=NOW).ok(2)
    assert (tmp_path / names[0]).read_bytes() == b"mine"
    assert ready("status", "--json").ok().json()["pending"]["jobs"] == 20


def test_a_delivered_day_is_sent_again_only_as_it_was(ready, share):
    ready("export", "run").ok()
    before = share.read("export_20260609.csv")
    ready("export", "resend", "--day", "2026-06-09", "--reason", "again").ok()
    (share.path / "export_20260609.csv").unlink()
    ready("export", "resend", "--day", "2026-06-09", "--reason", "was deleted").ok()
    assert share.read("export_20260609.csv") == before
    row = ready("deliveries", "--kind", "resend", "--json").ok().json()[-1]
    assert "was deleted" in row["note"] and row["state"] == "delivered" and row["resend_of"]
    (share.path / "export_20260609.csv").write_bytes(b"foreign")
    assert "X15" in ready("export", "resend", "--day", "2026-06-09", "--reason", "again").ok(6).err
    ready("export", "resend", "--day", "2026-06-01", "--reason", "never sent").ok(4)


def test_a_resend_that_would_differ_is_refused(ready, share, state):
    import sqlite3

    ready("export", "run").ok()
    (share.path / "export_20260609.csv").unlink()
    with sqlite3.connect(state / "printtrail.db") as db:
        db.execute("UPDATE job SET user_name = 'somebody else' WHERE day = 20260609")
    db.close()
    result = ready("export", "resend", "--day", "2026-06-09", "--reason", "x").ok(7)
    assert result.err and "export_20260609.csv" not in share.files()


def test_what_is_waived_is_never_sent(ready, share):
    assert ready("export", "waive", "--until", "2026-06-08", "--reason", "old device", "--json").ok().json() == {"jobs": 10}
    assert ready("why", "1", "--json").ok().json()["why"] == "waived"
    assert "old device" in ready("why", "1").ok().out
    ready("export", "run").ok()
    assert share.files() == ["export_20260609.csv"]
    ready("export", "waive", "--day", "2026-06-08", "--reason", "again").ok(4)
    ready("export", "waive", "--file", "export_19990101.csv", "--reason", "x").ok(4)
    assert ready("status", "--json").ok().json()["waived_until"] == "2026-06-08"


def test_old_days_are_deleted_and_late_ones_refused(ready, share):
    ready("settings", "set", "history.keep_days=30").ok()
    later = clock.at("2026-07-09 12:00:00")
    ready("export", "run", prefix=later).ok()
    assert {job["ended_at"][:10] for job in ready("jobs", "list", "--json").json()} == {"2026-06-09"}
    late = ready("jobs", "import", "--format", "ndjson", "-", "--json", input=line(ended_at="2026-06-08T23:00:00Z"), prefix=later).ok()
    assert late.json()["refused"] == 1 and late.json()["stored"] == 0
    assert "not held" in ready("why", "1").ok(4).err
    assert ready("status", "--json").ok().json()["gap_jobs"] == 0


@pytest.mark.parametrize("enabled, left, gap", [("true", 20, 0), ("false", 10, 10)])
def test_undelivered_days_are_deleted_only_while_the_export_is_off(filled, enabled, left, gap):
    dead = f"smb.path=\\\\127.0.0.1@{lab.free_port()}\\share\\"
    later = clock.at("2026-07-09 12:00:00")
    filled("settings", "set", dead, "smb.user=u", "history.keep_days=30", f"export.enabled={enabled}", prefix=later).ok()
    filled("export", "run", prefix=later).ok(5)
    status = filled("status", "--json", prefix=later).ok().json()
    assert status["jobs"] == left and status["gap_jobs"] == gap


def test_a_backup_delivers_nothing_until_it_is_adopted(ready, share, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    ready("store", "backup", copy / "printtrail.db").ok()
    (copy / "secret.key").write_bytes((tmp_path / "state" / "secret.key").read_bytes())
    (copy / "secret.key").chmod(0o600)
    restored = functools.partial(lab.run_cli, state=copy)
    for command in [("run",), ("preview",), ("range", "--from", "2026-06-08", "--to", "2026-06-09")]:
        assert "store adopt" in restored("export", *command).ok(2).err
    assert restored("status", "--json").ok().json()["copy"] is True and "adopt" in restored("status").ok().out
    restored("settings", "set", "export.enabled=true").ok()
    assert "CRITICAL" in restored("check").ok(2).out
    restored("store", "adopt").ok(2)
    assert restored("store", "adopt", "--delivered-until", "2026-06-08", "--json").ok().json() == {"jobs": 10}
    restored("store", "adopt", "--delivered-until", "2026-06-08").ok(2)
    restored("export", "run").ok()
    assert share.files() == ["export_20260609.csv"]
    restored("jobs", "import", "--format", "ndjson", "-", input=line(user_name="later")).ok()
    assert restored("jobs", "list", "--json", "--user", "later").ok().json()[0]["seq"] == 20 + 2**32 + 1
    assert "not a copy" in ready("store", "adopt", "--delivered-until", "2026-06-08").ok(2).err
