"""The search of the handbook: what is found, in which order, with which words marked, whatever is typed."""

from __future__ import annotations

import time

import pytest

from service.handbook import search
from service.handbook.search import Folded, Hit


def found(query: str) -> list[str]:
    """The first places, as `chapter: heading`."""
    hits, _has_all = search.find(query)
    return [f"{hit.chapter.slug}: {hit.title}" for hit in hits]


def marked(hit: Hit) -> set[str]:
    return {piece.text.casefold() for piece in hit.excerpt if piece.marked}


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("hold case", "life: Hold a case"),
        ("case HOLD", "life: Hold a case"),
        ("who sees", "people: Roles, and who sees what"),
        ("secret key", "settings: The secret key"),
        ("keyboard", "keyboard: Keyboard"),
        ("idempotency", "requests: Do it once, though you ask twice"),
        ("merge", "related-cases: Merge two cases"),
        ("restore", "backup: Back up and restore"),
    ],
)
def test_the_place_that_is_about_it_comes_first(query: str, first: str) -> None:
    assert found(query)[0] == first


def test_words_may_stand_in_any_order_and_all_have_to_be_there() -> None:
    hits, has_all = search.find("payload message keep_for")

    assert has_all and hits
    for hit in hits:
        text = search.fold(f"{hit.chapter.title} {hit.title} {hit.section.text}")
        assert all(word in text for word in ("payload", "message", "keep", "for"))


def test_accents_and_capitals_make_no_difference() -> None:
    assert found("munchen") == found("MÜNCHEN") == found("mu\u0308nchen") != []


def test_a_word_is_found_by_its_beginning_and_inside_a_name_of_several_words() -> None:
    text = Folded("The candidateGroups of CASEWRIGHT_SECRET_KEY, deployed")

    assert [text.original[start:end] for start, end, _whole in text.places("groups")] == ["Groups"]
    assert [whole for _start, _end, whole in text.places("secret")] == [True]
    assert [whole for _start, _end, whole in text.places("deploy")] == [False]
    assert text.places("ployed") == []


def test_what_is_marked_is_what_stands_in_the_text() -> None:
    text = Folded("Straße und Straßen, İstanbul")

    assert [text.original[start:end] for start, end, _whole in text.places("strasse")] == ["Straße", "Straße"]
    assert [text.original[start:end] for start, end, _whole in text.places("istanbul")] == ["İstanbul"]


def test_an_excerpt_is_short_and_marks_the_words() -> None:
    hits, _has_all = search.find("backup whole")

    for hit in hits:
        said = "".join(piece.text for piece in hit.excerpt)
        assert len(said) <= search.EXCERPT + 10
    assert {"whole"} & marked(hits[0])


def test_where_no_place_has_all_words_those_with_most_are_shown() -> None:
    hits, has_all = search.find("merge xyzzyplugh")

    assert not has_all
    assert hits[0].title == "Merge two cases"


@pytest.mark.parametrize(
    "query", ["", "   ", "?", "_", "-- ;", "\x00", "\u200f\u202e", "🙂", "xyzzyplugh", "%s{}{{7*7}}"]
)
def test_nothing_is_found_by_nothing(query: str) -> None:
    hits, _has_all = search.find(query)

    assert [hit for hit in hits if "7" not in query] == []


def test_a_query_is_read_up_to_its_limits() -> None:
    assert len(search.words("word " * 1000)) == 1
    assert len(search.words(" ".join(map(str, range(500))))) == search.WORDS
    assert search.words("a" * 10_000) == ["a" * search.LONGEST]


@pytest.mark.parametrize("query", ["a b c d e f g h", "e" * 200, "(a+)+$ " * 20, "a.*" * 60, "\u0301" * 200, "ﷺ" * 200])
def test_no_query_takes_long(query: str) -> None:
    search.find("warm")
    start = time.process_time()

    hits, _has_all = search.find(query)

    assert time.process_time() - start < 2
    assert len(hits) <= search.FOUND
