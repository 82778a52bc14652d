"""The published schema of BPMN 2.0 (BPMN20.xsd, as SpiffWorkflow ships it), asked about the file as it was written."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from threading import Lock

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import XSD_PATH

from service.engine.xml.document import Document

MANY_DOUBLES = 500
MOST = 50  #: problems told of one file
_LOCK = Lock()  # a schema object keeps the errors of its last validation
_NAMESPACE = re.compile(r"\{[^{}]*\}")
#: Values of these types are looked at by ourselves, or do no harm: ids, references, addresses.
_HARMLESS = re.compile(r"of the atomic type '(?:xs:ID|xs:IDREF|xs:NCName|xs:anyURI|xs:QName|xs:double)'")
_FIXED_BY_US = ("formalExpression",)


def check_schema(doc: Document) -> None:
    """Report every violation, by line and element. Only the shape of the file, not its meaning."""
    doubles = Counter(str(node.get("id")) for node in doc.root.iter() if node.get("id"))
    if sum(1 for times in doubles.values() if times > 1) + max(doubles.values(), default=0) > MANY_DOUBLES:
        return  # each would be told by the schema, in time that grows by their square; `identity` tells them too
    with _LOCK:
        schema = _schema()
        if schema.validate(doc.root.getroottree()):
            return
        entries = [(entry.message, entry.line, entry.path) for entry in schema.error_log]  # type: ignore[attr-defined]
    told: set[tuple[int, str]] = set()
    for message, line, path in entries:
        sentence = _sentence(message)
        if _HARMLESS.search(message) or any(name in message for name in _FIXED_BY_US) or (line, sentence) in told:
            continue
        told.add((line, sentence))
        if len(told) > MOST:
            break
        doc.error(_element(doc, path), sentence, "Correct the file to follow the schema of BPMN 2.0.")


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(XSD_PATH))


def _sentence(message: str) -> str:
    """libxml2's words, without namespaces and without more than a little of the file."""
    return f"Against the schema: {_NAMESPACE.sub('', message)[:300].strip()}"


def _element(doc: Document, path: str | None) -> etree._Element | None:
    if not path:
        return doc.root
    try:
        found = doc.root.getroottree().xpath(path)
    except etree.XPathError:
        return doc.root
    first = found[0] if isinstance(found, list) and found else None
    return first if isinstance(first, etree._Element) else doc.root
