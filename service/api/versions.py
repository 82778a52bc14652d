"""Which version of a process new cases take, over REST: pinned, staged, retired, or the one before."""

from __future__ import annotations

from uuid import UUID

from service.api import deployed_shapes, schemas
from service.api.representations import definition_shape, replay_shape
from service.api.routes import Answer, Routes
from service.db import before_the_lock
from service.errors import InvalidForm
from service.execution.definitions import deployed
from service.http.auth import current_actor
from service.operations import choosing, versions
from service.policy.permissions import Action
from service.queries import definitions, replays

routes = Routes("versions")
SECONDS = 20  #: for which cases are replayed in one request


@routes.post("/definitions/{definition_id}/pin", Action.CHOOSE_VERSION, gives=deployed_shapes.DefinitionShape)
def pin(definition_id: UUID) -> Answer:
    """Let all new cases take this version, also when newer ones are deployed; ends what was staged."""
    found = definitions.get(definition_id)
    versions.pin(found, by=current_actor())
    return Answer(definition_shape(found))


@routes.post("/definitions/{definition_id}/unpin", Action.CHOOSE_VERSION, gives=deployed_shapes.DefinitionShape)
def unpin(definition_id: UUID) -> Answer:
    """Let all new cases of this process take its newest version again, which is the answer; ends what was staged."""
    newest = versions.unpin(definitions.get(definition_id).key, by=current_actor())
    return Answer(definition_shape(newest))


@routes.post("/definitions/{definition_id}/back", Action.CHOOSE_VERSION, gives=deployed_shapes.DefinitionShape)
def back(definition_id: UUID) -> Answer:
    """Let new cases of this process take the version before the one that they take now, which is the answer."""
    former = versions.go_back(definitions.get(definition_id).key, by=current_actor())
    return Answer(definition_shape(former))


@routes.post(
    "/definitions/{definition_id}/stage",
    Action.CHOOSE_VERSION,
    body=schemas.StageVersion,
    gives=deployed_shapes.DefinitionShape,
)
def stage(definition_id: UUID, body: schemas.StageVersion) -> Answer:
    """Let this version take a share of new cases, those that match a condition, or all from a date on."""
    found = definitions.get(definition_id)
    effective = body.effective.isoformat() if body.effective else None
    terms = choosing.read_terms(effective, body.share, body.when)
    if terms is None:
        raise InvalidForm({"share": ["Say which new cases it takes: give effective, share or when."]})
    versions.stage(found, terms, by=current_actor())
    return Answer(definition_shape(found))


@routes.post("/definitions/{definition_id}/unstage", Action.CHOOSE_VERSION, gives=deployed_shapes.DefinitionShape)
def unstage(definition_id: UUID) -> Answer:
    """Let this version take no new cases any more beside the active one."""
    found = definitions.get(definition_id)
    versions.unstage(found, by=current_actor())
    return Answer(definition_shape(found))


@routes.post("/definitions/{definition_id}/retire", Action.CHOOSE_VERSION, gives=deployed_shapes.DefinitionShape)
def retire(definition_id: UUID) -> Answer:
    """Let this version take no new cases, and let nobody choose it; its open cases go on."""
    found = definitions.get(definition_id)
    versions.retire(found, by=current_actor())
    return Answer(definition_shape(found))


@routes.post("/definitions/{definition_id}/restore", Action.CHOOSE_VERSION, gives=deployed_shapes.DefinitionShape)
def restore(definition_id: UUID) -> Answer:
    """Let a retired version be chosen again."""
    found = definitions.get(definition_id)
    versions.restore(found, by=current_actor())
    return Answer(definition_shape(found))


@routes.get(
    "/definitions/{definition_id}/replay",
    Action.CHOOSE_VERSION,
    query=schemas.ReplayQuery,
    gives=deployed_shapes.ReplayShape,
    limit="evaluation",
)
def replay(definition_id: UUID, query: schemas.ReplayQuery) -> Answer:
    """Finished cases of other versions, done once more under this one, in memory: which would have gone another way."""
    actor = current_actor()
    with before_the_lock():
        found = definitions.get(definition_id)
        after = deployed(found.id).definition
        report = replays.against(found.key, after, by=actor, limit=query.limit, seconds=SECONDS, version_id=found.id)
    return Answer(replay_shape(found, report))
