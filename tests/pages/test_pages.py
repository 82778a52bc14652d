"""Every page answers the right person, as a full load and as a part, and is not there for anybody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from service.db import db
from service.models import Actor, DecisionDefinition, FormDefinition, Incident
from tests.pages.conftest import Office, Visitor

Visit = Callable[[Actor | None], Visitor]


def addresses(office: Office) -> dict[str, str]:
    """Every page that shows something, by what the test calls it."""
    case = office.open_claim()
    task = office.task(case)
    form = db.session.query(FormDefinition).filter_by(key="claim-intake").one()
    decision = db.session.query(DecisionDefinition).one()
    return {
        "my tasks": "/tasks",
        "team queue": "/tasks/team",
        "task": f"/tasks/{task.id}",
        "cases": "/cases",
        "case": f"/cases/{case.number}",
        "data": f"/cases/{case.number}/data",
        "choose": "/cases/new",
        "new": "/cases/new/insurance-claim",
        "case types": "/case-types",
        "case type": "/case-types/insurance-claim",
        "version": "/case-types/insurance-claim?version=1",
        "diagram": f"/definitions/{case.definition_id}/diagram.bpmn",
        "form": f"/forms/{form.id}",
        "decision": f"/decisions/{decision.id}",
        "profile": "/profile",
        "about": "/about",
        "licences": "/about/licences",
    }


def test_every_page_opens_for_who_works_here(office: Office, visit: Visit) -> None:
    pages, ann = addresses(office), visit(office.ann)

    assert {name: ann.get(path).status_code for name, path in pages.items()} == dict.fromkeys(pages, 200)


def test_every_page_of_work_is_not_there_for_a_stranger(office: Office, visit: Visit) -> None:
    pages, zoe = addresses(office), visit(office.zoe)

    answers = {name: zoe.get(pages[name]).status_code for name in ("task", "case", "data")}

    assert answers == {"task": 404, "case": 404, "data": 404}
    assert "Lovelace" not in zoe.get("/cases?state=all").text + zoe.get("/tasks/team").text


def test_pages_of_those_who_run_the_service_are_theirs(office: Office, visit: Visit) -> None:
    ada, mia = visit(office.ada), visit(office.mia)

    for path in ("/deployments", "/incidents", "/api-tokens", "/audit"):
        assert ada.get(path).status_code == 200
        assert mia.get(path).status_code == 403
        assert path in ada.get("/tasks").text
        assert path not in mia.get("/tasks").text


def test_who_is_not_signed_in_goes_to_sign_in_and_comes_back(office: Office, visit: Visit) -> None:
    pages, nobody = addresses(office), visit(None)

    for name, path in pages.items():
        answer = nobody.get(path)
        if name in ("about", "licences"):
            assert answer.status_code == 200
        else:
            assert answer.status_code == 303
            assert answer.location.startswith("/sign-in?next=/"), name


def test_an_htmx_request_without_sign_in_makes_the_browser_go_there(office: Office, visit: Visit) -> None:
    answer = visit(None).get("/tasks", part="ul#rows")

    assert answer.headers["HX-Redirect"] == "/sign-in"


@pytest.mark.parametrize("path", ["/tasks", "/tasks/team", "/cases"])
def test_a_list_is_the_same_in_a_page_and_as_a_part(office: Office, visit: Visit, path: str) -> None:
    office.open_claim()
    ben = visit(office.ben)

    full, part = ben.get(path), ben.get(path, part="div#rows")

    assert full.status_code == part.status_code == 200
    assert "<html" in full.text and "<html" not in part.text
    assert ("Ada Lovelace" in full.text) == ("Ada Lovelace" in part.text)
    assert "HX-Request" in part.headers["Vary"]


def test_a_task_as_a_part_brings_its_list_along(office: Office, visit: Visit) -> None:
    task = office.task(office.open_claim())

    part = visit(office.ben).get(f"/tasks/{task.id}?view=team", part="div#task").text

    assert "<html" not in part
    assert "<title>Assess the claim · Team queue · Casewright</title>" in part
    assert 'hx-target="#rows"' in part and 'aria-current="true"' in part


def test_going_back_in_history_gets_the_whole_page(office: Office, visit: Visit) -> None:
    history = {"HX-History-Restore-Request": "true", "HX-Request": "true"}

    assert "<html" in visit(office.ben).get("/tasks", **history).text


@pytest.mark.parametrize("path", ["/nothing", "/cases/CLM-2026-99999", "/case-types/unknown", "/tasks/not-an-id",
                                  "/case-types/insurance-claim?version=9", "/cases/new/unknown"])  # fmt: skip
def test_what_is_not_there_says_so_and_where_to_go(office: Office, visit: Visit, path: str) -> None:
    answer = visit(office.ann).get(path)

    assert answer.status_code == 404
    assert "There is nothing here" in answer.text
    assert 'href="/tasks"' in answer.text


def test_an_error_inside_a_page_part_is_a_part(office: Office, visit: Visit) -> None:
    answer = visit(office.ann).get("/tasks/018f0000-0000-7000-8000-000000000000", part="div#task")

    assert answer.status_code == 404
    assert "There is nothing here" in answer.text and "<html" not in answer.text


def test_the_wrong_method_is_refused_in_words(office: Office, visit: Visit) -> None:
    answer = visit(office.ann).post("/tasks")

    assert answer.status_code == 405
    assert "This address does something else" in answer.text


def test_a_fault_of_ours_tells_nothing_of_its_inside(app: Flask, office: Office, visit: Visit) -> None:
    def broken() -> str:
        raise RuntimeError("secret inside")

    broken.declared = "public"  # type: ignore[attr-defined]
    app.view_functions["about.about"] = broken

    answer = visit(office.ann).get("/about")

    assert answer.status_code == 500
    assert "our fault" in answer.text and "secret inside" not in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


def test_incidents_name_the_case_and_the_place(office: Office, visit: Visit) -> None:
    case = office.open_claim()
    db.session.add(Incident(case_id=case.id, element_id="Task_Assess", message="The script divided by zero."))
    db.session.commit()

    page = visit(office.ada).get("/incidents").text

    assert "The script divided by zero." in page and case.number in page and "“Assess the claim”" in page
    assert "Nothing is stuck" in visit(office.ada).get("/incidents?state=resolved").text


def test_a_page_holds_only_text_for_text(office: Office, visit: Visit) -> None:
    evil = "<script>alert(1)</script>"
    case = office.open_claim(claimant=evil, description=evil + "</script> and more")
    task = office.task(case)

    for path in ("/cases", f"/cases/{case.number}", f"/tasks/{task.id}", f"/cases/{case.number}/data"):
        assert evil not in visit(office.mia).get(path).text, path


def test_built_files_may_be_kept_for_ever_and_others_are_not_there(office: Office, visit: Visit) -> None:
    nobody = visit(None)
    page = nobody.get("/sign-in").text
    style = page.split('rel="stylesheet" href="')[1].split('"')[0]

    answer = nobody.get(style)

    assert answer.status_code == 200 and "immutable" in answer.headers["Cache-Control"]
    assert nobody.get("/favicon.ico").mimetype == "image/svg+xml"
    for path in ("/static/../config.py", "/static/nothing.js", "/static/server/feel.js"):
        assert nobody.get(path).status_code in (303, 404)
