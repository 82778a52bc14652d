"""Cases through the pages: the list, one case, its data, opening and ending it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest

from service.db import db
from service.models import SYSTEM, Actor, Case
from service.operations import cases, deployments, tasks
from tests.pages.conftest import CLAIM, FINDING, Office, Visitor, claim_files

Visit = Callable[[Actor | None], Visitor]


def current(case: Case) -> Case:
    """`case` as it stands in the database now."""
    db.session.rollback()
    return db.session.get_one(Case, case.id, populate_existing=True)


def test_a_case_is_opened_with_its_form_and_shown(office: Office, visit: Visit) -> None:
    ann = visit(office.ann)
    assert "Insurance claim" in ann.get("/cases/new").text

    answer = ann.send("/cases/new/insurance-claim", CLAIM)

    assert answer.json is not None
    page = ann.get(answer.json["location"]).text
    assert "Ada Lovelace · water" in page and "is open." in page
    assert "<b>You</b> opened the case" in page


def test_a_start_form_that_breaks_its_rules_opens_nothing(office: Office, visit: Visit) -> None:
    answer = visit(office.ann).send("/cases/new/insurance-claim", {**CLAIM, "policyNumber": "wrong"})

    assert answer.status_code == 422 and answer.json is not None
    assert answer.json["errors"] == {"Field_PolicyNumber": ["Write it like HH-204517."]}
    assert db.session.query(Case).count() == 0


def test_a_start_form_that_was_changed_meanwhile_is_shown_with_what_was_typed(office: Office, visit: Visit) -> None:
    ann = visit(office.ann)
    [old] = re.findall(r'data-action="([^"]+)"', ann.get("/cases/new/insurance-claim").text)
    more = b'"components": [{"type": "textfield", "id": "F", "key": "broker", "validate": {"required": true}},'
    files = {name: content.replace(b'"components": [', more, 1) for name, content in claim_files().items()}
    deployments.deploy({"claim-intake.form": files["claim-intake.form"]}, by=SYSTEM)
    db.session.commit()

    answer = ann.send(html.unescape(old), CLAIM)

    assert answer.status_code == 409 and answer.json is not None
    form = answer.json["form"]
    assert form["schema"]["components"][0]["key"] == "broker" and form["data"]["claimant"] == CLAIM["claimant"]
    assert answer.json["detail"].startswith("The form was changed while you filled it in.")
    sent = ann.send(f"/cases/new/insurance-claim?form={form['id']}", {**CLAIM, "broker": "Byron"})
    assert sent.json is not None and "location" in sent.json


def test_who_may_not_open_a_case_type_is_not_offered_it(office: Office, visit: Visit) -> None:
    zoe = visit(office.zoe)

    assert "Nothing that you may open" in zoe.get("/cases/new").text
    assert zoe.get("/cases/new/insurance-claim").status_code == 403
    assert zoe.send("/cases/new/insurance-claim", CLAIM).status_code == 403


def test_the_case_page_tells_the_whole_story(office: Office, visit: Visit) -> None:
    case = office.open_claim()
    task = office.task(case)
    tasks.claim(task, by=office.ben)
    tasks.complete(task, by=office.ben, submitted=FINDING)
    db.session.commit()

    page = visit(office.ann).get(f"/cases/{case.number}").text

    assert "<b>Ben</b> completed <b>Assess the claim</b>" in page
    assert "<b>Ben</b> took <b>Assess the claim</b>" in page
    assert "<b>Check the cover</b>" in page and "The policy covers this damage." in page
    assert "Pay out" in page and "€ 550" in page
    assert '<li class="done"' in page and "the case is here" in page
    assert "data-diagram" in page and f"/definitions/{case.definition_id}/diagram.bpmn" in page
    assert "now here" in page and "The steps as a list" in page


def test_a_change_of_data_is_told_with_the_old_and_the_new_value(office: Office, visit: Visit) -> None:
    case, mia = office.open_claim(), visit(office.mia)
    form = {"value-claimant": "Ada King", "value-estimatedAmount": "1500", "value-damageKind": "fire"}
    kept = {"value-policyNumber": "HH-204517", "value-email": "ada@example.org", "value-policyStatus": "active"}
    dates = {"value-dateOfLoss": "2026-11-10", "value-reportedOn": "2026-11-20"}
    rest = {"value-description": CLAIM["description"], "value-reminders": "0"}

    answer = mia.post(f"/cases/{case.number}/data", {**form, **kept, **dates, **rest})

    page = mia.get(answer.location).text
    assert "<b>You</b> corrected the data" in page
    for old, new in (("Ada Lovelace", "Ada King"), ("€ 1,200", "€ 1,500"), ("Water", "Fire")):
        assert f"{old}</del>" in page and f"<ins>{new}</ins>" in page
    assert current(case).variables["estimatedAmount"] == 1500


def test_data_of_the_wrong_kind_stays_in_the_form(office: Office, visit: Visit) -> None:
    case, mia = office.open_claim(), visit(office.mia)

    answer = mia.post(f"/cases/{case.number}/data", {"value-estimatedAmount": "much", "value-damageKind": "meteor"})

    assert answer.status_code == 422
    assert "This has to be a number." in answer.text and "Pick one of the list." in answer.text
    assert 'value="much"' in answer.text
    assert current(case).variables["estimatedAmount"] == 1200


def test_owner_priority_and_due_date_change_together(office: Office, visit: Visit) -> None:
    case, mia = office.open_claim(), visit(office.mia)

    answer = mia.post(f"/cases/{case.number}/change", {"owner": "mia", "priority": "95", "due_at": "2026-12-24T16:00"})

    page = mia.get(answer.location).text
    assert "took the case over and changed the priority from 50 to 95 and moved the due date" in page
    changed = current(case)
    assert changed.owner_id == office.mia.id and changed.priority == 95
    assert changed.due_at is not None and changed.due_at.isoformat() == "2026-12-24T16:00:00+00:00"


def test_changing_nothing_writes_nothing(office: Office, visit: Visit) -> None:
    case, mia = office.open_claim(), visit(office.mia)
    assert case.due_at is not None
    same = {"owner": "ann", "priority": "50", "due_at": case.due_at.strftime("%Y-%m-%dT%H:%M")}
    before = case.audit_seq

    answer = mia.post(f"/cases/{case.number}/change", same)

    assert "Nothing was changed." in mia.get(answer.location).text
    assert current(case).audit_seq == before


@pytest.mark.parametrize("wrong", [{"priority": "1000"}, {"priority": "-1"}, {"priority": "²"}, {"due_at": "soon"}])
def test_a_wrong_change_is_refused_in_words(office: Office, visit: Visit, wrong: dict[str, str]) -> None:
    case = office.open_claim()

    answer = visit(office.mia).post(f"/cases/{case.number}/change", wrong)

    assert answer.status_code == 400
    assert "has to be" in answer.text


def test_a_case_is_cancelled_with_a_reason_and_then_closed(office: Office, visit: Visit) -> None:
    case, mia = office.open_claim(), visit(office.mia)
    assert mia.post(f"/cases/{case.number}/cancel", {"reason": " "}).status_code == 400

    mia.post(f"/cases/{case.number}/cancel", {"reason": "Withdrawn by <b>phone</b>"})

    page = mia.get(f"/cases/{case.number}").text
    assert "Withdrawn by &lt;b&gt;phone&lt;/b&gt;" in page and "This case is closed." in page
    assert "/change" not in page
    assert mia.post(f"/cases/{case.number}/cancel", {"reason": "again"}).status_code == 409


def test_a_manager_takes_a_case_over(office: Office, visit: Visit) -> None:
    case, mia = office.open_claim(), visit(office.mia)
    assert "Take over" in mia.get(f"/cases/{case.number}").text

    mia.post(f"/cases/{case.number}/own")

    assert current(case).owner_id == office.mia.id
    assert "Take over" not in mia.get(f"/cases/{case.number}").text


def test_who_only_reads_a_case_cannot_change_it(office: Office, visit: Visit) -> None:
    case, ben = office.open_claim(), visit(office.ben)
    page = ben.get(f"/cases/{case.number}").text
    assert "Cancel the case" not in page and "Correct" not in page

    for path, data in (("own", {}), ("change", {"priority": "1"}), ("cancel", {"reason": "x"}), ("data", {})):
        assert ben.post(f"/cases/{case.number}/{path}", data).status_code == 403, path
        assert visit(office.zoe).post(f"/cases/{case.number}/{path}", data).status_code == 404, path


def test_the_list_is_narrowed_by_text_state_type_and_owner(office: Office, visit: Visit) -> None:
    office.open_claim(claimant="Grace Hopper")
    ended = office.open_claim(claimant="Alan Turing")
    mia = visit(office.mia)
    mia.post(f"/cases/{ended.number}/cancel", {"reason": "x"})

    def names(query: str) -> list[str]:
        page = mia.get(f"/cases?{query}").text
        return [name for name in ("Grace Hopper", "Alan Turing") if name in page]

    assert names("") == ["Grace Hopper"]
    assert names("state=terminated") == ["Alan Turing"]
    assert names("state=all") == ["Grace Hopper", "Alan Turing"]
    assert names("state=all&q=turing") == ["Alan Turing"]
    assert names(f"state=all&q={ended.number[-5:]}") == ["Alan Turing"]
    assert names("state=all&mine=1") == []
    assert names("state=all&type=insurance-claim") == ["Grace Hopper", "Alan Turing"]
    assert "No case fits" in mia.get("/cases?q=xyzzy").text
    assert mia.get("/cases?state=nonsense").status_code == 200


def test_a_long_list_goes_on_where_it_stopped(office: Office, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.web.cases.LISTED", 2)
    for name in ("Grace Hopper", "Alan Turing", "Katherine Johnson"):
        office.open_claim(claimant=name)
    ann = visit(office.ann)

    first = ann.get("/cases").text
    following = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = ann.get(following).text

    assert "Grace Hopper" not in first and "Katherine Johnson" in first
    assert "Grace Hopper" in second and "Katherine Johnson" not in second
    assert ann.get("/cases?after=nonsense").status_code == 400


def test_a_long_story_begins_with_its_end(office: Office, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.web.history.TOLD", 1)
    case, ann = office.open_claim(), visit(office.ann)

    short, whole = ann.get(f"/cases/{case.number}").text, ann.get(f"/cases/{case.number}/timeline?all=1").text

    assert "Show the whole story<" in short
    assert "whole story<" not in whole and "opened the case" in whole


def test_the_end_of_a_long_story_tells_the_values_from_its_beginning(
    office: Office, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, mia = office.open_claim(), visit(office.mia)
    cases.change_variables(case, {"claimant": "Grace Hopper"}, by=office.mia)
    db.session.commit()
    monkeypatch.setattr("service.web.history.READ", 2)

    shown = mia.get(f"/cases/{case.number}").text

    assert "corrected the data" in shown and "Grace Hopper</ins>" in shown
    assert re.search(r"was </span>Ada[^<]*</del>", shown)
    assert "opened the case" not in shown and "Show the whole story<" in shown


def test_an_exact_number_leads_to_its_case_whatever_the_list_is_narrowed_to(office: Office, visit: Visit) -> None:
    case = office.open_claim()
    cases.cancel(case, by=office.mia, reason="x")
    db.session.commit()
    mia = visit(office.mia)

    assert mia.get(f"/cases?q={case.number.lower()}").location == f"/cases/{case.number}"
    typing = mia.get(f"/cases?state=active&mine=1&q={case.number}", part="div#cases").text
    assert f'href="/cases/{case.number}"' in typing
    stranger = visit(office.zoe).get(f"/cases?q={case.number}")
    assert stranger.status_code == 200 and "No case fits" in stranger.text


def test_what_fits_in_another_state_is_said_and_shown_with_one_click(office: Office, visit: Visit) -> None:
    case = office.open_claim(claimant="Antonín Dvořák")
    cases.cancel(case, by=office.mia, reason="x")
    db.session.commit()
    mia = visit(office.mia)

    page = mia.get("/cases?q=dvorak").text

    assert "One case fits in another state" in page
    assert 'href="/cases?state=all&amp;q=dvorak"' in page
    assert case.number in mia.get("/cases?state=all&q=dvorak").text
