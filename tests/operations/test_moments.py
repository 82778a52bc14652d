"""At any moment: what the audit entries tell is how the case stood, whatever was done to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db
from service.errors import NotFound
from service.models import Actor, Case, HumanTask, User
from service.operations import cases, lifecycle, tasks
from service.queries import moments
from tests.jobs_by_hand import do_jobs
from tests.operations.care_life import FILES
from tests.operations.family import finish
from tests.operations.test_children import deploy, opened
from tests.operations.test_lifecycle import task


def now(case: Case) -> dict[str, object]:
    """How the case stands, from its rows."""
    db.session.expire_all()
    query = sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.closed_at.is_(None))
    return {
        "state": case.state,
        "stage": case.stage,
        "variables": case.variables,
        "marked": dict(Counter(case.marked)),
        "tasks": sorted((row.name, row.assignee or "") for row in db.session.scalars(query)),
    }


def told(case: Case, seq: int, actor: Actor) -> dict[str, object]:
    """How it stood, from the audit entries."""
    moment = moments.at(case, seq, actor=actor)
    return {
        "state": moment.state,
        "stage": moment.stage,
        "variables": moment.variables,
        "marked": dict(moment.marked),
        "tasks": sorted((each.name, each.assignee or "") for each in moment.tasks.values()),
    }


def test_every_moment_of_a_full_life_is_told_as_it_was(app: Flask, person: Callable[..., Actor]) -> None:
    ann, mia = person("ann", "clerks"), person("mia", "heads")
    deploy(*FILES)
    case = opened("project", ann, item="x")
    ann_row = db.session.get_one(User, ann.id)
    stood: dict[int, dict[str, object]] = {}

    def step(act: Callable[[], object]) -> None:
        act()
        db.session.commit()
        do_jobs()
        stood[case.audit_seq] = now(case)

    step(lambda: tasks.claim(task(case, "Plan"), by=ann))
    step(lambda: tasks.complete(task(case, "Plan"), by=ann, submitted={"a": [1, {"b": 2}]}))
    step(lambda: cases.change_variables(case, {"a": None, "money": 500}, by=ann))
    step(lambda: tasks.assign(task(case, "Work"), by=mia, to=ann_row))
    step(lambda: tasks.release(task(case, "Work"), by=ann))
    step(lambda: tasks.add(case, by=ann, name="Call", to=ann_row))
    step(lambda: lifecycle.suspend(case, by=ann, reason="x"))
    step(lambda: lifecycle.resume(case, by=ann))
    step(lambda: lifecycle.repeat(case, "Plan", by=ann, reason="x"))
    step(lambda: finish(task(case, "Plan"), ann))
    step(lambda: tasks.complete(task(case, ""), by=ann, submitted={"said": "yes"}))
    step(lambda: finish(task(case, "Work"), ann))
    open_ones = sa.select(Case).where(Case.parent_id == case.id, Case.closed_at.is_(None))
    child = db.session.scalars(open_ones).one()
    step(lambda: finish(task(child, "Settle"), ann, paid=1))
    step(lambda: lifecycle.close(case, by=ann, outcome="won"))
    step(lambda: lifecycle.reopen(case, by=ann, reason="x", element_id="Plan"))
    step(lambda: cases.cancel(case, by=ann, reason="x"))

    assert len(stood) == 16
    for seq, was in stood.items():
        assert told(case, seq, ann) == was, seq


def test_moments_are_for_readers_and_of_entries_that_are_there(app: Flask, person: Callable[..., Actor]) -> None:
    ann, eve = person("ann", "clerks"), person("eve")
    deploy(*FILES)
    case = opened("claim", ann, item="x")

    with pytest.raises(NotFound):
        moments.at(case, 1, actor=eve)
    for seq in (0, case.audit_seq + 1):
        with pytest.raises(NotFound):
            moments.at(case, seq, actor=ann)
