"""One case moves from its own page, and pages lead to what a version means: for who may move cases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from service.db import db
from service.engine.change.plan import Plan
from service.models import SYSTEM, Actor, Case, ProcessDefinition
from service.operations import cases, deployments, migration
from service.queries import definitions
from tests.jobs_by_hand import do_jobs
from tests.operations.family import diagram
from tests.pages.conftest import Office, Visitor
from tests.pages.moving import changed_claim, claims, deploy_changed
from tests.pages.test_deploying import sent
from tests.pages.test_in_a_browser import Browse

Visit = Callable[[Actor | None], Visitor]
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SUM = '<scriptTask id="Add" name="Add up"><script>total = {} + 1</script></scriptTask><userTask id="Look" name="Look"/>'


@pytest.fixture
def fleet(office: Office) -> list[Case]:
    """Two claims at the assessment; one each at the approval, the question, the payment and the refusal; version 2."""
    found = claims(office)
    deploy_changed()
    return found


def version_of(case: Case) -> int:
    db.session.refresh(case)
    return case.definition.version


def test_who_steers_a_case_moves_it_and_brings_it_back_from_its_page(
    office: Office, fleet: list[Case], visit: Visit
) -> None:
    case, mia = fleet[4], visit(office.mia)
    page = f"/cases/{case.number}"
    assert "Move to version 2…" in mia.get(page).text and "Bring back" not in mia.get(page).text

    preview = mia.get(f"{page}/move").text
    assert (
        "<b>Safe.</b>" in preview and "“Check the account” is new and lies before: the case has passed it." in preview
    )
    assert "<b>Pay out</b> stays as it is" in preview
    answer = mia.post(f"{page}/move", {"to": "2", "plan": "", "reason": "Asked by the claimant."})

    assert answer.headers["Location"] == page and version_of(case) == 2
    told = mia.get(page).text
    assert "moved the case from version 1 to version 2" in told and "Asked by the claimant." in told
    assert "Bring back to version 1…" in told
    mia.post(f"{page}/return", {"reason": "Too early."})
    assert version_of(case) == 1


def test_who_works_on_a_task_is_told_that_its_case_was_moved(office: Office, fleet: list[Case], visit: Visit) -> None:
    case, mia = fleet[0], visit(office.mia)
    task = office.task(case)
    address = f"/tasks/{task.id}"
    assert "was moved to version" not in mia.get(address).text

    mia.post(f"/cases/{case.number}/move", {"to": "2", "plan": "", "reason": "Asked by the claimant."})

    told = mia.get(address).text
    assert "<b>The case was moved to version 2</b>" in told
    assert "by you: Asked by the claimant." in told
    mia.post(f"/cases/{case.number}/return", {"reason": "Too early."})
    assert "was moved to version" not in mia.get(address).text


def test_what_has_to_be_decided_for_one_case_is_asked_and_previewed(
    office: Office, fleet: list[Case], visit: Visit
) -> None:
    case, mia = fleet[3], visit(office.mia)
    page = f"/cases/{case.number}"
    refused = mia.get(f"{page}/move").text
    assert "<b>Needs a person.</b>" in refused and "It cannot move like this." in refused

    said = {"to": "2", "plan": "", "element:Task_Ask": "Task_Assess", "was:element:Task_Ask": "",
            "value:answer": '= "none yet"', "was:value:answer": ""}  # fmt: skip
    preview = mia.post(f"{page}/preview", said).text
    wrong = mia.post(f"{page}/preview", {"plan": "elements:\n  X: null\n"}).text
    mia.post(f"{page}/move", {**said, "reason": "It has waited long enough."})

    assert "it is called “Assess the claim”" in preview and "begins to run" in preview
    assert version_of(case) == 2 and office.task(case).name == "Assess the claim"
    assert "Line 2: Version 1 has no element “X”." in wrong


def test_who_does_not_steer_the_case_is_offered_nothing(office: Office, fleet: list[Case], visit: Visit) -> None:
    ben = visit(office.ben)

    assert "Move to version" not in ben.get(f"/cases/{fleet[0].number}").text
    assert ben.get(f"/cases/{fleet[0].number}/move").status_code == 403
    assert "on older versions" not in ben.get("/case-types").text
    assert "stand on other versions" not in ben.get("/case-types/insurance-claim").text
    assert 'href="/migrations"' not in ben.get("/tasks").text


def test_a_case_of_the_only_version_says_so(office: Office, visit: Visit) -> None:
    number = office.open_claim().number

    assert "There is no other version" in visit(office.mia).get(f"/cases/{number}/move").text
    answer = visit(office.mia).post(f"/cases/{number}/move", {"reason": "A try."})
    assert answer.status_code == 409


def test_deployments_and_case_types_lead_to_what_a_version_means(office: Office, visit: Visit) -> None:
    claims(office)
    ada = visit(office.ada)

    page = ada.post("/deployments", sent(changed_claim())).text

    assert "6 running cases of Insurance claim stand on older versions." in page
    link = "/case-types/insurance-claim/pre-flight"
    assert f'href="{link}?to=2">See what version 2 means for them' in page
    assert f'href="{link}"' in ada.get("/case-types").text
    assert "6 running cases stand on other versions." in ada.get("/case-types/insurance-claim").text


@pytest.fixture
def stuck(office: Office) -> Case:
    """A case of Mia's whose script needs a name that nobody sets; version 2 needs another, which is set."""
    for name in ("amount", "item"):
        drawn = diagram("sum", "SUM", SUM.format(name), "Begin Add Look End", attributes='case:readerGroups="x"')
        deployments.deploy({"sum.bpmn": drawn}, by=SYSTEM)
        if name == "amount":
            first = definitions.latest(ProcessDefinition, "sum")
            case = cases.begin(first, {"item": 1}, by=office.mia, owner_id=office.mia.id)
    db.session.commit()
    return case


def test_a_newer_version_that_mends_a_failure_is_offered(office: Office, stuck: Case, visit: Visit) -> None:
    mia, page = visit(office.mia), f"/cases/{stuck.number}"
    mended = "Version 2 has another “Add up”."
    assert mended in mia.get(page).text and mended in visit(office.ada).get("/incidents").text

    mia.post(f"{page}/move", {"to": "2", "plan": "", "reason": "Version 2 reads what is known."})
    mia.post(f"{page}/retry")

    assert version_of(stuck) == 2 and stuck.variables["total"] == 2
    assert mended not in mia.get(page).text


def test_a_newer_version_that_says_the_same_there_is_not_offered(office: Office, stuck: Case, visit: Visit) -> None:
    drawn = diagram("sum", "SUM", SUM.format("amount"), "Begin Add Look End", attributes='case:readerGroups="y"')
    deployments.deploy({"sum.bpmn": drawn}, by=SYSTEM)
    db.session.commit()

    page = visit(office.mia).get(f"/cases/{stuck.number}").text

    assert "has another “Add up”" not in page and "Move to version 3…" in page


def test_after_thirty_days_no_way_back_is_offered(office: Office, fleet: list[Case], visit: Visit) -> None:
    target = definitions.version("insurance-claim", 2)
    row = migration.move(fleet[0], target, Plan(), by=office.ada, reason="A better process")
    row.snapshot, row.kept, row.at = None, None, (row.at or fleet[0].created_at) - timedelta(days=31)
    db.session.commit()
    mia = visit(office.mia)

    assert "Bring back" not in mia.get(f"/cases/{fleet[0].number}").text
    assert "is not kept any more" in mia.get(f"/cases/{fleet[0].number}/return").text


@SQLITE
@pytest.mark.timeout(240)
def test_an_operator_deploys_understands_moves_decides_and_brings_one_back(office: Office, browse: Browse) -> None:
    claims(office, assess=180, approve=80, ask=40, pay=60, refuse=40)
    page = browse(office.ada)
    page.goto("/deployments")
    files = [{"name": name, "mimeType": "text/xml", "buffer": data} for name, data in changed_claim().items()]
    page.get_by_label("Files").set_input_files(files)  # type: ignore[arg-type]
    db.session.rollback()
    page.get_by_role("button", name="Deploy").click()
    expect(page.get_by_text("400 running cases of Insurance claim stand on older versions.")).to_be_visible()

    page.get_by_role("link", name="See what version 2 means for them").click()
    expect(page.get_by_text("400 cases run on version 1.")).to_be_visible()
    page.get_by_role("link", name="40 cases at “Get what is missing”").click()
    expect(page.locator("[data-side=before] [data-element-id=Task_Ask].is-active")).to_have_count(1)
    page.get_by_role("radio", name="Move the safe ones 240 cases").check()
    why(page, "Accounts are checked from today on.")
    expect(page.locator(".order-sum")).to_have_text("240 of 240 cases done")

    page.go_back()
    page.reload()
    expect(page.get_by_text("160 cases run on version 1.")).to_be_visible()
    page.get_by_label("What waits at “Get what is missing”").select_option(label="goes on at “Assess the claim”")
    page.get_by_role("button", name="Judge by this plan").click()
    page.get_by_label("The value of “answer”").fill('= "none yet"')
    page.get_by_role("button", name="Judge by this plan").click()
    page.get_by_role("button", name="40 cases at “Get what is missing”").click()
    expect(page.get_by_role("radio", name="Only those at “Get what is missing” 40 cases")).to_be_checked()
    why(page, "Decided with the claims managers.")
    expect(page.locator(".order-sum")).to_have_text("40 of 40 cases done")

    page.get_by_role("link", name="Bring back").first.click()
    page.get_by_label("Why").fill("The answer came this morning.")
    page.get_by_role("button", name="Bring it back").click()
    expect(page.get_by_text("stands as before, in version 1.")).to_be_visible()
    expect(page.locator("#timeline")).to_contain_text("brought the case back from version 2 to version 1")


def why(page: Page, reason: str) -> None:
    """Say why, have them moved, and let the worker do it."""
    page.get_by_label("Why").fill(reason)
    page.get_by_role("button", name="Move them").click()
    expect(page.get_by_text("The worker moves them now")).to_be_visible()
    do_jobs()


@SQLITE
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_pages_that_lead_to_a_move_are_accessible(
    office: Office,
    fleet: list[Case],
    stuck: Case,
    browse: Browse,
    flaws: Callable[[Page, str], list[str]],
    width: int,
    dark: bool,
) -> None:
    pages = {
        "move-case-types": "/case-types",
        "move-case-type": "/case-types/insurance-claim",
        "move-case": f"/cases/{fleet[0].number}",
        "move-stuck": f"/cases/{stuck.number}",
        "move-incidents": "/incidents",
    }
    db.session.rollback()
    page, wrong = browse(office.ada, width=width, height=900, dark=dark), {}

    for name, where in pages.items():
        page.goto(where)
        page.wait_for_load_state("networkidle")  # the small diagram is not drawn, so it is never ready
        if found := flaws(page, f"{name}-{width}{'-dark' if dark else ''}"):
            wrong[name] = found

    assert wrong == {}
