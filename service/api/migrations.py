"""Cases under another version of their definition, over REST: one case, many by an order, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from flask import url_for

from service.api import schemas, shapes
from service.api.representations import case_etag, listed, moment
from service.api.requests import check_if_match, validated
from service.api.routes import Answer, Routes
from service.db import db
from service.engine.change.plan import Plan, Verdict
from service.engine.change.steps import Step
from service.errors import InvalidForm, NotFound
from service.execution.chosen import Chosen
from service.http.auth import current_actor
from service.models import Actor, Case, CaseState, MigratedCase, Migration, ProcessDefinition
from service.operations import migration as one
from service.operations import migrations as many
from service.operations import rollout
from service.operations.deployments import Definition
from service.operations.migrations import NoCases, Terms
from service.policy.permissions import Action
from service.queries import cases as case_lists
from service.queries import definitions
from service.queries import migrations as lists
from service.queries.choosing import found as found_by

routes = Routes("migrations")


@routes.post(
    "/cases/{case_id}/migrate", Action.MIGRATE, body=schemas.MigrateCase, gives=shapes.MovedShape, conditional=True
)
def migrate(case_id: UUID, body: schemas.MigrateCase) -> Answer:
    """Move a case to another version of its definition. 409, and nothing is changed, where it has no place there."""
    case, actor = _to_move(case_id)
    target = version_in(case.case_type, body.to, "to")
    one.move(case, target, plan_of(body.plan), by=actor, reason=body.reason)
    return _answer(case)


@routes.post(
    "/cases/{case_id}/return", Action.MIGRATE, body=schemas.ReturnCase, gives=shapes.MovedShape, conditional=True
)
def bring_back(case_id: UUID, body: schemas.ReturnCase) -> Answer:
    """Let a case stand as before it was last moved. 409, with what to do, where something has happened in it since."""
    case, actor = _to_move(case_id)
    one.bring_back(case, by=actor, reason=body.reason)
    return _answer(case)


@routes.post("/migrations", Action.MIGRATE_CASES, body=schemas.OrderMigration, gives=shapes.MigrationShape, status=201)
def order(body: schemas.OrderMigration) -> Answer:
    """Have cases of one version moved to another, each in its own transaction, by the worker."""
    return _ordered(_made(body, by=current_actor()))


@routes.get("/migrations", Action.MIGRATE_CASES, query=schemas.MigrationQuery, gives=list[shapes.MigrationShape])
def list_migrations(query: schemas.MigrationQuery) -> Answer:
    """The orders to move cases, the newest first."""
    found = lists.listed(**dict(query))
    counts = lists.counts([each.id for each in found.rows])
    return Answer(listed(found, lambda each: _shape(each, counts[each.id])))


@routes.get("/migrations/{migration_id}", Action.MIGRATE_CASES, gives=shapes.MigrationShape)
def get_migration(migration_id: UUID) -> Answer:
    """One order, and how far it has come."""
    return Answer(represent(lists.get(migration_id)))


@routes.get(
    "/migrations/{migration_id}/cases",
    Action.MIGRATE_CASES,
    query=schemas.MigratedCaseQuery,
    gives=list[shapes.MigratedCaseShape],
)
def list_migrated_cases(migration_id: UUID, query: schemas.MigratedCaseQuery) -> Answer:
    """The cases of an order, with what became of each and why."""
    actor, found = current_actor(), lists.cases_of(lists.get(migration_id), **dict(query))
    return Answer(listed(found, lambda row: _case(row, actor)))


@routes.post("/migrations/{migration_id}/pause", Action.MIGRATE_CASES, gives=shapes.MigrationShape)
def pause(migration_id: UUID) -> Answer:
    """Move no further case until it is resumed."""
    return _after(migration_id, many.pause)


@routes.post("/migrations/{migration_id}/resume", Action.MIGRATE_CASES, gives=shapes.MigrationShape)
def resume(migration_id: UUID) -> Answer:
    """Go on with the cases that are left; limits that the order has met hold no longer."""
    return _after(migration_id, many.resume)


@routes.post("/migrations/{migration_id}/stop", Action.MIGRATE_CASES, gives=shapes.MigrationShape)
def stop(migration_id: UUID) -> Answer:
    """End an order for good: what was moved stays moved."""
    return _after(migration_id, many.stop)


@routes.post(
    "/migrations/{migration_id}/return",
    Action.MIGRATE_CASES,
    body=schemas.ReturnCase,
    gives=shapes.MigrationShape,
    status=201,
)
def return_all(migration_id: UUID, body: schemas.ReturnCase) -> Answer:
    """Have all cases that an order moved return; those in which something has happened since stay, and say so."""
    return _ordered(many.order_return(lists.get(migration_id), by=current_actor(), reason=body.reason))


def _after(migration_id: UUID, act: Callable[..., None]) -> Answer:
    """The order, after something was done with it."""
    found = lists.get(migration_id)
    act(found, by=current_actor())
    return Answer(represent(found))


def version_in(key: str, number: int, field: str) -> ProcessDefinition:
    """The version that a body names. Raises `InvalidForm`, which names the field."""
    try:
        return definitions.version(key, number)
    except NotFound as gone:
        raise InvalidForm({field: [str(gone)]}) from None


def ordered(said: Mapping[str, Any], *, by: Actor) -> Migration:
    """An order in the shape of `POST /migrations`, from a file. Raises `InvalidForm`."""
    return _made(validated(schemas.OrderMigration, said), by=by)


def ordered_with(
    plans: Iterable[Mapping[str, Any]], added: Iterable[Definition], *, by: Actor, reason: str
) -> list[Migration]:
    """Orders in that shape, each to a version that a deployment has just `added`; those that find no case are left out.

    Raises `InvalidForm`.
    """
    made, orders = {row.key: row for row in rollout.new_processes(added)}, []
    for said in plans:
        target = made.get(str(said.get("case_type")))
        body = validated(schemas.OrderMigration, {"to": target.version if target else 1, **said, "reason": reason})
        if target is None:
            raise InvalidForm({"case_type": [f"This deployment makes no new version of “{body.case_type}”."]})
        if body.to != target.version:
            raise InvalidForm({"to": [f"This deployment makes version {target.version}; make the plan anew."]})
        try:
            orders.append(_made(body, by=by))
        except NoCases:
            continue
    return orders


def moved(case: Case, said: Mapping[str, Any], *, by: Actor) -> None:
    """Move one case as such an order says. Raises `InvalidForm`."""
    body = validated(schemas.OrderMigration, said)
    one.move(case, version_in(body.case_type, body.to, "to"), plan_of(body.plan), by=by, reason=body.reason)


def _made(body: schemas.OrderMigration, *, by: Actor) -> Migration:
    source, target = version_in(body.case_type, body.from_, "from"), version_in(body.case_type, body.to, "to")
    terms = Terms(body.trial, body.most_untouched, Verdict(body.up_to))
    chosen = chosen_of(body.cases) if body.cases else Chosen()
    also: dict[str, Any] = {"chosen": chosen, "terms": terms, "among": found_by(chosen, by=by)}
    return many.order(source, target, plan_of(body.plan), by=by, reason=body.reason, **also)


def modified(body: schemas.OrderModification, steps: list[Step], *, by: Actor) -> Answer:
    """The answer to an order that changes cases by hand."""
    terms = Terms(body.trial, body.most_untouched, Verdict(body.up_to))
    version, chosen = (
        version_in(body.case_type, body.version, "version"),
        chosen_of(body.cases) if body.cases else Chosen(),
    )
    also: dict[str, Any] = {"chosen": chosen, "terms": terms, "among": found_by(chosen, by=by)}
    return _ordered(many.order_modification(version, steps, by=by, reason=body.reason, **also))


def _to_move(case_id: UUID) -> tuple[Case, Actor]:
    actor = current_actor()
    case = case_lists.to_move(case_id, by=actor)
    check_if_match(case, lambda: case_etag(case, actor))
    return case, actor


def _answer(case: Case) -> Answer:
    """Where the case stands; who operates may not read what it holds."""
    db.session.flush()
    version = definitions.get(case.definition_id).version
    return Answer({"id": str(case.id), "number": case.number, "state": case.state.value, "version": version})


def plan_of(body: schemas.Plan) -> Plan:
    """The engine's plan."""
    return Plan.from_json({"elements": body.elements, "values": body.values, "clocks": body.clocks})


def chosen_of(body: schemas.ChooseCases) -> Chosen:
    """Which cases a body chooses."""
    said = {name: value for name, value in dict(body).items() if name not in ("states", "numbers")}
    return Chosen(tuple(CaseState(state) for state in body.states), tuple(body.numbers), **said)


def chosen_from(said: Mapping[str, Any]) -> Chosen:
    """The same from a file or options. Raises `InvalidForm`."""
    return chosen_of(validated(schemas.ChooseCases, said))


def _ordered(made: Migration) -> Answer:
    where = url_for("api.migrations.get_migration", migration_id=made.id)
    return Answer(represent(made), location=where)


def represent(found: Migration) -> shapes.MigrationShape:
    """An order, and how far it has come."""
    db.session.flush()
    return _shape(found, lists.counts([found.id])[found.id])


def _shape(found: Migration, counts: Mapping[str, int]) -> shapes.MigrationShape:
    return {
        "id": str(found.id),
        "case_type": found.source.key,
        "from": found.source.version,
        "to": found.target.version,
        "plan": found.plan,
        "cases": found.chosen,
        "reason": found.reason,
        "state": found.state.value,
        "note": found.note,
        "trial": found.trial,
        "most_untouched": found.most_untouched,
        "up_to": found.up_to,
        "returns": str(found.returns_id) if found.returns_id else None,
        "counts": dict(counts),
        "created_by": found.created_by,
        "created_at": moment(found.created_at) or "",
        "ended_at": moment(found.ended_at),
    }


def _case(row: MigratedCase, actor: Actor) -> shapes.MigratedCaseShape:
    return {
        "case_id": str(row.case_id),
        "number": row.case.number,
        "outcome": row.outcome.value,
        "message": lists.message(row, actor),
        "element_id": row.element_id,
        "at": moment(row.at),
    }
