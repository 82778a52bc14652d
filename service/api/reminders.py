"""Reminders and news over REST: of what you want to be reminded, and what you were told."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field
from typing_extensions import TypedDict

from service.api.representations import all_of, listed, moment, moment_of
from service.api.routes import SIGNED_IN, Answer, Routes
from service.api.schemas import Body, Instant, Paged
from service.api.shapes import Id, Moment
from service.db import db
from service.http.auth import current_actor
from service.models import Notification
from service.notifications import LONGEST
from service.operations import reminders as operations
from service.policy.permissions import Action
from service.queries import cases as case_lists
from service.queries import news, reminders
from service.queries import tasks as task_lists

routes = Routes("reminders")


class Remind(Body):
    """When, and of what."""

    at: Instant
    text: Annotated[str, Field(max_length=LONGEST)] = ""


class ReminderShape(TypedDict):
    id: Id
    at: Moment
    text: str
    case_id: Id
    case_number: str
    task_id: Id | None


class NewsShape(TypedDict):
    id: Id
    kind: str
    case_id: Id | None
    task_id: Id | None
    note_id: Id | None
    actor: str | None
    about_at: Moment | None
    text: str | None
    created_at: Moment
    seen_at: Moment | None


@routes.get("/reminders", SIGNED_IN, gives=list[ReminderShape])
def list_reminders() -> Answer:
    """Your reminders to come, the next first."""
    return Answer(all_of(reminders.coming(current_actor()), _shape))


@routes.post("/cases/{case_id}/reminders", Action.REMIND, body=Remind, gives=ReminderShape, status=201)
def remind_of_case(case_id: UUID, body: Remind) -> Answer:
    """Be told of a case at that moment. Nobody else sees it."""
    actor = current_actor()
    case = case_lists.get(case_id, by=actor)
    made = operations.remind(case, body.at, body.text, by=actor)
    db.session.flush()
    return Answer(next(_shape(each) for each in reminders.coming(actor, case_id=case.id) if each.id == made.id))


@routes.post("/tasks/{task_id}/reminders", Action.REMIND, body=Remind, gives=ReminderShape, status=201)
def remind_of_task(task_id: UUID, body: Remind) -> Answer:
    """Be told of a task at that moment. Nobody else sees it."""
    actor = current_actor()
    task = task_lists.get(task_id, by=actor)
    made = operations.remind(task.case, body.at, body.text, task=task, by=actor)
    db.session.flush()
    return Answer(next(_shape(each) for each in reminders.coming(actor, task_id=task.id) if each.id == made.id))


@routes.delete("/reminders/{reminder_id}", Action.REMIND)
def call_off(reminder_id: UUID) -> Answer:
    """Let a reminder be."""
    actor = current_actor()
    operations.call_off(reminders.get(reminder_id, by=actor), by=actor)
    return Answer()


@routes.get("/news", SIGNED_IN, query=Paged, gives=list[NewsShape])
def list_news(query: Paged) -> Answer:
    """What you were told, the newest first."""
    return Answer(listed(news.of(current_actor(), **dict(query)), _news))


def _shape(each: reminders.Coming) -> ReminderShape:
    return {
        "id": str(each.id),
        "at": moment_of(each.due_at),
        "text": each.text,
        "case_id": str(each.case_id),
        "case_number": each.number,
        "task_id": str(each.task_id) if each.task_id else None,
    }


def _news(row: Notification) -> NewsShape:
    return {
        "id": str(row.id),
        "kind": row.kind,
        "case_id": str(row.case_id) if row.case_id else None,
        "task_id": str(row.task_id) if row.task_id else None,
        "note_id": str(row.note_id) if row.note_id else None,
        "actor": row.actor,
        "about_at": moment(row.about_at),
        "text": row.text,
        "created_at": moment_of(row.created_at),
        "seen_at": moment(row.seen_at),
    }
