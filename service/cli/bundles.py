"""For those who carry case types from one installation to another."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from service.cli.application import application, on_the_demo, say
from service.cli.versions import read, with_terms
from service.db import db
from service.errors import InvalidDeployment, InvalidForm
from service.models import SYSTEM, ProcessDefinition


@click.command("export")
@click.argument("what", metavar="TYPE[@VERSION]", nargs=-1, required=True)
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write."
)
@on_the_demo
def export_bundle(what: tuple[str, ...], output: Path) -> None:
    """Write TYPE, with everything that it is linked with, into one signed file for another installation.

    The version is the one that new cases take, unless @VERSION says another.
    """
    from service.operations import bundles

    with application():
        made = bundles.export([_found(text) for text in what], by=SYSTEM)
    output.write_bytes(made.content)
    click.echo(f"exported  {', '.join(what)} to {output}: {made.files} files, signed with the key {made.key}")


def _found(text: str) -> ProcessDefinition:
    from service.queries import definitions

    key, at, number = text.rpartition("@")
    if not at:
        return definitions.active(text)
    if not (number.isdecimal() and len(number) < 10):
        raise click.ClickException(f"Write a version as a number, such as {key}@2.")
    return definitions.version(key, int(number))


@click.command("import")
@click.argument("file", metavar="BUNDLE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--unsigned", is_flag=True, help="Also when no key that is trusted here has signed it.")
@click.option("--why", help="Why, for the list of deployments; what the bundle says unless given.")
@with_terms
@on_the_demo
def import_bundle(file: Path, unsigned: bool, why: str | None, terms: dict[str, str | None]) -> None:
    """Deploy BUNDLE, which `casewright export` wrote in another installation: all or nothing."""
    from service.operations import bundles

    with application():
        said = read(terms)
        try:
            done = bundles.bring_in(file.read_bytes(), by=SYSTEM, unsigned=unsigned, reason=why, terms=said).deployed
        except InvalidDeployment as refused:
            say(refused.problems)
            sys.exit(1)
        except InvalidForm as wrong:
            raise click.ClickException(" ".join(text for told in wrong.errors.values() for text in told)) from None
        db.session.commit()
        say(done.warnings)
        for row in done.added:
            click.echo(f"deployed  {row.key} version {row.version}")
        if not done.added:
            click.echo("Everything was there already.")
