"""Flows and scopes: what BPMN lets a diagram leave out is written out, so that the parser sees one plain form.

The meanings come from BPMN 2.0.2: §13.2.1 (several or conditional flows out of an activity), §13.3.4 and §10.5.2
(implicit start), §13.5.6 (implicit end), §10.5.5 (links). Elements made here have generated ids and never show outside.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from lxml import etree

from service.engine.xml.document import (
    FLOW_NODES,
    GATEWAYS,
    NOT_EXECUTED,
    Document,
    child,
    children,
    has_definition,
    is_true,
    local,
    move,
    process_of,
    tag,
)

#: What stands before `incoming` in a flow node (BPMN 2.0.2 XSD, tFlowNode).
_BEFORE_FLOWS = {tag(name) for name in ("documentation", "extensionElements", "auditing", "monitoring")} | {
    tag("categoryValueRef")
}

_HELPED = 20  #: problems of a file for which a suggestion is sought
_COMPARED = 300  #: nodes that a suggestion is sought among


class Scope:
    """A process or sub-process: its direct flow nodes, and the flows between them."""

    def __init__(self, element: etree._Element) -> None:
        self.element = element
        self.nodes = [node for node in element if local(node) in FLOW_NODES]
        self.incoming: dict[str, list[etree._Element]] = {}
        self.outgoing: dict[str, list[etree._Element]] = {}
        for flow in children(element, "sequenceFlow"):
            self.add(flow)

    def add(self, flow: etree._Element) -> None:
        """Know one more sequence flow."""
        self.outgoing.setdefault(flow.get("sourceRef") or "", []).append(flow)
        self.incoming.setdefault(flow.get("targetRef") or "", []).append(flow)

    def connect(self, doc: Document, source: str, target: str) -> etree._Element:
        """A new sequence flow from `source` to `target`."""
        flow = doc.make(self.element, "sequenceFlow", f"{source}-{target}")
        flow.set("sourceRef", source)
        flow.set("targetRef", target)
        self.add(flow)
        return flow

    def leave_from(self, flow: etree._Element, source: str) -> None:
        """Let an existing flow begin at another node."""
        self.outgoing[flow.get("sourceRef") or ""].remove(flow)
        flow.set("sourceRef", source)
        self.outgoing.setdefault(source, []).append(flow)


def is_loose(node: etree._Element) -> bool:
    """Nodes outside of the normal flow: compensation activities, event sub-processes (BPMN 2.0.2 §10.5.5, §10.7.1)."""
    return is_true(node.get("isForCompensation")) or is_true(node.get("triggeredByEvent"))


def is_end(node: etree._Element) -> bool:
    """Nodes after which nothing follows by a flow."""
    if local(node) == "endEvent":
        return True
    return local(node) == "boundaryEvent" and has_definition(node, "compensate")


def write_out(doc: Document) -> None:
    """Make every scope explicit. Needs ids on all nodes and flows, and flows that lie in the right scope."""
    for element in list(doc.scopes()):
        if process_of(element) in doc.outlines:
            continue
        scope = Scope(element)
        _join_links(doc, scope)
        if local(element) != "adHocSubProcess":
            _start(doc, scope)
            _end(doc, scope)
        for node in list(scope.nodes):
            _split(doc, scope, node)
        _rebuild_references(scope)


def place_flows(doc: Document) -> None:
    """Put each sequence flow into the scope of its source (some tools leave all of them in the process)."""
    for flow in list(doc.root.iter(tag("sequenceFlow"))):
        source, target = (doc.find(flow.get(end), flow) for end in ("sourceRef", "targetRef"))
        if not _known_ends(doc, flow, source, target):
            continue
        assert source is not None and target is not None  # _known_ends
        home = source.getparent()
        if home is not target.getparent():
            doc.error(
                flow,
                f"The flow goes from “{source.get('id')}” to “{target.get('id')}”, across the border of a sub-process.",
                "Let it end inside the sub-process, or begin at the sub-process itself (BPMN 2.0.2 §7.6.1).",
            )
            _remove(flow)
        else:
            move(flow, home)
    doc.reread_flows()


def _known_ends(
    doc: Document, flow: etree._Element, source: etree._Element | None, target: etree._Element | None
) -> bool:
    good = True
    for attribute, node, end in (("sourceRef", source, "begins"), ("targetRef", target, "ends")):
        reference = flow.get(attribute)
        if node is not None and (local(node) in FLOW_NODES or local(node) in NOT_EXECUTED):
            continue
        good = False
        if not reference:
            doc.error(flow, f"The sequence flow has no {attribute}.", f"Name the node where it {end}.")
        elif node is None:
            advice = _near(doc, flow, reference)
            doc.error(flow, f"The sequence flow {end} at “{reference}”, which is not in the file.", advice)
        else:
            doc.error(
                flow,
                f"The sequence flow {end} at “{reference}”, a {local(node) or 'foreign element'}.",
                "Sequence flows connect events, activities and gateways only.",
            )
    if not good:
        doc.torn = True
        _remove(flow)
    return good


def _near(doc: Document, flow: etree._Element, reference: str) -> str:
    """Which node was meant; sought for the first problems only, as comparing takes time."""
    if len(doc.problems) >= _HELPED:
        return "Connect it again."
    nodes = [key for key, node in doc.ids.get(process_of(flow), {}).items() if local(node) in FLOW_NODES]
    near = get_close_matches(reference[:60], nodes[:_COMPARED], n=1)
    return f"Did you mean “{near[0]}”?" if near else "Connect it again."


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _join_links(doc: Document, scope: Scope) -> None:
    """A link is a flow without a line (BPMN 2.0.2 §10.5.5, “off-page connector”): draw it."""
    linked = [node for node in scope.nodes if has_definition(node, "link")]
    catching: dict[str, etree._Element] = {}
    for node in linked:
        if local(node) == "intermediateCatchEvent" and (name := _link_name(node)):
            if name in catching:
                doc.error(node, f"Two events catch the link “{name}”.", "Give each link catch event its own name.")
            catching[name] = node
    for node in linked:
        name = _link_name(node)
        if not name:
            doc.error(node, "The link event names no link.", "Write the same name into its throw and catch events.")
        elif local(node) == "intermediateThrowEvent" and name not in catching:
            doc.error(node, f"Nothing catches the link “{name}” here.", "Add a link catch event with that name.")
        elif local(node) == "intermediateThrowEvent":
            scope.connect(doc, node.get("id") or "", catching[name].get("id") or "")
        elif local(node) != "intermediateCatchEvent":
            doc.error(node, "Links are thrown and caught by intermediate events only.", "Use an intermediate event.")
    for node in linked:
        node.tag = tag("intermediateThrowEvent")
        for definition in children(node, "linkEventDefinition"):
            node.remove(definition)


def _link_name(node: etree._Element) -> str:
    definition = child(node, "linkEventDefinition")
    return ((definition.get("name") if definition is not None else None) or node.get("name") or "").strip()


def _start(doc: Document, scope: Scope) -> None:
    if any(local(node) == "startEvent" for node in scope.nodes):
        return
    if is_true(scope.element.get("triggeredByEvent")):
        return  # refused by the checks: an event sub-process begins with its event
    first = [node for node in scope.nodes if _may_begin(scope, node)]
    if not scope.nodes and local(scope.element) == "process":
        return  # nothing is drawn: a pool's outline, not a process
    begin = doc.make(scope.element, "startEvent", f"{scope.element.get('id')}.start")
    scope.nodes.append(begin)
    if not scope.nodes[:-1]:
        end = doc.make(scope.element, "endEvent", f"{scope.element.get('id')}.end")
        scope.nodes.append(end)
        first = [end]
    for node in first:
        scope.connect(doc, begin.get("id") or "", node.get("id") or "")
    if not first:
        doc.error(
            scope.element,
            "Nothing begins: every element has an incoming flow, and there is no start event.",
            "Add a start event.",
        )


def _may_begin(scope: Scope, node: etree._Element) -> bool:
    name = local(node)
    return name not in {"boundaryEvent"} and not is_loose(node) and not scope.incoming.get(node.get("id") or "")


def _end(doc: Document, scope: Scope) -> None:
    last = [
        node
        for node in scope.nodes
        if not is_end(node) and not is_loose(node) and not scope.outgoing.get(node.get("id") or "")
    ]
    has_end = any(local(node) == "endEvent" for node in scope.nodes)
    if not last and (has_end or not scope.nodes):
        return
    end = doc.make(scope.element, "endEvent", f"{scope.element.get('id')}.end")
    scope.nodes.append(end)
    for node in last:
        scope.connect(doc, node.get("id") or "", end.get("id") or "")


def _split(doc: Document, scope: Scope, node: etree._Element) -> None:
    """Put a gateway behind what is not a gateway and has several or conditional flows; part gateways that also join."""
    flows = list(scope.outgoing.get(node.get("id") or "", ()))
    name = local(node)
    if name in GATEWAYS:
        joins = len(scope.incoming.get(node.get("id") or "", ())) > 1
        if name in {"parallelGateway", "inclusiveGateway"} and joins and len(flows) > 1:
            _gateway_behind(doc, scope, node, flows, name)
        return
    conditional = any(child(flow, "conditionExpression") is not None for flow in flows)
    if len(flows) > 1 or conditional:
        _gateway_behind(doc, scope, node, flows, "inclusiveGateway" if conditional else "parallelGateway")


def _gateway_behind(
    doc: Document, scope: Scope, node: etree._Element, flows: Iterable[etree._Element], kind: str
) -> None:
    node_id = node.get("id") or ""
    gateway = doc.make(scope.element, kind, f"{node_id}.split")
    gateway_id = gateway.get("id") or ""
    gateway.set("gatewayDirection", "Diverging")
    if node.get("name"):
        gateway.set("name", node.get("name") or "")
    if node.get("default"):
        gateway.set("default", node.attrib.pop("default"))
    for flow in flows:
        scope.leave_from(flow, gateway_id)
        if kind == "inclusiveGateway" and flow.get("id") != gateway.get("default"):
            _require_condition(flow)
    scope.connect(doc, node_id, gateway_id)
    scope.nodes.append(gateway)


def _require_condition(flow: etree._Element) -> None:
    """An unconditional flow is always taken; the parser wants that said."""
    if child(flow, "conditionExpression") is None:
        etree.SubElement(flow, tag("conditionExpression")).text = "True"


def _rebuild_references(scope: Scope) -> None:
    """`incoming` and `outgoing` repeat what the flows say; tools write them wrongly or not at all."""
    for node in scope.nodes:
        for old in children(node, "incoming", "outgoing"):
            node.remove(old)
        place = sum(1 for part in node if part.tag in _BEFORE_FLOWS)
        node_id = node.get("id") or ""
        for name, flows in (("outgoing", scope.outgoing), ("incoming", scope.incoming)):
            for flow in reversed(flows.get(node_id, ())):
                reference = etree.Element(tag(name))
                reference.text = flow.get("id")
                node.insert(place, reference)
