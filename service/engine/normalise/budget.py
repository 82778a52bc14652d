"""How much one file may hold: what is measured to be read and checked within seconds, and far beyond what is drawn."""

from __future__ import annotations

from collections import Counter

from lxml import etree

from service.engine.definition import Problem, Refused
from service.engine.xml.document import FLOW_NODES, local, source_line

#: Elements of these kinds in one file, at most.
LIMITS = {
    "flow nodes": (FLOW_NODES, 10_000),
    "sequence flows": ({"sequenceFlow"}, 20_000),
    "processes": ({"process"}, 200),
    "participants": ({"participant"}, 200),
    "messages, signals, errors and escalations": ({"message", "signal", "error", "escalation"}, 5_000),
    "data objects and stores": ({"dataObject", "dataObjectReference", "dataStore", "dataStoreReference"}, 5_000),
    "artifacts": ({"association", "textAnnotation", "group", "messageFlow"}, 10_000),
}
MAX_EXTENSIONS = 500  #: children of one element's extensionElements and of their own elements


def check_budget(name: str, root: etree._Element) -> None:
    """Raises Refused when the file holds more than we can promise to read in time."""
    counted = Counter(local(node) for node in root.iter())
    for what, (kinds, most) in LIMITS.items():
        found = sum(counted[kind] for kind in kinds)
        if found > most:
            raise _refused(name, root, f"The file has {found:,} {what}; at most {most:,} are read.")
    for node in root.iter("{*}extensionElements"):
        if sum(len(part) + 1 for part in node) > MAX_EXTENSIONS:
            raise _refused(name, node, f"An element has more than {MAX_EXTENSIONS} extension elements.")


def _refused(name: str, element: etree._Element, message: str) -> Refused:
    parent = element.getparent()
    return Refused(
        [
            Problem(
                file=name,
                message=message,
                advice="Split it, and join the parts by call activities.",
                line=source_line(element),
                element_id=parent.get("id") if parent is not None else None,
            )
        ]
    )
