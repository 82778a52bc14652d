"""Cases over REST: found only by who may read them, changed only by who may steer them, never over somebody's head."""

from __future__ import annotations

import json
from collections.abc import Callable

from service.db import db
from service.models import SYSTEM, ProcessDefinition
from service.operations import deployments
from service.queries import definitions
from tests.api.conftest import LOAN, Office, Program


def test_each_person_lists_the_cases_that_they_may_read(office: Office, program: Callable[..., Program]) -> None:
    case = office.open_case()

    seen = {
        name: [found["id"] for found in program(getattr(office, name)).get("/cases").json["items"]]
        for name in ("ann", "ben", "mia", "rex", "zoe", "ada")
    }

    assert seen == {"ann": [case], "ben": [case], "mia": [case], "rex": [case], "zoe": [], "ada": [case]}


def test_cases_are_found_by_state_type_owner_and_text(office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)
    office.open_case(customer="Grace Hopper")
    office.open_case(customer="Ada 100% sure_thing")

    def found(query: str) -> list[str]:
        return [case["title"] for case in ann.get(f"/cases?{query}").json["items"]]

    assert found("text=hopper") == ["Loan for Grace Hopper"]
    assert found("text=100%25") == ["Loan for Ada 100% sure_thing"]
    assert found("text=_") == ["Loan for Ada 100% sure_thing"]
    assert len(found("case_type=loan&state=active&owner=ann")) == 2
    assert found("owner=ben") == []
    assert found("state=completed") == []


def test_a_manager_changes_owner_priority_and_due_date(office: Office, program: Callable[..., Program]) -> None:
    mia, case = program(office.mia), office.open_case()

    changed = mia.patch(f"/cases/{case}", {"owner": "ben", "priority": 90, "due_at": "2027-01-01T12:00:00+02:00"})
    cleared = mia.patch(f"/cases/{case}", {"due_at": None})

    assert (changed.json["owner"], changed.json["priority"]) == ("ben", 90)
    assert changed.json["due_at"] == "2027-01-01T10:00:00Z"
    assert (cleared.json["owner"], cleared.json["due_at"]) == ("ben", None)


def test_a_clerk_may_not_steer_somebody_elses_case(office: Office, program: Callable[..., Program]) -> None:
    ben, case = program(office.ben), office.open_case()

    answers = [
        ben.patch(f"/cases/{case}", {"priority": 90}),
        ben.patch(f"/cases/{case}/variables", {"variables": {"amount": 1}}),
        ben.post(f"/cases/{case}/cancel", {"reason": "no"}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert ben.get(f"/cases/{case}").json["actions"] == ["tasks", "children", "links", "notes", "documents"]


def test_the_owner_corrects_variables(office: Office, program: Callable[..., Program]) -> None:
    ann, case = program(office.ann), office.open_case()

    changed = ann.patch(f"/cases/{case}/variables", {"variables": {"customer": "Babbage"}})
    wrong = ann.patch(f"/cases/{case}/variables", {"variables": {"no name": 1}})

    assert changed.json["variables"]["customer"] == "Babbage"
    assert changed.json["title"] == "Loan for Babbage"
    assert wrong.status_code == 400


def test_a_cancelled_case_keeps_the_reason_and_stays_cancelled(office: Office, program: Callable[..., Program]) -> None:
    ann, case = program(office.ann), office.open_case()

    cancelled = ann.post(f"/cases/{case}/cancel", {"reason": "Customer withdrew."})
    again = ann.post(f"/cases/{case}/cancel", {"reason": "Once more."})
    tasks = ann.get(f"/cases/{case}/tasks").json["items"]

    assert (cancelled.json["state"], cancelled.json["reason"]) == ("terminated", "Customer withdrew.")
    assert again.status_code == 409
    assert [task["state"] for task in tasks] == ["cancelled"]


def test_a_case_shows_where_it_stands(office: Office, program: Callable[..., Program]) -> None:
    ann, case = program(office.ann), office.open_case()

    state = ann.get(f"/cases/{case}/diagram").json

    assert state["marked"].get("Assess") == 1
    assert state["visits"]["Start_Loan"] == 1
    assert state["failed"] == []


def test_what_has_not_changed_is_not_sent_again(office: Office, program: Callable[..., Program]) -> None:
    ann, case = program(office.ann), office.open_case()
    first = ann.get(f"/cases/{case}")

    again = ann.get(f"/cases/{case}", If_None_Match=first.headers["ETag"])
    ann.patch(f"/cases/{case}", {"priority": 90})
    changed = ann.get(f"/cases/{case}", If_None_Match=first.headers["ETag"])

    assert (again.status_code, again.data) == (304, b"")
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_a_change_on_top_of_an_older_version_is_refused(office: Office, program: Callable[..., Program]) -> None:
    ann, case = program(office.ann), office.open_case()
    seen = ann.get(f"/cases/{case}").headers["ETag"]
    changed = ann.patch(f"/cases/{case}", {"priority": 90}, If_Match=seen)

    late = ann.patch(f"/cases/{case}", {"priority": 10}, If_Match=seen)
    fresh = ann.patch(f"/cases/{case}", {"priority": 20}, If_Match=changed.headers["ETag"])

    assert late.status_code == 412
    assert fresh.status_code == 200
    assert ann.get(f"/cases/{case}").json["priority"] == 20


def test_what_others_see_has_another_etag(office: Office, program: Callable[..., Program]) -> None:
    case = office.open_case()

    etags = {program(actor).get(f"/cases/{case}").headers["ETag"] for actor in (office.ann, office.ben, office.mia)}

    assert len(etags) == 3  # their `actions` differ, though a shared cache must never hold them anyway


def test_data_for_another_version_of_the_start_form_is_answered_with_the_newest(
    office: Office, program: Callable[..., Program]
) -> None:
    ann = program(office.ann)

    def deployed(*keys: str) -> str:
        fields = [{"type": "textfield", "id": key, "key": key, "label": key} for key in keys]
        form = {"type": "default", "id": "asking", "schemaVersion": 19, "components": fields}
        diagram = LOAN.replace(b"<bpmn:startEvent ", b'<bpmn:startEvent case:formKey="asking" ', 1)
        deployments.deploy({"loan.bpmn": diagram, "asking.form": json.dumps(form).encode()}, by=SYSTEM)
        db.session.commit()
        definition = definitions.latest(ProcessDefinition, "loan").id
        db.session.rollback()  # on SQLite our own open transaction would hold up every writer
        return str(ann.get(f"/definitions/{definition}/form").json["id"])

    old, new = deployed("customer"), deployed("customer", "amount")

    refused = ann.post("/cases", {"case_type": "loan", "data": {"customer": "Ada"}, "form_id": old})
    taken = ann.post("/cases", {"case_type": "loan", "data": {"customer": "Ada", "amount": "5"}, "form_id": new})

    assert (refused.status_code, taken.status_code) == (409, 201)
    assert (refused.json["form"]["id"], refused.json["form"]["data"]) == (new, {"customer": "Ada"})
    assert [field["key"] for field in refused.json["form"]["schema"]["components"]] == ["customer", "amount"]


def test_a_stranger_opens_nothing_and_learns_nothing(office: Office, program: Callable[..., Program]) -> None:
    zoe, case = program(office.zoe), office.open_case()

    opened = zoe.post("/cases", {"case_type": "loan", "data": {}})
    unknown = zoe.post("/cases", {"case_type": "no-such-type", "data": {}})
    foreign = zoe.get(f"/cases/{case}")
    nowhere = zoe.get("/cases/01900000-0000-7000-8000-000000000000")

    assert (opened.status_code, unknown.status_code) == (403, 404)
    assert (foreign.status_code, nowhere.status_code) == (404, 404)
    assert {k: v for k, v in foreign.json.items() if k != "instance"} == {
        k: v for k, v in nowhere.json.items() if k != "instance"
    }
