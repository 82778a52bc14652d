"""Ad hoc work: `activate` what the diagram leaves to people, and `finish` it (BPMN 2.0.2 §13.3.5).

What can be started, and why the rest cannot, is told by queries/adhoc.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from service import audit
from service.db import db
from service.engine.errors import NotReady
from service.engine.work import Enabled, OpenAdHoc
from service.engine.workflow import Workflow
from service.errors import BadRequest, Forbidden, WrongState
from service.execution import levels, offers
from service.execution.running import running
from service.languages import _
from service.models import Actor, Case, HumanTask, TaskCandidate, TaskState, User
from service.policy.offered import Starter
from service.policy.permissions import Action, may, require


def activate(
    case: Case,
    activity_id: str,
    element_id: str,
    *,
    by: Actor,
    reason: str | None = None,
    data: Mapping[str, Any] | None = None,
    to: User | None = None,
) -> str:
    """Start the activity `element_id` of the open ad hoc sub-process `activity_id`; the new activity's id.

    `to` gets the task at once. Raises `WrongState` with the reason when it cannot be started now, `Forbidden` for who
    may not start it, `BadRequest` without the reason that the designer asks for.
    """
    case_id = case.id
    with running(case_id, by=by, allowed=partial(require, by, Action.ACTIVATE)) as workflow:
        found = _enabled(workflow.open_adhoc(), activity_id, element_id)
        if refused := Starter.of(by, case).why_not(found):
            raise Forbidden(refused)
        if found.reason_required and not (reason or "").strip():
            raise BadRequest(_("Say why “%(found)s” is started.", found=found.name))
        details = _details(reason) | ({"to": to.name} if to else {})
        audit.record(case, "adhoc:activated", by=by, element=element_id, details=details or None)
        made = _started(workflow, activity_id, element_id, data)
    if to is not None:
        _give(case, made, to, by=by)
    return made


def finish(case: Case, activity_id: str, *, by: Actor, reason: str | None = None) -> bool:
    """End the open ad hoc sub-process `activity_id` by hand, with what is open in it.

    False: the diagram says that what is open is done first; only nothing new starts from now on.
    Raises `WrongState` while something required is not done, or when it is not open.
    """
    with running(case.id, by=by, allowed=partial(require, by, Action.FINISH_AD_HOC)) as workflow:
        open_ones = {found.activity_id: found.element_id for found in workflow.open_adhoc()}
        audit.record(
            case, "adhoc:finished", by=by, element=open_ones.get(activity_id), details=_details(reason) or None
        )
        try:
            workflow.finish_adhoc(activity_id)
        except NotReady as refusal:
            raise WrongState(str(refusal)) from None
        return all(found.activity_id != activity_id for found in workflow.open_adhoc())


def _started(workflow: Workflow, activity_id: str, element_id: str, data: Mapping[str, Any] | None) -> str:
    try:
        return workflow.activate(activity_id, element_id, data)
    except NotReady as refusal:
        raise WrongState(str(refusal)) from None


def _enabled(open_ones: Sequence[OpenAdHoc], activity_id: str, element_id: str) -> Enabled:
    for found in open_ones:
        if found.activity_id == activity_id:
            for each in found.enabled:
                if each.element_id == element_id:
                    return each
            raise WrongState(_("“%(element_id)s” is no activity that can be started here.", element_id=element_id))
    raise WrongState(_("This part of the case is not open any more."))


def _details(reason: str | None) -> dict[str, Any]:
    return {"reason": reason.strip()} if reason and reason.strip() else {}


def _give(case: Case, activity_id: str, to: User, *, by: Actor) -> None:
    """Give the task that has just begun to somebody who may do it: a candidate, or anybody for who may assign."""
    db.session.flush()
    task = db.session.scalar(
        sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.activity_id == activity_id)
    )
    if task is None or not task.state.is_open:
        raise BadRequest(_("This activity is no task that somebody could be given."))
    if not to.active:
        raise BadRequest(_("%(to)s cannot sign in any more.", to=to.display_name))
    candidates = set(db.session.scalars(sa.select(TaskCandidate.principal).where(TaskCandidate.task_id == task.id)))
    theirs = {f"user:{to.name}", *(f"group:{membership.group_name}" for membership in to.memberships)}
    if candidates and candidates.isdisjoint(theirs) and not may(by, Action.ASSIGN, task):
        raise Forbidden(_("%(to)s is none of those who may do this.", to=to.display_name))
    task.assignee, task.state = to.name, TaskState.RESERVED
    offers.keep(task)
    levels.keep(case)
