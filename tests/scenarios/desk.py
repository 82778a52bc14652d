"""The demo's people in front of real browsers: they sign in, look for their work, and fill forms in by label.

What they enter is given as the form's data, as in the other scenarios; the form's file says how each field is called
on the page and of which kind it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from service import audit
from service.db import db
from service.demo import people
from service.maintenance import comparison

ROOT = Path(__file__).resolve().parents[2]
Field = Mapping[str, Any]
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))"


@dataclass(frozen=True)
class Desk:
    """One person with a browser of their own."""

    page: Page
    name: str

    def sign_in(self) -> None:
        """By name and password; afterwards the page that was asked for is shown."""
        self.page.goto("/")
        self.page.get_by_label("Name").fill(self.name)
        self.page.get_by_label("Password", exact=True).fill(people.PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("link", name="My tasks")).to_be_visible()

    def open_case(self, case_type: str, form_key: str, data: Mapping[str, Any]) -> str:
        """From the menu to the new case's page; the case's number."""
        self.page.get_by_role("link", name="New case").first.click()
        self.page.get_by_role("link", name=case_type).click()
        self.enter(form_key, data)
        self.page.keyboard.press("Control+Enter")
        said = self.said(r"[A-Z]+-\d{4}-\d{5} is open\.")
        return said.split()[0]

    def look_at(self, number: str) -> None:
        """The case's page."""
        self.page.goto(f"/cases/{number}")
        expect(self.page.locator(".eyebrow").first).to_contain_text(number)

    def take(self, number: str, task: str) -> None:
        """Find it in the team's queue and take it."""
        self.page.goto("/tasks/team")
        self._open(task, number)
        self.page.get_by_role("button", name="Take it").first.click()
        self.said(f"“{task}” is yours now.")

    def work_on(self, number: str, task: str) -> None:
        """Open it from my tasks."""
        self.page.goto("/tasks")
        self._open(task, number)

    def complete(self, task: str, form_key: str, data: Mapping[str, Any]) -> None:
        """Fill in the form that is shown, send it, and land on the case's page."""
        self.enter(form_key, data)
        self.page.locator("h1").last.click()  # a calendar that is still open covers what is below it
        self.page.get_by_role("button", name="Complete, then the case").click()
        self.said(f"“{task}” is done.")

    def do(self, number: str, task: str, form_key: str, data: Mapping[str, Any]) -> None:
        """Take a task of the team and complete it."""
        self.take(number, task)
        self.complete(task, form_key, data)

    def said(self, pattern: str) -> str:
        """What the page told after the last act."""
        notice = self.page.get_by_text(re.compile(pattern)).first
        expect(notice).to_be_visible()
        return notice.inner_text()

    def enter(self, form_key: str, data: Mapping[str, Any]) -> None:
        """Fill the form in, once it is ready; a field that only shows after another answer comes after that one."""
        canvas = self.page.locator("[data-form][data-ready] [data-canvas]")
        expect(canvas).to_be_visible()
        _fill(canvas, _components(form_key), data)

    def _open(self, task: str, number: str) -> None:
        row = self.page.locator("#rows").get_by_role("link", name=re.compile(f"{task}.*{number}", re.DOTALL)).first
        self.page.goto(row.get_attribute("href") or "")  # a click would draw anew a task that is shown already
        expect(self.page.locator("#task h1")).to_contain_text(task)

    def stages(self) -> dict[str, str]:
        """The stages of the bar, and how each is marked."""
        found = self.page.locator("ol.stages > li")
        return {
            item.locator(".label").inner_text(): item.get_attribute("class") or ""
            for item in (found.nth(n) for n in range(found.count()))
        }

    def timeline(self) -> list[str]:
        """The sentences of the timeline, the newest first."""
        return self.page.locator("#timeline .what > p").all_inner_texts()

    def marked(self, element: str) -> str:
        """The classes that the drawn element carries."""
        shape = self.page.locator(f'.djs-element[data-element-id="{element}"]')
        expect(shape).to_be_visible()
        return shape.get_attribute("class") or ""


def assert_every_story_holds() -> None:
    """Nobody changed what was told of any case."""
    assert [*audit.verify(), *comparison.differences()] == []
    db.session.rollback()


@cache
def _components(form_key: str) -> Sequence[Field]:
    found: Sequence[Field] = json.loads((ROOT / "forms" / f"{form_key}.form").read_bytes())["components"]
    return found


def _fill(where: Locator, fields: Sequence[Field], data: Mapping[str, Any]) -> None:
    """Enter each value of `data` into its field, in the form's order."""
    entered: set[str] = set()
    for field in _flat(fields):
        name = field.get("key") or field.get("path") or ""
        if name in data and name not in entered:
            entered.add(name)
            _enter(where, field, data[name])
    assert entered == set(data), f"no field for {set(data) - entered}"


def _flat(fields: Sequence[Field]) -> Iterator[Field]:
    for field in fields:
        if field["type"] == "group" and not field.get("path"):
            yield from _flat(field["components"])
        elif field["type"] != "expression":
            yield field


def _enter(where: Locator, field: Field, value: Any) -> None:
    label = field.get("label") or field.get("dateLabel") or ""
    match field["type"]:
        case "textfield" | "textarea" | "number":
            where.get_by_role("textbox", name=label, exact=True).fill(str(value))
        case "checkbox":
            where.get_by_role("checkbox", name=label, exact=True).set_checked(value)
        case "radio":
            _box(where, field, label).get_by_role("radio", name=_option(field, value), exact=True).check()
        case "checklist":
            for chosen in value:
                _box(where, field, label).get_by_role("checkbox", name=_option(field, chosen), exact=True).check()
        case "select":
            box = _box(where, field, label)
            box.locator(".fjs-input-group").click()
            box.locator(".fjs-dropdownlist-item", has_text=_option(field, value)).first.click()
        case "datetime":
            _enter_moment(where, field, label, value)
        case "group":
            _fill(where.get_by_role("group", name=label), field["components"], value)
        case "dynamiclist":
            _enter_rows(where.get_by_role("group", name=label), field, value)
        case other:
            raise AssertionError(f"nobody can enter anything into a {other}")


def _box(where: Locator, field: Field, label: str) -> Locator:
    """The whole of a field: its label and what belongs to it."""
    begins_with_label = re.compile(rf"^\s*{re.escape(label)}")
    return where.locator(f".fjs-form-field-{field['type']}", has_text=begins_with_label).first


def _option(field: Field, value: Any) -> str:
    """What the page calls the option with this value."""
    labels: dict[Any, str] = {option["value"]: option["label"] for option in field["values"]}
    return labels[value]


def _enter_moment(where: Locator, field: Field, label: str, value: str) -> None:
    when = datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
    box = where.get_by_role("textbox", name=label, exact=True)
    box.fill(f"{when:%d/%m/%Y}")
    box.press("Tab")
    where.page.evaluate(DRAWN)  # form-js forgets what is entered quicker than it draws
    if isinstance(when, datetime):
        clock = where.get_by_role("textbox", name=field["timeLabel"], exact=True)
        clock.fill(f"{when:%H:%M}")
        clock.press("Tab")
        where.page.evaluate(DRAWN)


def _enter_rows(group: Locator, field: Field, rows: Sequence[Mapping[str, Any]]) -> None:
    for number, row in enumerate(rows):
        items = group.locator(".fjs-repeat-row-container")
        if items.count() <= number:
            group.get_by_role("button", name="Add new").click()
            expect(items).to_have_count(number + 1)
        _fill(items.nth(number), field["components"], row)
