"""WHAT KEEPS A CASE FROM BEING CLOSED BY HAND, asked before it is offered and again when it is done."""

from __future__ import annotations

from collections.abc import Sequence

from service.db import once
from service.engine.workflow import Workflow
from service.execution import family
from service.execution.definitions import deployed
from service.execution.running import load
from service.models import Case, CaseState


def loaded(case: Case) -> Workflow:
    """The case's workflow to look at; in a request that only reads it is loaded once, so nobody may run it on."""
    return once(("workflow", case.id), lambda: load(case))


def why_not(case: Case) -> Sequence[str]:
    """The names of what has to be done before: blocking children, linked cases and tasks, and required ad hoc work."""
    return once(("why not close", case.id), lambda: _in_the_way(case))


def unfinished(case: Case) -> Sequence[str]:
    """The required ad hoc work that is not done, of what `why_not` names."""
    return why_not(case)[len(blockers(case)) :]


def may_be(case: Case) -> bool:
    """Whether people close such a case by hand, as it stands; what has to be done before is another question."""
    info = deployed(case.definition_id).definition.info
    return case.state is CaseState.ACTIVE and bool(info.outcomes or case.held_open)


def outside(case: Case) -> Sequence[str]:
    """The ids of what stands in the way without being part of the case's own row; nothing where nobody closes it."""
    return [str(each.id) for each in blockers(case)] if may_be(case) else []


def blockers(case: Case) -> Sequence[family.Blocker]:
    """The children, linked cases and tasks nobody drew that keep the case open."""
    return once(("blockers", case.id), lambda: family.blockers(case.id))


def _in_the_way(case: Case) -> Sequence[str]:
    found = [each.name for each in blockers(case)]
    if not _may_hold_free_work(case):
        return found
    return found + [", ".join(each.missing) for each in loaded(case).open_adhoc() if each.missing]


def _may_hold_free_work(case: Case) -> bool:
    """Whether it stands in an ad hoc sub-process, or in a process that is called and may have one."""
    elements = deployed(case.definition_id).definition.elements
    kinds = {elements[each].type for each in case.marked or () if each in elements}
    return not kinds.isdisjoint({"adHocSubProcess", "callActivity"})
