"""People, groups and tokens."""

from __future__ import annotations

from datetime import timedelta

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
