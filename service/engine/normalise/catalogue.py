"""What the diagram says, in plain values: read before anything is rewritten, so that it is what was drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lxml import etree

from service.engine.definition import (
    LIMIT,
    DataMapping,
    Element,
    Milestone,
    Outcome,
    ProcessInfo,
    Role,
    Stage,
    StartEvent,
)
from service.engine.normalise import levels
from service.engine.xml.document import (
    CASE,
    FLOW_NODES,
    SUB_PROCESSES,
    Document,
    child,
    children,
    definitions_of,
    is_true,
    line_of,
    local,
    tag,
    text_of,
    unprefixed,
)

_CASE_PREFIX = f"{{{CASE}}}"
_DESCRIBED = FLOW_NODES | {"sequenceFlow"}

Infos = Mapping[str, ProcessInfo]
Elements = Mapping[str, Mapping[str, Element]]


def describe(doc: Document) -> tuple[Infos, Elements]:
    """The processes and their elements, by id. Vendors' attributes must have been translated before."""
    infos: dict[str, ProcessInfo] = {}
    elements: dict[str, Mapping[str, Element]] = {}
    for process in doc.processes():
        key = process.get("id") or ""
        lanes = _lanes(process)
        found = {
            node.get("id") or "": _element(node, lanes)
            for node in process.iter()
            if local(node) in _DESCRIBED and node.get("id")
        }
        elements[key] = found
        infos[key] = _info(doc, process, found)
    return infos, elements


def case_attributes(element: etree._Element) -> dict[str, str]:
    """The `case:` attributes of an element, without prefix."""
    return {
        str(name)[len(_CASE_PREFIX) :]: str(value).strip()
        for name, value in element.attrib.items()
        if str(name).startswith(_CASE_PREFIX)
    }


def extensions(element: etree._Element, name: str) -> list[etree._Element]:
    """The `case:` elements of this name in the element's `extensionElements`."""
    holder = child(element, "extensionElements")
    return [] if holder is None else holder.findall(f"{_CASE_PREFIX}{name}")


def _element(node: etree._Element, lanes: Mapping[str, str]) -> Element:
    parents = [parent for parent in node.iterancestors() if local(parent) in SUB_PROCESSES]
    lane = next((lanes[place.get("id") or ""] for place in [node, *parents] if place.get("id") in lanes), None)
    return Element(
        id=node.get("id") or "",
        type=local(node),
        name=" ".join((node.get("name") or "").split()),
        line=line_of(node),
        parent=parents[0].get("id") if parents else None,
        lane=lane,
        documentation=text_of(child(node, "documentation")),
        attributes=case_attributes(node),
        inputs=_mappings(node, "input"),
        outputs=_mappings(node, "output"),
        brought=tuple(_brought(node)),
        called=_called(node) if local(node) == "callActivity" else "",
        levels=levels.of_element(node),
    )


def _brought(node: etree._Element) -> Iterable[str]:
    """The names of the activity's data inputs that a data association leads to, and of the item of a multi-instance."""
    for loop in children(node, "multiInstanceLoopCharacteristics"):
        yield from (name for item in children(loop, "inputDataItem") if (name := item.get("name") or item.get("id")))
    inputs = {each.get("id"): each.get("name") or each.get("id") for each in node.iter(tag("dataInput"))}
    for arrow in children(node, "dataInputAssociation"):
        for reference in children(arrow, "targetRef"):
            name = inputs.get(text_of(reference))
            if name:
                yield name


def _mappings(node: etree._Element, direction: str) -> tuple[DataMapping, ...]:
    return tuple(
        DataMapping(mapping.get("source") or "", mapping.get("target") or "")
        for mappings in extensions(node, "ioMapping")
        for mapping in mappings.findall(f"{_CASE_PREFIX}{direction}")
    )


def _lanes(process: etree._Element) -> dict[str, str]:
    """Node id -> name of its lane; of nested lanes the innermost, which comes later in the document."""
    found: dict[str, str] = {}
    for lane in process.iter(tag("lane")):
        for reference in children(lane, "flowNodeRef"):
            found[unprefixed(text_of(reference))] = (lane.get("name") or lane.get("id") or "").strip()
    return found


def _info(doc: Document, process: etree._Element, found: Mapping[str, Element]) -> ProcessInfo:
    key = process.get("id") or ""
    nodes = list(found.values())
    literal = [value for node in nodes for value in [node.attributes.get("formKey", "")] if _is_literal(value)]
    decided = [node.attributes.get("decisionRef", "") for node in nodes if node.type == "businessRuleTask"]
    counted = [process.get(f"{_CASE_PREFIX}calendar", ""), *(node.attributes.get("calendar", "") for node in nodes)]
    stages, own = _stages(process), levels.of_element(process)
    measured = [own, *(stage.levels for stage in stages), *(node.levels for node in nodes)]
    counted += [level.calendar for levels_ in measured for level in levels_]
    calls = list(process.iter(tag("callActivity")))
    called = [_called(call) for call in calls if not _opens_case(call)]
    children = [_called(call) for call in calls if _opens_case(call)]
    heirs = [_called(call) for call in calls if _opens_case(call) and is_true(call.get(f"{_CASE_PREFIX}inheritRoles"))]
    return ProcessInfo(
        key=key,
        name=(process.get("name") or "").strip() or _pool_name(doc, key) or key,
        documentation=text_of(child(process, "documentation")),
        executable=is_executable(process),
        attributes=case_attributes(process),
        stages=stages,
        roles=_roles(process),
        outcomes=tuple(Outcome(key, name) for key, name, _ in _listed(process, "outcomes", "outcome")),
        milestones=tuple(
            Milestone(key, name, (node.get("when") or "").strip() or None)
            for key, name, node in _listed(process, "milestones", "milestone")
        ),
        starts=tuple(_starts(doc, process)),
        forms=_unique(literal),
        decisions=_unique(value for value in decided if _is_literal(value)),
        calls=_unique(value for value in called if _is_literal(value)),
        children=_unique(value for value in children if _is_literal(value)),
        heirs=_unique(value for value in heirs if _is_literal(value)),
        calendars=_unique(value for value in counted if _is_literal(value) and value != "none"),
        levels=own,
        answerable=any(node.get(f"{_CASE_PREFIX}answerableByLink") == "true" for node in process.iter()),
        file=doc.file,
        line=line_of(process),
    )


def _called(call: etree._Element) -> str:
    name = (call.get("calledElement") or "").strip()
    return name if name.startswith(("=", "$", "#")) else unprefixed(name)


def _opens_case(call: etree._Element) -> bool:
    return is_true(call.get(f"{_CASE_PREFIX}childCase"))


def is_executable(process: etree._Element) -> bool:
    """Whether the process can run: not marked otherwise, and more than an empty pool."""
    marked = process.get("isExecutable")
    return (marked is None or is_true(marked)) and any(local(node) in FLOW_NODES for node in process)


def mark_executable(doc: Document) -> None:
    """Write into each process whether it is executed, in the words that the parser knows."""
    for process in doc.processes():
        runs = is_executable(process)
        process.set("isExecutable", "true" if runs else "false")
        if not runs:
            doc.outlines.add(process.get("id") or "")


def _is_literal(value: str) -> bool:
    return bool(value) and not value.startswith("=")


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _pool_name(doc: Document, key: str) -> str:
    for pool in doc.root.iter(tag("participant")):
        if (pool.get("processRef") or "") == key:
            return (pool.get("name") or "").strip()
    return ""


def _stages(process: etree._Element) -> tuple[Stage, ...]:
    return tuple(
        Stage(
            stage.get("id") or "",
            (stage.get("name") or stage.get("id") or "").strip(),
            levels=levels.of_stage(stage, process),
            limit=_limit(stage),
        )
        for stages in extensions(process, "stages")
        for stage in stages.findall(f"{_CASE_PREFIX}stage")
        if stage.get("id")
    )


def _limit(stage: etree._Element) -> int | None:
    said = stage.get("limit") or ""
    return int(said) if LIMIT.fullmatch(said) else None


def _listed(process: etree._Element, holder: str, name: str) -> list[tuple[str, str, etree._Element]]:
    """The id and name of each `<case:name>` in `<case:holder>`."""
    return [
        (node.get("id") or "", (node.get("name") or node.get("id") or "").strip(), node)
        for found in extensions(process, holder)
        for node in found.findall(f"{_CASE_PREFIX}{name}")
        if node.get("id")
    ]


def _roles(process: etree._Element) -> tuple[Role, ...]:
    return tuple(
        Role(
            key,
            name,
            tuple(group.strip() for group in (node.get("groups") or "").split(",") if group.strip()),
            (node.get("access") or "read").strip(),
        )
        for key, name, node in _listed(process, "roles", "role")
    )


def _starts(doc: Document, process: etree._Element) -> list[StartEvent]:
    """The ways into a process: start events, else instantiating receivers, else what nothing leads to."""
    starts = [start for event in children(process, "startEvent") for start in _ways_in(doc, event)]
    for receiver in children(process, "receiveTask", "eventBasedGateway"):
        if is_true(receiver.get("instantiate")):
            starts += _instantiating(doc, receiver)
    if not starts and is_executable(process):
        starts.append(StartEvent(f"{process.get('id')}.start", "none"))
    return starts


def _ways_in(doc: Document, event: etree._Element) -> list[StartEvent]:
    event_id, form = event.get("id") or "", event.get(f"{_CASE_PREFIX}formKey")
    definitions = definitions_of(event) + [
        found
        for reference in children(event, "eventDefinitionRef")
        if (found := doc.find(unprefixed(text_of(reference)), event)) is not None
    ]
    if not definitions:
        return [StartEvent(event_id, "none", None, form)]
    return [
        StartEvent(event_id, local(node).removesuffix("EventDefinition"), event_name(doc, node), form)
        for node in definitions
    ]


def _instantiating(doc: Document, receiver: etree._Element) -> list[StartEvent]:
    """A receive task, or the events behind an event-based gateway, that a message starts the process with."""
    receiver_id = receiver.get("id") or ""
    if local(receiver) == "receiveTask":
        return [StartEvent(receiver_id, "message", event_name(doc, receiver))]
    events = [event for flow in doc.leaving(receiver) if (event := doc.find(flow.get("targetRef"), flow)) is not None]
    starts = [start for event in events if local(event) != "receiveTask" for start in _ways_in(doc, event)]
    tasks = [event for event in events if local(event) == "receiveTask"]
    starts += [StartEvent(task.get("id") or "", "message", event_name(doc, task)) for task in tasks]
    return [start for start in starts if start.kind in {"message", "signal"}]


def event_name(doc: Document, node: etree._Element) -> str | None:
    """The name of the message or signal that a definition (or a receive task) refers to; a timer's expression."""
    for attribute in ("messageRef", "signalRef"):
        if (found := doc.find(node.get(attribute), node)) is not None:
            return found.get("name") or found.get("id")
    if local(node) in {"timerEventDefinition", "conditionalEventDefinition"}:
        return text_of(node) or None
    return None
