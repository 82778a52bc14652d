"""Typed links between cases: `link`, `unlink`, `open_linked`, and what ends in one: `merge` two cases, `split` one."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from service import audit, forms, jobs
from service.db import db, localnow, new_id
from service.errors import BadRequest, WrongState
from service.execution.definitions import form_of
from service.execution.running import lock, running
from service.languages import _
from service.models import Actor, Case, CaseLink, CaseState, LinkKind, ProcessDefinition
from service.operations import cases
from service.operations.children import tell
from service.policy.permissions import Action, require

BY_HAND = (LinkKind.RELATED, LinkKind.DUPLICATE, LinkKind.BLOCKS)


def link(source: Case, target: Case, kind: LinkKind, *, by: Actor) -> CaseLink:
    """Link two cases: the source is related to, a duplicate of, or blocks the target.

    Who blocks a case has to be allowed to link it too. Raises `BadRequest` for a circle of blocks.
    """
    lock(source.id)
    require(by, Action.LINK, source)
    require(by, Action.LINK if kind is LinkKind.BLOCKS else Action.READ_CASE, target)
    if kind not in BY_HAND:
        raise BadRequest(_("A link “%(kind)s” comes from merging or splitting cases.", kind=kind))
    if source.id == target.id:
        raise BadRequest(_("A case is not linked with itself."))
    if kind is LinkKind.BLOCKS and _blocks(target, source):
        raise BadRequest(
            _(
                "%(target)s blocks %(source)s; then none of them could be closed.",
                target=target.number,
                source=source.number,
            )
        )
    return _add(source, target, kind, by=by)


def open_linked(case: Case, definition: ProcessDefinition, *, by: Actor, submitted: Mapping[str, Any]) -> Case:
    """Open a case of `definition` beside `case`, related to it, by hand.

    Raises `Forbidden` for who may not link the one or not open the other.
    """
    lock(case.id)
    require(by, Action.LINK, case)
    made = cases.start(definition, by=by, submitted=submitted)
    db.session.flush()
    db.session.add(CaseLink(source_id=case.id, target_id=made.id, kind=LinkKind.RELATED, created_by=by.name))
    audit.record(case, "case:linked", by=by, details={"kind": LinkKind.RELATED.value, "target": made.number})
    audit.record(made, "case:linked", by=by, details={"kind": LinkKind.RELATED.value, "source": case.number})
    return made


def unlink(found: CaseLink, *, by: Actor) -> None:
    """Take a link away that was made by hand."""
    source, target = found.source, found.target
    lock(source.id)
    require(by, Action.LINK, source)
    if found.kind not in BY_HAND:
        raise WrongState(_("A link “%(kind)s” tells what was done; it stays.", kind=found.kind))
    kind = found.kind
    if kind is LinkKind.BLOCKS:
        require(by, Action.LINK, target)
        jobs.enqueue("look_at_children", {"case": str(target.id)}, partition=str(target.root_id))
    db.session.delete(found)
    audit.record(source, "case:unlinked", by=by, details={"kind": kind.value, "target": target.number})
    tell(target, "case:unlinked", {"kind": kind.value, "source": source.number}, by=by)


def merge(case: Case, into: Case, *, by: Actor, reason: str) -> None:
    """End `case` as merged into another, which gets the data that it lacks itself, by a job."""
    lock(case.id)
    require(by, Action.MERGE, case)
    require(by, Action.MERGE, into)
    if case.id == into.id:
        raise BadRequest(_("A case is not merged into itself."))
    if case.state.is_closed or into.state.is_closed:
        raise WrongState(_("This case is %(state)s.", state=case.state if case.state.is_closed else into.state))
    if not reason.strip():
        raise BadRequest(_("Say why the cases are merged."))
    _add(case, into, LinkKind.MERGED, by=by)
    given = {name: value for name, value in (case.variables or {}).items() if name != "initiator"}
    cases.terminate(case, by=by, reason=f"Merged into {into.number}: {reason.strip()}")
    arguments = {"case": str(into.id), "source": case.number, "variables": given, "by": by.name}
    jobs.enqueue("take_over", arguments, partition=str(into.root_id))


def take_over(case_id: uuid.UUID, source: str, variables: Mapping[str, Any], by: str) -> None:
    """Note that another case was merged into this one, and take of its data what this one lacks."""
    case, actor = lock(case_id), Actor(None, by)
    missing = {name: value for name, value in variables.items() if name not in (case.variables or {})}
    if case.state is not CaseState.ACTIVE or not missing:
        audit.record(case, "case:merged", by=actor, details={"source": source})
        return
    with running(case_id, by=actor) as workflow:
        audit.record(case, "case:merged", by=actor, details={"source": source, "names": sorted(missing)})
        cases.write(workflow, missing)


def split(
    case: Case, names: Iterable[str], *, by: Actor, reason: str, submitted: Mapping[str, Any] | None = None
) -> Case:
    """Open a second case of the same type with some of this one's variables, linked as split off from it.

    `submitted`: more for its start form, which holds as for every case. Raises `InvalidForm` for what is missing.
    """
    lock(case.id)
    require(by, Action.SPLIT, case)
    require(by, Action.OPEN_CASE, case.definition)
    if case.state.is_closed:
        raise WrongState(_("This case is %(state)s.", state=_(case.state)))
    if not reason.strip():
        raise BadRequest(_("Say why the case is split."))
    wanted, known = list(names), case.variables or {}
    if unknown := [name for name in wanted if name not in known]:
        raise BadRequest(_("This case has no variable “%(unknown)s”.", unknown=unknown[0][:100]))
    taken = {name: known[name] for name in wanted}
    schema = form_of(case.definition_id, cases.start_form(case.definition))
    if schema:
        given = {**taken, **(submitted or {})}
        taken = {**taken, **forms.validate(schema, given, context={}, now=localnow())}
    began = {**taken, "initiator": by.name}
    made = cases.begin(case.definition, began, by=by, owner_id=by.id, case_id=new_id())
    db.session.flush()
    db.session.add(CaseLink(source_id=made.id, target_id=case.id, kind=LinkKind.SPLIT, created_by=by.name))
    details = {"number": made.number, "reason": reason.strip(), "variables": wanted}
    audit.record(case, "case:split", by=by, details=details)
    return made


def _add(source: Case, target: Case, kind: LinkKind, *, by: Actor) -> CaseLink:
    there = sa.select(CaseLink.id).where(
        CaseLink.source_id == source.id, CaseLink.target_id == target.id, CaseLink.kind == kind
    )
    if db.session.scalar(there) is not None:
        raise WrongState(_("The cases are linked so already."))
    made = CaseLink(id=new_id(), source_id=source.id, target_id=target.id, kind=kind, created_by=by.name)
    db.session.add(made)
    audit.record(source, "case:linked", by=by, details={"kind": kind.value, "target": target.number})
    tell(target, "case:linked", {"kind": kind.value, "source": source.number}, by=by)
    return made


def _blocks(first: Case, last: Case) -> bool:
    """Whether `first` blocks `last`, directly or through others."""
    blocking = CaseLink.kind == LinkKind.BLOCKS
    chain = sa.select(CaseLink.target_id).where(CaseLink.source_id == first.id, blocking).cte(recursive=True)
    chain = chain.union(
        sa.select(CaseLink.target_id).join(chain, CaseLink.source_id == chain.c.target_id).where(blocking)
    )
    return db.session.scalar(sa.select(chain.c.target_id).where(chain.c.target_id == last.id).limit(1)) is not None
