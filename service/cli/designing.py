"""For process designers: check and deploy files."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.cli import preflights
from service.cli.application import application, on_the_demo, say
from service.cli.changing import tell
from service.cli.commits import commit_of
from service.cli.versions import read, with_terms
from service.db import db
from service.engine.definition import Severity
from service.errors import InvalidDeployment, InvalidForm, ServiceError
from service.models import SYSTEM, Migration
from service.operations.sources import collect

if TYPE_CHECKING:
    from service.operations.deployments import Deployed

NAMED = 10  #: things of one deployment that are told by name


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--why", help="Why, for the list of deployments.")
@click.option("--commit", help="From which commit; unless given what git or the CI server says, if they do.")
@click.option("--dry-run", is_flag=True, help="Deploy nothing; tell what it would mean for running cases.")
@click.option(
    "--running",
    default="leave",
    metavar="leave|safe|PLAN",
    show_default=True,
    help="What becomes of running cases: they stay; those move that are exact or safe; or as the YAML file PLAN says.",
)
@with_terms
@on_the_demo
def deploy(
    paths: tuple[Path, ...],
    why: str | None,
    commit: str | None,
    dry_run: bool,
    running: str,
    terms: dict[str, str | None],
) -> None:
    """Deploy BPMN, DMN and form files, or folders of them: all or nothing.

    With --effective, --share or --when, versions that come after others take only the new cases that these name. With
    --dry-run the exit code is 1 when a running case must stay or needs a person.
    """
    from service.operations import deployments, rollout

    source = commit if commit is not None else commit_of(paths)
    plans = [] if running in (rollout.LEAVE, rollout.SAFE) else preflights.plans_in(Path(running))
    if running != rollout.LEAVE and not dry_run and not (why or "").strip():
        raise click.ClickException("Say with --why why running cases move; the story of each case tells it.")
    with application():
        try:
            if dry_run:
                sys.exit(0 if preflights.dry_run(paths, plans) else 1)
            said = read(terms)
            done = deployments.deploy(collect(paths), by=SYSTEM, reason=why, commit=source, terms=said)
        except InvalidDeployment as refused:
            say(refused.problems)
            sys.exit(1)
        db.session.flush()
        orders = _move(done, plans, why) if running != rollout.LEAVE else []
        db.session.commit()
        say(done.warnings)
        for row in done.added:
            staged = f": {said.in_words}" if said and getattr(row, "staged", False) else ""
            click.echo(f"deployed  {row.key} version {row.version}{staged}")
        for order in orders:
            tell(order)
        if done.unchanged:
            names = f": {', '.join(done.unchanged)}" if len(done.unchanged) <= NAMED else ""
            click.echo(f"unchanged {len(done.unchanged)}{names}")


def _move(done: Deployed, plans: Sequence[Mapping[str, Any]], why: str | None) -> list[Migration]:
    """Order what becomes of running cases: what the plans say, or without any that those move which are safe."""
    from service.api import migrations as api
    from service.operations import rollout

    if not done.added:
        return []
    if not plans:
        return rollout.move_safe(done.added, by=SYSTEM, reason=why or "")
    try:
        return api.ordered_with(plans, done.added, by=SYSTEM, reason=why or "")
    except InvalidForm as wrong:
        raise preflights.said_wrong(wrong) from None


@click.command("deployments")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200), help="How many at most.")
@on_the_demo
def list_deployments(limit: int) -> None:
    """What was deployed when, by whom, why and from which commit, the newest first."""
    from service.operations import bundles
    from service.queries import deployments

    with application():
        rows = deployments.listed(limit=limit).rows
        made = deployments.made([row.id for row in rows])
        for row in rows:
            source = f"  from {row.commit}" if row.commit else ""
            click.echo(f"{row.created_at:%Y-%m-%d %H:%M}  {row.created_by}{source}")
            if origin := bundles.told(row):
                click.echo(f"    {origin}")
            if row.reason:
                click.echo(f"    {' '.join(row.reason.split())}")
            named = [f"{key} version {version}" for key, version in made[row.id]]
            more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
            click.echo(f"    {', '.join(named[:NAMED])}{more}")


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@with_terms
@on_the_demo
def check(paths: tuple[Path, ...], terms: dict[str, str | None]) -> None:
    """Say what is wrong with BPMN, DMN and form files, without deploying them.

    Needs nothing but the files. With --demo or CASEWRIGHT_DATABASE_URL they may also name what is deployed there.
    """
    from service.operations import deployments

    if "CASEWRIGHT_DATABASE_URL" in os.environ:
        with application():
            problems = deployments.check(collect(paths), read(terms))
    elif any(terms.values()):
        raise click.ClickException("Which new cases a version takes is checked with CASEWRIGHT_DATABASE_URL or --demo.")
    else:
        problems = deployments.check_alone(collect(paths))
    say(problems)
    if any(problem.severity is Severity.ERROR for problem in problems):
        sys.exit(1)
    click.echo("These files can be deployed.")


@click.command()
@click.argument("key", metavar="TYPE")
@click.option("--from", "source", required=True, help="The shipped case type to begin with, such as insurance-claim.")
@click.option("--prefix", help="What its cases' numbers begin with; made of TYPE where it is not given.")
@click.option("--into", default=".", type=click.Path(path_type=Path), help="The folder to make the folder TYPE in.")
def new(key: str, source: str, prefix: str | None, into: Path) -> None:
    """Make a new case type TYPE from one that comes with Casewright: its diagrams, decisions and forms, to be changed.

    They stand in a folder of that name, under ids of their own, so that what they were made from stays as it is.
    """
    from service.demo.shipped import shipped
    from service.operations import copies, deployments

    folder, forms = shipped()
    target = into / key
    if not (folder / source).is_dir():
        known = ", ".join(sorted(each.name for each in folder.iterdir() if each.is_dir()))
        raise click.ClickException(f"There is no case type “{source}”; there is {known}.")
    if target.exists():
        raise click.ClickException(f"{target} is there already; choose another name, or remove it.")
    taken = copies.prefixes_in(collect([folder]))
    form_files = {Path(name).stem: content for name, content in collect([forms]).items()}
    try:
        made = copies.copied(
            collect([folder / source]),
            form_files,
            source=source,
            key=key,
            prefix=prefix or copies.prefix_for(key, taken),
        )
    except ServiceError as error:
        raise click.ClickException(str(error)) from error
    target.mkdir(parents=True)
    for name, content in sorted(made.files.items()):
        (target / name).write_bytes(content)
        click.echo(f"made      {target / name}")
    say(deployments.check_alone(made.files))
    click.echo(f"Its cases are numbered {made.prefix}-…; it names the groups {', '.join(made.groups)}.")
    click.echo(f"Change it, then `casewright check {target}` and `casewright deploy {target}`.")
