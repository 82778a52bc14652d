"""The order in which the schema wants an element's parts: it means nothing, so what stands elsewhere is moved there."""

from __future__ import annotations

from lxml import etree

from service.engine.xml.document import ACTIVITIES, EVENTS, GATEWAYS, SCOPES, Document, child, children, local, tag

_PARTS = (
    *("documentation", "extensionElements", "import", "extension", "auditing", "monitoring", "categoryValueRef"),
    *("incoming", "outgoing", "ioSpecification", "property", "dataInput", "dataOutput"),
    *("dataInputAssociation", "dataOutputAssociation", "inputSet", "outputSet"),
)
_ROLES = ("resourceRole", "performer", "humanPerformer", "potentialOwner")
_LOOPS = ("standardLoopCharacteristics", "multiInstanceLoopCharacteristics")
_ARTIFACTS = ("artifact", "association", "group", "textAnnotation")
_LAST = ("correlationSubscription", "supports", "relationship")
_RANKS = {
    **{name: place for place, name in enumerate(_PARTS)},
    **dict.fromkeys(_ROLES, 20),
    **dict.fromkeys(_LOOPS, 21),
    "eventDefinitionRef": 23,
    "laneSet": 24,
    **dict.fromkeys(_ARTIFACTS, 31),
    "completionCondition": 32,
    **{name: 40 + place for place, name in enumerate(_LAST)},
}
_EVENT_DEFINITION, _FLOW_ELEMENT, _DIAGRAM = 22, 30, 35
_ORDERED = ACTIVITIES | EVENTS | GATEWAYS | SCOPES | {"definitions"}


def put_in_order(doc: Document) -> None:
    """Sort the parts of every flow node, scope and of the file itself; parts of one kind keep their order."""
    for node in [node for node in doc.root.iter() if local(node) in _ORDERED]:
        parts = list(node)
        wanted = sorted(parts, key=lambda part: _rank(node, part))
        if wanted != parts:
            node[:] = wanted


def complete_sets(doc: Document) -> None:
    """Give each `ioSpecification` the sets that the schema wants and jBPM leaves out where they are empty."""
    for specification in doc.root.iter(tag("ioSpecification")):
        for name in ("inputSet", "outputSet"):
            if child(specification, name) is None:
                place = len(children(specification, "documentation", "extensionElements", "dataInput", "dataOutput"))
                place += len(children(specification, "inputSet"))
                specification.insert(place, etree.Element(tag(name)))


def _rank(parent: etree._Element, part: etree._Element) -> int:
    name = local(part)
    if not name:
        return _DIAGRAM
    if name in _ROLES and local(parent) == "process":
        return _DIAGRAM
    if name.endswith("EventDefinition") and local(parent) != "definitions":
        return _EVENT_DEFINITION
    return _RANKS.get(name, _FLOW_ELEMENT)
