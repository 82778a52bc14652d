"""What is shipped of others is listed, and whether it is vulnerable is said only where somebody knew."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from service.frontend import build
from tests import supply_chain
from tests.supply_chain import LOCK, ROOT, SOUND, UNASKED, VULNERABLE

GOOD: dict[str, Any] = {"name": "flask", "version": "3.1", "vulns": []}
BAD = {"name": "old", "version": "1", "vulns": [{"id": "PYSEC-1"}]}
SKIPPED = {"name": "lxml", "skip_reason": "Dependency not found on PyPI"}


def answering(*texts: str) -> Any:
    """A service that answers one thing after the other."""
    left = list(texts)

    def run(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(list(map(str, command)), 0, left.pop(0), "first\nno route to host\n")

    return run


def dependencies(*packages: Any) -> str:
    return json.dumps({"dependencies": packages})


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        ([dependencies(GOOD)], SOUND, "1 asked of pypi, no vulnerability is known"),
        ([dependencies(GOOD, SKIPPED), dependencies(GOOD, GOOD)], SOUND, "2 asked of osv"),
        ([dependencies(GOOD, BAD)], VULNERABLE, "old 1: PYSEC-1"),
        ([dependencies(SKIPPED), dependencies(GOOD, BAD)], VULNERABLE, "old 1: PYSEC-1"),
        ([dependencies(SKIPPED), dependencies(SKIPPED, GOOD)], UNASKED, "1 of 2 are not known"),
        ([dependencies(SKIPPED), ""], UNASKED, "no route to host"),
        (["", "no JSON"], UNASKED, "no route to host"),
    ],
)
def test_python_packages_are_sound_only_when_somebody_knew_all_of_them(
    answers: list[str], status: int, said: str
) -> None:
    answer = supply_chain.of_python(answering(*answers))

    assert answer.status == status and said in answer.said


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"metadata": {"vulnerabilities": {"total": 0}, "dependencies": {"prod": 90}}}, SOUND),
        ({"metadata": {"vulnerabilities": {"total": 2}, "dependencies": {"prod": 90}}}, VULNERABLE),
        ({"message": "405 Method Not Allowed", "statusCode": 405}, UNASKED),
    ],
)
def test_web_parts_are_sound_only_when_the_registry_answered(answer: dict[str, Any], status: int) -> None:
    assert supply_chain.of_web_parts(answering(json.dumps(answer)), ["npm"]).status == status


def test_all_that_is_shipped_of_others_is_listed(tmp_path: Path) -> None:
    assert supply_chain.sbom(tmp_path) == 0

    python, web = (json.loads((tmp_path / f"{kind}.cdx.json").read_text()) for kind in ("python", "web"))
    locked = dict(re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==(\S+)", LOCK.read_text(), re.MULTILINE))
    assert {each["name"]: each["version"] for each in python["components"]} == locked
    wanted = json.loads((build.HERE / "package.json").read_text())
    assert wanted["dependencies"].keys() <= {
        "/".join(filter(None, (each.get("group"), each["name"]))) for each in web["components"]
    }
    assert python["bomFormat"] == web["bomFormat"] == "CycloneDX"
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert wanted["version"] == python["metadata"]["component"]["version"] == ours
