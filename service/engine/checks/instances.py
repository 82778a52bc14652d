"""Multi-instance and data: answers of forms that stay with an instance and are lost, and what instances overwrite.

A name that exists outside is written outside by each instance, any other belongs to the instance (scope.py). Only
warnings: which names a case has from elsewhere (its opening, a message) no diagram says.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from lxml import etree

from service.engine import expressions
from service.engine.checks import texts
from service.engine.expressions import python_names
from service.engine.normalise.catalogue import case_attributes, extensions
from service.engine.xml.document import ACTIVITIES, SUB_PROCESSES, Document, child, is_true, local, text_of

_MULTI = "multiInstanceLoopCharacteristics"
_OBJECTS = {"dataObject", "dataObjectReference"}
_NAMING = ("resultVariable", "messageVariable", "variableName", "errorVariable")
_CODES = ("errorCodeVariable", "errorMessageVariable", "escalationCodeVariable")


@dataclass(frozen=True)
class FormNames:
    """The variables that one form has to do with."""

    asked: frozenset[str] = frozenset()  #: people fill them in
    written: frozenset[str] = frozenset()  #: these, and what it computes
    read: frozenset[str] = frozenset()  #: what it shows or computes with


#: Of FEEL: texts, brackets, and names before a colon.
_PARTS = re.compile(r"""(?s:"(?:[^"\\]|\\.)*")|[\[\](){}]|(?P<key>[^\W\d]\w*)\s*:""")
_WORD = re.compile(r"[^\W\d]\w*")
Forms = Mapping[str, FormNames]


@dataclass(frozen=True)
class _Write:
    """Something writes a variable; `of` is the form, where it is an answer."""

    name: str
    by: etree._Element
    of: str | None = None


def check(doc: Document, process: etree._Element, forms: Forms) -> None:
    """Warn of the multi-instance activities of a normalised process; `forms` by key, as far as they are known."""
    loops = [node for node in process.iter() if local(node) == _MULTI and _is_activity(node.getparent())]
    if not loops:
        return
    writes = {node: list(_writes(node, forms)) for node in process.iter() if isinstance(node.tag, str)}
    known = Counter(write.name for found in writes.values() for write in found)
    known.update(name for node in process.iter() if local(node) in _OBJECTS for name in _named(node))
    known.update(text_of(node) for node in process.iter() if local(node) == "loopDataOutputRef")
    for loop in loops:
        inside = [write for node in _parent(loop).iter() for write in writes.get(node, ())]
        _activity(doc, loop, inside, known - Counter(write.name for write in inside), forms)


def _is_activity(node: etree._Element | None) -> bool:
    return node is not None and local(node) in ACTIVITIES


def _activity(
    doc: Document, loop: etree._Element, inside: list[_Write], outside: Mapping[str, int], forms: Forms
) -> None:
    activity = _parent(loop)
    own = {name for part in ("inputDataItem", "outputDataItem") for name in _named(child(loop, part))}
    used, takes_all = _used(activity, forms), _takes_all(activity)
    for write in sorted(inside, key=lambda each: each.name):
        if doc.full:
            return
        if write.name in own or write.name in _mapped_in(write.by, activity):
            continue
        if write.name in outside:
            if not is_true(loop.get("isSequential")):
                _shared(doc, activity, write)
        elif write.of is not None and not takes_all and not used.get(write.name, set()) - {write.of}:
            _lost(doc, write)


def _takes_all(activity: etree._Element) -> bool:
    """Whether something inside is given all variables: a decision, or a process that is called without mappings."""
    return any(
        local(node) == "businessRuleTask"
        or (local(node) == "callActivity" and not any(_parts(holder) for holder in extensions(node, "ioMapping")))
        for node in activity.iter()
    )


def _lost(doc: Document, write: _Write) -> None:
    doc.warn(
        write.by,
        f"The answer “{write.name}” of its form stays with the instance, where nothing uses it.",
        "Collect it by loopDataOutputRef and case:outputElement or an outputDataItem, or give it out in a case:output.",
    )


def _shared(doc: Document, activity: etree._Element, write: _Write) -> None:
    doc.warn(
        write.by,
        f"Each instance of “{activity.get('id')}” writes the same “{write.name}”, which is there outside already: "
        "the last one wins.",
        "Give each its own, by another name and case:outputElement; or add up in a script, such as total = total + x.",
    )


def _writes(node: etree._Element, forms: Forms) -> Iterator[_Write]:
    """What an element writes by itself, what only adds to its own old value left out."""
    given = case_attributes(node)
    for script in (text for text in (_script(node), given.get("preScript"), given.get("postScript")) if text):
        yield from (_Write(name, node) for name in _assigned(script))
    for name in (given[said] for said in (*_NAMING, *_CODES) if given.get(said)):
        yield _Write(name, node)
    mapped = [part for holder in extensions(node, "ioMapping") for part in _parts(holder, "output")]
    for part in mapped if child(node, _MULTI) is None else ():  # of a multi-instance it is what leaves the instances
        name = part.get("target") or ""
        if name not in ("", "*") and name not in expressions.names(part.get("source") or ""):
            yield _Write(name, node)
    if not mapped or any(part.get("source") == "*" for part in mapped):
        key = given.get("formKey") or ""
        names = forms.get(key, FormNames())
        yield from (_Write(name, node, key if name in names.asked else None) for name in names.written)


def _script(node: etree._Element) -> str:
    script = child(node, "script") if local(node) == "scriptTask" else None
    return "" if script is None else "".join(map(str, script.itertext()))


def _assigned(text: str) -> frozenset[str]:
    if expressions.is_feel(text):
        words = Counter(_WORD.findall(text))
        return frozenset(name for name in _keys(text) if words[name] == 1)  # else it reads what it was
    try:
        found = python_names.script(text)
    except python_names.Unreadable:
        return frozenset()
    return found.assigned - found.free


def _keys(text: str) -> Iterator[str]:
    """The names of the entries of a context in FEEL, not those of contexts inside it."""
    depth = 0
    for part in _PARTS.finditer(text):
        depth += (part[0] in "{[(") - (part[0] in "}])")
        if part["key"] and depth == 1:
            yield part["key"]


def _used(activity: etree._Element, forms: Forms) -> dict[str, set[str]]:
    """By name, where it is read inside: the keys of forms, or "" for an expression or a data output."""
    found: dict[str, set[str]] = {}
    read = ((name, "") for _, _, text, _ in texts.all_of(activity) for name in _read(text))
    keys = {key for node in activity.iter() if (key := case_attributes(node).get("formKey"))}
    shown = ((name, key) for key in keys for name in forms.get(key, FormNames()).read)
    given = ((name, "") for node in activity.iter() if local(node) == "dataOutput" for name in _named(node))
    for name, where in chain(read, shown, given):
        found.setdefault(name, set()).add(where)
    return found


def _read(text: str) -> set[str]:
    """The variables that a text may read: of FEEL every word, since `{note: note}` reads the one it is named for."""
    return set(_WORD.findall(text)) if expressions.is_feel(text) else set(expressions.names(text))


def _mapped_in(node: etree._Element, activity: etree._Element) -> set[str]:
    """The names that are local between the writer and the instance: inputs, and data objects of sub-processes."""
    found: set[str] = set()
    for around in chain([node], node.iterancestors()):
        found |= {part.get("target") or "" for holder in extensions(around, "ioMapping") for part in _parts(holder)}
        if local(around) in SUB_PROCESSES:
            found |= {name for part in around if local(part) in _OBJECTS for name in _named(part)}
        if around is activity:
            break
    return found


def _parts(holder: etree._Element, direction: str = "input") -> list[etree._Element]:
    return [part for part in holder if etree.QName(part).localname == direction]


def _parent(loop: etree._Element) -> etree._Element:
    activity = loop.getparent()
    assert activity is not None
    return activity


def _named(node: etree._Element | None) -> set[str]:
    return set() if node is None else {name for name in (node.get("name"), node.get("id")) if name}
