"""Carries out probes on service/engine alone, with a host in memory: cases by alias, and the post between them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from service.engine.checks import examine
from service.engine.definition import Refused, Severity
from service.engine.errors import EngineError
from service.engine.parser import Definition, parse
from service.engine.work import What, WorkflowState
from service.engine.workflow import Workflow
from tests.conformance.vocabulary import Files, Rejected, contents
from tests.engine.diagrams import restarted

_STATUS = {
    WorkflowState.ACTIVE: "running",
    WorkflowState.COMPLETED: "completed",
    WorkflowState.TERMINATED: "cancelled",
    WorkflowState.FAILED: "error",
}


class EngineAlone:
    """Cases in a dict; `reload` dumps and loads each case before every step, so that nothing lives in memory only."""

    def __init__(self, *, reload: bool = False) -> None:
        self.now = datetime(2026, 3, 1, 9, tzinfo=UTC)
        self.reload = reload
        self.cases: dict[str, Workflow] = {}
        self.definitions: Mapping[str, Definition] = {}
        self.completed: dict[str, Counter[str]] = {}
        self._post: deque[tuple[str, What, Mapping[str, Any]]] = deque()

    def deploy(self, files: Files) -> None:
        given = contents(files)
        found = examine({name: content for name, content in given.items() if name.endswith(".bpmn")})
        if errors := [problem for problem in found if problem.severity is Severity.ERROR]:
            raise Rejected("\n".join(map(str, errors)))
        try:
            self.definitions = parse(given).definitions
        except Refused as refused:
            raise Rejected(str(refused)) from refused

    def start(self, alias: str, process: str, data: Mapping[str, Any]) -> None:
        self._open(alias, process, data)
        self._settle()

    def complete(self, alias: str, task: str, data: Mapping[str, Any], index: int, where: Any) -> None:
        found = [
            open_task
            for open_task in self.tasks(alias)
            if open_task["element_id"] == task
            and all(open_task["data"].get(name) == value for name, value in (where or {}).items())
        ]
        if len(found) <= index:
            raise Rejected(f"{task} is not open")
        self._try(self.case(alias).complete, found[index]["id"], data)

    def message(self, name: str, payload: Mapping[str, Any], correlation: Any, alias: str | None) -> None:
        if not self._message(name, payload, correlation, alias):
            raise Rejected(f"nobody waits for {name}")
        self._settle()

    def signal(self, name: str, payload: Mapping[str, Any]) -> None:
        self._signal(name, payload, None)
        self._settle()

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        while due := sorted(
            (timer.due_at, alias, timer.timer_id)
            for alias in self.cases
            for timer in self.case(alias).open_work().timers
            if timer.due_at and timer.due_at <= self.now and self.case(alias).state is WorkflowState.ACTIVE
        ):
            _, alias, timer_id = due[0]
            assert self.case(alias).fire(timer_id)
            self._settle()

    def cancel(self, alias: str) -> None:
        self._try(self.case(alias).terminate)

    def set_data(self, alias: str, data: Mapping[str, Any]) -> None:
        self._try(self.case(alias).set_variables, data)

    def activate(self, alias: str, adhoc: str, activity: str) -> None:
        found = self._adhoc(alias, adhoc).activity_id
        self._try(self.case(alias).activate, found, activity)

    def finish_adhoc(self, alias: str, adhoc: str) -> None:
        found = self._adhoc(alias, adhoc).activity_id
        self._try(self.case(alias).finish_adhoc, found)

    def restart(self) -> None:
        for alias, case in self.cases.items():
            self.cases[alias] = restarted(case, now=self.now)

    def case(self, alias: str) -> Workflow:
        """The case at the present time."""
        if alias not in self.cases:
            raise Rejected(f"there is no case {alias}")
        if self.reload:
            case = self.cases[alias]
            self._note(alias)
            self.cases[alias] = restarted(case, now=self.now)
        self.cases[alias].now = self.now
        return self.cases[alias]

    def tasks(self, alias: str) -> list[dict[str, Any]]:
        if alias not in self.cases:
            return []
        case = self.case(alias)
        return [
            {
                "id": task.activity_id,
                "element_id": task.element_id,
                "name": task.name,
                "lane": task.lane,
                "documentation": task.documentation,
                "data": case.visible(task.activity_id),
            }
            for task in case.open_work().tasks
        ]

    def enabled(self, alias: str, adhoc: str) -> list[str]:
        return [item.element_id for item in self._adhoc(alias, adhoc).enabled if item.may_start]

    def status(self, alias: str) -> str:
        return _STATUS[self.case(alias).state]

    def error(self, alias: str) -> str:
        failure = self.case(alias).failure
        return f"({failure.element_id}: {failure.message})" if failure else ""

    def data(self, alias: str) -> Mapping[str, Any]:
        return self.case(alias).variables

    def visited(self, alias: str) -> Mapping[str, int]:
        return self.completed.get(alias, Counter())

    def count(self, process: str, status: str | None) -> int:
        return sum(
            case.definition.key == process and status in (None, _STATUS[case.state]) for case in self.cases.values()
        )

    def fingerprint(self, alias: str) -> Any:
        case = self.cases.get(alias)
        return case and (case.state, case.open_work(), dict(case.variables), len(self.cases))

    def _open(self, alias: str, process: str, data: Mapping[str, Any], **begun: Any) -> None:
        try:
            self.cases[alias] = Workflow.start(self.definitions[process], data, now=self.now, **begun)
        except (EngineError, KeyError) as problem:
            raise Rejected(str(problem)) from problem
        self._note(alias)

    def _try(self, action: Any, *given: Any) -> None:
        try:
            action(*given)
        except EngineError as problem:
            raise Rejected(str(problem)) from problem
        self._settle()

    def _adhoc(self, alias: str, element_id: str) -> Any:
        found = [item for item in self.case(alias).open_work().adhoc if item.element_id == element_id]
        if not found:
            raise Rejected(f"{element_id} is not open")
        return found[0]

    def _message(self, name: str, payload: Mapping[str, Any], correlation: Any, alias: str | None) -> bool:
        if any(self.case(other).deliver(name, payload, correlation) for other in list(self.cases)):
            return True
        return self._begin("message", name, payload, alias)

    def _signal(self, name: str, payload: Mapping[str, Any], sender: str | None) -> None:
        for other in list(self.cases):
            if other != sender:
                self.case(other).broadcast(name, payload)
        self._begin("signal", name, payload, None)

    def _begin(self, kind: str, name: str, payload: Mapping[str, Any], alias: str | None) -> bool:
        """Open a case for each process that begins with this event."""
        begun = False
        for key, definition in self.definitions.items():
            for start in definition.info.starts:
                if (start.kind, start.name) == (kind, name):
                    wanted = alias if alias and not begun else f"{key}-{len(self.cases)}"
                    self._open(wanted, key, {}, start_event=start.element_id, payload=payload)
                    begun = True
        return begun

    def _note(self, alias: str) -> None:
        for happening in self.cases[alias].take_happenings():
            if happening.what is What.COMPLETED and "container" not in happening.details:
                self.completed.setdefault(alias, Counter())[happening.element_id] += 1
            elif happening.what in (What.MESSAGE_SENT, What.SIGNAL_SENT):
                self._post.append((alias, happening.what, happening.details))

    def _settle(self) -> None:
        """Pass on what the cases sent each other, until nothing more is sent."""
        for alias in list(self.cases):
            self._note(alias)
        while self._post:
            alias, what, sent = self._post.popleft()
            if what is What.MESSAGE_SENT:
                self._message(sent["name"], sent["payload"], sent["correlation"], None)
            else:
                self._signal(sent["name"], sent["payload"], alias)
            for other in list(self.cases):
                self._note(other)
