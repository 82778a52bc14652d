"""Versions of a case type: what differs between two of them, in words and on their diagrams side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, request

from service.errors import NotFound
from service.http.protection import permission
from service.models import ProcessDefinition
from service.policy.permissions import Action
from service.queries import definitions, differences
from service.web.rendering import page

blueprint = Blueprint("versions", __name__)
TONES = {"added": "good", "removed": "bad", "changed": "warn"}


@blueprint.get("/case-types/<key>/differences")
@permission(Action.READ_DEFINITION)
def compare(key: str) -> Response:
    """What differs between the versions `since` and `version`: unless given, the newest and the one before it."""
    versions = definitions.versions(key)
    after = _chosen(versions, "version", versions[0])
    before = _chosen(versions, "since", next((row for row in versions if row.version < after.version), after))
    parts = differences.between(before.id, after.id)
    old, new = differences.marks(parts, key)
    return page(
        "versions/differences.html",
        before=before,
        after=after,
        versions=versions,
        parts=parts,
        tones=TONES,
        states={"before": _state(old), "after": _state(new)},
    )


def _chosen(versions: Sequence[ProcessDefinition], name: str, otherwise: ProcessDefinition) -> ProcessDefinition:
    wanted = request.args.get(name, type=int)
    if wanted is None:
        return otherwise
    found = next((row for row in versions if row.version == wanted), None)
    if found is None:
        raise NotFound(f"“{versions[0].name}” has no version {wanted}.")
    return found


def _state(marks: Mapping[str, str]) -> Mapping[str, object]:
    return {"activities": {element: {"state": state} for element, state in marks.items()}}
