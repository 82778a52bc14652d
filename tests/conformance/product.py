"""Carries out probes on the whole product: its operations, its database, its queue of jobs. Every step loads the case
from the database and saves it, in a transaction of its own, so a restart between any two steps changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
import time_machine
from flask import Flask

from service.db import db, utcnow
from service.engine.errors import EngineError
from service.engine.workflow import Workflow
from service.errors import ServiceError
from service.execution.definitions import deployed
from service.models import SYSTEM, Actor, Case, CaseState, HumanTask, User
from service.operations import cases, deployments, messages, tasks
from tests.conformance.vocabulary import Files, Rejected, contents
from tests.jobs_by_hand import do_jobs, pass_time

_STATUS = {
    CaseState.ACTIVE: "running",
    CaseState.COMPLETED: "completed",
    CaseState.TERMINATED: "cancelled",
    CaseState.FAILED: "error",
}


class Product:
    """Casewright as one process on one database, with the time moved by hand and the jobs done as they fall due."""

    def __init__(self, app: Flask, traveller: time_machine.Traveller) -> None:
        self.app = app
        self.traveller = traveller
        self.aliases: dict[str, Any] = {}
        user = User(name="tester", display_name="Tester", is_admin=True)
        db.session.add(user)
        db.session.commit()
        self.user = user.id
        self.actor = Actor(user.id, "tester", "Tester", frozenset(), True)

    def deploy(self, files: Files) -> None:
        self._act(deployments.deploy, contents(files), by=SYSTEM)

    def start(self, alias: str, process: str, data: Mapping[str, Any]) -> None:
        definition = deployments.latest_definition(process)
        if definition is None:
            raise Rejected(f"there is no process {process}")
        self.aliases[alias] = self._act(cases.begin, definition, data, by=SYSTEM).id
        do_jobs()

    def complete(self, alias: str, task: str, data: Mapping[str, Any], index: int, where: Any) -> None:
        found = [
            open_task
            for open_task in self.tasks(alias)
            if open_task["element_id"] == task
            and all(open_task["data"].get(name) == value for name, value in (where or {}).items())
        ]
        if len(found) <= index:
            raise Rejected(f"{task} is not open")
        row = db.session.get_one(HumanTask, found[index]["id"])
        self._act(tasks.assign, row, by=self.actor, to=db.session.get_one(User, self.user))
        self._act(tasks.complete, row, by=self.actor, submitted=data)
        do_jobs()

    def message(self, name: str, payload: Mapping[str, Any], correlation: Any, alias: str | None) -> None:
        published = self._act(messages.publish, name, payload, by=SYSTEM, correlation=correlation)
        if alias and published.case is not None:
            self.aliases[alias] = published.case.id
        do_jobs()

    def signal(self, name: str, payload: Mapping[str, Any]) -> None:
        self._act(messages.broadcast, name, payload, by=SYSTEM)
        do_jobs()

    def advance(self, seconds: float) -> None:
        pass_time(utcnow() + timedelta(seconds=seconds), self.traveller)

    def cancel(self, alias: str) -> None:
        self._act(cases.cancel, self.case(alias), by=SYSTEM, reason="the probe says so")

    def set_data(self, alias: str, data: Mapping[str, Any]) -> None:
        self._act(cases.change_variables, self.case(alias), data, by=SYSTEM)
        do_jobs()

    def activate(self, alias: str, adhoc: str, activity: str) -> None:
        from service.operations import adhoc as operation

        self._act(operation.activate, self.case(alias), self._adhoc(alias, adhoc).activity_id, activity, by=SYSTEM)
        do_jobs()

    def finish_adhoc(self, alias: str, adhoc: str) -> None:
        from service.operations import adhoc as operation

        self._act(operation.finish, self.case(alias), self._adhoc(alias, adhoc).activity_id, by=SYSTEM)
        do_jobs()

    def restart(self) -> None:
        """Forget everything that the process remembers."""
        deployed.cache_clear()
        db.session.remove()

    def case(self, alias: str) -> Case:
        """The case's row as it is now."""
        if alias not in self.aliases:
            raise Rejected(f"there is no case {alias}")
        db.session.rollback()
        return db.session.get_one(Case, self.aliases[alias])

    def workflow(self, alias: str) -> Workflow:
        """The case's workflow, loaded only to look at it."""
        case = self.case(alias)
        return Workflow.load(
            deployed(case.definition_id).definition, case.snapshot or b"", case.variables, now=utcnow()
        )

    def tasks(self, alias: str) -> list[dict[str, Any]]:
        if alias not in self.aliases:
            return []
        workflow = self.workflow(alias)
        known = {task.activity_id: task for task in workflow.open_work().tasks}
        rows = db.session.scalars(
            sa.select(HumanTask)
            .where(HumanTask.case_id == self.aliases[alias], HumanTask.closed_at.is_(None))
            .order_by(HumanTask.id)
        )
        return [
            {
                "id": row.id,
                "element_id": row.element_id,
                "name": row.name,
                "lane": known[row.activity_id].lane,
                "documentation": known[row.activity_id].documentation,
                "data": workflow.visible(row.activity_id),
            }
            for row in rows
        ]

    def enabled(self, alias: str, adhoc: str) -> list[str]:
        return [item.element_id for item in self._adhoc(alias, adhoc).enabled if item.may_start]

    def status(self, alias: str) -> str:
        return _STATUS[self.case(alias).state]

    def error(self, alias: str) -> str:
        return self.case(alias).reason or ""

    def data(self, alias: str) -> Mapping[str, Any]:
        return self.case(alias).variables

    def visited(self, alias: str) -> Mapping[str, int]:
        return self.case(alias).visits

    def count(self, process: str, status: str | None) -> int:
        db.session.rollback()
        states = db.session.scalars(sa.select(Case.state).where(Case.case_type == process))
        return sum(status in (None, _STATUS[state]) for state in states)

    def fingerprint(self, alias: str) -> Any:
        if alias not in self.aliases:
            return None
        case = self.case(alias)
        count = db.session.execute(sa.select(sa.func.count()).select_from(Case)).scalar_one()
        return case.state, case.variables, case.visits, case.snapshot, count

    def _adhoc(self, alias: str, element_id: str) -> Any:
        found = [item for item in self.workflow(alias).open_work().adhoc if item.element_id == element_id]
        if not found:
            raise Rejected(f"{element_id} is not open")
        return found[0]

    def _act(self, operation: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """One operation, one commit; a refusal changes nothing."""
        try:
            result = operation(*given, **named)
            db.session.commit()
        except (ServiceError, EngineError) as refusal:
            db.session.rollback()
            raise Rejected(str(refusal)) from refusal
        return result
