"""Which variables a process reads, and which it may set: what nothing sets was probably meant to be another name.

Whoever deploys knows the forms and the other processes, and so joins what is found here
(`operations/unknown_names.py`). Where anything may be set (a message with any payload, a task that a program completes
without a form), `anything` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from service.engine import expressions, searchable
from service.engine.checks import texts
from service.engine.definition import ProcessInfo
from service.engine.elements.attributes import PLACE
from service.engine.expressions import budget, python_names
from service.engine.normalise.catalogue import case_attributes
from service.engine.xml.document import CASE, Document, line_of, local, text_of

_COUNTERS = ("Instances", "CompletedInstances", "ActiveInstances", "TerminatedInstances", "Rounds")
#: There in every case, or within every repetition.
ALWAYS = {"initiator", "loopCounter", *(f"{first}{name}" for first in ("nrOf", "numberOf") for name in _COUNTERS)}
_BROUGHT = {"messageEventDefinition", "signalEventDefinition", "errorEventDefinition", "escalationEventDefinition"}
_NAMED = {"dataObject", "dataObjectReference", "dataInput", "dataOutput", "property", "dataStore", "dataStoreReference"}
#: What stands beside the processes and is for all of them.
_SHARED = {"message", "signal", "error", "escalation", "dataStore"} | _BROUGHT
_ITEMS = {"inputDataItem", "outputDataItem"}
_KEEPING = {"resultVariable", "messageVariable", "variableName"} | {
    "errorCodeVariable",
    "errorMessageVariable",
    "escalationCodeVariable",
}
_CATCHING = {"startEvent", "intermediateCatchEvent", "boundaryEvent", "receiveTask"}
#: Texts that read something else than the case's variables: a message's payload, an activity's own data.
_ELSEWHERE = {"messagePath", "dataPath", "from", "transformation", "activationCondition"}
_HTTP_ANSWER = {"status", "headers", "body"}
_SEARCHABLE = "list of searchable facts"
_KEY = re.compile(r'[{,]\s*"?([^\W\d]\w*)"?\s*:')
_TITLE = re.compile(r"\{([^\W\d]\w*)[\w.]*\}")


@dataclass(frozen=True)
class Read:
    """A variable that is read somewhere."""

    name: str
    what: str  #: what it is read by, such as “condition”
    text: str
    line: int | None
    element_id: str
    element_name: str | None


@dataclass
class Variables:
    """What one process reads and sets."""

    sets: set[str] = field(default_factory=set)
    reads: list[Read] = field(default_factory=list)
    anything: bool = False  #: whether something may set names that the diagram does not say
    forms: set[str] = field(default_factory=set)  #: whose fields are set
    decisions: set[str] = field(default_factory=set)  #: whose outputs become variables
    calls: set[str] = field(default_factory=set)  #: processes with which it exchanges variables


def find(doc: Document, process: etree._Element, info: ProcessInfo) -> Variables:
    """What a normalised process reads and sets."""
    found = Variables(set(ALWAYS), forms=set(info.forms), calls={*info.calls, *info.children})
    found.anything = not info.attributes.get("numberPrefix") or info.attributes.get("insertable") == "true"
    found.anything |= any(start.kind == "none" and not start.form_key for start in info.starts)
    for part in (process, *(other for other in doc.root if local(other) in _SHARED)):
        for element in part.iter():
            collect(found, element)
    found.reads = list(_reads(process, info))
    return found


def collect(found: Variables, element: etree._Element) -> None:
    """Add what one element sets, and whether it may set anything."""
    name, attributes = local(element), case_attributes(element)
    if name in _NAMED | _ITEMS:
        found.sets |= {said for attribute in ("id", "name") if (said := element.get(attribute))}
    elif name == "loopDataOutputRef":
        found.sets.add(text_of(element))
    elif name == "script":
        _script(found, element)
    elif name in _BROUGHT or name == "receiveTask":
        _brought(found, element)
    elif name in {"userTask", "manualTask"}:
        found.anything |= not attributes.get("formKey") or attributes["formKey"].startswith("=")
    elif name == "businessRuleTask" and "resultVariable" not in attributes:
        found.decisions.add(attributes.get("decisionRef", ""))
    elif name == "callActivity":
        found.anything |= (element.get("calledElement") or "").startswith(("=", "$", "#"))
    if attributes.get("type") and "resultVariable" not in attributes:
        found.sets |= _HTTP_ANSWER
    found.sets |= {value for attribute, value in attributes.items() if attribute in _KEEPING}
    for attribute in ("preScript", "postScript"):
        if attribute in attributes:
            _assigned(found, attributes[attribute])
    if element.tag in {f"{{{CASE}}}input", f"{{{CASE}}}output"}:
        found.sets.add((element.get("target") or "").strip())
    elif etree.QName(element).localname in _KEEPING and not name:
        found.sets.add(text_of(element))  # SpiffWorkflow's own


def _script(found: Variables, script: etree._Element) -> None:
    task = script.getparent()
    if task is None or not (expressions.is_feel(text_of(script)) and case_attributes(task).get("resultVariable")):
        _assigned(found, "".join(map(str, script.itertext())))


def _assigned(found: Variables, text: str) -> None:
    """The names that a script binds; a FEEL script binds the keys of its context."""
    if expressions.is_feel(text):
        keys = set(_KEY.findall(text))
        found.sets |= keys
        found.anything |= not keys
        return
    try:
        found.sets |= python_names.script(text).assigned
    except python_names.Unreadable:
        found.anything = True
    found.anything |= "globals" in text or "exec" in text


def _brought(found: Variables, definition: etree._Element) -> None:
    """What is caught brings variables of any name, unless it is told into which one they go."""
    event = definition if local(definition) == "receiveTask" else definition.getparent()
    if event is None or local(event) not in _CATCHING:
        return
    places = [definition, event]
    if not any({"messageVariable", "variableName"} & case_attributes(place).keys() for place in places):
        found.anything = True


def _reads(process: etree._Element, info: ProcessInfo) -> Iterator[Read]:
    """Every variable that is read, once for each text."""
    seen: set[tuple[str, str]] = set()
    for element, what, text in [*texts_of(process), *_names(process, info)]:
        if len(seen) > texts.MAX_TEXTS:
            return
        if (text, what) in seen or "NameError" in text:
            continue
        seen.add((text, what))
        owner = named(element)
        budget.reading(line_of(element), owner.get("id"))
        for name in sorted(read_by(text, what)):
            yield Read(
                name, what, text, line_of(element), owner.get("id") or "", " ".join((owner.get("name") or "").split())
            )


def read_by(text: str, what: str) -> set[str] | frozenset[str]:
    """The variables that a text reads."""
    if what in ("title", "mailText"):
        return set(_TITLE.findall(text))
    if what == _SEARCHABLE:
        return {name.split(".")[0] for name in searchable.declared(text)}
    if what == "name":
        return {place[1].split(".")[0] for place in PLACE.finditer(text)}
    return expressions.outer_names(text)


def texts_of(process: etree._Element) -> Iterator[tuple[etree._Element, str, str]]:
    """The texts that read variables: (element, what it is called, text)."""
    for element, what, text, _ in texts.all_of(process):
        given = element.tag == f"{{{CASE}}}output"
        if not given and local(element) not in _ELSEWHERE and what not in {"payload", "case:outputElement"}:
            yield element, what, text


def _names(process: etree._Element, info: ProcessInfo) -> Iterator[tuple[etree._Element, str, str]]:
    if "{" in (title := info.attributes.get("title", "")):
        yield process, "title", title
    if "{" in (added := info.attributes.get("mailText", "")):
        yield process, "mailText", added
    if facts := info.attributes.get("searchable", ""):
        yield process, _SEARCHABLE, facts
    for element in process.iter():
        if local(element) in {"userTask", "manualTask"} and "{" in (element.get("name") or ""):
            yield element, "name", element.get("name") or ""


def named(element: etree._Element) -> etree._Element:
    """The element that the reader of a problem would look for."""
    while not (element.get("id") and local(element) and not local(element).endswith("EventDefinition")):
        parent = element.getparent()
        if parent is None:
            return element
        element = parent
    return element
