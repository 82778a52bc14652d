"""A case moves to another version and back: what people did stays, the rows follow, and the story tells it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from service import audit
from service.db import db, utcnow
from service.engine.change.plan import Clock, Plan
from service.errors import BadRequest, Forbidden, NotFound, WrongState
from service.maintenance import comparison
from service.models import (
    SYSTEM,
    Actor,
    AuditEntry,
    Case,
    CaseRole,
    CaseState,
    HumanTask,
    Incident,
    MigratedCase,
    Outcome,
    PendingCall,
    ProcessDefinition,
    Subscription,
    TaskCandidate,
    TaskState,
    Timer,
)
from service.operations import cases, deployments, incidents, lifecycle, migration, notes, tasks, timers
from service.queries import moments
from tests.jobs_by_hand import do_jobs
from tests.operations.conftest import LOAN
from tests.operations.family import diagram, finish

Person = Callable[..., Actor]
EXAMINE = LOAN.replace(b'"Assess"', b'"Examine"').replace(b"Assess loan", b"Examine loan").replace(b"PT1H", b"PT3H")
RENAMED = Plan(elements={"Assess": "Examine"})


@pytest.fixture
def ann(app: Flask, person: Person) -> Actor:
    return person("ann", "clerks")


def deployed(name: str, content: bytes) -> ProcessDefinition:
    deployments.deploy({f"{name}.bpmn": content}, by=SYSTEM)
    db.session.commit()
    found = deployments.latest_definition(name)
    assert found is not None
    return found


def opened(definition: ProcessDefinition, by: Actor, **data: object) -> Case:
    case = cases.start(definition, by=by, submitted=data)
    db.session.commit()
    do_jobs()
    return case


def moved(case: Case, target: ProcessDefinition, plan: Plan | None = None, *, by: Actor) -> MigratedCase:
    row = migration.move(case, target, plan or Plan(), by=by, reason="A better form")
    db.session.commit()
    holds()
    return row


def returned(case: Case, *, by: Actor) -> None:
    migration.bring_back(case, by=by, reason="It was better before")
    db.session.commit()
    holds()


def holds() -> None:
    """The audit trail is whole, and the rows say what it says."""
    assert [*audit.verify(), *comparison.differences()] == []
    db.session.rollback()


def task(case: Case, element_id: str) -> HumanTask:
    query = sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.element_id == element_id)
    return db.session.scalars(query.where(HumanTask.closed_at.is_(None))).one()


def rows(case: Case) -> list[list[dict[str, object]]]:
    """All that is kept of what is open in the case, besides the numbers by which changes are counted."""
    kinds = (HumanTask, Timer, Subscription, CaseRole, PendingCall)
    found = []
    for kind in kinds:
        columns = [column.key for column in sa.inspect(kind).columns if column.key not in ("id", "version", "seq")]
        of_case = db.session.scalars(sa.select(kind).where(kind.case_id == case.id)).all()
        found.append(sorted(({name: getattr(row, name) for name in columns} for row in of_case), key=str))
    db.session.refresh(case)
    found.append(
        [{name: getattr(case, name) for name in ("snapshot", "variables", "visits", "marked", "stage", "title")}]
    )
    candidates = sa.select(TaskCandidate.principal).join(HumanTask).where(HumanTask.case_id == case.id)
    found.append([{"candidates": sorted(db.session.scalars(candidates))}])
    return found


def told(case: Case, action: str) -> AuditEntry:
    wanted = sa.select(AuditEntry).where(AuditEntry.case_id == case.id, AuditEntry.action == action)
    return db.session.scalars(wanted.order_by(AuditEntry.seq.desc())).first()  # type: ignore[return-value]


def test_a_claimed_task_stays_with_its_assignee_under_its_new_name(
    loan: ProcessDefinition, ann: Actor, worklist: Callable[[Actor], list[HumanTask]]
) -> None:
    case = opened(loan, ann, customer="Ada", amount=5000)
    assess = task(case, "Assess")
    tasks.claim(assess, by=ann)
    notes.write(case, "He called.", by=ann)
    db.session.commit()

    moved(case, deployed("loan", EXAMINE), RENAMED, by=SYSTEM)

    [mine] = worklist(ann)
    assert (mine.id, mine.name, mine.element_id, mine.assignee) == (assess.id, "Examine loan", "Examine", "ann")
    assert (case.definition.version, case.stage, case.marked) == (2, "review", ["Examine"])
    tasks.complete(mine, by=ann, submitted={})
    db.session.commit()
    holds()
    assert task(case, "Approve").not_done_by == ["Examine"]
    assert case.visits["Examine"] == 1


def test_a_task_that_is_of_another_stage_in_the_new_version_brings_its_case_there(
    loan: ProcessDefinition, ann: Actor
) -> None:
    case = opened(loan, ann, customer="Ada", amount=5000)
    before = rows(case)
    assert case.stage == "review"

    moved(case, deployed("loan", EXAMINE.replace(b'case:stage="review"', b'case:stage="decision"')), RENAMED, by=SYSTEM)
    assert (case.stage, told(case, "case:migrated").details["stage"]) == ("decision", "decision")  # type: ignore[index]
    returned(case, by=SYSTEM)

    assert case.stage == "review"
    assert rows(case) == before


@pytest.mark.parametrize("stages", [b'<case:stage id="later" name="Later"/>', b""])
def test_a_stage_that_is_gone_is_left(loan: ProcessDefinition, ann: Actor, stages: bytes) -> None:
    case = opened(loan, ann, customer="Ada", amount=5000)
    without = EXAMINE.replace(b'<case:stage id="review" name="Review"/>', stages).replace(b' case:stage="review"', b"")

    moved(case, deployed("loan", without), RENAMED, by=SYSTEM)

    assert case.stage is None


def test_the_story_tells_of_the_move_and_how_it_stood_then_is_still_known(loan: ProcessDefinition, ann: Actor) -> None:
    case = opened(loan, ann, customer="Ada", amount=5000)

    moved(case, deployed("loan", EXAMINE), Plan(elements={"Assess": "Examine"}, values={"rate": "= 7"}), by=SYSTEM)

    entry = told(case, "case:migrated")
    assert entry.details is not None
    assert {name: entry.details[name] for name in ("from", "to", "reason", "plan")} == {
        "from": 1,
        "to": 2,
        "reason": "A better form",
        "plan": {"elements": {"Assess": "Examine"}, "values": {"rate": "= 7"}},
    }
    before, after = (moments.at(case, seq, actor=SYSTEM) for seq in (1, entry.seq))
    assert [each.name for each in before.tasks.values()] == ["Assess loan"]
    assert [(each.name, each.element_id) for each in after.tasks.values()] == [("Examine loan", "Examine")]
    assert (before.marked, after.marked) == ({"Assess": 1}, {"Examine": 1})
    assert (before.variables.get("rate"), after.variables["rate"]) == (None, 7)


def test_back_and_all_is_as_before(loan: ProcessDefinition, ann: Actor) -> None:
    case = opened(loan, ann, customer="Ada", amount=5000)
    tasks.claim(task(case, "Assess"), by=ann)
    db.session.commit()
    before = rows(case)
    plan = Plan(elements=RENAMED.elements, values={"rate": "= 7"}, clocks={"Late": Clock.NOW})

    moved(case, deployed("loan", EXAMINE), plan, by=SYSTEM)
    assert rows(case) != before
    returned(case, by=SYSTEM)

    assert rows(case) == before
    assert case.definition.version == 1
    with pytest.raises(WrongState, match="has returned already"):
        migration.bring_back(case, by=SYSTEM, reason="Again")


def test_what_people_do_to_a_task_keeps_no_case_from_returning(loan: ProcessDefinition, ann: Actor) -> None:
    case = opened(loan, ann, customer="Ada", amount=5000)
    moved(case, deployed("loan", EXAMINE), RENAMED, by=SYSTEM)
    tasks.claim(task(case, "Examine"), by=ann)
    db.session.commit()

    returned(case, by=SYSTEM)

    assert task(case, "Assess").assignee == "ann"


def test_a_case_that_went_on_does_not_return_but_may_move_to_the_former_version(
    loan: ProcessDefinition, ann: Actor
) -> None:
    case = opened(loan, ann, customer="Ada", amount=5000)
    moved(case, deployed("loan", EXAMINE), RENAMED, by=SYSTEM)
    finish(task(case, "Examine"), ann)
    db.session.commit()

    with pytest.raises(WrongState, match="something has happened in it"):
        migration.bring_back(case, by=SYSTEM, reason="Back")
    db.session.rollback()
    moved(case, loan, Plan(elements={"Examine": "Assess"}), by=SYSTEM)

    assert case.definition.version == 1
    assert task(case, "Approve").not_done_by == ["Assess"]
    with pytest.raises(Forbidden, match="four eyes"):
        finish(task(case, "Approve"), ann)


def test_a_case_that_cannot_move_is_untouched_and_says_why(loan: ProcessDefinition, ann: Actor) -> None:
    case = opened(loan, ann, customer="Ada", amount=5000)
    before = rows(case)

    with pytest.raises(WrongState, match="“Assess loan” is not in the other version"):
        migration.move(case, deployed("loan", EXAMINE), Plan(), by=SYSTEM, reason="A try")
    db.session.rollback()

    assert rows(case) == before
    assert db.session.scalars(sa.select(MigratedCase)).all() == []


def test_a_running_timer_keeps_its_time_or_is_set_anew_and_fires_once(
    loan: ProcessDefinition, ann: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "database_now", utcnow)
    with time_machine.travel(utcnow(), tick=False) as clock:
        case = opened(loan, ann, customer="Ada", amount=5000)
        began = utcnow()
        clock.shift(timedelta(minutes=30))
        moved(case, deployed("loan", EXAMINE), Plan(elements=RENAMED.elements, clocks={"Late": Clock.ENTRY}), by=SYSTEM)
        [timer] = db.session.scalars(sa.select(Timer)).all()
        assert timer.due_at == began + timedelta(hours=3)
        db.session.rollback()

        clock.shift(timedelta(hours=1))
        do_jobs()
        assert [each.element_id for each in db.session.scalars(sa.select(HumanTask))] == ["Examine"]
        clock.shift(timedelta(hours=2))
        do_jobs()

        assert sorted(each.element_id for each in db.session.scalars(sa.select(HumanTask))) == ["Examine", "Remind"]


def test_a_case_on_hold_stays_on_hold_and_what_is_new_in_it_begins_when_it_goes_on(
    loan: ProcessDefinition, ann: Actor
) -> None:
    without = LOAN.replace(LOAN[LOAN.index(b"<bpmn:boundaryEvent") : LOAN.index(b"<bpmn:exclusiveGateway")], b"")
    without = without.replace(b'<bpmn:sequenceFlow id="f6" sourceRef="Late" targetRef="Remind"/>', b"")
    without = without.replace(b'<bpmn:sequenceFlow id="f7" sourceRef="Remind" targetRef="Reminded"/>', b"")
    plain = deployed("loan", without)
    with time_machine.travel(utcnow(), tick=False) as clock:
        case = opened(plain, ann, customer="Ada", amount=5000)
        lifecycle.suspend(case, by=ann, reason="The court")
        db.session.commit()
        clock.shift(timedelta(hours=5))

        moved(case, loan, by=SYSTEM)
        assert case.state is CaseState.SUSPENDED
        clock.shift(timedelta(hours=5))
        lifecycle.resume(case, by=ann)
        db.session.commit()

        [timer] = db.session.scalars(sa.select(Timer)).all()
        assert timer.due_at == utcnow() + timedelta(hours=1)


def test_a_failed_case_moves_to_a_version_that_mends_it(app: Flask, ann: Actor) -> None:
    def drawn(text: str) -> bytes:
        script = f'<scriptTask id="Sum" name="Sum"><script>{text}</script></scriptTask>'
        return diagram("sums", "SUM", script + '<userTask id="Talk" name="Talk"/>', "Begin Sum Talk End")

    case = opened(deployed("sums", drawn("total = 1 / 0")), ann)
    assert case.state is CaseState.FAILED

    moved(case, deployed("sums", drawn("total = 1")), by=SYSTEM)
    assert case.state is CaseState.FAILED
    assert len(db.session.scalars(sa.select(Incident)).all()) == 1
    incidents.mend(case, by=SYSTEM)
    db.session.commit()

    assert (case.state, case.variables["total"]) == (CaseState.ACTIVE, 1)
    holds()


def test_a_message_by_another_name_is_waited_for_once(app: Flask, ann: Actor) -> None:
    def drawn(name: str) -> bytes:
        receive = '<receiveTask id="Wait" messageRef="m"/>'
        return diagram("waits", "WAI", receive, "Begin Wait End").replace(
            b"<process", f'<message id="m" name="{name}"/><process'.encode(), 1
        )

    case = opened(deployed("waits", drawn("paid")), ann)

    moved(case, deployed("waits", drawn("settled")), by=SYSTEM)

    assert [(each.event_name, each.case_id) for each in db.session.scalars(sa.select(Subscription))] == [
        ("settled", case.id)
    ]
    returned(case, by=SYSTEM)
    assert [each.event_name for each in db.session.scalars(sa.select(Subscription))] == ["paid"]


def test_a_task_that_the_plan_takes_away_is_there_again_when_the_case_returns(app: Flask, ann: Actor) -> None:
    fork = '<parallelGateway id="f"/>{}<userTask id="B" name="B" case:candidateGroups="clerks"/>'
    one = '<userTask id="A" name="A" case:candidateGroups="clerks"/>'
    case = opened(deployed("two", diagram("two", "TWO", fork.format(one), "Begin f A End", "f B End")), ann)
    tasks.claim(task(case, "A"), by=ann)
    db.session.commit()
    before, first = rows(case), task(case, "A").id

    target = deployed("two", diagram("two", "TWO", fork.format(""), "Begin f B End"))
    moved(case, target, Plan(elements={"A": None}), by=SYSTEM)
    assert db.session.get_one(HumanTask, first).state is TaskState.CANCELLED
    returned(case, by=SYSTEM)

    assert rows(case) == before
    assert (task(case, "A").id, task(case, "A").assignee) == (first, "ann")


def test_candidates_and_roles_are_those_of_the_new_version(loan: ProcessDefinition, ann: Actor) -> None:
    role = b'</case:stages><case:roles><case:role id="expert" name="Expert" groups="experts"/></case:roles>'
    changed = LOAN.replace(b"</case:stages>", role).replace(
        b'name="Assess loan" case:candidateGroups="clerks"',
        b'name="Assess loan" case:candidateGroups="seniors" case:candidateRoles="expert"',
    )
    case = opened(loan, ann, customer="Ada", amount=5000)
    before = rows(case)

    moved(case, deployed("loan", changed), by=SYSTEM)

    assert sorted(each.principal for each in task(case, "Assess").candidates) == ["group:experts", "group:seniors"]
    assert [(each.role, each.principal) for each in db.session.scalars(sa.select(CaseRole))] == [
        ("expert", "group:experts")
    ]
    returned(case, by=SYSTEM)
    assert rows(case) == before


def test_who_steers_the_case_or_runs_the_installation_may_move_it(
    loan: ProcessDefinition, ann: Actor, person: Person
) -> None:
    case, target = opened(loan, ann, customer="Ada", amount=5000), deployed("loan", EXAMINE)
    ben, zoe = person("ben", "clerks"), person("zoe")
    for actor, refusal in ((ben, Forbidden), (zoe, NotFound)):
        with pytest.raises(refusal):
            migration.move(case, target, RENAMED, by=actor, reason="A try")
        db.session.rollback()
    with pytest.raises(BadRequest, match="Say why"):
        migration.move(case, target, RENAMED, by=ann, reason=" ")
    db.session.rollback()

    moved(case, target, RENAMED, by=ann)
    returned(case, by=person("ora", "operators"))

    assert told(case, "case:returned").actor == "ora"


def test_how_a_case_stood_is_kept_for_a_while(loan: ProcessDefinition, ann: Actor) -> None:
    from service.maintenance import housekeeping

    case = opened(loan, ann, customer="Ada", amount=5000)
    row = moved(case, deployed("loan", EXAMINE), RENAMED, by=SYSTEM)
    assert row.outcome is Outcome.MOVED

    with time_machine.travel(utcnow() + migration.KEPT_FOR + timedelta(days=1), tick=True):
        housekeeping.forget_expired(utcnow())
        db.session.commit()
        with pytest.raises(WrongState, match="not kept any more"):
            migration.bring_back(case, by=SYSTEM, reason="Late")


def test_a_closed_case_stays_where_it_is(loan: ProcessDefinition, ann: Actor) -> None:
    case = opened(loan, ann, customer="Ada", amount=5)
    cases.cancel(case, by=ann, reason="A mistake")
    db.session.commit()

    with pytest.raises(WrongState, match="terminated"):
        migration.move(case, deployed("loan", EXAMINE), RENAMED, by=SYSTEM, reason="A try")


def test_a_timer_that_was_wound_up_before_the_move_does_nothing_after_it(
    loan: ProcessDefinition, ann: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = opened(loan, ann, customer="Ada", amount=5000)
    [timer] = db.session.scalars(sa.select(Timer)).all()
    stale = timer.id, timer.seq

    moved(case, deployed("loan", EXAMINE), Plan(elements=RENAMED.elements, clocks={"Late": Clock.NOW}), by=SYSTEM)

    monkeypatch.setattr(timers, "database_now", utcnow)
    with time_machine.travel(utcnow() + timedelta(hours=2), tick=True):
        assert timers.fire(*stale) is False
