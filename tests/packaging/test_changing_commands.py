"""A new version while cases run, by command: `casewright plan`, `migrate`, `revert`, `migration`, `version`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from click.testing import CliRunner, Result
from flask import Flask

from service.cli import changing as commands
from service.cli import versions as choosing
from service.db import db
from service.models import SYSTEM, Case
from service.operations import deployments
from tests.api.conftest import Office, office
from tests.api.test_migrations import EXAMINE
from tests.jobs_by_hand import do_jobs

__all__ = ["office"]


@pytest.fixture
def run(app: Flask, office: Office, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`run("version", "list", "loan")`: two cases of version 1 are open, and version 2 is deployed."""
    office.open_case()
    office.open_case()
    deployments.deploy({"loan.bpmn": EXAMINE}, by=SYSTEM)
    db.session.commit()
    monkeypatch.setattr(commands, "application", app.app_context)
    monkeypatch.setattr(choosing, "application", app.app_context)

    def command(which: str, *words: str) -> Result:
        db.session.rollback()
        return CliRunner().invoke(choosing.version if which == "version" else getattr(commands, which), words)

    return command


@pytest.fixture
def plan(run: Callable[..., Result], tmp_path: Path) -> str:
    """The file of the plan that is printed, with the one element that it asks about."""
    said = yaml.safe_load(run("plan", "loan").output)
    said["plan"]["elements"]["Assess"] = "Examine"
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(said))
    return str(tmp_path / "plan.yaml")


def versions() -> list[int]:
    db.session.expire_all()
    return sorted(case.definition.version for case in db.session.scalars(sa.select(Case)))


def test_a_plan_says_what_has_no_place(run: Callable[..., Result]) -> None:
    told = run("plan", "loan").output

    assert "case_type: loan\nfrom: 1\nto: 2\n" in told
    assert "#     Assess: …   # Assess loan, 2 tokens" in told
    assert run("plan", "loan", "--to", "1").exit_code == 1


def test_cases_move_by_a_plan_and_return(run: Callable[..., Result], plan: str) -> None:
    ordered = run("migrate", plan, "--reason", "A better form", "--trial", "1").output
    order = ordered.split()[1]
    assert ordered.startswith(f"running   {order} loan 1 to 2: 2 waiting\n")
    do_jobs()
    assert run("migration", "show", order).output == (
        f"paused    {order} loan 1 to 2: 1 waiting, 1 moved - The trial of 1 cases is over.\n"
    )
    assert run("migration", "resume", order).output.startswith("running")
    do_jobs()
    assert versions() == [2, 2]

    assert run("revert", order, "--reason", "Back").output.endswith(" loan 2 to 1: 2 waiting\n")
    do_jobs()

    assert versions() == [1, 1]
    assert run("migration", "list").output.count("loan") == 2


def test_one_case_moves_at_once_and_returns(run: Callable[..., Result], plan: str) -> None:
    number = db.session.scalars(sa.select(Case.number).order_by(Case.number)).first() or ""

    assert run("migrate", plan, "--reason", "A try", "--case", number).output == f"moved     {number} to version 2\n"
    assert versions() == [1, 2]
    assert run("revert", number, "--reason", "Back").output == f"returned  {number}\n"

    assert versions() == [1, 1]


def test_a_plan_that_is_none_is_told(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("from: one\n")
    (tmp_path / "list.yaml").write_text("- a\n")

    told = run("migrate", str(tmp_path / "wrong.yaml"), "--reason", "A try").output
    assert "The plan is not complete." in told and "case_type: Field required" in told

    assert "is no plan" in run("migrate", str(tmp_path / "list.yaml"), "--reason", "A try").output


def test_versions_are_listed_and_chosen(run: Callable[..., Result]) -> None:
    assert [line[:7] for line in run("version", "list", "loan").output.splitlines()] == ["*    2 ", "     1 "]
    assert run("version", "back", "loan").output == "New cases of loan take version 1.\n"
    assert run("version", "list", "loan").output.splitlines()[1].endswith("  pinned")
    assert run("version", "unpin", "loan").output == "New cases of loan take version 2, the newest.\n"
    assert run("version", "pin", "loan", "2").output == "New cases of loan take version 2.\n"


def test_a_version_is_staged_retired_and_restored(run: Callable[..., Result]) -> None:
    run("version", "back", "loan")
    assert "which is pinned; unpin it first" in str(run("version", "stage", "loan", "2", "--share", "10").exception)
    run("version", "unpin", "loan")

    staged = run("version", "stage", "loan", "1", "--share", "10%", "--when", "= amount > 1000")
    assert staged.output == "Version 1 of loan takes 10 % of new cases, where amount > 1000.\n"
    assert (
        run("version", "list", "loan")
        .output.splitlines()[1]
        .endswith("  staged: 10 % of new cases, where amount > 1000")
    )
    assert run("version", "unstage", "loan", "1").output == "Version 1 of loan takes no new cases.\n"
    assert "its open cases go on" in run("version", "retire", "loan", "1").output
    assert "  retired 20" in run("version", "list", "loan").output
    assert run("version", "restore", "loan", "1").output == "Version 1 of loan may be chosen again.\n"
    wrong = run("version", "stage", "loan", "1", "--share", "0", "--effective", "x", "--when", "(")
    assert wrong.exit_code == 1
    assert all(f"--{option}: " in wrong.output for option in ("share", "effective", "when"))
    assert "Say which new cases it takes" in run("version", "stage", "loan", "1").output
