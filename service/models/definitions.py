"""What was deployed. Immutable: a change is a new version (DECISIONS.md, rule 6)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Base, Identifier, Key, utcnow


class Deployment(Base):
    """The record of adding definitions, decisions and forms, all or nothing."""

    __tablename__ = "deployment"

    id: Mapped[Key]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    created_by: Mapped[str]  #: user name
    reason: Mapped[str | None]  #: why, in the words of who deployed
    commit: Mapped[str | None]  #: the state of the sources that it came from, such as a commit of git
    origin: Mapped[dict[str, Any] | None]  #: of a bundle: what it says of itself, and `key` if a trusted one signed it
    files: Mapped[dict[str, Any]]  #: file name -> SHA-256 of its content
    warnings: Mapped[list[Any]] = mapped_column(default=list)


class Resource(Base):
    """A deployed file's bytes, kept once per content."""

    __tablename__ = "resource"

    hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)  #: SHA-256, hexadecimal
    content: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)


class ProcessDefinition(Base):
    """One deployed version of one BPMN process, with all that it needs to run, pinned."""

    __tablename__ = "process_definition"
    __table_args__ = (sa.UniqueConstraint("key", "version"), sa.Index(None, "deployment_id"))

    id: Mapped[Key]
    key: Mapped[str]  #: the process's id in the diagram
    version: Mapped[int]
    hash: Mapped[str] = mapped_column(sa.String(64))  #: over its file and everything that it is linked with
    name: Mapped[str]
    number_prefix: Mapped[str | None]  #: set on case types
    latest: Mapped[bool] = mapped_column(default=True)
    active: Mapped[bool] = mapped_column(default=True)  #: the one version of its key that new cases take
    pinned: Mapped[bool] = mapped_column(default=False)  #: it stays so when a newer one is deployed
    rivals: Mapped[bool] = mapped_column(default=False)  #: of the active one: staged ones take some of its new cases
    staged: Mapped[bool] = mapped_column(default=False)  #: it takes new cases on the following terms, see `choosing`
    staged_from: Mapped[datetime | None]
    staged_share: Mapped[int | None]  #: percent
    staged_when: Mapped[str | None]  #: FEEL
    retired_at: Mapped[datetime | None]  #: since then it takes no new cases, and none may be chosen for it
    file: Mapped[str]  #: name of the BPMN file that holds it
    files: Mapped[dict[str, Any]]  #: BPMN and DMN files it is parsed with: name -> resource hash
    forms: Mapped[dict[str, Any]]  #: form key -> id of the form definition
    info: Mapped[dict[str, Any]]  #: engine's ProcessInfo as JSON
    deployment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(Deployment.id))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    deployment: Mapped[Deployment] = relationship(lazy="select")

    @property
    def is_case_type(self) -> bool:
        return self.number_prefix is not None

    @property
    def is_fragment(self) -> bool:
        """A plan fragment: started inside a running case, never as a case of its own."""
        return bool(self.info.get("attributes", {}).get("insertable") == "true")


class DefinitionAccess(Base):
    """Who a diagram lets in: `role` is starter, manager or reader; `principal` is `user:NAME` or `group:NAME`."""

    __tablename__ = "definition_access"
    __table_args__ = (sa.Index(None, "principal", "role"),)

    definition_id: Mapped[uuid.UUID] = mapped_column(
        Identifier, sa.ForeignKey(ProcessDefinition.id, ondelete="CASCADE"), primary_key=True
    )
    role: Mapped[str] = mapped_column(primary_key=True)
    principal: Mapped[str] = mapped_column(primary_key=True)

    definition: Mapped[ProcessDefinition] = relationship(lazy="raise")  #: so that it is inserted after it


class DecisionDefinition(Base):
    """One deployed version of one DMN decision."""

    __tablename__ = "decision_definition"
    __table_args__ = (sa.UniqueConstraint("key", "version"),)

    id: Mapped[Key]
    key: Mapped[str]
    version: Mapped[int]
    hash: Mapped[str] = mapped_column(sa.String(64))
    name: Mapped[str]
    latest: Mapped[bool] = mapped_column(default=True)
    file: Mapped[str]
    files: Mapped[dict[str, Any]]  #: DMN files it is parsed with: name -> resource hash
    deployment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(Deployment.id))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    deployment: Mapped[Deployment] = relationship(lazy="select")


class FormDefinition(Base):
    """One deployed version of one form-js schema."""

    __tablename__ = "form_definition"
    __table_args__ = (sa.UniqueConstraint("key", "version"),)

    id: Mapped[Key]
    key: Mapped[str]
    version: Mapped[int]
    hash: Mapped[str] = mapped_column(sa.String(64))
    latest: Mapped[bool] = mapped_column(default=True)
    file: Mapped[str]
    deployment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey(Deployment.id))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    deployment: Mapped[Deployment] = relationship(lazy="select")
