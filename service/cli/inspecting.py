"""Looking into what is kept: cases, the audit trail, and how the installation is."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from service.cli.application import application, on_the_demo
from service.db import db, reading
from service.errors import NotFound

if TYPE_CHECKING:
    from service.maintenance.doctor import Finding


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
    """Say whether this release can run every open case of the database; it changes nothing.

    What it cannot run is named by version and reason, with what to do. Exits with 1 if there is anything.
    """
    from service.queries import upgrade

    with application():
        found = upgrade.examine()
    for each in found.unable.values():
        click.echo(f"{_cases(each.count)} of {each.case_type}, version {each.version}: {each.why_not}", err=True)
        more = ", …" if each.count > len(each.numbers) else ""
        click.echo(f"    {', '.join(each.numbers)}{more}", err=True)
        click.echo(f"    {each.advice}", err=True)
    click.echo(f"This release can run {found.able} of {found.total} open cases.")
    if found.unable:
        sys.exit(1)


def _cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count:,} cases"


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command("verify")
@click.option("--receipt", type=click.File(), help="A receipt from earlier, kept elsewhere.")
@click.option(
    "--resume",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file that says how far it has come: with the same one, an interrupted run goes on where it was.",
)
@on_the_demo
def verify_audit(receipt: TextIO | None, resume: Path | None) -> None:
    """Hold every audit entry against the installation's key, and what rows say now against the entries.

    The first bad entry of each case is named. Exits with 1 if anything does not hold. The service may run meanwhile.
    """
    from service.maintenance import verifying

    broken = False
    with application(), reading():
        course = verifying.course_of(resume)
        if course.after is not None:
            click.echo("Going on where an earlier run was interrupted; what it saw is not looked at again.", err=True)
        for found in verifying.verify(course, receipt=receipt.read() if receipt else None):
            broken = True
            click.echo(f"{found.number}: {found.what}", err=True)
    if broken:
        sys.exit(1)
    click.echo("Every chain holds, and what is kept is what they say.")


@audit.command("receipt")
@click.option("--to", type=click.File("w"), default="-", help="A file for it, instead of printing it.")
@on_the_demo
def receipt_of_audit(to: TextIO) -> None:
    """Print how far the audit trail has come, signed. Keep it elsewhere: `verify --receipt` holds the trail against it.

    Without one, a whole database that was put back to an earlier copy cannot be told from one that was not.
    """
    from service.audit import receipts

    with application():
        click.echo(receipts.make(), file=to)


@audit.command("rekey")
@click.option(
    "--old-key",
    envvar="CASEWRIGHT_OLD_AUDIT_KEY",
    prompt="Old key",
    hide_input=True,
    help="What CASEWRIGHT_AUDIT_KEY, or without it CASEWRIGHT_SECRET_KEY, was before. [env: CASEWRIGHT_OLD_AUDIT_KEY]",
)
@on_the_demo
def rekey_audit(old_key: str) -> None:
    """Make the audit trail anew with the key that is set now, wherever it holds under the old one.

    Stop the service first.
    """
    from service.audit import keys, rekeying
    from service.models import SYSTEM

    with application():
        made, broken = rekeying.rekey(keys.key_from(old_key), by=SYSTEM)
        db.session.commit()
    click.echo(f"{made} chains were made anew.")
    if broken:
        click.echo(f"{broken} did not hold and were left as they are: `casewright audit verify` names them.", err=True)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object for programs, instead of lines for people.")
@on_the_demo
def doctor(as_json: bool) -> None:
    """Examine settings, database, schema, clock, disk and workers, and say what to do; exits with 1 if something ails.

    It changes nothing, and may be run at any time.
    """
    from service.config import WrongSetting
    from service.maintenance.doctor import Finding, Health, examine

    try:
        with application() as app:
            findings = list(examine(app.config["CASEWRIGHT"]))
    except click.ClickException as error:
        if not isinstance(error.__cause__, WrongSetting):
            raise
        advice = "Set them in the environment; the handbook's chapter on settings has them all."
        findings = [Finding("settings", Health.BAD, line, advice) for line in str(error.__cause__).splitlines()]
    if as_json:
        click.echo(json.dumps({"findings": [asdict(each) for each in findings]}, indent=2))
    else:
        _say(findings)
    if any(each.health is Health.BAD for each in findings):
        sys.exit(1)


def _say(findings: Sequence[Finding]) -> None:
    marks = {"ok": ("ok", "green"), "warn": ("look", "yellow"), "bad": ("ILL", "red")}
    for each in findings:
        word, colour = marks[each.health]
        click.echo(f"{click.style(f'{word:<5}', fg=colour)} {each.topic:<10} {each.seen}")
        if each.advice:
            click.echo(f"{'':<17}-> {each.advice}")
    ill, odd = (sum(each.health == health for each in findings) for health in ("bad", "warn"))
    click.echo(f"\n{ill} to mend, {odd} to look at." if ill or odd else "\nAll is well.")
