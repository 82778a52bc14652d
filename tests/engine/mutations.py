"""Random damage to diagrams: of bytes, as disks and people do, and of elements, as tools and scripts do."""

from __future__ import annotations

import random
from collections.abc import Callable
from copy import deepcopy

from lxml import etree

NASTY = [
    "",
    " ",
    "=",
    "= (",
    "${",
    "${x",
    "#{a.b()}",
    "-1",
    "1e999",
    "PT",
    "R/",
    "P9999999999Y",
    "true",
    "\u202e",
    "a" * 300,
    "]]>",
    "p",
    "s",
    "e",
    "x:y:z",
    "../../etc/passwd",
    "__import__('os')",
    "[" * 200,
    "2026-13-45T99:99:99Z",
]
TAGS = [
    *(["startEvent", "endEvent", "boundaryEvent", "intermediateCatchEvent", "intermediateThrowEvent"]),
    *(
        [
            "userTask",
            "scriptTask",
            "serviceTask",
            "receiveTask",
            "callActivity",
            "businessRuleTask",
            "subProcess",
            "transaction",
        ]
    ),
    *(
        [
            "adHocSubProcess",
            "exclusiveGateway",
            "inclusiveGateway",
            "parallelGateway",
            "complexGateway",
            "eventBasedGateway",
        ]
    ),
    *(["sequenceFlow", "dataObject", "association", "choreographyTask", "process", "nonsense"]),
    *(["timerEventDefinition", "messageEventDefinition", "errorEventDefinition", "linkEventDefinition"]),
    *(
        [
            "compensateEventDefinition",
            "cancelEventDefinition",
            "conditionalEventDefinition",
            "multiInstanceLoopCharacteristics",
        ]
    ),
]
ATTRIBUTES = [
    *(
        [
            "id",
            "sourceRef",
            "targetRef",
            "attachedToRef",
            "default",
            "triggeredByEvent",
            "isForCompensation",
            "calledElement",
        ]
    ),
    *(["messageRef", "errorRef", "instantiate", "isExecutable", "processRef", "loopMaximum", "cancelActivity"]),
    *(f"{{urn:casewright:bpmn:1.0}}{name}" for name in ("stage", "dueDate", "notDoneBy", "nonsense")),
    *(f"{{http://camunda.org/schema/1.0/bpmn}}{name}" for name in ("assignee", "collection", "expression", "type")),
]


def damaged(xml: bytes, seed: int) -> bytes:
    """`xml` with one to five random changes."""
    chance = random.Random(seed)
    if chance.random() < 0.3:
        return _bytes(xml, chance)
    root = etree.fromstring(xml)
    for _ in range(chance.randint(1, 5)):
        chance.choice(_CHANGES)(root, chance)
    return etree.tostring(root)


def _bytes(xml: bytes, chance: random.Random) -> bytes:
    data = bytearray(xml)
    for _ in range(chance.randint(1, 5)):
        place, length = chance.randrange(len(data)), chance.randint(1, 40)
        kind = chance.randrange(4)
        if kind == 0:
            del data[place : place + length]
        elif kind == 1:
            data[place] = chance.randrange(256)
        elif kind == 2:
            data[place:place] = data[chance.randrange(len(data)) :][:length]
        else:
            data[place:place] = chance.choice(NASTY).encode()
        if not data:
            return b""
    return bytes(data)


def _any(root: etree._Element, chance: random.Random) -> etree._Element:
    return chance.choice(list(root.iter()))


def _remove(root: etree._Element, chance: random.Random) -> None:
    found = _any(root, chance)
    parent = found.getparent()
    if parent is not None:
        parent.remove(found)


def _double(root: etree._Element, chance: random.Random) -> None:
    found = _any(root, chance)
    parent = found.getparent()
    if parent is not None:
        parent.append(deepcopy(found))


def _move(root: etree._Element, chance: random.Random) -> None:
    found, place = _any(root, chance), _any(root, chance)
    if found is not root and found not in {place, *place.iterancestors()}:
        place.append(found)


def _rename(root: etree._Element, chance: random.Random) -> None:
    found = _any(root, chance)
    found.tag = f"{{http://www.omg.org/spec/BPMN/20100524/MODEL}}{chance.choice(TAGS)}"


def _attribute(root: etree._Element, chance: random.Random) -> None:
    value = chance.choice([*NASTY, *(str(node.get("id")) for node in root.iter() if node.get("id"))])
    _any(root, chance).set(chance.choice(ATTRIBUTES), "".join(sign for sign in value if sign.isprintable()))


def _forget(root: etree._Element, chance: random.Random) -> None:
    found = _any(root, chance)
    for name in list(found.attrib)[: chance.randint(1, 2)]:
        del found.attrib[name]


def _text(root: etree._Element, chance: random.Random) -> None:
    _any(root, chance).text = chance.choice(NASTY)


def _nest(root: etree._Element, chance: random.Random) -> None:
    found = _any(root, chance)
    parent = found.getparent()
    if parent is not None:
        around = etree.SubElement(parent, f"{{http://www.omg.org/spec/BPMN/20100524/MODEL}}{chance.choice(TAGS)}")
        around.append(found)


_CHANGES: list[Callable[[etree._Element, random.Random], None]] = [
    _remove,
    _double,
    _move,
    _rename,
    _attribute,
    _forget,
    _text,
    _nest,
]
