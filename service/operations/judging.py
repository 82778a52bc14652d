"""WHETHER A CASE MAY MOVE to another version: judged as it stands, under its lock, once for all that stand alike."""

from __future__ import annotations

import uuid

from service.engine.change.marking import marking
from service.engine.change.plan import Plan, Verdict
from service.engine.workflow import Workflow
from service.errors import WrongState
from service.execution.judging import judged, version_of
from service.models import Case


class NoPlace(WrongState):
    """Something open in the case has no place in the other version, or could not go on there."""

    def __init__(self, message: str, element_id: str | None) -> None:
        super().__init__(message)
        self.element_id = element_id


def require(case: Case, workflow: Workflow, target_id: uuid.UUID, plan: Plan, up_to: Verdict) -> None:
    """Raise `NoPlace` for a case whose verdict under the version `target_id` is worse than `up_to`."""
    source, target = version_of(case.definition_id), version_of(target_id)
    known = frozenset(case.inline)  # the names; the values of large ones need not be read
    found = judged(source, target, marking(workflow), case.visits or {}, plan, known)
    if found.verdict.rank > up_to.rank:
        worst = next(reason for reason in found.reasons if reason.verdict is found.verdict)
        raise NoPlace(f"{worst.message} {worst.way_out}".strip(), worst.element_id)
