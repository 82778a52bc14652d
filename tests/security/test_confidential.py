"""What nobody outside gets to see of a restricted case, a child case, a closed one: on every route that there is, by
its own address, beside it (its parent, its links), and in every list and number.
"""

from __future__ import annotations

import contextvars
import io
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from service.db import db, utcnow
from service.http.protection import PUBLIC, SAFE
from service.models import (
    SYSTEM,
    Case,
    CaseState,
    HumanTask,
    Incident,
    LinkKind,
    NoteVisibility,
    PendingCall,
    ProcessDefinition,
    User,
)
from service.operations import cases, children, deployments, links, notes, roles, tasks, users
from service.policy.permissions import Action
from service.queries import definitions
from service.queries.incidents import UNTOLD
from tests.api.conftest import Office, Program
from tests.operations.family import diagram
from tests.pages.conftest import Visitor
from tests.security.test_access import BODIES, FILES, FORMS, kept_document, routes

SECRET = "Xanthippe"  #: stands in each text that a person wrote into the restricted case
PARENT = diagram("folder", "FOL", '<userTask id="Keep" name="Keep" case:candidateUsers="zoe"/>', "Begin Keep End")
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  #: rules that are no SQL, many routes
OF_A_CASE = {"case_id", "task_id", "number", "note_id", "document_id", "link_id", "incident_id", "call_id"}
OF_OPERATIONS = {"incident_id", "call_id"}


@pytest.fixture
def hidden(office: Office) -> dict[str, str]:
    """Ann's case about SECRET, restricted to her: child of a folder that others read, linked, stuck, with a note."""
    deployments.deploy({"folder.bpmn": PARENT}, by=SYSTEM)
    kind = definitions.latest(ProcessDefinition, "folder")
    folder = cases.begin(kind, {"item": "A"}, by=office.ann, owner_id=office.zoe.id)
    other = db.session.get_one(Case, UUID(office.open_case()))
    case = db.session.get_one(Case, UUID(office.open_case(customer=SECRET)))
    children.adopt(case, parent=folder, by=SYSTEM, blocking=True)
    link = links.link(case, other, LinkKind.BLOCKS, by=office.ann)
    note = notes.write(case, f"About {SECRET}.", by=office.ann, visibility=NoteVisibility.EVERYBODY)
    task = db.session.query(HumanTask).filter_by(case_id=case.id).one()
    tasks.claim(task, by=office.ann)
    ann = db.session.get_one(User, office.ann.id)
    tasks.add(case, by=office.ann, name=f"Call {SECRET}", description=SECRET, to=ann, candidate_groups=["clerks"])
    incident = Incident(message=f"{SECRET} is no number.", case_id=case.id, element_id="Assess")
    now = utcnow()
    call = PendingCall(case_id=case.id, activity_id="a", element_id="Assess", job_id="gone", attempts=1, since=now,
                       failed_at=now, next_at=now, code="HTTP_503", message=f"{SECRET} answered 503.")  # fmt: skip
    db.session.add_all([incident, call])
    roles.restrict(case, True, by=office.ann, reason=f"{SECRET} is known here.")
    db.session.flush()
    found = {
        "case_id": str(case.id), "number": case.number, "task_id": str(task.id), "note_id": str(note.id),
        "document_id": str(kept_document(case, office.ann, f"{SECRET}.txt")),
        "link_id": str(link.id), "incident_id": str(incident.id), "call_id": str(call.id), "folder_id": str(folder.id),
        "folder": folder.number, "other_id": str(other.id), "other": other.number,
    }  # fmt: skip
    db.session.commit()
    db.session.rollback()
    return found


@pytest.fixture
def outside(office: Office, program: Callable[..., Program]) -> dict[str, Program]:
    """A candidate, who manages its type, who owns the parent, who administers: none of whom has a part in the case."""
    return {who.name: program(who) for who in (office.ben, office.mia, office.zoe, office.ada)}


def filled(rule: Rule, values: dict[str, str]) -> str:
    path = rule.rule
    for name in rule.arguments:
        value = values.get(name, "00000000-0000-4000-8000-000000000000" if name.endswith("_id") else "manager")
        path = path.replace(f"<uuid:{name}>", value).replace(f"<{name}>", value)
    return path


def ask(caller: Program, method: str, rule: Rule, values: dict[str, str]) -> TestResponse:
    path = filled(rule, values)
    if path.startswith("/api/") and rule.rule in FILES and method == "POST":
        return caller.send(method, f"{path}?name=a.txt", b"A text.")
    if path.startswith("/api/"):
        body = {n: values["other"] if v == "$other" else v for n, v in BODIES.get(f"{method} {rule.rule}", {}).items()}
        return caller.send(method, path, None if method in SAFE else body)
    headers = {"Authorization": f"Bearer {caller.token}"}
    form: dict[str, Any] = {n: values["other"] if v == "$other" else v for n, v in FORMS.get(rule.rule, {}).items()}
    if rule.rule in FILES:
        form["files"] = (io.BytesIO(b"A text."), "a.txt")
    client = caller.app.test_client(use_cookies=False)
    sent = None if method in SAFE else form
    return contextvars.Context().run(client.open, path, method=method, headers=headers, data=sent)


def on_a_case(app: Flask) -> Iterator[tuple[str, Rule]]:
    """The routes that name a case or something of one. Incidents and calls that are tried again are for operations,
    who have to mend what is stuck."""
    for method, rule, said in routes(app):
        if said == Action.DEPLOY:  # whoever may not is refused before any case is looked for
            continue
        if said != PUBLIC and rule.arguments & (OF_A_CASE - OF_OPERATIONS):
            yield method, rule


@ONE_DATABASE
def test_a_restricted_case_is_not_there_for_others_on_any_route(
    app: Flask, hidden: dict[str, str], outside: dict[str, Program]
) -> None:
    wrong = []
    for method, rule in on_a_case(app):
        for who, caller in outside.items():
            answer = ask(caller, method, rule, hidden)
            if answer.status_code != 404 or SECRET in answer.text:
                wrong.append(f"{method} {rule.rule} by {who}: {answer.status_code}")

    assert wrong == []


@ONE_DATABASE
def test_nothing_that_others_read_tells_of_a_restricted_case(
    app: Flask, hidden: dict[str, str], outside: dict[str, Program]
) -> None:
    told, asked = [], 0
    for around in ("folder", "other"):
        values = {**hidden, "case_id": hidden[f"{around}_id"], "number": hidden[around], "key": "loan", "name": "ann"}
        for method, rule, said in routes(app):
            if method != "GET" or said == PUBLIC or rule.arguments & {"task_id", "note_id", "link_id"}:
                continue
            for who, caller in outside.items():
                answer = ask(caller, method, rule, values)
                asked += answer.status_code == 200
                if SECRET in answer.text:
                    told.append(f"{rule.rule} of {around} by {who}")

    assert told == []
    assert asked > 100


@pytest.mark.parametrize(
    "path", ["/cases?text={0}", "/tasks?view=all&text={0}", "/tasks?view=team&text={0}", "/cases?owner=ann&text={1}"]
)
def test_no_search_finds_a_restricted_case(hidden: dict[str, str], outside: dict[str, Program], path: str) -> None:
    for who, caller in outside.items():
        assert caller.get(path.format(SECRET, hidden["number"])).json == {"items": [], "next": None}, who


def test_who_mends_a_restricted_case_does_not_change_its_data(
    hidden: dict[str, str], office: Office, program: Callable[..., Program]
) -> None:
    ada = program(office.ada)
    case = db.session.get_one(Case, UUID(hidden["case_id"]))
    case.state = CaseState.FAILED
    db.session.commit()
    db.session.rollback()

    refused = ada.post(f"/incidents/{hidden['incident_id']}/retry", {"variables": {"customer": "Somebody else"}})

    assert refused.status_code == 404
    assert db.session.get_one(Case, UUID(hidden["case_id"])).variables["customer"] == SECRET


@ONE_DATABASE
def test_a_child_case_is_not_there_for_who_reads_its_parent(
    app: Flask, office: Office, program: Callable[..., Program], hidden: dict[str, str]
) -> None:
    zoe = program(office.zoe)  # owns the folder, and nothing else
    db.session.get_one(Case, UUID(hidden["case_id"])).restricted = False
    db.session.commit()
    db.session.rollback()
    assert zoe.get(f"/cases/{hidden['folder_id']}").status_code == 200

    wrong = [
        f"{rule.rule}: {status}"
        for verb, rule in on_a_case(app)
        if (status := ask(zoe, verb, rule, hidden).status_code) != 404
    ]

    assert wrong == []


@ONE_DATABASE
def test_a_designer_makes_no_test_of_a_case_that_is_closed_to_them(
    app: Flask, office: Office, person: Callable[..., Any], hidden: dict[str, str]
) -> None:
    for designer in (office.ada, person("dan", "designers")):
        answer = Visitor(app, designer).get(f"/cases/{hidden['number']}/test.yaml")
        assert (answer.status_code, SECRET in answer.text) == (404, False)


#: What may still be done to a closed case: it is opened again, told more about, linked, and given to others.
AFTER_CLOSING = (
    "/reopen", "/star", "/follow", "/notes", "/notes/preview", "/notes/<uuid:note_id>",
    "/notes/<uuid:note_id>/withdraw", "/edit", "/links", "/links/<uuid:link_id>", "/links/<uuid:link_id>/remove",
    "/restrict", "/print", "/remind", "/reminders", "/documents", "/documents/<uuid:document_id>", "/versions",
    "/describe", "/hold", "/let-go", "/copy", "/withdraw",
)  # fmt: skip


@ONE_DATABASE
def test_a_closed_case_is_read_and_not_worked_on(
    app: Flask, office: Office, program: Callable[..., Program], hidden: dict[str, str]
) -> None:
    ann, zoe = program(office.ann), program(office.zoe)
    case = db.session.get_one(Case, UUID(hidden["case_id"]))
    cases.cancel(case, by=office.ann, reason="A test.")
    db.session.commit()
    db.session.rollback()

    changed, foreign = [], []
    for method, rule in on_a_case(app):
        if ask(zoe, method, rule, hidden).status_code != 404:
            foreign.append(f"{method} {rule.rule}")
        if method in SAFE or rule.rule.endswith(AFTER_CLOSING):
            continue
        if (status := ask(ann, method, rule, hidden).status_code) < 400:
            changed.append(f"{method} {rule.rule}: {status}")

    assert (foreign, changed) == ([], [])


def test_a_disabled_owner_is_outside_at_once(
    office: Office, program: Callable[..., Program], hidden: dict[str, str]
) -> None:
    ann = program(office.ann)
    assert ann.get(f"/cases/{hidden['case_id']}").status_code == 200

    users.change(db.session.get_one(User, office.ann.id), by=SYSTEM, active=False, leaves_restricted=True)
    db.session.commit()

    assert ann.get(f"/cases/{hidden['case_id']}").status_code == 401


def test_who_may_not_give_work_away_learns_no_names(office: Office, program: Callable[..., Program]) -> None:
    rex, ben, case = program(office.rex), program(office.ben), office.open_case()
    tasks_of: Any = rex.get(f"/cases/{case}/tasks").json
    [task] = tasks_of["items"]
    asked = [
        (rex, f"/tasks/{task['id']}/assign", {"to": "$name"}),
        (ben, f"/tasks/{task['id']}/delegate", {"to": "$name"}),
        (rex, f"/cases/{case}/tasks", {"name": "Call", "to": "$name"}),
        (rex, f"/cases/{case}/roles/manager/hand-over", {"from": "ann", "to": "$name"}),
    ]

    for caller, path, body in asked:
        answers = [
            caller.post(path, {key: value.replace("$name", name) for key, value in body.items()})
            for name in ("ann", "nobody-of-this-name")
        ]
        assert [answer.status_code for answer in answers] == [403, 403], path


def test_a_refusal_is_a_sentence(office: Office, program: Callable[..., Program]) -> None:
    refused = program(office.zoe).post("/cases", {"case_type": "loan", "data": {}})

    problem: Any = refused.json
    assert (refused.status_code, problem["detail"]) == (403, "You may not open cases of this type.")


def test_incidents_of_a_restricted_case_are_there_without_what_they_say(
    hidden: dict[str, str], outside: dict[str, Program], office: Office, app: Flask
) -> None:
    ada, address = outside["ada"], f"/incidents/{hidden['incident_id']}"

    told = [*ada.get("/incidents").json["items"], ada.get(address).json, ada.post(f"{address}/resolve").json]
    page = Visitor(app, office.ada).get("/incidents?state=all").text

    assert {(each["message"], each["element_id"]) for each in told} == {(UNTOLD, None)}
    assert UNTOLD in page and SECRET not in page
