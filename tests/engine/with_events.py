"""Diagrams with events in few words: boundary events, event sub-processes, what they wait for."""

from __future__ import annotations

from typing import Any

from tests.engine.diagrams import Case, flows, node, package, process

ROOTS = (
    '<message id="m" name="m"/><message id="n" name="n"/><signal id="sig" name="sig"/>'
    '<error id="E1" name="one" errorCode="E1"/><error id="E2" name="two" errorCode="E2"/>'
    '<escalation id="X1" name="x" escalationCode="X1"/><escalation id="X2" name="y" escalationCode="X2"/>'
)
MESSAGE, OTHER = '<messageEventDefinition messageRef="m"/>', '<messageEventDefinition messageRef="n"/>'
SIGNAL = '<signalEventDefinition signalRef="sig"/>'
ERROR, ANY_ERROR = '<errorEventDefinition errorRef="E1"/>', "<errorEventDefinition/>"
OTHER_ESCALATION = '<escalationEventDefinition escalationRef="X2"/>'
ESCALATION = '<escalationEventDefinition escalationRef="X1"/>'
UNDO = "<compensateEventDefinition/>"


def case(elements: str, *paths: str, called: str = "", **variables: Any) -> Case:
    drawn = package(process(elements, *paths), *([called] if called else []), roots=ROOTS)
    return Case(drawn.definitions["p"], reload=True, **variables)


def boundary(name: str, host: str, definition: str, *, interrupting: bool = True, **more: str) -> str:
    said = {"attachedToRef": host, "cancelActivity": str(interrupting).lower(), **more}
    return node("boundaryEvent", name, definition, **said)


def sub(name: str, inner: str, *paths: str, tag: str = "subProcess", **more: str) -> str:
    """A sub-process with the start event `<name>s`."""
    return node(tag, name, f'<startEvent id="{name}s"/>{inner}{flows(*paths)}', **more)


def reaction(
    name: str, definition: str, inner: str, *paths: str, interrupting: bool = True, parallel: bool = False
) -> str:
    """An event sub-process whose start event is `<name>s`."""
    said = {"isInterrupting": str(interrupting).lower(), **({"parallelMultiple": "true"} if parallel else {})}
    start = node("startEvent", f"{name}s", definition, **said)
    return node("subProcess", name, start + inner + flows(*paths), triggeredByEvent="true")


def end(name: str, definition: str = "") -> str:
    return node("endEvent", name, definition)


def deliver(found: Case, name: str, **payload: Any) -> bool:
    return found.at_work().deliver(name, payload)
