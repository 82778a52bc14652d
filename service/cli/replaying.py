"""For those who want to know what a version would have done with cases that have ended."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.application import application, on_the_demo, say
from service.errors import InvalidDeployment
from service.models import SYSTEM
from service.operations.sources import collect

if TYPE_CHECKING:
    from service.queries.replays import Report


@click.command("replay")
@click.argument("key", metavar="TYPE")
@click.option(
    "--against",
    multiple=True,
    required=True,
    metavar="VERSION|PATH",
    help="A version by its number, or files and folders of one that is not deployed; repeat it for several.",
)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="How many cases at most.")
@on_the_demo
def replay(key: str, against: tuple[str, ...], limit: int) -> None:
    """Do what was done in finished cases of TYPE once more under another version, in memory.

    Lists those that would have gone another way, with the step at which the ways part; then it ends with status 1.
    """
    from service.execution.definitions import deployed
    from service.queries import definitions, differences, replays

    with application():
        version_id = None
        if len(against) == 1 and against[0].isdecimal() and len(against[0]) < 10:
            version_id = definitions.version(key, int(against[0])).id
            after = deployed(version_id).definition
        else:
            try:
                found = differences.read_contents(collect([_path(text) for text in against])).processes
            except InvalidDeployment as refused:
                say(refused.problems)
                sys.exit(1)
            if key not in found:
                raise click.ClickException(f"There is no process “{key}” in these files.")
            after = found[key]
        report = replays.against(key, after, by=SYSTEM, limit=limit, version_id=version_id)
    _tell(report)


def _tell(report: Report) -> None:
    click.echo(f"replayed  {report.replayed} cases: {report.same} go the same way")
    for word, findings in (("parted", report.parted), ("other", report.other_data), ("untold", report.untold)):
        for each in findings:
            click.echo(f"{word:<9} {each.cases}: {each.message}")
            click.echo(f"          {', '.join(each.numbers)}")
    if report.parted:
        sys.exit(1)


def _path(text: str) -> Path:
    found = Path(text)
    if not found.exists():
        raise click.ClickException(f"There is no file or folder “{text}”, and it is no version.")
    return found
