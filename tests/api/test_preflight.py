"""The pre-flight over REST: classes of running cases, those behind one, files that are only sent, one case."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from service.db import db
from service.models import Actor
from service.queries import definitions
from tests.api.conftest import LOAN, Office, Program
from tests.api.test_migrations import EXAMINE, PLAN, another, answer, case_id, operator
from tests.jobs_by_hand import do_jobs

__all__ = ["another", "case_id", "operator"]
SECOND = LOAN.replace(b"PT1H", b"PT2H")


@pytest.fixture
def target(operator: Program) -> str:
    """The id of the second version."""
    found = str(definitions.version("loan", 2).id)
    db.session.rollback()
    return found


@pytest.fixture
def designer(program: Callable[..., Program], person: Callable[..., Actor]) -> Program:
    return program(person("dan", "designers", "operators"), "read", "deploy", "operate")


def sent(caller: Program, path: str, content: bytes, **said: str) -> Any:
    client = caller.app.test_client(use_cookies=False)
    form = {"files": (io.BytesIO(content), "loan.bpmn"), **said}
    headers = {"Authorization": f"Bearer {caller.token}"}
    return client.post(f"/api/v1{path}", data=form, headers=headers, content_type="multipart/form-data")


def test_running_cases_in_classes(case_id: str, another: str, operator: Program, target: str, office: Office) -> None:
    found = answer(operator.get(f"/definitions/{target}/preflight"))

    assert (found["case_type"], found["version"], found["cases"], found["clear"]) == ("loan", 2, 2, True)
    [version] = found["versions"]
    [alike] = version["classes"]
    assert (version["version"], version["plan"]) == (1, PLAN)
    assert (alike["cases"], alike["where"], alike["before"], alike["after"]) == (
        2,
        "“Assess loan”",
        ["Assess"],
        ["Examine"],
    )
    assert (alike["verdict"], alike["reasons"][0]["element_id"]) == ("safe with this plan", "Assess")
    assert found["by_verdict"]["safe with this plan"] == 2
    assert "no version 7 of" in answer(operator.get(f"/definitions/{target}/preflight?source=7"), 404)["detail"]


def test_the_cases_behind_a_class_are_those_that_one_may_read(
    case_id: str, another: str, operator: Program, target: str, office: Office, program: Any
) -> None:
    admin, path = program(office.ada, "read", "operate", "admin"), f"/definitions/{target}/preflight"
    answer(program(office.ann).post(f"/cases/{another}/restrict", {"restricted": True, "reason": "A colleague"}))
    [alike] = answer(admin.get(path))["versions"][0]["classes"]
    [unseen] = answer(operator.get(path))["versions"][0]["classes"]

    listed = answer(admin.get(f"{path}/cases?class_id={alike['id']}"))["items"]

    assert [each["id"] for each in listed] == [each["id"] for each in alike["samples"]] == [case_id]
    assert (unseen["cases"], unseen["samples"]) == (2, [])
    assert answer(operator.get(f"{path}/cases?class_id={alike['id']}"))["items"] == []
    assert answer(admin.get(f"{path}/cases?class_id=none"))["items"] == []
    assert [each["id"] for each in answer(admin.get(f"{path}/cases"))["items"]] == [case_id]


def test_files_are_judged_before_they_are_deployed(case_id: str, designer: Program) -> None:
    found = answer(sent(designer, "/deployments/preflight", EXAMINE))

    [one] = found["preflights"]
    assert (one["version"], one["definition_id"], one["versions"][0]["classes"][0]["after"]) == (2, None, ["Examine"])
    assert [each["version"] for each in answer(designer.get("/definitions?key=loan"))["items"]] == [1]
    assert sent(designer, "/deployments/preflight", b"no diagram").status_code == 422


def test_running_cases_move_with_a_deployment(case_id: str, designer: Program, program: Any, office: Office) -> None:
    wrong = answer(sent(designer, "/deployments", EXAMINE, running="safe"), 422)
    assert wrong["errors"].keys() == {"reason"}
    assert answer(sent(designer, "/deployments", EXAMINE, running="[1]", reason="Better"), 422)["errors"].keys() == {
        "running"
    }
    plan = json.dumps({"case_type": "loan", "from": 1, "plan": PLAN})

    made = answer(sent(designer, "/deployments", EXAMINE, running=plan, reason="Better"), 201)
    do_jobs()

    [order] = made["migrations"]
    assert (order["from"], order["to"], order["reason"], order["counts"]["waiting"]) == (1, 2, "Better", 1)
    assert answer(designer.get(f"/migrations/{order['id']}"))["counts"]["moved"] == 1


def test_who_may_deploy_and_not_move_cases_is_refused_and_nothing_is_deployed(
    case_id: str, program: Any, person: Callable[..., Actor]
) -> None:
    dora = program(person("dora", "designers"), "read", "deploy")

    answer(sent(dora, "/deployments", SECOND, running="safe", reason="Better"), 403)

    assert [each["version"] for each in answer(dora.get("/definitions?key=loan"))["items"]] == [1]


def test_one_case_is_previewed(case_id: str, operator: Program, office: Office, program: Any) -> None:
    ann, path = program(office.ann), f"/cases/{case_id}/migrate/preview"
    found = answer(ann.post(path, {"to": 2}))

    assert (found["verdict"], found["plan"], found["refused"]) == ("safe with this plan", PLAN, None)
    assert (found["marked_before"], found["marked_after"]) == ({"Assess": 1}, {"Examine": 1})
    [task] = found["tasks"]
    assert (task["becomes"], task["name_before"], task["name_after"]) == ("changes", "Assess loan", "Examine loan")
    stays = answer(ann.post(path, {"to": 2, "plan": {}}))
    assert (stays["proposed"], stays["tasks"]) == (PLAN, [])
    assert stays["refused"] == "“Assess loan” is not in the other version."
    away = answer(ann.post(path, {"to": 2, "plan": {"elements": {"Assess": "none"}}}))
    assert (away["verdict"], away["tasks"]) == ("must stay", [])
    assert answer(operator.post(path, {"to": 2}))["tasks"][0]["name_before"] == "Assess loan"
    assert answer(ann.post(path, {"to": 1}), 409)["detail"] == "The case is of this version already."
