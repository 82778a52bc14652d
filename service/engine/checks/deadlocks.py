"""Joins that can never open: a parallel join waits for two ways of which every token takes only one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from lxml import etree

from service.engine.normalise.structure import Scope
from service.engine.xml.document import ACTIVITIES, Document, has_definition, is_true, local

_CHOICES = {"exclusiveGateway", "eventBasedGateway"}
_COMPARED = 20  #: flows into one join that are compared with each other


def check(doc: Document, scope: Scope) -> None:
    """Warn of each parallel join (BPMN 2.0.2 §13.4.1) in a normalised scope that waits for alternatives."""
    nodes = {node.get("id") or "": node for node in scope.nodes}
    for join in scope.nodes:
        flows = scope.incoming.get(join.get("id") or "", [])
        if local(join) == "parallelGateway" and len(flows) > 1:
            _join(doc, scope, nodes, join, flows[:_COMPARED])


def _join(
    doc: Document, scope: Scope, nodes: dict[str, etree._Element], join: etree._Element, flows: list[etree._Element]
) -> None:
    ways = [dict(_choices(scope, nodes, flow)) for flow in flows]
    for first, second in combinations(ways, 2):
        for choice in first.keys() & second.keys():
            if first[choice] != second[choice] and _passed_once(scope, nodes, choice, join.get("id") or ""):
                doc.warn(
                    join,
                    f"It waits for both alternatives of “{choice}”, of which a token takes only one: it never opens.",
                    "Join alternatives with an exclusive gateway, or split with a parallel or inclusive one.",
                )
                return


def _choices(scope: Scope, nodes: dict[str, etree._Element], flow: etree._Element) -> Iterator[tuple[str, str]]:
    """What was chosen, and how, on the only way back from a flow: until several ways lead to one place."""
    seen: set[str] = set()
    way, here = flow.get("id") or "", flow.get("sourceRef") or ""
    while here in nodes and here not in seen:
        seen.add(here)
        node = nodes[here]
        if local(node) == "boundaryEvent":
            if not _ends_its_host(node):
                return
            way, here = here, node.get("attachedToRef") or ""
            yield here, way
        elif local(node) in _CHOICES:
            yield here, way
        elif local(node) in ACTIVITIES:
            yield here, ""  # it was completed
        incoming = scope.incoming.get(here, [])
        if len(incoming) != 1:
            return
        way, here = incoming[0].get("id") or "", incoming[0].get("sourceRef") or ""


def _ends_its_host(boundary: etree._Element) -> bool:
    loose = boundary.get("cancelActivity") is not None and not is_true(boundary.get("cancelActivity"))
    return not loose and not has_definition(boundary, "compensate")


def _passed_once(scope: Scope, nodes: dict[str, etree._Element], choice: str, join: str) -> bool:
    """Whether no second token can come to the choice without the join: by no loop, split or event beside the flow."""
    before = _leading_to(scope, nodes, choice, join)
    if choice in before:
        return False
    for key in before:
        node = nodes[key]
        forward = sum(flow.get("targetRef") in before | {choice} for flow in scope.outgoing.get(key, ()))
        if forward > 1 and local(node) not in _CHOICES:
            return False
        if local(node) == "boundaryEvent" and not _ends_its_host(node):
            return False
        if local(node) == "startEvent" and sum(local(other) == "startEvent" for other in scope.nodes) > 1:
            return False
        if node.get("completionQuantity") not in {None, "1"}:
            return False
    return True


def _leading_to(scope: Scope, nodes: dict[str, etree._Element], goal: str, join: str) -> set[str]:
    """What lies before `goal`, on ways that do not pass the join; `goal` itself where it can be reached again."""
    found: set[str] = set()
    waiting = [goal]
    while waiting:
        current = waiting.pop()
        sources = [flow.get("sourceRef") or "" for flow in scope.incoming.get(current, ())]
        if local(nodes[current]) == "boundaryEvent":
            sources.append(nodes[current].get("attachedToRef") or "")
        for source in sources:
            if source in nodes and source not in found and source != join:
                found.add(source)
                waiting.append(source)
    return found
