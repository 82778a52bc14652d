"""WHAT BECOMES OF RUNNING CASES as a version is deployed: they stay (nothing is done), those that can move without a
question move, or a plan says. Each is an order as by hand (`migrations.py`), made in the deployment's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from service.db import db
from service.engine.change.plan import Plan, Verdict
from service.models import Actor, Case, Migration, ProcessDefinition
from service.operations import migrations
from service.operations.deployments import Definition
from service.operations.migrations import Terms

LEAVE, SAFE = "leave", "safe"


def move_safe(added: Iterable[Definition], *, by: Actor, reason: str) -> list[Migration]:
    """Have all cases moved that are exact or safe under what was `added`; the others stay, and say why."""
    terms = Terms(up_to=Verdict.SAFE)
    return [
        migrations.order(source, target, Plan(), by=by, reason=reason, terms=terms)
        for target in new_processes(added)
        for source in _running(target)
    ]


def new_processes(added: Iterable[Definition]) -> list[ProcessDefinition]:
    """The processes among what was deployed."""
    return [each for each in added if isinstance(each, ProcessDefinition)]


def _running(target: ProcessDefinition) -> Sequence[ProcessDefinition]:
    """The other versions of the process that cases run under."""
    there = sa.select(Case.id).where(Case.definition_id == ProcessDefinition.id, Case.closed_at.is_(None)).limit(1)
    others = sa.select(ProcessDefinition).where(
        ProcessDefinition.key == target.key,
        ProcessDefinition.id != target.id,
        there.scalar_subquery().is_not(None),
    )
    return db.session.scalars(others.order_by(ProcessDefinition.version)).all()
