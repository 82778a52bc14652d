"""How service levels stand, and their arithmetic: every stretch of time that was counted or was not, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from service.db import db, utcnow
from service.engine.service_levels import Measure, Stretch, stretches
from service.execution import calendars
from service.execution.definitions import deployed
from service.execution.levels import CLOSED, HOLD, WAITING, Counters, history_of, measured
from service.languages import _, later
from service.models import Calendar, Case, ClockState, HumanTask, ServiceClock

TOLD = 400  #: stretches of one reckoning that are listed
NAMED = 3  #: holidays that one stretch is explained by
_OFF = 31  #: days of a stretch among which holidays are sought


class Verdict(StrEnum):
    """How much of the time is used up."""

    OK = "ok"
    WARNED = "warned"
    BREACHED = "breached"


@dataclass(frozen=True)
class Standing:
    """One service level of a case, as it stands now or stood as it ended."""

    clock: ServiceClock
    name: str  #: of the stage or task; empty: it is the case's
    measure: Measure
    verdict: Verdict
    until: datetime  #: when it was looked at, or ended

    @property
    def about(self) -> str:
        """What it measures: case, stage or task."""
        return "task" if self.clock.task_id else "stage" if self.clock.stage else "case"

    @property
    def state(self) -> str:
        """running, stopped, met, missed or cancelled."""
        if self.clock.state is ClockState.ENDED:
            return "missed" if self.verdict is Verdict.BREACHED else "met"
        return self.clock.state.value

    @property
    def why(self) -> str:
        """Why the clock stands: `hold`, or `waiting: ` and for what; empty while it does not."""
        return str(self.clock.history[-1][2]) if self.clock.state is ClockState.STOPPED else ""


@dataclass(frozen=True)
class Line:
    """A stretch of time, and why it was not counted; empty: it was."""

    begin: datetime
    end: datetime
    is_counted: bool
    why: str

    @property
    def length(self) -> timedelta:
        """How long it is by the clock."""
        return self.end - self.begin


@dataclass(frozen=True)
class Arithmetic:
    """What was counted of one service level; of very long ones only the first stretches are listed."""

    standing: Standing
    lines: tuple[Line, ...]
    is_whole: bool


def of_case(case: Case) -> list[Standing]:
    """Those of a case that somebody may read: its own, and those of the stage and the tasks that are open. The case's
    come first. Costs nothing where its version declares none."""
    if not deployed(case.definition_id).definition.is_measured:
        return []
    own = sa.and_(ServiceClock.task_id.is_(None), ServiceClock.stage.is_(None))
    found = _standing(case, ServiceClock.case_id == case.id, sa.or_(~ServiceClock.over, own))
    return sorted(found, key=lambda each: ("case", "stage", "task").index(each.about))


def of_task(task: HumanTask) -> list[Standing]:
    """Those of a task that somebody may read, also when it is closed."""
    if task.element_id not in deployed(task.case.definition_id).definition.levels:
        return []
    return _standing(task.case, ServiceClock.task_id == task.id)


def _standing(case: Case, *which: sa.ColumnElement[bool]) -> list[Standing]:
    rows = sa.select(ServiceClock).where(*which).order_by(ServiceClock.id).options(joinedload(ServiceClock.task))
    stages = {stage.id: stage.name for stage in deployed(case.definition_id).definition.info.stages}
    now, counters = utcnow(), Counters()
    found = []
    for clock in db.session.scalars(rows):
        measure = measured(clock, counters, now)
        name = clock.task.name if clock.task else stages.get(clock.stage, clock.stage) if clock.stage else ""
        found.append(Standing(clock, name, measure, _verdict(clock, measure, now), clock.ended_at or now))
    return found


def _verdict(clock: ServiceClock, measure: Measure, now: datetime) -> Verdict:
    def has_come(at: datetime | None) -> bool:
        return at is not None and (at <= now if clock.ended_at is None else at < clock.ended_at)

    return Verdict.BREACHED if has_come(measure.due_at) else Verdict.WARNED if has_come(measure.warn_at) else Verdict.OK


def arithmetic(found: Iterable[Standing]) -> list[Arithmetic]:
    """The stretches of each, from its beginning until now, or until it ended."""
    counters, rows = Counters(), _Rows()
    return [_arithmetic(standing, counters, rows) for standing in found]


def _arithmetic(standing: Standing, counters: Counters, rows: _Rows) -> Arithmetic:
    history = history_of(standing.clock)
    every = stretches(history, counters.__getitem__, standing.until)
    found = list(islice(every, TOLD + 1))
    lines = tuple(Line(each.begin, each.end, each.is_counted, _why(each, rows)) for each in found[:TOLD])
    return Arithmetic(standing, lines, len(found) <= TOLD)


class _Rows(dict[str, Calendar | None]):
    """Calendars by key; each is read once."""

    def __missing__(self, key: str) -> Calendar | None:
        self[key] = db.session.get(Calendar, key)
        return self[key]


_STANDS = {HOLD: later("the case was on hold"), CLOSED: later("the case was closed")}


def _why(stretch: Stretch, rows: _Rows) -> str:
    """Why it was not counted, or, of all time, that a calendar was gone."""
    said = stretch.turn.why
    if stretch.turn.stands:
        return _STANDS.get(said, f"only waited for {said.removeprefix(f'{WAITING}: ')}")
    key = stretch.turn.calendar or ""
    row = rows[key] if key else None
    if stretch.is_counted:
        return _("all time: there is no calendar “%(key)s” any more", key=key) if key and row is None else ""
    names = _holidays(stretch, row) if row is not None else ()
    return _("not worked: ") + ", ".join(names) if names else _("not worked")


def _holidays(stretch: Stretch, row: Calendar) -> Sequence[str]:
    """What holidays, and days off of the calendar's own, lie in a stretch in which nobody works."""
    zone = ZoneInfo(row.zone)
    day, last = stretch.begin.astimezone(zone).date(), stretch.end.astimezone(zone).date()
    found = []
    for _day in range(_OFF):
        if day > last:
            break
        own = row.days.get(day.isoformat())
        found.append(str(own["why"]) if own is not None and not own["hours"] else calendars.name_of(row, day))
        day += timedelta(days=1)
    return list(dict.fromkeys(filter(None, found)))[:NAMED]
