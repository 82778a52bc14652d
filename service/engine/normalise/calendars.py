"""Whose working time counts: what a process or sub-process says of it holds for what is in it."""

from __future__ import annotations

from lxml import etree

from service.engine.xml.document import CASE, SCOPES, Document, child, children, local, tag

CALENDAR = f"{{{CASE}}}calendar"
_LEVEL = f"{{{CASE}}}serviceLevel"
_DATED = (f"{{{CASE}}}dueDate", f"{{{CASE}}}followUpDate")


def hand_down(doc: Document) -> None:
    """Give each task with a date and each event with a timer the nearest calendar that is said around it."""
    for holder in doc.root.iter(*map(tag, SCOPES)):
        if holder.get(CALENDAR):
            for node in holder.iter():
                if node is not holder and counts(node) and CALENDAR not in node.attrib and _nearest(node) is holder:
                    node.set(CALENDAR, holder.get(CALENDAR) or "")


def counts(node: etree._Element) -> bool:
    """Whether a duration may be counted at the element: a task with a date or a service level, or an event with a
    timer of a duration."""
    if local(node) in SCOPES:
        return False
    timers, said = children(node, "timerEventDefinition"), child(node, "extensionElements")
    if said is not None and said.find(_LEVEL) is not None:
        return True
    return any(name in node.attrib for name in _DATED) or any(children(timer, "timeDuration") for timer in timers)


def _nearest(node: etree._Element) -> etree._Element | None:
    return next((each for each in node.iterancestors() if local(each) in SCOPES and each.get(CALENDAR)), None)
