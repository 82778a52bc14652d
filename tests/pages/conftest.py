"""An insurance office, and people who look at its pages: with a plain client, or with a real browser."""

from __future__ import annotations

import contextvars
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from service.db import db, utcnow
from service.http import auth
from service.models import SYSTEM, Actor, Case, HumanTask, LoginSession, ProcessDefinition
from service.operations import cases, deployments
from service.policy.credentials import digest
from service.queries import definitions
from service.queries import tasks as task_lists
from tests.browser import NewPage, serving

ROOT = Path(__file__).resolve().parents[2]
CLAIM: dict[str, Any] = {
    "claimant": "Ada Lovelace",
    "policyNumber": "HH-204517",
    "email": "ada@example.org",
    "policyStatus": "active",
    "damageKind": "water",
    "estimatedAmount": 1200,
    "dateOfLoss": "2026-11-10",
    "reportedOn": "2026-11-20",
    "description": "The hose of the washing machine burst while nobody was at home; the flat below is wet too.",
    "damagedItems": [{"item": "Floor", "claimed": 800}, {"item": "Carpet", "claimed": 400}],
}
FINDING: dict[str, Any] = {
    "finding": "accept",
    "acceptedItems": [{"item": "Floor", "accepted": 700}],
    "assessorNote": "The floor has to be replaced.",
}


def claim_files() -> dict[str, bytes]:
    """What the case type insurance claim consists of."""
    paths = [*(ROOT / "processes" / "insurance-claim").iterdir(), *(ROOT / "forms").glob("claim-*.form")]
    return {path.name: path.read_bytes() for path in paths}


@dataclass
class Office:
    """Ann takes claims in, Ben assesses, Mia manages, Zoe is a stranger, Ada runs the service."""

    ann: Actor
    ben: Actor
    mia: Actor
    zoe: Actor
    ada: Actor

    @property
    def definition(self) -> ProcessDefinition:
        return definitions.latest(ProcessDefinition, "insurance-claim")

    def open_claim(self, **data: Any) -> Case:
        """A new claim that Ann took in."""
        case = cases.start(self.definition, by=self.ann, submitted={**CLAIM, **data})
        db.session.commit()
        return case

    def task(self, case: Case, name: str = "Assess the claim") -> HumanTask:
        """The open task of that name."""
        db.session.rollback()
        return next(task for task in task_lists.of_case(case, actor=self.mia) if task.name == name)


@pytest.fixture
def office(app: Flask, person: Callable[..., Actor]) -> Office:
    """The office, with its case type deployed."""
    deployments.deploy(claim_files(), by=SYSTEM)
    db.session.commit()
    return Office(
        person("ann", "claims-intake"),
        person("ben", "claims-assessors"),
        person("mia", "claims-managers"),
        person("zoe"),
        person("ada", admin=True),
    )


def session_of(app: Flask, actor: Actor) -> tuple[str, str]:
    """The name and value of a sign-in cookie of `actor`."""
    secret = secrets.token_urlsafe(32)
    expires_at = utcnow() + timedelta(hours=1)
    db.session.add(LoginSession(hash=digest(secret), user_id=actor.id, expires_at=expires_at))
    db.session.commit()
    return auth.cookie_name(app), secret


def written(form: dict[str, Any]) -> tuple[str, bytes]:
    """A form as a browser sends it; files are pairs of a stream and a name. For long ones, Flask's client opens files
    of its own, and leaves them open."""
    files = {name: value for name, value in form.items() if _is_file(value)}
    if not files:
        return "application/x-www-form-urlencoded", urlencode(form, doseq=True).encode()
    named = {name: [FileStorage(*each) for each in value] if isinstance(value, list) else FileStorage(*value)
             for name, value in files.items()}  # fmt: skip
    boundary, sent = encode_multipart({**form, **named})
    return f'multipart/form-data; boundary="{boundary}"', sent


def _is_file(value: Any) -> bool:
    return isinstance(value[0] if isinstance(value, list) and value else value, tuple)


class Visitor:
    """Somebody with a browser that runs no scripts."""

    def __init__(self, app: Flask, actor: Actor | None) -> None:
        self.client: FlaskClient = app.test_client()
        if actor is not None:
            self.client.set_cookie(*session_of(app, actor))

    def get(self, path: str, *, part: str = "", **headers: str) -> TestResponse:
        """A full load, or what htmx gets for the element `part`."""
        if part:
            headers |= {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": part}
        return self._open(path, method="GET", headers=headers)

    def post(self, path: str, data: dict[str, Any] | None = None, **headers: str) -> TestResponse:
        """Send a form of one of our pages, with its CSRF token."""
        form = {"csrf_token": self.token(), **(data or {})}
        kind, sent = written(form)
        return self._open(path, method="POST", data=sent, content_type=kind, headers=headers)

    def send(self, path: str, data: dict[str, Any]) -> TestResponse:
        """Send a form-js form, as its script does."""
        headers = {"X-CSRFToken": self.token(), "Accept": "application/json, application/problem+json"}
        return self._open(path, method="POST", json={"data": data}, headers=headers)

    def token(self) -> str:
        """The CSRF token that stands in a page."""
        found = re.search(r'"X-CSRFToken": "([0-9a-f]+)"', self.get("/about").text)
        assert found
        return found[1]

    def _open(self, path: str, **request: Any) -> TestResponse:
        db.session.rollback()  # on SQLite our own open transaction would hold up every writer
        alone = contextvars.Context()  # as a server does: not in the test's application context, with its session
        return alone.run(lambda: self.client.open(path, buffered=True, **request))


@pytest.fixture
def visit(app: Flask) -> Callable[[Actor | None], Visitor]:
    """`visit(ann)` is Ann in front of a browser; `visit(None)` is somebody who is not signed in."""
    return lambda actor: Visitor(app, actor)


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The address of the running service."""
    with serving(app) as url:
        yield url


@pytest.fixture
def browse(app: Flask, address: str, new_page: NewPage) -> Callable[..., Page]:
    """`browse(ann, width=…, dark=…)`: a real browser in which Ann is signed in."""

    def open_page(actor: Actor, **how: Any) -> Page:
        page = new_page(address, **how)
        name, value = session_of(app, actor)
        page.context.add_cookies([{"name": name, "value": value, "url": address}])
        return page

    return open_page


@pytest.fixture
def flaws(
    axe: Callable[[Page], list[str]], screenshot: Callable[[Page, str], Path]
) -> Callable[[Page, str], list[str]]:
    """`flaws(page, name)`: what axe holds against the page, and whether it is too wide; keeps a picture of it."""

    def look(page: Page, name: str) -> list[str]:
        found = axe(page)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append("wider than the screen")
        screenshot(page, name)
        return found

    return look
