"""The pre-flight over REST: what a version means for running cases, deployed or only sent, and for one case."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from service.api import preflight_shapes as shapes
from service.api import schemas
from service.api.deployments import files_sent
from service.api.migrations import plan_of, version_in
from service.api.representations import case_summary, listed, moment, problem_shapes
from service.api.routes import Answer, Routes
from service.api.shapes import CaseSummary
from service.engine.change.plan import Reason
from service.execution.chosen import Chosen
from service.execution.judging import version_of
from service.http import rate_limits
from service.http.auth import current_actor
from service.models import CaseState
from service.operations import candidates
from service.policy.permissions import Action
from service.queries import cases as case_lists
from service.queries import definitions, preflight, preview
from service.queries.preflight import CaseClass, OfVersion, Preflight
from service.queries.preview import Preview

routes = Routes("preflight")


@routes.get(
    "/definitions/{definition_id}/preflight",
    Action.PREFLIGHT,
    query=schemas.PreflightQuery,
    gives=shapes.PreflightShape,
)
def get_preflight(definition_id: UUID, query: schemas.PreflightQuery) -> Answer:
    """What this version means for all cases that run under other versions of its process, in classes that stand alike.

    All cases are counted; `samples` are some that you may read.
    """
    return Answer(_shape(_found(definition_id, query.source, query)))


@routes.get(
    "/definitions/{definition_id}/preflight/cases",
    Action.PREFLIGHT,
    query=schemas.CaseClassQuery,
    gives=list[CaseSummary],
)
def list_class(definition_id: UUID, query: schemas.CaseClassQuery) -> Answer:
    """The cases of one class that you may read, the oldest first; none once all have gone on."""
    found = _found(definition_id, None, query)
    cases = preflight.cases_in(found, query.class_id, by=current_actor(), limit=query.limit, cursor=query.cursor)
    return Answer(listed(cases, case_summary))


@routes.post(
    "/deployments/preflight", Action.DEPLOY, takes_files=True, gives=shapes.CandidatesShape, limit="deployment"
)
def of_files() -> Answer:
    """What the versions that these files would make mean for running cases. Nothing is deployed."""
    actor = current_actor()
    made = candidates.of(files_sent(), by=actor)
    found = [_shape(preflight.of(version, by=actor)) for version in made.versions]
    return Answer({"preflights": found, "warnings": problem_shapes(list(made.warnings))})


@routes.post("/cases/{case_id}/migrate/preview", Action.MIGRATE, body=schemas.PreviewMove, gives=shapes.PreviewShape)
def preview_move(case_id: UUID, body: schemas.PreviewMove) -> Answer:
    """What would become of one case under another version; without a plan under what is proposed. Nothing is moved."""
    actor = current_actor()
    case = case_lists.to_move(case_id, by=actor)
    target = version_of(version_in(case.case_type, body.to, "to").id)
    plan = plan_of(body.plan) if body.plan is not None else None
    return Answer(_preview(preview.of(case, target, plan, by=actor)))


def _found(definition_id: UUID, number: int | None, query: schemas.ChosenQuery) -> Preflight:
    chosen = _chosen(query)
    target = definitions.get(definition_id)
    source = None if number is None else definitions.version(target.key, number)
    return preflight.of_deployed(target, by=current_actor(), source=source, among=chosen)


def _chosen(query: schemas.ChosenQuery) -> Chosen:
    if query.text:  # counted before anything is read
        rate_limits.spend("search", current_actor())
    said = {name: getattr(query, name) for name in schemas.ChosenQuery.model_fields if name != "state"}
    return Chosen(**said) if query.state is None else Chosen((CaseState(query.state),), **said)


def _shape(found: Preflight) -> shapes.PreflightShape:
    target = found.target
    return {
        "case_type": target.key,
        "version": target.number,
        "definition_id": str(target.id) if target.id else None,
        "cases": found.cases,
        "by_verdict": {str(verdict): number for verdict, number in found.by_verdict.items()},
        "clear": found.is_clear,
        "versions": [_of_version(each) for each in found.versions],
    }


def _of_version(each: OfVersion) -> shapes.OfVersionShape:
    listed_ = each.differences.listed
    return {
        "version": each.source.number,
        "definition_id": str(each.source.id),
        "cases": each.cases,
        "by_verdict": {str(verdict): number for verdict, number in each.by_verdict.items()},
        "differences": [
            {"kind": one.kind, "message": one.message, "before": one.before, "after": one.after} for one in listed_
        ],
        "plan": each.plan.as_json(),
        "classes": [_class(one) for one in each.classes],
    }


def _class(one: CaseClass) -> shapes.CaseClassShape:
    return {
        "id": one.id,
        "cases": one.cases,
        "where": one.words,
        "before": list(one.before),
        "after": list(one.after),
        "verdict": str(one.verdict),
        "reasons": _reasons(one.reasons),
        "plan": one.plan.as_json(),
        "samples": [{"id": str(case.id), "number": case.number} for case in one.samples],
    }


def _reasons(reasons: Iterable[Reason]) -> list[shapes.ReasonShape]:
    return [
        {
            "question": each.question,
            "verdict": str(each.verdict),
            "message": each.message,
            "way_out": each.way_out,
            "element_id": each.element_id,
        }
        for each in reasons
    ]


def _preview(found: Preview) -> shapes.PreviewShape:
    return {
        "case_id": str(found.case.id),
        "number": found.case.number,
        "from": found.source.number,
        "to": found.target.number,
        "verdict": str(found.judgement.verdict),
        "reasons": _reasons(found.judgement.reasons),
        "plan": found.plan.as_json(),
        "proposed": found.judgement.plan.as_json(),
        "refused": found.refused,
        "tasks": [
            {
                "becomes": str(task.becomes),
                "before": task.before,
                "after": task.after,
                "name_before": task.name_before,
                "name_after": task.name_after,
                "other": list(task.other),
            }
            for task in found.tasks
        ],
        "timers": [
            {"element_id": each.element_id, "before": moment(each.before), "after": moment(each.after)}
            for each in found.timers
        ],
        "waits": [
            {"element_id": each.element_id, "kind": each.kind, "before": each.before, "after": each.after}
            for each in found.waits
        ],
        "marked_before": dict(found.marked_before),
        "marked_after": dict(found.marked_after),
    }
