# SPDX-License-Identifier: GPL-3.0-or-later
"""printtrail-deliver against real Exim and a mail server that fails on request: security, log-in, refusals, lost replies."""

import itertools
import os
import re

import pytest

import lab
from deliver import STEPS, Helper

NAME = "export_20261121.csv"
CONTENT = "\ufeff履歴番号,ユーザ名\r\n1,tanaka\r\n".encode() * 500
AUTO, NONE, STARTTLS, TLS = 0, 1, 2, 3
numbers = itertools.count(1)


def mail_helper(here, server, password="M4il-secret", **members):
    number = next(numbers)
    members = {
        "method": "mail", "host": "127.0.0.1", "port": server and server.port, "to": "boss@example.com",
        "from": "printtrail@example.com", "user": "ptmail", "message_id": f"<{number}.0123456789@printtrail.example>",
        "date": "Sun, 22 Nov 2026 03:00:00 +0900", "boundary": f"=_printtrail_{number}", "subject": "ジョブ履歴 2026-11-21",
        "body": "2026-11-21 のジョブ履歴です。\n.\n以上\n", "charset": "utf-8", "file_name": NAME, "timeout_s": 10, **members,
    }
    return Helper(here, password, **members)


def put(helper, content=CONTENT, **members):
    return helper.run("put", **helper.spool(content), **members)


def mail_of(server, helper):
    """The one mail with the helper's Message-ID."""
    def find():
        return [m for m in server.mails() if m.message_id == helper.common["message_id"]]

    lab.wait_until(find, what="the mail")
    found = find()
    assert len(found) == 1
    return found[0]


def assert_right(mail, helper, content=CONTENT):
    assert mail.headers["Subject"] == helper.common["subject"]
    assert mail.headers["From"] == helper.common["from"]
    assert mail.headers["Auto-Submitted"] == "auto-generated"
    assert mail.headers["Date"] == helper.common["date"]
    assert mail.message.get_boundary() == helper.common["boundary"]
    assert mail.text.replace("\r\n", "\n").rstrip("\n") == helper.common["body"].rstrip("\n")
    assert mail.attachments == [(NAME, "text/csv", content)]


# --- what goes well


@pytest.mark.parametrize("security, port, auth", [
    (AUTO, "port", True), (STARTTLS, "port", True), (TLS, "tls_port", True), (AUTO, "plain_port", False), (NONE, "plain_port", False),
])
def test_every_way_to_a_mail_server(exim, ca, tmp_path, security, port, auth):
    helper = mail_helper(tmp_path, exim, port=getattr(exim, port), security=security, auth=auth, ca_file=str(ca.ca))
    done = put(helper)
    assert done.outcome == "delivered" and done.status == 0, done
    assert done.steps(ok=True) == STEPS and done.steps(ok=False) == []
    assert done.result["size_limit"] == 40 << 20
    mail = mail_of(exim, helper)
    assert_right(mail, helper)
    assert ("esmtps" in mail.raw.decode(errors="replace")) == (port != "plain_port")


@pytest.mark.parametrize("size", [0, 1, 57, 3_000_000])
def test_the_attachment_is_the_file_byte_by_byte(exim, tmp_path, size):
    content = os.urandom(size)
    helper = mail_helper(tmp_path, exim, port=exim.plain_port)
    assert put(helper, content).outcome == "delivered"
    assert_right(mail_of(exim, helper), helper, content)


def test_names_subjects_and_texts_in_any_script_come_back(exim, tmp_path):
    name = "複合機3階 \"営業\"; 100%_export_20261121.csv"
    subject = "履歴 " * 40 + "(部 門)"
    helper = mail_helper(tmp_path, exim, port=exim.plain_port, file_name=name, subject=subject.strip(), body="x" * 2000 + "\n終わり\n")
    assert put(helper).outcome == "delivered"
    mail = mail_of(exim, helper)
    assert mail.attachments == [(name, "text/csv", CONTENT)]
    assert mail.headers["Subject"] == subject.strip()
    assert mail.text.replace("\r\n", "\n") == "x" * 2000 + "\n終わり\n"
    raw = mail.raw
    assert all(byte < 0x80 for byte in raw) and max(len(line) for line in raw.split(b"\n")) <= 998


@pytest.mark.parametrize("charset, told", [("utf-8", "utf-8"), ("cp932", "windows-31j"), (None, None)])
def test_the_attachment_tells_its_charset(exim, tmp_path, charset, told):
    helper = mail_helper(tmp_path, exim, port=exim.plain_port, charset=charset)
    assert put(helper).outcome == "delivered"
    assert next(mail_of(exim, helper).message.iter_attachments()).get_content_charset() == told


def test_a_repeat_carries_the_same_bytes(fault_smtp, tmp_path):
    helper = mail_helper(tmp_path, fault_smtp)
    assert [put(helper).outcome for _ in range(2)] == ["delivered"] * 2
    first, second = fault_smtp.mails()
    assert first.raw == second.raw


def test_several_recipients_get_one_mail(exim, tmp_path):
    helper = mail_helper(tmp_path, exim, port=exim.plain_port, to="a@example.com, b@example.com,c@example.com")
    assert put(helper).outcome == "delivered"
    assert sorted(mail_of(exim, helper).recipients) == ["a@example.com", "b@example.com", "c@example.com"]


def test_without_go_nothing_is_delivered(fault_smtp, tmp_path):
    seen = []
    failed = put(mail_helper(tmp_path, fault_smtp), go=False, at_uploaded=lambda: seen.append(list(fault_smtp.mails())))
    assert (failed.outcome, failed.code, seen) == ("failed", "X18", [[]]), failed
    assert fault_smtp.mails() == []


def test_the_final_dot_waits_for_go(fault_smtp, tmp_path):
    seen = []
    helper = mail_helper(tmp_path, fault_smtp)
    done = put(helper, at_uploaded=lambda: seen.append(list(fault_smtp.mails())))
    assert (done.outcome, seen) == ("delivered", [[]]), done
    assert_right(fault_smtp.wait_mails(1)[0], helper)


# --- security and log-in


@pytest.mark.parametrize("members, port, code, step", [
    ({"auth": True}, "plain_port", "X21", "negotiate"),
    ({"security": STARTTLS}, "plain_port", "X21", "negotiate"),
    ({"security": TLS}, "plain_port", "X21", "negotiate"),
    ({"security": NONE, "auth": True}, "plain_port", "X22", "negotiate"),
    ({"security": NONE, "auth": True}, "port", "X22", "negotiate"),
    ({"ca_file": None}, "port", "X11", "negotiate"),
    ({"ca_file": None, "security": TLS}, "tls_port", "X11", "negotiate"),
    ({"auth": True, "password": "wrong"}, "port", "X04", "login"),
    ({"auth": True, "user": "nobody"}, "port", "X04", "login"),
    ({"auth": False}, "port", "X12", "open"),
])
def test_each_refusal_before_the_mail_has_its_own_code(exim, ca, tmp_path, members, port, code, step):
    helper = mail_helper(tmp_path, exim, port=getattr(exim, port), **{"ca_file": str(ca.ca), **members})
    failed = put(helper)
    assert (failed.outcome, failed.code, failed.steps(ok=False)) == ("failed", code, [step]), failed
    assert not [m for m in exim.mails() if m.message_id == helper.common["message_id"]]


def test_no_credential_and_no_address_goes_out_where_the_server_offers_no_login(tmp_path):
    with lab.FaultSmtp() as server:
        for security, code in ((NONE, "X22"), (AUTO, "X21")):
            assert put(mail_helper(tmp_path, server, security=security, auth=True)).code == code
        assert not [c for c in server.commands if not c.startswith(("EHLO", "QUIT"))], server.commands


def test_the_administrators_none_sends_credentials_in_the_clear(tmp_path):
    with lab.FaultSmtp(auth=True) as server:
        helper = mail_helper(tmp_path, server, security=NONE, auth=True)
        assert put(helper).outcome == "delivered"
        assert put(mail_helper(tmp_path, server, security=NONE, auth=True, password="wrong")).code == "X04"
        assert put(mail_helper(tmp_path, server, security=AUTO, auth=True)).code == "X21"


class Scripted(lab.inside.TcpServer):
    """A mail server of few words: regular expression -> answer."""

    name = "scripted"

    def __init__(self, answers, banner=b"220 script.example ESMTP\r\n"):
        super().__init__()
        self.answers, self.banner, self.seen = answers, banner, []

    def handle(self, connection):
        connection.sendall(self.banner)
        for line in connection.makefile("rb"):
            self.seen.append(line.strip())
            for pattern, answer in self.answers:
                if re.match(pattern, line):
                    connection.sendall(answer)
                    break
            else:
                connection.sendall(b"250 ok\r\n")


EHLO = b"EHLO "


@pytest.mark.parametrize("answers, members, code", [
    ([(EHLO, b"250-x\r\n250 STARTTLS\r\n"), (b"STARTTLS", b"454 TLS not available\r\n")], {}, "X23"),
    ([(EHLO, b"250-x\r\n250 STARTTLS\r\n"), (b"STARTTLS", b"502 no\r\n")], {}, "X21"),
    ([(EHLO, b"250-x\r\n250 STARTTLS\r\n"), (b"STARTTLS", b"502 no\r\n")], {"security": STARTTLS}, "X21"),
    ([(EHLO, b"250-x\r\n250 AUTH CRAM-MD5\r\n")], {"security": NONE, "auth": True}, "X22"),
    ([(EHLO, b"250-x\r\n250 AUTH PLAIN\r\n"), (b"AUTH", b"530 5.7.0 Must issue a STARTTLS command first\r\n")],
     {"security": NONE, "auth": True}, "X10"),
    ([(EHLO, b"250-x\r\n250 AUTH=LOGIN\r\n")], {"security": NONE, "auth": True}, "X22"),
    ([(EHLO, b"250-x\r\n250 AUTH LOGIN\r\n"), (b"AUTH", b"454 4.7.0 try later\r\n")], {"security": NONE, "auth": True}, "X23"),
    ([(EHLO, b"250-x\r\n250 AUTH LOGIN PLAIN\r\n"), (b"AUTH", b"525 5.7.13 account disabled\r\n")],
     {"security": NONE, "auth": True}, "X05"),
    ([(EHLO, b"500 what\r\n"), (b"HELO", b"500 what\r\n")], {}, "X24"),
    ([(EHLO, b"500 what\r\n"), (b"HELO", b"250 hello\r\n")], {"security": NONE, "auth": True}, "X22"),
    ([(b"MAIL", b"530 5.7.0 Must issue a STARTTLS command first\r\n")], {}, "X10"),
    ([(b"MAIL", b"552 5.3.4 too big\r\n")], {}, "X16"),
    ([(b"MAIL", b"550 5.1.8 sender unknown\r\n")], {}, "X12"),
    ([(b"MAIL", b"452 4.3.1 no space now\r\n")], {}, "X23"),
    ([(b"RCPT", b"552 5.2.2 mailbox full\r\n")], {}, "X12"),
    ([(b"DATA", b"451 4.3.0 later\r\n")], {}, "X23"),
    ([(b"DATA", b"554 no valid recipients\r\n")], {}, "X25"),
])
def test_each_reply_has_its_meaning(tmp_path, answers, members, code):
    with Scripted(answers) as server:
        failed = put(mail_helper(tmp_path, server, **members))
        assert (failed.outcome, failed.code) == ("failed", code), failed
        assert b"." not in server.seen


@pytest.mark.parametrize("banner, code", [
    (b"554 go away\r\n", "X25"), (b"421 too busy\r\n", "X23"), (b"HTTP/1.1 400 Bad Request\r\n\r\n", "X24"),
])
def test_a_greeting_that_is_none_is_understood(tmp_path, banner, code):
    with Scripted([], banner) as server:
        failed = put(mail_helper(tmp_path, server, timeout_s=2))
        assert (failed.outcome, failed.code, failed.steps(ok=False)) == ("failed", code, ["negotiate"]), failed


def test_an_ftp_server_is_no_mail_server(ftp, tmp_path):
    failed = put(mail_helper(tmp_path, ftp))
    assert (failed.outcome, failed.code) == ("failed", "X24"), failed


# --- recipients, sizes, refusals after the mail


@pytest.mark.parametrize("to, code, named, step", [
    ("deny@example.com", "X12", ["deny@example.com"], "open"),
    ("ok@example.com, deny@example.com", "X12", ["deny@example.com"], "open"),
    ("deny@example.com, ok@example.com, defer@example.com", "X12", ["deny@example.com", "defer@example.com"], "open"),
    ("ok@example.com,defer@example.com", "X23", ["defer@example.com"], "open"),
    ("full@example.com", "X23", ["full@example.com"], "open"),
    ("drop@example.com", "X23", ["drop@example.com"], "open"),
    ("latebad@example.com", "X25", [], "finish"),
    ("latetmp@example.com", "X23", [], "finish"),
])
def test_all_recipients_or_nothing(exim, tmp_path, to, code, named, step):
    helper = mail_helper(tmp_path, exim, port=exim.plain_port, to=to)
    failed = put(helper)
    assert (failed.outcome, failed.code, failed.steps(ok=False)) == ("failed", code, [step]), failed
    for address in named:
        assert address in failed.result["text"][0] and address in failed.result["text"][1]
    assert re.match(r"[45]\d\d ", failed.server)
    assert not [m for m in exim.mails() if m.message_id == helper.common["message_id"]]


def test_a_sender_that_is_put_off_is_tried_again_later(exim, tmp_path):
    failed = put(mail_helper(tmp_path, exim, port=exim.plain_port, **{"from": "greylist@example.com"}))
    assert (failed.code, failed.server[:4]) == ("X23", "421 "), failed


def test_a_mail_larger_than_the_server_takes_is_not_even_begun(tmp_path):
    with lab.FaultSmtp(size=100_000) as server:
        failed = put(mail_helper(tmp_path, server), b"x" * 90_000)
        assert (failed.outcome, failed.code, failed.result["size_limit"]) == ("failed", "X16", 100_000), failed
        assert not [c for c in server.commands if c.startswith("MAIL")]
        assert put(mail_helper(tmp_path, server), b"x" * 60_000).outcome == "delivered"


def test_a_refusal_for_size_after_the_mail_is_certain(fault_smtp, tmp_path):
    failed = put(mail_helper(tmp_path, fault_smtp, to="latefull@example.com"))
    assert (failed.outcome, failed.code) == ("failed", "X16"), failed


def test_a_probe_tells_the_size_limit_and_sends_nothing(exim, ca, tmp_path):
    for port, security in ((exim.port, AUTO), (exim.port, STARTTLS), (exim.tls_port, TLS), (exim.plain_port, NONE)):
        told = mail_helper(tmp_path, exim, port=port, security=security, auth=False, ca_file=str(ca.ca)).run("probe")
        assert (told.outcome, told.result["size_limit"]) == ("delivered", 40 << 20), told
    with lab.FaultSmtp(size=None) as server:
        told = mail_helper(tmp_path, server).run("probe")
        assert told.outcome == "delivered" and "size_limit" not in told.result
        assert not [c for c in server.commands if not c.startswith(("EHLO", "QUIT"))]


# --- connections that break


@pytest.mark.parametrize("to, outcome, codes, stored", [
    ("cut@example.com", "failed", ["X18"], 0),
    ("hangrcpt@example.com", "failed", ["X17"], 0),
    ("lost250@example.com", "unknown", ["X18"], 1),
    ("hang@example.com", "unknown", ["X17"], 1),
])
def test_only_a_lost_reply_to_the_final_dot_is_unknown(fault_smtp, tmp_path, to, outcome, codes, stored):
    doubtful = put(mail_helper(tmp_path, fault_smtp, to=to, timeout_s=2, final_timeout_s=2), deadline=20)
    assert (doubtful.outcome, doubtful.code in codes) == (outcome, True), doubtful
    assert len(fault_smtp.mails()) == stored


def test_the_final_dot_has_a_time_limit_of_its_own(fault_smtp, tmp_path):
    assert put(mail_helper(tmp_path, fault_smtp, to="slow@example.com", timeout_s=2, final_timeout_s=30)).outcome == "delivered"


@pytest.mark.parametrize("what, code", [("cut", "X18"), ("stall", "X17")])
def test_a_transfer_that_breaks_delivers_nothing(fault_smtp, tmp_path, what, code):
    with lab.Proxy(fault_smtp) as proxy:
        rule = proxy.when(client_bytes=2_000_000, do=what)
        failed = put(mail_helper(tmp_path, proxy, timeout_s=2), os.urandom(8_000_000), deadline=30)
        assert rule.fired
    assert (failed.outcome, failed.code, failed.steps(ok=False)) == ("failed", code, ["write"]), failed
    assert fault_smtp.mails() == []


@pytest.mark.parametrize("security", [AUTO, TLS])
def test_a_server_that_accepts_and_hangs_is_given_up_in_time(tmp_path, security):
    with lab.Deaf() as deaf:
        failed = put(mail_helper(tmp_path, deaf, timeout_s=2, security=security), deadline=12)
    assert (failed.outcome, failed.code, failed.steps(ok=False)) == ("failed", "X02", ["negotiate"]), failed


@pytest.mark.parametrize("certificate, why", [("expired", "expired"), ("wrong_host", "hostname"), ("self_signed", "self-signed")])
def test_a_certificate_that_is_not_trusted_is_shown_also_in_auto(ca, tmp_path, certificate, why):
    with lab.FaultSmtp(tls="starttls", certificate=certificate) as server:
        helper = mail_helper(tmp_path, server, ca_file=str(ca.ca))
        failed = put(helper)
        assert (failed.outcome, failed.code) == ("failed", "X11"), failed
        assert why in failed.result["text"][0].lower()
        assert put(helper, trusted_sha256=failed.result["certificate"]["sha256"]).outcome == "delivered"
        assert not [c for c in server.commands if c.startswith("MAIL")][1:]
