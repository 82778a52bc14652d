"""People, their groups and their API tokens. Nothing here commits.

Whatever changes what somebody may do (password, role, being locked out) ends their sign-ins in the same transaction.
Their tokens end with a new password and with being locked out: whoever takes these steps believes that somebody else
may act for the person, and a token made by that somebody would outlive them. A changed role leaves tokens alone, since
each request asks anew what the person may do.
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service import audit
from service.db import db, new_id, utcnow
from service.errors import BadRequest, Forbidden, WrongState
from service.languages import LANGUAGES, _, later
from service.models import (
    SYSTEM,
    Actor,
    ApiToken,
    CaseRole,
    DefinitionAccess,
    Group,
    LoginSession,
    Membership,
    NextTask,
    SecondFactor,
    TaskCandidate,
    User,
    UserSkill,
    ViewShare,
)
from service.models.actor import ALONE, SCOPES
from service.policy import reaching
from service.policy.credentials import TOKEN_PREFIX, digest, hash_password
from service.policy.permissions import Action, require
from service.policy.standing_in import stands_in_now

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")
SHORTEST, LONGEST = 10, 1000  #: characters of a password (NIST SP 800-63B §5.1.1 asks for 8 at least, and no rules)
SKILL, MOST_SKILLS = re.compile(r"[\w.-]{1,60}"), 50
LARGEST_CAPACITY = 1000  #: open tasks of one person
NO_PASSWORD = later("A machine has no password; give it a token.")


@dataclass(frozen=True)
class Issued:
    """A new API token. `secret` is shown once; only its hash is kept."""

    token: ApiToken
    secret: str


def create(
    name: str,
    display_name: str,
    *,
    by: Actor,
    password: str | None = None,
    email: str | None = None,
    groups: Iterable[str] = (),
    is_admin: bool = False,
    is_machine: bool = False,
) -> User:
    """Let somebody in; without a password only by API token, as a machine always. Groups that are new are made.

    Raises `BadRequest` for a name or password that is not allowed, `WrongState` for a name that is taken.
    """
    require(by, Action.MANAGE_USERS)
    _check_name(name)
    if name == SYSTEM.name or db.session.scalar(sa.select(User.id).where(User.name == name)):
        raise WrongState(_("The name “%(name)s” is taken.", name=name))
    if is_machine and password is not None:
        raise BadRequest(NO_PASSWORD, field="password")
    user = User(
        id=new_id(),
        name=name,
        display_name=display_name.strip() or name,
        email=email,
        password_hash=_hashed(name, password) if password is not None else None,
        is_admin=is_admin,
        is_machine=is_machine,
        active=True,
        created_at=utcnow(),
    )
    db.session.add(user)
    db.session.flush()
    audit.installation.record("user:added", by=by, subject=name, details={"admin": True} if is_admin else None)
    for group in dict.fromkeys(groups):
        join(user, ensure_group(group, by=by), by=by)
    return user


def change(
    user: User,
    *,
    by: Actor,
    display_name: str | None = None,
    email: str | None = None,
    is_admin: bool | None = None,
    active: bool | None = None,
    leaves_restricted: bool = False,
) -> None:
    """Change what is given. `leaves_restricted`: lock somebody though only they still reach some restricted cases.
    A changed role ends the user's sign-ins at once; a locked account their tokens too, and
       letting them in again brings none back."""
    require(by, Action.MANAGE_USERS)
    if user.id == by.id and (is_admin is False or active is False):
        raise WrongState(_("You cannot lock yourself out; ask another administrator."))
    if active is False and user.active and not leaves_restricted and (alone := reaching.reached_by_nobody_but(user)):
        cases = _("a restricted case") if alone == 1 else _("%(alone)s restricted cases", alone=alone)
        raise WrongState(
            _(
                "Only %(user)s still reaches %(cases)s. Have them handed over first, or send "
                "`leaves_restricted`: administrators then find them under “Lost cases”.",
                user=user.display_name,
                cases=cases,
            )
        )
    changed: dict[str, Any] = {}
    if display_name is not None:
        user.display_name = changed["display_name"] = display_name.strip() or user.name
    if email is not None:
        user.email = email or None
        changed["email"] = "changed"  # not what it is: that is nobody's business but theirs
    if is_admin is not None and is_admin != user.is_admin:
        user.is_admin = changed["admin"] = is_admin
        user.admin_from_provider = False
        end_sign_ins(user)
    if active is not None and active != user.active:
        user.active = changed["active"] = active
        end_access(user)
    if changed:
        audit.installation.record("user:changed", by=by, subject=user.name, details=changed)


def set_capacity(user: User, capacity: int | None, *, by: Actor) -> None:
    """Say how many open tasks `user` is to have at most; None: nothing is said. Nobody is kept from taking more."""
    require(by, Action.MANAGE_USERS)
    if capacity is not None and not 0 <= capacity <= LARGEST_CAPACITY:
        raise BadRequest(
            _("A capacity is a number from 0 to %(LARGEST_CAPACITY)s, or none.", LARGEST_CAPACITY=LARGEST_CAPACITY),
            field="capacity",
        )
    if capacity != user.capacity:
        user.capacity = capacity
        audit.installation.record("user:capacity-set", by=by, subject=user.name, details={"capacity": capacity})


def set_skills(user: User, skills: Iterable[str], *, by: Actor) -> None:
    """Say what `user` can do; by that, tasks are given to people by themselves (`case:assignBy="skill:…"`)."""
    require(by, Action.MANAGE_USERS)
    wanted = sorted(set(skills))
    if len(wanted) > MOST_SKILLS:
        raise BadRequest(_("Name at most %(MOST_SKILLS)s skills.", MOST_SKILLS=MOST_SKILLS), field="skills")
    wrong = next((each for each in wanted if not SKILL.fullmatch(each)), None)
    if wrong is not None:
        said = _(
            "“%(wrong)s” is no skill's name: write up to 60 letters, digits, dots, dashes and underscores.",
            wrong=wrong[:60],
        )
        raise BadRequest(said, field="skills")
    if wanted != user.skill_names:
        there = {each.skill: each for each in user.skills}
        user.skills = [there.get(skill) or UserSkill(skill=skill) for skill in wanted]
        audit.installation.record("user:skills-set", by=by, subject=user.name, details={"skills": wanted})


def set_language(user: User, language: str, *, by: Actor) -> None:
    """In which language one is spoken to oneself; empty: as the browser asks. Raises `BadRequest`, `Forbidden`."""
    if by.id != user.id:
        raise Forbidden(_("Only they choose their language."))
    if language and language not in LANGUAGES:
        raise BadRequest(_("Pick one of the languages that there are."), field="language")
    user.language = language or None


def set_password(user: User, password: str, *, by: Actor) -> None:
    """Give `user` another password, their own or by an administrator; ends all their sign-ins and tokens."""
    if user.id != by.id:
        require(by, Action.MANAGE_USERS)
    if user.is_machine:
        raise BadRequest(NO_PASSWORD)
    user.password_hash = _hashed(user.name, password)
    end_access(user)
    audit.installation.record("user:password-set", by=by, subject=user.name)


def sign_out(user: User, *, by: Actor) -> None:
    """End the sign-ins of `user` on every device; they sign in anew, and their tokens stay."""
    require(by, Action.MANAGE_USERS)
    end_sign_ins(user)
    audit.installation.record("user:signed-out", by=by, subject=user.name)


def end_access(user: User) -> None:
    """End every way in that `user`, or somebody in their name, has: sign-ins and tokens."""
    end_sign_ins(user)
    held = ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None)
    db.session.execute(sa.update(ApiToken).where(*held).values(revoked_at=utcnow()))


def end_sign_ins(user: User) -> None:
    """Sign `user` out everywhere."""
    db.session.execute(sa.delete(LoginSession).where(LoginSession.user_id == user.id))


def add_group(name: str, title: str, *, by: Actor) -> Group:
    """Make a group. Raises `WrongState` when it exists."""
    require(by, Action.MANAGE_USERS)
    _check_name(name)
    if db.session.get(Group, name):
        raise WrongState(_("The group “%(name)s” exists.", name=name))
    return _made(name, title.strip() or name, by=by)


def rename_group(group: Group, title: str, *, by: Actor) -> None:
    """Give a group another title; its name stays, for diagrams say it. Raises `BadRequest` for an empty one."""
    require(by, Action.MANAGE_USERS)
    if not title.strip():
        raise BadRequest(_("Give the group a title."), field="title")
    if title.strip() != group.title:
        group.title = title.strip()
        audit.installation.record("group:renamed", by=by, subject=group.name, details={"title": group.title})


def remove_group(group: Group, *, by: Actor) -> None:
    """Take a group away. Raises `WrongState` while somebody is in it, or something names it."""
    require(by, Action.MANAGE_USERS)
    if in_the_way := _holding(group.name):
        raise WrongState(
            _("The group “%(group)s” stays while %(in_the_way)s.", group=group.name, in_the_way=in_the_way)
        )
    db.session.delete(group)
    audit.installation.record("group:removed", by=by, subject=group.name)


def _holding(name: str) -> str:
    """What keeps a group, to follow “while”; empty when nothing does."""
    principal = f"group:{name}"
    reasons = {
        "somebody is in it": sa.select(Membership.user_id).where(Membership.group_name == name),
        "a deployed diagram names it": sa.select(DefinitionAccess.role).where(DefinitionAccess.principal == principal),
        "open tasks are offered to it": sa.select(TaskCandidate.task_id).where(TaskCandidate.principal == principal),
        "it has a role in a case": sa.select(CaseRole.principal).where(CaseRole.principal == principal),
        "views are shared with it": sa.select(ViewShare.view_id).where(ViewShare.group_name == name),
    }
    return next((why for why, rows in reasons.items() if db.session.scalar(rows.limit(1)) is not None), "")


def ensure_group(name: str, *, by: Actor) -> Group:
    """The group `name`, made when it is new."""
    require(by, Action.MANAGE_USERS)
    _check_name(name)
    group = db.session.get(Group, name)
    return group or _made(name, name, by=by)


def order_next_tasks(group: Group, order: NextTask | None, *, by: Actor) -> None:
    """Say in which order the group's tasks are next for who asks for the next one; None: the usual one."""
    require(by, Action.MANAGE_USERS)
    if order is not group.next_task:
        group.next_task = order
        details = {"order": order.value if order else None}
        audit.installation.record("group:next-task-set", by=by, subject=group.name, details=details)


def _made(name: str, title: str, *, by: Actor) -> Group:
    group = Group(name=name, title=title)
    db.session.add(group)
    db.session.flush()
    audit.installation.record("group:added", by=by, subject=name)
    return group


def join(user: User, group: Group, *, by: Actor, from_provider: bool = False) -> None:
    """Make `user` a member; nothing happens when they are one. `from_provider`: as the provider with which they sign in
    says; what it said is then for somebody here to keep or to end, who puts them into the group too."""
    require(by, Action.MANAGE_USERS)
    found = next((membership for membership in user.memberships if membership.group_name == group.name), None)
    if found is not None:
        found.from_provider = found.from_provider and from_provider
        return
    user.memberships.append(Membership(group_name=group.name, from_provider=from_provider))
    if group.second_factor and not _has_second_factor(user):
        end_sign_ins(user)  # they set one up as they sign in
    audit.installation.record("group:joined", by=by, subject=user.name, details={"group": group.name})


def _has_second_factor(user: User) -> bool:
    found = db.session.get(SecondFactor, user.id)
    return found is not None and found.confirmed_at is not None


def leave(user: User, group: Group, *, by: Actor) -> None:
    """End a membership; nothing happens when there is none."""
    require(by, Action.MANAGE_USERS)
    left = [membership for membership in user.memberships if membership.group_name != group.name]
    if len(left) != len(user.memberships):
        user.memberships = left
        audit.installation.record("group:left", by=by, subject=user.name, details={"group": group.name})


def issue_token(
    user: User, name: str, scopes: Iterable[str], *, by: Actor, expires_at: datetime | None = None
) -> Issued:
    """A new API token of `user`, for themselves or by an administrator; never more than `by` may do now."""
    require(by, Action.MANAGE_TOKENS)
    if user.id != by.id:
        require(by, Action.MANAGE_USERS)
    wanted = frozenset(scopes)
    if wanted - ALONE:
        wanted |= {"read"}  # who works has to see what on
    if not wanted or not wanted <= SCOPES.keys():
        raise BadRequest(_("Scopes are %(SCOPES)s; name at least one.", SCOPES=", ".join(SCOPES)))
    if not wanted <= by.scopes:
        raise Forbidden(_("A token cannot make one that may do more than itself."))
    if expires_at is not None and expires_at <= utcnow():
        raise BadRequest(_("The token would have expired already."))
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        id=new_id(),
        user_id=user.id,
        name=name.strip() or "token",
        hash=digest(secret),
        scopes=sorted(wanted),
        created_at=utcnow(),
        expires_at=expires_at,
    )
    db.session.add(token)
    made = {"token": token.name, "scopes": token.scopes, "id": str(token.id)}
    audit.installation.record("token:issued", by=by, subject=user.name, details=made)
    return Issued(token, secret)


def revoke_token(token: ApiToken, *, by: Actor) -> None:
    """End a token, one's own or as an administrator; it is refused from the next request on."""
    require(by, Action.MANAGE_TOKENS)
    if token.user_id != by.id:
        require(by, Action.MANAGE_USERS)
    if token.revoked_at is None:
        token.revoked_at = utcnow()
        owner = db.session.get_one(User, token.user_id).name
        details = {"token": token.name, "id": str(token.id)}
        audit.installation.record("token:revoked", by=by, subject=owner, details=details)


def actor_of(user_id: uuid.UUID) -> Actor:
    """`user_id` as an actor with all scopes: for the command line and for tests."""
    user = db.session.get_one(User, user_id)
    groups = frozenset(membership.group_name for membership in user.memberships)
    stands_in = bool(db.session.scalar(sa.select(stands_in_now(user.name, utcnow()))))
    return Actor(user.id, user.name, user.display_name, groups, user.is_admin, stands_in)


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise BadRequest(
            _("A name is up to 100 letters, digits and . _ @ + -, beginning with a letter or digit."), field="name"
        )


def _hashed(name: str, password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadRequest(
            _("A password has %(SHORTEST)s to %(LONGEST)s characters.", SHORTEST=SHORTEST, LONGEST=LONGEST),
            field="password",
        )
    if password.casefold() == name.casefold():
        raise BadRequest(_("The password is the name; take another."), field="password")
    return hash_password(password)
