"""Filters over REST: `q` narrows lists; what is wrong in it is told with its place."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest

from service.queries import views
from service.queries.filtering import bounding
from tests.api.conftest import Office, Program


@pytest.fixture(autouse=True)
def however_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted is counted, also on a machine that does much else."""
    monkeypatch.setattr(views, "COUNTING", 60.0)
    monkeypatch.setattr(bounding, "LISTING", 60.0)


def test_lists_take_a_filter(office: Office, program: Callable[..., Program]) -> None:
    first, second = office.open_case(office.ann), office.open_case(office.ben)
    ann = program(office.ann)
    task = ann.get("/tasks?view=team").json["items"][0]
    ann.post(f"/tasks/{task['id']}/claim")

    def cases(text: str) -> set[str]:
        return {row["id"] for row in ann.get(f"/cases?q={quote(text)}").json["items"]}

    def tasks(text: str, view: str = "all") -> set[str]:
        return {row["case"]["id"] for row in ann.get(f"/tasks?view={view}&q={quote(text)}").json["items"]}

    assert cases("opened-by:me") == {first}
    assert cases("type:loan -opened-by:(ann, ben)") == set()
    assert tasks("assignee:me") | tasks("is:free") == {first, second}
    assert tasks("is:free", "team") == tasks("is:free")
    assert tasks("is:free", "mine") == set()
    paged = ann.get(f"/cases?limit=1&q={quote('type:loan')}").json
    assert ann.get(paged["next"]).json["items"][0]["id"] != paged["items"][0]["id"]


def test_what_is_wrong_in_a_filter_is_told_with_its_place(office: Office, program: Callable[..., Program]) -> None:
    answer = program(office.ann).get("/tasks?q=due:today%20asignee:me")

    assert answer.status_code == 422
    assert answer.json["position"] == {"start": 10, "end": 17}
    assert answer.json["suggestions"] == ["assignee"]
    assert answer.json["errors"] == {"q": ["There is no “asignee” to filter by. Did you mean assignee?"]}


def test_views_are_kept_counted_changed_and_deleted(office: Office, program: Callable[..., Program]) -> None:
    office.open_case(office.ann)
    ann, ben = program(office.ann), program(office.ben)
    body = {"of": "cases", "name": "Loans", "filter": "type:loan", "columns": ["case", "due"], "groups": ["clerks"]}
    wrong = ann.post("/views", {**body, "filter": "type:("})
    assert (wrong.status_code, wrong.json["position"]) == (422, {"start": 5, "end": 6})
    assert ann.post("/views", {**body, "groups": ["managers"]}).status_code == 400

    view = ann.post("/views", body).json

    assert ben.get(f"/views/{view['id']}").json["count"] == 1
    assert [each["name"] for each in ben.get("/views?of=cases").json["items"]] == ["Loans"]
    assert ben.get("/views?of=tasks").json["items"] == []
    assert ben.send("PUT", f"/views/{view['id']}/default", {"begins": True}).json["begins"] is True
    assert ben.send("PUT", f"/views/{view['id']}", body).status_code == 403
    changed = ann.send("PUT", f"/views/{view['id']}", {**body, "filter": "-type:loan", "groups": []}).json
    assert ann.get(f"/views/{view['id']}").json == {**changed, "count": 0}
    assert ben.get(f"/views/{view['id']}").status_code == 404
    assert ann.send("DELETE", f"/views/{view['id']}").status_code == 204
    assert ann.get("/views").json["items"] == []
