"""Later: tasks that are put off, and reminders."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from uuid import UUID

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db, utcnow
from service.errors import BadRequest
from service.http.auth import current_actor
from service.http.protection import permission, signed_in
from service.languages import _
from service.operations import follow_ups
from service.operations import reminders as operations
from service.policy.permissions import Action
from service.queries import cases as case_lists
from service.queries import reminders
from service.queries import tasks as task_lists
from service.web.rendering import go, moment, moment_sent, page, zone

blueprint = Blueprint("follow_ups", __name__)
MORNING = time(8)  #: of a day that is picked
DAYS = {"tomorrow": 1, "in three days": 3}
NEXT_WEEK = "next week"


@blueprint.post("/tasks/<uuid:task_id>/put-off")
@permission(Action.PUT_OFF)
def put_off(task_id: UUID) -> ResponseReturnValue:
    """Have it out of sight until then."""
    actor = current_actor()
    task = task_lists.to_change(task_id, by=actor)
    until = _when("until")
    follow_ups.put_off(task, until, by=actor)
    db.session.commit()
    mine = task.assignee == actor.name
    return go(
        url_for("tasks.mine" if mine else "tasks.team"),
        _("“%(task)s” is put off until %(until)s.", task=task.name, until=moment(until)),
    )


@blueprint.post("/tasks/<uuid:task_id>/take-up")
@permission(Action.PUT_OFF)
def take_up(task_id: UUID) -> ResponseReturnValue:
    """Have it back in the lists now."""
    actor = current_actor()
    task = task_lists.to_change(task_id, by=actor)
    follow_ups.take_up(task, by=actor)
    db.session.commit()
    return go(url_for("tasks.show", task_id=task_id), _("“%(task)s” is back in the list.", task=task.name))


@blueprint.post("/tasks/<uuid:task_id>/remind")
@permission(Action.REMIND)
def remind_of_task(task_id: UUID) -> ResponseReturnValue:
    """Tell me of this task then."""
    actor = current_actor()
    task = task_lists.get(task_id, by=actor)
    at = _when("at")
    operations.remind(task.case, at, request.form.get("text", ""), task=task, by=actor)
    db.session.commit()
    return go(url_for("tasks.show", task_id=task_id), _("You will be reminded %(at)s.", at=moment(at)))


@blueprint.post("/cases/<number>/remind")
@permission(Action.REMIND)
def remind_of_case(number: str) -> ResponseReturnValue:
    """Tell me of this case then."""
    actor = current_actor()
    case = case_lists.by_number(number, by=actor)
    at = _when("at")
    operations.remind(case, at, request.form.get("text", ""), by=actor)
    db.session.commit()
    return go(url_for("cases.show", number=number), _("You will be reminded %(at)s.", at=moment(at)))


@blueprint.get("/reminders")
@signed_in
def index() -> ResponseReturnValue:
    """Of what I want to be reminded, the next first."""
    return page("reminders/index.html", reminders=reminders.coming(current_actor()))


@blueprint.post("/reminders/<uuid:reminder_id>/call-off")
@permission(Action.REMIND)
def call_off(reminder_id: UUID) -> ResponseReturnValue:
    """Let it be."""
    actor = current_actor()
    operations.call_off(reminders.get(reminder_id, by=actor), by=actor)
    db.session.commit()
    return go(url_for(".index"), _("The reminder is called off."))


def _when(name: str) -> datetime:
    """The moment that was picked, or the morning of a day that was picked at one click. Raises `BadRequest`."""
    quick = request.form.get("quick", "")
    if quick in DAYS or quick == NEXT_WEEK:
        today = utcnow().astimezone(zone()).date()
        days = DAYS.get(quick, 7 - today.weekday())
        return datetime.combine(today + timedelta(days=days), MORNING, zone())
    at = moment_sent(name, _("The moment"))
    if at is None:
        raise BadRequest(_("Pick a date and a time, or one of the buttons above."), field=name)
    return at
