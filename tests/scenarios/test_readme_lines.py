"""The README's first minutes, as a newcomer has them: the demo is started, and its lines for REST are typed in."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.started import PATIENCE, outside, started

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like a checkout after `make`: the case types, and the command in its place."""
    for name in ("processes", "forms"):
        (tmp_path / name).symlink_to(ROOT / name)
    commands = tmp_path / ".venv" / "bin"
    commands.mkdir(parents=True)
    (commands / "casewright").symlink_to(Path(sys.executable).parent / "casewright")
    return tmp_path


@pytest.fixture
def port(checkout: Path) -> Iterator[int]:
    """The port of the demo, started in the checkout."""
    with started([checkout / ".venv" / "bin" / "casewright", "demo"], checkout, outside()) as port:
        yield port


def lines() -> str:
    """The README's lines for REST."""
    readme = (ROOT / "README.md").read_text()
    block = re.search(r"^The same over REST\..*?\n\n((?:    .*\n)+)", readme, re.MULTILINE)
    assert block
    return block[1]


def test_the_lines_for_rest_open_a_claim_and_hand_it_to_the_assessor(port: int, checkout: Path) -> None:
    script = lines().replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    assert script.count(str(port)) == 1

    ran = subprocess.run(["bash", "-euc", script], cwd=checkout, capture_output=True, text=True, timeout=PATIENCE)

    assert (ran.returncode, ran.stderr) == (0, "")
    opened, claimed, completed, found = answers(ran.stdout)
    assert opened["state"] == "active"
    assert claimed["assignee"] == "ann"
    assert completed["state"] == "completed"
    assert [(case["number"], case["stage"]) for case in found["items"]] == [(opened["number"], "assessment")]


def answers(text: str) -> list[dict[str, Any]]:
    """The JSON documents that were printed one after the other."""
    decoder, found, rest = json.JSONDecoder(), [], text.lstrip()
    while rest:
        document, end = decoder.raw_decode(rest)
        found.append(document)
        rest = rest[end:].lstrip()
    return found


def test_a_mistake_in_a_diagram_is_named_instead_of_starting(checkout: Path) -> None:
    (checkout / "processes").unlink()
    (checkout / "processes").mkdir()
    (checkout / "processes" / "mistake.bpmn").write_text("<definitions><process id='p'>")
    shutil.copytree(ROOT / "service", checkout / "service", ignore=shutil.ignore_patterns("frontend", "__pycache__"))

    ran = subprocess.run(
        [sys.executable, "-m", "service", "demo"],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )

    assert ran.returncode == 1
    assert "mistake.bpmn" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_its_picture_is_there() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (ROOT / "README.md").read_text())

    assert pictures
    for picture in pictures:
        assert (ROOT / picture).read_bytes().startswith(b"\x89PNG"), picture
