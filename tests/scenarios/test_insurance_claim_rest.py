"""The insurance claim over REST, by the demo's people, on both databases."""

from __future__ import annotations

from tests.scenarios.rest import World
from tests.scenarios.test_insurance_claim_engine import ACCEPT, LARGE, PAYMENT, REPORT

REFUSAL = {
    "refusalLetter": "We are sorry that we cannot pay for this.",
    "refusalSentBy": "post",
    "refusalSentOn": "2026-11-05",
}


def test_a_large_claim_goes_from_intake_over_assessment_and_approval_to_payment(world: World) -> None:
    ann, ben, mia = world.person("ann"), world.person("ben"), world.person("mia")

    claim = ann.opens("insurance-claim", REPORT)
    assert claim.number == "CLM-2026-00001"
    assert (claim.now()["title"], claim.now()["stage"]) == ("Ada Lovelace · water", "assessment")
    ben.does(claim, "Task_Assess", LARGE)
    assert claim.now()["stage"] == "decision"
    mia.does(claim, "Task_Approve", {"approval": "approved"})
    ann.does(claim, "Task_Pay", PAYMENT)

    claim.assert_closed()
    assert claim.variables["settlement"] == 8850
    assert claim.story() == [
        "ann case:opened",
        "ann decision:evaluated Task_CheckCover",
        "ben task:completed Task_Assess",
        "mia task:completed Task_Approve",
        "ann task:completed Task_Pay",
        "ann case:completed",
    ]


def test_the_manager_sends_a_claim_back_and_a_smaller_one_needs_no_approval(world: World) -> None:
    ann, ben, mia = world.person("ann"), world.person("ben"), world.person("mia")
    claim = ann.opens("insurance-claim", REPORT)
    ben.does(claim, "Task_Assess", LARGE)

    mia.does(claim, "Task_Approve", {"approval": "changes", "approvalNote": "Half of it is wear."})
    assert claim.open == ["Task_Assess"]
    ben.does(claim, "Task_Assess", ACCEPT)
    ann.does(claim, "Task_Pay", PAYMENT)

    claim.assert_closed()
    assert claim.variables["settlement"] == 1850


def test_nobody_approves_what_they_assessed_even_when_they_may_do_both(world: World) -> None:
    ann, mia = world.person("ann"), world.person("mia")
    claim = ann.opens("insurance-claim", REPORT)
    assess = claim.task("Task_Assess")
    assert mia.send("POST", f"/tasks/{assess['id']}/claim").status_code == 200  # managers may take any task
    mia.completes(assess, LARGE)

    refused = mia.try_to_claim(claim, "Task_Approve")
    assigned = mia.send("POST", f"/tasks/{claim.task('Task_Approve')['id']}/assign", {"to": "mia"})
    completed = mia.try_to_complete(claim, "Task_Approve", {"approval": "approved"})

    assert refused.status_code == 403
    assert refused.json and "four eyes" in refused.json["detail"]
    assert assigned.status_code == 400
    assert assigned.json and "four eyes" in assigned.json["detail"]
    assert completed.status_code == 403
    assert claim.open == ["Task_Approve"]


def test_a_form_with_mistakes_is_refused_field_by_field_and_nothing_changes(world: World) -> None:
    ann, ben = world.person("ann"), world.person("ben")

    answer = ann.send(
        "POST", "/cases", {"case_type": "insurance-claim", "data": {**REPORT, "policyNumber": "POL-1", "claimant": "A"}}
    )
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.json
    assert set(answer.json["errors"]) == {"Field_Claimant", "Field_PolicyNumber"}
    assert answer.json["errors"]["Field_PolicyNumber"] == ["Write it like HH-204517."]
    assert ann.get("/cases")["items"] == []

    claim = ann.opens("insurance-claim", REPORT)
    task = ben.claims(claim, "Task_Assess")
    wrong = ben.send("POST", f"/tasks/{task['id']}/complete", {"data": {"finding": "maybe", "assessorNote": "no"}})
    assert wrong.status_code == 422
    assert wrong.json and len(wrong.json["errors"]) >= 2
    assert ben.get(f"/tasks/{task['id']}")["state"] == "reserved"
    assert "finding" not in claim.variables


def test_the_assessor_is_reminded_three_times_by_the_queue(world: World) -> None:
    claim = world.person("ann").opens("insurance-claim", REPORT)

    reminders = []
    for _ in range(4):
        world.wait(days=3, minutes=1)
        reminders.append(claim.variables["reminders"])

    assert reminders == [1, 2, 3, 3]
    assert claim.story().count("system timer:fired Event_Reminder") == 3
    assert world.person("ben").get("/tasks?view=team&late=true")["items"][0]["id"] == claim.task("Task_Assess")["id"]


def test_a_claimant_who_does_not_answer_for_14_days_has_withdrawn(world: World) -> None:
    ann = world.person("ann")
    claim = ann.opens("insurance-claim", {**REPORT, "policyStatus": "not found"})
    ann.claims(claim, "Task_Ask")

    world.wait(days=14, minutes=-1)
    assert claim.open == ["Task_Ask"]
    world.wait(minutes=2)

    claim.assert_closed()
    assert claim.story()[-2:] == ["system timer:fired Event_NoAnswer", "system case:completed"]
    assert ann.get("/tasks")["items"] == []


def test_what_the_policy_excludes_is_refused_with_a_letter(world: World) -> None:
    ann = world.person("ann")
    claim = ann.opens("insurance-claim", {**REPORT, "damageKind": "wear and tear"})
    assert claim.now()["stage"] == "settlement"

    ann.does(claim, "Task_Refuse", REFUSAL)

    claim.assert_closed()
    assert claim.variables["cover"]["reason"] == "Wear and tear is excluded."


def test_a_theft_is_asked_about_until_the_report_is_there(world: World) -> None:
    ann, ben = world.person("ann"), world.person("ben")
    claim = ann.opens("insurance-claim", {**REPORT, "damageKind": "theft", "policeReport": False})

    ann.does(claim, "Task_Ask", {"policeReport": False, "answer": "It is lost."})
    assert claim.open == ["Task_Ask"]
    ann.does(claim, "Task_Ask", {"policeReport": True, "policeReportNumber": "4711", "answer": "Here it is."})
    ben.does(claim, "Task_Assess", {**ACCEPT, "acceptedItems": [{"item": "Bicycle", "accepted": 1500}]})
    ann.does(claim, "Task_Pay", PAYMENT)

    claim.assert_closed()
    assert claim.variables["settlement"] == 1250


def test_who_has_no_part_in_claims_neither_opens_nor_sees_one(world: World) -> None:
    ann, carl = world.person("ann"), world.person("carl")
    claim = ann.opens("insurance-claim", REPORT)

    assert carl.send("POST", "/cases", {"case_type": "insurance-claim", "data": REPORT}).status_code == 403
    for path in (f"/cases/{claim.id}", f"/cases/{claim.id}/timeline", f"/tasks/{claim.task('Task_Assess')['id']}"):
        assert carl.send("GET", path).status_code == 404
    assert carl.try_to_claim(claim, "Task_Assess").status_code == 404
    assert carl.get("/cases")["items"] == []
