"""Ids: each element has one, no two have the same, and references name them without a prefix."""

from __future__ import annotations

from lxml import etree

from service.engine.xml.document import FLOW_NODES, Document, children, line_of, local, process_of, tag, unprefixed

#: Attributes that name another element of the same file by xsd:QName or xsd:IDREF.
_REFERENCES = (
    "sourceRef",
    "targetRef",
    "attachedToRef",
    "default",
    "messageRef",
    "signalRef",
    "errorRef",
    "escalationRef",
    "processRef",
    "operationRef",
    "activityRef",
    "dataObjectRef",
    "dataStoreRef",
    "itemSubjectRef",
)


def name_all(doc: Document) -> None:
    """Collect the ids, refuse doubles, and give ids to the nodes and flows that have none (in BPMN they may)."""
    for process in doc.processes():
        if not process.get("id"):
            doc.error(process, "The process has no id.", "Give it an id: deployments, calls and cases name it.")
            doc.name(process, "process")
    doubles: dict[str, list[etree._Element]] = {}
    for element in doc.root.iter():
        if local(element):
            _collect(doc, element, doubles)
            _unprefix(element)
    for found, elements in doubles.items():
        lines = [str(line_of(element)) for element in elements]
        where = f"lines {', '.join(lines[:10])}{' and more' if len(lines) > 10 else ''}"
        times = "twice" if len(lines) == 2 else f"{len(lines)} times"
        doc.error(elements[1], f"The id “{found}” is used {times}: {where}.", "Give each element its own id.")
    _name_nodes(doc)
    _name_flows(doc)


def _unprefix(element: etree._Element) -> None:
    for attribute in _REFERENCES:
        if ":" in (element.get(attribute) or ""):
            element.set(attribute, unprefixed(element.get(attribute) or ""))


def _collect(doc: Document, element: etree._Element, doubles: dict[str, list[etree._Element]]) -> None:
    """Within one process (itself included), and among the file's root elements, ids are unique."""
    found = element.get("id")
    if not found or element is doc.root:
        return
    homes = {process_of(element), "" if local(element) == "process" else process_of(element)}
    for home in homes:
        first = doc.ids.setdefault(home, {}).setdefault(found, element)
        if first is not element:
            doc.doubled = True
            doubles.setdefault(found, [first]).append(element)
            return


def _name_nodes(doc: Document) -> None:
    for scope in list(doc.scopes()):
        for number, node in enumerate(children(scope, *FLOW_NODES), 1):
            if not node.get("id"):
                doc.name(node, f"{scope.get('id')}.{local(node)}.{number}")
                doc.warn(node, f"The {local(node)} has no id.", "Give it one, so that flows and reports can name it.")


def _name_flows(doc: Document) -> None:
    """Ids of flows are made from their ends, so that two deployments of the same diagram agree."""
    for flow in doc.root.iter(tag("sequenceFlow")):
        if not flow.get("id"):
            doc.name(flow, f"{flow.get('sourceRef')}-{flow.get('targetRef')}")
