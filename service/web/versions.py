"""Versions of a case type: which one new cases take, and what differs between two, in words and on their diagrams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, request, url_for

from service.db import before_the_lock, db
from service.errors import InvalidForm, NotFound
from service.execution.definitions import deployed
from service.http import rate_limits
from service.http.auth import current_actor
from service.http.protection import as_file, permission
from service.languages import _
from service.models import ProcessDefinition
from service.operations import bundles, choosing, laying, versions
from service.policy.permissions import Action, may
from service.queries import definitions, differences, replays
from service.web.rendering import go, page

blueprint = Blueprint("versions", __name__)
SECONDS = 20  #: for which cases are replayed for one page
TONES = {"added": "good", "removed": "bad", "changed": "warn"}


@blueprint.get("/case-types/<key>/differences")
@permission(Action.READ_DEFINITION)
def compare(key: str) -> Response:
    """What differs between the versions `since` and `version`: unless given, the newest and the one before it."""
    rows = definitions.versions(key)
    after = _chosen(rows, "version", rows[0])
    before = _chosen(rows, "since", next((row for row in rows if row.version < after.version), after))
    parts = differences.between(before.id, after.id)
    old, new = differences.marks(parts, key)
    return page(
        "versions/differences.html",
        before=before,
        after=after,
        versions=rows,
        parts=parts,
        tones=TONES,
        may_replay=may(current_actor(), Action.CHOOSE_VERSION),
        states={"before": _state(old), "after": _state(new)},
    )


def _chosen(rows: Sequence[ProcessDefinition], name: str, otherwise: ProcessDefinition) -> ProcessDefinition:
    wanted = request.args.get(name, type=int)
    if wanted is None:
        return otherwise
    found = next((row for row in rows if row.version == wanted), None)
    if found is None:
        raise NotFound(_("“%(rows)s” has no version %(wanted)s.", rows=rows[0].name, wanted=wanted))
    return found


def _state(marks: Mapping[str, str]) -> Mapping[str, object]:
    return {"activities": {element: {"state": state} for element, state in marks.items()}}


@blueprint.get("/case-types/<key>/versions/<int:version>/replay")
@permission(Action.CHOOSE_VERSION)
def replay(key: str, version: int) -> Response:
    """Finished cases of other versions, done once more under this one, in memory."""
    actor = current_actor()
    rate_limits.spend("evaluation", actor)
    with before_the_lock():
        found = definitions.version(key, version)
        after = deployed(found.id).definition
        report = replays.against(key, after, by=actor, seconds=SECONDS, version_id=found.id)
    return page("versions/replay.html", chosen=found, report=report, limit=replays.LIMIT)


@blueprint.get("/case-types/<key>/versions/<int:version>/bundle")
@permission(Action.DEPLOY)
def bundle(key: str, version: int) -> Response:
    """The version with everything that it is linked with, as one signed file for another installation."""
    made = bundles.export([definitions.version(key, version)], by=current_actor())
    return as_file(Response(made.content, content_type="application/zip"), f"{key}-{version}.zip")


@blueprint.post("/case-types/<key>/versions/<int:version>/pin")
@permission(Action.CHOOSE_VERSION)
def pin(key: str, version: int) -> Response:
    """Let all new cases take this version, whatever is deployed."""
    versions.pin(definitions.version(key, version), by=current_actor())
    return _done(key, version, _("New cases take version %(version)s.", version=version))


@blueprint.post("/case-types/<key>/versions/<int:version>/unpin")
@permission(Action.CHOOSE_VERSION)
def unpin(key: str, version: int) -> Response:
    """Let all new cases take the newest version again."""
    newest = versions.unpin(definitions.version(key, version).key, by=current_actor())
    return _done(key, newest.version, _("New cases take version %(version)s, the newest.", version=newest.version))


@blueprint.post("/case-types/<key>/versions/<int:version>/back")
@permission(Action.CHOOSE_VERSION)
def back(key: str, version: int) -> Response:
    """Let new cases take the version before the one that they take now."""
    former = versions.go_back(definitions.version(key, version).key, by=current_actor())
    return _done(key, former.version, _("New cases take version %(version)s.", version=former.version))


@blueprint.post("/case-types/<key>/versions/<int:version>/stage")
@permission(Action.CHOOSE_VERSION)
def stage(key: str, version: int) -> Response:
    """Let this version take the new cases that the form names."""
    found, actor = definitions.version(key, version), current_actor()
    terms = choosing.read_terms(*(request.form.get(name) for name in ("effective", "share", "when")))
    if terms is None:
        raise InvalidForm({"share": [_("Say which new cases it takes.")]})
    versions.stage(found, terms, by=actor)
    unknown = choosing.unknown_names(terms, laying.known_at_start(found))
    more = _(" But no case begins with %(unknown)s.", unknown=", ".join(unknown)) if unknown else ""
    return _done(
        key,
        version,
        _("Version %(version)s takes %(in_words)s.%(more)s", version=version, in_words=terms.in_words, more=more),
        "warn" if unknown else "good",
    )


@blueprint.post("/case-types/<key>/versions/<int:version>/unstage")
@permission(Action.CHOOSE_VERSION)
def unstage(key: str, version: int) -> Response:
    """Let this version take no new cases any more beside the active one."""
    versions.unstage(definitions.version(key, version), by=current_actor())
    return _done(key, version, _("Version %(version)s takes no new cases.", version=version))


@blueprint.post("/case-types/<key>/versions/<int:version>/retire")
@permission(Action.CHOOSE_VERSION)
def retire(key: str, version: int) -> Response:
    """Let this version take no new cases, and let nobody choose it."""
    versions.retire(definitions.version(key, version), by=current_actor())
    return _done(key, version, _("Version %(version)s is retired; its open cases go on.", version=version))


@blueprint.post("/case-types/<key>/versions/<int:version>/restore")
@permission(Action.CHOOSE_VERSION)
def restore(key: str, version: int) -> Response:
    """Let a retired version be chosen again."""
    versions.restore(definitions.version(key, version), by=current_actor())
    return _done(key, version, _("Version %(version)s may be chosen again.", version=version))


def _done(key: str, version: int, message: str, kind: str = "good") -> Response:
    db.session.commit()
    return go(url_for("case_types.show", key=key, version=version), message, kind)
