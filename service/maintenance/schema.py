"""The database's tables: made and brought up to date by Alembic (“migration” always means moving a case)."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import sqlalchemy as sa
from flask import Flask

from service.audit import rekeying
from service.db import db
from service.errors import WrongState
from service.jobs import launching
from service.models import search_index

if TYPE_CHECKING:  # slow to load, and a server that starts on current tables does without
    from alembic.config import Config


@dataclass(frozen=True)
class Standing:
    """Where a database's tables stand beside this release's."""

    revision: str | None  #: of the tables that are there; None: there are none
    newest: str  #: revision of this release
    has_current_jobs: bool = True  #: whether the queue's tables are those that this release wants

    @property
    def is_current(self) -> bool:
        return self.revision == self.newest and self.has_current_jobs

    @property
    def is_ahead(self) -> bool:
        """Whether a newer release has been at them (revisions are counted from 0001)."""
        return self.revision is not None and self.revision > self.newest

    def __str__(self) -> str:
        if self.is_current:
            return f"The tables are this release's ({self.newest})."
        if self.revision is None:
            return "The database has no tables of this release yet."
        if self.is_ahead:
            return f"The tables are of a newer release ({self.revision}; this one has {self.newest})."
        behind = f"{self.revision}, this release has {self.newest}" if self.revision != self.newest else "the queue's"
        return f"The tables are of an older release ({behind})."

    @property
    def advice(self) -> str:
        """What to do; empty when nothing is."""
        if self.is_current:
            return ""
        return "Run that newer release." if self.is_ahead else "Run `casewright db upgrade`."


def standing() -> Standing:
    """How the tables of the current application's database stand."""
    versions = files("service").joinpath("alembic", "versions")
    newest = max(file.name for file in versions.iterdir() if file.name.endswith(".py")).partition("_")[0]
    if not sa.inspect(db.engine).has_table("alembic_version"):
        return Standing(None, newest, has_current_jobs=False)
    there = db.session.scalar(sa.text("SELECT version_num FROM alembic_version"))
    db.session.rollback()
    return Standing(there, newest, launching.has_current_tables())


def is_current() -> bool:
    """Whether the tables are this release's already."""
    return standing().is_current


def alembic_config() -> Config:
    """Alembic's configuration; there is no alembic.ini."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(files("service").joinpath("alembic")))
    return config


def upgrade(app: Flask) -> None:
    """Bring the tables of `app`'s database to this release; on an empty database, create them.

    Raises `WrongState` when they are of a newer release.
    """
    from alembic import command

    found = standing()
    if found.is_ahead:
        raise WrongState(f"{found} {found.advice}")
    config = alembic_config()
    with db.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        search_index.create(connection)  # SQLite forgets triggers where a revision makes a table anew
    launching.create_tables(app)
    rekeying.adopt()
    db.session.commit()
