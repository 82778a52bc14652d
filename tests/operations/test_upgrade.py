"""`casewright check-upgrade`: which open cases of a database this release can run, and why not the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import zstandard
from click.testing import CliRunner, Result
from flask import Flask

from service import cli
from service.cli import inspecting
from service.db import db
from service.models import SYSTEM, Case
from service.operations import cases, deployments
from service.queries import upgrade
from tests.engine.diagrams import written
from tests.engine.test_snapshot import kept_processes

KEPT = sorted((Path(__file__).parents[1] / "engine" / "snapshots").glob("*.snapshot"))


@pytest.fixture
def check(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Result]:
    """The command, on the test's application."""

    @contextmanager
    def here() -> Iterator[Flask]:
        yield app

    monkeypatch.setattr(inspecting, "application", here)
    return lambda: CliRunner().invoke(cli.main, ["check-upgrade"])


def begin() -> Case:
    deployments.deploy({"kept.bpmn": written(*kept_processes())}, by=SYSTEM)
    definition = deployments.latest_definition("p")
    assert definition is not None
    case = cases.begin(definition, {"names": ["ann", "bob"]}, by=SYSTEM)
    db.session.commit()
    return case


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_cases_as_earlier_releases_stored_them_can_be_run(check: Callable[[], Result], file: Path) -> None:
    begin()
    begin().snapshot = file.read_bytes()
    db.session.commit()

    done = check()

    assert (done.exit_code, done.stdout) == (0, "This release can run 2 of 2 open cases.\n")


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        (b"", "no snapshot"),
        (b"rubbish", "no snapshot"),
        (zstandard.compress(b'{"v": 99}'), "format 99"),
        (zstandard.compress(b'{"v": 1, "p": "p", "s": "active", "t": [["x", -1, "gone", 16]]}'), "no element “gone”"),
    ],
)
def test_a_case_that_cannot_be_run_is_named_with_the_reason(
    check: Callable[[], Result], stored: bytes, why: str
) -> None:
    begin()
    broken, closed = begin(), begin()
    number = broken.number
    broken.snapshot = stored
    cases.cancel(closed, by=SYSTEM, reason="not needed")
    db.session.commit()

    done = check()

    assert done.exit_code == 1
    first, named, advice = done.stderr.splitlines()
    assert first.startswith("1 case of p, version 1: ")
    assert why in first
    assert named.strip() == number
    assert advice.strip() == upgrade.RESTORED
    assert done.stdout == "This release can run 1 of 2 open cases.\n"


def test_many_cases_with_one_fault_are_said_once(check: Callable[[], Result]) -> None:
    for _ in range(7):
        begin().snapshot = b"rubbish"
    db.session.commit()

    done = check()

    said, named, _advice = done.stderr.splitlines()
    assert said.startswith("7 cases of p, version 1: ")
    assert named.count("-") == 2 * upgrade.NAMED and named.endswith(", …")
    assert done.stdout == "This release can run 0 of 7 open cases.\n"
