"""The command line: `casewright …`. An entrypoint: it parses, calls operations, commits once; says the outcome."""

from __future__ import annotations

import functools
import json
import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from flask import Flask
from sqlalchemy.exc import DBAPIError

from . import create_app, create_inner
from .config import WrongSetting
from .db import db, utcnow
from .engine.definition import Problem, Severity
from .errors import InvalidDeployment, NotFound, ServiceError
from .permissions import SYSTEM
from .sources import collect


@click.group()
@click.version_option(package_name="casewright")
def main() -> None:
    """Case management and process orchestration on BPMN 2.0."""


@contextmanager
def application(make: Callable[[], Flask] = create_inner) -> Iterator[Flask]:
    """The application as the environment configures it, with a context; errors are said in a line, not a traceback."""
    try:
        app = make()
        with app.app_context():
            yield app
    except (WrongSetting, ServiceError) as error:
        raise click.ClickException(str(error)) from error
    except DBAPIError as error:
        raise click.ClickException(_about_database(app, error)) from error


def _about_database(app: Flask, error: DBAPIError) -> str:
    """What to say of a database that does not do what a command needs; without the statement and its values."""
    from . import schema

    try:
        with app.app_context():
            current = schema.is_current()
    except DBAPIError as gone:
        return f"The database cannot be reached. {gone.orig}"
    if not current:
        return "The database has no tables of this release yet: run `casewright migrate` first."
    return f"The database refused. {error.orig}"


def on_the_demo(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command work on the database of `make run`, too."""

    @click.option("--demo", is_flag=True, help="On the database of `make run` instead of the environment's.")
    @click.option(
        "--folder", default="var", show_default=True, type=click.Path(path_type=Path), help="The demo's folder."
    )
    @functools.wraps(command)
    def run(*, demo: bool, folder: Path, **rest: Any) -> None:
        if demo:
            os.environ |= demo_environment(folder)
        command(**rest)

    return run


@main.command()
def migrate() -> None:
    """Create the database's tables, or bring them up to this release."""
    from . import schema

    with application() as app:
        schema.upgrade(app)
        click.echo("The database is up to date.")


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@on_the_demo
def deploy(paths: tuple[Path, ...]) -> None:
    """Deploy BPMN, DMN and form files, or folders of them: all or nothing."""
    from .operations import deployments

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


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@on_the_demo
def check(paths: tuple[Path, ...]) -> None:
    """Say what is wrong with BPMN, DMN and form files, without deploying them.

    Needs nothing but the files. With --demo or CASEWRIGHT_DATABASE_URL they may also name what is deployed there.
    """
    from .operations import deployments

    if "CASEWRIGHT_DATABASE_URL" in os.environ:
        with application():
            problems = deployments.check(collect(paths))
    else:
        problems = deployments.check_alone(collect(paths))
    say(problems)
    if any(problem.severity is Severity.ERROR for problem in problems):
        sys.exit(1)
    click.echo("These files can be deployed.")


def say(problems: list[Problem]) -> None:
    """One line for each problem, on standard error."""
    for problem in problems:
        click.echo(f"{problem.severity}: {problem}", err=True)


@main.command()
@click.option("--host", default="127.0.0.1", envvar="HOST", show_default=True)
@click.option("--port", default=8000, envvar="PORT", show_default=True, type=click.IntRange(1, 65535))
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1, 64))
def serve(host: str, port: int, threads: int) -> None:
    """Web and worker in one process: all that a SQLite installation needs."""
    from . import server

    _load_parts()
    server.run(host=host, port=port, workers=1, threads=threads, with_jobs=True)


@main.command()
@click.option("--host", default="127.0.0.1", envvar="HOST", show_default=True)
@click.option("--port", default=8000, envvar="PORT", show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64))
@click.option("--threads", default=4, show_default=True, type=click.IntRange(1, 64))
def web(host: str, port: int, workers: int, threads: int) -> None:
    """The web server alone; run `casewright worker` beside it."""
    from . import server

    _load_parts()
    server.run(host=host, port=port, workers=workers, threads=threads, with_jobs=False)


def _load_parts() -> None:
    """Load what the server's processes need before they part, so that one that is replaced is ready at once."""
    with application(create_app):  # says what is wrong with the settings, too
        pass


@main.command()
def worker() -> None:
    """The worker alone: timers, messages, service tasks. Each needs a CASEWRIGHT_WORKER_ID of its own."""
    import signal

    from . import background, worker
    from .__main__ import keep_what_is_loaded

    assert background  # registers the jobs
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with application() as app:
        pass
    config = app.config["CASEWRIGHT"]
    keep_what_is_loaded()
    worker.run(app, executor_id=config.worker_id, concurrency=config.worker_concurrency, stop=stop)


@main.group()
def user() -> None:
    """People who can sign in."""


@user.command("add")
@click.argument("name")
@click.option("--display-name", help="What others see; the name when left out.")
@click.option("--group", "groups", multiple=True, help="May be given several times; made when new.")
@click.option("--admin", is_flag=True)
@click.password_option(envvar="CASEWRIGHT_NEW_PASSWORD")
@on_the_demo
def add_user(name: str, display_name: str | None, groups: tuple[str, ...], admin: bool, password: str) -> None:
    """Add somebody who can sign in."""
    from .operations import users

    with application():
        users.create(name, display_name or name, password=password, groups=groups, is_admin=admin, by=SYSTEM)
        db.session.commit()
        click.echo(f"{name} can sign in.")


@user.command("join")
@click.argument("name")
@click.argument("groups", nargs=-1, required=True)
@on_the_demo
def join_groups(name: str, groups: tuple[str, ...]) -> None:
    """Make NAME a member of GROUPS; those that are new are made."""
    from .operations import users
    from .queries import people

    with application():
        somebody = people.user(name)
        for group in groups:
            users.join(somebody, users.ensure_group(group, by=SYSTEM), by=SYSTEM)
        db.session.commit()
        click.echo(f"{name} is in {', '.join(sorted(each.group_name for each in somebody.memberships))}.")


@main.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, default=("read", "work"), show_default=True)
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 3650), help="How long it is good for.")
@on_the_demo
def token(name: str, scopes: tuple[str, ...], days: int) -> None:
    """Make an API token for NAME and print it, once; only its hash is kept."""
    from .operations import users
    from .queries import people

    with application():
        until = utcnow() + timedelta(days=days)
        issued = users.issue_token(people.user(name), "command line", scopes, by=SYSTEM, expires_at=until)
        db.session.commit()
        click.echo(issued.secret)


@main.group()
def case() -> None:
    """Single cases."""


@case.command("dump")
@click.argument("number")
@on_the_demo
def dump_case(number: str) -> None:
    """Print all that is kept of one case as JSON: its row, its workflow's state, its story."""
    from .queries import dump

    with application():
        try:
            found = dump.case(number)
        except NotFound as error:
            raise click.ClickException(f"There is no case {number}.") from error
        click.echo(json.dumps(found, indent=2, default=str, ensure_ascii=False))


@main.command("check-upgrade")
@on_the_demo
def check_upgrade() -> None:
    """Say whether this release can run every open case of the database; it changes nothing."""
    from .queries import upgrade

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


@main.group()
def audit() -> None:
    """The audit trail."""


@audit.command("verify")
@on_the_demo
def verify_audit() -> None:
    """Hold every case's chain of audit entries against its hashes; the first bad entry of each is named."""
    from . import audit

    with application():
        broken = list(audit.verify())
    for found in broken:
        click.echo(f"{found.number}: {found.what}", err=True)
    if broken:
        sys.exit(1)
    click.echo("Every chain holds.")


@main.command()
@click.option("--port", default=8000, envvar="PORT", show_default=True, type=click.IntRange(1, 65535))
@click.option("--folder", default="var", show_default=True, type=click.Path(path_type=Path))
def demo(port: int, folder: Path) -> None:
    """Set up and start the demo: SQLite, the case types of processes/ and forms/, a few people and cases."""
    from . import demo, server

    environment = demo_environment(folder)
    os.environ.update({name: os.environ.get(name, value) for name, value in environment.items()})
    with application(create_app):  # all parts, once for the processes to come
        ready = demo.is_ready()
        db.engine.dispose()
    if not ready:
        _prepare_demo_apart()
    click.echo(f"Casewright is at http://127.0.0.1:{port} - sign in as {demo.logins()}")
    server.run(host="127.0.0.1", port=port, workers=1, threads=8, with_jobs=True)


def _prepare_demo_apart() -> None:
    """Prepare in a process of its own: the web server forks, and that is possible only before scripts were run."""
    import multiprocessing

    preparing = multiprocessing.get_context("fork").Process(target=_prepare_demo)
    preparing.start()
    preparing.join()
    if preparing.exitcode:
        sys.exit(preparing.exitcode)


def _prepare_demo() -> None:
    """What `demo` does before it serves."""
    from . import demo

    try:
        with application() as app:
            try:
                demo.prepare(app)
            except InvalidDeployment as refused:
                say(refused.problems)
                sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(1)


def demo_environment(folder: Path) -> dict[str, Any]:
    """The demo's settings; its secret key is made once and kept in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "secret-key"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_urlsafe(48))
    return {
        "CASEWRIGHT_DATABASE_URL": f"sqlite:///{(folder / 'casewright.db').resolve()}",
        "CASEWRIGHT_SECRET_KEY": secret.read_text().strip(),
        "CASEWRIGHT_SECURE_COOKIES": "no",
        "CASEWRIGHT_DEMO": "yes",
    }
