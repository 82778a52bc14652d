"""MODIFICATION of one case: `modify` where it stands, by steps; `look` tells before what that would do.

The engine takes the steps on a copy; what comes of it is saved as any other run of the case is. Where the case type
says `case:changesNeedApproval`, `modify` only proposes, and a second person with the same right has to `approve`: the
steps are then about the very tokens that they were about, or are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from service import audit
from service.db import db, new_id, utcnow
from service.engine.change.choices import Stood, Target, stood, targets
from service.engine.change.consequences import Effect, consequences, effects, verdict
from service.engine.change.modify import Modified, pinned
from service.engine.change.modify import modify as modify_workflow
from service.engine.change.plan import Reason, Verdict
from service.engine.change.steps import Kind, Step
from service.engine.errors import EngineError, Unmovable
from service.engine.work import OpenWork, WorkflowState
from service.engine.workflow import Workflow
from service.errors import BadRequest, Changed, Forbidden, WrongState
from service.execution import family, milestones, settling
from service.execution.definitions import deployed
from service.execution.running import load, lock, save
from service.execution.stores import Stores
from service.languages import _, later
from service.models import Actor, Case, CaseState, HumanTask, Modification, ModificationState
from service.operations import incidents
from service.operations.cases import plain
from service.operations.judging import NoPlace
from service.policy.permissions import Action, require

RESTRICTED = later("This case is restricted: who steers it may change it.")
_CHANGEABLE = (CaseState.ACTIVE, CaseState.SUSPENDED, CaseState.FAILED)


@dataclass(frozen=True)
class Preview:
    """What a modification would do to a case as it stands."""

    revision: int  #: the case's: what is previewed holds for it
    verdict: Verdict
    reasons: tuple[Reason, ...]  #: what speaks against it, the gravest first; and what it passes over
    effects: tuple[Effect, ...]
    before: tuple[str, ...]  #: ids of the elements where tokens stand, with repeats
    after: tuple[str, ...]
    needs_approval: bool


def needs_approval(case: Case) -> bool:
    """Whether a second person has to agree to what is changed in cases of this type."""
    return deployed(case.definition_id).definition.info.attributes.get("changesNeedApproval") == "true"


def choices(case: Case) -> tuple[list[Stood], list[Target]]:
    """What stands in the case, and where tokens may be put; nothing where it cannot be changed now."""
    if case.state not in _CHANGEABLE:
        return [], []
    workflow = _changeable(case)
    return stood(workflow), targets(workflow)


def look(case: Case, steps: Sequence[Step], *, by: Actor) -> Preview:
    """What `modify` would do; nothing is changed. Raises `WrongState`, with the reason, for what cannot be."""
    require(by, Action.MODIFY, case)
    workflow = _changeable(case)
    done = _tried(workflow, _checked(steps))
    found = _reasons(case, workflow, done)
    marks = done.before.marked, done.after.marked
    return Preview(case.version, verdict(found), found, effects(done), *marks, needs_approval(case))


def look_at_alike(case: Case, steps: Sequence[Step], *, by: Actor) -> Preview:
    """What steps ordered for many would do to those that stand as `case` does: nothing is told of what it holds, or of
    who has it. Raises as `look` does, and for a restricted case, which no order changes."""
    require(by, Action.MODIFY_CASES)
    if case.restricted:
        raise WrongState(RESTRICTED)
    workflow = _changeable(case)
    done = _tried(workflow, _checked(steps))
    found = tuple(consequences(workflow, done, case.visits or {}))
    marks = done.before.marked, done.after.marked
    return Preview(case.version, verdict(found), found, effects(done), *marks, needs_approval(case))


def modify(case: Case, steps: Sequence[Step], *, by: Actor, reason: str, revision: int | None = None) -> Modification:
    """Change where the case stands, or propose it. `revision`: what the preview said; raises `Changed` when the case
    is another by now. Raises `WrongState`, and changes nothing, for what cannot be or could never end."""
    lock(case.id)
    require(by, Action.MODIFY, case)
    if revision is not None and case.version != revision:
        raise Changed(_("Something has happened in the case since you looked. Look again at what would be changed."))
    said = _said(reason, _("Say why this is changed by hand."))
    return modify_as_ordered(case, _checked(steps), by=by, reason=said, up_to=Verdict.PERSON)


def modify_as_ordered(case: Case, steps: Sequence[Step], *, by: Actor, reason: str, up_to: Verdict) -> Modification:
    """The same for the locked `case`, for who was allowed to order it. Raises `WrongState` worse than `up_to`."""
    made = _made(case, steps, by=by, reason=reason)
    if needs_approval(case):
        _propose(case, made, up_to, by=by)
    else:
        apply(case, steps, by=by, reason=reason, up_to=up_to)
    db.session.add(made)
    return made


def approve(proposed: Modification, *, by: Actor) -> Modification:
    """Apply what somebody else has proposed. Where that cannot be any more, it is refused, and `answer` says why."""
    case = _locked(proposed, by)
    if by.name == proposed.created_by:
        raise Forbidden(_("You proposed this yourself; somebody else has to agree to it (four eyes)."))
    try:
        apply(case, _steps(proposed), by=by, reason=proposed.reason, proposed_by=proposed.created_by)
    except WrongState as gone:  # raised before anything is changed
        _decide(proposed, ModificationState.REFUSED, by=by, answer=str(gone))
        _tell_refused(case, proposed, by=by)
        return proposed
    _decide(proposed, ModificationState.APPLIED, by=by)
    return proposed


def refuse(proposed: Modification, *, by: Actor, reason: str) -> None:
    """Turn down what was proposed; who proposed it withdraws it."""
    case = _locked(proposed, by)
    own = by.name == proposed.created_by
    answer = reason.strip() if own else _said(reason, _("Say why it is refused."))
    _decide(proposed, ModificationState.WITHDRAWN if own else ModificationState.REFUSED, by=by, answer=answer or None)
    _tell_refused(case, proposed, by=by)


def apply(
    case: Case,
    steps: Sequence[Step],
    *,
    by: Actor,
    reason: str,
    up_to: Verdict = Verdict.PERSON,
    proposed_by: str | None = None,
) -> None:
    """Take steps on the locked `case`. Raises `WrongState` for what cannot be, or is judged worse than `up_to`."""
    workflow = _changeable(case)
    done = _tried(workflow, steps)
    _require(_reasons(case, workflow, done), up_to)
    state = case.state
    details: dict[str, Any] = {"reason": reason, "steps": [_told(step) for step in steps]}
    details |= {"proposed_by": proposed_by} if proposed_by else {}
    if gone := _milestones(case, workflow, steps):
        details["milestones"] = gone
    goes_on = state is CaseState.FAILED and done.workflow.state is not WorkflowState.FAILED
    audit.record(case, "case:modified", by=by, details=details | ({"goes_on": True} if goes_on else {}))
    if goes_on:
        incidents.put_away(case, by=by)
        case.reason = None
    save(case, done.workflow, done.before, by=by)
    if case.state.is_closed:
        case.suspended_at, case.suspended_until = None, None
        case.reason = case.reason if state is not CaseState.SUSPENDED else None
    _end_children(case, done)
    settling.put_away(case, _at_work(done.before) - _at_work(done.after), done.after, by=by)
    if goes_on and case.state is CaseState.ACTIVE:
        incidents.catch_up(case, {timer.timer_id for timer in done.before.timers}, done.workflow)


def _require(found: Sequence[Reason], up_to: Verdict) -> None:
    if verdict(found).rank > up_to.rank:
        raise NoPlace(f"{found[0].message} {found[0].way_out}".strip(), found[0].element_id)


def _changeable(case: Case) -> Workflow:
    if case.state not in _CHANGEABLE:
        raise WrongState(_("This case is %(state)s.", state=_(case.state)))
    try:
        workflow = load(case, now=case.suspended_at)  # on hold its clocks stand still
    except EngineError as unfit:
        raise WrongState(_("The case cannot be read: %(unfit)s", unfit=unfit)) from None
    workflow.stores = Stores()
    workflow.take_happenings()
    return workflow


def _tried(workflow: Workflow, steps: Sequence[Step]) -> Modified:
    try:
        return modify_workflow(workflow, steps)
    except Unmovable as refusal:
        raise NoPlace(str(refusal), refusal.element_id) from None


def _checked(steps: Sequence[Step]) -> list[Step]:
    """The steps with values whose names expressions can use. Raises `BadRequest`."""
    return [replace(step, values=plain(step.values)) for step in steps]


def _made(case: Case, steps: Sequence[Step], *, by: Actor, reason: str) -> Modification:
    said = [step.as_json() for step in steps]
    return Modification(
        id=new_id(), case_id=case.id, steps=said, reason=reason, state=ModificationState.APPLIED,
        revision=case.version, created_by=by.name,
    )  # fmt: skip


def _propose(case: Case, made: Modification, up_to: Verdict, *, by: Actor) -> None:
    """Keep the steps for somebody else to agree to, about the tokens that are there now. Raises as `apply` does."""
    workflow, steps = _changeable(case), _steps(made)
    _require(_reasons(case, workflow, _tried(workflow, steps)), up_to)
    made.steps = [step.as_json() for step in pinned(workflow, steps)]
    made.state = ModificationState.PROPOSED
    details = {"reason": made.reason, "steps": [_told(step) for step in steps], "proposal": str(made.id)}
    audit.record(case, "case:change-proposed", by=by, details=details)


def _locked(proposed: Modification, by: Actor) -> Case:
    """The case of a proposal, under its lock. Raises where `by` may not decide, or it was decided already."""
    case = lock(proposed.case_id)
    require(by, Action.MODIFY, case)
    if proposed.state is not ModificationState.PROPOSED:
        raise WrongState(_("This proposal is %(state)s already.", state=_(proposed.state)))
    return case


def _decide(proposed: Modification, state: ModificationState, *, by: Actor, answer: str | None = None) -> None:
    proposed.state, proposed.answer = state, answer
    proposed.decided_by, proposed.decided_at = by.name, utcnow()


def _tell_refused(case: Case, proposed: Modification, *, by: Actor) -> None:
    action = "case:change-withdrawn" if proposed.state is ModificationState.WITHDRAWN else "case:change-refused"
    details = {"reason": proposed.answer, "proposed_by": proposed.created_by, "proposal": str(proposed.id)}
    audit.record(case, action, by=by, details={name: value for name, value in details.items() if value})


def _steps(made: Modification) -> list[Step]:
    return [Step.from_json(each) for each in made.steps]


def _told(step: Step) -> dict[str, Any]:
    """A step as the story keeps it: which variables were set, not to what."""
    said = step.as_json()
    said.pop("activity", None)
    return said | ({"values": sorted(step.values)} if step.values else {})


def _milestones(case: Case, workflow: Workflow, steps: Sequence[Step]) -> list[str]:
    """Those that the case goes back before, as `lifecycle.repeat` has it."""
    known = workflow.definition.elements
    again = [step.element for step in steps if step.do is Kind.AGAIN and step.element in known]
    return milestones.take_back(case, workflow, {name for each in again for name in workflow.ahead_of(each or "")})


def _end_children(case: Case, done: Modified) -> None:
    """Children whose call was skipped: nobody waits for them any more. Of calls that were cancelled `save` has told."""
    if skipped := {each.activity_id for each in done.before.children} & done.skipped:
        family.cancel_children(case, f"The step of {case.number} that needed it was skipped.", activities=skipped)


def _at_work(work: OpenWork) -> set[str]:
    return {each.activity_id for each in (*work.tasks, *work.services, *work.children)}


def _said(text: str, otherwise: str) -> str:
    if not text.strip():
        raise BadRequest(otherwise, field="reason")
    return text.strip()


# What speaks against it


def _reasons(case: Case, workflow: Workflow, done: Modified) -> tuple[Reason, ...]:
    found = consequences(workflow, done, case.visits or {})
    return (*found, *_people(case, done.before, done.after), *_partners(case, done.before, done.after))


def _people(case: Case, before: OpenWork, after: OpenWork) -> Iterator[Reason]:
    """Question 5: who has begun what is taken away."""
    gone = {task.activity_id for task in before.tasks} - {task.activity_id for task in after.tasks}
    if not gone:
        return
    held = sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.activity_id.in_(gone))
    held = held.where(HumanTask.closed_at.is_(None), HumanTask.assignee.is_not(None)).order_by(HumanTask.id)
    for task in db.session.scalars(held):
        message = f"{task.assignee} has the task “{task.name}”, which is cancelled."
        yield Reason(5, Verdict.SAFE, message, element_id=task.element_id)


def _partners(case: Case, before: OpenWork, after: OpenWork) -> Iterator[Reason]:
    """And what others do, or have done, for what is taken away."""
    services = {each.activity_id for each in after.services}
    for service in before.services:
        if service.activity_id not in services:
            shown = service.name or service.element_id
            message = f"The service of “{shown}” may have been called already; what comes back is dropped."
            yield Reason(5, Verdict.SAFE, message, element_id=service.element_id)
    left = {each.activity_id for each in before.children} - {each.activity_id for each in after.children}
    if not left:
        return
    chosen = sa.select(Case.number, Case.on_parent_cancel).where(Case.parent_id == case.id, Case.closed_at.is_(None))
    for number, what in db.session.execute(chosen.where(Case.parent_activity.in_(left)).order_by(Case.number)):
        ends = "is cancelled" if what == "cancel" else "stays open, but nothing waits for it"
        yield Reason(5, Verdict.SAFE, f"{number}, which was opened for this step, {ends}.")
