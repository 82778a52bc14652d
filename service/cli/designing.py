"""For process designers: check and deploy files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from service.cli.application import application, on_the_demo, say
from service.db import db
from service.engine.definition import Severity
from service.errors import InvalidDeployment
from service.models import SYSTEM
from service.operations.sources import collect


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@on_the_demo
def deploy(paths: tuple[Path, ...]) -> None:
    """Deploy BPMN, DMN and form files, or folders of them: all or nothing."""
    from service.operations import deployments

    with application():
        try:
            done = deployments.deploy(collect(paths), by=SYSTEM)
        except InvalidDeployment as refused:
            say(refused.problems)
            sys.exit(1)
        db.session.commit()
        say(done.warnings)
        for row in done.added:
            click.echo(f"deployed  {row.key} version {row.version}")
        for key in done.unchanged:
            click.echo(f"unchanged {key}")


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@on_the_demo
def check(paths: tuple[Path, ...]) -> None:
    """Say what is wrong with BPMN, DMN and form files, without deploying them.

    Needs nothing but the files. With --demo or CASEWRIGHT_DATABASE_URL they may also name what is deployed there.
    """
    from service.operations import deployments

    if "CASEWRIGHT_DATABASE_URL" in os.environ:
        with application():
            problems = deployments.check(collect(paths))
    else:
        problems = deployments.check_alone(collect(paths))
    say(problems)
    if any(problem.severity is Severity.ERROR for problem in problems):
        sys.exit(1)
    click.echo("These files can be deployed.")
