"""Every language says everything, with the same places for what is filled in, and nothing that is not asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from service.languages import LANGUAGES, catalogue
from service.languages.catalogues import ENGLISH, path_of
from service.languages.extraction import code, scripts, templates

SERVICE = Path(__file__).resolve().parents[2] / "service"
OTHERS = [language for language in LANGUAGES if language != ENGLISH]
PLACES = re.compile(r"%\(\w+\)s|\{\w*\}|</?[a-z]+\d*[^>]*>")
NOT_SHOWN = ("design.html", "api/")  #: what `babel.cfg` ignores: parts shown to developers, and the API's English


@cache
def asked() -> frozenset[tuple[str | None, str]]:
    """(context, message) of everything that templates and code say."""
    found: set[tuple[str | None, str]] = set()
    extractions = {".py": code, ".js": scripts}
    sources = [*(SERVICE / "frontend" / "src").rglob("*.js"), *(SERVICE / "templates").rglob("*.*")]
    sources += [path for path in SERVICE.rglob("*.py") if "node_modules" not in path.parts]
    for path in sources:
        if path.relative_to(SERVICE).as_posix().removeprefix("templates/").startswith(NOT_SHOWN):
            continue
        with path.open("rb") as file:
            for _line, called, message, _comments in extractions.get(path.suffix, templates)(file, {}, (), {}):
                context, text = message if called == "pgettext" else (None, message)
                found.add((context, text if isinstance(text, str) else text[0]))
    return frozenset(found)


def messages(language: str) -> Iterator[Message]:
    with path_of(language).open("rb") as file:
        return iter([message for message in read_po(file, locale=language) if message.id])


def ids(message: Message) -> tuple[str, ...]:
    return message.id if isinstance(message.id, tuple) else (message.id,)


def strings(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


@pytest.mark.parametrize("language", OTHERS)
def test_everything_that_is_said_is_translated(language: str) -> None:
    translated = {(message.context, ids(message)[0]) for message in messages(language) if all(strings(message))}

    assert sorted(text for _, text in asked() - translated) == []  # make messages, then translate what is empty


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_translated_that_nobody_says(language: str) -> None:
    there = {(message.context, ids(message)[0]) for message in messages(language)}

    assert sorted(text for _, text in there - asked()) == []  # make messages


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_same_places_and_tags(language: str) -> None:
    wrong = []
    for message in messages(language):
        for source, said in zip(reversed(ids(message)), strings(message), strict=False):
            wanted = set(PLACES.findall(source))
            if set(PLACES.findall(said)) - wanted or (wanted - set(PLACES.findall(said)) - {"%(num)s"}):
                wrong.append((source, said))

    assert wrong == []


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_filled_in_by_percent_can_be(language: str) -> None:
    """A `%` in a message with values is written `%%`; a lone one would fail on the page."""
    for message in messages(language):
        for said in strings(message):
            names = re.findall(r"%\((\w+)\)s", said)
            if names and not PLACES.search(re.sub(r"%\(\w+\)s", "", ids(message)[0])):
                assert said % dict.fromkeys(names, "x")


def test_a_catalogue_is_read_once() -> None:
    assert catalogue(OTHERS[0]) is catalogue(OTHERS[0])


def test_the_extraction_that_make_uses_finds_the_same() -> None:
    config = (SERVICE / "translations" / "babel.cfg").read_text()
    mapping = [(pattern, name) for name, pattern in re.findall(r"^\[(\w+): (.*)\]$", config, re.M)]
    names = {"pages": "templates", "code": "code", "scripts": "scripts"}
    functions = {name: f"service.languages.extraction:{function}" for name, function in names.items()}
    catalog = Catalog()
    found = extract_from_dir(
        SERVICE,
        [(pattern, functions.get(name, "ignore")) for pattern, name in mapping],
        directory_filter=lambda path: "node_modules" not in path,
    )
    for _file, _line, message, _comments, context in found:
        catalog.add(message, context=context)

    assert {(each.context, ids(each)[0]) for each in catalog if each.id} == asked()
