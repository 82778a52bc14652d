"""People as a provider of sign-ins knows them (OpenID Connect): who is let in, and what the provider's word gives them.

An account belongs to an issuer and a subject, never to a name or an e-mail address: these are given anew to others.
What the provider gave (groups, rights of an administrator) is remembered as such, and taken back when it no longer says
so; what somebody here gave stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import current_app

from service import audit
from service.config import Config
from service.db import db, utcnow
from service.errors import BadRequest, NotSignedIn, WrongState
from service.languages import _
from service.models import SYSTEM, Actor, Group, Identity, User
from service.operations import users
from service.policy.permissions import Action, require

LONGEST = 200  #: characters of a name or an address
MOST_GROUPS = 1000  #: of one person at the provider


@dataclass(frozen=True)
class Subject:
    """Somebody as the provider knows them: by which name, and what it says about them."""

    issuer: str
    id: str
    claims: Mapping[str, Any]


def admit(subject: Subject) -> User:
    """The account of who has proved to be `subject`, with groups and rights as the provider says now.

    Made where the setting says so. Raises `NotSignedIn` for who is unknown or locked out.
    """
    identity = _locked(subject)
    user = db.session.get_one(User, identity.user_id) if identity else _made(subject)
    identity = identity or _linked(user, subject, by=SYSTEM)
    if not user.active:
        raise NotSignedIn(_("Your account here is locked. Ask an administrator to let you in again."))
    identity.used_at = utcnow()
    _apply(user, subject.claims)
    return user


def has_second_factor(claims: Mapping[str, Any]) -> bool:
    """Whether the provider says that it asked for a second factor, in one of the ways that the setting names."""
    said = claims.get("amr")
    ways = {each for each in said if isinstance(each, str)} if isinstance(said, list) else set()
    if isinstance(claims.get("acr"), str):
        ways.add(claims["acr"])
    return not ways.isdisjoint(_config().oidc_second_factor)


def connect(user: User, subject: Subject, *, by: Actor) -> None:
    """Let `subject` sign in as `user`. Raises `WrongState` where either is connected already."""
    if user.id != by.id:
        require(by, Action.MANAGE_USERS)
    if user.is_machine:
        raise BadRequest(_("A machine signs in nowhere; give it a token."))
    if not 0 < len(subject.id) <= 255 or not subject.id.isprintable():
        raise BadRequest(_("A subject has 1 to 255 characters."), field="subject")
    found = _locked(subject)
    if found is not None and found.user_id == user.id:
        return
    if found is not None:
        raise WrongState(_("This sign-in belongs to another account here."))
    if of(user) is not None:
        raise WrongState(_("The account is connected to another sign-in of this provider; part them first."))
    _linked(user, subject, by=by)


def part(user: User, *, by: Actor) -> None:
    """Let no provider sign `user` in any more; what it gave them ends, and so do their sign-ins."""
    if user.id != by.id:
        require(by, Action.MANAGE_USERS)
    elif user.password_hash is None:
        raise WrongState(_("You have no password: nothing else would let you in."))
    found = list(db.session.scalars(sa.select(Identity).where(Identity.user_id == user.id)))
    if not found:
        return
    for identity in found:
        db.session.delete(identity)
    _give_groups(user, set())
    _give_rights(user, is_admin=False)
    users.end_sign_ins(user)
    audit.installation.record("identity:parted", by=by, subject=user.name)


def of(user: User) -> Identity | None:
    """How the provider that is set knows `user`."""
    mine = sa.select(Identity).where(Identity.user_id == user.id, Identity.issuer == _config().oidc_issuer)
    return db.session.scalar(mine.limit(1))


def _locked(subject: Subject) -> Identity | None:
    here = Identity.issuer == subject.issuer, Identity.subject == subject.id
    return db.session.scalar(sa.select(Identity).where(*here).with_for_update())


def _linked(user: User, subject: Subject, *, by: Actor) -> Identity:
    identity = Identity(issuer=subject.issuer, subject=subject.id, user_id=user.id, linked_at=utcnow())
    db.session.add(identity)
    db.session.flush()
    audit.installation.record("identity:connected", by=by, subject=user.name, details={"provider": subject.issuer})
    return identity


def _made(subject: Subject) -> User:
    """A new account, called as the provider says. Raises `NotSignedIn`."""
    config, claims = _config(), subject.claims
    if not config.oidc_accounts:
        raise NotSignedIn(
            _(
                "You have no account here yet. Ask an administrator for one; if you have one with a "
                "password, sign in with it and connect the two under Profile."
            )
        )
    name, email = claims.get(config.oidc_name_claim), claims.get("email")
    if not isinstance(name, str) or not users.NAME.fullmatch(name):
        raise NotSignedIn(_("The provider gave no name that an account here can have. Ask an administrator for one."))
    if name == SYSTEM.name or db.session.scalar(sa.select(User.id).where(User.name == name)):
        raise NotSignedIn(
            _(
                "There is an account “%(name)s” here already. If it is yours, sign in with its password "
                "and connect the two under Profile; if not, ask an administrator.",
                name=name,
            )
        )
    kept = email if isinstance(email, str) and len(email) <= LONGEST and claims.get("email_verified") is True else None
    return users.create(name, str(claims.get("name") or name)[:LONGEST], by=SYSTEM, email=kept)


def _apply(user: User, claims: Mapping[str, Any]) -> None:
    """Give and take groups and rights as the provider says."""
    config = _config()
    theirs = _groups_of(claims, config.oidc_groups_claim)
    _give_groups(user, _ours(theirs, config.oidc_groups))
    _give_rights(user, is_admin=bool(config.oidc_admins) and config.oidc_admins in theirs)


def _groups_of(claims: Mapping[str, Any], path: str) -> set[str]:
    """The provider's groups at `path`, a claim's name or, with dots, a way into one."""
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for part in path.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    listed = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    return {each for each in listed[:MOST_GROUPS] if isinstance(each, str)}


def _ours(theirs: set[str], mapping: Mapping[str, str]) -> set[str]:
    """The groups here that the provider's stand for; where all do, those that there are."""
    if "*" in mapping:
        return set(db.session.scalars(sa.select(Group.name).where(Group.name.in_(theirs))))
    return {ours for group, ours in mapping.items() if group in theirs}


def _give_groups(user: User, wanted: set[str]) -> None:
    mine = {each.group_name: each for each in user.memberships}
    for name in sorted(wanted - mine.keys()):
        users.join(user, users.ensure_group(name, by=SYSTEM), by=SYSTEM, from_provider=True)
    for name in sorted(mine.keys() - wanted):
        if mine[name].from_provider:
            users.leave(user, db.session.get_one(Group, name), by=SYSTEM)


def _give_rights(user: User, *, is_admin: bool) -> None:
    if is_admin and not user.is_admin:
        users.change(user, by=SYSTEM, is_admin=True)
        user.admin_from_provider = True
    elif not is_admin and user.admin_from_provider:
        users.change(user, by=SYSTEM, is_admin=False)
        user.admin_from_provider = False


def _config() -> Config:
    config: Config = current_app.config["CASEWRIGHT"]
    return config
