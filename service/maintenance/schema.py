"""The database's tables: made and brought up to date by Alembic (“migration” always means moving a case)."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import sqlalchemy as sa
from flask import Flask

from service.db import db
from service.jobs import launching

if TYPE_CHECKING:  # slow to load, and a server that starts on current tables does without
    from alembic.config import Config


def is_current() -> bool:
    """Whether the tables are this release's already."""
    versions = files("service").joinpath("alembic", "versions")
    newest = max(file.name for file in versions.iterdir() if file.name.endswith(".py")).partition("_")[0]
    if not sa.inspect(db.engine).has_table("alembic_version"):
        return False
    there = db.session.scalar(sa.text("SELECT version_num FROM alembic_version"))
    db.session.rollback()
    return there == newest and launching.has_current_tables()


def alembic_config() -> Config:
    """Alembic's configuration; there is no alembic.ini."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(files("service").joinpath("alembic")))
    return config


def upgrade(app: Flask) -> None:
    """Bring the tables of `app`'s database to this release; on an empty database, create them."""
    from alembic import command

    config = alembic_config()
    with db.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    launching.create_tables(app)
