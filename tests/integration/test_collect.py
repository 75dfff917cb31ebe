# SPDX-License-Identifier: GPL-3.0-or-later
"""A source that lets us wait in the middle of a poll keeps nobody else waiting."""

import threading
import time

import lab
from lab import bad, ipp

PAGE = 500  # jobs that a CUPS server is asked for at once


class HalfAnswered(lab.BadIpp):
    """Gives its first answers, then hangs."""

    def __init__(self, replies):
        super().__init__()
        self.left, self.hangs = replies, threading.Event()

    def handle(self, connection):
        stream = connection.makefile("rb")
        while (request := bad.read_request(stream, connection)) is not None:
            if not self.left:
                self.hangs.set()
                while connection.recv(1 << 16):
                    pass
                return
            self._send(connection, bad.http(ipp.with_request_id(self.left.pop(0), request[1])))


def test_while_a_source_hangs_between_two_answers_others_can_write(cli, state):
    queues = ipp.message(0, 1, printer=[(ipp.NAME, "printer-name", "one")])
    page = ipp.message(0, 1, jobs=[ipp.sample_job(number) for number in range(1, PAGE + 1)])
    with HalfAnswered([queues, page]) as server:
        cli("sources", "add", "half", server.uri, "--kind", "cups").ok()
        poll = lab.start_cli("sources", "poll", "half", state=state)
        assert server.hangs.wait(20)
        began = time.monotonic()
        cli("settings", "set", "export.hour=4").ok()
        assert poll.poll() is None, "the poll was over before anybody else wrote"
        assert time.monotonic() - began < 10
        poll.kill()
        poll.communicate()
