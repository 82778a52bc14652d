"""How a case stood after each of its entries, over REST."""

from __future__ import annotations

from collections.abc import Callable

from tests.api.conftest import Office, Program


def test_a_case_is_told_as_it_stood_after_an_entry(office: Office, program: Callable[..., Program]) -> None:
    ann, case = program(office.ann), office.open_case()
    [task] = ann.get("/tasks?view=team").json["items"]
    ann.post(f"/tasks/{task['id']}/claim")
    ann.patch(f"/cases/{case}/variables", {"variables": {"customer": "Babbage"}})
    ann.post(f"/cases/{case}/cancel", {"reason": "A mistake"})
    story = {entry["action"]: entry["seq"] for entry in ann.get(f"/cases/{case}/timeline").json["items"]}

    then = {action: ann.get(f"/cases/{case}/moment?seq={seq}").json for action, seq in story.items()}

    opened, claimed = then["case:opened"], then["task:claimed"]
    changed, cancelled = then["variables:changed"], then["case:terminated"]
    assert (opened["state"], opened["variables"]["customer"]) == ("active", "Lovelace")
    assert [(each["name"], each["assignee"]) for each in opened["tasks"]] == [("Assess loan", None)]
    assert opened["marked"] == {task["element_id"]: 1}
    assert claimed["tasks"][0]["assignee"] == "ann"
    assert changed["variables"]["customer"] == "Babbage" and claimed["variables"]["customer"] == "Lovelace"
    assert (cancelled["state"], cancelled["tasks"], cancelled["marked"]) == ("terminated", [], {})
    assert ann.get(f"/cases/{case}/moment").json == opened | {"seq": 1}


def test_a_moment_that_was_not_or_is_not_ours_is_not_there(office: Office, program: Callable[..., Program]) -> None:
    ann, case = program(office.ann), office.open_case()

    assert ann.get(f"/cases/{case}/moment?seq=999").status_code == 404
    assert ann.get(f"/cases/{case}/moment?seq=0").status_code == 400
    assert ann.get(f"/cases/{case}/moment?seq=x").status_code == 400
    assert program(office.zoe).get(f"/cases/{case}/moment?seq=1").status_code == 404
    assert program(office.rex).get(f"/cases/{case}/moment?seq=1").status_code == 200
