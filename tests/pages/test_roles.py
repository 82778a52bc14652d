"""The people of a case on its page: roles given and taken, handed over, restricting, and why somebody may see it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Page, expect

from service.db import db
from service.models import SYSTEM, Actor, Case, CaseRole, HumanTask, User
from service.operations import cases, deployments
from tests.operations.test_children import latest
from tests.operations.test_roles import CARE
from tests.pages.conftest import Visitor

Visit = Callable[[Actor | None], Visitor]
Person = Callable[..., Actor]


@pytest.fixture
def ann(app: Flask, person: Person) -> Actor:
    """A clerk; Nia and Nob are nurses, Cli is nobody in particular, Hal manages the type."""
    deployments.deploy({"care.bpmn": CARE}, by=SYSTEM)
    for name, group in (("nia", "nurses"), ("nob", "nurses"), ("cli", "visitors"), ("hal", "heads")):
        person(name, group)
    return person("ann", "clerks")


@pytest.fixture
def care(ann: Actor) -> Case:
    case = cases.start(latest("care"), by=ann, submitted={"item": "Ms Curie"})
    db.session.commit()
    return case


def holders(case: Case) -> set[tuple[str, str]]:
    db.session.rollback()
    rows = db.session.execute(sa.select(CaseRole.role, CaseRole.principal).where(CaseRole.case_id == case.id))
    return {(row.role, row.principal) for row in rows}


def give_work(case: Case, name: str) -> None:
    """Somebody has the case's task, and owns the case."""
    person = db.session.scalars(sa.select(User).where(User.name == name)).one()
    task = db.session.scalars(sa.select(HumanTask).where(HumanTask.case_id == case.id)).one()
    task.assignee, task.state = name, task.state.RESERVED
    case.owner_id = person.id
    db.session.commit()


def test_a_role_is_given_and_taken_away(care: Case, ann: Actor, visit: Visit) -> None:
    browser, path = visit(ann), f"/cases/{care.number}"
    page = browser.get(f"{path}/people").text
    client = page.split("<h3>Client</h3>")[1]
    assert "may read the case" in client and "Nobody has this role." in client
    manager = page.split("<h3>Case manager</h3>")[1].split("<h3>")[0]
    assert '<option value="user:nia">' in manager and "user:cli" not in manager and "group:clerks" not in manager

    browser.post(f"{path}/roles/client/give", {"principal": "user:cli"})
    assert ("client", "user:cli") in holders(care)
    assert ">Cli</span>" in browser.get(path).text.split("<dt>Client</dt>")[1]
    assert browser.post(f"{path}/roles/client/give", {"principal": "user:cli"}).status_code == 409
    assert browser.post(f"{path}/roles/manager/give", {"principal": "user:cli"}).status_code == 400
    assert browser.post(f"{path}/roles/boss/give", {"principal": "user:cli"}).status_code == 409

    browser.post(f"{path}/roles/client/take", {"principal": "user:cli"})
    assert ("client", "user:cli") not in holders(care)
    assert browser.post(f"{path}/roles/client/take", {"principal": "user:cli"}).status_code == 409


def test_two_who_give_a_role_at_once_do_not_undo_each_other(care: Case, ann: Actor, visit: Visit) -> None:
    browser, path = visit(ann), f"/cases/{care.number}/roles/expert/give"
    browser.get(f"/cases/{care.number}/people")  # both looked before

    for name in ("nia", "nob"):
        browser.post(path, {"principal": f"user:{name}"})

    assert {("expert", "user:nia"), ("expert", "user:nob")} <= holders(care)


def test_handing_over_shows_before_what_it_moves_and_then_moves_it(care: Case, ann: Actor, visit: Visit) -> None:
    browser, path = visit(ann), f"/cases/{care.number}/roles/manager"
    browser.post(f"{path}/give", {"principal": "user:nia"})
    give_work(care, "nia")
    nia = visit(db_actor("nia", "nurses"))

    before = nia.get(f"{path}/hand-over?from=nia&to=nob").text

    assert (
        "The role Case manager" in before and "The case itself: Nia owns it" in before and "<span>Plan</span>" in before
    )
    assert "Hand over to Nob" in before and ("manager", "user:nia") in holders(care)
    answer = nia.post(f"{path}/hand-over", {"from": "nia", "to": "nob"})
    assert answer.status_code == 303
    assert ("manager", "user:nob") in holders(care) and ("manager", "user:nia") not in holders(care)
    task = db.session.scalars(sa.select(HumanTask).where(HumanTask.case_id == care.id)).one()
    assert task.assignee == "nob" and care.owner_id == task_user("nob").id


def db_actor(name: str, *groups: str) -> Actor:
    user = task_user(name)
    return Actor(user.id, user.name, user.display_name, frozenset(groups))


def task_user(name: str) -> User:
    return db.session.scalars(sa.select(User).where(User.name == name)).one()


def test_who_hands_over_what_others_may_not_see_is_led_away_from_it(care: Case, ann: Actor, visit: Visit) -> None:
    browser, path = visit(ann), f"/cases/{care.number}"
    browser.post(f"{path}/roles/manager/take", {"principal": "group:nurses"})
    browser.post(f"{path}/roles/manager/give", {"principal": "user:nia"})
    give_work(care, "nia")
    nia = visit(db_actor("nia", "nurses"))
    nia.post(f"{path}/restrict", {"restricted": "yes", "reason": "About a colleague"})
    assert "you will not see it any more" in nia.get(f"{path}/roles/manager/hand-over?from=nia&to=nob").text

    answer = nia.post(f"{path}/roles/manager/hand-over", {"from": "nia", "to": "nob"})

    assert answer.location == "/cases"
    assert nia.get(path).status_code == 404


def test_it_is_said_why_somebody_may_see_the_case(care: Case, ann: Actor, visit: Visit) -> None:
    browser, path = visit(ann), f"/cases/{care.number}/people"

    assert (
        "<b>Hal may see this case,</b> because Hal manages all cases of this type."
        in browser.get(f"{path}?why=hal").text
    )
    assert "<b>Cli may not see this case.</b>" in browser.get(f"{path}?why=cli").text
    assert browser.get(f"{path}?why=nobody").status_code == 400
    table = browser.get(path).text.split("<tbody>")[1]
    assert "has a role in the case" in table and "owns the case" in table and "Cli" not in table


def test_who_may_not_give_roles_is_not_offered_it_and_refused(
    care: Case, ann: Actor, visit: Visit, person: Person
) -> None:
    path = f"/cases/{care.number}"
    visit(ann).post(f"{path}/roles/client/give", {"principal": "user:cli"})
    cli, eve = visit(db_actor("cli")), visit(person("eve"))
    page = cli.get(f"{path}/people").text

    assert (
        "Take away" not in page
        and "Hand over" not in page
        and "/give" not in page
        and 'data-dialog="restrict"' not in page
    )
    for address, form in (
        ("roles/client/give", {"principal": "user:cli"}),
        ("roles/client/take", {"principal": "user:cli"}),
        ("roles/manager/hand-over", {"from": "nia", "to": "nob"}),
        ("restrict", {"restricted": "yes", "reason": "x"}),
    ):
        assert cli.post(f"{path}/{address}", form).status_code == 403, address
        assert eve.post(f"{path}/{address}", form).status_code == 404, address
    assert cli.get(f"{path}/roles/manager/hand-over?from=nia").status_code == 403
    assert eve.get(f"{path}/people").status_code == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_roles_are_given_handed_over_and_restricted_by_keyboard(
    care: Case, ann: Actor, browse: Callable[..., Page]
) -> None:
    number = care.number
    db.session.rollback()
    page = browse(ann)
    page.goto(f"/cases/{number}")
    page.keyboard.press("u")

    page.get_by_label("Client: who gets this role").focus()
    page.keyboard.type("Cli")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Cli: Client from now on.")).to_be_visible()
    page.get_by_role("link", name="Hand over from Cli as Client").focus()
    page.keyboard.press("Enter")
    page.get_by_label("To", exact=True).focus()
    page.keyboard.press("ArrowDown")  # a choice alone does nothing: it may be the next but one that is meant
    page.keyboard.type("Nia")
    assert "to=" not in page.url
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**to=nia")
    page.get_by_role("button", name="Hand over to Nia").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nia is Client now, in place of Cli.")).to_be_visible()
    page.wait_for_load_state()  # the sentence is there before the scripts that know the keys
    page.keyboard.press("r")
    page.keyboard.type("About a colleague")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Restricted:")).to_be_visible()
    assert ("client", "user:nia") in holders(care)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_the_people_of_a_case_are_accessible_and_worth_looking_at(
    care: Case,
    ann: Actor,
    visit: Visit,
    browse: Callable[..., Page],
    flaws: Callable[[Page, str], list[str]],
    width: int,
    dark: bool,
) -> None:
    path, look = f"/cases/{care.number}", f"{width}{'-dark' if dark else ''}"
    for role, principal in (("client", "user:cli"), ("manager", "user:nia"), ("expert", "user:ann")):
        visit(ann).post(f"{path}/roles/{role}/give", {"principal": principal})
    give_work(care, "nia")
    db.session.rollback()
    page, wrong = browse(db_actor("nia", "nurses"), width=width, height=900, dark=dark), {}
    for name, address in (
        ("people", f"{path}/people?why=hal"), ("hand-over", f"{path}/roles/manager/hand-over?from=nia&to=nob"),
    ):  # fmt: skip
        page.goto(address)
        found = flaws(page, f"{name}-{look}")
        wrong |= {name: found} if found else {}

    assert wrong == {}
