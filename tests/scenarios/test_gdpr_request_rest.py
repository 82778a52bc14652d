"""The GDPR request over REST, by the demo's people, on both databases."""

from __future__ import annotations

from tests.scenarios.rest import RestCase, World
from tests.scenarios.test_gdpr_request_engine import ANSWER, COMPLETE, CONFIRMED, DONE, FOUND, REQUEST, SEARCH


def reviewed(world: World, **changes: str) -> RestCase:
    """A request whose data is found and reviewed."""
    ann, ben, carl = (world.person(name) for name in ("ann", "ben", "carl"))
    request = carl.opens("gdpr-request", {**REQUEST, **changes})
    carl.does(request, "Task_Identify", CONFIRMED)
    carl.does(request, "Task_PlanSearch", SEARCH)
    ben.does(request, "Task_Collect", FOUND)
    ann.does(request, "Task_Collect", FOUND)
    carl.does(request, "Task_ReviewData", COMPLETE)
    return request


def test_an_access_request_goes_from_identity_over_search_and_decision_to_the_answer(world: World) -> None:
    request = reviewed(world)
    assert request.number == "GDP-2026-00001"

    world.person("mia").does(request, "Task_Decide", {"decision": "grant"})
    world.person("carl").does(request, "Task_Answer", ANSWER)

    request.assert_closed()
    assert [found["system"] for found in request.variables["extracts"]] == ["billing", "personnel"]
    assert request.story() == [
        "carl case:opened",
        "carl task:completed Task_Identify",
        "carl task:completed Task_PlanSearch",
        "ben task:completed Task_Collect",
        "ann task:completed Task_Collect",
        "carl task:completed Task_ReviewData",
        "mia task:completed Task_Decide",
        "carl task:completed Task_Answer",
        "carl case:completed",
    ]


def test_each_system_is_offered_to_those_who_run_it_only(world: World) -> None:
    ann, ben, carl = (world.person(name) for name in ("ann", "ben", "carl"))
    request = carl.opens("gdpr-request", REQUEST)
    carl.does(request, "Task_Identify", CONFIRMED)
    carl.does(request, "Task_PlanSearch", SEARCH)

    [billing] = ben.get("/tasks?view=team")["items"]
    [personnel] = ann.get("/tasks?view=team")["items"]

    assert (billing["candidates"], personnel["candidates"]) == (["group:it-engineers"], ["group:hr-officers"])
    assert ben.get(f"/tasks/{billing['id']}/form")["data"]["system"] == "billing"
    assert ben.send("POST", f"/tasks/{personnel['id']}/claim").status_code == 403
    assert carl.send("POST", f"/tasks/{personnel['id']}/claim").status_code == 403


def test_who_reviewed_the_data_may_not_decide(world: World) -> None:
    carl, mia = world.person("carl"), world.person("mia")
    request = reviewed(world)

    assert carl.try_to_claim(request, "Task_Decide").status_code == 403
    mia.claims(request, "Task_Decide")
    for verb in ("assign", "delegate"):
        given = mia.send("POST", f"/tasks/{request.task('Task_Decide')['id']}/{verb}", {"to": "carl"})
        assert given.status_code == 400
        assert given.json and "four eyes" in given.json["detail"]
    assert carl.try_to_complete(request, "Task_Decide", {"decision": "grant"}).status_code == 403


def test_only_the_systems_named_are_searched_again(world: World) -> None:
    ann, ben, carl = (world.person(name) for name in ("ann", "ben", "carl"))
    request = carl.opens("gdpr-request", REQUEST)
    carl.does(request, "Task_Identify", CONFIRMED)
    carl.does(request, "Task_PlanSearch", SEARCH)
    ben.does(request, "Task_Collect", FOUND)
    ann.does(request, "Task_Collect", FOUND)

    again = {"complete": "no", "systems": ["mail", "personnel"], "reviewNote": "Look in the mail."}
    carl.does(request, "Task_ReviewData", again)
    assert request.open == ["Task_Collect", "Task_Collect"]
    ben.does(request, "Task_Collect", FOUND)
    ann.does(request, "Task_Collect", FOUND)
    carl.does(request, "Task_ReviewData", COMPLETE)

    assert request.open == ["Task_Decide"]
    assert [found["system"] for found in request.variables["kept"]] == ["billing"]


def test_erasure_is_carried_out_before_the_answer(world: World) -> None:
    request = reviewed(world, requestKind="erasure")
    partly = {"decision": "partly", "groundKind": "retention", "ground": "Invoices: ten years."}

    world.person("mia").does(request, "Task_Decide", partly)
    world.person("ben").does(request, "Task_CarryOut", {"executed": DONE, "recipientsTold": True})
    world.person("carl").does(request, "Task_Answer", ANSWER)

    request.assert_closed()


def test_without_proof_for_14_days_it_is_closed(world: World) -> None:
    carl = world.person("carl")
    request = carl.opens("gdpr-request", REQUEST)
    carl.does(request, "Task_Identify", {"identity": "doubtful", "identityNote": "Another address."})
    carl.claims(request, "Task_Prove")

    world.wait(days=15)

    request.assert_closed()
    assert request.story()[-2:] == ["system timer:fired Event_ProofLate", "system case:completed"]


def test_proof_leads_back_to_the_check_and_no_proof_at_all_to_an_answer_without_data(world: World) -> None:
    carl = world.person("carl")
    request = carl.opens("gdpr-request", REQUEST)
    carl.does(request, "Task_Identify", {"identity": "doubtful", "identityNote": "Another address."})
    carl.does(request, "Task_Prove", {"proofKind": "video", "proofOn": "2026-11-05"})
    carl.does(request, "Task_Identify", {"identity": "not possible", "identityNote": "A throw-away address."})
    carl.does(request, "Task_Answer", ANSWER)

    request.assert_closed()
    assert request.variables["decision"] == "refuse"


def test_five_days_before_the_limit_a_manager_extends_it(world: World) -> None:
    carl, mia = world.person("carl"), world.person("mia")
    request = carl.opens("gdpr-request", REQUEST)
    carl.does(request, "Task_Identify", CONFIRMED)
    carl.does(request, "Task_PlanSearch", SEARCH)

    world.wait(days=25)
    mia.does(request, "Task_Extend", {"extension": "extend", "extensionReason": "Seven systems have to be searched."})
    carl.does(
        request,
        "Task_TellExtension",
        {"extensionNotice": "It takes until 31 January.", "extensionToldOn": "2026-11-28"},
    )

    assert request.variables["limitOn"] == "2027-01-31"
    assert request.open == ["Task_Collect", "Task_Collect"]


def test_after_90_days_it_is_decided_on_what_there_is(world: World) -> None:
    ben, carl, mia = (world.person(name) for name in ("ben", "carl", "mia"))
    request = carl.opens("gdpr-request", REQUEST)
    carl.does(request, "Task_Identify", CONFIRMED)
    carl.does(request, "Task_PlanSearch", SEARCH)
    ben.does(request, "Task_Collect", FOUND)
    world.wait(days=91)
    assert request.open == ["Task_Decide", "Task_Extend"]

    mia.does(request, "Task_Extend", {"extension": "no"})
    mia.does(request, "Task_Decide", {"decision": "partly", "groundKind": "others", "ground": "Letters of others."})
    carl.does(request, "Task_Answer", ANSWER)

    request.assert_closed()


def test_a_decision_without_its_ground_is_sent_back_with_the_field(world: World) -> None:
    mia = world.person("mia")
    request = reviewed(world)
    task = mia.claims(request, "Task_Decide")

    answer = mia.send("POST", f"/tasks/{task['id']}/complete", {"data": {"decision": "refuse"}})

    assert answer.status_code == 422
    assert answer.json and len(answer.json["errors"]) == 2
    assert request.open == ["Task_Decide"]
