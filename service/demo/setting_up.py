"""Setting up the demo: tables, people, case types, cases; again only for what is new."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from flask import Flask

from service.db import db, utcnow
from service.demo.cases import tales
from service.demo.people import add_people
from service.demo.shipped import shipped
from service.demo.telling import tell
from service.maintenance import schema
from service.models import SYSTEM, Deployment, User
from service.operations import deployments
from service.operations.sources import collect


def is_ready() -> bool:
    """Whether `prepare` has nothing to do: tables and files are as they were at the last start."""
    if not schema.standing().is_usable:
        return False
    ready = db.session.query(User).first() is not None and _is_deployed(collect(shipped()))
    db.session.rollback()
    return ready


def prepare(app: Flask) -> None:
    """Tables, people, case types and cases; running it again keeps the data and adds only what is new."""
    schema.upgrade(app)
    is_new = db.session.query(User).first() is None
    if is_new:
        add_people()
    files = collect(shipped())
    if not _is_deployed(files):
        deployments.deploy(files, by=SYSTEM)
    if is_new:
        now = utcnow()
        tell(tales(now), until=now)
    db.session.commit()


def _is_deployed(files: Mapping[str, bytes]) -> bool:
    """Whether `files` are what was deployed last: then the start need not wait for the checks."""
    last = db.session.scalars(sa.select(Deployment).order_by(Deployment.id.desc()).limit(1)).first()
    return last is not None and last.files == {name: deployments.digest(content) for name, content in files.items()}
