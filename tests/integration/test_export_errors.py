# SPDX-License-Identifier: GPL-3.0-or-later
"""Every error of the catalogue that a server can be made to show, through `export test` and `export run` (SPEC 8, RT3)."""

import contextlib
import datetime
import hashlib
import pathlib
import re
import ssl
import time
import zoneinfo

import pytest

import lab
from house import House, secret
from lab.base import free_port

PASSWORDS = (lab.Samba.password, lab.Ftp.password, lab.Exim.password)
RETRY = {"X01", "X02", "X08", "X09", "X17", "X18", "X23"}
STEPS = ["resolve", "connect", "negotiate", "login", "open", "write", "finish"]


def days_ago(number):
    return str(datetime.date.today() - datetime.timedelta(days=number))


@pytest.fixture(scope="module")
def hanging(tmp_path_factory):
    """Tests against servers that accept and then say nothing: begun first, looked at last, because they take a minute."""
    with contextlib.ExitStack() as stack:
        running = {}
        for method in ("smb", "ftp", "mail"):
            house = House(tmp_path_factory.mktemp(method))
            house.set(*strange(method, stack.enter_context(lab.Deaf())))
            running[method] = (house.start("export", "test", "--json"), time.monotonic())
            stack.callback(running[method][0].kill)
        yield running


def test_servers_that_hang_are_being_asked(hanging):
    assert [process.poll() for process, _start in hanging.values()] == [None] * 3


@pytest.fixture
def house(tmp_path):
    """The real time, because certificates have one; jobs of two days."""
    house = House(tmp_path, datetime.datetime.now(zoneinfo.ZoneInfo("Asia/Tokyo")).replace(tzinfo=None).isoformat(" "))
    house.print(days_ago(3), days_ago(2))
    return house


def changed(pairs, **changes):
    """KEY=VALUE arguments with other values; a__b is the key a.b."""
    values = dict(pair.split("=", 1) for pair in pairs)
    values.update({key.replace("__", "."): str(value) for key, value in changes.items()})
    return [f"{key}={value}" for key, value in values.items()]


@contextlib.contextmanager
def filled(server, name):
    """That server's 16 MB file system has no room."""
    filler = server.root("full") / "filler"
    with open(filler, "wb", buffering=0) as out, contextlib.suppress(OSError):
        while True:
            out.write(bytes(1 << 16))
    with open(filler, "ab", buffering=0) as out, contextlib.suppress(OSError):
        while True:
            out.write(bytes(64))
    yield
    filler.unlink()


def smb(server, code, step, words="", **changes):
    def arrange(request, stack):
        samba = request.getfixturevalue(server)
        if changes.get("share") == "full":
            stack.enter_context(filled(samba, "full"))
            return samba.settings(samba.unc("full"))
        path = samba.unc(changes.get("share", "export"), *changes.get("folders", ()))
        if "port" in changes:
            path = path.replace(f"@{samba.port}", f"@{changes['port']()}")
        if "host" in changes:
            path = path.replace(f"127.0.0.1@{samba.port}", changes["host"])
        pairs = samba.settings(path, user=changes.get("user"), password=changes.get("password"))
        return pairs + [f"smb.encryption={changes.get('encryption', 'auto')}", "limits=extended"]

    return pytest.param(arrange, code, step, words, id=f"smb-{code}-{changes and next(iter(changes.values()))}")


def ftp(server, code, step, words="", **changes):
    def arrange(request, stack):
        vsftpd = request.getfixturevalue(server)
        if changes.get("folder") == "full":
            stack.enter_context(filled(vsftpd, "full"))
        path = vsftpd.url(changes.get("folder", "in"))
        if "port" in changes:
            path = path.replace(f":{vsftpd.port}", f":{changes['port']()}")
        if "host" in changes:
            path = path.replace(f"127.0.0.1:{vsftpd.port}", changes["host"])
        pairs = vsftpd.settings(path, password=changes.get("password"))
        if "ca" in changes:
            pairs = changed(pairs, tls__ca_file=changes["ca"](lab.certificates()))
        return changed(pairs, ftp__security=changes["security"]) if "security" in changes else pairs

    return pytest.param(arrange, code, step, words, id=f"ftp-{code}-{'-'.join(changes)}")


def mail(code, step, words="", server=None, to="boss@example.com", sender="printtrail@example.com", password=None, **changes):
    """server: options of a FaultSmtp."""

    def arrange(request, stack):
        fault = stack.enter_context(lab.FaultSmtp(**(server or {})))
        return changed(fault.settings(to=to, sender=sender, password=password), **changes)

    return pytest.param(arrange, code, step, words, id=f"mail-{code}-{to.split('@')[0]}-{'-'.join(server or changes)}")


def strange(method, server):
    """Settings for a server that is none of the method's."""
    return {
        "smb": ["export.method=smb", f"smb.path=\\\\127.0.0.1@{server.port}\\share", "smb.user=u"],
        "ftp": ["export.method=ftp", f"ftp.path=ftp:\\\\127.0.0.1:{server.port}\\in", "ftp.user=u"],
        "mail": ["export.method=mail", f"mail.server=127.0.0.1:{server.port}", "mail.to=a@example.com",
                 "mail.from=b@example.com", "mail.security=none"],
    }[method]


class Speaks(lab.bad.TcpServer):
    """Says these bytes and goes."""

    def __init__(self, words):
        super().__init__()
        self.words = words

    def handle(self, connection):
        connection.sendall(self.words)


def other(method, words, code):
    """A server of something else."""

    def arrange(request, stack):
        return strange(method, stack.enter_context(Speaks(words)))

    return pytest.param(arrange, code, None, "", id=f"{method}-{code}-strange")


CASES = [
    smb("samba", "X01", "resolve", host="no-such-computer.invalid"),
    smb("samba", "X02", "connect", port=free_port),
    smb("samba_old", "X03", "negotiate"),
    smb("samba_clear", "X03", None, encryption="required"),
    smb("samba", "X04", "login", "logon is invalid", password="wrong"),
    smb("samba", "X04", "login", user="nobody-here"),
    smb("samba", "X05", "login", "disabled", user=lab.Samba.disabled_user),
    smb("samba", "X05", "login", "locked", user=lab.Samba.locked_user),
    smb("samba", "X05", "login", "expired", user=lab.Samba.expired_user),
    smb("samba", "X06", "open", share="nosuch"),
    smb("samba", "X06", "open", "NOT_FOUND", folders=["nosuch"]),
    smb("samba", "X07", "open", "DENIED", share="ro"),
    smb("samba", "X07", "open", "DENIED", share="nowrite"),
    smb("samba", "X08", "write", share="full"),
    smb("samba", "X14", "open", "INVALID", folders=["n" * 256]),
    ftp("ftp", "X01", "resolve", host="no-such-computer.invalid"),
    ftp("ftp", "X02", "connect", port=free_port),
    ftp("ftp", "X04", "login", "530", password="wrong"),
    ftp("ftp", "X06", "open", "550", folder="nosuch"),
    ftp("ftp", "X07", None, "553", folder="ro"),
    ftp("ftp", "X08", "write", folder="full"),
    ftp("ftps", "X10", "login", security="none"),
    ftp("ftps", "X11", "negotiate", ca=lambda c: c.other_ca),
    ftp("ftps_implicit", "X11", "negotiate", ca=lambda c: c.other_ca),
    ftp("ftp", "X21", "negotiate", security="explicit"),
    mail("X01", "resolve", mail__server="no-such-computer.invalid"),
    mail("X04", "login", "535", server={"auth": True, "tls": "starttls"}, password="wrong"),
    mail("X11", "negotiate", server={"tls": "implicit", "certificate": "expired"}),
    mail("X11", "negotiate", server={"tls": "starttls", "certificate": "self_signed"}),
    mail("X11", "negotiate", server={"tls": "starttls", "certificate": "wrong_host"}),
    mail("X12", None, "550", to="deny@example.com"),
    mail("X21", None, mail__security="starttls"),
    mail("X22", None, mail__auth="true", mail__user="u", mail__password=f"@{lab.secret.secret_file(lab.Exim.password)}"),
    mail("X23", None, "421", sender="greylist@example.com"),
    mail("X23", None, "451", to="defer@example.com"),
    mail("X23", "finish", "451", to="latetmp@example.com"),
    mail("X18", None, to="cut@example.com"),
    mail("X25", "finish", "554", to="latebad@example.com"),
    other("smb", b"220 smtp.example.com ESMTP\r\n", "X24"),
    other("ftp", b"HTTP/1.1 400 Bad Request\r\n\r\n", "X24"),
    other("mail", b"HTTP/1.1 400 Bad Request\r\n\r\n", "X24"),
]


@pytest.mark.parametrize("arrange, code, step, words", CASES)
def test_each_error_of_a_server_has_code_cause_remedy_and_words(house, request, arrange, code, step, words):
    with contextlib.ExitStack() as stack:
        house.set(*arrange(request, stack))
        status = 5 if code in RETRY else 6
        tested = house.cli("export", "test", "--json").ok(status)
        answer = tested.json()
        assert (answer["ok"], answer["code"]) == (False, code), answer
        *good, failed = answer["steps"]
        assert all(s["ok"] and s["code"] is None for s in good)
        assert [s["step"] for s in answer["steps"]] == STEPS[:len(answer["steps"])]
        assert (failed["ok"], failed["code"]) == (False, code) and failed["ms"] >= 0
        assert step in (None, failed["step"]), answer
        assert failed["cause"] and failed["remedy"] and words in (failed["server"] or "")
        assert house.ledger(None) == [] and house.status()["last_run"] is None, "a test changes no state"

        run = house.cli("export", "run", "--json").ok(status)
        assert (run.json()["result"], run.json()["code"]) == ("failed", code)
        assert run.err.startswith(f"printtrail: {code}: ") and words in run.err
        last = house.last_run()
        assert (last["result"], last["code"]) == ("failed", code) and words in last["text"]
        assert house.status()["pending"]["jobs"] == 4
        for text in (tested.out, tested.err, run.out, run.err):
            assert not [password for password in PASSWORDS if password in text]
            assert "errno" not in text and not re.search(r"\berror \d+\b", text)


@pytest.mark.parametrize("code, arrange", [(case.values[1], case.values[0]) for case in CASES[5:8:2]])
def test_causes_and_remedies_come_in_japanese_too(house, request, code, arrange):
    with contextlib.ExitStack() as stack:
        house.set(*arrange(request, stack))
        failed = house.cli("export", "test", "--json", env={"LC_ALL": "ja_JP.UTF-8"}).json()["steps"][-1]
        assert any(ord(c) > 0x3000 for c in failed["cause"]) and any(ord(c) > 0x3000 for c in failed["remedy"])
        run = house.cli("export", "run", env={"LC_ALL": "ja_JP.UTF-8"})
        assert failed["cause"] in run.err and failed["remedy"] in run.err


def test_an_untrusted_certificate_is_described(house, ftps, ca):
    house.set(*changed(ftps.settings(), tls__ca_file=ca.other_ca))
    failed = house.cli("export", "test", "--json").json()["steps"][-1]
    der = ssl.PEM_cert_to_DER_cert(pathlib.Path(ca.server).read_text())
    run = house.cli("export", "run").ok(6)
    for text in (failed["text"], run.err, house.last_run()["text"]):
        assert hashlib.sha256(der).hexdigest() in text and "issued by CN=printtrail lab CA" in text
        assert re.search(r"valid from 20\d\d-\S+Z to 20\d\d-\S+Z", text) and "CN=localhost" in text


# --- a wrong password is tried once; the others go on


def test_a_wrong_password_is_one_log_in_at_the_ftp_server(house, ftp, ftp_folder):
    log = ftp.dir / "vsftpd.log"
    before = log.read_text().count("FAIL LOGIN")
    house.set(*ftp.settings(ftp_folder, password="wrong"))
    house.cli("export", "run").ok(6)
    assert log.read_text().count("FAIL LOGIN") == before + 1


def test_a_wrong_password_is_one_log_in_at_the_mail_server(house):
    with lab.FaultSmtp(auth=True, tls="starttls") as smtp:
        house.set(*smtp.settings(password="wrong"))
        house.cli("export", "run").ok(6)
        assert len([c for c in smtp.commands if c.startswith("AUTH")]) == 1


def test_a_corrected_password_sends_the_same_bytes_under_the_same_name(house, samba, share):
    house.set(*samba.settings(share, password="wrong"))
    house.cli("export", "run").ok(6)
    before, = house.ledger("auto", "failed")
    house.set("csv.separator=tab", "preferences.date_format=dmy", *samba.settings(share))
    house.run()
    after = next(row for row in house.ledger() if row["id"] == before["id"])
    frozen = ("file_name", "format", "bytes", "sha256", "seq_from", "seq_to")
    assert [after[m] for m in frozen] == [before[m] for m in frozen]
    assert (after["state"], after["attempts"]) == ("delivered", 2)
    second = next(name for name in share.files() if name != before["file_name"])
    assert b"\t" in share.read(second) and b"\t" not in share.read(before["file_name"])


def test_a_full_share_concerns_one_file_and_the_others_go_on(house, samba):
    """A first file that is too large for what is left, a second one that fits."""
    house.take([house.record(f"{days_ago(4)} 10:00:00", f"{'x' * 900} {n}") for n in range(30)])
    filler = samba.root("full") / "filler"
    with open(filler, "wb", buffering=0) as out, contextlib.suppress(OSError):
        while True:
            out.write(bytes(4096))
    with open(filler, "r+b") as out:
        out.truncate(filler.stat().st_size - 3 * 4096)
    try:
        house.set(*samba.settings(samba.unc("full")))
        run = house.cli("export", "run", "--json").ok(3)
        assert (run.json()["result"], run.json()["code"], run.json()["files"]) == ("partial", "X08", 2)
        assert [row["day"] for row in house.ledger("auto", "failed")] == [days_ago(4)]
        filler.unlink()
        assert house.run()["files"] == 1
    finally:
        filler.unlink(missing_ok=True)
        for path in samba.root("full").iterdir():
            path.unlink()


def test_a_password_from_standard_input_is_for_this_test_only(house, samba, share, tmp_path):
    house.set(*[pair for pair in samba.settings(share, password="wrong")])
    assert house.cli("export", "test", "--json").code == 6
    good = house.cli("export", "test", "--json", "--with", "smb.password=@-", input=samba.password + "\n").ok()
    assert good.json()["ok"]
    bad = house.cli("export", "test", "--with", f"smb.password={secret(tmp_path / 'w', 'also wrong')}")
    assert bad.code == 6
    assert house.cli("export", "test", "--json").code == 6, "the stored one is still the wrong one"


def test_a_server_that_accepts_and_then_hangs_is_given_up_in_bounded_time(hanging):
    for method, (process, start) in hanging.items():
        out, err = process.communicate(timeout=max(1, start + 100 - time.monotonic()))
        assert process.returncode == 5, (method, err)
        assert b'"code": "X17"' in out or b'"code": "X02"' in out, (method, out)
