"""The schema: `casewright db …` (“migration” always means moving a case)."""

from __future__ import annotations

import sys

import click

from service.cli.application import application, on_the_demo


@click.group("db")
def db_commands() -> None:
    """The database's tables."""


@db_commands.command()
@on_the_demo
def upgrade() -> None:
    """Create the database's tables, or bring them up to this release. Back up first."""
    from service.maintenance import schema

    with application() as app:
        before = schema.standing()
        schema.upgrade(app)
        after = schema.standing()
    if before.is_usable:
        click.echo("The database was up to date.")
    else:
        click.echo(f"The database is up to date ({before.revision or 'empty'} -> {after.revision}).")


@db_commands.command()
@on_the_demo
def current() -> None:
    """Print the revision of the database's tables, and this release's."""
    from service.maintenance import schema

    with application():
        found = schema.standing()
    click.echo(f"database {found.revision or 'empty'}, release {found.newest}")


@db_commands.command()
@on_the_demo
def check() -> None:
    """Say whether this release can run on the tables as they are; exits with 1 if not. It changes nothing."""
    from service.maintenance import schema

    with application():
        found = schema.standing()
    click.echo(f"{found} {found.advice}".strip(), err=not found.is_usable)
    if not found.is_usable:
        sys.exit(1)
