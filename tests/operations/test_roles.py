"""Roles per case: bound, handed over with the open work, deciding who may what; restricted cases; why and who."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db
from service.errors import BadRequest, Forbidden, NotFound, WrongState
from service.models import SYSTEM, Actor, Case, HumanTask, User
from service.operations import adhoc, cases, children, roles, tasks
from service.policy.asking import Asker, asked_by, asker
from service.policy.permissions import Action, changeable, deciding_rule, may
from service.queries import access
from service.queries import adhoc as startable
from service.queries import cases as case_lists
from service.queries import tasks as task_lists
from service.queries.links import linkable
from service.queries.visibility import in_team, readable
from tests.jobs_by_hand import do_jobs
from tests.operations.family import diagram
from tests.operations.test_children import child_of, deploy, latest, opened, story

_ROLES = (
    '<case:roles><case:role id="manager" name="Case manager" groups="nurses" access="steer"/>'
    '<case:role id="expert" name="Expert" access="work"/><case:role id="client" name="Client"/></case:roles>'
)
CARE = diagram(
    "care",
    "CAR",
    '<userTask id="Plan" name="Plan" case:candidateRoles="manager"/>'
    '<adHocSubProcess id="Any"><userTask id="Study" name="Study" case:candidateRoles="expert"/></adHocSubProcess>',
    "Begin Plan Any End",
    extensions=_ROLES,
)
Person = Callable[..., Actor]
Condition = Callable[[Asker], sa.ColumnElement[bool]]


@pytest.fixture
def team(app: Flask, person: Person) -> dict[str, Actor]:
    """Ann opens cases, Nia and Nob are nurses, Hal manages the type, Ada administers, the others have no group."""
    deploy(CARE)
    return {
        "ann": person("ann", "clerks"),
        "nia": person("nia", "nurses"),
        "nob": person("nob", "nurses"),
        "hal": person("hal", "heads"),
        "ada": person("ada", admin=True),
        "xia": person("xia"),
        "cli": person("cli"),
        "eve": person("eve", "visitors"),
    }


@pytest.fixture
def care(team: dict[str, Actor]) -> Case:
    return opened("care", team["ann"])


def user(name: str) -> User:
    return db.session.scalars(sa.select(User).where(User.name == name)).one()


def the_task(case: Case) -> HumanTask:
    return db.session.scalars(sa.select(HumanTask).where(HumanTask.case_id == case.id)).one()


def candidates(case: Case) -> list[str]:
    db.session.expire_all()
    return sorted(each.principal for each in the_task(case).candidates)


def test_a_role_belongs_to_its_groups_until_somebody_is_bound(care: Case, team: dict[str, Actor]) -> None:
    assert candidates(care) == ["group:nurses"]
    assert may(team["nia"], Action.CANCEL_CASE, care)

    roles.bind(care, "manager", ["user:nob"], by=team["ann"])
    db.session.commit()

    assert candidates(care) == ["user:nob"]
    assert may(team["nob"], Action.CANCEL_CASE, care)
    assert not may(team["nia"], Action.READ_CASE, care)
    found = access.roles(care, actor=team["ann"])
    assert [(each.id, each.access, each.holders) for each in found] == [
        ("manager", "steer", ("user:nob",)), ("expert", "work", ()), ("client", "read", ()),
    ]  # fmt: skip


def test_what_a_role_lets_do(care: Case, team: dict[str, Actor]) -> None:
    roles.bind(care, "expert", ["user:xia"], by=team["ann"])
    roles.bind(care, "client", ["user:cli"], by=team["ann"])
    db.session.commit()

    allowed = {
        name: [
            action.name
            for action in (Action.READ_CASE, Action.ACTIVATE, Action.CANCEL_CASE)
            if may(team[name], action, care)
        ]
        for name in ("xia", "cli", "eve")
    }
    assert allowed == {"xia": ["READ_CASE", "ACTIVATE"], "cli": ["READ_CASE"], "eve": []}
    task = the_task(care)
    tasks.claim(task, by=team["nia"])
    tasks.complete(task, by=team["nia"], submitted={})
    db.session.commit()
    [found] = startable.of_case(care, actor=team["xia"])
    assert found.activities[0].why_not is None
    adhoc.activate(care, found.activity_id, "Study", by=team["xia"])
    db.session.commit()


def test_only_who_fits_is_bound_and_only_by_who_steers(care: Case, team: dict[str, Actor]) -> None:
    for holders, problem in (
        (["user:xia"], BadRequest), (["group:visitors"], BadRequest), (["user:nobody"], NotFound), (["nia"], NotFound),
    ):  # fmt: skip
        with pytest.raises(problem):
            roles.bind(care, "manager", holders, by=team["ann"])
        db.session.rollback()
    with pytest.raises(WrongState, match="no role"):
        roles.bind(care, "boss", [], by=team["ann"])
    db.session.rollback()
    roles.bind(care, "client", ["user:cli"], by=team["ann"])
    db.session.commit()
    with pytest.raises(Forbidden):
        roles.bind(care, "manager", ["user:nia"], by=team["cli"])
    db.session.rollback()
    with pytest.raises(NotFound):
        roles.bind(care, "client", ["user:eve"], by=team["eve"])


def test_a_role_is_handed_over_with_the_open_tasks_and_the_case(care: Case, team: dict[str, Actor]) -> None:
    roles.bind(care, "manager", ["user:nia"], by=team["ann"])
    cases.change(care, by=team["ann"], owner=user("nia"))
    db.session.commit()
    tasks.claim(the_task(care), by=team["nia"])
    db.session.commit()

    roles.hand_over(care, "manager", frm=user("nia"), to=user("nob"), by=team["nia"])
    db.session.commit()

    assert candidates(care) == ["user:nob"]
    assert the_task(care).assignee == "nob"
    assert care.owner_id == user("nob").id
    assert "role:handed-over" in story(care)
    with pytest.raises(WrongState, match="Nia is not Case manager"):
        roles.hand_over(care, "manager", frm=user("nia"), to=user("nob"), by=team["nob"])


def test_a_restricted_case_is_closed_to_all_but_its_owner_and_roles(care: Case, team: dict[str, Actor]) -> None:
    roles.bind(care, "client", ["user:cli"], by=team["ann"])
    with pytest.raises(BadRequest):
        roles.restrict(care, True, by=team["ann"], reason=" ")
    db.session.rollback()
    roles.bind(care, "client", ["user:cli"], by=team["ann"])
    roles.bind(care, "manager", [], by=team["ann"])
    roles.restrict(care, True, by=team["ann"], reason="About a colleague")
    db.session.commit()

    for name in ("ada", "hal", "nia", "eve"):
        assert not may(team[name], Action.READ_CASE, care), name
        assert care.id not in {case.id for case in case_lists.visible(team[name]).rows}, name
        assert task_lists.all_open(team[name]).rows == [], name
        assert task_lists.team(team[name]).rows == [], name
        with pytest.raises(NotFound):
            roles.restrict(care, False, by=team[name], reason="I want to know")
        db.session.rollback()
        with pytest.raises(NotFound):
            case_lists.by_number(care.number, by=team[name])
    for name in ("ann", "cli"):
        assert may(team[name], Action.READ_CASE, care), name
        assert [case.id for case in case_lists.visible(team[name]).rows] == [care.id], name
    assert {seer.name: seer.rule for seer in access.who(care, actor=team["ann"])} == {"ann": "owns", "cli": "has_role"}


def test_a_candidate_of_a_restricted_case_needs_a_role_to_claim(care: Case, team: dict[str, Actor]) -> None:
    roles.restrict(care, True, by=team["ann"], reason="x")
    roles.bind(care, "manager", ["user:nia"], by=team["ann"])
    db.session.commit()
    task = the_task(care)
    with pytest.raises(NotFound):
        tasks.claim(task, by=team["nob"])
    db.session.rollback()

    tasks.claim(the_task(care), by=team["nia"])
    db.session.commit()

    assert [found.id for found in task_lists.mine(team["nia"]).rows] == [task.id]


def test_who_can_see_a_case_is_answered_as_the_rules_decide(care: Case, team: dict[str, Actor]) -> None:
    roles.bind(care, "expert", ["user:xia"], by=team["ann"])
    roles.bind(care, "manager", ["group:nurses"], by=team["ann"])
    db.session.commit()

    told = {seer.name: seer.rule for seer in access.who(care, actor=team["ann"])}

    assert told == {
        name: rule for name, actor in team.items() if (rule := deciding_rule(actor, Action.READ_CASE, care))
    }
    assert told["xia"] == "has_role" and told["hal"] == "manages" and "eve" not in told
    seer = access.why(care, "ann", actor=team["hal"])
    assert seer is not None and seer.because == "owns the case"
    assert access.why(care, "eve", actor=team["hal"]) is None
    with pytest.raises(NotFound):
        access.who(care, actor=team["eve"])


def test_a_child_inherits_the_roles_of_its_parent_where_the_diagram_says_so(team: dict[str, Actor]) -> None:
    parent_type = diagram(
        "folder",
        "FOL",
        '<callActivity id="Care" calledElement="care" case:childCase="true" case:inheritRoles="true"/>'
        '<userTask id="Wait"/>',
        "Begin Wait Care End",
        extensions=_ROLES,
    )
    deploy(parent_type)
    folder = opened("folder", team["ann"])
    roles.bind(folder, "manager", ["user:nob"], by=team["ann"])
    waiting = the_task(folder)
    tasks.assign(waiting, by=team["hal"], to=user("ann"))
    tasks.complete(waiting, by=team["ann"], submitted={})
    db.session.commit()
    do_jobs()

    child = child_of(folder)
    holders = {each.id: each.holders for each in access.roles(child, actor=team["ann"])}
    assert holders == {"manager": ("user:nob",), "expert": (), "client": ()}
    by_hand = children.open_child(folder, latest("care"), by=team["ann"], submitted={})
    assert {each.id: each.holders for each in access.roles(by_hand, actor=team["ann"])} == holders


def test_what_shares_the_people_of_a_restricted_case_is_restricted_to_them_too(team: dict[str, Actor]) -> None:
    calls = (
        '<callActivity id="Care" calledElement="care" case:childCase="true" case:inheritRoles="true"/>'
        '<callActivity id="Other" calledElement="care" case:childCase="true"/>'
    )
    deploy(diagram("folder", "FOL", '<userTask id="Wait"/>' + calls, "Begin Wait Care Other End", extensions=_ROLES))
    deploy(diagram("visit", "VIS", '<userTask id="Go"/>', "Begin Go End", attributes='case:insertable="true"'))
    folder = opened("folder", team["ann"])
    before = children.insert(folder, latest("visit"), by=team["ann"])
    roles.restrict(folder, True, by=team["ann"], reason="About a colleague")
    after = children.insert(folder, latest("visit"), by=team["ann"])
    by_hand = children.open_child(folder, latest("care"), by=team["ann"], submitted={})
    tasks.assign(the_task(folder), by=SYSTEM, to=user("ann"))
    tasks.complete(the_task(folder), by=team["ann"], submitted={})
    db.session.commit()
    do_jobs()

    db.session.expire_all()
    called = db.session.scalars(sa.select(Case).where(Case.parent_activity.is_not(None))).one()
    for shared in (before, after, by_hand, called):
        assert shared.restricted
        assert not may(team["hal"], Action.READ_CASE, shared)
    roles.restrict(folder, False, by=team["ann"], reason="It is settled")
    db.session.refresh(before)
    assert not before.restricted


def test_a_child_opened_by_hand_has_its_own_roles_where_the_diagram_hands_none_on(team: dict[str, Actor]) -> None:
    deploy(diagram("folder", "FOL", '<userTask id="Wait"/>', "Begin Wait End", extensions=_ROLES))
    folder = opened("folder", team["ann"])
    roles.bind(folder, "manager", ["user:nob"], by=team["ann"])

    child = children.open_child(folder, latest("care"), by=team["ann"], submitted={})

    assert {each.id: each.holders for each in access.roles(child, actor=team["ann"])}["manager"] == ("group:nurses",)


def test_whom_the_diagram_names_beside_a_role_stays_a_candidate_when_the_role_changes_hands(
    team: dict[str, Actor],
) -> None:
    both = (
        '<userTask id="Plan" case:candidateRoles="manager" case:candidateGroups="visitors" case:candidateUsers="xia"/>'
    )
    deploy(diagram("both", "BOT", both, "Begin Plan End", extensions=_ROLES))
    case = opened("both", team["ann"])

    roles.bind(case, "manager", ["user:nob"], by=team["ann"])
    db.session.commit()

    assert candidates(case) == ["group:visitors", "user:nob", "user:xia"]


@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.parametrize(
    ("action", "condition"),
    [
        (Action.READ_CASE, readable),
        (Action.CHANGE_CASE, changeable),
        (Action.LINK, linkable),
        (Action.WRITE_NOTE, in_team),
    ],
)
def test_the_database_answers_as_the_rules_do_for_one_actor_and_for_any(
    care: Case, team: dict[str, Actor], person: Person, action: Action, condition: Condition, restricted: bool
) -> None:
    """Conditions in SQL, written for one actor and in a statement that is kept for all of a kind (policy/asking.py)."""
    roles.bind(care, "expert", ["user:xia"], by=team["nia"])
    roles.bind(care, "client", ["user:cli"], by=team["nia"])
    tasks.add(care, by=team["ann"], name="Count the towels", candidate_groups=["visitors"])
    if restricted:
        roles.restrict(care, True, by=team["ann"], reason="A neighbour works here.")
    db.session.commit()

    for actor in (*team.values(), person("out", "clerks"), Actor(None, "nobody"), SYSTEM):
        db.session.expire_all()
        for_one = db.session.scalars(sa.select(Case).where(condition(actor))).all()
        for_any = db.session.scalars(sa.select(Case).where(condition(asker(actor))), asked_by(actor)).all()
        assert (for_one == [care]) == (for_any == [care]) == may(actor, action, care), actor.name


def test_lists_know_who_may_link_a_case_as_the_rules_do(care: Case, team: dict[str, Actor], person: Person) -> None:
    """`queries.links.linkable` says in SQL what `RULES[LINK]` says in Python."""
    roles.bind(care, "expert", ["user:xia"], by=team["nia"])
    roles.bind(care, "client", ["user:cli"], by=team["nia"])
    tasks.add(care, by=team["ann"], name="Count the towels", candidate_groups=["visitors"])
    everybody = {**team, "out": person("out", "clerks")}
    db.session.commit()

    def by_rule_and_by_list() -> dict[str, tuple[bool, bool]]:
        db.session.expire_all()
        listed = {name: sa.select(Case.id).where(linkable(actor)) for name, actor in everybody.items()}
        found = {name: db.session.scalars(statement).all() == [care.id] for name, statement in listed.items()}
        return {name: (may(actor, Action.LINK, care), found[name]) for name, actor in everybody.items()}

    before = by_rule_and_by_list()
    roles.restrict(care, True, by=team["ann"], reason="A neighbour works here.")
    db.session.commit()
    after = by_rule_and_by_list()

    assert {name for name, answers in before.items() if answers == (True, True)} == {
        "ann", "nia", "nob", "hal", "ada", "xia", "eve",
    }  # fmt: skip
    assert {name for name, answers in after.items() if answers == (True, True)} == {"ann", "nia", "nob", "xia"}
    assert all(rule == listed for rule, listed in (*before.values(), *after.values()))
