"""TESTS BY EXAMPLE: read from YAML, run in a sandbox, held against what they expect; each mistake with its line.

`insurance-claim.tests.yaml` beside the diagram holds the tests of its case type; schema.py is what editors check by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import yaml

from service.engine.definition import Problem
from service.errors import BadRequest, InvalidForm, ServiceError
from service.rehearsal import acts, lined
from service.rehearsal.acts import Act
from service.rehearsal.lined import Lined
from service.rehearsal.rehearsed import Trace
from service.rehearsal.sandbox import Sandbox
from service.rehearsal.world import World

ENDING = ".tests.yaml"
FIRST = datetime(2026, 3, 2, 9, tzinfo=UTC)  #: a Monday: when a test begins that does not say it
LONGEST = 1_000_000  #: characters of a file
MOST, MOST_ACTS = 500, 300
FILE = ("case_type", "people", "tests")
TEST = ("name", "at", "start", "acts", "expect")
START = ("as", "with", "message", "case_type")
EXPECT = ("state", "stage", "outcome", "open", "way", "never", "data", "cases")
BESIDE = ("expect", "refused")  #: what may stand beside any act
STATES = ("active", "completed", "terminated", "failed")


@dataclass(frozen=True)
class Expected:
    """What is to be after an act, or at the end; what is None is not looked at."""

    state: str | None = None
    stage: str | None = None
    outcome: str | None = None
    open: tuple[str, ...] | None = None  #: elements of all open tasks, in any order
    way: tuple[str, ...] = ()  #: elements or flows that came to pass, in this order; others may lie between
    never: tuple[str, ...] = ()  #: elements or flows that did not come to pass
    data: Mapping[str, Any] = field(default_factory=dict)  #: what these variables hold, others aside
    cases: Mapping[str, str] = field(default_factory=dict)  #: states of child cases, by name
    line: int | None = None


@dataclass(frozen=True)
class Step:
    """An act, and what is expected of it."""

    act: Act
    expected: Expected | None = None
    refused: bool = False  #: it must not be possible


@dataclass(frozen=True)
class Example:
    """One test."""

    name: str
    process: str
    start: Act  #: of kind `start` or `message`
    steps: tuple[Step, ...] = ()
    expected: Expected | None = None
    at: datetime = FIRST
    people: Mapping[str, Sequence[str]] = field(default_factory=dict)
    file: str = ""
    line: int | None = None

    @property
    def elements(self) -> list[tuple[str, int | None]]:
        """The ids that it names, each with its line."""
        found = [(step.act.name, step.act.line) for step in self.steps if step.act.kind in acts.ELEMENTS]
        for each in (*(step.expected for step in self.steps), self.expected):
            if each is not None:
                found += [(name, each.line) for name in (*each.way, *each.never, *(each.open or ()))]
        return found


@dataclass(frozen=True)
class Result:
    """What came of a test; `problems` is empty when it passed."""

    example: Example
    problems: tuple[Problem, ...]
    trace: tuple[Trace, ...] = ()
    sandbox: Sandbox | None = None
    forms: tuple[tuple[str, Mapping[str, Any]], ...] = ()  #: form keys, with what was seen and filled in there


def read(name: str, text: str) -> list[Example]:
    """The tests in a file. Raises `InvalidDeployment` with every mistake at its line."""
    return lined.gathered(name, text, _examples, LONGEST)


def _examples(name: str, root: Any, wrong: lined.Wrong) -> Iterable[Example]:
    if not isinstance(root, Lined):
        wrong.add(1, "A file of tests has the lines case_type and tests.")
        return
    wrong.strange(root, FILE, "A file of tests")
    key, people = root.get("case_type"), root.get("people", {})
    if not isinstance(key, str):
        wrong.add(root.line, "Say with case_type which case type is tested, such as case_type: loan.")
        return
    if not isinstance(people, Mapping) or not all(_is_texts(groups) for groups in people.values()):
        wrong.add(root.at("people"), "People are lines such as “ann: [clerks]”.")
        people = {}
    tests = root.get("tests")
    if not isinstance(tests, list) or not tests or len(tests) > MOST:
        wrong.add(root.at("tests"), f"Give one test under “tests”, or several up to {MOST}.")
        return
    names: set[str] = set()
    for said in tests:
        with wrong.catching(said):
            example = _example(name, key, people, said, wrong)
            if example.name in names:
                wrong.add(said.line, f"Two tests are called “{example.name}”.")
            names.add(example.name)
            yield example


def _example(file: str, key: str, people: Mapping[str, Sequence[str]], said: Any, wrong: lined.Wrong) -> Example:
    if not isinstance(said, Lined) or not isinstance(said.get("name"), str):
        raise BadRequest("A test has a name, a start, acts and what is expected.")
    wrong.strange(said, TEST, "A test")
    start = said.get("start", Lined())
    if not isinstance(start, Lined):
        raise BadRequest("“start” has lines such as “as: ann” and “with:”.")
    wrong.strange(start, START, "“start”")
    steps = said.get("acts", [])
    if not isinstance(steps, list) or len(steps) > MOST_ACTS:
        raise BadRequest(f"“acts” is a list of at most {MOST_ACTS}.")
    begun = {"as": start.get("as", ""), "with": start.get("with", {})}
    if not isinstance(begun["with"], Mapping) or not isinstance(begun["as"], str):
        raise BadRequest("“with” wants lines of the form “name: value”, “as” a name.")
    kind = "message" if "message" in start else "start"
    key = str(start.get("case_type", key))
    act = Act(kind, str(start.get("message", key)), by=begun["as"], data=begun["with"], line=start.line or said.line)
    return Example(
        said["name"],
        key,
        act,
        tuple(step for each in steps for step in _step(each, wrong)),
        _expected(said["expect"], wrong) if "expect" in said else None,
        acts.moment(str(said["at"])) if "at" in said else FIRST,
        people,
        file,
        said.line,
    )


def _step(said: Any, wrong: lined.Wrong) -> Iterable[Step]:
    with wrong.catching(said):
        if not isinstance(said, Lined):
            raise BadRequest("An act is lines such as “complete: Task_Assess” and “with:”.")
        act = acts.of_data({name: value for name, value in said.items() if name not in BESIDE}, said.line)
        expected = _expected(said["expect"], wrong) if "expect" in said else None
        yield Step(act, expected, said.get("refused") is True)


def _expected(said: Any, wrong: lined.Wrong) -> Expected:
    if not isinstance(said, Lined):
        raise BadRequest("“expect” has lines such as “state: completed”.")
    wrong.strange(said, EXPECT, "“expect”")
    for part in ("open", "way", "never"):
        if not _is_texts(said.get(part, [])):
            wrong.add(said.at(part), f"“{part}” is a list of ids.")
    for part in ("data", "cases"):
        if not isinstance(said.get(part, {}), Mapping):
            wrong.add(said.at(part), f"“{part}” wants lines of the form “name: value”.")
    if said.get("state", "active") not in STATES:
        wrong.add(said.at("state"), f"A state is one of {', '.join(STATES)}.")
    if wrong.problems:
        return Expected()
    return Expected(
        said.get("state"),
        said.get("stage"),
        said.get("outcome"),
        tuple(said["open"]) if "open" in said else None,
        tuple(said.get("way", ())),
        tuple(said.get("never", ())),
        said.get("data", {}),
        said.get("cases", {}),
        said.line,
    )


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


# --- Running them


def run(example: Example, world: World) -> Result:
    """Run a test in a sandbox of its own."""
    if stale := _stale(example, world):
        return Result(example, tuple(stale))
    sandbox = Sandbox(world, now=example.at, people=example.people)
    problems: list[Problem] = []
    seen = 0
    try:
        begin(sandbox, example)
    except ServiceError as refused:
        return Result(example, (_problem(example, example.start.line, f"It cannot start: {said_of(refused)}"),))
    for step in example.steps:
        seen = len(sandbox.trace)
        try:
            acts.do(sandbox, step.act)
        except ServiceError as refused:
            if step.refused:
                continue
            told = f"{step.act.kind} {step.act.name}: {said_of(refused)}"
            problems.append(_problem(example, step.act.line, told))
            break
        if step.refused:
            problems.append(_problem(example, step.act.line, f"{step.act.kind} {step.act.name} was to be refused."))
        if step.expected is not None:
            problems += _differences(example, step.expected, sandbox, sandbox.trace[seen:])
    else:
        if example.expected is not None:
            problems += _differences(example, example.expected, sandbox, sandbox.trace)
    return Result(example, tuple(problems), tuple(sandbox.trace), sandbox, tuple(sandbox.filled))


def begin(sandbox: Sandbox, example: Example) -> None:
    """Start its case."""
    if example.start.kind == "message":
        sandbox.send(example.start.name, example.start.data)
    else:
        sandbox.start(example.process, example.start.data, by=example.start.by)


def said_of(refused: ServiceError) -> str:
    """A refusal in words, with what each field says."""
    if isinstance(refused, InvalidForm):
        return "; ".join(f"{name}: {' '.join(told)}" for name, told in refused.errors.items())
    return str(refused)


def _stale(example: Example, world: World) -> list[Problem]:
    known = {name for each in world.definitions.values() for name in (*each.elements, *each.graph.flows)}
    if example.process not in world.definitions:
        return [_problem(example, example.line, f"There is no process “{example.process}” any more.", "stale")]
    gone = [(name, line) for name, line in example.elements if name not in known]
    told = "The diagrams have no “{}” (any more): change the test, or remove it."
    return [_problem(example, line, told.format(name), "stale") for name, line in gone]


def _problem(example: Example, line: int | None, message: str, rule: str = "") -> Problem:
    return Problem(example.file, f"{example.name}: {message}", "", line or example.line, rule=rule)


def _differences(example: Example, expected: Expected, sandbox: Sandbox, trace: Sequence[Trace]) -> Iterable[Problem]:
    """What is not as it was to be."""
    for told in (*_of_state(expected, sandbox), *_of_way(expected, trace), *_of_data(expected, sandbox)):
        yield _problem(example, expected.line, told)


def _of_state(expected: Expected, sandbox: Sandbox) -> Iterable[str]:
    main = sandbox.main
    failure = main.workflow.failure
    why = f" ({failure.element_id}: {failure.message})" if failure else ""
    for name, found in (("state", str(main.workflow.state)), ("stage", main.stage), ("outcome", main.outcome)):
        wanted = getattr(expected, name)
        if wanted is not None and wanted != found:
            yield f"The {name} was to be {wanted}, and is {found or 'none'}{why}."
    there = sorted(task.element_id for _, task in sandbox.tasks())
    if expected.open is not None and sorted(expected.open) != there:
        yield f"Open was to be {', '.join(expected.open) or 'nothing'}, and is {', '.join(there) or 'nothing'}."
    for name, state in expected.cases.items():
        case = sandbox.cases.get(name)
        if case is None or case.workflow.state != state:
            yield f"The case {name} was to be {state}, and is {case.workflow.state if case else 'not there'}."


def _of_way(expected: Expected, trace: Sequence[Trace]) -> Iterable[str]:
    passed = [each.element for each in trace if each.what in acts.PASSED]
    at = 0
    for name in expected.way:
        try:
            at = passed.index(name, at) + 1
        except ValueError:
            when = "after what stands before it in “way”" if name in passed else "at all"
            yield f"The way was to lead to {name}, and does not come there {when}."
            break
    yield from (f"{name} was never to be reached, and was." for name in expected.never if name in passed)


def _of_data(expected: Expected, sandbox: Sandbox) -> Iterable[str]:
    known = sandbox.main.workflow.variables
    for name, wanted in expected.data.items():
        if name not in known and wanted is not None:
            yield f"{name} was to be {wanted!r}, and is not set."
        elif not _alike(wanted, known.get(name)):
            yield f"{name} was to be {wanted!r}, and is {known.get(name)!r}."


def _alike(wanted: Any, found: Any) -> bool:
    """Of objects what is named counts, others aside; a date is also its text."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return all(name in found and _alike(value, found[name]) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(_alike, wanted, found))
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    return bool(wanted == found) or (
        isinstance(wanted, str) and hasattr(found, "isoformat") and wanted == found.isoformat()
    )


# --- Writing them


def written(case_type: str, examples: Sequence[Mapping[str, Any]], people: Mapping[str, Sequence[str]]) -> str:
    """A file of tests, as people write it."""
    whole = {"case_type": case_type, **({"people": dict(people)} if people else {}), "tests": list(examples)}
    text: str = yaml.dump(whole, Dumper=lined.Writer, sort_keys=False, allow_unicode=True, width=110)
    return text


def as_data(example: Example, case_type: str | None = None) -> dict[str, Any]:
    """A test as it is written in the file of `case_type`; what is not said is left out."""
    start = example.start
    begun: dict[str, Any] = {"message": start.name} if start.kind == "message" else {}
    if start.kind == "start" and case_type not in (None, example.process):
        begun["case_type"] = example.process
    begun |= {name: value for name, value in (("as", start.by), ("with", dict(start.data))) if value}
    found: dict[str, Any] = {"name": example.name}
    if example.at != FIRST:
        found["at"] = example.at.isoformat()
    found["start"] = begun
    if example.steps:
        found["acts"] = [_step_as_data(step) for step in example.steps]
    if example.expected is not None:
        found["expect"] = expected_as_data(example.expected)
    return found


def _step_as_data(step: Step) -> dict[str, Any]:
    found = step.act.as_data()
    if step.refused:
        found["refused"] = True
    if step.expected is not None:
        found["expect"] = expected_as_data(step.expected)
    return found


def expected_as_data(expected: Expected) -> dict[str, Any]:
    """What is expected, as it is written."""
    said: dict[str, Any] = {name: getattr(expected, name) for name in ("state", "stage", "outcome")}
    found = {name: value for name, value in said.items() if value}
    if expected.open is not None:
        found["open"] = list(expected.open)
    lists = {"way": list(expected.way), "never": list(expected.never)}
    maps = {"data": dict(expected.data), "cases": dict(expected.cases)}
    return found | {name: value for name, value in {**lists, **maps}.items() if value}
