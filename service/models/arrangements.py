"""How somebody wants a list to look: which columns, in which order, in which groups."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Base, Identifier
from service.languages import later
from service.models.users import User

TASK_COLUMNS: Mapping[str, str] = {
    "task": later("Task"),
    "case": later("Case"),
    "type": later("Kind"),
    "stage": later("Stage"),
    "assignee": later("Who"),
    "due": later("Due"),
    "follow-up": later("To begin"),
    "created": later("Since"),
    "priority": later("Priority"),
}
CASE_COLUMNS: Mapping[str, str] = {
    "case": later("Case"),
    "type": later("Kind"),
    "stage": later("Stage"),
    "owner": later("Owner"),
    "due": later("Due"),
    "created": later("Opened"),
    "opened-by": later("Opened by"),
    "priority": later("Priority"),
    "state": later("State"),
}
#: The orders of each list, as they are said; each is read from an index.
TASK_SORTS: Mapping[str, str] = {
    "urgency": later("The most urgent first"),
    "priority": later("By priority"),
    "newest": later("The newest first"),
    "oldest": later("The oldest first"),
}
CASE_SORTS: Mapping[str, str] = {
    "newest": later("The newest first"),
    "oldest": later("The oldest first"),
    "due": later("What is due first"),
    "priority": later("By priority"),
}
TASK_GROUPS: Mapping[str, str] = {
    "due": later("Day it is due"),
    "type": later("Kind of case"),
    "stage": later("Stage"),
    "assignee": later("Person"),
    "priority": later("Priority"),
}
CASE_GROUPS: Mapping[str, str] = {
    "due": later("Day it is due"),
    "type": later("Kind of case"),
    "stage": later("Stage"),
    "owner": later("Owner"),
    "priority": later("Priority"),
}


class ListName(StrEnum):
    """A list of its own page."""

    MINE = "mine"  #: my tasks
    TEAM = "team"  #: the team's queue
    CASES = "cases"


class Arrangement(Base):
    """What one person has chosen for one list: for all of it, or where it shows cases of one type."""

    __tablename__ = "arrangement"

    user_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    list_name: Mapped[ListName] = mapped_column(
        sa.Enum(ListName, native_enum=False, values_callable=lambda e: [*e]), primary_key=True
    )
    case_type: Mapped[str] = mapped_column(primary_key=True)  #: its key; empty for whatever the list shows
    sort: Mapped[str]
    grouped_by: Mapped[str | None]
    columns: Mapped[list[str]]  #: in their order; facts as `fact.NAME`


def own_columns(name: ListName) -> Mapping[str, str]:
    """Name -> heading of what every such list may show; a list of tasks always shows their names."""
    return CASE_COLUMNS if name is ListName.CASES else {n: said for n, said in TASK_COLUMNS.items() if n != "task"}


def sorts_of(name: ListName) -> Mapping[str, str]:
    """Name -> words of the orders of this list: of the team's queue, which may be long, those that its indexes have."""
    if name is ListName.TEAM:
        return {sort: said for sort, said in TASK_SORTS.items() if sort in ("urgency", "priority")}
    return CASE_SORTS if name is ListName.CASES else TASK_SORTS


def groups_of(name: ListName) -> Mapping[str, str]:
    """Name -> words of what stands together in this list."""
    return CASE_GROUPS if name is ListName.CASES else TASK_GROUPS
