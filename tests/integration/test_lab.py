# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's servers do what the other tests rely on, as seen by clients that are not ours."""

import pathlib
import signal
import smtplib
import socket
import ssl
import subprocess
import sys

import pytest

import lab
from lab import ipp

HOST = "127.0.0.1"
FILE = b"seq,user_name\r\n1,\xe7\x94\xb0\xe4\xb8\xad\r\n"


@pytest.fixture
def local_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(FILE)
    return path


# --- Samba

def put(samba, path, folder="", **options):
    target = f"{folder}/a.csv" if folder else "a.csv"
    done = samba.client(f'put "{path}" "{target}"', **options)
    return (done.stdout + done.stderr).decode()


def test_samba_stores_a_file_in_a_folder_of_the_test(samba, share, local_file):
    put(samba, local_file, share.path.name)
    assert share.files() == ["a.csv"]
    assert share.read("a.csv") == FILE
    assert share.address == rf"\\127.0.0.1@{samba.port}\export\{share.path.name}"


@pytest.mark.parametrize("share, words", [
    ("ro", "NT_STATUS_ACCESS_DENIED"),
    ("nowrite", "NT_STATUS_ACCESS_DENIED"),
    ("other", "NT_STATUS_ACCESS_DENIED"),
    ("missing", "NT_STATUS_BAD_NETWORK_NAME"),
])
def test_samba_refuses_what_the_share_forbids(samba, local_file, share, words):
    assert words in put(samba, local_file, share=share)


@pytest.mark.parametrize("user, words", [
    ("disabled_user", "NT_STATUS_ACCOUNT_DISABLED"),
    ("locked_user", "NT_STATUS_ACCOUNT_LOCKED_OUT"),
    ("expired_user", "NT_STATUS_ACCOUNT_EXPIRED"),
    ("must_change_user", "NT_STATUS_PASSWORD_MUST_CHANGE"),
])
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
    assert "NT_STATUS" in put(samba_encrypted, local_file, options=["-m", "SMB2"])     # SMB 2 cannot encrypt


def test_samba_of_the_old_dialect_talks_to_no_modern_client(samba_old, local_file):
    assert "NT_STATUS" in put(samba_old, local_file, options=["-m", "SMB3", "--option=client min protocol=SMB2"])
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

def curl(*arguments):
    return subprocess.run(["curl", "-sS", "--tls-max", "1.2", *map(str, arguments)], capture_output=True, timeout=30)


def upload(server, path, target, *options):
    scheme = "ftps" if server.tls == "implicit" else "ftp"
    address = f"{scheme}://{HOST}:{server.port}/{target}"
    return curl("-T", path, "-u", f"{server.user}:{server.password}", *options, address)


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

MESSAGE = (b"From: printtrail@example.com\r\nTo: boss@example.com\r\nSubject: =?utf-8?B?5bGl5q20?=\r\n"
           b"Message-ID: <1@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
           b"--B\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
           b"--B\r\nContent-Type: text/csv\r\nContent-Transfer-Encoding: base64\r\n"
           b"Content-Disposition: attachment; filename*=UTF-8''%E5%B1%A5.csv\r\n\r\nYSxiDQo=\r\n--B--\r\n")


def send(server, ca, recipients, port=None, tls=None, login=True, sender="printtrail@example.com", message=MESSAGE):
    context = ssl.create_default_context(cafile=ca.ca)
    port = port or server.port
    client = smtplib.SMTP_SSL(HOST, port, timeout=15, context=context) if tls == "implicit" else smtplib.SMTP(HOST, port, timeout=15)
    with client:
        if tls == "starttls":
            client.starttls(context=context)
        if login:
            client.login(server.user, server.password)
        return client.sendmail(sender, recipients, message)


def refusal(caught):
    """Code of a refusal, whatever step it came at."""
    error = caught.value
    return list(error.recipients.values())[0][0] if isinstance(error, smtplib.SMTPRecipientsRefused) else error.smtp_code


@pytest.mark.parametrize("tls, port", [("starttls", "port"), ("implicit", "tls_port"), (None, "plain_port")])
def test_exim_delivers_on_each_of_its_ports(exim, ca, tls, port):
    exim.clear()
    send(exim, ca, ["boss@example.com", "second@example.com"], getattr(exim, port), tls, login=tls is not None)
    mail = exim.wait_mails(1)[0]
    assert mail.headers["Subject"] == "履歴"
    assert mail.attachments == [("履.csv", "text/csv", b"a,b\r\n")]
    assert mail.recipients == ["boss@example.com", "second@example.com"]
    assert mail.text.strip() == "hello"


@pytest.mark.parametrize("name, code", [("defer", 451), ("full", 452), ("deny", 550), ("latebad", 554), ("latetmp", 451)])
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
    assert fault_smtp.commands [1:] == ["MAIL printtrail@example.com", "RCPT lost250@example.com", "DATA"]


def test_the_fault_server_hangs_after_the_mail(fault_smtp, ca):
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        with smtplib.SMTP(HOST, fault_smtp.port, timeout=0.5) as client:
            client.sendmail("a@example.com", ["hang@example.com"], MESSAGE)
    assert len(fault_smtp.wait_mails(1)) == 1


@pytest.mark.parametrize("sender, recipient, code", [
    ("a", "defer", 451), ("a", "deny", 550), ("a", "latebad", 554), ("a", "latefull", 552), ("greylist", "boss", 421)])
def test_the_fault_server_refuses(fault_smtp, ca, sender, recipient, code):
    with pytest.raises((smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, smtplib.SMTPSenderRefused)) as caught:
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


@pytest.mark.parametrize("certificate, words", [
    ("expired", "expired"), ("wrong_host", "not valid for"), ("self_signed", "self-signed")])
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
    assert states == {done: 9, failed: 7, canceled: 7}          # cupsd calls an abort at the printer canceled
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


# --- servers that misbehave

ENDLESS = ("closed", "hang", "endless-bytes", "endless-jobs", "endless-header", "dribble", "huge-length")


def start_get_jobs(server):
    return subprocess.Popen(["ipptool", "-t", "-T", "5", server.uri, "get-completed-jobs.test"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("mode", [mode for mode in lab.BadIpp.MODES if mode not in ENDLESS])
def test_no_client_understands_a_bad_printer(mode):
    with lab.BadIpp(mode) as server:
        assert start_get_jobs(server).wait(20) != 0
        assert server.accepted >= 1


@pytest.mark.parametrize("mode, at_least", [
    ("closed", 0), ("hang", 0), ("dribble", 100), ("endless-header", 10_000), ("endless-bytes", 1 << 20), ("endless-jobs", 1 << 20),
    ("huge-length", 1 << 20)])
def test_an_endless_printer_goes_on_as_long_as_the_client_listens(mode, at_least):
    with lab.BadIpp(mode) as server:
        client = start_get_jobs(server)
        try:
            lab.wait_until(lambda: server.accepted and server.sent >= at_least, 20, f"{at_least} bytes sent")
            assert client.poll() is None
        finally:
            client.kill()
            client.wait()


def test_a_fake_printer_answers_with_given_jobs():
    reply = ipp.message(0, 0, jobs=[ipp.sample_job(7, job_name=b"caf\xe9", job_originating_user_name=None)])
    with lab.BadIpp(replies=[reply]) as server:
        jobs = ipp.get_jobs(HOST, server.port, "/ipp/print", server.uri)
        assert jobs[0]["job-id"] == 7
        assert jobs[0]["job-name"] == b"caf\xe9"
        assert "job-originating-user-name" not in jobs[0]
        assert b"requested-attributes" in server.requests[0][1]


def test_connecting_to_the_black_hole_does_not_end():
    with lab.BlackHole() as hole, socket.socket() as client:
        client.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.connect((HOST, hole.port))


def test_the_deaf_server_says_its_banner_and_no_more():
    with lab.Deaf(b"220 hello\r\n") as deaf, socket.create_connection((HOST, deaf.port), timeout=0.3) as client:
        assert client.recv(100) == b"220 hello\r\n"
        client.sendall(b"EHLO x\r\n")
        with pytest.raises(TimeoutError):
            client.recv(100)


# --- proxy

def test_the_proxy_passes_smb_and_ftp(samba_clear, ftp, local_file):
    folder, ftp_folder = samba_clear.folder(), ftp.folder()
    with lab.Proxy(samba_clear) as proxy:
        done = lab.run(["smbclient", "-s", "/dev/null", "-p", str(proxy.port), "-U", f"{samba_clear.user}%{samba_clear.password}",
                        f"//{HOST}/export", "-c", f"put {local_file} {folder.path.name}/a.csv"])
        assert done.returncode == 0 and proxy.address(folder) == folder.address.replace(str(samba_clear.port), str(proxy.port))
    with lab.Proxy(ftp, ftp=True) as proxy:
        assert curl("-T", local_file, "-u", f"{ftp.user}:{ftp.password}",
                    f"ftp://{HOST}:{proxy.port}/in/{ftp_folder.path.name}/a.csv").returncode == 0
    assert folder.contents() == ftp_folder.contents() == {"a.csv": FILE}


def rename_through(proxy, samba, folder):
    login = f"{samba.user}%{samba.password}"
    return subprocess.run(["smbclient", "-s", "/dev/null", "-p", str(proxy.port), "-U", login, "-t", "2", f"//{HOST}/export",
                           "-c", f"rename {folder.path.name}/a {folder.path.name}/b"], capture_output=True, timeout=60)


@pytest.mark.parametrize("action, name_after", [("cut", "a"), ("lose-reply", "b")])
def test_the_proxy_cuts_a_rename_before_or_after_it_happened(samba_clear, action, name_after):
    folder = samba_clear.folder()
    (folder.path / "a").write_bytes(FILE)
    (folder.path / "a").chmod(0o666)
    with lab.Proxy(samba_clear) as proxy:
        rule = proxy.when(client=lab.SMB_RENAME, do=action)
        assert rename_through(proxy, samba_clear, folder).returncode != 0
        rule.wait()
        assert folder.files() == [name_after]


def test_a_stalled_proxy_goes_on_when_told_to(samba_clear):
    folder = samba_clear.folder()
    (folder.path / "a").write_bytes(FILE)
    (folder.path / "a").chmod(0o666)
    with lab.Proxy(samba_clear) as proxy:
        rule = proxy.when(client=lab.SMB_RENAME, do="stall")
        login = f"{samba_clear.user}%{samba_clear.password}"
        client = subprocess.Popen(["smbclient", "-s", "/dev/null", "-p", str(proxy.port), "-U", login, f"//{HOST}/export",
                                   "-c", f"rename {folder.path.name}/a {folder.path.name}/b"])
        rule.wait()
        assert folder.files() == ["a"]
        rule.resume()
        assert client.wait(10) == 0
        assert folder.files() == ["b"]


def test_the_proxy_cuts_ftp_data_and_loses_ftp_replies(ftp, tmp_path, local_file):
    big = tmp_path / "big"
    big.write_bytes(bytes(4 << 20))
    folder = ftp.folder()

    def through(proxy, path):
        return curl("-T", path, "-m", "2", "-u", f"{ftp.user}:{ftp.password}",
                    f"ftp://{HOST}:{proxy.port}/in/{folder.path.name}/{path.name}").returncode

    with lab.Proxy(ftp, ftp=True) as proxy:
        proxy.when(data_bytes=1 << 20, do="cut")
        assert through(proxy, big) != 0
        assert len(folder.read("big")) < 4 << 20
        assert through(proxy, big) == 0                        # the rule was for once
        proxy.when(client=b"STOR", do="swallow")
        assert through(proxy, local_file) == 28


def test_the_proxy_loses_the_last_reply_of_a_mail_that_arrived(exim, ca):
    exim.clear()
    with lab.Proxy(exim.plain_port) as proxy:
        proxy.when(client=b"\r\n.\r\n", do="lose-reply")
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
            send(exim, ca, ["boss@example.com"], proxy.port, login=False)
    assert len(exim.wait_mails(1)) == 1


# --- PostgreSQL, the lab itself

def test_postgres_answers(postgres):
    assert postgres.psql("select count(*) from generate_series(1, 5)") == "5\n"


def test_a_server_that_cannot_start_shows_its_log():
    class Broken(lab.Ftp):
        def _conf(self):
            return "no_such_setting=1\n"

    with pytest.raises(lab.LabError, match="(?s)ended at once.*unrecognised variable"):
        Broken().start()


def test_servers_end_when_the_process_that_started_them_is_killed():
    code = "import sys; sys.path.insert(0, sys.argv[1]); import lab; s = lab.Ftp().start(); print(s.pid, s.port, s.dir, flush=True); input()"
    tests = pathlib.Path(lab.__file__).resolve().parent.parent
    owner = subprocess.Popen([sys.executable, "-c", code, str(tests)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    pid, port, place = owner.stdout.readline().decode().split()
    assert pathlib.Path(f"/proc/{pid}").exists()
    owner.kill()
    owner.wait()
    lab.wait_until(lambda: not pathlib.Path(f"/proc/{pid}").exists(), 10, "vsftpd is gone")
    lab.run(["rm", "-rf", place])


def test_the_command_line_starts_a_server_and_ends_with_it():
    tests = pathlib.Path(lab.__file__).resolve().parent.parent
    command = subprocess.Popen([sys.executable, "-m", "lab", "ftp"], cwd=tests, stdout=subprocess.PIPE)
    lines = [command.stdout.readline().decode() for _ in range(5)]
    assert lines[0].startswith("address      ftp:\\\\127.0.0.1:")
    command.send_signal(signal.SIGTERM)
    assert command.wait(10) == 0


PROGRAM = """#!/usr/bin/python3
import json, os, signal, socket, sys
if "serve" in sys.argv:
    print("serving", flush=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.sendto(b"STATUS=up\\nREADY=1", os.environ["NOTIFY_SOCKET"])
    signal.pause()
print(json.dumps([sys.argv[1:], sys.stdin.read(), os.environ.get("LC_ALL")]))
sys.exit(3 if "fail" in sys.argv else 0)
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Something that is called like the product."""
    path = tmp_path / "program"
    path.write_text(PROGRAM)
    path.chmod(0o755)
    monkeypatch.setenv("PRINTTRAIL", str(path))


def test_run_cli_gives_arguments_input_and_environment(program, state):
    result = lab.run_cli("jobs", "import", "-", state=state, input="{}", env={"LC_ALL": "C"})
    assert result.ok().json() == [["--state", str(state), "jobs", "import", "-"], "{}", "C"]
    with pytest.raises(lab.LabError, match="exit status 3, expected 0"):
        lab.run_cli("fail").ok()


def test_the_daemon_is_up_when_it_said_so_and_dies_as_told(program, state):
    with lab.Daemon(state) as daemon:
        daemon.kill()
        daemon.start()
        assert daemon.terminate() == -signal.SIGTERM
        assert daemon.log().count("serving") == 2


def test_a_daemon_that_never_is_ready_shows_what_it_said(tmp_path, state, monkeypatch):
    path = tmp_path / "program"
    path.write_text("#!/bin/sh\necho broken settings\nexit 78\n")
    path.chmod(0o755)
    monkeypatch.setenv("PRINTTRAIL", str(path))
    with pytest.raises(lab.LabError, match="(?s)ended with 78.*broken settings"):
        lab.Daemon(state).start()
