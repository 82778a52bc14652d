"""SERVICE LEVELS: the clocks of a case as rows, in step with what the case, its stage and its tasks are.

The rule to know: whoever changes a case's state, or who has a task, calls `keep` once all rows say what is so. It costs
nothing where the case's version declares no level.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from service import jobs
from service.db import db, local, new_id, utcnow
from service.engine import expressions
from service.engine.definition import Element, ServiceLevel
from service.engine.elements.attributes import NO_CALENDAR
from service.engine.parser import Definition
from service.engine.service_levels import Counter, Measure, Turn, measure, turned
from service.engine.xml.document import TASKS
from service.execution import calendars, offers
from service.execution.definitions import deployed
from service.models import Case, CaseState, ClockState, HumanTask, ServiceClock, TaskState

WARNED, BREACHED = 1, 2
RESPONSE, RESOLUTION = "response", "resolution"
#: Why a clock stands. Behind WAITING stands what is waited for.
HOLD, CLOSED, WAITING = "hold", "closed", "waiting"
STOPS = "stops"
#: Where a token waits for something: not the sub-process around it, nor what hangs on it.
_WAITING = TASKS | {"intermediateCatchEvent", "eventBasedGateway"}
_TOLD = 3  #: names of what is waited for

Key = tuple[uuid.UUID | None, str | None, str]  #: task, stage, kind


@dataclass(frozen=True)
class _Seen:
    """A case as its clocks are held against it."""

    case: Case
    definition: Definition
    tasks: Mapping[uuid.UUID, HumanTask]  #: open ones, and those whose clocks are not over
    fresh: Collection[uuid.UUID]  #: tasks that were not there before
    waits: str  #: what is waited for outside, when nothing else is to be done
    counters: Counters
    now: datetime


class Counters(dict[str, Counter]):
    """What counts by a calendar, by its key; each is read once."""

    def __missing__(self, key: str) -> Counter:
        self[key] = calendars.counter(key)
        return self[key]


def keep(case: Case) -> None:
    """Let the clocks of the locked `case` begin, stop, go on and end as its rows now say."""
    if deployed(case.definition_id).definition.is_measured:
        recount(case)


def recount(case: Case) -> None:
    """`keep`, whatever the case's version declares: also clocks of what it declared before."""
    seen = _look(case)
    known = _clocks(seen)
    wanted = dict(_wanted(seen))
    for key, clock in known.items():
        if key in wanted:
            _go_on(clock, wanted[key], seen)
        elif not clock.over:
            _end(clock, _how_it_ended(key, seen), seen.now, over=True)
            _write(clock, seen)
    for key in wanted.keys() - known.keys():
        _begin(key, wanted[key], seen)


def _look(case: Case) -> _Seen:
    fresh = {row.id for row in db.session.new if isinstance(row, HumanTask)}
    db.session.flush()
    measured = sa.select(ServiceClock.task_id).where(ServiceClock.case_id == case.id, ~ServiceClock.over)
    chosen = sa.select(HumanTask).where(
        HumanTask.case_id == case.id, sa.or_(HumanTask.closed_at.is_(None), HumanTask.id.in_(measured))
    )
    afresh = chosen.order_by(HumanTask.id).execution_options(populate_existing=True)
    tasks = {task.id: task for task in db.session.scalars(afresh)}
    definition = deployed(case.definition_id).definition
    waits = "" if any(_is_added(task) for task in tasks.values()) else _outside(case.marked or (), definition)
    return _Seen(case, definition, tasks, fresh, waits, Counters(), utcnow())


def _is_added(task: HumanTask) -> bool:
    """Whether it is open, and stands in no diagram."""
    return task.activity_id is None and task.state.is_open


def _outside(marked: Iterable[str], definition: Definition) -> str:
    """What the case waits for outside, when it waits for nothing else: names; else empty."""
    elements = [definition.elements[each] for each in dict.fromkeys(marked) if each in definition.elements]
    waiting = [element for element in elements if element.type in _WAITING]
    if not all(_stops(element, definition) for element in waiting):
        return ""
    names = [element.name or element.id for element in waiting]
    return ", ".join(names[:_TOLD]) + (" …" if len(names) > _TOLD else "")


def _stops(element: Element, definition: Definition) -> bool:
    """Whether clocks stop while a token is here: what is said at the element, or nearest around it."""
    place: Element | None = element
    while place is not None:
        if said := place.attributes.get("clock"):
            return said == STOPS
        place = definition.elements.get(place.parent or "")
    return False


def _clocks(seen: _Seen) -> dict[Key, ServiceClock]:
    """The clocks that are not over, and of those that are the case's own, which go on when it is opened again, and
    those of tasks that came back."""
    of_case = sa.and_(ServiceClock.task_id.is_(None), ServiceClock.stage.is_(None))
    returned = ServiceClock.task_id.in_(sorted(task.id for task in seen.tasks.values() if task.id not in seen.fresh))
    chosen = sa.select(ServiceClock).where(
        ServiceClock.case_id == seen.case.id, sa.or_(~ServiceClock.over, of_case, returned)
    )
    rows = db.session.scalars(chosen.order_by(ServiceClock.id))
    return {(clock.task_id, clock.stage, clock.kind): clock for clock in rows}


def _wanted(seen: _Seen) -> Iterable[tuple[Key, ServiceLevel]]:
    """What is to be measured now."""
    case, info = seen.case, seen.definition.info
    if case.state.is_closed:
        return
    for level in info.levels:
        yield (None, None, level.kind), level
    for stage in info.stages:
        for level in stage.levels if stage.id == case.stage else ():
            yield (None, stage.id, level.kind), level
    for task in seen.tasks.values():
        for level in seen.definition.levels.get(task.element_id, ()) if task.state.is_open else ():
            yield (task.id, None, level.kind), level


def _begin(key: Key, level: ServiceLevel, seen: _Seen) -> None:
    task_id, stage, kind = key
    owner = seen.tasks[task_id] if task_id is not None else seen.case if stage is None else None
    clock = ServiceClock(
        id=new_id(),
        case_id=seen.case.id,
        task_id=task_id,
        stage=stage,
        kind=kind,
        declared=declared(level),
        state=ClockState.RUNNING,
        history=[],
        began_at=seen.now,
        allowance=0.0,
        counted=0.0,
        over=False,
        told=0,
        seq=0,
        leads=kind == RESOLUTION and owner is not None and owner.due_at is None,
    )
    db.session.add(clock)
    _turn(clock, seen)
    _write(clock, seen)


def declared(level: ServiceLevel) -> dict[str, Any]:
    """The level as plain JSON."""
    said = asdict(level)
    del said["line"]
    for point in ("on_warning", "on_breach"):
        said[point]["notify"] = list(said[point]["notify"])
    return said


def _go_on(clock: ServiceClock, level: ServiceLevel, seen: _Seen) -> None:
    """What is measured still is, or is again."""
    if clock.over:
        clock.over = False
        if clock.kind == RESOLUTION or clock.state is ClockState.CANCELLED:
            _turn_to(clock, Turn(clock.ended_at or seen.now, None, CLOSED))
            clock.ended_at = None
    if clock.ended_at is not None:
        return
    if clock.declared != (said := declared(level)):
        clock.declared = said
    _turn(clock, seen)
    _write(clock, seen)


def _turn(clock: ServiceClock, seen: _Seen) -> None:
    """Let the clock run, stand or end, as the case now is."""
    if clock.kind == RESPONSE and any(_has_somebody(task) for task in _answering(clock, seen)):
        _turn_to(clock, _turn_of(clock, seen))
        _end(clock, ClockState.ENDED, seen.now)
        return
    turn = _turn_of(clock, seen)
    clock.state = ClockState.STOPPED if turn.stands else ClockState.RUNNING
    _turn_to(clock, turn)


def _turn_of(clock: ServiceClock, seen: _Seen) -> Turn:
    if seen.case.state is CaseState.SUSPENDED:
        return Turn(seen.now, None, HOLD)
    if clock.task_id is None and seen.waits:
        return Turn(seen.now, None, f"{WAITING}: {seen.waits}")
    return Turn(seen.now, _calendar(clock, seen))


def _turn_to(clock: ServiceClock, turn: Turn) -> None:
    history = history_of(clock)
    now = turned(history, turn)
    if now != history:
        clock.history = [[each.at.isoformat(), each.calendar, each.why] for each in now]
    if not turn.stands:
        clock.calendar = turn.calendar


def _calendar(clock: ServiceClock, seen: _Seen) -> str:
    """The key of the calendar by which it counts; where its expression gives none, the one by which it did."""
    said = str(clock.declared["calendar"])
    if not said.startswith("="):
        return said
    try:
        found = expressions.evaluate(said, seen.case.variables, now=local(seen.now))
    except expressions.ExpressionError:
        found = None
    if isinstance(found, str) and found:
        return "" if found == NO_CALENDAR else found[:100]
    return clock.calendar or ""


def _answering(clock: ServiceClock, seen: _Seen) -> Iterable[HumanTask]:
    """The tasks of which one has to be somebody's."""
    if clock.task_id is not None:
        return [seen.tasks[clock.task_id]] if clock.task_id in seen.tasks else []
    return [task for task in seen.tasks.values() if clock.stage is None or task.stage == clock.stage]


def _has_somebody(task: HumanTask) -> bool:
    return task.assignee is not None or task.closed_by is not None


def _how_it_ended(key: Key, seen: _Seen) -> ClockState:
    task_id, stage, _ = key
    task = seen.tasks.get(task_id) if task_id is not None else None
    if task_id is not None:
        done = task is not None and task.state is TaskState.COMPLETED
    elif stage is not None and seen.case.stage != stage:
        done = seen.case.state is not CaseState.TERMINATED
    else:
        done = seen.case.state is CaseState.COMPLETED
    return ClockState.ENDED if done else ClockState.CANCELLED


def _end(clock: ServiceClock, state: ClockState, now: datetime, *, over: bool = False) -> None:
    clock.over = clock.over or over
    if clock.ended_at is None:
        clock.state, clock.ended_at = state, now


def history_of(clock: ServiceClock) -> list[Turn]:
    """The clock's turns."""
    return [Turn(datetime.fromisoformat(at), calendar, why) for at, calendar, why in clock.history]


def measured(clock: ServiceClock, counters: Counters, until: datetime) -> Measure:
    """How the clock stands, or stood as it ended."""
    said = clock.declared
    return measure(said["target"], said["warning"], history_of(clock), counters.__getitem__, clock.ended_at or until)


def _write(clock: ServiceClock, seen: _Seen) -> None:
    """Work out how the clock stands, and let the worker wait for what comes next."""
    found = measured(clock, seen.counters, seen.now)
    before = clock.warn_at, clock.due_at, clock.told
    clock.allowance = found.allowance.total_seconds()
    if clock.ended_at is not None or sa.inspect(clock).attrs.history.history.has_changes():
        clock.counted = found.counted.total_seconds()
    if clock.told >= BREACHED and found.due_at != clock.due_at and not _is_past(found.due_at, seen.now):
        clock.told = WARNED
    if clock.told >= WARNED and found.warn_at != clock.warn_at and not _is_past(found.due_at, seen.now):
        clock.told = clock.told if _is_past(found.warn_at, seen.now) else 0
    clock.warn_at, clock.due_at = found.warn_at, found.due_at
    if clock.ended_at is not None:
        return
    if (clock.warn_at, clock.due_at, clock.told) != before:
        arm(clock, seen.case)
    _lead(clock, seen)


def _is_past(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now


def _lead(clock: ServiceClock, seen: _Seen) -> None:
    """Where the diagram and people say no other date, what is measured is due when its service level is."""
    if not clock.leads or clock.due_at is None:
        return
    if clock.task_id is None:
        seen.case.due_at = clock.due_at
    elif (task := seen.tasks[clock.task_id]).due_at != clock.due_at:
        task.due_at = clock.due_at
        offers.keep(task)


def next_of(clock: ServiceClock) -> datetime | None:
    """When something is next to be done about the clock; None: not as it stands."""
    if clock.told < WARNED and clock.warn_at is not None:
        return clock.warn_at
    return clock.due_at if clock.told < BREACHED else None


def arm(clock: ServiceClock, case: Case) -> None:
    """Put the next wake-up of the clock into the queue, in this transaction; earlier ones do nothing from now on."""
    clock.seq = (clock.seq or 0) + 1
    if (at := next_of(clock)) is None:
        return
    jobs.enqueue_at(
        max(at, utcnow() + timedelta(milliseconds=1)),
        "look_at_level",
        {"clock": str(clock.id), "seq": clock.seq},
        key=f"level:{clock.id}:{clock.seq}",
        partition=str(case.root_id),
    )


def left_to_people(case: Case, task: HumanTask | None = None) -> None:
    """Somebody says when the case, or this task of it, is due: from then on its service level does not."""
    if not deployed(case.definition_id).definition.is_measured:
        return
    of_case = sa.and_(ServiceClock.task_id.is_(None), ServiceClock.stage.is_(None))
    whose = ServiceClock.task_id == task.id if task else of_case
    db.session.flush()
    told = sa.update(ServiceClock).where(ServiceClock.case_id == case.id, whose, ServiceClock.leads).values(leads=False)
    db.session.execute(told, execution_options={"synchronize_session": "fetch"})


def points(clock: ServiceClock, now: datetime) -> Sequence[int]:
    """What has come and was not yet told: WARNED, BREACHED, in this order."""
    end = now if clock.ended_at is None else min(now, clock.ended_at - timedelta(microseconds=1))
    if clock.state is ClockState.CANCELLED:
        return ()
    come = ((WARNED, clock.warn_at), (BREACHED, clock.due_at))
    return [point for point, at in come if point > clock.told and at is not None and at <= end]
