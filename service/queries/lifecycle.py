"""A case's map: its stages and milestones, what can be gone back to, and what that would cancel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from service.db import db, once
from service.engine.errors import NotReady
from service.engine.work import OpenActivity
from service.engine.workflow import Workflow
from service.execution.definitions import deployed
from service.languages import _
from service.models import Actor, Case, CaseMilestone, CaseState
from service.policy.closing import loaded
from service.policy.permissions import Action, may, require


@dataclass(frozen=True)
class Reached:
    """A milestone, and since when it stands."""

    id: str
    name: str
    reached_at: datetime | None


@dataclass(frozen=True)
class StageOnMap:
    """A stage: `done`, `current` or `ahead`, by the order in which the designer names them."""

    id: str
    name: str
    state: str


@dataclass(frozen=True)
class Repeatable:
    """A step that may be done again. `cancels` names what would be cancelled, `children` the numbers of cases."""

    element_id: str
    name: str
    stage: str | None
    done: int
    why_not: str | None
    cancels: tuple[str, ...]
    children: tuple[str, ...]


def stages(case: Case, *, actor: Actor) -> Sequence[StageOnMap]:
    """The stages of a case that `actor` may read."""
    require(actor, Action.READ_CASE, case)
    declared = deployed(case.definition_id).definition.info.stages
    ids = [stage.id for stage in declared]
    at = ids.index(case.stage) if case.stage in ids else -1
    done = case.state is CaseState.COMPLETED
    states = ["done" if done or place < at else "current" if place == at else "ahead" for place in range(len(ids))]
    return [StageOnMap(stage.id, stage.name, state) for stage, state in zip(declared, states, strict=True)]


def milestones(case: Case, *, actor: Actor) -> Sequence[Reached]:
    """The milestones of a case that `actor` may read, as the designer orders them."""
    require(actor, Action.READ_CASE, case)
    declared = deployed(case.definition_id).definition.info.milestones
    if not declared:
        return []
    rows = db.session.execute(
        sa.select(CaseMilestone.milestone, CaseMilestone.reached_at).where(CaseMilestone.case_id == case.id)
    )
    reached = {row.milestone: row.reached_at for row in rows}
    return [Reached(each.id, each.name, reached.get(each.id)) for each in declared]


def repeatable(case: Case, *, actor: Actor) -> Sequence[Repeatable]:
    """The finished steps that the designer lets be done again, and what each would cancel now; nothing is changed."""
    require(actor, Action.READ_CASE, case)
    return once(("repeatable", actor, case.id), lambda: _repeatable(case, actor))


def _repeatable(case: Case, actor: Actor) -> Sequence[Repeatable]:
    definition = deployed(case.definition_id).definition
    visits = case.visits or {}
    wanted = [each for each in definition.elements.values() if each.attributes.get("repeatable") == "true"]
    done = [each for each in wanted if visits.get(each.id)]
    if not done:
        return []
    refused = "" if may(actor, Action.REPEAT, case) else _("Only who steers the case may go back.")
    workflow = loaded(case)
    overtaken = {element.id: _overtaken(workflow, element.id) for element in done}
    ending = _ending(case) if any(work for work, _why_not in overtaken.values()) else ()
    found = []
    for element in done:
        work, why_not = overtaken[element.id]
        gone = {each.activity_id for each in work}
        children = tuple(number for number, activity in ending if activity in gone)
        name, stage, cancels = element.name or element.id, element.attributes.get("stage"), (each.name for each in work)
        why = refused or why_not or None
        found.append(Repeatable(element.id, name, stage, visits[element.id], why, tuple(cancels), children))
    return found


def _overtaken(workflow: Workflow, element_id: str) -> tuple[Sequence[OpenActivity], str]:
    """The open work that doing the step again would cancel, or why it cannot be done again."""
    try:
        return workflow.overtaken_by(element_id), ""
    except NotReady as refusal:
        return (), str(refusal)


def _ending(case: Case) -> Sequence[tuple[str, str]]:
    """The number and the call of each open child case that ends with its call."""
    chosen = sa.select(Case.number, Case.parent_activity).where(
        Case.parent_id == case.id,
        Case.parent_activity.is_not(None),
        Case.on_parent_cancel == "cancel",
        Case.closed_at.is_(None),
    )
    return [(row.number, row.parent_activity) for row in db.session.execute(chosen.order_by(Case.number))]
