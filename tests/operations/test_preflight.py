"""The pre-flight: running cases in classes, with what another version means for each, before it happens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from service import jobs
from service.db import db
from service.engine.change.marking import marking
from service.engine.change.plan import Clock, Plan, Verdict
from service.execution.judging import version_of
from service.execution.signing import UNREADABLE, signature
from service.models import SYSTEM, Actor, Case, ProcessDefinition
from service.operations import signing
from service.queries import preflight, preview
from service.queries.preview import Becomes
from tests.jobs_by_hand import do_jobs
from tests.operations.family import finish
from tests.operations.test_migration import EXAMINE, RENAMED, deployed, opened, task

Person = Callable[..., Actor]
PROPOSED = Plan(RENAMED.elements, clocks={"Late": Clock.KEEP})


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


def test_cases_are_counted_by_where_they_stand(loan: ProcessDefinition, fleet: list[Case]) -> None:
    found = preflight.of_deployed(deployed("loan", EXAMINE), by=SYSTEM)

    [version] = found.versions
    said = [(each.cases, each.words, each.verdict, each.before, each.after) for each in version.classes]
    assert said == [
        (4, "“Assess loan”", Verdict.WITH_PLAN, ("Assess",), ("Examine",)),
        (1, "“Approve loan”", Verdict.EXACT, ("Approve",), ("Approve",)),
    ]
    assert (found.cases, found.is_clear, version.plan) == (5, True, PROPOSED)


def test_a_preview_tells_what_becomes_of_tasks_and_timers(loan: ProcessDefinition, ann: Actor) -> None:
    case = opened(loan, ann, customer="Ada", amount=5000)
    target = version_of(deployed("loan", EXAMINE).id)

    found = preview.of(case, target, by=SYSTEM)

    [changed] = found.tasks
    assert (changed.becomes, changed.before, changed.after) == (Becomes.CHANGES, "Assess", "Examine")
    assert (changed.name_before, changed.name_after, changed.other) == ("Assess loan", "Examine loan", ("name",))
    assert (found.refused, found.timers, found.judgement.plan) == (None, (), PROPOSED)
    assert (found.marked_before, found.marked_after) == ({"Assess": 1}, {"Examine": 1})
    db.session.refresh(case)
    assert (case.definition.version, case.marked) == (1, ["Assess"])


def test_every_step_signs_where_the_case_stands(loan: ProcessDefinition, fleet: list[Case]) -> None:
    for case in fleet:
        db.session.refresh(case, ["signature", "snapshot"])
        assert case.signature == signature(marking(case.snapshot or b""), case.visits)

    assert len({case.signature for case in fleet}) == 2


def test_the_worker_signs_cases_from_before(
    loan: ProcessDefinition, fleet: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than it signs at once; one of another format; one that cannot be read, which is not tried for ever."""
    monkeypatch.setattr(signing, "AT_ONCE", 2)
    signed, versions = [case.signature for case in fleet], [case.version for case in fleet]
    db.session.execute(sa.update(Case).values(signature=None))
    db.session.execute(sa.update(Case).where(Case.id == fleet[1].id).values(signature="0" + "a" * 23))
    db.session.execute(sa.update(Case).where(Case.id == fleet[2].id).values(snapshot=b"damaged"))
    db.session.commit()

    jobs.enqueue("sign_cases", {}, partition="sign_cases")
    db.session.commit()
    do_jobs()

    db.session.expire_all()
    signed[2] = UNREADABLE
    assert ([case.signature for case in fleet], [case.version for case in fleet]) == (signed, versions)
    assert signing.sign_some() == 0
    target = deployed("loan", EXAMINE)
    counted = [(each.cases, each.verdict) for each in preflight.of_deployed(target, by=SYSTEM).versions[0].classes]
    assert counted == [(1, Verdict.STAY), (3, Verdict.WITH_PLAN), (1, Verdict.EXACT)]


def test_a_case_that_goes_on_meanwhile_signs_itself(
    loan: ProcessDefinition, fleet: list[Case], ann: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.session.execute(sa.update(Case).values(signature=None))
    db.session.commit()
    made = signing._made

    def goes_on(*read: object) -> str:
        """As another process would, between reading and writing."""
        monkeypatch.setattr(signing, "_made", made)
        finish(task(fleet[1], "Assess"), ann)
        db.session.flush()
        return made(*read)  # type: ignore[arg-type]

    monkeypatch.setattr(signing, "_made", goes_on)
    signing.sign_some()
    db.session.commit()

    for case in fleet:
        db.session.refresh(case, ["signature", "snapshot", "visits"])
        assert case.signature == signature(marking(case.snapshot or b""), case.visits)


def test_cases_from_before_and_stale_signatures_are_read_one_by_one(loan: ProcessDefinition, fleet: list[Case]) -> None:
    target = deployed("loan", EXAMINE)
    before = preflight.of_deployed(target, by=SYSTEM)
    approving = fleet[0].signature
    for case, signed in zip(fleet, (None, None, "0of-another-format", approving, fleet[4].signature), strict=True):
        case.signature = signed
    db.session.commit()

    found = preflight.of_deployed(target, by=SYSTEM)

    told = [[(each.id, each.cases, each.samples) for each in one.versions[0].classes] for one in (before, found)]
    assert told[0] == told[1]
