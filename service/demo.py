"""The demo: people, and a few cases to look at. Nothing of it exists outside `casewright demo`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from . import jobs, schema
from .db import clock_at, db, utcnow
from .demo_cases import OPEN, Step, Tale, tales
from .execution import arm
from .models import Case, Deployment, HumanTask, ProcessDefinition, Timer, User
from .operations import cases, deployments, tasks, timers, users
from .permissions import SYSTEM, Actor
from .queries import definitions
from .sources import collect

PASSWORD = "demo-demo-demo"  # noqa: S105  # of the demo alone; see the module's docstring
GROUPS = {
    "claims-intake": "Claims intake",
    "claims-assessors": "Claims assessors",
    "claims-managers": "Claims managers",
    "hr-officers": "HR officers",
    "hr-investigators": "HR investigators",
    "hr-managers": "HR managers",
    "it-service-desk": "IT service desk",
    "it-engineers": "IT engineers",
    "it-managers": "IT managers",
    "privacy-officers": "Privacy officers",
    "privacy-managers": "Privacy managers",
    "staff": "All staff",
}
PEOPLE = {
    "ann": ("Ann Archer", ("claims-intake", "hr-officers", "it-service-desk", "staff")),
    "ben": ("Ben Baker", ("claims-assessors", "it-engineers", "staff")),
    "mia": ("Mia Moreno", ("claims-managers", "hr-managers", "it-managers", "privacy-managers", "staff")),
    "carl": ("Carl Chen", ("hr-investigators", "privacy-officers", "staff")),
    "admin": ("Ada Admin", ("staff",)),
}
WORK = timedelta(minutes=12)  #: so long before completing a task it was claimed


def logins() -> str:
    """The demo's people and their password, in a few words."""
    return f"{', '.join(PEOPLE)} (password: {PASSWORD})"


def is_ready() -> bool:
    """Whether `prepare` has nothing to do: tables and files are as they were at the last start."""
    if not schema.is_current():
        return False
    ready = db.session.query(User).first() is not None and _is_deployed(_files(Path.cwd()))
    db.session.rollback()
    return ready


def prepare(app: Flask, root: Path | None = None) -> None:
    """Tables, people, case types and cases; running it again keeps the data and adds only what is new."""
    root = root or Path.cwd()
    schema.upgrade(app)
    is_new = db.session.query(User).first() is None
    if is_new:
        add_people()
    files = _files(root)
    if not _is_deployed(files):
        deployments.deploy(files, by=SYSTEM)
    if is_new:
        now = utcnow()
        tell(tales(now), until=now)
    db.session.commit()


def _files(root: Path) -> dict[str, bytes]:
    return collect((root / "processes", root / "forms"))


def _is_deployed(files: Mapping[str, bytes]) -> bool:
    """Whether `files` are what was deployed last: then the start need not wait for the checks."""
    last = db.session.scalars(sa.select(Deployment).order_by(Deployment.id.desc()).limit(1)).first()
    return last is not None and last.files == {name: deployments.digest(content) for name, content in files.items()}


def add_people() -> None:
    """Who works here, in groups that have titles."""
    for name, title in GROUPS.items():
        users.add_group(name, title, by=SYSTEM)
    for name, (display_name, groups) in PEOPLE.items():
        users.create(name, display_name, password=PASSWORD, groups=groups, is_admin=name == "admin", by=SYSTEM)


def tell(stories: Sequence[Tale], *, until: datetime) -> None:
    """Let everything happen in its order and at its time, timers too. The worker must not run yet."""
    people = {name: users.actor_of(user_id) for name, user_id in db.session.execute(sa.select(User.name, User.id))}
    opened: dict[int, uuid.UUID] = {}
    steps = [(step.at, number, step) for number, tale in enumerate(stories) for step in tale.steps]
    for at, number, step in sorted(steps, key=lambda entry: entry[:2]):
        _pass_time(until=at)
        if step.element == OPEN:
            opened[number] = _open(stories[number].case_type, step, people)
        else:
            _do(opened[number], step, people)
    _pass_time(until=until)
    _rearm()


def _open(case_type: str, step: Step, people: Mapping[str, Actor]) -> uuid.UUID:
    with clock_at(step.at):
        definition = definitions.latest(ProcessDefinition, case_type)
        case = cases.start(definition, by=people[step.person], submitted=step.form or {})
        db.session.flush()  # rows get their times when they are written
    return case.id


def _do(case_id: uuid.UUID, step: Step, people: Mapping[str, Actor]) -> None:
    task, actor = _task(case_id, step), people[step.person]
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


def _pass_time(*, until: datetime) -> None:
    """Fire the timers that come due, each at its time."""
    db.session.flush()
    first = sa.select(Timer).where(Timer.due_at <= until).order_by(Timer.due_at).limit(1)
    while timer := db.session.scalars(first).first():
        with clock_at(timer.due_at):
            timers.fire(timer.id, timer.seq)
            db.session.flush()


def _rearm() -> None:
    """Wake the timers that are left by today's clock: they were armed by an earlier one."""
    for timer in db.session.scalars(sa.select(Timer)):
        jobs.cancel(f"timer:{timer.id}:{timer.seq}")
        timer.seq += 1
        arm(timer, db.session.get_one(Case, timer.case_id))
