"""Parent and child cases over REST."""

from __future__ import annotations

from collections.abc import Callable

from tests.api.conftest import Office, Program


def test_a_child_is_opened_seen_and_hung_elsewhere_over_rest(office: Office, program: Callable[..., Program]) -> None:
    ann, zoe = program(office.ann), program(office.zoe)
    parent, other = office.open_case(customer="Parent"), office.open_case(customer="Other")
    wanted = {"case_type": "loan", "data": {"customer": "Child", "amount": 1}, "blocking": True}

    child = ann.post(f"/cases/{parent}/children", wanted)
    number = ann.get(f"/cases/{parent}").json["number"]
    hung = ann.post(f"/cases/{other}/parent", {"parent": child.json["number"]})
    tree = ann.get(f"/cases/{parent}/children").json

    assert (child.status_code, child.json["parent_id"]) == (201, parent)
    assert child.headers["Location"].endswith(child.json["id"])
    assert hung.json["parent_id"] == child.json["id"]
    assert [(each["depth"], each["id"]) for each in tree["items"]] == [(1, child.json["id"]), (2, other)]
    assert tree["totals"] == {"cases": 2, "open": 2, "late": 0, "failed": 0, "tasks": 2, "late_tasks": 0}
    [blocker] = ann.get(f"/cases/{parent}/blockers").json["items"]
    assert blocker == {"kind": "child", "id": child.json["id"], "name": child.json["number"]}
    assert ann.post(f"/cases/{parent}/parent", {"parent": child.json["number"]}).status_code == 400
    assert ann.post(f"/cases/{parent}/parent", {"parent": number}).status_code == 400
    assert zoe.get(f"/cases/{parent}/children").status_code == 404
    assert zoe.post(f"/cases/{parent}/children", wanted).status_code == 404
