"""From BPMN files to definitions: normalise, check, and build the graph of nodes that the engine runs.

Done once per definition and process: no case ever parses XML. The nodes are built one by one, without recursion, so a
chain of any length and processes that call themselves or each other are no trouble.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from service.engine import decisions as dmn
from service.engine import timing
from service.engine.definition import Element, Problem, ProcessInfo, Refused, Severity
from service.engine.elements import NODES
from service.engine.elements.events import EventDefinition
from service.engine.elements.process import Process
from service.engine.elements.repetition import Repetition
from service.engine.graph import Correlation, Flow, Graph
from service.engine.normalise import Normalised, normalise

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CASE = "{urn:casewright:bpmn:1.0}"
SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"
_SUB_PROCESSES = ("subProcess", "transaction", "adHocSubProcess")


class Definition:
    """One executable process. Immutable; shared by all its cases and by threads."""

    def __init__(self, key: str, info: ProcessInfo, elements: Mapping[str, Element], graph: Graph) -> None:
        self.key = key
        self.info = info
        self.elements = elements
        self.graph = graph
        self.decisions: Mapping[str, Any] = {}
        self._siblings: Mapping[str, Definition] = {}

    def starts(self) -> set[str]:
        """The ids of the elements that may begin a case: start events, instantiating receive tasks and the like."""
        known = {start.element_id for start in self.info.starts}
        return {node.name for node in self.graph.body(None).nodes if node.name in known} | {
            node.name for node in self.graph.body(None).starts
        }

    def called(self, key: str) -> Definition | None:
        """The process that a call activity names, of those deployed or linked together with this one."""
        return self._siblings.get(key)

    def link(self, siblings: Mapping[str, Definition], decisions: Mapping[str, Any]) -> None:
        """Say once, at parsing, which processes and decisions belong together."""
        self._siblings = siblings
        self.decisions = decisions


@dataclass(frozen=True)
class Package:
    """Processes and decisions that were deployed, or linked, together."""

    definitions: Mapping[str, Definition]
    decisions: Mapping[str, Any]
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Source:
    """The XML of one element, and of the file it stands in, for a node's `read`."""

    xml: etree._Element
    element: Element
    references: Mapping[str, etree._Element] = field(default_factory=dict)  #: root elements of the file by id

    def get(self, attribute: str) -> str | None:
        """An attribute of BPMN."""
        value = self.xml.get(attribute)
        return None if value is None else str(value)

    def flag(self, attribute: str, *, default: bool = False) -> bool:
        """A boolean attribute of BPMN."""
        value = self.xml.get(attribute)
        return default if value is None else value.strip().lower() in ("true", "1")

    def text(self, child: str, parent: etree._Element | None = None) -> str:
        """The text of a child element, or ""."""
        found = (self.xml if parent is None else parent).find(BPMN + child)
        return "" if found is None else "".join(map(str, found.itertext())).strip()

    def mappings(self, direction: str) -> list[tuple[str, str]]:
        """The `case:ioMapping` (source expression, target name) pairs, `input` or `output`."""
        mappings = self.element.inputs if direction == "input" else self.element.outputs
        return [(mapping.source, mapping.target) for mapping in mappings]

    def extension(self, node: etree._Element, name: str) -> str | None:
        """A `case:` attribute of an event definition, or the same as SpiffWorkflow's extension element."""
        if value := node.get(CASE + name):
            return str(value)
        found = node.find(f"{BPMN}extensionElements/{SPIFF}{name}")
        return None if found is None else "".join(map(str, found.itertext())).strip() or None

    def associated(self) -> str | None:
        """The id of what an association leads to from here: a compensation event's handler."""
        for association in self.xml.getroottree().iter(BPMN + "association"):
            if association.get("sourceRef") == self.xml.get("id"):
                return str(association.get("targetRef"))
        return None

    def repetition(self) -> Repetition | None:
        """Loop or multi-instance, if the activity has one."""
        loop = self.xml.find(BPMN + "standardLoopCharacteristics")
        if loop is not None:
            maximum = loop.get("loopMaximum")
            return Repetition(
                "loop",
                condition=self.text("loopCondition", loop) or None,
                maximum=int(maximum) if maximum else None,
                test_before=loop.get("testBefore") in ("true", "1"),
            )
        multi = self.xml.find(BPMN + "multiInstanceLoopCharacteristics")
        return None if multi is None else self._multi_instance(multi)

    def _multi_instance(self, multi: etree._Element) -> Repetition:
        return Repetition(
            "sequential" if multi.get("isSequential") in ("true", "1") else "parallel",
            cardinality=self.text("loopCardinality", multi) or None,
            collection=self.text("loopDataInputRef", multi) or None,
            item=_name_of(multi.find(BPMN + "inputDataItem")),
            results=self.text("loopDataOutputRef", multi) or None,
            result=_name_of(multi.find(BPMN + "outputDataItem")),
            result_expression=multi.get(CASE + "outputElement"),
            until=self.text("completionCondition", multi) or None,
        )

    def events(self) -> tuple[EventDefinition, ...]:
        """The event definitions, those of the file's root that are referred to included."""
        found = [node for node in self.xml if _local(node).endswith("EventDefinition")]
        for reference in self.xml.findall(BPMN + "eventDefinitionRef"):
            target = self.references.get((reference.text or "").strip())
            if target is not None:
                found.append(target)
        return tuple(event for node in found if (event := self._event(node)) is not None)

    def own_message(self) -> tuple[EventDefinition, ...]:
        """A send or receive task's message."""
        message = self.references.get(self.xml.get("messageRef") or "")
        return () if message is None else (self._message(self.xml, message),)

    def _event(self, node: etree._Element) -> EventDefinition | None:
        kind = _local(node).removesuffix("EventDefinition")
        if kind == "timer":
            return self._timer(node)
        if kind == "conditional":
            return EventDefinition("conditional", text=self.text("condition", node))
        if kind == "link":
            return EventDefinition("link", node.get("name"))
        if kind == "compensate":
            return EventDefinition("compensation", activity_ref=node.get("activityRef"))
        if kind in ("terminate", "cancel"):
            return EventDefinition(kind)
        target = self.references.get(node.get(f"{kind}Ref") or "")
        if kind == "message" and target is not None:
            return self._message(node, target)
        name = None if target is None else target.get("name") or target.get("id")
        if kind in ("error", "escalation") and target is not None:
            name = target.get(f"{kind}Code") or name
        return EventDefinition(
            kind,
            name,
            variable=self._said(node, target, "messageVariable", "variableName"),
            payload=self._said(node, target, "messagePayload", "payloadExpression"),
            code_variable=self._said(node, target, "errorCodeVariable", "escalationCodeVariable"),
            message_variable=self._said(node, target, "errorMessageVariable"),
        )

    def _message(self, node: etree._Element, message: etree._Element) -> EventDefinition:
        return EventDefinition(
            "message",
            message.get("name") or message.get("id"),
            variable=self._said(node, message, "messageVariable", "variableName"),
            payload=self._said(node, message, "messagePayload", "payloadExpression"),
            correlation_key=self._said(node, message, "correlationKey"),
        )

    def _said(self, node: etree._Element, target: etree._Element | None, *names: str) -> str | None:
        """What is said at the definition, else at its element, else at the message or signal itself."""
        places = [place for place in (node, self.xml, target) if place is not None]
        return next((said for place in places for name in names if (said := self.extension(place, name))), None)

    def _timer(self, node: etree._Element) -> EventDefinition | None:
        for kind in ("Date", "Duration", "Cycle"):
            if text := self.text(f"time{kind}", node):
                bare = text.strip("\"'")
                return EventDefinition(kind.lower(), text=bare if timing.is_literal(bare) else text)
        return None


def parse(files: Mapping[str, bytes]) -> Package:
    """Read the .bpmn and .dmn files of one deployment, by name.

    Raises Refused with every problem that is an error; problems that are warnings come with the package.
    """
    problems: list[Problem] = []
    read: list[Normalised] = []
    for name, content in files.items():
        if name.lower().endswith(".dmn"):
            continue
        try:
            found = normalise(name, content)
        except Refused as refused:
            problems += refused.problems
            continue
        problems += found.problems
        read.append(found)
    decisions: Mapping[str, Any] = {}
    try:
        decisions = dmn.parse_decisions({name: text for name, text in files.items() if name.lower().endswith(".dmn")})
    except Refused as refused:
        problems += refused.problems
    if errors := [problem for problem in problems if problem.severity is Severity.ERROR]:
        raise Refused([*errors, *(problem for problem in problems if problem.severity is not Severity.ERROR)])
    definitions: dict[str, Definition] = {}
    for file in read:
        definitions.update(_build_file(file))
    for definition in definitions.values():
        definition.link(definitions, decisions)
    return Package(definitions, decisions, tuple(problems))


def _build_file(file: Normalised) -> dict[str, Definition]:
    references = {str(node.get("id")): node for node in file.root if node.get("id")}
    correlation = _correlation(file.root)
    found = {}
    for process in file.root.findall(BPMN + "process"):
        key = str(process.get("id"))
        info = file.infos.get(key)
        if info is None or not info.executable:
            continue
        graph = _graph(key, process, file.elements.get(key, {}), references)
        graph.correlation = correlation
        found[key] = Definition(key, info, file.elements.get(key, {}), graph)
    return found


def _graph(
    key: str, process: etree._Element, elements: Mapping[str, Element], references: Mapping[str, etree._Element]
) -> Graph:
    graph = Graph(key)
    graph.start = Process(graph)
    owner: dict[etree._Element | None, str | None] = {process: None}
    owner |= {node: str(node.get("id")) for node in process.iter() if _local(node) in _SUB_PROCESSES}
    for node in process.iter():
        kind = NODES.get(_local(node))
        if kind is not None and node.getparent() in owner:
            element = elements.get(str(node.get("id"))) or Element(str(node.get("id")), _local(node))
            made = kind(graph, element, Source(node, element, references))
            made.drawn = element.id in elements
            graph.body(owner[node.getparent()]).nodes.append(made)
    for flow in process.iter(BPMN + "sequenceFlow"):
        _connect(graph, flow, elements)
    for xml, name in owner.items():
        if xml is not None:
            _arrange(graph, name, xml)
    graph.data_inputs, graph.data_outputs = _io(process, "dataInput"), _io(process, "dataOutput")
    return graph


def _connect(graph: Graph, xml: etree._Element, elements: Mapping[str, Element]) -> None:
    source, target = (graph.task_specs.get(str(xml.get(end))) for end in ("sourceRef", "targetRef"))
    if source is None or target is None:
        return
    condition = xml.find(BPMN + "conditionExpression")
    text = "" if condition is None else "".join(map(str, condition.itertext())).strip()
    flow = Flow(str(xml.get("id")), source, target, text or None)
    flow.drawn = flow.id in elements
    graph.flows[flow.id] = flow
    source.outgoing.append(flow)
    target.incoming.append(flow)
    source.connect(target)


def _arrange(graph: Graph, owner: str | None, xml: etree._Element) -> None:
    """Sort a body's nodes: where it starts, what it reacts to, which events hang on what."""
    body = graph.body(owner)
    xml_by_id = {str(node.get("id")): node for node in xml}
    for node in body.nodes:
        source = xml_by_id[node.name]
        if default := source.get("default"):
            node.default = graph.flows.get(str(default))
        if node.element.type == "boundaryEvent":
            host = graph.task_specs.get(str(source.get("attachedToRef")))
            if host is not None:
                host.attached.append(node)
        elif source.get("triggeredByEvent") in ("true", "1"):
            body.reactions.append(node)
        elif node.element.type == "startEvent":
            body.starts.append(node)
        elif not node.incoming and source.get("isForCompensation") not in ("true", "1"):
            body.entries.append(node)
    body.data_objects = _data_objects(xml)


def _data_objects(xml: etree._Element) -> list[str]:
    named = {str(node.get("dataObjectRef")): node.get("name") for node in xml.findall(BPMN + "dataObjectReference")}
    names = []
    for node in xml.findall(BPMN + "dataObject"):
        identity = str(node.get("id"))
        wanted = [node.get("name"), named.get(identity), identity]
        names.append(next(str(name) for name in wanted if (name and str(name).isidentifier()) or name == identity))
    return names


def _io(process: etree._Element, kind: str) -> tuple[str, ...]:
    specification = process.find(BPMN + "ioSpecification")
    if specification is None:
        return ()
    return tuple(name for node in specification.findall(BPMN + kind) if (name := _name_of(node)))


def _correlation(root: etree._Element) -> Correlation:
    keys = [
        (reference.text or "").strip()
        for key in root.iter(BPMN + "correlationKey")
        for reference in key.findall(BPMN + "correlationPropertyRef")
    ]
    messages = {node.get("id"): str(node.get("name") or node.get("id")) for node in root.iter(BPMN + "message")}
    retrieval: dict[str, dict[str, str]] = {}
    for node in root.iter(BPMN + "correlationProperty"):
        for expression in node.findall(BPMN + "correlationPropertyRetrievalExpression"):
            message = messages.get(expression.get("messageRef"))
            text = "".join(map(str, expression.itertext())).strip()
            if message and text:
                retrieval.setdefault(message, {})[str(node.get("id"))] = text
    return Correlation(tuple(dict.fromkeys(keys)), retrieval)


def _name_of(node: etree._Element | None) -> str | None:
    return None if node is None else str(node.get("name") or node.get("id") or "") or None


def _local(node: etree._Element) -> str:
    tag = node.tag
    return tag[len(BPMN) :] if isinstance(tag, str) and tag.startswith(BPMN) else ""
