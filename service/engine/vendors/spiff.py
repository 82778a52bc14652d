"""SpiffWorkflow's own extensions, as spiff-arena and its modeler write them: expressions are Python already."""

from __future__ import annotations

from lxml import etree

from service.engine.vendors.camunda import form_key
from service.engine.vendors.common import give, lost
from service.engine.xml.document import Document, child, tag, text_of

#: Read by the engine's own parser, or without effect on a running case.
SILENT = frozenset(
    {
        *{"messagePayload", "messageVariable", "payloadExpression", "variableName", "processVariableCorrelation"},
        *{"unitTests", "unitTest", "isMatchingCorrelation", "scriptsOnInstances", "isOutputSynchronized"},
    }
)


def attribute(doc: Document, element: etree._Element, vendor: str, name: str, value: str) -> None:
    """SpiffWorkflow writes few attributes, none of which we execute."""
    if name not in SILENT:
        lost(doc, element, f"{vendor}:{name}=“{value[:40]}”")


def extension(doc: Document, owner: etree._Element, vendor: str, element: etree._Element) -> None:
    """Translate one child of `extensionElements`, or say that it is lost."""
    name = etree.QName(element).localname
    if name in {"preScript", "postScript"}:
        give(doc, owner, name, text_of(element), translate=False)
    elif name == "calledDecisionId":
        give(doc, owner, "decisionRef", text_of(element), translate=False)
    elif name == "instructionsForEndUser":
        _instructions(owner, text_of(element))
    elif name == "properties":
        _properties(doc, owner, element)
    elif name == "serviceTaskOperator":
        lost(
            doc,
            owner,
            f"The operator “{element.get('id')}”",
            'Name a connector in case:type, for example case:type="http", and its inputs in a case:ioMapping.',
        )
    elif name not in SILENT:
        lost(doc, owner, f"{vendor}:{name}")


def _instructions(owner: etree._Element, text: str) -> None:
    if text and child(owner, "documentation") is None:
        made = etree.Element(tag("documentation"))
        made.text = text
        owner.insert(0, made)


def _properties(doc: Document, owner: etree._Element, element: etree._Element) -> None:
    for entry in element:
        if entry.get("name") == "formJsonSchemaFilename" and entry.get("value"):
            key = form_key((entry.get("value") or "").replace("-schema.json", ".json"))
            give(doc, owner, "formKey", key, translate=False)
            lost(
                doc,
                owner,
                f"The JSON schema form “{entry.get('value')}”",
                f"Draw it in the form editor as “{key}”.",
            )
