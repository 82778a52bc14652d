"""Which version new cases take, over REST and by `casewright deploy`."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from service.cli import designing
from service.db import db
from service.models import SYSTEM, ProcessDefinition
from service.operations import deployments
from service.queries import definitions
from tests.api.conftest import Office, Program
from tests.api.test_migrations import EXAMINE


@pytest.fixture
def second(office: Office) -> ProcessDefinition:
    """Version 2, which new cases take."""
    deployments.deploy({"loan.bpmn": EXAMINE}, by=SYSTEM)
    db.session.commit()
    return definitions.version("loan", 2)


def taken(caller: Program, **data: object) -> int:
    """The version that a new case takes."""
    opened = caller.post("/cases", {"case_type": "loan", "data": {"customer": "Ada", **data}}).json
    return int(caller.get(f"/definitions/{opened['definition_id']}").json["version"])


def test_versions_are_staged_and_taken_back(
    office: Office, second: ProcessDefinition, program: Callable[..., Program], person: Callable[..., Any]
) -> None:
    ora, ann = program(person("ora", "operators")), program(office.ann)
    where, newest = f"/definitions/{definitions.version('loan', 1).id}", second.id
    db.session.rollback()

    staged = ora.post(f"{where}/stage", {"when": "= amount > 1000", "share": 99}).json
    assert staged["stage"] == {"effective": None, "share": 99, "when": "amount > 1000"}
    assert (staged["active"], staged["pinned"], staged["retired_at"]) == (False, False, None)
    before = ora.get(where).headers["ETag"]
    assert ora.post(f"{where}/stage", {"when": "amount > 1000"}).json["stage"]["share"] is None
    assert ora.get(where).headers["ETag"] != before

    assert (taken(ann, amount=5000), taken(ann, amount=10)) == (1, 2)
    assert ora.post(f"{where}/unstage").json["stage"] is None
    assert taken(ann, amount=5000) == 2
    assert ora.post(f"/definitions/{newest}/back").json["version"] == 1
    assert ora.post(f"{where}/unpin").json["version"] == 2
    assert ora.post(f"{where}/retire").json["retired_at"] is not None
    assert ora.post(f"{where}/pin").status_code == 409
    assert ora.post(f"{where}/restore").json["retired_at"] is None


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "share"),
        ({"share": 100}, 422, "share"),
        ({"when": "("}, 422, "when"),
        ({"effective": "2020-01-01T00:00:00Z"}, 422, "effective"),
        ({"effective": "2020-01-01"}, 422, "effective"),
        ({"share": "10"}, 422, "share"),
        ({"until": "2099-01-01T00:00:00Z"}, 422, "until"),
    ],
)
def test_what_is_wrong_with_the_terms(
    office: Office, program: Callable[..., Program], body: dict[str, Any], status: int, field: str
) -> None:
    loan_id = definitions.version("loan", 1).id
    db.session.rollback()

    answer = program(office.ada).post(f"/definitions/{loan_id}/stage", body)

    assert answer.status_code == status
    assert list(answer.json["errors"]) == [field]


def test_files_are_deployed_for_some_cases(app: Flask, office: Office, program: Callable[..., Program]) -> None:
    caller = program(office.ada)

    def send(path: str, **said: str) -> Any:
        form = {"files": (io.BytesIO(EXAMINE), "loan.bpmn"), **said}
        headers = {"Authorization": f"Bearer {caller.token}"}
        return app.test_client(use_cookies=False).post(f"/api/v1{path}", data=form, headers=headers)

    refused = send("/deployments", share="0", when="(")
    assert refused.status_code == 422 and set(refused.json["errors"]) == {"share", "when"}
    assert send("/deployments/check", share="0").status_code == 422
    made = send("/deployments", share="5")

    assert made.status_code == 201
    found = caller.get(f"/definitions/{made.json['added'][0]['id']}").json
    assert (found["version"], found["active"], found["stage"]["share"]) == (2, False, 5)


def test_the_command_deploys_for_some_cases(
    app: Flask, office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(designing, "application", app.app_context)
    monkeypatch.delenv("CASEWRIGHT_DATABASE_URL", raising=False)
    (tmp_path / "loan.bpmn").write_bytes(EXAMINE)
    run = CliRunner().invoke
    db.session.rollback()

    wrong = run(designing.deploy, [str(tmp_path), "--share", "200"])
    assert wrong.exit_code == 1 and "--share: Give a whole number" in wrong.output
    assert "checked with" in run(designing.check, [str(tmp_path), "--share", "10"]).output
    done = run(designing.deploy, [str(tmp_path), "--share", "10", "--when", "amount > 5"])

    assert "deployed  loan version 2: 10 % of new cases, where amount > 5\n" in done.output
    assert definitions.active("loan").version == 1
