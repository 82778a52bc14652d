"""WHAT MOVING A CARD DOES: nothing but what the diagram and the rules allow by other ways too, else it says why not.

A task that is put to somebody is taken, given back, delegated or assigned. A case that is put into a stage gets there
by what is open in it: a task of the actor's that needs no form, or ad hoc work of that stage. Nobody moves a case past
its diagram here (`operations/modification.py` does).
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from service.db import db
from service.engine.work import Enabled
from service.errors import Forbidden, WrongState
from service.execution.definitions import deployed
from service.models import Actor, Case, CaseState, HumanTask, User
from service.operations import adhoc, tasks
from service.policy.closing import loaded
from service.policy.offered import Starter
from service.policy.permissions import Action, may, require


def put_to(task: HumanTask, to: User | None, *, by: Actor) -> str:
    """Put a task to somebody, or (None) back to its candidates; what was done, as a sentence."""
    require(by, Action.READ_TASK, task)
    if to is None:
        return _put_back(task, by)
    if to.name == task.assignee:
        raise WrongState(f"{'You have' if to.id == by.id else f'{to.display_name} has'} it already.")
    if to.id == by.id and task.assignee is None:
        tasks.claim(task, by=by)
        return f"“{task.name}” is yours now."
    if may(by, Action.ASSIGN, task):
        tasks.assign(task, by=by, to=to)
        return f"{'You have' if to.id == by.id else f'{to.display_name} has'} “{task.name}” now."
    if to.id == by.id:
        tasks.claim(task, by=by)  # which says who has it, since when
    if task.assignee != by.name:
        raise Forbidden("You can give to others what is yours. Take it first, or ask who manages this kind of case.")
    tasks.delegate(task, by=by, to=to)
    return f"{to.display_name} works on “{task.name}” now and hands it back to you."


def _put_back(task: HumanTask, by: Actor) -> str:
    if task.assignee is None:
        raise WrongState("Nobody has it now.")
    if may(by, Action.RELEASE, task):
        tasks.release(task, by=by)
    else:
        tasks.assign(task, by=by, to=None)
    return f"“{task.name}” is back in the team's queue."


def put_into(case: Case, stage: str, *, by: Actor) -> str:
    """Let a case get into a stage by the one thing open in it that leads there; what was done, as a sentence.

    Raises `WrongState` with the reason when nothing does, or more than one thing could.
    """
    require(by, Action.READ_CASE, case)
    names = {each.id: each.name for each in deployed(case.definition_id).definition.info.stages}
    if case.state is not CaseState.ACTIVE:
        raise WrongState(f"{case.number} is {case.state}: nothing in it moves now.")
    if stage not in names:
        raise WrongState(f"The version that {case.number} runs under has no such stage.")
    if case.stage == stage:
        raise WrongState(f"{case.number} is in “{names[stage]}” already.")
    work = _work_of(case, stage)
    starter = Starter.of(by, case)
    ready = [each for each in work if not (starter.why_not(each[1]) or each[1].why_not or each[1].reason_required)]
    open_ones = _open_tasks(case)
    mine = [task for task in open_ones if task.assignee == by.name and not task.form_key]
    if len(ready) + len(mine) > 1:
        several = [*(each.name for _activity, each in ready), *(task.name for task in mine)]
        raise WrongState(f"Open the case and choose: {_listed(several)} could be done next.")
    if ready:
        activity, enabled = ready[0]
        adhoc.activate(case, activity, enabled.element_id, by=by)
        return f"“{enabled.name}” is started in {case.number}."
    if mine:
        return _completed(mine[0], case, stage, names, by)
    raise WrongState(_why_not(case, names[stage], open_ones, work, starter, by))


def _completed(task: HumanTask, case: Case, stage: str, names: dict[str, str], by: Actor) -> str:
    """Complete the task, if that leads into the stage; whoever raises takes it all back."""
    name = task.name
    tasks.complete(task, by=by, submitted={})
    if case.state.is_closed:
        raise WrongState(f"Completing “{name}” would close {case.number}; it does not lead to “{names[stage]}”.")
    if case.stage != stage:
        there = names.get(case.stage or "", "another stage")
        raise WrongState(f"Completing “{name}” leads to “{there}”, not to “{names[stage]}”.")
    return f"“{name}” is done: {case.number} is in “{names[stage]}” now."


def _work_of(case: Case, stage: str) -> Sequence[tuple[str, Enabled]]:
    """The ad hoc work of that stage that the case offers, each with the sub-process that it is in."""
    elements = deployed(case.definition_id).definition.elements
    return [
        (part.activity_id, each)
        for part in loaded(case).open_adhoc()
        for each in part.enabled
        if each.element_id in elements and elements[each.element_id].attributes.get("stage") == stage
    ]


def _open_tasks(case: Case) -> Sequence[HumanTask]:
    found = sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.closed_at.is_(None))
    return db.session.scalars(found.order_by(HumanTask.id).limit(20)).all()


def _why_not(
    case: Case,
    wanted: str,
    open_ones: Sequence[HumanTask],
    work: Sequence[tuple[str, Enabled]],
    starter: Starter,
    by: Actor,
) -> str:
    """Why a case does not get into a stage by being put there, as one sentence about what would lead on."""
    for _activity, each in work:
        refused = starter.why_not(each) or each.why_not
        if refused:
            return f"“{each.name}” cannot be started now. {refused}"
        return f"“{each.name}” is started on the case's page, for it asks why."
    for task in open_ones:
        if task.assignee == by.name:
            return f"“{task.name}” has a form: open it and complete it there, and the case goes on."
    for task in open_ones:
        who = "nobody has it yet: take it first" if task.assignee is None else f"{_called(task.assignee)} has it"
        return f"{case.number} waits for “{task.name}”, and {who}."
    return f"Nothing is open in {case.number} that leads to “{wanted}”. It goes on by itself, as its diagram says."


def _called(name: str) -> str:
    return db.session.scalar(sa.select(User.display_name).where(User.name == name)) or name


def _listed(names: Sequence[str]) -> str:
    shown = [f"“{name}”" for name in names[:5]]
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else shown[0]
