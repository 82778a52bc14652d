"""WHETHER A CASE MAY MOVE to another version: judged as it stands, under its lock, once for all that stand alike."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from service.db import to_json
from service.engine.change.judge import judge
from service.engine.change.marking import Marking, marking, passed
from service.engine.change.plan import Judgement, Plan, Verdict
from service.engine.workflow import Workflow
from service.errors import WrongState
from service.execution.definitions import deployed
from service.models import Case


class NoPlace(WrongState):
    """Something open in the case has no place in the other version, or could not go on there."""

    def __init__(self, message: str, element_id: str | None) -> None:
        super().__init__(message)
        self.element_id = element_id


def require(case: Case, workflow: Workflow, target_id: uuid.UUID, plan: Plan, up_to: Verdict) -> None:
    """Raise `NoPlace` for a case whose verdict under the version `target_id` is worse than `up_to`."""
    stands, visits = marking(workflow), case.visits or {}
    known = frozenset(case.inline)  # the names; the values of large ones need not be read
    said = to_json(plan.as_json())
    found = _judgement(
        _Class(case.definition_id, target_id, said, stands.signature, passed(visits), known, stands, visits)
    )
    if found.verdict.rank > up_to.rank:
        worst = next(reason for reason in found.reasons if reason.verdict is found.verdict)
        raise NoPlace(f"{worst.message} {worst.way_out}".strip(), worst.element_id)


@dataclass(frozen=True)
class _Class:
    """Cases that are judged alike: they stand alike, have been in the same places, and know the same variables."""

    source_id: uuid.UUID
    target_id: uuid.UUID
    plan: str
    signature: str
    passed: str
    known: frozenset[str]
    marking: Marking = field(compare=False)
    visits: Mapping[str, int] = field(compare=False)


@lru_cache(maxsize=1024)
def _judgement(cases: _Class) -> Judgement:
    source, target = (deployed(each).definition for each in (cases.source_id, cases.target_id))
    plan = Plan.from_json(json.loads(cases.plan))
    return judge(source, target, cases.marking, cases.visits, plan, known=cases.known)
