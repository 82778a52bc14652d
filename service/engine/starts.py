"""When timer start events open cases (BPMN 2.0.2 §10.5.2): counted from the deployment, past times left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service.engine import expressions, timing


@dataclass(frozen=True)
class Opening:
    """The next time that a start event opens a case."""

    due_at: datetime
    left: int | None = 1  #: rounds left, this one among them; None: without end
    cycle: str = ""  #: the cycle's text, with what it counts from; empty: it happens once


def first(text: str, now: datetime) -> Opening | None:
    """The first time after `now` that the timer `text` (literal, or an expression of one) says; None: all are past.

    Raises `BadTime` and `ExpressionError` for what is no time, or depends on variables, which no case has yet.
    """
    value = text.strip()
    if not timing.is_literal(value):
        value = expressions.evaluate(value, {}, now=now)
    if not timing.is_cycle(value):
        due_at = timing.due(value, now)
        return Opening(due_at) if due_at > now else None
    cycle = timing.cycle(value, now)
    due_at, left = timing.ahead(cycle, now)
    return None if left == 0 else Opening(due_at, left, timing.anchored(value, now))


def following(opening: Opening) -> Opening | None:
    """The round after `opening`, or None when that was the last one. Rounds that were missed are made up for."""
    if not opening.cycle or opening.left == 1:
        return None
    due_at = timing.cycle(opening.cycle, opening.due_at).following(opening.due_at)
    return Opening(due_at, None if opening.left is None else opening.left - 1, opening.cycle)
