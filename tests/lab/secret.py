# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that hold a password, because the product takes none by argument."""

import functools
import hashlib

from .base import scratch


@functools.cache
def secret_file(password):
    """A file with exactly this password, for KEY=@FILE."""
    path = scratch() / f"secret-{hashlib.sha256(password.encode()).hexdigest()[:16]}"
    path.write_text(password)
    path.chmod(0o600)
    return path
