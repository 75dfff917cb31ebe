# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's servers do what the other tests rely on, as seen by clients that are not ours."""

import smtplib
import ssl

import pytest

import lab
from foreign import FILE, HOST, MESSAGE, put, refusal, send, upload

# --- Samba


def test_samba_stores_a_file_in_a_folder_of_the_test(samba, share, local_file):
    put(samba, local_file, share.path.name)
    assert share.files() == ["a.csv"]
    assert share.read("a.csv") == FILE
    assert share.address == rf"\\127.0.0.1@{samba.port}\export\{share.path.name}"


@pytest.mark.parametrize(
    "share, words",
    [
        ("ro", "NT_STATUS_ACCESS_DENIED"),
        ("nowrite", "NT_STATUS_ACCESS_DENIED"),
        ("other", "NT_STATUS_ACCESS_DENIED"),
        ("missing", "NT_STATUS_BAD_NETWORK_NAME"),
    ],
)
def test_samba_refuses_what_the_share_forbids(samba, local_file, share, words):
    assert words in put(samba, local_file, share=share)


@pytest.mark.parametrize(
    "user, words",
    [
        ("disabled_user", "NT_STATUS_ACCOUNT_DISABLED"),
        ("locked_user", "NT_STATUS_ACCOUNT_LOCKED_OUT"),
        ("expired_user", "NT_STATUS_ACCOUNT_EXPIRED"),
        ("must_change_user", "NT_STATUS_PASSWORD_MUST_CHANGE"),
    ],
)
def test_samba_says_what_is_wrong_with_an_account(samba, local_file, user, words):
    assert words in put(samba, local_file, user=getattr(samba, user))


def test_samba_refuses_a_wrong_password_and_lets_the_other_user_in(samba, local_file):
    assert "NT_STATUS_LOGON_FAILURE" in put(samba, local_file, password="wrong")
    assert "putting file" in put(samba, local_file, share="other", user=samba.other_user)


def test_the_full_share_holds_16_megabytes(samba, tmp_path):
    big = tmp_path / "big"
    big.write_bytes(bytes(20 << 20))
    assert "NT_STATUS_DISK_FULL" in put(samba, big, share="full")


def test_samba_that_requires_encryption_gets_it(samba_encrypted, local_file):
    assert "putting file" in put(samba_encrypted, local_file)
    assert "NT_STATUS" in put(samba_encrypted, local_file, options=["-m", "SMB2"])  # SMB 2 cannot encrypt


def test_samba_of_the_old_dialect_talks_to_no_modern_client(samba_old, local_file):
    assert "NT_STATUS" in put(
        samba_old, local_file, options=["-m", "SMB3", "--option=client min protocol=SMB2"]
    )
    assert "putting file" in put(samba_old, local_file, options=["--option=client min protocol=NT1"])


def test_a_killed_samba_comes_back_at_the_same_port_with_its_files(local_file):
    with lab.Samba() as samba:
        folder, port = samba.folder(), samba.port
        put(samba, local_file, folder.path.name)
        samba.kill()
        assert not samba.running
        assert "NT_STATUS_CONNECTION_REFUSED" in put(samba, local_file)
        samba.start()
        assert samba.port == port
        assert folder.read("a.csv") == FILE
        place = samba.dir
    assert not place.exists()


# --- FTP


def test_ftp_stores_a_file(ftp, ftp_folder, local_file):
    assert upload(ftp, local_file, f"in/{ftp_folder.path.name}/a.csv").returncode == 0
    assert ftp_folder.contents() == {"a.csv": FILE}


@pytest.mark.parametrize("mode, option", [("ftps", "--ssl-reqd"), ("ftps_implicit", "--ssl")])
def test_ftp_with_tls_stores_a_file_and_shows_our_certificate(request, ca, local_file, mode, option):
    server = request.getfixturevalue(mode)
    folder = server.folder()
    target = f"in/{folder.path.name}/a.csv"
    assert upload(server, local_file, target, option, "--cacert", ca.ca).returncode == 0
    assert folder.contents() == {"a.csv": FILE}
    assert upload(server, local_file, target, option, "--cacert", ca.other_ca).returncode == 60


def test_ftp_with_tls_refuses_a_plain_log_in(ftps, local_file):
    assert upload(ftps, local_file, "in/a.csv").returncode == 67


def test_ftp_refuses_a_folder_without_permission_and_breaks_when_full(ftp, tmp_path, local_file):
    assert b"553" in upload(ftp, local_file, "ro/a.csv", "-v").stderr
    big = tmp_path / "big"
    big.write_bytes(bytes(20 << 20))
    assert upload(ftp, big, "full/a.csv").returncode != 0


# --- mail


@pytest.mark.parametrize("tls, port", [("starttls", "port"), ("implicit", "tls_port"), (None, "plain_port")])
def test_exim_delivers_on_each_of_its_ports(exim, ca, tls, port):
    exim.clear()
    send(
        exim, ca, ["boss@example.com", "second@example.com"], getattr(exim, port), tls, login=tls is not None
    )
    mail = exim.wait_mails(1)[0]
    assert mail.headers["Subject"] == "履歴"
    assert mail.attachments == [("履.csv", "text/csv", b"a,b\r\n")]
    assert mail.recipients == ["boss@example.com", "second@example.com"]
    assert mail.text.strip() == "hello"


@pytest.mark.parametrize(
    "name, code", [("defer", 451), ("full", 452), ("deny", 550), ("latebad", 554), ("latetmp", 451)]
)
def test_exim_refuses_some_recipients(exim, ca, name, code):
    exim.clear()
    with pytest.raises((smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)) as caught:
        send(exim, ca, [f"{name}@example.com"], tls="starttls")
    assert refusal(caught) == code
    assert exim.mails() == []


def test_exim_wants_a_log_in_and_knows_the_password(exim, ca):
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        send(exim, ca, ["boss@example.com"], tls="starttls", login=False)
    assert refusal(caught) == 530
    with smtplib.SMTP(HOST, exim.port, timeout=15) as client:
        client.starttls(context=ssl.create_default_context(cafile=ca.ca))
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(exim.user, "wrong")


def test_the_fault_server_loses_the_last_reply_but_has_the_mail(fault_smtp, ca):
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(fault_smtp, ca, ["lost250@example.com"], login=False)
    assert fault_smtp.wait_mails(1)[0].message_id == "<1@example.com>"
    assert fault_smtp.commands[1:] == ["MAIL printtrail@example.com", "RCPT lost250@example.com", "DATA"]


def test_the_fault_server_hangs_after_the_mail(fault_smtp, ca):
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        with smtplib.SMTP(HOST, fault_smtp.port, timeout=0.5) as client:
            client.sendmail("a@example.com", ["hang@example.com"], MESSAGE)
    assert len(fault_smtp.wait_mails(1)) == 1


@pytest.mark.parametrize(
    "sender, recipient, code",
    [
        ("a", "defer", 451),
        ("a", "deny", 550),
        ("a", "latebad", 554),
        ("a", "latefull", 552),
        ("greylist", "boss", 421),
    ],
)
def test_the_fault_server_refuses(fault_smtp, ca, sender, recipient, code):
    with pytest.raises(
        (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, smtplib.SMTPSenderRefused)
    ) as caught:
        send(fault_smtp, ca, [f"{recipient}@example.com"], login=False, sender=f"{sender}@example.com")
    assert refusal(caught) == code
    assert fault_smtp.mails() == []


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_the_fault_server_speaks_tls_and_auth(ca, tls):
    with lab.FaultSmtp(tls=tls, auth=True) as server:
        send(server, ca, ["boss@example.com"], tls=tls)
        assert server.mails()[0].recipients == ["boss@example.com"]


@pytest.mark.parametrize("size", [1000, None])
def test_the_fault_server_offers_the_size_and_nothing_else(size):
    with lab.FaultSmtp(size=size) as server, smtplib.SMTP(HOST, server.port, timeout=15) as client:
        client.ehlo()
        assert client.esmtp_features.get("size") == (str(size) if size else None)
        assert not client.has_extn("starttls") and not client.has_extn("auth")


@pytest.mark.parametrize(
    "certificate, words",
    [("expired", "expired"), ("wrong_host", "not valid for"), ("self_signed", "self-signed")],
)
def test_bad_certificates_are_bad_in_the_way_they_say(ca, certificate, words):
    with lab.FaultSmtp(tls="implicit", certificate=certificate) as server:
        with pytest.raises(ssl.SSLCertVerificationError, match=words):
            send(server, ca, ["boss@example.com"], tls="implicit", login=False)


# --- printing


def test_a_job_goes_through_cupsd_to_the_printer_and_is_counted(cups, printer, pdf):
    done = cups.lp("demo", pdf, user="tanaka", title="見積書.pdf", copies=2)
    failed = cups.lp("demo", pdf, user="kato", title="=cmd|x ABORTME")
    canceled = cups.lp("demo", pdf, hold=True)
    cups.cancel(canceled)
    cups.wait_finished(done, failed, canceled)
    states = {number: cups.job(number)["job-state"] for number in (done, failed, canceled)}
    assert states == {done: 9, failed: 7, canceled: 7}  # cupsd calls an abort at the printer canceled
    assert cups.job(done)["job-impressions-completed"] == 6
    assert cups.job(done)["job-name"] == "見積書.pdf"
    assert [j["job-impressions-completed"] for j in printer.jobs() if j["job-name"] == "見積書.pdf"] == [6]
    listed = cups.tool("lpstat", "-W", "completed", "-o", "demo").stdout.decode()
    assert f"demo-{done}" in listed


def test_cupsd_takes_any_bytes_as_title_and_a_job_without_user(cups):
    number = cups.print_raw("raw", b"x", user=None, title=b"two\nlines")
    cups.wait_finished(number)
    job = cups.job(number)
    assert (job["job-name"], job["job-name#2"]) == ("two\nlines", "Untitled")
    assert job["job-originating-user-name"] == "anonymous"


def test_debians_privacy_hides_names_from_strangers_but_not_from_root():
    with lab.Cups(policy="private") as cups:
        cups.add_queue("raw")
        cups.wait_finished(cups.print_raw("raw", b"x", user=b"alice"))
        seen = {user: "job-name" in cups.jobs(user=user)[0] for user in ("stranger", "alice", "root")}
    assert seen == {"stranger": False, "alice": True, "root": True}


def test_cupsd_with_a_log_in_answers_401():
    with lab.Cups(policy="login") as cups, pytest.raises(OSError, match="401"):
        cups.jobs()


def test_cupsd_keeps_its_history_over_kill_and_loses_it_by_purge():
    with lab.Cups() as cups:
        cups.add_queue("raw")
        for _ in range(3):
            cups.print_raw("raw", b"x")
        cups.wait_finished()
        cups.kill()
        cups.start()
        assert [job["job-id"] for job in cups.jobs()] == [1, 2, 3]
        cups.purge()
        assert cups.jobs() == []
        cups.forget_numbers()
        assert cups.print_raw("raw", b"x") == 1


def test_cupsd_purges_the_oldest_job_beyond_its_maximum():
    with lab.Cups(max_jobs=5) as cups:
        cups.add_queue("raw")
        for _ in range(12):
            cups.wait_finished(cups.print_raw("raw", b"x"))
        assert len(cups.jobs()) <= 5


def test_a_history_of_thousands_is_made_from_one_job():
    with lab.Cups() as cups:
        cups.add_queue("raw")
        cups.wait_finished(cups.print_raw("raw", b"x"))
        cups.make_history(1200)
        jobs = cups.jobs(attributes=("job-id", "job-uuid", "time-at-completed"))
    assert len(jobs) == 1201
    assert len({job["job-uuid"] for job in jobs}) == 1201


def test_the_printer_starts_its_numbers_anew(pdf):
    with lab.IppPrinter() as printer:
        assert printer.print_raw(pdf.read_bytes()) == 1
        printer.wait_finished()
        assert printer.print_raw(pdf.read_bytes()) == 2
        printer.wait_finished()
        printer.restart()
        assert printer.jobs() == []
        assert printer.print_raw(pdf.read_bytes()) == 1
