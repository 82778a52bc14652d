"""From what was done in a finished case to a test: the same acts at the same times, without what tells of people.

Texts are replaced by made-up ones of the same kind, the same text by the same one. What a form offers to choose from,
what conditions ask about, numbers, dates and truth values stay, for the way of a case depends on them.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from service.engine.change.replay import Act as Done
from service.engine.change.replay import Kind, Record
from service.errors import ServiceError, WrongState
from service.rehearsal import acts, examples, searching
from service.rehearsal.acts import Act
from service.rehearsal.examples import Example, Step
from service.rehearsal.sampling import literals
from service.rehearsal.sandbox import Sandbox
from service.rehearsal.world import World

_DATE = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:?\d\d)?)?|\d\d:\d\d(:\d\d)?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NAME = re.compile(r"[^\W\d_][\w'’.-]*( [^\W\d_][\w'’.-]*){1,3}")
_FIRST = ("Alex", "Kim", "Robin", "Sam", "Jo", "Chris", "Lee", "Toni")
_LAST = ("Sample", "Example", "Specimen", "Pattern", "Model", "Test", "Trial", "Draft")
_ACTS = {
    Kind.TASK: "complete",
    Kind.SERVICE: "answer",
    Kind.FAILED: "answer",
    Kind.CHILD: "answer",
    Kind.MESSAGE: "message",
    Kind.SIGNAL: "signal",
    Kind.AD_HOC: "activate",
    Kind.FINISHED: "finish",
}


@dataclass
class MadeUp:
    """What stands for each text, for one test."""

    kept: frozenset[str]
    known: dict[str, str] = field(default_factory=dict)

    def of(self, value: Any) -> Any:
        """The same value without its texts."""
        if isinstance(value, Mapping):
            return {name: self.of(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.of(each) for each in value]
        if not isinstance(value, str) or not value or value in self.kept or _DATE.fullmatch(value):
            return value
        return self.known.setdefault(value, self._instead(value))

    def _instead(self, text: str) -> str:
        dice, number = random.SystemRandom(), len(self.known) + 1
        if _EMAIL.fullmatch(text):
            return f"person{number}@example.org"
        if _NAME.fullmatch(text) and len(text) <= 60:
            return f"{dice.choice(_FIRST)} {dice.choice(_LAST)}"
        if " " not in text.strip() or not any(each.isalpha() for each in text):
            return "".join(_alike(each, dice) for each in text)
        filler = f"Made-up text {number} instead of what was written. "
        return (filler * (len(text) // len(filler) + 1))[: len(text)]


def _alike(sign: str, dice: random.Random) -> str:
    """Another sign of the same kind."""
    for kind in (string.digits, string.ascii_uppercase, string.ascii_lowercase):
        if sign in kind:
            return dice.choice(kind)
    return "x" if sign.isalpha() else sign


def recorded(record: Record, key: str, name: str, world: World) -> Example:
    """A test of the process `key` that does what `record` says, and expects what comes of it.

    Raises `WrongState`, with where, when the sandbox does not come as far.
    """
    made_up = MadeUp(frozenset(_choices(world)) | frozenset(_asked(world)))
    if record.start_event is not None:
        raise WrongState("A case that began with an event is not made a test.")
    given = {name: value for name, value in made_up.of(dict(record.variables)).items() if name != "initiator"}
    start = Act("start", key, by="somebody", data=given)
    sandbox = Sandbox(world, now=record.at)
    steps: list[Step] = []
    try:
        examples.begin(sandbox, Example("", key, start))
        for done in record.acts:
            for act in _acts(done, made_up, sandbox):
                acts.do(sandbox, act)
                steps.append(Step(act))
    except ServiceError as stuck:
        after = f"after {steps[-1].act.kind} {steps[-1].act.name}" if steps else "at the start"
        raise WrongState(f"Its record does not tell enough, {after}: {examples.said_of(stuck)}") from None
    example = Example(name, key, start, tuple(steps), at=record.at)
    # What came of it, came of made-up texts.
    return replace(example, expected=searching.expectation(sandbox, [start, *(step.act for step in steps)]))


def _acts(done: Done, made_up: MadeUp, sandbox: Sandbox) -> Iterator[Act]:
    if done.at > sandbox.now:
        yield Act("clock", done.at.isoformat())
    if done.kind is Kind.TIMER:
        return
    data = made_up.of(dict(done.data))
    if done.kind is Kind.VARIABLES:
        yield Act("change", "", data=data)
    elif done.kind is Kind.FAILED:
        yield Act("answer", done.element or "", error=done.name)
    else:
        named = done.name if done.kind in (Kind.MESSAGE, Kind.SIGNAL) else done.element
        yield Act(_ACTS[done.kind], named or "", data=data)


def _asked(world: World) -> Iterator[str]:
    """The texts that conditions, tables and forms compare something with."""
    for values in literals(world).named.values():
        yield from (value for value in values if isinstance(value, str))


def _choices(world: World) -> Iterator[str]:
    """The values that forms offer."""
    for schema in world.forms.values():
        yield from _offered(schema)


def _offered(schema: Mapping[str, Any]) -> Iterator[str]:
    for each in schema.get("components") or ():
        for option in each.get("values") or ():
            value = option.get("value") if isinstance(option, Mapping) else option
            if isinstance(value, str):
                yield value
        yield from _offered(each)
