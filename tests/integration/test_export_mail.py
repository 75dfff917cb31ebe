# SPDX-License-Identifier: GPL-3.0-or-later
"""The export by mail, end to end: splitting, sizes, what the mail says, and the one window that SPEC names (RW4, RM6, RM7, RW8)."""

import csv
import email.utils
import io

import pytest

import lab
from house import House, documents


@pytest.fixture
def house(tmp_path):
    return House(tmp_path, "2026-06-09 12:00:00")


@pytest.fixture
def box(exim):
    exim.clear()
    return exim


def plain(box, **options):
    return box.settings(to="archive@example.com", port=box.plain_port, **options)


def files(mails):
    """name -> bytes of all attachments; each mail has one."""
    result = {}
    for mail in mails:
        (name, kind, data), = mail.attachments
        assert kind == "text/csv" and name not in result
        result[name] = data
    return result


def test_one_day_is_one_mail_with_the_csv_itself_attached(house, box):
    house.print("2026-06-07", "2026-06-08")
    house.set(*plain(box))
    assert house.run()["files"] == 2
    mails = box.wait_mails(2)
    assert sorted(files(mails)) == ["export_20260607.csv", "export_20260608.csv"]
    house.check_exactly_once(files(mails))
    for mail in mails:
        headers = mail.headers
        assert headers["Auto-Submitted"] == "auto-generated"
        assert headers["To"] == "archive@example.com" and headers["From"] == "printtrail@example.com"
        assert mail.message_id.endswith("@example.com>")
        assert email.utils.parsedate_to_datetime(headers["Date"]).utcoffset().total_seconds() == 9 * 3600
        assert b"PK\x03\x04" not in mail.attachments[0][2]
        assert all(len(line) <= 998 for line in mail.raw.split(b"\n"))


@pytest.mark.parametrize("language, subject, words", [
    ("ja", "本社3階: ジョブ履歴 2026-06-08", "ジョブ数: 2"),
    ("en", "本社3階: Job history 2026-06-08", "Jobs: 2"),
])
def test_subject_and_text_are_in_the_language_of_the_preferences(house, box, language, subject, words):
    house.print("2026-06-08")
    house.set(*plain(box), f"preferences.language={language}", "preferences.device_name=本社3階")
    house.run()
    mail, = box.wait_mails(1)
    assert mail.headers["Subject"] == subject
    assert words in mail.text and "export_20260608.csv" in mail.text
    raw = mail.raw.partition(b"\r\n\r\n")[0] if b"\r\n\r\n" in mail.raw else mail.raw.partition(b"\n\n")[0]
    assert all(byte < 128 for byte in raw), "headers are encoded"


def test_a_day_of_more_jobs_is_split_into_several_mails(house, box):
    house.print("2026-06-08", count=25)
    house.set(*plain(box), "mail.jobs_per_mail=10")
    assert house.run()["files"] == 3
    got = files(box.wait_mails(3))
    names = [f"export_20260608_part{n}of3.csv" for n in (1, 2, 3)]
    assert sorted(got) == names
    assert [len(documents(got[name])) for name in names] == [10, 10, 5]
    assert sum((documents(got[name]) for name in names), []) == house.names
    subjects = sorted(mail.headers["Subject"] for mail in box.mails())
    assert [s[-5:] for s in subjects] == ["(1/3)", "(2/3)", "(3/3)"]
    house.check_exactly_once(got)
    late = house.print("2026-06-08", tag="late ")
    house.run()
    box.wait_mails(4)
    assert documents(files(box.mails())["export_20260608_2.csv"]) == late


def test_0_jobs_per_mail_means_never_split(house, box):
    house.print("2026-06-08", count=40)
    house.set(*plain(box), "mail.jobs_per_mail=0")
    assert house.run()["files"] == 1


def test_the_servers_size_decides_the_parts_before_anything_is_sent(house):
    house.take([house.record("2026-06-08 10:00:00", name) for name in (f"{n:03} " + "x" * 900 for n in range(100))])
    house.names = [f"{n:03} " + "x" * 900 for n in range(100)]
    with lab.Exim(max_size="64K") as small:
        house.set(*plain(small))
        run = house.run()
        got = files(small.wait_mails(run["files"]))
    assert run["files"] >= 2 and all(name.endswith(f"of{run['files']}.csv") for name in got)
    assert house.ledger("auto", "void", "failed") == [], "nothing was tried in vain"
    house.check_exactly_once(got)


def test_a_refusal_for_its_size_splits_the_range_until_it_fits(house):
    """A server that tells no SIZE and refuses what is too large: only that range comes in more parts."""
    house.print("2026-06-07")
    house.print("2026-06-08", count=8)
    with lab.FaultSmtp(size=None) as smtp:
        smtp.handle_DATA = refusing(smtp, over=lambda data: data.count(b"\n") > 0 and rows_in(data) > 3)
        house.set(*smtp.settings())
        run = house.run()
        got = files(smtp.mails())
    assert run["result"] == "success"
    assert max(len(documents(data)) for data in got.values()) <= 3
    assert {row["error"] for row in house.ledger("auto", "void")} == {"X16"}
    house.check_exactly_once(got)


def refusing(smtp, over):
    """FaultSmtp's handler, with 552 for what is over the limit."""
    usual = smtp.handle_DATA

    async def handle(server, session, envelope):
        if over(envelope.original_content):
            return "552 5.3.4 message too big"
        return await usual(server, session, envelope)

    return handle


def rows_in(raw):
    mail = lab.mail.Mail(raw)
    return len(documents(mail.attachments[0][2]))


def test_a_single_job_that_is_too_large_is_x16_and_the_other_days_go(house):
    house.print("2026-06-07", "2026-06-08", count=1)
    house.take([house.record("2026-06-06 10:00:00", "y" * 1000, destination="z" * 1000)])
    with lab.FaultSmtp(size=None) as smtp:
        smtp.handle_DATA = refusing(smtp, over=lambda data: len(data) > 3600)
        house.set(*smtp.settings())
        run = house.cli("export", "run", "--json").ok(3).json()
        assert (run["result"], run["code"], run["files"]) == ("partial", "X16", 2), run
    row, = house.ledger("auto", "failed")
    assert (row["day"], row["rows"], row["error"]) == ("2026-06-06", 1, "X16")


def test_cp932_arrives_as_cp932_and_what_it_lacks_is_counted(house, box):
    house.take([house.record("2026-06-08 10:00:00", "髙橋①～ 😀 見積")])
    house.set(*plain(box), "csv.encoding=cp932")
    run = house.cli("export", "run")
    assert run.code == 0 and "1 characters" in run.out
    mail, = box.wait_mails(1)
    part = next(mail.message.iter_attachments())
    assert part.get_content_charset().lower() in ("windows-31j", "cp932")
    row, = csv.DictReader(io.StringIO(mail.attachments[0][2].decode("cp932"), newline=""))
    assert row["文書名"] == "髙橋①～ ? 見積"


def test_a_lost_250_is_sent_again_with_the_same_message_id_and_bytes(house):
    house.print("2026-06-08")
    with lab.FaultSmtp() as smtp, lab.Proxy(smtp) as proxy:
        pairs = dict(pair.split("=", 1) for pair in smtp.settings())
        house.set(*[f"{key}={value}" for key, value in {**pairs, "mail.server": f"127.0.0.1:{proxy.port}"}.items()])
        rule = proxy.when(client=b"\r\n.\r\n", do="lose-reply")
        house.cli("export", "run").ok(5)
        assert rule.fired and house.status()["pending"]["closing"] == ["export_20260608.csv"]
        house.set("csv.separator=tab", "preferences.language=en")
        house.at("2026-06-10 12:00:00")
        assert house.run()["files"] == 1
        first, second = smtp.wait_mails(2)
    assert first.raw == second.raw, "the same to the last byte, Message-ID and Date included"
    house.check_exactly_once(files([second]))


def test_a_lost_250_and_then_another_destination_waits_until_it_is_known(house, share, samba):
    house.print("2026-06-08")
    with lab.FaultSmtp() as smtp:
        house.set(*smtp.settings(to="lost250@example.com"))
        house.cli("export", "run").ok(5)
        assert len(smtp.wait_mails(1)) == 1
        house.print("2026-06-07")
        house.set(*samba.settings(share))
        house.cli("export", "run")
        assert share.files() == ["export_20260607.csv"], "the mail may have arrived: it never goes to the share"
    house.cli("export", "waive", "--file", "export_20260608.csv", "--reason", "it is in the mailbox").ok()
    assert house.run()["files"] == 0 and house.status()["pending"]["closing"] == []


def test_a_refused_recipient_sends_nothing_to_anybody(house):
    house.print("2026-06-08")
    with lab.FaultSmtp() as smtp:
        house.set("limits=extended", *smtp.settings(to="boss@example.com, deny@example.com"))
        refused = house.cli("export", "run").ok(6)
        assert "X12" in refused.err and "deny@example.com" in refused.err and "boss@" not in refused.err
        assert smtp.mails() == []
        house.set("mail.to=boss@example.com, second@example.com")
        assert house.run()["files"] == 1
        assert sorted(smtp.mails()[0].recipients) == ["boss@example.com", "second@example.com"]


def test_auth_over_a_plain_connection_has_to_be_wished_for(house):
    house.print("2026-06-08")
    with lab.FaultSmtp(auth=True) as smtp:
        house.set(*[pair.replace("mail.security=none", "mail.security=auto") for pair in smtp.settings()])
        assert "X21" in house.cli("export", "run").ok(6).err
        assert not [c for c in smtp.commands if c.startswith("AUTH")], "the password was not said"
        house.set("mail.security=none")
        assert house.run()["files"] == 1


def test_a_probe_of_the_size_that_fails_is_the_runs_failure(house):
    house.print("2026-06-08")
    with lab.FaultSmtp() as smtp:
        house.set(*smtp.settings())
    run = house.cli("export", "run", "--json").ok(5).json()
    assert (run["result"], run["code"]) == ("failed", "X02")
    assert house.last_run()["code"] == "X02" and house.status()["pending"]["jobs"] == 2
