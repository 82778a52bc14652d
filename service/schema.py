"""The database's tables: made and brought up to date by Alembic (“migration” always means moving a case)."""

from __future__ import annotations

from importlib.resources import files

from alembic import command
from alembic.config import Config
from flask import Flask

from . import jobs
from .db import db


def alembic_config() -> Config:
    """Alembic's configuration; there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(files(__package__).joinpath("alembic")))
    return config


def upgrade(app: Flask) -> None:
    """Bring the tables of `app`'s database to this release; on an empty database, create them."""
    config = alembic_config()
    with db.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    jobs.create_tables(app)
