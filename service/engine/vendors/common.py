"""What the vendors' translations share: giving an element our attributes and mappings, and saying what is lost."""

from __future__ import annotations

import json

from lxml import etree

from service.engine.vendors import juel
from service.engine.xml.document import CASE, Document, child, tag


def give(doc: Document, element: etree._Element, name: str, value: str | None, *, translate: bool = True) -> None:
    """Set our attribute, unless the diagram says it already. `${…}` becomes FEEL."""
    if not value or element.get(f"{{{CASE}}}{name}") is not None:
        return
    if translate and juel.is_juel(value):
        value = feel(doc, element, name, value)
    if value:
        element.set(f"{{{CASE}}}{name}", value)


def feel(doc: Document, element: etree._Element, what: str, text: str) -> str | None:
    """`${…}` as FEEL; None, with a problem, when it has no counterpart."""
    if not doc.may_translate(text):
        return None
    try:
        return juel.to_feel(text, doc.aliases)
    except juel.Untranslatable as reason:
        _untranslatable(doc, element, what, text, reason)
        return None


def python(doc: Document, element: etree._Element, what: str, text: str) -> str | None:
    """`${…}` as Python, or else as FEEL; None, with a problem, when it has no counterpart."""
    if not doc.may_translate(text):
        return None
    try:
        return juel.to_ours(text, doc.aliases)
    except juel.Untranslatable as reason:
        _untranslatable(doc, element, what, text, reason)
        return None


def _untranslatable(doc: Document, element: etree._Element, what: str, text: str, reason: Exception) -> None:
    doc.error(
        element,
        f"The {what} “{text[:80]}” cannot be translated: {reason}.",
        "Write it after = in FEEL, for example = order.total.",
    )


def source_of(doc: Document, element: etree._Element, what: str, text: str) -> str | None:
    """A vendor's mapping source as ours: FEEL stays, `${…}` becomes Python, any other text is a literal."""
    if text.startswith("="):
        return text
    if juel.is_juel(text):
        return python(doc, element, what, text)
    return literal(text)


def literal(text: str) -> str:
    """A text as a Python and FEEL literal."""
    return json.dumps(text, ensure_ascii=False)


def map_data(element: etree._Element, direction: str, source: str, target: str) -> None:
    """Add a `case:input` or `case:output` to the element's `case:ioMapping`; the diagram's own for a target wins."""
    holder = child(element, "extensionElements")
    if holder is None:
        holder = etree.Element(tag("extensionElements"))
        documentation = child(element, "documentation")
        element.insert(0 if documentation is None else element.index(documentation) + 1, holder)
    mapping = holder.find(f"{{{CASE}}}ioMapping")
    if mapping is None:
        mapping = etree.SubElement(holder, f"{{{CASE}}}ioMapping")
    written = mapping.findall(f"{{{CASE}}}{direction}")
    if any(part.get("target") == target and (target != "*" or part.get("source") == source) for part in written):
        return
    made = etree.SubElement(mapping, f"{{{CASE}}}{direction}")
    made.set("source", source)
    made.set("target", target)


def lost(doc: Document, element: etree._Element, said: str, advice: str = "") -> None:
    """A warning: what the vendor's tool does here, we do not."""
    doc.warn(
        element, f"{said} has no effect here.", advice or "Remove it, or express it in BPMN or with a case: attribute."
    )
