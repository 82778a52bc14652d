"""Milestones: noted as a case reaches them, by a token or by its data; taken back when work goes back before them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from service import audit
from service.db import db
from service.engine.work import Happening, What
from service.engine.workflow import Workflow
from service.models import Actor, Case, CaseMilestone


def reach(case: Case, workflow: Workflow, happenings: Sequence[Happening], *, by: Actor) -> None:
    """Note the milestones that the case has just reached; costs nothing where its type has none."""
    info, elements = workflow.definition.info, workflow.definition.elements
    if not info.milestones:
        return
    known = set(db.session.scalars(sa.select(CaseMilestone.milestone).where(CaseMilestone.case_id == case.id)))
    passed = [elements[h.element_id] for h in happenings if h.what is What.COMPLETED and h.element_id in elements]
    found = [element.attributes["milestone"] for element in passed if element.attributes.get("milestone")]
    found += [each.id for each in info.milestones if each.when and each.id not in known and workflow.holds(each.when)]
    names = {each.id: each.name for each in info.milestones}
    for milestone in dict.fromkeys(found):
        if milestone not in known:
            db.session.add(CaseMilestone(case_id=case.id, milestone=milestone))
            audit.record(
                case, "milestone:reached", by=by, details={"milestone": milestone, "name": names.get(milestone)}
            )


def take_back(case: Case, workflow: Workflow, element_ids: Iterable[str]) -> list[str]:
    """Forget the milestones that tokens reach at these elements; which they were."""
    elements = workflow.definition.elements
    wanted = {elements[key].attributes.get("milestone") for key in element_ids if key in elements} - {None}
    gone = db.session.scalars(
        sa.delete(CaseMilestone)
        .where(CaseMilestone.case_id == case.id, CaseMilestone.milestone.in_(sorted(str(each) for each in wanted)))
        .returning(CaseMilestone.milestone)
        .execution_options(synchronize_session=False)
    ).all()
    return sorted(gone)
