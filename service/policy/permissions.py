"""WHO MAY DO WHAT: one table of rules. Default deny: what is not listed, or whose rules all say no, is refused.

A rule is a sentence about the actor and the subject. Pages and JSON ask the same table which actions to offer.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa
from flask import current_app

from service.db import Statement, db, once
from service.errors import Forbidden, NotFound
from service.languages import _
from service.models import (
    Case,
    CaseRole,
    DefinitionAccess,
    Document,
    HumanTask,
    Note,
    ProcessDefinition,
    SavedView,
    TaskCandidate,
)
from service.models.actor import SYSTEM, Actor
from service.policy.asking import Asker, asked_by, asker
from service.policy.standing_in import did_for_another, stood_in


class Action(StrEnum):
    READ_DEFINITION = "read definition"
    OPEN_CASE = "open cases of this type"
    READ_CASE = "read case"
    CHANGE_VARIABLES = "change variables"
    CHANGE_CASE = "change case"
    CANCEL_CASE = "cancel"
    ACTIVATE = "activate"
    FINISH_AD_HOC = "finish ad hoc work"
    OPEN_CHILD = "open child cases"
    ADOPT = "hang it under another case"
    INSERT_FRAGMENT = "insert a plan fragment"
    SUSPEND = "suspend"
    RESUME = "resume"
    CLOSE = "close"
    REOPEN = "reopen"
    REPEAT = "go back"
    MIGRATE = "move it to another version"
    MIGRATE_CASES = "move cases to another version"
    MODIFY = "change where it stands"
    MODIFY_CASES = "change where cases stand"
    PREFLIGHT = "see what a version means for running cases"
    CHOOSE_VERSION = "choose the version that new cases take"
    RETRY = "try again"
    TRY_CALL = "try the call now"
    GIVE_UP_CALL = "give up the call"
    ADD_TASK = "add a task"
    BIND_ROLE = "give roles"
    RESTRICT = "restrict"
    LINK = "link"
    MERGE = "merge"
    SPLIT = "split"
    WRITE_NOTE = "write notes"
    EDIT_NOTE = "edit this note"
    ANSWER = "answer this question"
    ADD_DOCUMENT = "add documents"
    CHANGE_DOCUMENT = "change this document"
    FREE_DOCUMENT = "let go of this document"
    WITHDRAW_TASK = "withdraw"
    READ_TASK = "read task"
    CLAIM = "claim"
    RELEASE = "release"
    DELEGATE = "delegate"
    HAND_BACK = "hand back"
    SEND_BACK = "send back"
    ASSIGN = "assign"
    SCHEDULE = "schedule"
    PUT_OFF = "put off"
    REMIND = "keep reminders"
    CHOOSE_NEWS = "choose what you are told"
    CHANGE_TASKS = "do the same to many tasks"
    OVERSEE = "see who has what"
    TAKE_NEXT = "take the next task"
    MOVE_CARD = "move a card of the board"
    COMPLETE = "complete"
    SEND_LINK = "send a link"
    DEPLOY = "deploy"
    IMPORT_UNSIGNED = "take a bundle that is not signed"
    PUBLISH_MESSAGE = "publish message"
    READ_INCIDENTS = "read incidents"
    RESOLVE_INCIDENT = "resolve incident"
    EVALUATE_DECISION = "evaluate decision"
    MANAGE_USERS = "manage users"
    FIND_LOST_CASES = "bring lost cases back"
    MANAGE_TOKENS = "manage tokens"
    READ_CALENDAR = "read calendars"
    CHANGE_CALENDAR = "change calendars"
    SAY_AWAY = "say who is away"
    READ_VIEW = "see this view"
    KEEP_VIEWS = "save views"
    CHANGE_VIEW = "change this view"


SCOPE: dict[Action, str] = {
    Action.READ_DEFINITION: "read",
    Action.OPEN_CASE: "work",
    Action.READ_CASE: "read",
    Action.CHANGE_VARIABLES: "work",
    Action.CHANGE_CASE: "work",
    Action.CANCEL_CASE: "work",
    Action.ACTIVATE: "work",
    Action.FINISH_AD_HOC: "work",
    Action.OPEN_CHILD: "work",
    Action.ADOPT: "work",
    Action.INSERT_FRAGMENT: "work",
    Action.SUSPEND: "work",
    Action.RESUME: "work",
    Action.CLOSE: "work",
    Action.REOPEN: "work",
    Action.REPEAT: "work",
    Action.MIGRATE: "work",
    Action.MIGRATE_CASES: "operate",
    Action.MODIFY: "work",
    Action.MODIFY_CASES: "operate",
    Action.PREFLIGHT: "deploy",
    Action.CHOOSE_VERSION: "deploy",
    Action.RETRY: "work",
    Action.TRY_CALL: "work",
    Action.GIVE_UP_CALL: "work",
    Action.ADD_TASK: "work",
    Action.BIND_ROLE: "work",
    Action.RESTRICT: "work",
    Action.LINK: "work",
    Action.MERGE: "work",
    Action.SPLIT: "work",
    Action.WRITE_NOTE: "work",
    Action.EDIT_NOTE: "work",
    Action.ANSWER: "work",
    Action.ADD_DOCUMENT: "work",
    Action.CHANGE_DOCUMENT: "work",
    Action.FREE_DOCUMENT: "work",
    Action.WITHDRAW_TASK: "work",
    Action.READ_TASK: "read",
    Action.CLAIM: "work",
    Action.RELEASE: "work",
    Action.DELEGATE: "work",
    Action.HAND_BACK: "work",
    Action.SEND_BACK: "work",
    Action.ASSIGN: "work",
    Action.SCHEDULE: "work",
    Action.PUT_OFF: "work",
    Action.REMIND: "work",
    Action.CHOOSE_NEWS: "work",
    Action.CHANGE_TASKS: "work",
    Action.OVERSEE: "work",
    Action.TAKE_NEXT: "work",
    Action.MOVE_CARD: "work",
    Action.COMPLETE: "work",
    Action.SEND_LINK: "work",
    Action.DEPLOY: "deploy",
    Action.IMPORT_UNSIGNED: "admin",
    Action.PUBLISH_MESSAGE: "message",
    Action.READ_INCIDENTS: "read",
    Action.RESOLVE_INCIDENT: "operate",
    Action.EVALUATE_DECISION: "work",
    Action.MANAGE_USERS: "admin",
    Action.FIND_LOST_CASES: "admin",
    Action.MANAGE_TOKENS: "admin",
    Action.READ_CALENDAR: "read",
    Action.CHANGE_CALENDAR: "operate",
    Action.SAY_AWAY: "work",
    Action.READ_VIEW: "read",
    Action.KEEP_VIEWS: "work",
    Action.CHANGE_VIEW: "work",
}  #: which scope of an API token each action asks for
ALSO: dict[Action, str] = {
    Action.READ_DEFINITION: "deploy",  # who deploys reads it back
    Action.PUBLISH_MESSAGE: "work",
    Action.RESOLVE_INCIDENT: "admin",
    Action.MIGRATE: "operate",
    Action.MIGRATE_CASES: "admin",
    Action.CHANGE_CALENDAR: "admin",
    Action.MODIFY: "operate",
    Action.MODIFY_CASES: "admin",
    Action.PREFLIGHT: "operate",
    Action.CHOOSE_VERSION: "operate",
    Action.TRY_CALL: "operate",
    Action.GIVE_UP_CALL: "operate",
}  #: another scope that is enough

Rule = Callable[[Actor, Any], bool]


@dataclass(frozen=True)
class Access:
    """What a definition says of who may start, steer and read its cases."""

    starters: frozenset[str]
    managers: frozenset[str]
    readers: frozenset[str]


@lru_cache(maxsize=1024)
def access_of(definition_id: uuid.UUID) -> Access:
    """The access that a deployed definition gives; immutable, so kept for the process's life."""
    rows = db.session.execute(
        sa.select(DefinitionAccess.role, DefinitionAccess.principal).where(
            DefinitionAccess.definition_id == definition_id
        )
    ).all()
    return Access(*(frozenset(p for r, p in rows if r == role) for role in ("starter", "manager", "reader")))


def is_admin(actor: Actor, _subject: Any) -> bool:
    return actor.is_admin


def is_operator(actor: Actor, _subject: Any) -> bool:
    """Runs the installation: sees incidents and what is tried again, and publishes messages; sees no case for that."""
    return current_app.config["CASEWRIGHT"].operators in actor.groups


def is_designer(actor: Actor, _subject: Any) -> bool:
    """Deploys case types, and so decides who may do what in their cases."""
    return current_app.config["CASEWRIGHT"].designers in actor.groups


def is_anyone(_actor: Actor, _subject: Any) -> bool:
    return True


def may_start(actor: Actor, definition: ProcessDefinition) -> bool:
    return definition.is_case_type and not access_of(definition.id).starters.isdisjoint(actor.principals)


def may_insert(actor: Actor, fragment_id: uuid.UUID) -> bool:
    """A plan fragment is for those whom it names as starters; where it names nobody, for all who work on the case."""
    starters = access_of(fragment_id).starters
    return not starters or not starters.isdisjoint(actor.principals)


def manages(actor: Actor, subject: Case | HumanTask) -> bool:
    case = subject.case if isinstance(subject, HumanTask) else subject
    return not access_of(case.definition_id).managers.isdisjoint(actor.principals)


def may_read_all(actor: Actor, case: Case) -> bool:
    return not access_of(case.definition_id).readers.isdisjoint(actor.principals)


def owns(actor: Actor, case: Case) -> bool:
    return actor.id is not None and case.owner_id == actor.id


def opened(actor: Actor, case: Case) -> bool:
    return case.created_by == actor.name


def has_role(actor: Actor, case: Case) -> bool:
    return bool(accesses_of(actor, case))


def works_by_role(actor: Actor, case: Case) -> bool:
    return not accesses_of(actor, case).isdisjoint({"work", "steer"})


def steers_by_role(actor: Actor, subject: Case | HumanTask) -> bool:
    return "steer" in accesses_of(actor, subject.case if isinstance(subject, HumanTask) else subject)


def accesses_of(actor: Actor, case: Case, *roles: str) -> set[str]:
    """What the actor's roles in the case (or only these of them) let them do."""
    return {access for role, access in _held(actor, case) if not roles or role in roles}


def roles_of(actor: Actor, case: Case) -> frozenset[str]:
    """The ids of the roles that the actor has in the case."""
    return frozenset(role for role, _access in _held(actor, case))


_HOLDERS = Statement(
    sa.select(CaseRole.role, CaseRole.access, CaseRole.principal).where(CaseRole.case_id == sa.bindparam("case"))
)


def _held(actor: Actor, case: Case) -> list[tuple[str, str]]:
    """The actor's roles in the case, each with the access that it gives."""
    held = case.__dict__.get("role_holders")  # loaded beforehand by lists; a lock forgets it
    if held is not None:
        return [(each.role, each.access) for each in held if each.principal in actor.principals]
    return once(("roles", actor, case.id), lambda: _held_by(actor, case.id))


def _held_by(actor: Actor, case_id: uuid.UUID) -> list[tuple[str, str]]:
    holders = _HOLDERS.rows(db.session.connection(), {"case": case_id})
    return [(role, access) for role, access, principal in holders if principal in actor.principals]


def works_on(actor: Actor, case: Case) -> bool:
    """Has, had, or may claim a task of the case."""
    given = {"case": case.id, **asked_by(actor)}
    return once(("works on", actor, case.id), lambda: bool(db.session.scalar(_works_on(asker(actor)), given)))


@cache
def _works_on(who: Asker) -> sa.Select[bool]:
    return sa.select(sa.exists(works_on_clause(who, sa.bindparam("case"))))


def works_on_clause(actor: Asker, case_id: Any) -> sa.Select[Any]:
    """The tasks by which `actor` takes part in the case `case_id` (a value or a column)."""
    candidate = sa.exists().where(TaskCandidate.task_id == HumanTask.id, TaskCandidate.principal.in_(actor.principals))
    mine = sa.or_(HumanTask.assignee == actor.name, HumanTask.delegated_by == actor.name, candidate)
    mine = sa.or_(mine, stood_in(actor), did_for_another(actor))
    return sa.select(HumanTask.id).where(HumanTask.case_id == case_id, mine)


def changeable(actor: Asker) -> sa.ColumnElement[bool]:
    """`RULES[CHANGE_CASE]` as SQL, whatever the scopes: which rows of `case` the actor may change. A test compares."""
    if actor is SYSTEM:
        return sa.true()
    steered = sa.select(CaseRole.case_id).where(CaseRole.principal.in_(actor.principals), CaseRole.access == "steer")
    confided: sa.ColumnElement[bool] = Case.id.in_(steered)
    if actor.id is not None:
        confided = sa.or_(Case.owner_id == actor.id, confided)
    if actor.is_admin:
        return sa.or_(Case.restricted.is_(False), confided)
    managed = sa.select(DefinitionAccess.definition_id).where(
        DefinitionAccess.principal.in_(actor.principals), DefinitionAccess.role == "manager"
    )
    return sa.or_(confided, sa.and_(Case.restricted.is_(False), Case.definition_id.in_(managed)))


def is_candidate(actor: Actor, task: HumanTask) -> bool:
    return any(candidate.principal in actor.principals for candidate in task.candidates)


def is_offered(task: HumanTask) -> bool:
    """Whether the task has candidates, or roles whose holders will be."""
    return bool(task.candidate_roles or task.candidates)


def is_candidate_with_role(actor: Actor, task: HumanTask) -> bool:
    return is_candidate(actor, task) and has_role(actor, task.case)


def may_take(actor: Actor, task: HumanTask) -> bool:
    """Is a candidate, and nobody has the task."""
    return task.assignee is None and is_candidate(actor, task)


def may_take_with_role(actor: Actor, task: HumanTask) -> bool:
    return task.assignee is None and is_candidate_with_role(actor, task)


def is_assignee(actor: Actor, task: HumanTask) -> bool:
    return task.assignee == actor.name


def stands_in(actor: Actor, task: HumanTask) -> bool:
    """Is the substitute, today, of who has the task."""
    if not actor.stands_in or task.assignee in (None, actor.name):
        return False
    found = sa.select(HumanTask.id).where(HumanTask.id == task.id, stood_in(actor))
    return once(("stands in", actor, task.id), lambda: db.session.scalar(found) is not None)


def stands_in_with_role(actor: Actor, task: HumanTask) -> bool:
    """And owns the restricted case, or has a role in it."""
    return stands_in(actor, task) and (owns(actor, task.case) or has_role(actor, task.case))


def delegated_it(actor: Actor, task: HumanTask) -> bool:
    return task.delegated_by == actor.name


def wrote(actor: Actor, note: Note) -> bool:
    return note.author == actor.name


def is_asked(actor: Actor, note: Note) -> bool:
    return note.asked == actor.name


def added_document(actor: Actor, document: Document) -> bool:
    return document.created_by == actor.name


def holds_document(actor: Actor, document: Document) -> bool:
    return document.held_by == actor.name


def steers_case_of(actor: Actor, document: Document) -> bool:
    return may(actor, Action.CHANGE_CASE, document.case)


def added_it(actor: Actor, task: HumanTask) -> bool:
    return task.created_by == actor.name


def owns_case_of(actor: Actor, task: HumanTask) -> bool:
    return owns(actor, task.case)


def may_read_case_of(actor: Actor, task: HumanTask) -> bool:
    return may(actor, Action.READ_CASE, task.case)


def gives_work(actor: Actor, _subject: Any) -> bool:
    """Manages a case type, or steers a case by a role: there is work that they may give to others."""
    named = sorted(actor.principals)
    manages_some = sa.exists().where(DefinitionAccess.role == "manager", DefinitionAccess.principal.in_(named))
    steers_some = sa.exists().where(CaseRole.access == "steer", CaseRole.principal.in_(named))
    return bool(db.session.scalar(sa.select(sa.or_(manages_some, steers_some))))


def saved_it(actor: Actor, view: SavedView) -> bool:
    return actor.id is not None and view.owner_id == actor.id


def is_given_it(actor: Actor, view: SavedView) -> bool:
    return not actor.groups.isdisjoint(view.groups)


RULES: dict[Action, Sequence[Rule]] = {
    Action.READ_DEFINITION: [is_anyone],
    Action.OPEN_CASE: [may_start],
    Action.READ_CASE: [is_admin, owns, opened, manages, may_read_all, has_role, works_on],
    Action.CHANGE_VARIABLES: [is_admin, owns, manages, steers_by_role],
    Action.CHANGE_CASE: [is_admin, owns, manages, steers_by_role],
    Action.CANCEL_CASE: [is_admin, owns, manages, steers_by_role],
    Action.ACTIVATE: [is_admin, owns, manages, works_on, works_by_role],
    Action.FINISH_AD_HOC: [is_admin, owns, manages, steers_by_role],
    Action.OPEN_CHILD: [is_admin, owns, manages, works_on, works_by_role],
    Action.ADOPT: [is_admin, owns, manages, steers_by_role],
    Action.INSERT_FRAGMENT: [is_admin, owns, manages, works_on, works_by_role],
    Action.SUSPEND: [is_admin, owns, manages, steers_by_role],
    Action.RESUME: [is_admin, owns, manages, steers_by_role],
    Action.CLOSE: [is_admin, owns, manages, steers_by_role],
    Action.REOPEN: [is_admin, owns, manages, steers_by_role],
    Action.REPEAT: [is_admin, owns, manages, steers_by_role],
    Action.MIGRATE: [is_admin, owns, manages, steers_by_role, is_operator],
    Action.MIGRATE_CASES: [is_admin, is_operator],  #: whoever steers them
    Action.MODIFY: [is_admin, owns, manages, steers_by_role, is_operator],
    Action.MODIFY_CASES: [is_admin, is_operator],  #: whoever steers them, restricted ones excepted
    Action.PREFLIGHT: [is_admin, is_designer, is_operator],
    Action.CHOOSE_VERSION: [is_admin, is_designer, is_operator],
    Action.RETRY: [is_admin, owns, manages, steers_by_role],
    Action.TRY_CALL: [is_admin, owns, manages, steers_by_role],
    Action.GIVE_UP_CALL: [is_admin, owns, manages, steers_by_role],
    Action.ADD_TASK: [is_admin, owns, manages, works_on, works_by_role],
    Action.BIND_ROLE: [is_admin, owns, manages, steers_by_role],
    Action.RESTRICT: [is_admin, owns, manages, steers_by_role],
    Action.LINK: [is_admin, owns, manages, steers_by_role, works_on, works_by_role],
    Action.MERGE: [is_admin, owns, manages, steers_by_role],
    Action.SPLIT: [is_admin, owns, manages, steers_by_role],  #: who also may open a case of its type
    Action.WRITE_NOTE: [is_admin, owns, manages, works_on, works_by_role],
    Action.EDIT_NOTE: [wrote],
    Action.ANSWER: [is_asked],
    Action.ADD_DOCUMENT: [is_admin, owns, manages, works_on, works_by_role],
    Action.CHANGE_DOCUMENT: [added_document, steers_case_of],
    Action.FREE_DOCUMENT: [holds_document, steers_case_of],
    Action.WITHDRAW_TASK: [is_admin, added_it, manages, owns_case_of],
    Action.READ_TASK: [is_assignee, delegated_it, is_candidate, stands_in, may_read_case_of],
    Action.CLAIM: [is_candidate, is_candidate_with_role, manages, steers_by_role],
    Action.RELEASE: [is_assignee, manages, steers_by_role],
    Action.DELEGATE: [is_assignee],
    Action.HAND_BACK: [is_assignee],
    Action.SEND_BACK: [is_assignee],
    Action.ASSIGN: [is_admin, manages, steers_by_role],
    Action.SCHEDULE: [is_admin, manages, steers_by_role],
    Action.PUT_OFF: [is_assignee, is_admin, manages, steers_by_role],
    Action.CHOOSE_NEWS: [is_anyone],  #: everybody for themselves
    Action.REMIND: [is_anyone],  #: everybody themselves, of what they may read
    Action.OVERSEE: [is_admin, gives_work],
    Action.TAKE_NEXT: [is_anyone],  #: of what they may claim
    Action.MOVE_CARD: [is_anyone],  #: what a move does is asked for where it does it
    Action.CHANGE_TASKS: [is_anyone],  #: what may be done to each is asked for each
    Action.COMPLETE: [is_assignee, stands_in, stands_in_with_role],
    Action.SEND_LINK: [
        is_assignee,
        stands_in,
        stands_in_with_role,
        may_take,
        may_take_with_role,
        manages,
        steers_by_role,
    ],
    Action.DEPLOY: [is_admin, is_designer],
    Action.IMPORT_UNSIGNED: [is_admin],  #: who also may deploy
    Action.PUBLISH_MESSAGE: [is_admin, is_operator],
    Action.READ_INCIDENTS: [is_admin, is_operator],
    Action.RESOLVE_INCIDENT: [is_admin, is_operator],
    Action.EVALUATE_DECISION: [is_anyone],
    Action.MANAGE_USERS: [is_admin],
    Action.FIND_LOST_CASES: [is_admin],  #: restricted cases that nobody reaches any more; of each only its number
    Action.MANAGE_TOKENS: [is_anyone],  #: everybody their own
    Action.READ_CALENDAR: [is_anyone],
    Action.CHANGE_CALENDAR: [is_admin, is_operator],
    Action.SAY_AWAY: [is_anyone],  #: everybody of themselves; of others who manages users
    Action.READ_VIEW: [saved_it, is_given_it],
    Action.KEEP_VIEWS: [is_anyone],
    Action.CHANGE_VIEW: [saved_it],
}


#: Rules that look at the actor only.
OF_THE_ACTOR: frozenset[Rule] = frozenset({is_admin, is_operator, is_designer, is_anyone, gives_work})
#: What still holds in a restricted case; being an administrator, a manager of the type or a candidate does not.
CONFIDENTIAL: frozenset[Rule] = frozenset(
    {
        owns, owns_case_of, has_role, works_by_role, steers_by_role, is_assignee, delegated_it, added_it,
        is_candidate_with_role, may_take_with_role, stands_in_with_role, may_read_case_of,
    }
)  # fmt: skip


def may(actor: Actor, action: Action, subject: Any = None) -> bool:
    """Whether `actor` may do `action` to `subject` by the table; says nothing of the subject's state."""
    return in_scope(actor, action) and any(rule(actor, subject) for rule in rules(actor, action, subject))


def in_scope(actor: Actor, action: Action) -> bool:
    """Whether the token by which `actor` acts, if any, is for such actions."""
    return SCOPE[action] in actor.scopes or ALSO.get(action) in actor.scopes


def deciding_rule(actor: Actor, action: Action, subject: Any = None) -> str | None:
    """The name of the first rule that lets `actor` do it: the answer to “why may Ann see this?”."""
    return next((rule.__name__ for rule in rules(actor, action, subject) if rule(actor, subject)), None)


def rules(actor: Actor, action: Action, subject: Any = None) -> Sequence[Rule]:
    """The rules that decide: of the table's, a restricted case leaves those about its owner, its roles, its doers."""
    case = subject.case if isinstance(subject, HumanTask) else subject
    if not (isinstance(case, Case) and case.restricted) or actor is SYSTEM:
        return RULES[action]
    return [rule for rule in RULES[action] if rule in CONFIDENTIAL]


def require(actor: Actor, action: Action, subject: Any = None) -> None:
    """Raise unless `actor` may do `action`: `NotFound` where they may not even see the subject, else `Forbidden`."""
    if may(actor, action, subject):
        return
    if isinstance(subject, Case) and action is not Action.READ_CASE:
        require(actor, Action.READ_CASE, subject)
    if isinstance(subject, HumanTask) and action is not Action.READ_TASK:
        require(actor, Action.READ_TASK, subject)
    if action in (Action.READ_CASE, Action.READ_TASK):
        raise NotFound(NotFound.__doc__)
    if not in_scope(actor, action):
        raise Forbidden(_("This API token lacks the scope “%(SCOPE)s”.", SCOPE=SCOPE[action]))
    raise Forbidden(
        _("You may not %(action)s.", action=_(action))
        if "this" in action
        else _("You may not %(action)s here.", action=_(action))
    )


def steers(actor: Actor, case: Case) -> bool:
    """Whether `actor` decides how the case goes: owns it, manages its type, or administers."""
    return may(actor, Action.FINISH_AD_HOC, case)


def require_other_person(actor: Actor, task: HumanTask) -> None:
    """Four eyes: raise `Forbidden` when `actor`, or for whom they act, did what it must not share a doer with."""
    doers = earlier_doers(task)
    if actor.name in doers:
        raise Forbidden(_("You did an earlier step of this case; somebody else has to do this one (four eyes)."))
    if task.assignee in doers:
        raise Forbidden(
            _("For whom you stand in did an earlier step of this case; neither of you may do it (four eyes).")
        )


def earlier_doers(task: HumanTask) -> frozenset[str]:
    """Four eyes: who completed an activity that `task` must not share a doer with, and for whom."""
    if not task.not_done_by:
        return frozenset()
    done = sa.select(HumanTask.closed_by, HumanTask.closed_for).where(
        HumanTask.case_id == task.case_id,
        HumanTask.element_id.in_(task.not_done_by),
        HumanTask.closed_by.is_not(None),
    )
    return frozenset(name for row in db.session.execute(done) for name in row if name is not None)
