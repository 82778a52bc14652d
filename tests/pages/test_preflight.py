"""What a new version means for running cases, on a page: understood, decided and moved from there."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page

from service.db import db
from service.models import Actor, Case, Migration, MigrationState
from tests.jobs_by_hand import do_jobs
from tests.pages.conftest import Office, Visitor
from tests.pages.moving import claims, deploy_changed
from tests.pages.test_clicking import COVERED
from tests.pages.test_in_a_browser import Browse, settle

Visit = Callable[[Actor | None], Visitor]
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PAGE, MOVE = "/case-types/insurance-claim/pre-flight", "/case-types/insurance-claim/move"
VERSIONS = {"from": "1", "to": "2"}


@pytest.fixture
def fleet(office: Office) -> list[Case]:
    """Two claims at the assessment; one each at the approval, the question, the payment and the refusal; version 2."""
    found = claims(office)
    deploy_changed()
    return found


def numbers(page: str) -> dict[str, int]:
    """How many cases there are of each verdict, as the page says it."""
    found = re.findall(r"</span>([a-z ]+)</dt><dd><b>(\d+)</b>", page)
    return {name: int(number) for name, number in found}


def versions(fleet: list[Case]) -> list[int]:
    for case in fleet:
        db.session.refresh(case)
    return [case.definition.version for case in fleet]


def class_at(page: str, place: str) -> str:
    """The id of the class at a place."""
    found = re.search(rf'class=([0-9a-f]+)#diagrams">\d+ cases? at “{place}”', page)
    assert found
    return found[1]


def test_every_class_says_how_many_stand_where_and_what_it_means_for_them(
    office: Office, fleet: list[Case], visit: Visit
) -> None:
    page = visit(office.ada).get(PAGE).text

    assert "6 cases run on version 1." in page
    assert numbers(page) == {"exact": 0, "safe": 3, "safe with the plan": 1, "needs a person": 1, "must stay": 1}
    assert "2 cases at “Assess the claim”" in page and "1 case at “Get what is missing”" in page
    assert "which the new version does not have" in page and "Let the step be finished before." in page
    assert f"/cases/{fleet[3].number}" in page
    assert "Task_Approve: Task_Grant" in page, "what is proposed stands in the plan"


def test_one_class_is_shown_with_its_places_on_both_diagrams_and_its_cases(
    office: Office, fleet: list[Case], visit: Visit
) -> None:
    ada = visit(office.ada)

    page = ada.get(f"{PAGE}?from=1&class={class_at(ada.get(PAGE).text, 'Approve the payment')}").text

    states = re.findall(r"data-state>(.*?)</script>", page)
    assert len(states) == 2
    assert '"Task_Approve": {"label": "1 case", "state": "active"}' in states[0]
    assert '"Task_Grant": {"label": "1 case", "state": "active"}' in states[1]
    assert '"Task_Assess": {"label"' not in states[0]
    assert "The cases behind it" in page and fleet[2].number in page.split("The cases behind it")[-1]


def test_the_safe_ones_are_moved_and_the_others_stay(office: Office, fleet: list[Case], visit: Visit) -> None:
    ada = visit(office.ada)

    answer = ada.post(MOVE, {**VERSIONS, "which": "safe", "plan": "", "reason": "Accounts are checked now."})
    do_jobs()

    assert answer.status_code == 303 and "/migrations/" in answer.headers["Location"]
    assert versions(fleet) == [2, 2, 1, 1, 2, 1]


def test_what_needs_a_person_is_decided_judged_anew_and_moved(office: Office, fleet: list[Case], visit: Visit) -> None:
    ada = visit(office.ada)
    decided = {**VERSIONS, "plan": "elements:\n  Task_Approve: Task_Grant\n", "element:Task_Ask": "Task_Assess",
               "was:element:Task_Ask": ""}  # fmt: skip

    asked = ada.post(PAGE, decided).text
    assert "The form of “Assess the claim” reads “answer”, which the case may not have." in asked
    assert 'name="value:answer"' in asked and numbers(asked)["needs a person"] == 1
    decided |= {"value:answer": '= "none yet"', "was:value:answer": ""}
    page = ada.post(PAGE, decided).text

    assert numbers(page)["needs a person"] == 0
    assert "Task_Ask: Task_Assess" in page and "answer: = &#34;none yet&#34;" in page
    found = re.search(r'name="class" value="([0-9a-f]+)">1 case at “Get what is missing”', page)
    assert found
    ada.post(MOVE, {**decided, "which": "class", "class": found[1], "reason": "Decided with the claims managers."})
    do_jobs()
    assert versions(fleet) == [1, 1, 1, 2, 1, 1]
    assert office.task(fleet[3]).name == "Assess the claim"


def test_one_class_is_moved_alone_and_the_first_are_tried(office: Office, fleet: list[Case], visit: Visit) -> None:
    ada = visit(office.ada)
    chosen = class_at(ada.get(PAGE).text, "Assess the claim")

    said = {**VERSIONS, "which": "class", "class": chosen, "plan": "", "trial": "1", "reason": "A try."}
    answer = ada.post(MOVE, said)
    do_jobs()

    page = ada.get(answer.headers["Location"]).text
    assert "those at “Assess the claim”" in page and "The trial of 1 cases is over." in page
    assert sorted(versions(fleet)) == [1, 1, 1, 1, 1, 2]
    order = db.session.query(Migration).one()
    assert order.state is MigrationState.PAUSED and len(ada.get(f"/migrations/{order.id}").text) > 0


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (
            "elements:\n  Task_Aks: Task_Assess\n",
            "Line 2: Version 1 has no element “Task_Aks”. Do you mean “Task_Ask”?",
        ),
        ("elements:\n  Task_Ask: Task_Asess\n", "Line 2: Version 2 has no element “Task_Asess”."),
        ("elements:\n\n  - Task_Ask\n", "Line 3: “elements” has to be lines of the form “name: value”."),
        ("\nelement: {}\n", "Line 2: A plan has elements, values and clocks, but no “element”."),
        ("values:\n  iban: = 1 +\n", "Line 2: The value of “iban” cannot be read"),
        ("values:\n  iban:\n", "Line 2: “iban” needs an expression"),
        ("clocks:\n  Event_Reminder: later\n", "Line 2: A clock is keep, from entry, from now; not “later”."),
        ("elements: [\n", "Line 2: This is no YAML: expected the node content"),
        ("from: 7\nplan: {}\n", "Line 1: This file is for another move: “from” has to be 1."),
        ("elements:\n  Task_Ask: {to: x}\n", "Line 2: “Task_Ask” takes one value, not several."),
    ],
)
@SQLITE
def test_a_mistake_in_the_plan_is_told_by_its_line_and_nothing_moves(
    office: Office, fleet: list[Case], visit: Visit, plan: str, said: str
) -> None:
    ada = visit(office.ada)

    checked = ada.post(PAGE, {**VERSIONS, "plan": plan})
    ordered = ada.post(MOVE, {**VERSIONS, "plan": plan, "reason": "A try."}, Accept="application/json")

    assert checked.status_code == 422 and said in checked.text
    assert ordered.status_code == 422 and ordered.json and ordered.json["errors"]["plan"][0].startswith(said)
    assert db.session.query(Migration).count() == 0


def test_a_whole_file_of_the_command_line_is_taken_too(office: Office, fleet: list[Case], visit: Visit) -> None:
    plan = "case_type: insurance-claim\nfrom: 1\nto: 2\nplan:\n  elements:\n    Task_Ask: null\n"

    page = visit(office.ada).post(PAGE, {**VERSIONS, "plan": plan}).text

    assert numbers(page)["needs a person"] == 0 and "Task_Ask: null" in page


def test_what_was_typed_is_there_again_after_judging(office: Office, fleet: list[Case], visit: Visit) -> None:
    typed = {**VERSIONS, "plan": "", "reason": "Accounts are checked.", "trial": "3", "which": "plan"}

    page = visit(office.ada).post(PAGE, typed).text

    assert "Accounts are checked.</textarea>" in page and 'value="3"' in page
    assert re.search(r'value="plan" required checked>', page)


def test_a_designer_looks_and_plans_but_moves_no_case(
    office: Office, fleet: list[Case], person: Callable[..., Actor], visit: Visit
) -> None:
    dan = visit(person("dan", "designers"))

    page = dan.get(PAGE).text

    assert numbers(page)["needs a person"] == 1 and "Judge by this plan" in page
    assert "Move them" not in page and "Ada Lovelace" not in page and fleet[0].number not in page
    assert "6 running cases stand on other versions." in dan.get("/case-types/insurance-claim").text
    assert dan.post(MOVE, {**VERSIONS, "plan": "", "reason": "A try."}).status_code == 403


def test_where_no_case_runs_on_another_version_the_page_says_so(office: Office, visit: Visit) -> None:
    office.open_claim()
    ada = visit(office.ada)

    assert "No case runs on another version" in ada.get(PAGE).text
    assert ada.get(f"{PAGE}?to=7").status_code == 404 and ada.get(f"{PAGE}?to=x").status_code == 404
    assert ada.get(f"{PAGE}?to=1&from=1").status_code == 400
    assert visit(office.mia).get(PAGE).status_code == 403


@SQLITE
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (1440, True), (400, False), (400, True)])
def test_the_pre_flight_is_accessible_and_worth_looking_at(
    office: Office,
    browse: Browse,
    visit: Visit,
    flaws: Callable[[Page, str], list[str]],
    width: int,
    dark: bool,
) -> None:
    fleet = claims(office, assess=14, approve=5, ask=3, pay=4, refuse=2)
    deploy_changed()
    chosen = class_at(visit(office.ada).get(PAGE).text, "Approve the payment")
    pages = {
        "preflight": PAGE,
        "preflight-class": f"{PAGE}?from=1&class={chosen}",
        "preflight-chosen": f"{PAGE}?from=1&state=active&priority=ordinary",
        "case-move": f"/cases/{fleet[14].number}/move",
        "case-move-person": f"/cases/{fleet[20].number}/move",
        "case-move-stay": f"/cases/{fleet[-1].number}/move",
    }
    db.session.rollback()
    page, wrong = browse(office.ada, width=width, height=900, dark=dark), {}

    for name, where in pages.items():
        page.goto(where)
        settle(page)
        if found := flaws(page, f"{name}-{width}{'-dark' if dark else ''}") + page.evaluate(COVERED):
            wrong[name] = found

    assert wrong == {}


def test_some_cases_are_chosen_looked_at_tried_and_moved_and_no_others(
    office: Office, fleet: list[Case], visit: Visit
) -> None:
    """The choice goes with every link, through the judging of a plan into the order and its trial."""
    ada, owner, late = visit(office.ada), office.mia, {"priority": 95, "owner_id": office.mia.id}
    db.session.execute(sa.update(Case).where(Case.id.in_([fleet[0].id, fleet[4].id, fleet[5].id])).values(**late))
    db.session.commit()
    said = {"owner": owner.name, "priority": "urgent", "state": "active", "created_from": "2001-01-01"}

    page = ada.get(f"{PAGE}?{urlencode(said)}").text
    assert "3 cases that you chose run on version 1." in page
    assert numbers(page) == {"exact": 0, "safe": 2, "safe with the plan": 0, "needs a person": 0, "must stay": 1}
    links = re.findall(r'href="(/case-types/insurance-claim/pre-flight\?[^"]*class=[^"]+)"', page)
    assert links and all(f"owner={owner.name}" in each and "priority=urgent" in each for each in links)
    checked = ada.post(PAGE, {**VERSIONS, **said, "plan": ""}).text
    assert "3 cases that you chose" in checked and f'name="owner" value="{owner.name}"' in checked
    made = ada.post(MOVE, {**VERSIONS, **said, "which": "safe", "plan": "", "trial": "1", "reason": "Hers first."})
    do_jobs()
    assert versions(fleet).count(2) == 1
    told = ada.get(made.headers["Location"]).text
    assert f"those of {owner.name}, those of priority 90 to 100, those opened from" in told
    ada.post(made.headers["Location"] + "/resume", {})
    do_jobs()
    assert versions(fleet) == [2, 1, 1, 1, 2, 1]


def test_words_find_only_cases_that_one_may_read_and_nothing_found_is_said(
    office: Office, fleet: list[Case], person: Callable[..., Actor], visit: Visit
) -> None:
    ada, ola = visit(office.ada), visit(person("ola", "operators"))

    found, blind = (each.get(f"{PAGE}?text=hopper").text for each in (ada, ola))

    assert "1 case that you chose runs on version 1." in found and numbers(found)["safe with the plan"] == 1
    assert "No running case is such" in blind and "Show all again" in blind
    refused = ola.post(MOVE, {**VERSIONS, "text": "hopper", "which": "plan", "plan": "", "reason": "A try."})
    assert refused.status_code == 409 and db.session.query(Migration).count() == 0
    for wrong in ("state=closed", "priority=9", "due_before=soon", "created_from=0001-01-01", f"at={'x' * 201}"):
        assert ada.get(f"{PAGE}?{wrong}").status_code == 400, wrong


@SQLITE
def test_a_plan_of_a_megabyte_is_refused_wherever_it_is_sent(office: Office, fleet: list[Case], visit: Visit) -> None:
    ada, huge = visit(office.ada), "elements:\n" + "  Task_Ask: null\n" * 60_000
    upload = {**VERSIONS, "file": (io.BytesIO(huge.encode()), "plan.yaml")}

    assert ada.post(PAGE, upload).status_code == 422
    for where, sent in ((PAGE, {"plan": huge}), (MOVE, {"plan": huge, "reason": "A try."})):
        assert ada.post(where, {**VERSIONS, **sent}).status_code in (413, 422), where
    deep = {**VERSIONS, "plan": "[" * 100_000, "reason": "A try."}
    assert ada.post(PAGE, deep).status_code == 422
    aliases = "a: &a [x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 8)}]\n" for n in range(12)
    )
    assert ada.post(PAGE, {**VERSIONS, "plan": aliases}).status_code == 422
    assert versions(fleet) == [1] * 6 and db.session.query(Migration).count() == 0
