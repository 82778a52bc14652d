"""The timeline: audit entries in words."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.db import db
from service.models import AuditEntry
from service.operations import tasks
from service.web import story
from tests.pages.conftest import FINDING, Office

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)


def entry(seq: int, action: str, actor: str = "ann", element: str | None = None, **details: Any) -> AuditEntry:
    """An audit entry, each a minute after the one before."""
    at = NOW + timedelta(minutes=seq)
    return AuditEntry(
        case_id=uuid.uuid4(), seq=seq, at=at, actor=actor, action=action, element_id=element, details=details or None
    )


@pytest.fixture
def telling(office: Office) -> story.Telling:
    """How Ann's page words the entries of a claim."""
    names = {"ann": "You", "ben": "Ben Baker", "mia": "Mia Moreno"}
    return story.Telling(office.definition.id, names, UTC)


def sentence(told: story.Entry) -> str:
    """What stands on the page."""
    return " ".join(filter(None, (told.who, told.text, told.subject, told.rest)))


@pytest.mark.parametrize(
    ("action", "element", "details", "text"),
    [
        ("case:opened", None, {"version": 1}, "You opened the case"),
        ("task:claimed", "Task_Assess", {}, "You took Assess the claim"),
        ("task:released", "Task_Assess", {}, "You gave back Assess the claim"),
        ("task:delegated", "Task_Assess", {"to": "ben"}, "You delegated Assess the claim to Ben Baker"),
        ("task:handed-back", "Task_Assess", {"to": "mia"}, "You handed Assess the claim back to Mia Moreno"),
        ("task:assigned", "Task_Assess", {"to": "ben"}, "You gave Assess the claim to Ben Baker"),
        ("task:assigned", "Task_Assess", {"to": None}, "You gave Assess the claim back to the team"),
        (
            "task:unassigned",
            "Task_Assess",
            {"to": None, "for": "zoe"},
            "Assess the claim was for zoe, who is not here; its candidates may take it",
        ),
        ("task:completed", "Task_Assess", {}, "You completed Assess the claim"),
        ("task:completed", "Task_Assess", {"for": "ben"}, "You completed Assess the claim for Ben Baker"),
        ("task:sent-back", "Task_Assess", {"to": "ben"}, "You sent Assess the claim back to Ben Baker"),
        ("task:sent-back", "Task_Assess", {"to": None}, "You sent Assess the claim back to the team"),
        ("variables:changed", None, {"names": ["x"]}, "You corrected the data"),
        ("case:changed", None, {"owner": "ann"}, "You took the case over"),
        ("case:changed", None, {"owner": "ben"}, "You handed the case to Ben Baker"),
        ("case:changed", None, {"owner": None}, "You handed the case to nobody"),
        ("case:changed", None, {"priority": [50, 80]}, "You changed the priority from 50 to 80"),
        ("case:changed", None, {"due": [None, NOW.isoformat()]}, "You set the due date to 21 Nov 2026"),
        ("case:changed", None, {"due": [NOW.isoformat(), None]}, "You took the due date away"),
        ("case:terminated", None, {"reason": "x"}, "You cancelled the case"),
        ("case:completed", None, {}, "The case is completed"),
        ("case:failed", "Task_Register", {"reason": "x"}, "The case got stuck at Register the claim"),
        ("timer:fired", "Event_Reminder", {}, "The time came: Every 3 days"),
        ("call:hurried", "Task_Assess", {"attempts": 2}, "You let it be tried now: Assess the claim"),
        ("call:given-up", "Task_Assess", {"attempts": 2}, "You gave it up: Assess the claim"),
        ("message:received", None, {"name": "police-report"}, "A message came in: police-report"),
        ("escalation:raised", "Task_Assess", {}, "Escalated: Assess the claim"),
        (
            "role:bound",
            None,
            {"name": "Lead", "before": [], "holders": ["user:ben"]},
            "You gave the role Lead to Ben Baker",
        ),
        (
            "role:bound",
            None,
            {"name": "Lead", "before": ["group:heads", "user:ben"], "holders": ["user:ben", "user:ann"]},
            "You gave the role Lead to you and took it from Heads",
        ),
        (
            "role:bound",
            None,
            {"name": "Lead", "before": ["user:ben"], "holders": []},
            "You took the role Lead from Ben Baker",
        ),
        (
            "role:handed-over",
            None,
            {"name": "Lead", "from": "ben", "to": "mia", "tasks": ["Plan"]},
            "You handed the role Lead over from Ben Baker to Mia Moreno, with Plan",
        ),
        ("note:written", None, {"note": "1", "visibility": "team"}, "You wrote a note for the team"),
        (
            "note:edited",
            None,
            {"note": "1", "visibility": "everybody", "mentions": ["ben"]},
            "You changed a note for everybody, mentioning Ben Baker",
        ),
        ("note:withdrawn", None, {"note": "1", "visibility": "team"}, "You withdrew a note for the team"),
        ("case:restricted", None, {"reason": "x"}, "You closed the case to all but its owner and its roles"),
        ("case:printed", None, {}, "You printed the case"),
        ("case:unrestricted", None, {"reason": "x"}, "You opened the case to others again"),
        ("case:linked", None, {"kind": "blocks", "target": "CLM-1"}, "You linked the case: blocks CLM-1"),
        ("case:linked", None, {"kind": "blocks", "source": "CLM-1"}, "You linked the case: blocked by CLM-1"),
        (
            "case:unlinked",
            None,
            {"kind": "duplicate", "source": "CLM-1"},
            "You took the link away: duplicated by CLM-1",
        ),
        ("case:merged", None, {"source": "CLM-1"}, "You merged CLM-1 into this case"),
        (
            "case:merged",
            None,
            {"source": "CLM-1", "names": ["a", "b"]},
            "You merged CLM-1 into this case, which took over 2 facts",
        ),
        (
            "case:split",
            None,
            {"number": "CLM-2", "reason": "x", "variables": ["a"]},
            "You split off CLM-2 with 1 fact of this case",
        ),
        ("archive:sealed", "Task_Assess", {}, "Archive sealed: Assess the claim · You"),
        ("task:claimed", "gone", {}, "You took gone"),
    ],
)
def test_each_act_is_a_sentence(
    telling: story.Telling, action: str, element: str | None, details: dict[str, Any], text: str
) -> None:
    [told] = story.tell([entry(1, action, "ann", element, **details)], telling)

    assert sentence(told) == text


def test_what_the_system_does_is_told_without_a_person(telling: story.Telling) -> None:
    told = story.tell([entry(1, "case:opened", "system"), entry(2, "case:terminated", "system", reason="x")], telling)

    assert [sentence(each) for each in told] == ["The case was cancelled", "The case was opened"]


def test_data_is_told_with_its_act_and_its_old_value(telling: story.Telling) -> None:
    entries = [
        entry(1, "case:opened"),
        entry(1, "case:advanced", set={"claimant": "Ada", "damageKind": "water", "initiator": "ann"}),
        entry(2, "variables:changed", "ben"),
        entry(2, "case:advanced", "ben", set={"damageKind": "fire"}, unset=["claimant"]),
    ]

    corrected, opened = story.tell(entries, telling)

    assert opened.changes == [story.Change("Name", None, "Ada"), story.Change("Kind of damage", None, "Water")]
    assert corrected.changes == [
        story.Change("Kind of damage", "Water", "Fire"),
        story.Change("Name", "Ada", "–"),
    ]


def test_data_that_changed_by_itself_is_told_by_itself(telling: story.Telling) -> None:
    [told] = story.tell([entry(1, "case:advanced", "system", set={"reminders": 1})], telling)

    assert sentence(told) == "The case went on"
    assert told.changes == [story.Change("Reminders the assessor needed", None, "1")]


def test_steps_alone_are_no_news(telling: story.Telling) -> None:
    assert story.tell([entry(1, "case:advanced", "system", path=["Task_Register"])], telling) == []


def test_a_decision_says_what_it_looked_at_and_which_row_held(office: Office, telling: story.Telling) -> None:
    case = office.open_claim()
    rows = db.session.query(AuditEntry).filter_by(case_id=case.id).order_by(AuditEntry.seq).all()

    decided = next(told.decided for told in story.tell(rows, telling) if told.decided)

    assert ("Policy", "In force on the date of the loss") in decided.inputs
    assert ("Result", "covered") in decided.outputs
    assert decided.rows == "Row 9 held."


def test_a_whole_case_reads_from_its_end_to_its_beginning(office: Office, telling: story.Telling) -> None:
    case = office.open_claim()
    task = office.task(case)
    tasks.claim(task, by=office.ben)
    tasks.complete(task, by=office.ben, submitted=FINDING)
    db.session.commit()
    rows = db.session.query(AuditEntry).filter_by(case_id=case.id).order_by(AuditEntry.seq).all()

    told = [sentence(each) for each in story.tell(rows, telling) if not each.decided]

    assert told == [
        "Ben Baker completed Assess the claim",
        "Ben Baker took Assess the claim",
        "You opened the case",
    ]
