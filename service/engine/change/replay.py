"""What has been done in a finished case, done once more under another version: would it have gone the same way?

It runs in memory: nothing is sent, called, stored or waited for. The same is done under the case's own version first;
where that does not lead where the record says, the record does not tell all, and nothing is said of the other version.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from service.engine.change import words
from service.engine.change.compare import Differences, compare
from service.engine.elements.node import Node
from service.engine.elements.repetition import INDEX
from service.engine.errors import EngineError
from service.engine.parser import Definition
from service.engine.work import OpenActivity, OpenTimer, What, WorkflowState
from service.engine.workflow import Workflow
from service.engine.working_time import WorkingTime, unknown

LATE = timedelta(minutes=1)  #: how much later than its time a timer may fire and still be on time
START = "the start"


class Kind(StrEnum):
    """What somebody, or something, did to the case."""

    TASK = "task"
    SERVICE = "service"
    FAILED = "failed"  #: a service, and the diagram caught it
    CHILD = "child"
    TIMER = "timer"
    MESSAGE = "message"
    SIGNAL = "signal"
    VARIABLES = "variables"
    AD_HOC = "ad hoc"
    FINISHED = "ad hoc finished"


@dataclass(frozen=True)
class Act:
    """One act on the case, and what the record says came of it."""

    kind: Kind
    at: datetime
    element: str | None = None  #: id in the version before
    data: Mapping[str, Any] = field(default_factory=dict)  #: submitted, brought by a message, or written by a service
    name: str = ""  #: of the message or signal; of a failure its code
    message: str = ""  #: of a failure
    results: tuple[Any, ...] = ()  #: of an activity that is repeated: what its instances came to, in their order
    path: tuple[str, ...] = ()  #: ids of what was completed then


@dataclass(frozen=True)
class Record:
    """A finished case as its history tells it."""

    at: datetime
    variables: Mapping[str, Any]
    path: tuple[str, ...]  #: what was completed as it was opened
    start_event: str | None = None  #: None: the plain one
    acts: tuple[Act, ...] = ()
    is_completed: bool = True  #: by its diagram, rather than cancelled or closed by somebody


@dataclass(frozen=True)
class Outcome:
    """What came of it: `is_same` is None where the record does not tell enough."""

    is_same: bool | None
    message: str = ""  #: where the ways part, or why nothing can be told; a sentence
    step: int = 0  #: after how many acts
    element_id: str | None = None  #: of the version before
    other_data: tuple[str, ...] = ()  #: names of variables that end with another value


class _Parted(Exception):
    """The act cannot be done here."""

    def __init__(self, message: str, element: str | None = None) -> None:
        super().__init__(message)
        self.element = element


def replay(
    before: Definition,
    after: Definition,
    record: Record,
    stores: Mapping[str, Any] | None = None,
    calendars: Callable[[str], WorkingTime] = unknown,
) -> Outcome:
    """Do what `record` says under both versions, act by act, until their ways part.

    `stores`: what data stores hold; `calendars`: as a workflow has them.
    """
    differences = compare(before, after)
    outside = {"stores": stores or {}, "calendars": calendars}
    own, other = _Player(before, None, outside), _Player(after, differences, outside)
    for step, act in enumerate((None, *record.acts)):
        after_what = START if act is None else _named(before, act)
        try:
            own.play(record, act)
        except _Parted as stuck:
            return Outcome(None, f"The record does not tell enough, at {after_what}: {stuck}", step)
        if Counter(own.path) != Counter(act.path if act else record.path):
            return Outcome(None, f"The record does not tell enough of what happened after {after_what}.", step)
        try:
            other.play(record, act)
        except _Parted as parted:
            return Outcome(False, str(parted), step, parted.element)
        if (found := _difference(own, other, differences, after_what)) is not None:
            return Outcome(False, found[0], step, found[1])
    return _ended(own, other, record)


def _ended(own: _Player, other: _Player, record: Record) -> Outcome:
    last = len(record.acts)
    if record.is_completed and own.workflow.state is not WorkflowState.COMPLETED:
        return Outcome(None, "The record does not tell how the case came to its end.", last)
    if record.is_completed and other.workflow.state is not WorkflowState.COMPLETED:
        return Outcome(False, f"Where the case ended, it still waits: at {other.waits()}.", last)
    mine, theirs = own.workflow.variables, other.workflow.variables
    both = mine.keys() | theirs.keys()
    return Outcome(
        True, step=last, other_data=tuple(sorted(name for name in both if mine.get(name) != theirs.get(name)))
    )


class _Player:
    """One version, as far as the acts have led it."""

    def __init__(self, definition: Definition, differences: Differences | None, outside: Mapping[str, Any]) -> None:
        self.definition, self.outside = definition, outside
        self.ids: Mapping[str, str] | None = differences.matched if differences else None  #: before -> here
        self.back = {here: there for there, here in (self.ids or {}).items()}
        self.path: list[str] = []  #: what was completed by the last act, by the ids here

    def play(self, record: Record, act: Act | None) -> None:
        """Open the case, or do one act. Raises `_Parted` where it cannot be done."""
        try:
            if act is None:
                self._open(record)
            else:
                self.workflow.now = act.at
                self._on_time(act)
                self._do(act)
        except EngineError as refused:
            raise _Parted(f"it cannot be done in this version: {refused}", act.element if act else None) from refused
        happened = self.workflow.take_happenings()
        self.path = [each.element_id for each in happened if each.what is What.COMPLETED]

    def _open(self, record: Record) -> None:
        start = record.start_event and self._here(record.start_event)
        more: dict[str, Any] = {"start_event": start, **self.outside}
        self.workflow = Workflow.start(self.definition, record.variables, now=record.at, **more)

    def _on_time(self, act: Act) -> None:
        """Whether a timer would have fired before, which the record does not know of."""
        if self.ids is None:
            return
        for timer in self.workflow.open_work().timers:
            known = (
                timer.element_id in self.back and act.kind is Kind.TIMER and self._here(act.element) == timer.element_id
            )
            if timer.due_at is not None and timer.due_at + LATE < act.at and not known:
                raise _Parted(
                    f"Before {_named_here(self.definition, act, self)}, {self._said(timer)} would have fired.",
                    self.back.get(timer.element_id),
                )

    def _do(self, act: Act) -> None:
        work = self.workflow.open_work()
        match act.kind:
            case Kind.TASK:
                self._finish(self._waiting(work.tasks, act), act)
            case Kind.SERVICE:
                self._finish(self._waiting(work.services, act), act)
            case Kind.FAILED:
                self._fail(self._waiting(work.services, act), act)
            case Kind.CHILD:
                self._finish(self._waiting(work.children, act), act)
            case Kind.TIMER:
                self._fire(self._waiting(work.timers, act), act)
            case Kind.MESSAGE:
                if not self.workflow.deliver(act.name, act.data):
                    raise _Parted(f"Nothing waits for the message “{act.name}”: {self._standing()}.", act.element)
            case Kind.SIGNAL:
                self.workflow.broadcast(act.name, act.data)
            case Kind.VARIABLES:
                self.workflow.set_variables(act.data)
            case Kind.AD_HOC:
                self._activate(act)
            case Kind.FINISHED:
                self.workflow.finish_adhoc(self._waiting(work.adhoc, act).activity_id)

    def _finish(self, open_one: OpenActivity, act: Act) -> None:
        """Complete a task with what was submitted; what has mapped outputs, and a service, with what they wrote."""
        node = self.definition.graph.task_specs.get(open_one.element_id)
        came_to = self._result(open_one, act)
        if act.kind is Kind.TASK and not getattr(node, "gives", ()):
            self.workflow.complete(open_one.activity_id, {**act.data, **came_to})
            return
        if act.data:
            self.workflow.set_variables(act.data)
        if came_to:
            self.workflow.set_variables(came_to, open_one.activity_id)
        self.workflow.pass_over(open_one.activity_id)

    def _result(self, open_one: OpenActivity, act: Act) -> dict[str, Any]:
        """What this instance of a repeated activity came to. The record has it by the instances' order alone."""
        task = self.workflow.run.tasks.get(open_one.activity_id)
        name = result_name(self.definition, open_one.element_id)
        index = task.internal_data.get(INDEX) if task is not None else None
        known = name is not None and index is not None and index < len(act.results)
        return {name: act.results[index]} if known and name is not None and index is not None else {}

    def _fail(self, service: OpenActivity, act: Act) -> None:
        """Let the service fail as it did; what was written then is there before, for the way that is taken."""
        if not self.workflow.catches_error(service.activity_id, act.name):
            raise _Parted(
                f"{self._said(service)} failed ({act.name}); nothing in this version catches that.", act.element
            )
        if act.data:
            self.workflow.set_variables(act.data)
        self.workflow.throw_error(service.activity_id, act.name, act.message)

    def _fire(self, timer: OpenActivity, act: Act) -> None:
        if isinstance(timer, OpenTimer) and timer.due_at is not None and act.at < timer.due_at <= act.at + LATE:
            self.workflow.now = timer.due_at  # a case begins a little before its story does
        if not isinstance(timer, OpenTimer) or not self.workflow.fire(timer.timer_id):
            raise _Parted(f"{self._said(timer)} has fired; in this version it is not due until later.", act.element)

    def _activate(self, act: Act) -> None:
        wanted = self._here(act.element)
        for each in self.workflow.open_work().adhoc:
            if any(one.element_id == wanted and one.may_start for one in each.enabled):
                self.workflow.activate(each.activity_id, wanted, {})
                return
        raise _Parted(f"{self._called(act.element)} cannot be started then: {self._standing()}.", act.element)

    def _waiting(self, found: Iterable[OpenActivity], act: Act) -> OpenActivity:
        wanted = self._here(act.element)
        for each in found:
            if each.element_id == wanted:
                return each
        raise _Parted(f"{self._called(act.element)} does not wait then: {self._standing()}.", act.element)

    def _here(self, element: str | None) -> str:
        """The id here of an element of the version before. One in a called process has the same."""
        if element is None:
            return ""
        return element if self.ids is None else self.ids.get(element, element)

    def _called(self, element: str | None) -> str:
        here = self.definition.graph.task_specs.get(self._here(element))
        return words.said(here) if isinstance(here, Node) else f"“{element}”, which this version does not have,"

    def _said(self, open_one: OpenActivity) -> str:
        return f"“{open_one.name or open_one.element_id}”"

    def _standing(self) -> str:
        if self.workflow.state is not WorkflowState.ACTIVE:
            return f"the case is {self.workflow.state}"
        return f"the case waits at {self.waits()}"

    def waits(self) -> str:
        """Where it waits, by name, with what is new."""
        shown = []
        for name in sorted(set(self.marked())):
            node = self.definition.graph.task_specs.get(name)
            new = self.ids is not None and name not in self.back
            shown.append(
                (words.said(node) if isinstance(node, Node) else f"“{name}”") + (", which is new" if new else "")
            )
        return words.listed(shown) or "nothing"

    def marked(self) -> list[str]:
        """Where tokens stand, by the ids here."""
        return list(self.workflow.open_work().marked)

    def been(self, known: Mapping[str, str] | None) -> Counter[tuple[str, bool]]:
        """(element, whether it is done): what the last act completed, and where tokens stand, of what is drawn.

        By ids of the version before, and of those in `known` (before -> after) alone.
        """
        places = [(name, True) for name in self.path] + [(name, False) for name in self.marked()]
        drawn = [(name, done) for name, done in places if (node := _node(self.definition, name)) and node.drawn]
        if self.ids is not None:
            drawn = [(self.back[name], done) for name, done in drawn if name in self.back]
        return Counter((name, done) for name, done in drawn if known is None or name in known)

    def called(self, names: Iterable[str]) -> str:
        """Elements by name, each once."""
        found = (_node(self.definition, name) for name in dict.fromkeys(names))
        return words.listed([words.said(node) for node in found if node is not None])


def _difference(
    own: _Player, other: _Player, differences: Differences, after_what: str
) -> tuple[str, str | None] | None:
    """Where the two stand otherwise, in a sentence, with an element of the version before; None where they do not.

    Only elements that both have are compared: what is new or gone is no other way by itself.
    """
    if (failed := other.workflow.failure) is not None and own.workflow.failure is None:
        where = failed.element_name or failed.element_id or "a step"
        return f"After {after_what} it would have failed at “{where}”.", other.back.get(failed.element_id or "")
    mine, theirs = own.been(differences.matched), other.been(differences.matched)
    gone, come = mine - theirs, theirs - mine
    if not gone and not come:
        return None
    went = [name for name, _ in own.been(None) - theirs]
    now = [other.ids[name] if other.ids else name for name, _ in come]
    first = next((name for name, _ in gone), next(iter(went), None))
    before, after = own.called(went) or "no further", other.called(now)
    new = [name for name in other.marked() if name not in other.back]
    if not after or new:
        after = f"{after}, and waits at {other.waits()}" if after else other.waits()
    return f"After {after_what} the case went to {before}; now it goes to {after}.", first


def result_name(definition: Definition, element: str) -> str | None:
    """The variable in which an instance of a repeated activity has its result; None where there is none by a name."""
    repetition = getattr(_node(definition, element), "repetition", None)
    if repetition is None or not repetition.results:
        return None
    text = (repetition.result_expression or "").strip().removeprefix("=").strip()
    return repetition.result or (text if text.isidentifier() else None)


def _node(definition: Definition, name: str) -> Node | None:
    found = definition.graph.task_specs.get(name)
    return found if isinstance(found, Node) else None


def _named(definition: Definition, act: Act) -> str:
    """What was done, as in “after …”."""
    if act.kind is Kind.VARIABLES:
        return "a correction of the data"
    if act.kind is Kind.FAILED:
        return f"the failure of {words.said(node)}" if (node := _node(definition, act.element or "")) else "a failure"
    if act.kind in (Kind.MESSAGE, Kind.SIGNAL):
        return f"the {act.kind} “{act.name}”"
    node = _node(definition, act.element or "")
    return words.said(node) if node is not None else f"“{act.element}”"


def _named_here(definition: Definition, act: Act, player: _Player) -> str:
    node = _node(definition, player._here(act.element))
    return words.said(node) if node is not None else _named(definition, act)
