"""Deploying through the browser, and reading what is deployed."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from service.db import db
from service.models import SYSTEM, Actor, Deployment, ProcessDefinition
from service.operations import deployments
from tests.jobs_by_hand import do_jobs
from tests.operations.test_bundles import changed
from tests.pages.conftest import ROOT, Office, Visitor, claim_files
from tests.pages.moving import changed_claim, claims

Visit = Callable[[Actor | None], Visitor]


def sent(files: Mapping[str, bytes], **more: str) -> dict[str, object]:
    """The form of the deployments page, filled."""
    return {"files": [(io.BytesIO(content), name) for name, content in files.items()], **more}


def test_files_become_a_new_version(office: Office, visit: Visit) -> None:
    ada, files = visit(office.ada), claim_files()
    files["insurance-claim.bpmn"] = files["insurance-claim.bpmn"].replace(b"Pay out", b"Pay the claim")

    answer = ada.post("/deployments", sent(files))

    assert answer.status_code == 200
    assert "Insurance claim version 2" in answer.text
    page = ada.get("/case-types/insurance-claim").text
    assert "Version 2" in page and "Pay the claim" in page
    assert "Pay out" in ada.get("/case-types/insurance-claim?version=1").text


def test_the_same_files_again_add_nothing(office: Office, visit: Visit) -> None:
    answer = visit(office.ada).post("/deployments", sent(claim_files()))

    assert "Everything was there already" in answer.text
    assert db.session.query(Deployment).count() == 1


def test_every_problem_is_listed_by_file_and_line(office: Office, visit: Visit) -> None:
    files = {"a.bpmn": b"<bpmn", "b.form": b"[]", "c.txt": b"?"}

    answer = visit(office.ada).post("/deployments", sent(files))

    assert answer.status_code == 422
    assert "Nothing was deployed." in answer.text
    assert all(f"<code>{name}" in answer.text for name in files)


def test_why_and_from_which_commit_is_listed(office: Office, visit: Visit) -> None:
    ada, files = visit(office.ada), claim_files()
    files["insurance-claim.bpmn"] = files["insurance-claim.bpmn"].replace(b"Pay out", b"Pay the claim")
    why = {"reason": "Accounting asked for <it>.", "commit": "3f78685"}

    kept = ada.post("/deployments", sent(files, check="yes", **why)).text
    assert 'value="3f78685"' in kept
    answer = ada.post("/deployments", sent(files, **why)).text

    assert "Accounting asked for &lt;it&gt;." in answer and "from <code>3f78685</code>" in answer
    assert "insurance-claim version 2" in answer


def test_checking_deploys_nothing(office: Office, visit: Visit) -> None:
    ada, files = visit(office.ada), claim_files()
    files["insurance-claim.bpmn"] = files["insurance-claim.bpmn"].replace(b"Pay out", b"Pay the claim")

    assert "could be deployed" in ada.post("/deployments", sent(files, check="yes")).text
    assert "What is wrong" in ada.post("/deployments", sent({"a.bpmn": b"<bpmn"}, check="yes")).text

    assert db.session.query(ProcessDefinition).count() == 1


def test_a_version_is_exported_and_brought_in(office: Office, visit: Visit) -> None:
    ada, base = visit(office.ada), "/case-types/insurance-claim"
    made = ada.get(f"{base}/versions/1/bundle")
    assert made.mimetype == "application/zip" and "Export" in ada.get(base).text
    assert visit(office.mia).get(f"{base}/versions/1/bundle").status_code == 403
    assert "Export" not in visit(office.mia).get(base).text

    def sent_in(content: bytes, **more: str) -> Any:
        return ada.post("/deployments/bundle", {"bundle": (io.BytesIO(content), "claim.zip"), **more})

    assert "Everything was there already" in sent_in(made.data).text
    newer = {name: data.replace(b"Pay out", b"Pay the claim") for name, data in claim_files().items()}
    deployments.deploy(newer, by=SYSTEM)
    db.session.commit()
    answer = sent_in(made.data, why="Back to the first one")
    assert "Insurance claim version 3" in answer.text and "Back to the first one" in answer.text
    assert "from a bundle of insurance-claim version 1, exported by ada, signed with the key" in answer.text
    assert "This is no bundle" in sent_in(b"?").text and sent_in(b"?").status_code == 422
    unsigned = changed(made.data, signature_json=None)
    refused = sent_in(unsigned)
    assert refused.status_code == 403 and "This bundle is not signed" in refused.text
    assert "Everything was there already" in sent_in(unsigned, unsigned="yes").text


def test_what_a_bundle_means_for_running_cases_is_chosen_with_it(office: Office, visit: Visit) -> None:
    ada, case = visit(office.ada), office.open_claim()
    first = ada.get("/case-types/insurance-claim/versions/1/bundle").data
    newer = {name: data.replace(b"Pay out", b"Pay the claim") for name, data in claim_files().items()}
    deployments.deploy(newer, by=SYSTEM)
    db.session.commit()

    second = ada.get("/case-types/insurance-claim/versions/2/bundle").data

    def sent_in(content: bytes = first, **more: str) -> Any:
        return ada.post("/deployments/bundle", {"bundle": (io.BytesIO(content), "claim.zip"), **more})

    unsaid = sent_in(running="safe")
    wrong = sent_in(running="plan", plan="elements: [", why="As agreed")
    assert unsaid.status_code == 422 and "Say why running cases move" in unsaid.text
    assert wrong.status_code == 422 and 'id="bundle-plan-error"' in wrong.text and 'id="plan-error"' not in wrong.text
    assert db.session.query(ProcessDefinition).count() == 2

    assert "1 running case of Insurance claim moves" in sent_in(running="safe", why="As agreed").text
    do_jobs()
    db.session.refresh(case)
    assert case.definition.version == 3

    assert 'id="bundle-share-error"' in sent_in(second, share="120").text
    assert "Insurance claim version 4 for 20 % of new cases" in sent_in(second, share="20", why="A try").text


def test_nobody_else_deploys(office: Office, visit: Visit) -> None:
    answer = visit(office.mia).post("/deployments", sent(claim_files()))

    assert answer.status_code == 403


def test_a_case_type_shows_who_may_what_and_its_decisions(office: Office, visit: Visit) -> None:
    office.open_claim()

    page = visit(office.ann).get("/case-types/insurance-claim").text

    assert "Claims intake" in page and "Claims managers" in page
    assert "Decision: Coverage" in page and "The first row that fits decides." in page
    assert "wear and tear" in page and "1 open case" in page
    assert "Open one" in page


def test_a_case_type_counts_by_version_what_the_asker_may_see(office: Office, visit: Visit) -> None:
    for name in ("Ada Lovelace", "Alan Turing"):
        office.open_claim(claimant=name)
    newer = {name: data.replace(b"Assess the claim", b"Assess this claim") for name, data in claim_files().items()}
    deployments.deploy(newer, by=SYSTEM)
    db.session.commit()
    office.open_claim(claimant="Grace Hopper")

    index = visit(office.mia).get("/case-types").text
    assert "3 open cases" in index and "1 on this version, 2 on version 1" in index
    page = visit(office.mia).get("/case-types/insurance-claim").text
    assert "1 open case<" in page and "2 open cases<" in page
    for path in ("/case-types", "/case-types/insurance-claim"):
        told = visit(office.zoe).get(path).text
        assert "0 open cases" in told and "1 open case<" not in told and "2 open cases" not in told


def test_a_case_type_shows_its_roles_milestones_ends_and_the_cases_that_it_opens(office: Office, visit: Visit) -> None:
    folders = (ROOT / "processes" / "federal-grant").iterdir(), (ROOT / "forms").glob("grant-*.form")
    deployments.deploy({path.name: path.read_bytes() for folder in folders for path in folder}, by=SYSTEM)
    db.session.commit()

    page = visit(office.ann).get("/case-types/federal-grant").text

    assert "Grants officer" in page and "steers the case · Grants officers" in page
    assert "Panel heard" in page and "Granted, and used as agreed · Granted, and money asked back" in page
    assert 'href="/case-types/grant-payment"' in page and 'href="/case-types/grant-audit"' in page


def test_who_may_not_open_a_case_is_not_offered_to(office: Office, visit: Visit) -> None:
    for path in ("/case-types", "/case-types/insurance-claim"):
        assert "Open one" not in visit(office.zoe).get(path).text


def test_what_becomes_of_running_cases_is_chosen_with_the_deployment(office: Office, visit: Visit) -> None:
    ada, found = visit(office.ada), claims(office)
    meant = ada.post("/deployments", sent(changed_claim(), check="yes", running="safe")).text
    assert "What version 2 of Insurance claim would mean for running cases" in meant
    assert "2 cases at “Assess the claim”" in meant and 'value="safe" checked' in meant
    unsaid = ada.post("/deployments", sent(changed_claim(), running="safe"))
    assert unsaid.status_code == 422 and "Say why running cases move" in unsaid.text
    assert db.session.query(ProcessDefinition).count() == 1

    answer = ada.post("/deployments", sent(changed_claim(), running="safe", reason="Accounts are checked."))
    do_jobs()

    assert "6 running cases of Insurance claim move:" in answer.text and "/migrations/" in answer.text
    db.session.expire_all()
    assert [case.definition.version for case in found] == [2, 2, 1, 1, 2, 1]


def test_running_cases_move_with_a_deployment_as_a_plan_says(office: Office, visit: Visit) -> None:
    ada, found = visit(office.ada), claims(office)
    plan = (
        "case_type: insurance-claim\nfrom: 1\nto: 2\ncases:\n  at: Task_Approve\n"
        "plan:\n  elements:\n    Task_Approve: Task_Grant\n---\ncase_type: insurance-claim\nfrom: 1\ncases:\n"
        "  owner: nobody\n"
    )
    said = {"running": "plan", "reason": "Accounts are checked."}

    answer = ada.post(
        "/deployments", {**sent(changed_claim(), **said), "plan_file": (io.BytesIO(plan.encode()), "p.yaml")}
    )
    do_jobs()

    assert "1 running case of Insurance claim moves:" in answer.text
    db.session.expire_all()
    assert [case.definition.version for case in found] == [1, 1, 2, 1, 1, 1]


@pytest.mark.parametrize(
    ("plan", "wrong"),
    [
        ("", "Line 1: Give one plan"),
        ("- a\n", "Line 1: A plan has lines such as"),
        ("case_type: loan\n", "Line 1: This deployment makes no new version of “loan”."),
        ("case_type: insurance-claim\nfrom: 2\n", "Line 2: “from” has to be the number of a version before."),
        ("case_type: insurance-claim\nfrom: 1\nto: 3\n", "Line 3: This deployment makes version 2"),
        ("case_type: insurance-claim\nfrom: 1\ncases: {colour: red}\n", "Line 3: Cases are chosen by at, "),
        ("case_type: insurance-claim\nfrom: 1\ncases:\n  priority_from: high\n", "Line 3: “priority_from” takes"),
        ("case_type: insurance-claim\nfrom: 1\nup_to: all\n", "Line 3: “up_to” is exact, safe"),
        ("case_type: insurance-claim\nfrom: 1\ntrial: 0\n", "Line 3: “trial” has to be a whole number"),
        ("case_type: insurance-claim\nfrom: 1\nplan:\n  elements:\n    Task_Aks: null\n", "Line 5: Version 1 has no"),
        ("case_type: insurance-claim\nfrom: 1\nwhen: 2026-13-40\n", "Line 1: A value in this plan cannot be read."),
        ("case_type: [\n", "This is no YAML"),
        (f"case_type: {'x' * 200_000}\n", "A plan has at most 200,000 characters."),
    ],
)
def test_a_mistake_in_such_a_plan_is_told_by_its_line_and_nothing_is_deployed(
    office: Office, visit: Visit, plan: str, wrong: str
) -> None:
    answer = visit(office.ada).post("/deployments", sent(changed_claim(), running="plan", plan=plan, reason="A try."))

    assert answer.status_code == 422 and wrong in answer.text
    assert db.session.query(ProcessDefinition).count() == 1


def test_who_may_deploy_and_not_move_cases_is_not_asked_and_refused(
    office: Office, person: Callable[..., Actor], visit: Visit
) -> None:
    office.open_claim()
    dan = visit(person("dan", "designers"))

    assert "What becomes of running cases" not in dan.get("/deployments").text
    said = sent(changed_claim(), running="safe", reason="A try.")
    assert dan.post("/deployments", said).status_code == 403
    assert db.session.query(ProcessDefinition).count() == 1
