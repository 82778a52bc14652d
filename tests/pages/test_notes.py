"""Notes on a case's pages: written, previewed, with mentions, edited with their history, harmless whatever they say."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from service.db import db
from service.models import Actor, Case, Note, NoteVisibility
from service.operations import notes, roles
from tests.pages.conftest import Visitor
from tests.pages.test_roles import ann, care, db_actor  # noqa: F401

Visit = Callable[[Actor | None], Visitor]
ATTACKS = """<script>window.hacked = 1</script>

[a](javascript:window.hacked=1) [b](data:text/html,<script>window.hacked=1</script>) <javascript:window.hacked=1>

![c](x" onerror="window.hacked=1) <img src=x onerror=window.hacked=1> <svg onload=window.hacked=1>

[d](http://a.example "' onmouseover=window.hacked=1 '") <a href="x" onclick="window.hacked=1">e</a>

<style>*{display:none}</style> <base href="http://evil.example/"> <form action=x><button>f</button></form>

| <iframe srcdoc="<script>top.hacked=1</script>"> |
|-|
| @ann"><img src=x onerror=window.hacked=1> |

`</textarea><script>window.hacked=1</script>`
"""
LONG = """### What we agreed

- The **plan** stays, ~~but~~ the dates move
- @nia calls [the clinic](https://clinic.example/appointments?patient=4711&day=2026-11-30)

> She would rather come in the morning.

| Day | Who |
|-----|-----|
| Mon | Nia |

`PT-4711` is the number to give."""


def the_note(case: Case) -> Note:
    db.session.rollback()
    return db.session.scalars(sa.select(Note).where(Note.case_id == case.id).order_by(Note.id.desc())).first()


def test_a_note_is_written_in_markdown_for_the_team_or_for_everybody(care: Case, ann: Actor, visit: Visit) -> None:  # noqa: F811
    visit(ann).post(f"/cases/{care.number}/roles/client/give", {"principal": "user:cli"})
    browser, cli, path = visit(ann), visit(db_actor("cli")), f"/cases/{care.number}"

    browser.post(f"{path}/notes", {"text": "She is **difficult**.", "visibility": "team", "from": "case"})
    answer = browser.post(f"{path}/notes", {"text": "See you *soon*, @cli", "visibility": "everybody"})

    assert answer.location.startswith(f"{path}/notes#note-")
    for page in (browser.get(path).text, browser.get(f"{path}/notes").text):
        assert "<p>She is <strong>difficult</strong>.</p>" in page
        assert '<em>soon</em>, <span class="mention">@Cli</span>' in page
    for page in (cli.get(path).text, cli.get(f"{path}/notes").text):
        assert "difficult" not in page and "<em>soon</em>" in page and "Add the note" not in page
    assert "<em>soon</em>" in cli.get("/notes").text and "<em>soon</em>" not in browser.get("/notes").text
    assert browser.post(f"{path}/notes", {"text": " "}).status_code == 400
    assert browser.post(f"{path}/notes", {"text": "x", "visibility": "nobody"}).status_code == 400
    assert cli.post(f"{path}/notes", {"text": "Me too"}).status_code == 403


def test_a_preview_shows_it_before_as_a_part_and_as_a_whole_page(care: Case, ann: Actor, visit: Visit) -> None:  # noqa: F811
    browser, path = visit(ann), f"/cases/{care.number}/notes/preview"

    whole = browser.post(path, {"text": "It is *so*", "visibility": "everybody"}).text
    part = browser.post(path, {"text": "It is *so*"}, **{"HX-Request": "true", "HX-Request-Type": "partial"}).text

    assert "<em>so</em>" in whole and ">It is *so*</textarea>" in whole and 'value="everybody" checked' in whole
    assert "<em>so</em>" in part and "<html" not in part
    assert the_note(care) is None


def test_only_the_author_edits_withdraws_and_everybody_reads_what_it_said(care: Case, ann: Actor, visit: Visit) -> None:  # noqa: F811
    browser, nia, path = visit(ann), visit(db_actor("nia", "nurses")), f"/cases/{care.number}"
    browser.post(f"{path}/notes", {"text": "First"})
    note = f"/notes/{the_note(care).id}"
    assert ">First</textarea>" in browser.get(f"{note}/edit").text
    assert "Edit</a>" in browser.get(f"{path}/notes").text and "Edit</a>" not in nia.get(f"{path}/notes").text

    browser.post(f"{note}/edit", {"text": "Second", "visibility": "everybody"})

    assert f'href="{note}/history"' in browser.get(f"{path}/notes").text
    history = nia.get(f"{note}/history").text
    assert history.index("<p>Second</p>") < history.index("<p>First</p>")
    for address in ("edit", "withdraw"):
        assert nia.post(f"{note}/{address}", {"text": "Mine"}).status_code == 403
    assert nia.get(f"{note}/edit").status_code == 403
    browser.post(f"{note}/withdraw")
    page = browser.get(f"{path}/notes").text
    assert "Withdrawn." in page and "Second" not in page
    assert browser.post(f"{note}/edit", {"text": "Again"}).status_code == 409


def test_what_only_the_team_may_read_has_no_address_for_others(care: Case, ann: Actor, visit: Visit) -> None:  # noqa: F811
    roles.give(care, "client", "user:cli", by=ann)
    note = notes.write(care, "Secret", by=ann)
    db.session.commit()
    notes.edit(note, "Open", by=ann, visibility=NoteVisibility.EVERYBODY)
    hidden = notes.write(care, "Hidden", by=ann)
    db.session.commit()
    cli, shared, ours = visit(db_actor("cli")), f"/notes/{note.id}/history", f"/notes/{hidden.id}/history"

    assert "Open" in cli.get(shared).text and "Secret" not in cli.get(shared).text
    assert cli.get(ours).status_code == 404
    assert visit(db_actor("hal", "heads")).get(ours).status_code == 200
    assert cli.get(f"/cases/{care.number}/notes/people?q=a").status_code == 403


def test_suggested_are_those_who_can_see_the_case(care: Case, ann: Actor, visit: Visit) -> None:  # noqa: F811
    path = f"/cases/{care.number}/notes/people"

    assert visit(ann).get(f"{path}?q=N").json == [
        {"value": "ann", "label": "Ann", "about": "ann"},
        {"value": "nia", "label": "Nia", "about": "nia"},
        {"value": "nob", "label": "Nob", "about": "nob"},
    ]
    assert visit(ann).get(f"{path}?q=cli").json == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_note_runs_anything_on_any_page(care: Case, ann: Actor, browse: Callable[..., Page]) -> None:  # noqa: F811
    notes.write(care, ATTACKS, by=ann, visibility=NoteVisibility.EVERYBODY)
    db.session.commit()
    note = the_note(care)
    number, addresses = (
        care.number,
        [f"/cases/{care.number}/notes", f"/notes/{note.id}/edit", f"/notes/{note.id}/history"],
    )
    notes.edit(note, ATTACKS + "!", by=ann)
    db.session.commit()
    db.session.rollback()
    page = browse(ann)

    for address in (f"/cases/{number}", "/notes", *addresses):
        page.goto(address)
        for link in page.locator(".prose a").all():
            assert (link.get_attribute("href") or "").startswith(("http://a.example", "https:"))
            link.hover()
        assert page.locator(".prose :is(script, img, svg, style, base, form, iframe, button, textarea)").count() == 0
        handlers = (
            "[...document.querySelectorAll('.prose *')].some(e => e.getAttributeNames().some(n => n.startsWith('on')))"
        )
        assert page.evaluate(handlers) is False
        assert page.evaluate("window.hacked") is None
    page.goto(addresses[1])
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".preview")).to_contain_text("window.hacked = 1")
    assert page.evaluate("window.hacked") is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_note_with_a_mention_is_written_by_keyboard(care: Case, ann: Actor, browse: Callable[..., Page]) -> None:  # noqa: F811
    number = care.number
    db.session.rollback()
    page = browse(ann)
    page.goto(f"/cases/{number}")

    page.keyboard.press("n")
    page.keyboard.type("Ask @n")
    expect(page.get_by_role("option")).to_have_count(3)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", name="Nia")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.keyboard.type("for *more*")
    expect(page.get_by_label("Note", exact=True)).to_have_value("Ask @nia for *more*")
    page.get_by_role("button", name="Preview").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".preview em")).to_have_text("more")
    page.get_by_label("Note", exact=True).focus()
    page.keyboard.press("Control+Enter")

    expect(page.get_by_text("The note is written.")).to_be_visible()
    expect(page.locator(".note .mention")).to_have_text("@Nia")
    assert the_note(care).text == "Ask @nia for *more*"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_notes_are_accessible_and_worth_looking_at(
    care: Case,  # noqa: F811
    ann: Actor,  # noqa: F811
    browse: Callable[..., Page],
    flaws: Callable[[Page, str], list[str]],
    width: int,
    dark: bool,
) -> None:
    notes.write(care, "She called at *nine*.", by=db_actor("nia", "nurses"), visibility=NoteVisibility.EVERYBODY)
    written = notes.write(care, "Let us wait.", by=ann)
    db.session.commit()
    notes.edit(written, LONG + " @ann", by=ann)
    notes.withdraw(notes.write(care, "Wrong case", by=db_actor("nob", "nurses")), by=db_actor("nob", "nurses"))
    db.session.commit()
    number, history = care.number, f"/notes/{written.id}/history"
    db.session.rollback()
    page, wrong, look = browse(ann, width=width, height=900, dark=dark), {}, f"{width}{'-dark' if dark else ''}"
    for name, address in (
        ("case-with-notes", f"/cases/{number}"), ("notes", f"/cases/{number}/notes"), ("note-history", history),
        ("mentions", "/notes"),
    ):  # fmt: skip
        page.goto(address)
        if name == "notes":
            page.get_by_label("Note", exact=True).fill("Who *else*? @n")
            page.get_by_role("button", name="Preview").click()
            expect(page.locator(".preview em")).to_have_text("else")
            page.get_by_label("Note", exact=True).focus()
            page.keyboard.press("End")
            page.keyboard.type("i")
            expect(page.get_by_role("option")).to_have_count(1)
        found = flaws(page, f"{name}-{look}")
        wrong |= {name: found} if found else {}

    assert wrong == {}
