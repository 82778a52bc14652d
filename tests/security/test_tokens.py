"""API tokens end with what ends a person's access, others too can end them, and scopes are what they say."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from click.testing import CliRunner
from flask import Flask

from service.cli import users as commands
from service.db import db
from service.models import SYSTEM, ApiToken, User
from service.operations import users
from tests.api.conftest import LOAN, Office, Program
from tests.pages.conftest import Visitor

Programs = Callable[..., Program]


def test_a_new_password_ends_the_tokens_whoever_sets_it(office: Office, program: Programs, app: Flask) -> None:
    theirs, admin = program(office.ben, "read"), program(office.ada)
    own = program(office.ann, "read")
    ann = db.session.get_one(User, office.ann.id)
    users.set_password(ann, "the present one", by=office.ann)
    own = program(office.ann, "read")

    reset = admin.send("PUT", "/users/ben/password", {"password": "something longer"})
    changed = Visitor(app, office.ann).post(
        "/profile/password", {"current": "the present one", "new": "another one", "again": "another one"}
    )

    assert (reset.status_code, changed.status_code) == (204, 303)
    assert [each.get("/me").status_code for each in (theirs, own, admin)] == [401, 401, 200]


def test_letting_somebody_in_again_brings_no_token_back(office: Office, program: Programs) -> None:
    theirs, admin = program(office.ben, "read", "work"), program(office.ada)

    for active in (False, True):
        assert admin.send("PATCH", "/users/ben", {"active": active}).status_code == 200
        assert theirs.get("/me").status_code == 401


def test_another_role_leaves_the_tokens_which_then_may_what_the_person_may(office: Office, program: Programs) -> None:
    theirs, admin = program(office.ada, "read", "admin"), program(office.ada)
    second = db.session.get_one(User, office.mia.id)
    users.change(second, by=SYSTEM, is_admin=True)
    mias = program(office.mia)

    admin.send("PATCH", "/users/mia", {"is_admin": False})

    assert (mias.get("/me").status_code, mias.get("/users").status_code) == (200, 403)
    assert theirs.get("/users").status_code == 200


def test_administrators_list_and_revoke_the_tokens_of_everybody(office: Office, program: Programs) -> None:
    theirs, admin = program(office.ben, "read"), program(office.ada)

    listed = admin.get("/issued-tokens?user=ben").json["items"]

    assert [(each["user"], each["scopes"]) for each in listed] == [("ben", ["read"])]
    assert "secret" not in listed[0]
    assert {each["user"] for each in admin.get("/issued-tokens").json["items"]} == {"ada", "ben"}
    assert admin.send("DELETE", f"/issued-tokens/{listed[0]['id']}").status_code == 204
    assert theirs.get("/me").status_code == 401
    assert admin.get("/issued-tokens?user=ben").json["items"] == []
    for caller in (program(office.mia), program(office.ada, "read")):
        assert caller.get("/issued-tokens").status_code == 403


def test_the_page_of_tokens_lists_and_revokes_them(office: Office, program: Programs, app: Flask) -> None:
    theirs = program(office.ben, "read")
    [token] = db.session.query(ApiToken)
    page = f"/api-tokens/{token.id}/revoke"

    shown = Visitor(app, office.ada).get("/api-tokens").text

    assert page in shown and office.ben.display_name in shown and 'href="/api-tokens"' in shown
    refused = Visitor(app, office.ben)
    assert (refused.get("/api-tokens").status_code, refused.post(page).status_code) == (403, 403)
    assert "/api-tokens" not in refused.get("/profile").text
    assert Visitor(app, office.ada).post(page).status_code == 303
    assert theirs.get("/me").status_code == 401


def test_the_command_line_lists_and_revokes_them(
    office: Office, program: Programs, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = program(office.ben, "read"), program(office.ben, "read", "work")
    others = program(office.mia)
    monkeypatch.setattr(commands, "application", app.app_context)
    by_scope = {len(token.scopes): str(token.id) for token in db.session.query(ApiToken)}
    db.session.rollback()

    def run(*arguments: str) -> str:
        return CliRunner().invoke(commands.user, arguments).output

    assert [line.split()[:3] for line in run("tokens", "ben").splitlines()] == [
        [by_scope[2], "ben", "read,work"],
        [by_scope[1], "ben", "read"],
    ]
    assert len(run("tokens").splitlines()) == 3
    assert "nothing was changed" in run("revoke", "ben", by_scope[4])
    assert run("revoke", "ben", by_scope[1]) == "1 of ben's tokens no longer work.\n"
    assert [each.get("/me").status_code for each in (first, second, others)] == [401, 200, 200]
    run("revoke", "ben")
    assert [each.get("/me").status_code for each in (second, others)] == [401, 200]


def test_a_token_to_deploy_deploys_and_reads_what_is_deployed_and_no_more(office: Office, program: Programs) -> None:
    case = office.open_case()
    deploying = program(office.ada, "deploy")
    page = deploying.app.test_client(use_cookies=False)
    headers = {"Authorization": f"Bearer {deploying.token}"}
    files = {"files": (io.BytesIO(LOAN), "loan.bpmn")}

    deployed = page.post("/api/v1/deployments", data=files, headers=headers)
    [loan] = deploying.get("/definitions").json["items"]

    assert deployed.status_code in (200, 201)
    assert loan["key"] == "loan"
    reads = ["/deployments", "/case-types", f"/definitions/{loan['id']}/xml", "/forms", "/decisions"]
    assert {deploying.get(path).status_code for path in reads} == {200}
    closed = [
        "/me",
        "/notes",
        "/cases",
        f"/cases/{case}",
        "/tasks",
        "/incidents",
        "/users",
        "/tokens",
        "/issued-tokens",
    ]
    assert {path: deploying.get(path).status_code for path in closed} == dict.fromkeys(closed, 403)
    pages = ["/", "/tasks", "/cases", "/notes", "/profile", "/incidents", "/api-tokens"]
    assert {path: page.get(path, headers=headers).status_code for path in pages} == dict.fromkeys(pages, 403)
    assert deploying.post("/cases", {"case_type": "loan", "data": {}}).status_code == 403
