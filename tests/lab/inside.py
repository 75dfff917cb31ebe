# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that run in threads of the test process: always ready, no package, no account."""

import socket
import struct
import threading

from .base import HOST


class InsideServer:
    """The same outside as base.Server."""

    name = "inside"

    def __init__(self):
        self.host = HOST
        self.port = None

    def start(self):
        raise NotImplementedError

    def stop(self):
        raise NotImplementedError

    def restart(self):
        """Keeps the port."""
        self.stop()
        return self.start()

    def log(self):
        return f"--- {self.name}"

    def answers(self):
        return [f"address      {self.host}:{self.port}"]

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()


def reset(connection):
    """Closes with RST, as a machine does that lost the connection."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    close(connection)


def close(connection):
    """Also wakes a thread that reads from it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()


class TcpServer(InsideServer):
    """handle(connection) runs in a thread for each connection; what it raises ends that connection only."""

    def __init__(self):
        super().__init__()
        self.accepted = 0
        self.stopping = threading.Event()
        self._listener = None
        self._open = set()
        self._lock = threading.Lock()

    def handle(self, connection):
        raise NotImplementedError

    @property
    def open_connections(self):
        return len(self._open)

    def start(self):
        self.stopping.clear()
        self._listener = socket.create_server((HOST, self.port or 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def stop(self):
        if self._listener is None:
            return
        self.stopping.set()
        close(self._listener)
        self._listener = None
        self.close_all()

    def close_all(self):
        """Resets every open connection; new ones are still accepted."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            reset(connection)

    def log(self):
        return f"--- {self.name}: {self.accepted} connections accepted"

    def _accept(self, listener):
        while not self.stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with self._lock:
            self._open.add(connection)
        try:
            self.handle(connection)
        except OSError:
            pass  # the client went away
        finally:
            close(connection)
            with self._lock:
                self._open.discard(connection)
