"""Carries out probes in the sandbox of service/rehearsal: what designers try is what the engine does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from service.engine.checks import examine
from service.engine.definition import Severity
from service.engine.work import What
from service.errors import ServiceError
from service.rehearsal import keeping
from service.rehearsal.sandbox import Sandbox
from service.rehearsal.world import World, read
from tests.conformance.engine import _STATUS
from tests.conformance.vocabulary import Files, Rejected, contents

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


class InTheSandbox:
    """A sandbox, dumped to JSON and loaded again before each step."""

    def __init__(self) -> None:
        self.sandbox = Sandbox(World({}), now=NOW)

    def deploy(self, files: Files) -> None:
        given = contents(files)
        found = examine({name: content for name, content in given.items() if name.endswith(".bpmn")})
        if errors := [problem for problem in found if problem.severity is Severity.ERROR]:
            raise Rejected("\n".join(map(str, errors)))
        with _refusing():
            self.sandbox = Sandbox(read(given), now=NOW)

    def start(self, alias: str, process: str, data: Mapping[str, Any]) -> None:
        with _refusing():
            self.sandbox.start(process, data, name=alias)

    def complete(self, alias: str, task: str, data: Mapping[str, Any], index: int, where: Any) -> None:
        with _refusing():
            self._again()
            open_tasks = [each for each in self.tasks(alias) if each["element_id"] == task]
            fit = [
                number
                for number, each in enumerate(open_tasks)
                if all(each["data"].get(name) == value for name, value in (where or {}).items())
            ]
            if len(fit) <= index:
                raise Rejected(f"{task} is not open")
            self.sandbox.complete(task, data, case=alias, index=fit[index])

    def message(self, name: str, payload: Mapping[str, Any], correlation: Any, alias: str | None) -> None:
        with _refusing():
            self._again()
            self.sandbox.send(name, payload, correlation, case=alias or "")

    def signal(self, name: str, payload: Mapping[str, Any]) -> None:
        with _refusing():
            self._again()
            self.sandbox.broadcast(name, payload)

    def advance(self, seconds: float) -> None:
        with _refusing():
            self._again()
            self.sandbox.until(self.sandbox.now + timedelta(seconds=seconds))

    def cancel(self, alias: str) -> None:
        with _refusing():
            self.sandbox.cancel(case=alias)

    def set_data(self, alias: str, data: Mapping[str, Any]) -> None:
        with _refusing():
            self._again()
            self.sandbox.change(data, case=alias)

    def activate(self, alias: str, adhoc: str, activity: str) -> None:
        with _refusing():
            self._again()
            self.sandbox.activate(activity, {}, case=alias)

    def finish_adhoc(self, alias: str, adhoc: str) -> None:
        with _refusing():
            self._again()
            self.sandbox.finish(adhoc, case=alias)

    def restart(self) -> None:
        self._again()

    def tasks(self, alias: str) -> list[dict[str, Any]]:
        if alias not in self.sandbox.cases:
            return []
        return [
            {
                "element_id": task.element_id,
                "name": task.name,
                "lane": task.lane,
                "documentation": task.documentation,
                "data": case.workflow.visible(task.activity_id),
            }
            for case, task in self.sandbox.tasks(alias)
        ]

    def enabled(self, alias: str, adhoc: str) -> list[str]:
        found = [each for each in self._case(alias).open_adhoc() if each.element_id == adhoc]
        if not found:
            raise Rejected(f"{adhoc} is not open")
        return [each.element_id for each in found[0].enabled if each.may_start]

    def status(self, alias: str) -> str:
        return _STATUS[self._case(alias).state]

    def error(self, alias: str) -> str:
        failure = self._case(alias).failure
        return f"({failure.element_id}: {failure.message})" if failure else ""

    def data(self, alias: str) -> Mapping[str, Any]:
        return dict(self._case(alias).variables)

    def visited(self, alias: str) -> Mapping[str, int]:
        done = (t for t in self.sandbox.trace if t.case == alias and t.what is What.COMPLETED)
        return Counter(each.element for each in done if "container" not in each.details)

    def count(self, process: str, status: str | None) -> int:
        cases = self.sandbox.cases.values()
        return sum(each.key == process and status in (None, _STATUS[each.workflow.state]) for each in cases)

    def fingerprint(self, alias: str) -> Any:
        cases = {n: (c.workflow.state, c.workflow.open_work()) for n, c in self.sandbox.cases.items()}
        return cases.get(alias), len(cases), alias in cases and self.data(alias)

    def _again(self) -> None:
        kept = json.loads(json.dumps(keeping.dump(self.sandbox)))
        self.sandbox = keeping.load(self.sandbox.world, kept)

    def _case(self, alias: str) -> Any:
        if alias not in self.sandbox.cases:
            raise Rejected(f"there is no case {alias}")
        return self.sandbox.cases[alias].workflow


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except ServiceError as problem:
        raise Rejected(str(problem)) from problem
