"""The customer file with its claims over REST, by the demo's people, on both databases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from service.db import db
from service.models import ProcessDefinition, User
from service.operations import cases, users
from service.queries import definitions
from tests.scenarios.rest import Json, Person, RestCase, World

CUSTOMER: dict[str, Any] = {
    "customer": "Hotel Seeblick",
    "customerNumber": "K204517",
    "segment": "business",
    "email": "office@seeblick.example",
    "yearlyPremium": 18500,
    "policies": [{"policy": "BI-330921", "covers": "Building and kitchen"}],
}
WELCOME: dict[str, Any] = {
    "email": "office@seeblick.example",
    "contactBy": ["phone"],
    "wishes": "Answers within a day.",
}
WATER: dict[str, Any] = {
    "damageKind": "water",
    "estimatedAmount": 2600,
    "policyNumber": "BI-330921",
    "policyStatus": "active",
    "dateOfLoss": "2026-10-29",
    "reportedOn": "2026-11-02",
    "policeReport": False,
    "description": "A pipe burst above the dining room.",
}
GLASS: dict[str, Any] = {
    **WATER,
    "damageKind": "glass",
    "estimatedAmount": 900,
    "description": "Hail broke the veranda.",
}
THEFT: dict[str, Any] = {**WATER, "damageKind": "theft", "policeReport": True, "description": "The till was emptied."}
BY_HAND: dict[str, Any] = {
    "claimant": "Hotel Seeblick",
    "policyNumber": "BI-330921",
    "policyStatus": "active",
    "damageKind": "water",
    "estimatedAmount": 2700,
    "dateOfLoss": "2026-10-29",
    "reportedOn": "2026-11-02",
    "description": "The ceiling of the dining room is wet.",
}
ACCEPT: dict[str, Any] = {
    "finding": "accept",
    "acceptedItems": [{"item": "Ceiling", "accepted": 800}],
    "assessorNote": "Seen on site, replaced in part.",
}
PAYMENT = {"iban": "DE89370400440532013000", "paymentReference": "CLM-PAY-1", "paidOn": "2026-11-09"}
FAREWELL = {"leftBecause": "moved", "leftOn": "2026-11-30", "statementSent": True}


@dataclass(frozen=True)
class Office:
    """Ann takes in, Ben adjusts, Mia manages; nobody else has a part in the customer's file."""

    world: World
    ann: Person
    ben: Person
    mia: Person
    file: RestCase

    def children(self) -> dict[str, Json]:
        """The claims below the file, by number."""
        return {each["number"]: each for each in self.mia.get(f"/cases/{self.file.id}/children")["items"]}

    def claim(self, number: str) -> RestCase:
        return RestCase(self.world, self.children()[number]["id"], number, self.mia)

    def report(self, *damages: Json) -> list[RestCase]:
        """Ann records damages that the customer reports; the claims that come of them."""
        known = self.children()
        started = self.ann.send("POST", self.adhoc("Task_Report"), {"element_id": "Task_Report"})
        assert started.status_code == 201, started.text
        self.ann.does(self.file, "Task_Report", {"damages": list(damages)})
        self.world.work()
        return [self.claim(number) for number in self.children() if number not in known]

    def adhoc(self, element: str) -> str:
        """Where the file's ad hoc activity is started."""
        [part] = self.ann.get(f"/cases/{self.file.id}/adhoc")["items"]
        assert element in {each["element_id"] for each in part["activities"]}
        return f"/cases/{self.file.id}/adhoc/{part['activity_id']}/activate"

    def startable(self, person: Person) -> dict[str, str | None]:
        """What can be started in the file, and why not."""
        [part] = person.get(f"/cases/{self.file.id}/adhoc")["items"]
        return {each["element_id"]: each["why_not"] for each in part["activities"]}

    def taken_over(self, **data: Any) -> Json:
        """A claim of Ann's that came from another system, not through the form."""
        ann = users.actor_of(db.session.scalars(sa.select(User).where(User.name == "ann")).one().id)
        claim = definitions.latest(ProcessDefinition, "insurance-claim")
        made = cases.begin(claim, {**data, "initiator": "ann"}, by=ann, owner_id=ann.id)
        db.session.commit()
        found = {"id": str(made.id), "number": made.number}
        db.session.rollback()
        return found

    def settle(self, claim: RestCase) -> None:
        """Ben accepts it, Ann pays."""
        self.ben.does(claim, "Task_Assess", ACCEPT)
        self.ann.does(claim, "Task_Pay", PAYMENT)
        self.world.work()


@pytest.fixture
def office(world: World) -> Office:
    """A customer file that is open for business."""
    ann = world.person("ann")
    file = ann.opens("customer-file", CUSTOMER)
    ann.does(file, "Task_Welcome", WELCOME)
    return Office(world, ann, world.person("ben"), world.person("mia"), file)


def ok(person: Person, method: str, path: str, body: Any = None, status: int = 200) -> Json:
    """A request that has to succeed."""
    answer = person.send(method, path, body)
    assert answer.status_code == status, answer.text
    found: Json = answer.json or {}
    return found


def test_two_damages_become_two_claims_and_the_file_ends_when_they_and_the_customer_are_gone(office: Office) -> None:
    assert office.file.variables["care"] == {"level": "close", "reviewEvery": "P6M", "priority": 60}
    water, glass = office.report(WATER, GLASS)
    assert {each["title"] for each in office.children().values()} == {
        "Hotel Seeblick · water",
        "Hotel Seeblick · glass",
    }
    assert water.now()["stage"] == "assessment"
    totals = office.mia.get(f"/cases/{office.file.id}/children")["totals"]
    assert totals == {"cases": 2, "open": 2, "late": 0, "failed": 0, "tasks": 2, "late_tasks": 0}

    refused = office.mia.send("POST", f"/cases/{office.file.id}/close", {"outcome": "left", "summary": "Gone."})
    assert refused.status_code == 409
    assert refused.json and water.number in refused.json["detail"] and glass.number in refused.json["detail"]
    office.settle(water)
    office.settle(glass)
    assert office.file.variables["paidTotal"] == 650 + 800
    life = office.mia.get(f"/cases/{office.file.id}/life")
    reached = {each["id"] for each in life["milestones"] if each["reached_at"]}
    assert reached == {"welcomed", "claimed", "settled"}

    [part] = office.mia.get(f"/cases/{office.file.id}/adhoc")["items"]
    ok(
        office.mia,
        "POST",
        f"/cases/{office.file.id}/adhoc/{part['activity_id']}/finish",
        {"reason": "The hotel closes."},
        204,
    )
    assert office.file.now()["stage"] == "closing"
    office.ann.does(office.file, "Task_Farewell", FAREWELL)

    office.file.assert_closed()
    assert office.mia.get(f"/cases/{office.file.id}/life")["outcome"] == "left"


def test_the_people_of_the_file_are_those_of_its_claims_however_they_were_opened(office: Office) -> None:
    carl, file = office.world.person("carl"), office.file
    ok(office.mia, "PUT", f"/cases/{file.id}/roles/adjuster", {"holders": ["user:ben"]})
    ok(office.mia, "PUT", f"/cases/{file.id}/roles/observer", {"holders": ["user:carl"]})
    [drawn] = office.report(WATER)
    opened = {"case_type": "insurance-claim", "data": BY_HAND, "blocking": True}
    by_hand = ok(office.ann, "POST", f"/cases/{file.id}/children", opened, 201)

    for claim in (drawn.id, by_hand["id"]):
        roles = {each["id"]: each["holders"] for each in office.mia.get(f"/cases/{claim}/roles")["items"]}
        assert (roles["adjuster"], roles["observer"]) == (["user:ben"], ["user:carl"])
        assert carl.get(f"/cases/{claim}")["actions"] == []
        assert carl.send("POST", f"/cases/{claim}/cancel", {"reason": "No."}).status_code == 403
    [why] = [each for each in office.mia.get(f"/cases/{drawn.id}/access")["items"] if each["name"] == "carl"]
    assert why["rule"] == "has_role"
    ok(office.mia, "PUT", f"/cases/{file.id}/roles/observer", {"holders": []})
    assert carl.send("GET", f"/cases/{file.id}").status_code == 404


def test_a_claim_that_was_reported_twice_is_linked_and_merged_and_a_blocked_file_stays_open(office: Office) -> None:
    [first] = office.report(WATER)
    again = ok(
        office.ann, "POST", f"/cases/{office.file.id}/children", {"case_type": "insurance-claim", "data": BY_HAND}, 201
    )
    ok(office.ben, "POST", f"/cases/{again['id']}/links", {"target": first.number, "kind": "duplicate"}, 201)
    ok(office.mia, "POST", f"/cases/{again['id']}/merge", {"into": first.number, "reason": "One pipe, two calls."})
    neighbour = office.ann.opens("insurance-claim", {**BY_HAND, "claimant": "Jonas Weber"})
    blocks = {"target": office.file.number, "kind": "blocks"}
    links = ok(office.mia, "POST", f"/cases/{neighbour.id}/links", blocks, 201)
    office.world.work()

    assert office.children()[again["number"]]["state"] == "terminated"
    found = office.mia.get(f"/cases/{first.id}/links")["items"]
    assert [(each["words"], each["number"]) for each in found] == [
        ("duplicated by", again["number"]),
        ("merged from", again["number"]),
    ]
    office.settle(first)
    closing = {"outcome": "quiet", "summary": "Sold."}
    refused = office.mia.send("POST", f"/cases/{office.file.id}/close", closing)
    assert refused.status_code == 409
    assert refused.json and refused.json["detail"] == f"Still to be done before: {neighbour.number}."
    [link] = links["items"]
    ok(office.mia, "DELETE", f"/links/{link['id']}", status=204)
    ok(office.mia, "POST", f"/cases/{office.file.id}/close", closing)
    office.file.assert_closed()


def test_a_late_claim_is_sped_up_and_a_cancelled_one_opened_again(office: Office) -> None:
    slow, wrong = office.report(WATER, THEFT)
    ok(office.mia, "POST", f"/cases/{wrong.id}/cancel", {"reason": "Entered under the wrong policy."})
    office.world.work()
    assert office.file.open == ["Task_Rescue"]
    office.mia.does(
        office.file, "Task_Rescue", {"rescue": "again", "rescueNote": "The same once more, told the hotel."}
    )
    office.world.work()
    [again] = office.children().keys() - {slow.number, wrong.number}
    assert office.children()[again]["title"] == "Hotel Seeblick · theft"

    office.world.wait(days=31)
    assert office.file.open == ["Task_Hurry", "Task_Hurry"]
    assert office.children()[slow.number]["late"]
    note = {"delayCause": "expert", "delayNote": "The expert comes on Friday.", "delayTold": True}
    office.mia.does(office.file, "Task_Hurry", note)
    office.world.wait(days=160)
    assert "Task_Annual" in office.file.open
    review = {"standing": "good", "yearlyPremium": 19000, "reviewNote": "Check the pipes together."}
    office.mia.does(office.file, "Task_Annual", review)
    assert office.file.open == ["Task_Hurry"]


def test_fraud_is_looked_for_only_with_grounds_by_who_manages_and_after_three_damages(office: Office) -> None:
    assert office.startable(office.ann)["Task_Fraud"] is not None
    office.report(WATER, GLASS, THEFT)
    start = office.adhoc("Task_Fraud")

    assert office.startable(office.mia)["Task_Fraud"] is None
    assert office.ben.send("POST", start, {"element_id": "Task_Fraud", "reason": "Odd."}).status_code == 403
    assert office.mia.send("POST", start, {"element_id": "Task_Fraud"}).status_code == 400
    ok(office.mia, "POST", start, {"element_id": "Task_Fraud", "reason": "Three in one week."}, 201)
    office.mia.does(office.file, "Task_Fraud", {"fraudSigns": ["dates"], "fraud": "none"})
    assert office.file.variables["fraud"] == "none"


def test_a_claim_is_split_off_only_with_what_its_start_form_requires(office: Office) -> None:
    [whole] = office.report(WATER)
    split = {"variables": ["claimant", "damageKind"], "reason": "The carpet belongs to the tenant."}
    refused = office.ann.send("POST", f"/cases/{whole.id}/split", split)

    assert refused.status_code == 422 and refused.json and len(refused.json["errors"]) == 6
    rest = {name: value for name, value in BY_HAND.items() if name not in split["variables"]}
    part = ok(office.ann, "POST", f"/cases/{whole.id}/split", {**split, "data": rest}, 201)
    assert (part["state"], part["variables"]["estimatedAmount"]) == ("active", 2700)


def test_a_claim_without_its_amount_fails_and_the_file_shows_it(office: Office) -> None:
    part = office.taken_over(claimant="Hotel Seeblick", damageKind="water")
    ok(office.ann, "POST", f"/cases/{part['id']}/parent", {"parent": office.file.number, "blocking": True})

    failed = office.children()[part["number"]]
    assert (failed["state"], failed["blocking"]) == ("failed", True)
    assert office.mia.get(f"/cases/{office.file.id}/children")["totals"]["failed"] == 1
    refused = office.mia.send("POST", f"/cases/{office.file.id}/close", {"outcome": "quiet"})
    assert refused.json and part["number"] in refused.json["detail"]
    ok(office.ann, "POST", f"/cases/{part['id']}/cancel", {"reason": "Opened anew with all data."})
    office.world.work()
    assert office.children()[part["number"]]["state"] == "terminated"


def test_what_nobody_drew_is_done_in_the_file_too_and_a_closed_file_is_opened_again(office: Office) -> None:
    file = office.file
    wanted = {"name": "Send the new terms", "checklist": ["Printed", "Signed"], "to": "ann"}
    added = ok(office.mia, "POST", f"/cases/{file.id}/tasks", wanted, 201)
    text = "@ann please send the terms **before** Friday."
    note = ok(office.mia, "POST", f"/cases/{file.id}/notes", {"text": text}, 201)
    assert [each["id"] for each in office.ann.get("/notes")["items"]] == [note["id"]]
    closing = {"outcome": "quiet", "summary": "No policy is left."}
    refused = office.mia.send("POST", f"/cases/{file.id}/close", closing)
    assert refused.json and refused.json["detail"] == "Still to be done before: Send the new terms."

    ok(office.ann, "PUT", f"/tasks/{added['id']}/checklist", {"done": [0, 1]})
    ok(office.ann, "POST", f"/tasks/{added['id']}/complete", {"data": {}})
    ok(office.mia, "POST", f"/cases/{file.id}/close", closing)
    file.assert_closed()
    ok(office.mia, "POST", f"/cases/{file.id}/reopen", {"reason": "They insure a boat."})

    assert file.now()["state"] == "active"
    ends = [
        each for each in office.mia.get(f"/cases/{file.id}/timeline")["items"] if each["action"] == "case:completed"
    ]
    then = office.mia.get(f"/cases/{file.id}/moment?seq={ends[0]['seq']}")
    assert (then["state"], then["stage"], then["tasks"]) == ("completed", "service", [])
