"""What can be done in a sandbox, as data: so that a test, a page and a recorded case say it in the same words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from service.engine import timing
from service.engine.errors import BadTime
from service.engine.work import What
from service.errors import BadRequest
from service.rehearsal.sandbox import Sandbox

#: Each kind of act, with what may be said beside its name. The name of `clock` is a duration or a moment.
KINDS: Mapping[str, tuple[str, ...]] = {
    "complete": ("as", "with", "case", "number"),
    "answer": ("with", "error", "case", "number"),
    "message": ("with", "correlation", "case"),
    "signal": ("with",),
    "activate": ("as", "with", "case"),
    "finish": ("case",),
    "clock": (),
    "fire": ("case",),
    "change": ("with", "case"),
    "cancel": (),
}
PASSED = (What.COMPLETED, What.FLOWED)  #: what happens to an element that was done, and to a flow that was taken
ELEMENTS = ("complete", "answer", "activate", "finish", "fire")  #: kinds whose name is an element's id


@dataclass(frozen=True)
class Act:
    """One act. `name`: what it is done to; `number` counts from 1 where several wait at one element."""

    kind: str
    name: str
    by: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    case: str = ""
    number: int = 1
    correlation: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""  #: of an answer: the code of a BPMN error
    line: int | None = None

    def as_data(self) -> dict[str, Any]:
        """As it is written in a file of tests; what is not said is left out."""
        said = {
            "as": self.by,
            "with": dict(self.data),
            "case": self.case,
            "number": self.number if self.number != 1 else None,
            "correlation": dict(self.correlation),
            "error": self.error,
        }
        return {self.kind: self.name, **{name: value for name, value in said.items() if value}}


def of_data(said: Mapping[str, Any], line: int | None = None) -> Act:
    """The act that plain data says. Raises `BadRequest` for what is none."""
    kinds = [kind for kind in KINDS if kind in said]
    if len(kinds) != 1:
        raise BadRequest(f"An act says one of {', '.join(KINDS)}.")
    kind = kinds[0]
    if strange := [str(name) for name in said if name not in (kind, *KINDS[kind])]:
        known = ", ".join(KINDS[kind]) or "nothing"
        raise BadRequest(f"Beside “{kind}” may stand {known}; not “{strange[0]}”.")
    name, number = said[kind], said.get("number", 1)
    if not isinstance(name, str) or not (name or kind in ("change", "cancel")):
        raise BadRequest(f"“{kind}” wants a text.")
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= 1_000:
        raise BadRequest("“number” is a whole number from 1 to 1,000.")
    for part in ("with", "correlation"):
        if not isinstance(said.get(part, {}), Mapping):
            raise BadRequest(f"“{part}” wants lines of the form “name: value”.")
    for part in ("as", "case", "error"):
        if not isinstance(said.get(part, ""), str):
            raise BadRequest(f"“{part}” wants a text.")
    texts = {"by": said.get("as", ""), "case": said.get("case", ""), "error": said.get("error", "")}
    return Act(
        kind,
        name,
        data=said.get("with", {}),
        correlation=said.get("correlation", {}),
        number=number,
        line=line,
        **texts,
    )


def do(sandbox: Sandbox, act: Act) -> None:
    """Carry it out. Raises a `ServiceError` where that cannot be."""
    _DO[act.kind](sandbox, act)


def _answer(sandbox: Sandbox, act: Act) -> None:
    where: dict[str, Any] = {"case": act.case, "index": act.number - 1}
    if act.error:
        sandbox.refuse(act.name, act.error, **where)
    else:
        sandbox.answer(act.name, act.data, **where)


def _clock(sandbox: Sandbox, act: Act) -> None:
    try:
        sandbox.until(timing.due(act.name, sandbox.now))
    except BadTime as problem:
        raise BadRequest(str(problem)) from None


_DO: Mapping[str, Callable[[Sandbox, Act], None]] = {
    "complete": lambda box, act: box.complete(act.name, act.data, by=act.by, case=act.case, index=act.number - 1),
    "answer": _answer,
    "message": lambda box, act: box.send(act.name, act.data, act.correlation, case=act.case),
    "signal": lambda box, act: box.broadcast(act.name, act.data),
    "activate": lambda box, act: box.activate(act.name, act.data, case=act.case),
    "finish": lambda box, act: box.finish(act.name, case=act.case),
    "clock": _clock,
    "fire": lambda box, act: box.fire(act.name, case=act.case),
    "change": lambda box, act: box.change(act.data, case=act.name),
    "cancel": lambda box, act: box.cancel(case=act.name),
}


def moment(text: str) -> datetime:
    """A moment with its zone. Raises `BadRequest`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest(f"“{text[:40]}” is no moment: write it like 2026-03-02T09:00:00+00:00.") from None
    if found.tzinfo is None:
        raise BadRequest("The moment must say its zone, such as 2026-03-02T09:00:00+00:00.")
    return found
