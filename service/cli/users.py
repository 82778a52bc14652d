"""People, groups and tokens."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import click

from service.cli.application import application, on_the_demo
from service.db import db, utcnow
from service.models import SYSTEM


@click.group()
def user() -> None:
    """People who can sign in."""


@user.command("add")
@click.argument("name")
@click.option("--display-name", help="What others see; the name when left out.")
@click.option("--group", "groups", multiple=True, help="May be given several times; made when new.")
@click.option("--admin", is_flag=True)
@click.password_option(envvar="CASEWRIGHT_NEW_PASSWORD")
@on_the_demo
def add_user(name: str, display_name: str | None, groups: tuple[str, ...], admin: bool, password: str) -> None:
    """Add somebody who can sign in."""
    from service.operations import users

    with application():
        users.create(name, display_name or name, password=password, groups=groups, is_admin=admin, by=SYSTEM)
        db.session.commit()
        click.echo(f"{name} can sign in.")


@user.command("join")
@click.argument("name")
@click.argument("groups", nargs=-1, required=True)
@on_the_demo
def join_groups(name: str, groups: tuple[str, ...]) -> None:
    """Make NAME a member of GROUPS; those that are new are made."""
    from service.operations import users
    from service.queries import users as user_lists

    with application():
        somebody = user_lists.user(name)
        for group in groups:
            users.join(somebody, users.ensure_group(group, by=SYSTEM), by=SYSTEM)
        db.session.commit()
        click.echo(f"{name} is in {', '.join(sorted(each.group_name for each in somebody.memberships))}.")


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


@click.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, default=("read", "work"), show_default=True)
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
