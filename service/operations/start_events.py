"""Start events of deployed processes: who listens, in the version that new cases take (BPMN 2.0.2 §10.5.2).

A timer opens a case at each of its times, from deployment on. As with a case's timers our own row is the truth, and a
wake-up that comes late, early or twice does nothing wrong.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import sqlalchemy as sa

from service import jobs
from service.db import database_now, db, local, localnow, new_id
from service.engine import starts
from service.engine.checks import over_budget
from service.engine.definition import Element, Problem, ProcessInfo, Severity
from service.engine.expressions import ExpressionError, budget
from service.engine.timing import BadTime
from service.models import SYSTEM, Case, ProcessDefinition, StartTimer, Subscription
from service.operations import cases


def listen(definitions: Iterable[ProcessDefinition]) -> None:
    """Let the start events of versions that new cases take now open cases, and those of other versions no more."""
    for definition in definitions:
        _silence_others(definition)
        for start in definition.info.get("starts", ()):
            if start["kind"] in ("message", "signal") and start["name"]:
                db.session.add(
                    Subscription(
                        definition_id=definition.id,
                        kind=start["kind"],
                        event_name=start["name"],
                        element_id=start["element_id"],
                    )
                )
            elif start["kind"] == "timer" and not _silent(start["kind"], start["name"], localnow()):
                _schedule(definition, start["element_id"], start["name"])


def _silence_others(definition: ProcessDefinition) -> None:
    others = sa.select(ProcessDefinition.id).where(
        ProcessDefinition.key == definition.key, ProcessDefinition.id != definition.id
    )
    db.session.execute(sa.delete(Subscription).where(Subscription.definition_id.in_(others)))
    for row in db.session.scalars(sa.select(StartTimer).where(StartTimer.definition_id.in_(others)).with_for_update()):
        jobs.cancel(_key(row))
        db.session.delete(row)


def _schedule(definition: ProcessDefinition, element_id: str, text: str) -> None:
    opening = starts.first(text, localnow())
    if opening is None:  # past by now
        return
    row = StartTimer(
        id=new_id(),
        definition_id=definition.id,
        element_id=element_id,
        cycle=opening.cycle,
        due_at=opening.due_at,
        cycles_left=opening.left,
        seq=1,
    )
    db.session.add(row)
    _arm(row)


def fire(timer_id: uuid.UUID, seq: int) -> Case | None:
    """Open the case that is due, and set the timer to its next round; None when this wake-up is out of date."""
    row = db.session.get(StartTimer, timer_id, populate_existing=True, with_for_update=True)
    if row is None or row.seq != seq:
        return None
    row.seq += 1
    if row.due_at > database_now():
        _arm(row)
        return None
    definition, element_id = db.session.get_one(ProcessDefinition, row.definition_id), row.element_id
    opening = starts.following(starts.Opening(local(row.due_at), row.cycles_left, row.cycle))
    if opening is None:
        db.session.delete(row)
    else:
        row.due_at, row.cycles_left = opening.due_at, opening.left
        _arm(row)
    return cases.begin(definition, {}, by=SYSTEM, start_event=element_id)


def problems(info: ProcessInfo, elements: Mapping[str, Element], now: datetime) -> Iterable[Problem]:
    """Warnings about start events that look as if they opened cases by themselves, and do not."""
    try:
        with budget.of_file(info.file):
            yield from _silent_starts(info, elements, now)
    except budget.Spent as spent:
        yield from over_budget(info.file, spent)


def _silent_starts(info: ProcessInfo, elements: Mapping[str, Element], now: datetime) -> Iterator[Problem]:
    for start in info.starts:
        budget.reading(elements[start.element_id].line if start.element_id in elements else None, start.element_id)
        if why := _silent(start.kind, start.name, now):
            yield Problem(
                info.file,
                f"No case is opened by this start event: {why}",
                "A case that is opened by hand waits there.",
                line=elements[start.element_id].line if start.element_id in elements else None,
                element_id=start.element_id,
                severity=Severity.WARNING,
            )


def _silent(kind: str, text: str | None, now: datetime) -> str | None:
    """Why a timer or conditional start event opens no case by itself; None when it does."""
    if kind == "conditional":
        return "its condition is about a case's data, and without a case there are none."
    if kind != "timer":
        return None
    try:
        return None if starts.first(text or "", now) else f"{text} is past."
    except (BadTime, ExpressionError) as wrong:
        return f"when it is due cannot be told without a case ({wrong})."


def _arm(row: StartTimer) -> None:
    arguments = {"timer": str(row.id), "seq": row.seq}
    jobs.enqueue_at(row.due_at, "start_by_timer", arguments, key=_key(row), partition=str(row.definition_id))


def _key(row: StartTimer) -> str:
    return f"start:{row.id}:{row.seq}"
