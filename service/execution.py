"""DATABASE → ENGINE → DATABASE: lock, load, run, save, project. The one bridge between the engine and the rows.

The rule to know: inside `running(case)` the case row is locked and everything read before is read again; when the
block ends, what the engine waits for is compared with what it waited for before, and only the difference is written.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from . import advanced, audit, family, jobs, logs, milestones
from .db import Base, db, new_id, utcnow
from .engine.parser import Definition, parse
from .engine.work import Happening, OpenSubscription, OpenTask, OpenTimer, OpenWork, What, WorkflowState
from .engine.workflow import Workflow
from .errors import NotFound, WrongState
from .models import (
    Case,
    CaseState,
    DataStore,
    FormDefinition,
    HumanTask,
    Incident,
    ProcessDefinition,
    Resource,
    Subscription,
    TaskCandidate,
    TaskState,
    Timer,
)
from .permissions import Actor
from .stores import Stores
from .titles import title_of

NOTHING = OpenWork()
#: Put together once: building a statement costs as much as having it executed. All of it is read, whatever was known.
_WHOLE = (
    sa.select(Case)
    .options(undefer(Case.snapshot))
    .where(Case.id == sa.bindparam("case_id"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
_CANDIDATES = Base.metadata.tables[TaskCandidate.__tablename__]
_DROP_CANDIDATES = sa.delete(_CANDIDATES).where(_CANDIDATES.c.task_id.in_(sa.bindparam("tasks", expanding=True)))
_READ_AT = "version of the case with which it was read"


@dataclass(frozen=True)
class Deployed:
    """A process definition as the service uses it; immutable, kept for the process's life."""

    id: uuid.UUID
    key: str
    version: int
    name: str
    definition: Definition
    forms: Mapping[str, uuid.UUID]
    title: str  #: template of its cases' titles


@lru_cache(maxsize=512)
def deployed(definition_id: uuid.UUID) -> Deployed:
    """The definition with this id, parsed once per process."""
    row = db.session.get_one(ProcessDefinition, definition_id)
    package = parse(read_files(row.files), deployed=True)
    definition = package.definitions[row.key]
    title = definition.info.attributes.get("title") or row.name
    forms = {key: uuid.UUID(form) for key, form in row.forms.items()}
    return Deployed(row.id, row.key, row.version, row.name, definition, forms, title)


@lru_cache(maxsize=1024)
def form_schema(form_id: uuid.UUID) -> dict[str, Any]:
    """The form-js schema of a deployed form. Callers do not change it."""
    form = db.session.get_one(FormDefinition, form_id)
    schema: dict[str, Any] = json.loads(resource(form.hash))
    return schema


def form_of(definition_id: uuid.UUID, form_key: str | None) -> dict[str, Any] | None:
    """The schema that the definition names `form_key`, None without a form. Raises `NotFound` when it is gone."""
    if form_key is None:
        return None
    form_id = deployed(definition_id).forms.get(form_key)
    if form_id is None:
        raise NotFound(f"The form “{form_key}” is not deployed.")
    return form_schema(form_id)


def form_of_task(task: HumanTask) -> dict[str, Any] | None:
    """The schema of a task's form, None without one: the definition's, or the one given to a task that nobody drew."""
    if task.form_id is not None:
        return form_schema(task.form_id)
    return form_of(task.case.definition_id, task.form_key)


def resource(digest: str) -> bytes:
    """The bytes of a deployed file."""
    return db.session.execute(sa.select(Resource.content).where(Resource.hash == digest)).scalar_one()


def read_files(files: Mapping[str, str]) -> dict[str, bytes]:
    """File name -> bytes, for file name -> hash."""
    rows = db.session.execute(sa.select(Resource.hash, Resource.content).where(Resource.hash.in_(files.values())))
    content: dict[str, bytes] = {row.hash: row.content for row in rows}
    return {name: content[digest] for name, digest in files.items()}


def lock(case_id: uuid.UUID, task: HumanTask | None = None) -> Case:
    """Wait for our turn at the case; what was read before may be stale, so all of it is read again.

    Except `task`, where it was read together with its case (`read_at`) whose version is still the same: every change
    of a task changes its case.
    """
    db.session.flush()
    seen, kept = _kept(task) if task is not None else (None, [])
    _expire_all_but(kept)
    case = db.session.scalars(_WHOLE, {"case_id": case_id}).one_or_none()
    if case is None or case.version != seen:
        for row in kept:
            db.session.expire(row)
    if case is None:
        raise NotFound("This case is gone.")
    logs.about(case.number)
    return case


def _kept(task: HumanTask) -> tuple[int | None, list[Any]]:
    """At which version of its case the task was read, and what need not be read again if it still has that version."""
    seen = sa.inspect(task).info.pop(_READ_AT, None)
    candidates = [row for row in task.__dict__.get("candidates", ()) if isinstance(row, TaskCandidate)]
    return seen, [] if seen is None else [task, *candidates]


def _expire_all_but(kept: Sequence[Any]) -> None:
    if not kept:
        db.session.expire_all()
        return
    for row in list(db.session):
        if not any(row is each for each in kept):
            db.session.expire(row)


def read_at(task: HumanTask, version: int) -> None:
    """Note that `task` was read in the very statement that read its case at `version`."""
    sa.inspect(task).info[_READ_AT] = version


@contextmanager
def running(
    case_id: uuid.UUID, *, by: Actor, task: HumanTask | None = None, now: datetime | None = None
) -> Iterator[Workflow]:
    """The case's workflow, locked and loaded; what the block does with it is saved and projected when the block ends.

    Raises `WrongState` when the case is not active. `task`: as `lock` has it. `now`: the workflow's time, where that is
    not for this process's clock to say.
    """
    case = lock(case_id, task)
    if case.state is not CaseState.ACTIVE:
        raise WrongState(f"This case is {case.state}.")
    workflow = Workflow.load(deployed(case.definition_id).definition, case.snapshot or b"", now=now or utcnow())
    workflow.stores = Stores()
    before = workflow.open_work()
    workflow.take_happenings()
    yield workflow
    save(case, workflow, before, by=by)


def save(case: Case, workflow: Workflow, before: OpenWork, *, by: Actor) -> None:
    """Write what became of `workflow` into `case` and its rows."""
    happenings = workflow.take_happenings()
    after = workflow.open_work()
    advanced.record(case, workflow, happenings, before, after, by=by)
    milestones.reach(case, workflow, happenings, by=by)
    _project_case(case, workflow, happenings, after)
    _project_tasks(case, before.tasks, after.tasks)
    _project_timers(case, before.timers, after.timers)
    _project_subscriptions(case, before.subscriptions, after.subscriptions)
    _send(case, happenings, before, after)
    _store(case, happenings)
    if workflow.state is WorkflowState.FAILED:
        _fail(case, workflow, by)
    elif case.state.is_closed:
        case.closed_at = utcnow()
        audit.record(case, f"case:{case.state}", by=by)
    if case.state is not CaseState.ACTIVE:
        family.ended(case)


def _project_case(case: Case, workflow: Workflow, happenings: Sequence[Happening], after: OpenWork) -> None:
    definition = deployed(case.definition_id)
    case.state = _state_of(case, workflow)
    case.variables = dict(workflow.variables)
    case.title = title_of(definition.title, workflow.variables)
    case.marked = list(after.marked)
    case.visits = _counted(case.visits or {}, happenings)
    for happening in happenings:
        element = definition.definition.elements.get(happening.element_id)
        if happening.what is What.ENTERED and element and element.attributes.get("stage"):
            case.stage = element.attributes["stage"]
        if happening.what is What.COMPLETED and element and element.attributes.get("outcome"):
            case.outcome = element.attributes["outcome"]
    case.snapshot = workflow.dump()


def _state_of(case: Case, workflow: Workflow) -> CaseState:
    """Where the case stands: done when its workflow is, unless something still keeps it from being closed."""
    if case.held_open and workflow.state in (WorkflowState.COMPLETED, WorkflowState.TERMINATED):
        return CaseState.ACTIVE
    if workflow.state is WorkflowState.COMPLETED and family.blockers(case.id):
        return CaseState.ACTIVE
    return CaseState(workflow.state)


def _counted(visits: Mapping[str, int], happenings: Iterable[Happening]) -> dict[str, int]:
    counted = (h for h in happenings if h.what in (What.COMPLETED, What.FLOWED) and "container" not in h.details)
    done = Counter(happening.element_id for happening in counted)
    return {**visits, **{element: visits.get(element, 0) + n for element, n in done.items()}}


def _project_tasks(case: Case, before: Sequence[OpenTask], after: Sequence[OpenTask]) -> None:
    gone = {task.activity_id for task in before} - {task.activity_id for task in after}
    known = {task.activity_id for task in before}
    if gone:
        now = utcnow()
        rows = [t for t in _tasks_in_session(case) if t.activity_id in gone]
        missing = gone - {t.activity_id for t in rows}
        closed = [t.id for t in rows]
        if missing:
            closed += db.session.scalars(
                sa.update(HumanTask)
                .where(HumanTask.case_id == case.id, HumanTask.activity_id.in_(missing), HumanTask.closed_at.is_(None))
                .values(state=TaskState.CANCELLED, closed_at=now, version=HumanTask.version + 1)
                .returning(HumanTask.id)
                .execution_options(synchronize_session=False)
            )
        for row in rows:
            if row.state.is_open:
                row.state, row.closed_at = TaskState.CANCELLED, now
        db.session.execute(_DROP_CANDIDATES, {"tasks": closed})
    for task in after:
        if task.activity_id not in known:
            _open_task(case, task)


def _tasks_in_session(case: Case) -> list[HumanTask]:
    return [row for row in db.session.identity_map.values() if isinstance(row, HumanTask) and row.case_id == case.id]


def _open_task(case: Case, task: OpenTask) -> None:
    row = HumanTask(
        id=new_id(),
        case_id=case.id,
        activity_id=task.activity_id,
        element_id=task.element_id,
        name=task.name or task.element_id,
        state=TaskState.RESERVED if task.assignee else TaskState.READY,
        assignee=task.assignee,
        form_key=task.form_key,
        stage=task.stage,
        priority=task.priority,
        due_at=task.due_at,
        follow_up_at=task.follow_up_at,
        not_done_by=list(task.not_done_by) or None,
        candidate_roles=list(task.candidate_roles) or None,
        local=dict(task.local) or None,
    )
    db.session.add(row)
    principals = [f"user:{name}" for name in task.candidate_users] + [f"group:{name}" for name in task.candidate_groups]
    principals += family.holders(case, task.candidate_roles)
    db.session.add_all(TaskCandidate(task_id=row.id, principal=principal) for principal in dict.fromkeys(principals))


def _project_timers(case: Case, before: Sequence[OpenTimer], after: Sequence[OpenTimer]) -> None:
    known, wanted = {t.timer_id: t for t in before}, {t.timer_id: t for t in after}
    gone = known.keys() - wanted.keys()
    if gone:
        db.session.execute(sa.delete(Timer).where(Timer.case_id == case.id, Timer.timer_id.in_(gone)))
    for timer_id, timer in wanted.items():
        if timer.due_at is None or (timer_id in known and known[timer_id].due_at == timer.due_at):
            continue
        if timer_id in known:
            db.session.execute(sa.delete(Timer).where(Timer.case_id == case.id, Timer.timer_id == timer_id))
        row = Timer(
            id=new_id(),
            case_id=case.id,
            timer_id=timer_id,
            element_id=timer.element_id,
            due_at=timer.due_at,
            cycles_left=timer.cycles_left,
            seq=1,
        )
        db.session.add(row)
        arm(row, case)


def arm(timer: Timer, case: Case) -> None:
    """Put the wake-up of `timer` into the queue, in this transaction."""
    jobs.enqueue_at(
        timer.due_at,
        "fire_timer",
        {"timer": str(timer.id), "seq": timer.seq},
        key=f"timer:{timer.id}:{timer.seq}",
        partition=str(case.root_id),
    )


def _project_subscriptions(case: Case, before: Sequence[OpenSubscription], after: Sequence[OpenSubscription]) -> None:
    def identity(wait: OpenSubscription) -> tuple[str, str, str]:
        return wait.activity_id, wait.kind, wait.event_name

    known = {identity(wait): wait for wait in before}
    wanted = {identity(wait): wait for wait in after}
    gone = [key for key, wait in known.items() if key not in wanted or wanted[key].correlation != wait.correlation]
    if gone:
        db.session.execute(
            sa.delete(Subscription).where(
                Subscription.case_id == case.id,
                sa.tuple_(Subscription.activity_id, Subscription.kind, Subscription.event_name).in_(gone),
            )
        )
    for key, wait in wanted.items():
        if key in known and key not in gone:
            continue
        where = {"case_id": case.id, "activity_id": wait.activity_id, "element_id": wait.element_id}
        what = {"kind": wait.kind, "event_name": wait.event_name, "correlation": dict(wait.correlation)}
        db.session.add(Subscription(**where, **what))
        if wait.kind == "message":
            jobs.enqueue("take_kept_messages", {"case": str(case.id)}, partition=str(case.root_id))


def _send(case: Case, happenings: Sequence[Happening], before: OpenWork, after: OpenWork) -> None:
    """Leave a job for everything that others must learn (architecture.md, rules 2 and 3)."""
    for happening in happenings:
        if happening.what is What.MESSAGE_SENT:
            jobs.enqueue("publish_message", dict(happening.details), partition=str(case.root_id))
        elif happening.what is What.SIGNAL_SENT:
            arguments = {**happening.details, "from_case": str(case.id)}
            jobs.enqueue("broadcast_signal", arguments, partition=str(case.root_id))
    family.send(case, happenings, before, after)
    known = {service.activity_id for service in before.services}
    for service in after.services:
        if service.activity_id not in known:
            jobs.enqueue(
                "call_service",
                {"case": str(case.id), "activity": service.activity_id},
                partition=str(case.root_id),
                key=f"service:{case.id}:{service.activity_id}",
            )


def _store(case: Case, happenings: Iterable[Happening]) -> None:
    for happening in happenings:
        if happening.what is What.STORED:
            name, value = happening.details["store"], happening.details["value"]
            db.session.merge(DataStore(name=name, value=value, written_by=case.number))
            db.session.flush()


def _fail(case: Case, workflow: Workflow, by: Actor) -> None:
    failure = workflow.failure
    message = failure.message if failure else "The case cannot go on."
    element = failure.element_id if failure else None
    case.reason = message
    db.session.add(
        Incident(
            case_id=case.id,
            element_id=element,
            activity_id=failure.activity_id if failure else None,
            message=message,
        )
    )
    audit.record(case, "case:failed", by=by, element=element, details={"reason": message})
