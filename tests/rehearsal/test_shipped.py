"""The tests that come with the shipped case types: they pass, and cover what processes/README.md says they do."""

from __future__ import annotations

import re
from functools import lru_cache

import pytest

from service.operations.sources import collect
from service.rehearsal import suites
from service.rehearsal.suites import Suite
from service.rehearsal.world import read
from tests.conftest import ROOT

PROCESSES = ROOT / "processes"
FOLDERS = sorted(path.name for path in PROCESSES.iterdir() if path.is_dir())


@lru_cache(maxsize=1)
def _world() -> object:
    return read(collect([PROCESSES]) | collect([ROOT / "forms"]))


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_tests_of_a_shipped_case_type_pass_and_cover_what_is_said(folder: str) -> None:
    suite = _run(folder)

    assert [str(problem) for result in suite.results for problem in result.problems] == []
    names = [result.example.name for result in suite.results]
    assert len(names) == len(set(names))
    said = re.search(rf"^\| `{folder}` \| (\d+) \| (.+?) \|", (PROCESSES / "README.md").read_text(), re.MULTILINE)
    assert said is not None
    assert (int(said[1]), said[2]) == (len(suite.results), suites.in_words(suite))


def _run(folder: str) -> Suite:
    tests = {
        file.relative_to(PROCESSES).as_posix(): file.read_text() for file in (PROCESSES / folder).glob("*.tests.yaml")
    }
    return next(suite for suite in suites.run(_world(), tests) if suite.folder == folder)  # type: ignore[arg-type]
