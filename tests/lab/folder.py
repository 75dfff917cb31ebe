# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder on a share or FTP server, as the product addresses it and as a test looks into it."""

import itertools
import pathlib
from dataclasses import dataclass, field

_numbers = itertools.count(1)


@dataclass
class Folder:
    address: str  # value of smb.path or ftp.path
    path: pathlib.Path  # the same folder on this machine
    parts: tuple = field(default=())

    def files(self):
        """Names of the finished files, sorted; temporary ones are in parts_left()."""
        return sorted(p.name for p in self.path.iterdir() if not p.name.startswith("."))

    def parts_left(self):
        return sorted(p.name for p in self.path.iterdir() if p.name.startswith("."))

    def read(self, name):
        return (self.path / name).read_bytes()

    def contents(self):
        """name -> bytes of every finished file."""
        return {name: self.read(name) for name in self.files()}


def fresh(parent):
    """A new folder in parent that every account may write to."""
    path = pathlib.Path(parent) / f"t{next(_numbers)}"
    path.mkdir()
    path.chmod(0o777)
    return path
