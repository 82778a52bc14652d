"""Whatever people, designers and files may call things, no page runs it.

Each text holds a payload; every page there is gets opened in Chromium. `new_page` fails on any violation of the
content security policy, so that what only the policy stopped is found too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from urllib.parse import quote
from uuid import UUID
from xml.sax.saxutils import escape, quoteattr

import pytest
from flask import Flask
from playwright.sync_api import Page

from service.db import db
from service.models import (
    SYSTEM,
    Actor,
    Case,
    DecisionDefinition,
    FormDefinition,
    Group,
    HumanTask,
    Incident,
    LinkKind,
    NoteVisibility,
    ProcessDefinition,
    User,
)
from service.operations import adhoc, cases, deployments, designs, links, notes, roles, tasks, users
from service.queries import adhoc as adhoc_lists
from service.queries import definitions
from tests.pages.conftest import address, browse
from tests.security.test_access import kept_document, routes

__all__ = ["address", "browse"]

#: What the libraries and scripts of our pages take as orders.
ORDERS = (
    "<p data-hx-post=/sign-out data-hx-trigger=load data-hx-get=/sign-out data-hx-on:load=window.hacked=1 data-send=/x "
    "data-dialog=keys data-key=x data-dismiss data-copy data-place=x data-suggest=/x data-row class=toast id=task>x</p>"
)
PAYLOADS = (
    '"><img src=x onerror=window.hacked=1>',
    "'><svg onload=window.hacked=1>",
    "</script><script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    "javascript:window.hacked=1",
    "</title></textarea></style><script>window.hacked=1</script>",
    "{{ 7*7 }}${7*7}<%= 7*7 %><iframe srcdoc='<script>top.hacked=1</script>'>",
    "]]><script>window.hacked=1</script><!--",
    '"onfocus=window.hacked=1 autofocus="',
    "<a href=javascript:window.hacked=1 data-hx-get=/sign-out hx-trigger=load hx-post=/sign-out>x</a>",
    ORDERS,
)
_turn = count()


def evil(word: str) -> str:
    """`word` with the next payload behind it."""
    return f"{word} {PAYLOADS[next(_turn) % len(PAYLOADS)]}"


def named(word: str) -> str:
    """An attribute `name` of XML; braces would be variables."""
    return f"name={quoteattr(evil(word).replace('{', '(').replace('}', ')'))}"


def diagram() -> bytes:
    return f"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:case="urn:casewright:bpmn:1.0"
  id="d" targetNamespace="urn:tests"><process id="evil" {named("Type")} isExecutable="true" case:numberPrefix="EVL"
  case:title="{{title}}" case:candidateStarterGroups="all">
  <documentation>{escape(evil("About"))}</documentation>
  <extensionElements><case:stages><case:stage id="one" {named("Stage")}/></case:stages>
  <case:milestones><case:milestone id="m" {named("Milestone")} when="= text != null"/></case:milestones>
  <case:outcomes><case:outcome id="o" {named("Outcome")}/></case:outcomes>
  <case:roles><case:role id="lead" {named("Role")} access="steer"/></case:roles></extensionElements>
  <laneSet id="l"><lane id="lane" {named("Lane")}><flowNodeRef>Begin</flowNodeRef></lane></laneSet>
  <startEvent id="Begin" {named("Start")} case:formKey="evil"/>
  <sequenceFlow id="f1" sourceRef="Begin" targetRef="Any"/>
  <adHocSubProcess id="Any" {named("Any")} case:stage="one">
    <userTask id="Fill" {named("Fill")} case:formKey="evil" case:candidateGroups="all">
      <documentation>{escape(evil("Do"))}</documentation></userTask>
    <userTask id="Shut" {named("Shut")} case:availableWhen="= false" case:whyUnavailable={quoteattr(evil("No"))}/>
  </adHocSubProcess></process></definitions>""".encode()


def form() -> bytes:
    texts: list[dict[str, Any]] = [
        {"type": "text", "text": "\n\n".join(["# Text", *PAYLOADS])},
        {"type": "html", "content": "".join(["<b>HTML</b>", *PAYLOADS])},
        {"type": "image", "source": "javascript:window.hacked=1", "alt": evil("Image")},
        {"type": "button", "label": evil("Button"), "action": "submit"},
        {"type": "group", "label": evil("Group"), "components": []},
    ]
    fields: list[dict[str, Any]] = [
        {"type": "textfield", "key": "text", "appearance": {"prefixAdorner": evil("Prefix")}},
        {"type": "textarea", "key": "long"},
        {"type": "select", "key": "choice", "values": [{"label": evil("Choice"), "value": "a"}]},
        {"type": "radio", "key": "radio", "values": [{"label": evil("Radio"), "value": "a"}]},
        {"type": "checklist", "key": "list", "values": [{"label": evil("Check"), "value": "a"}]},
        {"type": "number", "key": "number"},
    ]
    for each in fields:
        each |= {"label": evil("Label"), "description": evil("Description")}
    numbered = [{"id": f"f{number}", **each} for number, each in enumerate([*texts, *fields])]
    return json.dumps({"id": "evil", "type": "default", "components": numbered}).encode()


def decision() -> bytes:
    return f"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:t">
  <decision id="evil-decision" {named("Decision")}><decisionTable id="t">
  <input id="i" label={quoteattr(evil("Input"))}><inputExpression id="e"><text>x</text></inputExpression></input>
  <output id="o" name="result" label={quoteattr(evil("Output"))}/>
  <rule id="r"><description>{escape(evil("Rule"))}</description><inputEntry id="ie"><text>"a"</text></inputEntry>
  <outputEntry id="oe"><text>{escape(json.dumps(evil("Out")))}</text></outputEntry></rule>
  </decisionTable></decision></definitions>""".encode()


@pytest.fixture
def eve(app: Flask, person: Callable[..., Actor]) -> Actor:
    """An administrator with a name to fear, who also works on cases."""
    found = person("eve", "all", admin=True)
    user = db.session.get_one(User, found.id)
    user.display_name, user.email = evil("Eve"), evil("eve@")
    db.session.get_one(Group, "all").title = evil("All")
    users.issue_token(user, evil("Token"), ["read"], by=found)
    db.session.commit()
    return found


@pytest.fixture
def places(eve: Actor) -> dict[str, str]:
    """One of everything, told in payloads; by what a route calls it."""
    files = {"evil.bpmn": diagram(), "evil.form": form(), f"{evil('File').replace('/', ' ')}.dmn": decision()}
    deployments.deploy(files, by=SYSTEM)
    data = {"text": evil("Text"), "long": evil("Long"), "choice": "a"}
    kind = definitions.latest(ProcessDefinition, "evil")
    case, other = (
        cases.begin(
            kind, {**data, "title": evil("Title"), "odd": {evil("key"): [evil("Value")]}}, by=eve, owner_id=eve.id
        )
        for _ in range(2)
    )
    db.session.commit()
    [work] = adhoc_lists.of_case(case, actor=eve)
    adhoc.activate(case, work.activity_id, "Fill", by=eve, reason=evil("Reason"))
    db.session.flush()
    task = db.session.query(HumanTask).filter_by(case_id=case.id).one()
    tasks.claim(task, by=eve)
    me = db.session.get_one(User, eve.id)
    tasks.add(case, by=eve, name=evil("Task"), description=evil("Help"), to=me, checklist=[evil("Item")])
    note = notes.write(case, evil("Note"), by=eve, visibility=NoteVisibility.EVERYBODY)
    notes.edit(note, evil("Edited"), by=eve)
    document = kept_document(case, eve, evil("File"), data=evil("Text").encode(), description=evil("Shows"))
    draft = designs.begin("drawn", evil("Draft")[:200], by=SYSTEM)
    designs.save(draft, "drawn.bpmn", evil("Drawn").encode(), on=0, by=SYSTEM, said=evil("Said"))
    links.link(case, other, LinkKind.RELATED, by=eve)
    roles.bind(case, "lead", ["user:eve"], by=eve)
    roles.restrict(case, True, by=eve, reason=evil("Restricted"))
    cases.change_variables(case, {"odd": {evil("key"): evil("Changed")}, "text": evil("Changed")}, by=eve)
    cases.cancel(other, by=eve, reason=evil("Cancelled"))
    db.session.add(Incident(message=evil("Broken"), case_id=case.id, element_id="Fill"))
    db.session.flush()
    found = {
        "number": case.number, "case_id": str(case.id), "task_id": str(task.id), "note_id": str(note.id), "key": "evil",
        "form_id": str(definitions.latest(FormDefinition, "evil").id), "definition_id": str(kind.id), "role": "lead",
        "decision_id": str(definitions.latest(DecisionDefinition, "evil-decision").id), "name": "eve", "seq": "3",
        "other": other.number, "document_id": str(document), "draft_id": str(draft.id),
    }  # fmt: skip
    db.session.commit()
    db.session.rollback()
    return found


def addresses(app: Flask, places: dict[str, str]) -> Iterator[str]:
    """Every page, and those that show what stands in their address."""
    for method, rule, _ in routes(app):
        if method != "GET" or rule.rule.startswith(("/api/v1", "/static", "/healthz", "/readyz", "/favicon")):
            continue
        if rule.rule.endswith(
            ("/diagram.bpmn", "/diagram", "/content", "/picture", ".zip", ".yaml")
        ):  # kept and not opened
            continue
        if not rule.arguments <= places.keys():
            continue
        path = rule.rule
        for name in rule.arguments:
            path = path.replace(f"<uuid:{name}>", places[name]).replace(f"<{name}>", places[name])
            path = path.replace(f"<int:{name}>", places[name])
        yield path
    yield f"/cases/{places['other']}"
    for payload in PAYLOADS[:4]:
        yield f"/cases?q={quote(payload)}"
        yield f"/tasks/team?q={quote(payload)}&type={quote(payload)}"
        yield f"/cases/{quote(payload, safe='')}"
        yield f"/sign-in?next={quote(payload)}"


#: Elements that only a payload could have put there, and attributes that run something.
FOUND = """() => [...document.querySelectorAll('*')].filter(e =>
    e.matches('img[src="x"], iframe, a[href^="javascript:" i], [hx-trigger="load"][hx-post="/sign-out"]')
    || e.matches('[data-hx-post], [data-send="/x"], [data-row][id="task"]')
    || e.getAttributeNames().some(n => n.startsWith('on'))).map(e => e.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_page_runs_what_a_text_says(
    app: Flask,
    eve: Actor,
    places: dict[str, str],
    browse: Callable[..., Page],
) -> None:
    page = browse(eve)
    page.on("dialog", lambda dialog: pytest.fail(f"A dialog opened: {dialog.message}"))
    page.on("request", lambda sent: pytest.fail(f"{sent.url} was called") if sent.method != "GET" else None)
    wrong, seen = [], 0

    for path in addresses(app, places):
        page.goto(path, wait_until="load")
        seen += 1
        if page.evaluate("window.hacked") is not None or page.evaluate(FOUND):
            wrong.append((path, page.evaluate(FOUND)))

    assert wrong == []
    assert seen > 30
    assert db.session.get_one(Case, UUID(places["case_id"])).restricted
