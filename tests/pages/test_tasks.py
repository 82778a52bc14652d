"""Doing tasks through the pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from service.db import db, utcnow
from service.models import Actor, TaskState
from tests.pages.conftest import FINDING, Office, Visitor

Visit = Callable[[Actor | None], Visitor]


def test_taking_a_task_moves_it_from_the_team_to_me(office: Office, visit: Visit) -> None:
    case, ben = office.open_claim(), visit(office.ben)
    task = office.task(case)

    answer = ben.post(f"/tasks/{task.id}/claim")

    assert answer.status_code == 303
    assert "“Assess the claim” is yours now." in ben.get(answer.location).text
    assert "Ada Lovelace" in ben.get("/tasks").text
    assert "The queue is empty" in ben.get("/tasks/team").text


def test_a_free_task_shows_its_form_but_no_way_to_send_it(office: Office, visit: Visit) -> None:
    task = office.task(office.open_claim())

    page = visit(office.ben).get(f"/tasks/{task.id}").text

    assert "data-readonly" in page and "Take it" in page
    assert "data-send=" not in page


def test_who_comes_second_is_told_who_has_the_task(office: Office, visit: Visit, person: Callable[..., Actor]) -> None:
    eve = person("eve", "claims-assessors")
    task = office.task(office.open_claim())
    visit(office.ben).post(f"/tasks/{task.id}/claim")

    answer = visit(eve).post(f"/tasks/{task.id}/claim")

    assert answer.status_code == 409
    assert "Somebody was quicker" in answer.text and "Ben has this task now: taken, " in answer.text
    assert f'href="/tasks/{task.id}"' in answer.text and 'href="/tasks/team"' in answer.text


def test_whose_task_was_given_away_meanwhile_is_told_to_whom_and_when(
    office: Office, visit: Visit, person: Callable[..., Actor]
) -> None:
    person("eve", "claims-assessors")
    task = office.task(office.open_claim())
    ben = visit(office.ben)
    ben.post(f"/tasks/{task.id}/claim")
    visit(office.mia).post(f"/tasks/{task.id}/assign", {"to": "eve"})

    refused = ben.send(f"/tasks/{task.id}/complete", FINDING)

    said = refused.get_json()
    today = utcnow().astimezone()
    assert refused.status_code == 403
    assert said["detail"].startswith("Eve has this task now: assigned by Mia, ")
    assert f"{today:%b %Y}" in said["detail"] and said["detail"].endswith("You may not complete it.")
    assert said["ways"][0] == {"text": "Read the task", "href": f"/tasks/{task.id}"}


def test_giving_back_puts_a_task_into_the_queue_again(office: Office, visit: Visit) -> None:
    task, ben = office.task(office.open_claim()), visit(office.ben)
    ben.post(f"/tasks/{task.id}/claim")

    ben.post(f"/tasks/{task.id}/release")

    assert "Ada Lovelace" in ben.get("/tasks/team").text
    assert "Nothing to do" in ben.get("/tasks").text


def test_a_delegated_task_comes_back(office: Office, visit: Visit) -> None:
    task, ben = office.task(office.open_claim()), visit(office.ben)
    ben.post(f"/tasks/{task.id}/claim")
    assert '<option value="mia">Mia</option>' in ben.get(f"/tasks/{task.id}").text

    ben.post(f"/tasks/{task.id}/delegate", {"to": "mia"})
    mia = visit(office.mia)
    assert "Ben delegated this to you" in mia.get(f"/tasks/{task.id}").text
    mia.post(f"/tasks/{task.id}/hand-back")

    assert office.task(task.case).assignee == "ben"


def test_a_manager_assigns_and_takes_away(office: Office, visit: Visit) -> None:
    task, mia = office.task(office.open_claim()), visit(office.mia)

    mia.post(f"/tasks/{task.id}/assign", {"to": "ben"})
    assert office.task(task.case).assignee == "ben"

    mia.post(f"/tasks/{task.id}/assign", {"to": ""})
    assert office.task(task.case).state is TaskState.READY


def test_a_task_goes_to_people_in_the_list_only(office: Office, visit: Visit) -> None:
    task, ben = office.task(office.open_claim()), visit(office.ben)
    ben.post(f"/tasks/{task.id}/claim")

    answer = ben.post(f"/tasks/{task.id}/delegate", {"to": "nobody-of-that-name"})

    assert answer.status_code == 400
    assert "Pick one of the people in the list." in answer.text


def test_completing_opens_the_next_task(office: Office, visit: Visit) -> None:
    first, second = (office.task(office.open_claim(claimant=name)) for name in ("Ada Lovelace", "Alan Turing"))
    ben = visit(office.ben)
    for task in (first, second):
        ben.post(f"/tasks/{task.id}/claim")
    assert "Complete and next" in ben.get(f"/tasks/{first.id}").text

    answer = ben.send(f"/tasks/{first.id}/complete", FINDING)

    assert answer.json == {"location": f"/tasks/{second.id}?view=mine"}
    assert "“Assess the claim” is done. Here is the next one." in ben.get(answer.json["location"]).text


def test_completing_the_last_task_leads_to_the_list_or_to_the_case(office: Office, visit: Visit) -> None:
    ben = visit(office.ben)
    for then, location in (("", "/tasks"), ("?then=case", "/cases/CLM-2026-00002")):
        task = office.task(office.open_claim())
        ben.post(f"/tasks/{task.id}/claim")

        answer = ben.send(f"/tasks/{task.id}/complete{then}", FINDING)

        assert answer.json is not None
        assert answer.json["location"].replace("2027", "2026") == location


def test_a_form_that_breaks_its_rules_comes_back_with_errors_by_field(office: Office, visit: Visit) -> None:
    task, ben = office.task(office.open_claim()), visit(office.ben)
    ben.post(f"/tasks/{task.id}/claim")

    answer = ben.send(f"/tasks/{task.id}/complete", {**FINDING, "assessorNote": "no"})

    assert answer.status_code == 422 and answer.json is not None
    assert list(answer.json["errors"]) == ["Field_AssessorNote"]
    assert office.task(task.case).state is TaskState.RESERVED


def test_a_task_completed_elsewhere_answers_the_form_with_a_conflict(office: Office, visit: Visit) -> None:
    task, ben = office.task(office.open_claim()), visit(office.ben)
    ben.post(f"/tasks/{task.id}/claim")
    ben.send(f"/tasks/{task.id}/complete", FINDING)

    answer = ben.send(f"/tasks/{task.id}/complete", FINDING)

    assert answer.status_code == 409 and answer.json is not None
    assert answer.json["detail"] == "This task is completed."
    page = ben.get(f"/tasks/{task.id}").text
    assert "completed this" in page and "data-form" not in page


def test_what_is_not_a_form_is_refused(office: Office, visit: Visit) -> None:
    task, ben = office.task(office.open_claim()), visit(office.ben)
    ben.post(f"/tasks/{task.id}/claim")
    headers = {"X-CSRFToken": ben.token(), "Accept": "application/json"}

    wrong: list[Any] = [[], {"data": []}, "text", 5]
    for body in wrong:
        assert ben.client.post(f"/tasks/{task.id}/complete", json=body, headers=headers).status_code == 400


def test_no_task_is_done_without_the_pages_own_token(office: Office, visit: Visit) -> None:
    task, ben = office.task(office.open_claim()), visit(office.ben)

    for path in ("claim", "release", "delegate", "hand-back", "send-back", "assign", "complete"):
        answer = ben.client.post(f"/tasks/{task.id}/{path}", data={"to": "ben"})
        assert answer.status_code == 403, path

    assert office.task(task.case).state is TaskState.READY


def test_a_strangers_hands_reach_no_task(office: Office, visit: Visit) -> None:
    task, zoe = office.task(office.open_claim()), visit(office.zoe)

    for path in ("claim", "release", "delegate", "hand-back", "send-back", "assign"):
        assert zoe.post(f"/tasks/{task.id}/{path}", {"to": "zoe"}).status_code == 404, path
    assert zoe.send(f"/tasks/{task.id}/complete", FINDING).status_code == 404

    db.session.rollback()
    assert office.task(task.case).state is TaskState.READY


def test_four_eyes_are_explained(office: Office, visit: Visit, person: Callable[..., Actor]) -> None:
    both = person("pat", "claims-assessors", "claims-managers")
    case, pat = office.open_claim(estimatedAmount=30000), visit(both)
    assess = office.task(case)
    pat.post(f"/tasks/{assess.id}/claim")
    pat.send(f"/tasks/{assess.id}/complete", {**FINDING, "acceptedItems": [{"item": "Floor", "accepted": 20000}]})

    answer = pat.post(f"/tasks/{office.task(case, 'Approve the payment').id}/claim")

    assert answer.status_code == 403
    assert "somebody else has to do this one (four eyes)" in answer.text


def test_a_long_queue_goes_on_where_it_stopped(office: Office, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.web.tasks.LISTED", 2)
    for name in ("Grace Hopper", "Alan Turing", "Katherine Johnson"):
        office.open_claim(claimant=name)
    ben = visit(office.ben)

    first = ben.get("/tasks/team").text
    following = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")

    assert "Katherine Johnson" not in first
    assert "Katherine Johnson" in ben.get(following).text


def test_what_is_set_aside_is_out_of_the_list_and_the_count_until_its_day(office: Office, visit: Visit) -> None:
    task, ben = office.task(office.open_claim()), visit(office.ben)
    ben.post(f"/tasks/{task.id}/claim")
    db.session.rollback()
    task = office.task(task.case)
    task.follow_up_at = utcnow() + timedelta(days=3)
    db.session.commit()

    mine, aside = ben.get("/tasks").text, ben.get("/tasks?aside=1").text
    itself, case = ben.get(f"/tasks/{task.id}").text, ben.get(f"/cases/{task.case.number}").text

    assert "Nothing to do" in mine and "Set aside until later" in mine and "Ada Lovelace" not in mine
    assert "Ada Lovelace" in aside and "Back to what can be done now" in aside
    assert all("Set aside until" in page for page in (aside, itself, case))
    task.due_at = utcnow() - timedelta(hours=1)
    db.session.commit()
    late = ben.get("/tasks").text
    assert "Ada Lovelace" in late and "Set aside until" not in late
    task.due_at, task.follow_up_at = None, utcnow()
    db.session.commit()
    assert "Ada Lovelace" in ben.get("/tasks").text


def test_the_next_task_is_taken_from_the_list_and_after_completing(office: Office, visit: Visit) -> None:
    first, second = (office.task(office.open_claim(claimant=name)) for name in ("Ada Lovelace", "Grace Hopper"))
    ben = visit(office.ben)
    assert 'action="/tasks/next"' in ben.get("/tasks/team").text

    taken = ben.post("/tasks/next")
    done = ben.send(f"/tasks/{first.id}/complete?then=next", FINDING)
    last = ben.send(f"/tasks/{second.id}/complete?then=next", FINDING)

    assert taken.location == f"/tasks/{first.id}?view=mine"
    assert done.json == {"location": f"/tasks/{second.id}?view=mine"}
    assert last.json == {"location": "/tasks"}
    assert "Nothing waits that you could take now." in ben.get("/tasks").text


def test_scheduling_keeps_what_was_not_changed(office: Office, visit: Visit) -> None:
    task, mia = office.task(office.open_claim()), visit(office.mia)
    due = task.due_at
    shown = re.search(
        r'id="schedule-due" name="due_at" type="datetime-local" value="([^"]+)"', mia.get(f"/tasks/{task.id}").text
    )
    assert due is not None and shown is not None

    mia.post(f"/tasks/{task.id}/schedule", {"due_at": shown[1], "priority": "80"})
    wrong = mia.post(f"/tasks/{task.id}/schedule", {"due_at": shown[1], "priority": "high"})

    db.session.rollback()
    db.session.refresh(task)
    assert (task.due_at, task.priority, wrong.status_code) == (due, 80, 400)
    story = mia.get(f"/cases/{task.case.number}").text
    assert "changed the priority from 50 to 80 of" in story and "the due date" not in story
