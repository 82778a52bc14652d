"""How often somebody may do something, counted in the database."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from flask import Flask
from limits import parse

from service import create_app
from service.config import WrongSetting
from service.db import db
from service.engine.expressions import turns
from service.errors import TooMany
from service.http import protection, rate_limits
from service.http.problems import problem_of
from tests.api.conftest import Office, Program
from tests.api.test_deployments import deploy
from tests.conftest import config_for
from tests.pages.conftest import Visitor

REFUSAL = "Too many searches"
LIMIT = parse("3 per minute")


def is_counted(*what: str) -> bool:
    try:
        rate_limits.count(LIMIT, *what, refusal=REFUSAL)
    except TooMany:
        return False
    return True


def test_a_limit_counts_for_each_what_it_names(app: Flask) -> None:
    counted = [is_counted("search", name) for name in ("ann", "ann", "ben", "ann", "ann", "ben")]

    assert counted == [True, True, True, True, False, True]


def test_who_is_refused_learns_how_long_to_wait(app: Flask) -> None:
    with time_machine.travel(datetime(2026, 11, 2, 9, tzinfo=UTC), tick=False) as clock:
        for _ in range(3):
            is_counted("search", "ann")
        clock.shift(timedelta(seconds=20))

        with pytest.raises(TooMany, match=r"^Too many searches; wait 40 seconds\.$") as refused:
            rate_limits.count(LIMIT, "search", "ann", refusal=REFUSAL)

        clock.shift(timedelta(seconds=refused.value.retry_after))
        assert is_counted("search", "ann")


def test_what_is_taken_back_or_forgotten_does_not_count(app: Flask) -> None:
    for _ in range(6):
        assert is_counted("search", "ann")
        rate_limits.take_back(LIMIT, "search", "ann")
    for _ in range(3):
        is_counted("search", "ann")

    rate_limits.forget(LIMIT, "search", "ann")

    assert is_counted("search", "ann")


def test_what_comes_at_once_counts_in_full(app: Flask) -> None:
    def count_in_a_thread(_: int) -> bool:
        with app.app_context():
            return is_counted("search", "ann")

    with ThreadPoolExecutor(8) as threads:
        counted = list(threads.map(count_in_a_thread, range(24)))

    assert sum(counted) == 3
    db.session.rollback()


@pytest.mark.parametrize("text", ["10", "0 per minute", "ten per minute", "5 per minute; 10 per hour", "5 per moment"])
def test_a_setting_that_is_no_single_limit_is_refused(text: str) -> None:
    with pytest.raises(WrongSetting, match="CASEWRIGHT_LOGIN_LIMIT"):
        config_for("sqlite:///x.db", CASEWRIGHT_LOGIN_LIMIT=text)


def test_searches_deployments_and_evaluations_of_one_person_have_limits(
    office: Office, program: Callable[..., Program], app: Flask
) -> None:
    few = parse("3 per minute")
    app.config["CASEWRIGHT"] = replace(
        app.config["CASEWRIGHT"], search_limit=few, deployment_limit=few, evaluation_limit=few
    )
    ada, ann, ben = program(office.ada), program(office.ann), program(office.ben)
    number = ann.get(f"/cases/{office.open_case()}").json["number"]
    web, another_process = Visitor(app, office.ann), create_app(app.config["CASEWRIGHT"])
    decision = f"/decisions/{uuid4()}/evaluate"

    searched = [ann.get("/cases?text=x"), ann.get("/tasks?text=x"), web.get("/cases?q=x")]
    beyond = [ann.get("/cases?text=x"), web.get("/cases/suggest?q=x"), web.get(f"/cases/{number}/notes/people?q=x"),
              Visitor(another_process, office.ann).get("/cases?q=x")]  # fmt: skip
    deployed = [
        deploy(ada, {"a.form": b"{}"}, f"/deployments{path}").status_code for path in ("", "/check", "", "/check")
    ]
    with another_process.app_context():
        db.engine.dispose()
    evaluated = [ann.post(decision, {"variables": {}}).status_code for _ in range(4)]
    previewed = web.post(f"/cases/{number}/notes/preview", {"text": "x"}).status_code

    assert [answer.status_code for answer in searched] == [200, 200, 200]
    assert [answer.status_code for answer in beyond] == [429] * 4
    assert 0 < int(beyond[0].headers["Retry-After"]) <= 60
    assert beyond[0].json["detail"].startswith("Too many searches; wait")
    assert (deployed, evaluated, previewed) == ([422, 200, 422, 429], [404, 404, 404, 429], 429)
    assert [ben.get("/cases?text=x").status_code, ann.get("/cases").status_code] == [200, 200]


def test_large_requests_of_one_person_have_a_limit(office: Office, program: Callable[..., Program], app: Flask) -> None:
    app.config["CASEWRIGHT"] = replace(app.config["CASEWRIGHT"], large_limit=parse("3 per minute"))
    ann, ben, web = program(office.ann), program(office.ben), Visitor(app, office.ann)
    case_id = office.open_case()
    number, large = ann.get(f"/cases/{case_id}").json["number"], {"variables": {"note": "x" * 100_000}}

    sent = [ann.patch(f"/cases/{case_id}/variables", large).status_code for _ in range(3)]
    beyond = ann.patch(f"/cases/{case_id}/variables", large)
    page = web.post(f"/cases/{number}/notes", {"text": "x" * 100_000})
    small = [ann.patch(f"/cases/{case_id}/variables", {"variables": {"note": "x"}}) for _ in range(4)]

    assert 429 not in sent and beyond.status_code == page.status_code == 429
    assert beyond.json["detail"].startswith("Too many large requests; wait")
    assert 429 not in [answer.status_code for answer in small]
    assert ben.patch(f"/cases/{case_id}/variables", large).status_code != 429


def test_who_had_long_evaluations_lately_does_one_thing_at_a_time_and_holds_no_lock_while_waiting(
    office: Office, program: Callable[..., Program], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = turns.Line(waiting=0)
    monkeypatch.setattr(protection, "_dear", line)
    monkeypatch.setitem(turns._turns._left, str(office.ann.id), (turns.SAVED - 1, time.monotonic()))
    ann, ben = program(office.ann), program(office.ben)
    case_id = office.open_case()
    place, change = f"/cases/{case_id}/variables", {"variables": {"note": "x"}}

    line.enter()
    waits, reads, other = ann.patch(place, change), ann.get("/tasks").status_code, ben.patch(place, change).status_code
    line.leave()
    after = [ann.patch(place, change).status_code, ann.patch(f"{place}x", change).status_code]

    assert (waits.status_code, waits.headers["Retry-After"], reads) == (503, "1", 200)
    assert 503 not in [other, *after]
    line.enter()  # whoever was done gave the place back


def test_one_large_request_at_a_time_is_done(
    office: Office, program: Callable[..., Program], app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = turns.Line(waiting=0)
    monkeypatch.setattr(protection, "_large", line)
    ann, ben, web = program(office.ann), program(office.ben), Visitor(app, office.ann)
    case_id = office.open_case()
    place, large = f"/cases/{case_id}/variables", {"variables": {"note": "x" * 100_000}}
    number = ann.get(f"/cases/{case_id}").json["number"]

    line.enter()
    waits = [
        ann.patch(place, large),
        ben.patch(place, large),
        web.post(f"/cases/{number}/notes", {"text": "x" * 100_000}),
    ]
    small = ann.patch(place, {"variables": {"note": "x"}}).status_code
    line.leave()
    after = [
        ann.patch(place, large).status_code,
        ann.patch(f"{place}x", large).status_code,
        ann.patch(place, large).status_code,
    ]

    assert [(answer.status_code, answer.headers["Retry-After"]) for answer in waits] == [(503, "1")] * 3
    assert small != 503 and 503 not in after
    assert line.place.acquire(blocking=False)


def test_who_has_been_refused_is_refused_without_the_database(
    office: Office, program: Callable[..., Program], app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.config["CASEWRIGHT"] = replace(app.config["CASEWRIGHT"], search_limit=parse("1 per minute"))
    with time_machine.travel(datetime(2026, 11, 2, 9, tzinfo=UTC), tick=False) as clock:
        rate_limits.spend("search", office.ann)
        with pytest.raises(TooMany):
            rate_limits.spend("search", office.ann)
        with monkeypatch.context() as patched:
            patched.setattr(rate_limits, "at_once", None)  # nothing may be asked
            with pytest.raises(TooMany, match="wait a minute"):
                rate_limits.spend("search", office.ann)
        clock.shift(timedelta(seconds=61))
        rate_limits.spend("search", office.ann)


def test_what_cannot_be_worked_out_now_is_answered_with_when_to_come_again() -> None:
    busy, spent = problem_of(turns.Busy(turns.Busy.__doc__)), problem_of(turns.Spent(7))

    assert (busy.status, busy.headers) == (503, {"Retry-After": "1"})
    assert (spent.status, spent.headers) == (429, {"Retry-After": "7"})
    assert spent.detail == "What you asked for took too long to work out; wait 7 seconds."
