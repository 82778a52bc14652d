"""The federal grant with its payments over REST, by the demo's people, on both databases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.scenarios.rest import Json, Person, RestCase, World

APPLICATION: dict[str, Any] = {
    "organisation": "University of Lakeside",
    "organisationKind": "university",
    "contact": "Professor Adler",
    "email": "adler@lakeside.example",
    "project": "Salt that stores the summer's heat",
    "programme": "research",
    "requestedAmount": 300000,
    "beginsOn": "2027-03-01",
    "months": 36,
    "abstract": "Heat of the summer is kept in hydrated salts until winter, at a tenth of today's cost.",
}
ELIGIBLE = {"eligibility": "eligible"}
REVIEWERS: dict[str, Any] = {
    "reviewers": [{"user": "ann", "knows": "Thermodynamics"}, {"user": "ben", "knows": "Materials"}],
    "independent": True,
}
ADVICE: dict[str, Any] = {
    "advice": "award",
    "advisedAmount": 280000,
    "adviceNote": "Best of its call; report each year.",
}
AWARD: dict[str, Any] = {"decision": "award", "grantedAmount": 280000, "decisionNote": "As advised."}
REJECT: dict[str, Any] = {"decision": "reject", "decisionNote": "The plan does not hold."}
AGREEMENT: dict[str, Any] = {
    "agreementNumber": "LKS-27-114",
    "signedOn": "2026-11-30",
    "tranches": [
        {"amount": 120000, "purpose": "Laboratory", "after": "signature"},
        {"amount": 160000, "purpose": "Pilot plant", "after": "report"},
    ],
}
PREPARED = {"iban": "DE89370400440532013000", "paymentReference": "LKS-27-114/1", "accountChecked": True}
RELEASED = {"release": "released"}
PROGRESS = {"reportedOn": "2026-12-01", "progressAccepted": True, "progressNote": "The laboratory works."}
FINAL: dict[str, Any] = {"used": "yes", "finalNote": "All of it was reached."}
REFUSAL = {"refusalLetter": "We cannot grant it, because the plan does not hold.", "refusalSentOn": "2026-11-20"}
APPEAL = {"appealGrounds": "One reviewer works for our rival.", "appealedOn": "2026-11-25"}


def review(merit: int, conflict: str = "no") -> Json:
    """A review with the same mark for everything."""
    marks = {"merit": merit, "plan": merit, "value": merit, "comment": "Well thought through."}
    return {"review": {"conflict": conflict, **(marks if conflict == "no" else {})}}


def ok(person: Person, method: str, path: str, body: Any = None, status: int = 200) -> Json:
    """A request that has to succeed."""
    answer = person.send(method, path, body)
    assert answer.status_code == status, answer.text
    found: Json = answer.json or {}
    return found


@dataclass(frozen=True)
class Agency:
    """Carl is the officer, Mia and Omar direct, Finn pays; Ann, Ben and Paul know the field."""

    world: World
    carl: Person
    mia: Person
    omar: Person
    finn: Person
    grant: RestCase

    def person(self, name: str) -> Person:
        return self.world.person(name)

    def reviews(self, name: str, form: Mapping[str, Any]) -> None:
        """A reviewer does the task that only they have."""
        person = self.person(name)
        [task] = person.get("/tasks")["items"]
        person.completes(task, form)

    def to_decision(self) -> None:
        """Found eligible, reviewed by two, and advised."""
        self.carl.does(self.grant, "Task_Eligibility", ELIGIBLE)
        self.carl.does(self.grant, "Task_Choose", REVIEWERS)
        self.reviews("ann", review(5))
        self.reviews("ben", review(4))
        self.carl.does(self.grant, "Task_Panel", ADVICE)

    def to_payments(self) -> None:
        self.to_decision()
        self.mia.does(self.grant, "Task_Decide", AWARD)
        self.carl.does(self.grant, "Task_Agree", AGREEMENT)
        self.world.work()

    def children(self, kind: str = "grant-payment") -> list[RestCase]:
        """The open and ended cases of a kind below the grant, the oldest first."""
        items = self.mia.get(f"/cases/{self.grant.id}/children")["items"]
        return [
            RestCase(self.world, each["id"], each["number"], self.mia) for each in items if each["case_type"] == kind
        ]

    def pay(self, payment: RestCase) -> None:
        """Carl prepares it, Finn releases it."""
        self.carl.does(payment, "Task_Prepare", PREPARED)
        self.finn.does(payment, "Task_Release", RELEASED)
        self.world.work()

    def milestones(self) -> set[str]:
        found = self.carl.get(f"/cases/{self.grant.id}/life")["milestones"]
        return {each["id"] for each in found if each["reached_at"]}

    def activate(self, element: str, **body: Any) -> Json:
        """Carl starts something beside the reviews."""
        [part] = self.carl.get(f"/cases/{self.grant.id}/adhoc")["items"]
        where = f"/cases/{self.grant.id}/adhoc/{part['activity_id']}/activate"
        return ok(self.carl, "POST", where, {"element_id": element, **body}, 201)


@pytest.fixture
def agency(world: World) -> Agency:
    """An application that has just come in."""
    carl = world.person("carl")
    grant = carl.opens("federal-grant", APPLICATION)
    return Agency(world, carl, world.person("mia"), world.person("omar"), world.person("finn"), grant)


def test_a_grant_goes_from_application_over_two_payments_to_its_end(agency: Agency) -> None:
    agency.to_payments()
    assert agency.grant.variables["score"] == 4.5
    [first] = agency.children()
    assert first.now()["title"] == "University of Lakeside · tranche 1"
    agency.pay(first)
    assert agency.grant.open == ["Task_Progress"]
    agency.carl.does(agency.grant, "Task_Progress", PROGRESS)
    agency.world.work()
    agency.pay(agency.children()[1])
    agency.world.work()

    [audit] = agency.children("grant-audit")  # which nobody waits for
    assert audit.variables["amount"] == 280000
    assert agency.grant.now()["stage"] == "reporting"
    agency.carl.does(agency.grant, "Task_Final", FINAL)
    agency.grant.assert_closed()
    assert audit.now()["state"] == "active"
    assert agency.carl.get(f"/cases/{agency.grant.id}/life")["outcome"] == "completed"
    assert agency.milestones() == {
        "received", "eligible", "reviewed", "advised", "decided", "awarded", "reported", "closed",
    }  # fmt: skip


def test_reviewers_with_a_conflict_are_replaced_and_nobody_else_sees_a_restricted_grant(agency: Agency) -> None:
    grant, paul = agency.grant, agency.person("paul")
    agency.carl.does(grant, "Task_Eligibility", ELIGIBLE)
    ok(agency.carl, "PUT", f"/cases/{grant.id}/roles/reviewer", {"holders": ["user:ann"]})
    ok(agency.carl, "PUT", f"/cases/{grant.id}/roles/finance", {"holders": []})
    ok(agency.carl, "POST", f"/cases/{grant.id}/restrict", {"restricted": True, "reason": "Blind review."})
    agency.carl.does(grant, "Task_Choose", REVIEWERS)

    assert agency.person("ann").get(f"/cases/{grant.id}")["restricted"]  # made a reviewer of the case
    assert agency.person("ben").send("GET", f"/cases/{grant.id}").status_code == 404  # has only his task
    assert agency.person("admin").send("GET", f"/cases/{grant.id}").status_code == 404
    agency.reviews("ann", review(4))
    agency.reviews("ben", review(0, conflict="yes"))
    assert grant.open == ["Task_Choose"]
    agency.carl.does(grant, "Task_Choose", {"reviewers": [{"user": "paul", "knows": "Salts"}], "independent": True})
    agency.reviews("paul", review(2))
    assert grant.variables["score"] == 3
    assert grant.open == ["Task_Panel"]
    assert paul.send("GET", f"/cases/{grant.id}").status_code == 404


def test_the_clocks_stand_still_while_the_applicant_is_asked(agency: Agency) -> None:
    grant = agency.grant
    agency.carl.does(grant, "Task_Eligibility", {"eligibility": "incomplete", "missing": "The budget."})
    due = grant.now()["due_at"]
    ok(agency.carl, "POST", f"/cases/{grant.id}/suspend", {"reason": "The applicant sends the budget in January."})
    agency.world.wait(days=40)
    assert grant.now()["state"] == "suspended"
    ok(agency.carl, "POST", f"/cases/{grant.id}/resume")
    agency.world.work()

    assert grant.open == ["Task_Missing"]  # not withdrawn, though 21 days are over
    assert (grant.now()["due_at"][:10], due[:10]) == ("2027-06-10", "2027-05-01")
    agency.world.wait(days=21, minutes=1)
    grant.assert_closed()
    assert agency.carl.get(f"/cases/{grant.id}/life")["outcome"] == "withdrawn"


def test_questions_beside_the_reviews_are_answered_before_the_panel_meets(agency: Agency) -> None:
    agency.carl.does(agency.grant, "Task_Eligibility", ELIGIBLE)
    agency.activate("Task_Ask", reason="Which salt?")
    agency.activate("Task_Interview", to="carl")
    agency.world.wait(days=46)
    assert agency.grant.open == ["Task_Ask", "Task_Choose", "Task_Delay", "Task_Interview"]
    agency.omar.does(agency.grant, "Task_Delay", {"delayCause": "us", "delayNote": "Reviewers are chosen today."})
    agency.carl.does(agency.grant, "Task_Choose", REVIEWERS)
    agency.reviews("ann", review(5))
    agency.reviews("ben", review(5))

    assert agency.grant.open == ["Task_Ask", "Task_Interview"]
    answer = {"question": "Which salt?", "answer": "Strontium bromide.", "answeredOn": "2026-12-18"}
    agency.carl.does(agency.grant, "Task_Ask", answer)
    talk = {"interviewedOn": "2026-12-18", "interviewers": "Carl and Omar", "interviewNote": "Convincing."}
    agency.carl.completes(agency.grant.task("Task_Interview"), talk)
    assert agency.grant.open == ["Task_Panel"]


def test_a_decision_goes_back_to_the_review_by_flow_and_by_hand_and_four_eyes_hold(agency: Agency) -> None:
    agency.to_decision()
    assert agency.carl.try_to_claim(agency.grant, "Task_Decide").status_code == 403
    agency.mia.does(agency.grant, "Task_Decide", {"decision": "review", "decisionNote": "A third view on the cost."})
    assert (agency.grant.now()["stage"], agency.grant.open) == ("review", ["Task_Choose"])
    agency.carl.does(agency.grant, "Task_Choose", REVIEWERS)
    agency.reviews("ann", review(3))
    agency.reviews("ben", review(3))
    [step] = agency.carl.get(f"/cases/{agency.grant.id}/life")["repeatable"]
    assert (step["element_id"], step["cancels"]) == ("AdHoc_Review", ["Write the panel's advice"])
    back = {"element_id": "AdHoc_Review", "reason": "Ben was asked by the rival."}
    ok(agency.carl, "POST", f"/cases/{agency.grant.id}/repeat", back)
    assert agency.grant.open == ["Task_Choose"]
    assert "reviewed" not in agency.milestones()


def test_a_rejected_applicant_appeals_to_another_director_or_the_30_days_pass(agency: Agency) -> None:
    agency.to_decision()
    agency.mia.does(agency.grant, "Task_Decide", REJECT)
    agency.carl.does(agency.grant, "Task_Refuse", REFUSAL)
    agency.carl.does(agency.grant, "Task_Appeal", APPEAL)
    assert agency.mia.try_to_claim(agency.grant, "Task_AppealDecision").status_code == 403
    upheld = {"appeal": "upheld", "appealNote": "The reviewer did not say so."}
    agency.omar.does(agency.grant, "Task_AppealDecision", upheld)
    assert agency.grant.open == ["Task_Choose"]

    other = agency.carl.opens("federal-grant", {**APPLICATION, "organisationKind": "municipality"})
    assert other.variables["rules"]["result"] == "ineligible"
    agency.carl.does(other, "Task_Eligibility", {"eligibility": "ineligible", "ineligibleBecause": "Not a university."})
    agency.carl.does(other, "Task_Refuse", REFUSAL)
    agency.world.wait(days=31)
    other.assert_closed()
    assert agency.carl.get(f"/cases/{other.id}/life")["outcome"] == "rejected"


def test_a_payment_that_is_stopped_is_made_anew_and_ends_with_a_cancelled_grant(agency: Agency) -> None:
    agency.to_payments()
    [first] = agency.children()
    agency.carl.does(first, "Task_Prepare", PREPARED)
    assert agency.carl.try_to_claim(first, "Task_Release").status_code == 403
    agency.world.wait(days=3, minutes=1)
    assert first.open == ["Task_Chase", "Task_Release"]
    ok(agency.mia, "POST", f"/cases/{first.id}/cancel", {"reason": "The account is somebody else's."})
    agency.world.work()
    agency.mia.does(agency.grant, "Task_Stopped", {"stopped": "again", "stoppedNote": "With the right account."})
    agency.world.work()
    second = agency.children()[1]
    agency.pay(second)
    agency.carl.does(agency.grant, "Task_Progress", PROGRESS)
    agency.world.work()
    third = agency.children()[2]

    ok(agency.mia, "POST", f"/cases/{agency.grant.id}/cancel", {"reason": "The university gave it up."})
    agency.world.work()
    assert [payment.now()["state"] for payment in (first, second, third)] == ["terminated", "completed", "terminated"]
    assert third.now()["reason"].startswith(f"{agency.grant.number} was cancelled")
