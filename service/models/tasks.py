"""Human tasks, as WS-HumanTask 1.1 §4.7 names their states."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Identifier, Key, utcnow, where
from service.models.cases import Case
from service.models.definitions import FormDefinition


class TaskState(StrEnum):
    READY = "ready"  #: offered to its candidates
    RESERVED = "reserved"  #: claimed by, or given to, its assignee
    COMPLETED = "completed"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        return self in (TaskState.READY, TaskState.RESERVED)


#: Lists of open tasks are read in the order of their urgency, straight from a small index.
_OPEN = where("closed_at IS NULL")
_DUE = sa.text("(due_at IS NULL)"), "due_at", "id"
_PRIORITY = sa.text("priority DESC"), *_DUE
_URGENCY = sa.text("(due_at IS NULL)"), "due_at", sa.text("priority DESC"), "id"


class HumanTask(Base):
    """Work that waits for a person. The engine's user task, made searchable."""

    __tablename__ = "human_task"
    __table_args__ = (
        sa.Index(None, "assignee", "case_id"),
        sa.Index("ix_human_task_delegated", "delegated_by", "case_id", **where("delegated_by IS NOT NULL")),
        sa.Index(None, "case_id"),
        sa.Index("ix_human_task_open_of_case", "case_id", **_OPEN),  #: however much was done in it before
        sa.Index("ix_human_task_mine", "assignee", *_PRIORITY, **_OPEN),
        sa.Index("ix_human_task_mine_urgency", "assignee", *_URGENCY, **_OPEN),
        sa.Index("ix_human_task_done_for", "closed_by", "case_id", **where("closed_for IS NOT NULL")),
        sa.Index("ix_human_task_open_name", "name", **_OPEN),
        sa.Index("ix_human_task_open", *_PRIORITY, **_OPEN),
        sa.Index("ix_human_task_open_urgency", *_URGENCY, **_OPEN),
        sa.Index("ix_human_task_open_due", *_DUE, **_OPEN),
        sa.Index("ix_human_task_open_id", "id", **_OPEN),
        sa.Index("ix_human_task_parent", "parent_id", **where("parent_id IS NOT NULL")),
    )

    id: Mapped[Key]
    case_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(Case.id))
    activity_id: Mapped[str | None]  #: the engine's name for this activity; None: nobody drew it
    element_id: Mapped[str]  #: empty when nobody drew it
    name: Mapped[str]
    state: Mapped[TaskState] = mapped_column(sa.Enum(TaskState, native_enum=False, values_callable=lambda e: list(e)))
    assignee: Mapped[str | None]  #: user name
    delegated_by: Mapped[str | None]  #: user name of who gets it back
    form_key: Mapped[str | None]
    form_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey(FormDefinition.id))  #: of a task that nobody drew
    description: Mapped[str | None]
    checklist: Mapped[list[Any] | None]  #: texts to tick off before it is completed
    created_by: Mapped[str | None]  #: user name of who added a task that nobody drew
    parent_id: Mapped[uuid.UUID | None]  #: the task of which it is a subtask
    optional: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  #: its parent does not wait for it
    subtasks: Mapped[int | None]  #: how many it has, withdrawn ones left out; None: never any
    subtasks_done: Mapped[int | None]  #: how many of them are completed
    candidate_roles: Mapped[list[Any] | None]  #: roles of the case whose holders are candidates
    stage: Mapped[str | None]
    priority: Mapped[int] = mapped_column(default=50)
    due_at: Mapped[datetime | None]
    follow_up_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]  #: user name of who completed it
    closed_for: Mapped[str | None]  #: user name of who was away, and for whom it was completed
    answered_by: Mapped[str | None]  #: whom `closed_by` had made a link for, by which it was completed
    not_done_by: Mapped[list[Any] | None]  #: element ids of the four-eyes rule
    local: Mapped[dict[str, Any] | None]  #: variables that only it sees
    version: Mapped[int] = mapped_column(default=1)

    case: Mapped[Case] = relationship(lazy="select")
    candidates: Mapped[list[TaskCandidate]] = relationship(lazy="select", viewonly=True)

    __mapper_args__ = {"version_id_col": version}


#: What is not due comes after all that is.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class TaskCandidate(Base):
    """Who may claim an open task: `user:NAME` or `group:NAME`. Gone when the task is closed.

    Beside it stands what team queues are read by, one range of an index for each principal (execution/offers.py).
    """

    __tablename__ = "task_candidate"
    __table_args__ = (
        sa.Index("ix_task_candidate_queue", "principal", "free", "rank", "due", "task_id", "follow_up_at"),
        sa.Index("ix_task_candidate_urgency", "principal", "free", "due", "rank", "task_id", "follow_up_at"),
        sa.Index("ix_task_candidate_due", "principal", "free", "due", "task_id", "follow_up_at"),
        sa.Index("ix_task_candidate_aside", "principal", "follow_up_at", **where("follow_up_at IS NOT NULL")),
    )

    task_id: Mapped[uuid.UUID] = mapped_column(
        Identifier, sa.ForeignKey(HumanTask.id, ondelete="CASCADE"), primary_key=True
    )
    principal: Mapped[str] = mapped_column(primary_key=True)
    free: Mapped[bool]  #: nobody has the task
    rank: Mapped[int]  #: less its priority: all that a queue is ordered by goes upwards, so that a page can begin there
    due: Mapped[datetime]  #: NEVER where the task is not
    follow_up_at: Mapped[datetime | None]

    task: Mapped[HumanTask] = relationship(lazy="raise")  #: so that it is inserted after it
