"""Service levels as they are drawn: `<case:serviceLevel>` of a process, a stage or a user task."""

from __future__ import annotations

from lxml import etree

from service.engine.definition import Escalation, ServiceLevel
from service.engine.normalise.calendars import CALENDAR
from service.engine.xml.document import CASE, SCOPES, child, line_of, local

LEVEL, ON_WARNING, ON_BREACH = (f"{{{CASE}}}{name}" for name in ("serviceLevel", "onWarning", "onBreach"))
KINDS = ("response", "resolution")
MEASURED = frozenset({"userTask", "manualTask"})  #: beside processes and stages


def of_element(node: etree._Element) -> tuple[ServiceLevel, ...]:
    """Those of a process or a task."""
    holder = child(node, "extensionElements") if local(node) in MEASURED | {"process"} else None
    return () if holder is None else _listed(holder, _calendar(node))


def of_stage(stage: etree._Element, process: etree._Element) -> tuple[ServiceLevel, ...]:
    """Those of a `<case:stage>`."""
    return _listed(stage, _calendar(process))


def _listed(holder: etree._Element, calendar: str) -> tuple[ServiceLevel, ...]:
    """One of each kind; a second one is refused elsewhere."""
    found = {each.kind: each for each in (_level(node, calendar) for node in holder.findall(LEVEL))}
    return tuple(found[kind] for kind in KINDS if kind in found)


def _level(node: etree._Element, calendar: str) -> ServiceLevel:
    said = (node.get("calendar") or calendar).strip()
    return ServiceLevel(
        kind=(node.get("kind") or "resolution").strip(),
        target=(node.get("target") or "").strip(),
        warning=(node.get("warning") or "").strip(),
        calendar="" if said == "none" else said,
        on_warning=_escalation(node.find(ON_WARNING)),
        on_breach=_escalation(node.find(ON_BREACH)),
        line=line_of(node),
    )


def _escalation(node: etree._Element | None) -> Escalation:
    if node is None:
        return Escalation()
    priority = (node.get("priority") or "").strip()
    return Escalation(
        notify=names(node.get("notify")),
        assign=(node.get("assign") or "").strip(),
        priority=min(100, int(priority)) if priority.isascii() and priority.isdecimal() else None,
        activity=(node.get("activity") or "").strip(),
    )


def names(text: str | None) -> tuple[str, ...]:
    """Names between commas."""
    return tuple(dict.fromkeys(name for part in (text or "").split(",") if (name := part.strip())))


def _calendar(node: etree._Element) -> str:
    """The nearest calendar that is said at an element or around it."""
    around = [node, *(each for each in node.iterancestors() if local(each) in SCOPES)]
    return next((said for each in around if (said := (each.get(CALENDAR) or "").strip())), "")
