"""Tasks over REST: what each person sees and does, and what second comers are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.api.conftest import Office, Program


def test_a_case_is_opened_worked_through_and_closed(office: Office, program: Callable[..., Program]) -> None:
    ann, ben = program(office.ann), program(office.ben)

    opened = ann.post("/cases", {"case_type": "loan", "data": {"customer": "Ada Lovelace", "amount": 5000}})
    assert opened.status_code == 201, opened.text
    case = opened.json
    assert case["number"].startswith("LOA-")
    assert opened.headers["Location"] == f"/api/v1/cases/{case['id']}"
    assert case["title"] == "Loan for Ada Lovelace"
    [assess] = ann.get("/tasks?view=team").json["items"]
    assert assess["actions"] == ["claim"]
    claimed = ann.post(f"/tasks/{assess['id']}/claim")
    assert claimed.json["assignee"] == "ann"
    assert set(claimed.json["actions"]) == {"release", "delegate", "send-back", "put-off", "complete"}
    done = ann.post(f"/tasks/{assess['id']}/complete", {"data": {"sound": True}})
    assert done.status_code == 200, done.text
    assert done.json["state"] == "completed"
    [approve] = ben.get(f"/tasks?view=team&text={case['number']}").json["items"]
    assert ben.post(f"/tasks/{approve['id']}/claim").status_code == 200
    assert ben.post(f"/tasks/{approve['id']}/complete", {}).status_code == 200

    closed = ann.get(f"/cases/{case['id']}").json

    assert closed["state"] == "completed"
    assert closed["variables"]["sound"] is True
    assert closed["actions"] == ["reopen", "links", "notes", "documents", "restrict"]
    story = [entry["action"] for entry in ann.get(f"/cases/{case['id']}/timeline").json["items"]]
    assert story[-1] == "case:opened"
    assert story.count("task:completed") == 2
    assert "case:completed" in story


def test_who_comes_second_is_told_so_at_once(office: Office, program: Callable[..., Program]) -> None:
    ann, ben, _ = program(office.ann), program(office.ben), office.open_case()
    [task] = ann.get("/tasks?view=team").json["items"]
    ann.post(f"/tasks/{task['id']}/claim")

    second = ben.post(f"/tasks/{task['id']}/claim")

    assert second.status_code == 409
    assert second.content_type == "application/problem+json"
    assert second.json["title"] == "Conflict"


def test_four_eyes_hold_over_rest(office: Office, program: Callable[..., Program]) -> None:
    ann, _ = program(office.ann), office.open_case(amount=5000)
    [task] = ann.get("/tasks?view=team").json["items"]
    ann.post(f"/tasks/{task['id']}/claim")
    ann.post(f"/tasks/{task['id']}/complete", {"data": {}})
    [approve] = ann.get("/tasks?view=team").json["items"]

    refused = ann.post(f"/tasks/{approve['id']}/claim")

    assert refused.status_code == 403
    assert "four eyes" in refused.json["detail"]


def test_a_task_is_delegated_and_handed_back(office: Office, program: Callable[..., Program]) -> None:
    ann, ben, _ = program(office.ann), program(office.ben), office.open_case()
    [task] = ann.get("/tasks?view=team").json["items"]
    ann.post(f"/tasks/{task['id']}/claim")

    delegated = ann.post(f"/tasks/{task['id']}/delegate", {"to": "ben"})
    [mine] = ben.get("/tasks").json["items"]
    back = ben.post(f"/tasks/{task['id']}/hand-back")

    assert delegated.json["assignee"] == "ben"
    assert mine["delegated_by"] == "ann"
    assert "hand-back" in mine["actions"]
    assert back.json["assignee"] == "ann"


def test_a_manager_assigns_and_takes_back(office: Office, program: Callable[..., Program]) -> None:
    mia, _ = program(office.mia), office.open_case()
    [task] = mia.get("/tasks?view=all").json["items"]

    given = mia.post(f"/tasks/{task['id']}/assign", {"to": "ben"})
    unknown = mia.post(f"/tasks/{task['id']}/assign", {"to": "nobody"})
    taken = mia.post(f"/tasks/{task['id']}/assign", {"to": None})

    assert given.json["assignee"] == "ben"
    assert unknown.status_code == 404
    assert taken.json["assignee"] is None
    assert taken.json["state"] == "ready"


def test_a_task_gives_its_form_and_its_rules(office: Office, program: Callable[..., Program]) -> None:
    ann, _ = program(office.ann), office.open_case()
    [task] = ann.get("/tasks?view=team").json["items"]

    form = ann.get(f"/tasks/{task['id']}/form")
    rules = ann.get(f"/tasks/{task['id']}/form/json-schema")

    assert form.json == {"id": None, "key": None, "schema": None, "data": {}}
    assert rules.content_type == "application/schema+json"
    assert rules.json["type"] == "object"


def test_lists_come_in_pages_by_urgency(office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)
    for number in range(5):
        office.open_case(customer=f"Customer {number}")

    seen: list[str] = []
    where: str | None = "/tasks?view=team&limit=2"
    pages: list[Any] = []
    while where is not None:
        answer = ann.get(where)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json)
        seen += [task["case"]["title"] for task in answer.json["items"]]
        where = answer.json["next"]

    assert seen == [f"Loan for Customer {number}" for number in range(5)]
    assert [len(page["items"]) for page in pages] == [2, 2, 1]


def test_a_page_begins_where_the_last_ended_though_tasks_have_gone(
    office: Office, program: Callable[..., Program]
) -> None:
    ann = program(office.ann)
    for number in range(4):
        office.open_case(customer=f"Customer {number}")
    first = ann.get("/tasks?view=team&limit=2").json
    for task in first["items"]:
        ann.post(f"/tasks/{task['id']}/claim")

    second = ann.get(first["next"]).json

    assert [task["case"]["title"] for task in second["items"]] == ["Loan for Customer 2", "Loan for Customer 3"]


def test_a_cursor_of_somebody_elses_making_is_refused(office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)

    answers = [ann.get(f"/tasks?cursor={cursor}") for cursor in ("x", "W10", "WzEsMiwzXQ", "bnVsbA", "%00", "WyJhIl0")]

    assert [answer.status_code for answer in answers] == [400] * 6


def test_many_tasks_are_taken_in_one_request_that_may_be_repeated(
    office: Office, program: Callable[..., Program]
) -> None:
    ann, ben = program(office.ann), program(office.ben)
    for _ in range(3):
        office.open_case()
    ids = [task["id"] for task in ann.get("/tasks?view=team").json["items"]]
    ben.post(f"/tasks/{ids[1]}/claim")
    body = {"action": "claim", "tasks": ids}

    preview = ann.post("/task-batches/preview", body).json["items"]
    made = ann.post("/task-batches", body, Idempotency_Key="one")
    again = ann.post("/task-batches", body, Idempotency_Key="one")
    read = ann.get(f"/task-batches/{made.json['id']}")
    undone = ann.post(f"/task-batches/{made.json['id']}/undo")

    assert [each["outcome"] for each in preview] == ["ready", "refused", "ready"]
    assert made.status_code == 201 and made.headers["Location"].endswith(made.json["id"])
    assert [each["outcome"] for each in made.json["items"]] == ["done", "refused", "done"]
    assert (again.json, read.json) == (made.json, made.json)
    assert [each["outcome"] for each in undone.json["items"]] == ["undone", "refused", "undone"]
    assert {task["assignee"] for task in ann.get("/tasks?view=team").json["items"]} == {None}
    assert ben.get(f"/task-batches/{made.json['id']}").status_code == 404


def test_more_than_may_be_done_in_one_act_is_refused_with_what_to_do(
    office: Office, program: Callable[..., Program]
) -> None:
    many = [f"00000000-0000-4000-8000-{number:012}" for number in range(201)]

    refused = program(office.ann).post("/task-batches", {"action": "claim", "tasks": many})
    reading = program(office.ann, "read").post("/task-batches", {"action": "claim", "tasks": many[:1]})

    assert refused.status_code == 422 and "200" in refused.json["errors"]["tasks"][0]
    assert reading.status_code == 403


def test_who_manages_says_by_when_a_task_is_to_be_done(office: Office, program: Callable[..., Program]) -> None:
    ann, mia, _ = program(office.ann), program(office.mia), office.open_case()
    [task] = ann.get("/tasks?view=team").json["items"]

    refused = ann.post(f"/tasks/{task['id']}/schedule", {"priority": 90})
    empty = mia.post(f"/tasks/{task['id']}/schedule", {})
    done = mia.post(f"/tasks/{task['id']}/schedule", {"due_at": "2030-01-01T00:00:00Z", "priority": 90})

    assert (refused.status_code, empty.status_code) == (403, 400)
    assert (done.json["due_at"], done.json["priority"]) == ("2030-01-01T00:00:00Z", 90)


def test_all_that_somebody_has_is_handed_over_in_one_request(office: Office, program: Callable[..., Program]) -> None:
    ann, mia, ada = program(office.ann), program(office.mia), program(office.ada)
    for _ in range(2):
        office.open_case()
    for task in ann.get("/tasks?view=team").json["items"]:
        ann.post(f"/tasks/{task['id']}/claim")

    said = ada.patch("/users/ann", {"capacity": 1})
    before = mia.get("/workload").json["items"]
    nothing = mia.post("/workload/ann/hand-over", {"to": "ben", "case_type": "other"})
    made = mia.post("/workload/ann/hand-over", {"to": "ben"}, Idempotency_Key="all")
    again = mia.post("/workload/ann/hand-over", {"to": "ben"}, Idempotency_Key="all")
    after = mia.get("/workload").json["items"]

    assert said.json["capacity"] == 1
    assert [(each["user"], each["tasks"], each["capacity"]) for each in before] == [("ann", 2, 1)]
    assert nothing.status_code == 409 and "nothing of this kind" in nothing.json["detail"]
    assert [each["outcome"] for each in made.json["items"]] == ["done", "done"]
    assert again.json == made.json
    assert [(each["user"], each["tasks"]) for each in after] == [("ben", 2)]
    assert ann.get("/workload").status_code == 403


def test_a_program_takes_what_comes_next_until_nothing_is_left(office: Office, program: Callable[..., Program]) -> None:
    ann, mia, ada, ids = program(office.ann), program(office.mia), program(office.ada), []
    for _ in range(2):
        office.open_case()
    ids = [task["id"] for task in ann.get("/tasks?view=team&sort=oldest").json["items"]]
    mia.post(f"/tasks/{ids[1]}/schedule", {"priority": 90, "due_at": None})

    order = ada.patch("/groups/clerks", {"next_task": "priority"})
    wrong = ada.patch("/groups/clerks", {"next_task": "random"})
    first = ann.post("/tasks/next", Idempotency_Key="one")
    again = ann.post("/tasks/next", Idempotency_Key="one")
    found = [first.json["id"], ann.post("/tasks/next").json["id"]]
    nothing = ann.post("/tasks/next")

    assert (order.json["next_task"], wrong.status_code) == ("priority", 422)
    assert found == [ids[1], ids[0]] and again.json == first.json
    assert (first.json["assignee"], nothing.status_code, nothing.data) == ("ann", 204, b"")
    assert program(office.ann, "read").post("/tasks/next").status_code == 403
