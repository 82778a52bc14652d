"""An office that lends money, and programs that talk to it over REST."""

from __future__ import annotations

import contextvars
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from limits import parse
from werkzeug.test import TestResponse

from service.db import db
from service.models import SYSTEM, Actor, User
from service.operations import cases, deployments, users
from service.queries import definitions

LOAN = (Path(__file__).parents[1] / "operations" / "loan.bpmn").read_bytes()


@dataclass
class Program:
    """Somebody's program: sends JSON with their token (or without one) and keeps no cookies."""

    app: Flask
    token: str | None

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """One request below /api/v1; header names with `_` for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        content: dict[str, Any] = {}
        if isinstance(body, bytes):
            content = {"data": body, "content_type": sent.pop("Content-Type", "application/json")}
        elif body is not None:
            content = {"data": json.dumps(body), "content_type": "application/json"}
        where = path if path.startswith(("/api/", "/healthz", "/readyz")) else f"/api/v1{path}"
        client = self.app.test_client(use_cookies=False)
        alone = contextvars.Context()  # as a server does: not in the test's application context, with its session
        return alone.run(lambda: client.open(where, method=method, headers=sent, **content))

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        return self.send("PATCH", path, body, **headers)


@pytest.fixture
def program(app: Flask) -> Callable[..., Program]:
    """`program(ann)` sends with a token of Ann's with all scopes, `program(ann, "read")` with one of less."""

    def make(actor: Actor | None = None, *scopes: str) -> Program:
        if actor is None:
            return Program(app, None)
        user = db.session.get_one(User, actor.id)
        issued = users.issue_token(user, "test", scopes or ("read", "work", "deploy", "admin"), by=actor)
        db.session.commit()
        return Program(app, issued.secret)

    return make


@dataclass
class Office:
    """Loans: Ann and Ben are clerks, Mia manages, Rex audits, Zoe is a stranger, Ada administers."""

    ann: Actor
    ben: Actor
    mia: Actor
    rex: Actor
    zoe: Actor
    ada: Actor

    def open_case(self, by: Actor | None = None, **data: Any) -> str:
        """The id of a new loan case."""
        definition = definitions.latest(definitions.ProcessDefinition, "loan")
        case = cases.start(definition, by=by or self.ann, submitted={"customer": "Lovelace", "amount": 500, **data})
        db.session.commit()
        found = str(case.id)
        db.session.rollback()
        return found


@pytest.fixture
def office(app: Flask, person: Callable[..., Actor]) -> Office:
    """The office, with the case type `loan` deployed."""
    deployments.deploy({"loan.bpmn": LOAN}, by=SYSTEM)
    db.session.commit()
    people = (
        person("ann", "clerks"),
        person("ben", "clerks"),
        person("mia", "managers"),
        person("rex", "auditors"),
        person("zoe"),
        person("ada", admin=True),
    )
    db.session.rollback()  # an open transaction would keep SQLite from the programs
    return Office(*people)


def without_limits(app: Flask) -> None:
    """Let one person search, deploy and evaluate as often as they like: where not the limits are what is tried."""
    endless, settings = parse("1000000 per second"), app.config["CASEWRIGHT"]
    limits = dict.fromkeys(("search_limit", "deployment_limit", "evaluation_limit", "large_limit"), endless)
    app.config["CASEWRIGHT"] = replace(settings, **limits)
