"""What programs send and get of batches: the same thing done to many tasks."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field
from typing_extensions import TypedDict

from service.api.schemas import Body, Data, Instant, Name, PrincipalName
from service.api.shapes import Id, Moment
from service.models import BatchAction
from service.operations.batches import MOST


class Schedule(Body):
    """By when the task is to be done, and how it stands among others; what is left out stays."""

    due_at: Instant | None = Field(None, description="Null: no due date.")
    priority: int = Field(50, ge=0, le=100, description="Higher first.")


class BatchOfTasks(Body):
    """What shall be done to which tasks."""

    action: Annotated[BatchAction, Field(strict=False)]
    tasks: Annotated[
        list[Annotated[UUID, Field(strict=False)]],
        Field(min_length=1, max_length=MOST, description=f"Ids; of more than {MOST} send several batches."),
    ]
    to: PrincipalName | None = Field(None, description="Of `assign`: a user name; null: back to the candidates.")
    due_at: Instant | None = Field(None, description="Of `due`; null: no due date.")
    priority: int | None = Field(None, ge=0, le=100, description="Of `priority`.")
    data: Data = Field(
        default_factory=dict,
        description="Of `complete`: what is filled in for all; what is empty stays as each has it.",
    )


class HandOverAll(Body):
    """To whom all goes, and which of it."""

    to: PrincipalName | None = Field(description="A user name; null: back to the candidates.")
    case_type: Name | None = Field(None, description="Only tasks in cases of this type.")
    offered_to: Annotated[str, Field(pattern=r"^(user|group):[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$")] | None = Field(
        None, description="Only tasks that these are candidates of too, such as `group:clerks`."
    )


class LoadShape(TypedDict):
    user: str
    tasks: int
    late: int
    due_first: Moment | None
    capacity: int | None


class VerdictShape(TypedDict):
    task_id: Id
    outcome: str  # ready, already or refused
    message: str


class BatchItemShape(TypedDict):
    task_id: Id
    outcome: str  # waiting, done, already, refused, undone or kept
    message: str


class BatchShape(TypedDict):
    id: Id
    action: str
    created_at: Moment
    undone_at: Moment | None
    left: int
    items: list[BatchItemShape]
