"""Links over REST, by which somebody without an account answers the form of one task."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from flask import url_for
from pydantic import Field
from typing_extensions import TypedDict

from service.api.representations import all_of, moment, moment_of
from service.api.routes import Answer, Routes
from service.api.schemas import Body
from service.api.shapes import Id, Moment
from service.db import db
from service.http.auth import current_actor
from service.models import AnswerLink
from service.operations import answer_links as operations
from service.policy.permissions import Action
from service.queries import answer_links
from service.queries import tasks as task_lists

routes = Routes("answer-links")


class MakeLink(Body):
    """For whom the link is, and how long it holds."""

    recipient: Annotated[str, Field(min_length=1, max_length=operations.LONGEST_NAME, pattern=r"\S")] = Field(
        description="As they are called in the story of the case."
    )
    days: int = Field(14, ge=1, le=operations.MOST_DAYS, description="Days until it expires.")
    message: str = Field("", max_length=operations.LONGEST_MESSAGE, description="What they are told above the form.")
    language: Literal["en", "de", "fr", "es"] = Field("en", description="Of the page around the form.")


class AnswerLinkShape(TypedDict):
    id: Id
    recipient: str
    message: str | None
    language: str
    state: str
    made_by: str
    created_at: Moment
    expires_at: Moment
    used_at: Moment | None
    revoked_at: Moment | None
    revoked_by: str | None


class MadeLinkShape(AnswerLinkShape):
    address: str | None


@routes.get("/tasks/{task_id}/answer-links", Action.SEND_LINK, gives=list[AnswerLinkShape])
def list_links(task_id: UUID) -> Answer:
    """The links to the task's form, the newest first; `state` is open, used, revoked, expired or over."""
    actor = current_actor()
    return Answer(all_of(answer_links.of_task(task_lists.get(task_id, by=actor), by=actor), _shape))


@routes.post("/tasks/{task_id}/answer-links", Action.SEND_LINK, body=MakeLink, gives=MadeLinkShape, status=201)
def make_link(task_id: UUID, body: MakeLink) -> Answer:
    """Let somebody without an account answer the task's form, once. `address` is shown this once; repeated, it is null.

    Only where the diagram says `case:answerableByLink="true"`.
    """
    actor = current_actor()
    wanted = operations.Wanted(body.recipient, body.days, body.message, body.language)
    made = operations.make(task_lists.to_change(task_id, by=actor), wanted, by=actor)
    db.session.flush()
    address = url_for("answering.show", token=made.token, _external=True)
    return Answer({**_shape(made.link), "address": address}, secret="address")  # noqa: S106


@routes.post("/tasks/{task_id}/answer-links/{answer_link_id}/revoke", Action.SEND_LINK, gives=AnswerLinkShape)
def revoke_link(task_id: UUID, answer_link_id: UUID) -> Answer:
    """End a link at once."""
    actor = current_actor()
    link = answer_links.one(answer_link_id, task_lists.get(task_id, by=actor), by=actor)
    operations.revoke(link, by=actor)
    return Answer(_shape(link))


def _shape(link: AnswerLink) -> AnswerLinkShape:
    return {
        "id": str(link.id),
        "recipient": link.recipient,
        "message": link.message,
        "language": link.language,
        "state": operations.standing(link).value,
        "made_by": link.made_by,
        "created_at": moment_of(link.created_at),
        "expires_at": moment_of(link.expires_at),
        "used_at": moment(link.used_at),
        "revoked_at": moment(link.revoked_at),
        "revoked_by": link.revoked_by,
    }
