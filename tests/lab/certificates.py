# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate authority of our own, with good and bad server certificates for 127.0.0.1 and localhost."""

import functools
import pathlib
from dataclasses import dataclass

from .base import run, scratch


@dataclass(frozen=True)
class Certificates:
    ca: pathlib.Path  # signed server, expired and wrong_host: what a client should trust
    other_ca: pathlib.Path  # signed nothing here
    server: pathlib.Path  # localhost, 127.0.0.1
    expired: pathlib.Path  # the same names, ended yesterday
    wrong_host: pathlib.Path  # other.example only
    self_signed: pathlib.Path  # localhost, 127.0.0.1, signed by nobody else
    key: pathlib.Path  # the key of these four

    def named(self, name):
        if name not in ("server", "expired", "wrong_host", "self_signed"):
            raise ValueError(f"no certificate of the name {name}")
        return getattr(self, name)


@functools.cache
def certificates():
    """Made once in a process."""
    folder = scratch() / "ca"
    folder.mkdir()

    def path(name):
        return folder / f"{name}.pem"

    def authority(name, subject):
        run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                folder / f"{name}.key",
                "-out",
                path(name),
                "-days",
                "3650",
                "-subj",
                f"/CN={subject}",
            ]
        )

    def signed(name, days, names):
        extensions = folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={names}\n")
        run(
            [
                "openssl",
                "x509",
                "-req",
                "-in",
                folder / "server.csr",
                "-CA",
                path("ca"),
                "-CAkey",
                folder / "ca.key",
                "-CAcreateserial",
                "-days",
                str(days),
                "-out",
                path(name),
                "-extfile",
                extensions,
            ]
        )

    authority("ca", "printtrail lab CA")
    authority("other-ca", "printtrail lab other CA")
    run(
        [
            "openssl",
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            folder / "server.key",
            "-out",
            folder / "server.csr",
            "-subj",
            "/CN=localhost",
        ]
    )
    ours = "DNS:localhost,IP:127.0.0.1"
    signed("server", 3650, ours)
    signed("expired", -1, ours)
    signed("wrong-host", 3650, "DNS:other.example")
    run(
        [
            "openssl",
            "req",
            "-x509",
            "-new",
            "-key",
            folder / "server.key",
            "-out",
            path("self-signed"),
            "-days",
            "3650",
            "-subj",
            "/CN=localhost",
            "-addext",
            f"subjectAltName={ours}",
        ]
    )
    # every server account has to read it; it protects nothing
    (folder / "server.key").chmod(0o644)
    return Certificates(
        path("ca"),
        path("other-ca"),
        path("server"),
        path("expired"),
        path("wrong-host"),
        path("self-signed"),
        folder / "server.key",
    )
