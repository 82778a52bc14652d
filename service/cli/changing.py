"""For those who change a process while its cases run: moving and bringing back."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import click

from service.cli.application import application, on_the_demo
from service.cli.preflights import plans_in, said_wrong
from service.db import db
from service.errors import InvalidForm
from service.models import SYSTEM, Migration

with_reason = click.option("--reason", required=True, help="Why, for the story of each case.")


@click.command()
@click.argument("file", metavar="PLAN", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_reason
@click.option("--trial", type=click.IntRange(1), help="Pause after so many cases.")
@click.option("--most-untouched", type=click.IntRange(0), help="Pause when more than so many cases could not move.")
@click.option("--case", "number", help="Only this case, now, rather than by the worker.")
@on_the_demo
def migrate(file: Path, reason: str, trial: int | None, most_untouched: int | None, number: str | None) -> None:
    """Move cases to another version as the YAML file PLAN says, which may hold several plans with `---` between them.

    The worker does it, each case by itself.
    """
    terms = {name: value for name, value in (("trial", trial), ("most_untouched", most_untouched)) if value is not None}
    plans = [each | {"reason": reason} | terms for each in plans_in(file)]
    with application():
        if number is not None:
            if len(plans) > 1:
                raise click.ClickException(f"{file} holds {len(plans)} plans; for one case give one.")
            _move_one(plans[0], number)
            return
        orders = [_order(said) for said in plans]
        db.session.commit()
        for made in orders:
            tell(made)
            click.echo(f"See how far it is with `casewright migration show {made.id}`.")


def _order(said: dict[str, Any]) -> Migration:
    from service.api import migrations as api

    try:
        return api.ordered(said, by=SYSTEM)
    except InvalidForm as wrong:
        raise said_wrong(wrong) from None


def _move_one(said: dict[str, Any], number: str) -> None:
    from service.api import migrations as api
    from service.queries import cases

    try:
        api.moved(cases.by_number(number, by=SYSTEM), said, by=SYSTEM)
    except InvalidForm as wrong:
        raise said_wrong(wrong) from None
    db.session.commit()
    click.echo(f"moved     {number} to version {said['to']}")


@click.command()
@click.argument("what", metavar="CASE_OR_MIGRATION")
@with_reason
@on_the_demo
def revert(what: str, reason: str) -> None:
    """Let a case (by its number), or all cases of a migration (by its id), stand as before they were moved."""
    from service.operations import migration, migrations
    from service.queries import cases
    from service.queries import migrations as lists

    with application():
        order = _id(what)
        if order is None:
            migration.bring_back(cases.by_number(what, by=SYSTEM), by=SYSTEM, reason=reason)
            db.session.commit()
            click.echo(f"returned  {what}")
            return
        made = migrations.order_return(lists.get(order), by=SYSTEM, reason=reason)
        db.session.commit()
        tell(made)


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


@click.group()
def migration() -> None:
    """Orders to move cases to another version."""


@migration.command("list")
@on_the_demo
def list_migrations() -> None:
    """The newest orders."""
    from service.queries import migrations

    with application():
        for each in migrations.listed().rows:
            tell(each)


@migration.command("show")
@click.argument("order", type=click.UUID)
@on_the_demo
def show(order: uuid.UUID) -> None:
    """How far an order is, and why cases stayed."""
    from service.models import Outcome
    from service.queries import migrations

    with application():
        found = migrations.get(order)
        tell(found)
        for row in migrations.cases_of(found, outcome=Outcome.UNTOUCHED).rows:
            click.echo(f"stayed    {row.case.number}: {row.message}")


def _doing(name: str, told: str) -> click.Command:
    @click.argument("order", type=click.UUID)
    @on_the_demo
    def run(order: uuid.UUID) -> None:
        from service.operations import migrations
        from service.queries import migrations as lists

        with application():
            found = lists.get(order)
            getattr(migrations, name)(found, by=SYSTEM)
            db.session.commit()
            tell(found)

    return click.command(name, help=told)(run)


for _name, _told in (
    ("pause", "Move no further case until it is resumed."),
    ("resume", "Go on with the cases that are left."),
    ("stop", "End an order for good; what was moved stays moved."),
):
    migration.add_command(_doing(_name, _told))


def tell(order: Migration) -> None:
    """How far an order is, in a line."""
    from service.queries import migrations

    counts = {name: number for name, number in migrations.counts([order.id])[order.id].items() if number}
    said = ", ".join(f"{number} {name}" for name, number in counts.items())
    versions = f"{order.source.version} to {order.target.version}"
    click.echo(
        f"{order.state:<9} {order.id} {order.source.key} {versions}: {said}"
        + (f" - {order.note}" if order.note else "")
    )
