"""Letting tales happen: each step at its time before now, with the timers and news between cases in between."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from service import jobs
from service.db import clock_at, db
from service.demo.tales import OPEN, Step, Tale
from service.execution.projection import arm
from service.models import Actor, Case, CaseState, HumanTask, Timer, User
from service.models.jobs import job_input, job_status
from service.operations import cases, links, tasks, timers, users
from service.operations import children as kin
from service.queries import definitions

WORK = timedelta(minutes=12)  #: so long before completing a task it was claimed


def tell(stories: Sequence[Tale], *, until: datetime) -> None:
    """Let everything happen in its order and at its time, timers too. The worker must not run yet."""
    people = {name: users.actor_of(user_id) for name, user_id in db.session.execute(sa.select(User.name, User.id))}
    opened: dict[int, uuid.UUID] = {}
    steps = [(step.at, number, step) for number, tale in enumerate(stories) for step in tale.steps]
    for at, number, step in sorted(steps, key=lambda entry: entry[:2]):
        _pass_time(until=at)
        if step.element == OPEN and step.act is None:
            opened[number] = _open(stories[number].case_type, step, people)
        elif step.child:
            _do(_child(opened[number], step.child), step, people)
        else:
            _do(opened[number], step, people)
        _carry_news(at)
    _pass_time(until=until)
    _rearm()


def _open(case_type: str, step: Step, people: Mapping[str, Actor]) -> uuid.UUID:
    with clock_at(step.at):
        definition = definitions.active(case_type)
        case = cases.start(definition, by=people[step.person], submitted=step.form or {})
        db.session.flush()  # rows get their times when they are written
    return case.id


def _do(case_id: uuid.UUID, step: Step, people: Mapping[str, Actor]) -> None:
    actor = people[step.person]
    if step.act is not None:
        with clock_at(step.at):
            step.act(db.session.get_one(Case, case_id), actor)
            db.session.flush()
        return
    task = _task(case_id, step)
    if task.assignee is None:
        with clock_at(step.at if step.form is None else step.at - WORK):
            tasks.claim(task, by=actor)
    if step.form is not None:
        with clock_at(step.at):
            tasks.complete(task, by=actor, submitted=step.form)
            db.session.flush()


def _task(case_id: uuid.UUID, step: Step) -> HumanTask:
    """The one open task that `step` is about."""
    db.session.flush()
    found = db.session.scalars(
        sa.select(HumanTask).where(
            HumanTask.case_id == case_id, HumanTask.element_id == step.element, HumanTask.closed_at.is_(None)
        )
    )
    [task] = [task for task in found if all((task.local or {}).get(key) == step.local[key] for key in step.local)]
    return task


def _child(parent_id: uuid.UUID, case_type: str) -> uuid.UUID:
    """The newest child of that type."""
    of_type = sa.select(Case.id).where(Case.parent_id == parent_id, Case.case_type == case_type)
    return db.session.scalars(of_type.order_by(Case.id.desc()).limit(1)).one()


def _pass_time(*, until: datetime) -> None:
    """Fire the timers that come due, each at its time."""
    db.session.flush()
    running = sa.select(Timer).join(Case, Case.id == Timer.case_id).where(Case.state == CaseState.ACTIVE)
    first = running.where(Timer.due_at <= until).order_by(Timer.due_at).limit(1)
    while timer := db.session.scalars(first).first():
        with clock_at(timer.due_at):
            timers.fire(timer.id, timer.seq)
            db.session.flush()
        _carry_news(timer.due_at)


def _carry_news(at: datetime) -> None:
    """Do now what jobs would do: open the child cases that are wanted, and carry news between cases."""
    db.session.flush()
    waiting = (
        sa.select(job_status.c.workflow_uuid, job_input.c.inputs)
        .join(job_input, job_input.c.workflow_uuid == job_status.c.workflow_uuid)
        .where(job_status.c.status == "ENQUEUED")
    )
    while found := [row for row in jobs.execute(waiting) if _news(row.inputs)[0] in NEWS]:
        done = job_status.c.workflow_uuid.in_([row.workflow_uuid for row in found])
        jobs.execute(sa.update(job_status).where(done).values(status="SUCCESS"))
        for row in found:
            name, arguments = _news(row.inputs)
            with clock_at(at):
                NEWS[name](uuid.UUID(arguments.pop("case")), **arguments)
                db.session.flush()


def _news(inputs: str) -> tuple[str, dict[str, Any]]:
    name, arguments, *_ = json.loads(inputs)["positionalArgs"]
    return name, arguments


#: the jobs by which cases of one family hear of each other (worker/job_types.py registers the same for the worker)
NEWS: Mapping[str, Callable[..., object]] = {
    "open_children": lambda case_id, children: kin.open_wanted(case_id, children),
    "look_at_children": kin.take_reports,
    "cancel_child": kin.cancel,
    "take_over": links.take_over,
    "tell_case": kin.note_told,
}


def _rearm() -> None:
    """Wake the timers that are left by today's clock: they were armed by an earlier one."""
    for timer in db.session.scalars(sa.select(Timer)):
        jobs.cancel(f"timer:{timer.id}:{timer.seq}")
        timer.seq += 1
        arm(timer, db.session.get_one(Case, timer.case_id))
