# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: servers for the whole session, started when first asked for; folders and state for each test."""

import functools
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import foreign  # noqa: E402
import lab  # noqa: E402  (its folder had to be made known first)


def session_server(make):
    """A fixture that starts the server that make() describes, once in a session."""

    @pytest.fixture(scope="session", name=make.__name__)
    @functools.wraps(make)
    def fixture():
        with make() as server:
            yield server

    return fixture


@session_server
def samba():
    return lab.Samba()


@session_server
def samba_encrypted():
    return lab.Samba(encrypt="required", min_protocol="SMB3")


@session_server
def samba_clear():
    """No encryption offered: a proxy can read what passes."""
    return lab.Samba(encrypt="off")


@session_server
def samba_old():
    """Speaks SMB1 only."""
    return lab.Samba(min_protocol="NT1", max_protocol="NT1")


@session_server
def ftp():
    return lab.Ftp()


@session_server
def ftps():
    return lab.Ftp(tls="explicit")


@session_server
def ftps_implicit():
    return lab.Ftp(tls="implicit")


@session_server
def exim():
    return lab.Exim()


@session_server
def postgres():
    return lab.Postgres()


@session_server
def printer():
    return lab.IppPrinter()


@pytest.fixture(scope="session")
def cups(printer):
    """With the queues demo (on the virtual printer) and raw (throws away at once)."""
    with lab.Cups() as server:
        server.add_queue("demo", printer)
        server.add_queue("raw")
        yield server


@pytest.fixture(scope="session")
def ca():
    return lab.certificates()


@pytest.fixture
def fault_smtp():
    with lab.FaultSmtp() as server:
        yield server


@pytest.fixture
def state(tmp_path):
    """A state directory that does not exist yet."""
    return tmp_path / "state"


@pytest.fixture
def cli(state):
    """run_cli() on this test's state directory."""
    return functools.partial(lab.run_cli, state=state)


@pytest.fixture
def share(samba):
    return samba.folder()


@pytest.fixture
def ftp_folder(ftp):
    return ftp.folder()


@pytest.fixture
def pdf(tmp_path):
    """A document of three pages, the first in colour."""
    return lab.mkpdf(tmp_path / "three.pdf", pages=3, color_pages=1)


@pytest.fixture
def local_file(tmp_path):
    """A small file to put somewhere: foreign.FILE."""
    path = tmp_path / "a.csv"
    path.write_bytes(foreign.FILE)
    return path


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the logs of the servers that it used."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            if hasattr(value, "log") and callable(value.log):
                report.sections.append((f"log of {name}", value.log()))
