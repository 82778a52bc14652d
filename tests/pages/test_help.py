"""The handbook's pages, and the `?` on every page that leads into it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from service import handbook
from service.web import help
from tests.conftest import new_database
from tests.pages.conftest import Office, Visitor

Visit = Callable[..., Visitor]
FILES = {"static_files"}  #: blueprints that give files, not pages
PROGRAMS = ("api.", "health.")
PAGES_OF_THE_API = {"api.openapi.get_docs"}


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """One database is enough: what these pages show is not kept in it."""
    with new_database(request, tmp_path) as url:
        yield url


def endpoints(app: Flask) -> set[str]:
    """Every endpoint that answers people."""
    known = {rule.endpoint for rule in app.url_map.iter_rules()}
    return {each for each in known if not each.startswith(PROGRAMS) and each.partition(".")[0] not in FILES} | (
        PAGES_OF_THE_API & known
    )


def test_every_page_has_its_chapter(app: Flask) -> None:
    lost = {each for each in endpoints(app) if not {each, each.partition(".")[0]} & set(help.CHAPTERS)}

    assert lost == set()


def test_what_leads_to_a_chapter_is_a_page_or_a_blueprint(app: Flask) -> None:
    known = endpoints(app)

    assert set(help.CHAPTERS) - known - {each.partition(".")[0] for each in known} == set()


@pytest.mark.parametrize("place", sorted({*help.CHAPTERS.values(), help.OTHERWISE}))
def test_a_chapter_to_which_a_page_leads_has_that_place(place: str) -> None:
    slug, _, anchor = place.partition("#")
    chapter = handbook.chapter(slug)

    assert chapter, slug
    assert not anchor or anchor in {heading.anchor for heading in chapter.headings}


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/tasks", "tasks"),
        ("/tasks/team", "tasks#take-a-task"),
        ("/cases", "find-a-case"),
        ("/cases/new", "open-a-case"),
        ("/case-types/insurance-claim", "deploy#look-at-what-is-deployed"),
        ("/profile", "account#your-profile"),
        ("/api/v1/docs", "rest"),
        ("/help", "first-task"),
        ("/no-such-page", "account#when-something-does-not-work"),
    ],
)
def test_the_question_mark_of_a_page_leads_to_its_chapter(office: Office, visit: Visit, path: str, place: str) -> None:
    text = visit(office.ann).get(path).text

    [link] = re.findall(r"<a class=\"icon-button help-link\"[^>]*>", text)
    assert f'href="/help/{place}"' in link
    assert 'aria-label="Help on this page"' in link and 'data-key="g h"' in link


def test_the_question_mark_of_a_case_leads_to_the_chapter_on_the_case_page(office: Office, visit: Visit) -> None:
    number = office.open_claim().number

    assert 'href="/help/case-page"' in visit(office.mia).get(f"/cases/{number}").text
    assert 'href="/help/notes"' in visit(office.mia).get(f"/cases/{number}/notes").text


def test_every_chapter_is_read_without_signing_in(office: Office, visit: Visit) -> None:
    visitor = visit(None)

    for chapter in handbook.chapters():
        answer = visitor.get(chapter.address)
        assert answer.status_code == 200, chapter.slug
        assert f"<h1>{chapter.title}</h1>" in answer.text
        assert answer.text.count("<h1") == 1


def test_the_first_page_lists_all_chapters(office: Office, visit: Visit) -> None:
    text = visit(office.ann).get("/help").text

    for part in handbook.PARTS:
        assert part.title in text
    for chapter in handbook.chapters():
        assert f'href="{chapter.address}"' in text


def test_a_chapter_leads_to_those_before_and_after_it(office: Office, visit: Visit) -> None:
    everything = handbook.chapters()

    first, second = visit(None).get(everything[0].address).text, visit(None).get(everything[1].address).text

    assert 'rel="prev"' not in first
    assert f'<a class="button push" href="{everything[1].address}" rel="next"' in first
    assert f'<a class="button" href="{everything[0].address}" rel="prev"' in second
    assert 'rel="next"' not in visit(None).get(everything[-1].address).text


@pytest.mark.parametrize("slug", ["none", "..%2f..%2fetc%2fpasswd", "01-first-task.md", "%00", "workers", "x" * 5000])
def test_a_chapter_that_there_is_not_is_not_found(office: Office, visit: Visit, slug: str) -> None:
    assert visit(office.ann).get(f"/help/{slug}").status_code == 404


def test_what_was_found_is_listed_with_its_words_marked(office: Office, visit: Visit) -> None:
    text = visit(None).get("/help?q=hold+case").text

    assert '<a href="/help/life#hold-a-case" data-row>Hold a case</a>' in text
    assert "<mark>Hold</mark>" in text


def test_where_nothing_was_found_the_page_says_what_to_do(office: Office, visit: Visit) -> None:
    text = visit(None).get("/help?q=xyzzyplugh").text

    assert "Nothing found" in text and "Try fewer or other words" in text


@pytest.mark.parametrize(
    "query",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{12345*1001}}",
        "%00",
        "%ff%fe",
        "a" * 100_000,
        "%F0%9F%99%82",
    ],
)
def test_a_query_is_text_whatever_it_is(office: Office, visit: Visit, query: str) -> None:
    answer = visit(None).get(f"/help?q={query}")

    assert answer.status_code == 200
    for bad in ("<script>alert", "<img src=x", "12357345"):
        assert bad not in answer.text
    assert len(answer.data) < 60_000


def test_the_sign_in_page_says_where_help_with_signing_in_is(office: Office, visit: Visit) -> None:
    assert '<a href="/help/account#sign-in">Help with signing in</a>' in visit(None).get("/sign-in").text
