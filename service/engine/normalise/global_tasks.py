"""Global tasks (BPMN 2.0.2 §10.3.4): a task that call activities call becomes a process of that task alone."""

from __future__ import annotations

from lxml import etree

from service.engine.xml.document import children, local, tag, unprefixed

_TASKS = {
    "globalTask": "task",
    "globalUserTask": "userTask",
    "globalManualTask": "manualTask",
    "globalScriptTask": "scriptTask",
    "globalBusinessRuleTask": "businessRuleTask",
}
_NOT_OF_TASKS = ("supportedInterfaceRef", "ioBinding")


def as_processes(root: etree._Element) -> None:
    """Write each global task of a file that a call activity calls as a process, before anything else is read."""
    called = {unprefixed(call.get("calledElement") or "") for call in root.iter(tag("callActivity"))}
    for task in children(root, *_TASKS):
        if task.get("id") in called:
            _wrap(root, task)


def _wrap(root: etree._Element, task: etree._Element) -> None:
    process = etree.Element(tag("process"), {"id": task.get("id") or "", "name": task.get("name") or ""})
    process.set("isExecutable", "true")
    root.replace(task, process)
    task.tag = tag(_TASKS[local(task)])
    task.set("id", f"{task.get('id')}.task")
    if (language := task.get("scriptLanguage")) is not None:
        task.set("scriptFormat", language)
        del task.attrib["scriptLanguage"]
    for part in children(task, *_NOT_OF_TASKS):
        task.remove(part)
    process.append(task)
