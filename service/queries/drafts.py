"""Drafts of forms, each for whoever typed it and nobody else."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service import forms
from service.db import db
from service.execution.definitions import form_of_task
from service.models import Actor, FormDraft, HumanTask, ProcessDefinition
from service.policy.permissions import Action, require


@dataclass(frozen=True)
class Draft:
    """What somebody typed into a form as it is now; `gone`: into fields that it no longer has. Empty: none."""

    version: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)
    was: Mapping[str, Any] = field(default_factory=dict)  #: what the form was shown with
    gone: Mapping[str, Any] = field(default_factory=dict)
    saved_at: datetime | None = None


def of_task(task: HumanTask, *, actor: Actor) -> Draft:
    """What `actor` typed into the form of a task that is theirs to do; none for a closed one."""
    require(actor, Action.COMPLETE, task)
    if not task.state.is_open:
        return Draft()
    return _found(actor.id, FormDraft.task_id == task.id, form_of_task(task))


def of_start(definition: ProcessDefinition, schema: Mapping[str, Any] | None, *, actor: Actor) -> Draft:
    """What `actor` typed into the form (now `schema`) that opens a case of this type."""
    require(actor, Action.OPEN_CASE, definition)
    return _found(actor.id, FormDraft.case_type == definition.key, schema)


def _found(user_id: uuid.UUID | None, where: sa.ColumnElement[bool], schema: Mapping[str, Any] | None) -> Draft:
    row = db.session.scalar(sa.select(FormDraft).where(FormDraft.user_id == user_id, where))
    return Draft() if row is None else as_it_is(row, schema or {})


def as_it_is(row: FormDraft, schema: Mapping[str, Any]) -> Draft:
    """`row` against the form as it is now."""
    asked = forms.asked(schema)
    values = {name: value for name, value in row.typed.items() if name in asked}
    gone = {name: value for name, value in row.typed.items() if name not in asked}
    return Draft(row.version, values, {n: v for n, v in row.was.items() if n in values}, gone, row.saved_at)
