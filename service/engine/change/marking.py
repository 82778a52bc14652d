"""Where a running case stands, without whose case it is: what of a snapshot decides how it can go on.

Tokens with what they hold and what guards them, the flows on which they came to joins, open rounds of gateways, what
is remembered to be undone, what was done in ad hoc work. No values of variables, no names of people, no times, no
counts that every round of a loop changes: so cases that stand alike are alike, and have one signature.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.engine.elements.activity import GATHERS, HOST
from service.engine.elements.adhoc import CLOSING, COUNT
from service.engine.elements.compensation import UNDO, UNDOING
from service.engine.elements.complex import RESET
from service.engine.elements.events import RACE, SEEN, TIMERS
from service.engine.elements.gateways import VIA
from service.engine.elements.repetition import INDEX, STATE
from service.engine.scope import OWNER
from service.engine.state import snapshot as stored
from service.engine.workflow import Workflow

LISTENER, BEGUN, FAILED, MORE, UNDONE = "listener", "begin", "failed", "more", "undo"
_SEPARATOR = "\x1f"
_TELLING = frozenset(
    {VIA, LISTENER, BEGUN, OWNER, INDEX, GATHERS, CLOSING, TIMERS, SEEN, COUNT, RESET, UNDO, UNDOING, STATE}
)
Facts = tuple[tuple[str, tuple[str, ...]], ...]
Row = tuple[str, str | None, str, int, Mapping[str, Any]]  #: id, parent's id, element, state, internal data


@dataclass(frozen=True, order=True)
class Token:
    """One open thing. `facts` are what its engine state says besides: names with sorted texts."""

    element: str  #: its id; empty for events that race each other, which are `inside`
    state: int  #: SpiffWorkflow's; 0 for a race
    facts: Facts = ()
    inside: tuple[Token, ...] = ()  #: tokens that it holds; of a repetition one of each kind of instance
    guards: tuple[Token, ...] = ()  #: its armed boundary events

    def fact(self, name: str) -> tuple[str, ...]:
        """The texts of a fact; nothing when it is not one of this token."""
        return next((texts for known, texts in self.facts if known == name), ())

    def has(self, name: str) -> bool:
        """Whether this is a fact of it."""
        return any(known == name for known, _ in self.facts)

    @property
    def is_race(self) -> bool:
        """Whether it stands for events of which the first to happen ends the others."""
        return not self.element

    @property
    def is_silent(self) -> bool:
        """Whether it is the start of an event sub-process, which waits beside the case's own way."""
        return self.has(LISTENER)

    @property
    def is_instance(self) -> bool:
        """Whether it is one round or instance of a repetition, held by its container."""
        return self.has(INDEX)

    def undone(self) -> list[tuple[str, str, str]]:
        """What its scope remembers how to undo: (activity, what runs, the start event of that)."""
        kept = (*self.fact(UNDONE), *self.fact(UNDOING))
        return [(parts[0], parts[1], parts[2]) for text in kept if len(parts := text.split(_SEPARATOR)) == 3]

    def walk(self) -> Iterator[Token]:
        """Itself and all that it holds, guards included."""
        ahead = [self]
        while ahead:
            token = ahead.pop()
            yield token
            ahead += [*token.inside, *token.guards]


@dataclass(frozen=True)
class Marking:
    """Where one case, or each of many, stands."""

    process: str  #: key
    status: str  #: the workflow's state
    root: Token  #: the process itself, which holds the tokens

    @property
    def signature(self) -> str:
        """A short text that is the same for cases of one definition that stand alike."""
        return hashlib.sha256(repr((self.process, self.status, self.root)).encode()).hexdigest()[:20]


def marking(case: Workflow | bytes) -> Marking:
    """Where a workflow, or one that is stored, stands; raises Unfit for bytes that are no snapshot."""
    if isinstance(case, Workflow):
        run = case.run
        failed = run.failure.activity_id if run.failure else None
        tasks = run.tasks.values()
        rows: Iterable[Row] = ((t.id, t._parent, t.task_spec.name, t.state, t.internal_data) for t in tasks)
        return Marking(run.definition.key, str(run.status), _root(rows, failed))
    state = stored.read(case)
    failure = state["f"][4] if "f" in state else None
    return Marking(state["p"], str(state["s"]), _root(_rows(state["t"]), failure))


def signature(case: Workflow | bytes) -> str:
    """`Marking.signature` of a workflow or of a snapshot."""
    return marking(case).signature


def passed(visits: Mapping[str, int]) -> str:
    """A short text that is the same for cases that have been in the same places, however often."""
    return hashlib.sha256("\n".join(sorted(key for key, n in visits.items() if n)).encode()).hexdigest()[:20]


def _rows(tasks: list[list[Any]]) -> Iterator[Row]:
    for identity, parent, name, state, *rest in tasks:
        yield identity, tasks[parent][0] if parent >= 0 else None, name, state, rest[1] if len(rest) > 1 else {}


def _root(rows: Iterable[Row], failed: str | None) -> Token:
    known = list(rows)
    inside: dict[str | None, list[Row]] = defaultdict(list)
    guards: dict[str, list[Row]] = defaultdict(list)
    for row in known:
        if (host := row[4].get(HOST)) is not None:
            guards[host].append(row)
        else:
            inside[row[1]].append(row)
    made: dict[str, Token] = {}
    alike: dict[object, Token] = {}
    for row in reversed(known):  # what is held comes after what holds it
        identity, _, name, state, internal = row
        facts = _facts_of(internal, has_failed=identity == failed)
        if identity in inside or identity in guards:
            made[identity] = _token(row, facts, inside, guards, made)
            continue
        one = name, state, facts
        if one not in alike:  # of many instances one is made
            alike[one] = Token(*one)
        made[identity] = alike[one]
    return made[known[0][0]]


def _token(
    row: Row,
    facts: Facts,
    inside: Mapping[str | None, list[Row]],
    guards: Mapping[str, list[Row]],
    made: Mapping[str, Token],
) -> Token:
    identity, _, name, state, internal = row
    held = [made[child[0]] for child in inside.get(identity, ()) if RACE not in child[4]]
    races: dict[str, list[Token]] = defaultdict(list)
    for child in inside.get(identity, ()):
        if RACE in child[4]:
            races[child[4][RACE]].append(made[child[0]])
    held += [Token("", 0, inside=tuple(sorted(members))) for members in races.values()]
    if STATE in internal:
        held = list(set(held))
    armed = tuple(sorted(made[guard[0]] for guard in _alive(guards.get(identity, ()), made)))
    return Token(name, state, facts, tuple(sorted(held)), armed)


def _alive(rows: Iterable[Row], made: Mapping[str, Token]) -> Iterator[Row]:
    return (row for row in rows if row[0] in made)


def _facts_of(internal: Mapping[str, Any], *, has_failed: bool) -> Facts:
    if not has_failed and _TELLING.isdisjoint(internal):
        return ()
    facts = dict(_facts(internal))
    if has_failed:
        facts[FAILED] = ()
    return tuple(sorted(facts.items()))


def _facts(internal: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in (VIA, LISTENER, BEGUN, OWNER):
        if name in internal:
            yield name, (str(internal[name]),)
    for name in (INDEX, GATHERS, CLOSING):
        if name in internal:
            yield name, ()
    for name in (TIMERS, SEEN, COUNT):
        if internal.get(name):
            yield name, tuple(sorted(map(str, internal[name])))
    if internal.get(RESET):
        yield RESET, tuple(sorted(f"{gate}{_SEPARATOR}{flow}" for gate, on in internal[RESET].items() for flow in on))
    for name in (UNDO, UNDOING):
        if internal.get(name):
            yield name, tuple(sorted(set(_undo(internal[name]))))
    if STATE in internal:
        yield MORE, (("yes" if _goes_on(internal[STATE]) else "no"),)


def rounds(token: Token) -> dict[str, set[str]]:
    """The open rounds of complex gateways inside a token: gateway -> flows whose tokens were taken."""
    found: dict[str, set[str]] = {}
    for text in token.fact(RESET):
        gate, flow = text.split(_SEPARATOR)
        found.setdefault(gate, set()).add(flow)
    return found


def _undo(entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    ahead = list(entries)
    while ahead:
        entry = ahead.pop()
        if "run" in entry:
            yield _SEPARATOR.join((entry["of"], entry["run"], entry.get("begin", "")))
        ahead += entry.get("inner", ())


def _goes_on(state: Mapping[str, Any]) -> bool:
    """Whether further instances may begin."""
    return "total" not in state or state["next"] < state["total"]
