"""`make` finds a Python that fits, or says what it looked for. Scripts stand in for the Pythons of other machines."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("sh", "rm", "touch")
BROKEN = "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n"  # as pyenv's commands are where none is chosen
WORKING = f"""#!/bin/sh
case "$*" in "-m venv"*) exec "{sys.executable}" "$@" --without-pip ;; esac
exec "{sys.executable}" "$@"
"""  # pip would take ten seconds, and is not asked for anything here


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run make in an empty folder, with nothing on the PATH but the given Pythons."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in NEEDED:
        (programs / name).symlink_to(str(shutil.which(name)))
    command = [str(shutil.which("make")), "-f", str(ROOT / "Makefile"), ".venv/.python"]
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTHON", "MAKEFLAGS", "MAKELEVEL")
    }

    def run(*words: str, **pythons: str) -> subprocess.CompletedProcess[str]:
        for name, text in pythons.items():
            path = programs / name.replace("_", ".")
            path.write_text(text)
            path.chmod(0o755)
        environment.update(PATH=str(programs), HOME=str(tmp_path))
        return subprocess.run([*command, *words], cwd=tmp_path, env=environment, capture_output=True, text=True)

    return run


def test_a_python_that_does_not_run_is_passed_over(make: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    made = make(python3_13=BROKEN, python3_12=BROKEN, python3=WORKING)

    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith("Making .venv with Python 3.")


def test_a_python_environment_that_fits_is_kept(make: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    make(python3=WORKING)

    again = make(f"PYTHON={sys.executable}")

    assert "Making" not in again.stdout
    assert again.returncode == 0


def test_an_environment_whose_python_is_gone_is_made_anew(
    make: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    make(python3=WORKING)
    (tmp_path / ".venv" / "bin" / "python").unlink()

    again = make()

    assert again.stdout.startswith("Making .venv with Python 3.")


@pytest.mark.parametrize("words", [(), ("PYTHON=/nowhere/python3.12",)])
def test_where_none_fits_it_is_said_what_was_looked_at_and_what_to_do(
    make: Callable[..., subprocess.CompletedProcess[str]], words: tuple[str, ...]
) -> None:
    made = make(*words, python3_12=BROKEN)

    assert made.returncode == 2
    assert "Casewright needs CPython 3.11, 3.12, 3.13 or 3.14" in made.stderr
    assert (
        f"Looked at, and none is one: {words[0].partition('=')[2] if words else 'python3.13 python3.12'}" in made.stderr
    )
    assert "PYTHON=/path/to/python3" in made.stderr
