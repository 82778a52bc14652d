"""What a case waits for happens, because somebody says so: timers, messages, signals and other events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from service.engine.change import words
from service.engine.elements import delivery
from service.engine.elements.events import SEEN, TIMERS, Catching
from service.engine.errors import Unmovable
from service.engine.state.run import Run
from service.engine.upstream import Task, TaskState


def happen(run: Run, task: Task, brought: dict[str, Any]) -> None:
    """The first event that the token waits for happens now, and brings that. Raises Unmovable."""
    position = _waited_for(task)
    event = task.task_spec.events[position]
    if event.kind in ("error", "escalation"):
        payload: dict[str, Any] | None = {"code": event.name, "message": "", "data": brought or None}
    else:
        payload = brought or None
    task.task_spec.occur(run, task, position, payload)


def set_time(run: Run, task: Task, at: datetime | None) -> None:
    """The timer that the token waits for is due then. Raises Unmovable."""
    node = task.task_spec
    timers = task.internal_data.get(TIMERS, {}) if task.state == TaskState.WAITING else {}
    position = next((place for place in timers if place not in task.internal_data.get(SEEN, ())), None)
    if position is None:
        raise Unmovable(node.name, f"At {words.said(node)} no timer is running.")
    if at is None or at.tzinfo is None:
        raise Unmovable(node.name, f"Say when the timer of {words.said(node)} is due, with the zone of that time.")
    if at <= run.now:
        raise Unmovable(
            node.name, f"{at:%Y-%m-%d %H:%M} is past: let {words.said(node)} happen now, or say a later time."
        )
    timers[position][0] = at.astimezone(run.now.tzinfo).isoformat()


def deliver(run: Run, tokens: Sequence[Task], name: str | None, brought: dict[str, Any]) -> None:
    """Give a message to the first of `tokens` that waits for it, whatever key it expects; without tokens to whom it
    would go by itself. Raises Unmovable where nobody takes it."""
    if not tokens:
        if not name:
            raise Unmovable(None, "Say which message is delivered: give its “name”.")
        if not delivery.deliver(run, name, brought):
            raise Unmovable(None, _nobody(run, name))
        return
    for task in tokens:
        for position, event in enumerate(getattr(task.task_spec, "events", ())):
            known = task.task_spec.name_at(task, position) if task.state == TaskState.WAITING else None
            seen = str(position) in task.internal_data.get(SEEN, ())
            if event.kind == "message" and known is not None and not seen and name in (None, known):
                task.task_spec.occur(run, task, position, brought)
                return
    node = tokens[0].task_spec
    raise Unmovable(
        node.name, f"{words.said(node)} does not wait for {f'the message “{name}”' if name else 'a message'}."
    )


def _nobody(run: Run, name: str) -> str:
    known = {
        task.task_spec.name_at(task, position)
        for task in delivery.waiting(run)
        for position, event in enumerate(task.task_spec.events)
        if event.kind == "message"
    }
    if name in known:
        return f"The case waits for the message “{name}” with another key: say at which element it is delivered anyhow."
    listed = words.listed(sorted(f"“{each}”" for each in known if each))
    return f"Nothing in the case waits for the message “{name}”" + (f"; it waits for {listed}." if listed else ".")


def _waited_for(task: Task) -> int:
    node = task.task_spec
    if isinstance(node, Catching) and task.state == TaskState.WAITING:
        for position, _event in enumerate(node.events):
            if str(position) not in task.internal_data.get(SEEN, ()):
                return position
    raise Unmovable(node.name, f"At {words.said(node)} no event is waited for.")
