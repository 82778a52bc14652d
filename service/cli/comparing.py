"""For those who want to know what differs: `casewright diff` of files, folders and deployed versions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.application import application, on_the_demo, say
from service.errors import InvalidDeployment
from service.operations.sources import collect

if TYPE_CHECKING:  # they take half a second to import
    from service.queries.differences import Part


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@on_the_demo
def diff(before: str, after: str) -> None:
    """Say in words what differs between A and B, each of which is a file, a folder of them, or a deployed version.

    A version is written TYPE@NUMBER, such as insurance-claim@1. What it is linked with and the files on the other side
    do not hold is not compared. Of files nothing else is needed.
    """
    from service.queries import differences

    versions = [_version(text) for text in (before, after)]
    try:
        if any(versions):
            with application():
                parts = _with_deployed((before, after), versions)
        else:
            parts = differences.of_files(*(collect([_path(text)]) for text in (before, after)))
    except InvalidDeployment as refused:
        say(refused.problems)
        sys.exit(1)
    for part in parts:
        click.echo(f"{part.what} {part.key}")
        for each in part.listed:
            click.echo(f"  {each.kind:<9} {each.message}")
    if not parts:
        click.echo("No difference.")


def _with_deployed(texts: tuple[str, str], versions: list[tuple[str, int] | None]) -> tuple[Part, ...]:
    """What differs where one side, or both, are deployed."""
    from service.queries import definitions, differences

    rows = [definitions.version(*each) if each else None for each in versions]
    if rows[0] and rows[1]:
        if rows[0].key != rows[1].key:
            raise click.ClickException("These are versions of two processes; give two versions of one.")
        return differences.between(rows[0].id, rows[1].id)
    [(row, side)] = [(row, side) for side, row in enumerate(rows) if row]
    files = collect([_path(texts[1 - side])])
    found = differences.with_files(row.id, files, version_first=side == 0)
    if found is None:
        raise click.ClickException(f"Nothing in {texts[1 - side]} belongs to {texts[side]}.")
    return found


def _version(text: str) -> tuple[str, int] | None:
    """The process and number in `insurance-claim@2`; None for the name of a file or folder that is there."""
    key, at, number = text.rpartition("@")
    return (
        (key, int(number))
        if at and key and number.isdecimal() and len(number) < 10 and not Path(text).exists()
        else None
    )


def _path(text: str) -> Path:
    found = Path(text)
    if not found.exists():
        raise click.ClickException(f"There is no file or folder “{text}”.")
    return found
