"""Finished cases, done once more under another version, in memory: which would have gone another way, and where.

What was done is read from each case's story. Nothing is written, sent or called. Everybody who chooses versions is told
how many cases part where; which cases these are, only who may read them.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from service import forms
from service.db import db, local
from service.engine.change.replay import Act, Kind, Outcome, Record, replay, result_name
from service.engine.parser import Definition
from service.execution import calendars
from service.execution.definitions import Deployed, deployed, resource
from service.execution.stores import Stores
from service.models import Actor, AuditEntry, Case, CaseState, FormDefinition
from service.policy.asking import asked_by, asker
from service.policy.permissions import Action, require
from service.queries.visibility import readable

LIMIT, MOST = 50, 1_000
SHOWN = 20  #: case numbers of one finding
_ACTS = {
    "task:completed": Kind.TASK,
    "service:completed": Kind.SERVICE,
    "child:completed": Kind.CHILD,
    "timer:fired": Kind.TIMER,
    "message:received": Kind.MESSAGE,
    "signal:received": Kind.SIGNAL,
    "variables:changed": Kind.VARIABLES,
    "adhoc:activated": Kind.AD_HOC,
    "adhoc:finished": Kind.FINISHED,
}
_OBSTACLES = {
    "case:failed": "It failed in between.",
    "case:merged": "It was merged with another case.",
    "case:migrated": "It was moved to another version.",
    "case:reopened": "It was opened again.",
    "case:returned": "It was moved to another version and back.",
    "case:suspended": "It was on hold for a while.",
    "case:went-back": "Somebody went back in it.",
    "fragment:inserted": "A part was added to it.",
    "incident:retried": "Something in it was tried again.",
}  #: what the engine does by other means than the acts above


@dataclass(frozen=True)
class Finding:
    """Cases with which the same is the matter."""

    message: str
    cases: int
    numbers: tuple[str, ...] = ()  #: of those that the asker may read, the first ones
    step: int = 0  #: after how many acts
    element_id: str | None = None  #: of the version that the case had


@dataclass(frozen=True)
class Report:
    """What came of it."""

    replayed: int
    same: int
    parted: tuple[Finding, ...]  #: the commonest first
    untold: tuple[Finding, ...]  #: cases of which nothing can be told, and why
    other_data: tuple[Finding, ...]  #: cases that go the same way, and end with other values
    stopped: bool = False  #: the time was up before all were tried


def against(
    key: str,
    after: Definition,
    *,
    by: Actor,
    limit: int = LIMIT,
    seconds: float | None = None,
    version_id: uuid.UUID | None = None,
) -> Report:
    """Replay the `limit` cases of the process `key` that ended last under the version `after`.

    Those that had that version (`version_id`) are left out. After `seconds` no further case is tried.
    """
    require(by, Action.CHOOSE_VERSION)
    rows = _finished(key, version_id, limit)
    mine = _readable([row.id for row in rows], by)
    until = None if seconds is None else time.monotonic() + seconds
    found: list[tuple[str | None, Outcome]] = []
    for row in rows:
        if until is not None and time.monotonic() > until:
            break
        found.append((row.number if row.id in mine else None, _outcome(row, after)))
    return _report(found, stopped=len(found) < len(rows))


def _finished(key: str, version_id: uuid.UUID | None, limit: int) -> Sequence[Any]:
    wanted = sa.select(Case.id, Case.number, Case.definition_id, Case.state).where(
        Case.case_type == key,
        Case.state.in_((CaseState.COMPLETED, CaseState.TERMINATED)),
        Case.closed_at.is_not(None),
        Case.fragment.is_(False),
    )
    if version_id is not None:
        wanted = wanted.where(Case.definition_id != version_id)
    return db.session.execute(wanted.order_by(Case.closed_at.desc(), Case.id).limit(min(limit, MOST))).all()


def _readable(ids: list[uuid.UUID], by: Actor) -> set[uuid.UUID]:
    if by.id is None:
        return set(ids)
    statement = sa.select(Case.id).where(Case.id.in_(ids), readable(asker(by)))
    return set(db.session.scalars(statement, asked_by(by)))


def _outcome(row: Any, after: Definition) -> Outcome:
    source = deployed(row.definition_id)
    columns = (AuditEntry.at, AuditEntry.action, AuditEntry.element_id, AuditEntry.details)
    story = db.session.execute(sa.select(*columns).where(AuditEntry.case_id == row.id).order_by(AuditEntry.seq)).all()
    record = record_of(story, source, is_completed=row.state is CaseState.COMPLETED)
    if isinstance(record, str):
        return Outcome(None, record)
    # Data stores and calendars as they are now: nobody notes what they held.
    return replay(source.definition, after, record, Stores(), calendars.working_time)


def _report(found: Iterable[tuple[str | None, Outcome]], *, stopped: bool) -> Report:
    listed = list(found)
    same = [(number, each) for number, each in listed if each.is_same]
    other = [(number, _with_data(each)) for number, each in same if each.other_data]
    return Report(
        len(listed),
        len(same),
        _grouped((number, each) for number, each in listed if each.is_same is False),
        _grouped((number, each) for number, each in listed if each.is_same is None),
        _grouped(other),
        stopped,
    )


def _with_data(outcome: Outcome) -> Outcome:
    return Outcome(True, f"They end with other values of {', '.join(outcome.other_data[:8])}.")


def _grouped(found: Iterable[tuple[str | None, Outcome]]) -> tuple[Finding, ...]:
    counts: Counter[tuple[str, int, str | None]] = Counter()
    numbers: dict[tuple[str, int, str | None], list[str]] = defaultdict(list)
    for number, each in found:
        place = (each.message, each.step, each.element_id)
        counts[place] += 1
        if number is not None and len(numbers[place]) < SHOWN:
            numbers[place].append(number)
    return tuple(
        Finding(message, cases, tuple(numbers[message, step, element]), step, element)
        for (message, step, element), cases in counts.most_common()
    )


class _Moment:
    """One act while it is read, with what the entries after it say came of it."""

    def __init__(self, kind: Kind | None, entry: Any) -> None:
        self.kind, self.entry = kind, entry
        self.path: list[str] = []
        self.written: dict[str, Any] = {}

    def take(self, then: Mapping[str, Any]) -> None:
        self.path += then.get("path", ())
        self.written |= then.get("set", {})


def record_of(story: Sequence[Any], source: Deployed, *, is_completed: bool) -> Record | str:
    """A case as its audit entries (at, action, element_id, details) tell it; or why they do not tell it, a sentence."""
    moments: list[_Moment] = []
    by_hand = any(entry.action == "case:completed" for entry in story)  #: somebody closed it, not its diagram
    for entry in story:
        said = entry.details or {}
        if (obstacle := _OBSTACLES.get(entry.action)) is not None:
            return obstacle
        if entry.action in ("child:terminated", "child:failed") and entry.element_id:
            return "A child case for which it waited did not complete."
        then = said if entry.action == "case:advanced" else said.get("then") or {}
        if entry.action == "case:opened":
            moments.append(_Moment(None, entry))
        elif entry.action == "service:failed" and then.get("path"):  # else nothing caught it, and it was tried again
            moments.append(_Moment(Kind.FAILED, entry))
        elif (kind := _ACTS.get(entry.action)) is not None:
            moments.append(_Moment(kind, entry))
        if moments:
            moments[-1].take(then)
    if not moments or moments[0].kind is not None:
        return "Its story does not tell how it was opened."
    opened, *rest = moments
    made = (_act(each, source, rest[place:]) for place, each in enumerate(rest))
    acts = tuple(act for act in made if act is not None)
    return Record(
        local(opened.entry.at),
        _begun_with(opened, source),
        tuple(opened.path),
        _start_event(opened, source),
        acts,
        is_completed and not by_hand,
    )


def _act(moment: _Moment, source: Deployed, following: Sequence[_Moment]) -> Act | None:
    entry, kind, message, results = moment.entry, moment.kind, "", ()
    assert kind is not None  # only the first moment has none
    said, name, data = entry.details or {}, "", dict(moment.written)
    if kind in (Kind.MESSAGE, Kind.SIGNAL):
        name, data = str(said.get("name", "")), dict(said.get("payload") or {})
    elif kind is Kind.VARIABLES:
        data = {each: data[each] for each in said.get("names", ()) if each in data}
    elif kind in (Kind.TASK, Kind.CHILD) and entry.element_id is None:
        kind = Kind.VARIABLES  # a task that nobody drew, or a child opened by hand: what it changed is known
        if not data:
            return None
    elif kind is Kind.FAILED:
        name, message = str(said.get("code") or ""), str(said.get("message") or "")
    elif kind is Kind.TASK:
        data = _submitted(entry.element_id, data, source)
    elif kind in (Kind.TIMER, Kind.AD_HOC, Kind.FINISHED):
        data = {}
    if kind in (Kind.TASK, Kind.SERVICE, Kind.CHILD):
        results = _results(entry.element_id, source, following)
        data = data if not results else {name: each for name, each in data.items() if name != _list(entry, source)}
    return Act(kind, local(entry.at), entry.element_id, data, name, message, results, tuple(moment.path))


def _results(element_id: str, source: Deployed, following: Sequence[_Moment]) -> tuple[Any, ...]:
    """What the instances of a repeated activity came to, as it was written when the whole had ended."""
    if result_name(source.definition, element_id) is None:
        return ()
    written = source.definition.graph.task_specs[element_id].repetition.results
    found = next((each.written[written] for each in following if written in each.written), ())
    return tuple(found) if isinstance(found, list) else ()


def _list(entry: Any, source: Deployed) -> str:
    """The variable in which a repeated activity collects its results: it writes that itself."""
    return str(source.definition.graph.task_specs[entry.element_id].repetition.results)


def _submitted(element_id: str, written: Mapping[str, Any], source: Deployed) -> dict[str, Any]:
    """What was filled into the task's form; of a task without one, or with mapped outputs, all that was written."""
    element = source.definition.elements.get(element_id)
    node = source.definition.graph.task_specs.get(element_id)
    form = source.forms.get(element.attributes.get("formKey", "")) if element else None
    has_outputs = bool(getattr(node, "gives", None))
    if form is None or has_outputs:
        return dict(written)
    return {name: value for name, value in written.items() if name in _fields(form)}


def _begun_with(opened: _Moment, source: Deployed) -> dict[str, Any]:
    """The variables that it was opened with: the start form's, or all that there were at first."""
    key = next((each.form_key for each in source.definition.info.starts if each.kind == "none"), None)
    form = source.forms.get(key) if key else None
    if form is None or _start_event(opened, source) is not None:
        return dict(opened.written)
    return {name: value for name, value in opened.written.items() if name in _fields(form) or name == "initiator"}


def _start_event(opened: _Moment, source: Deployed) -> str | None:
    """The id of the message, signal or timer start event by which it was opened."""
    events = {each.element_id for each in source.definition.info.starts if each.kind != "none"}
    return next((name for name in opened.path[:1] if name in events), None)


@lru_cache(maxsize=256)
def _fields(form_id: uuid.UUID) -> frozenset[str]:
    """The variables that a deployed form fills."""
    return frozenset(forms.variables_of(resource(db.session.get_one(FormDefinition, form_id).hash)))
