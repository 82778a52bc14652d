"""Everybody is spoken to in their language: by their own choice, else as the browser asks, else as the setting says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from service.config import Config
from service.db import db
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
