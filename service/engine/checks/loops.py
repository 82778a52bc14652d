"""Loops that nothing ever leaves and in which nothing waits: a case would be stopped there at the engine's limit."""

from __future__ import annotations

from collections.abc import Mapping, Set

from lxml import etree

from service.engine import expressions
from service.engine.expressions import python_names
from service.engine.normalise.structure import Scope, is_loose
from service.engine.xml.document import Document, child, children, definitions_of, local, text_of

_JOINING = {"parallelGateway", "inclusiveGateway"}
_CASE = "{urn:casewright:bpmn:1.0}"


def check(doc: Document, scope: Scope) -> None:
    """Warn of each such loop of a normalised scope, at its first node."""
    nodes = {node.get("id") or "": node for node in scope.nodes}
    hosts = {node.get("attachedToRef") for node in scope.nodes if local(node) == "boundaryEvent"}
    at_once = {key for key, node in nodes.items() if key not in hosts and _goes_on(scope, node)}
    following = {key: [flow.get("targetRef") or "" for flow in scope.outgoing.get(key, ())] for key in at_once}
    told: set[str] = set()
    for loop in _circles(at_once, following):
        leaving = [
            flow for key in loop for flow in scope.outgoing.get(key, ()) if (flow.get("targetRef") or "") not in loop
        ]
        if not any(_may_be_taken(scope, nodes, flow, loop) for flow in leaving):
            first = next(key for key in nodes if key in loop)
            told |= loop
            doc.warn(
                nodes[first],
                f"It goes round for ever with {_others(loop, first)}: nothing waits there, and nothing leads out"
                + (", as nothing there sets what the way out asks for." if leaving else "."),
                "Put a gateway with a condition that comes true into the loop, or something that waits.",
                rule="endless-loop",
            )
    _no_end(doc, scope, nodes, told)


def _no_end(doc: Document, scope: Scope, nodes: Mapping[str, etree._Element], told: set[str]) -> None:
    """Warn of a circle that waits, but from which no way leads to an end, and that nothing from outside breaks off."""
    if doc.torn or local(scope.element) == "adHocSubProcess" or _is_broken_off(scope):
        return
    following = {key: [flow.get("targetRef") or "" for flow in scope.outgoing.get(key, ())] for key in nodes}
    for key, node in nodes.items():
        if local(node) == "boundaryEvent":
            following.setdefault(node.get("attachedToRef") or "", []).append(key)
    before: dict[str, list[str]] = {}
    for key, targets in following.items():
        for target in targets:
            before.setdefault(target, []).append(key)
    ending = [key for key, targets in following.items() if not targets]
    fine = set(ending)
    while ending:
        for key in before.get(ending.pop(), ()):
            if key not in fine:
                fine.add(key)
                ending.append(key)
    for loop in _circles(nodes.keys() - fine, following):
        leaves = any(target not in loop for key in loop for target in following[key])
        if not leaves and not loop & told:
            first = next(key for key in nodes if key in loop)
            doc.warn(
                nodes[first],
                f"From here no way leads to an end: it goes round for ever with {_others(loop, first)}.",
                "Lead a way out of the loop, or let an event end it.",
                rule="no-end",
            )


def _is_broken_off(scope: Scope) -> bool:
    """Whether an event sub-process may end the scope, or an event on the border of what holds it."""
    if any(is_loose(node) for node in scope.nodes):
        return True
    parent = scope.element.getparent()
    events = children(parent, "boundaryEvent") if parent is not None else []
    return any(event.get("attachedToRef") == scope.element.get("id") for event in events)


def _others(loop: set[str], first: str) -> str:
    others = sorted(loop - {first})
    return f"“{'”, “'.join(others[:3])}”" + (" and others" if len(others) > 3 else "") if others else "itself"


def _goes_on(scope: Scope, node: etree._Element) -> bool:
    """Whether a token passes the node by what the diagram says, at once and alone."""
    if child(node, "multiInstanceLoopCharacteristics") is not None or node.get("startQuantity") not in {None, "1"}:
        return False
    name = local(node)
    if name == "intermediateThrowEvent":
        return not definitions_of(node)
    joins = len(scope.incoming.get(node.get("id") or "", ())) > 1
    return name in {"scriptTask", "task", "exclusiveGateway"} or (name in _JOINING and not joins)


def _may_be_taken(scope: Scope, nodes: Mapping[str, etree._Element], flow: etree._Element, loop: set[str]) -> bool:
    """Whether the way out may come to be taken: its gateway asks for something that the loop sets, or for the time."""
    source = nodes[flow.get("sourceRef") or ""]
    if local(source) not in {"exclusiveGateway", "inclusiveGateway"}:
        return True
    asked: set[str] = set()
    for other in scope.outgoing[source.get("id") or ""]:
        condition = text_of(child(other, "conditionExpression"))
        if condition and ("(" in condition or not expressions.names(condition)):
            return True  # a function such as now(), or what cannot be read
        asked |= expressions.names(condition) if condition else set()
    return any(_sets(nodes[key], asked) for key in loop)


def _sets(node: etree._Element, asked: set[str]) -> bool:
    """Whether a node of the loop may set, or change in place, one of these variables."""
    if children(node, "extensionElements") or any(str(name).startswith(_CASE) for name in node.attrib):
        return True
    if local(node) != "scriptTask":
        return bool(children(node, "dataOutputAssociation"))
    text = "".join(str(part) for script in children(node, "script") for part in script.itertext())
    if expressions.is_feel(text):
        return True
    try:
        found = python_names.script(text)
    except python_names.Unreadable:
        return True
    return not asked.isdisjoint(found.assigned | found.read)


def _circles(nodes: Set[str], following: Mapping[str, list[str]]) -> list[set[str]]:
    """The strongly connected parts with a circle in them (Tarjan's algorithm, without recursion)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[set[str]] = []
    for root in sorted(nodes):
        if root in number:
            continue
        work = [(root, iter(following[root]))]
        number[root] = lowest[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        while work:
            here, ahead = work[-1]
            target = next((key for key in ahead if key in nodes and (key not in number or key in on_stack)), None)
            if target is not None and target not in number:
                number[target] = lowest[target] = len(number)
                stack.append(target)
                on_stack.add(target)
                work.append((target, iter(following[target])))
            elif target is not None:
                lowest[here] = min(lowest[here], number[target])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[here])
                if lowest[here] == number[here]:
                    part = set()
                    while here not in part:
                        part.add(stack.pop())
                    on_stack -= part
                    if len(part) > 1 or here in following[here]:
                        found.append(part)
    return found
