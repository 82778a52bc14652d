"""FINDING TESTS: cases run at random in the sandbox until no way is left, or the time is up; then the fewest that do.

Always the same for the same files and seed. A run that came by something new is begun again from any of its steps,
so that what lies deep in a process is found too.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from service.engine.work import OpenActivity, OpenTask, WorkflowState
from service.errors import InvalidForm, ServiceError
from service.rehearsal import acts, coverage
from service.rehearsal.acts import Act
from service.rehearsal.coverage import Way
from service.rehearsal.examples import FIRST, Example, Expected, Step, begin
from service.rehearsal.rehearsed import Rehearsed
from service.rehearsal.sampling import Literals, Sampler, literals
from service.rehearsal.sandbox import Sandbox
from service.rehearsal.world import World

SECONDS = 20.0
LONGEST = 60  #: acts of one run
LONGEST_VALUE = 300  #: characters of a result that is expected
PEOPLE = ("ann", "ben", "cleo")


@dataclass(frozen=True)
class Found:
    """A run that came by something."""

    example: Example
    ways: frozenset[Way]


@dataclass
class _Search:
    world: World
    keys: tuple[str, ...]  #: processes with which a run may begin, the case type's own first
    wanted: set[Way]
    rng: random.Random
    known: Literals
    left: set[Way] = field(default_factory=set)  #: that no run has come by
    corpus: list[Found] = field(default_factory=list)
    prefixes: list[Example] = field(default_factory=list)

    @property
    def sampler(self) -> Sampler:
        return Sampler(self.known, self.rng)


def search(
    world: World,
    key: str,
    *,
    keys: Sequence[str] = (),
    but: Iterable[Way] = (),
    seed: int = 1,
    seconds: float = SECONDS,
    runs: int = 100_000,
) -> list[Example]:
    """Tests of the process that come by as many ways of `keys` as are found, `but` those that others take already."""
    wanted = set(coverage.all_ways(world, keys or [key])) - set(but)
    rng = random.Random(seed)  # noqa: S311 - no secret
    state = _Search(world, tuple(dict.fromkeys((key, *keys))), wanted, rng, literals(world), set(wanted))
    until = time.monotonic() + seconds
    for _ in range(runs):
        if not state.left or time.monotonic() > until:
            break
        found = _walk(state)
        if found is not None and (new := found.ways & state.left):
            state.left -= new
            state.corpus.append(found)
            state.prefixes.append(found.example)
    return [_with_expectations(each, world, number) for number, each in enumerate(_fewest(state.corpus, wanted), 1)]


def _fewest(corpus: Sequence[Found], wanted: set[Way]) -> list[Found]:
    """Greedily: always the run that adds most, the shorter of two."""
    left, chosen, rest = set(wanted), [], list(corpus)
    while rest:
        best = max(rest, key=lambda each: (len(each.ways & left), -len(each.example.steps)))
        if not best.ways & left:
            break
        left -= best.ways
        chosen.append(best)
        rest.remove(best)
    return chosen


def _walk(state: _Search) -> Found | None:
    """One run: from the start, or from a step of one that came by something."""
    sandbox = Sandbox(state.world, now=FIRST)
    steps: list[Step] = []
    if state.prefixes and state.rng.random() < 0.6:
        before = state.rng.choice(state.prefixes)
        example = replace(before, steps=before.steps[: state.rng.randint(0, len(before.steps))])
    else:
        missed = [key for key in state.keys if any(way.where == key for way in state.left)]
        key = state.rng.choice(missed or state.keys) if state.rng.random() < 0.6 else state.keys[0]
        start = _start(state, key)
        if start is None:
            return None
        example = Example("", key, start)
    try:
        begin(sandbox, example)
        for step in example.steps:
            acts.do(sandbox, step.act)
            steps.append(step)
    except ServiceError:
        return None
    while len(steps) < LONGEST and sandbox.main.workflow.state is WorkflowState.ACTIVE:
        act = _chosen(state, sandbox)
        if act is None:
            break
        try:
            acts.do(sandbox, act)
        except ServiceError:
            break
        steps.append(Step(act))
    ways = frozenset(coverage.taken_by(state.world, sandbox.trace, sandbox.filled))
    return Found(replace(example, steps=tuple(steps)), ways)


def _start(state: _Search, key: str) -> Act | None:
    definition = state.world.definitions[key]
    plain = [start for start in definition.info.starts if start.kind == "none"]
    messages = [start for start in definition.info.starts if start.kind == "message"]
    if messages and (not plain or state.rng.random() < 0.3):
        return Act("message", state.rng.choice(messages).name or "")
    form = plain[0].form_key if plain else None
    schema = state.world.forms.get(form or "")
    values = state.sampler.filled(schema, {}, FIRST) if schema else {}
    return None if values is None else Act("start", key, by=PEOPLE[0], data=values)


def _chosen(state: _Search, sandbox: Sandbox) -> Act | None:
    """What is done next."""
    offered = [(weight, each) for weight, each in _offered(sandbox) if weight]
    while offered:
        [(weight, each)] = state.rng.choices(offered, [weight for weight, _ in offered])
        if isinstance(each, Act):
            return each
        if (act := _completed(state, sandbox, *each)) is not None:
            return act
        offered.remove((weight, each))
    return None


def _offered(sandbox: Sandbox) -> Iterator[tuple[float, Any]]:
    """Acts, and tasks that can be completed, each with how likely it is done."""
    numbers: dict[tuple[str, str], int] = {}
    for found, task in sandbox.tasks():
        number = numbers[found.name, task.element_id] = numbers.get((found.name, task.element_id), 0) + 1
        yield 6.0, (found, task, number)
    for found, activity in sandbox.outside():
        yield 4.0, Act("answer", activity.element_id, case=_case(sandbox, found))
    for _, found, timer in sandbox.timers()[:1]:
        if found.workflow.state is WorkflowState.ACTIVE:
            yield 1.5, Act("fire", timer.element_id, case=_case(sandbox, found))
    for found in sandbox.cases.values():
        if found.parent and found.workflow.state is WorkflowState.ACTIVE:
            yield 0.2, Act("cancel", found.name)
        for wait in found.workflow.open_work().subscriptions:
            if wait.kind == "message":
                yield 0.5, Act("message", wait.event_name, correlation=dict(wait.correlation))
            else:
                yield 0.5, Act("signal", wait.event_name)
        for adhoc in found.workflow.open_adhoc():
            if adhoc.may_finish:
                yield 1.0, Act("finish", adhoc.element_id, case=_case(sandbox, found))
            for each in adhoc.enabled:
                if each.may_start and each.open < 1:
                    yield 3.0 / (1 + 2 * each.done), Act("activate", each.element_id, case=_case(sandbox, found))


def _completed(state: _Search, sandbox: Sandbox, found: Rehearsed, task: OpenTask, number: int) -> Act | None:
    schema = state.world.forms.get(task.form_key or "")
    context = found.workflow.visible(task.activity_id)
    try:
        values = state.sampler.filled(schema, context, sandbox.now) if schema else {}
    except InvalidForm:
        return None
    if values is None:
        return None
    did = {name for element in task.not_done_by for name in found.doers.get(element, ())}
    by = next((name for name in PEOPLE if name not in did), "")
    return Act("complete", task.element_id, by=by, data=values, case=_case(sandbox, found), number=number)


def _case(sandbox: Sandbox, found: Rehearsed) -> str:
    return "" if found is sandbox.main else found.name


def _with_expectations(found: Found, world: World, number: int) -> Example:
    """The run as a test that expects what came of it."""
    sandbox = Sandbox(world, now=FIRST)
    begin(sandbox, found.example)
    for step in found.example.steps:
        acts.do(sandbox, step.act)
    given = [found.example.start, *(step.act for step in found.example.steps)]
    return replace(found.example, name=name_of(sandbox, number), expected=expectation(sandbox, given))


def expectation(sandbox: Sandbox, given: Sequence[Act]) -> Expected:
    """What is so now: state, stage and outcome, what is open, which way it went; and what came of what was `given`."""
    main = sandbox.main
    elements = main.workflow.definition.elements
    done = [t.element for t in sandbox.trace if t.case == main.name and t.what is acts.PASSED[0]]
    way = [name for name in done if name in elements and "Gateway" not in elements[name].type]
    open_tasks = tuple(sorted(task.element_id for _, task in sandbox.tasks()))
    children = {name: str(case.workflow.state) for name, case in sandbox.cases.items() if case is not main}
    ended = main.workflow.state is not WorkflowState.ACTIVE
    filled = {name for act in given for name in act.data}
    results = {name: value for name, value in main.workflow.variables.items() if name not in (*filled, "initiator")}
    return Expected(
        state=str(main.workflow.state),
        stage=main.stage or None,
        outcome=main.outcome or None,
        open=() if ended and not open_tasks else open_tasks,
        way=tuple(name for place, name in enumerate(way) if place == 0 or way[place - 1] != name),
        data={name: value for name, value in results.items() if _is_telling(value)},
        cases=children,
    )


def _is_telling(value: Any) -> bool:
    """Whether a result is short enough to be read in a test, and written there without loss."""
    try:
        return value not in (None, "", [], {}) and len(json.dumps(value)) <= LONGEST_VALUE
    except (TypeError, ValueError):
        return False


def name_of(sandbox: Sandbox, number: int) -> str:
    """Where the case has come to, in the words of its diagram."""
    main = sandbox.main
    elements = main.workflow.definition.elements
    over = main.workflow.state is not WorkflowState.ACTIVE
    mine = [t.element for t in sandbox.trace if t.case == main.name and over]
    ends = [elements[name].name or name for name in mine if name in elements and elements[name].type == "endEvent"]
    told = [sandbox.world.definitions[main.key].info.name] if number else []
    if ends:
        return " · ".join((*told, ends[-1], str(number)))
    waiting: list[tuple[Rehearsed, OpenActivity]] = [*sandbox.tasks(), *sandbox.outside()]
    places = [f"waits at {each.name or each.element_id}" for _, each in waiting[:1]]
    return " · ".join((*told, *(places or [str(main.workflow.state)]), str(number)))
