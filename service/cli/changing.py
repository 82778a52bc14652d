"""For those who change a process while its cases run: plans, moving and bringing back."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import click
import yaml

from service.cli.application import application, on_the_demo
from service.db import db
from service.errors import InvalidForm
from service.models import SYSTEM, Migration

with_reason = click.option("--reason", required=True, help="Why, for the story of each case.")


@click.command()
@click.argument("key", metavar="TYPE")
@click.option("--from", "source", type=int, help="The version of the cases; the one before the newest unless given.")
@click.option("--to", "target", type=int, help="The version to move them to; the newest unless given.")
@on_the_demo
def plan(key: str, source: int | None, target: int | None) -> None:
    """Print a plan to move cases of TYPE to another version, as YAML to be completed and kept.

    What cases stand at and the other version has not is listed, for you to say what becomes of it.
    """
    from service.queries import definitions, migrations

    with application():
        newest = definitions.versions(key)
        after = definitions.version(key, target) if target else newest[0]
        older = [each for each in newest if each.version < after.version]
        if source is None and not older:
            raise click.ClickException(f"There is no version of {key} before version {after.version}.")
        before = definitions.version(key, source) if source else older[0]
        places = migrations.places(before, after)
        missing = [each for each in places if each.is_missing]
        click.echo(f"# {sum(each.cases for each in places)} tokens of running cases stand at {len(places)} elements.")
        click.echo(
            yaml.safe_dump(_draft(key, before.version, after.version), sort_keys=False, allow_unicode=True), nl=False
        )
        if missing:
            click.echo(
                "# Of these, version " + f"{after.version} has none of the following. Below `elements`, write for each"
            )
            click.echo("# the id that it has now, or null to cancel what is open there:")
        for each in missing:
            click.echo(f"#     {each.element_id}: …   # {each.name}, {each.cases} tokens")


def _draft(key: str, source: int, target: int) -> dict[str, Any]:
    return {
        "case_type": key,
        "from": source,
        "to": target,
        "cases": {"states": ["active", "suspended", "failed"]},
        "plan": {"elements": {}, "values": {}, "clocks": {}},
    }


@click.command()
@click.argument("file", metavar="PLAN", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_reason
@click.option("--trial", type=click.IntRange(1), help="Pause after so many cases.")
@click.option("--most-untouched", type=click.IntRange(0), help="Pause when more than so many cases could not move.")
@click.option("--case", "number", help="Only this case, now, rather than by the worker.")
@on_the_demo
def migrate(file: Path, reason: str, trial: int | None, most_untouched: int | None, number: str | None) -> None:
    """Move cases to another version as the YAML file PLAN says. The worker does it, each case by itself."""
    said = _read(file) | {"reason": reason}
    said |= {name: value for name, value in (("trial", trial), ("most_untouched", most_untouched)) if value is not None}
    with application():
        if number is not None:
            _move_one(said, number)
            return
        made = _order(said)
        db.session.commit()
        _tell(made)
        click.echo(f"See how far it is with `casewright migration show {made.id}`.")


def _read(file: Path) -> dict[str, Any]:
    try:
        said = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as wrong:
        raise click.ClickException(f"{file} is no YAML: {wrong}") from None
    if not isinstance(said, dict):
        raise click.ClickException(f"{file} is no plan; `casewright plan TYPE` prints one.")
    return said


def _order(said: dict[str, Any]) -> Migration:
    from service.api import migrations as api

    try:
        return api.ordered(said, by=SYSTEM)
    except InvalidForm as wrong:
        lines = [f"{place}: {', '.join(messages)}" for place, messages in wrong.errors.items()]
        raise click.ClickException("The plan is not complete.\n" + "\n".join(lines)) from None


def _move_one(said: dict[str, Any], number: str) -> None:
    from service.api import migrations as api
    from service.queries import cases

    try:
        api.moved(cases.by_number(number, by=SYSTEM), said, by=SYSTEM)
    except InvalidForm as wrong:
        raise click.ClickException("; ".join(f"{place}: {', '.join(m)}" for place, m in wrong.errors.items())) from None
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
        _tell(made)


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
            _tell(each)


@migration.command("show")
@click.argument("order", type=click.UUID)
@on_the_demo
def show(order: uuid.UUID) -> None:
    """How far an order is, and why cases stayed."""
    from service.models import Outcome
    from service.queries import migrations

    with application():
        found = migrations.get(order)
        _tell(found)
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
            _tell(found)

    return click.command(name, help=told)(run)


for _name, _told in (
    ("pause", "Move no further case until it is resumed."),
    ("resume", "Go on with the cases that are left."),
    ("stop", "End an order for good; what was moved stays moved."),
):
    migration.add_command(_doing(_name, _told))


def _tell(order: Migration) -> None:
    from service.queries import migrations

    counts = {name: number for name, number in migrations.counts([order.id])[order.id].items() if number}
    said = ", ".join(f"{number} {name}" for name, number in counts.items())
    versions = f"{order.source.version} to {order.target.version}"
    click.echo(
        f"{order.state:<9} {order.id} {order.source.key} {versions}: {said}"
        + (f" - {order.note}" if order.note else "")
    )
