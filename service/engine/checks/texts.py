"""Expressions and scripts: their syntax, and what our two sandboxes do not offer, found before anything runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from service.engine import expressions
from service.engine.expressions import budget
from service.engine.normalise import timers
from service.engine.normalise.catalogue import case_attributes
from service.engine.normalise.texts import EXPRESSIONS
from service.engine.xml.document import CASE, Document, line_of, local, text_of

#: Different expressions and scripts of one process: reading one takes about a millisecond.
MAX_TEXTS = 2_000
_TIMES = {"timeDate", "timeDuration", "timeCycle"}
_SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"
_PAYLOADS = {f"{_SPIFF}messagePayload", f"{_SPIFF}payloadExpression"}
_SCRIPTS = {"preScript", "postScript"}
#: Attributes whose text is an expression, with or without `=`.
_ALWAYS = {"availableWhen", "outputElement", "correlationKey", "messagePayload", "payloadExpression"}
#: What may have a name, or code, that is an expression.
_NAMED = {"message": "name", "signal": "name", "error": "errorCode", "escalation": "escalationCode"}
#: Words of other languages in Python, and what to write.
_FOREIGN = {"true": "True", "false": "False", "null": "None"}
_CAMUNDA = re.compile(r"\bexecution\s*\.\s*(?:get|set|has|remove)Variable")
_HINTS = (
    (r"&&", "and"),
    (r"\|\|", "or"),
    (r"!(?!=)", "not"),
    (r"===", "=="),
    (r"(?<![=!<>])=(?!=)", "=="),
)


def check(doc: Document, part: etree._Element) -> None:
    """Report every text of a normalised process (or other root element) that cannot be read; equal ones once."""
    known: dict[tuple[str, str], str | None] = {}
    for element, what, text, language in all_of(part):
        if (text, language) not in known and len(known) >= MAX_TEXTS:
            doc.error(element, f"There are more than {MAX_TEXTS:,} different expressions.", "Use call activities.")
            return
        if (text, language) not in known:
            budget.reading(line_of(element), _id_near(element))
            known[text, language] = expressions.check(text, language) or _foreign(text)
        if (wrong := known[text, language]) is not None:
            doc.error(element, f"The {what} “{_short(text)}” cannot be read: {wrong}", _advice(text, language))


def _id_near(element: etree._Element) -> str | None:
    near = (parent.get("id") for parent in (element, *element.iterancestors()) if parent.get("id"))
    return next(near, None)


def _foreign(text: str) -> str | None:
    """Words that Python would take for unknown variables when it is too late, and functions that FEEL has not."""
    if unknown := sorted(expressions.unknown_functions(text)):
        return f"there is no function “{unknown[0]}”."
    if expressions.is_feel(text):
        return None
    if _CAMUNDA.search(text):
        return "“execution” is an object of Camunda's that is not there; assign and read the variables themselves."
    found = sorted(expressions.names(text) & _FOREIGN.keys())
    return f"“{found[0]}” is no word of Python." if found else None


def _advice(text: str, language: str) -> str:
    """What to write instead, from what is seen most."""
    if expressions.is_feel(text):
        return "Correct it; what begins with = is FEEL."
    for word in _FOREIGN:
        if re.search(rf"\b{word}\b", text):
            return f"Write {_FOREIGN[word]}, or begin with = to write FEEL."
    for pattern, instead in _HINTS if language == "auto" else ():
        if re.search(pattern, text):
            return f"It is read as Python: write {instead}; or begin with = to write FEEL."
    return "Correct it; it is read as FEEL when it begins with =, otherwise as Python."


def _short(text: str) -> str:
    line = text.strip().split("\n")[0]
    return line if len(line) <= 60 else f"{line[:60]}…"


def all_of(part: etree._Element) -> Iterator[tuple[etree._Element, str, str, str]]:
    """(element, what it is called, text, language as `expressions.check` takes it)."""
    for element in part.iter():
        name = local(element)
        text = text_of(element) if name in EXPRESSIONS or name == "script" else ""
        if name == "script" and text:
            yield element, "script", text_raw(element), "auto" if expressions.is_feel(text) else "python"
        elif text and not (name in _TIMES and timers.is_no_expression(text)):
            yield element, EXPRESSIONS[name], text, "auto"
        elif name == "loopDataInputRef" and text_of(element):
            yield element, "collection", text_of(element), "auto"
        elif element.tag in _PAYLOADS and text_of(element):
            yield element, "payload", text_of(element), "auto"
        elif element.tag in {f"{{{CASE}}}input", f"{{{CASE}}}output"}:
            source = (element.get("source") or "").strip()
            if source and source != "*":
                yield element, "source", source, "auto"
        elif name in _NAMED and (element.get(_NAMED[name]) or "").startswith("="):
            yield element, f"{name}'s name", element.get(_NAMED[name]) or "", "auto"
        elif name == "callActivity" and (element.get("calledElement") or "").startswith("="):
            yield element, "called element", element.get("calledElement") or "", "auto"
        elif element.tag == f"{{{CASE}}}serviceLevel" and (element.get("calendar") or "").startswith("="):
            yield element, "service level's calendar", element.get("calendar") or "", "auto"
        elif element.tag == f"{{{CASE}}}milestone" and (element.get("when") or "").strip():
            yield element, "milestone's condition", (element.get("when") or "").strip(), "auto"
        yield from _attributes(element)


def text_raw(element: etree._Element) -> str:
    """The text with its indentation, which Python needs."""
    return "".join(str(part) for part in element.itertext())


def _attributes(element: etree._Element) -> Iterator[tuple[etree._Element, str, str, str]]:
    for name, value in case_attributes(element).items():
        if name in _SCRIPTS:
            yield element, name, value, "auto" if expressions.is_feel(value) else "python"
        elif value and (value.startswith("=") or name in _ALWAYS):
            yield element, f"case:{name}", value, "auto"
