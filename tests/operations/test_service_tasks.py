"""Service tasks: the worker calls, the case goes on once; failures are caught by the diagram or wait for operations."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from service import create_app, jobs
from service.connectors import CallFailed
from service.db import db, utcnow
from service.engine.change.plan import Plan
from service.engine.definition import Severity
from service.errors import BadRequest, Forbidden, InvalidDeployment, NotFound, WrongState
from service.execution.running import running
from service.jobs import attempts
from service.maintenance import comparison
from service.models import SYSTEM, Actor, AuditEntry, Case, CaseState, Incident, IncidentState, PendingCall
from service.models.jobs import delayed, job_input, job_status
from service.operations import cases, deployments, incidents, lifecycle, migration, pending_calls
from tests.conftest import config_for
from tests.jobs_by_hand import do_jobs

CAUGHT = """<boundaryEvent id="missing" attachedToRef="call">
      <errorEventDefinition id="e" errorRef="gone"/></boundaryEvent>
    <sequenceFlow id="m" sourceRef="missing" targetRef="sorry"/><userTask id="sorry" name="Say sorry"/>"""


def drawn(url: str, *, inside: str = "", also: str = "", code: str = "HTTP_404") -> bytes:
    """Call `url` with the amount as JSON, keep what comes back as `answer`, then wait for a person."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:test"
             xmlns:case="urn:casewright:bpmn:1.0">
  <process id="rate" name="Rate" isExecutable="true" case:numberPrefix="RAT">
    <startEvent id="start"/>
    <sequenceFlow id="a" sourceRef="start" targetRef="call"/>
    <serviceTask id="call" name="Ask for a rate" case:type="http" case:resultVariable="answer">
      <extensionElements><case:ioMapping>
        <case:input source="= &quot;{url}&quot; + path" target="url"/>
        <case:input source="= {{amount: amount}}" target="body"/>
        <case:input source="= {{&quot;X-Office&quot;: &quot;north&quot;}}" target="headers"/>
        {inside}
      </case:ioMapping></extensionElements>
    </serviceTask>
    <sequenceFlow id="b" sourceRef="call" targetRef="read"/>
    <userTask id="read" name="Read it"/>
    {also}
  </process>
  <error id="gone" errorCode="{code}"/>
</definitions>""".encode()


class Clerk(BaseHTTPRequestHandler):
    """Answers with a status that the path says: `/200`; remembers what it was asked."""

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"] or 0))
        server: Any = self.server
        server.asked.append((self.path, dict(self.headers), content))
        status = server.answers.pop(0) if server.answers else int(self.path.strip("/"))
        body = json.dumps({"rate": 3}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def office() -> Iterator[Any]:
    """A server on the loopback; `asked` is what it got, `answers` the statuses that it gives first."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Clerk)
    server.asked, server.answers = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The application, allowed to call the loopback."""
    app = create_app(config_for(database_url, CASEWRIGHT_HTTP_ALLOWED="127.0.0.0/8"))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def attempt(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Jobs done by hand are this attempt; what takes effect is committed."""

    def be(number: int) -> None:
        run = jobs.Run(f"by hand {utcnow()} {number}", "by hand", number)
        for module in (jobs, attempts):
            monkeypatch.setattr(module, "current", lambda: run)

    be(1)
    return be


def begin(url: str, path: str, **options: str) -> Case:
    deployments.deploy({"rate.bpmn": drawn(url, **options)}, by=SYSTEM)
    definition = deployments.latest_definition("rate")
    assert definition is not None
    case = cases.begin(definition, {"amount": 5, "path": path}, by=SYSTEM)
    db.session.commit()
    return case


def of(case: Case) -> tuple[CaseState, list[str]]:
    db.session.rollback()
    row = db.session.get_one(Case, case.id)
    return row.state, sorted(row.marked)


def enqueued() -> list[dict[str, Any]]:
    """The arguments of the calls in the queue."""
    found = [json.loads(row.inputs)["positionalArgs"] for row in jobs.execute(sa.select(job_input.c.inputs))]
    db.session.rollback()
    return [arguments for name, arguments, *_ in found if name == "call_service"]


def open_incidents() -> list[Incident]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Incident).where(Incident.state == IncidentState.OPEN)))


def test_a_call_carries_its_inputs_and_its_answer_becomes_a_variable(office: Any, app: Flask, attempt: Any) -> None:
    case = begin(office.url, "200")

    do_jobs()

    assert of(case) == (CaseState.ACTIVE, ["read"])
    answer = db.session.get_one(Case, case.id).variables["answer"]
    assert (answer["status"], answer["body"]) == (200, {"rate": 3})
    [(path, headers, content)] = office.asked
    assert (path, json.loads(content), headers["X-Office"]) == ("/200", {"amount": 5}, "north")
    assert headers["Idempotency-Key"].startswith(str(case.id))


def test_what_may_pass_is_tried_again_with_the_same_key(office: Any, app: Flask, attempt: Any) -> None:
    case = begin(office.url, "200")
    office.answers = [503, 429]

    work = jobs.state.jobs["call_service"].function
    [arguments] = enqueued()
    for number in (1, 2):
        attempt(number)
        with pytest.raises(CallFailed, match="answered"):
            work(**arguments)
        db.session.rollback()
    attempt(3)
    work(**arguments)

    assert of(case)[1] == ["read"]
    assert len({headers["Idempotency-Key"] for _, headers, _ in office.asked}) == 1
    assert len(office.asked) == 3
    assert open_incidents() == []


def test_after_the_last_attempt_there_is_an_incident_which_can_be_retried(
    office: Any, app: Flask, attempt: Any
) -> None:
    case = begin(office.url, "200")
    office.answers = [500]
    attempt(5)
    do_jobs()

    [incident] = open_incidents()
    assert (incident.case_id, incident.element_id) == (case.id, "call")
    assert incident.message.endswith("answered 500.")
    assert of(case) == (CaseState.ACTIVE, ["call"])
    incidents.retry(incident, by=SYSTEM)
    db.session.commit()
    attempt(1)
    do_jobs()

    assert of(case)[1] == ["read"]
    assert open_incidents() == []
    assert len({headers["Idempotency-Key"] for _, headers, _ in office.asked}) == 1


def test_the_diagram_may_catch_an_error_by_its_status(office: Any, app: Flask, attempt: Any) -> None:
    case = begin(office.url, "404", also=CAUGHT)

    do_jobs()

    assert of(case) == (CaseState.ACTIVE, ["sorry"])
    assert len(office.asked) == 1
    assert open_incidents() == []


def test_an_error_that_will_not_pass_is_an_incident_at_once(office: Any, app: Flask, attempt: Any) -> None:
    case = begin(office.url, "400", also=CAUGHT)

    do_jobs()

    assert of(case) == (CaseState.ACTIVE, ["call"])
    assert len(office.asked) == 1
    assert len(open_incidents()) == 1


def test_an_answer_for_a_case_that_was_cancelled_meanwhile_is_dropped(office: Any, app: Flask, attempt: Any) -> None:
    case = begin(office.url, "200")
    cases.cancel(case, by=SYSTEM, reason="not needed")
    db.session.commit()

    do_jobs()

    assert of(case)[0] is CaseState.TERMINATED
    assert office.asked == []


def test_a_case_on_hold_makes_its_call_when_it_goes_on(office: Any, app: Flask, attempt: Any) -> None:
    case = begin(office.url, "200")
    lifecycle.suspend(case, by=SYSTEM, reason="wait")
    db.session.commit()
    do_jobs()
    assert office.asked == []

    lifecycle.resume(db.session.get_one(Case, case.id), by=SYSTEM)
    db.session.commit()
    do_jobs()

    assert of(case)[1] == ["read"]
    assert len(office.asked) == 1


def test_a_connector_that_there_is_not_is_refused_at_deployment(app: Flask) -> None:
    with pytest.raises(InvalidDeployment) as refused:
        deployments.deploy({"rate.bpmn": drawn("http://x/").replace(b'"http"', b'"pigeon"')}, by=SYSTEM)

    [problem] = [each for each in refused.value.problems if each.severity is Severity.ERROR]
    assert (problem.element_id, problem.message) == ("call", "There is no connector “pigeon”.")


FAILS = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:test"
             xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:case="urn:casewright:bpmn:1.0">
  <process id="fails" name="Fails" isExecutable="true" case:numberPrefix="FAI">
    <startEvent id="start"/>
    <sequenceFlow id="a" sourceRef="start" targetRef="both"/>
    <parallelGateway id="both"/>
    <sequenceFlow id="c" sourceRef="both" targetRef="pause"/>
    <intermediateCatchEvent id="pause">
      <timerEventDefinition id="t"><timeDuration xsi:type="tFormalExpression">PT1H</timeDuration></timerEventDefinition>
    </intermediateCatchEvent>
    <sequenceFlow id="d" sourceRef="pause" targetRef="later"/><userTask id="later" name="Later"/>
    <sequenceFlow id="b" sourceRef="both" targetRef="divide"/>
    <scriptTask id="divide"><script>share = 10 / parts</script></scriptTask>
    <sequenceFlow id="f" sourceRef="divide" targetRef="read"/><userTask id="read" name="Read it"/>
  </process>
</definitions>"""


def failed_case() -> Case:
    deployments.deploy({"fails.bpmn": FAILS}, by=SYSTEM)
    definition = deployments.latest_definition("fails")
    assert definition is not None
    case = cases.begin(definition, {"parts": 0}, by=SYSTEM)
    db.session.commit()
    assert of(case)[0] is CaseState.FAILED
    return case


def test_a_failed_case_goes_on_where_it_failed_with_mended_variables(app: Flask) -> None:
    case = failed_case()
    [incident] = open_incidents()

    incidents.retry(incident, by=SYSTEM, variables={"parts": 5})
    db.session.commit()

    assert of(case) == (CaseState.ACTIVE, ["pause", "read"])
    assert db.session.get_one(Case, case.id).variables["share"] == 2
    assert open_incidents() == []
    assert list(comparison.differences()) == []


def test_what_fails_again_is_a_new_incident(app: Flask) -> None:
    case = failed_case()
    [incident] = open_incidents()
    first = incident.id

    incidents.retry(incident, by=SYSTEM)
    db.session.commit()

    assert of(case)[0] is CaseState.FAILED
    [second] = open_incidents()
    assert second.id != first


def test_a_timer_that_was_due_while_the_case_stood_failed_fires_after_it_was_mended(app: Flask) -> None:
    with time_machine.travel(utcnow() - timedelta(hours=2), tick=False):
        case = failed_case()
    do_jobs()
    [incident] = open_incidents()

    incidents.retry(incident, by=SYSTEM, variables={"parts": 5})
    db.session.commit()
    do_jobs()

    assert of(case)[1] == ["later", "read"]


def test_an_incident_is_retried_once_by_those_who_may_while_its_case_lives(
    app: Flask, person: Callable[..., Actor]
) -> None:
    case = failed_case()
    [incident] = open_incidents()

    with pytest.raises(Forbidden):
        incidents.retry(incident, by=person("ann"))
    db.session.rollback()
    with pytest.raises(BadRequest):
        incidents.retry(incident, by=SYSTEM, variables={"no name": 1})
    db.session.rollback()
    with pytest.raises(WrongState, match="stands where it failed"):
        incidents.resolve(incident, by=SYSTEM)
    db.session.rollback()
    cases.cancel(db.session.get_one(Case, case.id), by=SYSTEM, reason="no use")
    db.session.commit()
    assert open_incidents() == []
    with pytest.raises(WrongState, match="already"):
        incidents.retry(incident, by=SYSTEM)
    db.session.rollback()
    with pytest.raises(WrongState, match="already"):
        incidents.resolve(incident, by=SYSTEM)
    db.session.rollback()
    late = incidents.record("Out of attempts.", case_id=case.id, job={"name": "look_at_children", "arguments": {}})
    db.session.commit()
    with pytest.raises(WrongState, match="terminated"):
        incidents.retry(late, by=SYSTEM)


def failing_once(case: Case, attempt: Callable[[int], None], number: int = 1) -> PendingCall | None:
    """Make the call as the worker does, in that attempt, whatever comes of it; what is kept of its failure."""
    attempt(number)
    attempts._attempt("call_service", enqueued()[0], str(case.root_id))
    return kept()


def kept() -> PendingCall | None:
    db.session.rollback()
    return db.session.scalar(sa.select(PendingCall))


def due_jobs() -> list[str]:
    """The ids of the delayed calls that are due."""
    found = jobs.execute(sa.select(job_status.c.workflow_uuid).where(*delayed())).scalars().all()
    db.session.rollback()
    return list(found)


def actions_of(case: Case) -> list[str]:
    return list(db.session.scalars(sa.select(AuditEntry.action).where(AuditEntry.case_id == case.id)))


def test_a_call_that_failed_shows_why_how_often_and_when_next_until_it_succeeds(
    office: Any, app: Flask, attempt: Any, caplog: pytest.LogCaptureFixture
) -> None:
    case = begin(office.url, "200")
    office.answers = [503, 500]

    first = failing_once(case, attempt)
    assert first is not None
    seen = [(first.attempts, first.code, first.element_id, first.message.endswith("answered 503."))]
    wait = first.next_at - first.failed_at
    second = failing_once(case, attempt, 2)
    assert second is not None
    seen.append((second.attempts, second.code, second.element_id, second.message.endswith("answered 500.")))

    assert seen == [(1, "HTTP_503", "call", True), (2, "HTTP_500", "call", True)]
    assert timedelta(seconds=4) < wait < timedelta(seconds=6)
    assert second.since < second.failed_at
    lines = [line for line in caplog.records if "call_service" in line.getMessage()]
    assert len(lines) == 2 and all(line.exc_info is None for line in lines)
    assert failing_once(case, attempt, 3) is None
    assert of(case)[1] == ["read"]


def test_the_incident_after_the_last_try_says_how_often_and_since_when(office: Any, app: Flask, attempt: Any) -> None:
    case = begin(office.url, "503")
    with time_machine.travel(datetime(2026, 3, 1, 9, 30, tzinfo=UTC), tick=True):
        failing_once(case, attempt)

    after = failing_once(case, attempt, 5)

    [incident] = open_incidents()
    assert incident.message.endswith("answered 503. It was tried 5 times since 2026-03-01 09:30 UTC.")
    told = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "service:failed")).one()
    assert (told.details or {})["attempts"] == 5
    assert after is None


def test_whoever_steers_the_case_has_it_tried_now(
    office: Any, app: Flask, attempt: Any, person: Callable[..., Actor]
) -> None:
    case = begin(office.url, "200")
    office.answers = [503]
    call = failing_once(case, attempt)
    assert call is not None and due_jobs() == []

    with pytest.raises(NotFound):
        pending_calls.try_now(call, by=person("ann"))
    db.session.rollback()
    pending_calls.try_now(call, by=SYSTEM)
    db.session.commit()

    assert due_jobs() == [call.job_id]
    assert "call:hurried" in actions_of(case)
    jobs.execute(sa.update(job_status).where(job_status.c.workflow_uuid == call.job_id).values(status="PENDING"))
    for do in (pending_calls.try_now, pending_calls.give_up):
        with pytest.raises(WrongState, match="right now"):
            do(call, by=SYSTEM)


def test_a_call_that_is_given_up_is_an_incident_that_says_why(
    office: Any, app: Flask, attempt: Any, person: Callable[..., Actor]
) -> None:
    stuck = begin(office.url, "503")
    call = failing_once(stuck, attempt)
    assert call is not None
    with pytest.raises(NotFound):
        pending_calls.give_up(call, by=person("ann"))
    db.session.rollback()

    pending_calls.give_up(call, by=SYSTEM)
    db.session.commit()

    [incident] = open_incidents()
    assert "answered 503. It was tried once since " in incident.message
    assert (incident.element_id, incident.case_id) == ("call", stuck.id)
    assert kept() is None and "call:given-up" in actions_of(stuck)
    assert due_jobs() == []


def test_the_diagram_may_catch_a_call_that_is_given_up(office: Any, app: Flask, attempt: Any) -> None:
    ready = begin(office.url, "503", also=CAUGHT, code="HTTP_503")
    call = failing_once(ready, attempt)
    assert call is not None

    pending_calls.give_up(call, by=SYSTEM)
    db.session.commit()

    assert of(ready) == (CaseState.ACTIVE, ["sorry"])
    assert open_incidents() == [] and kept() is None


LATE = '<timerEventDefinition id="t"><timeDuration>PT1H</timeDuration></timerEventDefinition>'
SORRY = '<sequenceFlow id="m" sourceRef="late" targetRef="sorry"/><userTask id="sorry" name="Say sorry"/>'
OVER = (
    '<sequenceFlow id="m" sourceRef="late" targetRef="over"/><endEvent id="over"><terminateEventDefinition/></endEvent>'
)
CANCELLING = {
    "a boundary event": f'<boundaryEvent id="late" attachedToRef="call">{LATE}</boundaryEvent>{SORRY}',
    "an event sub-process": f'<subProcess id="e" triggeredByEvent="true"><startEvent id="late">{LATE}</startEvent>'
    f"{SORRY}</subProcess>",
    "an end of all": f'<boundaryEvent id="late" attachedToRef="call" cancelActivity="false">{LATE}</boundaryEvent>'
    f"{OVER}",
}


@pytest.mark.parametrize("what", CANCELLING)
def test_an_incident_of_a_call_that_the_diagram_cancels_is_put_away(
    office: Any, app: Flask, attempt: Any, what: str
) -> None:
    case = begin(office.url, "400", also=CANCELLING[what])
    do_jobs()
    attempt(1)
    other = begin(office.url, "400", also=CANCELLING[what])
    do_jobs()
    assert {each.case_id for each in open_incidents()} == {case.id, other.id}

    with running(case.id, by=SYSTEM) as workflow:
        [timer] = workflow.open_work().timers
        assert timer.due_at is not None
        workflow.now = timer.due_at
        workflow.fire(timer.timer_id)
    db.session.commit()

    assert [each.case_id for each in open_incidents()] == [other.id]
    [closed] = db.session.scalars(sa.select(Incident).where(Incident.case_id == case.id))
    assert (closed.state, closed.resolved_by) == (IncidentState.RESOLVED, SYSTEM.name)


def test_an_incident_goes_with_its_case_to_another_version_and_back(office: Any, app: Flask, attempt: Any) -> None:
    case = begin(office.url, "400")
    do_jobs()
    renamed = drawn(office.url).replace(b'"call"', b'"inquire"')
    deployments.deploy({"rate.bpmn": renamed}, by=SYSTEM)
    target = deployments.latest_definition("rate")
    assert target is not None

    migration.move(case, target, Plan({"call": "inquire"}), by=SYSTEM, reason="A better name")
    db.session.commit()
    assert [each.element_id for each in open_incidents()] == ["inquire"]
    migration.bring_back(case, by=SYSTEM, reason="The old one")
    db.session.commit()
    assert [each.element_id for each in open_incidents()] == ["call"]


def test_nothing_is_shown_of_a_call_for_which_nobody_waits_any_more(office: Any, app: Flask, attempt: Any) -> None:
    case = begin(office.url, "503")
    assert failing_once(case, attempt) is not None
    lifecycle.suspend(db.session.get_one(Case, case.id), by=SYSTEM, reason="wait")
    db.session.commit()
    call = kept()
    assert call is not None
    with pytest.raises(WrongState, match="suspended"):
        pending_calls.try_now(call, by=SYSTEM)
    db.session.rollback()

    lifecycle.resume(db.session.get_one(Case, case.id), by=SYSTEM)
    db.session.commit()
    assert kept() is None
    assert failing_once(case, attempt, 2) is not None
    cases.cancel(db.session.get_one(Case, case.id), by=SYSTEM, reason="not needed")
    db.session.commit()

    assert kept() is None
