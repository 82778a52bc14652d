"""Several cases on their pages: linked, merged, split, put under another, and the tree below one rolled up."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from service.db import db, utcnow
from service.models import Actor, Case, CaseLink, CaseState, LinkKind
from service.operations import cases, children
from tests.jobs_by_hand import do_jobs
from tests.operations.test_children import latest
from tests.pages.conftest import CLAIM as CLAIM_DATA
from tests.pages.conftest import Office, Visitor
from tests.pages.test_casework import ann, project  # noqa: F401

# ruff: noqa: F811  the fixtures of another file
Visit = Callable[[Actor | None], Visitor]
Person = Callable[..., Actor]


@pytest.fixture
def other(ann: Actor) -> Case:
    """A claim beside the project."""
    case = cases.start(latest("claim"), by=ann, submitted={"item": "the lamp"})
    db.session.commit()
    return case


def links_of(case: Case) -> set[tuple[str, str, str]]:
    """Kind, source and target of each link."""
    do_jobs()
    db.session.rollback()
    found = db.session.scalars(sa.select(CaseLink).where(sa.or_(CaseLink.source == case, CaseLink.target == case)))
    return {(each.kind.value, each.source.number, each.target.number) for each in found}


def related(page: str) -> str:
    return page.split("<h2>Related cases</h2>")[1].split("</section>")[0]


@pytest.mark.parametrize(
    ("kind", "here", "there"),
    [
        ("related", "related to", "related to"),
        ("duplicate", "duplicate of", "duplicated by"),
        ("blocks", "blocks", "blocked by"),
        ("blocked", "blocked by", "blocks"),
    ],
)
def test_two_cases_are_linked_and_each_says_how(
    project: Case, other: Case, ann: Actor, visit: Visit, kind: str, here: str, there: str
) -> None:
    browser, path = visit(ann), f"/cases/{project.number}"

    browser.post(f"{path}/links", {"kind": kind, "target": other.number})

    assert len(links_of(project)) == 1
    mine, theirs = related(browser.get(path).text), related(browser.get(f"/cases/{other.number}").text)
    assert f">{here}</small>" in mine and f"/cases/{other.number}" in mine
    assert f">{there}</small>" in theirs and f"/cases/{project.number}" in theirs
    assert browser.post(f"{path}/links", {"kind": kind, "target": other.number}).status_code == 409
    remove = re.search(r'action="(/cases/[^"]+/remove)"', mine)
    assert remove
    browser.post(remove[1])
    assert links_of(project) == set()
    assert "Not linked with any other case." in browser.get(path).text


def test_a_link_that_cannot_be_is_refused_with_the_reason(project: Case, other: Case, ann: Actor, visit: Visit) -> None:
    browser, path = visit(ann), f"/cases/{project.number}/links"

    assert "is not linked with itself" in browser.post(path, {"kind": "related", "target": project.number}).text
    assert "There is no case “CLM-1”" in browser.post(path, {"kind": "related", "target": "CLM-1"}).text
    assert browser.post(path, {"kind": "merged", "target": other.number}).status_code == 400
    browser.post(path, {"kind": "blocks", "target": other.number})
    assert "none of them could be closed" in browser.post(path, {"kind": "blocked", "target": other.number}).text


def test_a_linked_case_that_is_not_mine_to_see_is_a_number_only(
    project: Case, ann: Actor, visit: Visit, person: Person
) -> None:
    mia = person("mia", "clerks")
    secret = cases.start(latest("claim"), by=mia, submitted={"item": "the secret"})
    secret.restricted = True
    db.session.add(CaseLink(source_id=secret.id, target_id=project.id, kind=LinkKind.BLOCKS, created_by="mia"))
    db.session.commit()

    shown = related(visit(ann).get(f"/cases/{project.number}").text)

    assert secret.number in shown and "the secret" not in shown and "Not open to you" in shown
    assert f"/cases/{secret.number}" not in shown and "/remove" not in shown


def test_merging_shows_before_what_it_does(project: Case, other: Case, ann: Actor, visit: Visit) -> None:
    cases.change_variables(other, {"colour": "green"}, by=ann)
    db.session.commit()
    browser, path = visit(ann), f"/cases/{other.number}/merge"
    before = browser.get(f"{path}?into={project.number}").text
    assert f"{other.number} ends as cancelled" in before and "takes over 1 fact" in before and "green" in before
    assert "Settle" in before and "the lamp" not in before.split("<h2>")[1]
    assert "A case is not merged into itself." in browser.get(f"{path}?into={other.number}").text
    assert browser.post(path, {"into": project.number, "reason": " "}).status_code == 400

    answer = browser.post(path, {"into": project.number, "reason": "The same bridge"})

    assert answer.location == f"/cases/{project.number}"
    assert ("merged", other.number, project.number) in links_of(project)
    db.session.refresh(other)
    assert other.state is CaseState.TERMINATED
    page = browser.get(f"/cases/{project.number}").text
    assert "merged from" in page and "green" in page and "/remove" not in related(page)


def test_a_case_is_split_with_some_of_its_data(other: Case, ann: Actor, visit: Visit) -> None:
    cases.change_variables(other, {"colour": "green", "size": 4}, by=ann)
    db.session.commit()
    browser, path = visit(ann), f"/cases/{other.number}/split"
    form = browser.get(path).text
    assert 'name="names" value="colour"' in form and "green" in form

    answer = browser.post(path, {"names": ["item", "colour"], "reason": "Two lamps"})

    made = db.session.scalars(sa.select(Case).where(Case.number == answer.location.rpartition("/")[2])).one()
    assert made.variables == {"item": "the lamp", "colour": "green", "initiator": "ann"}
    assert links_of(other) == {("split", made.number, other.number)}
    assert browser.post(path, {"names": ["item"], "reason": ""}).status_code == 400


def test_splitting_asks_for_what_the_start_form_requires(office: Office, visit: Visit) -> None:
    case = office.open_claim()
    ann, path = visit(office.ann), f"/cases/{case.number}/split"
    assert "Continue" in ann.get(path).text and "<textarea" not in ann.get(path).text

    asked = ann.get(f"{path}?chosen=1&names=claimant&names=policyNumber").text
    assert "Why is the case split?" in asked and "HH-204517" in asked and "hose of the washing machine" not in asked
    wanted = f"{path}?names=claimant&names=policyNumber"
    refused = ann.send(wanted, {"why_it_is_split": "Two floors"})
    assert refused.status_code == 422 and len(refused.get_json()["errors"]) >= 3
    rest = {name: value for name, value in CLAIM_DATA.items() if name not in ("claimant", "policyNumber")}
    answer = ann.send(wanted, {**rest, "why_it_is_split": "Two floors"})

    made = db.session.scalars(sa.select(Case).where(Case.number == answer.get_json()["location"][7:])).one()
    assert made.state is CaseState.ACTIVE and made.variables["claimant"] == "Ada Lovelace"
    assert "why_it_is_split" not in made.variables
    assert ann.send(wanted, rest).status_code == 400


def test_a_case_is_put_under_another_but_not_in_a_circle(project: Case, other: Case, ann: Actor, visit: Visit) -> None:
    browser = visit(ann)
    assert 'data-dialog="put-under"' in browser.get(f"/cases/{other.number}").text

    browser.post(f"/cases/{other.number}/parent", {"parent": project.number, "blocking": "yes"})

    db.session.refresh(other)
    assert other.parent_id == project.id and other.blocking
    assert 'data-dialog="put-under"' not in browser.get(f"/cases/{other.number}").text
    answer = browser.post(f"/cases/{project.number}/parent", {"parent": other.number})
    assert answer.status_code == 400 and "cannot go round in a circle" in answer.text


def test_a_case_is_opened_beside_another(project: Case, ann: Actor, visit: Visit) -> None:
    browser, path = visit(ann), f"/cases/{project.number}/children/new/claim?linked=1"
    assert "neither waits for the other" in browser.get(path).text

    answer = browser.send(path, {"item": "the lamp"})

    number = (answer.json or {})["location"].rpartition("/")[2]
    assert links_of(project) == {("related", project.number, number)}


def test_suggested_are_the_cases_that_one_may_see(
    project: Case, other: Case, ann: Actor, visit: Visit, person: Person
) -> None:
    found = visit(ann).get(f"/cases/suggest?q=LAMP&without={project.number}").json

    assert found == [{"value": other.number, "label": "claim the lamp", "about": other.number}]
    assert visit(ann).get(f"/cases/suggest?q={other.number}&without={other.number}").json == []
    assert visit(person("zoe")).get("/cases/suggest?q=lamp").json == []
    assert visit(ann).get("/cases/suggest").json == []


def grow(project: Case, ann: Actor, count: int) -> None:
    """Children of the project: every tenth late, the first with a child and a grandchild, the last cancelled."""
    kin = [
        children.open_child(project, latest("claim"), by=ann, submitted={"item": f"lamp {n}"}, blocking=n % 20 == 0)
        for n in range(count)
    ]
    bulb = children.open_child(kin[0], latest("claim"), by=ann, submitted={"item": "bulb"})
    wire = children.open_child(bulb, latest("claim"), by=ann, submitted={"item": "wire"})
    cases.cancel(kin[-1], by=ann, reason="Not needed")
    db.session.commit()
    for each in (*kin[3::10], wire):
        each.due_at = utcnow() - timedelta(days=2)
    kin[7].state = CaseState.FAILED
    db.session.commit()
    db.session.rollback()


def test_the_tree_is_rolled_up_filtered_and_in_pages(project: Case, ann: Actor, visit: Visit) -> None:
    grow(project, ann, 60)
    browser, path = visit(ann), f"/cases/{project.number}"

    card = browser.get(path).text.split("<h2>Cases below</h2>")[1].split("</section>")[0]
    assert card.count('class="kin"') == 8 and "All 63 cases below" in card and "1 of 63 cases closed" in card
    assert card.index("lamp 7<") < card.index("lamp 0<") < card.index("lamp 3<")  # stuck, a late one below, late
    assert "2 cases below" in card and "1 late case" in card and "cancelled" not in card

    first, second = browser.get(f"{path}/family?show=all").text, browser.get(f"{path}/family?show=all&page=2").text
    assert first.count('class="kin deep-') == 50 and second.count('class="kin deep-') == 13
    assert "1 to 50 of 63" in first and "51 to 63 of 63" in second and 'class="kin deep-3"' in first
    late = browser.get(f"{path}/family?show=late").text
    assert late.count('class="kin deep-') == 7 and "wire" in late and "Late 7" in late
    part = browser.get(f"{path}/family?show=stuck", part="family").text
    assert part.count('class="kin deep-') == 1 and "lamp 7" in part and "<html" not in part
    assert browser.get(f"{path}/family?show=x&page=99").status_code == 200
    assert visit(None).get(f"{path}/family").status_code == 303


def test_there_is_no_empty_card_for_a_family(other: Case, ann: Actor, visit: Visit) -> None:
    page = visit(ann).get(f"/cases/{other.number}").text

    assert "Cases below" not in page and 'data-dialog="new-child"' in related(page)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_cases_are_linked_and_merged_by_keyboard(
    project: Case, other: Case, ann: Actor, browse: Callable[..., Page]
) -> None:
    number, lamp = project.number, other.number
    db.session.rollback()
    page = browse(ann)
    page.goto(f"/cases/{number}")

    page.keyboard.press("l")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("lam")
    expect(page.get_by_role("option", name="claim the lamp")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_label("The other case")).to_have_value(lamp)
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"{number} is a duplicate of {lamp}.")).to_be_visible()
    page.get_by_role("link", name="Merge").focus()
    page.keyboard.press("Enter")
    page.get_by_label("The case that goes on").focus()
    page.keyboard.type("lamp")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"{number} ends as cancelled")).to_be_visible()
    page.get_by_label("Why").focus()
    page.keyboard.type("It is the same")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_text(f"{number} is merged into this case.")).to_be_visible()
    assert ("merged", number, lamp) in links_of(project)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_related_cases_are_accessible_and_worth_looking_at(
    project: Case,
    other: Case,
    ann: Actor,
    visit: Visit,
    browse: Callable[..., Page],
    flaws: Callable[[Page, str], list[str]],
    width: int,
    dark: bool,
) -> None:
    grow(project, ann, 12)
    path, look = f"/cases/{project.number}", f"{width}{'-dark' if dark else ''}"
    cases.change_variables(other, {"colour": "green", "bought": "2026-10-01"}, by=ann)
    db.session.commit()
    merge, split = f"/cases/{other.number}/merge?into={project.number}", f"/cases/{other.number}/split"
    visit(ann).post(f"{path}/links", {"kind": "blocked", "target": other.number})
    page, wrong = browse(ann, width=width, height=900, dark=dark), {}
    for name, address in (
        ("family-card", path), ("link", path), ("family", f"{path}/family"), ("merge", merge), ("split", split),
        ("new-child", f"{path}/children/new/claim"),
    ):  # fmt: skip
        page.goto(address)
        if name == "link":
            page.keyboard.press("l")
            page.get_by_label("The other case").press_sequentially("lam")
            expect(page.get_by_role("listbox")).to_be_visible()
        found = flaws(page, f"{name}-{look}")
        wrong |= {name: found} if found else {}

    assert wrong == {}
