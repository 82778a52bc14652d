"""The service runs on every Python that it names, from the one lock, not only on the one that runs these tests."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests import pythons
from tests.pythons import LOCK, ROOT, SUPPORTED

STORY = Path(__file__).with_name("first_case.py")
PINS = [Requirement(line) for line in re.findall(r"^([a-z].*==.*?) *\\$", LOCK.read_text(), re.MULTILINE)]


@pytest.mark.parametrize("version", pythons.OTHERS)
def test_a_first_case_is_worked_on_under_each_other_python_of_this_machine(version: str, tmp_path: Path) -> None:
    assert _left_out(version) == set()
    if python := pythons.found(version):
        settings = {
            "CASEWRIGHT_DATABASE_URL": f"sqlite:///{tmp_path / 'first.db'}",
            "CASEWRIGHT_SECRET_KEY": "only for tests, only for tests, only",
            "PYTHONPATH": str(ROOT),
        }
        command = [pythons.environment(python), "-W", "error", STORY]

        told = subprocess.run(command, env={**os.environ, **settings}, cwd=tmp_path, capture_output=True, text=True)

        assert (told.returncode, told.stdout) == (0, "Task_Assess completed Task_Pay ready\n"), told.stderr


def _left_out(version: str) -> set[str]:
    """The packages of the lock that CPython of that version would do without."""
    where = {"python_version": version, "python_full_version": f"{version}.0", "implementation_name": "cpython"}
    taken = {pin.name for pin in PINS if pin.marker is None or pin.marker.evaluate(where)}
    return {pin.name for pin in PINS} - taken


def test_the_package_names_the_same_pythons_as_make() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))

    assert tuple(named) == SUPPORTED
    assert project["requires-python"] == f">={SUPPORTED[0]}"
    makefile = (ROOT / "Makefile").read_text()
    assert {f"python{version}" for version in SUPPORTED} <= set(makefile.split())
    assert f"(3, {SUPPORTED[0][2:]}) <= sys.version_info[:2] <= (3, {SUPPORTED[-1][2:]})" in makefile


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "service/frontend/node.lock"])
def test_locks_pin_everything_by_hash_and_name_no_host(name: str) -> None:
    text = (ROOT / name).read_text()

    blocks = re.split(r"\n(?=\S)", text.strip())
    assert len(blocks) == len(re.findall(r"^[a-z][\w.-]*==[\w.]+", text, re.MULTILINE))
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text and "--index-url" not in text
