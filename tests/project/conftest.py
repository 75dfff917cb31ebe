# SPDX-License-Identifier: GPL-3.0-or-later
import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def build():
    """The build directory of the program under test."""
    root = Path(__file__).resolve().parents[2]
    program = Path(os.environ.get("PRINTTRAIL", root / "build" / "printtrail"))
    assert program.exists(), f"{program} is not built"
    return program.parent
