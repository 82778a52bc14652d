"""What somebody may do now with a case or a task: by the permission table, and as the thing stands.

Pages offer and JSON lists exactly this; a test sends every action, listed or not. What is listed may still be refused
for what it is sent with. What would be refused for what has to be done before is not listed: `on_case` says why.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value

from service.db import db
from service.execution.definitions import deployed, is_answerable
from service.languages import _
from service.models import SYSTEM, Actor, Case, CaseRole, CaseState, DefinitionAccess, HumanTask, ProcessDefinition
from service.policy import closing
from service.policy.permissions import Action, Rule, access_of, earlier_doers, in_scope, is_offered, may, rules
from service.queries import adhoc, definitions, lifecycle

_DOERS = "earlier doers"
_HOLDERS = sa.select(CaseRole).where(CaseRole.case_id.in_(sa.bindparam("cases", expanding=True)))
_STARTS_SOMETHING = sa.select(
    sa.exists().where(
        DefinitionAccess.role == "starter",
        DefinitionAccess.principal.in_(sa.bindparam("principals", expanding=True)),
    )
)


@dataclass(frozen=True)
class Standing:
    """What somebody may do with a case now, and what they may not do yet: why, as a sentence."""

    allowed: Sequence[Action]
    not_yet: Mapping[Action, str]


def on_case(actor: Actor, case: Case) -> Standing:
    """What `actor` may do with `case` as it stands now, and why not what the case's own state holds back."""
    know_roles(case)
    held: dict[Rule, bool] = {}  # each rule is asked once, since some ask the database
    found = [action for action, fits in _fitting(actor, case).items() if fits and _may(actor, action, case, held)]
    not_yet = {action: why for action in found if (why := _why_not_yet(actor, action, case))}
    return Standing([action for action in found if action not in not_yet], not_yet)


def _why_not_yet(actor: Actor, action: Action, case: Case) -> str:
    """Why an action that the rules and the case's state allow would be refused all the same; empty if it would not."""
    if action is Action.CLOSE:
        in_the_way = closing.why_not(case)
        return _("Still to be done before: %(in_the_way)s.", in_the_way=", ".join(in_the_way)) if in_the_way else ""
    if action is Action.OPEN_CHILD:
        return "" if _opens_cases(actor, case) else _("There is no case type of which you may open a case.")
    if action is Action.INSERT_FRAGMENT:
        return "" if definitions.has_fragments(actor) else _("There is no part that you may add.")
    if action is Action.REPEAT:
        return _unless_one([each.why_not for each in lifecycle.repeatable(case, actor=actor)])
    if action is Action.ACTIVATE:
        return _unless_one([each.why_not for part in adhoc.of_case(case, actor=actor) for each in part.activities])
    if action is Action.FINISH_AD_HOC:
        return _unless_one([part.why_not_finish for part in adhoc.of_case(case, actor=actor)])
    return ""


def _unless_one(reasons: Sequence[str | None]) -> str:
    """Nothing when one of several ways is open; else why the first is not."""
    return "" if None in reasons else next(filter(None, reasons), _("There is nothing to choose from now."))


def fragments(actor: Actor) -> Sequence[ProcessDefinition]:
    """The plan fragments that `actor` may start inside a case."""
    return definitions.fragments(actor)


def considered(case: Case) -> frozenset[Action]:
    """All actions that could be listed for a case of this type in some state, for somebody."""
    return frozenset(_fitting(SYSTEM, case))


def on_task(actor: Actor, task: HumanTask) -> list[Action]:
    """What `actor` may do with `task` as it stands now."""
    if not task.state.is_open or task.case.state is not CaseState.ACTIVE:
        return []
    held, delegated = task.assignee is not None, task.delegated_by is not None
    fitting = {
        Action.CLAIM: not held,
        Action.RELEASE: held and not delegated and is_offered(task),
        Action.DELEGATE: held and not delegated,
        Action.HAND_BACK: delegated,
        Action.SEND_BACK: held and not delegated and is_offered(task),
        Action.ASSIGN: True,
        Action.SCHEDULE: True,
        Action.PUT_OFF: True,
        Action.COMPLETE: held,
        Action.SEND_LINK: is_answerable(task),
        Action.WITHDRAW_TASK: task.activity_id is None,
    }
    found = [action for action, fits in fitting.items() if fits and may(actor, action, task)]
    own = {Action.CLAIM, Action.COMPLETE, Action.SEND_LINK}
    four_eyes = (
        bool(task.not_done_by)
        and not own.isdisjoint(found)
        and not doers_before(task).isdisjoint({actor.name, *([task.assignee] if task.assignee else [])})
    )
    return [action for action in found if not (four_eyes and action in own)]


def has_free_work(case: Case) -> bool:
    """Whether an ad hoc sub-process may be open in the case, in its own diagram or in a process that it calls."""
    elements = deployed(case.definition_id).definition.elements
    return case.state is CaseState.ACTIVE and any(
        elements[each].type == "adHocSubProcess"
        or (elements[each].type == "callActivity" and elements[each].attributes.get("childCase") != "true")
        for each in case.marked or ()
        if each in elements
    )


def doers_before(task: HumanTask) -> frozenset[str]:
    """Four eyes, to offer: who completed an activity that `task` must not share a doer with. Lists know beforehand."""
    known: frozenset[str] | None = sa.inspect(task).info.get(_DOERS)
    return earlier_doers(task) if known is None else known


def know_doers(tasks: Iterable[HumanTask], done: Iterable[tuple[uuid.UUID, str, str | None]]) -> None:
    """Remember for `doers_before` who did which element of which case, in the order case, element, user name."""
    doers: dict[tuple[uuid.UUID, str], set[str]] = {}
    for case_id, element_id, name in done:
        if name is not None:
            doers.setdefault((case_id, element_id), set()).add(name)
    for task in tasks:
        found = (doers.get((task.case_id, element_id), ()) for element_id in task.not_done_by or ())
        sa.inspect(task).info[_DOERS] = frozenset().union(*found)


def know_roles(*cases: Case) -> None:
    """Read who has which role in the cases, for all rules that ask for it; nothing where no diagram names roles."""
    unknown = {case.id: case for case in cases if "role_holders" not in case.__dict__}
    held: dict[uuid.UUID, list[CaseRole]] = {case_id: [] for case_id in unknown}
    named = [case_id for case_id, case in unknown.items() if _names_roles(case.definition_id)]
    if named:
        for row in db.session.scalars(_HOLDERS, {"cases": named}):
            held[row.case_id].append(row)
    for case_id, case in unknown.items():
        set_committed_value(case, "role_holders", held[case_id])


@lru_cache(maxsize=1024)
def _names_roles(definition_id: uuid.UUID) -> bool:
    """Whether a deployed diagram names roles; without parsing it, for a list shows cases of many."""
    info = db.session.execute(sa.select(ProcessDefinition.info).where(ProcessDefinition.id == definition_id))
    return bool(info.scalar_one().get("roles"))


def _may(actor: Actor, action: Action, case: Case, held: dict[Rule, bool]) -> bool:
    for rule in rules(actor, action, case):
        if rule not in held:
            held[rule] = rule(actor, case)
        if held[rule]:
            return in_scope(actor, action)
    return False


def _fitting(actor: Actor, case: Case) -> Mapping[Action, bool]:
    """Action -> whether the case is in a state for it, in the order in which they are listed."""
    active, closed = case.state is CaseState.ACTIVE, case.state.is_closed
    info = deployed(case.definition_id).definition.info
    free_work = has_free_work(case)
    return {
        Action.CHANGE_VARIABLES: active,
        Action.CHANGE_CASE: not closed,
        Action.CANCEL_CASE: not closed,
        Action.SUSPEND: active,
        Action.RESUME: case.state is CaseState.SUSPENDED,
        Action.CLOSE: closing.may_be(case),
        Action.REOPEN: closed,
        Action.RETRY: case.state is CaseState.FAILED,
        Action.REPEAT: active and _was_repeatable_done(case),
        Action.MODIFY: not closed and not case.held_open,
        Action.ACTIVATE: free_work,
        Action.FINISH_AD_HOC: free_work,
        Action.ADD_TASK: active,
        Action.OPEN_CHILD: not closed,
        Action.INSERT_FRAGMENT: active,
        Action.ADOPT: not closed and case.parent_id is None,
        Action.LINK: True,
        Action.MERGE: not closed,
        Action.SPLIT: not closed and _opens_another(actor, case),
        Action.WRITE_NOTE: True,
        Action.ADD_DOCUMENT: True,
        Action.BIND_ROLE: not closed and bool(info.roles),
        Action.RESTRICT: True,
    }


def _opens_another(actor: Actor, case: Case) -> bool:
    return not access_of(case.definition_id).starters.isdisjoint(actor.principals)


def _opens_cases(actor: Actor, case: Case) -> bool:
    """Whether `actor` may open cases of any type; of the case's own it is known without asking the database."""
    given = {"principals": sorted(actor.principals)}
    return _opens_another(actor, case) or bool(db.session.scalar(_STARTS_SOMETHING, given))


def _was_repeatable_done(case: Case) -> bool:
    elements = deployed(case.definition_id).definition.elements
    return any(each in elements and elements[each].attributes.get("repeatable") == "true" for each in case.visits or ())
