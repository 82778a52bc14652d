"""Restricted cases whose people have gone: a warning before, and a way back after, that shows nothing of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from service.db import db
from service.errors import WrongState
from service.models import SYSTEM, Actor, AuditEntry, Case, User
from service.operations import cases, roles, users
from tests.pages.conftest import Office, Visitor

Visit = Callable[[Actor | None], Visitor]


def user(actor: Actor) -> User:
    return db.session.get_one(User, actor.id)


@pytest.fixture
def confided(office: Office) -> Case:
    """Ann's claim, restricted to her."""
    case = office.open_claim(claimant="Xanthippe")
    roles.restrict(case, True, by=office.ann, reason="A colleague is involved.")
    db.session.commit()
    return case


def test_the_last_who_reaches_a_restricted_case_is_not_taken_away_unawares(office: Office, confided: Case) -> None:
    with pytest.raises(WrongState, match="Only Ann still reaches a restricted case"):
        users.change(user(office.ann), by=office.ada, active=False)
    db.session.rollback()
    with pytest.raises(WrongState, match="nobody could reach it any more"):
        cases.change(confided, by=office.ann, owner=None)
    db.session.rollback()
    roles.give(confided, "adjuster", "user:ben", by=office.ann)  # works on it, does not steer it
    with pytest.raises(WrongState, match="nobody could reach it any more"):
        cases.change(confided, by=office.ann, owner=None)
    db.session.rollback()

    cases.change(confided, by=office.ann, owner=user(office.ben))
    users.change(user(office.ann), by=office.ada, active=False)


def test_an_administrator_gives_a_lost_case_an_owner_and_sees_only_its_number(
    office: Office, confided: Case, visit: Visit
) -> None:
    ada, number = visit(office.ada), confided.number
    assert "Lost cases" not in ada.get("/tasks").text
    users.change(user(office.ann), by=office.ada, active=False, leaves_restricted=True)
    db.session.commit()

    page = ada.get("/lost-cases").text
    assert number in page and "Xanthippe" not in page and ada.get(f"/cases/{number}").status_code == 404
    assert 'href="/lost-cases"' in ada.get("/tasks").text
    assert visit(office.mia).get("/lost-cases").status_code == 403
    assert ada.post("/lost-cases", {"number": number, "owner": "ben", "reason": " "}).status_code == 400
    answer = ada.post("/lost-cases", {"number": number, "owner": "ben", "reason": "Ann has left us."})

    assert answer.status_code == 303 and "No case is lost" in ada.get("/lost-cases").text
    assert ada.get(f"/cases/{number}").status_code == 404
    told = visit(office.ben).get(f"/cases/{number}").text
    assert "Xanthippe" in told and "brought the case back" in told and "Ann has left us." in told
    entry = db.session.query(AuditEntry).filter_by(action="case:brought-back").one()
    assert (entry.actor, entry.details) == ("ada", {"owner": "ben", "reason": "Ann has left us."})


def test_a_case_that_somebody_reaches_cannot_be_brought_back(office: Office, confided: Case, visit: Visit) -> None:
    ada = visit(office.ada)

    answers = [
        ada.post("/lost-cases", {"number": number, "owner": "ben", "reason": "Curious."})
        for number in (confided.number, "CLM-2026-99999")
    ]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert [confided.number in answer.text for answer in answers] == [False, False]
    with pytest.raises(WrongState):
        roles.bring_back(confided.number, user(office.ben), by=SYSTEM, reason="x")
