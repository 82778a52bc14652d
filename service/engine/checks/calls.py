"""How processes call each other, across all files: doubles, and circles that nothing could ever leave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from lxml import etree

from service.engine.definition import Problem, Severity
from service.engine.normalise import Normalised
from service.engine.normalise.structure import Scope, is_loose
from service.engine.xml.document import SUB_PROCESSES, Document, child, is_true, line_of, local


def check(models: Sequence[Normalised], called: Mapping[str, Iterable[str]]) -> list[Problem]:
    """Process ids that are used twice, files without anything to run, and calls that can only go round."""
    problems: list[Problem] = []
    processes: dict[str, tuple[Normalised, etree._Element]] = {}
    for model in models:
        for process in model.doc.processes():
            key = process.get("id") or ""
            if key not in model.doc.outlines:
                if key in processes and processes[key][0] is not model:
                    problems.append(_twice(model, process, processes[key][0]))
                processes.setdefault(key, (model, process))
    if models and not processes:
        problems.append(_nothing_runs(models[0]))
    return problems + list(_circles(processes, called))


def _twice(model: Normalised, process: etree._Element, other: Normalised) -> Problem:
    return Problem(
        file=model.name,
        line=line_of(process),
        element_id=process.get("id"),
        element_name=process.get("name"),
        message=f"The process id “{process.get('id')}” is also used in {other.name}.",
        advice="Give each process its own id.",
    )


def _nothing_runs(model: Normalised) -> Problem:
    first = next(iter(model.doc.processes()), model.root)
    return Problem(
        file=model.name,
        line=line_of(first),
        element_id=first.get("id"),
        element_name=first.get("name"),
        message="No process of it can be executed.",
        advice='Draw a process, and mark it isExecutable="true".',
    )


def _circles(
    processes: Mapping[str, tuple[Normalised, etree._Element]], called: Mapping[str, Iterable[str]]
) -> Iterator[Problem]:
    """A call within a circle of calls is an error when its process cannot end without it, else a warning."""
    graph: dict[str, set[str]] = {key: set(targets) for key, targets in called.items()}
    graph |= {key: {call.get("calledElement") or "" for call in _calls(found)} for key, (_, found) in processes.items()}
    circular = {key for key in processes if any(_leads_to(graph, target, key) for target in graph[key])}
    ending = _can_end({key: processes[key] for key in circular})
    for key in sorted(circular):
        model, process = processes[key]
        for call in _calls(process):
            target = call.get("calledElement") or ""
            if _leads_to(graph, target, key):
                yield _circle(model.doc, call, key, target, Severity.WARNING if key in ending else Severity.ERROR)


def _circle(doc: Document, call: etree._Element, key: str, target: str, severity: Severity) -> Problem:
    itself = "itself" if key == target else f"“{target}”, which calls “{key}” again"
    return Problem(
        file=doc.file,
        line=line_of(call),
        element_id=call.get("id"),
        element_name=call.get("name") or None,
        severity=severity,
        message=f"The process calls {itself}"
        + (", on every way to its end: it would never end." if severity is Severity.ERROR else "."),
        advice="Put a gateway before the call, so that it is left out some day, or draw a loop instead."
        if severity is Severity.ERROR
        else "Make sure that its condition fails in time: calls are nested only so deep.",
    )


def _calls(process: etree._Element) -> list[etree._Element]:
    return [node for node in process.iter() if local(node) == "callActivity" and not _opens_case(node)]


def _opens_case(call: etree._Element) -> bool:
    """A child case runs on its own; a person decides there."""
    return is_true(call.get("{urn:casewright:bpmn:1.0}childCase"))


def _leads_to(graph: Mapping[str, set[str]], start: str, goal: str) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        current = waiting.pop()
        if current == goal:
            return True
        fresh = graph.get(current, set()) - seen
        seen |= fresh
        waiting += fresh
    return False


def _can_end(processes: Mapping[str, tuple[Normalised, etree._Element]]) -> set[str]:
    """Processes with a way to an end that calls only processes which can end themselves (least fixed point)."""
    callers: dict[str, set[str]] = {}
    for key, (_, process) in processes.items():
        for call in _calls(process):
            callers.setdefault(call.get("calledElement") or "", set()).add(key)
    stuck, waiting = set(processes), list(processes)
    while waiting:
        key = waiting.pop()
        if key in stuck and _ends(processes[key][1], stuck):
            stuck.remove(key)
            waiting += callers.get(key, ())
    return set(processes) - stuck


def _ends(scope_element: etree._Element, stuck: set[str]) -> bool:
    scope = Scope(scope_element)
    if local(scope_element) == "adHocSubProcess":
        return True  # a person decides what is done there
    nodes = {node.get("id") or "": node for node in scope.nodes}
    reached = {key for key, node in nodes.items() if local(node) == "startEvent"}
    waiting = list(reached)
    while waiting:
        current = waiting.pop()
        if local(nodes[current]) == "endEvent":
            return True
        following = _attached(scope, current)
        if _passes(nodes[current], stuck):
            following += [flow.get("targetRef") or "" for flow in scope.outgoing.get(current, ())]
        for found in following:
            if found in nodes and found not in reached:
                reached.add(found)
                waiting.append(found)
    return False


def _attached(scope: Scope, host: str) -> list[str]:
    """Boundary events that may interrupt; an error or timer leads out of a call that would never end."""
    return [
        node.get("id") or ""
        for node in scope.nodes
        if local(node) == "boundaryEvent" and node.get("attachedToRef") == host and not is_loose(node)
    ]


def _passes(node: etree._Element, stuck: set[str]) -> bool:
    """Whether a token can get through a node."""
    if (
        local(node) == "callActivity"
        and not _opens_case(node)
        and child(node, "multiInstanceLoopCharacteristics") is None
    ):
        return node.get("calledElement") not in stuck
    return _ends(node, stuck) if local(node) in SUB_PROCESSES else True
