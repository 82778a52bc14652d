"""Case types with a fault planted in how their variables flow, and their like without it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from tests.engine.diagrams import flows, node, script
from tests.engine.drawn import document, extended
from tests.engine.with_events import boundary, sub

TYPE = 'case:numberPrefix="ABC" case:candidateStarterGroups="staff" case:managerGroups="bosses"'
FORMS = {"intake": {"amount": "number", "who": "textfield"}, "result": {"result": "textfield"}} | {
    "grade": {"grade": "number"},
    "both": {"result": "textfield", "grade": "number"},
}

DECISION = (
    b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
    b'<decision id="D" name="D"><variable name="D"/>'
    b"<literalExpression><text>grade + 1</text></literalExpression></decision>"
    b"</definitions>"
)


@dataclass(frozen=True)
class Data:
    """`rule` and `element` of what has to be told, empty where nothing is wrong; `says` stands in the message."""

    name: str
    files: Mapping[str, bytes]
    rule: str = ""
    element: str = ""
    says: str = ""


def _form(fields: Mapping[str, str]) -> bytes:
    parts = [{"type": kind, "id": f"f{number}", "key": key} for number, (key, kind) in enumerate(fields.items())]
    return json.dumps({"type": "default", "id": "form", "schemaVersion": 19, "components": parts}).encode()


def _d(name: str, elements: str, *paths: str, told: str = "", says: str = "") -> Data:
    rule, _, element = told.partition(" ")
    start = '<startEvent id="s" case:formKey="intake"/><endEvent id="e"/>'
    files = {f"{key}.form": _form(fields) for key, fields in FORMS.items()}
    files["small.bpmn"] = document(start + elements + flows(*paths), process=TYPE, outside='<message id="m" name="m"/>')
    files["d.dmn"] = DECISION
    return Data(name, files, rule, element, says)


def _task(name: str, form: str, inner: str = "") -> str:
    return node("userTask", name, inner, case_formKey=form, case_candidateGroups="staff")


def _xor(*names: str) -> str:
    return "".join(
        node("exclusiveGateway", name, default="d") if name == "g" else node("exclusiveGateway", name) for name in names
    )


def _and(*names: str) -> str:
    return "".join(node("parallelGateway", name) for name in names)


_A, _B = _task("A", "result"), _task("B", "grade")
_MESSAGE = '<messageEventDefinition messageRef="m"/>'


def _choice(condition: str) -> tuple[str, ...]:
    return (f"g x: {condition}",)


def _default(source: str, target: str) -> str:
    return f'<sequenceFlow id="d" sourceRef="{source}" targetRef="{target}"/>'


_OUT = '<endEvent id="x"/>' + _default("g", "e")
_ITEM = (
    "<multiInstanceLoopCharacteristics><loopDataInputRef>{}</loopDataInputRef>"
    '<inputDataItem name="one"/></multiInstanceLoopCharacteristics>'
)
_MAPPED = extended('<case:ioMapping><case:input source="= string(grade)" target="url"/></case:ioMapping>')


FAULTS = [
    _d(
        "condition before its task",
        _xor("g") + _B + _OUT.replace('targetRef="e"', 'targetRef="B"'),
        "s g",
        "g x: = grade > 3",
        "B e",
        told="read-before-written f1_0_g_x",
        says="only “B” sets it",
    ),
    _d(
        "one way sets it",
        _xor("h", "m")
        + '<endEvent id="x"/>'
        + node("exclusiveGateway", "g", default="d")
        + _default("g", "e")
        + _B
        + _A,
        "s h",
        "h B: = amount &gt; 5".replace("&gt;", ">"),
        "h A: = amount <= 5",
        "B m g",
        "A m",
        "g x: = grade > 3",
        told="read-before-written f5_0_g_x",
    ),
    _d("script before its task", script("P", "total = grade + 1") + _B, "s P B e", told="read-before-written P"),
    _d(
        "FEEL script before its task",
        script("P", "= {total: grade + 1, other: total}") + _B,
        "s P B e",
        told="read-before-written P",
    ),
    _d(
        "mapping before its task",
        node("serviceTask", "P", _MAPPED, case_type="http") + _B,
        "s P B e",
        told="read-before-written P",
    ),
    _d(
        "timer before its task",
        node(
            "intermediateCatchEvent", "c", "<timerEventDefinition><timeDate>= result</timeDate></timerEventDefinition>"
        )
        + _A,
        "s c A e",
        told="read-before-written c",
    ),
    _d(
        "boundary's timer before its task",
        _A + boundary("b", "A", "<timerEventDefinition><timeDate>= result</timeDate></timerEventDefinition>"),
        "s A e",
        "b e",
        told="read-before-written b",
    ),
    _d(
        "collection before its task",
        _task("M", "grade", _ITEM.format("= result")) + _A,
        "s M A e",
        told="read-before-written M",
    ),
    _d(
        "beside the branch that sets it",
        _and("u", "v") + _B + script("P", "total = grade + 1"),
        "s u B v e",
        "u P v",
        told="read-before-written P",
    ),
    _d(
        "inside a sub-process",
        sub("S", script("P", "total = grade + 1") + _B, "Ss P B"),
        "s S e",
        told="read-before-written P",
    ),
    _d(
        "after a boundary event",
        _B + boundary("b", "B", _MESSAGE, case_messageVariable="got") + script("P", "total = grade + 1"),
        "s B e",
        "b P e",
        told="read-before-written P",
    ),
    _d(
        "an optional way through a sub-process",
        sub("S", _xor("h", "m") + _B, "Ss h", "h B: = amount > 5", "h m: = amount <= 5", "B m")
        + script("P", "total = grade + 1"),
        "s S P e",
        told="read-before-written P",
    ),
    _d(
        "two branches set it",
        _and("u", "v") + _B + _task("C", "both"),
        "s u B v e",
        "u C v",
        told="written-at-once C",
        says="“grade”",
    ),
    _d(
        "a script beside a form",
        _and("u", "v") + _B + script("P", "grade = 1"),
        "s u B v e",
        "u P v",
        told="written-at-once P",
    ),
    _d(
        "a sub-process beside a form",
        _and("u", "v") + _task("C", "grade") + sub("S", _B, "Ss B"),
        "s u C v e",
        "u S v",
        told="written-at-once S",
    ),
    _d(
        "a text becomes a number",
        script("P", 'n = "a"') + script("Q", "n = 1"),
        "s P Q e",
        told="kind-changes Q",
        says="a number",
    ),
    _d(
        "a form's number becomes a text",
        _B + script("P", '= {grade: "high"}'),
        "s B P e",
        told="kind-changes P",
        says="a text",
    ),
    _d(
        "decision before its task",
        node("businessRuleTask", "R", case_decisionRef="D") + _B,
        "s R B e",
        told="read-before-written R",
    ),
]

SOUND = [
    _d("set by the form before", _B + _xor("g") + _OUT, "s B g", "g x: = grade > 3"),
    _d(
        "set on both ways",
        _xor("h", "m") + _B + _task("C", "grade") + script("P", "total = grade + 1"),
        "s h",
        "h B: = amount > 5",
        "h C: = amount <= 5",
        "B m P e",
        "C m",
    ),
    _d(
        "set by a branch that is joined",
        _and("u", "v") + _A + _B + script("P", "total = grade + 1"),
        "s u A v P e",
        "u B v",
    ),
    _d(
        "minds nothing",
        _xor("g") + _B + _OUT.replace('targetRef="e"', 'targetRef="B"'),
        "s g",
        "g x: = grade != null and grade > 3",
        "B e",
    ),
    _d(
        "a loop",
        _xor("m") + _B + node("exclusiveGateway", "g", default="d") + _default("g", "e"),
        "s m B g",
        "g m: = grade > 3",
    ),
    _d(
        "a sub-process that ends in branches",
        sub("S", _and("u") + _A + _B, "Ss u A", "u B") + script("P", "total = grade + 1"),
        "s S P e",
    ),
    _d("instances", _task("M", "grade", _ITEM.format("= [who]")) + script("P", "total = grade + 1"), "s M P e"),
    _d(
        "alternatives that set it",
        _xor("h", "m") + _B + script("P", "grade = 2"),
        "s h",
        "h B: = amount > 5",
        "h P: = amount <= 5",
        "B m e",
        "P m",
    ),
    _d("one after the other", _B + script("P", "grade = grade + 1"), "s B P e"),
    _d(
        "anything may be set",
        _xor("g") + node("userTask", "B") + script("P", "late = 1") + _OUT.replace('targetRef="e"', 'targetRef="B"'),
        "s g",
        "g x: = late > 3",
        "B P e",
    ),
]
