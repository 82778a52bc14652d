"""The annotations: mypy, which takes as long as many tests, runs beside them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_annotation_of_the_service_holds() -> None:
    ran = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True)

    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
