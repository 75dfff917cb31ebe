# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts for servers: private to a mount namespace, or the host's where namespaces are forbidden."""

import pathlib
import pwd

from .base import HERE, LabError, as_root, have_namespaces, run

FIRST_ID = 61200  # outside what adduser and systemd hand out


class Accounts:
    """Unix accounts (name -> password or None) for the commands of one server."""

    def __init__(self, folder, passwords, pam_service=None):
        self._etc = folder / "etc"
        self._etc.mkdir(exist_ok=True)
        self._names = list(passwords)
        hashes = {name: self._hash(password) for name, password in passwords.items()}
        if have_namespaces():
            self._write_files(hashes, pam_service)
        else:
            self._make_on_host(hashes, pam_service)

    def uid(self, name):
        if have_namespaces():
            return FIRST_ID + self._names.index(name)
        return pwd.getpwnam(name).pw_uid

    def wrapped(self, command, full=""):
        """The command as root, seeing these accounts and, with full, a file system of 16 MB mounted there."""
        if not have_namespaces():
            return as_root(command)
        return as_root(
            ["unshare", "--mount", "sh", str(HERE / "private.sh"), str(self._etc), str(full), *command]
        )

    @staticmethod
    def _hash(password):
        if password is None:
            return "*"
        return run(["openssl", "passwd", "-6", "-stdin"], input=password.encode()).stdout.decode().strip()

    def _write_files(self, hashes, pam_service):
        ids = {name: self.uid(name) for name in hashes}
        lines = {
            "passwd": [f"{n}:x:{i}:{i}:lab:/:/usr/sbin/nologin" for n, i in ids.items()],
            "group": [f"{n}:x:{i}:" for n, i in ids.items()],
        }
        for name, ours in lines.items():
            host = pathlib.Path("/etc", name).read_text().rstrip("\n")
            (self._etc / name).write_text("\n".join([host, *ours]) + "\n")
        shadow = ["root:*:19000::::::", *[f"{n}:{h}:19000:0:99999:7:::" for n, h in hashes.items()]]
        (self._etc / "shadow").write_text("\n".join(shadow) + "\n")
        (self._etc / "pam.d").mkdir(exist_ok=True)
        (self._etc / "pam.d" / "other").write_text(
            "auth required pam_deny.so\naccount required pam_deny.so\n"
        )
        if pam_service:
            (self._etc / "pam.d" / pam_service).write_text(PAM)

    @staticmethod
    def _make_on_host(hashes, pam_service):
        for name, secret in hashes.items():
            try:
                pwd.getpwnam(name)
            except KeyError:
                run(as_root(["useradd", "-r", "-M", "-d", "/", "-s", "/usr/sbin/nologin", name]))
            run(as_root(["usermod", "-p", secret, name]))
        if pam_service and not pathlib.Path("/etc/pam.d", pam_service).exists():
            run(as_root(["tee", f"/etc/pam.d/{pam_service}"]), input=PAM.encode())


def need_full():
    if not have_namespaces():
        raise LabError("a file system of 16 MB needs mount namespaces, which this machine forbids")


def full_folder(pid, path):
    """How this machine sees the 16 MB file system that server PID has at PATH."""
    need_full()
    return pathlib.Path(f"/proc/{pid}/root{path}")


PAM = "auth required pam_unix.so\naccount required pam_unix.so\nsession required pam_permit.so\n"
