"""The server's verdict on random answers to a rich form, held against form-js itself in a real browser."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, send_from_directory
from playwright.sync_api import Page

from service import forms
from service.errors import InvalidForm
from service.frontend import build
from tests.browser import NewPage, serving
from tests.forms import random_forms
from tests.forms.rich import CONTEXT, SCHEMA, answers

Json = dict[str, Any]
SUBMISSIONS = int(
    os.environ.get("SUBMISSIONS", "140")
)  #: to one form, and to all random ones; `make chaos` tries 2,400
FORMS = int(os.environ.get("FORMS", "14"))  #: random ones; `make chaos` tries 48
BATCH = 20
EMPTY = '{"type": "default", "components": []}'
# Frames without waiting for a screen: preact runs effects after each.
FRAMES = """
const { port1, port2 } = new MessageChannel();
const waiting = [];
port1.onmessage = () => waiting.shift()?.(performance.now());
globalThis.soon = (call) => { waiting.push(call); port2.postMessage(0); return 0; };
globalThis.requestAnimationFrame = globalThis.soon;
"""
FILL = (Path(__file__).parent / "filling.js").read_text()


@pytest.fixture
def page(new_page: NewPage) -> Iterator[Page]:
    """A page with an empty form on it, from the bundles that the service ships."""
    app = Flask(__name__, static_folder=None)
    script = json.loads((build.DIST / "manifest.json").read_text())["form.js"]["file"]

    @app.get("/")
    def index() -> str:
        return f"""<!doctype html><title>Form</title><link rel="icon" href="data:,">
          <div data-form><p data-problem hidden></p><div data-canvas hidden></div>
          <script type="application/json" data-schema>{EMPTY}</script></div>
          <script type="module" src="/{script}"></script>"""

    @app.get("/<path:name>")
    def part(name: str) -> Any:
        return send_from_directory(build.DIST, name)

    with serving(app) as address:
        opened = new_page(address)
        opened.add_init_script(FRAMES)
        opened.goto("/")
        opened.wait_for_selector("[data-form][data-ready]", state="attached")
        yield opened


def test_the_server_finds_the_same_errors_as_the_browser(page):
    chance = random.Random(20261121)
    seen = filled(page, SCHEMA, CONTEXT, [answers(chance) for _ in range(SUBMISSIONS)])

    assert len(seen) == SUBMISSIONS
    assert differences(seen, SCHEMA, CONTEXT) == []
    right = sum(not entry["errors"] for entry in seen)
    assert SUBMISSIONS // 10 < right < SUBMISSIONS * 9 // 10, "the answers are too right or too wrong"


@pytest.mark.parametrize("number", range(FORMS))
def test_the_server_agrees_with_the_browser_about_any_form(page: Page, number: int) -> None:
    chance = random.Random(20261130 + number)
    form = random_forms.Form(chance)
    assert forms.problems("random.form", json.dumps(form.schema).encode()) == []

    seen = filled(page, form.schema, random_forms.CONTEXT, [form.filled(chance) for _ in range(SUBMISSIONS // FORMS)])

    assert differences(seen, form.schema, random_forms.CONTEXT) == []


def filled(page: Page, schema: Json, context: Json, cases: list[Json]) -> list[Json]:
    """What form-js in the browser sends for each of these answers, and what it holds against it."""
    found: list[Json] = []
    for start in range(0, len(cases), BATCH):
        found += page.evaluate(
            f"""async ([schema, context, cases]) => {{
              const fill = {FILL};
              const {{ form }} = document.querySelector('[data-form]');
              const found = [];
              for (const answers of cases) found.push(await fill(form, schema, context, answers));
              return found;
            }}""",
            [schema, context, cases[start : start + BATCH]],
        )
    return found


def differences(seen: list[Json], schema: Json, context: Json) -> list[Json]:
    """Where browser and server differ."""
    return [found for found in (difference(entry, schema, context) for entry in seen) if found]


def difference(entry: Json, schema: Json, context: Json) -> Json | None:
    """What browser and server see differently in one submission."""
    browser = flat(entry["errors"])
    try:
        accepted = forms.validate(schema, entry["data"], context=context)
    except InvalidForm as invalid:
        return None if invalid.errors == browser else {"browser": browser, "server": invalid.errors, **entry}
    if browser:
        return {"browser": browser, "server": {}, **entry}
    return None if holds(accepted, entry["data"]) else {"accepted": accepted, **entry}


def flat(errors: Any, path: str = "") -> dict[str, list[str]]:
    """form-js' errors, nested by rows, as ours: `{"Field_item.0": [message]}`."""
    if isinstance(errors, list) and all(isinstance(item, str) for item in errors):
        return {path: errors} if errors else {}
    items = errors.items() if isinstance(errors, dict) else enumerate(errors)
    found: dict[str, list[str]] = {}
    for name, inner in items:
        if inner is not None:
            found |= flat(inner, f"{path}.{name}" if path else str(name))
    return found


def holds(accepted: Any, sent: Any) -> bool:
    """Whether everything that the browser sent was accepted as it is; rows without a visible field are sent as null."""
    if isinstance(sent, dict):
        return isinstance(accepted, dict) and all(holds(accepted.get(name), value) for name, value in sent.items())
    if isinstance(sent, list) and sent and not isinstance(sent[0], str):
        return isinstance(accepted, list) and all(
            row is None or holds(accepted[index], row) for index, row in enumerate(sent)
        )
    return bool(accepted == sent)
