"""People and groups, for those who manage them: who is there, what they may do, who is locked out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from flask import Blueprint, Response, current_app, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.errors import BadRequest, InvalidForm
from service.http import rate_limits
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _, later
from service.models import Group, NextTask, User
from service.operations import identities, second_factors
from service.operations import users as operations
from service.policy.permissions import Action
from service.queries import groups as group_lists
from service.queries import users as user_lists
from service.web import words
from service.web.rendering import go, page

blueprint = Blueprint("accounts", __name__)

#: In which order the tasks of a group are next, in words.
ORDERS = {
    NextTask.URGENT: later("What is late, then by due date, then by priority"),
    NextTask.PRIORITY: later("What is late, then by priority"),
    NextTask.OLDEST: later("What has waited longest"),
}

SUGGESTED = 8
LONGEST = {"display_name": 200, "email": 300, "title": 200}  #: characters
SOME = {
    "": later("Everybody"),
    "people": later("People"),
    "administrators": later("Administrators"),
    "machines": later("Machines"),
    "locked": later("Locked"),
}


@blueprint.get("/people")
@permission(Action.MANAGE_USERS)
def index() -> Response:
    """Everybody by name; `?q=` with this text in the name, `?some=` only those, `?group=` only its members."""
    text, some = request.args.get("q", "").strip(), request.args.get("some", "")
    group = request.args.get("group", "").strip()
    if some not in SOME:
        raise BadRequest(_("Some of the people are %(filter)s.", filter=", ".join(filter(None, SOME))))
    if text:
        rate_limits.spend("search", current_actor())
    found = user_lists.users(text=text, some=some or None, group=group or None, cursor=request.args.get("after"))

    def address(some: str, after: str | None = None) -> str:
        return url_for(".index", q=text or None, group=group or None, some=some or None, after=after)

    return page(
        "accounts/index.html",
        rows=found.rows,
        next=address(some, found.next) if found.next else "",
        segments=[(said, address(name), name == some) for name, said in SOME.items()],
        text=text,
        some=some,
        group=user_lists.group(group) if group else None,
        titles=_titles(found.rows),
    )


@blueprint.get("/accounts/suggest")
@permission(Action.MANAGE_USERS)
def suggest() -> Response:
    """People with `?q=` in their name, for a field that asks for somebody."""
    text = request.args.get("q", "").strip()
    if text:
        rate_limits.spend("search", current_actor())
    found = user_lists.users(text=text, limit=SUGGESTED).rows if text else []
    return jsonify([{"value": each.name, "label": each.display_name, "about": each.name} for each in found])


@blueprint.get("/accounts/new")
@permission(Action.MANAGE_USERS)
def new() -> Response:
    """A form for somebody who is still to be let in."""
    return page("accounts/new.html", known=list(group_lists.known().values()))


@blueprint.post("/people")
@permission(Action.MANAGE_USERS)
def add() -> ResponseReturnValue:
    """Let somebody in."""
    said = request.form
    _check_lengths(said)
    user = operations.create(
        said.get("name", "").strip(),
        said.get("display_name", ""),
        by=current_actor(),
        password=said.get("password") or None,
        email=said.get("email", "").strip() or None,
        groups=said.getlist("groups"),
        is_admin=said.get("kind") == "administrator",
        is_machine=said.get("kind") == "machine",
    )
    db.session.commit()
    return go(url_for(".show", name=user.name), _("%(user)s is let in.", user=user.display_name))


@blueprint.get("/people/<name>")
@permission(Action.MANAGE_USERS)
def show(name: str) -> Response:
    """One person: what they may do, their groups, what is theirs to do, and where they are signed in."""
    user = user_lists.user(name)
    mine = {membership.group_name for membership in user.memberships}
    others = [each for each in group_lists.known() if each not in mine]
    return page(
        "accounts/show.html",
        user=user,
        own=user.id == current_actor().id,
        titles=_titles([user]),
        others=[(each, words.readable(each)) for each in others],
        held=user_lists.held(user, by=current_actor()),
        sign_ins=user_lists.signed_in(user),
        has_second_factor=second_factors.is_on(user.id),
        connected=identities.of(user),
        provider=current_app.config["CASEWRIGHT"].oidc_label,
        tokens=user_lists.issued_tokens(user.name)[0].rows,
    )


@blueprint.post("/people/<name>")
@permission(Action.MANAGE_USERS)
def change(name: str) -> ResponseReturnValue:
    """Change what they are called, their address, and whether they administer."""
    user = user_lists.user(name)
    _check_lengths(request.form)
    operations.change(
        user,
        by=current_actor(),
        display_name=request.form.get("display_name", ""),
        email=request.form.get("email", "").strip(),
        is_admin=request.form.get("is_admin") == "yes",
    )
    return _done(user, _("%(user)s is changed.", user=user.display_name))


@blueprint.post("/people/<name>/password")
@permission(Action.MANAGE_USERS)
def set_password(name: str) -> ResponseReturnValue:
    """Give them another password; ends their sign-ins and tokens."""
    user, password = user_lists.user(name), request.form.get("password", "")
    if password != request.form.get("again", ""):
        raise InvalidForm({"again": [_("This is not the same password.")]})
    operations.set_password(user, password, by=current_actor())
    return _done(
        user, _("%(user)s has another password; sign-ins and tokens from before have ended.", user=user.display_name)
    )


@blueprint.post("/people/<name>/part")
@permission(Action.MANAGE_USERS)
def part(name: str) -> ResponseReturnValue:
    """Let no provider sign them in any more."""
    user = user_lists.user(name)
    identities.part(user, by=current_actor())
    db.session.commit()
    return go(url_for(".show", name=name), _("No provider signs %(who)s in any more.", who=user.display_name))


@blueprint.post("/people/<name>/lock")
@permission(Action.MANAGE_USERS)
def lock(name: str) -> ResponseReturnValue:
    """Lock them out, at once and everywhere."""
    user = user_lists.user(name)
    leaves = request.form.get("leaves_restricted") == "yes"
    operations.change(user, by=current_actor(), active=False, leaves_restricted=leaves)
    return _done(user, _("%(user)s can no longer sign in, and has no tokens.", user=user.display_name))


@blueprint.post("/people/<name>/let-in")
@permission(Action.MANAGE_USERS)
def let_in(name: str) -> ResponseReturnValue:
    """Let them sign in again."""
    user = user_lists.user(name)
    operations.change(user, by=current_actor(), active=True)
    return _done(user, _("%(user)s can sign in again.", user=user.display_name))


@blueprint.post("/people/<name>/sign-out")
@permission(Action.MANAGE_USERS)
def sign_out(name: str) -> ResponseReturnValue:
    """End their sign-ins on every device."""
    user = user_lists.user(name)
    operations.sign_out(user, by=current_actor())
    return _done(user, _("%(user)s is signed out everywhere.", user=user.display_name))


@blueprint.post("/people/<name>/second-factor/reset")
@permission(Action.MANAGE_USERS)
def reset_second_factor(name: str) -> ResponseReturnValue:
    """Forget their lost app and recovery codes, and sign them out."""
    user = user_lists.user(name)
    second_factors.reset(user, by=current_actor())
    return _done(
        user, _("%(user)s has no second factor any more, and is signed out everywhere.", user=user.display_name)
    )


@blueprint.post("/people/<name>/groups")
@permission(Action.MANAGE_USERS)
def join(name: str) -> ResponseReturnValue:
    """Put them into a group."""
    user, group = user_lists.user(name), _group_named(request.form.get("group", "").strip())
    operations.join(user, group, by=current_actor())
    return _done(user, _("%(user)s is in %(group)s.", user=user.display_name, group=group.title))


@blueprint.post("/people/<name>/groups/<group>/leave")
@permission(Action.MANAGE_USERS)
def leave(name: str, group: str) -> ResponseReturnValue:
    """Take them out of a group."""
    user, left = user_lists.user(name), user_lists.group(group)
    operations.leave(user, left, by=current_actor())
    return _done(user, _("%(user)s is no longer in %(left)s.", user=user.display_name, left=left.title))


@blueprint.get("/groups")
@permission(Action.MANAGE_USERS)
def groups() -> Response:
    """All groups: how many are in each, and which case types name it."""
    known = group_lists.known()
    return page("accounts/groups.html", rows=list(known.values()), titles=_called(known.keys()))


@blueprint.post("/groups")
@permission(Action.MANAGE_USERS)
def make_group() -> ResponseReturnValue:
    """Make a group."""
    _check_lengths(request.form)
    group = operations.add_group(
        request.form.get("name", "").strip(), request.form.get("title", ""), by=current_actor()
    )
    db.session.commit()
    return go(url_for(".group", name=group.name), _("The group %(group)s is made.", group=group.title))


@blueprint.get("/groups/<name>")
@permission(Action.MANAGE_USERS)
def group(name: str) -> Response:
    """A group: who is in it, and what names it."""
    shown, found = user_lists.group(name), user_lists.users(group=name, cursor=request.args.get("after"))
    return page(
        "accounts/group.html",
        group=shown,
        title=_called([name])[name],
        known=group_lists.known()[name],
        orders=[(order.value, said) for order, said in ORDERS.items()],
        order=shown.next_task or NextTask.URGENT,
        rows=found.rows,
        next=found.next,
    )


@blueprint.post("/groups/<name>")
@permission(Action.MANAGE_USERS)
def rename(name: str) -> ResponseReturnValue:
    """Give the group another title, or say in which order its tasks are next."""
    _check_lengths(request.form)
    found, order = user_lists.group(name), request.form.get("next_task", NextTask.URGENT)
    if order not in list(NextTask):
        raise BadRequest(_("The next task is by %(NextTask)s.", NextTask=", ".join(NextTask)), field="next_task")
    operations.rename_group(found, request.form.get("title", ""), by=current_actor())
    if order != (found.next_task or NextTask.URGENT):  # the form says what holds where nothing was chosen
        operations.order_next_tasks(found, NextTask(order), by=current_actor())
    second_factors.require_of(found, request.form.get("second_factor") == "yes", by=current_actor())
    return _group_done(name, _("%(found)s is changed.", found=found.title))


@blueprint.post("/groups/<name>/remove")
@permission(Action.MANAGE_USERS)
def remove(name: str) -> ResponseReturnValue:
    """Take the group away."""
    found = user_lists.group(name)
    operations.remove_group(found, by=current_actor())
    db.session.commit()
    return go(url_for(".groups"), _("The group %(found)s is gone.", found=found.title))


@blueprint.post("/groups/<name>/members")
@permission(Action.MANAGE_USERS)
def put_in(name: str) -> ResponseReturnValue:
    """Put somebody into the group."""
    user = user_lists.user(request.form.get("name", "").strip())
    operations.join(user, user_lists.group(name), by=current_actor())
    return _group_done(name, _("%(user)s is in it.", user=user.display_name))


@blueprint.post("/groups/<name>/members/<user>/leave")
@permission(Action.MANAGE_USERS)
def take_out(name: str, user: str) -> ResponseReturnValue:
    """Take somebody out of the group."""
    left = user_lists.user(user)
    operations.leave(left, user_lists.group(name), by=current_actor())
    return _group_done(name, _("%(left)s is no longer in it.", left=left.display_name))


def _titles(users: Iterable[User]) -> Mapping[str, str]:
    """What each group of these people is called."""
    return _called({membership.group_name for user in users for membership in user.memberships})


def _called(names: Collection[str]) -> Mapping[str, str]:
    """Group -> its title; of one that was given none its name in words."""
    found = user_lists.titles(names)
    return {name: title if title != name else words.readable(name) for name, title in found.items()}


def _group_named(name: str) -> Group:
    """The group; one that only a diagram names is made."""
    if name in group_lists.known():
        return operations.ensure_group(name, by=current_actor())
    return user_lists.group(name)


def _check_lengths(said: Mapping[str, str]) -> None:
    """Raise `InvalidForm` for what is longer than it may be."""
    too_long = {name: most for name, most in LONGEST.items() if len(said.get(name, "")) > most}
    wrong = {name: [_("That is longer than %(most)s characters.", most=most)] for name, most in too_long.items()}
    if wrong:
        raise InvalidForm(wrong)


def _done(user: User, message: str) -> ResponseReturnValue:
    db.session.commit()
    return go(url_for(".show", name=user.name), message)


def _group_done(name: str, message: str) -> ResponseReturnValue:
    db.session.commit()
    return go(url_for(".group", name=name), message)
