"""Where a case stands is changed by hand: the rows follow, the story tells it; under four eyes two have to agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from service import audit
from service.db import db, utcnow
from service.engine.change.plan import Verdict
from service.engine.change.steps import Kind, Step
from service.errors import BadRequest, Changed, Forbidden, NotFound, WrongState
from service.execution.running import load
from service.maintenance import comparison
from service.models import (
    SYSTEM,
    Actor,
    AuditEntry,
    Case,
    CaseState,
    HumanTask,
    Incident,
    IncidentState,
    MigrationState,
    Modification,
    ModificationState,
    Outcome,
    PendingCall,
    ProcessDefinition,
    Subscription,
    TaskState,
    Timer,
)
from service.operations import cases, deployments, incidents, lifecycle, migration, migrations, modification, tasks
from service.queries import migrations as orders
from service.queries import moments
from tests.jobs_by_hand import do_jobs
from tests.operations.conftest import LOAN
from tests.operations.family import CLAIM, customer, diagram

Person = Callable[..., Actor]
GUARDED = LOAN.replace(b'case:numberPrefix="LOA"', b'case:numberPrefix="LOA" case:changesNeedApproval="true"')
ALL = '<userTask id="Work" name="Work" case:candidateGroups="clerks"/>'


def step(do: str, element: str | None = None, **more: Any) -> Step:
    return Step(Kind(do), element, **more)


@pytest.fixture
def ann(app: Flask, person: Person) -> Actor:
    return person("ann", "clerks")


@pytest.fixture
def mia(app: Flask, person: Person) -> Actor:
    return person("mia", "managers")


def deployed(name: str, *contents: bytes) -> ProcessDefinition:
    deployments.deploy({f"{name}-{place}.bpmn": each for place, each in enumerate(contents)}, by=SYSTEM)
    db.session.commit()
    found = deployments.latest_definition(name)
    assert found is not None
    return found


def opened(definition: ProcessDefinition, by: Actor, **data: object) -> Case:
    case = cases.start(definition, by=by, submitted=data)
    db.session.commit()
    do_jobs()
    return case


def changed(case: Case, *steps: Step, by: Actor, **more: Any) -> Modification:
    made = modification.modify(case, steps, by=by, reason="It stood wrongly", **more)
    db.session.commit()
    holds(case)
    return made


def holds(case: Case) -> None:
    """The audit trail is whole, the rows say what it says, and what the workflow waits for has its rows: no more."""
    assert [*audit.verify(), *comparison.differences()] == []
    work = load(case).open_work() if not case.state.is_closed else None
    open_tasks = sa.select(HumanTask.activity_id).where(HumanTask.case_id == case.id, HumanTask.closed_at.is_(None))
    timers = sa.select(Timer.timer_id, Timer.due_at).where(Timer.case_id == case.id)
    waits = sa.select(Subscription.activity_id, Subscription.event_name).where(Subscription.case_id == case.id)
    assert sorted(db.session.scalars(open_tasks)) == sorted(each.activity_id for each in (work.tasks if work else ()))
    assert sorted(map(tuple, db.session.execute(timers))) == sorted(
        (each.timer_id, each.due_at) for each in (work.timers if work else ())
    )
    assert sorted(map(tuple, db.session.execute(waits))) == sorted(
        (each.activity_id, each.event_name) for each in (work.subscriptions if work else ())
    )
    calls = db.session.scalars(sa.select(PendingCall.activity_id).where(PendingCall.case_id == case.id)).all()
    assert set(calls) <= {each.activity_id for each in (work.services if work else ())}
    db.session.rollback()


def names(case: Case) -> list[str]:
    wanted = sa.select(HumanTask.element_id).where(HumanTask.case_id == case.id, HumanTask.closed_at.is_(None))
    return sorted(db.session.scalars(wanted))


def task(case: Case, element_id: str) -> HumanTask:
    query = sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.element_id == element_id)
    return db.session.scalars(query.order_by(HumanTask.id.desc())).first()  # type: ignore[return-value]


def finish(case: Case, element_id: str, by: Actor, **data: object) -> None:
    found = task(case, element_id)
    tasks.claim(found, by=by)
    tasks.complete(found, by=by, submitted=data)
    db.session.commit()
    holds(case)


def told(case: Case, action: str) -> AuditEntry:
    wanted = sa.select(AuditEntry).where(AuditEntry.case_id == case.id, AuditEntry.action == action)
    return db.session.scalars(wanted.order_by(AuditEntry.seq.desc())).first()  # type: ignore[return-value]


def refused(case: Case, *steps: Step, by: Actor) -> str:
    before = db.session.scalar(sa.select(Case.version).where(Case.id == case.id))
    with pytest.raises(WrongState) as caught:
        modification.modify(case, steps, by=by, reason="A try")
    db.session.rollback()
    assert db.session.scalar(sa.select(Case.version).where(Case.id == case.id)) == before
    return str(caught.value)


# One case


def test_a_token_moves_and_task_timer_stage_and_story_follow(loan: ProcessDefinition, ann: Actor, mia: Actor) -> None:
    case = opened(loan, ann, customer="Ada", amount=5000)
    tasks.claim(task(case, "Assess"), by=ann)
    db.session.commit()

    made = changed(case, step("move", "Assess", to="Approve"), by=mia)

    assert (made.state, made.revision < case.version, names(case)) == (ModificationState.APPLIED, True, ["Approve"])
    assert (task(case, "Assess").state, case.stage, case.marked) == (TaskState.CANCELLED, "decision", ["Approve"])
    assert db.session.scalars(sa.select(Timer).where(Timer.case_id == case.id)).all() == []
    entry = told(case, "case:modified")
    assert entry.details is not None
    assert entry.details["steps"] == [{"do": "move", "element": "Assess", "to": "Approve"}]
    assert (entry.actor, entry.details["reason"]) == ("mia", "It stood wrongly")
    before, after = (moments.at(case, seq, actor=SYSTEM) for seq in (entry.seq - 1, entry.seq))
    assert [each.element_id for each in before.tasks.values()] == ["Assess"]
    assert [each.element_id for each in after.tasks.values()] == ["Approve"]
    finish(case, "Approve", ann)
    assert case.state is CaseState.COMPLETED


def test_a_preview_says_what_would_be_and_changes_nothing(loan: ProcessDefinition, ann: Actor, mia: Actor) -> None:
    case = opened(loan, ann, customer="Ada", amount=5000)
    tasks.claim(task(case, "Assess"), by=ann)
    db.session.commit()
    revision = case.version

    found = modification.look(case, [step("move", "Assess", to="Approve")], by=mia)

    assert (found.verdict, found.revision, found.before, found.after) == (
        Verdict.SAFE,
        revision,
        ("Assess",),
        ("Approve",),
    )
    assert "ann has the task “Assess loan”, which is cancelled." in [each.message for each in found.reasons]
    assert {(each.what, each.name) for each in found.effects} >= {("opens", "Approve loan"), ("ends", "Assess loan")}
    db.session.commit()
    assert (case.version, names(case)) == (revision, ["Assess"])


def test_an_activity_is_skipped_with_values_of_which_the_story_keeps_the_names(
    loan: ProcessDefinition, ann: Actor, mia: Actor
) -> None:
    case = opened(loan, ann, customer="Ada", amount=5000)

    changed(case, step("skip", "Assess", values={"amount": 10}), by=mia)

    assert (case.state, case.variables["amount"]) == (CaseState.COMPLETED, 10)
    entry = told(case, "case:modified")
    assert entry.details is not None
    assert entry.details["steps"] == [{"do": "skip", "element": "Assess", "values": ["amount"]}]


def test_a_step_is_done_again_and_four_eyes_still_hold(loan: ProcessDefinition, ann: Actor, mia: Actor) -> None:
    case = opened(loan, ann, customer="Ada", amount=5000)
    finish(case, "Assess", ann)

    changed(case, step("again", "Assess"), by=mia)

    assert names(case) == ["Assess"]
    finish(case, "Assess", ann)
    with pytest.raises(Forbidden):
        tasks.claim(task(case, "Approve"), by=ann)


def test_a_timer_fires_now_or_at_another_time(loan: ProcessDefinition, ann: Actor, mia: Actor) -> None:
    case = opened(loan, ann, customer="Ada", amount=5000)
    later = utcnow() + timedelta(days=9)
    changed(case, step("time", "Late", at=later), by=mia)
    [timer] = db.session.scalars(sa.select(Timer).where(Timer.case_id == case.id))
    assert timer.due_at == later

    changed(case, step("fire", "Late"), by=mia)

    assert names(case) == ["Assess", "Remind"]
    assert db.session.scalars(sa.select(Timer).where(Timer.case_id == case.id)).all() == []


def test_a_message_is_delivered_by_hand(ann: Actor, person: Person) -> None:
    wait = '<receiveTask id="Wait" name="Wait" messageRef="reply" case:correlationKey="= item"/>'
    drawn = diagram("claim", "CLA", wait + ALL, "Begin Wait Work End")
    drawn = drawn.replace(b"<process", b'<message id="reply" name="reply"/><process')
    case, head = opened(deployed("claim", drawn), ann, item="x"), person("hal", "heads")
    assert "with another key" in refused(case, step("deliver", name="reply", values={"answer": 1}), by=head)

    changed(case, step("deliver", "Wait", values={"answer": 1}), by=head)

    assert (names(case), case.variables["answer"]) == (["Work"], 1)


def test_a_service_task_is_taken_away_and_its_answer_comes_too_late(ann: Actor, person: Person) -> None:
    url = '<case:input source="= &quot;https://example.org/rate&quot;" target="url"/>'
    mapped = f"<extensionElements><case:ioMapping>{url}</case:ioMapping></extensionElements>"
    service = f'<serviceTask id="Call" name="Call" case:type="http">{mapped}</serviceTask>'
    case = cases.start(
        deployed("claim", diagram("claim", "CLA", service + ALL, "Begin Call Work End")), by=ann, submitted={}
    )
    db.session.commit()
    head = person("hal", "heads")

    found = modification.look(case, [step("move", "Call", to="Work")], by=head)
    changed(case, step("move", "Call", to="Work"), by=head)

    assert "may have been called already" in found.reasons[-1].message
    do_jobs()
    holds(case)
    assert names(case) == ["Work"]
    assert db.session.scalars(sa.select(Incident)).all() == []


def test_a_service_that_is_out_of_attempts_is_skipped_and_its_incident_put_away(ann: Actor, person: Person) -> None:
    url = '<case:input source="= &quot;https://example.org/rate&quot;" target="url"/>'
    mapped = f"<extensionElements><case:ioMapping>{url}</case:ioMapping></extensionElements>"
    service = f'<serviceTask id="Call" name="Call" case:type="http">{mapped}</serviceTask>'
    case = cases.start(
        deployed("claim", diagram("claim", "CLA", service + ALL, "Begin Call Work End")), by=ann, submitted={}
    )
    db.session.commit()
    [call] = load(case).open_work().services
    job = {"name": "call_service", "arguments": {"case": str(case.id), "activity": call.activity_id}}
    told_of = incidents.record("It does not answer.", case_id=case.id, job=job, activity_id=call.activity_id)
    other = incidents.record("Something else.", case_id=case.id, job=job)
    db.session.commit()

    changed(case, step("skip", "Call"), by=person("hal", "heads"))

    db.session.refresh(told_of)
    assert (told_of.state, told_of.resolved_by, names(case)) == (IncidentState.RESOLVED, "hal", ["Work"])
    assert db.session.get_one(Incident, other.id).state is IncidentState.OPEN


@pytest.mark.parametrize("do", ["move", "skip"])
def test_a_child_case_ends_with_the_call_that_is_left(do: str, ann: Actor, person: Person) -> None:
    case, head = opened(deployed("customer", customer(), CLAIM), ann, what="x"), person("hal", "heads")
    [child] = db.session.scalars(sa.select(Case).where(Case.parent_id == case.id))
    left = step("move", "Claim", to="Talk") if do == "move" else step("skip", "Claim")

    found = modification.look(case, [left], by=head)
    changed(case, left, by=head)
    do_jobs()

    assert f"{child.number}, which was opened for this step, is cancelled." in [each.message for each in found.reasons]
    db.session.refresh(child)
    assert (child.state, names(case)) == (CaseState.TERMINATED, ["Talk"])
    finish(case, "Talk", ann)
    assert case.state is CaseState.COMPLETED


def test_a_failed_case_goes_on_and_its_incident_is_put_away(ann: Actor, person: Person) -> None:
    broken = '<scriptTask id="Sum" name="Sum" scriptFormat="python"><script>x = 1 / 0</script></scriptTask>'
    drawn = diagram("claim", "CLA", broken + ALL, "Begin Sum Work End")
    case, head = opened(deployed("claim", drawn), ann, item="x"), person("hal", "heads")
    assert case.state is CaseState.FAILED

    changed(case, step("skip", "Sum", values={"x": 0}), by=head)
    do_jobs()

    assert (case.state, case.reason, names(case)) == (CaseState.ACTIVE, None, ["Work"])
    [incident] = db.session.scalars(sa.select(Incident))
    assert (incident.state, incident.resolved_by) == (IncidentState.RESOLVED, "hal")
    finish(case, "Work", ann)
    assert case.state is CaseState.COMPLETED


def test_what_cannot_be_is_refused_and_nothing_is_changed(loan: ProcessDefinition, ann: Actor, mia: Actor) -> None:
    case = opened(loan, ann, customer="Ada", amount=5000)

    assert "no element “Z”" in refused(case, step("put", "Z"), by=mia)
    assert "Nothing would be open" in refused(case, step("take", "Assess"), by=mia)
    with pytest.raises(BadRequest, match="Say why"):
        modification.modify(case, [step("put", "Approve")], by=mia, reason=" ")
    with pytest.raises(BadRequest, match="need names"):
        modification.modify(case, [step("set", values={"no name": 1})], by=mia, reason="A try")
    db.session.rollback()
    cases.cancel(case, by=mia, reason="Over")
    db.session.commit()
    assert "This case is terminated" in refused(case, step("put", "Approve"), by=mia)


def test_a_case_on_hold_is_changed_stays_on_hold_and_its_clocks_stand_still(
    loan: ProcessDefinition, ann: Actor, mia: Actor
) -> None:
    """What begins in it meanwhile counts from when it goes on; nothing fires before."""
    with time_machine.travel(utcnow(), tick=False) as clock:
        case = opened(loan, ann, customer="Ada", amount=5000)
        lifecycle.suspend(case, by=mia, reason="The court")
        db.session.commit()
        clock.shift(timedelta(hours=5))

        changed(case, step("again", "Assess"), by=mia)
        assert (case.state, case.reason, names(case)) == (CaseState.SUSPENDED, "The court", ["Assess"])
        clock.shift(timedelta(hours=5))
        do_jobs()
        assert names(case) == ["Assess"]
        lifecycle.resume(case, by=mia)
        db.session.commit()
        holds(case)
        [timer] = db.session.scalars(sa.select(Timer)).all()
        assert timer.due_at == utcnow() + timedelta(hours=1)


@pytest.mark.parametrize("waits", [False, True])
def test_a_case_on_hold_whose_last_token_is_skipped_ends_unless_something_keeps_it(
    ann: Actor, person: Person, waits: bool
) -> None:
    head, claim = person("hal", "heads"), deployed("claim", diagram("claim", "CLA", ALL, "Begin Work End"))
    case = opened(claim, ann)
    if waits:
        below = opened(claim, ann)
        below.parent_id, below.root_id, below.blocking = case.id, case.id, True
        db.session.commit()
    lifecycle.suspend(case, by=head, reason="The court")
    db.session.commit()

    changed(case, step("skip", "Work"), by=head)

    if not waits:
        assert (case.state, case.reason, case.suspended_at) == (CaseState.COMPLETED, None, None)
        return
    assert (case.state, case.reason) == (CaseState.SUSPENDED, "The court")
    cases.cancel(below, by=SYSTEM, reason="Not needed")
    db.session.commit()
    do_jobs()
    db.session.refresh(case)
    assert case.state is CaseState.SUSPENDED
    lifecycle.resume(case, by=head)
    db.session.commit()
    assert case.state is CaseState.COMPLETED


def test_what_would_wait_for_ever_is_refused(ann: Actor, person: Person) -> None:
    gates = '<parallelGateway id="Fork"/><parallelGateway id="Join" name="Both"/>'
    other = '<userTask id="Other" name="Other" case:candidateGroups="clerks"/>'
    drawn = diagram("claim", "CLA", gates + ALL + other, "Begin Fork Work Join End", "Fork Other Join")
    case, head = opened(deployed("claim", drawn), ann), person("hal", "heads")

    assert refused(case, step("take", "Other"), by=head) == (
        "At “Both” the case would wait for ever: nothing comes any more from “Other”."
        " Put a token on the branch that is missing, or on what follows."
    )


def test_what_was_previewed_holds_for_that_revision_only(loan: ProcessDefinition, ann: Actor, mia: Actor) -> None:
    case = opened(loan, ann, customer="Ada", amount=5000)
    seen = modification.look(case, [step("skip", "Assess")], by=mia).revision
    cases.change_variables(case, {"amount": 7}, by=mia)
    db.session.commit()

    with pytest.raises(Changed):
        modification.modify(case, [step("skip", "Assess")], by=mia, reason="A try", revision=seen)

    db.session.rollback()
    changed(case, step("skip", "Assess"), by=mia, revision=case.version)
    assert case.state is CaseState.COMPLETED


def test_who_steers_or_operates_may_and_nobody_else(loan: ProcessDefinition, ann: Actor, person: Person) -> None:
    case = opened(loan, ann, customer="Ada", amount=5000)
    ben, rex, zoe = person("ben", "clerks"), person("rex", "auditors"), person("zoe")

    for who, error in ((ben, Forbidden), (rex, Forbidden), (zoe, NotFound)):
        for act in (modification.look, lambda *given, by: modification.modify(*given, by=by, reason="A try")):
            with pytest.raises(error):
                act(case, [step("put", "Approve")], by=who)
    db.session.rollback()
    changed(case, step("put", "Approve"), by=person("ora", "operators"))
    changed(case, step("put", "Approve"), by=ann)

    assert names(case) == ["Approve", "Approve", "Assess"]


# Four eyes


def proposal(ann: Actor, *steps: Step) -> tuple[Case, Modification]:
    case = opened(deployed("loan", GUARDED), ann, customer="Ada", amount=5000)
    return case, changed(case, *steps, by=ann)


def test_a_proposal_changes_nothing_until_a_second_person_agrees(ann: Actor, mia: Actor, person: Person) -> None:
    case, made = proposal(ann, step("move", "Assess", to="Approve"))
    assert (made.state, names(case), told(case, "case:modified")) == (ModificationState.PROPOSED, ["Assess"], None)
    assert told(case, "case:change-proposed").actor == "ann"
    with pytest.raises(Forbidden, match="four eyes"):
        modification.approve(made, by=ann)
    with pytest.raises(Forbidden):
        modification.approve(made, by=person("ben", "clerks"))
    db.session.rollback()

    modification.approve(made, by=mia)
    db.session.commit()
    holds(case)

    assert (made.state, made.decided_by, names(case)) == (ModificationState.APPLIED, "mia", ["Approve"])
    entry = told(case, "case:modified")
    assert (entry.actor, entry.details and entry.details["proposed_by"]) == ("mia", "ann")
    with pytest.raises(WrongState, match="applied already"):
        modification.approve(made, by=mia)


def test_a_proposal_is_refused_with_a_reason_or_withdrawn(ann: Actor, mia: Actor) -> None:
    case, made = proposal(ann, step("put", "Approve"))
    with pytest.raises(BadRequest, match="Say why"):
        modification.refuse(made, by=mia, reason="")
    db.session.rollback()
    modification.refuse(made, by=mia, reason="Not yet")
    other = changed(case, step("put", "Approve"), by=ann)
    modification.refuse(other, by=ann, reason="")
    db.session.commit()
    holds(case)

    assert (made.state, made.answer) == (ModificationState.REFUSED, "Not yet")
    assert other.state is ModificationState.WITHDRAWN
    assert names(case) == ["Assess"]


def test_a_proposal_is_refused_where_what_it_is_about_is_over(ann: Actor, mia: Actor) -> None:
    case, made = proposal(ann, step("move", "Assess", to="Approve"))
    finish(case, "Assess", ann)
    changed_again = changed(case, step("again", "Assess"), by=ann)
    modification.approve(changed_again, by=mia)
    db.session.commit()
    assert names(case) == ["Assess"]  # another one

    modification.approve(made, by=mia)
    db.session.commit()
    holds(case)

    assert (made.state, made.answer) == (ModificationState.REFUSED, "What stood at “Assess” is not open, or no longer.")
    assert names(case) == ["Assess"]


def test_a_proposal_still_applies_where_the_case_went_on_elsewhere(ann: Actor, mia: Actor) -> None:
    case, made = proposal(ann, step("move", "Assess", to="Approve"))
    cases.change_variables(case, {"amount": 7}, by=ann)
    db.session.commit()

    modification.approve(made, by=mia)
    db.session.commit()

    assert (made.state, names(case)) == (ModificationState.APPLIED, ["Approve"])
    assert made.revision < case.version


# Many


def test_a_list_of_cases_is_changed_by_an_order(
    loan: ProcessDefinition, ann: Actor, mia: Actor, person: Person
) -> None:
    first, second, third = (opened(loan, ann, customer="Ada", amount=5000) for _ in range(3))
    finish(second, "Assess", person("cleo", "clerks"))
    cases.change(third, by=ann, priority=60)
    third.restricted = True
    db.session.commit()
    steps = [step("move", "Assess", to="Approve")]

    order = migrations.order_modification(loan, steps, by=person("ora", "operators"), reason="A wrong turn")
    db.session.commit()
    do_jobs()

    assert (order.state, order.source_id) == (MigrationState.DONE, order.target_id)
    rows = {row.case_id: row for row in orders.cases_of(order).rows}
    assert rows[first.id].outcome is Outcome.MOVED
    assert rows[second.id].outcome is Outcome.UNTOUCHED
    assert rows[second.id].message == "At “Assess loan” nothing is open."
    assert "restricted" in (rows[third.id].message or "")
    assert [names(each) for each in (first, second, third)] == [["Approve"], ["Approve"], ["Assess"]]
    entry = told(first, "case:modified")
    assert (entry.actor, entry.details and entry.details["reason"]) == ("ora", "A wrong turn")
    with pytest.raises(WrongState, match="does not return"):
        migrations.order_return(order, by=SYSTEM, reason="Back")
    db.session.rollback()
    with pytest.raises(WrongState, match="was not moved to another version"):
        migration.bring_back(first, by=SYSTEM, reason="Back")


def test_an_order_proposes_where_a_second_person_has_to_agree(ann: Actor, mia: Actor, person: Person) -> None:
    case = opened(deployed("loan", GUARDED), ann, customer="Ada", amount=5000)

    order = migrations.order_modification(
        case.definition, [step("put", "Approve")], by=person("ora", "operators"), reason="A wrong turn"
    )
    db.session.commit()
    do_jobs()

    [row] = orders.cases_of(order).rows
    assert (row.outcome, row.message) == (
        Outcome.UNTOUCHED,
        "It is proposed: cases of this type are changed when a second person agrees.",
    )
    [made] = db.session.scalars(sa.select(Modification))
    modification.approve(made, by=mia)
    db.session.commit()
    assert names(case) == ["Approve", "Assess"]


def test_an_order_names_elements_and_is_for_operations(loan: ProcessDefinition, ann: Actor, mia: Actor) -> None:
    opened(loan, ann, customer="Ada", amount=5000)

    with pytest.raises(BadRequest, match="steps for many name elements"):
        migrations.order_modification(loan, [step("take", activity="7")], by=SYSTEM, reason="A try")
    with pytest.raises(Forbidden):
        migrations.order_modification(loan, [step("put", "Approve")], by=mia, reason="A try")
