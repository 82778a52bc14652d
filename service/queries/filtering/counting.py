"""How much a filter finds. Counting stops at a bound, so that it costs the same for ever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from service.db import db
from service.models import Actor, Case, HumanTask
from service.queries import tasks as task_lists
from service.queries.filtering import Conditions
from service.queries.visibility import listed, listed_tasks


def cases(actor: Actor, filtered: Conditions, *, most: int) -> int:
    """How many of the cases that `actor` may read fit."""
    return _number(sa.select(Case.id).where(listed(actor), Case.fragment.is_(False), *filtered).limit(most))


def tasks(actor: Actor, scope: str, filtered: Conditions, *, most: int) -> int:
    """How many open tasks of `scope` (`mine`, `team` or `all` that `actor` may see) fit."""
    whose: Mapping[str, Any] = {"mine": task_lists.of_mine, "team": task_lists.of_team, "all": listed_tasks}
    rows = sa.select(HumanTask.id).where(whose[scope](actor), HumanTask.closed_at.is_(None), *filtered)
    return _number(rows.limit(most))


def _number(rows: sa.Select[Any]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(rows.subquery())) or 0
