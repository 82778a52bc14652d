"""The people of one case: who has which role, handing over, who can see the case and by which rule, restricting it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.errors import BadRequest
from service.execution.definitions import deployed
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _, later
from service.models import Actor, Case, User
from service.operations import roles as operations
from service.policy.permissions import Action, may, require
from service.queries import access
from service.queries import cases as case_lists
from service.web import people
from service.web.rendering import go, page

blueprint = Blueprint("roles", __name__)
ACCESS = {"read": later("may read the case"), "work": later("works on the case"), "steer": later("steers the case")}


@dataclass(frozen=True)
class Holder:
    """Somebody who has a role: a person or a group."""

    principal: str
    name: str  #: what they are called
    is_group: bool

    @property
    def user(self) -> str:
        return self.principal.removeprefix("user:")


@dataclass(frozen=True)
class Part:
    """A role of the case, who has it, and who else could."""

    id: str
    name: str
    access: str  #: what it lets do, in words
    holders: Sequence[Holder]
    whom: str  #: for whom the designer made it, in words; empty: for anybody
    choices: people.RoleChoices | None  #: nothing for who may not give it


@dataclass(frozen=True)
class Answer:
    """Whether somebody may see the case, and why."""

    name: str
    because: str  #: empty: they may not


def parts(case: Case, actor: Actor, *, choosing: bool = False) -> list[Part]:
    """The roles of a case that `actor` may read; `choosing`: with those who could be given them."""
    found = access.roles(case, actor=actor)
    if not found:
        return []
    names = people.called([principal for role in found for principal in role.holders])
    declared = {role.id: role for role in deployed(case.definition_id).definition.info.roles}
    return [
        Part(
            role.id,
            role.name,
            ACCESS[role.access],
            [Holder(each, names[each], each.startswith("group:")) for each in role.holders],
            _whom(declared[role.id].groups) if choosing else "",
            people.for_role(declared[role.id].groups, without=role.holders) if choosing else None,
        )
        for role in found
    ]


def _whom(groups: Sequence[str]) -> str:
    titles = people.called([f"group:{name}" for name in groups])
    return ", ".join(titles.values())


@blueprint.get("/cases/<number>/people")
@permission(Action.READ_CASE)
def show(number: str) -> ResponseReturnValue:
    """Who has which role, who can see the case, and with `?why=ann` why Ann may."""
    case, actor = _case(number)
    is_open = not case.state.is_closed
    gives = is_open and may(actor, Action.BIND_ROLE, case)
    seers = access.who(case, actor=actor)
    return page(
        "roles/page.html",
        case=case,
        parts=parts(case, actor, choosing=gives),
        gives=gives,
        restricts=may(actor, Action.RESTRICT, case),
        seers=seers,
        everybody=people.for_case([f"user:{seer.name}" for seer in seers]),
        answer=_why(request.args.get("why", ""), seers),
    )


def _why(name: str, seers: Sequence[access.Seer]) -> Answer | None:
    if not name:
        return None
    found = next((seer for seer in seers if seer.name == name), None)
    if found is not None:
        return Answer(found.display_name, found.because)
    user = people.named(name)
    if user is None:
        raise BadRequest(_("Pick one of the people in the list."))
    return Answer(user.display_name, "")


@blueprint.post("/cases/<number>/roles/<role>/give")
@permission(Action.BIND_ROLE)
def give(number: str, role: str) -> ResponseReturnValue:
    """Give a role to one more person or group."""
    case, actor = _case(number)
    principal = request.form.get("principal", "")
    operations.give(case, role, principal, by=actor)
    called = people.called([principal])[principal]
    return _done(case, actor, _("%(called)s: %(case)s from now on.", called=called, case=_name(case, role)))


@blueprint.post("/cases/<number>/roles/<role>/take")
@permission(Action.BIND_ROLE)
def take(number: str, role: str) -> ResponseReturnValue:
    """Take a role away from a person or a group."""
    case, actor = _case(number)
    principal = request.form.get("principal", "")
    operations.take(case, role, principal, by=actor)
    called = people.called([principal])[principal]
    return _done(case, actor, _("%(called)s: no longer %(case)s.", called=called, case=_name(case, role)))


@blueprint.get("/cases/<number>/roles/<role>/hand-over")
@permission(Action.BIND_ROLE)
def hand_over(number: str, role: str) -> ResponseReturnValue:
    """What would go over from `?from=ann` and, once chosen, to `&to=ben`; nothing is changed."""
    case, actor = _case(number)
    require(actor, Action.BIND_ROLE, case)
    declared = operations.declared(case, role)
    frm = _person(request.args.get("from", ""))
    to = _person(request.args["to"]) if request.args.get("to") else None
    holding = [holder for part in parts(case, actor) if part.id == role for holder in part.holders]
    values: Mapping[str, Any] = {
        "case": case,
        "role": declared,
        "frm": frm,
        "to": to,
        "reach": operations.in_reach(case, role, frm=frm, to=to),
        "choices": people.for_role(declared.groups, without=[holder.principal for holder in holding]),
        "leaves": case.restricted and frm.id == actor.id,
    }
    return page("roles/hand_over.html", **values)


@blueprint.post("/cases/<number>/roles/<role>/hand-over")
@permission(Action.BIND_ROLE)
def hand_over_now(number: str, role: str) -> ResponseReturnValue:
    """Do it."""
    case, actor = _case(number)
    require(actor, Action.BIND_ROLE, case)
    frm, to = _person(request.form.get("from", "")), _person(request.form.get("to", ""))
    operations.hand_over(case, role, frm=frm, to=to, by=actor)
    return _done(
        case,
        actor,
        _(
            "%(to)s is %(case)s now, in place of %(frm)s.",
            to=to.display_name,
            case=_name(case, role),
            frm=frm.display_name,
        ),
    )


@blueprint.post("/cases/<number>/restrict")
@permission(Action.RESTRICT)
def restrict(number: str) -> ResponseReturnValue:
    """Close the case to all but its owner and its roles, or open it again."""
    case, actor = _case(number)
    restricted = request.form.get("restricted") == "yes"
    operations.restrict(case, restricted, by=actor, reason=request.form.get("reason", ""))
    said = _("Only its owner and those with a role see the case now.") if restricted else _("The case is open again.")
    return _done(case, actor, said)


def _case(number: str) -> tuple[Case, Actor]:
    actor = current_actor()
    return case_lists.by_number(number, by=actor), actor


def _done(case: Case, actor: Actor, message: str) -> ResponseReturnValue:
    """Back to the people of the case, or to the list for who has just left it."""
    number = case.number
    db.session.commit()
    stays = may(actor, Action.READ_CASE, case)
    return go(url_for(".show", number=number) if stays else url_for("cases.index"), message)


def _name(case: Case, role: str) -> str:
    return operations.declared(case, role).name


def _person(name: str) -> User:
    found = people.named(name)
    if found is None:
        raise BadRequest(_("Pick one of the people in the list."))
    return found
