"""Lists as integrators need them: narrowed, sorted, page by page without losing or repeating a row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from service.db import db, utcnow
from service.models import SYSTEM, Case, HumanTask
from service.operations import children
from tests.api.conftest import Office, Program


@pytest.fixture
def five(office: Office) -> list[str]:
    """Five cases, in the order of opening, with few and equal priorities and due dates, two of them without a date."""
    ids = [office.open_case(office.ann if number < 4 else office.ben) for number in range(5)]
    for id_, priority, days in zip(ids, (50, 80, 50, 10, 80), (2, None, 1, None, 2), strict=True):
        case = db.session.get_one(Case, UUID(id_))
        case.priority, case.due_at = priority, utcnow() + timedelta(days=days) if days else None
        task = db.session.query(HumanTask).filter_by(case_id=case.id).one()
        task.priority, task.due_at = case.priority, case.due_at
    db.session.commit()
    db.session.rollback()
    return ids


def paged(program: Program, path: str, identity: Callable[[Any], str]) -> list[str]:
    """All rows of a list, two by two."""
    found: list[str] = []
    following: str | None = f"{path}&limit=2"
    while following:
        page: Any = program.get(following).json
        found += [identity(row) for row in page["items"]]
        following = page["next"]
    return found


@pytest.mark.parametrize(
    ("sort", "order"),
    [("newest", "43210"), ("oldest", "01234"), ("due", "20413"), ("priority", "41203")],
)
def test_cases_come_sorted_and_whole(
    office: Office, program: Callable[..., Program], five: list[str], sort: str, order: str
) -> None:
    found = paged(program(office.mia), f"/cases?sort={sort}", lambda row: str(row["id"]))

    assert [five.index(each) for each in found] == [int(digit) for digit in order]


@pytest.mark.parametrize(
    ("sort", "order"),
    [("newest", "43210"), ("oldest", "01234"), ("due", "20413"), ("priority", "41203"), ("urgency", "20413")],
)
def test_tasks_come_sorted_and_whole(
    office: Office, program: Callable[..., Program], five: list[str], sort: str, order: str
) -> None:
    found = paged(program(office.mia), f"/tasks?view=all&sort={sort}", lambda row: str(row["case"]["id"]))

    assert [five.index(each) for each in found] == [int(digit) for digit in order]


@pytest.mark.parametrize("other", ["priority", "due", "newest"])
def test_a_cursor_of_another_order_is_refused(
    office: Office, program: Callable[..., Program], five: list[str], other: str
) -> None:
    mia = program(office.mia)
    following: Any = mia.get(f"/tasks?view=all&limit=2&sort={other}").json["next"]

    refused = mia.get(following.replace(f"sort={other}", "sort=urgency"))

    assert refused.status_code == 400
    assert "begin again without it" in refused.json["detail"]


def test_lists_are_narrowed(office: Office, program: Callable[..., Program], five: list[str]) -> None:
    mia = program(office.mia)
    parent, child = (db.session.get_one(Case, UUID(five[number])) for number in (0, 3))
    children.adopt(child, parent=parent, by=SYSTEM)
    tomorrow = quote((utcnow() + timedelta(days=1, hours=1)).isoformat())
    middle = quote(db.session.get_one(Case, UUID(five[2])).created_at.isoformat())
    later = db.session.query(HumanTask).filter_by(case_id=UUID(five[3])).one()
    later.follow_up_at = utcnow() + timedelta(days=3)
    db.session.commit()
    db.session.rollback()

    def cases_of(query: str) -> list[int]:
        return sorted(five.index(each) for each in paged(mia, f"/cases?{query}", lambda row: str(row["id"])))

    def tasks_of(query: str) -> list[int]:
        found = paged(mia, f"/tasks?view=all&{query}", lambda row: str(row["case"]["id"]))
        return sorted(five.index(each) for each in found)

    assert cases_of("created_by=ben") == [4]
    assert cases_of(f"parent_id={five[0]}") == [3]
    assert cases_of(f"due_before={tomorrow}") == [2]
    assert cases_of(f"created_from={middle}") == [2, 3, 4]
    assert cases_of("stage=review") == [0, 1, 2, 3, 4]
    assert cases_of("stage=decision") == []
    assert tasks_of(f"case_id={five[1]}") == [1]
    assert tasks_of("element_id=Assess") == [0, 1, 2, 3, 4]
    assert tasks_of("assignee=ann") == []
    assert tasks_of(f"due_before={tomorrow}") == [2]
    assert (tasks_of("set_aside=true"), tasks_of("set_aside=false")) == ([3], [0, 1, 2, 4])


@pytest.mark.parametrize(
    "path", ["/cases?sort=title", "/tasks?sort=title", "/cases?due_before=tomorrow", "/cases?state=x"]
)
def test_what_cannot_be_asked_for_is_said(office: Office, program: Callable[..., Program], path: str) -> None:
    assert program(office.mia).get(path).status_code == 400


def test_an_unknown_parameter_is_answered_with_those_that_there_are(
    office: Office, program: Callable[..., Program]
) -> None:
    refused = program(office.mia).get("/cases?status=active")

    assert refused.status_code == 400
    problem: Any = refused.json
    assert problem["detail"].startswith("“status” is no parameter here; there are case_type, created_by, ")


def test_cases_are_starred_for_oneself(office: Office, program: Callable[..., Program]) -> None:
    case = office.open_case()
    mia, ben = program(office.mia), program(office.ben)

    assert mia.send("PUT", f"/cases/{case}/star", {"starred": True}).json == {"starred": True}

    [row] = mia.get("/me/cases").json["starred"]
    assert row["number"] == mia.get(f"/cases/{case}").json["number"] and row["state"] == "active"
    assert ben.get("/me/cases").json == {"starred": [], "recent": []}
    assert mia.send("PUT", f"/cases/{case}/star", {"starred": False}).json == {"starred": False}
    assert mia.get("/me/cases").json["starred"] == []
