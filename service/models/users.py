"""People, their groups, and how they prove who they are."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Identifier, Key, utcnow


class User(Base):
    """Somebody who can sign in."""

    __tablename__ = "user"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(unique=True)  #: what is typed to sign in, and what diagrams say
    display_name: Mapped[str]
    email: Mapped[str | None]
    password_hash: Mapped[str | None]  #: argon2id
    is_admin: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str | None]  #: of `languages.LANGUAGES`; None: as the browser asks
    #: a program: it has tokens, and never a password; no work is given to it
    is_machine: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    #: the provider with which they sign in says that they administer, not somebody here
    admin_from_provider: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    active: Mapped[bool] = mapped_column(default=True)
    capacity: Mapped[int | None]  #: how many open tasks at most they are to have; None: not said
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    mentions_seen_at: Mapped[datetime | None]  #: when they last looked at the notes that mention them

    memberships: Mapped[list[Membership]] = relationship(cascade="all, delete-orphan", lazy="select")
    skills: Mapped[list[UserSkill]] = relationship(cascade="all, delete-orphan", lazy="select")

    @property
    def skill_names(self) -> list[str]:
        return sorted(each.skill for each in self.skills)


class NextTask(StrEnum):
    """In which order a team's tasks are next; what is late comes first in the first two."""

    URGENT = "urgent"  #: then what is due first, then by priority, then the oldest
    PRIORITY = "priority"  #: then by priority, then what is due first
    OLDEST = "oldest"


class Group(Base):
    """People who share work; its name is what diagrams say."""

    __tablename__ = "group"

    name: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    #: its members sign in with a second factor
    second_factor: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    next_task: Mapped[NextTask | None] = mapped_column(  #: None: as `URGENT`
        sa.Enum(NextTask, native_enum=False, values_callable=lambda e: list(e))
    )


class Membership(Base):
    """One user in one group."""

    __tablename__ = "membership"
    __table_args__ = (sa.Index(None, "group_name"),)

    user_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    group_name: Mapped[str] = mapped_column(sa.ForeignKey(Group.name), primary_key=True)
    #: the provider with which they sign in says so, and may take it back; else somebody here did
    from_provider: Mapped[bool] = mapped_column(default=False, server_default=sa.false())


class Identity(Base):
    """Who a person is to a provider of sign-ins (OpenID Connect Core §2: issuer and subject together, nothing else)."""

    __tablename__ = "identity"
    __table_args__ = (sa.Index(None, "user_id"),)

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(User.id, ondelete="CASCADE"))
    linked_at: Mapped[datetime] = mapped_column(default=utcnow)
    used_at: Mapped[datetime | None]  #: when it last signed them in


class UserSkill(Base):
    """Something that somebody can do; its name is what diagrams say after `skill:`."""

    __tablename__ = "user_skill"
    __table_args__ = (sa.Index(None, "skill"),)

    user_id: Mapped[uuid.UUID] = mapped_column(Identifier, sa.ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    skill: Mapped[str] = mapped_column(primary_key=True)


class AssignmentTurn(Base):
    """Who was last given a task of a step by turns."""

    __tablename__ = "assignment_turn"

    key: Mapped[str] = mapped_column(primary_key=True)  #: the case type and the element, with a colon between
    last: Mapped[str]  #: user name


class LoginSession(Base):
    """A sign-in. The cookie holds a random token, we its SHA-256: ending it here ends it at once."""

    __tablename__ = "login_session"
    __table_args__ = (sa.Index(None, "user_id"), sa.Index(None, "expires_at"))

    hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(User.id, ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    seen_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]
    #: where a provider signed them in, what it is told at signing out (`id_token_hint`), sealed
    hint: Mapped[bytes | None] = mapped_column(sa.LargeBinary)


class ApiToken(Base):
    """An opaque token for the API, kept as SHA-256."""

    __tablename__ = "api_token"
    __table_args__ = (sa.Index(None, "user_id"),)

    id: Mapped[Key]
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(User.id, ondelete="CASCADE"))
    name: Mapped[str]
    hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    scopes: Mapped[list[str]]  #: of `models.actor.SCOPES`
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class RateCount(Base):
    """How often something was done in a window of time that has begun (http/rate_limits.py)."""

    __tablename__ = "rate_count"
    __table_args__ = (sa.Index(None, "ends_at"),)

    key: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)  #: SHA-256 over what is counted
    hits: Mapped[int]
    ends_at: Mapped[datetime]
