"""From BPMN files to definitions: normalise, check, and build the graph of nodes that the engine runs.

Done once per definition and process: no case ever parses XML. The nodes are built one by one, without recursion, so a
chain of any length and processes that call themselves or each other are no trouble.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree

from service.engine import decisions as dmn
from service.engine.definition import Element, Problem, ProcessInfo, Refused, ServiceLevel, Severity
from service.engine.elements import NODES
from service.engine.elements.data import Place
from service.engine.elements.graph import Correlation, Flow, Graph
from service.engine.elements.process import Process
from service.engine.elements.source import BPMN, Source, local, name_of
from service.engine.normalise import Normalised, normalise

_SUB_PROCESSES = ("subProcess", "transaction", "adHocSubProcess")


class Definition:
    """One executable process. Immutable; shared by all its cases and by threads."""

    def __init__(self, key: str, info: ProcessInfo, elements: Mapping[str, Element], graph: Graph) -> None:
        self.key = key
        self.info = info
        self.elements = elements
        self.graph = graph
        self.decisions: Mapping[str, Any] = {}
        self.levels: Mapping[str, tuple[ServiceLevel, ...]] = {}  #: of tasks, here and in processes linked with this
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

    def items(self) -> frozenset[str]:
        """How multi-instance activities, here or in a process linked with this, call the item of an instance."""
        nodes = (node for each in (*self._siblings.values(), self) for node in each.graph.task_specs.values())
        loops = (getattr(node, "repetition", None) for node in nodes)
        return frozenset(loop.item for loop in loops if loop is not None and loop.item)

    def retrieval(self, message: str) -> Mapping[str, str]:
        """How the properties of a message are read from its payload, here or else in a process linked with this."""
        found: dict[str, str] = {}
        for definition in (*self._siblings.values(), self):
            found |= definition.graph.correlation.retrieval.get(message, {})
        return found

    def link(self, siblings: Mapping[str, Definition], decisions: Mapping[str, Any]) -> None:
        """Say once, at parsing, which processes and decisions belong together."""
        self._siblings = siblings
        self.decisions = decisions
        others = (element for each in siblings.values() for element in each.elements.values())
        found = {element.id: element.levels for element in others if element.id not in self.elements}
        found |= {element.id: element.levels for element in self.elements.values()}
        self.levels = {name: levels for name, levels in found.items() if levels}

    @property
    def is_measured(self) -> bool:
        """Whether any service level is measured in its cases."""
        return bool(self.levels or self.info.levels or any(stage.levels for stage in self.info.stages))


@dataclass(frozen=True)
class Package:
    """Processes and decisions that were deployed, or linked, together."""

    definitions: Mapping[str, Definition]
    decisions: Mapping[str, Any]
    warnings: tuple[Problem, ...] = ()


def parse(files: Mapping[str, bytes], *, deployed: bool = False) -> Package:
    """Read the .bpmn and .dmn files of one deployment, by name.

    Raises Refused with every problem that is an error; problems that are warnings come with the package. What is
    `deployed` already was accepted once: its cases run on, even if a newer release would ask for more.
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
        tables = {name: text for name, text in files.items() if name.lower().endswith(".dmn")}
        decisions = dmn.parse_decisions(tables, deployed=deployed)
    except Refused as refused:
        problems += refused.problems
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors and not deployed:
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
        graph.correlation = replace(correlation, bindings=_bindings(process))
        found[key] = Definition(key, info, file.elements.get(key, {}), graph)
    return found


def _graph(
    key: str, process: etree._Element, elements: Mapping[str, Element], references: Mapping[str, etree._Element]
) -> Graph:
    graph = Graph(key)
    graph.start = Process(graph)
    owner: dict[etree._Element | None, str | None] = {process: None}
    owner |= {node: str(node.get("id")) for node in process.iter() if local(node) in _SUB_PROCESSES}
    places = _places(process, references)
    for node in process.iter():
        kind = NODES.get(local(node))
        if kind is not None and node.getparent() in owner:
            element = elements.get(str(node.get("id"))) or Element(str(node.get("id")), local(node))
            made = kind(graph, element, Source(node, element, references, places))
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
    return list(_variables(xml).values())


def _variables(xml: etree._Element) -> dict[str, str]:
    """The data objects of a process or sub-process by id, with the names of their variables: what people call them."""
    named = {str(node.get("dataObjectRef")): node.get("name") for node in xml.findall(BPMN + "dataObjectReference")}
    names = {}
    for node in xml.findall(BPMN + "dataObject"):
        identity = str(node.get("id"))
        wanted = [node.get("name"), named.get(identity), identity]
        names[identity] = next(str(name) for name in wanted if (name and str(name).isidentifier()) or name == identity)
    return names


def _places(process: etree._Element, references: Mapping[str, etree._Element]) -> dict[str, Place]:
    """What the ids of data objects, stores and references to them mean."""
    variables: dict[str, str] = {}
    for node in process.iter():
        if node is process or local(node) in _SUB_PROCESSES:
            variables |= _variables(node)
    places = {identity: Place(name) for identity, name in variables.items()}
    for node in process.iter(BPMN + "dataObjectReference"):
        if (target := str(node.get("dataObjectRef"))) in variables:
            places[str(node.get("id"))] = Place(variables[target])
    for node in process.iter(BPMN + "dataStoreReference"):
        store = references.get(str(node.get("dataStoreRef")))
        name = (None if store is None else store.get("name")) or node.get("name") or node.get("id")
        places[str(node.get("id"))] = Place(str(name), store=True)
    return places


def _io(process: etree._Element, kind: str) -> tuple[str, ...]:
    specification = process.find(BPMN + "ioSpecification")
    if specification is None:
        return ()
    return tuple(name for node in specification.findall(BPMN + kind) if (name := name_of(node)))


def _bindings(process: etree._Element) -> dict[str, str]:
    """The properties for which the process itself has a value (BPMN 2.0.2 §8.3.3, context-based correlation)."""
    found = {}
    for binding in process.iterfind(f"{BPMN}correlationSubscription/{BPMN}correlationPropertyBinding"):
        path = binding.find(f"{BPMN}dataPath")
        text = "" if path is None else "".join(map(str, path.itertext())).strip()
        if text:
            found[str(binding.get("correlationPropertyRef")).rsplit(":", 1)[-1]] = text
    return found


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
