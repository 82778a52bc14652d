"""THE ORIGINALS: the demo's cases, which are of every shipped type and at many stages, and in them tasks that nobody
drew, as people add them; all through the operations."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta

import sqlalchemy as sa

from service.db import db, utcnow
from service.demo.people import PEOPLE
from service.models import SYSTEM, Actor, Case, CaseState, HumanTask, User
from service.operations import tasks, users

#: Groups whose place each copy gives to others.
POOLS = ("team-001", "team-002", "team-003")
DOERS = [name for name, (_, groups) in PEOPLE.items() if groups and name != "admin"]
_NAMES = (
    "Call back", "Check the papers", "Ask for the missing page", "Send a letter", "Ask the legal department",
    "Look through the archive", "Agree on a date", "Translate the letter", "Get a second opinion", "Enter the address",
    "Check the bank details", "Talk to the neighbour", "Book a room", "Order a report", "Compare with last year",
    "Copy for the file", "Remind the other side", "Prepare the meeting", "Write the minutes", "Ask finance",
    "Look at the photographs", "Clear up a contradiction", "Tell the family", "Ask for more time", "Check the invoice",
)  # fmt: skip
_TEXTS = ("They can be reached after four only.", "See the letter of last week, and what was agreed by telephone.")
_ITEMS = ("Number", "Date", "Signature", "Copy")


def add_tasks(case_ids: Iterable[object], each: float, rng: random.Random) -> int:
    """Add about `each` tasks to every case that runs; how many there are now."""
    known = sa.select(User.name, User.id).where(User.name.in_(PEOPLE))
    people = {name: users.actor_of(id_) for name, id_ in db.session.execute(known)}
    owners = {actor.id: actor for actor in people.values()}
    added = 0
    for case_id in case_ids:
        case = db.session.get_one(Case, case_id)
        if case.state is not CaseState.ACTIVE:
            continue
        by = owners.get(case.owner_id, SYSTEM)
        for _ in range(_about(each, rng)):
            _add(case, by, people, rng)
            added += 1
        db.session.commit()
    return added


def _about(mean: float, rng: random.Random) -> int:
    """A whole number between half of the mean and half as much again, right on average."""
    wanted = mean * rng.uniform(0.5, 1.5)
    return int(wanted) + (rng.random() < wanted % 1)


def _add(case: Case, by: Actor, people: dict[str, Actor], rng: random.Random) -> HumanTask:
    """A task: for somebody, or for a team or two; many have a date, some a text or a list to tick off."""
    to = rng.choice(DOERS) if rng.random() < 0.5 else None
    task = tasks.add(
        case,
        by=by,
        name=rng.choice(_NAMES),
        description=rng.choice(_TEXTS) if rng.random() < 0.3 else None,
        checklist=_ITEMS[: rng.randint(1, 4)] if rng.random() < 0.2 else (),
        to=db.session.get_one(User, people[to].id) if to else None,
        candidate_groups=() if to else rng.sample(POOLS, rng.choice((1, 1, 1, 2))),
        due_at=utcnow() + timedelta(hours=rng.randint(-200, 900)) if rng.random() < 0.8 else None,
        priority=rng.choice((30, 50, 50, 50, 50, 50, 70, 90)),
    )
    db.session.flush()
    if to and rng.random() < 0.05:
        other = rng.choice([name for name in DOERS if name != to])
        tasks.delegate(task, by=people[to], to=db.session.get_one(User, people[other].id))
        db.session.flush()
    return task
