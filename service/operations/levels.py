"""Service levels that are warned of and breached: `look`, for the worker, and `recount` when a calendar changes.

What is done is done once for each, in the transaction that notes it; what cannot be done is told in the case's story.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service import audit, jobs
from service.db import database_now, db, local
from service.errors import ServiceError
from service.execution import family, levels, offers
from service.execution.definitions import deployed
from service.execution.levels import BREACHED, WARNED
from service.execution.running import load, lock
from service.languages import _
from service.models import SYSTEM, Case, CaseState, HumanTask, Membership, ServiceClock, TaskCandidate, User
from service.operations import adhoc, cases, notes, tasks
from service.operations.users import actor_of
from service.policy.permissions import Action, may

MOST = 50  #: people whom one escalation tells
AT_ONCE = 500  #: cases that one job has recounted
_POINTS = {WARNED: ("level:warned", "on_warning"), BREACHED: ("level:breached", "on_breach")}
_KINDS = {WARNED: "level-warned", BREACHED: "level-breached"}  #: of notifications


def case_of(clock_id: uuid.UUID) -> uuid.UUID | None:
    """The case that the clock measures something of."""
    return db.session.scalar(sa.select(ServiceClock.case_id).where(ServiceClock.id == clock_id))


def look(clock_id: uuid.UUID, seq: int) -> bool:
    """Note that the clock is warned of, or breached, by the database's clock, and escalate; say whether it was.

    However late this is: what has come is done, one after the other. A wake-up with another `seq` does nothing.
    """
    case_id = case_of(clock_id)
    if case_id is None:
        return False
    case = lock(case_id)
    clock = db.session.get(ServiceClock, clock_id, populate_existing=True)
    if clock is None or clock.seq != seq:
        return False
    come = levels.points(clock, database_now())
    if come:
        clock.told = come[-1]
    if clock.ended_at is None:
        levels.arm(clock, case)
    for point in come:
        _tell(case, clock, point)
    return bool(come)


def _tell(case: Case, clock: ServiceClock, point: int) -> None:
    action, key = _POINTS[point]
    task = clock.task
    details = {**about(clock), "target": clock.declared["target"], "at": _iso(_moment(clock, point))}
    audit.record(case, action, by=SYSTEM, element=(task.element_id or None) if task else None, details=details)
    said = clock.declared[key]
    to_do: list[tuple[str, Callable[[], None]]] = []
    if said["priority"] is not None:
        to_do.append(("priority", lambda: _raise_priority(case, task, said["priority"])))
    if said["assign"]:
        to_do.append(("assign", lambda: _assign(case, clock, said["assign"])))
    if said["activity"]:
        to_do.append(("activity", lambda: _start(case, said["activity"], _sentence(case, clock, point))))
    if said["notify"]:
        about_it = notes.About(task=task, tells=_KINDS[point])
        to_do.append(("notify", lambda: _notify(case, about_it, said["notify"], _sentence(case, clock, point))))
    for what, do in to_do:
        try:
            do()
        except ServiceError as refused:
            why = {**about(clock), "what": what, "why": str(refused)}
            audit.record(case, "level:not-escalated", by=SYSTEM, details=why)


def about(clock: ServiceClock) -> dict[str, Any]:
    """What the audit keeps of a service level: of which task, or stage, or else the case."""
    of = {"task": str(clock.task_id)} if clock.task_id else {"stage": clock.stage} if clock.stage else {}
    return {"kind": clock.kind, **of}


def _moment(clock: ServiceClock, point: int) -> datetime | None:
    return clock.warn_at if point == WARNED else clock.due_at


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


@dataclass
class Impossible(ServiceError):
    """Something that an escalation asks for cannot be done as the case now is."""

    message: str

    def __str__(self) -> str:
        return self.message


def _raise_priority(case: Case, task: HumanTask | None, priority: int) -> None:
    """What is less urgent becomes so urgent; nothing becomes less so."""
    if task is None:
        if not case.state.is_closed and case.priority < priority:
            cases.change(case, by=SYSTEM, priority=priority)
    elif task.state.is_open and task.priority < priority:
        tasks.schedule(task, by=SYSTEM, priority=priority)


def _assign(case: Case, clock: ServiceClock, said: str) -> None:
    task = clock.task
    if clock.ended_at is not None:
        raise Impossible(_("It was done meanwhile."))
    principals = _principals(case, task, [said])
    people = _people(principals)
    if task is None:
        if len(people) != 1:
            raise Impossible(_("“%(said)s” is not one person who can sign in.", said=said))
        cases.change(case, by=SYSTEM, owner=people[0])
        return
    if len(people) == 1 and not said.startswith("group:"):
        if task.assignee != people[0].name:
            tasks.assign(task, by=SYSTEM, to=people[0])
        return
    if not people:
        raise Impossible(_("“%(said)s” is nobody who can sign in.", said=said))
    if task.assignee is not None:
        tasks.assign(task, by=SYSTEM, to=None)
    db.session.flush()
    there = set(db.session.scalars(sa.select(TaskCandidate.principal).where(TaskCandidate.task_id == task.id)))
    if new := [each for each in principals if each not in there]:
        offers.offer(task, new)
        details = {"task": str(task.id), "to": new}
        audit.record(case, "task:offered", by=SYSTEM, element=task.element_id or None, details=details)


def _start(case: Case, element_id: str, reason: str) -> None:
    if case.state is not CaseState.ACTIVE:
        raise Impossible(_("This case is %(state)s.", state=_(case.state)))
    why = "Its ad hoc sub-process is not open."
    for place in load(case).open_adhoc():
        for each in place.enabled:
            if each.element_id == element_id and each.may_start:
                adhoc.activate(case, place.activity_id, element_id, by=SYSTEM, reason=reason)
                return
            if each.element_id == element_id:
                why = each.why_not or why
    raise Impossible(why)


def _notify(case: Case, about_it: notes.About, said: Iterable[str], sentence: str) -> None:
    """Write a note that mentions them: of those who may read it."""
    people = _people(_principals(case, about_it.task, said))
    readers = [each.name for each in people if may(actor_of(each.id), Action.WRITE_NOTE, case)]
    if not readers:
        raise Impossible(_("Nobody of those who are to be told may see the case's notes."))
    named = " ".join(f"@{name}" for name in readers[:MOST])
    notes.write(case, f"{sentence} {named}", by=SYSTEM, about=about_it)


def _principals(case: Case, task: HumanTask | None, said: Iterable[str]) -> list[str]:
    """`user:NAME` and `group:NAME` of what a level names."""
    found: list[str] = []
    for name in said:
        if name == "assignee":
            found += [f"user:{task.assignee}"] if task and task.assignee else []
        elif name == "candidates":
            whose = sa.select(TaskCandidate.principal).where(TaskCandidate.task_id == (task.id if task else None))
            found += sorted(db.session.scalars(whose))
        elif name == "owner":
            found += [f"user:{case.owner.name}"] if case.owner else []
        elif name.startswith("role:"):
            found += family.holders(case, [name.removeprefix("role:")])
        else:
            found.append(name if name.startswith("group:") else f"user:{name}")
    return list(dict.fromkeys(found))


def _people(principals: Sequence[str]) -> Sequence[User]:
    """The people behind them who can sign in, by name."""
    names = [each.removeprefix("user:") for each in principals if each.startswith("user:")]
    groups = [each.removeprefix("group:") for each in principals if each.startswith("group:")]
    members = sa.select(Membership.user_id).where(Membership.group_name.in_(groups))
    chosen = sa.select(User).where(User.active, ~User.is_machine, sa.or_(User.name.in_(names), User.id.in_(members)))
    return db.session.scalars(chosen.order_by(User.name)).all()


def _sentence(case: Case, clock: ServiceClock, point: int) -> str:
    """What is said of it to people, in the installation's zone."""
    task = clock.task
    what = f"“{task.name}”" if task else "this case"
    if clock.stage:
        stages = {stage.id: stage.name for stage in deployed(case.definition_id).definition.info.stages}
        what = f"the stage “{stages.get(clock.stage, clock.stage)}”"
    goal = "to be taken up" if clock.kind == levels.RESPONSE else "to be done"
    at = local(clock.due_at) if clock.due_at else None
    by = f"{at:%a} {at.day} {at:%b %Y, %H:%M}" if at else ""
    if point == BREACHED:
        return f"The service level is breached: {what} was {goal} by {by}."
    return f"The service level is running out: {what} is {goal}{f' by {by}' if by else ''}."


def recount_calendar(key: str, after: uuid.UUID | None = None) -> None:
    """Have open clocks recounted that count by a calendar which has changed: a job for each case, some at a time."""
    counting = sa.select(ServiceClock.case_id).where(ServiceClock.calendar == key, ServiceClock.ended_at.is_(None))
    chosen = sa.select(Case.id, Case.root_id).where(Case.id.in_(counting))
    if after is not None:
        chosen = chosen.where(Case.id > after)
    rows = db.session.execute(chosen.order_by(Case.id).limit(AT_ONCE)).all()
    for case_id, root_id in rows:
        jobs.enqueue("recount_levels", {"case": str(case_id)}, partition=str(root_id))
    if len(rows) == AT_ONCE:
        changed(key, rows[-1].id)


def changed(key: str, after: uuid.UUID | None = None) -> None:
    """Leave the job that recounts what counts by this calendar."""
    arguments = {"calendar": key, **({"after": str(after)} if after else {})}
    jobs.enqueue("recount_calendar", arguments, partition=f"calendar {key}")


def recount(case_id: uuid.UUID) -> None:
    """Count one case's clocks anew."""
    levels.recount(lock(case_id))
