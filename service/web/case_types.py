"""What is deployed: case types and their versions, with diagram, forms and decisions as they were then."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, Response, request

from service.db import db
from service.engine.definition import Role
from service.errors import NotFound
from service.execution.definitions import deployed, form_schema, resource
from service.http.auth import current_actor
from service.http.protection import as_file, permission
from service.languages import _
from service.models import Actor, DecisionDefinition, FormDefinition, ProcessDefinition
from service.policy.permissions import Action, access_of, may
from service.queries import cases as case_lists
from service.queries import definitions
from service.queries import migrations as lists
from service.web import decision_tables, spoken, words
from service.web.rendering import names_of, page
from service.web.roles import ACCESS

blueprint = Blueprint("case_types", __name__)


@blueprint.get("/case-types")
@permission(Action.READ_DEFINITION)
def index() -> Response:
    """All case types, and how much runs of each."""
    actor = current_actor()
    found = definitions.case_types()
    may_open = {kind.key for kind in found if may(actor, Action.OPEN_CASE, kind)}
    behind = lists.behind([kind.key for kind in found]) if may(actor, Action.PREFLIGHT) else {}
    return page("case_types/index.html", types=found, running=_running(found, actor), may_open=may_open, behind=behind)


def _running(found: Sequence[ProcessDefinition], actor: Actor) -> Mapping[str, Mapping[int, int]]:
    """Key -> version -> its open cases that `actor` may read; the newest version first, those without any left out."""
    rows = db.session.execute(
        sa.select(ProcessDefinition.id, ProcessDefinition.key, ProcessDefinition.version)
        .where(ProcessDefinition.key.in_([kind.key for kind in found]))
        .order_by(ProcessDefinition.version.desc())
    ).all()
    counts = case_lists.running([row.id for row in rows], actor=actor)
    totals: dict[str, dict[int, int]] = {kind.key: {} for kind in found}
    for version_id, key, version in rows:
        if counts[version_id]:
            totals[key][version] = counts[version_id]
    return totals


@blueprint.get("/case-types/<key>")
@permission(Action.READ_DEFINITION)
def show(key: str) -> Response:
    """One version of a process (`?version=`, else the newest), and the list of all."""
    versions = definitions.versions(key)
    wanted = request.args.get("version", type=int)
    chosen = next((row for row in versions if row.version == wanted), None) if wanted else versions[0]
    if chosen is None:
        raise NotFound(_("“%(versions)s” has no version %(wanted)s.", versions=versions[0].name, wanted=wanted))
    source = deployed(chosen.id)
    looks = may(current_actor(), Action.PREFLIGHT)
    info = source.definition.info
    return page(
        "case_types/page.html",
        chosen=chosen,
        versions=versions,
        running=case_lists.running([row.id for row in versions], actor=current_actor()),
        elsewhere=sum(n for v, n in lists.running(key).items() if v != chosen.version) if looks else 0,
        names=names_of([row.deployment.created_by for row in versions]),
        info=info,
        access=access_of(chosen.id),
        roles=[_role(role) for role in info.roles],
        opens=[row for row in definitions.case_types() if row.key in info.children],
        forms=_forms(source.forms),
        decisions=_decisions(chosen, info.decisions),
        steps=[element for element in source.definition.elements.values() if element.type.endswith("Task")],
        may_export=may(current_actor(), Action.DEPLOY),
        may_choose=may(current_actor(), Action.CHOOSE_VERSION),
        may_change=may(current_actor(), Action.MODIFY_CASES),
        active=next(row for row in versions if row.active),
        former=next((row for row in versions if _is_former(row, versions)), None),
        may_open=chosen.active and may(current_actor(), Action.OPEN_CASE, chosen),
    )


def _is_former(row: ProcessDefinition, versions: Sequence[ProcessDefinition]) -> bool:
    """Whether new cases may go back to it: it is older than the one that they take, and not retired."""
    return row.retired_at is None and any(each.active and row.version < each.version for each in versions)


def _role(role: Role) -> tuple[str, str]:
    """A role's name; what its holders may do, and the groups that hold it until somebody is named."""
    groups = ", ".join(words.principal(f"group:{group}") for group in role.groups)
    return role.name, " · ".join(filter(None, (str(ACCESS[role.access]), groups)))


def _forms(forms: Mapping[str, uuid.UUID]) -> list[FormDefinition]:
    wanted = sa.select(FormDefinition).where(FormDefinition.id.in_(forms.values())).order_by(FormDefinition.key)
    return list(db.session.scalars(wanted))


def _decisions(chosen: ProcessDefinition, keys: Sequence[str]) -> list[tuple[str, decision_tables.Table]]:
    """The tables that this version calls, each with the hash of its file."""
    digests = [digest for name, digest in chosen.files.items() if name.endswith(".dmn")]
    found = [(digest, table) for digest in digests for table in decision_tables.tables(digest)]
    return [(digest, table) for digest, table in found if table.id in keys]


@blueprint.get("/definitions/<uuid:definition_id>/diagram.bpmn")
@permission(Action.READ_DEFINITION)
def diagram(definition_id: UUID) -> Response:
    """The BPMN file as it was deployed; it never changes."""
    row = definitions.get(definition_id)
    response = Response(resource(row.files[row.file]), content_type="application/xml; charset=utf-8")
    return _kept(as_file(response, f"{row.key}.bpmn"))


@blueprint.get("/forms/<uuid:form_id>")
@permission(Action.READ_DEFINITION)
def form(form_id: UUID) -> Response:
    """What a form looks like; nothing is sent from here."""
    row = definitions.one(FormDefinition, form_id)
    return page("case_types/form.html", form=row, schema=spoken.outlined(form_schema(row.id)))


@blueprint.get("/decisions/<uuid:decision_id>")
@permission(Action.READ_DEFINITION)
def decision(decision_id: UUID) -> Response:
    """A decision table, to read."""
    row = definitions.one(DecisionDefinition, decision_id)
    found = [table for table in decision_tables.tables(row.files[row.file]) if table.id == row.key]
    return page("case_types/decision.html", decision=row, table=found[0] if found else None)


def _kept(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return response
