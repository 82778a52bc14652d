"""The handbook says what is so: every link, command, path, setting, file and label in it is there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from flask import Flask

from service import create_app, handbook
from service.api.openapi import document
from service.cli import main
from service.config import SETTINGS
from tests.conftest import config_for
from tests.handbook.reading import CHAPTERS, blocks, codes, html, labels, links

ROOT = Path(__file__).resolve().parents[2]
SHELL = ("sh", "python")
#: where a shell looks for a command: at the start of a line, after a pipe and the like, after variables set for it
COMMAND = re.compile(r"(?m)(?:^ *|[|;(&] *)(?:[A-Z_]+=\S+ +)*casewright((?: +(?:[^\s|;&)\"'`]+|\"[^\"]*\"|'[^']*'))*)")
IN_COMPOSE = re.compile(r"docker compose run --rm (\S+) (.+)")
FILE = re.compile(r"(?:(?:service|processes|forms|tests)/[\w./-]*|[A-Z]+\.md|compose\.yaml)")

each_chapter = pytest.mark.parametrize("slug", CHAPTERS)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application, for its routes; its database has no tables."""
    return create_app(config_for(f"sqlite:///{tmp_path_factory.mktemp('handbook') / 'none.db'}"))


def test_there_are_four_parts_and_each_begins_with_a_first_success() -> None:
    firsts = [next(each for each in CHAPTERS.values() if each.part == part) for part in handbook.PARTS]

    assert [each.slug for each in firsts] == ["first-task", "ten-minutes", "start", "rest"]
    assert len(CHAPTERS) == len(handbook.chapters()) > 25


@each_chapter
def test_a_chapter_has_a_title_a_first_paragraph_and_headings_that_can_be_told_apart(slug: str) -> None:
    chapter = CHAPTERS[slug]
    anchors = [heading.anchor for heading in chapter.headings]

    assert chapter.title and 20 < len(chapter.about) < 200
    assert not chapter.about.startswith(("#", "|", "<", "-"))
    assert {heading.level for heading in chapter.headings} <= {2, 3}
    assert len(set(anchors)) == len(anchors)


@each_chapter
def test_its_only_html_are_keys_and_comments(slug: str) -> None:
    assert [piece for piece in html(CHAPTERS[slug]) if not re.fullmatch(r"</?kbd>|<!--.*-->", piece)] == []


@each_chapter
def test_every_link_leads_somewhere(app: Flask, slug: str) -> None:
    chapter = CHAPTERS[slug]
    here = ROOT / "service" / "handbook" / chapter.file

    for link in links(chapter):
        target, _, anchor = link.partition("#")
        if target.startswith("/"):
            endpoint, _values = app.url_map.bind("localhost").match(target, method="GET")
            assert endpoint, link
            continue
        assert not target or (here.parent / target).resolve().is_file(), link
        found = handbook.linked(link).removeprefix(f"{handbook.ADDRESS}/").partition("#")[0] if target else slug
        assert not anchor or anchor in {each.anchor for each in CHAPTERS[found].headings}, link


def commands(slug: str) -> Iterator[tuple[list[str], bool]]:
    """The arguments of every `casewright` in a chapter, and whether it is a whole line to be typed."""
    for block in blocks(CHAPTERS[slug]):
        if block.language in SHELL:
            text = block.text.replace("\\\n", " ")
            yield from ((shlex.split(found), True) for found in COMMAND.findall(text))
            yield from ((shlex.split(found), True) for _service, found in IN_COMPOSE.findall(text))
    for code in codes(CHAPTERS[slug]):
        yield from ((shlex.split(found), False) for found in COMMAND.findall(code))


def wrong_with(arguments: list[str], *, whole: bool) -> str:
    """What click holds against a command line, without running it and without looking at values."""
    command: click.Command = main
    context = click.Context(main, info_name="casewright")
    rest = list(arguments)
    try:
        while isinstance(command, click.Group) and rest:
            name, found, rest = command.resolve_command(context, rest)
            assert found is not None
            command, context = found, click.Context(found, info_name=name, parent=context)
        values, left, order = command.make_parser(context).parse_args(rest)
    except click.UsageError as error:
        return error.format_message()
    missing = [each.name for each in order if isinstance(each, click.Argument) and each.required]
    if whole and (isinstance(command, click.Group) or [name for name in missing if not values.get(name or "")]):
        return f"it lacks {missing}"
    return f"it does not take {left}" if left and not isinstance(command, click.Group) else ""


def test_every_command_exists_with_these_options() -> None:
    found = [(slug, arguments, whole) for slug in CHAPTERS for arguments, whole in commands(slug)]

    told = {(slug, " ".join(words)): wrong_with(words, whole=whole) for slug, words, whole in found}
    wrong = {place: said for place, said in told.items() if said}

    assert len(found) > 50
    assert wrong == {}


def test_every_target_of_make_exists() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    written = [text for slug in CHAPTERS for text in [*codes(CHAPTERS[slug]), *_shell(slug)]]

    named = {found for text in written for found in re.findall(r"^make ([\w-]+)", text, re.MULTILINE)}

    assert named >= {"run", "test"}
    assert named - targets == set()


def _shell(slug: str) -> list[str]:
    return [block.text for block in blocks(CHAPTERS[slug]) if block.language == "sh"]


def calls(slug: str) -> Iterator[tuple[str, str]]:
    """Every call of the API in a chapter: the method, and the path below /api/v1."""
    for text in _shell(slug):
        for line in text.replace("\\\n", " ").splitlines():
            found = re.search(r"(?:\bapi|/api/v1)['\" ]*(/[\w/${}?=&*.-]+)", line)
            if found and not line.startswith("api()"):
                method = re.search(r"-X (\w+)", line)
                yield method[1] if method else "POST" if " -d " in line else "GET", found[1]
    for block in blocks(CHAPTERS[slug]):
        if block.language == "python":
            yield from re.findall(r"call\(\"([A-Z]+)\", f?\"(/[^\"]+)\"", block.text)
            yield from (("GET", path) for path in re.findall(r"everything\(\"(/[^\"]+)\"", block.text))
    for code in codes(CHAPTERS[slug]):
        yield from re.findall(r"^([A-Z]+) /api/v1(/\S+)$", code)


def test_every_call_is_one_of_the_api(app: Flask) -> None:
    known = {
        (method.upper(), re.compile(re.sub(r"\{\w+\}", "[^/]+", path)))
        for path, methods in document()["paths"].items()
        for method in methods
    }
    found = [(slug, method, path.partition("?")[0]) for slug in CHAPTERS for method, path in calls(slug)]

    unknown = [
        each for each in found if not any(each[1] == method and path.fullmatch(each[2]) for method, path in known)
    ]

    assert len(found) > 20
    assert unknown == []


@each_chapter
def test_every_setting_is_one(slug: str) -> None:
    of_commands = {param.envvar for command in _all_commands(main) for param in command.params if param.envvar}
    known = {setting.name for setting in SETTINGS} | of_commands

    assert set(re.findall(r"CASEWRIGHT_\w+", CHAPTERS[slug].text)) - known == set()


def _all_commands(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from _all_commands(inner)


@each_chapter
def test_every_file_of_the_repository_is_there(slug: str) -> None:
    named = [code for code in codes(CHAPTERS[slug]) if FILE.fullmatch(code)]

    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_service_of_compose_is_there() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    written = "\n".join(text for slug in CHAPTERS for text in _shell(slug))

    assert {found for found, _rest in IN_COMPOSE.findall(written)} <= set(services)


@each_chapter
def test_every_label_stands_on_a_page(slug: str) -> None:
    """What is bold is what a page says: in a template, in what fills it, or in a case type or form of the demo."""
    sources = [*(ROOT / "service").rglob("templates/**/*.html"), *(ROOT / "service").rglob("*.py")]
    sources += [*(ROOT / "processes").rglob("*.bpmn"), *(ROOT / "forms").glob("*.form")]
    sources += (ROOT / "service" / "frontend" / "src").rglob("*.js")
    said = "\n".join(path.read_text() for path in sources) + "".join(b.text for b in blocks(CHAPTERS[slug]))

    assert [label for label in labels(CHAPTERS[slug]) if label.removesuffix(":") not in said] == []


def test_the_table_of_settings_is_that_of_the_code() -> None:
    settings = CHAPTERS["settings"]

    assert "<!-- settings -->" not in settings.text
    for setting in SETTINGS:
        assert f"| `{setting.name}` |" in settings.text
