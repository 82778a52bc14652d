"""What events refer to: messages, signals, errors, escalations. A reference to nothing is named; a missing one made up
where the diagram leaves no doubt (an event's own name, a message flow)."""

from __future__ import annotations

from copy import deepcopy

from lxml import etree

from service.engine.xml.document import (
    ACTIVITIES,
    FLOW_NODES,
    Document,
    child,
    children,
    definitions_of,
    has_definition,
    local,
    move,
    source_line,
    tag,
    text_of,
    unprefixed,
)

_KINDS = {
    "messageEventDefinition": "message",
    "signalEventDefinition": "signal",
    "errorEventDefinition": "error",
    "escalationEventDefinition": "escalation",
}
_CODES = {"error": "errorCode", "escalation": "escalationCode"}
_EVENTS = ("startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent", "event")


def resolve(doc: Document) -> None:
    """Make every event's reference good, or report it."""
    _name_what_is_referred_to(doc)
    flows = _message_flows(doc)
    for event in list(doc.root.iter(*map(tag, _EVENTS))):
        _copy_shared_definitions(doc, event)
        for definition in definitions_of(event):
            if kind := _KINDS.get(local(definition)):
                _reference(doc, event, definition, kind, flows)
    for task in list(doc.root.iter(tag("sendTask"), tag("receiveTask"))):
        _message_of_task(doc, task, flows)
    associated: dict[str, list[str]] = {}
    for association in doc.root.iter(tag("association")):
        source, target = association.get("sourceRef") or "", association.get("targetRef") or ""
        associated.setdefault(source, []).append(target)
        associated.setdefault(target, []).append(source)
    for event in list(doc.root.iter(tag("boundaryEvent"))):
        _attach(doc, event, associated)


def _name_what_is_referred_to(doc: Document) -> None:
    for kind in _KINDS.values():
        for element in children(doc.root, kind):
            if not element.get("id"):
                doc.name(element, f"{kind}.{element.get('name') or 'unnamed'}".replace(" ", "_"))
            if not (element.get("name") or "").strip():
                element.set("name", element.get("id") or "")
            if kind in _CODES and not element.get(_CODES[kind]):
                element.set(_CODES[kind], element.get("id") or "")


def _message_flows(doc: Document) -> dict[str, etree._Element]:
    """Node id -> the message flow at it."""
    found: dict[str, etree._Element] = {}
    for flow in doc.root.iter(tag("messageFlow")):
        for end in ("sourceRef", "targetRef"):
            if flow.get(end):
                found.setdefault(flow.get(end) or "", flow)
    return found


def _copy_shared_definitions(doc: Document, event: etree._Element) -> None:
    for reference in children(event, "eventDefinitionRef"):
        shared = doc.find(unprefixed(text_of(reference)), event)
        if shared is None or not local(shared).endswith("EventDefinition"):
            doc.error(
                event, f"It refers to the event definition “{text_of(reference)}”, which is not there.", "Draw it."
            )
        else:
            copied = deepcopy(shared)
            copied.tail = None
            if copied.get("id"):
                del copied.attrib["id"]
            event.append(copied)
        event.remove(reference)


def _reference(
    doc: Document, event: etree._Element, definition: etree._Element, kind: str, flows: dict[str, etree._Element]
) -> None:
    attribute = f"{kind}Ref"
    reference = definition.get(attribute)
    if reference:
        found = doc.find(reference, definition)
        if found is None or local(found) != kind:
            _dangling(doc, definition, kind, reference)
    elif kind in {"message", "signal"}:
        _made_up(doc, event, definition, kind, flows)
    elif kind == "error" and local(event) == "endEvent":
        doc.warn(event, "The error has no code; only a boundary event for any error catches it.", "Refer to an error.")


def _dangling(doc: Document, where: etree._Element, kind: str, reference: str) -> None:
    """An error or escalation is its code, and may do without a declaration where the file declares none."""
    if kind in _CODES and not any(source_line(element) for element in children(doc.root, kind)):
        made = etree.Element(tag(kind))
        doc.root.insert(0, made)
        doc.name(made, reference)
        made.set("name", reference)
        made.set(_CODES[kind], reference)
        where.set(f"{kind}Ref", made.get("id") or "")
        message = f"The {kind} “{reference}” is not declared; “{reference}” is taken for its code."
        doc.warn(where, message, f'Add <{kind} id="{reference}" {_CODES[kind]}="{reference}"/> to the file.')
        return
    known = sorted(f"“{element.get('id')}” ({element.get('name')})" for element in children(doc.root, kind))
    advice = (
        f"Choose one of {', '.join(known[:5])}." if known else f'Add <{kind} id="{reference}" name="…"/> to the file.'
    )
    doc.error(where, f"It refers to the {kind} “{reference}”, which is not in the file.", advice)


def _made_up(
    doc: Document, event: etree._Element, definition: etree._Element, kind: str, flows: dict[str, etree._Element]
) -> None:
    """A message or signal for an event without one: what its message flow carries, else one with the event's name."""
    flow = flows.get(event.get("id") or "") if kind == "message" else None
    name = _carried(doc, flow, event) if flow is not None else (event.get("name") or "").strip()
    if not name:
        doc.error(
            event,
            f"The event says no {kind}.",
            f"Give it a {kind}: a <{kind}> with a name in the file, and {kind}Ref in the event.",
        )
        return
    definition.set(f"{kind}Ref", _one_named(doc, kind, name))
    doc.warn(event, f"The event says no {kind}; “{name}” is taken.", f"Refer to a {kind} with {kind}Ref.")


def _carried(doc: Document, flow: etree._Element, at: etree._Element) -> str:
    """The name of the message that a message flow carries; both of its ends come to the same answer."""
    message = doc.find(flow.get("messageRef"), flow)
    peers = [_anywhere(doc, flow.get(end)) for end in ("sourceRef", "targetRef")]
    for peer in peers:
        if message is None and peer is not None and peer is not at:
            definition = child(peer, "messageEventDefinition")
            reference = peer.get("messageRef") or (definition.get("messageRef") if definition is not None else None)
            message = doc.find(reference, peer)
    if message is not None:
        return message.get("name") or ""
    inside = all(peer is not None and local(peer) in FLOW_NODES for peer in peers)
    wanted = (flow.get("name"), flow.get("id") if inside else at.get("name"), at.get("name"), flow.get("id"))
    return next((name.strip() for name in wanted if name and name.strip()), "")


def _anywhere(doc: Document, reference: str | None) -> etree._Element | None:
    return next((ids[reference] for ids in doc.ids.values() if reference in ids), None) if reference else None


def _one_named(doc: Document, kind: str, name: str) -> str:
    """The id of the message or signal with this name, made when there is none."""
    if not doc.named:
        for element in reversed(children(doc.root, "message", "signal")):
            doc.named[local(element), element.get("name") or ""] = element.get("id") or ""
    if (kind, name) not in doc.named:
        made = etree.Element(tag(kind))
        doc.root.insert(0, made)
        doc.name(made, f"{kind}.made")
        made.set("name", name)
        doc.named[kind, name] = made.get("id") or ""
    return doc.named[kind, name]


def _message_of_task(doc: Document, task: etree._Element, flows: dict[str, etree._Element]) -> None:
    definition = child(task, "messageEventDefinition")
    reference = task.get("messageRef") or (definition.get("messageRef") if definition is not None else None)
    reference = reference or _of_operation(doc, task)
    if reference:
        found = doc.find(reference, task)
        if found is None or local(found) != "message":
            _dangling(doc, task, "message", reference)
        task.set("messageRef", reference)
    elif (flow := flows.get(task.get("id") or "")) is not None and (name := _carried(doc, flow, task)):
        task.set("messageRef", _one_named(doc, "message", name))
        doc.warn(task, f"The task says no message; “{name}” is taken.", "Refer to a message with messageRef.")
    elif local(task) == "receiveTask":
        name = (task.get("name") or "").strip() or task.get("id") or ""
        task.set("messageRef", _one_named(doc, "message", name))
        doc.warn(task, f"The task says no message; “{name}” is taken.", "Refer to a message with messageRef.")


def _of_operation(doc: Document, task: etree._Element) -> str | None:
    """The incoming message of the operation that a task names (BPMN 2.0.2 §8.4.4)."""
    operation = doc.find(task.get("operationRef"), task)
    incoming = child(operation, "inMessageRef") if operation is not None else None
    return unprefixed(text_of(incoming)) or None


def _attach(doc: Document, event: etree._Element, associated: dict[str, list[str]]) -> None:
    reference = event.get("attachedToRef")
    host = doc.find(reference, event)
    if host is None or local(host) not in ACTIVITIES:
        doc.torn = True
        place = f"“{reference}”, which is no activity of the process" if reference else "nothing"
        doc.error(event, f"The boundary event is attached to {place}.", "Attach it to a task or sub-process.")
        return
    move(event, host.getparent())
    if not definitions_of(event):
        doc.error(event, "The boundary event waits for nothing.", "Give it a timer, message, error or another event.")
    if has_definition(event, "cancel") and local(host) != "transaction":
        doc.error(event, "A cancel event is caught at a transaction only.", "Attach it to a transaction.")
    if has_definition(event, "compensate"):
        _handler(doc, event, associated.get(event.get("id") or "", []))


def _handler(doc: Document, event: etree._Element, ends: list[str]) -> None:
    """A compensation boundary event names its handler by an association (BPMN 2.0.2 §10.7.2)."""
    found = [node for end in ends if (node := doc.find(end, event)) is not None and local(node) in ACTIVITIES]
    for handler in found:
        handler.set("isForCompensation", "true")
    if found:
        return
    if doc.leaving(event):
        doc.error(
            event,
            "The compensation event leads to its handler by a sequence flow.",
            "Connect it by an association, and mark the handler isForCompensation.",
        )
    else:
        doc.error(
            event, "The compensation event has no handler.", "Associate it with an activity that undoes the work."
        )
