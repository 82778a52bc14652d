"""jBPM: how it marks calls that nobody waits for; the rest of its attributes is reported."""

from __future__ import annotations

from lxml import etree

from service.engine.vendors.common import give, lost
from service.engine.xml.document import Document, local

NAMESPACE = "http://www.jboss.org/drools"
#: What changes nothing for people or data.
SILENT = frozenset(
    {"packageName", "version", "independent", "taskName", "dtype", "metaData", "import", "processType", "selectable"}
)


def attribute(doc: Document, element: etree._Element, vendor: str, name: str, value: str) -> None:
    """Translate one attribute of an element, or say that it is lost."""
    if name == "waitForCompletion":
        if value == "false" and local(element) == "callActivity":
            _beside(doc, element)
    elif name not in SILENT and value != "false":
        lost(doc, element, f"{vendor}:{name}")


def extension(doc: Document, owner: etree._Element, vendor: str, element: etree._Element) -> None:
    """Say of a child of `extensionElements` that it is lost."""
    name = etree.QName(element).localname
    if name not in SILENT:
        lost(doc, owner, f"{vendor}:{name}")


def _beside(doc: Document, call: etree._Element) -> None:
    """A call that is not waited for is a case of its own; jBPM lets it outlive its caller unless told otherwise."""
    give(doc, call, "childCase", "true")
    give(doc, call, "waitFor", "false")
    if call.get(f"{{{NAMESPACE}}}independent") != "false":
        give(doc, call, "onParentCancel", "keep")
