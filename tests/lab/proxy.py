# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP proxy that loses bytes at a chosen moment."""

import re
import socket
import threading
from dataclasses import dataclass, field

from .base import HOST, LabError
from .inside import TcpServer, close, reset


def smb2(command, body=b""):
    """Matches an SMB 2/3 request in the clear: its command, and how its body begins."""
    return re.compile(rb"\xfeSMB.{8}" + re.escape(bytes([command, 0])) + rb".{50}" + body, re.DOTALL)


SMB_CREATE = smb2(0x05)
SMB_CLOSE = smb2(0x06)
SMB_WRITE = smb2(0x09)
SMB_RENAME = smb2(0x11, re.escape(b"\x21\x00\x01\x0a"))  # SET_INFO, FileRenameInformation

ACTIONS = ("cut", "lose-reply", "swallow", "stall", "pass")
CARRY = 255  # bytes of the chunk before that a match may begin in


@dataclass
class Rule:
    side: str  # "client", "server" or "data": who sends what is looked at
    pattern: object  # compiled expression, or None
    count: int  # bytes, where there is no pattern
    action: str
    times: int
    _fired: threading.Event = field(default_factory=threading.Event)
    _resumed: threading.Event = field(default_factory=threading.Event)

    def wait(self, timeout=10):
        """Until the rule has fired."""
        if not self._fired.wait(timeout):
            raise LabError(f"the proxy's rule never fired: {self}")

    @property
    def fired(self):
        return self._fired.is_set()

    def resume(self):
        """Ends a stall."""
        self._resumed.set()

    def position(self, carry, data, before):
        """Where in data the rule fires, or None. carry: the end of what came, before: how much came."""
        if self.pattern is None:
            return max(0, self.count - before) if before < self.count <= before + len(data) else None
        match = self.pattern.search(carry + data)
        return max(0, match.start() - len(carry)) if match else None


class Session:
    """One client's connection with all that belongs to it."""

    def __init__(self):
        self.sockets = []
        self.muted = False  # the server's bytes are dropped
        self.cut_at_reply = False

    def cut(self):
        for s in self.sockets:
            reset(s)


def gone(connection):
    """Whether the other side has closed it, or is dead."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


class Proxy(TcpServer):
    """Stands before a server (or a port on loopback); rules say what gets lost. See the lab's README."""

    name = "proxy"

    def __init__(self, target, ftp=False):
        super().__init__()
        self._target = target
        self._ftp = ftp
        self._rules = []
        self._rules_lock = threading.Lock()
        self.client_bytes = self.server_bytes = 0

    @property
    def target_port(self):
        return self._target if isinstance(self._target, int) else self._target.port

    def address(self, folder):
        """The address of a Folder (or a text with the server's port), led through this proxy."""
        text = getattr(folder, "address", folder)
        return re.sub(rf"([@:]){self.target_port}\b", rf"\g<1>{self.port}", text)

    def when(
        self,
        client=None,
        server=None,
        client_bytes=None,
        server_bytes=None,
        data_bytes=None,
        do="cut",
        times=1,
    ):
        """Adds a rule; returns it, to wait for."""
        given = [
            (side, value)
            for side, value in (
                ("client", client),
                ("server", server),
                ("client", client_bytes),
                ("server", server_bytes),
                ("data", data_bytes),
            )
            if value is not None
        ]
        if len(given) != 1 or do not in ACTIONS:
            raise ValueError(f"one of client, server, …_bytes and an action of {' '.join(ACTIONS)}")
        side, value = given[0]
        if isinstance(value, bytes):
            value = re.compile(re.escape(value))
        rule = Rule(
            side, None if isinstance(value, int) else value, value if isinstance(value, int) else 0, do, times
        )
        with self._rules_lock:
            self._rules.append(rule)
        return rule

    def clear(self):
        """Drops all rules and ends all stalls."""
        with self._rules_lock:
            for rule in self._rules:
                rule.resume()
            self._rules.clear()

    def stop(self):
        self.stopping.set()  # what is stalled is dropped, not passed on
        self.clear()
        super().stop()

    def log(self):
        rules = "\n".join(f"{rule} fired={rule.fired}" for rule in self._rules)
        return f"{super().log()}, {self.client_bytes} bytes up, {self.server_bytes} down\n{rules}"

    def handle(self, client):
        server = socket.create_connection((HOST, self.target_port), timeout=10)
        server.settimeout(None)
        session = Session()
        session.sockets += [client, server]
        down = threading.Thread(target=self._pump, args=(session, "server", server, client), daemon=True)
        down.start()
        self._pump(session, "client", client, server)
        down.join()

    # --- inside

    def _pump(self, session, side, source, sink):
        carry, before = b"", 0
        try:
            while data := source.recv(1 << 16):
                if side == "server":
                    self.server_bytes += len(data)
                    if session.cut_at_reply:
                        session.cut()
                        return
                    if session.muted:
                        continue
                    if self._ftp:
                        data = self._lead_data(session, data)
                elif side == "client":
                    self.client_bytes += len(data)
                rest = self._apply(session, side, carry, data, before, source, sink)
                if rest is None:
                    return
                sink.sendall(rest)
                carry, before = (carry + data)[-CARRY:], before + len(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            if side != "data":
                for s in session.sockets:
                    close(s)

    def _apply(self, session, side, carry, data, before, source, sink):
        """Runs the rules that fire in data; returns what is still to be sent, None when all is cut."""
        while True:
            found = self._first(side, carry, data, before)
            if found is None:
                return data
            rule, at = found
            if rule.action == "cut":
                sink.sendall(data[:at])
                rule._fired.set()
                session.cut()
                return None
            if rule.action == "stall":
                sink.sendall(data[:at])
                rule._fired.set()
                rule._resumed.wait()
                if self.stopping.is_set() or gone(source):
                    session.cut()
                    return None
                carry, data, before = b"", data[at:], before + at
                continue
            session.cut_at_reply |= rule.action == "lose-reply"
            session.muted |= rule.action == "swallow"
            rule._fired.set()
            return data

    def _first(self, side, carry, data, before):
        with self._rules_lock:
            for rule in self._rules:
                at = rule.position(carry, data, before) if rule.side == side and rule.times else None
                if at is not None:
                    rule.times -= 1
                    return rule, at
        return None

    def _lead_data(self, session, data):
        """Puts a port of ours into the server's answer to EPSV or PASV."""
        if match := re.match(rb"229 [^\r\n]*\(\|\|\|(\d+)\|\)", data):
            port = self._listen_for_data(session, int(match.group(1)))
            return data[: match.start(1)] + str(port).encode() + data[match.end(1) :]
        if match := re.match(rb"227 [^\r\n]*\((?:\d+,){4}((\d+),(\d+))\)", data):
            port = self._listen_for_data(session, int(match.group(2)) * 256 + int(match.group(3)))
            return data[: match.start(1)] + b"%d,%d" % divmod(port, 256) + data[match.end(1) :]
        return data

    def _listen_for_data(self, session, target):
        listener = socket.create_server((HOST, 0), backlog=1)
        listener.settimeout(30)
        threading.Thread(target=self._serve_data, args=(session, listener, target), daemon=True).start()
        return listener.getsockname()[1]

    def _serve_data(self, session, listener, target):
        try:
            with listener:
                client, _ = listener.accept()
            server = socket.create_connection((HOST, target), timeout=10)
        except OSError:
            return
        client.settimeout(None)
        server.settimeout(None)
        session.sockets += [client, server]
        down = threading.Thread(target=self._pump, args=(session, "data-down", server, client), daemon=True)
        down.start()
        self._pump(session, "data", client, server)
        down.join()
        close(client)
        close(server)
