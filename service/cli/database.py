"""The schema: `casewright db …` (“migration” always means moving a case)."""

from __future__ import annotations

import click

from service.cli.application import application


@click.group("db")
def db_commands() -> None:
    """The database's tables."""


@db_commands.command()
def upgrade() -> None:
    """Create the database's tables, or bring them up to this release."""
    from service.maintenance import schema

    with application() as app:
        schema.upgrade(app)
        click.echo("The database is up to date.")
