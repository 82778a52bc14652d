"""Drafts of forms: what somebody types is kept for them alone while they type, and only ever prefills a form.

Nothing of a draft is data of the case: what is sent in the end is validated as if there were none. No case is locked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from service import forms
from service.db import db, new_id, to_json, utcnow
from service.errors import BadRequest, WrongState
from service.execution.definitions import form_of, form_of_task
from service.languages import _
from service.models import Actor, FormDraft, HumanTask, ProcessDefinition
from service.operations.cases import start_form
from service.policy.permissions import Action, require

LONGEST = 200_000  #: bytes of JSON


@dataclass(frozen=True)
class Typed:
    """What was typed: the `values` that differ from what the form was shown with, and what that `was`, by variable.

    `version`: of the draft that it goes on from, 0 for none.
    """

    values: Mapping[str, Any]
    was: Mapping[str, Any]
    version: int


def save(task: HumanTask, typed: Typed, *, by: Actor) -> FormDraft:
    """Keep what `by` typed into the form of a task that is theirs to do.

    Raises `WrongState` when the task is closed, and when they typed elsewhere since `typed.version`.
    """
    _wait_for(task)
    require(by, Action.COMPLETE, task)
    if not task.state.is_open:
        raise WrongState(_("This task is %(state)s.", state=_(task.state)))
    return _save(typed, forms.asked(form_of_task(task) or {}), user_id=by.id, task_id=task.id)


def save_start(definition: ProcessDefinition, typed: Typed, *, by: Actor) -> FormDraft:
    """Keep what `by` typed into the form that opens a case of this type. Raises as `save` does."""
    require(by, Action.OPEN_CASE, definition)
    schema = form_of(definition.id, start_form(definition))
    return _save(typed, forms.asked(schema or {}), user_id=by.id, case_type=definition.key)


def forget_start(case_type: str, *, by: Actor) -> None:
    """Forget what `by` typed into the form that opens such a case: it is open now."""
    db.session.execute(sa.delete(FormDraft).where(FormDraft.user_id == by.id, FormDraft.case_type == case_type))


def _wait_for(task: HumanTask) -> None:
    """Read again who has the task and whether it is open, and let nobody change that before we are done."""
    db.session.refresh(task, ["state", "assignee", "delegated_by", "version"], with_for_update={"read": True})


def _save(typed: Typed, asked: frozenset[str], **whose: Any) -> FormDraft:
    values = {name: value for name, value in typed.values.items() if name in asked}
    was = {name: value for name, value in typed.was.items() if name in values}
    if len(to_json([values, was])) > LONGEST:
        raise BadRequest(
            _("A draft holds at most %(LONGEST)s bytes; send the form, or shorten it.", LONGEST=f"{LONGEST:,}"),
            field="values",
        )
    draft = db.session.scalar(sa.select(FormDraft).filter_by(**whose).with_for_update())
    if draft is None:
        draft = FormDraft(id=new_id(), typed={}, was={}, **whose)
        _require_newest(typed, 0, values == {})
        db.session.add(draft)
    else:
        _require_newest(typed, draft.version, values == _still(draft.typed, asked))
    draft.typed = {**_not(draft.typed, asked), **values}
    draft.was, draft.saved_at = {**_not(draft.was, asked), **was}, utcnow()
    db.session.flush()
    return draft


def _require_newest(typed: Typed, version: int, is_same: bool) -> None:
    """Raise unless it goes on from the newest, or says the same: then the answer to the first time was lost."""
    if typed.version != version and not is_same:
        raise WrongState(_("You typed into this form elsewhere meanwhile; look at both before you go on."))


def _still(kept: Mapping[str, Any], asked: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in kept.items() if name in asked}


def _not(kept: Mapping[str, Any], asked: frozenset[str]) -> dict[str, Any]:
    """What was typed into fields that the form no longer has: kept as long as the draft."""
    return {name: value for name, value in kept.items() if name not in asked}
