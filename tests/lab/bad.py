# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that hang, talk nonsense or never end."""

import itertools
import re
import socket

from . import ipp
from .base import HOST, LabError
from .inside import InsideServer, TcpServer, close

IPP_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\n"


class Deaf(TcpServer):
    """Accepts, sends its banner, then reads for ever and says nothing."""

    name = "deaf"

    def __init__(self, banner=b""):
        super().__init__()
        self.banner = banner

    def handle(self, connection):
        connection.sendall(self.banner)
        while connection.recv(1 << 16):
            pass


class BlackHole(InsideServer):
    """A port on which connecting takes for ever: the kernel drops SYNs to a listener whose queue is full."""

    name = "black-hole"

    def __init__(self):
        super().__init__()
        self._sockets = []

    def start(self):
        listener = socket.create_server((HOST, 0), backlog=0)
        self.port = listener.getsockname()[1]
        self._sockets = [listener]
        for _ in range(64):
            probe = socket.socket()
            probe.settimeout(0.1)
            self._sockets.append(probe)
            try:
                probe.connect((HOST, self.port))
            except TimeoutError:
                return self
        raise LabError("the listener's queue never became full")

    def stop(self):
        for s in self._sockets:
            s.close()
        self._sockets = []


class BadIpp(TcpServer):
    """An IPP printer that misbehaves by mode, or answers with given IPP messages, the last one repeated."""

    name = "bad-ipp"
    MODES = (
        "hang",
        "401",
        "junk",
        "html",
        "trunc",
        "endless-bytes",
        "endless-jobs",
        "endless-header",
        "dribble",
        "huge-length",
        "error-500",
        "closed",
    )

    def __init__(self, mode="hang", replies=None):
        super().__init__()
        if mode not in self.MODES:
            raise ValueError(f"no mode {mode}; there are {' '.join(self.MODES)}")
        self.mode, self.replies = mode, list(replies or [])
        self.requests = []  # (path, IPP message) of each request
        self.sent = 0  # bytes of the answers so far

    @property
    def uri(self):
        return f"ipp://{self.host}:{self.port}/ipp/print"

    def log(self):
        return f"--- {self.name} {self.mode}: {len(self.requests)} requests, {self.sent} bytes sent"

    def answers(self):
        return [f"printer      {self.uri} (mode {self.mode})"]

    def handle(self, connection):
        if self.mode == "closed":
            return
        if self.mode == "hang" and not self.replies:
            while connection.recv(1 << 16):
                pass
            return
        stream = connection.makefile("rb")
        while True:
            request = read_request(stream, connection)
            if request is None:
                return
            self.requests.append(request)
            if self.replies:
                reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
                self._send(connection, http(ipp.with_request_id(reply, request[1])))
            else:
                for piece in self._pieces(request[1]):
                    self._send(connection, piece)
                    if self.stopping.is_set():
                        return
                close(connection)
                return

    def _send(self, connection, data):
        connection.sendall(data)
        self.sent += len(data)

    def _pieces(self, request):
        """The answer of this mode, in pieces; without end where the mode says so."""
        if self.mode == "401":
            yield (
                b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="lab"\r\n'
                b"Content-Length: 0\r\nConnection: close\r\n\r\n"
            )
        elif self.mode == "error-500":
            yield b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        elif self.mode == "html":
            yield b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\nhello!"
        elif self.mode == "junk":
            yield http(b"\x02\x00\x00\x00\x00\x00\x00\x01\x02\xff\xff\xff")
        elif self.mode == "trunc":
            whole = ipp.message(0, ipp.request_id(request), jobs=[ipp.sample_job(n) for n in range(1, 9)])
            yield IPP_HEAD + b"Content-Length: %d\r\n\r\n" % len(whole) + whole[: len(whole) // 2]
        elif self.mode == "huge-length":
            yield IPP_HEAD + b"Content-Length: 9223372036854775000\r\n\r\n" + b"\x02\x00\x00\x00"
            yield from itertools.repeat(bytes(65536))
        elif self.mode == "endless-bytes":
            yield IPP_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
            yield from itertools.repeat(chunk(bytes(65536)))
        elif self.mode == "endless-jobs":
            yield IPP_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
            yield chunk(ipp.message(0, ipp.request_id(request), ended=False))
            for number in itertools.count(1):
                yield chunk(ipp.group(ipp.JOB, ipp.sample_job(number)))
        elif self.mode == "endless-header":
            yield b"HTTP/1.1 200 OK\r\n"
            for number in itertools.count(1):
                yield b"X-Header-%d: %s\r\n" % (number, b"x" * 1000)
        elif self.mode == "dribble":
            yield IPP_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
            answer = ipp.message(0, ipp.request_id(request), ended=False)
            for number in itertools.count(1):
                for byte in answer:
                    yield chunk(bytes([byte]))
                    if self.stopping.wait(0.5):
                        return
                answer = ipp.group(ipp.JOB, ipp.sample_job(number))


def http(body):
    return IPP_HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunk(data):
    return b"%x\r\n" % len(data) + data + b"\r\n"


def read_request(stream, connection):
    """(path, body) of one HTTP request, or None at the end of the connection."""
    line = stream.readline(8192)
    if not line:
        return None
    headers = {}
    while (header := stream.readline(8192)) not in (b"\r\n", b"\n", b""):
        name, _, value = header.partition(b":")
        headers[name.strip().lower()] = value.strip().lower()
    if headers.get(b"expect") == b"100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = b""
    if headers.get(b"transfer-encoding") == b"chunked":
        while size := int(stream.readline(64).split(b";")[0], 16):
            body += stream.read(size)
            stream.readline(8)
        stream.readline(8)
    else:
        body = stream.read(int(headers.get(b"content-length", 0)))
    match = re.match(rb"\w+ (\S+)", line)
    return (match.group(1).decode() if match else "", body)
