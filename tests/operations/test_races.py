"""Many people at one task: one succeeds, the others are told at once, and everything follows once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm.exc import StaleDataError

from service import jobs
from service.db import db
from service.errors import WrongState
from service.models import SYSTEM, Actor, AuditEntry, HumanTask
from service.models.jobs import job_status
from service.operations import cases, deployments, tasks
from service.queries import tasks as task_lists

TASKS, PEOPLE = 30, 10
MODEL = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:case="urn:casewright:bpmn:1.0"
    id="race" targetNamespace="urn:tests">
  <bpmn:process id="race" name="Race" isExecutable="true" case:numberPrefix="RAC" case:candidateStarterGroups="runners">
    <bpmn:startEvent id="Begin"/>
    <bpmn:userTask id="Run" name="Run" case:candidateGroups="runners"/>
    <bpmn:intermediateCatchEvent id="Rest"><bpmn:timerEventDefinition id="d">
      <bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>
    <bpmn:endEvent id="End"/>
    <bpmn:sequenceFlow id="f1" sourceRef="Begin" targetRef="Run"/>
    <bpmn:sequenceFlow id="f2" sourceRef="Run" targetRef="Rest"/>
    <bpmn:sequenceFlow id="f3" sourceRef="Rest" targetRef="End"/>
  </bpmn:process>
</bpmn:definitions>
"""


@pytest.fixture
def open_tasks(app: Flask, person: Callable[..., Actor]) -> list[UUID]:
    """Thirty claimable tasks, each in a case of its own."""
    deployments.deploy({"race.bpmn": MODEL.encode()}, by=SYSTEM)
    db.session.commit()
    definition = deployments.latest_definition("race")
    assert definition is not None
    starter = person("starter", "runners")
    for _ in range(TASKS):
        cases.start(definition, by=starter, submitted={})
        db.session.commit()
    return list(db.session.scalars(sa.select(HumanTask.id)))


def at_once(app: Flask, people: list[Actor], ids: list[UUID], act: Callable[[HumanTask, Actor], None]) -> Counter[str]:
    """Everybody does `act` with every task, all starting together; how often it went how."""
    db.session.rollback()  # our own transaction would keep SQLite's write lock
    gate = threading.Barrier(len(people))

    def everything(who: Actor) -> list[str]:
        gate.wait()
        return [one(who, task_id) for task_id in ids]

    def one(who: Actor, task_id: UUID) -> str:
        with app.app_context():
            try:
                act(task_lists.to_change(task_id, by=who), who)
                db.session.commit()
            except (WrongState, StaleDataError) as error:
                db.session.rollback()
                return type(error).__name__
            return "done"

    with ThreadPoolExecutor(len(people)) as pool:
        return Counter(result for results in pool.map(everything, people) for result in results)


def test_of_ten_people_at_once_one_claims_each_task(
    app: Flask, person: Callable[..., Actor], open_tasks: list[UUID]
) -> None:
    people = [person(f"runner{n}", "runners") for n in range(PEOPLE)]

    outcomes = at_once(app, people, open_tasks, lambda task, who: tasks.claim(task, by=who))

    assert outcomes == {"done": TASKS, "WrongState": TASKS * (PEOPLE - 1)}  # nobody got as far as to write
    claims = sa.select(sa.func.count()).where(AuditEntry.action == "task:claimed")
    assert db.session.execute(claims).scalar_one() == TASKS


def test_of_ten_completions_at_once_one_counts_and_everything_follows_once(
    app: Flask, person: Callable[..., Actor], open_tasks: list[UUID]
) -> None:
    ann = person("ann", "runners")
    for task_id in open_tasks:
        tasks.claim(db.session.get_one(HumanTask, task_id), by=ann)
        db.session.commit()

    outcomes = at_once(app, [ann] * PEOPLE, open_tasks, lambda task, who: tasks.complete(task, by=who, submitted={}))

    assert outcomes == {"done": TASKS, "WrongState": TASKS * (PEOPLE - 1)}
    completions = sa.select(sa.func.count()).where(AuditEntry.action == "task:completed")
    assert db.session.execute(completions).scalar_one() == TASKS
    delayed = sa.select(sa.func.count()).select_from(job_status).where(job_status.c.workflow_uuid.like("timer:%"))
    assert jobs.execute(delayed).scalar_one() == TASKS
