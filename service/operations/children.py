"""Parent and child cases: `open_child` and `adopt` by hand; what jobs do for the diagram's own children.

A parent takes its children's results itself, under its own lock (`take_reports`), and looks which of them have ended
since: so a result counts exactly once, however often it is told to look, and parent and child never lock each other.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from service import audit, jobs
from service.db import db, new_id, utcnow
from service.engine.work import OpenChild, WorkflowState
from service.engine.workflow import Workflow
from service.errors import BadRequest, Forbidden, WrongState
from service.execution.definitions import deployed
from service.execution.running import load, lock, running
from service.languages import _
from service.models import SYSTEM, Actor, Case, CaseRole, CaseState, Incident, NumberSequence, ProcessDefinition, User
from service.operations import cases
from service.operations.cases import Kin
from service.policy.asking import Asker, asked_by, asker
from service.policy.permissions import Action, changeable, in_scope, may_insert, require

DEEPEST = 30  #: generations
MOST_AT_ONCE = 500  #: cases that follow the one above to its new owner
ENDED = (CaseState.COMPLETED, CaseState.TERMINATED, CaseState.FAILED)


def open_child(
    parent: Case, definition: ProcessDefinition, *, by: Actor, submitted: Mapping[str, Any], blocking: bool = False
) -> Case:
    """Open a case of `definition` under `parent`, by hand. `blocking`: the parent may not close before it.

    It gets the parent's roles when the parent's diagram gives them to the children of that type that it opens itself.
    Raises `Forbidden` for who may not do so there or not open such cases, `WrongState` when the parent is closed.
    """
    lock(parent.id)
    require(by, Action.OPEN_CHILD, parent)
    require(by, Action.OPEN_CASE, definition)
    if parent.state.is_closed:
        raise WrongState(_("This case is %(state)s.", state=parent.state))
    _refuse_depth(parent.id)
    case_id = new_id()
    version, variables = cases.taken(definition, submitted, case_id, by=by)
    inherits = definition.key in deployed(parent.definition_id).definition.info.heirs
    kin = Kin(parent, blocking=blocking, shares_people=inherits)
    roles = _roles_of(parent) if inherits else ()
    child = cases.begin(version, variables, by=by, owner_id=by.id, kin=kin, roles=roles, case_id=case_id)
    _tell_opened(parent, child, by=by)
    return child


def insert(parent: Case, definition: ProcessDefinition, *, by: Actor, reason: str | None = None) -> Case:
    """Start a plan fragment inside a running case: a child that shares its data and people, and holds it open.

    It gets the case's variables, and what it changes comes back when it is completed. Raises `BadRequest` for a
    process that is not marked `case:insertable`, `Forbidden` for whom it is not meant.
    """
    lock(parent.id)
    require(by, Action.INSERT_FRAGMENT, parent)
    if definition.info.get("attributes", {}).get("insertable") != "true":
        raise BadRequest(_("“%(definition)s” is not made to be started inside a case.", definition=definition.name))
    if not may_insert(by, definition.id):
        raise Forbidden(_("“%(definition)s” is for others to start.", definition=definition.name))
    if parent.state is not CaseState.ACTIVE:
        raise WrongState(_("This case is %(state)s.", state=parent.state))
    _refuse_depth(parent.id)
    there = sa.select(sa.func.count()).where(Case.parent_id == parent.id, Case.fragment)
    number = f"{parent.number}.{db.session.execute(there).scalar_one() + 1}"
    kin = Kin(parent, blocking=True, on_parent_cancel="cancel", fragment=True, number=number, shares_people=True)
    variables = dict(parent.variables or {})
    child = cases.begin(definition, variables, by=by, owner_id=parent.owner_id, kin=kin, roles=_roles_of(parent))
    details = {"child": str(child.id), "number": number, "title": definition.name}
    said = {"reason": reason.strip()} if reason and reason.strip() else {}
    audit.record(parent, "fragment:inserted", by=by, details=details | said)
    return child


def adopt(child: Case, *, parent: Case, by: Actor, blocking: bool = False) -> None:
    """Hang an open case without parent under `parent`. Refuses a loop, and a parent that is closed.

    Locks the child; what stands in the parent's story is told by a job.
    """
    lock(child.id)
    require(by, Action.ADOPT, child)
    require(by, Action.OPEN_CHILD, parent)
    if child.parent_id is not None:
        raise WrongState(_("%(child)s is the child of another case already.", child=child.number))
    if child.state.is_closed or parent.state.is_closed:
        raise WrongState(_("This case is %(state)s.", state=child.state if child.state.is_closed else parent.state))
    _one_at_a_time()
    if child.id in (parent.id, *ancestors(parent.id)):
        raise BadRequest(
            _(
                "%(parent)s is itself under %(child)s; cases cannot go round in a circle.",
                parent=parent.number,
                child=child.number,
            )
        )
    _refuse_depth(parent.id, below=_height(child.id))
    child.parent_id, child.blocking = parent.id, blocking
    family_root = db.session.execute(sa.select(Case.root_id).where(Case.id == parent.id)).scalar_one()
    db.session.execute(
        sa.update(Case)
        .where(Case.id.in_(sa.select(_below(child.id).c.id)), Case.id != child.id)
        .values(root_id=family_root)
        .execution_options(synchronize_session=False)
    )
    child.root_id = family_root
    audit.record(child, "case:adopted", by=by, details={"parent": parent.number})
    details = {"child": str(child.id), "number": child.number}  # no title: who reads this case may not read that one
    tell(parent, "child:adopted", details, by=by)


def tell(case: Case, action: str, details: Mapping[str, Any], *, by: Actor) -> None:
    """Have a job write into another case's story what was done elsewhere."""
    arguments = {"case": str(case.id), "action": action, "details": dict(details), "by": by.name}
    jobs.enqueue("tell_case", arguments, partition=str(case.root_id))


def note_told(case_id: uuid.UUID, action: str, details: Mapping[str, Any], by: str) -> None:
    """Write down what `tell` told."""
    audit.record(lock(case_id), action, by=Actor(None, by), details=details)


def below_of_owner(case: Case, *, by: Actor) -> Sequence[sa.Row[uuid.UUID, uuid.UUID]]:
    """Ids and root ids of the open cases below `case` that its owner owns too and `by` may change, some at most."""
    if case.owner_id is None or not in_scope(by, Action.CHANGE_CASE):
        return []
    return db.session.execute(_of_owner(asker(by)), {"case": case.id, "owner": case.owner_id, **asked_by(by)}).all()


@cache
def _of_owner(who: Asker) -> sa.Select[uuid.UUID, uuid.UUID]:
    tree = _below(sa.bindparam("case"))
    chosen = sa.select(Case.id, Case.root_id).join(tree, tree.c.id == Case.id).where(tree.c.depth > 0)
    theirs = chosen.where(Case.owner_id == sa.bindparam("owner"), Case.closed_at.is_(None), Case.fragment.is_(False))
    return theirs.where(changeable(who)).order_by(Case.id).limit(MOST_AT_ONCE)


def hand_down(case: Case, to: User | None, *, by: Actor) -> int:
    """Have jobs give the open cases below, that the owner of `case` owns too, to its new owner; how many.

    To be called before `case` itself is changed. Each is given only if it still has the same owner by then.
    """
    found = below_of_owner(case, by=by)
    for each in found:
        owners = {"frm": str(case.owner_id), "to": to.name if to else None, "by": by.name}
        jobs.enqueue("take_owner", {"case": str(each.id), **owners}, partition=str(each.root_id))
    return len(found)


def take_owner(case_id: uuid.UUID, frm: uuid.UUID, to: str | None, by: str) -> None:
    """Give one case to the new owner of the case above it, unless it was given to somebody else meanwhile."""
    case = lock(case_id)
    user = db.session.scalar(sa.select(User).where(User.name == to, User.active)) if to else None
    if case.state.is_closed or case.owner_id != frm or (to and user is None):
        return
    case.owner_id = user.id if user else None
    audit.record(case, "case:changed", by=Actor(None, by), details={"owner": to})


def open_wanted(parent_id: uuid.UUID, wanted: Sequence[Mapping[str, Any]]) -> None:
    """Open the child cases that the diagram wants, unless they are open already or no longer wanted.

    `wanted` are `OpenChild`s as JSON, with `waits`. Locks the parent, so that it cannot be cancelled meanwhile.
    """
    parent = lock(parent_id)
    if parent.state.is_closed:
        return
    depth = len(ancestors(parent_id)) + 1
    if depth >= DEEPEST:
        _stuck(parent, wanted, _too_deep(depth))
        return
    workflow = load(parent)
    waiting = {child.activity_id for child in workflow.open_work().children}
    activities = [child["activity_id"] for child in wanted]
    there = set(
        db.session.scalars(
            sa.select(Case.parent_activity).where(Case.parent_id == parent_id, Case.parent_activity.in_(activities))
        )
    )
    for child in wanted:
        if child["activity_id"] not in there and (not child["waits"] or child["activity_id"] in waiting):
            _open(parent, child)


def _open(parent: Case, wanted: Mapping[str, Any]) -> None:
    key = wanted["process_key"]
    definition = db.session.scalar(
        sa.select(ProcessDefinition).where(ProcessDefinition.key == key, ProcessDefinition.active)
    )
    if definition is None:
        _stuck(parent, [wanted], f"The process “{key}”, of which a child case is to be opened, is not deployed.")
        return
    variables = dict(wanted["inputs"])
    variables.setdefault("initiator", (parent.variables or {}).get("initiator"))
    kin = Kin(
        parent,
        activity=wanted["activity_id"],
        blocking=wanted["waits"],
        on_parent_cancel=wanted["on_parent_cancel"],
        shares_people=wanted["inherits_roles"],
    )
    roles = _roles_of(parent) if wanted["inherits_roles"] else ()
    child = cases.begin(definition, variables, by=SYSTEM, owner_id=parent.owner_id, kin=kin, roles=roles)
    _tell_opened(parent, child, by=SYSTEM, element=wanted["element_id"])


def _stuck(parent: Case, wanted: Sequence[Mapping[str, Any]], message: str) -> None:
    """Tell operations that children cannot be opened; they may have it tried again."""
    job = {"name": "open_children", "arguments": {"case": str(parent.id), "children": [dict(each) for each in wanted]}}
    first = wanted[0]
    db.session.add(
        Incident(
            case_id=parent.id,
            element_id=first["element_id"],
            activity_id=first["activity_id"],
            message=message,
            job=job,
        )
    )


def _too_deep(depth: int) -> str:
    return f"Cases are nested {depth} deep here; {DEEPEST} and more look like a loop without end."


def _roles_of(case: Case) -> list[tuple[str, str]]:
    rows = db.session.execute(sa.select(CaseRole.role, CaseRole.principal).where(CaseRole.case_id == case.id))
    return [(row.role, row.principal) for row in rows]


def _tell_opened(parent: Case, child: Case, *, by: Actor, element: str | None = None) -> None:
    details = {"child": str(child.id), "number": child.number}  # no title: who reads this case may not read that one
    audit.record(parent, "child:opened", by=by, element=element, details=details)


def cancel(case_id: uuid.UUID, reason: str) -> None:
    """Cancel a child whose parent ended, unless it is closed."""
    case = lock(case_id)
    if not case.state.is_closed:
        cases.terminate(case, by=SYSTEM, reason=reason)


def take_reports(parent_id: uuid.UUID) -> None:
    """Let a case take note of all its children that have ended since it last looked, and go on.

    A case that is not active looks when it is again.
    """
    parent = lock(parent_id)
    if parent.state is not CaseState.ACTIVE:
        return
    with running(parent_id, by=SYSTEM) as workflow:
        waiting = {child.activity_id: child for child in workflow.open_work().children}
        children = db.session.scalars(
            sa.select(Case)
            .where(Case.parent_id == parent_id, Case.state.in_(ENDED), Case.returned_at.is_(None))
            .order_by(Case.closed_at, Case.id)
        ).all()
        taken = []
        for child in children:
            if workflow.state is not WorkflowState.ACTIVE and child.parent_activity in waiting:
                break  # the rest is taken when the parent goes on
            if _take(parent, child, waiting.get(child.parent_activity or ""), workflow):
                taken.append(child.id)
        db.session.execute(
            sa.update(Case)
            .where(Case.id.in_(taken))
            .values(returned_at=utcnow())
            .execution_options(synchronize_session=False)
        )


def _take(parent: Case, child: Case, waiting: OpenChild | None, workflow: Workflow) -> bool:
    """Tell one child's end; True when there is nothing more to be told of it."""
    if child.state is CaseState.FAILED and (waiting is None or not waiting.on_failure):
        return False  # operations mend it
    details = {"child": str(child.id), "number": child.number, "outcome": child.outcome, "reason": child.reason}
    element = waiting.element_id if waiting else None
    said = {name: value for name, value in details.items() if value is not None}
    audit.record(parent, f"child:{child.state}", by=SYSTEM, element=element, details=said)
    if waiting is not None:
        _pass_on(child, waiting, workflow)
    elif child.fragment and child.state is CaseState.COMPLETED:
        cases.write(workflow, _changed(child, parent.variables or {}))
    return child.state.is_closed


def _pass_on(child: Case, waiting: OpenChild, workflow: Workflow) -> None:
    """Let the call activity that waits for the child go on as the diagram says."""
    if child.state is CaseState.COMPLETED:
        workflow.complete(waiting.activity_id, _changed(child, waiting.inputs))
        return
    if waiting.on_failure == "ignore":
        workflow.pass_over(waiting.activity_id)
        return
    code = waiting.on_failure.partition(":")[2] or None
    what = "failed" if child.state is CaseState.FAILED else "was cancelled"
    workflow.throw_error(waiting.activity_id, code, f"{child.number} {what}: {child.reason}", {"child": child.number})


def _changed(child: Case, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the child knows beside what it was given."""
    known = child.variables or {}
    return {
        name: value
        for name, value in known.items()
        if name != "initiator" and (name not in given or given[name] != value)
    }


def ancestors(case_id: uuid.UUID) -> list[uuid.UUID]:
    """The case's parent, its parent's parent, and so on."""
    line = sa.select(Case.id, Case.parent_id).where(Case.id == case_id).cte(recursive=True)
    above = sa.select(Case.id, Case.parent_id).join(line, Case.id == line.c.parent_id)
    line = line.union(above)
    return list(db.session.scalars(sa.select(line.c.id).where(line.c.id != case_id)))


def _below(case_id: uuid.UUID | sa.BindParameter[Any]) -> sa.CTE:
    """The case and its descendants, with their generation."""
    tree = sa.select(Case.id, sa.literal(0).label("depth")).where(Case.id == case_id).cte(recursive=True)
    return tree.union_all(sa.select(Case.id, tree.c.depth + 1).join(tree, Case.parent_id == tree.c.id))


def _height(case_id: uuid.UUID) -> int:
    tree = _below(case_id)
    return int(db.session.execute(sa.select(sa.func.max(tree.c.depth))).scalar_one())


def _refuse_depth(parent_id: uuid.UUID, *, below: int = 0) -> None:
    depth = len(ancestors(parent_id)) + 1 + below
    if depth >= DEEPEST:
        raise WrongState(_too_deep(depth))


def _one_at_a_time() -> None:
    """Wait until no other transaction changes who is whose parent: two that do could make a circle together."""
    if db.session.get(NumberSequence, (" adoptions", 0)) is None:
        cases.next_number(" adoptions", 0)
    db.session.execute(
        sa.select(NumberSequence.last)
        .where(NumberSequence.prefix == " adoptions", NumberSequence.year == 0)
        .with_for_update()
    )


__all__ = [
    "adopt",
    "ancestors",
    "below_of_owner",
    "cancel",
    "hand_down",
    "note_told",
    "open_child",
    "open_wanted",
    "take_owner",
    "take_reports",
    "tell",
]
