"""Data objects, data stores, loops over data and calls: references made good, vague ones named."""

from __future__ import annotations

import re

from lxml import etree

from service.engine.vendors import juel
from service.engine.vendors.common import feel, literal, map_data, python
from service.engine.xml.document import (
    ACTIVITIES,
    CASE,
    Document,
    child,
    children,
    is_true,
    local,
    tag,
    text_of,
    unprefixed,
)

_ENDS = ("sourceRef", "targetRef")
_SHARED = {"dataObjectReference", "dataStoreReference", "dataObject"}
_VARIABLES = {"property", "dataInput", "dataOutput"}
_NAME = re.compile(r"[A-Za-z_]\w*")


def resolve(doc: Document) -> None:
    """Complete data objects and stores, check associations, loops and calls."""
    for reference in list(doc.root.iter(tag("dataObjectReference"))):
        _object_of(doc, reference)
    for store in children(doc.root, "dataStore"):
        if not (store.get("name") or "").strip():
            store.set("name", store.get("id") or "")
    stores = {store.get("name") or "": store.get("id") or "" for store in reversed(children(doc.root, "dataStore"))}
    for reference in list(doc.root.iter(tag("dataStoreReference"))):
        _store_of(doc, reference, stores)
    for association in list(doc.root.iter(tag("dataInputAssociation"), tag("dataOutputAssociation"))):
        _association(doc, association)
    for activity in list(doc.root.iter(*map(tag, ACTIVITIES))):
        _loop(doc, activity)
    for call in doc.root.iter(tag("callActivity")):
        _call(doc, call)


def _object_of(doc: Document, reference: etree._Element) -> None:
    target = doc.find(reference.get("dataObjectRef"), reference)
    if target is not None and local(target) == "dataObject":
        return
    made = etree.Element(tag("dataObject"))
    reference.addprevious(made)
    doc.name(made, reference.get("dataObjectRef") or f"{reference.get('id') or 'data'}.object")
    made.set("name", reference.get("name") or reference.get("id") or "")
    reference.set("dataObjectRef", made.get("id") or "")


def _store_of(doc: Document, reference: etree._Element, stores: dict[str, str]) -> None:
    """Tools draw stores by reference only; references with one name mean one store."""
    target = doc.find(reference.get("dataStoreRef"), reference)
    if target is not None and local(target) == "dataStore":
        return
    name = (reference.get("name") or reference.get("id") or "store").strip()
    if name not in stores:
        made = etree.Element(tag("dataStore"))
        doc.root.insert(0, made)
        doc.name(made, reference.get("dataStoreRef") or f"{reference.get('id') or 'data'}.store")
        made.set("name", name)
        stores[name] = made.get("id") or ""
    reference.set("dataStoreRef", stores[name])


def map_properties(doc: Document) -> None:
    """Associations with variables of the process (`property`), and assignments, are mappings (BPMN 2.0.2 §10.4.2)."""
    for association in list(doc.root.iter(tag("dataInputAssociation"), tag("dataOutputAssociation"))):
        activity = association.getparent()
        if activity is None or local(activity) not in ACTIVITIES:
            continue
        inward = local(association) == "dataInputAssociation"
        source, target = (doc.find(unprefixed(text_of(child(association, end))), activity) for end in _ENDS)
        written = text_of(child(association, "transformation")) or _assigned(association)
        if any(found is not None and local(found) in _SHARED for found in (source, target)) or target is None:
            continue
        if not written and (source is None or local(source) not in _VARIABLES):
            continue
        if juel.is_juel(written):
            written = python(doc, activity, "assignment", written) or ""
        elif source is None and written and "mvel" in (doc.root.get("expressionLanguage") or ""):
            written = literal(written)  # jBPM writes constants so
        map_data(activity, "input" if inward else "output", written or _named(source), _named(target))
        activity.remove(association)


def _assigned(association: etree._Element) -> str:
    """The expression of an association's only assignment."""
    assignments = children(association, "assignment")
    return text_of(child(assignments[0], "from")) if len(assignments) == 1 else ""


def _assignment(doc: Document, owner: etree._Element, assignment: etree._Element) -> None:
    said, target = (text_of(child(assignment, end)) for end in ("from", "to"))
    if not said:
        doc.error(owner, "An assignment says no value.", "Write one in <from>, such as = order.total.")
    elif not target.isidentifier():
        doc.error(
            owner,
            f"The assignment's target “{target[:60]}” is no variable's name.",
            'Assign the whole variable, such as = context put(order, "street", street).',
        )


def _named(found: etree._Element | None) -> str:
    return "" if found is None else (found.get("name") or found.get("id") or "")


def _association(doc: Document, association: etree._Element) -> None:
    """The end that names shared data must name an object or a store; a data object itself gets a reference."""
    inward = local(association) == "dataInputAssociation"
    end = child(association, "sourceRef" if inward else "targetRef")
    owner = association.getparent()
    if end is None or owner is None:
        if owner is not None:
            owner.remove(association)
        return
    for assignment in children(association, "assignment"):
        _assignment(doc, owner, assignment)
    named = unprefixed(text_of(end))
    found = doc.find(named, association)
    end.text = named
    if found is not None and local(found) in {"dataObjectReference", "dataStoreReference"}:
        return
    if found is not None and local(found) == "dataObject":
        home = found.getparent()
        assert home is not None  # data objects are found inside of scopes
        reference = doc.make(home, "dataObjectReference", f"{named}.reference")
        reference.set("dataObjectRef", named)
        end.text = reference.get("id")
        return
    owner.remove(association)
    if found is None:
        direction = "comes from" if inward else "goes to"
        doc.error(owner, f"Data {direction} “{named}”, which is not in the process.", "Draw the data object or store.")
    else:
        doc.warn(
            owner,
            f"The data association with “{named}”, a {local(found)}, is not executed.",
            "Associate data objects or data stores, or use a case:ioMapping.",
        )


def _loop(doc: Document, activity: etree._Element) -> None:
    standard, multiple = (
        child(activity, "standardLoopCharacteristics"),
        child(activity, "multiInstanceLoopCharacteristics"),
    )
    if standard is not None:
        maximum = standard.get("loopMaximum")
        if maximum is None and not text_of(child(standard, "loopCondition")):
            doc.error(activity, "The loop says neither when nor how often.", "Give it a loopCondition or loopMaximum.")
        elif maximum is not None and not re.fullmatch(r"\s*\d{1,6}\s*", maximum):
            doc.error(activity, f"“{maximum[:40]}” is no number of rounds.", "Write loopMaximum as a whole number.")
    if multiple is not None:
        _multi_instance(doc, activity, multiple)


def _multi_instance(doc: Document, activity: etree._Element, loop: etree._Element) -> None:
    cardinality, collection = (text_of(child(loop, part)) for part in ("loopCardinality", "loopDataInputRef"))
    for part, text in (("loopCardinality", cardinality), ("loopDataInputRef", collection)):
        empty = child(loop, part)
        if empty is not None and not text:
            loop.remove(empty)
    if bool(cardinality) == bool(collection):
        doc.error(
            activity,
            "The multi-instance says neither how many nor for which items."
            if not cardinality
            else "The multi-instance says both how many and for which items.",
            "Give it a loopCardinality (such as 3) or a loopDataInputRef that names a list.",
        )
    for part in ("loopDataInputRef", "loopDataOutputRef"):
        _data_name(doc, activity, loop, part)
    for part in ("inputDataItem", "outputDataItem"):
        _item_name(child(loop, part))


def _data_name(doc: Document, activity: etree._Element, loop: etree._Element, part: str) -> None:
    """A loop's data may be named by the id of a data input, object or store; variables go by name."""
    reference = child(loop, part)
    if reference is None:
        return
    found = doc.find(unprefixed(text_of(reference)), activity)
    if found is not None and local(found) in {"dataInput", "dataOutput"}:
        reference.text = found.get("name") or found.get("id")


def _item_name(item: etree._Element | None) -> None:
    """The item's variable: its name, or its id where the name is prose."""
    if item is None:
        return
    name = (item.get("name") or "").strip()
    chosen = name if _NAME.fullmatch(name) else item.get("id") or name
    if chosen:
        item.set("id", chosen)
        item.set("name", chosen)


def _chosen(doc: Document, call: etree._Element, called: str) -> None:
    """Which case is opened may be computed, since that is looked up then; what runs inside must be known before."""
    if not is_true(call.get(f"{{{CASE}}}childCase")):
        doc.error(
            call,
            f"Which process is called is an expression: {called[:60]}.",
            'Name the process\'s id, and choose by a gateway; or open a case of its own: case:childCase="true".',
        )
    elif not called.startswith("=") and (written := feel(doc, call, "called element", called)):
        call.set("calledElement", written)


def _call(doc: Document, call: etree._Element) -> None:
    called = (call.get("calledElement") or "").strip()
    if not called:
        doc.error(call, "The call activity says no process.", "Name the process's id in calledElement.")
    elif called.startswith(("=", "${", "#{")):
        _chosen(doc, call, called)
    else:
        call.set("calledElement", unprefixed(called))
