"""WHO IS OFFERED WHAT: the candidates of open tasks, and beside each what the team queues are read by.

The rule to know: whoever changes the assignee, priority, due or follow-up date of an open task calls `keep`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from service.db import Base, Statement, db
from service.models import HumanTask, TaskCandidate
from service.models.tasks import NEVER

_OFFERED = Base.metadata.tables[TaskCandidate.__tablename__]
_BESIDE = ("free", "rank", "due", "follow_up_at")
_KEEP = Statement(sa.update(_OFFERED).where(_OFFERED.c.task_id == sa.bindparam("task")), _BESIDE)


def offer(task: HumanTask, principals: Iterable[str]) -> None:
    """Let these (`user:NAME` or `group:NAME`), each named once or more, claim the task."""
    beside = _beside(task)
    db.session.add_all(
        TaskCandidate(task_id=task.id, principal=principal, **beside) for principal in dict.fromkeys(principals)
    )


def keep(*tasks: HumanTask) -> None:
    """Write anew what stands beside the candidates of `tasks`, as these now are."""
    for task in tasks:
        _KEEP.run(db.session.connection(), {"task": task.id, **_beside(task)})


def _beside(task: HumanTask) -> dict[str, Any]:
    return {
        "free": task.assignee is None,
        "rank": -task.priority,
        "due": task.due_at or NEVER,
        "follow_up_at": task.follow_up_at,
    }
