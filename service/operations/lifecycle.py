"""A case's life beside its diagram: `suspend`, `resume`, `close`, `reopen`, and going back with `repeat`."""

from __future__ import annotations

import uuid
from datetime import datetime
from functools import partial

import sqlalchemy as sa

from service import audit, jobs
from service.db import db, utcnow
from service.engine.definition import Element
from service.engine.errors import NotReady
from service.engine.work import OpenTask, OpenWork
from service.errors import BadRequest, WrongState
from service.execution import calendars, family, levels, milestones, offers
from service.execution.definitions import deployed
from service.execution.projection import NOTHING, arm
from service.execution.running import load, lock, running, save
from service.languages import _
from service.models import SYSTEM, Actor, Case, CaseState, HumanTask, Timer
from service.operations import service_tasks
from service.operations.cases import end_work
from service.policy import closing
from service.policy.permissions import Action, require


def suspend(case: Case, *, by: Actor, reason: str, until: datetime | None = None) -> None:
    """Put the case on hold: nothing can be done in it and its clocks stop, until it is resumed or `until`."""
    lock(case.id)
    require(by, Action.SUSPEND, case)
    _require_state(case, CaseState.ACTIVE)
    now = utcnow()
    if until is not None and until <= now:
        raise BadRequest(_("Say a time to come."), field="until")
    case.state, case.reason = CaseState.SUSPENDED, _said(reason, _("Say why the case is put on hold."))
    case.suspended_at, case.suspended_until = now, until
    details = {"reason": case.reason, **({"until": until.isoformat()} if until else {})}
    audit.record(case, "case:suspended", by=by, details=details)
    levels.keep(case)
    if until is not None:
        arguments = {"case": str(case.id), "until": until.isoformat()}
        jobs.enqueue_at(until, "resume_case", arguments, partition=str(case.root_id))


def resume(case: Case, *, by: Actor) -> None:
    """Let a suspended case go on. What was due in a while is due in that while from now; calendar dates stay."""
    lock(case.id)
    require(by, Action.RESUME, case)
    _require_state(case, CaseState.SUSPENDED)
    _go_on(case, by=by)


def resume_when_due(case_id: uuid.UUID, until: datetime) -> None:
    """Resume a case that was suspended until now, unless somebody did so before or changed the time."""
    case = lock(case_id)
    if case.state is CaseState.SUSPENDED and case.suspended_until == until:
        _go_on(case, by=SYSTEM)


def _go_on(case: Case, *, by: Actor) -> None:
    now = utcnow()
    stood = now - (case.suspended_at or now)
    case.state, case.reason, case.suspended_at, case.suspended_until = CaseState.ACTIVE, None, None, None
    audit.record(case, "case:resumed", by=by, details={"stood": f"PT{stood.total_seconds():.0f}S"})
    workflow = load(case, now=now)
    before = workflow.open_work()
    workflow.shift(stood)
    _let_be_due_later(case, before, workflow.open_work(), now - stood, now)
    unmoved = {timer.timer_id for timer in before.timers} & {
        timer.timer_id for timer in workflow.open_work().timers if timer in before.timers
    }
    save(case, workflow, before, by=by)
    for timer in db.session.scalars(sa.select(Timer).where(Timer.case_id == case.id, Timer.timer_id.in_(unmoved))):
        timer.seq += 1  # its wake-up may have come and gone meanwhile
        arm(timer, case)
    service_tasks.call_again(case, before)
    jobs.enqueue("look_at_children", {"case": str(case.id)}, partition=str(case.root_id))
    jobs.enqueue("take_kept_messages", {"case": str(case.id)}, partition=str(case.root_id))


def _let_be_due_later(case: Case, before: OpenWork, after: OpenWork, begin: datetime, end: datetime) -> None:
    """Move the dates of the case and its open tasks, of which those by the diagram may count working time."""
    attributes = deployed(case.definition_id).definition.info.attributes
    if case.due_at is not None:
        case.due_at = calendars.later(attributes, case.due_at, begin, end)
    drawn: dict[str | None, tuple[OpenTask, OpenTask]] = {
        old.activity_id: (old, new) for old, new in zip(before.tasks, after.tasks, strict=True)
    }
    open_tasks = db.session.scalars(
        sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.closed_at.is_(None))
    ).all()
    for task in open_tasks:
        pair = drawn.get(task.activity_id)
        for name in ("due_at", "follow_up_at"):
            date = getattr(task, name)
            by_diagram = pair is not None and date == getattr(pair[0], name)
            setattr(task, name, getattr(pair[1], name) if pair and by_diagram else date and date + (end - begin))
    offers.keep(*open_tasks)


def close(case: Case, *, by: Actor, outcome: str | None, summary: str = "") -> None:
    """Close the case by hand, as done, with one of the outcomes that its type names; open work in it is cancelled.

    Raises `WrongState` while something required or blocking is open, and where only the diagram may end the case.
    """
    lock(case.id)
    require(by, Action.CLOSE, case)
    _require_state(case, CaseState.ACTIVE)
    outcomes = {each.id for each in deployed(case.definition_id).definition.info.outcomes}
    if not outcomes and not case.held_open:
        raise WrongState(_("Cases of this type end by their diagram; cancel it if it shall end now."))
    if outcomes and outcome not in outcomes:
        raise BadRequest(
            _("Say how the case ended: %(outcomes)s.", outcomes=", ".join(sorted(outcomes))), field="outcome"
        )
    if open_ones := closing.why_not(case):
        raise WrongState(_("Still to be done before: %(open_ones)s.", open_ones=", ".join(open_ones)))
    end_work(case, by=by)
    case.state, case.closed_at, case.reason = CaseState.COMPLETED, utcnow(), None
    case.outcome, case.summary = outcome if outcomes else None, summary.strip() or None
    details = {"outcome": case.outcome, "summary": case.summary}
    said = {name: value for name, value in details.items() if value}
    audit.record(case, "case:completed", by=by, details=said or None)
    family.cancel_children(case, f"{case.number} was closed.")
    family.ended(case)
    levels.keep(case)


def reopen(case: Case, *, by: Actor, reason: str, element_id: str | None = None) -> None:
    """Open the same case again: at a step that may be repeated, or just so, to add tasks, until somebody closes it."""
    lock(case.id)
    require(by, Action.REOPEN, case)
    if not case.state.is_closed:
        raise WrongState(_("This case is %(state)s.", state=_(case.state)))
    said = _said(reason, _("Say why the case is opened again."))
    workflow = load(case)
    case.state, case.reason, case.closed_at, case.returned_at = CaseState.ACTIVE, None, None, None
    case.outcome, case.held_open = None, element_id is None
    details: dict[str, object] = {"reason": said}
    if element_id is not None:
        _require_repeatable(case, element_id)
        details["milestones"] = milestones.take_back(case, workflow, workflow.ahead_of(element_id))
        workflow.reopen_at(element_id)
    audit.record(case, "case:reopened", by=by, element=element_id, details=details)
    save(case, workflow, NOTHING, by=by)


def repeat(case: Case, element_id: str, *, by: Actor, reason: str) -> None:
    """Go back to a finished step, or to the step that a stage begins with; what came after it is cancelled.

    `queries.lifecycle.repeatable` tells before what that is. Raises `WrongState` with the reason when it cannot be.
    """
    with running(case.id, by=by, allowed=partial(require, by, Action.REPEAT)) as workflow:
        said = _said(reason, _("Say why this is done again."))
        _require_repeatable(case, element_id)
        try:
            cancelled = [each.element_id for each in workflow.overtaken_by(element_id)]
            gone = milestones.take_back(case, workflow, workflow.ahead_of(element_id))
            details = {"reason": said, "cancelled": cancelled, "milestones": gone}
            audit.record(case, "case:went-back", by=by, element=element_id, details=details)
            workflow.repeat(element_id)
        except NotReady as refusal:
            raise WrongState(str(refusal)) from None


def _require_repeatable(case: Case, element_id: str) -> Element:
    element = deployed(case.definition_id).definition.elements.get(element_id)
    if element is None or element.attributes.get("repeatable") != "true":
        raise WrongState(_("The designer does not let this step be done again."))
    if not (case.visits or {}).get(element_id):
        raise WrongState(_("“%(element)s” was not done yet.", element=element.name or element_id))
    return element


def _said(text: str, otherwise: str) -> str:
    if not text.strip():
        raise BadRequest(otherwise, field="reason")
    return text.strip()


def _require_state(case: Case, state: CaseState) -> None:
    if case.state is not state:
        raise WrongState(_("This case is %(state)s.", state=_(case.state)))
