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
from service.models import SchemaRevision, search_index

if TYPE_CHECKING:  # slow to load, and a server that starts on current tables does without
    from alembic.config import Config


@dataclass(frozen=True)
class Standing:
    """Where a database's tables stand beside this release's."""

    revision: str | None  #: of the tables that are there; None: there are none
    newest: str  #: revision of this release
    has_current_jobs: bool = True  #: whether the queue's tables are those that this release wants
    works_with: str | None = None  #: the oldest release, by its revision, that can use the tables as they are

    @property
    def is_current(self) -> bool:
        return self.revision == self.newest and self.has_current_jobs

    @property
    def is_usable(self) -> bool:
        """Whether this release may work on them: they are its own, or a newer one's that only added to them."""
        return self.is_current or (self.is_ahead and self.works_with is not None and self.works_with <= self.newest)

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
            beside = " Both can run." if self.is_usable else ""
            return f"The tables are of a newer release ({self.revision}; this one has {self.newest}).{beside}"
        behind = f"{self.revision}, this release has {self.newest}" if self.revision != self.newest else "the queue's"
        return f"The tables are of an older release ({behind})."

    @property
    def advice(self) -> str:
        """What to do; empty when nothing is."""
        if self.is_usable:
            return ""
        return "Run that newer release." if self.is_ahead else "Run `casewright db upgrade`."


def standing() -> Standing:
    """How the tables of the current application's database stand."""
    versions = files("service").joinpath("alembic", "versions")
    newest = max(file.name for file in versions.iterdir() if file.name.endswith(".py")).partition("_")[0]
    tables = sa.inspect(db.engine).get_table_names()
    if "alembic_version" not in tables:
        return Standing(None, newest, has_current_jobs=False)
    there = db.session.scalar(sa.text("SELECT version_num FROM alembic_version"))
    works_with = None
    if SchemaRevision.__tablename__ in tables:
        works_with = db.session.scalar(sa.select(SchemaRevision.works_with).where(SchemaRevision.revision == there))
    db.session.rollback()
    return Standing(there, newest, launching.has_current_tables(), works_with)


def alembic_config() -> Config:
    """Alembic's configuration; there is no alembic.ini."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(files("service").joinpath("alembic")))
    return config


def upgrade(app: Flask) -> None:
    """Bring the tables of `app`'s database to this release; on an empty database, create them.

    A release before goes on where each revision since only adds: each says so itself, by its `works_with`, which is
    kept for that older release to read. Nothing happens where the tables are of a newer one that this one can use;
    raises `WrongState` when it cannot.
    """
    from alembic import command

    found = standing()
    if found.is_ahead and found.is_usable:
        return
    if found.is_ahead:
        raise WrongState(f"{found} {found.advice}")
    config = alembic_config()
    with db.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        _keep(connection, config)
        search_index.create(connection)  # SQLite forgets triggers where a revision makes a table anew
    launching.create_tables(app)
    rekeying.adopt()
    db.session.commit()


def works_with(config: Config) -> dict[str, str]:
    """Revision -> the oldest one whose release can work on its tables, as the revisions themselves say; see `upgrade`.

    One that says nothing can be used by its own release only, and so can all that come after it by none before it.
    """
    from alembic.script import ScriptDirectory

    found: dict[str, str] = {}
    oldest = ""
    for revision in reversed(list(ScriptDirectory.from_config(config).walk_revisions())):
        oldest = max(oldest, getattr(revision.module, "works_with", revision.revision))
        found[revision.revision] = oldest
    return found


def _keep(connection: sa.Connection, config: Config) -> None:
    """Note for older releases which of them can go on."""
    there = set(connection.scalars(sa.select(SchemaRevision.revision)))
    rows = [{"revision": new, "works_with": old} for new, old in works_with(config).items() if new not in there]
    if rows:
        connection.execute(sa.insert(SchemaRevision), rows)
