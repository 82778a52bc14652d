"""Saved views: a filter with its columns, order and groups, kept under a name for oneself or for groups."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Identifier, Key, utcnow
from service.models.users import Group, User


class ViewOf(StrEnum):
    """What a view lists."""

    TASKS = "tasks"
    CASES = "cases"


class SavedView(Base):
    """A list that somebody looks at again and again."""

    __tablename__ = "saved_view"
    __table_args__ = (sa.Index(None, "owner_id"),)

    id: Mapped[Key]
    owner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(User.id, ondelete="CASCADE"))
    of: Mapped[ViewOf] = mapped_column(sa.Enum(ViewOf, native_enum=False, values_callable=lambda e: list(e)))
    name: Mapped[str]
    filter: Mapped[str]  #: in the language of service/filters; `me` is whoever looks
    scope: Mapped[str] = mapped_column(default="all")  #: of tasks: `mine`, `team` or `all` that one may see
    sort: Mapped[str]
    grouped_by: Mapped[str | None]  #: a column
    columns: Mapped[list[str]]  #: in their order; facts as `fact.NAME`
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    version: Mapped[int] = mapped_column(default=1)

    owner: Mapped[User] = relationship(lazy="select")
    shares: Mapped[list[ViewShare]] = relationship(cascade="all, delete-orphan", lazy="selectin")

    __mapper_args__ = {"version_id_col": version}

    @property
    def groups(self) -> list[str]:
        """The groups whose members have it too."""
        return sorted(share.group_name for share in self.shares)


class ViewShare(Base):
    """A group whose members have a view."""

    __tablename__ = "view_share"
    __table_args__ = (sa.Index(None, "group_name"),)

    view_id: Mapped[uuid.UUID] = mapped_column(
        Identifier, sa.ForeignKey(SavedView.id, ondelete="CASCADE"), primary_key=True
    )
    group_name: Mapped[str] = mapped_column(sa.ForeignKey(Group.name), primary_key=True)


class DefaultView(Base):
    """The view with which somebody begins."""

    __tablename__ = "default_view"

    user_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    of: Mapped[ViewOf] = mapped_column(
        sa.Enum(ViewOf, native_enum=False, values_callable=lambda e: list(e)), primary_key=True
    )
    view_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(SavedView.id, ondelete="CASCADE"))
