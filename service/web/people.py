"""Whom a task or a case may be given to: what the people picker offers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from service.db import db, once
from service.models import FormDefinition, Group, HumanTask, Membership, User
from service.policy.permissions import earlier_doers
from service.queries import timeline
from service.web import words

OFFERED = 500  #: people in one picker
_GROUPS_AND_FORMS = sa.union_all(
    sa.select(sa.literal("group"), Group.name, Group.title),
    sa.select(sa.literal("form"), FormDefinition.key, sa.literal("")).where(FormDefinition.latest),
)
_IS_MEMBER = sa.exists().where(
    Membership.user_id == User.id, Membership.group_name.in_(sa.bindparam("groups", expanding=True))
)
_OFFERED = (
    sa.select(User.name, User.display_name, _IS_MEMBER)
    .where(User.active, ~User.is_machine)
    .order_by(User.display_name)
    .limit(OFFERED)
)


@dataclass(frozen=True)
class Choice:
    """Somebody in the picker."""

    name: str
    display_name: str


@dataclass(frozen=True)
class Picker:
    """Those whom the diagram names for the work, and all others who can sign in."""

    fitting: tuple[Choice, ...]
    others: tuple[Choice, ...]


@dataclass(frozen=True)
class RoleChoices:
    """People and groups who can be given a role; their names are principals, such as `user:ann`."""

    people: tuple[Choice, ...]
    groups: tuple[Choice, ...]


def for_task(task: HumanTask, *, without: str) -> Picker:
    """Whom `task` may be given to, except the person named `without` and those whom four eyes exclude."""
    principals = [candidate.principal for candidate in task.candidates]
    return _picker(principals, {without} | earlier_doers(task))


def for_case(principals: Iterable[str]) -> Picker:
    """Who may become a case's owner; `principals` are those who manage its case type."""
    return _picker(list(principals), frozenset())


def instead_of(user: User, principals: Iterable[str]) -> Picker:
    """Whom the work of `user` may be given to, which is offered to `principals`."""
    return _picker(list(principals), {user.name})


def for_role(groups: Collection[str], *, without: Collection[str]) -> RoleChoices:
    """Who can be given a role that is for `groups` (none: for anybody), except the principals in `without`."""
    users = sa.select(User.name, User.display_name).where(User.active, ~User.is_machine)
    users = users.order_by(User.display_name).limit(OFFERED)
    known = sa.select(Group.name, Group.title).order_by(Group.title, Group.name).limit(OFFERED)
    if groups:
        users = users.where(User.memberships.any(Membership.group_name.in_(groups)))
        known = known.where(Group.name.in_(groups))
    found = [Choice(f"user:{name}", called) for name, called in db.session.execute(users)]
    teams = [Choice(f"group:{name}", title or words.readable(name)) for name, title in db.session.execute(known)]
    return RoleChoices(
        tuple(choice for choice in found if choice.name not in without),
        tuple(choice for choice in teams if choice.name not in without),
    )


def called(principals: Collection[str]) -> Mapping[str, str]:
    """What each of `principals` is called on a page: a person's display name, a group's title."""
    users = [each.removeprefix("user:") for each in principals if each.startswith("user:")]
    groups = [each.removeprefix("group:") for each in principals if each.startswith("group:")]
    names = {each: words.principal(each) for each in principals}
    if users:
        names |= {f"user:{name}": known for name, known in timeline.display_names(users).items()}
    if groups:
        titles = groups_and_forms()[0]
        names |= {f"group:{name}": titles[name] for name in groups if titles.get(name)}
    return names


def groups_and_forms() -> tuple[Mapping[str, str], Sequence[str]]:
    """The groups that there are, each with its title, and the keys of the forms: one statement, once in a page."""
    rows = once("groups and forms", lambda: db.session.execute(_GROUPS_AND_FORMS).all())
    titles = {name: title for kind, name, title in rows if kind == "group"}
    return titles, [key for kind, key, _ in rows if kind == "form"]


def named(name: str) -> User | None:
    """The active user of that name."""
    return db.session.execute(sa.select(User).where(User.name == name, User.active)).scalar_one_or_none()


def _picker(principals: list[str], without: Collection[str]) -> Picker:
    groups = [name.removeprefix("group:") for name in principals if name.startswith("group:")]
    users = {name.removeprefix("user:") for name in principals if name.startswith("user:")}
    rows = db.session.execute(_OFFERED, {"groups": groups}).all()
    fitting = tuple(Choice(n, d) for n, d, fits in rows if (fits or n in users) and n not in without)
    others = tuple(Choice(n, d) for n, d, fits in rows if not (fits or n in users) and n not in without)
    return Picker(fitting, others)
