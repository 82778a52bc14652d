"""Service levels: where they stand, and what they say of time, people and what is started."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from lxml import etree

from service.engine import service_levels
from service.engine.errors import BadTime
from service.engine.normalise.levels import KINDS, LEVEL, MEASURED, ON_BREACH, ON_WARNING, names
from service.engine.xml.document import ACTIVITIES, CASE, Document, local

_LEVEL = ("kind", "target", "warning", "calendar")
_ESCALATION = ("notify", "assign", "priority", "activity")
_WORDS = ("assignee", "candidates", "owner")
_KEY = re.compile(r"[\w.-]{1,128}")
_STAGE = f"{{{CASE}}}stage"
TARGET = "Write a duration, such as PT4H or P2D."


def check(doc: Document, process: etree._Element, roles: set[str]) -> None:
    """Report what is wrong with the service levels of one process; `roles` are those that it declares."""
    for level in process.iter(LEVEL):
        if doc.full:
            return
        owner = _owner(level)
        if owner is None:
            advice = "Put it into the extensionElements of a process or user task, or into a <case:stage>."
            doc.error(level, "<case:serviceLevel> has no effect here.", advice)
            continue
        _known(doc, level, _LEVEL)
        _check_kind(doc, level)
        _check_times(doc, level)
        for point in level:
            if isinstance(point.tag, str):
                _check_point(doc, level, point, owner, roles)
    for name in (ON_WARNING, ON_BREACH):
        for point in process.iter(name):
            parent = point.getparent()
            if parent is None or parent.tag != LEVEL:
                doc.error(point, f"<case:{_name(point)}> stands alone.", "Put it into a <case:serviceLevel>.")


def _owner(level: etree._Element) -> etree._Element | None:
    """The process, task or stage whose level it is; None where it stands elsewhere."""
    holder = level.getparent()
    if holder is None or holder.tag == _STAGE:
        return holder
    owner = holder.getparent()
    if owner is None or local(holder) != "extensionElements" or local(owner) not in MEASURED | {"process"}:
        return None
    return owner


def _known(doc: Document, node: etree._Element, known: tuple[str, ...]) -> None:
    for name in node.attrib:
        if str(name) not in known:
            near = difflib.get_close_matches(str(name)[:60], known, n=1, cutoff=0.6)
            advice = f"Did you mean {near[0]}?" if near else f"It may have {', '.join(known)}."
            doc.error(node, f"<case:{_name(node)}> knows no “{str(name)[:60]}”.", advice)


def _name(node: etree._Element) -> str:
    return etree.QName(node).localname


def _check_kind(doc: Document, level: etree._Element) -> None:
    kind, holder = (level.get("kind") or "resolution").strip(), level.getparent()
    if kind not in KINDS:
        doc.error(level, f"The service level's kind “{kind[:60]}” is not known.", f"Write {' or '.join(KINDS)}.")
    others = [] if holder is None else [each for each in holder.findall(LEVEL) if each is not level]
    if any((each.get("kind") or "resolution").strip() == kind and _before(each, level) for each in others):
        doc.error(level, f"There is a service level for the {kind[:60]} already.", "Keep one of the two.")


def _before(one: etree._Element, other: etree._Element) -> bool:
    return one in other.itersiblings(preceding=True)


def _check_times(doc: Document, level: etree._Element) -> None:
    target, warning = (level.get("target") or "").strip(), (level.get("warning") or "").strip()
    calendar = (level.get("calendar") or "").strip()
    if calendar and not calendar.startswith("=") and not _KEY.fullmatch(calendar):
        doc.error(level, f"The calendar “{calendar[:60]}” is no key.", "Write a calendar's key, such as munich.")
    if not target:
        doc.error(level, "The service level has no target.", TARGET)
        return
    if wrong := service_levels.wrong_target(target):
        doc.error(level, f"The target “{target[:60]}” {wrong}.", TARGET)
        return
    share = service_levels.SHARE.fullmatch(warning)
    if not warning or share:
        return
    if wrong := service_levels.wrong_target(warning):
        advice = "Write a share of the target from 1% to 99%, or a duration after which it is warned."
        doc.error(level, f"The warning “{warning[:60]}” {wrong}.", advice)
        return
    try:
        late = service_levels.is_later(warning, target)
    except BadTime:
        late = True
    if late:
        doc.error(
            level,
            f"The warning after {warning[:60]} comes no earlier than the target of {target[:60]}.",
            "It is counted from the beginning: write a shorter one, or a share such as 80%.",
        )


def _check_point(
    doc: Document, level: etree._Element, point: etree._Element, owner: etree._Element, roles: set[str]
) -> None:
    if point.tag not in (ON_WARNING, ON_BREACH):
        doc.error(point, f"<case:{_name(point)}> is not known here.", "Write case:onWarning or case:onBreach.")
        return
    _known(doc, point, _ESCALATION)
    if point.tag == ON_WARNING and not level.get("warning"):
        doc.error(point, "It is never warned: the service level has no warning.", 'Write warning="80%" on it.')
    if any(each.tag == point.tag for each in point.itersiblings(preceding=True)):
        doc.error(point, f"There is a <case:{_name(point)}> already.", "Put both into one.")
    priority = (point.get("priority") or "").strip()
    if priority and not (re.fullmatch(r"\d{1,3}", priority) and int(priority) <= 100):
        doc.error(point, f"priority=“{priority[:60]}” is no priority.", "Write a whole number from 0 to 100.")
    is_task = local(owner) in MEASURED
    for name in names(point.get("notify")):
        _check_whom(doc, point, name, roles, _WORDS if is_task else ("owner",))
    if assign := (point.get("assign") or "").strip():
        _check_whom(doc, point, assign, roles, ())
        if not is_task and assign.startswith("group:"):
            advice = "Name a user, or role: and a role of the case."
            doc.error(point, "A case is given to one person, not to a group.", advice)
    if activity := (point.get("activity") or "").strip():
        _check_activity(doc, point, activity)


def _check_whom(doc: Document, point: etree._Element, name: str, roles: set[str], words: tuple[str, ...]) -> None:
    kind, colon, rest = name.partition(":")
    if name in _WORDS and name not in words:
        doc.error(point, f"“{name}” means nobody here.", "Only a task's service level knows who has the task.")
    elif colon and kind not in ("group", "role"):
        doc.error(point, f"“{name[:60]}” names nobody.", "Write a user's name, group:NAME or role:ID.")
    elif colon and not rest.strip():
        doc.error(point, f"“{name[:60]}” names no {kind}.", f"Write {kind}: and its name.")
    elif kind == "role" and rest not in roles:
        near = difflib.get_close_matches(rest[:60], sorted(roles)[:100], n=1, cutoff=0.6)
        advice = f"Did you mean role:{near[0]}?" if near else "Declare it in the process's <case:roles>."
        doc.error(point, f"The process has no role “{rest[:60]}”.", advice)
    elif name.startswith("="):
        doc.error(point, f"“{name[:60]}” is an expression.", "Write a user's name, group:NAME or role:ID.")


def _check_activity(doc: Document, point: etree._Element, name: str) -> None:
    found = doc.find(name, point)
    parent = None if found is None else found.getparent()
    if found is None or local(found) not in ACTIVITIES:
        near = difflib.get_close_matches(name[:60], list(_by_hand(point))[:100], n=1, cutoff=0.6)
        advice = f"Did you mean {near[0]}?" if near else "Name the id of an activity in an ad hoc sub-process."
        doc.error(point, f"The activity “{name[:60]}” is not there.", advice)
    elif parent is None or local(parent) != "adHocSubProcess" or name not in _by_hand(point):
        advice = "Name one in an ad hoc sub-process to which no flow leads."
        doc.error(point, f"The activity “{name[:60]}” cannot be started by hand.", advice)


def _by_hand(near: etree._Element) -> Mapping[str, etree._Element]:
    """What people may start in the ad hoc sub-processes of the process around `near`, by id."""
    process = next((each for each in near.iterancestors() if local(each) == "process"), None)
    found: dict[str, etree._Element] = {}
    for node in () if process is None else process.iter():
        parent = node.getparent()
        if local(node) in ACTIVITIES and parent is not None and local(parent) == "adHocSubProcess":
            led = any(flow.get("targetRef") == node.get("id") for flow in parent if local(flow) == "sequenceFlow")
            if node.get("id") and not led and node.get("triggeredByEvent") not in ("true", "1"):
                found[node.get("id") or ""] = node
    return found
