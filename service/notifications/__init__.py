"""WHAT PEOPLE ARE TOLD OF: the kinds, as data, and `notify`, which leaves a row in the transaction of what happened.

    notify([task.assignee], "overdue", f"overdue:{task.id}:{task.due_at}", case=case, task=task, at=task.due_at)

The rule to know: whoever calls it names whom it concerns. What these may not see they are not told, which is decided
when they look and when it is sent; what somebody did themselves they are never told. Which ways it goes, and when, the
worker decides a moment later (operations/deliveries.py): nothing of that costs the transaction here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from service.db import Base, db, new_id, utcnow
from service.languages import later
from service.models import Actor, Case, HumanTask, Note, Notification, Timing

LONGEST = 1000  #: characters of what there is to say beside the kind


@dataclass(frozen=True)
class Kind:
    """Something that people are told of: as the choice reads, and as it is said of a task, a case or a note."""

    choice: str
    said: str  #: `{who}` did it, `{what}` it is about
    timing: Timing  #: unless somebody chooses otherwise
    is_pressing: bool = False  #: about something that is late, or nearly so
    is_note: bool = False  #: also listed among the mentions


_NOW, _DAILY, _NEVER = Timing.NOW, Timing.DAILY, Timing.NEVER
KINDS: Mapping[str, Kind] = {
    "assigned": Kind(later("I am given a task"), later("{who} gave you “{what}”"), _NOW),
    "sent-back": Kind(later("A task comes back to me"), later("{who} sent “{what}” back to you"), _NOW),
    "offered": Kind(later("My group is offered a task"), later("“{what}” waits for somebody of your groups"), _NEVER),
    "question": Kind(later("Somebody asks me"), later("{who} asks you something in {what}"), _NOW, is_note=True),
    "answer": Kind(later("Somebody answers me"), later("{who} answered you in {what}"), _NOW, is_note=True),
    "mention": Kind(later("A note mentions me"), later("{who} mentioned you in {what}"), _NOW, is_note=True),
    "comment": Kind(later("A comment on a task of mine, or in what I follow"), later("{who} wrote in {what}"), _DAILY),
    "due-soon": Kind(later("My task is due within a day"), later("“{what}” is due soon"), _NOW, is_pressing=True),
    "overdue": Kind(later("My task is late"), later("“{what}” is late"), _NOW, is_pressing=True),
    "level-warned": Kind(
        later("A service level is running out"), later("Time is running out for {what}"), _NOW, True, True
    ),
    "level-breached": Kind(
        later("A service level is breached"), later("The time for {what} is over"), _NOW, True, True
    ),
    "reminder": Kind(later("A reminder of mine is due"), later("You wanted to be reminded of {what}"), _NOW),
    "taken-up": Kind(later("A task that I put off is back"), later("“{what}”, which you put off, is back"), _NEVER),
    "moved": Kind(later("My case is moved to another version"), later("{who} moved {what} to another version"), _DAILY),
    "handed-over": Kind(later("A case or a role becomes mine"), later("{who} handed {what} over to you"), _NOW),
    "substitute": Kind(later("I stand in for somebody"), later("You stand in for {who}"), _NOW),
    "test": Kind(later("A try"), later("This is how Casewright tells you something"), _NOW),
}
NOT_CHOSEN = frozenset({"test"})  #: of these nobody chooses: they were asked for
_ROWS = Base.metadata.tables[Notification.__tablename__]


def notify(
    people: Iterable[str | None],
    kind: str,
    key: str,
    *,
    case: Case | None = None,
    task: HumanTask | None = None,
    note: Note | None = None,
    by: Actor | None = None,
    at: datetime | None = None,
    text: str | None = None,
) -> None:
    """Leave word for `people` (user names), in the current transaction; with the same `key` once for each, for ever.

    `kind`: of KINDS. `by`: who did it, and is not told. `at`: the moment that it is about. `text`: what there is to say
    besides, which whoever sees the case or task may read.
    """
    wanted = sorted({name for name in people if name} - ({by.name} if by else set()))
    if not wanted:
        return
    if kind not in KINDS:
        raise ValueError(f"There is no kind {kind!r} of notification; there are {', '.join(KINDS)}.")
    if case is None and task is not None:
        case = task.case
    same: dict[str, Any] = {
        "key": key,
        "kind": kind,
        "case_id": case.id if case else None,
        "task_id": task.id if task else None,
        "note_id": note.id if note else None,
        "actor": by.name if by else None,
        "about_at": at,
        "text": text[:LONGEST] if text else None,
        "created_at": utcnow(),
    }
    make: Any = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    rows = make(_ROWS).values([{"id": new_id(), "person": name, **same} for name in wanted])
    db.session.connection().execute(rows.on_conflict_do_nothing(index_elements=["person", "key"]))
