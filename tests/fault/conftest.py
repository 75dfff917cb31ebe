# SPDX-License-Identifier: GPL-3.0-or-later
"""The integration fixtures serve here too."""

import importlib.util
import pathlib
import sys

_folder = pathlib.Path(__file__).resolve().parent.parent / "integration"
sys.path.insert(0, str(_folder))
_spec = importlib.util.spec_from_file_location("integration_conftest", _folder / "conftest.py")
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
globals().update({name: value for name, value in vars(_module).items() if not name.startswith("__")})
