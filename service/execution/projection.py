"""WHAT PEOPLE SEARCH: the case, its tasks, timers and subscriptions as rows, kept in step with the workflow."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service import audit, jobs
from service.db import Base, Statement, db, new_id, utcnow
from service.engine import expressions
from service.engine.work import (
    Happening,
    OpenService,
    OpenSubscription,
    OpenTask,
    OpenTimer,
    OpenWork,
    What,
    WorkflowState,
)
from service.engine.workflow import Workflow
from service.execution import assigning, facts, family, offers, search, settling, variables
from service.execution.definitions import Deployed, deployed
from service.execution.signing import sign
from service.execution.titles import title_of
from service.models import (
    SYSTEM,
    Actor,
    Case,
    CaseState,
    HumanTask,
    Incident,
    PendingCall,
    Subscription,
    TaskCandidate,
    TaskState,
    Timer,
    User,
)
from service.notifications import notify

NOTHING = OpenWork()
_CANDIDATES = Base.metadata.tables[TaskCandidate.__tablename__]
_DROP_CANDIDATES = Statement(sa.delete(_CANDIDATES).where(_CANDIDATES.c.task_id == sa.bindparam("task")))


def write_case(case: Case, workflow: Workflow, happenings: Sequence[Happening], after: OpenWork) -> None:
    definition = deployed(case.definition_id)
    case.state = _state_of(case, workflow)
    case.priority = _priority(case, workflow)
    facts.keep(case, workflow.variables)
    variables.keep(case, workflow.variables)
    case.title = title_of(definition.title, workflow.variables)
    case.search_text = search.text_of(case.number, case.title, workflow.variables, _searched(definition))
    case.marked = list(after.marked)
    case.visits = _counted(case.visits or {}, happenings)
    for happening in happenings:
        element = definition.definition.elements.get(happening.element_id)
        if happening.what is What.ENTERED and element and element.attributes.get("stage"):
            case.stage = element.attributes["stage"]
        if happening.what is What.COMPLETED and element and element.attributes.get("outcome"):
            case.outcome = element.attributes["outcome"]
    case.snapshot = workflow.dump()
    sign(case, workflow)


def _priority(case: Case, workflow: Workflow) -> int:
    """The priority as the type's expression has it, once that says something new; until then as people set it."""
    text = workflow.definition.info.attributes.get("priority", "")
    before, now = case.variables or {}, workflow.variables
    begins = case.snapshot is None
    same = not begins and all(before.get(name) == now.get(name) for name in expressions.names(text))
    if same or not text.startswith("="):
        return case.priority
    was, becomes = None if begins else _rated(text, before, workflow.now), _rated(text, now, workflow.now)
    return case.priority if becomes is None or becomes == was else becomes


def _rated(text: str, variables: Mapping[str, Any], now: datetime) -> int | None:
    try:
        found = expressions.evaluate(text, variables, now=now)
    except expressions.ExpressionError:
        return None
    number = isinstance(found, int | float) and not isinstance(found, bool)
    return max(0, min(100, int(found))) if number else None


def _searched(source: Deployed) -> list[str]:
    """The facts by which the diagram wants its cases found."""
    named = source.definition.info.attributes.get("searchFacts", "")
    return [name for name in re.split(r"[,\s]+", named) if name]


def _state_of(case: Case, workflow: Workflow) -> CaseState:
    """Where the case stands: done when its workflow is, unless something still keeps it from being closed."""
    goes_on = CaseState.SUSPENDED if case.state is CaseState.SUSPENDED else CaseState.ACTIVE
    if case.held_open and workflow.state in (WorkflowState.COMPLETED, WorkflowState.TERMINATED):
        return goes_on
    if workflow.state is WorkflowState.ACTIVE:
        return goes_on
    if workflow.state is WorkflowState.COMPLETED and family.blockers(case.id):
        return goes_on
    return CaseState(workflow.state)


def _counted(visits: Mapping[str, int], happenings: Iterable[Happening]) -> dict[str, int]:
    counted = (h for h in happenings if h.what in (What.COMPLETED, What.FLOWED) and "container" not in h.details)
    done = Counter(happening.element_id for happening in counted)
    return {**visits, **{element: visits.get(element, 0) + n for element, n in done.items()}}


def write_tasks(case: Case, before: Sequence[OpenTask], after: Sequence[OpenTask], *, by: Actor) -> Sequence[uuid.UUID]:
    """Close and open tasks; returns the ids of those that are closed now and may have drafts of their forms."""
    with_form: list[uuid.UUID] = []
    gone = {task.activity_id for task in before} - {task.activity_id for task in after}
    known = {task.activity_id for task in before}
    if gone:
        now = utcnow()
        rows = [t for t in _tasks_in_session(case) if t.activity_id in gone]
        missing = gone - {t.activity_id for t in rows}
        closed, with_form = [t.id for t in rows], [t.id for t in rows if t.form_key]
        if missing:
            cancelled = db.session.scalars(
                sa.update(HumanTask)
                .where(HumanTask.case_id == case.id, HumanTask.activity_id.in_(missing), HumanTask.closed_at.is_(None))
                .values(state=TaskState.CANCELLED, closed_at=now, version=HumanTask.version + 1)
                .returning(HumanTask.id)
                .execution_options(synchronize_session=False)
            ).all()
            closed += cancelled
            with_form += cancelled
        for row in rows:
            if row.state.is_open:
                row.state, row.closed_at = TaskState.CANCELLED, now
        for task_id in closed:
            _DROP_CANDIDATES.run(db.session.connection(), {"task": task_id})
    for task in after:
        if task.activity_id not in known:
            _open_task(case, task, by)
    _write_locals(case, before, after)
    return with_form


def _write_locals(case: Case, before: Sequence[OpenTask], after: Sequence[OpenTask]) -> None:
    """Beside an open task its instance may have written variables of its own, which the task's form shows."""
    known = {task.activity_id: task.own for task in before}
    changed = {task.activity_id: task.local for task in after if known.get(task.activity_id, task.own) != task.own}
    if changed:
        rows = sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.activity_id.in_(changed))
        for row in db.session.scalars(rows.where(HumanTask.closed_at.is_(None))):
            row.local = dict(changed[row.activity_id or ""]) or None


def _tasks_in_session(case: Case) -> list[HumanTask]:
    return [row for row in db.session.identity_map.values() if isinstance(row, HumanTask) and row.case_id == case.id]


def _open_task(case: Case, task: OpenTask, by: Actor) -> None:
    principals = _principals(case, task)
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
    if task.assignee and not can_sign_in(task.assignee):
        _without_assignee(case, row, task.assignee, is_offered=bool(principals))
    if task.assign_by and row.assignee is None and principals:
        assigning.assign(case, row, task.assign_by, principals)
    offers.offer(row, principals)
    if row.assignee not in (None, by.name):  # the case went on to it, whoever did the step before
        notify([row.assignee], "assigned", f"assigned:{row.id}:0", case=case, task=row)


def can_sign_in(name: str) -> bool:
    """Whether there is a user of this name, who has not left."""
    return db.session.scalar(sa.select(User.active).where(User.name == name)) is True


def _without_assignee(case: Case, row: HumanTask, name: str, *, is_offered: bool) -> None:
    """Offer a task that nobody would see to its candidates; where it has none, operations hear of it."""
    if is_offered:
        row.assignee, row.state = None, TaskState.READY
        details = {"task": str(row.id), "to": None, "for": name}
        audit.record(case, "task:unassigned", by=SYSTEM, element=row.element_id or None, details=details)
        return
    message = f"The task “{row.name}” is for “{name}”, who is no user here or has left, and is offered to nobody else."
    db.session.add(
        Incident(
            case_id=case.id,
            element_id=row.element_id or None,
            activity_id=row.activity_id,
            message=f"{message} Assign it to somebody, or add the user and try again.",
        )
    )


def write_calls(case: Case, before: Sequence[OpenService], after: Sequence[OpenService]) -> None:
    """Forget of the calls for which nobody waits any more that they failed."""
    gone = {task.activity_id for task in before} - {task.activity_id for task in after}
    if gone:
        forget = sa.delete(PendingCall).where(PendingCall.case_id == case.id, PendingCall.activity_id.in_(gone))
        db.session.execute(forget, execution_options={"synchronize_session": False})


def write_timers(case: Case, before: Sequence[OpenTimer], after: Sequence[OpenTimer], *, by: Actor) -> None:
    known, wanted = {t.timer_id: t for t in before}, {t.timer_id: t for t in after}
    gone = known.keys() - wanted.keys()
    if gone:
        late = settling.late_timers(case, gone) if _any_due(known[each] for each in gone) else set()
        settling.put_away_timers(case, late, by=by)
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


def _any_due(timers: Iterable[OpenTimer]) -> bool:
    now = utcnow()
    return any(timer.due_at is not None and timer.due_at <= now for timer in timers)


def arm(timer: Timer, case: Case) -> None:
    """Put the wake-up of `timer` into the queue, in this transaction."""
    jobs.enqueue_at(
        timer.due_at,
        "fire_timer",
        {"timer": str(timer.id), "seq": timer.seq},
        key=f"timer:{timer.id}:{timer.seq}",
        partition=str(case.root_id),
    )


def write_subscriptions(case: Case, before: Sequence[OpenSubscription], after: Sequence[OpenSubscription]) -> None:
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


def redraw(case: Case, before: OpenWork, after: OpenWork) -> None:
    """Let the rows of what stays open say what another diagram says of it; what people did to it stays.

    That is: the element and its name, the form, stage and four-eyes rule of a task, and whom it is offered to.
    """
    _redraw_tasks(case, before.tasks, after.tasks)
    moved: dict[str, str] = {}
    known = {each.activity_id: each.element_id for each in (*before.timers, *before.services)}
    for each in (*after.timers, *after.services):
        if known.get(each.activity_id, each.element_id) != each.element_id:
            moved[each.activity_id] = each.element_id
    if not moved:
        return
    for timer in db.session.scalars(sa.select(Timer).where(Timer.case_id == case.id)):
        timer.element_id = moved.get(timer.timer_id.partition(":")[0], timer.element_id)
    for call in db.session.scalars(sa.select(PendingCall).where(PendingCall.case_id == case.id)):
        call.element_id = moved.get(call.activity_id, call.element_id)


def _redraw_tasks(case: Case, before: Sequence[OpenTask], after: Sequence[OpenTask]) -> None:
    known = {task.activity_id: task for task in before}
    pairs = [(known[task.activity_id], task) for task in after if task.activity_id in known]
    changed = [(former, task) for former, task in pairs if _drawn(former) != _drawn(task)]
    rows = _tasks_in_session(case) if changed else []
    if rows:
        db.session.flush()
    for former, task in changed:
        told = _REDRAW.values(
            element_id=task.element_id,
            name=task.name or task.element_id,
            form_key=task.form_key,
            stage=task.stage,
            not_done_by=list(task.not_done_by) or None,
            candidate_roles=list(task.candidate_roles) or None,
            version=HumanTask.version + 1,
        )
        where = HumanTask.case_id == case.id, HumanTask.activity_id == task.activity_id
        db.session.execute(told.where(*where), execution_options={"synchronize_session": False})
        if _offered(former) != _offered(task):
            _offer_to(case, task.activity_id, _principals(case, former), _principals(case, task))
    for row in rows:
        db.session.expire(row)


_REDRAW = sa.update(HumanTask).where(HumanTask.closed_at.is_(None))


def _drawn(task: OpenTask) -> tuple[Any, ...]:
    """What the diagram says of a task, rather than what people did to it."""
    return task.element_id, task.name, task.form_key, task.stage, task.not_done_by, _offered(task)


def _offered(task: OpenTask) -> tuple[Any, ...]:
    return task.candidate_users, task.candidate_groups, task.candidate_roles


def _principals(case: Case, task: OpenTask) -> list[str]:
    principals = [f"user:{name}" for name in task.candidate_users] + [f"group:{name}" for name in task.candidate_groups]
    return list(dict.fromkeys(principals + family.holders(case, task.candidate_roles)))


def _offer_to(case: Case, activity_id: str, before: Sequence[str], after: Sequence[str]) -> None:
    """Offer an open task to other candidates; those whom somebody else named stay."""
    whose = HumanTask.case_id == case.id, HumanTask.activity_id == activity_id, HumanTask.closed_at.is_(None)
    row = db.session.scalars(sa.select(HumanTask).where(*whose)).one()
    there = set(db.session.scalars(sa.select(TaskCandidate.principal).where(TaskCandidate.task_id == row.id)))
    gone = there & (set(before) - set(after))
    drop = sa.delete(TaskCandidate).where(TaskCandidate.task_id == row.id, TaskCandidate.principal.in_(gone))
    db.session.execute(drop, execution_options={"synchronize_session": False})
    offers.offer(row, (each for each in after if each not in there))
