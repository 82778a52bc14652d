"""Drafts on their pages: begun, edited by two people, checked, tried, published, exported, thrown away."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Page, expect

from service.db import db
from service.models import Actor, DesignDraft, ProcessDefinition
from service.operations import designs
from tests.pages.conftest import Office, Visitor
from tests.pages.test_in_a_browser import WIDER

Person = Callable[..., Actor]


@pytest.fixture
def dan(person: Person) -> Actor:
    return person("dan", "designers")


def begun(visitor: Visitor, **said: object) -> str:
    """The address of a draft that was begun so."""
    answer = visitor.post("/designs", dict(said))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def packed(files: dict[str, bytes]) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    made.seek(0)
    return made


def torn(archive: bytes) -> bytes:
    """The archive with something else where its first file's content begins (30 bytes and a name of 6 before it)."""
    return archive[:36] + b"\xff" * 20 + archive[56:]


def test_a_draft_of_nothing_is_checked_tried_published_and_worked_on(office: Office, dan: Actor, app: Flask) -> None:
    designer = Visitor(app, dan)
    where = begun(designer, key="lab-order", title="Lab order")
    text = designs.blank("lab-order", "Lab order").decode()
    broken = text.replace('targetRef="End"', 'targetRef="Gone"')
    file = f"{where}/files/lab-order.bpmn"
    refused = designer.post(file, {"on": "1", "text": broken, "said": "Typed wrongly"})
    told = designer.get(f"{where}?check=1")
    kept = designer.post(f"{where}/publish", {"reason": "A test."})
    tried = designer.post(f"{where}/try")
    mended = text.replace('<userTask id="Task_Do"', '<userTask id="Task_Do" case:candidateGroups="claims-intake"')
    mended = mended.replace(
        'case:numberPrefix="LAB"', 'case:numberPrefix="LAB" case:candidateStarterGroups="claims-intake"'
    )
    designer.post(file, {"on": "2", "text": mended})
    well, began = designer.get(f"{where}?check=1"), designer.post(f"{where}/try")
    designer.send(f"{began.headers['Location']}/form", {})
    rehearsed = designer.get(began.headers["Location"]).text
    published = designer.post(f"{where}/publish", {"reason": "A test."})

    assert refused.status_code == 303 and "Gone" in told.text
    assert (kept.status_code, tried.status_code) == (422, 422)
    assert "All is well." in well.text
    assert "Do it" in rehearsed
    assert published.status_code == 303 and "Published: Lab order version 1." in designer.get(where).text
    assert (
        db.session.scalar(sa.select(ProcessDefinition.key).where(ProcessDefinition.key == "lab-order")) == "lab-order"
    )
    assert Visitor(app, office.ann).get("/cases/new/lab-order").status_code == 200


def test_what_two_people_save_is_shown_to_who_comes_second(dan: Actor, person: Person, app: Flask) -> None:
    one, two = Visitor(app, dan), Visitor(app, person("dora", "designers"))
    where = begun(one, key="both", title="Both")
    file = f"{where}/files/both.bpmn"
    one.post(file, {"on": "1", "text": "<first/>", "said": "First"})
    second = two.post(file, {"on": "1", "text": "<second/>"})
    merged = two.post(file, {"on": "2", "text": "<first/><second/>"})

    assert second.status_code == 409
    assert "Somebody else saved this file" in second.text
    assert "&lt;first/&gt;" in second.text and "&lt;second/&gt;" in second.text
    assert merged.status_code == 303
    assert "&lt;first/&gt;&lt;second/&gt;" in one.get(file).text
    assert "&lt;first/&gt;</textarea>" in one.get(f"{file}?revision=2").text


def test_drafts_begin_of_what_runs_and_of_archives_and_export_the_same(office: Office, dan: Actor, app: Flask) -> None:
    designer = Visitor(app, dan)
    of_claim = begun(designer, of="insurance-claim")
    exported = designer.get(f"{of_claim}.zip")
    names = zipfile.ZipFile(io.BytesIO(exported.data)).namelist()
    again = begun(designer, key="again", title="Again", files=[(io.BytesIO(exported.data), "claim.zip")])

    assert "processes/insurance-claim/insurance-claim.bpmn" in names and "forms/claim-intake.form" in names
    assert exported.data == designer.get(f"{of_claim}.zip").data
    page = designer.get(again).text
    assert all(Path(name).name in page for name in names)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_is_saved_as_it_was_stays_byte_for_byte(dan: Actor, app: Flask) -> None:
    designer, there = Visitor(app, dan), b"<a>\r\n  <b/>\r\n</a>\r\n"
    latin = '<?xml version="1.0" encoding="ISO-8859-1"?><a name="Prüfung"/>'.encode("latin-1")
    files = [(io.BytesIO(there), "x.bpmn"), (io.BytesIO(latin), "old.bpmn")]
    where = begun(designer, key="x", title="X", files=files)
    same = designer.post(f"{where}/files/x.bpmn", {"on": "1", "text": there.decode()})
    one_line = designer.post(f"{where}/files/x.bpmn", {"on": "1", "text": "<a>\r\n  <c/>\r\n</a>\r\n"})
    other = designer.post(f"{where}/files/old.bpmn", {"on": "1", "text": "<a/>"})
    nothing = designer.post(f"{where}/files/x.bpmn", {"on": "2"})
    draft = db.session.scalars(sa.select(DesignDraft)).one()

    assert (same.status_code, one_line.status_code) == (303, 303)
    assert (other.status_code, nothing.status_code) == (400, 400)
    assert "it is shown only" in designer.get(f"{where}/files/old.bpmn").text
    assert designs.contents(draft) == {"x.bpmn": there.replace(b"<b/>", b"<c/>"), "old.bpmn": latin}
    assert [each.number for each in designs.revisions(draft)] == [2, 1, 1]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("x.zip", b"PK\x03\x04 no archive", "no ZIP archive"),
        ("torn.zip", torn(packed({"a.bpmn": bytes(range(256)) * 40}).getvalue()), "no ZIP archive"),
        ("x.exe", b"MZ", "ends in .bpmn, .dmn or .form"),
        ("bomb.zip", packed({"a.bpmn": b" " * 15_000_000}).getvalue(), "packed too tightly"),
        ("large.zip", packed({f"{n}.bpmn": b" " * 11_000_000 for n in range(2)}).getvalue(), "more than a draft does"),
        ("two.zip", packed({"a/x.bpmn": b"1", "b/x.bpmn": b"2"}).getvalue(), "Two files are called"),
        ("way.zip", packed({"../../etc/x y.bpmn": b"1"}).getvalue(), "plain name"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_a_draft_is_said_at_the_field(dan: Actor, app: Flask, name: str, data: bytes, said: str) -> None:
    refused = Visitor(app, dan).post("/designs", {"key": "x", "title": "X", "files": [(io.BytesIO(data), name)]})

    assert refused.status_code == 400 and said in refused.text
    assert db.session.scalars(sa.select(DesignDraft)).all() == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_wrong_name_is_said_at_its_field_and_others_may_not(office: Office, dan: Actor, app: Flask) -> None:
    refused = Visitor(app, dan).post("/designs", {"key": "Lab Order", "title": "Lab order"})
    where = begun(Visitor(app, dan), key="x", title="X")

    assert refused.status_code == 422 and "small letters, digits and dashes" in refused.text
    clerk = Visitor(app, office.ann)
    assert [clerk.get(path).status_code for path in ("/designs", where, f"{where}.zip")] == [403, 403, 403]
    assert clerk.post(f"{where}/discard").status_code == 403
    gone = Visitor(app, dan).post(f"{where}/discard")
    assert gone.status_code == 303 and Visitor(app, dan).get(where).status_code == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_drafts_are_worth_looking_at(
    office: Office,
    dan: Actor,
    browse: Callable[..., Page],
    axe: Callable[[Page], list[str]],
    screenshot: Callable[[Page, str], Path],
    width: int,
    dark: bool,
) -> None:
    page = browse(dan, width=width, dark=dark)
    look, wrong = f"{width}{'-dark' if dark else ''}", {}

    def look_at(name: str) -> None:
        page.wait_for_load_state()
        if found := axe(page):
            wrong[name] = found
        if page.evaluate(WIDER):
            wrong[f"{name} is wider"] = [look]
        screenshot(page, f"designs-{name}-{look}")

    page.goto("/designs")
    page.get_by_label("Case type").select_option(label="Insurance claim")
    page.get_by_role("button", name="Begin the draft").first.click()
    expect(page.get_by_role("heading", name="Insurance claim", level=1)).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("c")
    expect(page.get_by_text("All is well.").or_(page.get_by_role("heading", name="Worth knowing"))).to_be_visible()
    look_at("draft")
    page.get_by_role("link", name="insurance-claim.bpmn").first.click()
    expect(page.get_by_role("button", name="Save")).to_be_visible()
    look_at("file")
    page.get_by_label("insurance-claim.bpmn").fill("<mine/>")
    draft = db.session.scalars(sa.select(DesignDraft)).one()
    designs.save(draft, "insurance-claim.bpmn", b"<theirs/>", on=1, by=dan)
    db.session.commit()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Somebody else saved this file since you opened it.")).to_be_visible()
    expect(page.get_by_label("What they saved")).to_have_value("<theirs/>")
    look_at("conflict")
    page.goto("/designs")
    look_at("index")
    assert wrong == {}
