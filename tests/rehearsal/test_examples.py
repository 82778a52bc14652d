"""Tests by example: written as YAML, run, held against what they expect; what is not covered is told, and found."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service import cli
from service.errors import InvalidDeployment
from service.rehearsal import examples, sampling, searching, suites
from service.rehearsal.world import World
from tests.rehearsal.conftest import LOAN

TESTS = """
case_type: loan
people:
  ann: [clerks]
  mia: [managers]
tests:
  - name: A large loan goes to a manager
    start: {as: ann, with: {customer: Rosa}}
    acts:
      - complete: Assess
        as: ann
        with: {amount: 5000, since: 2026-01-05, small: no}
        expect: {open: [Approve], stage: decision, never: [f3]}
      - complete: Approve
        as: ann
        refused: true
      - complete: Approve
        as: mia
    expect:
      state: completed
      way: [Assess, f4, Approve, Done]
      data: {amount: 5000, since: "2026-01-05", small: "no"}
"""


def _told(text: str, world: World) -> list[str]:
    [suite] = suites.run(world, {"loan.tests.yaml": text})
    return [str(problem) for result in suite.results for problem in result.problems]


def test_what_is_as_expected_passes(loans: World) -> None:
    assert _told(TESTS, loans) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("amount: 5000, since", "amount: 500, since", "Open was to be Approve, and is nothing."),
        ("stage: decision", "stage: review", "The stage was to be review, and is decision."),
        ("never: [f3]", "never: [f4]", "f4 was never to be reached, and was."),
        ("state: completed", "state: active", "The state was to be active, and is completed."),
        (
            "f4, Approve",
            "Approve, f4",
            "The way was to lead to f4, and does not come there after what stands before it",
        ),
        ("data: {amount: 5000", "data: {amount: true", "amount was to be True, and is 5000."),
        ("as: ann\n        refused: true", "as: mia\n        refused: true", "was to be refused"),
    ],
)
def test_what_is_not_as_expected_is_told(loans: World, before: str, after: str, told: str) -> None:
    assert told in " ".join(_told(TESTS.replace(before, after), loans))


def test_a_test_of_what_is_there_no_more_is_stale_and_told_with_its_line(loans: World) -> None:
    [told] = _told(TESTS.replace("complete: Assess", "complete: Appraise"), loans)

    assert told.startswith("loan.tests.yaml:10: ")
    assert "The diagrams have no “Appraise” (any more)" in told


@pytest.mark.parametrize(
    ("before", "after", "line", "told"),
    [
        ("complete: Assess", "complet: Assess", 10, "An act says one of"),
        ("expect:\n      state", "expects:\n      state", 19, "not “expects”"),
        ("state: completed", "state: done", 20, "A state is one of"),
        ("case_type: loan\n", "", 2, "Say with case_type"),
        ("  mia: [managers]", "  mia: managers", 3, "People are lines"),
        ("as: ann, with", "as: ann, as: mia, with", 8, "stands there twice"),
        ("tests:", "tests: [", 7, "no YAML"),
    ],
)
def test_what_is_written_wrong_is_told_with_its_line(before: str, after: str, line: int, told: str) -> None:
    with pytest.raises(InvalidDeployment) as refused:
        examples.read("loan.tests.yaml", TESTS.replace(before, after, 1))

    assert any(told in problem.message for problem in refused.value.problems), refused.value.problems
    assert line in [problem.line for problem in refused.value.problems]


def test_what_is_written_is_read_as_the_same() -> None:
    [read] = examples.read("t", TESTS)

    [again] = examples.read("t", examples.written("loan", [examples.as_data(read)], read.people))

    assert examples.as_data(again) == examples.as_data(read)


def test_no_bomb_of_aliases_is_read() -> None:
    bomb = "a: &a [x]\n" + "".join(f"b{n}: *a\n" for n in range(200))

    with pytest.raises(InvalidDeployment):
        examples.read("t", bomb)


def test_ways_that_no_test_takes_are_told_and_found(loans: World) -> None:
    [suite] = suites.run(loans, {"loan.tests.yaml": TESTS})
    missed = [way.name for way in suite.coverage.missed]
    name, text = suites.generated(loans, suite, seconds=20)

    [both] = suites.run(loans, {"loan.tests.yaml": TESTS, name: text})

    assert missed == ["f3", "f6", "f7"]
    assert (both.failed, both.coverage.missed) == ([], [])


def test_the_same_tests_are_found_again(loans: World) -> None:
    first, second = (searching.search(loans, "loan", runs=40, seconds=60) for _ in range(2))

    assert first == second != []


@pytest.mark.parametrize(
    "pattern", [r"^K[0-9]{6}$", r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$", r"(yes|no)-\d+", r"a?[^x]b*"]
)
def test_texts_are_made_for_patterns(pattern: str) -> None:
    made = sampling.matching(pattern, random.Random(1))

    assert made == "" or re.search(pattern, made)


# --- casewright test


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "loan.bpmn").write_bytes(LOAN)
    (tmp_path / "loan.tests.yaml").write_text(TESTS)
    return tmp_path


def _casewright(*words: object) -> Result:
    return CliRunner().invoke(cli.main, [str(word) for word in words], catch_exceptions=False)


def test_the_command_tells_what_passed_and_how_much_of_the_diagram_it_was(folder: Path) -> None:
    done = _casewright("test", folder)

    assert (done.exit_code, done.stdout) == (0, ".: 1 of 1 tests passed; 4 of 7 sequence flows\n")


def test_the_command_fails_with_a_test_and_tells_its_line(folder: Path) -> None:
    (folder / "loan.tests.yaml").write_text(TESTS.replace("state: completed", "state: active"))

    done = _casewright("test", folder)

    assert done.exit_code == 1
    assert "loan.tests.yaml:20: A large loan goes to a manager: The state was to be active" in done.stderr


def test_ci_servers_read_the_report(folder: Path) -> None:
    (folder / "loan.tests.yaml").write_text(TESTS.replace("state: completed", "state: active"))

    as_json, as_junit = (
        _casewright("test", folder, "--format", "json"),
        _casewright("test", folder, "--format", "junit"),
    )

    [suite] = json.loads(as_json.stdout)["suites"]
    assert (suite["tests"][0]["passed"], suite["coverage"]["flows"]) == (False, [4, 7])
    assert '<testsuite name="." tests="1" failures="1">' in as_junit.stdout


def test_the_command_writes_the_tests_that_are_missing(folder: Path) -> None:
    _casewright("test", folder, "--generate")

    done = _casewright("test", folder, "--missed")

    assert (done.exit_code, "7 of 7 sequence flows" in done.stdout) == (0, True)


def test_editors_get_a_schema_that_takes_what_is_taken(folder: Path) -> None:
    schema = json.loads(_casewright("test", "schema").stdout)

    assert set(schema["properties"]) == set(examples.FILE)
    assert set(schema["properties"]["tests"]["items"]["properties"]) == set(examples.TEST)
    assert set(schema["$defs"]["expect"]["properties"]) == set(examples.EXPECT)
