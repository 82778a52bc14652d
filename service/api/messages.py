"""Messages and signals from outside, over REST."""

from __future__ import annotations

from datetime import timedelta

from service.api import schemas, shapes
from service.api.routes import Answer, Routes
from service.http.auth import current_actor
from service.operations import messages
from service.policy.permissions import Action

routes = Routes("messages")


@routes.post("/messages", Action.PUBLISH_MESSAGE, body=schemas.PublishMessage, gives=shapes.PublishedShape)
def publish(body: schemas.PublishMessage) -> Answer:
    """Give a message to the one case that waits for it, start a case with it, or keep it for a while.

    `outcome` is `correlated`, `started` or `kept`; 409 when nobody waits and it is not to be kept.
    """
    done = messages.publish(
        body.name,
        body.payload,
        by=current_actor(),
        correlation=body.correlation,
        keep_for=timedelta(seconds=body.keep_for),
        message_id=body.message_id,
    )
    return Answer({"outcome": done.outcome, "case_id": str(done.case.id) if done.case else None})


@routes.post("/signals", Action.PUBLISH_MESSAGE, body=schemas.BroadcastSignal, gives=shapes.BroadcastShape, status=202)
def broadcast(body: schemas.BroadcastSignal) -> Answer:
    """Let every case and start event that listens hear a signal, each in a transaction of its own."""
    return Answer({"listeners": messages.broadcast(body.name, body.payload, by=current_actor())})
