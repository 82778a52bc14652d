"""A browser without its good manners: cookies, and only those headers that a test gives it."""

from __future__ import annotations

import contextvars
import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.db import db
from service.models import SYSTEM, Actor, User
from service.operations import users


class Browser:
    """One visitor; `token` is the CSRF token of the last page."""

    def __init__(self, app: Flask, *, address: str = "127.0.0.1", base_url: str = "http://localhost") -> None:
        self.client: FlaskClient = app.test_client()
        self.address, self.base_url = address, base_url
        self.token = ""

    def open(self, method: str, path: str, **options: Any) -> TestResponse:
        options.setdefault("base_url", self.base_url)
        options.setdefault("environ_base", {"REMOTE_ADDR": self.address})
        alone = contextvars.Context()
        return alone.run(lambda: self.client.open(path, method=method, **options))

    def get(self, path: str, **options: Any) -> TestResponse:
        answer = self.open("GET", path, **options)
        if answer.mimetype == "text/html" and (found := re.search(r'"X-CSRFToken": "([0-9a-f]{64})"', answer.text)):
            self.token = found.group(1)
        return answer

    def post(self, path: str, form: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        return self.open("POST", path, data={"csrf_token": self.token, **(form or {})}, **options)

    def sign_in(self, name: str, password: str | None = None, **form: Any) -> TestResponse:
        self.get("/sign-in")
        answer = self.post("/sign-in", {"name": name, "password": password or f"secret-{name}", **form})
        if answer.status_code == 303:
            self.get("/profile")
        return answer

    def cookie(self) -> str | None:
        found = self.client.get_cookie("casewright") or self.client.get_cookie("__Host-casewright")
        return found.value if found else None

    def is_signed_in(self) -> bool:
        return self.open("GET", "/api/v1/me").status_code == 200


def give_password(actor: Actor) -> None:
    """Let `actor` sign in with `secret-NAME`."""
    user = db.session.get_one(User, actor.id)
    users.set_password(user, f"secret-{actor.name}", by=SYSTEM)
    db.session.commit()
    db.session.rollback()
