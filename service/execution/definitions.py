"""Deployed definitions and forms, as the rest uses them: read once, parsed once per process, immutable."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from service.db import db
from service.engine.parser import Definition, parse
from service.errors import NotFound
from service.models import (
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


@lru_cache(maxsize=512)
def deployed(definition_id: uuid.UUID) -> Deployed:
    """The definition with this id, parsed once per process."""
    row = db.session.get_one(ProcessDefinition, definition_id)
    package = parse(read_files(row.files), deployed=True)
    definition = package.definitions[row.key]
    title = definition.info.attributes.get("title") or row.name
    forms = {key: uuid.UUID(form) for key, form in row.forms.items()}
    return Deployed(row.id, row.key, row.version, row.name, definition, forms, title)


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
        raise NotFound(f"The form “{form_key}” is not deployed.")
    return form_schema(form_id)


def form_of_task(task: HumanTask) -> dict[str, Any] | None:
    """The schema of a task's form, None without one: the definition's, or the one given to a task that nobody drew."""
    if task.form_id is not None:
        return form_schema(task.form_id)
    return form_of(task.case.definition_id, task.form_key)


def resource(digest: str) -> bytes:
    """The bytes of a deployed file."""
    return db.session.execute(sa.select(Resource.content).where(Resource.hash == digest)).scalar_one()


def read_files(files: Mapping[str, str]) -> dict[str, bytes]:
    """File name -> bytes, for file name -> hash."""
    rows = db.session.execute(sa.select(Resource.hash, Resource.content).where(Resource.hash.in_(files.values())))
    content: dict[str, bytes] = {row.hash: row.content for row in rows}
    return {name: content[digest] for name, digest in files.items()}
