"""Deployments: all or nothing, nothing twice, and every version pinned to what it was deployed with."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from service.db import db
from service.engine import parser
from service.engine.definition import Problem, Refused
from service.engine.normalise import normalise
from service.errors import Forbidden, InvalidDeployment
from service.execution.definitions import deployed, form_of
from service.models import SYSTEM, Actor, DecisionDefinition, Deployment, ProcessDefinition
from service.operations import cases, deployments

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:case="urn:casewright:bpmn:1.0"
    id="d" targetNamespace="urn:tests">"""


ZEEBE = "http://camunda.org/schema/zeebe/1.0"


def process(key: str, middle: str, attributes: str = "") -> bytes:
    """A process of one element between start and end."""
    return f"""{HEAD}<process id="{key}" isExecutable="true" {attributes}>
      <startEvent id="begin"/>{middle}<endEvent id="stop"/>
      <sequenceFlow id="f1" sourceRef="begin" targetRef="middle"/>
      <sequenceFlow id="f2" sourceRef="middle" targetRef="stop"/></process></definitions>""".encode()


def form(label: str) -> bytes:
    """A form of one field."""
    field = {"type": "textfield", "id": "f", "key": "word", "label": label}
    return json.dumps({"type": "default", "id": "ask", "schemaVersion": 19, "components": [field]}).encode()


ASKING = process("asking", '<userTask id="middle" case:formKey="ask"/>')
CALLED = process("inner", '<userTask id="middle" name="Inner work"/>')
CALLING = process("outer", '<callActivity id="middle" calledElement="inner"/>')


def versions(key: str) -> list[int]:
    rows = db.session.query(ProcessDefinition).filter_by(key=key).order_by(ProcessDefinition.version)
    return [row.version for row in rows]


def test_the_same_files_again_make_no_new_version(app: Flask) -> None:
    first = deployments.deploy({"asking.bpmn": ASKING, "ask.form": form("Word")}, by=SYSTEM)
    again = deployments.deploy({"asking.bpmn": ASKING, "ask.form": form("Word")}, by=SYSTEM)

    assert {row.key for row in first.added} == {"asking", "ask"}
    assert (again.deployment, again.added, again.unchanged) == (None, [], ["ask", "asking"])
    assert db.session.query(Deployment).count() == 1


def test_a_changed_form_alone_makes_a_new_version_of_the_process_that_shows_it(app: Flask) -> None:
    deployments.deploy({"asking.bpmn": ASKING, "ask.form": form("Word")}, by=SYSTEM)
    definition = deployments.latest_definition("asking")
    assert definition is not None
    case = cases.begin(definition, {}, by=SYSTEM)

    deployments.deploy({"ask.form": form("Another word")}, by=SYSTEM)

    assert versions("asking") == [1, 2]
    assert case.definition_id == definition.id
    assert not definition.latest


def test_a_process_calls_the_one_that_was_deployed_before_even_from_a_file_of_the_same_name(app: Flask) -> None:
    deployments.deploy({"process.bpmn": CALLED}, by=SYSTEM)

    deployments.deploy({"process.bpmn": CALLING}, by=SYSTEM)

    outer = deployments.latest_definition("outer")
    assert outer is not None
    case = cases.begin(outer, {}, by=SYSTEM)
    assert deployed(outer.id).definition.called("inner") is not None
    assert case.state == "active"


def test_every_problem_is_named_at_once_and_nothing_is_deployed(app: Flask) -> None:
    files = {
        "good.bpmn": CALLED,
        "lost.bpmn": process("lost", '<userTask id="middle" case:formKey="nowhere"/>'),
        "twice.bpmn": process("inner", '<userTask id="middle"/>'),
        "notes.txt": b"no",
        "bad.form": b"{",
    }

    with pytest.raises(InvalidDeployment) as refused:
        deployments.deploy(files, by=SYSTEM)

    told = "\n".join(map(str, refused.value.problems))
    for words in ("nowhere", "twice.bpmn", "notes.txt", "bad.form"):
        assert words in told
    assert db.session.query(ProcessDefinition).count() == 0
    assert deployments.check(files) == refused.value.problems


@pytest.mark.parametrize("before", [True, False])
def test_answers_that_stay_with_an_instance_are_told_of_new_and_of_deployed_forms(app: Flask, before: bool) -> None:
    loop = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    asking = process("asking", f'<userTask id="middle" case:formKey="ask">{loop}</userTask>')
    if before:
        deployments.deploy({"ask.form": form("Word")}, by=SYSTEM)

    found = deployments.deploy({"asking.bpmn": asking} | ({} if before else {"ask.form": form("Word")}), by=SYSTEM)

    assert [(warning.element_id, warning.message) for warning in found.warnings] == [
        ("middle", "The answer “word” of its form stays with the instance, where nothing uses it.")
    ]


def test_only_who_may_deploys(app: Flask, person: Callable[..., Actor]) -> None:
    with pytest.raises(Forbidden):
        deployments.deploy({"inner.bpmn": CALLED}, by=person("ann", "clerks"))


def test_what_was_deployed_runs_on_when_a_newer_release_would_refuse_it(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployments.deploy({"inner.bpmn": CALLED}, by=SYSTEM)
    definition = deployments.latest_definition("inner")
    assert definition is not None
    deployed.cache_clear()
    stricter = Problem("inner.bpmn", "Processes need a moon.", "Draw one.")
    monkeypatch.setattr(parser, "normalise", lambda *file: replace(normalise(*file), problems=(stricter,)))

    case = cases.begin(definition, {}, by=SYSTEM)

    assert case.state == "active"
    with pytest.raises(Refused):
        parser.parse({"inner.bpmn": CALLED})


def decision(key: str, text: str, needs: str = "") -> str:
    said = f"{needs}<literalExpression><text>{text}</text></literalExpression>"
    return f'<decision id="{key}" name="{key}">{said}</decision>'


def dmn(*decisions: str, namespace: str = "u") -> bytes:
    about = f'xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="{namespace}"'
    return f"<definitions {about}>{''.join(decisions)}</definitions>".encode()


def test_a_faulty_decision_is_the_only_one_that_is_named_when_processes_call_others(app: Flask) -> None:
    asking = process("asking", '<businessRuleTask id="middle" case:decisionRef="grade" case:resultVariable="g"/>')
    files = {
        "a.dmn": dmn(decision("grade", "1"), decision("rate", "2")),
        "b.dmn": dmn(decision("rate", "3"), decision("worse", "1 +")),
        "asking.bpmn": asking,
    }

    with pytest.raises(InvalidDeployment) as refused:
        deployments.deploy(files, by=SYSTEM)

    assert [(problem.file, problem.element_id) for problem in refused.value.problems] == [
        ("b.dmn", "rate"),
        ("b.dmn", "worse"),
    ]
    assert "grade" not in str(refused.value)


def test_what_is_odd_about_a_decision_is_said_and_deployed(app: Flask) -> None:
    done = deployments.deploy({"a.dmn": dmn(decision("grade", "1"), '<decision id="later" name="Later"/>')}, by=SYSTEM)

    assert [problem.element_id for problem in done.warnings] == ["later"]
    assert {row.key for row in done.added} == {"grade", "later"}


def test_a_form_is_found_by_the_id_that_it_gives_itself_too(app: Flask) -> None:
    deployments.deploy({"asking.bpmn": ASKING, "question.form": form("Word")}, by=SYSTEM)
    first = deployments.latest_definition("asking")

    deployments.deploy({"question.form": form("Another word")}, by=SYSTEM)

    second = deployments.latest_definition("asking")
    assert first is not None and second is not None and versions("asking") == [1, 2]
    assert [form_of(row.id, "ask")["components"][0]["label"] for row in (first, second)] == ["Word", "Another word"]


def test_two_forms_with_the_id_that_is_named_are_told(app: Flask) -> None:
    files = {"asking.bpmn": ASKING, "one.form": form("Word"), "two.form": form("Word ")}

    [problem] = deployments.check(files)

    assert problem.advice.startswith("one.form and two.form both give themselves this id")


def test_a_form_in_the_diagram_itself_is_deployed_with_it(app: Flask) -> None:
    inside = f'<zeebe:userTaskForm xmlns:zeebe="{ZEEBE}" id="f1">{form("Word").decode()}</zeebe:userTaskForm>'
    task = (
        f'<userTask id="middle"><extensionElements><zeebe:formDefinition xmlns:zeebe="{ZEEBE}" '
        'formKey="camunda-forms:bpmn:f1"/></extensionElements></userTask>'
    )
    drawn = process("asking", task).replace(
        b'<startEvent id="begin"/>', f"<extensionElements>{inside}</extensionElements><startEvent id='begin'/>".encode()
    )

    deployments.deploy({"asking.bpmn": drawn}, by=SYSTEM)
    again = deployments.deploy({"asking.bpmn": drawn}, by=SYSTEM)

    definition = deployments.latest_definition("asking")
    assert definition is not None and again.added == []
    assert form_of(definition.id, "asking.f1") == json.loads(form("Word"))


def test_the_same_content_under_another_name_makes_no_new_version(app: Flask) -> None:
    rating = process("rating", '<businessRuleTask id="middle" case:decisionRef="grade" case:resultVariable="grade"/>')
    calling = process("outer", '<callActivity id="middle" calledElement="rating"/>')
    files = {"grade.dmn": dmn(decision("grade", "1")), "rating.bpmn": rating, "outer.bpmn": calling}
    first = deployments.deploy(files, by=SYSTEM)
    assert len(first.added) == 3
    renamed = {f"moved-{name}": content for name, content in files.items()}

    again = deployments.deploy(renamed, by=SYSTEM)
    alone = deployments.deploy({"else.dmn": files["grade.dmn"]}, by=SYSTEM)
    assert (again.added, again.unchanged, alone.added) == ([], ["grade", "outer", "rating"], [])

    changed = deployments.deploy({**renamed, "moved-grade.dmn": dmn(decision("grade", "2"))}, by=SYSTEM)
    assert sorted((row.key, row.version) for row in changed.added) == [("grade", 2), ("outer", 2), ("rating", 2)]
    latest = deployments.latest_definition("rating")
    assert latest is not None
    assert latest.file in latest.files and deployed(latest.id).definition.info.key == "rating"
    case = cases.begin(latest, {}, by=SYSTEM)
    assert case.variables["grade"] == 2


def test_decisions_that_import_others_keep_their_versions_also_from_the_release_before(app: Flask) -> None:
    """That one kept every file of the deployment beside a decision where any of them imported another."""
    kind = "https://www.omg.org/spec/DMN/20191111/MODEL/"
    imports = f'<import name="b" namespace="urn:base" importType="{kind}"/>'
    needs = '<informationRequirement><requiredDecision href="urn:base#base"/></informationRequirement>'
    files = {
        "base.dmn": dmn(decision("base", "1"), namespace="urn:base"),
        "top.dmn": dmn(imports, decision("top", "b.base + 1", needs), namespace="urn:top"),
        "other.dmn": dmn(decision("other", "3"), namespace="urn:other"),
    }
    deployments.deploy(files, by=SYSTEM)
    rows = {row.key: row for row in db.session.query(DecisionDefinition)}
    assert {key: sorted(row.files) for key, row in rows.items()} == {
        "base": ["base.dmn"], "top": ["base.dmn", "top.dmn"], "other": ["other.dmn"]
    }  # fmt: skip
    for row in rows.values():
        row.files = {name: deployments.digest(content) for name, content in files.items()}
        row.hash = deployments.digest(json.dumps(sorted(row.files.items())).encode())
    db.session.commit()

    assert deployments.deploy({f"new/{name}": content for name, content in files.items()}, by=SYSTEM).added == []
    files["other.dmn"] = dmn(decision("other", "4"), namespace="urn:other")
    assert [row.key for row in deployments.deploy(files, by=SYSTEM).added] == ["other"]
    files["base.dmn"] = dmn(decision("base", "2"), namespace="urn:base")
    assert sorted(row.key for row in deployments.deploy(files, by=SYSTEM).added) == ["base", "top"]
