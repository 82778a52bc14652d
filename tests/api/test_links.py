"""Links, merging and splitting over REST."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from service.db import db
from service.models import Case
from tests.api.conftest import Office, Program
from tests.jobs_by_hand import do_jobs

Programs = Callable[..., Program]


@pytest.fixture
def two(office: Office) -> tuple[str, str]:
    """The ids of two loans of Ann's."""
    return office.open_case(), office.open_case(customer="Babbage")


def number_of(program: Program, case: str) -> str:
    return str(program.get(f"/cases/{case}").json["number"])


def jobs_done() -> None:
    do_jobs()
    db.session.rollback()


def test_a_link_is_made_read_from_both_ends_and_taken_away(
    office: Office, program: Programs, two: tuple[str, str]
) -> None:
    ann, (first, second) = program(office.ann), two
    numbers = number_of(ann, first), number_of(ann, second)

    made = ann.post(f"/cases/{first}/links", {"target": numbers[1], "kind": "blocks"})

    assert made.status_code == 201
    [there] = made.json["items"]
    assert (there["kind"], there["words"], there["number"], there["readable"]) == ("blocks", "blocks", numbers[1], True)
    [back] = ann.get(f"/cases/{second}/links").json["items"]
    assert (back["words"], back["number"], back["id"]) == ("blocked by", numbers[0], there["id"])
    [blocker] = ann.get(f"/cases/{second}/blockers").json["items"]
    assert (blocker["kind"], blocker["name"]) == ("link", numbers[0])
    assert ann.post(f"/cases/{first}/links", {"target": numbers[1], "kind": "blocks"}).status_code == 409
    assert ann.post(f"/cases/{second}/links", {"target": numbers[0], "kind": "blocks"}).status_code == 400
    assert ann.post(f"/cases/{first}/links", {"target": numbers[1], "kind": "merged"}).status_code == 422
    assert ann.post(f"/cases/{first}/links", {"target": "LOA-1", "kind": "related"}).status_code == 404
    assert ann.send("DELETE", f"/links/{there['id']}").status_code == 204
    assert ann.send("DELETE", f"/links/{there['id']}").status_code == 404
    assert ann.get(f"/cases/{second}/links").json["items"] == []
    jobs_done()
    told = [entry["action"] for entry in ann.get(f"/cases/{second}/timeline").json["items"]]
    assert told[:2] == ["case:unlinked", "case:linked"]


def test_a_stranger_learns_nothing_of_links_and_a_reader_changes_none(
    office: Office, program: Programs, two: tuple[str, str]
) -> None:
    ann, zoe, rex = program(office.ann), program(office.zoe), program(office.rex)
    target = number_of(ann, two[1])
    [link] = ann.post(f"/cases/{two[0]}/links", {"target": target, "kind": "related"}).json["items"]

    for caller, status in ((zoe, 404), (rex, 403)):
        assert caller.post(f"/cases/{two[0]}/links", {"target": target, "kind": "duplicate"}).status_code == status
        assert caller.send("DELETE", f"/links/{link['id']}").status_code == status
        assert caller.post(f"/cases/{two[0]}/merge", {"into": target, "reason": "x"}).status_code == status
        assert caller.post(f"/cases/{two[0]}/split", {"reason": "x"}).status_code == status
    assert zoe.get(f"/cases/{two[0]}/links").status_code == 404
    assert [each["id"] for each in rex.get(f"/cases/{two[0]}/links").json["items"]] == [link["id"]]


def test_a_case_is_merged_into_another_which_takes_over_what_it_lacks(
    office: Office, program: Programs, two: tuple[str, str]
) -> None:
    ann, (first, second) = program(office.ann), two
    ann.patch(f"/cases/{first}/variables", {"variables": {"colour": "green"}})
    target = number_of(ann, second)
    assert ann.post(f"/cases/{first}/merge", {"into": target, "reason": " "}).status_code in (400, 422)

    merged = ann.post(f"/cases/{first}/merge", {"into": target, "reason": "The same loan"})

    assert merged.status_code == 200
    assert (merged.json["state"], "merge" in merged.json["actions"]) == ("terminated", False)
    jobs_done()
    data = ann.get(f"/cases/{second}").json["variables"]
    assert (data["colour"], data["customer"]) == ("green", "Babbage")
    [link] = ann.get(f"/cases/{second}/links").json["items"]
    assert link["words"] == "merged from"
    assert ann.send("DELETE", f"/links/{link['id']}").status_code == 409
    assert ann.post(f"/cases/{first}/merge", {"into": target, "reason": "Again"}).status_code == 409


def test_a_case_is_split_with_some_of_its_data(office: Office, program: Programs, two: tuple[str, str]) -> None:
    ann = program(office.ann)

    made = ann.post(f"/cases/{two[0]}/split", {"variables": ["customer", "amount"], "reason": "Two loans"})

    assert made.status_code == 201
    assert made.headers["Location"].endswith(made.json["id"])
    assert (made.json["variables"]["customer"], made.json["variables"]["amount"]) == ("Lovelace", 500)
    [link] = ann.get(f"/cases/{two[0]}/links").json["items"]
    assert (link["words"], link["number"]) == ("split into", made.json["number"])
    assert ann.post(f"/cases/{two[0]}/split", {"variables": ["nothing"], "reason": "x"}).status_code == 400


def test_a_case_that_is_not_ours_to_see_is_a_number_only(
    office: Office, program: Programs, two: tuple[str, str]
) -> None:
    ann, mia = program(office.ann), program(office.mia)
    secret = office.open_case(by=office.ben, customer="Secret")
    mia.post(f"/cases/{secret}/links", {"target": number_of(ann, two[0]), "kind": "related"})
    found = db.session.query(Case).filter_by(title="Loan for Secret").one()
    found.restricted = True
    db.session.commit()
    db.session.rollback()

    [link] = ann.get(f"/cases/{two[0]}/links").json["items"]

    assert (link["title"], link["readable"]) == ("", False)
