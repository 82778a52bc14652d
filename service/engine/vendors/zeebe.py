"""Camunda 8: everything stands in extension elements, and expressions are FEEL already."""

from __future__ import annotations

import re
from collections.abc import Callable

from lxml import etree

from service.engine.vendors.camunda import form_key, loop_over
from service.engine.vendors.common import give, literal, lost, map_data, source_of
from service.engine.xml.document import (
    STARTABLE,
    Document,
    child,
    children,
    line_of,
    local,
    process_of,
    tag,
    text_of,
)

_WORK = ("serviceTask", "sendTask", "businessRuleTask")
SILENT = frozenset(
    {"userTask", "properties", "versionTag", "modelerTemplate", "modelerTemplateVersion", "modelerTemplateIcon"}
)


def attribute(doc: Document, element: etree._Element, vendor: str, name: str, value: str) -> None:
    """Camunda 8 writes attributes only to remember its templates."""
    if name not in SILENT:
        lost(doc, element, f"{vendor}:{name}=“{value[:40]}”")


def extension(doc: Document, owner: etree._Element, vendor: str, element: etree._Element) -> None:
    """Translate one child of `extensionElements`, or say that it is lost."""
    name = etree.QName(element).localname
    if (translate := _KNOWN.get(name)) is not None:
        translate(doc, owner, element)
    elif name == "userTaskForm":
        key = f"{process_of(owner)}.{element.get('id')}"
        doc.forms[key] = text_of(element), line_of(element) or 1
    elif name not in SILENT:
        lost(doc, owner, f"{vendor}:{name}")


def _same(*names: str) -> Callable[[Document, etree._Element, etree._Element], None]:
    def translate(doc: Document, owner: etree._Element, element: etree._Element) -> None:
        for name in names:
            give(doc, owner, name, element.get(name), translate=False)

    return translate


def _form(doc: Document, owner: etree._Element, element: etree._Element) -> None:
    found = element.get("formId") or element.get("formKey") or element.get("externalReference") or ""
    key = form_key(found)
    if found.startswith("camunda-forms:bpmn:"):  # written in the diagram itself
        key = f"{process_of(owner)}.{key}"
    if key is None:
        lost(doc, owner, f"The form “{found}”", "Draw the form in the form editor and name it in case:formKey.")
    else:
        give(doc, owner, "formKey", key)


def _task(doc: Document, owner: etree._Element, element: etree._Element) -> None:
    kind = (element.get("type") or "").strip()
    if kind.startswith("="):
        doc.error(owner, "The type of the task is an expression.", "Write the connector's name.")
    else:
        give(doc, owner, "type", {"io.camunda:http-json:1": "http"}.get(kind, kind), translate=False)


def _headers(doc: Document, owner: etree._Element, element: etree._Element) -> None:
    """Headers are inputs of the connector, but for those that say what becomes of its answer."""
    said = {header.get("key") or "": header.get("value") or "" for header in element}
    if local(owner) in _WORK:
        _answer(doc, owner, said.pop("resultVariable", ""), said.pop("resultExpression", "").strip())
        for name in ("errorExpression", "retryBackoff"):
            if said.pop(name, ""):
                lost(doc, owner, f"The header {name}", "Catch the connector's error with a boundary event: HTTP_404.")
    for name, value in said.items():
        if name:
            map_data(owner, "input", literal(value), name)


def _answer(doc: Document, owner: etree._Element, variable: str, expression: str) -> None:
    """The whole answer goes to a variable; an expression sees it as `response`, and gives variables in a context."""
    if not expression:
        give(doc, owner, "resultVariable", variable, translate=False)
        return
    give(doc, owner, "resultVariable", "response", translate=False)
    if variable:
        map_data(owner, "output", "= response", variable)
    map_data(owner, "output", expression if expression.startswith("=") else f"= {expression}", "*")


def _io(doc: Document, owner: etree._Element, element: etree._Element) -> None:
    for part in element:
        direction = etree.QName(part).localname
        source, target = part.get("source") or "", part.get("target") or ""
        if direction in {"input", "output"} and source and target:
            written = source_of(doc, owner, target, source)
            if written is not None:
                map_data(owner, direction, written, target)


def _called_element(doc: Document, owner: etree._Element, element: etree._Element) -> None:
    if not owner.get("calledElement") and element.get("processId"):
        owner.set("calledElement", element.get("processId") or "")
    if element.get("propagateAllChildVariables") == "true":
        map_data(owner, "output", "*", "*")
    if element.get("bindingType") not in {None, "latest", "deployment"}:
        lost(doc, owner, f"bindingType=“{element.get('bindingType')}”", "The newest version is called.")


def _called_decision(doc: Document, owner: etree._Element, element: etree._Element) -> None:
    decision = element.get("decisionId")
    if decision and decision.startswith("="):
        doc.error(owner, "Which decision is called is an expression.", "Write the decision's id.")
        return
    give(doc, owner, "decisionRef", decision, translate=False)
    give(doc, owner, "resultVariable", element.get("resultVariable"), translate=False)


def _script(doc: Document, owner: etree._Element, element: etree._Element) -> None:
    give(doc, owner, "resultVariable", element.get("resultVariable"), translate=False)
    expression = (element.get("expression") or "").strip()
    if local(owner) == "scriptTask" and child(owner, "script") is None and expression:
        etree.SubElement(owner, tag("script")).text = expression if expression.startswith("=") else f"= {expression}"
        owner.set("scriptFormat", "feel")


def _loop(doc: Document, owner: etree._Element, element: etree._Element) -> None:
    """`zeebe:loopCharacteristics` inside multiInstanceLoopCharacteristics."""
    source = _plain(element.get("inputCollection") or "")
    if source:
        loop_over(owner, source, element.get("inputElement") or "")
    target, written = element.get("outputCollection"), element.get("outputElement")
    if target and written and child(owner, "loopDataOutputRef") is None:
        reference = etree.Element(tag("loopDataOutputRef"))
        reference.text = target
        before = child(owner, "loopDataInputRef")
        owner.insert(len(owner) if before is None else owner.index(before) + 1, reference)
        give(doc, owner, "outputElement", written, translate=False)


def _plain(expression: str) -> str:
    """`= items` is the variable `items`; other FEEL stays FEEL."""
    match = re.fullmatch(r"\s*=\s*([A-Za-z_]\w*)\s*", expression)
    return match.group(1) if match else expression.strip()


def _subscription(doc: Document, owner: etree._Element, element: etree._Element) -> None:
    """The key is written at the message and evaluated where it is awaited: told of each catching event."""
    key = element.get("correlationKey")
    if local(owner) != "message" or not key:
        return
    reference = owner.get("id")
    for waiting in doc.root.iter(tag("messageEventDefinition"), tag("receiveTask")):
        event = waiting if local(waiting) == "receiveTask" else waiting.getparent()
        if waiting.get("messageRef") == reference and event is not None:
            give(doc, event, "correlationKey", key, translate=False)


def _ad_hoc(doc: Document, owner: etree._Element, element: etree._Element) -> None:
    """Camunda 8 names the activities that begin at once in a list; those it does not name wait for people here."""
    if local(owner) == "adHocSubProcess" and (listed := (element.get("activeElementsCollection") or "").strip()):
        for activity in children(owner, *STARTABLE):
            chosen = f"= list contains({listed.lstrip('= ')}, {literal(activity.get('id') or '')})"
            give(doc, activity, "autoStart", chosen, translate=False)
        if child(owner, "completionCondition") is None:
            doc.warn(owner, "It stays open until somebody finishes it.", "Give it a completionCondition.")


_KNOWN: dict[str, Callable[[Document, etree._Element, etree._Element], None]] = {
    "assignmentDefinition": _same("assignee", "candidateUsers", "candidateGroups"),
    "taskSchedule": _same("dueDate", "followUpDate"),
    "priorityDefinition": _same("priority"),
    "formDefinition": _form,
    "taskDefinition": _task,
    "taskHeaders": _headers,
    "ioMapping": _io,
    "calledElement": _called_element,
    "calledDecision": _called_decision,
    "script": _script,
    "loopCharacteristics": _loop,
    "subscription": _subscription,
    "adHoc": _ad_hoc,
}
