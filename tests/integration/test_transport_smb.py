# SPDX-License-Identifier: GPL-3.0-or-later
"""printtrail-deliver against real Samba servers: every error of the catalogue that one can be made to show, and lost replies."""

import hashlib
import os
import subprocess

import pytest

import lab
from deliver import STEPS, Helper
from lab.base import as_root

NAME = "export_20261121.csv"
TEMP = ".export_20261121.csv.0123456789abcdef.part"
CONTENT = "履歴番号,ユーザ名\r\n1,tanaka\r\n".encode() * 1000


@pytest.fixture
def to_share(samba, share, tmp_path):
    """A helper for a fresh folder of the share export."""
    return smb_helper(tmp_path, samba, folder=share.path.name)


def smb_helper(here, server, password=None, **members):
    members = {"method": "smb", "host": "127.0.0.1", "port": server and server.port, "share": "export", "folder": "",
               "user": lab.Samba.user, "file_name": NAME, "temp_name": TEMP, **members}
    return Helper(here, lab.Samba.password if password is None else password, **members)


def put(helper, content=CONTENT, **members):
    return helper.run("put", **helper.spool(content), **members)


def names(folder):
    return sorted(os.listdir(folder.path))


def write(folder, name, content=CONTENT):
    path = folder.path / name
    path.write_bytes(content)
    path.chmod(0o666)


# --- what goes well


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, 5_000_000])
def test_a_file_arrives_byte_by_byte_under_its_final_name(to_share, share, size):
    content = os.urandom(size)
    done = put(to_share, content)
    assert done.outcome == "delivered" and done.status == 0, done
    assert done.steps(ok=True) == STEPS and done.steps(ok=False) == []
    assert share.contents() == {NAME: content} and share.parts_left() == []


def test_until_go_only_the_temporary_file_is_there(to_share, share):
    seen = []
    done = put(to_share, at_uploaded=lambda: seen.append((names(share), share.read(TEMP))))
    assert done.outcome == "delivered", done
    assert seen == [([TEMP], CONTENT)]


@pytest.mark.parametrize("user, domain", [("ptuser", None), ("ptuser", ""), ("ptuser", "PTDOM"), ("PTUSER", "PTDOM")])
def test_the_user_may_come_with_a_domain(to_share, share, user, domain):
    assert put(to_share, user=user, domain=domain).outcome == "delivered"


@pytest.mark.parametrize("folder", ["a b", "#1", "100%", "100%41", "複合機 履歴", "a\\b c\\ü", "+&;=@!$',()[]"])
def test_any_folder_name_that_the_server_takes_is_made_and_used(to_share, share, folder):
    below = f"{share.path.name}\\{folder}"
    assert put(to_share, folder=below).code == "X06"
    assert put(to_share, folder=below, create_folder=True).outcome == "delivered"
    path = share.path.joinpath(*folder.split("\\"))
    assert [p.name for p in path.iterdir()] == [NAME]
    assert put(to_share, folder=below, create_folder=True, file_name="b.csv").outcome == "delivered"


def test_every_way_to_agree_on_encryption(samba, samba_encrypted, samba_clear, tmp_path):
    marker = b"the clear text of a job title"
    for server, required, in_clear in [(samba, False, False), (samba, True, False), (samba_encrypted, False, False),
                                       (samba_encrypted, True, False), (samba_clear, False, True)]:
        folder = server.folder()
        with lab.Proxy(server) as proxy:
            rule = proxy.when(client=marker, do="pass")
            helper = smb_helper(tmp_path, server, port=proxy.port, folder=folder.path.name)
            assert put(helper, marker, encryption_required=required).outcome == "delivered"
            assert rule.fired == in_clear
        assert folder.contents() == {NAME: marker}


def test_a_share_that_requires_encryption_gets_it(samba, tmp_path):
    helper = smb_helper(tmp_path, samba, share="crypt", folder=samba.folder().path.name)
    assert put(helper).outcome == "delivered"


# --- what a server refuses


@pytest.mark.parametrize("members, code, step, words", [
    ({"password": "wrong"}, "X04", "login", "attempted logon is invalid"),
    ({"password": ""}, "X04", "login", ""),
    ({"user": "nobody-here"}, "X04", "login", "attempted logon is invalid"),
    ({"user": lab.Samba.disabled_user}, "X05", "login", "disabled"),
    ({"user": lab.Samba.locked_user}, "X05", "login", "locked"),
    ({"user": lab.Samba.expired_user}, "X05", "login", "expired"),
    ({"user": lab.Samba.must_change_user}, "X05", "login", "must be changed"),
    ({"share": "nosuch"}, "X06", "open", ""),
    ({"folder": "no\\such\\folder"}, "X06", "open", "NT_STATUS_OBJECT_PATH_NOT_FOUND"),
    ({"folder": "nosuch"}, "X06", "open", "NT_STATUS_OBJECT_NAME_NOT_FOUND"),
    ({"share": "other"}, "X07", "open", ""),
    ({"share": "ro"}, "X07", "open", "NT_STATUS_ACCESS_DENIED"),
    ({"share": "nowrite"}, "X07", "open", "NT_STATUS_ACCESS_DENIED"),
    ({"share": "nowrite", "folder": "new", "create_folder": True}, "X07", "open", "NT_STATUS_ACCESS_DENIED"),
    ({"folder": "n" * 256}, "X14", "open", "NT_STATUS_OBJECT_NAME_INVALID"),
    ({"host": "no-such-computer.invalid"}, "X01", "resolve", ""),
])
def test_each_refusal_has_its_own_code(samba, tmp_path, members, code, step, words):
    failed = put(smb_helper(tmp_path, samba, **members))
    assert (failed.outcome, failed.code, failed.steps(ok=False)) == ("failed", code, [step]), failed
    assert words in failed.server
    english, japanese = failed.result["text"]
    assert english and any(ord(c) > 0x3000 for c in japanese)
    assert failed.status == 0


def test_a_file_where_the_folder_should_be_is_no_folder(to_share, share):
    write(share, "plain")
    assert put(to_share, folder=f"{share.path.name}\\plain").code == "X06"


def test_a_server_of_smb1_only_is_named_so(samba_old, tmp_path):
    for required in (False, True):
        failed = put(smb_helper(tmp_path, samba_old, encryption_required=required))
        assert (failed.code, failed.steps(ok=False)) == ("X03", ["negotiate"]), failed
        assert "SMB 1" in failed.result["text"][0]


def test_nothing_goes_out_in_the_clear_where_encryption_is_required(samba_clear, tmp_path):
    folder = samba_clear.folder()
    failed = put(smb_helper(tmp_path, samba_clear, folder=folder.path.name, encryption_required=True))
    assert (failed.outcome, failed.code) == ("failed", "X03"), failed
    assert names(folder) == []


def listed(folder):
    return subprocess.run(as_root(["ls", "-A", str(folder)]), capture_output=True, text=True, check=True).stdout


def test_a_full_share_keeps_no_part_of_the_file(samba, tmp_path):
    before = listed(samba.root("full"))
    failed = put(smb_helper(tmp_path, samba, share="full"), os.urandom(20 << 20))
    assert (failed.outcome, failed.code, failed.steps(ok=False)) == ("failed", "X08", ["write"]), failed
    assert listed(samba.root("full")) == before


def test_a_foreign_file_is_never_overwritten(to_share, share):
    write(share, NAME, b"somebody else's")
    failed = put(to_share)
    assert (failed.outcome, failed.code) == ("failed", "X15"), failed
    assert not [e for e in failed.events if e["event"] == "uploaded"]
    assert share.contents() == {NAME: b"somebody else's"} and share.parts_left() == []


def test_a_foreign_file_that_came_while_closing_was_committed_is_not_overwritten_either(to_share, share):
    failed = put(to_share, at_uploaded=lambda: write(share, NAME, b"just came"))
    assert (failed.outcome, failed.code) == ("failed", "X15"), failed
    assert share.contents() == {NAME: b"just came"} and share.parts_left() == [TEMP]  # the proof; `remove` takes it away


def test_a_temporary_file_of_that_name_is_left_alone(to_share, share):
    write(share, TEMP, b"of a ghost")
    failed = put(to_share)
    assert (failed.outcome, failed.code) == ("failed", "X09"), failed
    assert share.read(TEMP) == b"of a ghost"


def is_open(path):
    """Whether some process, such as an smbd, has it open."""
    search = ["sh", "-c", 'ls -l /proc/[0-9]*/fd 2>/dev/null | grep -qF -- "$1"', "sh", f"-> {path}"]
    return subprocess.run(as_root(search)).returncode == 0


def test_a_file_that_somebody_holds_open_is_in_use(samba, to_share, share):
    """smbclient's `open` does not share the right to rename."""
    holder = subprocess.Popen(["smbclient", "-s", "/dev/null", "-p", str(samba.port), "-U", f"{samba.user}%{samba.password}",
                               "//127.0.0.1/export"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)

    def hold():
        holder.stdin.write(f'open "{share.path.name}\\{TEMP}"\n')
        holder.stdin.flush()
        lab.wait_until(lambda: is_open(share.path / TEMP), what="the other client's open")

    try:
        failed = put(to_share, at_uploaded=hold)
    finally:
        holder.communicate("quit\n", timeout=10)
    assert (failed.outcome, failed.code) == ("failed", "X09"), failed
    assert "NT_STATUS_SHARING_VIOLATION" in failed.server
    assert share.files() == []


def test_a_parent_that_is_gone_leaves_everything_as_it_is(to_share, share):
    """It may have committed `closing`: then the temporary file tells the next run what happened."""
    left = put(to_share, go=None)
    assert (left.result, left.status) == (None, 70), left
    assert names(share) == [TEMP]
    assert to_share.run("resolve", size=len(CONTENT)).outcome == "delivered"
    assert share.contents() == {NAME: CONTENT}


def test_giving_up_removes_what_was_uploaded(to_share, share):
    failed = put(to_share, go=False)
    assert (failed.outcome, failed.code) == ("failed", "X18"), failed
    assert names(share) == []


# --- servers that are not there, or not what they should be


def test_a_closed_port_refuses_at_once(tmp_path):
    failed = put(smb_helper(tmp_path, None, port=lab.free_port()))
    assert (failed.code, failed.steps(ok=False)) == ("X02", ["connect"]), failed


def test_a_server_that_never_answers_is_given_up_in_time(tmp_path):
    with lab.BlackHole() as hole:
        failed = put(smb_helper(tmp_path, None, port=hole.port, timeout_s=2), deadline=8)
    assert (failed.code, failed.steps(ok=False)) == ("X02", ["connect"]), failed


def test_a_server_that_accepts_and_hangs_is_given_up_in_time(tmp_path):
    with lab.Deaf() as deaf:
        failed = put(smb_helper(tmp_path, None, port=deaf.port, timeout_s=2), deadline=15)
    assert (failed.code, failed.steps(ok=False)) == ("X02", ["negotiate"]), failed


def test_a_server_of_another_kind_is_named_so(tmp_path):
    with lab.Deaf(b"220 mail.example ESMTP\r\n") as deaf:
        failed = put(smb_helper(tmp_path, None, port=deaf.port, timeout_s=2), deadline=15)
    assert (failed.code, failed.steps(ok=False)) == ("X24", ["negotiate"]), failed
    assert "220 mail.example ESMTP" in failed.server


def dead_dns(tmp_path):
    """Runs a command where every name server is a black hole (192.0.2.0/24 is nobody's)."""
    resolv = tmp_path / "resolv.conf"
    resolv.write_text("nameserver 192.0.2.1\noptions timeout:1 attempts:1\n")
    return as_root(["unshare", "--mount", "sh", "-c", f'mount --bind {resolv} /etc/resolv.conf; exec "$@"', "sh"])


def test_an_ip_address_needs_no_dns(to_share, share, tmp_path):
    trace = tmp_path / "trace"
    wrap = [*dead_dns(tmp_path), "strace", "-f", "-e", "trace=connect,sendto,sendmmsg", "-o", str(trace)]
    assert put(to_share, wrap=wrap).outcome == "delivered"
    assert "htons(53)" not in trace.read_text()


def test_a_name_without_dns_cannot_be_resolved(to_share, tmp_path):
    failed = put(to_share, wrap=dead_dns(tmp_path), host="files.example.co.jp")
    assert (failed.code, failed.steps(ok=False)) == ("X01", ["resolve"]), failed


# --- connections that break


@pytest.mark.parametrize("what, code", [("cut", "X18"), ("stall", "X17")])
def test_a_transfer_that_breaks_delivers_nothing(samba, share, tmp_path, what, code):
    with lab.Proxy(samba) as proxy:
        rule = proxy.when(client_bytes=2_000_000, do=what)
        helper = smb_helper(tmp_path, samba, port=proxy.port, folder=share.path.name, timeout_s=2)
        failed = put(helper, os.urandom(8_000_000), deadline=40)
        assert rule.fired
    assert (failed.outcome, failed.code, failed.steps(ok=False)) == ("failed", code, ["write"]), failed
    assert share.files() == []


@pytest.mark.parametrize("what, renamed", [("lose-reply", True), ("swallow", True), ("cut", False)])
def test_a_lost_reply_to_the_rename_is_resolved_by_looking(samba_clear, tmp_path, what, renamed):
    folder = samba_clear.folder()
    with lab.Proxy(samba_clear) as proxy:
        proxy.when(client=lab.SMB_RENAME, do=what)
        helper = smb_helper(tmp_path, samba_clear, port=proxy.port, folder=folder.path.name, timeout_s=2)
        doubtful = put(helper, deadline=30)
    assert (doubtful.outcome, doubtful.code in ("X17", "X18")) == ("unknown", True), doubtful
    lab.wait_until(lambda: names(folder) == [NAME if renamed else TEMP], what="the rename")
    resolved = helper.run("resolve", port=samba_clear.port, size=len(CONTENT))
    assert resolved.outcome == "delivered", resolved
    assert folder.contents() == {NAME: CONTENT} and folder.parts_left() == []


# --- found in `closing`


@pytest.mark.parametrize("there, outcome, code, left", [
    ({TEMP: CONTENT}, "delivered", None, {NAME: CONTENT}),
    ({TEMP: CONTENT[:-1]}, "failed", "X18", {TEMP: CONTENT[:-1]}),
    ({TEMP: CONTENT, NAME: b"foreign"}, "failed", "X15", {TEMP: CONTENT, NAME: b"foreign"}),
    ({NAME: CONTENT}, "delivered", None, {NAME: CONTENT}),
    ({}, "taken", None, {}),
    ({"export_20261120.csv": b"1"}, "failed", "X18", {"export_20261120.csv": b"1"}),
    ({"export_20261119.csv": b"1"}, "taken", None, {"export_20261119.csv": b"1"}),
])
def test_what_is_found_after_a_crash_decides(to_share, share, there, outcome, code, left):
    for name, content in there.items():
        write(share, name, content)
    resolved = to_share.run("resolve", size=len(CONTENT), earlier_file="export_20261120.csv")
    assert (resolved.outcome, resolved.code) == (outcome, code), resolved
    assert {name: share.read(name) for name in names(share)} == left


def test_without_an_earlier_file_both_gone_means_taken(to_share):
    assert to_share.run("resolve", size=1).outcome == "taken"


@pytest.mark.parametrize("members, code", [
    ({"folder": "gone"}, "X06"),
    ({"share": "other"}, "X07"),
    ({"share": "nosuch"}, "X06"),
    ({"secret": ""}, "X04"),
    ({"user": lab.Samba.locked_user}, "X05"),
    ({"port": 1}, "X02"),
    ({"host": "no-such-computer.invalid"}, "X01"),
    ({"spool": "/nowhere", "key_file": "/nowhere"}, "INTEGRITY"),
])
def test_what_cannot_be_seen_for_certain_stays_unknown(to_share, share, members, code):
    write(share, TEMP)
    resolved = to_share.run("resolve", size=len(CONTENT), **members)
    assert (resolved.outcome, resolved.code) == ("unknown", code), resolved
    assert names(share) == [TEMP]


def test_a_folder_of_the_share_is_never_made_to_resolve(to_share, share):
    resolved = to_share.run("resolve", size=1, folder=f"{share.path.name}\\new", create_folder=True)
    assert resolved.outcome == "unknown" and names(share) == []


# --- comparing for a resend, removing, reporting


@pytest.mark.parametrize("there, outcome, code", [
    (CONTENT, "delivered", None), (CONTENT[:-1] + b"x", "failed", "X15"), (CONTENT[:-1], "failed", "X15"), (None, "failed", "MISSING"),
])
def test_a_delivered_file_is_compared_without_touching_it(to_share, share, there, outcome, code):
    if there is not None:
        write(share, NAME, there)
    told = to_share.run("compare", size=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())
    assert (told.outcome, told.code) == (outcome, code), told
    assert share.contents() == ({} if there is None else {NAME: there})


def test_remove_takes_away_one_temporary_file_and_a_missing_one_is_fine(to_share, share):
    write(share, TEMP)
    write(share, NAME)
    for _ in range(2):
        assert to_share.run("remove").outcome == "delivered"
        assert names(share) == [NAME]


def test_what_cannot_be_removed_is_told(samba, share, tmp_path):
    write(share, TEMP)
    failed = smb_helper(tmp_path, samba, folder="gone").run("remove")
    assert (failed.outcome, failed.code) == ("failed", "X06"), failed


def test_a_test_export_reports_automatic_files_that_the_ledger_does_not_know(to_share, share):
    foreign = ["a_export_20261101.csv", "A_EXPORT_20261102_3.CSV", "a_export_20261103_part1of2.csv"]
    others = ["a_export_20261104.csv", "export_20261101.csv", "b_export_20261101.csv", "a_testexport_20261101000000.csv", "x.csv"]
    for name in foreign + others:
        write(share, name)
    known = ["a_export_20261104.csv"]
    done = put(to_share, test=True, prefix="a", known_files=known, file_name="a_testexport_20261122000000.csv")
    assert done.outcome == "delivered"
    assert sorted(e["text"] for e in done.events if e["event"] == "warn" and e["code"] == "RT4") == sorted(foreign)
    assert not [e for e in put(to_share, test=True, prefix="a").events if e["event"] == "warn"]
