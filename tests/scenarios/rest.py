"""The demo's people at their programs: every step is a request to /api/v1 with the token of who makes it."""

from __future__ import annotations

import contextvars
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from service import audit
from service.db import db, utcnow
from service.maintenance import comparison
from service.models import User
from service.operations import users
from tests.jobs_by_hand import do_jobs, pass_time

MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)
Json = dict[str, Any]


@dataclass
class World:
    """The service with the demo's people and case types, in a time that only the test moves."""

    app: Flask
    traveller: time_machine.Traveller
    tokens: dict[str, str] = field(default_factory=dict)

    def person(self, name: str) -> Person:
        """One of the demo's people, with a token for reading and working."""
        if name not in self.tokens:
            user = db.session.scalars(sa.select(User).where(User.name == name)).one()
            issued = users.issue_token(user, "scenario", ("read", "work"), by=users.actor_of(user.id))
            db.session.commit()
            self.tokens[name] = issued.secret
        return Person(self, name, self.tokens[name])

    def work(self) -> None:
        """The worker does what is to be done now, such as carrying news between cases."""
        db.session.rollback()
        do_jobs()

    def wait(self, **duration: float) -> None:
        """Time passes, and the worker does what falls due at its time."""
        db.session.rollback()
        pass_time(utcnow() + timedelta(**duration), self.traveller)


@dataclass(frozen=True)
class Person:
    """Somebody who sends requests; what goes wrong is in the answer."""

    world: World
    name: str
    token: str

    def send(self, method: str, path: str, body: Any = None) -> TestResponse:
        """One request below /api/v1."""
        headers = {"Authorization": f"Bearer {self.token}"}
        content: dict[str, Any] = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        client = self.world.app.test_client(use_cookies=False)
        alone = contextvars.Context()  # as a server does: not in the test's application context, with its session
        return alone.run(lambda: client.open(f"/api/v1{path}", method=method, headers=headers, **content))

    def get(self, path: str) -> Json:
        """What is there."""
        answer = self.send("GET", path)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json or {}
        return found

    def opens(self, case_type: str, form: Mapping[str, Any]) -> RestCase:
        """Open a case with its start form."""
        answer = self.send("POST", "/cases", {"case_type": case_type, "data": form})
        assert answer.status_code == 201, answer.text
        assert answer.json
        return RestCase(self.world, answer.json["id"], answer.json["number"], self)

    def try_to_claim(self, case: RestCase, element: str) -> TestResponse:
        """Ask for the open task of that element, as it stands in the case's list of tasks."""
        return self.send("POST", f"/tasks/{case.task(element)['id']}/claim")

    def try_to_complete(self, case: RestCase, element: str, form: Mapping[str, Any]) -> TestResponse:
        """Send the form of the open task of that element."""
        return self.send("POST", f"/tasks/{case.task(element)['id']}/complete", {"data": form})

    def claims(self, case: RestCase, element: str, which: int = 0) -> Json:
        """Find the task in the team's queue and take it."""
        offered = self.get(f"/tasks?view=team&text={case.number}")["items"]
        task: Json = [task for task in offered if task["element_id"] == element][which]
        answer = self.send("POST", f"/tasks/{task['id']}/claim")
        assert answer.status_code == 200, answer.text
        claimed: Json = answer.json or {}
        assert claimed["assignee"] == self.name
        assert "complete" in claimed["actions"]
        return claimed

    def completes(self, task: Json, form: Mapping[str, Any]) -> None:
        """Look at the task's form, then send it."""
        assert self.get(f"/tasks/{task['id']}/form")["schema"]["components"]
        answer = self.send("POST", f"/tasks/{task['id']}/complete", {"data": form})
        assert answer.status_code == 200, answer.text
        assert answer.json
        assert (answer.json["state"], answer.json["closed_by"]) == ("completed", self.name)

    def does(self, case: RestCase, element: str, form: Mapping[str, Any], which: int = 0) -> None:
        """Claim the task in the team's queue and complete it."""
        self.completes(self.claims(case, element, which), form)


@dataclass(frozen=True)
class RestCase:
    """A case as `reader` sees it."""

    world: World
    id: str
    number: str
    reader: Person

    def now(self) -> Json:
        """The case as it stands."""
        return self.reader.get(f"/cases/{self.id}")

    @property
    def variables(self) -> Json:
        found: Json = self.now()["variables"]
        return found

    def tasks(self) -> list[Json]:
        """The open tasks."""
        return [task for task in self.reader.get(f"/cases/{self.id}/tasks")["items"] if task["closed_at"] is None]

    @property
    def open(self) -> list[str]:
        """The element ids of the open tasks, sorted."""
        return sorted(task["element_id"] for task in self.tasks())

    def task(self, element: str) -> Json:
        """The open task of that element; the first when there are several."""
        return next(task for task in self.tasks() if task["element_id"] == element)

    def story(self) -> list[str]:
        """Who did what, from the first entry on; what the engine did in between is left out."""
        told: list[Json] = []
        where: str | None = f"/cases/{self.id}/timeline?limit=100"
        while where is not None:
            page = self.reader.get(where.removeprefix("/api/v1"))
            told += page["items"]
            where = page["next"]
        assert [entry["seq"] for entry in told] == list(range(len(told), 0, -1))
        return [
            " ".join(filter(None, (entry["actor"], entry["action"], entry["element_id"])))
            for entry in reversed(told)
            if entry["action"] not in ("case:advanced", "task:claimed")
        ]

    def assert_closed(self) -> None:
        """It is completed, nothing is open, and nobody changed its story."""
        case = self.now()
        assert case["state"] == "completed"
        assert set(case["actions"]) <= {"reopen", "links", "notes", "documents", "restrict"}
        assert case["closed_at"] is not None
        assert self.open == []
        assert self.story()[-1].endswith("case:completed")
        assert [*audit.verify(), *comparison.differences()] == []
        db.session.rollback()
