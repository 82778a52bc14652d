"""What somebody chose to be told, the channels that they have, and what last went wrong there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from service.db import db
from service.models import (
    Actor,
    DeliveryState,
    NotificationChannel,
    NotificationChoice,
    NotificationDelivery,
    NotificationHour,
    Timing,
    Way,
)


def chosen(actor: Actor) -> Mapping[tuple[str, Way], Timing]:
    """What they want otherwise than the kinds have it."""
    rows = db.session.scalars(sa.select(NotificationChoice).where(NotificationChoice.user_id == actor.id))
    return {(row.kind, row.way): row.timing for row in rows}


def hour(actor: Actor) -> NotificationHour | None:
    """When they get the daily mail, if they chose."""
    return db.session.get(NotificationHour, actor.id) if actor.id else None


def channels(actor: Actor) -> Sequence[NotificationChannel]:
    """Their chats and webhooks, the oldest first."""
    mine = sa.select(NotificationChannel).where(NotificationChannel.user_id == actor.id)
    return db.session.scalars(mine.order_by(NotificationChannel.id)).all()


def troubles(actor: Actor) -> Mapping[str, str]:
    """Channel -> why the last word that was sent there did not arrive; those where it did are left out."""
    latest = sa.select(NotificationDelivery.channel, sa.func.max(NotificationDelivery.ended_at).label("at")).where(
        NotificationDelivery.person == actor.name, NotificationDelivery.state != DeliveryState.DROPPED
    )
    last = latest.group_by(NotificationDelivery.channel).subquery()
    rows = sa.select(NotificationDelivery.channel, NotificationDelivery.error).join(
        last, sa.and_(last.c.channel == NotificationDelivery.channel, last.c.at == NotificationDelivery.ended_at)
    )
    bad = rows.where(NotificationDelivery.person == actor.name, NotificationDelivery.error.is_not(None))
    return {channel: error for channel, error in db.session.execute(bad) if error is not None}
