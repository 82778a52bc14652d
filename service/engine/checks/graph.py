"""The graph: what nothing leads to, where flows may begin and end, what may follow an event-based gateway."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from service.engine.checks import gaps, loops, soundness
from service.engine.definition import Element
from service.engine.normalise.structure import Scope, is_loose
from service.engine.xml.document import (
    FLOW_NODES,
    SCOPES,
    STARTABLE,
    Document,
    child,
    children,
    is_true,
    local,
    tag,
    text_of,
    unprefixed,
)


def check(doc: Document, process: etree._Element, elements: Mapping[str, Element]) -> None:
    """Check each scope of a normalised process."""
    for scope in [node for node in process.iter() if local(node) in SCOPES]:
        _scope(doc, Scope(scope), elements)
    soundness.check(doc, process, elements, gaps.together)
    _unused_compensation(doc, process)
    _lanes(doc, process)


def _scope(doc: Document, scope: Scope, elements: Mapping[str, Element]) -> None:
    by_id = {node.get("id") or "": node for node in scope.nodes}
    for node in scope.nodes:
        _ends(doc, scope, node)
        if local(node) == "eventBasedGateway":
            _choices(doc, scope, node, by_id)
    _unreached(doc, scope, by_id, elements)
    loops.check(doc, scope)


def _ends(doc: Document, scope: Scope, node: etree._Element) -> None:
    name, node_id = local(node), node.get("id") or ""
    incoming, outgoing = scope.incoming.get(node_id, []), scope.outgoing.get(node_id, [])
    if incoming and (name in {"startEvent", "boundaryEvent"} or is_loose(node)):
        doc.error(
            incoming[0], f"A flow leads into “{node_id}”, {_what(node)}.", "Let it lead to an activity behind it."
        )
    if outgoing and (name == "endEvent" or is_loose(node)):
        doc.error(outgoing[0], f"A flow leaves “{node_id}”, {_what(node)}.", "Remove the flow, or use another element.")


def _what(node: etree._Element) -> str:
    if is_true(node.get("triggeredByEvent")):
        return "an event sub-process"
    if is_true(node.get("isForCompensation")):
        return "a compensation activity"
    return {"startEvent": "a start event", "endEvent": "an end event"}.get(local(node), "a boundary event")


def _choices(doc: Document, scope: Scope, gateway: etree._Element, by_id: Mapping[str, etree._Element]) -> None:
    """BPMN 2.0.2 §10.6.6: only catching events and receive tasks, each reached from this gateway alone."""
    flows = scope.outgoing.get(gateway.get("id") or "", [])
    if not any(
        local(by_id[flow.get("targetRef") or ""]) != "endEvent" for flow in flows if flow.get("targetRef") in by_id
    ):
        doc.error(gateway, "The event-based gateway waits for nothing.", "Let it lead to events that can occur.")
        return
    if (gateway.get("eventGatewayType") or "").lower() == "parallel" and not is_true(gateway.get("instantiate")):
        doc.error(
            gateway,
            "A parallel event-based gateway has to begin the process (BPMN 2.0.2 §10.6.6).",
            'Mark it instantiate="true", or put a parallel gateway before the events.',
        )
    for flow in flows:
        target = by_id.get(flow.get("targetRef") or "")
        if target is not None and local(target) not in {"intermediateCatchEvent", "receiveTask"}:
            doc.error(
                flow,
                f"Behind an event-based gateway stands “{target.get('id')}”, a {local(target)}.",
                "Let it lead to intermediate catch events or receive tasks only.",
            )
        elif target is not None and len(scope.incoming.get(target.get("id") or "", ())) > 1:
            doc.error(
                target,
                "It is reached from an event-based gateway and from elsewhere.",
                "Give the other way an event of its own.",
            )


def _unreached(
    doc: Document, scope: Scope, by_id: Mapping[str, etree._Element], elements: Mapping[str, Element]
) -> None:
    """Warn of what nothing leads to, and not of what follows it; where a flow is torn, that was told already."""
    attached: dict[str, list[str]] = {}
    for node in scope.nodes:
        if local(node) == "boundaryEvent":
            attached.setdefault(node.get("attachedToRef") or "", []).append(node.get("id") or "")
    following = {
        key: [flow.get("targetRef") or "" for flow in scope.outgoing.get(key, ())] + attached.get(key, [])
        for key in by_id
    }
    reached: set[str] = set()
    _reach(following, [node.get("id") or "" for node in scope.nodes if _begins(scope, node)], reached)
    if doc.torn:
        return
    led_to = {found for key, targets in following.items() if key not in reached for found in targets}
    lost = [key for key in by_id if key not in reached]
    for key in sorted(lost, key=lambda found: found in led_to):  # of a circle that nothing leads into the first
        if key not in reached and (key in elements or key in led_to):
            if key in elements:
                doc.warn(by_id[key], "Nothing leads to it; it is never executed.", "Connect it, or remove it.")
            _reach(following, [key], reached)


def _reach(following: Mapping[str, list[str]], begin: list[str], reached: set[str]) -> None:
    waiting = list(begin)
    while waiting:
        current = waiting.pop()
        if current not in reached and current in following:
            reached.add(current)
            waiting += following[current]


def _begins(scope: Scope, node: etree._Element) -> bool:
    if local(node) == "startEvent" or is_loose(node):
        return True
    if local(node) in {"receiveTask", "eventBasedGateway"} and is_true(node.get("instantiate")):
        return True
    ad_hoc = local(scope.element) == "adHocSubProcess"
    return ad_hoc and local(node) in STARTABLE and not scope.incoming.get(node.get("id") or "")


def _unused_compensation(doc: Document, process: etree._Element) -> None:
    """Compensation activities that no association leads to are never run."""
    ends = {node.get(end) for node in doc.root.iter(tag("association")) for end in ("sourceRef", "targetRef")}
    for node in process.iter():
        if is_true(node.get("isForCompensation")) and node.get("id") not in ends:
            doc.warn(node, "No compensation event is associated with it; it is never executed.", "Associate one.")


def _lanes(doc: Document, process: etree._Element) -> None:
    """Lanes say where a task is shown; one that holds nothing, or names what is not there, says nothing."""
    for lane in process.iter(tag("lane")):
        named = [unprefixed(text_of(reference)) for reference in children(lane, "flowNodeRef")]
        gone = [name for name in named if (found := doc.find(name, lane)) is None or local(found) not in FLOW_NODES]
        if gone:
            doc.warn(lane, f"The lane holds “{gone[0][:60]}”, which is not there.", "Remove it, or correct its name.")
        elif not named and child(lane, "childLaneSet") is None:
            doc.warn(lane, "The lane holds nothing.", "Name what it holds in <flowNodeRef>, or remove it.")
