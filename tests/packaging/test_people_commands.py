"""`casewright user …`, `group …` and `token`: people, groups and machines at the command line."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from service.cli import users as commands
from service.db import db
from service.models import User
from service.models.actor import SCOPES
from tests.api.conftest import Office, Program, office, program
from tests.conftest import config_for

__all__ = ["office", "program"]


@pytest.fixture
def run(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`run("user", "list")`, on the test's database."""
    monkeypatch.setattr(commands, "application", app.app_context)
    monkeypatch.setenv("CASEWRIGHT_NEW_PASSWORD", "something longer")

    def command(which: str, *words: str) -> Result:
        db.session.rollback()
        return CliRunner().invoke(getattr(commands, which), words)

    return command


def test_accounts_are_listed_disabled_let_in_again_and_reset(
    office: Office, run: Callable[..., Result], program: Callable[..., Program]
) -> None:
    tokens = [program(office.ben, "read"), program(office.mia, "read")]
    ann = db.session.query(User).filter_by(name="ann").one().id

    told = [run("user", *words.split()).output for words in ("list", "disable ben zoe", "list --group clerks")]
    again, reset = run("user", "enable", "ben").output, run("user", "reset", "mia").output

    assert f"ann  -  clerks  Ann  {ann}\n" in told[0] and "ada  admin  -  Ada" in told[0]
    assert told[1] == "".join(f"{name} can no longer sign in, and has no tokens.\n" for name in ("ben", "zoe"))
    assert "ben  disabled  clerks" in told[2] and "zoe" not in told[2]
    assert again == "ben can sign in again.\n" and reset.startswith("mia has another password;")
    assert [each.get("/me").status_code for each in tokens] == [401, 401]
    assert run("user", "disable", "nobody").exit_code == 1


def test_groups_are_listed_joined_and_left_and_a_mistyped_one_is_asked_about(
    office: Office, run: Callable[..., Result]
) -> None:
    listed = run("group", "list").output
    mistyped, known = run("user", "join", "zoe", "clercks"), run("user", "join", "zoe", "managers", "operators")
    left, not_in = run("user", "leave", "zoe", "clercks", "managers"), run("user", "leave", "zoe", "auditors")

    assert "clerks  2  loan\n" in listed and "operators  0  (operators)\n" in listed
    assert "“clercks”, and no deployed case type names it. Did you mean clerks?" in mistyped.stderr
    assert known.stderr == "" and known.output == "zoe is in clercks, managers, operators.\n"
    assert left.output == "zoe is in operators.\n"
    assert not_in.exit_code == 1 and "nothing was changed" in not_in.output


def test_at_a_terminal_a_mistyped_group_may_be_taken_back(
    office: Office, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "_at_terminal", lambda: True)

    answered = run("user", "join", "zoe", "clercks")  # nothing is typed: that is no

    assert answered.exit_code == 1 and "Use “clercks” all the same?" in answered.stderr
    assert "clercks" not in run("group", "list").output


def test_a_machine_has_tokens_and_no_password(
    office: Office, run: Callable[..., Result], program: Callable[..., Program]
) -> None:
    made = run("user", "add", "crm", "--machine", "--group", "operators")
    refused = run("user", "reset", "crm")
    secret = run("token", "crm", "--scope", "message").output.strip()

    crm = Program(program().app, secret)
    assert made.output == "crm is a machine: make it a token.\n"
    assert "A machine has no password; give it a token." in str(refused.exception)
    assert crm.post("/messages", {"name": "hello", "keep_for": 60}).status_code == 200
    closed = ["/me", "/cases", "/incidents", "/pending-calls", "/definitions", "/users", "/tasks", "/deployments"]
    assert {path: crm.get(path).status_code for path in closed} == dict.fromkeys(closed, 403)
    admin = program(office.ada)
    assert admin.get("/users/crm").json["is_machine"] is True
    db.session.rollback()
    assert admin.send("PUT", "/users/crm/password", {"password": "something longer"}).status_code == 400
    both = {"name": "bot", "is_machine": True, "password": "something longer"}
    assert admin.post("/users", both).status_code == 400


def test_help_lists_the_scopes(run: Callable[..., Result]) -> None:
    told = run("token", "--help").output

    assert [name for name, meaning in SCOPES.items() if f"  {name:8} {meaning}" not in told] == []


def test_capacity_and_skills_are_said(office: Office, run: Callable[..., Result]) -> None:
    said = [run("user", *words.split()).output for words in ("capacity ben 12", "skills ben water-damage roofs")]
    ben = db.session.query(User).filter_by(name="ben").one()

    assert said == ["ben is to have at most 12 open tasks.\n", "ben can do roofs, water-damage.\n"]
    assert (ben.capacity, ben.skill_names) == (12, ["roofs", "water-damage"])
    assert run("user", "capacity", "ben").output == "ben has no bound.\n"
    assert run("user", "skills", "ben", "no skill").exit_code == 1


def test_who_signs_in_with_a_provider_is_connected_and_parted(
    office: Office, run: Callable[..., Result], app: Flask
) -> None:
    without = run("user", "connect", "ben", "248289761001")
    given = {"CASEWRIGHT_OIDC_ISSUER": "https://login.example.org", "CASEWRIGHT_OIDC_CLIENT_ID": "us"}
    app.config["CASEWRIGHT"] = config_for("sqlite:///unused.db", **given)
    said = [
        run("user", *words.split()) for words in ("connect ben 248289761001", "connect ann 248289761001", "part ben")
    ]

    assert without.exit_code == 1 and "People sign in here with a name" in str(without.exception)
    assert [each.exit_code for each in said] == [0, 1, 0]
    assert said[0].output == "ben signs in with https://login.example.org.\n"
    assert "belongs to another account" in str(said[1].exception)
