"""`actions` in JSON against what is let in: each action that a case or task lists is accepted, each other is refused.

Every person sends every action to a case in every state, so that pages, which offer the same list, cannot lie either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from service.api.representations import action_names
from service.db import db
from service.models import SYSTEM, Actor, Case, CaseState, HumanTask, LinkKind, ProcessDefinition, User
from service.operations import cases, deployments, lifecycle, links, roles, tasks
from service.policy.permissions import Action
from service.queries import actions, adhoc, definitions
from tests.api.conftest import Program
from tests.operations.care_life import FRAGMENT
from tests.operations.family import diagram

WHOLE = diagram(
    "whole",
    "WHO",
    '<userTask id="Plan" name="Plan" case:repeatable="true" case:candidateGroups="clerks"/>'
    '<adHocSubProcess id="Any" name="Any"><userTask id="Study" name="Study"/>'
    "</adHocSubProcess>",
    "Begin Plan Any End",
    attributes='case:readerGroups="auditors"',
    extensions='<case:outcomes><case:outcome id="won" name="Won"/></case:outcomes><case:roles>'
    '<case:role id="lead" name="Lead" access="steer"/><case:role id="expert" name="Expert" access="work"/>'
    '<case:role id="client" name="Client"/></case:roles>',
)
#: The same, with a script after the plan that stumbles over a name until somebody gives it a value.
STUMBLING = (
    WHOLE.replace(
        b'<sequenceFlow id="Plan-Any" sourceRef="Plan" targetRef="Any"/>',
        b'<scriptTask id="Sum" name="Sum"><script>total = missing + 1</script></scriptTask>'
        b'<sequenceFlow id="Plan-Sum" sourceRef="Plan" targetRef="Sum"/>'
        b'<sequenceFlow id="Sum-Any" sourceRef="Sum" targetRef="Any"/>',
    )
    .replace(b'id="whole', b'id="stumbling')
    .replace(b'"WHO"', b'"STU"')
)
FOR_ALL = FRAGMENT.replace(b' case:candidateStarterGroups="clerks"', b"")  # a part that names nobody
#: Name in JSON -> method, path below the case, body; `$…` is filled in.
ON_CASE: dict[str, tuple[str, str, Any]] = {
    "variables": ("PATCH", "/variables", {"variables": {"colour": "red"}}),
    "change": ("PATCH", "", {"priority": 60}),
    "cancel": ("POST", "/cancel", {"reason": "A test."}),
    "suspend": ("POST", "/suspend", {"reason": "A test."}),
    "resume": ("POST", "/resume", None),
    "close": ("POST", "/close", {"outcome": "won"}),
    "reopen": ("POST", "/reopen", {"reason": "A test."}),
    "retry": ("POST", "/retry", {"variables": {"missing": 1}}),
    "repeat": ("POST", "/repeat", {"element_id": "Plan", "reason": "A test."}),
    "modifications": (
        "POST",
        "/modifications",
        {"steps": [{"do": "set", "values": {"colour": "red"}}], "reason": "A test."},
    ),
    "activate": ("POST", "/adhoc/$part/activate", {"element_id": "Study"}),
    "finish": ("POST", "/adhoc/$part/finish", {}),
    "tasks": ("POST", "/tasks", {"name": "Call", "candidate_groups": ["clerks"]}),
    "children": ("POST", "/children", {"case_type": "$type", "data": {}}),
    "fragments": ("POST", "/fragments", {"process": "visit"}),
    "parent": ("POST", "/parent", {"parent": "$other"}),
    "links": ("POST", "/links", {"target": "$other", "kind": "related"}),
    "merge": ("POST", "/merge", {"into": "$other", "reason": "A test."}),
    "split": ("POST", "/split", {"reason": "A test."}),
    "notes": ("POST", "/notes", {"text": "A test."}),
    "documents": ("POST", "/documents?name=a.txt", b"A text."),
    "roles": ("PUT", "/roles/client", {"holders": ["user:zoe"]}),
    "restrict": ("POST", "/restrict", {"restricted": True, "reason": "A test."}),
}
ON_TASK: dict[str, tuple[str, Any]] = {
    "claim": ("POST", None),
    "release": ("POST", None),
    "delegate": ("POST", {"to": "zoe"}),
    "hand-back": ("POST", None),
    "send-back": ("POST", {"reason": "A test."}),
    "assign": ("POST", {"to": "zoe"}),
    "schedule": ("POST", {"priority": 70}),
    "put-off": ("POST", {"until": "2027-06-01T08:00:00Z"}),
    "complete": ("POST", {"data": {}}),
    "withdraw": ("POST", {"reason": "A test."}),
    "checklist": ("PUT", {"done": [0]}),
}
STATES = ("active", "suspended", "completed", "failed")
TASKS = ("free", "mine", "delegated", "added", "in a case on hold", "done")


@pytest.fixture
def people(app: Flask, person: Callable[..., Actor]) -> dict[str, Actor]:
    """Everybody who could stand to a case in some way. Ann opens and owns it."""
    deployments.deploy({"whole.bpmn": WHOLE, "stumbling.bpmn": STUMBLING, "visit.bpmn": FOR_ALL}, by=SYSTEM)
    db.session.commit()
    return {
        "owner": person("ann", "clerks"),
        "participant": person("ben", "clerks"),
        "manager": person("mia", "heads"),
        "reader": person("rex", "auditors"),
        "lead": person("lea"),
        "expert": person("exa"),
        "client": person("cli"),
        "admin": person("ada", admin=True),
        "stranger": person("zoe"),
    }


def opened(people: dict[str, Actor], state: str) -> Case:
    """A case whose plan is done and whose free part is open, in that state."""
    kind = "stumbling" if state == "failed" else "whole"
    case = cases.start(definitions.latest(ProcessDefinition, kind), by=people["owner"], submitted={"item": "x"})
    for role, name in (("lead", "lea"), ("expert", "exa"), ("client", "cli")):
        roles.give(case, role, f"user:{name}", by=SYSTEM)
    task = db.session.scalars(sa.select(HumanTask).where(HumanTask.case_id == case.id)).one()
    tasks.claim(task, by=people["participant"])
    tasks.complete(task, by=people["participant"], submitted={})
    db.session.commit()
    if state == "suspended":
        lifecycle.suspend(case, by=SYSTEM, reason="x")
    if state == "completed":
        lifecycle.close(case, by=SYSTEM, outcome="won")
    db.session.commit()
    return case


def test_every_action_that_is_considered_is_sent(people: dict[str, Actor]) -> None:
    case = opened(people, "active")

    assert set(action_names(actions.considered(case))) == set(ON_CASE)


def filled(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: filled(part, known) for name, part in value.items()}
    if isinstance(value, str):
        for name, text in known.items():
            value = value.replace(f"${name}", text)
    return value


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("state", STATES)
def test_what_a_case_lists_is_let_in_and_nothing_else(
    app: Flask, people: dict[str, Actor], program: Callable[..., Program], state: str
) -> None:
    callers = {who: program(actor) for who, actor in people.items()}
    wrong, listed = [], set()
    for who, caller in callers.items():
        shared = known_of(people, state)
        answer = caller.get(f"/cases/{shared['case']}")
        names = set(answer.json["actions"]) if answer.status_code == 200 else set()
        assert names <= set(ON_CASE), names
        listed |= {(who, name) for name in names}
        for name, (method, below, body) in ON_CASE.items():
            known = known_of(people, state) if name in names else shared
            status = caller.send(method, filled(f"/cases/$case{below}", known), filled(body, known)).status_code
            if not (status < 400 if name in names else status in (403, 404, 409)):
                wrong.append(f"{who}: {name} {'listed' if name in names else 'not listed'}: {status}")

    assert wrong == [], "\n".join(wrong)
    assert {who for who, _ in listed} == set(people) - {"reader", "client", "stranger"}


def known_of(people: dict[str, Actor], state: str) -> dict[str, str]:
    """A new case in that state, and what requests name. No transaction is left open: SQLite would keep them waiting."""
    case, other = opened(people, state), opened(people, "active")
    found = {"case": str(case.id), "part": part_of(case), "other": other.number, "type": "whole"}
    db.session.rollback()
    return found


def part_of(case: Case) -> str:
    """The open free part of the case, or nothing that exists."""
    found = adhoc.of_case(case, actor=SYSTEM) if case.state is CaseState.ACTIVE else []
    return found[0].activity_id if found else "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_has_to_wait_is_not_listed_but_explained(
    people: dict[str, Actor], program: Callable[..., Program]
) -> None:
    case, other = opened(people, "active"), opened(people, "active")
    task = tasks.add(case, by=people["owner"], name="Call", candidate_groups=["clerks"])
    links.link(other, case, LinkKind.BLOCKS, by=people["owner"])
    db.session.commit()
    path, waits, blocker = f"/cases/{case.id}", "Still to be done before: ", other.number
    caller = program(people["owner"])

    first = caller.get(path)
    refused = caller.send("POST", f"{path}/close", {"outcome": "won"})
    tasks.withdraw(task, by=people["owner"], reason="x")
    lifecycle.close(other, by=people["owner"], outcome="won")
    db.session.commit()
    second = caller.get(path, If_None_Match=first.headers["ETag"])

    assert "close" not in first.json["actions"] and refused.status_code == 409
    assert first.json["not_yet"]["close"] in (f"{waits}{blocker}, Call.", f"{waits}Call, {blocker}.")
    assert second.status_code == 200 and "close" in second.json["actions"] and second.json["not_yet"] == {}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_part_that_is_for_others_is_not_offered(people: dict[str, Actor], program: Callable[..., Program]) -> None:
    deployments.deploy({"visit.bpmn": FRAGMENT.replace(b'"clerks"', b'"nurses"')}, by=SYSTEM)
    case = opened(people, "active")

    answer = program(people["owner"]).get(f"/cases/{case.id}").json

    assert "fragments" not in answer["actions"] and "may add" in answer["not_yet"]["fragments"]


def a_task(people: dict[str, Actor], kind: str) -> HumanTask:
    """A task that is free, Ben's, delegated by Ben to Ann, added by Ann for Ben, on hold, or done."""
    case = cases.start(definitions.latest(ProcessDefinition, "whole"), by=people["owner"], submitted={"item": "x"})
    db.session.flush()
    task = db.session.scalars(sa.select(HumanTask).where(HumanTask.case_id == case.id)).one()
    ben, ann = people["participant"], people["owner"]
    if kind == "added":
        user = db.session.get_one(User, ben.id)
        task = tasks.add(case, by=ann, name="Call", to=user, checklist=["Number"])
        db.session.flush()
        tasks.tick(task, [0], by=ben)
    elif kind != "free":
        tasks.claim(task, by=ben)
    if kind == "delegated":
        tasks.delegate(task, by=ben, to=db.session.get_one(User, ann.id))
    if kind == "in a case on hold":
        lifecycle.suspend(case, by=ann, reason="x")
    if kind == "done":
        tasks.complete(task, by=ben, submitted={})
    db.session.commit()
    return task


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_a_task_lists_is_let_in_and_nothing_else(
    app: Flask, people: dict[str, Actor], program: Callable[..., Program]
) -> None:
    wrong, listed = [], set()
    for who, caller in {who: program(actor) for who, actor in people.items()}.items():
        for kind in TASKS:
            shared = str(a_task(people, kind).id)
            db.session.rollback()
            answer = caller.get(f"/tasks/{shared}")
            names = set(answer.json["actions"]) if answer.status_code == 200 else set()
            listed |= names
            for name, (method, body) in ON_TASK.items():
                task = str(a_task(people, kind).id) if name in names else shared
                db.session.rollback()
                status = caller.send(method, f"/tasks/{task}/{name}", body).status_code
                fits = status < 400 if name in names else status in (400, 403, 404, 409)
                if not fits:
                    wrong.append(f"{who}, {kind}: {name} {'listed' if name in names else 'not listed'}: {status}")

    assert wrong == [], "\n".join(wrong)
    assert listed == set(ON_TASK)


def test_who_did_an_earlier_step_is_not_offered_what_four_eyes_forbid(people: dict[str, Actor]) -> None:
    case = opened(people, "active")
    task = tasks.add(case, by=people["owner"], name="Check", candidate_groups=["clerks"])
    task.not_done_by = ["Plan"]
    db.session.commit()

    offered = {who: actions.on_task(people[who], task) for who in ("participant", "owner")}

    assert Action.CLAIM not in offered["participant"] and Action.CLAIM in offered["owner"]
