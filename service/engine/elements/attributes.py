"""Values of `case:` attributes: FEEL is evaluated as the activity begins, any other text is meant literally.

They are evaluated once, and kept: who was to do a task, and by when, does not change under people's hands; and a text
that cannot be evaluated stops the case there, not each list that shows the task.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from service.engine import timing
from service.engine.expressions import ExpressionError
from service.engine.expressions import names as names_in
from service.engine.scope import View, plain
from service.engine.upstream import Task
from service.engine.working_time import WorkingTime

if TYPE_CHECKING:
    from service.engine.state.run import Run

SAID = "said"  #: in internal data: the values that were evaluated, by attribute
DATES = ("dueDate", "followUpDate")
CALENDAR, NO_CALENDAR = "calendar", "none"
PLACE = re.compile(r"\$?\{\s*([^\W\d]\w*(?:\.\w+)*)\s*\}")  #: in a task's name: a variable, or what is in it
_SUM = re.compile(r"[+-]")
_EXCUSE = re.compile(r"\b(?:null|if)\b|[.\[]")
LONGEST_NAME = 300  #: characters

PEOPLE = ("assignee", "candidateUsers", "candidateGroups", "candidateRoles", "assignBy", "notDoneBy")
NAMES = ("formKey", *PEOPLE, "priority", *DATES)


def fix(run: Run, task: Task) -> None:
    """Evaluate what is an expression, and the dates, which may count from now. Raises ExpressionError or BadTime."""
    given = task.task_spec.attributes
    for name in NAMES:
        text = given.get(name)
        if not text or not (text.startswith("=") or name in DATES):
            continue
        found = run.evaluate(text, task) if text.startswith("=") else text
        if name in DATES and found not in (None, ""):
            found = due(run, task, found, run.now).isoformat()
        elif name in DATES and found is None and _must_have_value(text, task):
            raise timing.BadTime(f"“{text}” gives no date: add durations, such as now() + duration(“P2D”).")
        task.internal_data.setdefault(SAID, {})[name] = plain(found)
    drawn = task.task_spec.element.name
    if "{" in drawn:
        named = PLACE.sub(lambda place: _shown(run.evaluate(f"={place[1]}", task)), drawn)[:LONGEST_NAME]
        task.internal_data.setdefault(SAID, {})["name"] = " ".join(named.split())


def due(run: Run, task: Task, value: Any, began: datetime) -> datetime:
    """When is due what is given as a duration from `began`, or as a date. Raises BadTime and ExpressionError."""
    working = calendar(run, task)
    return timing.due(value, began) if working is None else working.due(value, began)


def later(run: Run, task: Task, due: datetime, by: timedelta, *, counts: bool = True) -> datetime:
    """When is due what was due at `due`, if the clocks stood still for `by` until now.

    Without `counts`, or where the calendar is gone meanwhile, all time counts.
    """
    try:
        working = calendar(run, task) if counts else None
        return due + by if working is None else working.later(due, run.now - by, run.now)
    except (timing.BadTime, ExpressionError):
        return due + by


def calendar(run: Run, task: Task) -> WorkingTime | None:
    """Whose working time the activity's or event's durations count; None: all time. Raises as `due` does."""
    said = task.task_spec.element.attributes.get(CALENDAR, "")
    name = run.evaluate(said, task) if said.startswith("=") else said
    return None if name in (None, "", NO_CALENDAR) else run.calendars(str(name))


def _must_have_value(text: str, task: Task) -> bool:
    """Whether nothing excuses that a sum has no value: no variable is missing, and no part of one may be."""
    seen = View(task)
    return (
        bool(_SUM.search(text))
        and not _EXCUSE.search(text)
        and all(seen.get(name) is not None for name in names_in(text))
    )


def _shown(found: Any) -> str:
    return "" if found is None else str(plain(found))


def value(task: Task, name: str) -> Any:
    """The attribute's value; None when it is not given."""
    said = task.internal_data.get(SAID, {})
    if name in said:
        return said[name]
    text = task.task_spec.attributes.get(name)
    return None if text is None or text.startswith("=") else text


def text(task: Task, name: str) -> str | None:
    """The value as text; None for nothing."""
    found = value(task, name)
    return None if found is None or found == "" else str(found)


def names(task: Task, name: str) -> tuple[str, ...]:
    """A list, or a text with commas."""
    return split(value(task, name))


def offered(run: Run, task: Task, given: Mapping[str, str], name: str) -> tuple[str, ...]:
    """The names in an attribute of an activity that has not begun yet, as the `task` around it sees the variables.

    Empty where an expression has no value so far.
    """
    said = given.get(name, "")
    if said.startswith("="):
        try:
            said = run.evaluate(said, task)
        except ExpressionError:
            return ()
    return split(said)


def split(found: Any) -> tuple[str, ...]:
    """A list, or a text with commas, as names."""
    if found is None:
        return ()
    if isinstance(found, str):
        return _split(found)
    parts = found if isinstance(found, list | tuple) else str(found).split(",")
    return tuple(name for part in parts if part is not None and (name := str(part).strip()))


@lru_cache(maxsize=1024)
def _split(found: str) -> tuple[str, ...]:
    return tuple(name for part in found.split(",") if (name := part.strip()))


def priority(task: Task) -> int:
    """0 to 100; 50 where nothing sensible is said."""
    try:
        return max(0, min(100, int(float(value(task, "priority")))))
    except (TypeError, ValueError, OverflowError):
        return 50


def date(task: Task, name: str) -> datetime | None:
    """A date that `fix` fixed."""
    known = task.internal_data.get(SAID, {}).get(name)
    return None if not known else datetime.fromisoformat(known)
