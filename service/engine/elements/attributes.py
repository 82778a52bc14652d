"""Values of `case:` attributes: FEEL is evaluated, any other text is meant literally."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from service.engine import timing
from service.engine.upstream import Task

if TYPE_CHECKING:
    from service.engine.run import Run

DATES = ("dueDate", "followUpDate")


def value(run: Run, task: Task, name: str) -> Any:
    """The attribute's value as it is now; None when it is not given."""
    said = task.task_spec.attributes.get(name)
    if said is None or not said.startswith("="):
        return said
    return run.evaluate(said, task)


def text(run: Run, task: Task, name: str) -> str | None:
    """The value as text; None for nothing."""
    found = value(run, task, name)
    return None if found is None or found == "" else str(found)


def names(run: Run, task: Task, name: str) -> tuple[str, ...]:
    """A list, or a text with commas."""
    found = value(run, task, name)
    if found is None:
        return ()
    parts = found if isinstance(found, list | tuple) else str(found).split(",")
    return tuple(said for part in parts if part is not None and (said := str(part).strip()))


def priority(run: Run, task: Task) -> int:
    """0 to 100; 50 where nothing sensible is said."""
    try:
        return max(0, min(100, int(float(value(run, task, "priority")))))
    except (TypeError, ValueError, OverflowError):
        return 50


def fix_dates(run: Run, task: Task) -> None:
    """Evaluate the due and follow-up dates as the task begins, since durations count from then. Raises BadTime."""
    for name in DATES:
        found = value(run, task, name)
        if found not in (None, ""):
            task.internal_data[name] = timing.due(found, run.now).isoformat()


def fixed(task: Task, name: str) -> datetime | None:
    """A date that `fix_dates` fixed."""
    known = task.internal_data.get(name)
    return None if known is None else datetime.fromisoformat(known)
