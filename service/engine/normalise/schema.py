"""The published schema of BPMN 2.0 (BPMN20.xsd, as SpiffWorkflow ships it), asked about the file as it was written.

One fault is told once: a wrong name is read as the one that was meant, so that nothing that refers to it is wrong too.
What the schema does not know and nobody would execute anyway is a warning.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from threading import Lock

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import XSD_PATH

from service.engine.vendors import camunda
from service.engine.xml.document import SCOPES, Document, local, tag

MANY_DOUBLES = 500
MOST = 50  #: problems told of one file
ROUNDS = 5  #: after what was told is out of the way, the schema is asked again: it stops at the first in each element
_LOCK = Lock()  # a schema object keeps the errors of its last validation
_NAMESPACE = re.compile(r"\{[^{}]*\}")
#: Values of these types are looked at by ourselves, or do no harm: ids, references, addresses.
_HARMLESS = re.compile(
    r"of the atomic type '(?:xs:ID|xs:IDREF|xs:NCName|xs:anyURI|xs:QName|xs:double)'|"
    r"Element '(?:operation|relationship|interface)': Missing child"  # nothing is executed of them
)
_FIXED_BY_US = ("formalExpression",)
_ATTRIBUTE = re.compile(r"attribute '([^']+)': The attribute '[^']+' is not allowed")
_STEP = re.compile(r"(?:([^:/\[\]]+):)?([^:/\[\]]+)(?:\[(\d+)\])?")
_OURS = {*camunda.SAME.values(), "formKey", "candidateRoles", "assignBy", "notDoneBy"}  #: written without their prefix
_FOLLOW = "Correct the file to follow the schema of BPMN 2.0."


@dataclass(frozen=True)
class _Entry:
    """One violation, as libxml2 tells it."""

    message: str
    line: int
    element: etree._Element


def check_schema(doc: Document) -> None:
    """Report every violation, by line and element. Only the shape of the file, not its meaning."""
    doubles = Counter(str(node.get("id")) for node in doc.root.iter() if node.get("id"))
    if sum(1 for times in doubles.values() if times > 1) + max(doubles.values(), default=0) > MANY_DOUBLES:
        return  # each would be told by the schema, in time that grows by their square; `identity` tells them too
    told: set[tuple[int, str]] = set()
    for _ in range(ROUNDS):
        changed = False
        for entry in _violations(doc):
            if (entry.line, entry.message) not in told and len(told) < MOST:
                told.add((entry.line, entry.message))
                changed |= _tell(doc, entry)
        if not changed:
            return


def _violations(doc: Document) -> list[_Entry]:
    with _LOCK:
        schema = _schema()
        if schema.validate(doc.root.getroottree()):
            return []
        entries = [(entry.message, entry.line, entry.path) for entry in schema.error_log]  # type: ignore[attr-defined]
    sentences = ((_NAMESPACE.sub("", message), line, path) for message, line, path in entries)
    meant = (
        (message[:300].strip(), line, path)
        for message, line, path in sentences
        if not _HARMLESS.search(message) and not any(name in message for name in _FIXED_BY_US)
    )
    return [_Entry(message, line, _element(doc, path)) for message, line, path in islice(meant, MOST)]


def _tell(doc: Document, entry: _Entry) -> bool:
    """Report a violation; True when it was put out of the way, so that what it hid can be seen."""
    element = entry.element
    if attribute := _ATTRIBUTE.search(entry.message):
        _attribute(doc, element, attribute[1])
        return False
    if "not expected" not in entry.message:
        doc.error(element, f"Against the schema: {entry.message}", _FOLLOW)
        return False
    parent = element.getparent()
    if not local(element) and parent is not None:
        said = f"{element.prefix}:{etree.QName(element).localname}" if element.prefix else str(element.tag)
        doc.warn(element, f"<{said[:60]}> has no effect here.", "Put it into extensionElements, or remove it.")
        parent.remove(element)
        return True
    if local(element) in _names("element"):
        doc.error(element, f"Against the schema: {entry.message}", _FOLLOW)
        return False
    return _wrong_name(doc, element)


def _wrong_name(doc: Document, element: etree._Element) -> bool:
    name = local(element)
    near = _near(name, "element")
    advice = f"Did you mean <{near}>?" if near else "Remove it, or put what is not BPMN into extensionElements."
    doc.error(element, f"BPMN has no element <{name[:60]}>.", advice)
    parent = element.getparent()
    drawn = parent is not None and local(parent) in SCOPES and element.get("id")
    if meant := near or ("task" if drawn else None):
        element.tag = tag(meant)
    return bool(meant)


def _attribute(doc: Document, element: etree._Element, name: str) -> None:
    """An attribute that is nearly BPMN's is a mistake; any other changes nothing."""
    said = f"BPMN knows no attribute {name[:60]} on a {local(element) or etree.QName(element).localname}"
    near = None if name in _names("attribute") else _near(name, "attribute")
    if name in _OURS:
        doc.error(element, f"{said}.", f"Did you mean case:{name}?")
    elif near:
        doc.error(element, f"{said}.", f"Did you mean {near}?")
    else:
        doc.warn(element, f"{said}; it has no effect.", "Remove it; attributes of ours begin with case:.")


def _near(name: str, kind: str) -> str | None:
    return next(iter(difflib.get_close_matches(name[:60], sorted(_names(kind)), n=1, cutoff=0.75)), None)


@cache
def _names(kind: str) -> frozenset[str]:
    """The names of all elements, or attributes, of the schema."""
    found: set[str] = set()
    for file in Path(XSD_PATH).parent.glob("*.xsd"):
        declared = (node for node in etree.parse(file).iter(f"{{*}}{kind}") if node.get("abstract") != "true")
        found |= {str(node.get("name")) for node in declared if node.get("name")}
    return frozenset(found)


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(XSD_PATH))


def _element(doc: Document, path: str | None) -> etree._Element:
    """The element at libxml2's path, such as `/bpmn:definitions/bpmn:process/*[3]`, whose prefixes are the file's."""
    here = doc.root
    for step in (path or "").split("/")[2:]:
        match = _STEP.fullmatch(step)
        if match is None:
            return here
        prefix, name, number = match[1], match[2], int(match[3] or 1)
        fitting = [each for each in here if name == "*" or (each.prefix, etree.QName(each).localname) == (prefix, name)]
        if number > len(fitting):
            return here
        here = fitting[number - 1]
    return here
