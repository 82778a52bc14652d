"""The roles of one case: `bind` people and groups, `hand_over` with the open work, `restrict` a case to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from service import audit
from service.db import db
from service.engine.definition import Role
from service.errors import BadRequest, NotFound, WrongState
from service.execution import family, offers
from service.execution.definitions import deployed
from service.execution.running import load, lock
from service.languages import _, gettext
from service.models import Actor, Case, CaseRole, Group, HumanTask, Membership, TaskCandidate, TaskState, User
from service.notifications import notify
from service.policy import reaching
from service.policy.permissions import Action, earlier_doers, require


def bind(case: Case, role_id: str, holders: Sequence[str], *, by: Actor) -> None:
    """Say who has the role from now on: `user:NAME` or `group:NAME`; nobody is allowed too.

    Where the designer names groups, only they and their members can be bound. Open tasks follow.
    """
    _to_change(case, by=by)
    _bind(case, declared(case, role_id), list(dict.fromkeys(holders)), by=by)


def give(case: Case, role_id: str, principal: str, *, by: Actor) -> None:
    """Give the role to one more, `user:NAME` or `group:NAME`, beside who has it. Raises `WrongState` when they do."""
    _to_change(case, by=by)
    role, before = declared(case, role_id), _principals(case, role_id)
    if principal in before:
        raise WrongState(_("They are %(role)s of this case already.", role=role.name))
    _bind(case, role, [*before, principal], by=by)


def take(case: Case, role_id: str, principal: str, *, by: Actor) -> None:
    """Take the role away from one of those who have it. Raises `WrongState` when they do not."""
    _to_change(case, by=by)
    role, before = declared(case, role_id), _principals(case, role_id)
    if principal not in before:
        raise WrongState(_("They are not %(role)s of this case any more.", role=role.name))
    _bind(case, role, [each for each in before if each != principal], by=by)


def _bind(case: Case, role: Role, wanted: Sequence[str], *, by: Actor) -> None:
    before = _principals(case, role.id)
    for principal in wanted:
        if principal not in before:
            _require_fitting(role, principal)
    _set(case, role, wanted, by=by)
    require_reached(case)
    details = {"role": role.id, "name": role.name, "before": before, "holders": sorted(wanted)}
    audit.record(case, "role:bound", by=by, details=details)


@dataclass(frozen=True)
class Reach:
    """What goes over in a case when somebody takes somebody else's place."""

    tasks: Sequence[HumanTask]  #: they have them from then on
    released: Sequence[HumanTask]  #: back to the team: they did an earlier step of them (four eyes)
    coming_back: Sequence[HumanTask]  #: delegated to others, who hand them back to the new one
    ownership: bool


def in_reach(case: Case, role_id: str, *, frm: User, to: User | None) -> Reach:
    """What `hand_over` would move now; without `to`, what it would move to somebody who did no step of the case."""
    open_tasks = sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.closed_at.is_(None))
    held = db.session.scalars(open_tasks.where(HumanTask.assignee == frm.name).order_by(HumanTask.id)).all()
    back = db.session.scalars(open_tasks.where(HumanTask.delegated_by == frm.name).order_by(HumanTask.id)).all()
    released = [task for task in held if to is not None and to.name in earlier_doers(task)]
    owns = declared(case, role_id).access == "steer" and case.owner_id == frm.id
    return Reach([task for task in held if task not in released], released, back, owns)


def hand_over(case: Case, role_id: str, *, frm: User, to: User, by: Actor) -> None:
    """Let `to` take the place of `frm` in the role, with everything that `in_reach` names.

    Raises `WrongState` when `frm` does not have the role, `BadRequest` when `to` cannot have it.
    """
    _to_change(case, by=by)
    role = declared(case, role_id)
    before = _principals(case, role_id)
    leaving, coming = f"user:{frm.name}", f"user:{to.name}"
    if leaving not in before:
        raise WrongState(_("%(frm)s is not %(role)s of this case.", frm=frm.display_name, role=role.name))
    if frm.id == to.id:
        raise BadRequest(_("Hand it over to somebody else."))
    _require_fitting(role, coming)
    _set(case, role, [principal for principal in before if principal != leaving] + [coming], by=by)
    moving = in_reach(case, role_id, frm=frm, to=to)
    for task in moving.tasks:
        task.assignee, task.delegated_by, task.state = to.name, None, TaskState.RESERVED
    for task in moving.released:
        task.assignee, task.delegated_by, task.state = None, None, TaskState.READY
    for task in moving.coming_back:
        task.delegated_by = to.name if task.assignee != to.name else None
    offers.keep(*moving.tasks, *moving.released)
    if moving.ownership:
        case.owner_id = to.id
    names = [task.name for task in moving.tasks]
    details = {"role": role_id, "name": role.name, "from": frm.name, "to": to.name, "tasks": names}
    if moving.released:
        details["released"] = [str(task.id) for task in moving.released]
    require_reached(case)
    audit.record(case, "role:handed-over", by=by, details=details)
    if to.id != by.id:
        notify([to.name], "handed-over", f"handed-over:{case.id}:{role_id}:{case.version}", case=case, by=by)


def restrict(case: Case, restricted: bool, *, by: Actor, reason: str) -> None:
    """Close the case and its plan fragments to all but its owner and its roles, or open them again; with a reason."""
    lock(case.id)
    require(by, Action.RESTRICT, case)
    if case.restricted is restricted:
        raise WrongState(_("This case is restricted already.") if restricted else _("This case is not restricted."))
    if not reason.strip():
        raise BadRequest(_("Say why."))
    if restricted and not reaching.is_reached(case):
        raise WrongState(_("Give the case an owner first; nobody could open it again."))
    case.restricted = restricted
    db.session.execute(
        sa.update(Case)
        .where(Case.parent_id == case.id, Case.fragment)
        .values(restricted=restricted, version=Case.version + 1)
        .execution_options(synchronize_session=False)
    )
    action = "case:restricted" if restricted else "case:unrestricted"
    audit.record(case, action, by=by, details={"reason": reason.strip()})


def bring_back(number: str, owner: User, *, by: Actor, reason: str) -> Case:
    """Give a restricted case that nobody active owns or steers any more an owner; who it was is told in its story.

    Raises `WrongState` for every other case, and for numbers of none, alike.
    """
    require(by, Action.FIND_LOST_CASES)
    found = next((each for each in reaching.lost() if each.number == number), None)
    if found is None:
        raise WrongState(_("No restricted case with this number is out of everybody's reach."))
    if not owner.active:
        raise BadRequest(_("%(owner)s cannot sign in any more.", owner=owner.display_name), field="owner")
    if not reason.strip():
        raise BadRequest(_("Say why."), field="reason")
    case = lock(found.id)
    if reaching.is_reached(case):
        raise WrongState(_("No restricted case with this number is out of everybody's reach."))
    case.owner_id = owner.id
    audit.record(case, "case:brought-back", by=by, details={"owner": owner.name, "reason": reason.strip()})
    return case


def require_reached(case: Case) -> None:
    """Raise `WrongState` when nobody active would own or steer a restricted case any more."""
    if case.restricted and not case.state.is_closed and not reaching.is_reached(case):
        raise WrongState(_("This case is restricted, and nobody could reach it any more: give it another owner first."))


def declared(case: Case, role_id: str) -> Role:
    """The role as the diagram declares it. Raises `WrongState` when it does not."""
    roles = {role.id: role for role in deployed(case.definition_id).definition.info.roles}
    if role_id not in roles:
        raise WrongState(_("Cases of this type have no role “%(role_id)s”.", role_id=role_id[:100]))
    return roles[role_id]


def _to_change(case: Case, *, by: Actor) -> None:
    lock(case.id)
    require(by, Action.BIND_ROLE, case)
    if case.state.is_closed:
        raise WrongState(_("This case is %(state)s.", state=_(case.state)))


def _principals(case: Case, role_id: str) -> list[str]:
    chosen = sa.select(CaseRole.principal).where(CaseRole.case_id == case.id, CaseRole.role == role_id)
    return sorted(db.session.scalars(chosen))


def _set(case: Case, role: Role, principals: Iterable[str], *, by: Actor) -> None:
    wanted = set(principals)
    before = set(_principals(case, role.id))
    mine = (CaseRole.case_id == case.id, CaseRole.role == role.id)
    db.session.execute(sa.delete(CaseRole).where(*mine, CaseRole.principal.in_(before - wanted)))
    for principal in sorted(wanted - before):
        row = CaseRole(case_id=case.id, role=role.id, principal=principal, access=role.access, bound_by=by.name)
        db.session.add(row)
    db.session.flush()
    _offer_anew(case, role.id)


def _offer_anew(case: Case, role_id: str) -> None:
    """The open tasks that the diagram gives to this role have its new holders as candidates, beside whom it names."""
    query = sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.closed_at.is_(None))
    offered = db.session.scalars(query.where(HumanTask.candidate_roles.is_not(None))).all()
    affected = [task for task in offered if role_id in (task.candidate_roles or [])]
    named = _named_candidates(case) if affected else {}
    for task in affected:
        held = family.holders(case, task.candidate_roles or [])
        db.session.execute(sa.delete(TaskCandidate).where(TaskCandidate.task_id == task.id))
        principals = {*held, *named.get(task.activity_id or "", ())}
        offers.offer(task, sorted(principals))


def _named_candidates(case: Case) -> dict[str, list[str]]:
    """Activity id -> the people and groups to whom the diagram offers the open task by name."""
    workflow = load(case)
    return {
        task.activity_id: [f"user:{name}" for name in task.candidate_users]
        + [f"group:{name}" for name in task.candidate_groups]
        for task in workflow.open_work().tasks
    }


def _require_fitting(role: Role, principal: str) -> None:
    """Raise unless there is such a person or group, and the designer lets them have the role."""
    kind, _, name = principal.partition(":")
    if kind == "group":
        if db.session.get(Group, name) is None:
            raise NotFound(gettext("There is no group “%(name)s”.", name=name[:100]))
        if role.groups and name not in role.groups:
            raise BadRequest(
                gettext("The role %(role)s is for %(groups)s.", role=role.name, groups=", ".join(role.groups))
            )
        return
    user = db.session.scalar(sa.select(User).where(User.name == name)) if kind == "user" else None
    if user is None or not user.active:
        raise NotFound(gettext("There is no user “%(name)s” who can sign in.", name=name[:100]))
    member = sa.select(Membership.group_name).where(
        Membership.user_id == user.id, Membership.group_name.in_(role.groups)
    )
    if role.groups and db.session.scalars(member).first() is None:
        raise BadRequest(gettext("The role %(role)s is for %(groups)s.", role=role.name, groups=", ".join(role.groups)))
