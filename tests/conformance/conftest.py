"""The product on empty tables, in a time that only the probe moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from service import create_app, jobs
from service.audit import installation
from service.db import Base, db
from service.models.jobs import job_input, job_output, job_status
from service.operations import timers
from tests.conformance.product import Product
from tests.conftest import config_for, new_database


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One application for all probes on one database: 478 databases would take longer than all the probes."""
    with new_database(request, tmp_path_factory.mktemp("probes")) as url:
        app = create_app(config_for(url))
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def product(shared_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Product]:
    """The product on empty tables, in a time that only the probe moves."""
    db.session.remove()
    for table in (*reversed(Base.metadata.sorted_tables), job_output, job_input, job_status):
        jobs.execute(sa.delete(table))
    installation.begin()
    db.session.commit()
    monkeypatch.setattr(timers, "database_now", lambda: datetime.now(UTC))
    with time_machine.travel(datetime(2026, 3, 1, 9, tzinfo=UTC), tick=False) as traveller:
        yield Product(shared_app, traveller)
