"""Camunda 7, and Flowable and Activiti, which share its ancestor and most of its vocabulary."""

from __future__ import annotations

import re

from lxml import etree

from service.engine.vendors.common import feel, give, literal, lost, map_data, python, source_of
from service.engine.xml.document import CASE, Document, child, local, tag, text_of

#: Vendor attribute -> ours, where only the prefix differs.
SAME = {
    "assignee": "assignee",
    "candidateUsers": "candidateUsers",
    "candidateGroups": "candidateGroups",
    "candidateStarterUsers": "candidateStarterUsers",
    "candidateStarterGroups": "candidateStarterGroups",
    "dueDate": "dueDate",
    "followUpDate": "followUpDate",
    "priority": "priority",
    "formRef": "formKey",
    "decisionRef": "decisionRef",
    "decisionTableReferenceKey": "decisionRef",
    "resultVariable": "resultVariable",
    "resultVariableName": "resultVariable",
    "mapDecisionResult": "mapDecisionResult",
}
#: On an event definition; told of its event.
VARIABLES = ("errorCodeVariable", "errorMessageVariable", "escalationCodeVariable")
#: What changes nothing for people or data.
SILENT = frozenset(
    {
        *{"exclusive", "historyTimeToLive", "versionTag", "isStartableInTasklist", "taskPriority", "jobPriority"},
        *{"modelerTemplate", "modelerTemplateVersion", "modelerTemplateIcon", "category", "businessCategory"},
        *{"sameDeployment", "inheritVariables", "fallbackToDefaultTenant", "useLocalScopeForResultVariable", "title"},
        *{"formFieldValidation", "calledElementType", "triggerable", "storeResultVariableAsTransient", "properties"},
        *{
            "property",
            "formProperty",
            "in",
            "out",
            "topic",
            "elementVariable",
            "resource",
            "formData",
            "eventName",
            "initiator",
        },
    }
)
_LATEST = {"decisionRefBinding", "calledElementBinding", "formRefBinding"}
_ASYNC = {"asyncBefore", "asyncAfter", "async", "asyncLeave"}
_JAVA = {"class", "delegateExpression"}
_CONNECTORS = {"http": "http", "http-connector": "http", "mail": "mail", "mail-connector": "mail", "email": "mail"}


def attribute(doc: Document, element: etree._Element, vendor: str, name: str, value: str) -> None:
    """Translate one attribute of an element, or say that it is lost."""
    said = f"{vendor}:{name}"
    if name in SAME:
        give(doc, element, SAME[name], value)
    elif name == "formKey":
        _form(doc, element, said, value)
    elif name in VARIABLES:
        event = element.getparent()
        give(doc, event if event is not None else element, name, value, translate=False)
    elif name == "type":
        _type(doc, element, vendor, value)
    elif name == "collection":
        _collection(doc, element, vendor, value)
    elif name == "expression":
        _expression(doc, element, vendor, value)
    elif name in _JAVA:
        _java(doc, element, said, value)
    elif name == "caseRef":
        doc.error(element, "It calls a CMMN case, which is not executed here.", "Call a process in calledElement.")
    elif name in _ASYNC:
        if value == "true":
            lost(doc, element, said, "Remove it: each step is saved before the next one that waits.")
    elif name in _LATEST:
        if value not in {"latest", "deployment"}:
            lost(doc, element, f"{said}=“{value}”", "What is called is of the same deployment, or else the newest.")
    elif name not in SILENT:
        lost(doc, element, said)


def extension(doc: Document, owner: etree._Element, vendor: str, element: etree._Element) -> None:
    """Translate one child of `extensionElements`, or say that it is lost."""
    name = etree.QName(element).localname
    said = f"{vendor}:{name}"
    if name == "inputOutput":
        _input_output(doc, owner, element)
    elif name in {"in", "out"}:
        _call_mapping(doc, owner, element, "input" if name == "in" else "output")
    elif name in {"executionListener", "taskListener"}:
        _listener(doc, owner, said, element)
    elif name == "connector":
        _connector(doc, owner, element)
    elif name == "field":
        _field(doc, owner, element)
    elif name in {"formData", "formProperty"}:
        lost(
            doc,
            owner,
            f"The form that {said} describes",
            "Draw the form in the form editor and name it in case:formKey.",
        )
    elif name not in SILENT:
        lost(doc, owner, said)


def _form(doc: Document, element: etree._Element, said: str, value: str) -> None:
    key = form_key(value)
    if key is None:
        lost(doc, element, f"{said}=“{value}”", "Draw the form in the form editor and name it in case:formKey.")
    else:
        give(doc, element, "formKey", key)


def form_key(value: str) -> str | None:
    """The name of a form-js form in a vendor's form key; None for pages and embedded forms."""
    found = value.strip()
    if match := re.fullmatch(r"camunda-forms:[a-z]+:(?:.*/)?([^/]+?)(?:\.form|\.json)?", found):
        return match.group(1)
    if re.match(r"(?:embedded|app|https?|contextRelative):|.*\.(?:x?html?|jsp|jsf)$", found):
        return None
    return re.sub(r"^(?:deployment:)?(?:.*/)?([^/]+?)(?:\.form|\.json)?$", r"\1", found) if "{" not in found else found


def _type(doc: Document, element: etree._Element, vendor: str, value: str) -> None:
    if value == "external":
        topic = next((str(found) for name, found in element.attrib.items() if str(name).endswith("}topic")), "")
        if topic:
            give(doc, element, "type", topic, translate=False)
        else:
            doc.error(element, "The external task says no topic.", "Name its connector in case:type.")
    elif value == "dmn":
        element.tag = tag("businessRuleTask")
    elif value in _CONNECTORS:
        give(doc, element, "type", _CONNECTORS[value])
    else:
        lost(doc, element, f"{vendor}:type=“{value}”", 'Name a connector in case:type, for example case:type="http".')


def _java(doc: Document, element: etree._Element, said: str, value: str) -> None:
    if local(element) in {"serviceTask", "sendTask", "businessRuleTask"}:
        doc.error(
            element,
            f"{said} names Java code, “{value[:60]}”, which is not executed.",
            'Name a connector in case:type (for example case:type="http") and its inputs in a case:ioMapping.',
        )
    else:
        lost(doc, element, said)


def _expression(doc: Document, element: etree._Element, vendor: str, value: str) -> None:
    """A service task that only computes gets a FEEL script, and is parsed as a script task with its resultVariable."""
    if local(element) not in {"serviceTask", "sendTask"}:
        lost(doc, element, f"{vendor}:expression")
        return
    written = feel(doc, element, "expression", value)
    if written is not None:
        etree.SubElement(element, tag("script")).text = written


def _collection(doc: Document, element: etree._Element, vendor: str, value: str) -> None:
    """On multiInstanceLoopCharacteristics: the list, and the name of each item (`elementVariable`)."""
    if local(element) != "multiInstanceLoopCharacteristics":
        lost(doc, element, f"{vendor}:collection")
        return
    source = python(doc, element, "collection", value) if "{" in value else value
    item = next((str(found) for name, found in element.attrib.items() if str(name).endswith("}elementVariable")), "")
    if source:
        loop_over(element, source, item)


def loop_over(loop: etree._Element, source: str, item: str) -> None:
    """Write a list and the name of its items as BPMN does, in the order of its schema."""
    place = sum(1 for part in loop if local(part) in {"documentation", "extensionElements", "loopCardinality"})
    if child(loop, "loopDataInputRef") is None:
        reference = etree.Element(tag("loopDataInputRef"))
        reference.text = source
        loop.insert(place, reference)
    if item and child(loop, "inputDataItem") is None:
        made = etree.Element(tag("inputDataItem"))
        made.set("id", item)
        made.set("name", item)
        last = child(loop, "loopDataOutputRef")
        loop.insert(place + 1 if last is None else loop.index(last) + 1, made)


def _input_output(doc: Document, owner: etree._Element, element: etree._Element) -> None:
    for part in element:
        kind, name = etree.QName(part).localname, part.get("name")
        if kind in {"inputParameter", "outputParameter"} and name:
            source = _parameter(doc, owner, name, part)
            if source is not None:
                map_data(owner, kind.removesuffix("Parameter"), source, name)


def _parameter(doc: Document, owner: etree._Element, name: str, part: etree._Element) -> str | None:
    """The value of a parameter: a text, an expression, a list, a map, or a script of one expression."""
    structure = next(iter(part), None)
    if structure is None:
        return source_of(doc, owner, name, text_of(part))
    kind = etree.QName(structure).localname
    if kind == "list":
        found = [_part(doc, owner, name, _holding(value)) for value in structure]
        return None if None in found else f"[{', '.join(map(str, found))}]"
    if kind == "map":
        entries = [(value.get("key") or "", _part(doc, owner, name, value)) for value in structure]
        broken = any(value is None for _, value in entries)
        return None if broken else f"{{{', '.join(f'{literal(key)}: {value}' for key, value in entries)}}}"
    spoken = (structure.get("scriptFormat") or "").lower()
    if kind == "script" and text_of(structure) and ("python" in spoken or "feel" in spoken):
        return as_feel(text_of(structure)) if "feel" in spoken else text_of(structure)
    doc.error(
        owner,
        f"The parameter “{name}” is computed by a {structure.get('scriptFormat') or kind} script.",
        "Write it as a Python expression, or after = in FEEL.",
    )
    return None


def as_feel(text: str) -> str:
    """FEEL as we mark it, whether its author did so or not."""
    return text if text.lstrip().startswith("=") else f"= {text}"


def _part(doc: Document, owner: etree._Element, name: str, part: etree._Element) -> str | None:
    """A part of a list or map, which is written in Python and so cannot hold FEEL."""
    found = _parameter(doc, owner, name, part)
    if found is not None and found.startswith("="):
        doc.error(owner, f"A part of the parameter “{name}” can only be written in FEEL.", "Write it all in FEEL.")
        return None
    return found


def _holding(value: etree._Element) -> etree._Element:
    """A list's value, in the shape of a parameter: `<camunda:value>` holds text, anything else is a structure."""
    if etree.QName(value).localname == "value":
        return value
    holder = etree.Element("parameter")
    holder.append(value)
    return holder


def _call_mapping(doc: Document, owner: etree._Element, element: etree._Element, direction: str) -> None:
    """`camunda:in` and `camunda:out` of a call activity."""
    if element.get("variables") == "all":
        map_data(owner, direction, "*", "*")
    elif element.get("businessKey"):
        return  # a child case has a number of its own, and a called process the case's
    else:
        target = element.get("target")
        expression = element.get("sourceExpression")
        source = source_of(doc, owner, target or "", expression) if expression else element.get("source")
        if source and target:
            map_data(owner, direction, source, target)
        elif not (expression and target):
            lost(doc, owner, "A mapping without source or target", "Give it both.")


def _listener(doc: Document, owner: etree._Element, said: str, element: etree._Element) -> None:
    """A script in Python or FEEL at the beginning or end is run there; other listeners are Java."""
    event = element.get("event") or "start"
    script = next((part for part in element if etree.QName(part).localname == "script"), None)
    moment = {"start": "preScript", "create": "preScript", "end": "postScript", "complete": "postScript"}.get(event)
    spoken = (script.get("scriptFormat") or "").lower() if script is not None else ""
    if script is not None and moment and ("python" in spoken or "feel" in spoken) and text_of(script):
        give(doc, owner, moment, as_feel(text_of(script)) if "feel" in spoken else text_of(script), translate=False)
    else:
        what = (
            element.get("class") or element.get("expression") or element.get("delegateExpression") or spoken or "code"
        )
        lost(doc, owner, f"{said} on “{event}” ({what[:60]})", "Put a script or service task there.")


def _connector(doc: Document, owner: etree._Element, element: etree._Element) -> None:
    for part in element:
        name = etree.QName(part).localname
        if name == "connectorId":
            give(doc, owner, "type", _CONNECTORS.get(text_of(part), text_of(part)), translate=False)
        elif name == "inputOutput":
            _input_output(doc, owner, part)


#: The inputs of Flowable's http task, as our connector calls them.
_HTTP_FIELDS = {"requestMethod": "method", "requestUrl": "url", "requestBody": "body"}


def _field(doc: Document, owner: etree._Element, element: etree._Element) -> None:
    """A field of a task by type (`flowable:type="http"`) is an input of its connector."""
    name = element.get("name")
    value = element.get("stringValue") or element.get("expression") or text_of(element)
    if owner.get(f"{{{CASE}}}type") == "http":
        if name == "responseVariableName":
            give(doc, owner, "resultVariable", value, translate=False)
            return
        name = _HTTP_FIELDS.get(name or "", name)
    source = source_of(doc, owner, name or "", value) if value else None
    if name and source:
        map_data(owner, "input", source, name)


def assignment(doc: Document, task: etree._Element, role: etree._Element) -> None:
    """BPMN's own way (§10.3.4): `humanPerformer` and `potentialOwner` with `user(x), group(y)`."""
    text = text_of(role.find(f".//{tag('formalExpression')}"))
    if not text:
        return
    if local(role) in {"humanPerformer", "performer"}:
        give(doc, task, "assignee", text)
        return
    if text.startswith(("=", "${", "#{")):
        give(doc, task, "candidateGroups", feel(doc, task, "potential owner", text) if text[0] != "=" else text)
        return
    names: dict[str, list[str]] = {"user": [], "group": []}
    for part in text.split(","):
        match = re.fullmatch(r"\s*(?:(user|group)\((.*)\)|(.*?))\s*", part)
        if match and (match.group(2) or match.group(3)):
            names[match.group(1) or "group"].append((match.group(2) or match.group(3)).strip())
    give(doc, task, "candidateUsers", ",".join(names["user"]))
    give(doc, task, "candidateGroups", ",".join(names["group"]))
