"""Looking into what is kept: cases, the audit trail."""

from __future__ import annotations

import json
import sys

import click

from service.cli.application import application, on_the_demo
from service.errors import NotFound


@click.group()
def case() -> None:
    """Single cases."""


@case.command("dump")
@click.argument("number")
@on_the_demo
def dump_case(number: str) -> None:
    """Print all that is kept of one case as JSON: its row, its workflow's state, its story."""
    from service.queries import dump

    with application():
        try:
            found = dump.case(number)
        except NotFound as error:
            raise click.ClickException(f"There is no case {number}.") from error
        click.echo(json.dumps(found, indent=2, default=str, ensure_ascii=False))


@click.command("check-upgrade")
@on_the_demo
def check_upgrade() -> None:
    """Say whether this release can run every open case of the database; it changes nothing."""
    from service.queries import upgrade

    able, unable = 0, 0
    with application():
        for found in upgrade.open_cases():
            if found.why_not is None:
                able += 1
            else:
                unable += 1
                click.echo(f"{found.number} ({found.case_type}): {found.why_not}", err=True)
    click.echo(f"This release can run {able} of {able + unable} open cases.")
    if unable:
        sys.exit(1)


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command("verify")
@on_the_demo
def verify_audit() -> None:
    """Hold every case's chain of audit entries against its hashes; the first bad entry of each is named."""
    from service import audit

    with application():
        broken = list(audit.verify())
    for found in broken:
        click.echo(f"{found.number}: {found.what}", err=True)
    if broken:
        sys.exit(1)
    click.echo("Every chain holds.")
