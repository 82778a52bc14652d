"""A case that is stuck is mended on its own page: what is missing is entered, and it is tried again."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from service.db import db
from service.models import SYSTEM, Actor, Case, CaseState, HumanTask, Incident, IncidentState, ProcessDefinition
from service.operations import cases, deployments
from service.queries import definitions
from service.web import stuck
from tests.operations.family import diagram
from tests.pages.conftest import Office, Visitor
from tests.pages.test_in_a_browser import Browse

Visit = Callable[[Actor | None], Visitor]
SUM = diagram(
    "sum",
    "SUM",
    '<scriptTask id="Add" name="Add up"><script>total = {0} + 1</script></scriptTask>'
    '<userTask id="Look" name="Look" case:formKey="sum-look" case:candidateGroups="clerks"/>',
    "Begin Add Look End",
    attributes='case:readerGroups="auditors"',
).decode()
LOOK = {
    "type": "default",
    "id": "sum-look",
    "schemaVersion": 19,
    "components": [
        {"type": "number", "id": "Field_1", "key": "amount", "label": "Amount claimed"},
        {"type": "checkbox", "id": "Field_2", "key": "urgent", "label": "Urgent"},
        {"type": "textfield", "id": "Field_3", "key": "said", "label": "What was said"},
    ],
}


@pytest.fixture
def fail(office: Office) -> Callable[..., Case]:
    """`fail("amount")`: a case of Mia's whose script needs that name in vain."""

    def start(name: str = "amount") -> Case:
        files = {"sum.bpmn": SUM.replace("{0}", name).encode(), "sum-look.form": json.dumps(LOOK).encode()}
        deployments.deploy(files, by=SYSTEM)
        case = cases.begin(
            definitions.latest(ProcessDefinition, "sum"), {"item": "x"}, by=office.mia, owner_id=office.mia.id
        )
        db.session.commit()
        assert case.state is CaseState.FAILED
        return case

    return start


def test_who_steers_the_case_enters_what_is_missing_and_it_goes_on(
    office: Office, visit: Visit, fail: Callable[..., Case]
) -> None:
    case, mia = fail(), visit(office.mia)
    page, data = mia.get(f"/cases/{case.number}").text, mia.get(f"/cases/{case.number}/data").text
    assert "Enter what is missing" in page and "Try again" in page
    assert data.index("Amount claimed") < data.index("needs this") < data.index("What is not known yet")

    answer = mia.post(f"/cases/{case.number}/data", {"value-amount": "41"})

    assert answer.status_code == 303
    db.session.refresh(case)
    assert (case.state, case.variables["total"]) == (CaseState.ACTIVE, 42)
    assert db.session.query(Incident).one().state is IncidentState.RESOLVED
    assert "tried it again" in mia.get(f"/cases/{case.number}").text


def test_a_name_that_no_form_asks_for_can_be_entered_too(
    office: Office, visit: Visit, fail: Callable[..., Case]
) -> None:
    case, mia = fail("handling_fee"), visit(office.mia)
    path = f"/cases/{case.number}/data"
    assert 'name="new-name" type="text" value="handling_fee"' in mia.get(path).text

    wrong = mia.post(path, {"new-name": "handling_fee", "new-kind": "number", "new-value": "two"})
    right = mia.post(path, {"new-name": "handling_fee", "new-kind": "number", "new-value": "2"})

    assert wrong.status_code == 422 and "has to be a number" in wrong.text and ">two</textarea>" in wrong.text
    assert right.status_code == 303
    db.session.refresh(case)
    assert (case.state, case.variables["total"]) == (CaseState.ACTIVE, 3)


def test_what_fails_again_is_said_and_what_was_entered_is_kept(
    office: Office, visit: Visit, fail: Callable[..., Case]
) -> None:
    case, mia = fail(), visit(office.mia)

    mia.post(f"/cases/{case.number}/data", {"value-said": "Nothing"})
    page = mia.get(f"/cases/{case.number}").text
    mia.post(f"/cases/{case.number}/retry")

    assert "It is stuck again." in page and "Nothing" in page
    db.session.refresh(case)
    assert case.state is CaseState.FAILED


def test_nobody_who_works_on_cases_is_shown_python_but_who_mends_the_diagram_is(
    office: Office, visit: Visit, fail: Callable[..., Case]
) -> None:
    case = fail()
    db.session.add(HumanTask(case_id=case.id, element_id="Look", name="Look", assignee="zoe", state="reserved"))
    db.session.commit()
    task = db.session.query(HumanTask).one()

    for who in (office.mia, office.zoe):
        for path in (f"/cases/{case.number}", f"/cases/{case.number}/timeline", f"/tasks/{task.id}"):
            page = visit(who).get(path).text
            assert "NameError" not in page and "Amount claimed" in page, path
    ada = visit(office.ada).get(f"/cases/{case.number}").text
    assert "NameError" in ada and "sum.bpmn, line 1" in ada and "write the name as it is set elsewhere" in ada


def test_who_does_not_steer_the_case_cannot_try_it_again(
    office: Office, visit: Visit, person: Callable[..., Actor], fail: Callable[..., Case]
) -> None:
    case, rex = fail(), visit(person("rex", "auditors"))

    page, answer = rex.get(f"/cases/{case.number}").text, rex.post(f"/cases/{case.number}/retry")

    assert "Try again" not in page and "Whoever manages the case can mend it" in page
    assert answer.status_code == 403


def test_a_job_of_another_case_is_not_tried_again_by_its_id(office: Office, visit: Visit) -> None:
    mine, other = office.open_claim(), office.open_claim()
    job = {"name": "look_at_children", "arguments": {"case": str(other.id)}}
    for case in (mine, other):
        db.session.add(Incident(case_id=case.id, message="report: ValueError: x", job=job))
    db.session.commit()
    ids = {row.case_id: str(row.id) for row in db.session.query(Incident)}
    page = visit(office.mia).get(f"/cases/{mine.number}").text
    assert stuck.BACKGROUND in page and "ValueError" not in page

    wrong = visit(office.mia).post(f"/cases/{mine.number}/retry", {"incident": ids[other.id]})
    right = visit(office.mia).post(f"/cases/{mine.number}/retry", {"incident": ids[mine.id]})

    assert (wrong.status_code, right.status_code) == (404, 303)
    states = dict(db.session.query(Incident.case_id, Incident.state).all())
    assert states == {mine.id: IncidentState.RESOLVED, other.id: IncidentState.OPEN}


def test_a_missing_fact_of_a_running_case_is_entered_in_its_kind(office: Office, visit: Visit) -> None:
    case, mia = office.open_claim(), visit(office.mia)
    path = f"/cases/{case.number}/data"

    def send(name: str, kind: str, text: str) -> int:
        return mia.post(path, {"new-name": name, "new-kind": kind, "new-value": text}).status_code

    assert [send("a", "truth", "Yes"), send("b", "list", "x\r\n\r\ny"), send("c", "json", '{"n": 1}')] == [303] * 3
    wrong = [send("d", "truth", "x"), send("e f", "text", "x"), send("g", "json", "NaN"), send("", "text", "x")]
    assert wrong == [422] * 4
    db.session.refresh(case)
    assert {name: case.variables.get(name) for name in "abcdg"} == {
        "a": True, "b": ["x", "y"], "c": {"n": 1}, "d": None, "g": None}  # fmt: skip


@pytest.mark.parametrize(
    ("message", "names"),
    [
        ("NameError: name 'dedline' is not defined (line 2)", ["dedline"]),
        ("KeyError: amount (line 1)", ["amount"]),
        ("The called process needs the variable “amount”, which is not set.", ["amount"]),
        ("“= witnesses” is no list to repeat over, but None.", ["witnesses"]),
        ("The timer's “= deadline” gives no time.", ["deadline"]),
        ("ZeroDivisionError: division by zero (line 1)", []),
    ],
)
def test_the_names_that_a_step_looked_for_in_vain_are_read_from_what_it_says(message: str, names: list[str]) -> None:
    assert stuck.missing_in(message) == names


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_it_is_done_with_the_mouse(
    office: Office,
    browse: Browse,
    fail: Callable[..., Case],
    flaws: Callable[[Page, str], list[str]],
    width: int,
    dark: bool,
) -> None:
    case, number = (found := fail()), found.number
    page, ada = browse(office.mia, width=width, dark=dark), browse(office.ada, width=width, dark=dark)
    name = f"{width}{'-dark' if dark else ''}"
    db.session.rollback()
    ada.goto(f"/cases/{number}")
    ada.get_by_text("For whoever mends the diagram").click()
    assert flaws(ada, f"stuck-{name}") == []
    page.goto(f"/cases/{number}")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("It is stuck again.")).to_be_visible()
    page.get_by_role("link", name="Enter what is missing").click()
    page.get_by_text("What is not known yet").click()
    assert flaws(page, f"stuck-data-{name}") == []

    page.get_by_label("Amount claimed").fill("41")
    page.get_by_role("button", name="Save and try again").click()

    expect(page.get_by_text("It is being tried again.")).to_be_visible()
    db.session.refresh(case)
    assert case.variables["total"] == 42
