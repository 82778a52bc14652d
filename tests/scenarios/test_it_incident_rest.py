"""The IT incident over REST, by the demo's people, on both databases."""

from __future__ import annotations

from tests.scenarios.rest import World
from tests.scenarios.test_it_incident_engine import ANNOUNCEMENT, DIAGNOSIS, FIX, REPORT, REVIEW


def test_a_minor_incident_is_taken_fixed_and_confirmed_by_who_reported_it(world: World) -> None:
    carl, ben = world.person("carl"), world.person("ben")

    incident = carl.opens("it-incident", REPORT)
    assert incident.number == "INC-2026-00001"
    ben.does(incident, "Task_Take", DIAGNOSIS)
    ben.does(incident, "Task_Fix", FIX)
    [confirm] = carl.get("/tasks")["items"]
    assert (confirm["element_id"], confirm["assignee"]) == ("Task_Confirm", "carl")
    carl.completes(confirm, {"works": "yes", "satisfaction": "5"})

    incident.assert_closed()
    assert incident.story() == [
        "carl case:opened",
        "carl decision:evaluated Task_Grade",
        "ben task:completed Task_Take",
        "ben task:completed Task_Fix",
        "carl task:completed Task_Confirm",
        "carl case:completed",
    ]


def test_only_who_reported_it_confirms_it_unless_they_let_somebody_else(world: World) -> None:
    carl, ben = world.person("carl"), world.person("ben")
    incident = carl.opens("it-incident", REPORT)
    ben.does(incident, "Task_Take", DIAGNOSIS)
    ben.does(incident, "Task_Fix", FIX)

    assert ben.try_to_complete(incident, "Task_Confirm", {"works": "yes"}).status_code == 403
    [confirm] = carl.get("/tasks")["items"]
    assert carl.send("POST", f"/tasks/{confirm['id']}/delegate", {"to": "ann"}).status_code == 200
    assert carl.try_to_complete(incident, "Task_Confirm", {"works": "yes"}).status_code == 403
    world.person("ann").completes(confirm, {"works": "yes"})

    incident.assert_closed()


def test_what_still_does_not_work_is_fixed_again(world: World) -> None:
    carl, ben = world.person("carl"), world.person("ben")
    incident = carl.opens("it-incident", REPORT)
    ben.does(incident, "Task_Take", DIAGNOSIS)
    ben.does(incident, "Task_Fix", FIX)

    carl.completes(incident.task("Task_Confirm"), {"works": "no", "feedback": "Now the calendar is empty."})
    assert (incident.open, incident.now()["stage"]) == (["Task_Fix"], "repair")
    ben.does(incident, "Task_Fix", FIX)
    world.wait(days=3, minutes=1)

    incident.assert_closed()
    assert incident.story()[-2:] == ["system timer:fired Event_NoReply", "system case:completed"]


def test_a_major_incident_is_announced_while_it_is_repaired_and_reviewed(world: World) -> None:
    ann, ben, mia = world.person("ann"), world.person("ben"), world.person("mia")
    incident = mia.opens("it-incident", {**REPORT, "impact": "everyone"})
    ben.does(incident, "Task_Take", DIAGNOSIS)
    assert incident.open == ["Task_Announce", "Task_Restore"]

    ben.does(incident, "Task_Restore", FIX)
    assert incident.open == ["Task_Announce"]
    ann.does(incident, "Task_Announce", ANNOUNCEMENT)
    ann.does(incident, "Task_AllClear", {"allClear": "E-mail is back, nothing to be done.", "restartNeeded": False})
    mia.does(incident, "Task_Review", REVIEW)

    incident.assert_closed()
    diagram = mia.get(f"/cases/{incident.id}/diagram")
    assert diagram["marked"] == {}
    assert diagram["visits"]["Gateway_BothDone"] == 1
    assert "Task_Fix" not in diagram["visits"]


def test_the_manager_is_told_when_nobody_takes_it_in_time(world: World) -> None:
    ben, mia = world.person("ben"), world.person("mia")
    incident = mia.opens("it-incident", {**REPORT, "impact": "everyone"})

    world.wait(minutes=14)
    assert incident.open == ["Task_Take"]
    world.wait(minutes=2)
    assert incident.open == ["Task_Escalate", "Task_Take"]
    assert mia.send("POST", f"/tasks/{incident.task('Task_Take')['id']}/assign", {"to": "ben"}).status_code == 200
    mia.does(incident, "Task_Escalate", {"escalatedTo": "Ben", "escalationCause": "load", "escalationNote": "Called."})
    ben.completes(incident.task("Task_Take"), DIAGNOSIS)

    assert incident.open == ["Task_Announce", "Task_Restore"]
    assert "system timer:fired Event_NotTaken" in incident.story()


def test_a_claimed_but_undone_incident_is_escalated_too_and_one_done_in_time_is_not(world: World) -> None:
    ben, mia = world.person("ben"), world.person("mia")
    slow, quick = (mia.opens("it-incident", {**REPORT, "impact": "everyone"}) for _ in range(2))
    ben.claims(slow, "Task_Take")
    ben.does(quick, "Task_Take", DIAGNOSIS)

    world.wait(hours=1)

    assert "Task_Escalate" in slow.open
    assert "Task_Escalate" not in quick.open


def test_a_manager_cancels_with_a_reason_and_nothing_is_due_any_more(world: World) -> None:
    ben, mia = world.person("ben"), world.person("mia")
    incident = ben.opens("it-incident", REPORT)
    ann_may_not = world.person("ann").send("POST", f"/cases/{incident.id}/cancel", {"reason": "No."})
    without = mia.send("POST", f"/cases/{incident.id}/cancel", {"reason": "  "})

    cancelled = mia.send("POST", f"/cases/{incident.id}/cancel", {"reason": "Reported twice."})
    world.wait(days=5)

    assert ann_may_not.status_code == 403
    assert without.status_code == 422
    assert cancelled.status_code == 200
    assert (incident.now()["state"], incident.now()["reason"]) == ("terminated", "Reported twice.")
    assert incident.story()[-1] == "mia case:terminated"
