"""Deployed definitions and forms, as the rest uses them: read once, parsed once per process, immutable."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from service.db import db
from service.engine.decisions import Decision, parse_decisions
from service.engine.parser import Definition, parse
from service.errors import NotFound
from service.languages import _
from service.models import (
    DecisionDefinition,
    FormDefinition,
    HumanTask,
    ProcessDefinition,
    Resource,
)


@dataclass(frozen=True)
class Deployed:
    """A process definition as the service uses it; immutable, kept for the process's life."""

    id: uuid.UUID
    key: str
    version: int
    name: str
    definition: Definition
    forms: Mapping[str, uuid.UUID]
    title: str  #: template of its cases' titles
    since: datetime  #: when it was deployed


@lru_cache(maxsize=512)
def deployed(definition_id: uuid.UUID) -> Deployed:
    """The definition with this id, parsed once per process."""
    row = db.session.get_one(ProcessDefinition, definition_id)
    package = parse(read_files(row.files), deployed=True)
    for each in package.definitions.values():
        each.link(package.definitions, _Decisions(package.decisions))
    definition = package.definitions[row.key]
    title = definition.info.attributes.get("title") or row.name
    forms = {key: uuid.UUID(form) for key, form in row.forms.items()}
    return Deployed(row.id, row.key, row.version, row.name, definition, forms, title, row.created_at)


class _Decisions(Mapping[str, Decision]):
    """A definition's own decisions, and beyond them, since an expression may name any, the newest that are deployed."""

    def __init__(self, own: Mapping[str, Decision]) -> None:
        self._own = own

    def __getitem__(self, key: str) -> Decision:
        if key in self._own:
            return self._own[key]
        newest = sa.select(DecisionDefinition.id).where(DecisionDefinition.key == key, DecisionDefinition.latest)
        found = db.session.scalar(newest)
        if found is None:
            raise KeyError(key)
        return _decision(found)

    def __iter__(self) -> Iterator[str]:
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)


@lru_cache(maxsize=256)
def _decision(decision_id: uuid.UUID) -> Decision:
    row = db.session.get_one(DecisionDefinition, decision_id)
    return parse_decisions(read_files(row.files))[row.key]


def completed(definition: ProcessDefinition) -> ProcessDefinition | None:
    """The newest version that is the same process linked with more, such as a called one that was missing; or None."""
    versions = sa.select(ProcessDefinition).where(
        ProcessDefinition.key == definition.key, ProcessDefinition.version > definition.version
    )
    for newer in db.session.scalars(versions.order_by(ProcessDefinition.version.desc())):
        more = set(newer.files.values()) > set(definition.files.values())
        if more and _own(newer) == _own(definition) and definition.forms.items() <= newer.forms.items():
            return newer
    return None


def _own(definition: ProcessDefinition) -> str:
    return str(definition.files[definition.file])


@lru_cache(maxsize=1024)
def form_schema(form_id: uuid.UUID) -> dict[str, Any]:
    """The form-js schema of a deployed form. Callers do not change it."""
    form = db.session.get_one(FormDefinition, form_id)
    schema: dict[str, Any] = json.loads(resource(form.hash))
    return schema


def form_of(definition_id: uuid.UUID, form_key: str | None) -> dict[str, Any] | None:
    """The schema that the definition names `form_key`, None without a form. Raises `NotFound` when it is gone."""
    if form_key is None:
        return None
    form_id = deployed(definition_id).forms.get(form_key)
    if form_id is None:
        raise NotFound(_("The form “%(form_key)s” is not deployed.", form_key=form_key))
    return form_schema(form_id)


def form_of_task(task: HumanTask) -> dict[str, Any] | None:
    """The schema of a task's form, None without one: the definition's, or the one given to a task that nobody drew."""
    if task.form_id is not None:
        return form_schema(task.form_id)
    return form_of(task.case.definition_id, task.form_key)


def is_answerable(task: HumanTask) -> bool:
    """Whether the diagram lets the task's form be answered by link (`case:answerableByLink`)."""
    if task.form_key is None or not _has_answerable(task.case.definition_id):
        return False
    element = deployed(task.case.definition_id).definition.elements.get(task.element_id)
    return element is not None and element.attributes.get("answerableByLink") == "true"


@lru_cache(maxsize=1024)
def _has_answerable(definition_id: uuid.UUID) -> bool:
    """Whether any task of the definition, or of processes that it calls, may be; without parsing it, for lists ask."""
    info = db.session.execute(sa.select(ProcessDefinition.info).where(ProcessDefinition.id == definition_id))
    found = info.scalar_one()
    return bool(found.get("answerable") or found.get("calls"))


def resource(digest: str) -> bytes:
    """The bytes of a deployed file."""
    return db.session.execute(sa.select(Resource.content).where(Resource.hash == digest)).scalar_one()


def read_files(files: Mapping[str, str]) -> dict[str, bytes]:
    """File name -> bytes, for file name -> hash."""
    rows = db.session.execute(sa.select(Resource.hash, Resource.content).where(Resource.hash.in_(files.values())))
    content: dict[str, bytes] = {row.hash: row.content for row in rows}
    return {name: content[digest] for name, digest in files.items()}
