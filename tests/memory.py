"""Where tests write: a disk would make them wait for what nobody reads again. A third of the tests' time went there."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev") / "shm"
NEEDED = 6 << 30  #: bytes; four test processes, each with a PostgreSQL server, take less than half of it


def write_into_memory() -> None:
    """Let temporary files be made in memory where there is room for them, and programs may be started from there.

    Containers often have 64 MB there, or may start nothing from it; whoever names a TMPDIR means it.
    """
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    if shutil.disk_usage(MEMORY).free >= NEEDED and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)
