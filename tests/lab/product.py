# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the product itself: one command, or the daemon."""

import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass

from .base import PROJECT, LabError, environment, new_folder, remove_folder, tail


def program():
    """$PRINTTRAIL, else what `make` built."""
    return os.environ.get("PRINTTRAIL", str(PROJECT / "build" / "printtrail"))


@dataclass
class Result:
    command: list
    code: int
    out: str
    err: str
    seconds: float

    def json(self):
        """Standard output as JSON; LabError with both outputs when it is none."""
        try:
            return json.loads(self.out)
        except ValueError as error:
            raise LabError(f"no JSON ({error}):\n{self}") from None

    def ok(self, code=0):
        """Itself when the exit status is code, else LabError with all that was said."""
        if self.code != code:
            raise LabError(f"exit status {self.code}, expected {code}:\n{self}")
        return self

    def __str__(self):
        end = f"exit status {self.code} after {self.seconds:.2f} s"
        return f"$ {' '.join(self.command)}\n{self.out}{self.err}{end}"


def arguments(state, args, prefix=()):
    where = ["--state", str(state)] if state is not None else []
    return [*map(str, prefix), program(), *where, *map(str, args)]


def run_cli(*args, state=None, env=None, input=None, timeout=60, prefix=()):
    """Runs `printtrail [--state STATE] ARGS…`; prefix goes before it (faketime, strace…)."""
    command = arguments(state, args, prefix)
    data = input.encode() if isinstance(input, str) else input
    start = time.monotonic()
    try:
        done = subprocess.run(
            command,
            input=data,
            stdin=None if data is not None else subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            env=environment(env),
        )
    except subprocess.TimeoutExpired as late:
        raise LabError(
            f"{' '.join(command)}: no end within {timeout} s\n{late.stdout}\n{late.stderr}"
        ) from None
    return Result(
        command,
        done.returncode,
        done.stdout.decode(errors="backslashreplace"),
        done.stderr.decode(errors="backslashreplace"),
        time.monotonic() - start,
    )


def start_cli(*args, state=None, env=None, prefix=(), **options):
    """The same as a subprocess.Popen with pipes, for tests that kill it or run two at once."""
    return subprocess.Popen(
        arguments(state, args, prefix),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(env),
        start_new_session=True,
        **options,
    )


class Daemon:
    """`printtrail serve` on a state directory; start() returns when it has told READY=1."""

    def __init__(self, state, *args, env=None, prefix=()):
        self.state, self.args, self.env, self.prefix = state, args, env or {}, prefix
        self.process = None
        self._dir = None
        self._notify = None

    def start(self, timeout=30):
        self._dir = self._dir or new_folder("daemon")
        address = self._dir / "notify"
        address.unlink(missing_ok=True)
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(address))
        with open(self._dir / "output", "ab") as output:
            self.process = subprocess.Popen(
                arguments(self.state, ["serve", *self.args], self.prefix),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=environment({"NOTIFY_SOCKET": str(address), **self.env}),
            )
        try:
            self._await_ready(time.monotonic() + timeout)
        except LabError as error:
            text = self.log()
            self.stop()
            raise LabError(f"{error}\n{text}") from None
        return self

    def kill(self):
        """SIGKILL to the daemon and its helpers."""
        self._end(signal.SIGKILL, 10)

    def terminate(self, timeout=10):
        """SIGTERM; returns the exit status. The state and the log stay."""
        return self._end(signal.SIGTERM, timeout)

    def stop(self):
        if self.process is not None:
            self.terminate()
        if self._dir is not None:
            remove_folder(self._dir)
            self._dir = None

    @property
    def pid(self):
        return self.process.pid if self.process else None

    def log(self):
        return (
            f"--- printtrail serve\n{tail(self._dir / 'output', 1 << 20)}" if self._dir else "--- not started"
        )

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()

    def _await_ready(self, deadline):
        self._notify.settimeout(0.05)
        while time.monotonic() < deadline:
            try:
                if b"READY=1" in self._notify.recv(4096).split(b"\n"):
                    return
            except TimeoutError:
                if self.process.poll() is not None:
                    raise LabError(f"printtrail serve ended with {self.process.returncode}") from None
        raise LabError("printtrail serve did not become ready")

    def _end(self, number, timeout):
        if self.process is None:
            return None
        try:
            if number == signal.SIGKILL:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)
        except ProcessLookupError:
            pass
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
            raise LabError(f"printtrail serve did not end within {timeout} s\n{self.log()}") from None
        finally:
            self._notify.close()
            self.process = None
        return status
