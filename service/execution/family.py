"""WHAT PASSES BETWEEN CASES: jobs from parent to child and back, and what keeps a case from being closed.

The rule to know: a transaction locks one case. So nothing here changes another case's row; it leaves a job in the
same transaction, which operations/children.py carries out.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from service import jobs
from service.db import Identifier, db
from service.engine.definition import ProcessInfo
from service.engine.work import Happening, OpenChild, OpenWork, What
from service.models import Actor, Case, CaseLink, CaseRole, CaseState, HumanTask, LinkKind

AT_ONCE = 20  #: child cases opened in one transaction; the parent is locked for so long
OPEN = (CaseState.ACTIVE, CaseState.SUSPENDED, CaseState.FAILED)


@dataclass(frozen=True)
class Blocker:
    """Something that has to end before a case may be closed: a child, a linked case, or a task that nobody drew."""

    kind: str  #: child, link or task
    id: uuid.UUID
    name: str  #: the case's number, or the task's name


def blockers(case_id: uuid.UUID) -> Sequence[Blocker]:
    """What keeps the case from being closed, in one statement."""
    if any(_may_block(row, case_id) for row in (*db.session.new, *db.session.dirty, *db.session.deleted)):
        db.session.flush()
    return [Blocker(*row) for row in db.session.execute(_BLOCKERS, {"case": case_id})]


def _may_block(row: object, case_id: uuid.UUID) -> bool:
    """Whether the answer may depend on this row, which the database does not have yet as it is."""
    return isinstance(row, HumanTask | CaseLink) or (isinstance(row, Case) and row.id != case_id)


def _blockers() -> sa.CompoundSelect[Any]:
    case = sa.bindparam("case", type_=Identifier)
    children = sa.select(sa.literal("child"), Case.id, Case.number).where(
        Case.parent_id == case, Case.blocking, Case.state.in_(OPEN)
    )
    links = (
        sa.select(sa.literal("link"), Case.id, Case.number)
        .join(CaseLink, CaseLink.source_id == Case.id)
        .where(CaseLink.target_id == case, CaseLink.kind == LinkKind.BLOCKS, Case.state.in_(OPEN))
    )
    tasks = sa.select(sa.literal("task"), HumanTask.id, HumanTask.name).where(
        HumanTask.case_id == case, HumanTask.activity_id.is_(None), HumanTask.closed_at.is_(None)
    )
    return sa.union_all(children, links, tasks)


_BLOCKERS = _blockers()
_BLOCKED = (
    sa.select(Case.id, Case.root_id)
    .join(CaseLink, CaseLink.target_id == Case.id)
    .where(CaseLink.source_id == sa.bindparam("case", type_=Identifier), CaseLink.kind == LinkKind.BLOCKS)
)


def send(case: Case, happenings: Sequence[Happening], before: OpenWork, after: OpenWork) -> None:
    """Leave jobs for the child cases that the diagram wants opened, and for those whose call was cancelled."""
    known = {child.activity_id for child in before.children}
    waited_for = [child for child in after.children if child.activity_id not in known]
    wanted = [_wanted(child, waits=True) for child in waited_for]
    wanted += [_wanted(h.details["child"], waits=False) for h in happenings if h.what is What.CHILD_WANTED]
    for first in range(0, len(wanted), AT_ONCE):
        batch = wanted[first : first + AT_ONCE]
        jobs.enqueue("open_children", {"case": str(case.id), "children": batch}, partition=str(case.root_id))
    cancelled = {happening.activity_id for happening in happenings if happening.what is What.CANCELLED}
    if gone := known & cancelled:
        cancel_children(case, f"The step of {case.number} that needed it was cancelled.", activities=gone)


def _wanted(child: OpenChild, *, waits: bool) -> dict[str, Any]:
    said = {name: value for name, value in asdict(child).items() if name not in ("local", "process")}
    return {**said, "waits": waits}


def cancel_children(case: Case, reason: str, *, activities: Iterable[str] | None = None) -> None:
    """Leave a job for each open child that ends with its parent; `activities`: only those that these opened."""
    chosen = sa.select(Case.id).where(
        Case.parent_id == case.id, Case.state.in_(OPEN), Case.on_parent_cancel == "cancel"
    )
    if activities is not None:
        chosen = chosen.where(Case.parent_activity.in_(list(activities)))
    for child_id in db.session.scalars(chosen):
        jobs.enqueue("cancel_child", {"case": str(child_id), "reason": reason}, partition=str(case.root_id))


def bind(case: Case, info: ProcessInfo, inherited: Iterable[tuple[str, str]], *, by: Actor) -> None:
    """Give a new case its roles: those that it inherits, and else to the groups that the diagram names."""
    given = list(inherited)
    for role in info.roles:
        principals = [principal for name, principal in given if name == role.id]
        for principal in dict.fromkeys(principals or [f"group:{group}" for group in role.groups]):
            db.session.add(
                CaseRole(case_id=case.id, role=role.id, principal=principal, access=role.access, bound_by=by.name)
            )


def holders(case: Case, roles: Sequence[str]) -> list[str]:
    """The principals in these roles of the case."""
    if not roles:
        return []
    db.session.flush()
    chosen = sa.select(CaseRole.principal).where(CaseRole.case_id == case.id, CaseRole.role.in_(roles))
    return sorted(set(db.session.scalars(chosen)))


def ended(case: Case) -> None:
    """The case closed, or failed: leave jobs for its parent, and for those that it kept from being closed."""
    if case.parent_id is not None:
        jobs.enqueue("look_at_children", {"case": str(case.parent_id)}, partition=str(case.root_id))
    if case.state.is_closed:
        for target_id, root_id in db.session.execute(_BLOCKED, {"case": case.id}):
            jobs.enqueue("look_at_children", {"case": str(target_id)}, partition=str(root_id))
