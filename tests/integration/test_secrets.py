# SPDX-License-Identifier: GPL-3.0-or-later
"""A password never leaves the system again: not in a file, an answer, a log, `ps` or a core file (SPEC RA8)."""

import base64
import contextlib
import glob
import os
import re
import subprocess

import pytest

import lab
from house import House, children, helpers_of
from lab.base import as_root
from lab.proxy import SMB_WRITE

PASSWORD = "S3cret-pass"  # of the lab's Samba


@pytest.fixture
def house(tmp_path, samba):
    assert PASSWORD == samba.password
    house = House(tmp_path, "2026-06-09 12:00:00")
    house.print("2026-06-08")
    return house


def encodings(password):
    text = password.encode()
    return [text, base64.b64encode(text), text.hex().encode(), password.encode("utf-16-le")]


def holders(folder, password):
    """Files below folder in which the password stands, in any of these spellings."""
    found = []
    for path in glob.glob(f"{folder}/**/*", recursive=True, include_hidden=True):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                data = file.read()
            found += [path for spelling in encodings(password) if spelling in data]
    return found


def test_after_it_was_set_it_is_in_no_file_and_no_answer(house, samba, share):
    pairs = [pair for pair in samba.settings(share) if not pair.startswith("smb.password")]
    answers = [house.cli("settings", "set", *pairs, "smb.password=@-", input=PASSWORD + "\n").ok()]
    for command in (["settings", "show"], ["settings", "show", "--json"], ["settings", "show", "smb.password"], ["status"], ["status", "--json"],
                    ["export", "preview", "--json"], ["export", "test", "--json"], ["export", "test"], ["export", "run", "--json"],
                    ["deliveries", "--json"], ["deliveries", "-o", "target,format,note"], ["why", "1"], ["jobs", "list", "--json"], ["check"],
                    ["sources", "list", "--json"], ["store", "check"], ["export", "resend", "--day", "2026-06-08", "--reason", "x"]):
        answers.append(house.cli(*command))
    for answer in answers:
        assert PASSWORD not in answer.out + answer.err, answer.command
    assert "smb.password=(set)" in answers[1].out
    assert holders(house.state, PASSWORD) == []
    assert (house.state / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [oct(path.stat().st_mode & 0o077) for path in house.state.iterdir()] == ["0o0"] * len(list(house.state.iterdir()))


@contextlib.contextmanager
def stalled(house, samba_clear, start):
    folder = samba_clear.folder()
    with lab.Proxy(samba_clear) as proxy:
        house.set(*samba_clear.settings(proxy.address(folder)), "export.enabled=true")
        rule = proxy.when(client=SMB_WRITE, do="stall")
        process = start()
        rule.wait(20)
        yield process
        proxy.clear()


def words_of(pid):
    """Read as root: what is not dumpable shows its environment to nobody else."""
    return b"".join(lab.base.run(as_root(["cat", f"/proc/{pid}/{name}"])).stdout for name in ("cmdline", "environ"))


def test_while_a_transfer_runs_it_is_in_no_argument_and_no_environment(house, samba_clear):
    with stalled(house, samba_clear, lambda: house.start("export", "run")) as process:
        helper, = children(process.pid)
        assert b"printtrail-deliver" in words_of(helper)
        for pid in (process.pid, helper):
            assert PASSWORD.encode() not in words_of(pid)
        assert re.search(r"^Max core file size\s+0\s+0\s", open(f"/proc/{helper}/limits").read(), re.M)
        assert os.stat(f"/proc/{helper}/environ").st_uid == 0, "not dumpable: its files in /proc are root's"
        assert holders(house.state, PASSWORD) == []
    process.communicate(timeout=30)


MEMORY = """
import sys
with open(f"/proc/{sys.argv[1]}/maps") as maps, open(f"/proc/{sys.argv[1]}/mem", "rb") as memory:
    for line in maps:
        bounds, rights, *_rest = line.split()
        first, last = (int(n, 16) for n in bounds.split("-"))
        if not rights.startswith("rw") or last - first > 1 << 28:  # the sanitizer's shadow is terabytes of nothing
            continue
        try:
            memory.seek(first)
            sys.stdout.buffer.write(memory.read(last - first))
        except (OSError, ValueError, OverflowError):
            pass
"""


def memory_of(pid):
    """All that a core file of the process would hold; read as root, because the helper lets nobody else in."""
    return lab.base.run(as_root(["/usr/bin/python3", "-c", MEMORY, str(pid)])).stdout


def test_the_daemon_never_holds_it_in_the_clear(house, samba_clear):
    """Only the helper opens the sealed password; the daemon's own memory is searched while it sends."""
    house.at("2026-06-09 02:00:00")
    with house.daemon() as daemon:
        folder = samba_clear.folder()
        with lab.Proxy(samba_clear) as proxy:
            house.set(*samba_clear.settings(proxy.address(folder)), "export.enabled=true")
            rule = proxy.when(client=SMB_WRITE, do="stall")
            house.at("2026-06-09 03:00:00").wake()
            rule.wait(20)
            memory = memory_of(daemon.pid)
            assert b"export_20260608.csv" in memory, "the search sees the daemon's memory"
            assert PASSWORD.encode() not in memory
            assert PASSWORD.encode() in memory_of(helpers_of(daemon.pid)[0]), "the helper has it, as it must"
            proxy.clear()
            house.wait_run(trigger="schedule")
        assert PASSWORD not in daemon.log()


def test_a_wrong_password_stands_in_no_error_either(house, samba, share, ftp, ftp_folder, tmp_path):
    wrong = "Wr0ng-\"p%s\\x"
    with lab.FaultSmtp(auth=True, tls="starttls") as smtp:
        for pairs in (samba.settings(share, password=wrong), ftp.settings(ftp_folder, password=wrong), smtp.settings(password=wrong)):
            house.set(*pairs)
            for command in (["export", "test", "--json"], ["export", "run"]):
                answer = house.cli(*command, env={"G_MESSAGES_DEBUG": "all"})
                assert answer.code in (5, 6)
                assert wrong not in answer.out + answer.err and "Wr0ng" not in answer.out + answer.err
    assert holders(house.state, wrong) == []
    assert all(wrong not in str(row) for row in house.ledger(None)) and wrong not in str(house.status())


def test_a_command_that_reads_a_password_leaves_no_core_file(house, samba, share):
    """Standard input stays open, so that it still holds what it has read."""
    command = lab.product.arguments(house.state, ["settings", "set", "smb.password=@-"])
    endless = ["prlimit", "--core=unlimited", "--"]
    process = subprocess.Popen([*endless, *command], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.stdin.write(PASSWORD.encode())
        process.stdin.flush()
        lab.wait_until(lambda: PASSWORD.encode() in memory_of(process.pid), 10, "the password in its memory")
        assert re.search(r"^Max core file size\s+0\s+0\s", open(f"/proc/{process.pid}/limits").read(), re.M)
    finally:
        process.stdin.close()
        process.wait(10)


def test_a_lost_key_file_is_said_and_a_new_password_heals_it(house, samba, share):
    house.set(*samba.settings(share))
    (house.state / "secret.key").unlink()
    for command in (["export", "test"], ["export", "run"]):
        failed = house.cli(*command)
        assert failed.code not in (0, 1) and "secret.key" in failed.err, failed
    house.cli("status").ok()
    assert share.files() == []
    house.set(*samba.settings(share))
    assert house.run()["files"] == 1
    house.check_exactly_once(share.contents())


@pytest.mark.parametrize("harm", ["short", "readable"])
def test_a_key_file_that_is_not_ours_alone_or_not_whole_is_refused(house, samba, share, harm):
    house.set(*samba.settings(share))
    key = house.state / "secret.key"
    if harm == "short":
        key.write_text(key.read_text()[:10])
    else:
        key.chmod(0o644)
    failed = house.cli("export", "run")
    assert failed.code not in (0, 1) and "secret.key" in failed.err and share.files() == []


def test_an_erased_password_is_gone_from_the_store(house, samba, share):
    house.set(*samba.settings(share))
    query = ["sqlite3", house.state / "printtrail.db", "SELECT value FROM setting WHERE key='smb.password'"]
    sealed = lab.base.run(query)
    house.cli("settings", "set", "smb.password=").ok()
    assert "smb.password=(not set)" in house.cli("settings", "show", "smb.password").out
    assert sealed.stdout.startswith(b"v1:") and lab.base.run(query).stdout == b""
    assert "X04" in house.cli("export", "run").ok(6).err
