"""The same thing done to many tasks: seen beforehand, one result each, nothing twice, undone where nothing followed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db, new_id, utcnow
from service.errors import BadRequest, NotFound, WrongState
from service.http import batches as working
from service.maintenance import comparison
from service.models import (
    SYSTEM,
    Actor,
    AuditEntry,
    BatchAction,
    BatchItem,
    Case,
    HumanTask,
    ItemOutcome,
    ProcessDefinition,
    TaskBatch,
    TaskCandidate,
    TaskState,
    User,
)
from service.operations import absences, batches, cases, deployments, roles, tasks
from service.queries import batches as batch_lists
from service.queries import tasks as task_lists
from tests.operations.family import diagram

Wanted, CLAIM = batches.Wanted, BatchAction.CLAIM
FORM = b"""{"schemaVersion": 19, "type": "default", "id": "finding", "components": [
  {"type": "textfield", "key": "finding", "label": "Finding", "id": "F1", "validate": {"required": true}},
  {"type": "textfield", "key": "item", "label": "Item", "id": "F2"}]}"""
CHECK = diagram(
    "check",
    "CHK",
    '<userTask id="Look" name="Look at it" case:candidateGroups="clerks" case:formKey="finding"/>'
    '<userTask id="File" name="File it" case:candidateGroups="clerks"/>',
    "Begin Look File End",
    extensions='<case:roles><case:role id="lead" name="Lead" access="steer"/></case:roles>',
)


@pytest.fixture
def people(app: Flask, person: Callable[..., Actor]) -> dict[str, Actor]:
    """Ann and Ben are clerks, Mia manages, Zoe is a stranger."""
    deployments.deploy({"check.bpmn": CHECK, "finding.form": FORM}, by=SYSTEM)
    db.session.commit()
    names = {"ann": ["clerks"], "ben": ["clerks"], "mia": ["heads"], "zoe": []}
    return {name: person(name, *groups) for name, groups in names.items()}


def opened(number: int, by: Actor) -> list[UUID]:
    """The tasks of so many new cases."""
    definition = deployments.latest_definition("check")
    assert isinstance(definition, ProcessDefinition)
    found = []
    for place in range(number):
        case = cases.start(definition, by=by, submitted={"item": f"No. {place}"})
        db.session.commit()
        found.append(db.session.scalars(sa.select(HumanTask.id).where(HumanTask.case_id == case.id)).one())
    db.session.rollback()
    return found


def done(ids: Sequence[UUID], wanted: Wanted, by: Actor, *, batch: UUID | None = None) -> batch_lists.Told:
    """The batch, after all of it was done."""
    batch = batch or new_id()
    batches.begin(batch, ids, wanted, by=by)
    assert working.work(batch, by=by, seconds=60) == 0
    return batch_lists.get(batch, by=by)


def undone(told: batch_lists.Told, by: Actor) -> batch_lists.Told:
    batches.begin_undoing(told.batch, by=by)
    working.work(told.batch.id, by=by, seconds=60)
    return batch_lists.get(told.batch.id, by=by)


def outcomes(told: batch_lists.Told) -> list[ItemOutcome | None]:
    return [item.outcome for item in told.items]


def story(action: str) -> list[AuditEntry]:
    return list(db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == action)))


def seen(ids: Sequence[UUID], wanted: Wanted, by: Actor) -> list[tuple[ItemOutcome | None, str]]:
    known = task_lists.some(ids, by)
    judged = batches.judged([known.get(each) for each in ids], wanted, by=by)
    return [(verdict.outcome, verdict.message) for verdict in judged]


def test_many_are_taken_and_one_that_is_refused_keeps_no_other(people: dict[str, Actor]) -> None:
    ann, ben = people["ann"], people["ben"]
    ids = opened(3, ann)
    tasks.claim(db.session.get_one(HumanTask, ids[1]), by=ben)
    tasks.claim(db.session.get_one(HumanTask, ids[2]), by=ann)
    db.session.commit()
    missing = new_id()

    foreseen = seen([*ids, missing], Wanted(CLAIM), ann)
    told = done([*ids, missing], Wanted(CLAIM), ann)

    expected = [ItemOutcome.DONE, ItemOutcome.REFUSED, ItemOutcome.ALREADY, ItemOutcome.REFUSED]
    assert outcomes(told) == expected
    assert [outcome or ItemOutcome.DONE for outcome, _ in foreseen] == expected  # what was said beforehand
    assert told.items[1].message is not None and told.items[1].message.startswith("Ben has this task now")
    assert foreseen[1][1] == told.items[1].message
    assert sorted(entry.actor for entry in story("task:claimed")) == ["ann", "ann", "ben"]  # each as if done by itself


def test_what_somebody_may_not_see_is_not_told_from_what_is_not_there(people: dict[str, Actor]) -> None:
    ids = opened(1, people["ann"])
    missing = new_id()

    foreseen = seen([ids[0], missing], Wanted(CLAIM), people["zoe"])
    told = done([ids[0], missing], Wanted(CLAIM), people["zoe"])

    assert foreseen[0] == foreseen[1] == (ItemOutcome.REFUSED, batches.NOT_THERE)
    assert {(item.outcome, item.message) for item in told.items} == {foreseen[0]}
    assert dict(told.tasks) == {}


def test_a_restricted_case_is_closed_to_batches_too(people: dict[str, Actor]) -> None:
    ann, mia = people["ann"], people["mia"]
    ids = opened(1, ann)
    case = db.session.get_one(HumanTask, ids[0]).case
    roles.restrict(case, True, by=ann, reason="A test.")
    db.session.commit()

    told = done(ids, Wanted(BatchAction.ASSIGN, to="ben"), mia)

    assert [(item.outcome, item.message) for item in told.items] == [(ItemOutcome.REFUSED, batches.NOT_THERE)]


def test_a_batch_that_is_sent_twice_has_no_effect_twice(people: dict[str, Actor]) -> None:
    ids, batch = opened(2, people["ann"]), new_id()
    done(ids, Wanted(CLAIM), people["ann"], batch=batch)
    for task_id in ids:
        tasks.release(db.session.get_one(HumanTask, task_id), by=people["ann"])
        db.session.commit()

    told = done(ids, Wanted(CLAIM), people["ann"], batch=batch)

    assert outcomes(told) == [ItemOutcome.DONE, ItemOutcome.DONE]
    assert len(story("task:claimed")) == 2
    assert db.session.get_one(HumanTask, ids[0]).assignee is None


def test_a_batch_sent_by_ten_at_once_does_each_task_once(app: Flask, people: dict[str, Actor]) -> None:
    ann, batch = people["ann"], new_id()
    ids = opened(8, ann)
    batches.begin(batch, ids, Wanted(CLAIM), by=ann)
    db.session.commit()
    db.session.rollback()
    gate = threading.Barrier(10)

    def send() -> int:
        with app.app_context():
            gate.wait()
            return working.work(batch, by=ann, seconds=60)

    with ThreadPoolExecutor(10) as pool:
        left = [each.result() for each in [pool.submit(send) for _ in range(10)]]

    assert left == [0] * 10
    assert len(story("task:claimed")) == len(ids)
    assert outcomes(batch_lists.get(batch, by=ann)) == [ItemOutcome.DONE] * len(ids)


def test_somebody_elses_batch_is_not_there(people: dict[str, Actor]) -> None:
    told = done(opened(1, people["ann"]), Wanted(CLAIM), people["ann"])

    with pytest.raises(NotFound):
        batch_lists.get(told.batch.id, by=people["ben"])
    with pytest.raises(NotFound):
        batches.begin(told.batch.id, [new_id()], Wanted(CLAIM), by=people["ben"])
    with pytest.raises(NotFound):
        batches.begin_undoing(told.batch, by=people["ben"])


def test_what_was_taken_is_given_back_unless_something_followed(people: dict[str, Actor]) -> None:
    ann, mia = people["ann"], people["mia"]
    ids = opened(2, ann)
    told = done(ids, Wanted(CLAIM), ann)
    tasks.schedule(db.session.get_one(HumanTask, ids[1]), by=mia, priority=90)
    db.session.commit()

    after = undone(told, ann)

    assert outcomes(after) == [ItemOutcome.UNDONE, ItemOutcome.KEPT]
    assert after.items[1].message == "Something has happened to it since."
    assert [db.session.get_one(HumanTask, each).assignee for each in ids] == [None, "ann"]
    assert [entry.actor for entry in story("task:released")] == ["ann"]
    assert not after.may_be_undone


def test_what_was_given_to_somebody_goes_back_to_who_had_it(people: dict[str, Actor]) -> None:
    ann, mia = people["ann"], people["mia"]
    ids = opened(3, ann)
    done(ids[:1], Wanted(CLAIM), ann)
    tasks.claim(db.session.get_one(HumanTask, ids[1]), by=ann)
    tasks.delegate(task := db.session.get_one(HumanTask, ids[1]), by=ann, to=_user("zoe"))
    db.session.commit()
    assert task.delegated_by == "ann"

    told = done(ids, Wanted(BatchAction.ASSIGN, to="ben"), mia)
    given = [db.session.get_one(HumanTask, each).assignee for each in ids]
    undone(told, mia)

    assert given == ["ben"] * 3
    found = [db.session.get_one(HumanTask, each) for each in ids]
    assert [(task.assignee, task.delegated_by, task.state) for task in found] == [
        ("ann", None, TaskState.RESERVED),
        ("zoe", "ann", TaskState.RESERVED),
        (None, None, TaskState.READY),
    ]
    assert list(comparison.differences()) == []  # the stories say the same


def _user(name: str) -> User:
    return db.session.scalars(sa.select(User).where(User.name == name)).one()


def test_only_who_manages_says_when_it_is_due_and_how_urgent(people: dict[str, Actor]) -> None:
    ids, due = opened(1, people["ann"]), utcnow() + timedelta(days=2)
    wanted = Wanted(BatchAction.DUE, due_at=due)

    refused = done(ids, wanted, people["ben"])
    told = done(ids, wanted, people["mia"])
    again = done(ids, wanted, people["mia"])
    rated = done(ids, Wanted(BatchAction.PRIORITY, priority=95), people["mia"])

    assert [outcomes(each)[0] for each in (refused, told, again, rated)] == ["refused", "done", "already", "done"]
    task = db.session.get_one(HumanTask, ids[0])
    assert (task.due_at, task.priority) == (due, 95)
    beside = sa.select(TaskCandidate.due, TaskCandidate.rank).where(TaskCandidate.task_id == task.id)
    assert [tuple(row) for row in db.session.execute(beside)] == [(due, -95)]  # where queues are read
    undone(rated, people["mia"])
    assert db.session.get_one(HumanTask, ids[0]).priority == 50
    assert [list(entry.details or {}) for entry in story("task:scheduled")] == [
        ["task", "due"],
        ["task", "priority"],
        ["task", "priority"],
    ]


def test_tasks_of_the_same_step_are_completed_with_the_same_values_and_keep_their_own(people: dict[str, Actor]) -> None:
    ann = people["ann"]
    ids = opened(3, ann)
    done(ids, Wanted(CLAIM), ann)
    tasks.complete(db.session.get_one(HumanTask, ids[2]), by=ann, submitted={"finding": "fine"})
    db.session.commit()
    chosen = sa.select(HumanTask.id).where(HumanTask.element_id == "File")
    other = db.session.scalars(chosen).one()
    done([other], Wanted(CLAIM), ann)
    wanted = Wanted(BatchAction.COMPLETE, data={"finding": "sound", "item": ""})

    foreseen = seen([*ids, other], wanted, ann)
    told = done([*ids, other], wanted, ann)

    assert [outcome for outcome, _ in foreseen] == [None, None, ItemOutcome.REFUSED, ItemOutcome.REFUSED]
    assert outcomes(told) == ["done", "done", "refused", "refused"]
    assert "another step" in (told.items[3].message or "")
    found = db.session.scalars(sa.select(Case).order_by(Case.id)).all()
    assert [case.variables["finding"] for case in found] == ["sound", "sound", "fine"]
    assert [case.variables["item"] for case in found] == ["No. 0", "No. 1", "No. 2"]  # what was left empty stayed
    assert told.batch.details == {}  # what was filled in is not kept here


def test_a_substitute_completes_what_was_foreseen_and_no_other_step(people: dict[str, Actor]) -> None:
    ann, ben = people["ann"], people["ben"]
    look, filed = opened(2, ann)
    done([look, filed], Wanted(CLAIM), ben)
    tasks.complete(db.session.get_one(HumanTask, filed), by=ben, submitted={"finding": "fine"})
    db.session.commit()
    other = db.session.scalars(sa.select(HumanTask.id).where(HumanTask.element_id == "File")).one()
    done([other], Wanted(CLAIM), ben)
    away = [db.session.get_one(User, each.id) for each in (ben, ann)]
    today = utcnow().date()
    absences.away(away[0], today, today, zone="UTC", stand_ins=[absences.StandIn(away[1])], by=ben)
    db.session.commit()
    substitute = replace(ann, stands_in=True)
    wanted = Wanted(BatchAction.COMPLETE, data={"finding": "sound"})

    foreseen = seen([look, other], wanted, substitute)
    told = done([look, other], wanted, substitute)

    assert [outcome for outcome, _ in foreseen] == [None, ItemOutcome.REFUSED]
    assert outcomes(told) == ["done", "refused"] and "another step" in (told.items[1].message or "")
    task = db.session.get_one(HumanTask, look)
    assert (task.closed_by, task.closed_for) == ("ann", "ben")


def test_a_form_that_is_not_filled_in_is_refused_beforehand(people: dict[str, Actor]) -> None:
    ids = opened(1, people["ann"])
    done(ids, Wanted(CLAIM), people["ann"])
    wanted = Wanted(BatchAction.COMPLETE, data={"finding": ""})

    foreseen, told = seen(ids, wanted, people["ann"]), done(ids, wanted, people["ann"])

    assert foreseen[0][0] is ItemOutcome.REFUSED and "required" in foreseen[0][1].lower()
    assert told.items[0].message == foreseen[0][1]
    with pytest.raises(WrongState):
        batches.begin_undoing(told.batch, by=people["ann"])


def test_what_no_task_could_be_is_refused_as_a_whole(people: dict[str, Actor]) -> None:
    mia = people["mia"]
    many = [new_id() for _ in range(batches.MOST + 1)]

    for ids, wanted, said in [
        ([], Wanted(CLAIM), "at least one"),
        (many, Wanted(CLAIM), f"at most {batches.MOST}"),
        (many[:1], Wanted(BatchAction.ASSIGN, to="nobody"), "Pick one"),
        (many[:1], Wanted(BatchAction.PRIORITY), "0 to 100"),
    ]:
        with pytest.raises(BadRequest, match=said):
            batches.begin(new_id(), ids, wanted, by=mia)


def test_nothing_is_left_that_nobody_is_offered(people: dict[str, Actor]) -> None:
    ids = opened(1, people["ann"])
    case = db.session.get_one(HumanTask, ids[0]).case
    added = tasks.add(case, by=people["mia"], name="Call", to=_user("ann"))
    db.session.commit()

    told = done([added.id], Wanted(BatchAction.ASSIGN), people["mia"])

    assert outcomes(told) == ["refused"] and "nobody else" in (told.items[0].message or "")


def test_a_batch_goes_on_where_its_time_was_over(people: dict[str, Actor]) -> None:
    ids, batch = opened(3, people["ann"]), new_id()
    batches.begin(batch, ids, Wanted(CLAIM), by=people["ann"])

    left = [working.work(batch, by=people["ann"], seconds=0) for _ in ids]

    assert left == [2, 1, 0]
    assert outcomes(batch_lists.get(batch, by=people["ann"])) == ["done"] * 3


def test_batches_are_forgotten_after_a_week(people: dict[str, Actor]) -> None:
    from service.maintenance.housekeeping import forget_expired

    done(opened(1, people["ann"]), Wanted(CLAIM), people["ann"])

    forget_expired(utcnow() + timedelta(days=6))
    kept = db.session.scalars(sa.select(TaskBatch.id)).all()
    forget_expired(utcnow() + timedelta(days=8))

    assert len(kept) == 1 and not db.session.scalars(sa.select(TaskBatch.id)).all()
    assert not db.session.scalars(sa.select(BatchItem.place)).all()
