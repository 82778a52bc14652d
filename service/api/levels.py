"""Service levels over REST: how those of a case or a task stand, with every stretch that was counted or not."""

from __future__ import annotations

from uuid import UUID

from typing_extensions import TypedDict

from service.api.representations import all_of, moment, moment_of
from service.api.routes import Answer, Routes
from service.api.shapes import Id, Moment
from service.http.auth import current_actor
from service.policy.permissions import Action
from service.queries import cases as case_lists
from service.queries import levels
from service.queries import tasks as task_lists

routes = Routes("service levels")


class StretchShape(TypedDict):
    begin: Moment
    end: Moment
    counted: bool
    why: str  # why it was not counted


class ServiceLevelShape(TypedDict):
    id: Id
    about: str  # case, stage or task
    stage: str | None
    task_id: Id | None
    kind: str  # response or resolution
    state: str  # running, stopped, met, missed or cancelled
    verdict: str  # ok, warned or breached
    why: str  # while it is stopped
    target: str
    warning: str
    calendar: str | None
    began_at: Moment
    ended_at: Moment | None
    warn_at: Moment | None
    due_at: Moment | None
    allowed_seconds: float
    counted_seconds: float
    stretches: list[StretchShape]
    is_whole: bool


@routes.get("/cases/{case_id}/service-levels", Action.READ_CASE, gives=list[ServiceLevelShape])
def levels_of_case(case_id: UUID) -> Answer:
    """The service levels of a case, of its stage and of its open tasks."""
    case = case_lists.get(case_id, by=current_actor())
    return Answer(all_of(levels.arithmetic(levels.of_case(case)), _shape))


@routes.get("/tasks/{task_id}/service-levels", Action.READ_TASK, gives=list[ServiceLevelShape])
def levels_of_task(task_id: UUID) -> Answer:
    """The service levels of a task."""
    task = task_lists.get(task_id, by=current_actor())
    return Answer(all_of(levels.arithmetic(levels.of_task(task)), _shape))


def _shape(each: levels.Arithmetic) -> ServiceLevelShape:
    standing, clock, measure = each.standing, each.standing.clock, each.standing.measure
    return {
        "id": str(clock.id),
        "about": standing.about,
        "stage": clock.stage,
        "task_id": str(clock.task_id) if clock.task_id else None,
        "kind": clock.kind,
        "state": standing.state,
        "verdict": standing.verdict.value,
        "why": standing.why,
        "target": clock.declared["target"],
        "warning": clock.declared["warning"],
        "calendar": clock.calendar or None,
        "began_at": moment_of(clock.began_at),
        "ended_at": moment(clock.ended_at),
        "warn_at": moment(measure.warn_at),
        "due_at": moment(measure.due_at),
        "allowed_seconds": measure.allowance.total_seconds(),
        "counted_seconds": measure.counted.total_seconds(),
        "stretches": [
            {"begin": moment_of(line.begin), "end": moment_of(line.end), "counted": line.is_counted, "why": line.why}
            for line in each.lines
        ],
        "is_whole": each.is_whole,
    }
