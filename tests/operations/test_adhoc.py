"""Ad hoc work: what can be started, by whom, why not, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db
from service.errors import BadRequest, Forbidden, NotFound, WrongState
from service.maintenance import comparison
from service.models import SYSTEM, Actor, AuditEntry, Case, CaseState, HumanTask, TaskState, User
from service.operations import adhoc, cases, deployments, tasks
from service.queries import adhoc as startable

CARE = Path(__file__).with_name("care.bpmn").read_bytes()
Person = Callable[..., Actor]


@pytest.fixture
def nia(person: Person) -> Actor:
    return person("nia", "nurses")


@pytest.fixture
def care(app: Flask, nia: Actor) -> Case:
    """Nia's patient, in treatment."""
    deployments.deploy({"care.bpmn": CARE}, by=SYSTEM)
    db.session.commit()
    definition = deployments.latest_definition("care")
    assert definition is not None
    case = cases.start(definition, by=nia, submitted={"patient": "Ada"})
    db.session.commit()
    return case


def offers(case: Case, actor: Actor) -> dict[str, str | None]:
    """Why not, by activity."""
    [found] = startable.of_case(case, actor=actor)
    return {each.element_id: each.why_not for each in found.activities}


def therapy(case: Case, actor: Actor) -> str:
    [found] = startable.of_case(case, actor=actor)
    return found.activity_id


def task_of(activity_id: str) -> HumanTask:
    return db.session.scalars(sa.select(HumanTask).where(HumanTask.activity_id == activity_id)).one()


def test_what_can_be_started_is_told_at_any_depth_with_the_reasons(care: Case, nia: Actor) -> None:
    [found] = startable.of_case(care, actor=nia)

    assert (found.element_id, found.name) == ("Therapy", "Therapy")
    assert offers(care, nia) == {
        "Session": None, "Test": None, "Surgery": "Needs the patient's consent.", "Closing": None,
    }  # fmt: skip
    assert (found.may_finish, found.why_not_finish) == (False, "Required before finishing: Closing talk.")
    closing = found.activities[-1]
    assert (closing.required, closing.documentation) == (True, "Tell the patient how it went.")
    assert (found.activities[1].done, found.activities[1].open, found.activities[1].most) == (0, 0, 2)


def test_an_activity_is_repeated_as_often_as_the_designer_allows(care: Case, nia: Actor) -> None:
    where = therapy(care, nia)
    for _ in range(2):
        adhoc.activate(care, where, "Test", by=nia)
        db.session.commit()

    assert offers(care, nia)["Test"] == "Done or begun 2 of 2 times."
    with pytest.raises(WrongState, match="2 of 2"):
        adhoc.activate(care, where, "Test", by=nia)


def test_others_start_only_what_is_offered_to_them(care: Case, nia: Actor, person: Person) -> None:
    tim = person("tim", "therapists")
    session = adhoc.activate(care, therapy(care, nia), "Session", by=nia)
    db.session.commit()

    assert offers(care, tim) == {
        "Session": None,
        "Test": "You are not in nurses.",
        "Surgery": "Needs the patient's consent.",
        "Closing": "This is for others to start.",
    }
    with pytest.raises(Forbidden, match="You are not in nurses"):
        adhoc.activate(care, therapy(care, tim), "Test", by=tim)
    with pytest.raises(Forbidden, match="You may not finish ad hoc work"):
        adhoc.finish(care, therapy(care, tim), by=tim)
    assert task_of(session).state is TaskState.READY


def test_strangers_see_nothing_and_readers_start_nothing(care: Case, nia: Actor, person: Person) -> None:
    eve, rex = person("eve"), person("rex", "auditors")
    where = therapy(care, nia)

    with pytest.raises(NotFound):
        startable.of_case(care, actor=eve)
    with pytest.raises(NotFound):
        adhoc.activate(care, where, "Session", by=eve)
    assert set(offers(care, rex).values()) == {"You may only read this case."}
    with pytest.raises(Forbidden):
        adhoc.activate(care, where, "Session", by=rex)


def test_a_reason_is_asked_for_and_kept(care: Case, nia: Actor) -> None:
    cases.change_variables(care, {"consent": True}, by=nia)
    db.session.commit()

    with pytest.raises(BadRequest, match="Say why “Surgery” is started"):
        adhoc.activate(care, therapy(care, nia), "Surgery", by=nia, reason=" ")
    db.session.rollback()
    adhoc.activate(care, therapy(care, nia), "Surgery", by=nia, reason="It got worse.")
    db.session.commit()

    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "adhoc:activated")).one()
    assert (entry.actor, entry.element_id) == ("nia", "Surgery")
    assert entry.details is not None and entry.details["reason"] == "It got worse."


def test_what_is_started_can_be_given_to_somebody_at_once(care: Case, nia: Actor, person: Person) -> None:
    person("tim", "therapists")
    person("eve", "visitors")
    tim, eve = (db.session.scalars(sa.select(User).where(User.name == name)).one() for name in ("tim", "eve"))
    where = therapy(care, nia)

    given = adhoc.activate(care, where, "Session", by=nia, to=tim)
    db.session.commit()

    assert (task_of(given).assignee, task_of(given).state) == ("tim", TaskState.RESERVED)
    assert list(comparison.differences()) == []
    with pytest.raises(Forbidden, match="Eve is none of those who may do this"):
        adhoc.activate(care, where, "Session", by=nia, to=eve)
    db.session.rollback()
    assert db.session.query(HumanTask).count() == 1


def test_ad_hoc_work_is_finished_by_hand_when_what_is_required_is_done(care: Case, nia: Actor) -> None:
    where = therapy(care, nia)
    still_open = adhoc.activate(care, where, "Session", by=nia)
    talk = adhoc.activate(care, where, "Closing", by=nia)
    db.session.commit()
    with pytest.raises(WrongState, match="Required before finishing: Closing talk"):
        adhoc.finish(care, where, by=nia)
    db.session.rollback()
    tasks.claim(task_of(talk), by=nia)
    tasks.complete(task_of(talk), by=nia, submitted={})
    db.session.commit()

    adhoc.finish(care, where, by=nia, reason="All well")
    db.session.commit()

    assert task_of(still_open).state is TaskState.CANCELLED
    assert care.state is CaseState.COMPLETED
    assert startable.of_case(care, actor=nia) == []
    with pytest.raises(WrongState):
        adhoc.finish(care, where, by=nia)
