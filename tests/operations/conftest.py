"""Small case types for tests of operations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db
from service.models import SYSTEM, Actor, HumanTask, ProcessDefinition
from service.operations import deployments

LOAN = Path(__file__).with_name("loan.bpmn").read_bytes()


@pytest.fixture
def loan(app: Flask) -> ProcessDefinition:
    """The deployed case type Loan: clerks assess, managers approve what is large; reminder after an hour."""
    deployments.deploy({"loan.bpmn": LOAN}, by=SYSTEM)
    db.session.commit()
    definition = deployments.latest_definition("loan")
    assert definition is not None
    return definition


@pytest.fixture
def worklist(app: Flask) -> Callable[[Actor], list[HumanTask]]:
    """The open tasks that somebody has or may claim, oldest first."""

    def of(actor: Actor) -> list[HumanTask]:
        tasks = db.session.scalars(sa.select(HumanTask).where(HumanTask.closed_at.is_(None)).order_by(HumanTask.id))
        return [
            task
            for task in tasks
            if task.assignee == actor.name
            or (task.assignee is None and any(c.principal in actor.principals for c in task.candidates))
        ]

    return of
