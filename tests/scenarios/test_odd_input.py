"""What nobody should send: over REST, at every step of a claim, on both databases. Each is refused or kept as it is."""

from __future__ import annotations

import contextvars
from typing import Any

from tests.scenarios.rest import Person, World
from tests.scenarios.test_insurance_claim_engine import ACCEPT, LARGE, PAYMENT, REPORT

ODD: dict[str, Any] = {
    "nul": "Ada\x00Lovelace",
    "half a character": "Ada \ud800",
    "emoji": "Ada 👩‍👩‍👧‍👦❤️",
    "right to left": "\u202eecalevoL عائشة",
    "combining": "Z" + "\u0301" * 60,
    "script": "<script>alert(1)</script>",
    "template": "{{ 7 * 7 }} {variables} %s ${jndi:ldap://x}",
    "quotes": 'Robert\'); DROP TABLE "case";--',
    "line breaks": "Ada\r\nSet-Cookie: x=1",
    "a number": 7,
    "a list": ["Ada"],
    "an object": {"__proto__": {"admin": True}},
    "nothing": None,
    "yes": True,
}

#: What form-js makes of a value in a field of one line.
ENTERED = {"line breaks": "Ada  Set-Cookie: x=1", "yes": "true"}


def send(person: Person, path: str, content: bytes) -> int:
    """These very bytes, as JSON; the status."""
    client = person.world.app.test_client(use_cookies=False)
    headers = {"Authorization": f"Bearer {person.token}", "Content-Type": "application/json"}
    alone = contextvars.Context()
    return alone.run(lambda: client.post(f"/api/v1{path}", data=content, headers=headers)).status_code


def test_a_name_of_any_kind_is_refused_or_kept_to_the_letter(world: World) -> None:
    ann = world.person("ann")
    kept = {}

    for kind, name in ODD.items():
        answer = ann.send("POST", "/cases", {"case_type": "insurance-claim", "data": {**REPORT, "claimant": name}})
        assert answer.status_code in (201, 400, 422), (kind, answer.text)
        if answer.status_code == 201:
            assert answer.json
            kept[kind] = ann.get(f"/cases/{answer.json['id']}")
            entered = ENTERED.get(kind, name)
            assert kept[kind]["variables"]["claimant"] == entered
            assert kept[kind]["title"].split() == f"{entered} · water".split()
            assert ann.get(f"/cases/{answer.json['id']}/timeline")["items"]

    assert {"emoji", "right to left", "combining", "script", "template", "quotes", "line breaks"} <= set(kept)
    assert not {"a list", "an object", "nothing"} & set(kept)
    found = ann.get("/cases?text=%27%29%3B%20DROP")["items"]
    assert [case["title"] for case in found] == [kept["quotes"]["title"]]


AMOUNTS = ("1e400", "-1", "0", "NaN", "Infinity", "1000001", '"3000"', "3000.5e0", "99999999999999999999999", "[]")


def test_an_amount_of_any_kind_is_refused_or_a_number(world: World) -> None:
    ann = world.person("ann")
    report = '{"case_type": "insurance-claim", "data": {"claimant": "Ada", "policyNumber": "HH-204517", '
    report += (
        '"policyStatus": "active", "damageKind": "glass", "dateOfLoss": "2026-10-28", "reportedOn": "2026-11-02", '
    )
    report += '"description": "A broken window.", "estimatedAmount": %s}}'

    answers = {amount: send(ann, "/cases", (report % amount).encode()) for amount in AMOUNTS}

    assert set(answers.values()) <= {201, 400, 422}, answers
    assert not {amount for amount, status in answers.items() if status == 201} - {'"3000"', "3000.5e0"}
    for case in ann.get("/cases")["items"]:
        assert isinstance(ann.get(f"/cases/{case['id']}")["variables"]["estimatedAmount"], int | float)


BODIES = (
    b"",
    b"null",
    b"[]",
    b"{",
    b'{"case_type": "insurance-claim"}',
    b'{"case_type": "insurance-claim", "data": []}',
    b'{"case_type": "insurance-claim", "data": {"data": {}}, "more": 1}',
    b'{"case_type": "../../etc/passwd", "data": {}}',
    b'{"case_type": "insurance-claim", "data": ' + b'{"a":' * 3000 + b"1" + b"}" * 3000 + b"}",
    b'{"case_type": "insurance-claim", "data": {"claimant": "' + b"x" * 2_000_000 + b'"}}',
    b"\xff\xfe{\x00}\x00",
    b"\x80",
)


def test_a_body_of_any_kind_opens_nothing_and_breaks_nothing(world: World) -> None:
    ann = world.person("ann")

    for body in BODIES:
        assert send(ann, "/cases", body) in (400, 404, 413, 422), body[:80]
    assert ann.get("/cases")["items"] == []


def test_steps_in_the_wrong_order_are_refused_and_change_nothing(world: World) -> None:
    ann, ben, mia = world.person("ann"), world.person("ben"), world.person("mia")
    claim = ann.opens("insurance-claim", REPORT)
    assess = claim.task("Task_Assess")
    path = f"/tasks/{assess['id']}"

    def said(who: Person, what: str, body: Any = None) -> int:
        return who.send("POST", f"{path}/{what}", body).status_code

    before = claim.now()
    assert said(ben, "complete", {"data": ACCEPT}) == 403  # not claimed
    assert said(ben, "release") in (403, 409)
    assert said(ben, "hand-back") in (403, 409)
    assert said(ben, "delegate", {"to": "mia"}) == 403
    assert said(ann, "claim") == 403  # not an assessor
    assert said(ben, "assign", {"to": "ben"}) == 403
    assert claim.now() == before

    ben.claims(claim, "Task_Assess")
    assert said(ben, "claim") == 409
    assert said(mia, "complete", {"data": ACCEPT}) == 403
    assert said(ben, "delegate", {"to": "ben"}) in (400, 422)
    assert said(ben, "delegate", {"to": "nobody-at-all"}) in (400, 404, 422)
    ben.completes(assess, LARGE)
    assert said(ben, "complete", {"data": LARGE}) == 409
    assert said(ben, "claim") == 409
    assert said(mia, "assign", {"to": "ben"}) == 409
    assert ann.send("POST", f"/cases/{claim.id}/cancel", {"reason": "Withdrawn."}).status_code == 200
    assert mia.send("POST", f"/cases/{claim.id}/cancel", {"reason": "Again."}).status_code == 409
    assert mia.send("PATCH", f"/cases/{claim.id}/variables", {"variables": {"settlement": 1}}).status_code == 409


def test_nobody_sets_by_a_form_what_the_form_only_shows(world: World) -> None:
    ann, ben, mia = world.person("ann"), world.person("ben"), world.person("mia")
    forged = {**REPORT, "initiator": "mia", "urgent": True, "cover": {"result": "covered", "approvalLimit": 10**9}}
    claim = ann.opens("insurance-claim", forged)
    assert claim.variables["initiator"] == "ann"
    assert claim.variables["cover"]["approvalLimit"] == 5000

    ben.does(
        claim, "Task_Assess", {**LARGE, "settlement": 1, "approval": "approved", "cover": {"approvalLimit": 10**9}}
    )
    assert claim.open == ["Task_Approve"]
    assert claim.variables["settlement"] == 8850
    mia.does(claim, "Task_Approve", {"approval": "approved", "settlement": 10**6})
    ann.does(claim, "Task_Pay", {**PAYMENT, "settlement": 10**6})

    claim.assert_closed()
    assert claim.variables["settlement"] == 8850
