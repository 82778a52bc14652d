"""Variables read too early, set by two branches at once, or of changing kind are told; others are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.engine.definition import Problem, Severity
from service.operations import deployments
from tests.workbench.planted_data import FAULTS, SOUND, Data

RULES = {"read-before-written", "written-at-once", "kind-changes", "never-read"}
ROOT = Path(__file__).parent.parent.parent


def told(files: dict[str, bytes]) -> list[Problem]:
    found = deployments.check_alone(files)
    assert not [str(problem) for problem in found if problem.severity is Severity.ERROR]
    return [problem for problem in found if problem.rule in RULES]


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_fault_is_told_at_its_place(fault: Data) -> None:
    [found] = told(dict(fault.files))

    assert (found.rule, found.element_id) == (fault.rule, fault.element)
    assert fault.says in found.message and found.line and found.advice


@pytest.mark.parametrize("right", SOUND, ids=[right.name for right in SOUND])
def test_of_what_is_right_nothing_is_told(right: Data) -> None:
    assert told(dict(right.files)) == []


def test_the_shipped_case_types_are_right() -> None:
    forms = {path.name: path.read_bytes() for path in (ROOT / "forms").glob("*.form")}
    for folder in (path for path in (ROOT / "processes").iterdir() if path.is_dir()):
        files = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in {".bpmn", ".dmn"}}

        assert told({**forms, **files}) == []
