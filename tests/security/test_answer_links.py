"""Links by which somebody without an account answers one form: what each try to get more out of them comes to."""

from __future__ import annotations

import contextvars
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from limits import parse
from werkzeug.test import TestResponse

from service.db import db, utcnow
from service.maintenance import housekeeping
from service.models import SYSTEM, Actor, AnswerLink, AuditEntry, Case, HumanTask, TaskState, User
from service.operations import answer_links, cases, deployments, lifecycle, roles, tasks, users
from service.policy.credentials import digest
from service.queries import definitions
from tests.api.conftest import Program

DIAGRAM = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:case="urn:casewright:bpmn:1.0"
    targetNamespace="urn:t" id="d">
  <process id="fall" name="Fall on stairs" isExecutable="true" case:numberPrefix="FAL" case:title="Fall of {patient}"
      case:candidateStarterGroups="clerks" case:managerGroups="managers">
    <startEvent id="start"/><sequenceFlow id="a" sourceRef="start" targetRef="fork"/>
    <parallelGateway id="fork"/><sequenceFlow id="b" sourceRef="fork" targetRef="Witness"/>
    <userTask id="Witness" name="What did you see?" case:candidateGroups="clerks" case:formKey="witness"
      case:answerableByLink="true"/>
    <sequenceFlow id="c" sourceRef="fork" targetRef="Inside"/>
    <userTask id="Inside" name="Look at the file" case:candidateGroups="clerks" case:formKey="witness"/>
    <sequenceFlow id="e" sourceRef="Witness" targetRef="Judge"/>
    <userTask id="Judge" name="Judge" case:candidateGroups="clerks" case:notDoneBy="Witness"/>
    <sequenceFlow id="f" sourceRef="Judge" targetRef="join"/><sequenceFlow id="g" sourceRef="Inside" targetRef="join"/>
    <parallelGateway id="join"/><sequenceFlow id="h" sourceRef="join" targetRef="end"/><endEvent id="end"/>
  </process>
</definitions>"""
FORM: dict[str, Any] = {
    "type": "default", "id": "witness", "schemaVersion": 19,
    "components": [
        {"id": "t", "type": "text", "text": "About the fall in {{place}}."},
        {"id": "s", "type": "textfield", "key": "seen", "label": "What did you see?", "validate": {"required": True}},
        {"id": "w", "type": "textfield", "key": "ward", "label": "Ward", "readonly": True},
        {"id": "r", "type": "textfield", "key": "suspicion", "label": "Suspicion",
         "conditional": {"hide": "=risk < 9"}},
    ],
}  # fmt: skip


@dataclass
class Outsider:
    """A browser of somebody who is signed in nowhere, or as somebody else."""

    app: Flask
    cookies: Any = None

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    def get(self, token: str) -> TestResponse:
        return self._open(f"/answer/{token}", method="GET")

    def send(self, token: str, data: Any, *, csrf: str | None = None, **headers: str) -> TestResponse:
        page = self._open("/about", method="GET").text
        found = re.search(r'"X-CSRFToken": "([0-9a-f]+)"', page)
        assert found
        sent = {"X-CSRFToken": found[1] if csrf is None else csrf, "Accept": "application/json", **headers}
        return self._open(f"/answer/{token}", method="POST", json={"data": data}, headers=sent)

    def _open(self, path: str, **how: Any) -> TestResponse:
        db.session.rollback()
        return contextvars.Context().run(lambda: self.client.open(path, buffered=True, **how))


@dataclass
class Ward:
    """Ann and Ben are clerks, Mia manages; a fall was reported, of which a witness is asked."""

    ann: Actor
    ben: Actor
    mia: Actor

    def task(self, name: str = "Witness") -> HumanTask:
        db.session.rollback()
        found = sa.select(HumanTask).where(HumanTask.element_id == name).order_by(HumanTask.id.desc()).limit(1)
        return db.session.scalars(found).one()

    def link(self, by: Actor | None = None, **wanted: Any) -> str:
        """The token of a new link to the witness's form."""
        made = answer_links.make(self.task(), answer_links.Wanted("Bob Miller", **wanted), by=by or self.ann)
        db.session.commit()
        token = made.token
        db.session.rollback()
        return token


@pytest.fixture
def ward(app: Flask, person: Callable[..., Actor]) -> Ward:
    deployments.deploy({"fall.bpmn": DIAGRAM, "witness.form": json.dumps(FORM).encode()}, by=SYSTEM)
    db.session.commit()
    found = Ward(person("ann", "clerks"), person("ben", "clerks"), person("mia", "managers"))
    data = {"patient": "Zelda Zimmer", "place": "house 4", "ward": "B2", "risk": 5, "suspicion": "the rail was loose"}
    cases.start(definitions.latest(definitions.ProcessDefinition, "fall"), by=found.ann, submitted=data)
    db.session.commit()
    db.session.rollback()
    return found


@pytest.fixture
def bob(app: Flask) -> Outsider:
    return Outsider(app)


def data_of(page: TestResponse) -> Any:
    found = re.search(r"data-values>(.*?)</script>", page.text, re.DOTALL)
    assert found, page.text
    return json.loads(found[1])


def test_somebody_outside_answers_one_form_and_sees_nothing_else(ward: Ward, bob: Outsider) -> None:
    token = ward.link(message="Just what you saw.")

    shown = bob.get(token)
    wrong = bob.send(token, {"seen": ""})
    done = bob.send(token, {"seen": "He slipped."})

    assert shown.status_code == 200
    assert data_of(shown) == {"place": "house 4", "seen": "", "ward": "B2"}
    for secret in ("Zelda", "rail was loose", "FAL-", "suspicion", "risk", "Sign in", "<nav"):
        assert secret not in shown.text
    assert all(said in shown.text for said in ("Fall on stairs", "Ann", "Just what you saw.", "What did you see?"))
    assert wrong.status_code == 422
    assert wrong.json["errors"] == {"s": ["Field is required."]}
    assert done.status_code == 200, done.text
    task = ward.task()
    assert (task.state, task.closed_by, task.answered_by) == (TaskState.COMPLETED, "ann", "Bob Miller")
    assert task.case.variables["seen"] == "He slipped."
    told = sa.select(AuditEntry).where(AuditEntry.action == "task:completed")
    entry = db.session.scalars(told).one()
    assert entry.actor == "Bob Miller (by link)"
    assert (entry.details["link_for"], entry.details["link_by"]) == ("Bob Miller", "ann")


def test_the_page_is_kept_from_search_engines_frames_and_other_sites(ward: Ward, bob: Outsider) -> None:
    shown = bob.get(ward.link())

    assert shown.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in shown.headers["X-Robots-Tag"]
    assert shown.headers["Cache-Control"] == "no-store"
    policy = shown.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_only_the_hash_is_kept_and_no_log_has_the_token(
    ward: Ward, bob: Outsider, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    token = ward.link()

    bob.get(token)

    link = db.session.scalars(sa.select(AnswerLink)).one()
    assert link.hash == digest(token)
    assert len(token) >= 43
    said = capsys.readouterr()
    assert token not in said.err + said.out + caplog.text
    told = [json.dumps(each.details) for each in db.session.scalars(sa.select(AuditEntry))]
    assert not any(token in each for each in told)


def test_a_link_is_used_once(ward: Ward, bob: Outsider) -> None:
    token = ward.link()
    assert bob.send(token, {"seen": "He slipped."}).status_code == 200

    again = bob.send(token, {"seen": "He was pushed."})

    assert again.status_code == 409
    assert "Thank you" in bob.get(token).text
    assert ward.task().case.variables["seen"] == "He slipped."


def test_a_revoked_an_expired_and_a_superfluous_link_open_nothing(ward: Ward, bob: Outsider) -> None:
    revoked, expired, other = ward.link(), ward.link(days=1), ward.link(days=30)
    answer_links.revoke(
        db.session.scalars(sa.select(AnswerLink).where(AnswerLink.hash == digest(revoked))).one(), by=ward.ben
    )
    db.session.commit()

    with time_machine.travel(utcnow() + timedelta(days=2), tick=False):
        for token in (revoked, expired):
            shown, sent = bob.get(token), bob.send(token, {"seen": "x"})
            assert (shown.status_code, sent.status_code) == (410, 409)
            assert "seen" not in shown.text
    tasks.claim(ward.task(), by=ward.ben)
    db.session.commit()
    tasks.complete(ward.task(), by=ward.ben, submitted={"seen": "I asked him."})
    db.session.commit()
    assert (bob.get(other).status_code, bob.send(other, {"seen": "x"}).status_code) == (410, 409)
    assert ward.task().case.variables["seen"] == "I asked him."


def test_links_that_ended_long_ago_are_deleted_and_the_answer_stays(ward: Ward, bob: Outsider) -> None:
    used = ward.link()
    ward.link(days=2)
    bob.send(used, {"seen": "He slipped."})
    left = []

    for days in (89, 91, 93):
        housekeeping.forget_expired(utcnow() + timedelta(days=days))
        left.append(db.session.scalar(sa.select(sa.func.count(AnswerLink.id))))
        db.session.commit()

    assert left == [2, 1, 0]
    assert ward.task().answered_by == "Bob Miller"


def test_a_case_that_is_closed_or_on_hold_takes_no_answers(ward: Ward, bob: Outsider) -> None:
    token = ward.link()
    lifecycle.suspend(ward.task().case, by=SYSTEM, reason="A test.")
    db.session.commit()
    assert (bob.get(token).status_code, bob.send(token, {"seen": "x"}).status_code) == (409, 409)
    lifecycle.resume(ward.task().case, by=SYSTEM)
    db.session.commit()
    assert bob.get(token).status_code == 200

    cases.cancel(ward.task().case, by=SYSTEM, reason="A test.")
    db.session.commit()

    assert (bob.get(token).status_code, bob.send(token, {"seen": "x"}).status_code) == (410, 409)


def test_guessed_and_mangled_tokens_all_find_the_same_nothing(ward: Ward, bob: Outsider) -> None:
    token = ward.link()
    flipped = ("A" if token[0] != "A" else "B") + token[1:]
    stored = db.session.scalars(sa.select(AnswerLink.hash)).one().hex()

    answers = [bob.get(each) for each in (flipped, token[:-1], token.swapcase(), stored, "x" * 5000, "%00", "..")]

    assert {answer.status_code for answer in answers} == {404}
    assert bob.send(flipped, {"seen": "x"}).status_code == 404


def test_what_the_form_does_not_ask_is_dropped(ward: Ward, bob: Outsider) -> None:
    token = ward.link()

    sent = bob.send(token, {"seen": "It.", "ward": "C9", "suspicion": "none", "risk": 0, "patient": "Eve", "new": 1})

    assert sent.status_code == 200
    found = ward.task().case.variables
    assert {name: found[name] for name in ("ward", "suspicion", "risk", "patient", "seen")} == {
        "ward": "B2", "suspicion": "the rail was loose", "risk": 5, "patient": "Zelda Zimmer", "seen": "It.",
    }  # fmt: skip
    assert "new" not in found


def test_only_tasks_that_the_diagram_lets_out_have_links(ward: Ward) -> None:
    with pytest.raises(answer_links.WrongState, match="may be answered by link"):
        answer_links.make(ward.task("Inside"), answer_links.Wanted("Bob"), by=ward.ann)
    db.session.rollback()
    added = tasks.add(ward.task().case, by=ward.ann, name="Call", form_key="witness", candidate_groups=["clerks"])
    db.session.commit()

    with pytest.raises(answer_links.WrongState, match="may be answered by link"):
        answer_links.make(added, answer_links.Wanted("Bob"), by=ward.ann)


def test_one_link_says_nothing_of_another_task(ward: Ward, bob: Outsider, program: Callable[..., Program]) -> None:
    token, ann = ward.link(), program(ward.ann)
    link = db.session.scalars(sa.select(AnswerLink.id)).one()
    other = ward.task("Inside").id
    db.session.rollback()

    revoked = ann.post(f"/tasks/{other}/answer-links/{link}/revoke")

    assert revoked.status_code == 404
    assert bob.get(token).status_code == 200


def test_four_eyes_count_who_made_the_link(ward: Ward, bob: Outsider) -> None:
    assert bob.send(ward.link(by=ward.ann), {"seen": "It."}).status_code == 200

    judge = ward.task("Judge")
    with pytest.raises(answer_links.tasks.Forbidden, match="four eyes"):
        tasks.claim(judge, by=ward.ann)
    db.session.rollback()
    tasks.claim(ward.task("Judge"), by=ward.ben)


def test_a_link_ends_with_what_its_maker_may_see(ward: Ward, bob: Outsider) -> None:
    token, other = ward.link(by=ward.ben), ward.link(by=ward.ann)
    case = ward.task().case
    cases.change(case, by=SYSTEM, owner=db.session.get_one(User, ward.ann.id))
    roles.restrict(case, True, by=ward.ann, reason="A colleague is concerned.")
    db.session.commit()

    assert (bob.get(token).status_code, bob.send(token, {"seen": "x"}).status_code) == (410, 409)
    with pytest.raises(answer_links.tasks.NotFound):
        answer_links.make(ward.task(), answer_links.Wanted("Bob"), by=ward.ben)
    db.session.rollback()
    assert bob.get(other).status_code == 200  # she owns the case
    users.change(db.session.get_one(User, ward.ann.id), by=SYSTEM, active=False, leaves_restricted=True)
    db.session.commit()
    assert bob.get(other).status_code == 410


def test_another_site_cannot_send_it(ward: Ward, bob: Outsider) -> None:
    token = ward.link()

    refused = [
        bob.send(token, {"seen": "x"}, csrf="0" * 64),
        bob.send(token, {"seen": "x"}, Origin="https://evil.example"),
        bob.send(token, {"seen": "x"}, **{"Sec-Fetch-Site": "cross-site"}),
    ]

    assert [answer.status_code for answer in refused] == [403, 403, 403]
    assert ward.task().state is TaskState.READY


def test_who_is_signed_in_as_somebody_else_answers_as_the_one_it_is_for(app: Flask, ward: Ward, bob: Outsider) -> None:
    from tests.pages.conftest import session_of

    bob.client.set_cookie(*session_of(app, ward.mia))
    token = ward.link()

    shown, sent = bob.get(token), bob.send(token, {"seen": "It."})

    assert "Mia" not in shown.text
    assert sent.status_code == 200
    assert (ward.task().closed_by, ward.task().answered_by) == ("ann", "Bob Miller")


def test_tries_have_a_limit(app: Flask, ward: Ward, bob: Outsider) -> None:
    app.config["CASEWRIGHT"] = replace(app.config["CASEWRIGHT"], answer_limit=parse("3 per minute"))
    token = ward.link()

    tried = [bob.get(f"{number}").status_code for number in range(3)]
    shut = bob.get(token)
    elsewhere = bob._open(f"/answer/{token}", method="GET", environ_overrides={"REMOTE_ADDR": "203.0.113.9"})

    assert tried == [404] * 3
    assert shut.status_code == 429
    assert int(shut.headers["Retry-After"]) > 0
    assert elsewhere.status_code == 200
    for number in range(4):
        last = bob._open(f"/answer/{token}", environ_overrides={"REMOTE_ADDR": f"203.0.113.{number}"})
    assert last.status_code == 429  # of one link, from wherever


def test_a_form_that_would_tell_more_than_it_shows_is_kept_inside(ward: Ward) -> None:
    mixed = {"id": "m", "type": "textfield", "key": "more", "label": "More",
             "conditional": {"hide": '=risk > 3 and seen = ""'}}  # fmt: skip
    form = {**FORM, "components": [*FORM["components"], mixed]}
    deployments.deploy({"fall.bpmn": DIAGRAM, "witness.form": json.dumps(form).encode()}, by=SYSTEM)
    db.session.commit()
    cases.start(definitions.latest(definitions.ProcessDefinition, "fall"), by=ward.ann, submitted={"patient": "Y"})
    db.session.commit()

    with pytest.raises(answer_links.WrongState, match="depends on risk"):
        answer_links.make(ward.task(), answer_links.Wanted("Bob"), by=ward.ann)


def test_links_are_made_listed_and_revoked_over_rest(
    ward: Ward, bob: Outsider, program: Callable[..., Program]
) -> None:
    ann, task = program(ward.ann), ward.task().id
    db.session.rollback()

    made = ann.post(f"/tasks/{task}/answer-links", {"recipient": "Bob Miller", "language": "de"}, Idempotency_Key="k")
    again = ann.post(f"/tasks/{task}/answer-links", {"recipient": "Bob Miller", "language": "de"}, Idempotency_Key="k")
    token = made.json["address"].rpartition("/")[2]
    german = bob.get(token)
    wrong = ann.post(f"/tasks/{task}/answer-links", {"recipient": "  "})
    [listed] = ann.get(f"/tasks/{task}/answer-links").json["items"]
    revoked = ann.post(f"/tasks/{task}/answer-links/{listed['id']}/revoke")

    assert made.status_code == 201, made.text
    assert again.json["address"] is None
    assert 'lang="de"' in german.text
    assert "Absenden" in german.text
    assert wrong.status_code in (400, 422)
    assert (listed["state"], "address" in listed) == ("open", False)
    assert revoked.json["state"] == "revoked"
    assert bob.get(token).status_code == 410
    assert "answer-links" in ann.get(f"/tasks/{task}").json["actions"]
    assert UUID(listed["id"])
    assert db.session.query(Case).count() == 1
