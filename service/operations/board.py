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
from service.languages import _
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
        raise WrongState(
            _(
                "%(you)s it already.",
                you=_("You have") if to.id == by.id else _("%(assignee)s has", assignee=to.display_name),
            )
        )
    if to.id == by.id and task.assignee is None:
        tasks.claim(task, by=by)
        return _("“%(task)s” is yours now.", task=task.name)
    if may(by, Action.ASSIGN, task):
        tasks.assign(task, by=by, to=to)
        return _(
            "%(you)s “%(task)s” now.",
            you=_("You have") if to.id == by.id else _("%(assignee)s has", assignee=to.display_name),
            task=task.name,
        )
    if to.id == by.id:
        tasks.claim(task, by=by)  # which says who has it, since when
    if task.assignee != by.name:
        raise Forbidden(_("You can give to others what is yours. Take it first, or ask who manages this kind of case."))
    tasks.delegate(task, by=by, to=to)
    return _("%(to)s works on “%(task)s” now and hands it back to you.", to=to.display_name, task=task.name)


def _put_back(task: HumanTask, by: Actor) -> str:
    if task.assignee is None:
        raise WrongState(_("Nobody has it now."))
    if may(by, Action.RELEASE, task):
        tasks.release(task, by=by)
    else:
        tasks.assign(task, by=by, to=None)
    return _("“%(task)s” is back in the team's queue.", task=task.name)


def put_into(case: Case, stage: str, *, by: Actor) -> str:
    """Let a case get into a stage by the one thing open in it that leads there; what was done, as a sentence.

    Raises `WrongState` with the reason when nothing does, or more than one thing could.
    """
    require(by, Action.READ_CASE, case)
    names = {each.id: each.name for each in deployed(case.definition_id).definition.info.stages}
    if case.state is not CaseState.ACTIVE:
        raise WrongState(_("%(case)s is %(state)s: nothing in it moves now.", case=case.number, state=_(case.state)))
    if stage not in names:
        raise WrongState(_("The version that %(case)s runs under has no such stage.", case=case.number))
    if case.stage == stage:
        raise WrongState(_("%(case)s is in “%(names)s” already.", case=case.number, names=names[stage]))
    work = _work_of(case, stage)
    starter = Starter.of(by, case)
    ready = [each for each in work if not (starter.why_not(each[1]) or each[1].why_not or each[1].reason_required)]
    open_ones = _open_tasks(case)
    mine = [task for task in open_ones if task.assignee == by.name and not task.form_key]
    if len(ready) + len(mine) > 1:
        several = [*(each.name for _activity, each in ready), *(task.name for task in mine)]
        raise WrongState(_("Open the case and choose: %(several)s could be done next.", several=_listed(several)))
    if ready:
        activity, enabled = ready[0]
        adhoc.activate(case, activity, enabled.element_id, by=by)
        return _("“%(enabled)s” is started in %(case)s.", enabled=enabled.name, case=case.number)
    if mine:
        return _completed(mine[0], case, stage, names, by)
    raise WrongState(_why_not(case, names[stage], open_ones, work, starter, by))


def _completed(task: HumanTask, case: Case, stage: str, names: dict[str, str], by: Actor) -> str:
    """Complete the task, if that leads into the stage; whoever raises takes it all back."""
    name = task.name
    tasks.complete(task, by=by, submitted={})
    if case.state.is_closed:
        raise WrongState(
            _(
                "Completing “%(name)s” would close %(case)s; it does not lead to “%(names)s”.",
                name=name,
                case=case.number,
                names=names[stage],
            )
        )
    if case.stage != stage:
        there = names.get(case.stage or "", "another stage")
        raise WrongState(
            _(
                "Completing “%(name)s” leads to “%(there)s”, not to “%(names)s”.",
                name=name,
                there=there,
                names=names[stage],
            )
        )
    return _("“%(name)s” is done: %(case)s is in “%(names)s” now.", name=name, case=case.number, names=names[stage])


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
            return _("“%(each)s” cannot be started now. %(refused)s", each=each.name, refused=refused)
        return _("“%(each)s” is started on the case's page, for it asks why.", each=each.name)
    for task in open_ones:
        if task.assignee == by.name:
            return _("“%(task)s” has a form: open it and complete it there, and the case goes on.", task=task.name)
    for task in open_ones:
        who = (
            _("nobody has it yet: take it first")
            if task.assignee is None
            else _("%(assignee)s has it", assignee=_called(task.assignee))
        )
        return _("%(case)s waits for “%(task)s”, and %(who)s.", case=case.number, task=task.name, who=who)
    return _(
        "Nothing is open in %(case)s that leads to “%(wanted)s”. It goes on by itself, as its diagram says.",
        case=case.number,
        wanted=wanted,
    )


def _called(name: str) -> str:
    return db.session.scalar(sa.select(User.display_name).where(User.name == name)) or name


def _listed(names: Sequence[str]) -> str:
    shown = [f"“{name}”" for name in names[:5]]
    return _("%(shown)s and %(shown2)s", shown=", ".join(shown[:-1]), shown2=shown[-1]) if len(shown) > 1 else shown[0]
