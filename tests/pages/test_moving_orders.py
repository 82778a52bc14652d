"""The pages of orders to move cases: how far each is, what became of each case, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from service.db import db
from service.engine.change.plan import Plan, Verdict
from service.engine.change.steps import Kind, Step
from service.models import Actor, Case, Migration, MigrationState
from service.operations import cases, migration, migrations, roles
from service.operations.migrations import Terms
from tests.jobs_by_hand import do_jobs
from tests.pages.conftest import Office, Visitor
from tests.pages.moving import claims, deploy_changed
from tests.pages.test_clicking import COVERED
from tests.pages.test_in_a_browser import Browse, settle

Visit = Callable[[Actor | None], Visitor]
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def fleet(office: Office) -> list[Case]:
    """Two claims at the assessment; one each at the approval, the question, the payment and the refusal."""
    return claims(office)


@pytest.fixture
def ordered(office: Office, fleet: list[Case]) -> Callable[..., Migration]:
    """`ordered(trial=2)`: Ada has had all claims moved to version 2, as far as that is done."""

    def order(**terms: int) -> Migration:
        before, after = deploy_changed()
        made = migrations.order(
            before, after, Plan(), by=office.ada, reason="Accounts are checked now.", terms=Terms(**terms)
        )
        db.session.commit()
        do_jobs()
        return made

    return order


def path(order: Migration) -> str:
    return f"/migrations/{order.id}"


def test_an_order_tells_what_became_of_each_case_and_why(
    office: Office, ordered: Callable[..., Migration], visit: Visit
) -> None:
    order = ordered()
    ada = visit(office.ada)

    listed, page = ada.get("/migrations").text, ada.get(path(order)).text

    assert "Insurance claim: from version 1 to version 2" in listed and "Accounts are checked now." in listed
    assert "<b>3</b> moved" in listed and "<b>3</b> stayed" in listed
    assert "“Get what is missing” is not in the other version." in page
    assert "“Write the refusal”" in page
    assert page.count("/return") >= 3, "those that moved may return"
    only = ada.get(f"{path(order)}?outcome=untouched").text
    assert "CLM-2026-00004" in only and "CLM-2026-00001" not in only
    assert "X-Watching" not in page, "nothing more happens in it"


def test_a_running_order_is_paused_taken_up_again_and_stopped(
    office: Office, fleet: list[Case], ordered: Callable[..., Migration], visit: Visit
) -> None:
    order, ada = ordered(trial=2), visit(office.ada)
    page = ada.get(path(order)).text
    assert "The trial of 2 cases is over." in page and "Go on with the other 4" in page

    assert ada.post(f"{path(order)}/resume").status_code == 303
    assert 'hx-trigger="every 2s"' in ada.get(path(order)).text
    part = ada.get(path(order), part="order").text
    assert "<h1>From version 1 to version 2</h1>" in part and "<html" not in part
    assert ada.post(f"{path(order)}/pause").status_code == 303
    assert "Paused by ada." in ada.get(path(order)).text
    assert ada.post(f"{path(order)}/pause").status_code == 409
    assert ada.post(f"{path(order)}/stop").status_code == 303
    db.session.refresh(order)

    assert order.state is MigrationState.STOPPED
    assert "stopped before its turn" in ada.get(path(order)).text


def test_all_that_moved_is_brought_back_by_an_order_of_its_own(
    office: Office, ordered: Callable[..., Migration], visit: Visit
) -> None:
    order, ada = ordered(), visit(office.ada)
    assert ada.post(f"{path(order)}/return", {"reason": " "}).status_code == 400

    answer = ada.post(f"{path(order)}/return", {"reason": "The register is not ready."})
    do_jobs()

    back = ada.get(answer.headers["Location"]).text
    assert "Back from version 2 to version 1" in back and "<b>3</b> brought back" in back
    page = ada.get(path(order)).text
    assert "3 cases of these were" in page and "The register is not ready." in page
    assert "<b>3</b> brought back" in page and "Bring all back</button>" not in page


def test_one_case_is_brought_back_and_says_how_it_would_stand(
    office: Office, fleet: list[Case], ordered: Callable[..., Migration], visit: Visit
) -> None:
    order, ada, case = ordered(), visit(office.ada), fleet[0]
    number = case.number

    page = ada.get(f"/cases/{number}/return").text
    answer = ada.post(f"/cases/{number}/return", {"reason": "It is a test case."})

    assert "Bring back to version 1" in page and "Assess the claim" in page and "Accounts are checked now." in page
    assert answer.headers["Location"] == f"/cases/{number}"
    db.session.refresh(case)
    assert case.definition.version == 1
    told = ada.get(f"/cases/{number}").text
    assert "brought the case back from version 2 to version 1" in told and "It is a test case." in told
    assert "brought back" in ada.get(path(order)).text
    assert ada.get(f"/cases/{number}/return").status_code == 409


def test_a_case_that_went_on_says_why_it_cannot_return(
    office: Office, fleet: list[Case], ordered: Callable[..., Migration], visit: Visit
) -> None:
    ordered()
    db.session.refresh(fleet[0])
    cases.change_variables(fleet[0], {"estimatedAmount": 2000}, by=office.mia)
    db.session.commit()

    page = visit(office.mia).get(f"/cases/{fleet[0].number}/return").text

    assert "something has happened in it since" in page and "Bring it back" not in page


def test_an_operator_moves_cases_but_sees_nothing_that_they_hold(
    office: Office, fleet: list[Case], ordered: Callable[..., Migration], person: Callable[..., Actor], visit: Visit
) -> None:
    roles.restrict(fleet[3], True, by=office.ann, reason="A colleague is involved.")
    db.session.commit()
    order, ora = ordered(), visit(person("ora", "operators"))

    page = ora.get(path(order)).text
    back = ora.get(f"/cases/{fleet[0].number}/return").text

    assert fleet[0].number in page and "Ada Lovelace" not in page and f'href="/cases/{fleet[0].number}"' not in page
    assert "restricted" in page and "It belongs to a restricted case" in page
    assert "Get what is missing" not in page, "nor where a restricted case stands"
    assert "Ada Lovelace" not in back and "Assess the claim" in back
    assert ora.get(f"/cases/{fleet[3].number}/return").status_code == 404
    answer = ora.post(f"/cases/{fleet[0].number}/return", {"reason": "Asked for by phone."})
    assert answer.headers["Location"].startswith("/migrations/")
    assert visit(office.mia).get("/migrations").status_code == 403


def test_an_order_that_changes_cases_by_hand_is_listed_too(office: Office, fleet: list[Case], visit: Visit) -> None:
    steps = [Step(Kind.SKIP, "Task_Pay", values={"paymentReference": "by hand"})]
    chosen = migrations.Chosen(numbers=(fleet[4].number,))
    order = migrations.order_modification(
        fleet[4].definition,
        steps,
        by=office.ada,
        reason="Paid by cheque.",
        chosen=chosen,
        terms=Terms(up_to=Verdict.PERSON),
    )
    db.session.commit()
    do_jobs()
    ada = visit(office.ada)

    listed, page = ada.get("/migrations").text, ada.get(path(order)).text

    assert f"Insurance claim: {fleet[4].number}: changed by hand in version 1" in listed
    assert "<b>1</b> changed" in page and "What is changed" in page and "element: Task_Pay" in page
    assert "Bring all back" not in page and "/return" not in page


@SQLITE
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (1440, True), (400, False), (400, True)])
def test_the_pages_of_an_order_are_accessible_and_worth_looking_at(
    office: Office,
    fleet: list[Case],
    ordered: Callable[..., Migration],
    browse: Browse,
    flaws: Callable[[Page, str], list[str]],
    width: int,
    dark: bool,
) -> None:
    order = ordered()
    migration.bring_back(fleet[0], by=office.ada, reason="It is a test case.")
    db.session.commit()
    plan, terms = Plan({"Task_Approve": "Task_Grant", "Task_Ask": None}), Terms(trial=2, most_untouched=5)
    why = "The rest, with the mapping of the approval."
    trial = migrations.order(order.source, order.target, plan, by=office.ada, reason=why, terms=terms)
    db.session.commit()
    do_jobs()
    pages = {"orders": "/migrations", "order": path(order), "order-paused": path(trial),
             "case-return": f"/cases/{fleet[4].number}/return"}  # fmt: skip
    db.session.rollback()
    page, wrong = browse(office.ada, width=width, height=900, dark=dark), {}

    for name, where in pages.items():
        page.goto(where)
        settle(page)
        if found := flaws(page, f"{name}-{width}{'-dark' if dark else ''}") + page.evaluate(COVERED):
            wrong[name] = found

    assert wrong == {}


@SQLITE
def test_an_order_shows_how_far_it_is_by_itself(
    office: Office, fleet: list[Case], ordered: Callable[..., Migration], browse: Browse
) -> None:
    where = path(ordered(trial=2))
    page = browse(office.ada)
    page.goto(where)
    db.session.rollback()  # on SQLite our own open transaction would hold up the page's
    page.get_by_role("button", name="Go on with the other 4").click()
    expect(page.get_by_text("It goes on.")).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("dialog", name="Stop for good?")).to_be_visible()

    do_jobs()

    expect(page.locator(".order-sum")).to_have_text("6 of 6 cases done")
    expect(page.get_by_role("dialog", name="Stop for good?")).to_be_visible()
