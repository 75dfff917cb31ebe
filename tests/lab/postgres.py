# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away PostgreSQL cluster."""

import os
import pathlib
import shutil
import signal

from .base import HOST, LabError, Server, free_port, run


class Postgres(Server):
    """Superuser postgres without a password, on loopback and on a socket in its own folder."""

    name = "postgres"

    def __init__(self, settings=None):
        super().__init__()
        self.settings = {"shared_buffers": "256MB", "max_wal_size": "4GB", "jit": "off", **(settings or {})}

    @property
    def dsn(self):
        return f"host={self.dir}/sock port={self.port} user=postgres dbname=postgres"

    def psql(self, sql, timeout=600, *options):
        """Runs SQL; returns its output, unaligned and without headings."""
        return run(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *options, self.dsn, "-c", sql], timeout
        ).stdout.decode()

    def configure(self):
        if self.port is not None:
            return
        self.port = free_port()
        (self.dir / "sock").mkdir()
        (self.dir / "data").mkdir()
        if os.geteuid() == 0:
            for path in (self.dir, self.dir / "sock", self.dir / "data"):
                shutil.chown(path, "postgres", "postgres")
        run(
            self._as_postgres(
                [
                    self._tool("initdb"),
                    "-D",
                    str(self.dir / "data"),
                    "-E",
                    "UTF8",
                    "--locale=C.UTF-8",
                    "-A",
                    "trust",
                    "-U",
                    "postgres",
                    "--no-sync",
                ]
            )
        )
        values = {
            "listen_addresses": f"'{HOST}'",
            "port": self.port,
            "unix_socket_directories": f"'{self.dir}/sock'",
            **self.settings,
        }
        with open(self.dir / "data" / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.writelines(f"{key} = {value}\n" for key, value in values.items())

    def command(self):
        return self._as_postgres([self._tool("postgres"), "-D", str(self.dir / "data")])

    def ready(self):
        return (
            run(
                [self._tool("pg_isready"), "-q", "-h", self.dir / "sock", "-p", str(self.port)], check=False
            ).returncode
            == 0
        )

    def halt(self, timeout=10):
        self.signal(signal.SIGINT)  # SIGTERM would wait for the clients
        super().halt(timeout)

    def stop(self, timeout=10):
        super().stop(timeout)
        self.port = None

    def answers(self):
        return [f"connect      psql '{self.dsn}'"]

    @staticmethod
    def _as_postgres(command):
        if os.geteuid() != 0:
            return command
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]

    @staticmethod
    def _tool(name):
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        if not found:
            raise LabError(f"{name} is not installed: run scripts/deps.sh bench")
        return str(found[-1])
