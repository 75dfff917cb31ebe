# SPDX-License-Identifier: GPL-3.0-or-later
"""Real servers on loopback for tests, demo and benchmarks. See README.md beside this file."""

from .bad import BadIpp, BlackHole, Deaf
from .base import PROJECT, LabError, Server, free_port, run, stop_all, wait_until
from .certificates import certificates
from .cups import Cups, IppPrinter
from .exim import Exim
from .folder import Folder
from .ftp import Ftp
from .mail import Mail
from .pdf import mkpdf
from .postgres import Postgres
from .product import Daemon, program, run_cli, start_cli
from .proxy import SMB_CLOSE, SMB_CREATE, SMB_RENAME, SMB_WRITE, Proxy
from .samba import Samba
from .secret import secret_file

__all__ = [
    "BadIpp",
    "BlackHole",
    "Cups",
    "Daemon",
    "Deaf",
    "Exim",
    "FaultSmtp",
    "Folder",
    "Ftp",
    "IppPrinter",
    "LabError",
    "Mail",
    "PROJECT",
    "Postgres",
    "Proxy",
    "SMB_CLOSE",
    "SMB_CREATE",
    "SMB_RENAME",
    "SMB_WRITE",
    "Samba",
    "Server",
    "certificates",
    "free_port",
    "mkpdf",
    "program",
    "run",
    "run_cli",
    "secret_file",
    "start_cli",
    "stop_all",
    "wait_until",
]


def __getattr__(name):
    """FaultSmtp on demand: it alone needs python3-aiosmtpd, which the demo does without."""
    if name == "FaultSmtp":
        from .fault_smtp import FaultSmtp

        return FaultSmtp
    raise AttributeError(name)
