"""The schema revisions make the very tables that the rows describe, on both databases."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask import Flask

from service import create_app
from service.db import Base, db
from service.maintenance import schema
from tests.conftest import config_for, on_server

INDEXES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index'",
    "postgresql": "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'",
}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """The application on a database without any table."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        server: sa.URL = request.getfixturevalue("postgresql_template").set(database="postgres")
        on_server(server, "CREATE DATABASE empty_one")
        url = server.set(database="empty_one").render_as_string(hide_password=False)
    app = create_app(config_for(url))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    if request.param == "postgresql":
        on_server(server, "DROP DATABASE empty_one WITH (FORCE)")


def test_an_empty_database_gets_the_tables_that_the_rows_describe(empty: Flask) -> None:
    schema.upgrade(empty)

    with db.engine.connect() as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # indexes over expressions cannot be reflected
        ours = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": _ours})
        difference = compare_metadata(ours, Base.metadata)
        found = set(connection.exec_driver_sql(INDEXES[db.engine.dialect.name]).scalars())
    # SQLite cannot reflect indexes over expressions, so indexes are compared by name
    assert [change for change in difference if not str(change[0]).endswith("_index")] == []
    assert found >= {str(index.name) for table in Base.metadata.tables.values() for index in table.indexes}


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leave DBOS's own tables aside."""
    return kind != "table" or name in Base.metadata.tables


def test_upgrading_twice_changes_nothing(empty: Flask) -> None:
    schema.upgrade(empty)
    schema.upgrade(empty)


def test_the_first_revision_can_be_taken_back(empty: Flask) -> None:
    schema.upgrade(empty)
    config = schema.alembic_config()
    with db.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    assert not set(Base.metadata.tables) & set(sa.inspect(db.engine).get_table_names())


def test_what_is_said_to_leave_room_for_older_releases_only_adds(empty: Flask) -> None:
    """Nothing they read goes or changes, and what they insert without knowing of it is whole."""
    config = schema.alembic_config()
    before: dict[str, dict[str, sa.engine.interfaces.ReflectedColumn]] = {}
    for revision, oldest in schema.works_with(config).items():
        with db.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
        after = columns()
        if oldest < revision:
            assert wrongs(before, after) == []
        before = after


def columns() -> dict[str, dict[str, sa.engine.interfaces.ReflectedColumn]]:
    """Table -> name -> column, as the database has them."""
    inspector = sa.inspect(db.engine)
    return {name: {each["name"]: each for each in inspector.get_columns(name)} for name in inspector.get_table_names()}


def wrongs(
    before: dict[str, dict[str, sa.engine.interfaces.ReflectedColumn]],
    after: dict[str, dict[str, sa.engine.interfaces.ReflectedColumn]],
) -> list[str]:
    """What would stand in an older release's way."""
    found = []
    for table, old in before.items():
        new = after.get(table, {})
        found += [f"{table}.{name} is gone" for name in old if name not in new]
        found += [f"{table}.{name} is another" for name in old if name in new and str(old[name]) != str(new[name])]
        added = (each for name, each in new.items() if name not in old)
        found += [f"{table}.{each['name']} must be given" for each in added if _must_be_given(each)]
    return found


def _must_be_given(column: sa.engine.interfaces.ReflectedColumn) -> bool:
    return not column["nullable"] and column["default"] is None


def test_what_would_stand_in_an_older_releases_way_is_found(empty: Flask) -> None:
    schema.upgrade(empty)
    before = columns()
    for statement in (
        'ALTER TABLE "case" DROP COLUMN title',
        "ALTER TABLE human_task ADD COLUMN one VARCHAR NOT NULL DEFAULT 1",
        "ALTER TABLE human_task ADD COLUMN two VARCHAR",
        "DROP TABLE rate_count",
    ):
        db.session.execute(sa.text(statement))
    db.session.commit()

    found = wrongs(before, columns())

    assert "case.title is gone" in found
    assert {each.partition(".")[0] for each in found} == {"case", "rate_count"}
