"""Whatever is deployed over REST, the answer is never a server's error, and a refusal names the element.

`MUTATIONS` is how many damaged diagrams are sent to each database; `make chaos` sends 500 of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from tests.api.conftest import Office, Program, without_limits
from tests.api.test_deployments import deploy
from tests.engine.drawn import document, flow
from tests.engine.mutations import damaged

MUTATIONS = int(os.environ.get("MUTATIONS", "60"))
ROOT = Path(__file__).resolve().parents[2]
MODELS = sorted((ROOT / "tests" / "conformance" / "models").glob("*.bpmn"))[3::5] + sorted(
    (ROOT / "processes").glob("*/*.bpmn")
)
START, TASK = '<startEvent id="s"/>', '<userTask id="u"/>'
SPLIT = '<exclusiveGateway id="g"/><userTask id="a"/><userTask id="b"/>' + flow("s", "g") + flow("g", "a")


def referring(kind: str, event: str) -> str:
    definition = f'<{kind}EventDefinition {kind}Ref="nothing"/>'
    inner = f'<{event} id="x" attachedToRef="u">{definition}</{event}>' if event == "boundaryEvent" else ""
    inner = inner or f'<{event} id="x">{definition}</{event}>'
    return START + TASK + inner + flow("s", "u") + (flow("u", "x") if event != "boundaryEvent" else "")


#: What public models lack: what is drawn, and the element that the refusal names ("" where BPMN has a
#: meaning for it, so that it is accepted).
ODDITIES: dict[str, tuple[str, str]] = {
    "message from nowhere": (referring("message", "intermediateCatchEvent"), "x"),
    "signal from nowhere": (referring("signal", "intermediateThrowEvent"), "x"),
    "error from nowhere": (referring("error", "boundaryEvent"), ""),
    "escalation from nowhere": (referring("escalation", "endEvent"), ""),
    "sub-process without an end event": (
        f'{START}<subProcess id="p1"><startEvent id="i"/>{TASK}{flow("i", "u")}</subProcess>{flow("s", "p1")}',
        "",
    ),
    "sub-process without a start event": (f'{START}<subProcess id="p1">{TASK}</subProcess>{flow("s", "p1")}', ""),
    "sub-process with two start events": (
        f'{START}<subProcess id="p1"><startEvent id="i"/><startEvent id="j"/>{TASK}{flow("i", "u")}{flow("j", "u")}'
        f"</subProcess>{flow('s', 'p1')}",
        "p1",
    ),
    "several flows out of a task": (
        START + TASK + '<userTask id="a"/><userTask id="b"/>' + flow("s", "u") + flow("u", "a") + flow("u", "b"),
        "",
    ),
    "one gateway flow without condition": (
        START + SPLIT + flow("g", "b", "<conditionExpression>x</conditionExpression>"),
        "",
    ),
    "two gateway flows without condition": (START + SPLIT + flow("g", "b"), "g-a"),
    "multi-instance of nothing": (
        f'{START}<userTask id="u"><multiInstanceLoopCharacteristics/></userTask>{flow("s", "u")}',
        "u",
    ),
    "data store": (
        f'{START}{TASK}<dataStoreReference id="d" name="Archive"/>{flow("s", "u")}',
        "",
    ),
    "data association": (
        f'{START}<dataObjectReference id="r" dataObjectRef="o"/><dataObject id="o"/><userTask id="u">'
        "<dataOutputAssociation><targetRef>r</targetRef></dataOutputAssociation></userTask>" + flow("s", "u"),
        "",
    ),
    "call activity that calls nothing": (f'{START}<callActivity id="c"/>{flow("s", "c")}', "c"),
    "no start event": (TASK + '<endEvent id="e"/>' + flow("u", "e"), ""),
    "no end event": (START + TASK + flow("s", "u"), ""),
    "business rule task without a decision": (f'{START}<businessRuleTask id="d"/>{flow("s", "d")}', "d"),
    "timer without a time": (
        f'{START}<intermediateCatchEvent id="t"><timerEventDefinition/></intermediateCatchEvent>{flow("s", "t")}',
        "t",
    ),
    "script task without a script": (f'{START}<scriptTask id="w"/>{flow("s", "w")}', ""),
}  # fmt: skip


def test_each_oddity_of_public_models_is_accepted_or_named(office: Office, program: Callable[..., Program]) -> None:
    ada = program(office.ada)
    for kind, (drawn, named) in ODDITIES.items():
        answer = deploy(ada, {"odd.bpmn": document(drawn)}, "/deployments/check")

        assert answer.status_code == 200
        refused = [problem for problem in answer.json["problems"] if problem["severity"] == "error"]
        assert bool(refused) == bool(named), (kind, refused)
        assert not named or named in [problem["element"] for problem in refused], (kind, refused)
        assert all(problem["message"] and problem["advice"] and problem["line"] for problem in refused), kind


def test_random_damage_is_never_answered_by_a_server_s_error(
    office: Office, program: Callable[..., Program], app: Flask
) -> None:
    without_limits(app)
    assert len(MODELS) >= 40
    ada = program(office.ada)
    unnamed, answers = [], []
    for seed in range(MUTATIONS):
        model = MODELS[seed % len(MODELS)]

        answer = deploy(ada, {model.name: damaged(model.read_bytes(), 10_000 + seed)})

        answers.append(answer.status_code)
        if answer.status_code == 422:
            problems = answer.json["problems"]
            assert all(problem["message"] and problem["advice"] and problem["file"] for problem in problems)
            if not any(problem["element"] or problem["line"] for problem in problems):
                unnamed.append((seed, problems[0]["message"]))

    assert set(answers) <= {200, 201, 422}, sorted(set(answers))
    assert answers.count(422) > MUTATIONS // 4
    assert unnamed == []
