"""A new version while cases run, by command: `casewright plan`, `deploy`, `migrate`, `revert`, `version` and so on."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
import yaml
from click.testing import CliRunner, Result
from flask import Flask

from service.cli import changing, designing, preflights
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
    commands = {}
    for module in (changing, designing, preflights, choosing):
        monkeypatch.setattr(module, "application", app.app_context)
        commands |= {name: each for name, each in vars(module).items() if isinstance(each, click.Command)}

    def command(which: str, *words: str) -> Result:
        db.session.rollback()
        return CliRunner().invoke(commands[which], words)

    return command


@pytest.fixture
def plan(run: Callable[..., Result], tmp_path: Path) -> str:
    """The file of the plan that is printed."""
    (tmp_path / "plan.yaml").write_text(run("plan", "loan").output)
    return str(tmp_path / "plan.yaml")


@pytest.fixture
def third(tmp_path: Path) -> Path:
    """A third version: of what stands at Assess it takes nothing away, but what it is called."""
    (tmp_path / "loan.bpmn").write_bytes(EXAMINE.replace(b'"Examine"', b'"Assess"').replace(b"PT3H", b"PT2H"))
    return tmp_path / "loan.bpmn"


def versions() -> list[int]:
    db.session.expire_all()
    return sorted(case.definition.version for case in db.session.scalars(sa.select(Case)))


def test_a_plan_tells_what_a_version_means_for_running_cases(run: Callable[..., Result]) -> None:
    told = run("plan", "loan").output

    numbers = ", ".join(db.session.scalars(sa.select(Case.number).order_by(Case.id)))
    assert told.splitlines()[:4] == [
        "# loan version 2: 2 cases under other versions.",
        "# 2 cases under version 1:",
        f"#   safe with this plan: 2 cases at “Assess loan” ({numbers})",
        "#       The case stands at “Assess loan”; in the new version that is “Examine loan” with the id “Examine”."
        " The plan maps one to the other; look whether they are the same.",
    ]
    said = yaml.safe_load(told)
    assert (said["from"], said["to"], said["plan"]["elements"]) == (1, 2, {"Assess": "Examine"})
    assert run("plan", "loan", "--to", "1").exit_code == 1


def test_a_plan_for_some_cases_is_about_them_and_moves_no_others(
    run: Callable[..., Result], office: Office, tmp_path: Path
) -> None:
    first, second = db.session.scalars(sa.select(Case.number).order_by(Case.id)).all()
    db.session.execute(sa.update(Case).where(Case.number == second).values(priority=80))
    db.session.commit()

    told = run("plan", "loan", "--only", "priority_from=70", "--only", "states=active,failed").output

    assert "# 1 case under version 1:" in told and second in told and first not in told
    assert yaml.safe_load(told)["cases"] == {"states": ["active", "failed"], "priority_from": 70}
    (tmp_path / "some.yaml").write_text(told)
    assert run("migrate", str(tmp_path / "some.yaml"), "--reason", "Urgent ones first").exit_code == 0
    do_jobs()
    assert versions() == [1, 2]
    assert run("plan", "loan", "--only", "text=no such words").output == (
        "Error: No such case of loan runs under a version other than 2.\n"
    )
    for wrong, why in (
        ("owner", "write FIELD=VALUE"),
        ("colour=red", "colour: "),
        ("priority_to=high", "priority_to: "),
    ):
        assert why in run("plan", "loan", "--only", wrong).output


def test_a_dry_run_tells_the_same_and_deploys_nothing(run: Callable[..., Result], third: Path) -> None:
    done = run("deploy", "--dry-run", str(third))

    assert done.output.startswith("loan version 3, which is not deployed yet: 2 cases under other versions.\n")
    assert ("  exact: 2 cases at “Assess loan”" in done.output, done.exit_code) == (True, 0)
    assert yaml.safe_load(run("plan", "loan", str(third)).output)["to"] == 3
    assert len(run("version", "list", "loan").output.splitlines()) == 2


def test_a_dry_run_fails_when_a_case_must_stay_or_needs_a_person(
    run: Callable[..., Result], third: Path, tmp_path: Path
) -> None:
    script = b'<bpmn:scriptTask id="Assess"><bpmn:script>seen = True</bpmn:script>'
    drawn = re.sub(
        b'(?s)<bpmn:userTask id="Assess".*?</bpmn:userTask>', script + b"</bpmn:scriptTask>", third.read_bytes()
    )
    third.write_bytes(drawn)

    done = run("deploy", "--dry-run", str(third))

    assert (done.exit_code, "  must stay: 2 cases at “Assess loan”" in done.output) == (1, True)
    (tmp_path / "plan.yaml").write_text("case_type: loan\nfrom: 1\nplan: {elements: {Assess: null}}\n")
    decided = run("deploy", "--dry-run", str(third), "--running", str(tmp_path / "plan.yaml"))
    assert (decided.exit_code, "safe with this plan: 2 cases" in decided.output) == (0, True)


def test_what_is_safe_moves_with_the_deployment(run: Callable[..., Result], third: Path) -> None:
    assert "Say with --why" in run("deploy", str(third), "--running", "safe").output

    told = run("deploy", str(third), "--running", "safe", "--why", "A better form").output.splitlines()
    assert (told[0], told[1].split()[0]) == ("deployed  loan version 3", "running")
    assert told[1].endswith(" loan 1 to 3: 2 waiting")
    do_jobs()

    assert versions() == [3, 3]


def test_cases_move_with_the_deployment_as_a_plan_says(run: Callable[..., Result], third: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(run("plan", "loan", str(third)).output + "---\ncase_type: loan\nfrom: 2\n")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("case_type: loan\nfrom: 1\nto: 7\n")

    refused = run("deploy", str(third), "--running", str(wrong), "--why", "A better form")
    assert (refused.exit_code, "to: This deployment makes version 3; make the plan anew." in refused.output) == (
        1,
        True,
    )
    assert len(run("version", "list", "loan").output.splitlines()) == 2
    told = run("deploy", str(third), "--running", str(plan), "--why", "A better form").output
    assert told.splitlines()[1].endswith(" loan 1 to 3: 2 waiting")
    do_jobs()

    assert versions() == [3, 3]


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


def test_plans_in_one_file_are_ordered_together_or_not_at_all(
    run: Callable[..., Result], plan: str, third: Path, tmp_path: Path
) -> None:
    numbers = sorted(db.session.scalars(sa.select(Case.number)))
    assert run("migrate", plan, "--reason", "A try", "--case", numbers[0]).exit_code == 0
    assert run("deploy", str(third)).output.startswith("deployed  loan version 3")
    both = tmp_path / "both.yaml"
    both.write_text(run("plan", "loan").output)
    assert [each["from"] for each in yaml.safe_load_all(both.read_text())] == [2, 1]

    assert "for one case give one" in run("migrate", str(both), "--reason", "A try", "--case", numbers[1]).output
    both.write_text(both.read_text().replace("from: 1", "from: 9"))
    assert run("migrate", str(both), "--reason", "A try").exit_code == 1
    assert "running" not in run("migration", "list").output
    both.write_text(both.read_text().replace("from: 9", "from: 1"))
    assert run("migrate", str(both), "--reason", "A try").output.count("running ") == 2
    do_jobs()

    assert versions() == [3, 3]


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
