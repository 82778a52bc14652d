"""Other tools' XML becomes the BPMN that our parser reads; nothing is lost, every change of meaning is reported.

The file itself is kept by whoever deploys it; what comes out of here is only parsed. What BPMN lets a diagram leave
out (ids of flows, gateways, start and end events) is written out; what it forbids, or what we do not execute, becomes a
Problem that names the element and its line. What the parser may rely on:

- every flow node and sequence flow has an id, and lies in the scope of its source; `incoming` and `outgoing` fit.
- Behind what is no gateway there is at most one flow, without condition: else a gateway `<id>.split` follows. A
  parallel or inclusive gateway joins or splits, never both. Every scope but an ad hoc one begins with a start event and
  ends with end events (`<scope>.start`, `<scope>.end`). None of these is in `elements`: they are never shown.
- Links are plain throw events with a flow between them. A service task that only computes is a script task.
- Texts are FEEL after `=`, else Python; literal times are quoted. `loopDataInputRef` may hold an expression.
- Vendors' attributes stand beside ours (`case:`), and mappings in `case:ioMapping`; source and target `*`: everything.
- Events refer to messages, signals, errors that exist; errors and escalations have a code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from service.engine import vendors
from service.engine.definition import Element, Problem, ProcessInfo, Refused
from service.engine.normalise import (
    calendars,
    catalogue,
    data,
    events,
    global_tasks,
    identity,
    order,
    schema,
    structure,
    texts,
    timers,
)
from service.engine.normalise.budget import check_budget
from service.engine.xml.document import BPMN, CASE, Document, source_line, tag
from service.engine.xml.reading import MAX_BYTES, safe_xml

__all__ = ["Normalised", "normalise", "safe_xml"]


@dataclass(frozen=True)
class Normalised:
    """One BPMN file, ready for the parser, and what it says in plain values."""

    name: str
    root: etree._Element
    problems: tuple[Problem, ...]
    infos: Mapping[str, ProcessInfo]  #: by process id
    elements: Mapping[str, Mapping[str, Element]]  #: by process id, then element id; flow nodes and sequence flows
    forms: Mapping[str, tuple[str, int]]  #: those written in the diagram: by key, the text and its line
    doc: Document = field(repr=False, compare=False)  #: for `checks`


def normalise(name: str, xml: bytes, *, max_bytes: int = MAX_BYTES) -> Normalised:
    """Read one BPMN file. `name` is only used in problems.

    Raises Refused when `xml` is no BPMN at all (see `safe_xml`); everything else is in `problems`, all at once.
    """
    root = safe_xml(name, xml, max_bytes=max_bytes)
    if root.tag != tag("definitions"):
        raise Refused([_not_bpmn(name, root)])
    check_budget(name, root)
    global_tasks.as_processes(root)
    doc = Document(name, root)
    _check_namespace(doc)
    order.put_in_order(doc)
    order.complete_sets(doc)
    schema.check_schema(doc)
    identity.name_all(doc)
    catalogue.mark_executable(doc)
    vendors.translate(doc)
    timers.write_out_cycles(doc)
    calendars.hand_down(doc)
    events.resolve(doc)
    data.map_properties(doc)
    infos, elements = catalogue.describe(doc)
    data.resolve(doc)
    texts.normalise_texts(doc)
    timers.quote_literals(doc)
    if not doc.doubled:
        structure.place_flows(doc)
        texts.check_gateways(doc)
        structure.write_out(doc)
    return Normalised(name, root, tuple(dict.fromkeys(doc.problems)), infos, elements, doc.forms, doc)


def _check_namespace(doc: Document) -> None:
    """A namespace that is nearly ours makes all our attributes foreign ones, which nobody reads."""
    for uri in doc.root.nsmap.values():
        if uri != CASE and re.match(r"urn:case-?wright\b", uri or "", re.IGNORECASE):
            doc.error(doc.root, f"The namespace “{uri[:80]}” is not known.", f'Write xmlns:case="{CASE}".')


def _not_bpmn(name: str, root: etree._Element) -> Problem:
    return Problem(
        file=name,
        line=source_line(root),
        message=f"The root element is {etree.QName(root).localname!r}, not BPMN's definitions.",
        advice=f'Deploy a BPMN 2.0 file: its root is <definitions xmlns="{BPMN}">.',
    )
