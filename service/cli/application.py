"""What commands share: the application, the demo's settings, and how errors are said."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask import Flask
from sqlalchemy.exc import DBAPIError

from service import create_inner
from service.config import WrongSetting, make_secret
from service.db import db
from service.engine.definition import Problem
from service.errors import ServiceError


@contextmanager
def application(make: Callable[..., Flask] = create_inner) -> Iterator[Flask]:
    """The application as the environment configures it, with a context; errors are said in a line, not a traceback."""
    try:
        app = make(name=_called())
        with app.app_context():
            try:
                yield app
            finally:
                db.session.remove()
                db.engine.dispose()  # connections must not pass into a server's processes
    except (WrongSetting, ServiceError) as error:
        raise click.ClickException(str(error)) from error
    except DBAPIError as error:
        raise click.ClickException(_about_database(app, error)) from error


def _called() -> str:
    """What PostgreSQL shows of who is connected: the command, such as `casewright user add`."""
    context = click.get_current_context(silent=True)
    words: list[str] = []
    while context is not None and context.parent is not None:
        words.insert(0, context.info_name or "")
        context = context.parent
    return " ".join(["casewright", *words])


def _about_database(app: Flask, error: DBAPIError) -> str:
    """What to say of a database that does not do what a command needs; without the statement and its values."""
    from service.maintenance import schema

    try:
        with app.app_context():
            found = schema.standing()
    except DBAPIError as gone:
        return f"The database cannot be reached. {gone.orig}"
    if not found.is_usable:
        return f"{found} {found.advice}"
    return f"The database refused. {error.orig}"


def on_the_demo(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command work on the demo's database, too: the one that `casewright demo` finds by the same settings."""

    @click.option("--demo", is_flag=True, help="On the demo's database: as set, else the one in its folder.")
    @click.option(
        "--folder", default="var", show_default=True, type=click.Path(path_type=Path), help="The demo's folder."
    )
    @functools.wraps(command)
    def run(*, demo: bool, folder: Path, **rest: Any) -> None:
        if demo:
            settle_demo(folder)
        command(**rest)

    return run


def say(problems: list[Problem]) -> None:
    """One line for each problem, on standard error."""
    for problem in problems:
        click.echo(f"{problem.severity}: {problem}", err=True)


def settle_demo(folder: Path) -> None:
    """Set what the demo needs, but for what is set already."""
    for name, value in demo_environment(folder).items():
        os.environ.setdefault(name, value)


def demo_environment(folder: Path) -> dict[str, Any]:
    """The demo's settings; its secret key is made once and kept in `folder`."""
    return {
        "CASEWRIGHT_DATABASE_URL": f"sqlite:///{(folder / 'casewright.db').resolve()}",
        "CASEWRIGHT_SECRET_KEY": make_secret(folder),
        "CASEWRIGHT_SECURE_COOKIES": "no",
        "CASEWRIGHT_DEMO": "yes",
    }
