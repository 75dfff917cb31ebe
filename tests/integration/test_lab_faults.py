# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's bad servers, its proxy and the runner of the product fail in the way that other tests rely on."""

import pathlib
import signal
import smtplib
import socket
import subprocess
import sys

import pytest

import lab
from foreign import FILE, HOST, curl, send
from lab import ipp

TESTS = pathlib.Path(lab.__file__).resolve().parent.parent

# --- servers that misbehave

ENDLESS = ("closed", "hang", "endless-bytes", "endless-jobs", "endless-header", "dribble", "huge-length")


def start_get_jobs(server):
    return subprocess.Popen(
        ["ipptool", "-t", "-T", "5", server.uri, "get-completed-jobs.test"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("mode", [mode for mode in lab.BadIpp.MODES if mode not in ENDLESS])
def test_no_client_understands_a_bad_printer(mode):
    with lab.BadIpp(mode) as server:
        assert start_get_jobs(server).wait(20) != 0
        assert server.accepted >= 1


@pytest.mark.parametrize(
    "mode, at_least",
    [
        ("closed", 0),
        ("hang", 0),
        ("dribble", 100),
        ("endless-header", 10_000),
        ("endless-bytes", 1 << 20),
        ("endless-jobs", 1 << 20),
        ("huge-length", 1 << 20),
    ],
)
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
    with lab.Deaf(b"220 hello\r\n") as deaf, socket.create_connection(
        (HOST, deaf.port), timeout=0.3
    ) as client:
        assert client.recv(100) == b"220 hello\r\n"
        client.sendall(b"EHLO x\r\n")
        with pytest.raises(TimeoutError):
            client.recv(100)


# --- proxy


def test_the_proxy_passes_smb_and_ftp(samba_clear, ftp, local_file):
    folder, ftp_folder = samba_clear.folder(), ftp.folder()
    with lab.Proxy(samba_clear) as proxy:
        done = lab.run(
            [
                "smbclient",
                "-s",
                "/dev/null",
                "-p",
                str(proxy.port),
                "-U",
                f"{samba_clear.user}%{samba_clear.password}",
                f"//{HOST}/export",
                "-c",
                f"put {local_file} {folder.path.name}/a.csv",
            ]
        )
        assert done.returncode == 0 and proxy.address(folder) == folder.address.replace(
            str(samba_clear.port), str(proxy.port)
        )
    with lab.Proxy(ftp, ftp=True) as proxy:
        assert (
            curl(
                "-T",
                local_file,
                "-u",
                f"{ftp.user}:{ftp.password}",
                f"ftp://{HOST}:{proxy.port}/in/{ftp_folder.path.name}/a.csv",
            ).returncode
            == 0
        )
    assert folder.contents() == ftp_folder.contents() == {"a.csv": FILE}


@pytest.fixture
def renaming(samba_clear):
    """A folder with the file a, and a function that starts smbclient to rename it to b through a proxy."""
    folder = samba_clear.folder()
    (folder.path / "a").write_bytes(FILE)
    (folder.path / "a").chmod(0o666)

    def start(proxy):
        login = f"{samba_clear.user}%{samba_clear.password}"
        words = f"-s /dev/null -t 2 -p {proxy.port} -U {login} //{HOST}/export".split()
        rename = f"rename {folder.path.name}/a {folder.path.name}/b"
        return subprocess.Popen(["smbclient", *words, "-c", rename])

    return folder, start


@pytest.mark.parametrize("action, name_after", [("cut", "a"), ("lose-reply", "b")])
def test_the_proxy_cuts_a_rename_before_or_after_it_happened(samba_clear, renaming, action, name_after):
    folder, start = renaming
    with lab.Proxy(samba_clear) as proxy:
        rule = proxy.when(client=lab.SMB_RENAME, do=action)
        assert start(proxy).wait(30) != 0
        assert rule.fired
        assert folder.files() == [name_after]


def test_a_stalled_proxy_goes_on_when_told_to(samba_clear, renaming):
    folder, start = renaming
    with lab.Proxy(samba_clear) as proxy:
        rule = proxy.when(client=lab.SMB_RENAME, do="stall")
        client = start(proxy)
        rule.wait()
        assert folder.files() == ["a"]
        rule.resume()
        assert client.wait(10) == 0
        assert folder.files() == ["b"]


def test_what_a_killed_client_had_in_a_stalled_proxy_is_never_passed_on(samba_clear, renaming):
    folder, start = renaming
    with lab.Proxy(samba_clear) as proxy:
        rule = proxy.when(client=lab.SMB_RENAME, do="stall")
        client = start(proxy)
        rule.wait()
        client.kill()
        client.wait()
        rule.resume()
        lab.wait_until(lambda: proxy.open_connections == 0, 10, "the proxy has dropped the connection")
        assert folder.files() == ["a"]


def test_the_proxy_cuts_ftp_data_and_loses_ftp_replies(ftp, tmp_path, local_file):
    big = tmp_path / "big"
    big.write_bytes(bytes(4 << 20))
    folder = ftp.folder()

    def through(proxy, path):
        return curl(
            "-T",
            path,
            "-m",
            "2",
            "-u",
            f"{ftp.user}:{ftp.password}",
            f"ftp://{HOST}:{proxy.port}/in/{folder.path.name}/{path.name}",
        ).returncode

    with lab.Proxy(ftp, ftp=True) as proxy:
        proxy.when(data_bytes=1 << 20, do="cut")
        assert through(proxy, big) != 0
        assert len(folder.read("big")) < 4 << 20
        assert through(proxy, big) == 0  # the rule was for once
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


def test_servers_end_and_leave_nothing_when_the_process_that_started_them_is_killed():
    code = "import lab; s = lab.Ftp().start(); print(s.pid, s.dir, flush=True); input()"
    owner = subprocess.Popen(
        [sys.executable, "-c", code], cwd=TESTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    pid, place = owner.stdout.readline().decode().split()
    assert pathlib.Path(f"/proc/{pid}").exists()
    owner.kill()
    owner.wait()
    lab.wait_until(lambda: not pathlib.Path(f"/proc/{pid}").exists(), 10, "vsftpd is gone")
    subprocess.run([sys.executable, "-c", "import lab; lab.certificates()"], cwd=TESTS, check=True)
    assert not pathlib.Path(place).exists()  # the next lab removes the folder


def test_the_command_line_starts_a_server_and_ends_with_it():
    command = subprocess.Popen([sys.executable, "-m", "lab", "ftp"], cwd=TESTS, stdout=subprocess.PIPE)
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
