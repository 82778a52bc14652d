"""The pages of people and groups: who is let in, changed, put into groups, locked out, and refused at the field."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from werkzeug.test import TestResponse

from service.db import db
from service.models import ApiToken, InstallationEntry, LoginSession, User
from service.operations import users
from service.policy.credentials import fits
from tests.pages.conftest import Office, Visitor

Visit = Callable[..., Visitor]


def done(subject: str) -> list[str]:
    """What the audit of the installation says was done to somebody, or to a group."""
    db.session.rollback()
    chosen = sa.select(InstallationEntry.action).where(InstallationEntry.subject == subject)
    return list(db.session.scalars(chosen.order_by(InstallationEntry.seq)))


def refused(visitor: Visitor, path: str, sent: dict[str, str]) -> TestResponse:
    """What a form is told that a script sends beside the page."""
    return visitor.post(path, sent, Accept="application/json")


def somebody(name: str) -> User:
    db.session.rollback()
    return db.session.scalars(sa.select(User).where(User.name == name)).one()


def test_somebody_is_let_in_changed_and_locked_out(office: Office, visit: Visit) -> None:
    ada = visit(office.ada)
    typed = {
        "name": "nora",
        "display_name": "Nora Nilsen",
        "email": "nora@example.org",
        "password": "a long enough one",
    }

    assert ada.post("/people", {**typed, "groups": "claims-intake", "kind": "person"}).location == "/people/nora"
    shown = ada.get("/people/nora").text
    assert all(said in shown for said in ("Nora Nilsen", "nora@example.org", "Claims intake"))
    assert "a long enough one" not in shown and fits(somebody("nora").password_hash, "a long enough one")
    assert "Nora Nilsen" in ada.get("/people?q=nilsen").text and "Nora" not in ada.get("/people?q=ben").text
    assert "Nora" in ada.get("/people?group=claims-intake").text and "Nora" not in ada.get("/people?some=locked").text

    ada.post("/people/nora", {"display_name": "Nora Berg", "email": "", "is_admin": "yes"})
    assert (somebody("nora").display_name, somebody("nora").email, somebody("nora").is_admin) == (
        "Nora Berg",
        None,
        True,
    )
    users.issue_token(somebody("nora"), "one", ["read"], by=office.ada)
    db.session.commit()
    ada.post("/people/nora/lock")
    assert not somebody("nora").active and db.session.scalar(sa.select(ApiToken.revoked_at)) is not None
    assert "Nora Berg" in ada.get("/people?some=locked").text
    ada.post("/people/nora/let-in")
    assert somebody("nora").active
    assert done("nora")[:2] == ["user:added", "group:joined"] and done("nora").count("user:changed") == 3


def test_a_machine_has_no_password(office: Office, visit: Visit) -> None:
    ada = visit(office.ada)
    kept = refused(ada, "/people", {"name": "robot", "kind": "machine", "password": "a long enough one"})

    assert (kept.status_code, list(kept.json["errors"])) == (400, ["password"])
    ada.post("/people", {"name": "robot", "kind": "machine"})
    assert somebody("robot").is_machine and "Give a password" not in ada.get("/people/robot").text


def test_a_password_is_given_and_ends_what_was_begun_with_the_old_one(office: Office, visit: Visit) -> None:
    ada, _ben = visit(office.ada), visit(office.ben)
    wrong = ada.post(
        "/people/ben/password", {"password": "a long enough one", "again": "another one"}, Accept="application/json"
    )
    short = refused(ada, "/people/ben/password", {"password": "short", "again": "short"})

    assert list(wrong.json["errors"]) == ["again"] and list(short.json["errors"]) == ["password"]
    assert "Sign out everywhere" in ada.get("/people/ben").text
    ada.post("/people/ben/password", {"password": "a long enough one", "again": "a long enough one"})
    assert fits(somebody("ben").password_hash, "a long enough one")
    assert db.session.scalar(sa.select(LoginSession.user_id).where(LoginSession.user_id == office.ben.id)) is None


def test_somebody_is_signed_out_everywhere(office: Office, visit: Visit) -> None:
    ben = visit(office.ben)
    assert ben.get("/tasks").status_code == 200

    visit(office.ada).post("/people/ben/sign-out")

    assert ben.get("/tasks").status_code in (302, 303, 401)
    assert done("ben")[-1] == "user:signed-out"


def test_groups_are_made_named_filled_emptied_and_removed(office: Office, visit: Visit) -> None:
    ada = visit(office.ada)

    assert ada.post("/groups", {"name": "night-shift", "title": "Night shift"}).location == "/groups/night-shift"
    ada.post("/groups/night-shift/members", {"name": "ben"})
    ada.post("/people/ann/groups", {"group": "night-shift"})
    assert {"Ann", "Ben"} <= set(ada.get("/groups/night-shift").text.replace("<", ">").split(">"))
    kept = refused(ada, "/groups/night-shift/remove", {})
    assert kept.status_code == 409 and "somebody is in it" in kept.json["detail"]
    ada.post("/groups/night-shift/members/ben/leave")
    ada.post("/people/ann/groups/night-shift/leave")
    ada.post("/groups/night-shift", {"title": "Late shift", "next_task": "urgent"})
    assert done("night-shift") == ["group:added", "group:renamed"], "the order is as it was"
    ada.post("/groups/night-shift", {"title": "Nights", "next_task": "oldest"})
    assert "Nights" in ada.get("/groups").text and "What has waited longest" in ada.get("/groups/night-shift").text
    wrong = refused(ada, "/groups/night-shift", {"title": "Nights", "next_task": "whatever"})
    assert list(wrong.json["errors"]) == ["next_task"]
    assert ada.post("/groups/night-shift/remove").location == "/groups"
    assert ada.get("/groups/night-shift").status_code == 404
    assert done("night-shift") == ["group:added", *["group:renamed"] * 2, "group:next-task-set", "group:removed"]


def test_a_group_that_a_diagram_names_stays(office: Office, visit: Visit) -> None:
    for name in ("ann", "ben", "mia", "zoe", "ada"):
        for membership in list(somebody(name).memberships):
            users.leave(somebody(name), users.ensure_group(membership.group_name, by=office.ada), by=office.ada)
            db.session.commit()

    kept = refused(visit(office.ada), "/groups/claims-intake/remove", {})

    assert kept.status_code == 409 and "a deployed diagram names it" in kept.json["detail"]


def test_nobody_locks_or_demotes_themselves_and_wrong_names_are_said_at_the_field(office: Office, visit: Visit) -> None:
    ada = visit(office.ada)

    assert refused(ada, "/people/ada/lock", {}).status_code == 409
    assert refused(ada, "/people/ada", {"display_name": "Ada"}).status_code == 409, "she would no longer administer"
    assert "Lock out" not in ada.get("/people/ada").text
    assert list(refused(ada, "/people", {"name": "no spaces!"}).json["errors"]) == ["name"]
    assert list(refused(ada, "/people", {"name": "x", "display_name": "x" * 201}).json["errors"]) == ["display_name"]
    assert "taken" in refused(ada, "/people", {"name": "ben"}).json["detail"]
    assert ada.get("/people?some=gods").status_code == 400
    assert ada.get("/accounts/suggest?q=be").json == [{"value": "ben", "label": "Ben", "about": "ben"}]


def test_people_are_for_those_who_manage_them(office: Office, visit: Visit) -> None:
    for who in (office.ann, office.mia):
        visitor = visit(who)
        assert "People" not in visitor.get("/tasks").text
        for path in (
            "/people",
            "/people/ben",
            "/accounts/suggest?q=b",
            "/people/new",
            "/groups",
            "/groups/claims-intake",
        ):
            assert visitor.get(path).status_code == 403, path
