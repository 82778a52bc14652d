"""What other tools say in attributes of their own, said in ours: `camunda:assignee` becomes `case:assignee`.

What has no counterpart is a warning that names element, line and attribute. The file that was deployed keeps
everything; only the copy that is parsed gains our attributes. An attribute of ours that is already there wins.
"""

from __future__ import annotations

from lxml import etree

from service.engine.vendors import camunda, drools, juel, spiff, zeebe
from service.engine.vendors.common import feel
from service.engine.xml.document import CASE, Document, child, children, local, tag

VENDORS = {
    "http://camunda.org/schema/1.0/bpmn": ("camunda", camunda),
    "http://activiti.com/modeler": ("activiti", camunda),
    "http://activiti.org/bpmn": ("activiti", camunda),
    "http://flowable.org/bpmn": ("flowable", camunda),
    "http://camunda.org/schema/zeebe/1.0": ("zeebe", zeebe),
    drools.NAMESPACE: ("drools", drools),
    "http://spiffworkflow.org/bpmn/schema/1.0/core": ("spiffworkflow", spiff),
}
#: What events are recognised by, which may be an expression.
_NAMES = {"message": "name", "signal": "name", "error": "errorCode", "escalation": "escalationCode"}
#: Attributes of ours in which a brace is no expression.
_PROSE = {"title", "whyUnavailable", "preScript", "postScript"}


def translate(doc: Document) -> None:
    """Give every element of the executable processes, and the file's messages, our attributes for the vendors'."""
    _name_initiators(doc)
    _event_names(doc)
    for element in list(doc.root.iter()):
        if not local(element):
            continue
        for name, value in list(element.attrib.items()):
            vendor = VENDORS.get(etree.QName(str(name)).namespace or "")
            if vendor is not None:
                vendor[1].attribute(doc, element, vendor[0], etree.QName(str(name)).localname, str(value).strip())
        holder = child(element, "extensionElements")
        for extension in list(holder) if holder is not None else ():
            vendor = VENDORS.get(etree.QName(extension).namespace or "")
            if vendor is not None:
                vendor[1].extension(doc, element, vendor[0], extension)
        for role in children(element, "humanPerformer", "performer", "potentialOwner"):
            camunda.assignment(doc, element, role)
        _own_juel(doc, element)


def _name_initiators(doc: Document) -> None:
    """`camunda:initiator="starter"` names the variable that we call `initiator`: read it so in all of `${…}`."""
    for start in doc.root.iter(tag("startEvent")):
        for name, value in start.attrib.items():
            qualified = etree.QName(str(name))
            if qualified.localname == "initiator" and qualified.namespace in VENDORS:
                doc.aliases[str(value).strip()] = "initiator"


def _event_names(doc: Document) -> None:
    """`order-${id}` as the name of a message or signal, or as an error's code, becomes FEEL."""
    for kind, said in _NAMES.items():
        for element in children(doc.root, kind):
            if juel.is_juel(element.get(said) or "") and (written := feel(doc, element, said, element.get(said) or "")):
                element.set(said, written)


def _own_juel(doc: Document, element: etree._Element) -> None:
    """`${…}` in our own attributes is understood too, where an expression may stand."""
    prefix = f"{{{CASE}}}"
    for name, value in list(element.attrib.items()):
        short = str(name).removeprefix(prefix)
        if str(name).startswith(prefix) and short not in _PROSE and juel.is_juel(str(value)):
            written = feel(doc, element, f"case:{short}", str(value))
            if written is not None:
                element.set(name, written)
