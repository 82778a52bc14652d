"""Telling people outside of the page: what is to be sent is composed, sent without a transaction, and written down."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from flask import current_app

from service import jobs, languages
from service.connectors import CallFailed, chat, webhook
from service.connectors import mail as post_office
from service.connectors.addresses import Allowed
from service.db import db, utcnow
from service.models import DeliveryState, Way
from service.operations import deliveries, incidents
from service.worker import letters

TRIES = 7
BACKOFF = (30, 120, 600, 3600, 3 * 3600, 6 * 3600)  #: seconds: a mail server may be away for a night


def tell(ids: Sequence[uuid.UUID]) -> None:
    """Send these deliveries of one person and channel together, or as many as are still to be told, once."""
    deliveries.again(ids)
    db.session.commit()
    what = letters.outgoing(ids)
    db.session.rollback()
    if not (what.ids or what.dropped or what.unsure):
        return
    error = None
    try:
        if what.ids:
            _send(what, jobs.current().key)
        state = DeliveryState.SENT
    except post_office.Unsure as failed:
        state, error = DeliveryState.UNSURE, str(failed)
    except CallFailed as failed:
        deliveries.take_back(what.ids)
        db.session.commit()
        if failed.again and jobs.current().attempt < TRIES:
            raise
        state, error = DeliveryState.FAILED, str(failed)
    with jobs.once():
        deliveries.end(what.ids, state, error)
        deliveries.end(what.dropped, DeliveryState.DROPPED)
        deliveries.end(what.unsure, DeliveryState.UNSURE, "It was handed over as the worker ended.")
        if state is DeliveryState.FAILED and what.channel is None:
            about = {"name": "tell", "arguments": {"delivery": str(what.ids[0])}}
            incidents.record(f"A mail could not be sent: {error}", case_id=None, job=about)


def _send(what: letters.Outgoing, key: str) -> None:
    config = current_app.config["CASEWRIGHT"]
    allowed: Allowed = config.notify_allowed
    if what.channel is None:
        if config.smtp_url is None or not config.sends_mail:
            raise CallFailed("No mail server is set.", code="MAIL_SERVER")
        message = letters.mail(what, key)

        def hand_over() -> None:
            handed = deliveries.hand_over(what.ids)
            db.session.commit()
            if not handed:
                raise post_office.Unsure("Another run hands it over.")

        post_office.send(config.smtp_url, message, sender=config.mail_from, to=what.address, hand_over=hand_over)
    elif what.channel.way is Way.WEBHOOK:
        [item] = what.items
        secret, now = what.channel.secret, utcnow()
        webhook.post(
            what.channel.address, letters.payload(item, now), secret=secret, key=item.id, now=now, allowed=allowed
        )
    else:
        with languages.speaking(what.language):
            heading, text = letters.heading(what.items), letters.plain(what.items)
        chat.send(what.channel.address, heading, text, allowed=allowed)
