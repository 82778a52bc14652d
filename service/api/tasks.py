"""Human tasks over REST: the lists, the form, and what people do with them."""

from __future__ import annotations

from uuid import UUID

from service import forms
from service.api import schemas, shapes
from service.api.batch_shapes import Schedule
from service.api.representations import listed, task_etag, task_shape
from service.api.requests import check_if_match
from service.api.routes import SIGNED_IN, Answer, Routes
from service.db import before_the_lock, db
from service.execution.definitions import deployed, form_of_task
from service.http.auth import current_actor
from service.models import Actor, HumanTask
from service.operations import follow_ups, follows, next_task, tasks
from service.policy.permissions import Action, require
from service.queries import cases as case_lists
from service.queries import filtering
from service.queries import follows as follow_lists
from service.queries import next_task as queue
from service.queries import tasks as task_lists
from service.queries import users as user_lists
from service.queries.filtering import bounding

routes = Routes("tasks")
LISTS = {"mine": task_lists.mine, "team": task_lists.team, "all": task_lists.all_open}


@routes.get("/tasks", Action.READ_TASK, query=schemas.TaskQuery, gives=list[shapes.TaskShape], limit="search")
def list_tasks(query: schemas.TaskQuery) -> Answer:
    """Open tasks, the most urgent first."""
    actor, parameters = current_actor(), dict(query)
    text = parameters.pop("q") or ""
    with bounding.in_time(text):
        found = LISTS[parameters.pop("view")](actor, filtered=filtering.tasks(text, actor), **parameters)
    return Answer(listed(found, lambda task: task_shape(task, actor)))


@routes.post("/tasks/next", Action.TAKE_NEXT, gives=shapes.TaskShape, also=(204,))
def take_next() -> Answer:
    """Take the most urgent task that you may claim, in the order of your teams; 204 when there is none."""
    actor = current_actor()
    task = next_task.take(queue.candidates(actor), by=actor)
    return _answer(task, actor) if task is not None else Answer(status=204)


@routes.get("/tasks/{task_id}", Action.READ_TASK, gives=shapes.TaskShape, conditional=True)
def get_task(task_id: UUID) -> Answer:
    """One task."""
    actor = current_actor()
    task = task_lists.get(task_id, by=actor)
    return Answer(lambda: task_shape(task, actor), etag=task_etag(task, actor))


@routes.get("/tasks/{task_id}/form", Action.READ_TASK, gives=shapes.FormShape, conditional=True)
def get_form(task_id: UUID) -> Answer:
    """The task's form (a form-js schema) and the data it starts with; both empty for a task without a form."""
    actor = current_actor()
    task = task_lists.get(task_id, by=actor)
    return Answer(lambda: _form(task), etag=task_etag(task, actor))


@routes.get(
    "/tasks/{task_id}/form/json-schema",
    Action.READ_TASK,
    gives=dict[str, object],
    media="application/schema+json",
    conditional=True,
)
def get_form_json_schema(task_id: UUID) -> Answer:
    """The fixed part of the form's rules as JSON Schema: what `data` has to look like to complete the task."""
    actor = current_actor()
    task = task_lists.get(task_id, by=actor)
    schema = form_of_task(task)
    return Answer(lambda: forms.json_schema(schema or {}), etag=task_etag(task, actor))


@routes.post("/tasks/{task_id}/claim", Action.CLAIM, gives=shapes.TaskShape, conditional=True)
def claim(task_id: UUID) -> Answer:
    """Take a task that is offered to you."""
    task, actor = _to_change(task_id)
    tasks.claim(task, by=actor)
    return _answer(task, actor)


@routes.post("/tasks/{task_id}/release", Action.RELEASE, gives=shapes.TaskShape, conditional=True)
def release(task_id: UUID) -> Answer:
    """Give a claimed task back to its candidates."""
    task, actor = _to_change(task_id)
    tasks.release(task, by=actor)
    return _answer(task, actor)


@routes.post(
    "/tasks/{task_id}/delegate", Action.DELEGATE, body=schemas.GiveTask, gives=shapes.TaskShape, conditional=True
)
def delegate(task_id: UUID, body: schemas.GiveTask) -> Answer:
    """Let somebody else work on it; it comes back when handed back."""
    task, actor = _to_change(task_id)
    require(actor, Action.DELEGATE, task)  # before it is said who there is
    tasks.delegate(task, by=actor, to=user_lists.user(body.to))
    return _answer(task, actor)


@routes.post("/tasks/{task_id}/hand-back", Action.HAND_BACK, gives=shapes.TaskShape, conditional=True)
def hand_back(task_id: UUID) -> Answer:
    """Return a delegated task to who delegated it."""
    task, actor = _to_change(task_id)
    tasks.hand_back(task, by=actor)
    return _answer(task, actor)


@routes.post(
    "/tasks/{task_id}/send-back", Action.SEND_BACK, body=schemas.SendBack, gives=shapes.TaskShape, conditional=True
)
def send_back(task_id: UUID, body: schemas.SendBack) -> Answer:
    """Return your task to who had it before, or did the step before it; where they may not do it, to its candidates."""
    task, actor = _to_change(task_id)
    tasks.send_back(task, by=actor, reason=body.reason)
    return _answer(task, actor)


@routes.post(
    "/tasks/{task_id}/assign", Action.ASSIGN, body=schemas.AssignTask, gives=shapes.TaskShape, conditional=True
)
def assign(task_id: UUID, body: schemas.AssignTask) -> Answer:
    """Give the task to somebody, whoever has it now; to nobody: back to its candidates."""
    task, actor = _to_change(task_id)
    require(actor, Action.ASSIGN, task)
    tasks.assign(task, by=actor, to=user_lists.user(body.to) if body.to is not None else None)
    return _answer(task, actor)


@routes.post("/tasks/{task_id}/schedule", Action.SCHEDULE, body=Schedule, gives=shapes.TaskShape, conditional=True)
def schedule(task_id: UUID, body: Schedule) -> Answer:
    """Say by when the task is to be done, or how it stands among others."""
    task, actor = _to_change(task_id)
    tasks.schedule(task, by=actor, **{name: getattr(body, name) for name in body.model_fields_set})
    return _answer(task, actor)


@routes.post("/tasks/{task_id}/put-off", Action.PUT_OFF, body=schemas.PutOff, gives=shapes.TaskShape, conditional=True)
def put_off(task_id: UUID, body: schemas.PutOff) -> Answer:
    """Have the task out of the lists until then; without a moment it is back at once."""
    task, actor = _to_change(task_id)
    if body.until is None:
        follow_ups.take_up(task, by=actor)
    else:
        follow_ups.put_off(task, body.until, by=actor)
    return _answer(task, actor)


@routes.post(
    "/tasks/{task_id}/complete", Action.COMPLETE, body=schemas.CompleteTask, gives=shapes.TaskShape, conditional=True
)
def complete(task_id: UUID, body: schemas.CompleteTask) -> Answer:
    """Finish your task with its form; 422 names the fields to correct."""
    with before_the_lock():
        task, actor = _to_change(task_id)
        accepted = tasks.accept(task, by=actor, submitted=body.data)
    tasks.complete(task, by=actor, submitted=body.data, accepted=accepted)
    return _answer(task, actor)


@routes.post("/cases/{case_id}/tasks", Action.ADD_TASK, body=schemas.AddTask, gives=shapes.TaskShape, status=201)
def add_task(case_id: UUID, body: schemas.AddTask) -> Answer:
    """Add a task that nobody drew to a running case, which then waits for it.

    With `parent` it is a subtask of that task, which waits for it too unless it is `optional`.
    """
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    require(actor, Action.ADD_TASK, case)
    given = body.model_dump(exclude={"to", "parent"})
    given["parent"] = task_lists.get(body.parent, by=actor) if body.parent is not None else None
    task = tasks.add(case, by=actor, to=user_lists.user(body.to) if body.to is not None else None, **given)
    db.session.flush()
    return _answer(task, actor)


@routes.put("/tasks/{task_id}/checklist", Action.COMPLETE, body=schemas.Tick, gives=shapes.TaskShape, conditional=True)
def tick(task_id: UUID, body: schemas.Tick) -> Answer:
    """Say what on your task's list is done."""
    task, actor = _to_change(task_id)
    tasks.tick(task, body.done, by=actor)
    return _answer(task, actor)


@routes.post("/tasks/{task_id}/withdraw", Action.WITHDRAW_TASK, body=schemas.CancelCase, gives=shapes.TaskShape)
def withdraw(task_id: UUID, body: schemas.CancelCase) -> Answer:
    """Cancel a task that was added by hand."""
    task, actor = _to_change(task_id)
    tasks.withdraw(task, by=actor, reason=body.reason)
    return _answer(task, actor)


@routes.put("/tasks/{task_id}/follow", Action.READ_TASK, body=schemas.Follow, gives=shapes.FollowShape)
def follow(task_id: UUID, body: schemas.Follow) -> Answer:
    """Follow a task, or no longer: what others do there, or say of it, is news to you. Nobody else sees it."""
    actor = current_actor()
    task = task_lists.get(task_id, by=actor)
    (follows.follow if body.following else follows.leave)(task, by=actor)
    return Answer({"following": body.following})


@routes.get("/me/followed-tasks", SIGNED_IN, gives=shapes.FollowedTasksShape)
def followed_tasks() -> Answer:
    """The tasks that you follow, the last one first; `news`: somebody else did something there since you looked."""
    found = follow_lists.followed(current_actor(), limit=follows.MOST)
    rows = [
        {"id": str(each.id), "name": each.name, "state": each.state.value, "case": each.number, "news": each.news}
        for each in found
    ]
    return Answer({"followed": rows})


def _to_change(task_id: UUID) -> tuple[HumanTask, Actor]:
    actor = current_actor()
    task = task_lists.to_change(task_id, by=actor)
    check_if_match(task.case, lambda: task_etag(task, actor))
    return task, actor


def _form(task: HumanTask) -> shapes.FormShape:
    schema = form_of_task(task)
    context = {**task.case.variables, **(task.local or {})}
    data = forms.initial(schema, context) if schema else {}
    found = task.form_id or deployed(task.case.definition_id).forms.get(task.form_key or "")
    return {"id": str(found) if found else None, "key": task.form_key, "schema": schema, "data": data}


def _answer(task: HumanTask, actor: Actor) -> Answer:
    db.session.flush()  # the version is counted up as it is written
    return Answer(task_shape(task, actor), etag=task_etag(task, actor))
