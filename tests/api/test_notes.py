"""Notes over REST: written, seen by whom they are for, mentioning, edited with their history, withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Flask

from service.db import db
from service.models import Case
from service.operations import notes
from tests.api.conftest import Office, Program
from tests.pages.conftest import Visitor

Programs = Callable[..., Program]


def test_the_team_reads_all_notes_and_readers_those_for_everybody(office: Office, program: Programs) -> None:
    ann, rex, case = program(office.ann), program(office.rex), office.open_case()

    made = ann.post(f"/cases/{case}/notes", {"text": "She is **difficult**."})
    ann.post(f"/cases/{case}/notes", {"text": "See you <b>soon</b>, @ben", "visibility": "everybody"})

    assert made.status_code == 201
    assert (made.json["visibility"], made.json["html"]) == ("team", "<p>She is <strong>difficult</strong>.</p>\n")
    texts = {name: [n["text"] for n in caller.get(f"/cases/{case}/notes").json["items"]] for name, caller in
             (("ann", ann), ("ben", program(office.ben)), ("rex", rex))}  # fmt: skip
    assert texts["ann"] == texts["ben"] == ["See you <b>soon</b>, @ben", "She is **difficult**."]
    assert texts["rex"] == ["See you <b>soon</b>, @ben"]
    assert "<b>" not in rex.get(f"/cases/{case}/notes").json["items"][0]["html"]
    assert rex.post(f"/cases/{case}/notes", {"text": "Me too"}).status_code == 403
    assert rex.get(f"/notes/{made.json['id']}/history").status_code == 404
    assert program(office.zoe).get(f"/cases/{case}/notes").status_code == 404


def test_a_mention_is_found_by_whom_it_names(office: Office, program: Programs) -> None:
    ann, case = program(office.ann), office.open_case()

    note = ann.post(f"/cases/{case}/notes", {"text": "@ben and @zoe, look"}).json

    assert [each["id"] for each in program(office.ben).get("/notes").json["items"]] == [note["id"]]
    assert program(office.zoe).get("/notes").json["items"] == []  # she may not see the case
    assert ann.get("/notes").json["items"] == []


def test_a_note_for_the_team_reaches_no_reader_whom_it_mentions(office: Office, program: Programs, app: Flask) -> None:
    ann, rex, case = program(office.ann), program(office.rex), office.open_case()

    made = ann.post(f"/cases/{case}/notes", {"text": "Not for @rex."}).json["id"]

    assert rex.get("/notes").json["items"] == []
    assert "Not for" not in Visitor(app, office.rex).get("/notes").text
    assert [note["id"] for note in program(office.ann, "read").get(f"/cases/{case}/notes").json["items"]] == [made]


def test_an_edited_note_keeps_what_it_said_and_only_its_author_edits(office: Office, program: Programs) -> None:
    ann, ben, case = program(office.ann), program(office.ben), office.open_case()
    note = ann.post(f"/cases/{case}/notes", {"text": "First"}).json["id"]

    edited = ann.send("PUT", f"/notes/{note}", {"text": "Second", "visibility": "everybody"})

    assert (edited.json["text"], edited.json["version"], edited.json["visibility"]) == ("Second", 2, "everybody")
    assert [each["text"] for each in ben.get(f"/notes/{note}/history").json["items"]] == ["First"]
    assert program(office.rex).get(f"/notes/{note}/history").json["items"] == []
    assert ben.send("PUT", f"/notes/{note}", {"text": "Mine"}).status_code == 403
    assert ben.post(f"/notes/{note}/withdraw").status_code == 403
    withdrawn = ann.post(f"/notes/{note}/withdraw")
    assert (withdrawn.json["text"], withdrawn.json["withdrawn_at"] is None) == ("", False)
    assert ann.send("PUT", f"/notes/{note}", {"text": "Again"}).status_code == 409
    told = [entry["action"] for entry in ann.get(f"/cases/{case}/timeline").json["items"]]
    assert told[:3] == ["note:withdrawn", "note:edited", "note:written"]


def test_what_is_no_note_is_refused(office: Office, program: Programs) -> None:
    ann, case = program(office.ann), office.open_case()

    for body in ({"text": " "}, {"text": "x" * 20_001}, {"text": "x", "visibility": "nobody"}, {}, {"text": 1}):
        assert ann.post(f"/cases/{case}/notes", body).status_code in (400, 422), body


def test_notes_come_in_pages(office: Office, program: Programs) -> None:
    ann, case = program(office.ann), office.open_case()
    row = db.session.get_one(Case, UUID(case))
    for n in range(5):
        notes.write(row, f"Note {n}", by=office.ann)
    db.session.commit()
    db.session.rollback()

    first = ann.get(f"/cases/{case}/notes?limit=3").json
    second = ann.get(first["next"]).json

    assert [each["text"] for each in first["items"] + second["items"]] == [f"Note {n}" for n in (4, 3, 2, 1, 0)]
    assert second["next"] is None
