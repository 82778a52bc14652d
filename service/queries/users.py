"""Users, groups, tokens: for those who manage them, and for choosing whom to give work to."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from service.db import db, utcnow
from service.errors import NotFound
from service.languages import _
from service.models import Actor, ApiToken, Case, Group, HumanTask, LoginSession, Membership, User
from service.queries.pages import LIMIT, Page, Sort, page
from service.queries.visibility import listed, listed_tasks

MOST_COUNTED = 1000


#: Some of the users: what is so of them.
SOME: Mapping[str, sa.ColumnElement[bool]] = {
    "people": sa.not_(User.is_machine),
    "machines": sa.and_(User.is_machine),
    "administrators": sa.and_(User.is_admin),
    "locked": sa.not_(User.active),
}


@dataclass(frozen=True)
class Held:
    """What somebody has to do, as far as who asks may see it; counting stops at `MOST_COUNTED`."""

    tasks: int
    cases: int


def users(
    *,
    text: str | None = None,
    some: str | None = None,
    group: str | None = None,
    limit: int = LIMIT,
    cursor: str | None = None,
) -> Page[User]:
    """All users with their groups, by name; `text` stands in the name or in what they are called.

    `some`: only those, of SOME; `group`: only its members.
    """
    conditions = [SOME[some]] if some else []
    if group:
        conditions.append(User.memberships.any(Membership.group_name == group))
    if text:
        in_name = User.name.icontains(text, autoescape=True)
        conditions.append(sa.or_(in_name, User.display_name.icontains(text, autoescape=True)))
    options = [selectinload(User.memberships), selectinload(User.skills)]
    return page(User, *conditions, sorts=[Sort(User.name, str)], limit=limit, cursor=cursor, options=options)


def user(name: str) -> User:
    """The user who signs in as `name`. Raises `NotFound`."""
    found = db.session.scalar(sa.select(User).options(selectinload(User.memberships)).where(User.name == name))
    if found is None:
        raise NotFound(_("There is no user “%(name)s”.", name=name[:100]))
    return found


def held(user: User, *, by: Actor) -> Held:
    """How many open tasks and cases are `user`'s, of those that `by` may see."""
    tasks = sa.select(HumanTask.id).where(
        HumanTask.assignee == user.name, HumanTask.closed_at.is_(None), listed_tasks(by)
    )
    cases = sa.select(Case.id).where(Case.owner_id == user.id, Case.closed_at.is_(None), listed(by))
    return Held(*(_number(chosen) for chosen in (tasks, cases)))


def _number(chosen: sa.Select[uuid.UUID]) -> int:
    counted = sa.select(sa.func.count()).select_from(chosen.limit(MOST_COUNTED).subquery())
    return db.session.execute(counted).scalar_one()


def signed_in(user: User) -> Sequence[LoginSession]:
    """The sign-ins of `user` that hold now, the last used first."""
    holding = sa.select(LoginSession).where(LoginSession.user_id == user.id, LoginSession.expires_at > utcnow())
    return db.session.scalars(holding.order_by(LoginSession.seen_at.desc())).all()


def groups(*, limit: int = LIMIT, cursor: str | None = None) -> Page[Group]:
    """All groups, by name."""
    return page(Group, sorts=[Sort(Group.name, str)], limit=limit, cursor=cursor)


def titles(names: Collection[str]) -> Mapping[str, str]:
    """What each of these groups is called, by its name."""
    chosen = sa.select(Group.name, Group.title).where(Group.name.in_(names))
    found = db.session.execute(chosen).all() if names else []
    return {row.name: row.title for row in found}


def group(name: str) -> Group:
    """The group. Raises `NotFound`."""
    found = db.session.get(Group, name)
    if found is None:
        raise NotFound(_("There is no group “%(name)s”.", name=name[:100]))
    return found


def members(name: str) -> Sequence[str]:
    """The user names in a group, sorted."""
    statement = sa.select(User.name).join(Membership).where(Membership.group_name == name).order_by(User.name)
    return db.session.scalars(statement).all()


def tokens(actor: Actor) -> Sequence[ApiToken]:
    """The API tokens of `actor` that were not revoked, the newest first."""
    statement = sa.select(ApiToken).where(ApiToken.user_id == actor.id, ApiToken.revoked_at.is_(None))
    return db.session.scalars(statement.order_by(ApiToken.id.desc())).all()


def token(token_id: uuid.UUID, actor: Actor) -> ApiToken:
    """One of `actor`'s own tokens. Raises `NotFound`, also for somebody else's."""
    found = issued_token(token_id)
    if found.user_id != actor.id:
        raise NotFound(NotFound.__doc__)
    return found


def issued_tokens(
    owner: str | None = None, *, limit: int = LIMIT, cursor: str | None = None
) -> tuple[Page[ApiToken], Mapping[uuid.UUID, User]]:
    """Tokens that were not revoked, of everybody or of the user named `owner`, the newest first; by user id, whose."""
    conditions: list[sa.ColumnElement[bool]] = [ApiToken.revoked_at.is_(None)]
    if owner is not None:
        conditions.append(ApiToken.user_id.in_(sa.select(User.id).where(User.name == owner)))
    sorts = [Sort(ApiToken.id, uuid.UUID, descending=True)]
    found = page(ApiToken, *conditions, sorts=sorts, limit=limit, cursor=cursor)
    whose = db.session.scalars(sa.select(User).where(User.id.in_({token.user_id for token in found.rows})))
    return found, {user.id: user for user in whose}


def issued_token(token_id: uuid.UUID) -> ApiToken:
    """Anybody's token. Raises `NotFound`."""
    found = db.session.get(ApiToken, token_id)
    if found is None:
        raise NotFound(NotFound.__doc__)
    return found
