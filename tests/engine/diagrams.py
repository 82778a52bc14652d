"""Small diagrams in few words, and a case that runs them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from service.engine.parser import Definition, Package, parse
from service.engine.workflow import Workflow

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
_HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:case="urn:casewright:bpmn:1.0"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="defs" targetNamespace="urn:test">'
)


def flows(*paths: str) -> str:
    """`"s A e"` is a path through nodes; `"g B: x > 5"` is one flow with a condition."""
    made = []
    for number, path in enumerate(paths):
        nodes, _, condition = path.partition(": ")
        names = nodes.split()
        for place, (source, target) in enumerate(pairwise(names)):
            inner = f"<conditionExpression><![CDATA[{condition}]]></conditionExpression>" if condition else ""
            made.append(
                f'<sequenceFlow id="f{number}_{place}_{source}_{target}" sourceRef="{source}" targetRef="{target}">'
                f"{inner}</sequenceFlow>"
            )
    return "".join(made)


def node(tag: str, name: str, inner: str = "", **attributes: str) -> str:
    """One element; `case_x` becomes `case:x`."""
    said = "".join(f' {key.replace("case_", "case:")}="{value}"' for key, value in attributes.items())
    return f'<{tag} id="{name}" name="{name}"{said}>{inner}</{tag}>'


def user(*names: str) -> str:
    """User tasks."""
    return "".join(node("userTask", name) for name in names)


def script(name: str, text: str) -> str:
    """A script task in Python."""
    return node("scriptTask", name, f"<script><![CDATA[{text}]]></script>", scriptFormat="python")


def timer(text: str, kind: str = "timeDuration") -> str:
    """A timer's definition."""
    return f"<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>"


def process(elements: str, *paths: str, key: str = "p") -> str:
    """A process with the start event `s` and the end event `e`."""
    ends = "<startEvent id='s'/><endEvent id='e'/>"
    return f'<process id="{key}" isExecutable="true">{ends}{elements}{flows(*paths)}</process>'


def package(*processes: str, roots: str = "") -> Package:
    """Deploy processes together in one file."""
    return parse({"test.bpmn": written(*processes, roots=roots)})


def written(*processes: str, roots: str = "") -> bytes:
    """The file that holds processes."""
    return f"{_HEAD}{roots}{''.join(processes)}</definitions>".encode()


def restarted(workflow: Workflow, *, now: datetime = NOW, definition: Definition | None = None) -> Workflow:
    """The workflow as a restart gives it back, perhaps with another definition: stored, its variables as JSON."""
    variables = json.loads(json.dumps(workflow.variables))
    return Workflow.load(definition or workflow.definition, workflow.dump(), variables, now=now)


class Case:
    """A running case for tests. With `reload` it is dumped and loaded before every step."""

    def __init__(self, definition: Definition, *, reload: bool = False, **variables: Any) -> None:
        self.definition = definition
        self.reload = reload
        self.now = NOW
        self.workflow = Workflow.start(definition, variables, now=NOW)

    def at_work(self) -> Workflow:
        if self.reload:
            self.workflow = restarted(self.workflow, now=self.now)
        self.workflow.now = self.now
        return self.workflow

    def open(self) -> list[str]:
        """The element ids of the open human tasks, sorted."""
        return sorted(task.element_id for task in self.at_work().open_work().tasks)

    def id_of(self, element_id: str, number: int = 0) -> str:
        """The activity id of an open task, service, child or subscription."""
        work = self.at_work().open_work()
        found = [
            item.activity_id
            for kind in (work.tasks, work.services, work.children, work.subscriptions, work.adhoc)
            for item in kind
            if item.element_id == element_id
        ]
        return found[number]

    def complete(self, element_id: str, number: int = 0, /, **data: Any) -> None:
        activity_id = self.id_of(element_id, number)
        self.at_work().complete(activity_id, data)

    def advance(self, **time: float) -> None:
        """Move the clock, and fire what is due, earliest first."""
        self.now += timedelta(**time)
        while due := sorted(
            (timer.due_at, timer.timer_id)
            for timer in self.at_work().open_work().timers
            if timer.due_at and timer.due_at <= self.now
        ):
            assert self.at_work().fire(due[0][1])

    @property
    def state(self) -> str:
        return str(self.workflow.state)

    @property
    def variables(self) -> Mapping[str, Any]:
        return self.workflow.variables

    @property
    def why(self) -> str:
        return self.workflow.failure.message if self.workflow.failure else ""


def run(elements: str, *paths: str, reload: bool = False, roots: str = "", **variables: Any) -> Case:
    """Deploy one process and start a case of it."""
    return Case(package(process(elements, *paths), roots=roots).definitions["p"], reload=reload, **variables)
