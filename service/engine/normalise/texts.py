"""Expressions and scripts: `=` begins FEEL, anything else is Python; other languages are translated or refused."""

from __future__ import annotations

from lxml import etree

from service.engine.vendors import juel
from service.engine.xml.document import FLOW_NODES, Document, child, children, local, tag, text_of

#: BPMN elements whose text is an expression, and what each is called in a problem.
EXPRESSIONS = {
    "conditionExpression": "condition",
    "completionCondition": "completion condition",
    "loopCondition": "loop condition",
    "loopCardinality": "number of instances",
    "condition": "condition",
    "activationCondition": "activation condition",
    "timeDate": "date",
    "timeDuration": "duration",
    "timeCycle": "cycle",
    "messagePath": "message path",
    "dataPath": "data path",
    "from": "assignment's source",
    "transformation": "transformation",
}
#: XPath is BPMN's default, which many tools write without meaning it.
_MEANINGLESS = ("xpath", "http://www.omg.org/spec/bpmn")
#: Languages of a whole file that are meant, and that we do not speak.
_FOREIGN = ("mvel", "java", "groovy", "ecmascript")
_WORDS = {"true": "True", "false": "False"}


def normalise_texts(doc: Document) -> None:
    """Bring all expressions and scripts of executable processes into our two languages."""
    _message_paths(doc)
    _computing(doc)
    default = doc.root.get("expressionLanguage") or ""
    for element in list(doc.root.iter()):
        name = local(element)
        if name in EXPRESSIONS:
            _expression(doc, element, EXPRESSIONS[name], default)
        elif name == "scriptTask":
            if not element.get("scriptFormat") and any(word in default.lower() for word in _FOREIGN):
                element.set("scriptFormat", default)
            _script(doc, element)


def _computing(doc: Document) -> None:
    """A service task that only computes (see `vendors`) has a script, and is parsed as a script task."""
    for task in list(doc.root.iter(tag("serviceTask"), tag("sendTask"))):
        if child(task, "script") is not None:
            task.tag = tag("scriptTask")


def _message_paths(doc: Document) -> None:
    """bpmn-js writes a correlation's path in `formalExpression`, where the schema wants `messagePath`."""
    for retrieval in doc.root.iter(tag("correlationPropertyRetrievalExpression")):
        for path in children(retrieval, "formalExpression"):
            path.tag = tag("messagePath")


def _expression(doc: Document, element: etree._Element, what: str, default_language: str) -> None:
    text = text_of(element)
    foreign = any(word in default_language.lower() for word in (*_FOREIGN, "feel", "juel"))
    language = element.get("language") or (default_language if foreign else "")
    if not text:
        if local(element) == "conditionExpression":
            _without(element)
        return
    if any(str(name).endswith("}resource") for name in element.attrib):
        doc.error(
            element, f"The {what} is in another file.", "Write it into the diagram, in Python or after = in FEEL."
        )
        return
    found = _in_our_language(doc, element, what, text, language)
    if found is not None:
        for part in list(element):
            element.remove(part)
        element.text = found


def _in_our_language(doc: Document, element: etree._Element, what: str, text: str, language: str) -> str | None:
    spoken = language.strip().lower()
    composed = local(element).startswith("time")  # PT${hours}H; elsewhere a brace may well be Python's
    if juel.is_juel(text) and (composed or text.startswith(("${", "#{"))):
        return _from_juel(doc, element, what, text)
    if text.startswith("=") and not text.startswith("=="):
        return text
    if "feel" in spoken:
        return f"= {text}"
    if spoken in {"juel", "http://java.sun.com/products/jsp/"}:
        return _from_juel(doc, element, what, f"${{{text}}}")
    if spoken and "python" not in spoken and not any(part in spoken for part in _MEANINGLESS):
        doc.error(element, f"The {what} is written in “{language}”.", "Write it in Python, or after = in FEEL.")
        return None
    return _WORDS.get(text, text)


def _from_juel(doc: Document, element: etree._Element, what: str, text: str) -> str | None:
    if not doc.may_translate(text):
        return None
    try:
        return juel.to_ours(text, doc.aliases)
    except juel.Untranslatable as reason:
        doc.error(
            element,
            f"The {what} “{text[:80]}” cannot be translated: {reason}.",
            "Write it in Python (order['total'] > 100), or after = in FEEL (= order.total > 100).",
        )
        return None


def _script(doc: Document, task: etree._Element) -> None:
    scripts = children(task, "script")
    if any(str(name).endswith("}resource") for name in task.attrib):
        doc.error(task, "The script is in another file.", "Write it into the diagram's <script>.")
    elif len(scripts) > 1:
        doc.error(task, f"The script task has {len(scripts)} scripts.", "Put them into one.")
    elif not scripts or not text_of(scripts[0]):
        doc.warn(task, "The script task has no script, and does nothing.", "Write one in <script>, or remove the task.")
        for script in scripts:
            task.remove(script)
        task.tag = tag("task")
    else:
        _check_format(doc, task, scripts[0])


def _check_format(doc: Document, task: etree._Element, script: etree._Element) -> None:
    language = (task.get("scriptFormat") or "").strip()
    text = text_of(script)
    spoken = language.lower()
    if "feel" in spoken and not text.startswith("="):
        script.text = f"= {text}"
    elif spoken and "feel" not in spoken and "python" not in spoken:
        doc.error(
            task,
            f"The script is written in “{language}”.",
            'Write it in Python (scriptFormat="python"), or after = in FEEL (scriptFormat="feel").',
        )
    elif text.startswith(("${", "#{")) and text.endswith("}") and not spoken:
        script.text = _from_juel(doc, task, "script", text) or text
    else:
        script.text = "".join(str(part) for part in script.itertext())
    for part in list(script):
        script.remove(part)


def _without(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def check_gateways(doc: Document) -> None:
    """Conditions where BPMN wants them (§10.6.2, §10.6.3), a default where the diagram leaves one choice open."""
    for kind in ("exclusiveGateway", "inclusiveGateway", "complexGateway"):
        for gateway in list(doc.root.iter(tag(kind))):
            _gateway(doc, gateway, kind)
    for kind in ("parallelGateway", "eventBasedGateway"):
        for gateway in doc.root.iter(tag(kind)):
            _unconditional(doc, gateway)
    for node in doc.root.iter(*map(tag, FLOW_NODES)):
        if node.get("default"):
            _default(doc, node)


def _gateway(doc: Document, gateway: etree._Element, kind: str) -> None:
    flows = doc.leaving(gateway)
    default = gateway.get("default")
    if len(flows) < 2 or (default and all(flow.get("id") != default for flow in flows)):
        return
    bare = [flow for flow in flows if child(flow, "conditionExpression") is None and flow.get("id") != default]
    if kind != "exclusiveGateway":
        for flow in bare if len(bare) < len(flows) else ():
            etree.SubElement(flow, tag("conditionExpression")).text = "True"
    elif len(bare) == 1 and not default:
        gateway.set("default", bare[0].get("id") or "")
        doc.warn(bare[0], "The flow has no condition, and is taken when no other is.", "Mark it as the default flow.")
    elif bare:
        _ask_for_conditions(doc, gateway, bare)
    if kind != "exclusiveGateway" and len(bare) == len(flows):
        gateway.tag = tag("parallelGateway") if kind == "inclusiveGateway" else gateway.tag


def _default(doc: Document, node: etree._Element) -> None:
    """The default flow is one of the node's own, and is taken when no other is, whatever its condition says."""
    found = [flow for flow in doc.leaving(node) if flow.get("id") == node.get("default")]
    meant = doc.find(node.get("default"), node)
    if not found and meant is not None and meant.getparent() is None and meant.get("sourceRef") == node.get("id"):
        return  # it was told that it leads nowhere
    if not found:
        doc.error(
            node,
            f"The default flow “{node.get('default')}” does not leave it.",
            "Mark one of its own flows as the default.",
        )
    for flow in found:
        condition = child(flow, "conditionExpression")
        if condition is not None:
            flow.remove(condition)
            doc.warn(flow, "The condition of a default flow has no effect.", "Remove it, or unmark the flow.")


def _ask_for_conditions(doc: Document, gateway: etree._Element, bare: list[etree._Element]) -> None:
    for flow in bare:
        doc.error(
            flow,
            f"The flow to “{flow.get('targetRef')}” leaves the gateway “{gateway.get('id')}” without a condition.",
            "Give it a condition, for example approved == True or = amount > 100; one flow may be the default.",
        )


def _unconditional(doc: Document, gateway: etree._Element) -> None:
    for flow in doc.leaving(gateway):
        condition = child(flow, "conditionExpression")
        if condition is not None:
            flow.remove(condition)
            doc.warn(
                flow,
                f"The condition has no effect behind a {local(gateway)}.",
                "Use an inclusive gateway where conditions choose.",
            )
