"""The employee complaint over REST, by the demo's people, on both databases."""

from __future__ import annotations

from tests.scenarios.rest import Person, RestCase, World
from tests.scenarios.test_employee_complaint_engine import (
    APPEAL,
    COMPLAINT,
    EXPLANATION,
    FINDING,
    INVESTIGATE,
    NO_MERIT,
    NOTICE,
    PLAN,
    RECORD,
    TALK,
    UPHELD,
    WITNESSES,
)


def investigate(complaint: RestCase, by: Person) -> None:
    """From the plan to the finding."""
    by.does(complaint, "Task_Plan", PLAN)
    for _ in WITNESSES:
        by.does(complaint, "Task_Interview", RECORD)
    by.does(complaint, "Task_Find", FINDING)


def test_a_complaint_is_investigated_decided_told_and_becomes_final(world: World) -> None:
    ann, ben, carl, mia = (world.person(name) for name in ("ann", "ben", "carl", "mia"))

    complaint = ben.opens("employee-complaint", COMPLAINT)  # any of the staff may complain
    ann.does(complaint, "Task_Screen", INVESTIGATE)
    investigate(complaint, carl)
    assert [interview["name"] for interview in complaint.variables["interviews"]] == ["Bob", "Eve"]
    mia.does(complaint, "Task_Decide", UPHELD)
    ann.does(complaint, "Task_Tell", NOTICE)
    world.wait(days=13)
    assert complaint.open == ["Task_Appeal"]
    world.wait(days=1, minutes=1)

    complaint.assert_closed()
    assert complaint.story() == [
        "ben case:opened",
        "ann task:completed Task_Screen",
        "carl task:completed Task_Plan",
        "carl task:completed Task_Interview",
        "carl task:completed Task_Interview",
        "carl task:completed Task_Find",
        "mia task:completed Task_Decide",
        "ann task:completed Task_Tell",
        "system timer:fired Event_AppealOver",
        "system case:completed",
    ]


def test_each_witness_is_an_interview_of_their_own_that_two_people_can_share(world: World) -> None:
    ann, carl, mia = world.person("ann"), world.person("carl"), world.person("mia")
    complaint = ann.opens("employee-complaint", COMPLAINT)
    ann.does(complaint, "Task_Screen", INVESTIGATE)
    carl.does(complaint, "Task_Plan", PLAN)
    [first, second] = carl.get(f"/tasks?view=team&text={complaint.number}")["items"]

    assert carl.send("POST", f"/tasks/{first['id']}/claim").status_code == 200
    assert mia.send("POST", f"/tasks/{first['id']}/claim").status_code == 409
    assert mia.send("POST", f"/tasks/{second['id']}/claim").status_code == 200
    forms = [who.get(f"/tasks/{task['id']}/form")["data"] for who, task in ((carl, first), (mia, second))]
    mia.completes(second, RECORD)
    carl.completes(first, RECORD)

    assert sorted(form["witness"]["name"] for form in forms) == ["Bob", "Eve"]
    assert complaint.open == ["Task_Find"]
    assert [interview["name"] for interview in complaint.variables["interviews"]] == ["Bob", "Eve"]


def test_a_manager_who_heard_a_witness_may_not_decide(world: World) -> None:
    ann, carl, mia = world.person("ann"), world.person("carl"), world.person("mia")
    complaint = ann.opens("employee-complaint", COMPLAINT)
    ann.does(complaint, "Task_Screen", INVESTIGATE)
    carl.does(complaint, "Task_Plan", PLAN)
    [first, _] = mia.get("/tasks?view=all")["items"]
    assert mia.send("POST", f"/tasks/{first['id']}/claim").status_code == 200
    mia.completes(first, RECORD)
    carl.does(complaint, "Task_Interview", RECORD)
    carl.does(complaint, "Task_Find", FINDING)

    refused = mia.try_to_claim(complaint, "Task_Decide")

    assert refused.status_code == 403
    assert refused.json and "four eyes" in refused.json["detail"]


def test_without_merit_it_ends_with_an_explanation(world: World) -> None:
    ann = world.person("ann")
    complaint = ann.opens("employee-complaint", COMPLAINT)

    ann.does(complaint, "Task_Screen", NO_MERIT)
    ann.does(complaint, "Task_Explain", EXPLANATION)

    complaint.assert_closed()


def test_a_talk_that_fails_leads_to_an_investigation(world: World) -> None:
    ann = world.person("ann")
    complaint = ann.opens("employee-complaint", COMPLAINT)
    ann.does(complaint, "Task_Screen", {**INVESTIGATE, "screening": "quick"})

    ann.does(complaint, "Task_Settle", {**TALK, "settled": "no", "settlementFailure": "He did not come."})

    assert complaint.open == ["Task_Plan"]
    assert complaint.now()["stage"] == "investigation"


def test_an_appeal_is_heard_by_an_officer_and_can_begin_it_all_anew(world: World) -> None:
    ann, carl, mia = world.person("ann"), world.person("carl"), world.person("mia")
    complaint = ann.opens("employee-complaint", COMPLAINT)
    ann.does(complaint, "Task_Screen", INVESTIGATE)
    investigate(complaint, carl)
    mia.does(complaint, "Task_Decide", UPHELD)
    ann.does(complaint, "Task_Tell", NOTICE)
    ann.does(complaint, "Task_Appeal", APPEAL)

    assert mia.try_to_claim(complaint, "Task_Hear").status_code == 403  # she decided
    anew = {"heardOn": "2026-12-10", "hearing": "anew", "hearingReason": "A witness was left out."}
    ann.does(complaint, "Task_Hear", anew)
    assert complaint.open == ["Task_Plan"]
    investigate(complaint, carl)
    mia.does(complaint, "Task_Decide", UPHELD)
    ann.does(complaint, "Task_Tell", NOTICE)
    ann.does(complaint, "Task_Appeal", {"appeal": "accepted"})
    world.wait(days=20)  # the first decision's time is over, and nothing comes of it

    complaint.assert_closed()
    assert not [entry for entry in complaint.story() if "timer" in entry]


def test_a_checklist_or_a_date_that_the_form_does_not_know_is_refused(world: World) -> None:
    ann = world.person("ann")
    complaint = ann.opens("employee-complaint", COMPLAINT)
    task = ann.claims(complaint, "Task_Screen")

    def send(**changes: object) -> int:
        return ann.send("POST", f"/tasks/{task['id']}/complete", {"data": {**INVESTIGATE, **changes}}).status_code

    assert send(screening="later") == 422
    assert send(talkedOn="yesterday") == 422
    assert send(risk=None) == 422
    assert send(measures=["sack them"]) in (200, 422)
    assert complaint.variables.get("measures") in (None, [])
