# SPDX-License-Identifier: GPL-3.0-or-later
"""printtrail-deliver against real vsftpd servers: plain, explicit and implicit TLS, refusals, lost replies."""

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
PLAIN, EXPLICIT, IMPLICIT = 0, 1, 2


@pytest.fixture
def to_folder(ftp, ftp_folder, tmp_path):
    """A helper for a fresh folder of the plain server."""
    return ftp_helper(tmp_path, ftp, folder=f"in/{ftp_folder.path.name}")


def ftp_helper(here, server, password=None, **members):
    members = {"method": "ftp", "host": "127.0.0.1", "port": server and server.port, "folder": "in", "user": lab.Ftp.user,
               "file_name": NAME, "temp_name": TEMP, **members}
    return Helper(here, lab.Ftp.password if password is None else password, **members)


def put(helper, content=CONTENT, **members):
    return helper.run("put", **helper.spool(content), **members)


def names(folder):
    return sorted(os.listdir(folder.path))


def write(folder, name, content=CONTENT):
    path = folder.path / name
    path.write_bytes(content)
    path.chmod(0o666)


# --- what goes well


@pytest.mark.parametrize("size", [0, 1, 1 << 20, 5_000_000])
def test_a_file_arrives_byte_by_byte_under_its_final_name(to_folder, ftp_folder, size):
    content = os.urandom(size)
    done = put(to_folder, content)
    assert done.outcome == "delivered" and done.status == 0, done
    assert done.steps(ok=True) == STEPS and done.steps(ok=False) == []
    assert ftp_folder.contents() == {NAME: content} and ftp_folder.parts_left() == []


def test_active_mode_carries_the_same_bytes(to_folder, ftp_folder):
    assert put(to_folder, active=True).outcome == "delivered"
    assert ftp_folder.contents() == {NAME: CONTENT}


def test_until_go_only_the_temporary_file_is_there(to_folder, ftp_folder):
    seen = []
    done = put(to_folder, at_uploaded=lambda: seen.append((names(ftp_folder), ftp_folder.read(TEMP))))
    assert done.outcome == "delivered", done
    assert seen == [([TEMP], CONTENT)]


@pytest.mark.parametrize("folder", ["a b", "#1", "100%", "100%41", "what?", "複合機 履歴", "a b/c/ü", "+&;=@!$',()[]*"])
def test_any_folder_name_that_the_server_takes_is_used(to_folder, ftp_folder, folder):
    path = ftp_folder.path
    for part in folder.split("/"):
        path = path / part
        path.mkdir()
        path.chmod(0o777)
    done = put(to_folder, folder=f"in/{ftp_folder.path.name}/{folder}")
    assert done.outcome == "delivered", done
    assert [p.name for p in path.iterdir()] == [NAME]


def test_no_folder_is_the_login_directory(ftp, tmp_path):
    failed = put(ftp_helper(tmp_path, ftp, folder=""))
    assert (failed.code, "Could not create file" in failed.server) == ("X07", True), failed  # vsftpd's is not writable here


@pytest.mark.parametrize("size", [0, 100_000, 1_000_000, 8_000_000])
def test_both_kinds_of_tls_carry_every_size(ftps, ftps_implicit, ca, tmp_path, size):
    content = os.urandom(size)
    for server, security in ((ftps, EXPLICIT), (ftps_implicit, IMPLICIT)):
        folder = server.folder()
        done = put(ftp_helper(tmp_path, server, folder=f"in/{folder.path.name}", security=security, ca_file=str(ca.ca)), content)
        assert done.outcome == "delivered" and done.steps(ok=True) == STEPS, done
        assert folder.contents() == {NAME: content}


def test_over_tls_nothing_is_readable(ftps, ca, tmp_path):
    folder = ftps.folder()
    with lab.Proxy(ftps, ftp=True) as proxy:
        rules = [proxy.when(client=text, do="pass") for text in (NAME.encode(), lab.Ftp.password.encode(), b"tanaka")]
        helper = ftp_helper(tmp_path, ftps, port=proxy.port, folder=f"in/{folder.path.name}", security=EXPLICIT, ca_file=str(ca.ca))
        assert put(helper).outcome == "delivered"
        assert not [rule for rule in rules if rule.fired]


def test_active_mode_with_tls_is_refused_before_anything_is_sent(ftps, ca, tmp_path):
    failed = put(ftp_helper(tmp_path, ftps, security=EXPLICIT, ca_file=str(ca.ca), active=True))
    assert (failed.outcome, failed.code, failed.steps()) == ("failed", "INPUT", []), failed


# --- what a server refuses


@pytest.mark.parametrize("members, code, step, words", [
    ({"password": "wrong"}, "X04", "login", "530 Login incorrect."),
    ({"user": "nobody-here"}, "X04", "login", "530 Login incorrect."),
    ({"folder": "in/no/such"}, "X06", "open", "550 Failed to change directory."),
    ({"folder": "ro"}, "X07", "open", "553 Could not create file."),
    ({"security": EXPLICIT}, "X21", "negotiate", "530"),
    ({"security": IMPLICIT}, "X21", "negotiate", ""),
    ({"host": "no-such-computer.invalid"}, "X01", "resolve", ""),
    ({"port": 1}, "X02", "connect", ""),
    ({"password": "two\r\nlines"}, "X04", None, ""),
])
def test_each_refusal_has_its_own_code(ftp, tmp_path, members, code, step, words):
    failed = put(ftp_helper(tmp_path, ftp, **members))
    assert (failed.outcome, failed.code, failed.steps(ok=False)) == ("failed", code, [step] if step else []), failed
    assert words in failed.server
    english, japanese = failed.result["text"]
    assert english and any(ord(c) > 0x3000 for c in japanese)
    assert failed.status == 0


def test_a_server_that_wants_tls_says_so(ftps, tmp_path):
    failed = put(ftp_helper(tmp_path, ftps))
    assert (failed.code, failed.steps(ok=False)) == ("X10", ["login"]), failed
    assert "must use encryption" in failed.server


@pytest.mark.parametrize("certificate, why", [
    ("server", "local issuer"), ("expired", "expired"), ("wrong_host", "hostname"), ("self_signed", "self-signed"),
])
def test_a_certificate_that_is_not_trusted_is_shown(ca, tmp_path, certificate, why):
    with lab.Ftp(tls="explicit", certificate=certificate) as server:
        trusted = {} if certificate == "server" else {"ca_file": str(ca.ca)}
        helper = ftp_helper(tmp_path, server, security=EXPLICIT, **trusted)
        failed = put(helper)
        assert (failed.outcome, failed.code, failed.steps(ok=False)) == ("failed", "X11", ["negotiate"]), failed
        assert why in failed.result["text"][0].lower()
        shown = failed.result["certificate"]
        fingerprint = subprocess.run(["openssl", "x509", "-in", str(ca.named(certificate)), "-noout", "-fingerprint", "-sha256"],
                                     capture_output=True, text=True, check=True).stdout.strip().split("=")[1]
        assert shown["sha256"] == fingerprint.replace(":", "").lower()
        assert shown["subject"] == "CN=localhost"
        assert shown["issuer"] == ("CN=localhost" if certificate == "self_signed" else "CN=printtrail lab CA")
        assert shown["not_before"] < "2100" and shown["not_after"].endswith("Z")
        folder = server.folder()
        for pinned in (fingerprint, shown["sha256"]):
            done = put(helper, folder=f"in/{folder.path.name}", trusted_sha256=pinned, file_name=f"{len(pinned)}.csv")
            assert done.outcome == "delivered", done
        assert put(helper, trusted_sha256="00" * 32).code == "X11"


def test_a_ca_file_that_cannot_be_read_is_named(ftps, tmp_path):
    failed = put(ftp_helper(tmp_path, ftps, security=EXPLICIT, ca_file="/nowhere/ca.pem"))
    assert failed.code == "X11" and "/nowhere/ca.pem" in failed.result["text"][0], failed


def listed(folder):
    return subprocess.run(as_root(["ls", "-A", str(folder)]), capture_output=True, text=True, check=True).stdout


def test_a_full_folder_keeps_no_part_of_the_file(ftp, ftps, ca, tmp_path):
    for server, members, code in ((ftp, {}, "X08"), (ftps, {"security": EXPLICIT, "ca_file": str(ca.ca)}, "X18")):
        before = listed(server.root("full"))
        failed = put(ftp_helper(tmp_path, server, folder="full", **members), os.urandom(20 << 20))
        assert (failed.outcome, failed.code, failed.steps(ok=False)) == ("failed", code, ["write"]), failed
        assert "space" in failed.result["text"][0] or "local file" in failed.server
        assert listed(server.root("full")) == before


def test_a_foreign_file_is_never_overwritten(to_folder, ftp_folder):
    write(ftp_folder, NAME, b"somebody else's")
    failed = put(to_folder)
    assert (failed.outcome, failed.code) == ("failed", "X15"), failed
    assert not [e for e in failed.events if e["event"] == "uploaded"]
    assert ftp_folder.contents() == {NAME: b"somebody else's"} and ftp_folder.parts_left() == []


def test_a_foreign_file_that_came_while_closing_was_committed_is_not_overwritten_either(to_folder, ftp_folder):
    failed = put(to_folder, at_uploaded=lambda: write(ftp_folder, NAME, b"just came"))
    assert (failed.outcome, failed.code) == ("failed", "X15"), failed
    assert ftp_folder.contents() == {NAME: b"just came"} and ftp_folder.parts_left() == [TEMP]  # the proof; `remove` takes it away


def test_a_parent_that_is_gone_leaves_everything_as_it_is(to_folder, ftp_folder):
    """It may have committed `closing`: then the temporary file tells the next run what happened."""
    left = put(to_folder, go=None)
    assert (left.result, left.status) == (None, 70), left
    assert names(ftp_folder) == [TEMP]
    assert to_folder.run("resolve", size=len(CONTENT)).outcome == "delivered"
    assert ftp_folder.contents() == {NAME: CONTENT}


def test_giving_up_removes_what_was_uploaded(to_folder, ftp_folder):
    failed = put(to_folder, go=False)
    assert (failed.outcome, failed.code) == ("failed", "X18"), failed
    assert names(ftp_folder) == []


@pytest.mark.parametrize("member", ["file_name", "temp_name", "folder", "user", "host"])
def test_a_line_end_cannot_smuggle_a_command(to_folder, member):
    failed = put(to_folder, **{member: "a\r\nDELE b"})
    assert (failed.outcome, failed.code, failed.steps()) == ("failed", "INPUT", []), failed


# --- servers that are not there, or not what they should be


@pytest.mark.parametrize("banner, code, security", [
    (b"", "X02", PLAIN), (b"", "X02", IMPLICIT), (b"SSH-2.0-OpenSSH_9.2\r\n", "X24", PLAIN), (b"421 too busy\r\n", "X23", PLAIN),
    (b"220 ready\r\n", "X17", PLAIN), (b"220 ready\r\n", "X17", EXPLICIT),
])
def test_a_server_that_accepts_and_hangs_is_given_up_in_time(tmp_path, banner, code, security):
    with lab.Deaf(banner) as deaf:
        failed = put(ftp_helper(tmp_path, deaf, timeout_s=2, security=security), deadline=12)
    assert (failed.outcome, failed.code) == ("failed", code), failed


def test_a_mail_server_is_no_ftp_server(fault_smtp, tmp_path):
    failed = put(ftp_helper(tmp_path, fault_smtp, timeout_s=3))
    assert (failed.code, failed.outcome) == ("X24", "failed"), failed


def test_a_server_that_never_answers_is_given_up_in_time(tmp_path):
    with lab.BlackHole() as hole:
        failed = put(ftp_helper(tmp_path, hole, timeout_s=2), deadline=8)
    assert (failed.code, failed.steps(ok=False)) == ("X02", ["connect"]), failed


# --- connections that break


@pytest.mark.parametrize("rule, code", [
    ({"data_bytes": 2_000_000, "do": "cut"}, "X18"),
    ({"data_bytes": 2_000_000, "do": "stall"}, "X17"),
    ({"client": b"STOR", "do": "cut"}, "X18"),
    ({"client": b"STOR", "do": "swallow"}, "X17"),
    ({"server": b"226 ", "do": "cut"}, "X18"),
    ({"server": b"226 ", "do": "stall"}, "X17"),
    ({"client": b"SIZE", "do": "cut"}, "X18"),
])
def test_a_transfer_that_breaks_delivers_nothing(ftp, ftp_folder, tmp_path, rule, code):
    with lab.Proxy(ftp, ftp=True) as proxy:
        fired = proxy.when(**rule)
        helper = ftp_helper(tmp_path, ftp, port=proxy.port, folder=f"in/{ftp_folder.path.name}", timeout_s=2)
        failed = put(helper, os.urandom(8_000_000), deadline=40)
        assert fired.fired
    assert (failed.outcome, failed.code) == ("failed", code), failed
    assert ftp_folder.files() == []


@pytest.mark.parametrize("command, what, outcome", [
    (b"RNTO", "lose-reply", "unknown"), (b"RNTO", "swallow", "unknown"), (b"RNTO", "cut", "unknown"), (b"RNFR", "cut", "failed"),
])
def test_a_lost_reply_to_the_rename_is_resolved_by_looking(ftp, ftp_folder, tmp_path, command, what, outcome):
    with lab.Proxy(ftp, ftp=True) as proxy:
        proxy.when(client=command, do=what)
        helper = ftp_helper(tmp_path, ftp, port=proxy.port, folder=f"in/{ftp_folder.path.name}", timeout_s=2)
        doubtful = put(helper, deadline=30)
    assert doubtful.outcome == outcome, doubtful
    if outcome == "failed":
        assert ftp_folder.files() == []
        return
    lab.wait_until(lambda: names(ftp_folder) == [TEMP if what == "cut" else NAME], what="the rename")
    resolved = helper.run("resolve", port=ftp.port, size=len(CONTENT))
    assert resolved.outcome == "delivered", resolved
    assert ftp_folder.contents() == {NAME: CONTENT} and ftp_folder.parts_left() == []


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
def test_what_is_found_after_a_crash_decides(to_folder, ftp_folder, there, outcome, code, left):
    for name, content in there.items():
        write(ftp_folder, name, content)
    resolved = to_folder.run("resolve", size=len(CONTENT), earlier_file="export_20261120.csv")
    assert (resolved.outcome, resolved.code) == (outcome, code), resolved
    assert {name: ftp_folder.read(name) for name in names(ftp_folder)} == left


@pytest.mark.parametrize("members, code", [
    ({"folder": "in/gone"}, "X06"), ({"secret": ""}, "X04"), ({"port": 1}, "X02"), ({"host": "no-such-computer.invalid"}, "X01"),
    ({"security": EXPLICIT}, "X21"),
])
def test_what_cannot_be_seen_for_certain_stays_unknown(to_folder, ftp_folder, members, code):
    write(ftp_folder, TEMP)
    resolved = to_folder.run("resolve", size=len(CONTENT), **members)
    assert (resolved.outcome, resolved.code) == ("unknown", code), resolved
    assert names(ftp_folder) == [TEMP]


def test_a_server_that_breaks_while_resolving_leaves_it_unknown(ftp, ftp_folder, tmp_path):
    write(ftp_folder, TEMP)
    for command in (b"SIZE", b"RNTO"):
        with lab.Proxy(ftp, ftp=True) as proxy:
            proxy.when(client=command, do="cut")
            helper = ftp_helper(tmp_path, ftp, port=proxy.port, folder=f"in/{ftp_folder.path.name}", timeout_s=2)
            assert helper.run("resolve", size=len(CONTENT)).outcome == "unknown"
    assert names(ftp_folder) == [TEMP]


# --- comparing for a resend, removing, reporting


@pytest.mark.parametrize("there, outcome, code", [
    (CONTENT, "delivered", None), (CONTENT[:-1] + b"x", "failed", "X15"), (CONTENT[:-1], "failed", "X15"), (None, "failed", "MISSING"),
])
def test_a_delivered_file_is_compared_without_touching_it(to_folder, ftp_folder, there, outcome, code):
    if there is not None:
        write(ftp_folder, NAME, there)
    told = to_folder.run("compare", size=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())
    assert (told.outcome, told.code) == (outcome, code), told
    assert ftp_folder.contents() == ({} if there is None else {NAME: there})


def test_remove_takes_away_one_temporary_file_and_a_missing_one_is_fine(to_folder, ftp_folder):
    write(ftp_folder, TEMP)
    write(ftp_folder, NAME)
    for _ in range(2):
        assert to_folder.run("remove").outcome == "delivered"
        assert names(ftp_folder) == [NAME]


def test_a_test_export_reports_automatic_files_that_the_ledger_does_not_know(to_folder, ftp_folder):
    for name in ("export_20261101.csv", "export_20261102_2.csv", "export_20261103.csv", "a_export_20261101.csv", "x.csv"):
        write(ftp_folder, name)
    done = put(to_folder, test=True, known_files=["export_20261103.csv"], file_name="testexport_20261122000000.csv")
    assert done.outcome == "delivered", done
    warned = [e["text"] for e in done.events if e["event"] == "warn" and e["code"] == "RT4"]
    assert sorted(warned) == ["export_20261101.csv", "export_20261102_2.csv"]
