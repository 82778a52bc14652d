"""The demo: people, and a few cases to look at. Nothing of it exists outside `casewright demo`."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from . import schema
from .cli import collect
from .db import db
from .models import User
from .operations import deployments, users
from .permissions import SYSTEM

PASSWORD = "demo-demo-demo"  # noqa: S105  # of the demo alone; see the module's docstring
PEOPLE = {
    "ann": ("Ann Archer", ("claims-intake", "hr-officers", "it-service-desk", "staff")),
    "ben": ("Ben Baker", ("claims-assessors", "it-engineers", "staff")),
    "mia": ("Mia Moreno", ("claims-managers", "hr-managers", "it-managers", "privacy-managers", "staff")),
    "carl": ("Carl Chen", ("hr-investigators", "privacy-officers", "staff")),
    "admin": ("Ada Admin", ("staff",)),
}


def logins() -> str:
    """The demo's people and their password, in a few words."""
    return f"{', '.join(PEOPLE)} (password: {PASSWORD})"


def prepare(app: Flask, root: Path | None = None) -> None:
    """Tables, people and case types; running it again keeps the data and adds only what is new."""
    root = root or Path.cwd()
    schema.upgrade(app)
    if db.session.query(User).first() is None:
        for name, (display_name, groups) in PEOPLE.items():
            users.create(name, display_name, password=PASSWORD, groups=groups, is_admin=name == "admin", by=SYSTEM)
    deployments.deploy(collect((root / "processes", root / "forms")), by=SYSTEM)
    db.session.commit()
