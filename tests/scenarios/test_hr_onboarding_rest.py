"""HR onboarding over REST, by the demo's people, on both databases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.scenarios.rest import Json, Person, RestCase, World

OFFER: dict[str, Any] = {
    "newHire": "Lena Lang",
    "candidateNumber": "A-10233",
    "position": "Claims assessor",
    "department": "Claims",
    "startsOn": "2026-12-01",
    "salary": 48000,
    "site": "Main building",
    "managerName": "Mia Moreno",
}
CONTRACT: dict[str, Any] = {
    "signedOn": "2026-11-02",
    "equipment": [{"name": "Laptop", "note": "13 inches"}, {"name": "Telephone"}],
    "privacyTold": True,
}
ACCOUNT = {"accountName": "lena.lang"}
DEVICE = {"device": {"inventory": "N-1"}}
PAYROLL = {"personnelNumber": "40217"}
STAYS = {"probation": "yes", "probationNote": "She knows her way about."}


@dataclass(frozen=True)
class Newcomer:
    """One onboarding and those who take part."""

    world: World
    ann: Person  #: HR
    mia: Person  #: manager of HR, and the newcomer's line manager
    ben: Person  #: IT, and the buddy
    finn: Person  #: payroll and facilities
    case: RestCase

    def child(self, case_type: str, reader: Person) -> RestCase:
        """The child case of that type, as `reader` sees it."""
        self.world.work()
        [found] = [each for each in self.tree() if each["case_type"] == case_type]
        return RestCase(self.world, found["id"], found["number"], reader)

    def tree(self) -> list[Json]:
        found: list[Json] = self.ann.get(f"/cases/{self.case.id}/children")["items"]
        return found

    def states(self) -> dict[str, str]:
        """What has become of the children."""
        self.world.work()
        return {each["case_type"].removeprefix("onboarding-"): each["state"] for each in self.tree()}

    def asks(self, who: Person, what: str, body: Any, *, method: str = "POST") -> None:
        answer = who.send(method, f"/cases/{self.case.id}{what}", body)
        assert answer.status_code == 200, answer.text

    def sign(self, **changes: Any) -> None:
        """The contract is signed, and manager and buddy are named: the children are opened."""
        self.ann.does(self.case, "Task_Contract", {**CONTRACT, **changes})
        self.asks(self.ann, "/roles/manager", {"holders": ["user:mia"]}, method="PUT")
        self.asks(self.ann, "/roles/buddy", {"holders": ["user:ben"]}, method="PUT")
        self.world.work()

    def prepare(self) -> None:
        """IT, payroll and facilities do their part."""
        it, payroll = self.child("onboarding-it", self.ben), self.child("onboarding-payroll", self.finn)
        place = self.child("onboarding-facilities", self.finn)
        self.ben.does(it, "Task_Account", ACCOUNT)
        for _ in CONTRACT["equipment"]:
            self.ben.does(it, "Task_Device", DEVICE)
        self.finn.does(payroll, "Task_Payroll", PAYROLL)
        self.finn.does(place, "Task_Desk", {"room": "214"})
        self.finn.does(place, "Task_Badge", {"badge": "B-77"})
        self.world.work()


@pytest.fixture
def newcomer(world: World) -> Newcomer:
    """Lena Lang has accepted an offer for December."""
    ann, mia, ben, finn = map(world.person, ("ann", "mia", "ben", "finn"))
    return Newcomer(world, ann, mia, ben, finn, ann.opens("hr-onboarding", OFFER))


def test_three_departments_get_ready_side_by_side_and_the_newcomer_stays(newcomer: Newcomer, world: World) -> None:
    newcomer.sign()
    assert newcomer.case.open == []
    assert newcomer.states() == dict.fromkeys(("it", "payroll", "facilities"), "active")
    it = newcomer.child("onboarding-it", newcomer.ben)
    assert [task["name"] for task in it.tasks()] == ["Set up the account", "Prepare a device", "Prepare a device"]

    newcomer.prepare()

    assert newcomer.states() == dict.fromkeys(("it", "payroll", "facilities"), "completed")
    found = newcomer.case.variables
    assert (found["accountName"], found["personnelNumber"], found["room"]) == ("lena.lang", "40217", "214")
    assert [device["name"] for device in found["devices"]] == ["Laptop", "Telephone"]
    world.wait(days=30)
    assert (newcomer.case.open, newcomer.case.now()["stage"]) == (["Task_FirstTalk", "Task_Welcome"], "arrival")
    newcomer.ben.does(newcomer.case, "Task_Welcome", {"badgeHanded": True})
    newcomer.mia.does(newcomer.case, "Task_FirstTalk", {"firstGoals": [{"goal": "Assesses a claim alone"}]})
    assert newcomer.case.now()["stage"] == "probation"
    weeks = newcomer.child("onboarding-buddy", newcomer.ben)
    newcomer.ben.does(weeks, "Task_Meet", {"again": "yes"})
    world.wait(days=90)
    newcomer.mia.does(newcomer.case, "Task_Probation", {"probation": "later", "probationNote": "A large one first."})
    world.wait(days=31)
    newcomer.mia.does(newcomer.case, "Task_Probation", STAYS)

    newcomer.case.assert_closed()
    assert newcomer.ann.get(f"/cases/{newcomer.case.id}/life")["outcome"] == "stays"
    assert weeks.open == ["Task_Meet"]  # nobody waits for them


def test_a_candidate_who_withdraws_ends_it_all_but_payroll(newcomer: Newcomer, world: World) -> None:
    newcomer.sign()
    told = {
        "name": "candidate withdraws",
        "correlation": {"correlationKey": "A-10233"},
        "payload": {"why": "Moves away"},
    }
    answer = world.person("admin").send("POST", "/messages", told)
    assert (answer.status_code, (answer.json or {})["outcome"]) == (200, "correlated")

    assert newcomer.states() == {"it": "terminated", "payroll": "active", "facilities": "terminated"}
    assert newcomer.case.open == ["Task_Undo"]
    newcomer.ann.does(newcomer.case, "Task_Undo", {"withdrawalNote": "Moves away."})
    assert newcomer.case.now()["state"] == "active"  # until payroll has settled what is owed
    newcomer.finn.does(newcomer.child("onboarding-payroll", newcomer.finn), "Task_Payroll", PAYROLL)
    world.work()

    newcomer.case.assert_closed()
    assert newcomer.ann.get(f"/cases/{newcomer.case.id}/life")["outcome"] == "withdrawn"


def test_whoever_is_not_cleared_does_not_begin(newcomer: Newcomer) -> None:
    case = newcomer.ann.opens("hr-onboarding", {**OFFER, "needsClearance": True, "candidateNumber": "A-2"})
    newcomer.ann.does(case, "Task_Contract", CONTRACT)
    newcomer.mia.does(case, "Task_Clearance", {"clearance": "refused"})

    assert case.story()[-1] == "mia case:completed"
    case.assert_closed()
    assert newcomer.ann.get(f"/cases/{case.id}/life")["outcome"] == "not-cleared"


def test_what_it_cannot_deliver_is_found_elsewhere_and_a_missing_desk_is_passed_over(newcomer: Newcomer) -> None:
    newcomer.sign()
    it, place = newcomer.child("onboarding-it", newcomer.mia), newcomer.child("onboarding-facilities", newcomer.ann)
    newcomer.finn.does(newcomer.child("onboarding-payroll", newcomer.finn), "Task_Payroll", PAYROLL)

    for child, by in ((it, newcomer.mia), (place, newcomer.ann)):
        assert by.send("POST", f"/cases/{child.id}/cancel", {"reason": "Not before spring."}).status_code == 200
    newcomer.world.work()

    assert newcomer.case.open == ["Task_Replace"]
    newcomer.ann.does(newcomer.case, "Task_Replace", {"replacement": "Two loans from the claims team."})
    newcomer.world.wait(days=30)
    assert newcomer.case.open == ["Task_FirstTalk", "Task_Welcome"]


def test_a_later_start_is_waited_for_and_a_hold_stops_the_clocks(newcomer: Newcomer, world: World) -> None:
    before = newcomer.case.task("Task_Contract")["due_at"]
    newcomer.asks(newcomer.ann, "/suspend", {"reason": "The works council has to agree.", "until": "2026-11-09T09:00Z"})
    assert newcomer.ann.try_to_claim(newcomer.case, "Task_Contract").status_code == 409
    world.wait(days=7, minutes=1)
    after = newcomer.case.task("Task_Contract")["due_at"]
    assert (before[:10], after[:10]) == ("2026-11-07", "2026-11-14")
    newcomer.sign()
    newcomer.prepare()

    told = {"name": "start postponed", "correlation": {"correlationKey": "A-10233"}}
    assert world.person("admin").send("POST", "/messages", told).status_code == 200
    newcomer.ann.does(newcomer.case, "Task_NewDay", {"startsOn": "2027-01-04"})
    world.wait(days=30)
    assert newcomer.case.open == []
    world.wait(days=30)
    assert newcomer.case.open == ["Task_FirstTalk", "Task_Welcome"]


def test_going_back_to_the_contract_cancels_the_departments_as_was_said_before(newcomer: Newcomer) -> None:
    newcomer.sign()
    [again] = newcomer.ann.get(f"/cases/{newcomer.case.id}/life")["repeatable"]
    assert again["cancels"] == ["IT gets ready", "Payroll gets ready", "Facilities get ready"]
    assert len(again["children"]) == 2  # payroll goes on

    newcomer.asks(newcomer.ann, "/repeat", {"element_id": "Task_Contract", "reason": "Another position."})

    assert newcomer.states() == {"it": "terminated", "payroll": "active", "facilities": "terminated"}
    assert newcomer.case.open == ["Task_Contract"]
