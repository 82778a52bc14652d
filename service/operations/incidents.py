"""What is stuck: `record` it, and let operations `retry` it or, when there is nothing left to do, `resolve` it.

Who steers the case may try again too: `mend` corrects a failed case's data and tries its step again, in one act.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from service import audit, jobs
from service.db import db, utcnow
from service.engine.workflow import Workflow
from service.errors import BadRequest, WrongState
from service.execution.definitions import completed
from service.execution.projection import arm, can_sign_in
from service.execution.running import load, lock, save
from service.execution.stores import Stores
from service.jobs import failed_jobs
from service.languages import _
from service.models import Actor, Case, CaseState, HumanTask, Incident, IncidentState, ProcessDefinition, Timer
from service.operations import service_tasks
from service.operations.cases import plain
from service.policy.permissions import Action, may, require


def record(
    message: str, *, case_id: uuid.UUID | None, job: Mapping[str, Any], activity_id: str | None = None
) -> Incident:
    """Note that a job (name and arguments) is out of attempts."""
    element_id = service_tasks.element_of(case_id, activity_id) if case_id and activity_id else None
    if case_id and activity_id:
        message += service_tasks.history_of(case_id, activity_id)
    incident = Incident(
        case_id=case_id, element_id=element_id, activity_id=activity_id, message=message[:2000], job=dict(job)
    )
    db.session.add(incident)
    return incident


def retry(incident: Incident, *, by: Actor, variables: Mapping[str, Any] | None = None) -> None:
    """Try again what is stuck: the job, or the step at which the case failed, after changing `variables` of the case.

    For operations, and for who steers the case. What fails again makes a new incident. Raises `WrongState` when it is
    resolved or its case has ended; `NotFound` for variables of a restricted case that `by` has no part in.
    """
    case = lock(incident.case_id) if incident.case_id else None
    if case is None or not may(by, Action.RETRY, case):
        require(by, Action.RESOLVE_INCIDENT)
    if case is not None and variables:
        require(by, Action.CHANGE_VARIABLES, case)
    _require_open(incident)
    if case is None and incident.job is None:
        raise WrongState(_("There is nothing to try again here; put it away when it is seen to."))
    if case is not None and case.state.is_closed:
        raise WrongState(_("This case is %(state)s.", state=_(case.state)))
    if case is not None and incident.job is None and case.state is CaseState.ACTIVE:
        _require_somebody(incident)
        _close([incident], by)
        return
    _close([incident], by)
    if case is not None and incident.job is None:
        _retry_case(case, variables or {}, by)
        return
    if variables:
        raise BadRequest(_("Only a case that failed takes variables; change those of a running case on its page."))
    if incident.job is not None:
        _retry_job(incident.job, case)
    if case is not None:
        audit.record(case, "incident:retried", by=by, element=incident.element_id)


def mend(case: Case, *, by: Actor, variables: Mapping[str, Any] | None = None) -> None:
    """Try again the step at which the case failed, after changing `variables`; who steers the case may.

    What fails again makes a new incident. Raises `WrongState` where the case has not failed.
    """
    lock(case.id)
    require(by, Action.RETRY, case)
    _retry_case(case, variables or {}, by)


def resolve(incident: Incident, *, by: Actor) -> None:
    """Put the incident away: somebody has seen to it, or it needs nothing more."""
    require(by, Action.RESOLVE_INCIDENT)
    db.session.refresh(incident, with_for_update=True)
    _require_open(incident)
    if incident.case_id and incident.job is None and db.session.get_one(Case, incident.case_id).state == "failed":
        raise WrongState(_("The case still stands where it failed; try it again, or cancel it."))
    _close([incident], by)


def _require_somebody(incident: Incident) -> None:
    """Raise `WrongState` while the task that an incident of a running case is about is still nobody's."""
    tasks = sa.select(HumanTask).where(
        HumanTask.case_id == incident.case_id,
        HumanTask.activity_id == incident.activity_id,
        HumanTask.closed_at.is_(None),
    )
    for task in db.session.scalars(tasks):
        if task.assignee is not None and not can_sign_in(task.assignee):
            raise WrongState(
                _("There is still no user “%(assignee)s”. Assign the task to somebody.", assignee=task.assignee)
            )


def settle(task: HumanTask, *, by: Actor) -> None:
    """Put away what was told of a task that was nobody's: it is somebody's now."""
    of_task = sa.select(Incident).where(
        Incident.case_id == task.case_id,
        Incident.activity_id == task.activity_id,
        Incident.state == IncidentState.OPEN,
        Incident.job.is_(sa.null()),
    )
    if task.activity_id is not None and task.case.state is CaseState.ACTIVE:
        _close(list(db.session.scalars(of_task)), by)


def _require_open(incident: Incident) -> None:
    if incident.state is not IncidentState.OPEN:
        raise WrongState(_("This incident is resolved already."))


def _close(incidents: list[Incident], by: Actor) -> None:
    for incident in incidents:
        incident.state, incident.resolved_at, incident.resolved_by = IncidentState.RESOLVED, utcnow(), by.name


def _retry_case(case: Case, variables: Mapping[str, Any], by: Actor) -> None:
    if case.state is not CaseState.FAILED:
        raise WrongState(_("This case is %(state)s.", state=_(case.state)))
    put_away(case, by=by)
    if newer := completed(db.session.get_one(ProcessDefinition, case.definition_id)):
        case.definition = newer  # what was missing has been deployed since
        db.session.flush()
    workflow = load(case)
    workflow.stores = Stores()
    before = workflow.open_work()
    workflow.take_happenings()
    changes = plain(variables)
    details = {"names": sorted(changes)} if changes else None
    audit.record(case, "incident:retried", by=by, details=details)
    workflow.mend(changes)
    case.state, case.reason = CaseState.ACTIVE, None
    workflow.retry()
    save(case, workflow, before, by=by)
    if case.state is CaseState.ACTIVE:
        catch_up(case, {timer.timer_id for timer in before.timers}, workflow)


def put_away(case: Case, *, by: Actor) -> None:
    """The locked `case` is about to go on from where it failed: nobody has to see to that any more."""
    where_it_failed = sa.select(Incident).where(
        Incident.case_id == case.id, Incident.state == IncidentState.OPEN, Incident.job.is_(sa.null())
    )
    _close(list(db.session.scalars(where_it_failed)), by)


def catch_up(case: Case, timers: set[str], workflow: Workflow) -> None:
    """While the case stood still, what came for it was turned away: let it come again."""
    for timer in db.session.scalars(sa.select(Timer).where(Timer.case_id == case.id, Timer.timer_id.in_(timers))):
        timer.seq += 1
        arm(timer, case)
    service_tasks.call_again(case, workflow.open_work())
    jobs.enqueue("look_at_children", {"case": str(case.id)}, partition=str(case.root_id))
    jobs.enqueue("take_kept_messages", {"case": str(case.id)}, partition=str(case.root_id))


def _retry_job(job: Mapping[str, Any], case: Case | None) -> None:
    name, arguments = job["name"], job["arguments"]
    for failed in failed_jobs.latest():
        if (failed.name, failed.arguments) == (name, arguments):
            failed_jobs.retry(failed)
            return
    jobs.enqueue(name, arguments, partition=str(case.root_id) if case else name)
