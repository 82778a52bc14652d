"""Where cases stand is changed by command: `casewright modify`."""

from __future__ import annotations

import shlex
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask

from service.cli import modifying
from service.db import db
from service.models import SYSTEM, Case, Modification, ModificationState, Timer
from service.operations import deployments
from tests.api.conftest import Office, office
from tests.api.test_modifications import GUARDED
from tests.handbook.reading import CHAPTERS, blocks
from tests.jobs_by_hand import do_jobs
from tests.pages.conftest import Office as Claims
from tests.pages.conftest import office as claims

__all__ = ["claims", "office"]


@pytest.fixture
def run(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setattr(modifying, "application", app.app_context)

    def command(*words: str) -> Result:
        db.session.rollback()
        return CliRunner().invoke(modifying.modify, words)

    return command


def numbers(office: Office, how_many: int) -> list[str]:
    for _ in range(how_many):
        office.open_case()
    return list(db.session.scalars(sa.select(Case.number).order_by(Case.number)))


def standing() -> list[list[str]]:
    db.session.expire_all()
    return [list(case.marked or ()) for case in db.session.scalars(sa.select(Case).order_by(Case.number))]


def test_what_it_would_do_is_told_and_nothing_is_changed(run: Callable[..., Result], office: Office) -> None:
    [number] = numbers(office, 1)

    told = run(number, "--move", "Assess", "Approve", "--look")

    assert told.exit_code == 0, told.output
    assert told.output.splitlines()[0] == f"{number} would stand at Approve (safe)."
    assert "  Approve loan (task) opens" in told.output.splitlines()
    assert "  Late (timer) waits no longer" in told.output.splitlines()
    assert "  The case ends" in run(number, "--skip", "Assess", "--set", "amount=1", "--look").output.splitlines()
    assert standing() == [["Assess"]]


def test_several_cases_are_changed_as_far_as_that_is_possible(run: Callable[..., Result], office: Office) -> None:
    first, second = numbers(office, 2)
    assert run(first, "--skip", "Assess", "--set", "amount=1", "--reason", "On paper").output == f"changed   {first}\n"

    told = run(first, second, "--take", "Assess", "--put", "Approve", "--reason", "A wrong turn")

    assert told.exit_code == 1
    assert told.output == f"stayed    {first}: This case is completed.\nchanged   {second}\n"
    assert standing() == [[], ["Approve"]]


def test_a_timer_is_due_at_the_time_that_is_said(run: Callable[..., Result], office: Office) -> None:
    [number] = numbers(office, 1)

    told = run(number, "--time", "Late", "2099-12-24T18:00+00:00", "--reason", "Give them time")

    assert told.output == f"changed   {number}\n"
    assert db.session.scalars(sa.select(Timer.due_at)).one().year == 2099
    assert run(number, "--fire", "Late", "--reason", "No time").output == f"changed   {number}\n"
    assert sorted(standing()[0]) == ["Assess", "Remind"]


def test_under_four_eyes_it_is_proposed(run: Callable[..., Result], office: Office) -> None:
    deployments.deploy({"loan.bpmn": GUARDED}, by=SYSTEM)
    db.session.commit()
    [number] = numbers(office, 1)

    assert run(number, "--put", "Approve", "--reason", "One more").output == f"proposed  {number}\n"

    assert db.session.scalars(sa.select(Modification)).one().state is ModificationState.PROPOSED
    assert standing() == [["Assess"]]


def test_the_lines_of_the_handbook_do_what_they_say(run: Callable[..., Result], claims: Claims) -> None:
    number = claims.open_claim().number
    block, many = [each for each in blocks(CHAPTERS["mending-a-case"]) if each.language == "sh"]
    lines = [shlex.split(line)[2:] for line in block.text.splitlines()]
    assert [line[0] for line in lines] == ["CLM-2026-00042"] * 3
    assert run(*shlex.split(many.text)[2:]).output.startswith("running   ")

    told = [run(number, *line[1:]).output for line in lines]

    assert told[0].startswith(f"{number} would stand at Task_Approve (")
    assert told[1:] == [f"changed   {number}\n"] * 2
    assert standing() == [["Task_Pay"]]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--put", "Approve"), "Say why: --reason TEXT; or only look: --look."),
        (("--set", "amount", "--look"), "“amount” is no fact; write NAME=VALUE."),
        (("--time", "Late", "noon", "--look"), "“noon” is no time; write one such as 2026-12-24T18:00."),
        (("--look",), "Say at least one step."),
    ],
)
def test_what_is_written_wrongly_is_said(
    run: Callable[..., Result], office: Office, words: tuple[str, ...], said: str
) -> None:
    [number] = numbers(office, 1)

    told = run(number, *words)

    assert (told.exit_code, said in told.output) == (1, True), told.output


def test_all_chosen_cases_of_a_version_are_changed_by_the_worker(run: Callable[..., Result], office: Office) -> None:
    first, second = numbers(office, 2)
    db.session.execute(sa.update(Case).where(Case.number == second).values(priority=80))
    db.session.commit()

    told = run("--of", "loan@1", "--only", "priority_from=70", "--move", "Assess", "Approve", "--reason", "By phone")
    do_jobs()

    assert told.output.startswith("running   ") and "loan 1 to 1: 1 waiting" in told.output, told.output
    assert standing() == [["Assess"], ["Approve"]]
    for words in (
        ("--of", "loan@1", first),
        ("--only", "owner=ann", first),
        (),
        ("--of", "loan"),
        ("--of", "loan@1"),
        ("--of", "loan@1", "--only", "owner", "--put", "Approve"),
    ):
        assert run(*words, "--reason", "By phone").exit_code == 1, words
    assert standing() == [["Assess"], ["Approve"]]
