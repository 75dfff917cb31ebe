# SPDX-License-Identifier: GPL-3.0-or-later
"""The deliver helper as a process: hostile requests, secrets, and what becomes of it when its parent is gone."""

import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

import lab
from deliver import PROGRAM, Helper, seal

REQUEST = {"method": "smb", "host": "127.0.0.1", "port": 1, "share": "s", "file_name": "a.csv", "temp_name": ".a.part"}


@pytest.fixture
def helper(tmp_path):
    return Helper(tmp_path, "S3cret-pass", **REQUEST, user="ptuser")


def raw(bytes_):
    return subprocess.run([PROGRAM], input=bytes_, capture_output=True, timeout=20)


@pytest.mark.parametrize("members", [
    {"op": "delete"}, {"method": "scp"}, {"method": None}, {"host": ""}, {"host": ...}, {"port": ...}, {"port": 0}, {"port": 65536},
    {"port": "21"}, {"share": ...}, {"file_name": ...}, {"file_name": "../a"}, {"file_name": "a\\b"}, {"file_name": ".."},
    {"file_name": "a\nb"}, {"file_name": "n" * 256}, {"temp_name": ...}, {"size": -1}, {"size": 1.5}, {"timeout_s": 0}, {"security": 4},
    {"create_folder": "yes"}, {"known_files": "x"}, {"known_files": [1]}, {"surprise": 1}, {"password": "clear"}, {"folder": "a\x07"},
])
def test_a_request_that_is_not_exactly_right_is_refused(helper, members):
    op = members.pop("op", "put") if "op" in members else "put"
    failed = helper.run(op, **{**helper.spool(b"x"), **members})
    assert (failed.outcome, failed.code, failed.steps(), failed.status) == ("failed", "INPUT", [], 0), failed


@pytest.mark.parametrize("method, op", [("smb", "probe"), ("ftp", "probe"), ("mail", "resolve"), ("mail", "remove")])
def test_a_method_refuses_what_it_cannot_do(helper, method, op):
    assert helper.run(op, method=method).code == "INPUT"


@pytest.mark.parametrize("text", [b"", b"{}", b"no line end", b"\xff\xfe\n", b"[]\n", b"{}\n", b'{"op":"put","op":"put"}\n', b"{}\ngo\n",
                                  b'{"op": "put", "host": "a\\u0000b"}\n'])
def test_what_is_no_request_gets_no_delivery(text):
    done = raw(text)
    lines = done.stdout.decode().splitlines()
    if lines:
        result = json.loads(lines[-1])
        assert (result["event"], result["outcome"], result["code"], done.returncode) == ("result", "failed", "INPUT", 0)
    else:
        assert done.returncode == 70


def test_a_request_without_end_is_cut_off():
    process = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        with pytest.raises(BrokenPipeError):
            for _ in range(1000):
                process.stdin.write(b"x" * 65536)
                process.stdin.flush()
        assert process.wait(10) == 70
    finally:
        process.kill()
        process.stdout.close()


def test_the_spool_file_must_be_the_one_that_was_recorded(helper, tmp_path):
    spool = helper.spool(b"12345")
    link = tmp_path / "link"
    link.symlink_to(spool["spool"])
    for change in ({"size": 4}, {"size": 6}, {"spool": str(link)}, {"spool": str(tmp_path)}, {"spool": "/nowhere"}):
        assert helper.run("put", **{**spool, **change}).code == "INTEGRITY"


@pytest.mark.parametrize("members", [
    {"secret": "v1:3:AAAA"}, {"secret": "clear text"}, {"key_file": "/nowhere"}, {"key_file": ...},
])
def test_a_password_that_cannot_be_opened_stops_before_the_network(helper, members):
    failed = helper.run("put", **{**helper.spool(b"x"), **members})
    assert failed.code in ("INTEGRITY", "INPUT") and failed.steps() == [], failed


def test_a_key_file_that_others_can_read_is_refused(helper):
    helper.key_file.chmod(0o644)
    assert helper.run("put", **helper.spool(b"x")).code == "INPUT"


def test_a_server_that_repeats_the_password_does_not_get_it_shown(tmp_path):
    with lab.Deaf(b"421 S3cret-pass is wrong\r\n") as server:
        helper = Helper(tmp_path, "S3cret-pass", **{**REQUEST, "method": "ftp", "port": server.port, "timeout_s": 2}, user="u")
        failed = helper.run("put", **helper.spool(b"x"))
    assert "S3cret" not in repr(failed) and "*** is wrong" in failed.server, failed


def test_a_server_cannot_flood_or_break_the_answer(tmp_path):
    with lab.Deaf(b"421 \xff\xfe\x07" + b"x" * 5000 + b"\r\n") as server:
        helper = Helper(tmp_path, **{**REQUEST, "method": "ftp", "port": server.port, "timeout_s": 2}, user="u")
        failed = helper.run("put", **helper.spool(b"x"))
    assert len(failed.server.encode()) <= 1024 and "\x07" not in failed.server and failed.server.startswith("421 "), failed


def waiting_helper(tmp_path, folder, samba):
    helper = Helper(tmp_path, samba.password, **{**REQUEST, "port": samba.port, "share": "export", "folder": folder.path.name},
                    user=samba.user)
    return helper, helper.spool(b"abc")


def read_until_uploaded(process):
    for line in process.stdout:
        if json.loads(line)["event"] == "uploaded":
            return
    raise AssertionError("no uploaded")


def test_no_secret_can_be_read_from_outside(samba, share, tmp_path):
    helper, spool = waiting_helper(tmp_path, share, samba)
    process = helper.start("put", **spool)
    try:
        read_until_uploaded(process)
        proc = pathlib.Path(f"/proc/{process.pid}")
        assert proc.stat().st_uid == 0                   # not dumpable: belongs to root, whoever runs it
        assert "Max core file size        0                    0" in (proc / "limits").read_text()
        for name in ("cmdline", "environ"):
            assert samba.password.encode() not in (proc / name).read_bytes()
    finally:
        process.communicate(b"stop\n", timeout=20)
    assert share.files() == [] and share.parts_left() == []


def test_the_helper_dies_with_its_parent(samba, share, tmp_path):
    """The parent here is a process of its own, which is killed while the helper waits for go."""
    helper, spool = waiting_helper(tmp_path, share, samba)
    program = ("import subprocess, sys\n"
               "p = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
               "p.stdin.write(sys.argv[2].encode() + b'\\n'); p.stdin.flush()\n"
               "for line in p.stdout:\n"
               "    if b'uploaded' in line: print(p.pid, flush=True)\n")
    request = json.dumps(helper.request("put", **spool))
    parent = subprocess.Popen([sys.executable, "-c", program, PROGRAM, request], stdout=subprocess.PIPE)
    pid = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    lab.wait_until(lambda: not os.path.exists(f"/proc/{pid}"), what="the end of the helper")
    assert share.files() == []


def test_sealing_in_python_and_in_c_agree(samba, share, tmp_path):
    """Otherwise the other tests would all see X04."""
    helper, spool = waiting_helper(tmp_path, share, samba)
    assert helper.run("put", **spool).outcome == "delivered"
    assert seal(helper.key, "") == ""
