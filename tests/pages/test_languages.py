"""Everybody is spoken to in their language: by their own choice, else as the browser asks, else as the setting says."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from playwright.sync_api import Page

from service.config import Config
from service.db import db
from service.languages.catalogues import path_of
from service.models import Actor, User
from tests.pages.conftest import Office, Visitor

Visit = Callable[[Actor | None], Visitor]
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


def test_a_page_speaks_the_language_that_the_browser_asks_for(office: Office, visit: Visit) -> None:
    ann = visit(office.ann)

    german, english = ann.get("/tasks/team", **GERMAN).text, ann.get("/tasks/team").text

    assert '<html lang="de"' in german
    assert "Die Liste ist leer" in german
    assert '<html lang="en"' in english
    assert "The queue is empty" in english


def test_a_language_that_there_is_not_is_answered_in_the_settings(
    app: Flask, office: Office, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    settings: Config = app.config["CASEWRIGHT"]
    ann = visit(office.ann)
    assert '<html lang="en"' in ann.get("/tasks", **{"Accept-Language": "fr"}).text

    monkeypatch.setitem(app.config, "CASEWRIGHT", replace(settings, language="de"))  # CASEWRIGHT_LANGUAGE

    assert '<html lang="de"' in ann.get("/tasks", **{"Accept-Language": "fr"}).text
    assert '<html lang="en"' in ann.get("/tasks", **{"Accept-Language": "en"}).text


def test_ones_own_choice_stands_above_the_browser(office: Office, visit: Visit) -> None:
    ann = visit(office.ann)

    answer = ann.post("/profile/language", {"language": "de"})

    assert answer.status_code == 303
    page = ann.get("/profile", **{"Accept-Language": "en"}).text
    assert '<html lang="de"' in page
    assert "Ab jetzt ist dies Ihre Sprache." in page
    assert db.session.query(User.language).filter_by(name="ann").scalar() == "de"
    ann.post("/profile/language", {"language": ""})
    assert '<html lang="en"' in ann.get("/profile").text


def test_only_languages_that_there_are_can_be_chosen(office: Office, visit: Visit) -> None:
    assert visit(office.ann).post("/profile/language", {"language": "../de"}).status_code == 400


def test_one_request_does_not_speak_for_the_next(office: Office, visit: Visit) -> None:
    ann = visit(office.ann)

    said = [ann.get("/cases", **headers).text for headers in ({}, GERMAN, {}, GERMAN)]

    assert ["Fälle" in text for text in said] == [False, True, False, True]


def test_programs_are_answered_in_english(office: Office, visit: Visit) -> None:
    answer = visit(office.ann).get("/api/v1/cases/none", **GERMAN)

    assert answer.status_code == 404
    assert answer.json
    assert "Fall" not in answer.json["detail"]


def test_a_translation_is_shown_as_safely_as_the_english(office: Office, visit: Visit) -> None:
    case = office.open_claim(claimant="<script>alert(1)</script>")

    page = visit(office.ann).get(f"/cases/{case.number}", **GERMAN).text

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def _texts(page: str) -> set[str]:
    """What somebody reads or hears of a page, piece by piece."""
    shown = re.sub(r"(?s)<(script|style|svg)\b.*?</\1>", "", page)
    read = re.findall(r'\b(?:title|aria-label|placeholder|data-key-label)="([^"]*)"', shown)
    return {html.unescape(each).strip() for each in [*re.split(r"<[^>]+>", shown), *read]}


def test_no_page_of_a_german_says_what_the_catalogue_has_in_german(app: Flask, office: Office, visit: Visit) -> None:
    with path_of("de").open("rb") as file:
        known = {each.id: each.string for each in read_po(file) if isinstance(each.id, str) and each.id}
    own = {
        "E-mail",
        "Claims intake",
        "Decision",
        "Assessment",
        "Intake",
        "Settlement",
        "Urgent",
        "Result",
        "Reason",
        "Post",
    }  # the case type's words
    english = {text for text, said in known.items() if said != text} - set(known.values()) - own
    case = office.open_claim()
    addresses = {
        rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and "<" not in rule.rule
    }
    addresses = {each for each in addresses if not each.startswith(("/api/", "/static", "/help"))}
    addresses |= {f"/cases/{case.number}{part}" for part in ("", "/data", "/roles", "/history", "/notes", "/standing")}
    addresses |= {f"/tasks/{office.task(case).id}", "/board/insurance-claim", "/case-types/insurance-claim", "/nowhere"}
    left = {}
    for who in (office.mia, office.ada):
        visitor = visit(who)
        for address in sorted(addresses):
            answer = visitor.get(address, **GERMAN)
            if answer.mimetype == "text/html":
                assert answer.status_code < 500, address
                left |= dict.fromkeys(_texts(answer.text) & english, address)

    assert left == {}


def test_dates_and_numbers_are_written_as_the_language_does(office: Office, visit: Visit) -> None:
    case = office.open_claim(estimatedAmount=12345)

    page = visit(office.ann).get(f"/cases/{case.number}", **GERMAN).text

    assert "10. Nov. 2026" in page
    assert "12.345" in page
    assert "12,345" in visit(office.ann).get(f"/cases/{case.number}").text


def test_a_link_for_somebody_outside_speaks_its_own_language(office: Office, visit: Visit) -> None:
    page = visit(None).get("/answer/none", **GERMAN)

    assert page.status_code == 404
    assert '<html lang="en"' in page.text


def test_scripts_get_their_words_where_they_are_not_english(office: Office, visit: Visit) -> None:
    ann = visit(office.ann)

    assert '"Copied": "Kopiert"' in ann.get("/tasks", **GERMAN).text
    assert 'id="words"' not in ann.get("/tasks").text


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_german_pages_look_right(
    office: Office, browse: Callable[..., Page], flaws: Callable[[Page, str], list[str]], width: int, dark: bool
) -> None:
    case = office.open_claim()
    db.session.query(User).filter_by(name="mia").update({"language": "de"})
    db.session.commit()
    page = browse(office.mia, width=width, dark=dark)

    found = {}
    for name, path in {
        "case": f"/cases/{case.number}",
        "task": f"/tasks/{office.task(case).id}",
        "profile": "/profile",
    }.items():
        page.goto(path)
        page.wait_for_load_state()
        found[name] = flaws(page, f"german {name} {width}")

    assert found == {"case": [], "task": [], "profile": []}
    page.goto(f"/cases/{case.number}")
    assert page.locator("ol.timeline time").first.inner_text() in ("gerade eben", "vor 1 Minute", "vor einer Minute")
