"""People, groups and tokens."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

import click

from service.cli.application import application, on_the_demo
from service.db import db, utcnow
from service.models import SYSTEM, User
from service.models.actor import SCOPES

PASSWORD = "CASEWRIGHT_NEW_PASSWORD"  # noqa: S105  the setting's name


@click.group()
def user() -> None:
    """People who can sign in, and machines."""


@click.group()
def group() -> None:
    """Groups of people."""


@user.command("add")
@click.argument("name")
@click.option("--display-name", help="What others see; the name when left out.")
@click.option("--group", "groups", multiple=True, help="May be given several times; made when new.")
@click.option("--admin", is_flag=True)
@click.option("--machine", is_flag=True, help="A program: it has tokens and no password, and no work is given to it.")
@click.option("--password", envvar=PASSWORD, help="Asked for when left out.")
@on_the_demo
def add_user(
    name: str, display_name: str | None, groups: tuple[str, ...], admin: bool, machine: bool, password: str | None
) -> None:
    """Add somebody who can sign in, or a machine, which acts by tokens alone."""
    from service.operations import users

    password = None if machine else password or _asked()
    with application():
        _check_groups(groups)
        users.create(
            name,
            display_name or name,
            password=password,
            groups=groups,
            is_admin=admin,
            is_machine=machine,
            by=SYSTEM,
        )
        db.session.commit()
        click.echo(f"{name} is a machine: make it a token." if machine else f"{name} can sign in.")


@user.command("list")
@click.option("--group", help="Only members of this group.")
@on_the_demo
def list_users(group: str | None) -> None:
    """List everybody: name, what they are, groups, what others see, and the id by which logs name them."""
    from service.queries import users as user_lists

    with application():
        members = set(user_lists.members(user_lists.group(group).name)) if group else None
        cursor = None
        while True:
            found = user_lists.users(cursor=cursor)
            for each in found.rows:
                if members is None or each.name in members:
                    groups = ",".join(sorted(membership.group_name for membership in each.memberships)) or "-"
                    click.echo(f"{each.name}  {_kind(each)}  {groups}  {each.display_name}  {each.id}")
            cursor = found.next
            if cursor is None:
                return


def _kind(somebody: User) -> str:
    words = ("admin", somebody.is_admin), ("machine", somebody.is_machine), ("disabled", not somebody.active)
    return ",".join(word for word, fits in words if fits) or "-"


@user.command("disable")
@click.argument("names", nargs=-1, required=True)
@on_the_demo
def disable_users(names: tuple[str, ...]) -> None:
    """Lock accounts: their sign-ins and tokens end at once. What they did stays under their name."""
    _set_active(names, False)


@user.command("enable")
@click.argument("names", nargs=-1, required=True)
@on_the_demo
def enable_users(names: tuple[str, ...]) -> None:
    """Let locked accounts in again; tokens from before stay ended."""
    _set_active(names, True)


def _set_active(names: tuple[str, ...], active: bool) -> None:
    from service.operations import users
    from service.queries import users as user_lists

    with application():
        for somebody in [user_lists.user(name) for name in names]:
            users.change(somebody, by=SYSTEM, active=active)
        db.session.commit()
        can = "can sign in again" if active else "can no longer sign in, and has no tokens"
        for name in names:
            click.echo(f"{name} {can}.")


@user.command("reset")
@click.argument("name")
@click.option("--password", envvar=PASSWORD, help="Asked for when left out.")
@on_the_demo
def reset_password(name: str, password: str | None) -> None:
    """Give NAME another password; ends their sign-ins and tokens."""
    from service.operations import users
    from service.queries import users as user_lists

    with application():
        somebody = user_lists.user(name)
        db.session.rollback()
        users.set_password(somebody, password or _asked(), by=SYSTEM)
        db.session.commit()
        click.echo(f"{name} has another password; sign-ins and tokens from before have ended.")


@user.command("reset-second-factor")
@click.argument("name")
@on_the_demo
def reset_second_factor(name: str) -> None:
    """Forget the app and the recovery codes of NAME, who has lost them; ends their sign-ins."""
    from service.operations import second_factors
    from service.queries import users as user_lists

    with application():
        somebody = user_lists.user(name)
        second_factors.reset(somebody, by=SYSTEM)
        needed = second_factors.is_required(somebody.id)
        db.session.commit()
        then = "sets up another at the next sign-in" if needed else "signs in by the password alone"
        click.echo(f"{name} has no second factor any more, and {then}.")


@user.command("connect")
@click.argument("name")
@click.argument("subject")
@on_the_demo
def connect_user(name: str, subject: str) -> None:
    """Let SUBJECT (the `sub` of the provider that is set) sign in as NAME."""
    from service.http import provider
    from service.operations import identities
    from service.queries import users as user_lists

    with application():
        issuer = provider.settings().oidc_issuer
        identities.connect(user_lists.user(name), identities.Subject(issuer, subject, {}), by=SYSTEM)
        db.session.commit()
        click.echo(f"{name} signs in with {issuer}.")


@user.command("part")
@click.argument("name")
@on_the_demo
def part_user(name: str) -> None:
    """Let no provider sign NAME in any more; ends their sign-ins, and what the provider gave them."""
    from service.operations import identities
    from service.queries import users as user_lists

    with application():
        identities.part(user_lists.user(name), by=SYSTEM)
        db.session.commit()
        click.echo(f"No provider signs {name} in any more.")


@user.command("capacity")
@click.argument("name")
@click.argument("tasks", type=int, required=False)
@on_the_demo
def set_capacity(name: str, tasks: int | None) -> None:
    """Say how many open TASKS somebody is to have at most; without a number, nothing is said any more."""
    from service.operations import users
    from service.queries import users as user_lists

    with application():
        users.set_capacity(user_lists.user(name), tasks, by=SYSTEM)
        db.session.commit()
        click.echo(f"{name} is to have at most {tasks} open tasks." if tasks is not None else f"{name} has no bound.")


@user.command("skills")
@click.argument("name")
@click.argument("skills", nargs=-1)
@on_the_demo
def set_skills(name: str, skills: tuple[str, ...]) -> None:
    """Say what NAME can do, instead of what was said before; none takes all away."""
    from service.operations import users
    from service.queries import users as user_lists

    with application():
        users.set_skills(user_lists.user(name), skills, by=SYSTEM)
        db.session.commit()
        click.echo(f"{name} can do {', '.join(sorted(set(skills))) or 'nothing in particular'}.")


def _asked() -> str:
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


@user.command("join")
@click.argument("name")
@click.argument("groups", nargs=-1, required=True)
@on_the_demo
def join_groups(name: str, groups: tuple[str, ...]) -> None:
    """Make NAME a member of GROUPS; those that are new are made."""
    from service.operations import users
    from service.queries import users as user_lists

    with application():
        user_lists.user(name)
        _check_groups(groups)
        somebody = user_lists.user(name)
        for each in groups:
            users.join(somebody, users.ensure_group(each, by=SYSTEM), by=SYSTEM)
        db.session.commit()
        _say_groups(somebody)


@user.command("leave")
@click.argument("name")
@click.argument("groups", nargs=-1, required=True)
@on_the_demo
def leave_groups(name: str, groups: tuple[str, ...]) -> None:
    """Take NAME out of GROUPS."""
    from service.operations import users
    from service.queries import users as user_lists

    with application():
        somebody = user_lists.user(name)
        held = {membership.group_name for membership in somebody.memberships}
        if missing := [each for each in groups if each not in held]:
            raise click.ClickException(f"{name} is not in {', '.join(missing)}; nothing was changed.")
        for each in groups:
            users.leave(somebody, user_lists.group(each), by=SYSTEM)
        db.session.commit()
        _say_groups(somebody)


def _say_groups(somebody: User) -> None:
    groups = sorted(each.group_name for each in somebody.memberships)
    click.echo(f"{somebody.name} is in {', '.join(groups) or 'no group'}.")


def _check_groups(names: Iterable[str]) -> None:
    """Ask about groups in which nobody is and that nothing deployed names: they may be mistyped. Ends the transaction,
    since an answer takes its time."""
    from service.queries import groups

    known = groups.known() if names else {}
    db.session.rollback()
    for name in names:
        if name in known and known[name].means_something:
            continue
        near = groups.near(name, known)
        meant = f" Did you mean {' or '.join(near)}?" if near else ""
        click.echo(f"Nobody is in the group “{name}”, and no deployed case type names it.{meant}", err=True)
        if _at_terminal():
            click.confirm(f"Use “{name}” all the same?", abort=True, err=True)


def _at_terminal() -> bool:
    return sys.stdin.isatty()


@group.command("list")
@on_the_demo
def list_groups() -> None:
    """List the groups: name, how many are in it, and which deployed case types name it."""
    from service.queries import groups

    with application():
        for each in groups.known().values():
            click.echo(f"{each.name}  {each.members}  {','.join(each.named_by) or '-'}")


@user.command("tokens")
@click.argument("name", required=False)
@on_the_demo
def list_tokens(name: str | None) -> None:
    """List the API tokens of NAME, or of everybody, that were not revoked."""
    from service.queries import users as user_lists

    with application():
        owner, cursor = user_lists.user(name) if name else None, None
        while True:
            found, whose = user_lists.issued_tokens(owner.name if owner else None, cursor=cursor)
            for each in found.rows:
                until = f"{each.expires_at:%Y-%m-%d %H:%M} UTC" if each.expires_at else "no end"
                click.echo(f"{each.id}  {whose[each.user_id].name}  {','.join(each.scopes)}  {until}  {each.name}")
            cursor = found.next
            if cursor is None:
                return


@user.command("revoke")
@click.argument("name")
@click.argument("ids", nargs=-1, type=click.UUID)
@on_the_demo
def revoke_tokens(name: str, ids: tuple[UUID, ...]) -> None:
    """End the API tokens IDS of NAME, or all of NAME; programs that use them are refused from the next request on."""
    from service.operations import users
    from service.queries import users as user_lists

    with application():
        somebody = user_lists.user(name)
        held = {each.id: each for each in user_lists.tokens(users.actor_of(somebody.id))}
        if unknown := [each for each in ids if each not in held]:
            raise click.ClickException(f"{name} has no token {', '.join(map(str, unknown))}; nothing was changed.")
        for each in ids or held:
            users.revoke_token(held[each], by=SYSTEM)
        db.session.commit()
        click.echo(f"{len(ids or held)} of {name}'s tokens no longer work.")


MEANINGS = "\n".join(f"  {name:8} {meaning}" for name, meaning in SCOPES.items())


@click.command(epilog=f"\b\nScopes:\n{MEANINGS}")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=("read", "work"),
    show_default=True,
    type=click.Choice(list(SCOPES)),
    help="May be given several times; see below.",
)
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 3650), help="How long it is good for.")
@on_the_demo
def token(name: str, scopes: tuple[str, ...], days: int) -> None:
    """Make an API token for NAME and print it, once; only its hash is kept."""
    from service.operations import users
    from service.queries import users as user_lists

    with application():
        until = utcnow() + timedelta(days=days)
        issued = users.issue_token(user_lists.user(name), "command line", scopes, by=SYSTEM, expires_at=until)
        db.session.commit()
        click.echo(issued.secret)
