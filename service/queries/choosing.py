"""What somebody chooses by who may read it: words are looked for in the cases that they may read, and in no others."""

from __future__ import annotations

import sqlalchemy as sa

from service.execution.chosen import Chosen
from service.models import Actor
from service.queries import search
from service.queries.visibility import readable


def found(chosen: Chosen, *, by: Actor) -> sa.ColumnElement[bool] | None:
    """The rows of `case` that its text finds for `by`; None where it has none."""
    return sa.and_(search.cases(chosen.text), readable(by)) if chosen.text else None


def conditions(chosen: Chosen, *, by: Actor) -> tuple[sa.ColumnElement[bool], ...]:
    """All that is chosen, about rows of `case`; none where every open case is meant."""
    among = found(chosen, by=by)
    said = () if chosen.is_all else tuple(chosen.conditions())
    return said if among is None else (*said, among)
