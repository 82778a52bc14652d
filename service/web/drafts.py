"""What somebody typed into a form and did not send, as its page takes it up; it is saved over REST (api/drafts.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for

from service.models import Actor, HumanTask, ProcessDefinition
from service.queries import drafts


def of_task(task: HumanTask, actor: Actor) -> dict[str, Any]:
    """What `form_host` takes as `draft`, for the form of a task that is `actor`'s to do."""
    return _host(url_for("api.drafts.save_draft", task_id=task.id), drafts.of_task(task, actor=actor))


def of_start(definition: ProcessDefinition, schema: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """The same for the form (`schema`) that opens a case of this type."""
    found = drafts.of_start(definition, schema, actor=actor)
    return _host(url_for("api.drafts.save_start_draft", definition_id=definition.id), found)


def _host(address: str, draft: drafts.Draft) -> dict[str, Any]:
    kept = {"version": draft.version, "values": draft.values, "was": draft.was, "gone": draft.gone}
    return {"address": address, "kept": {**kept, "saved_at": draft.saved_at.isoformat() if draft.saved_at else None}}
