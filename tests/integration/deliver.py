# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives printtrail-deliver by its protocol (src/transport/PROTOCOL.md), as the daemon does."""

import base64
import ctypes
import ctypes.util
import json
import os
import pathlib
import subprocess
import threading

BUILD = pathlib.Path(os.environ.get("PRINTTRAIL", pathlib.Path(__file__).parents[2] / "build" / "printtrail")).parent
PROGRAM = BUILD / "printtrail-deliver"
STEPS = ["resolve", "connect", "negotiate", "login", "open", "write", "finish"]


def seal(key, plain):
    """The password as the settings hold it: libsodium's secretbox, nonce first."""
    if not plain:
        return ""
    sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
    nonce, text = os.urandom(24), plain.encode()
    box = ctypes.create_string_buffer(len(text) + 16)
    assert sodium.crypto_secretbox_easy(box, text, ctypes.c_ulonglong(len(text)), nonce, key) == 0
    return f"v1:{len(plain)}:" + base64.b64encode(nonce + box.raw).decode()


class Outcome:
    """What the helper said: events in order, the result, and its exit status."""

    def __init__(self, events, status):
        self.events, self.status = events, status
        self.result = events[-1] if events and events[-1]["event"] == "result" else None

    def steps(self, ok=None):
        """Names of the steps that ended; with ok only those that went well or wrong."""
        return [e["step"] for e in self.events if e["event"] == "step" and ok in (None, e["ok"])]

    @property
    def outcome(self):
        return self.result["outcome"]

    @property
    def code(self):
        return self.result.get("code")

    @property
    def server(self):
        return self.result.get("server", "")

    def __repr__(self):
        return "\n".join(json.dumps(e, ensure_ascii=False) for e in self.events) + f"\nexit status {self.status}"


class Helper:
    """Requests for one destination: `common` are the members that stay the same."""

    def __init__(self, here, password="", **common):
        self.here = pathlib.Path(here)
        self.key = os.urandom(32)
        self.key_file = self.here / "key"
        self.key_file.write_text(self.key.hex())
        self.key_file.chmod(0o600)
        self.common = {"key_file": str(self.key_file), "secret": seal(self.key, password), "timeout_s": 20, **common}

    def spool(self, content, name="spool.csv"):
        path = self.here / name
        path.write_bytes(content)
        return {"spool": str(path), "size": len(content)}

    def request(self, op, **members):
        return {k: v for k, v in {"op": op, **self.common, **members}.items() if v is not ...}

    def start(self, op, wrap=(), environment=None, **members):
        """A helper that has its request; the caller reads and writes."""
        process = subprocess.Popen([*wrap, PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=environment)
        process.stdin.write(json.dumps(self.request(op, **members)).encode() + b"\n")
        process.stdin.flush()
        return process

    def run(self, op, go=True, at_uploaded=None, deadline=60, wrap=(), environment=None, **members):
        """One request to its end. at_uploaded() is called before the answer: go=True "go", False "stop", None closes stdin."""
        process = self.start(op, wrap, environment, **members)
        clock = threading.Timer(deadline, process.kill)
        clock.start()
        events = []
        try:
            for line in process.stdout:
                events.append(json.loads(line))
                if events[-1]["event"] != "uploaded":
                    continue
                if at_uploaded:
                    at_uploaded()
                if go is None:
                    process.stdin.close()
                else:
                    process.stdin.write(b"go\n" if go else b"stop\n")
                    process.stdin.flush()
            words = process.stderr.read()
            status = process.wait()
        finally:
            clock.cancel()
            for pipe in (process.stdin, process.stdout, process.stderr):
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass             # it ended before it read everything
        assert b"Sanitizer" not in words, words.decode(errors="replace")
        return Outcome(events, status)
