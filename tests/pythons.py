"""Other Pythons of this machine, each with an environment of the locked packages, for the test that runs on them.

The environments are kept in the user's cache folder under the lock's hash, so that only the first run installs.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from service.frontend import build

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
SUPPORTED = ("3.11", "3.12", "3.13", "3.14")
OTHERS = tuple(version for version in SUPPORTED if version != f"{sys.version_info.major}.{sys.version_info.minor}")
KEPT = 7 * 24 * 3600  #: seconds after which the environment of another lock may go


def found(version: str) -> Path | None:
    """A Python of that version that make would take, on the PATH or among pyenv's; None when there is none."""
    [fits] = re.findall(r"^FITS := (.*?)\n\n", (ROOT / "Makefile").read_text(), re.DOTALL | re.MULTILINE)
    question = f'import sys; "%d.%d" % sys.version_info[:2] == "{version}" or sys.exit(1); ' + fits.replace("\\\n", "")
    for path in _candidates(version):
        if subprocess.run([path, "-c", question], capture_output=True).returncode == 0:
            return path
    return None


def _candidates(version: str) -> Iterator[Path]:
    for folder in os.get_exec_path():
        yield from filter(Path.is_file, (Path(folder) / f"python{version}", Path(folder) / "python3"))
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python"))


def environment(python: Path) -> Path:
    """The interpreter of an environment of `python` that has what requirements.lock names, made at the first call."""
    wanted = hashlib.sha256(LOCK.read_bytes() + os.fsencode(python.resolve())).hexdigest()
    kept = build.cache().parent / "pythons"
    if not (kept / wanted).is_dir():
        kept.mkdir(parents=True, exist_ok=True)
        _forget_old(kept)
        with tempfile.TemporaryDirectory(dir=kept) as scratch:
            folder = Path(scratch) / "new"
            subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
            _install(folder / "bin" / "python")
            try:
                folder.rename(kept / wanted)
            except OSError:  # another process was quicker
                if not (kept / wanted).is_dir():
                    raise
    return kept / wanted / "bin" / "python"


def _install(python: Path) -> None:
    """What make does: with uv, or where that cannot, with pip."""
    what = ["install", "--quiet", "--require-hashes", "-r", str(LOCK)]
    uv = [sys.executable, "-m", "uv", "pip", *what, "--python", str(python)]
    if subprocess.run(uv, capture_output=True).returncode:
        subprocess.run([sys.executable, "-m", "pip", "--python", str(python), *what], check=True)


def _forget_old(kept: Path) -> None:
    for folder in kept.iterdir():
        if folder.stat().st_mtime < time.time() - KEPT:
            shutil.rmtree(folder, ignore_errors=True)


def prepare() -> None:
    """Make all environments that can be made here. Once, before tests run side by side."""
    for version in OTHERS:
        if python := found(version):
            environment(python)
