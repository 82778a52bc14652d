"""Notes: who writes and sees them, what they said before, whom they mention, and that they are harmless as HTML."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml.html import fragment_fromstring

from service.db import db
from service.errors import BadRequest, Forbidden, NotFound, WrongState
from service.http import markdown
from service.models import Actor, Case, Note, NoteVisibility
from service.operations import notes, roles
from service.policy.permissions import Action, may
from service.queries import notes as lists
from service.queries.visibility import in_team
from tests.operations.test_children import deploy, opened
from tests.operations.test_roles import CARE


@pytest.fixture
def ann(app: Flask, person: Callable[..., Actor]) -> Actor:
    return person("ann", "clerks")


@pytest.fixture
def cli(person: Callable[..., Actor]) -> Actor:
    return person("cli")


@pytest.fixture
def care(ann: Actor, cli: Actor) -> Case:
    deploy(CARE)
    case = opened("care", ann)
    roles.bind(case, "client", ["user:cli"], by=ann)
    db.session.commit()
    return case


def texts(case: Case, actor: Actor) -> list[str]:
    return [note.text for note in lists.of_case(case, actor=actor).rows]


def test_the_team_sees_all_notes_and_others_those_for_everybody(care: Case, ann: Actor, cli: Actor) -> None:
    ours = notes.write(care, "Difficult.", by=ann)
    notes.write(care, "See you *soon*.", by=ann, visibility=NoteVisibility.EVERYBODY)
    db.session.commit()

    assert texts(care, ann) == ["See you *soon*.", "Difficult."]
    assert texts(care, cli) == ["See you *soon*."]
    with pytest.raises(NotFound):
        lists.get(ours.id, by=cli)
    with pytest.raises(Forbidden):
        notes.write(care, "Me too", by=cli)


def test_a_mention_opens_no_note_for_the_team(care: Case, ann: Actor, cli: Actor) -> None:
    hidden = notes.write(care, "Do not tell @cli yet.", by=ann)
    told = notes.write(care, "@cli: come on Monday.", by=ann, visibility=NoteVisibility.EVERYBODY)
    db.session.commit()

    assert [found.id for found in lists.mentioning(cli).rows] == [told.id]
    notes.edit(told, "@cli does not need to know.", by=ann, visibility=NoteVisibility.TEAM)
    db.session.commit()
    assert lists.mentioning(cli).rows == []
    roles.bind(care, "expert", ["user:cli"], by=ann)
    db.session.commit()
    assert {found.id for found in lists.mentioning(cli).rows} == {hidden.id, told.id}


def test_strangers_neither_write_nor_read(care: Case, ann: Actor, person: Callable[..., Actor]) -> None:
    eve = person("eve", "visitors")
    note = notes.write(care, "For all", by=ann, visibility=NoteVisibility.EVERYBODY)
    db.session.commit()

    for act in (
        lambda: notes.write(care, "x", by=eve),
        lambda: notes.edit(note, "x", by=eve),
        lambda: lists.of_case(care, actor=eve),
        lambda: lists.get(note.id, by=eve),
        lambda: lists.history(note, actor=eve),
    ):
        with pytest.raises(NotFound):
            act()
        db.session.rollback()


def test_only_the_author_edits_and_what_was_said_before_is_kept(
    care: Case, ann: Actor, cli: Actor, person: Callable[..., Actor]
) -> None:
    nia = person("nia", "nurses")
    note = notes.write(care, "Secret", by=ann)
    db.session.commit()
    notes.edit(note, "Public", by=ann, visibility=NoteVisibility.EVERYBODY)
    db.session.commit()
    with pytest.raises(Forbidden):
        notes.edit(note, "Mine", by=nia)
    db.session.rollback()
    notes.edit(note, "Public!", by=ann)
    db.session.commit()

    assert [each.text for each in lists.history(note, actor=ann)] == ["Secret", "Public"]
    assert [each.text for each in lists.history(note, actor=cli)] == ["Public"]
    notes.withdraw(note, by=ann)
    db.session.commit()
    assert texts(care, cli) == [""]
    with pytest.raises(WrongState, match="withdrawn"):
        notes.edit(note, "Again", by=ann)


def test_mentions_are_of_people_who_are_there_and_may_read_the_case(
    care: Case, ann: Actor, cli: Actor, person: Callable[..., Actor]
) -> None:
    eve = person("eve", "visitors")
    note = notes.write(care, "@cli, ask @eve. and @nobody or mail a@eve", by=ann, visibility=NoteVisibility.EVERYBODY)
    db.session.commit()

    assert [found.id for found in lists.mentioning(cli).rows] == [note.id]
    assert lists.mentioning(eve).rows == []  # she may not read the case
    notes.edit(note, "Nobody any more", by=ann)
    db.session.commit()
    assert lists.mentioning(cli).rows == []


def test_empty_and_endless_notes_are_refused(care: Case, ann: Actor) -> None:
    for text in ("  \n", "x" * 20_001):
        with pytest.raises(BadRequest):
            notes.write(care, text, by=ann)
        db.session.rollback()


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>)",
        "![x](http://evil.example/pixel.png)",
        "<img src=x onerror=alert(1)>",
        '<a href="x" onclick="alert(1)">x</a>',
        "[x](http://a.example \"' onmouseover=alert(1) '\")",
        "<style>*{display:none}</style>",
    ],
)
def test_what_people_write_is_harmless_html(attack: str) -> None:
    html = markdown.render(attack)

    assert not any(bad in html for bad in ("<script", "<img", "<style", 'href="javascript', 'href="data'))
    assert '<a href="x"' not in html
    found = fragment_fromstring(html, create_parent="div")
    assert {name for node in found.iter() for name in node.attrib} <= {"href", "title", "rel"}


def test_markdown_becomes_paragraphs_lists_and_tables() -> None:
    assert markdown.render("**a** ~~b~~\n\n- c\n\n|d|\n|-|\n|e|") == (
        "<p><strong>a</strong> <s>b</s></p>\n<ul>\n<li>c</li>\n</ul>\n<table>\n<thead>\n<tr>\n<th>d</th>\n</tr>\n"
        "</thead>\n<tbody>\n<tr>\n<td>e</td>\n</tr>\n</tbody>\n</table>\n"
    )


@pytest.mark.parametrize("restricted", [False, True])
def test_the_query_and_the_rule_agree_on_who_is_of_the_team(
    care: Case, ann: Actor, cli: Actor, person: Callable[..., Actor], restricted: bool
) -> None:
    """`queries.visibility.in_team` says in SQL what `RULES[WRITE_NOTE]` says in Python."""
    people = [ann, cli, person("nia", "nurses"), person("xia"), person("hal", "heads"), person("eve", "visitors")]
    people += [person("ada", admin=True), person("ron", "clerks")]
    roles.bind(care, "expert", ["user:xia"], by=ann)
    if restricted:
        roles.restrict(care, True, by=ann, reason="A test.")
    note = notes.write(care, "Ours.", by=ann)
    db.session.commit()

    for actor in people:
        chosen = db.session.scalar(sa.select(Case.id).where(Case.id == care.id, in_team(actor)))
        seen = db.session.scalar(sa.select(Note.id).where(Note.id == note.id, lists.visible(actor)))
        assert (chosen is not None) == (seen is not None) == may(actor, Action.WRITE_NOTE, care), actor.name
