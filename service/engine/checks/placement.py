"""Which elements and events may stand where (BPMN 2.0.2 §10.5), and what each needs to be executable."""

from __future__ import annotations

import re

from lxml import etree

from service.engine.xml.document import (
    ACTIVITIES,
    CASE,
    NOT_EXECUTED,
    Document,
    child,
    children,
    definitions_of,
    is_true,
    local,
    text_of,
)

_TYPE = f"{{{CASE}}}type"
_DECISION = f"{{{CASE}}}decisionRef"
_START = {"message", "timer", "conditional", "signal"}
#: Event definitions by where they stand (BPMN 2.0.2 table 10.93).
_ALLOWED = {
    "startEvent": _START,
    "event sub-process": _START | {"error", "escalation", "compensate"},
    "intermediateCatchEvent": {"message", "timer", "conditional", "signal", "link"},
    "intermediateThrowEvent": {"message", "escalation", "compensate", "signal", "link"},
    "boundaryEvent": {"message", "timer", "escalation", "error", "cancel", "compensate", "conditional", "signal"},
    "endEvent": {"message", "error", "escalation", "cancel", "compensate", "signal", "terminate"},
}
_REPEATED = {"multiInstanceLoopCharacteristics", "standardLoopCharacteristics"}
_PLACES = {
    "startEvent": "a start event",
    "event sub-process": "the start of an event sub-process",
    "intermediateCatchEvent": "an intermediate catch event",
    "intermediateThrowEvent": "an intermediate throw event",
    "boundaryEvent": "a boundary event",
    "endEvent": "an end event",
}


def check(doc: Document, process: etree._Element) -> None:
    """Check every element of an executable, normalised process."""
    plain = [start for start in children(process, "startEvent") if not definitions_of(start)]
    for start in plain[1:]:
        doc.warn(start, f"Cases begin at “{plain[0].get('id')}”, never here.", "Let the ways in begin with one start.")
    for node in process.iter():
        name = local(node)
        if name in NOT_EXECUTED and not _of_behavior(node):
            doc.error(node, f"A {name} is not executed.", "Use tasks, events and sub-processes.")
        elif name in _PLACES:
            _event(doc, node)
        elif name in {"subProcess", "transaction"}:
            _sub_process(doc, node)
        elif name == "adHocSubProcess":
            _ad_hoc(doc, node)
        elif name in {"serviceTask", "sendTask", "businessRuleTask"}:
            _worker_task(doc, node, name)
        elif name == "scriptTask" and _result_is_vain(node):
            doc.warn(
                node, "case:resultVariable has no effect with a Python script.", "Assign the variable in the script."
            )
        for quantity in ("startQuantity", "completionQuantity"):
            if name in ACTIVITIES and not re.fullmatch(r"[1-9]\d?", node.get(quantity) or "1"):
                doc.error(node, f"{quantity} is no number of tokens.", "Write a whole number from 1 to 99, or nothing.")
            elif name == "receiveTask" and quantity == "startQuantity" and node.get(quantity) not in {None, "1"}:
                doc.error(node, "A receive task begins with one token.", "Put a task that gathers before it.")


def _of_behavior(event: etree._Element) -> bool:
    """Whether it is what a multi-instance throws (BPMN 2.0.2 §10.3.8), rather than an element of the flow."""
    parent = event.getparent()
    return parent is not None and local(event) == "event" and local(parent) == "complexBehaviorDefinition"


def _result_is_vain(task: etree._Element) -> bool:
    """Whether a Python script names a result variable, which only FEEL scripts fill."""
    script = text_of(child(task, "script"))
    return bool(task.get(f"{{{CASE}}}resultVariable")) and bool(script) and not script.startswith("=")


def _event(doc: Document, event: etree._Element) -> None:
    name = local(event)
    parent = event.getparent()
    reacting = name == "startEvent" and parent is not None and is_true(parent.get("triggeredByEvent"))
    place = "event sub-process" if reacting else name
    kinds = [local(definition).removesuffix("EventDefinition") for definition in definitions_of(event)]
    for kind in kinds:
        if kind not in _ALLOWED[place]:
            doc.error(event, f"{_PLACES[place].capitalize()} cannot be of kind {kind}.", _instead(place))
    if name == "intermediateCatchEvent" and not kinds:
        doc.error(event, "The event waits for nothing.", "Give it a timer, a message or another event definition.")
    if name == "boundaryEvent" and "compensate" in kinds:
        _undone_together(doc, event)
    for definition in definitions_of(event):
        _definition(doc, event, definition, _within_transaction(event))
        _name(doc, event, definition, place)


def _undone_together(doc: Document, event: etree._Element) -> None:
    """BPMN 2.0.2 §13.5.5: the compensation activity of a multi-instance or loop runs once, for all of its instances."""
    host = doc.find(event.get("attachedToRef"), event)
    if host is not None and any(local(part) in _REPEATED for part in host):
        doc.warn(
            event,
            f"Its compensation activity undoes all instances of “{host.get('id')}” at once, as BPMN has it; Camunda 7 "
            "runs it for each.",
            "Let it undo them all; or put a compensation event sub-process inside, which runs for each instance.",
        )


def _instead(place: str) -> str:
    return f"It may be of kind {', '.join(sorted(_ALLOWED[place]))}."


def _within_transaction(event: etree._Element) -> bool:
    return any(local(parent) == "transaction" for parent in event.iterancestors())


def _definition(doc: Document, event: etree._Element, definition: etree._Element, transaction: bool) -> None:
    kind = local(definition).removesuffix("EventDefinition")
    if kind == "conditional" and not text_of(child(definition, "condition")):
        doc.error(
            event, "The conditional event has no condition.", "Write one in <condition>, for example amount > 100."
        )
    elif kind == "compensate" and definition.get("activityRef"):
        found = doc.find(definition.get("activityRef"), event)
        if found is None or local(found) not in ACTIVITIES:
            doc.error(
                event,
                f"It compensates “{definition.get('activityRef')}”, which is no activity of the process.",
                "Name an activity in activityRef, or none to compensate all of the scope.",
            )
        elif found.getparent() not in _compensated_from(event):
            doc.error(
                event,
                f"It compensates “{definition.get('activityRef')}”, which is not visible from here (§10.7.2).",
                "Name an activity beside it, such as the sub-process around that one, or none to compensate all.",
            )
    elif kind == "compensate" and definition.get("waitForCompletion") in {"false", "0"}:
        doc.warn(event, "waitForCompletion has no effect: it waits until all is undone.", "Remove the attribute.")
    elif kind == "cancel" and local(event) == "endEvent" and not transaction:
        doc.error(event, "A cancel end event stands outside of a transaction.", "Put it into a <transaction>.")


def _compensated_from(event: etree._Element) -> list[etree._Element]:
    """The scopes whose activities an event may compensate: its own, and of an event sub-process the one around it."""
    scopes = [scope] if (scope := event.getparent()) is not None else []
    while scope is not None and is_true(scope.get("triggeredByEvent")):
        scope = scope.getparent()
        scopes += [] if scope is None else [scope]
    return scopes


def _name(doc: Document, event: etree._Element, definition: etree._Element, place: str) -> None:
    """An expression for a name needs a case to be evaluated on; a catcher of errors is told apart by its code."""
    kind = local(definition).removesuffix("EventDefinition")
    target = doc.find(definition.get(f"{kind}Ref"), event)
    name = "" if target is None else (target.get(f"{kind}Code") or target.get("name") or "")
    if not name.startswith("="):
        return
    if place == "startEvent":
        doc.error(event, f"What opens a case has an expression for a name: {name[:60]}", "Write the name itself.")
    elif kind in {"error", "escalation"} and place in {"boundaryEvent", "event sub-process"}:
        doc.error(event, f"It catches a code that is an expression: {name[:60]}", "Write the code itself, or none.")


def _sub_process(doc: Document, node: etree._Element) -> None:
    starts = children(node, "startEvent")
    if is_true(node.get("triggeredByEvent")):
        if len(starts) != 1 or not definitions_of(starts[0]):
            doc.error(
                node,
                "The event sub-process needs exactly one start event that waits for something.",
                "Give it one start event, of kind message, timer, error, escalation, signal or conditional.",
            )
        return
    if len(starts) > 1:
        doc.error(
            node,
            f"The sub-process has {len(starts)} start events.",
            "Let it begin with one; put a parallel gateway behind it to begin several things (BPMN 2.0.2 §10.3.5).",
        )
    for start in starts:
        if definitions_of(start):
            doc.error(
                start,
                "The start event of a sub-process cannot wait for something.",
                "Put the event before the sub-process, or make it an event sub-process (triggeredByEvent).",
            )


def _ad_hoc(doc: Document, node: etree._Element) -> None:
    for event in children(node, "startEvent", "endEvent"):
        doc.error(
            event,
            "An ad hoc sub-process has no start and end events (BPMN 2.0.2 §10.3.5).",
            "Remove it: what has no incoming flow can be activated.",
        )
    if not any(local(part) in ACTIVITIES for part in node):
        doc.error(node, "The ad hoc sub-process holds no activity.", "Put at least one task into it.")


def _worker_task(doc: Document, task: etree._Element, name: str) -> None:
    if task.get(_TYPE) or task.get(_DECISION):
        return
    if name == "serviceTask":
        doc.error(
            task,
            "The service task says no connector, so nothing could carry it out.",
            'Name one, for example case:type="http" with its inputs in a case:ioMapping; or use a user task.',
        )
    elif name == "businessRuleTask":
        doc.error(task, "The business rule task says no decision.", 'Name one, for example case:decisionRef="cover".')
    elif not task.get("messageRef") and child(task, "messageEventDefinition") is None:
        doc.warn(
            task, "The send task sends nothing.", 'Give it a messageRef, or a connector, such as case:type="http".'
        )
