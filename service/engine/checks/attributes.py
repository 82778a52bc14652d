"""Our own attributes (handbook/designers/02-diagram.md): their names, where they stand, and their values."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from itertools import islice

from lxml import etree

from service.engine import searchable
from service.engine.checks import times
from service.engine.definition import ASSIGN_BY, LIMIT, ProcessInfo
from service.engine.normalise import calendars, timers
from service.engine.normalise.catalogue import case_attributes
from service.engine.notation import ATTRIBUTES, LITERAL, PARTS, PLACES
from service.engine.xml.document import (
    ACTIVITIES,
    CASE,
    FLOW_NODES,
    SCOPES,
    Document,
    child,
    local,
)

_TASKS = frozenset({"userTask", "manualTask"})
_LISTS = {"stages": "stage", "roles": "role", "outcomes": "outcome", "milestones": "milestone"}
_ELEMENTS = tuple(part.name for part in PARTS)
_ACCESS = ("read", "work", "steer")
_RESULTS = next(each.values for each in ATTRIBUTES if each.name == "mapDecisionResult")
_AD_HOC = {each.name for each in ATTRIBUTES if each.in_ad_hoc}
_CANDIDATES = {"candidateUsers", "candidateGroups", "candidateRoles"}
_CONTRACT = {each.name for each in ATTRIBUTES if each.of_child}
_DATES = {"dueDate", "followUpDate"}
_OF_CASES = {"dueDate", "calendar"}
Known = Mapping[str, set[str]]
_KEY = re.compile(r"[\w.-]{1,128}")
_HELPED = 50  #: problems of a file for which a suggestion is sought
_COMPARED = 100  #: names that a suggestion is sought among; comparing takes time
_TARGET = re.compile(r"[A-Za-z_]\w*|\*")


def check(doc: Document, part: etree._Element, info: ProcessInfo | None) -> None:
    """Check the `case:` attributes and elements of one process, or of another root element such as a message."""
    known = {kind: {each.id for each in getattr(info, f"{kind}s", ())} for kind in _LISTS.values()}
    for element in part.iter():
        if doc.full:
            return
        name = local(element)
        if name:
            for attribute, value in case_attributes(element).items():
                _attribute(doc, element, attribute, value, known)
        elif str(element.tag).startswith(f"{{{CASE}}}"):
            _extension(doc, element)


def _attribute(doc: Document, element: etree._Element, attribute: str, value: str, declared: Known) -> None:
    places = PLACES.get(attribute)
    if places is None:
        doc.error(element, f"case:{attribute} is not known.", _nearest(attribute, list(PLACES), "case:"))
        return
    if local(element) not in places:
        where = ", ".join(sorted(places)) if len(places) < 6 else "other elements"
        doc.warn(element, f"case:{attribute} has no effect on a {local(element)}.", f"It belongs on: {where}.")
        return
    only_ad_hoc = attribute in _AD_HOC or (attribute in _CANDIDATES and local(element) not in _TASKS)
    if only_ad_hoc and not _in_ad_hoc(element):
        doc.warn(
            element,
            f"case:{attribute} has no effect here.",
            "It belongs on what people start in an ad hoc sub-process.",
        )
    if attribute == "calendar" and local(element) not in SCOPES and not calendars.counts(element):
        doc.warn(
            element,
            "case:calendar has no effect here.",
            "It belongs to a case:dueDate, a case:followUpDate, a case:serviceLevel or a timeDuration; rounds of a "
            "cycle are counted by the clock, so write one such as 0 9 * * MON-FRI.",
        )
    if attribute in _CONTRACT and case_attributes(element).get("childCase") != "true":
        doc.warn(element, f"case:{attribute} has no effect here.", 'It belongs to case:childCase="true".')
    if value.startswith("=") and (attribute in LITERAL or (local(element) == "process" and attribute in _OF_CASES)):
        doc.error(element, f"case:{attribute}=“{value[:60]}” is an expression here.", "Write the value itself.")
        return
    if attribute == "assignBy" and not _CANDIDATES & case_attributes(element).keys():
        doc.error(
            element,
            "case:assignBy has nobody to choose among.",
            "Name candidates: case:candidateGroups, case:candidateUsers or case:candidateRoles.",
        )
    if attribute == "answerableByLink" and value == "true" and "formKey" not in case_attributes(element):
        doc.warn(
            element, "case:answerableByLink has no effect here.", "There is nothing to answer without a case:formKey."
        )
    kind = "role" if attribute == "candidateRoles" else attribute
    if kind in declared and not value.startswith("="):
        _declared(doc, element, kind, value, declared[kind])
    elif attribute == "notDoneBy":
        _four_eyes(doc, element, value)
    elif (test := _test(attribute, feel=value.startswith("="))) is not None and (wrong := test(value)):
        doc.error(element, f"case:{attribute}=“{value[:60]}” {wrong[0]}.", wrong[1])


def _test(attribute: str, *, feel: bool) -> Callable[[str], Wrong] | None:
    """What looks at the attribute's value."""
    if feel:
        return _constant_date if attribute in _DATES else None
    return _VALUES.get(attribute)


def _declared(doc: Document, element: etree._Element, kind: str, value: str, known: set[str]) -> None:
    """Stages, roles, outcomes and milestones are named by what the process declares."""
    for name in [part.strip() for part in value.split(",")] if kind == "role" else [value]:
        if name not in known:
            advice = f"Declare it in the process's <case:{kind}s>."
            near = _nearest(name, sorted(known), "", advice) if len(doc.problems) < _HELPED else advice
            doc.error(element, f"The process has no {kind} “{name[:60]}”.", near)


def _nearest(
    word: str, known: list[str], prefix: str, otherwise: str = "The handbook, at /help/diagram, has those there are."
) -> str:
    found = difflib.get_close_matches(word[:60], known[:_COMPARED], n=1, cutoff=0.6)
    return f"Did you mean {prefix}{found[0]}?" if found else otherwise


def _in_ad_hoc(element: etree._Element) -> bool:
    parent = element.getparent()
    return parent is not None and local(parent) == "adHocSubProcess"


def _four_eyes(doc: Document, task: etree._Element, value: str) -> None:
    for name in (part.strip() for part in value.split(",")):
        if doc.full:
            return
        found = doc.find(name, task)
        if found is None or local(found) not in ACTIVITIES:
            advice = "Name the id of a task."
            doc.error(
                task,
                f"case:notDoneBy names “{name[:60]}”, which is no activity of the process.",
                _nearest(name, _activities(doc, task), "", advice) if len(doc.problems) < _HELPED else advice,
            )


def _activities(doc: Document, near: etree._Element) -> list[str]:
    """Ids of the first activities of the process around `near`."""
    nodes = islice(doc.ids.get(_process_id(near), {}).items(), 3 * _COMPARED)
    return [key for key, node in nodes if local(node) in ACTIVITIES]


def _process_id(element: etree._Element) -> str:
    return next((parent.get("id") or "" for parent in element.iterancestors() if local(parent) == "process"), "")


def _extension(doc: Document, element: etree._Element) -> None:
    name = etree.QName(element).localname
    if name not in _ELEMENTS:
        doc.error(element, f"<case:{name}> is not known.", _nearest(name, list(_ELEMENTS), "case:"))
    elif name in {"input", "output"}:
        source, target = (element.get("source") or "").strip(), (element.get("target") or "").strip()
        if not source or not target:
            doc.error(element, f"The {name} mapping needs a source and a target.", 'Write source="= …" target="name".')
        elif not _TARGET.fullmatch(target):
            doc.error(element, f"The target “{target[:60]}” is no variable's name.", "Write a name, such as amount.")
    elif name == "ioMapping" and not _of_flow_node(element):
        doc.error(element, "<case:ioMapping> stands on no activity or event.", "Put it into its extensionElements.")
    elif name in _LISTS.values() and not element.get("id"):
        doc.error(element, f"The {name} has no id.", f'Write <case:{name} id="intake" name="Intake"/>.')
    elif name == "stage" and not LIMIT.fullmatch(element.get("limit") or "1"):
        said = (element.get("limit") or "")[:20]
        doc.error(element, f"The limit “{said}” is no number of cases.", "Write a whole number from 1 to 9999.")
    elif name == "role" and (element.get("access") or "read") not in _ACCESS:
        doc.error(element, f"The access “{element.get('access')}” is not known.", "Write read, work or steer.")


def _of_flow_node(element: etree._Element) -> bool:
    holder = element.getparent()
    owner = holder.getparent() if holder is not None else None
    return owner is not None and local(owner) in FLOW_NODES and child(owner, "extensionElements") is holder


Wrong = tuple[str, str] | None


def _date(value: str) -> Wrong:
    example = "Write a duration (PT48H, P30D), a date (2026-12-24T18:00Z), or FEEL after =."
    if not (timers.DURATION.fullmatch(value) or timers.DATE.fullmatch(value)):
        return "is no duration or date", timers.instead_of(value, example)
    return ("is no time", example) if timers.wrong_time(value) else None


def _constant_date(text: str) -> Wrong:
    return ("gives no date", times.ADD) if times.gives_none(text) else None


def _priority(value: str) -> Wrong:
    good = re.fullmatch(r"\d{1,3}", value) and int(value) <= 100
    return None if good else ("is no priority", "Write a whole number from 0 to 100.")


def _count(value: str) -> Wrong:
    good = re.fullmatch(r"[1-9]\d{0,5}", value)
    return None if good else ("is no number of repetitions", "Write a whole number from 1.")


def _flag(value: str) -> Wrong:
    return None if value in {"true", "false"} else ("is neither true nor false", "Write true or false.")


def _result(value: str) -> Wrong:
    return None if value in _RESULTS else ("is not known", f"Write one of {', '.join(_RESULTS)}.")


def _key(value: str) -> Wrong:
    return None if _KEY.fullmatch(value) else ("is no key", "Use letters, digits, dots, dashes and underscores.")


def _variable(value: str) -> Wrong:
    return None if re.fullmatch(r"[A-Za-z_]\w*", value) else ("is no variable's name", "Write a name, such as result.")


def _prefix(value: str) -> Wrong:
    good = re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,11}", value)
    return None if good else ("is no prefix for numbers", "Write up to 12 letters and digits, such as CLM.")


def _people(value: str) -> Wrong:
    return ("has a semicolon, which no name has", "Put commas between names.") if ";" in value else None


def _searchable(value: str) -> Wrong:
    example = 'Write names with kinds, such as "amount: number, claimant.city: text".'
    seen: set[str] = set()
    for said in searchable.parts(value):
        if not said.is_name:
            return f"holds “{said.name[:60]}”, which is no variable's name", example
        if said.kind not in searchable.KINDS:
            near = difflib.get_close_matches(said.kind[:60], searchable.KINDS, n=1, cutoff=0.6)
            kinds = f"The kinds are {', '.join(searchable.KINDS)}."
            return f"gives {said.name} the kind “{said.kind[:60]}”", f"Did you mean {near[0]}?" if near else kinds
        if said.name in seen:
            return f"names {said.name} twice", "Name it once."
        seen.add(said.name)
    return (f"names more than {searchable.MOST} facts", "Name fewer.") if len(seen) > searchable.MOST else None


def _assign_by(value: str) -> Wrong:
    ways = "Write round-robin, least-load, or skill: and a skill's name, such as skill:water-damage."
    return None if re.fullmatch(ASSIGN_BY, value) else ("is no way to choose somebody", ways)


def _clock(value: str) -> Wrong:
    return None if value in {"stops", "runs"} else ("is not known", "Write stops or runs.")


def _on_cancel(value: str) -> Wrong:
    return None if value in {"cancel", "keep"} else ("is not known", "Write cancel or keep.")


def _on_failure(value: str) -> Wrong:
    good = value in {"fail", "ignore"} or re.fullmatch(r"error:\S+", value)
    return None if good else ("is not known", "Write fail, ignore, or error: and an error's code.")


_VALUES: Mapping[str, Callable[[str], Wrong]] = {
    "dueDate": _date,
    "followUpDate": _date,
    "priority": _priority,
    "maxRepetitions": _count,
    "required": _flag,
    "autoStart": _flag,
    "reasonRequired": _flag,
    "repeatable": _flag,
    "answerableByLink": _flag,
    "insertable": _flag,
    "changesNeedApproval": _flag,
    "childCase": _flag,
    "waitFor": _flag,
    "inheritRoles": _flag,
    "onParentCancel": _on_cancel,
    "onChildFailure": _on_failure,
    "mapDecisionResult": _result,
    "clock": _clock,
    "assignBy": _assign_by,
    "formKey": _key,
    "calendar": _key,
    "decisionRef": _key,
    "resultVariable": _variable,
    "messageVariable": _variable,
    "variableName": _variable,
    "errorVariable": _variable,
    "numberPrefix": _prefix,
    "searchable": _searchable,
    **dict.fromkeys(("candidateUsers", "candidateGroups", "candidateStarterGroups", "candidateStarterUsers"), _people),
    **dict.fromkeys(("managerGroups", "readerGroups", "assignee"), _people),
}
