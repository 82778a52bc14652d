"""Gateways whose conditions leave a gap, or hold together: with values for which they do."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from service.engine.expressions import budget, ranges
from service.engine.expressions.ranges import Tried
from service.engine.xml.document import Document, child, line_of, local, tag, text_of


def check(doc: Document, process: etree._Element) -> None:
    """Warn of values for which a gateway of a normalised process takes no way; hint at those for which several hold."""
    flows: dict[str, list[etree._Element]] = {}
    for flow in process.iter(tag("sequenceFlow")):
        flows.setdefault(flow.get("sourceRef") or "", []).append(flow)
    for gateway in process.iter(tag("exclusiveGateway"), tag("inclusiveGateway")):
        leaving = flows.get(gateway.get("id") or "", [])
        asked = [flow for flow in leaving if flow.get("id") != gateway.get("default")]
        if len(leaving) > 1 and all(child(flow, "conditionExpression") is not None for flow in asked):
            budget.reading(line_of(gateway), gateway.get("id"))
            _gateway(doc, gateway, asked, has_default=len(asked) < len(leaving))


def _gateway(doc: Document, gateway: etree._Element, asked: list[etree._Element], *, has_default: bool) -> None:
    together = tried(asked)
    if together is None:
        return
    found = list(together)
    gap = next((each for each in found if not any(each.holding)), None)
    if gap is not None and not has_default:
        message = f"With {gap} it takes no way: no condition holds, and there is no default flow."
        doc.warn(gateway, message, "Mark one flow as the default, or let the conditions cover it.", rule="gap")
    overlap = next((each for each in found if sum(each.holding) > 1), None)
    if overlap is not None and local(gateway) == "exclusiveGateway":
        first, second, *_ = [flow for flow, holds in zip(asked, overlap.holding, strict=True) if holds]
        message = f"With {overlap} both “{_goal(first)}” and “{_goal(second)}” would fit: “{_goal(first)}” is taken."
        doc.hint(gateway, message, "The first drawn wins; let the conditions exclude each other.", rule="overlap")


def tried(flows: Iterable[etree._Element]) -> Iterable[Tried] | None:
    """What can come of the conditions of flows, in their order; None where that is not known."""
    return ranges.tried(ranges.condition(text_of(child(flow, "conditionExpression"))) for flow in flows)


def together(
    _gateway: etree._Element, taken: tuple[etree._Element, ...], others: tuple[etree._Element, ...]
) -> bool | None:
    """Whether the conditions of some flows may all hold while those of the others do not; None: nobody knows."""
    found = tried((*taken, *others))
    if found is None:
        return None
    wanted = (True,) * len(taken) + (False,) * len(others)
    return any(each.holding == wanted for each in found)


def _goal(flow: etree._Element) -> str:
    name = " ".join((flow.get("name") or "").split())
    return (name or flow.get("targetRef") or "")[:60]
