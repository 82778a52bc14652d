"""A task for somebody who is not there is offered to its candidates; where it has none, operations hear of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db
from service.errors import WrongState
from service.maintenance import comparison
from service.models import SYSTEM, Actor, AuditEntry, Case, HumanTask, Incident, IncidentState, TaskState, User
from service.operations import cases, deployments, incidents, tasks
from tests.engine.drawn import document, flow


def opened(attributes: str) -> tuple[Case, HumanTask]:
    """A case whose only task has these attributes."""
    inner = '<startEvent id="s"/>' + flow("s", "a") + f'<userTask id="a" name="Look" {attributes}/>'
    deployments.deploy({"small.bpmn": document(inner)}, by=SYSTEM)
    definition = deployments.latest_definition("p")
    assert definition is not None
    case = cases.begin(definition, {"who": "zoe"}, by=SYSTEM)
    db.session.commit()
    return case, db.session.scalars(sa.select(HumanTask).where(HumanTask.case_id == case.id)).one()


def stuck() -> list[Incident]:
    return list(db.session.scalars(sa.select(Incident).where(Incident.state == IncidentState.OPEN)))


def test_it_is_offered_to_its_candidates_and_the_story_says_so(app: Flask, person: Callable[..., Actor]) -> None:
    ben = person("ben", "clerks")
    case, task = opened('case:assignee="= who" case:candidateGroups="clerks"')

    tasks.claim(task, by=ben)

    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "task:unassigned")).one()
    assert (entry.element_id, entry.details) == ("a", {"task": str(task.id), "to": None, "for": "zoe"})
    assert (task.assignee, task.state, stuck()) == ("ben", TaskState.RESERVED, [])
    assert entry.case_id == case.id


def test_somebody_who_has_left_is_not_there(app: Flask, person: Callable[..., Actor]) -> None:
    db.session.get_one(User, person("zoe").id).active = False

    _case, task = opened('case:assignee="zoe" case:candidateGroups="clerks"')

    db.session.flush()
    assert (task.assignee, task.state) == (None, TaskState.READY)
    assert list(comparison.differences()) == []


def test_without_candidates_it_is_an_incident_until_it_is_assigned(app: Flask, person: Callable[..., Actor]) -> None:
    root = person("root", admin=True)
    case, task = opened('case:assignee="zoe"')
    [incident] = stuck()

    tasks.assign(task, by=root, to=db.session.get_one(User, root.id))

    assert (incident.case_id, incident.element_id, case.state) == (case.id, "a", "active")
    assert incident.message.startswith("The task “Look” is for “zoe”, who is no user here")
    assert (incident.state, incident.resolved_by) == (IncidentState.RESOLVED, "root")


def test_the_incident_can_be_tried_again_once_the_user_is_there(app: Flask, person: Callable[..., Actor]) -> None:
    root = person("root", admin=True)
    _case, task = opened('case:assignee="zoe"')
    [incident] = stuck()
    with pytest.raises(WrongState, match="There is still no user “zoe”"):
        incidents.retry(incident, by=root)
    zoe = person("zoe")

    incidents.retry(incident, by=root)
    tasks.complete(task, by=zoe, submitted={})

    assert stuck() == [] and task.state is TaskState.COMPLETED


def test_who_is_there_gets_the_task(app: Flask, person: Callable[..., Actor]) -> None:
    person("zoe")

    _case, task = opened('case:assignee="zoe"')

    assert (task.assignee, task.state, stuck()) == ("zoe", TaskState.RESERVED, [])
