"""Many cases move by one order: tried first, paused, stopped, interrupted, brought back; each is moved or untouched."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from service import jobs
from service.db import db
from service.engine.change.plan import Plan, Verdict
from service.errors import BadRequest, Forbidden, WrongState
from service.execution.chosen import Chosen
from service.models import SYSTEM, Actor, Case, MigratedCase, Migration, MigrationState, Outcome, ProcessDefinition
from service.operations import migration, migrations
from service.operations.migrations import Terms
from service.worker import job_types
from tests.jobs_by_hand import do_jobs
from tests.operations.family import diagram, finish
from tests.operations.test_migration import EXAMINE, RENAMED, deployed, holds, opened, rows, task

Person = Callable[..., Actor]


@pytest.fixture
def ann(app: Flask, person: Person) -> Actor:
    return person("ann", "clerks")


@pytest.fixture
def fleet(loan: ProcessDefinition, ann: Actor) -> list[Case]:
    """Five loans; the first has gone on to its approval."""
    found = [opened(loan, ann, customer=f"Ada {number}", amount=5000) for number in range(5)]
    finish(task(found[0], "Assess"), ann)
    db.session.commit()
    return found


@pytest.fixture
def examine(fleet: list[Case]) -> ProcessDefinition:
    return deployed("loan", EXAMINE)


def ordered(target: ProcessDefinition, source: ProcessDefinition, plan: Plan = RENAMED, **more: object) -> Migration:
    made = migrations.order(source, target, plan, by=SYSTEM, reason="A better form", **more)  # type: ignore[arg-type]
    db.session.commit()
    return made


def outcomes(order: Migration) -> dict[str, int]:
    db.session.rollback()
    return {str(outcome): number for outcome, number in migrations.counts(order.id).by_outcome.items()}


def versions(fleet: list[Case]) -> list[int]:
    for case in fleet:
        db.session.refresh(case)
    return [case.definition.version for case in fleet]


def test_all_cases_of_a_version_move_and_return(
    loan: ProcessDefinition, examine: ProcessDefinition, fleet: list[Case]
) -> None:
    before = [rows(case) for case in fleet]
    order = ordered(examine, loan)
    do_jobs()

    assert (order.state, outcomes(order)) == (MigrationState.DONE, {"moved": 5})
    assert versions(fleet) == [2] * 5
    holds()
    back = migrations.order_return(order, by=SYSTEM, reason="It was better before")
    db.session.commit()
    do_jobs()

    assert (back.state, outcomes(back), outcomes(order)) == (MigrationState.DONE, {"moved": 5}, {"returned": 5})
    assert [rows(case) for case in fleet] == before
    holds()


def test_a_worker_that_is_told_to_stop_leaves_the_rest_to_the_next(
    loan: ProcessDefinition, examine: ProcessDefinition, fleet: list[Case]
) -> None:
    order = ordered(examine, loan)
    jobs.state.stopping.set()
    with jobs.running_as(jobs.Run("one", "one", 1)):
        job_types.move_cases(str(order.id))
    db.session.commit()
    assert (order.state, outcomes(order)) == (MigrationState.RUNNING, {"waiting": 5})

    do_jobs()

    assert (order.state, outcomes(order)) == (MigrationState.DONE, {"moved": 5})


def test_what_cannot_move_is_untouched_and_says_why(
    loan: ProcessDefinition, examine: ProcessDefinition, fleet: list[Case]
) -> None:
    order = ordered(examine, loan, Plan())
    do_jobs()

    assert outcomes(order) == {"moved": 1, "untouched": 4}
    assert versions(fleet) == [2, 1, 1, 1, 1]
    left = db.session.get_one(MigratedCase, (order.id, fleet[1].id))
    assert (left.element_id, left.message) == ("Assess", "“Assess loan” is not in the other version.")


def test_a_trial_moves_some_and_waits_to_be_resumed(
    loan: ProcessDefinition, examine: ProcessDefinition, fleet: list[Case]
) -> None:
    order = ordered(examine, loan, terms=Terms(trial=2))
    do_jobs()
    assert (order.state, order.note) == (MigrationState.PAUSED, "The trial of 2 cases is over.")
    assert outcomes(order) == {"moved": 2, "waiting": 3}

    migrations.resume(order, by=SYSTEM)
    db.session.commit()
    do_jobs()

    assert (order.state, outcomes(order)) == (MigrationState.DONE, {"moved": 5})


def test_too_many_that_cannot_move_pause_it(
    loan: ProcessDefinition, examine: ProcessDefinition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "AT_ONCE", 1)
    order = ordered(examine, loan, Plan(), terms=Terms(most_untouched=1))
    do_jobs()

    assert (order.state, order.note) == (MigrationState.PAUSED, "2 cases could not move.")
    assert outcomes(order) == {"moved": 1, "untouched": 2, "waiting": 2}


def test_paused_nothing_moves_and_stopped_the_rest_stays(
    loan: ProcessDefinition, examine: ProcessDefinition, fleet: list[Case]
) -> None:
    order = ordered(examine, loan)
    migrations.pause(order, by=SYSTEM)
    db.session.commit()
    do_jobs()
    assert outcomes(order) == {"waiting": 5}

    migrations.stop(order, by=SYSTEM)
    db.session.commit()

    assert outcomes(order) == {"untouched": 5}
    assert versions(fleet) == [1] * 5
    with pytest.raises(WrongState, match="stopped"):
        migrations.resume(order, by=SYSTEM)


@pytest.mark.parametrize("after_commit", [True, False])
def test_interrupted_anywhere_each_case_is_moved_once_or_untouched(
    loan: ProcessDefinition,
    examine: ProcessDefinition,
    fleet: list[Case],
    monkeypatch: pytest.MonkeyPatch,
    after_commit: bool,
) -> None:
    """The worker dies at each case in turn, before or after its commit."""
    order, moved = ordered(examine, loan), []
    note = migrations._note

    def dies(order_id: uuid.UUID, case_id: uuid.UUID, told: migration.Told) -> None:
        note(order_id, case_id, told)
        moved.append(case_id)
        if after_commit:
            db.session.commit()
        raise SystemExit("kill -9")

    monkeypatch.setattr(migrations, "_note", dies)
    for _ in range(3):
        with pytest.raises(SystemExit):
            job_types.move_cases(str(order.id))
        db.session.rollback()
    monkeypatch.setattr(migrations, "_note", note)
    assert outcomes(order) == ({"moved": 3, "waiting": 2} if after_commit else {"waiting": 5})
    assert len(set(moved)) == (3 if after_commit else 1)

    do_jobs()

    assert outcomes(order) == {"moved": 5}
    assert versions(fleet) == [2] * 5
    holds()


def test_what_nobody_foresaw_stops_no_other_case(
    loan: ProcessDefinition, examine: ProcessDefinition, fleet: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    carry = migration.carry

    def breaks(case: Case, way: migration.Way, **more: Any) -> migration.Told:
        told = carry(case, way, **more)
        if case.id == fleet[2].id:
            raise ZeroDivisionError("by chance")
        return told

    monkeypatch.setattr(migration, "carry", breaks)
    order = ordered(examine, loan)
    do_jobs()

    assert outcomes(order) == {"moved": 4, "untouched": 1}
    assert versions(fleet) == [2, 2, 1, 2, 2]
    assert "ZeroDivisionError" in (db.session.get_one(MigratedCase, (order.id, fleet[2].id)).message or "")
    holds()


def test_a_case_that_moved_on_meanwhile_is_left_alone(
    loan: ProcessDefinition, examine: ProcessDefinition, fleet: list[Case]
) -> None:
    order = ordered(examine, loan)
    migration.move(fleet[3], examine, RENAMED, by=SYSTEM, reason="By hand")
    db.session.commit()
    do_jobs()

    assert outcomes(order) == {"moved": 4, "untouched": 1}
    assert db.session.get_one(MigratedCase, (order.id, fleet[3].id)).message == "The case is of another version by now."


def test_a_return_leaves_the_cases_that_went_on(
    loan: ProcessDefinition, examine: ProcessDefinition, fleet: list[Case], ann: Actor
) -> None:
    order = ordered(examine, loan)
    do_jobs()
    finish(task(fleet[1], "Examine"), ann)
    db.session.commit()

    back = migrations.order_return(order, by=SYSTEM, reason="Back")
    db.session.commit()
    do_jobs()

    assert outcomes(back) == {"moved": 4, "untouched": 1}
    assert versions(fleet) == [1, 2, 1, 1, 1]


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        (Chosen(), 5),
        (Chosen(at="Assess"), 4),
        (Chosen(at="Approve"), 1),
        (Chosen(stage="decision"), 1),
        (Chosen(owner="ann"), 5),
        (Chosen(owner="zoe"), 0),
        (Chosen(numbers=("none",)), 0),
        (Chosen(priority_from=50, priority_to=50), 5),
        (Chosen(priority_from=51), 0),
        (Chosen(due_before=datetime(2001, 1, 1, tzinfo=UTC)), 0),
    ],
)
def test_which_cases(
    loan: ProcessDefinition, examine: ProcessDefinition, fleet: list[Case], chosen: Chosen, found: int
) -> None:
    if not found:
        with pytest.raises(WrongState, match="no such case"):
            ordered(examine, loan, chosen=chosen)
        return

    assert outcomes(ordered(examine, loan, chosen=chosen)) == {"waiting": found}


def test_only_operations_order_many(
    loan: ProcessDefinition, examine: ProcessDefinition, ann: Actor, person: Person
) -> None:
    mia = person("mia", "managers")
    for actor in (ann, mia):
        with pytest.raises(Forbidden):
            migrations.order(loan, examine, RENAMED, by=actor, reason="A try")
        db.session.rollback()

    made = migrations.order(loan, examine, RENAMED, by=person("ora", "operators"), reason="A try")

    assert made.created_by == "ora"


def test_two_versions_of_one_process_and_a_reason(loan: ProcessDefinition, examine: ProcessDefinition) -> None:
    with pytest.raises(BadRequest, match="two versions"):
        migrations.order(loan, loan, RENAMED, by=SYSTEM, reason="A try")
    with pytest.raises(BadRequest, match="Say why"):
        migrations.order(loan, examine, RENAMED, by=SYSTEM, reason="")


TASKS = "".join(f'<userTask id="{name}" name="{name}" case:candidateGroups="clerks"/>' for name in "AB")


def test_a_case_that_could_not_end_any_more_stays(app: Flask, ann: Actor) -> None:
    gates = '<parallelGateway id="f"/><parallelGateway id="j"/>'
    before = deployed("two", diagram("two", "TWO", TASKS, "Begin A End"))
    case = opened(before, ann)
    after = deployed("two", diagram("two", "TWO", TASKS + gates, "Begin f A j End", "f B j"))

    order = ordered(after, before, Plan(), terms=Terms(up_to=Verdict.PERSON))
    do_jobs()

    left = db.session.get_one(MigratedCase, (order.id, case.id))
    assert (left.outcome, versions([case])) == (Outcome.UNTOUCHED, [1])
    assert left.message and "B" in left.message


def test_cases_move_up_to_the_verdict_that_the_order_says(app: Flask, ann: Actor) -> None:
    """What was drawn before the step where a case stands, it has passed: safe, and not exact."""
    before = deployed("two", diagram("two", "TWO", TASKS, "Begin A End"))
    case = opened(before, ann)
    after = deployed("two", diagram("two", "TWO", TASKS, "Begin B A End"))

    careful = ordered(after, before, Plan(), terms=Terms(up_to=Verdict.EXACT))
    do_jobs()
    left = db.session.get_one(MigratedCase, (careful.id, case.id))
    assert (left.outcome, versions([case])) == (Outcome.UNTOUCHED, [1])
    assert left.message and "B" in left.message
    ordered(after, before, Plan(), terms=Terms(up_to=Verdict.SAFE))
    do_jobs()

    assert versions([case]) == [2]


def test_a_lost_case_is_no_trouble(loan: ProcessDefinition, examine: ProcessDefinition) -> None:
    order = ordered(examine, loan)

    assert migrations.next_cases(uuid.uuid4()) == (None, ())
    assert len(migrations.next_cases(order.id)[1]) == 5
    assert db.session.scalar(sa.select(sa.func.count()).where(MigratedCase.outcome == Outcome.WAITING)) == 5


def test_two_orders_over_the_same_cases_move_each_once_and_the_later_says_so(
    loan: ProcessDefinition, examine: ProcessDefinition, fleet: list[Case]
) -> None:
    """Also where they take turns: neither undoes what the other did."""
    first, second = ordered(examine, loan, terms=Terms(trial=2)), ordered(examine, loan, terms=Terms(trial=3))
    do_jobs()
    for each in (second, first):
        migrations.resume(each, by=SYSTEM)
        db.session.commit()
        do_jobs()

    assert versions(fleet) == [2] * 5
    moved = [outcomes(each).get("moved", 0) for each in (first, second)]
    assert sum(moved) == 5 and all(sum(outcomes(each).values()) == 5 for each in (first, second))
    said = sa.select(MigratedCase.message).where(MigratedCase.outcome == Outcome.UNTOUCHED)
    assert set(db.session.scalars(said)) == {"The case is of another version by now."}
    holds()


def test_a_deployment_during_an_order_changes_nothing_about_it(
    loan: ProcessDefinition, examine: ProcessDefinition, fleet: list[Case]
) -> None:
    order = ordered(examine, loan, terms=Terms(trial=2))
    do_jobs()
    deployed("loan", EXAMINE.replace(b"Examine loan", b"Look at the loan"))

    migrations.resume(order, by=SYSTEM)
    db.session.commit()
    do_jobs()

    assert versions(fleet) == [2] * 5
    assert outcomes(order) == {"moved": 5}
