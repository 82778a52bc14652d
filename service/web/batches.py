"""The same thing done to many tasks of a list: what would become of each, doing it while one looks, and undoing it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from service.db import before_the_lock, db, new_id
from service.errors import BadRequest
from service.execution.definitions import form_of_task
from service.http import batches as working
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _, later
from service.models import Actor, BatchAction, HumanTask, ItemOutcome
from service.operations import batches as operations
from service.policy.permissions import Action, require
from service.queries import batches
from service.queries import tasks as task_lists
from service.web import people, spoken, words
from service.web.rendering import go, moment, moment_in, moment_sent, names_of, page, wants_part

blueprint = Blueprint("batches", __name__)
SECONDS = 1.0  #: how long one request works, so that the page shows how far it is
#: What the button, the heading and the result say; `{}` is what it is done with.
WORDS = {
    BatchAction.CLAIM: (later("Take"), later("taken")),
    BatchAction.RELEASE: (later("Give back"), later("given back")),
    BatchAction.ASSIGN: (later("Assign"), later("given to {}")),
    BatchAction.DUE: (later("Set the due date of"), later("due {}")),
    BatchAction.PRIORITY: (later("Set the priority of"), later("given the priority {}")),
    BatchAction.COMPLETE: (later("Complete"), later("completed")),
}
CHIPS = {
    None: words.Chip("waits"),
    ItemOutcome.DONE: words.Chip("done", "good"),
    ItemOutcome.ALREADY: words.Chip(later("so already")),
    ItemOutcome.REFUSED: words.Chip(later("not done"), "bad"),
    ItemOutcome.UNDONE: words.Chip("undone", "info"),
    ItemOutcome.KEPT: words.Chip(later("not undone"), "warn"),
}
SIGNS = {"good": "check", "bad": "close", "info": "undo", "warn": "alert", "quiet": "minus"}


@dataclass(frozen=True)
class Line:
    """One task of a batch; without the task where it may not be seen."""

    task: HumanTask | None
    chip: words.Chip
    message: str

    @property
    def sign(self) -> str:
        return SIGNS[self.chip.tone]


@blueprint.post("/tasks/batches/preview")
@permission(Action.CHANGE_TASKS)
def preview() -> ResponseReturnValue:
    """What would become of each chosen task, once it is said what it shall be done with."""
    actor = current_actor()
    require(actor, Action.CHANGE_TASKS)
    ids, action = _chosen(), _action()
    with before_the_lock():
        seen = task_lists.some(ids, actor)
        found = [seen.get(each) for each in ids]
        wanted = _wanted(action)
        verdicts = operations.judged(found, wanted, by=actor) if wanted is not None else None
        values = _asked(action, found, actor)
    ready = [each for each, verdict in zip(ids, verdicts or (), strict=verdicts is not None) if verdict.outcome is None]
    lines = [Line(task, _foreseen(verdict), verdict.message)
             for task, verdict in zip(found, verdicts or (), strict=verdicts is not None)]  # fmt: skip
    values |= {"ids": ids, "ready": ready, "lines": lines, "wanted": wanted, "action": action}
    values |= {"said": _said(wanted) if wanted is not None else "", "verb": WORDS[action][0]}
    values |= {"names": names_of(task.assignee for task in found if task is not None)}
    return page("batches/preview.html", back=_back(), origin=_origin(), batch_id=new_id(), **values)


@blueprint.post("/tasks/batches")
@permission(Action.CHANGE_TASKS)
def make() -> ResponseReturnValue:
    """Begin it; the page that follows shows how far it is."""
    actor = current_actor()
    batch_id = _identifier(request.form.get("batch", ""))
    wanted = _wanted(_action())
    if wanted is None:
        raise BadRequest(_("Say first what shall be done with the tasks."))
    operations.begin(batch_id, _chosen(), wanted, by=actor)
    working.work(batch_id, by=actor, seconds=SECONDS)
    return go(url_for(".show", batch_id=batch_id, back=_origin() or None))


@blueprint.get("/tasks/batches/<uuid:batch_id>")
@permission(Action.READ_TASK)
def show(batch_id: UUID) -> ResponseReturnValue:
    """How far it is, and what became of each task."""
    return _page(batch_id)


@blueprint.post("/tasks/batches/<uuid:batch_id>/go-on")
@permission(Action.CHANGE_TASKS)
def go_on(batch_id: UUID) -> ResponseReturnValue:
    """Do more of what is left: the page sends this by itself while somebody looks."""
    actor = current_actor()
    batches.get(batch_id, by=actor)
    working.work(batch_id, by=actor, seconds=SECONDS)
    return _page(batch_id) if wants_part() else go(url_for(".show", batch_id=batch_id, back=_origin() or None))


@blueprint.post("/tasks/batches/<uuid:batch_id>/undo")
@permission(Action.CHANGE_TASKS)
def undo(batch_id: UUID) -> ResponseReturnValue:
    """Put back what nothing has happened to since."""
    actor = current_actor()
    operations.begin_undoing(batches.get(batch_id, by=actor).batch, by=actor)
    working.work(batch_id, by=actor, seconds=SECONDS)
    return go(url_for(".show", batch_id=batch_id, back=_origin() or None))


def _page(batch_id: UUID) -> ResponseReturnValue:
    db.session.expire_all()
    told = batches.get(batch_id, by=current_actor())
    lines = [Line(told.tasks.get(item.task_id), CHIPS[item.outcome], item.message or "") for item in told.items]
    wanted = operations.wanted_of(told.batch)
    values: dict[str, Any] = {"told": told, "lines": lines, "said": _said(wanted), "back": _back(), "origin": _origin()}
    values["figures"] = [(CHIPS[each], told.numbers[each]) for each in CHIPS if told.numbers[each]]
    values["finished"] = len(told.items) - told.left
    values["names"] = names_of(task.assignee for task in told.tasks.values())
    return page("batches/part.html" if wants_part() else "batches/page.html", **values)


def _foreseen(verdict: operations.Verdict) -> words.Chip:
    return words.Chip(_("will be done"), "good") if verdict.outcome is None else CHIPS[verdict.outcome]


def _said(wanted: operations.Wanted) -> str:
    """What it is done to the tasks, as in “12 of 15 tasks given to Ben”."""
    match wanted.action:
        case BatchAction.ASSIGN if wanted.to is None:
            return _("given back to the team")
        case BatchAction.DUE if wanted.due_at is None:
            return _("without a due date")
        case BatchAction.ASSIGN:
            with_it = names_of([wanted.to]).get(wanted.to or "", wanted.to or "")
            with_it = "you" if with_it == "You" else with_it
        case BatchAction.DUE:
            with_it = moment(wanted.due_at) if wanted.due_at else ""
        case _:
            with_it = str(wanted.priority)
    return WORDS[wanted.action][1].format(with_it)


def _asked(action: BatchAction, found: Sequence[HumanTask | None], actor: Actor) -> dict[str, Any]:
    """What the page needs to ask for what it is done with: people to give to, or the form of the tasks."""
    if action is BatchAction.ASSIGN:
        task = next((task for task in found if task is not None), None)
        return {"people": people.for_task(task, without="") if task is not None else None}
    model = operations.model(found, by=actor) if action is BatchAction.COMPLETE else None
    schema = form_of_task(model) if model is not None else None
    if schema is None or model is None:
        return {"schema": None}
    return {"schema": _for_many(spoken.spoken(schema, model.case.definition_id)), "typed": _data() or {}}


def _for_many(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The form to fill in for many: what stays empty stays as each task has it."""
    found = {name: value for name, value in schema.items() if name != "defaultValue"}
    if isinstance(found.get("validate"), dict):
        found["validate"] = {name: rule for name, rule in found["validate"].items() if name != "required"}
    if isinstance(found.get("components"), list):
        found["components"] = [_for_many(each) for each in found["components"]]
    return found


def _wanted(action: BatchAction) -> operations.Wanted | None:
    """What shall be done, as the form says it; None while it does not say with what."""
    form = request.form
    match action:
        case BatchAction.ASSIGN:
            return operations.Wanted(action, to=form["to"] or None) if "to" in form else None
        case BatchAction.DUE:
            return operations.Wanted(action, due_at=_due()) if "due_at" in form else None
        case BatchAction.PRIORITY:
            given = form.get("priority", "")
            number = int(given) if given.isascii() and given.isdigit() and len(given) < 4 else None
            return operations.Wanted(action, priority=number) if "priority" in form else None
        case BatchAction.COMPLETE:
            data = _data()
            return operations.Wanted(action, data=data) if data is not None else None
    return operations.Wanted(action)


def _due() -> datetime | None:
    given = request.form["due_at"]
    if given.endswith("Z"):  # as our own page says it
        return moment_in({"due_at": given[:-1]}, "due_at", _("The due date"), UTC)
    due = moment_sent("due_at", _("The due date"))
    return due.astimezone(UTC) if due else None


def _data() -> dict[str, Any] | None:
    """What was filled in for all, as the form's script sends it; nothing to fill in is sent as nothing."""
    if "data" not in request.form:
        return None
    try:
        found = json.loads(request.form["data"] or "{}")
    except ValueError as error:
        raise BadRequest(_("Send the form's values as JSON.")) from error
    if not isinstance(found, dict):
        raise BadRequest(_("Send the form's values as an object."))
    return found


def _chosen() -> list[UUID]:
    ids = list(dict.fromkeys(_identifier(each) for each in request.form.getlist("tasks")[: operations.MOST + 1]))
    operations.check_number(ids)
    return ids


def _identifier(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadRequest(_("Choose tasks from a list.")) from error


def _action() -> BatchAction:
    try:
        return BatchAction(request.form.get("what", ""))
    except ValueError as error:
        raise BadRequest(_("Choose what shall be done.")) from error


def _origin() -> str:
    """From which list it was sent: `team`, the id of a view, `~ben` for what Ben has, or empty for my tasks."""
    return str(request.values.get("back", ""))[:101]


def _back() -> str:
    origin = _origin()
    if origin == "team":
        return url_for("tasks.team")
    if origin.startswith("~"):
        return url_for("workload.show", name=origin[1:]) if len(origin) > 1 else url_for("workload.index")
    try:
        return url_for("views.show", view_id=UUID(origin))
    except ValueError:
        return url_for("tasks.mine")
