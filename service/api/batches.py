"""The same thing done to many tasks over REST: looked at beforehand, done one by one, undone."""

from __future__ import annotations

from uuid import UUID, uuid5

from flask import request, url_for

from service.api.batch_shapes import BatchOfTasks, BatchShape, VerdictShape
from service.api.idempotency import HEADER
from service.api.representations import all_of, moment, moment_of
from service.api.routes import Answer, Routes
from service.db import before_the_lock, db, new_id
from service.http import batches as working
from service.http.auth import current_actor
from service.models import Actor
from service.operations import batches as operations
from service.policy.permissions import Action, require
from service.queries import batches
from service.queries import tasks as task_lists

routes = Routes("task-batches")
SECONDS = 20.0  #: how long one request works; what is left then goes on with the next


@routes.post("/task-batches/preview", Action.CHANGE_TASKS, body=BatchOfTasks, gives=list[VerdictShape])
def preview(body: BatchOfTasks) -> Answer:
    """What would become of each task now; nothing is changed."""
    actor = current_actor()
    require(actor, Action.CHANGE_TASKS)
    ids = list(dict.fromkeys(body.tasks))
    with before_the_lock():
        seen = task_lists.some(ids, actor)
        found = operations.judged([seen.get(each) for each in ids], _wanted(body), by=actor)

    def shape(place: int) -> VerdictShape:
        verdict = found[place]
        outcome = verdict.outcome.value if verdict.outcome else "ready"
        return {"task_id": str(ids[place]), "outcome": outcome, "message": verdict.message}

    return Answer(all_of(range(len(ids)), shape))


@routes.post("/task-batches", Action.CHANGE_TASKS, body=BatchOfTasks, gives=BatchShape, status=201)
def make(body: BatchOfTasks) -> Answer:
    """Do the same to many tasks, to each in a transaction of its own; one that is refused does not keep the others."""
    actor = current_actor()
    batch_id = id_of_request(actor)
    operations.begin(batch_id, body.tasks, _wanted(body), by=actor)
    working.work(batch_id, by=actor, seconds=SECONDS)
    return Answer(shape_of(batch_id, actor), location=url_for("api.task-batches.get_batch", batch_id=batch_id))


@routes.get("/task-batches/{batch_id}", Action.READ_TASK, gives=BatchShape)
def get_batch(batch_id: UUID) -> Answer:
    """One of your batches, with what became of each task; kept for a week."""
    return Answer(shape_of(batch_id, current_actor()))


@routes.post("/task-batches/{batch_id}/go-on", Action.CHANGE_TASKS, gives=BatchShape)
def go_on(batch_id: UUID) -> Answer:
    """Do what is `left`: after a batch that took long, or that was interrupted."""
    actor = current_actor()
    batches.get(batch_id, by=actor)
    working.work(batch_id, by=actor, seconds=SECONDS)
    return Answer(shape_of(batch_id, actor))


@routes.post("/task-batches/{batch_id}/undo", Action.CHANGE_TASKS, gives=BatchShape)
def undo(batch_id: UUID) -> Answer:
    """Put the tasks back as they were, each to which nothing has happened since."""
    actor = current_actor()
    operations.begin_undoing(batches.get(batch_id, by=actor).batch, by=actor)
    working.work(batch_id, by=actor, seconds=SECONDS)
    return Answer(shape_of(batch_id, actor))


def id_of_request(actor: Actor) -> UUID:
    """Of a repeated request the same, so that it goes on with the batch that is there."""
    key = request.headers.get(HEADER)
    return new_id() if key is None or actor.id is None else uuid5(actor.id, key)


def _wanted(body: BatchOfTasks) -> operations.Wanted:
    return operations.Wanted(body.action, body.to, body.due_at, body.priority, body.data)


def shape_of(batch_id: UUID, actor: Actor) -> BatchShape:
    db.session.expire_all()
    told = batches.get(batch_id, by=actor)
    return {
        "id": str(batch_id),
        "action": told.batch.action.value,
        "created_at": moment_of(told.batch.created_at),
        "undone_at": moment(told.batch.undone_at),
        "left": told.left,
        "items": [
            {
                "task_id": str(item.task_id),
                "outcome": item.outcome.value if item.outcome else "waiting",
                "message": item.message or "",
            }
            for item in told.items
        ],
    }
