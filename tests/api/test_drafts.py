"""Drafts of forms: what somebody typed is kept for them alone, and only ever prefills."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db
from service.models import SYSTEM, AuditEntry, FormDraft, HumanTask
from service.operations import cases, deployments, tasks
from service.queries import definitions
from tests.api.conftest import Office, Program
from tests.operations import drafted_world

Programs = Callable[..., Program]


class Mine(NamedTuple):
    """A task and its case, by their ids."""

    id: UUID
    case_id: UUID


@pytest.fixture
def mine(app: Flask, office: Office) -> Mine:
    """A task with a form, which is Ann's to do; Ben could do it as well."""
    deployments.deploy(drafted_world.FILES, by=SYSTEM)
    definition = deployments.latest_definition("visit")
    assert definition is not None
    case = cases.begin(definition, {"place": "Oslo", "secret": "x"}, by=office.ann)
    db.session.flush()
    task = db.session.scalars(sa.select(HumanTask).where(HumanTask.case_id == case.id)).one()
    tasks.claim(task, by=office.ann)
    found = Mine(task.id, task.case_id)
    db.session.commit()
    db.session.rollback()
    return found


def put(program: Program, task: Mine, values: dict[str, Any], version: int, **was: Any) -> Any:
    path = f"/tasks/{task.id}/draft"
    return program.send("PUT", path, {"values": values, "was": was, "version": version})


def drafts() -> list[UUID]:
    """Whose drafts there are."""
    found = list(db.session.scalars(sa.select(FormDraft.user_id)))
    db.session.rollback()
    return found


def test_a_draft_is_taken_up_elsewhere_with_what_the_form_was_shown_with(
    office: Office, program: Programs, mine: Mine
) -> None:
    here, there = program(office.ann), program(office.ann)
    put(here, mine, {"place": "Bergen"}, 0, place="Oslo")
    saved = put(here, mine, {"place": "Bergen", "found": "Wet floor"}, 1, place="Oslo").json

    found = there.get(f"/tasks/{mine.id}/draft").json

    assert found == saved
    assert (found["version"], found["values"]) == (2, {"place": "Bergen", "found": "Wet floor"})
    assert found["was"] == {"place": "Oslo"} and found["gone"] == {}
    assert found["saved_at"].endswith("Z")


def test_nothing_was_typed_yet(office: Office, program: Programs, mine: Mine) -> None:
    found = program(office.ann).get(f"/tasks/{mine.id}/draft").json

    assert found == {"version": 0, "values": {}, "was": {}, "gone": {}, "saved_at": None}


def test_nobody_else_sees_or_keeps_a_draft_of_it(office: Office, program: Programs, mine: Mine) -> None:
    put(program(office.ann), mine, {"found": "Nobody's business"}, 0)

    for actor, status in ((office.ben, 403), (office.mia, 403), (office.ada, 403), (office.zoe, 404)):
        other = program(actor)
        assert other.get(f"/tasks/{mine.id}/draft").status_code == status
        assert put(other, mine, {"found": "Mine"}, 0).status_code == status
    assert program(office.ann, "read").get(f"/tasks/{mine.id}/draft").status_code == 403
    assert drafts() == [office.ann.id]
    told = db.session.scalars(sa.select(AuditEntry)).all()
    assert not [entry for entry in told if "business" in str(entry.details)]
    db.session.rollback()
    case = program(office.mia).get(f"/cases/{mine.case_id}")
    assert "business" not in case.text


def test_whoever_has_the_task_next_begins_with_an_empty_form(office: Office, program: Programs, mine: Mine) -> None:
    put(program(office.ann), mine, {"found": "Ann's words"}, 0)
    program(office.ann).post(f"/tasks/{mine.id}/release")
    program(office.ben).post(f"/tasks/{mine.id}/claim")

    assert program(office.ben).get(f"/tasks/{mine.id}/draft").json["version"] == 0
    assert program(office.ann).get(f"/tasks/{mine.id}/draft").status_code == 403
    put(program(office.ben), mine, {"found": "Ben's words"}, 0)
    program(office.ben).post(f"/tasks/{mine.id}/release")
    program(office.ann).post(f"/tasks/{mine.id}/claim")
    assert program(office.ann).get(f"/tasks/{mine.id}/draft").json["values"] == {"found": "Ann's words"}


def test_two_tabs_never_overwrite_each_other_unasked(office: Office, program: Programs, mine: Mine) -> None:
    ann = program(office.ann)
    put(ann, mine, {"found": "From the first tab"}, 0)

    refused = put(ann, mine, {"found": "From the second"}, 0)
    again = put(ann, mine, {"found": "From the first tab"}, 0)  # its answer was lost on the way

    assert refused.status_code == 409
    assert "elsewhere" in refused.json["detail"]
    assert (again.status_code, again.json["version"]) == (200, 2)
    assert put(ann, mine, {"found": "From the second"}, 2).json["version"] == 3


def test_what_the_form_does_not_ask_for_is_no_part_of_a_draft(office: Office, program: Programs, mine: Mine) -> None:
    ann = program(office.ann)
    kept = put(ann, mine, {"found": "x", "secret": "changed", "total": 7, "shown": "y", "isAdmin": True}, 0).json

    assert kept["values"] == {"found": "x"}
    done = ann.post(f"/tasks/{mine.id}/complete", {"data": {"found": "Sent"}})
    assert done.status_code == 200
    variables = program(office.mia).get(f"/cases/{mine.case_id}").json["variables"]
    assert (variables["secret"], variables["found"]) == ("x", "Sent")


def test_a_draft_ends_with_its_task_for_everybody(office: Office, program: Programs, mine: Mine) -> None:
    put(program(office.ann), mine, {"found": "Ann's"}, 0)
    program(office.ann).post(f"/tasks/{mine.id}/release")
    ben = program(office.ben)
    ben.post(f"/tasks/{mine.id}/claim")
    put(ben, mine, {"found": "Ben's"}, 0)
    assert len(drafts()) == 2

    ben.post(f"/tasks/{mine.id}/complete", {"data": {"found": "Done"}})

    assert drafts() == []
    assert put(ben, mine, {"found": "Too late"}, 0).status_code == 409
    assert ben.get(f"/tasks/{mine.id}/draft").json["version"] == 0
    assert drafts() == []


def test_a_draft_ends_with_its_case(office: Office, program: Programs, mine: Mine) -> None:
    put(program(office.ann), mine, {"found": "Ann's"}, 0)

    program(office.mia).post(f"/cases/{mine.case_id}/cancel", {"reason": "A test."})

    assert drafts() == []


def test_a_draft_ends_with_a_task_that_nobody_drew(office: Office, program: Programs, mine: Mine) -> None:
    ann = program(office.ann)
    for ending, body in (("complete", {"data": {"found": "x"}}), ("withdraw", {"reason": "A test."})):
        added = ann.post(f"/cases/{mine.case_id}/tasks", {"name": "Look", "form_key": "visit-report", "to": "ann"})
        assert added.status_code == 201, added.json
        path = f"/tasks/{added.json['id']}"
        assert ann.send("PUT", f"{path}/draft", {"values": {"found": "y"}, "version": 0}).status_code == 200

        assert ann.post(f"{path}/{ending}", body).status_code == 200

        assert drafts() == []


def test_what_was_typed_into_a_field_that_is_no_more_is_kept(office: Office, program: Programs, mine: Mine) -> None:
    ann = program(office.ann)
    put(ann, mine, {"found": "Wet", "place": "Bergen"}, 0, place="Oslo")
    deployments.deploy(drafted_world.without("found"), by=SYSTEM)
    db.session.commit()
    db.session.rollback()
    moved = program(office.mia).post(f"/cases/{mine.case_id}/migrate", {"to": 2, "reason": "A test."})
    assert moved.status_code == 200, moved.json

    found = ann.get(f"/tasks/{mine.id}/draft").json
    later = put(ann, mine, {"place": "Voss"}, found["version"], place="Oslo").json

    assert (found["values"], found["gone"]) == ({"place": "Bergen"}, {"found": "Wet"})
    assert (later["values"], later["gone"]) == ({"place": "Voss"}, {"found": "Wet"})


def test_a_draft_has_bounds(office: Office, program: Programs, mine: Mine) -> None:
    refused = put(program(office.ann), mine, {"found": "x" * 200_000}, 0)

    assert refused.status_code == 400
    assert "200,000 bytes" in refused.json["detail"]
    assert drafts() == []


def test_the_form_that_opens_a_case_has_a_draft_of_each_person(office: Office, program: Programs) -> None:
    deployments.deploy(drafted_world.FILES, by=SYSTEM)
    db.session.commit()
    ann, ben = program(office.ann), program(office.ben)
    path = f"/definitions/{definitions.active('visit').id}/draft"
    db.session.rollback()

    saved = ann.send("PUT", path, {"values": {"place": "Bergen", "secret": "no"}, "version": 0})

    assert saved.json["values"] == {"place": "Bergen"}
    assert ann.get(path).json["version"] == 1
    assert ben.get(path).json["version"] == 0
    assert program(office.zoe).get(path).status_code == 403


def test_no_draft_outlives_its_task_however_it_races(app: Flask, office: Office, program: Programs, mine: Mine) -> None:
    """Saves and completions at the same moment: what was saved before the end is gone with it, all later is refused."""
    ann = program(office.ann)

    def race(number: int) -> int:
        if number == 5:
            return ann.post(f"/tasks/{mine.id}/complete", {"data": {"found": "Done"}}).status_code
        return put(ann, mine, {"found": f"Try {number}"}, 0).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(race, range(12)))

    assert answers[5] == 200
    assert set(answers) <= {200, 409}
    assert drafts() == []
