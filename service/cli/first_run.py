"""The first start of `casewright serve` where nothing is set: its own secret, tables, and somebody who can sign in."""

from __future__ import annotations

import ipaddress
import os
import secrets
import sys

import click
import sqlalchemy as sa

from service.cli.application import application
from service.config import FOLDER, SECRET_FILE, home, make_secret
from service.db import db
from service.models import SYSTEM, User

SECRET = "CASEWRIGHT_SECRET_KEY"  # noqa: S105  # the setting's name
ADMINISTRATOR = "admin"


def settle(host: str) -> None:
    """Give the settings that are missing values that do for one machine, unless a secret key is set.

    Cookies travel without HTTPS only where nobody but this machine can listen.
    """
    if SECRET in os.environ:
        return
    os.environ[SECRET] = make_secret(home() / FOLDER)
    if "CASEWRIGHT_TRUSTED_PROXIES" not in os.environ and _is_here(host):
        os.environ.setdefault("CASEWRIGHT_SECURE_COOKIES", "no")


def is_over() -> bool:
    """Whether tables and people are there. Needs an application context; raises for tables of another release."""
    from service.maintenance import schema

    found = schema.standing()
    if found.revision is None:
        return False
    if not found.is_usable:
        raise click.ClickException(f"{found} {found.advice}")
    somebody = db.session.scalar(sa.select(User.id).limit(1)) is not None
    db.session.rollback()
    return somebody


def begin() -> None:
    """Make tables and a first administrator, and say what to set before others rely on this."""
    from service.maintenance import schema
    from service.operations import users

    with application() as app:
        schema.upgrade(app)
        name, password, is_made = _who()
        users.create(name, name, password=password, is_admin=True, by=SYSTEM)
        db.session.commit()
        where = db.engine.url.database if app.config["CASEWRIGHT"].on_sqlite else db.engine.url.host
    click.echo(f"Everything is kept in {where}.")
    if is_made:
        click.echo(f"Sign in as {name} with the password {password} (shown only now; change it on your profile).")
    if not os.environ.get("CASEWRIGHT_DATABASE_URL"):
        click.echo(PRODUCTION)


PRODUCTION = f"""\
Before others rely on it: back up {FOLDER}/, {FOLDER}/{SECRET_FILE} too; put HTTPS before it and set
CASEWRIGHT_TRUSTED_PROXIES=1; for more than one machine set CASEWRIGHT_DATABASE_URL=postgresql://... and one
{SECRET} for all. `casewright doctor` says how it is."""


def _who() -> tuple[str, str, bool]:
    """Name and password of the first administrator, and whether the password was made here: asked for at a terminal."""
    if not sys.stdin.isatty():
        return ADMINISTRATOR, secrets.token_urlsafe(12), True
    click.echo("Nobody can sign in yet. The first administrator:")
    name: str = click.prompt("  name", default=ADMINISTRATOR)
    password: str = click.prompt(
        "  password (empty: one is made)", default="", hide_input=True, show_default=False, confirmation_prompt=True
    )
    return (name, password, False) if password else (name, secrets.token_urlsafe(12), True)


def _is_here(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
