"""Which ways a notification goes, and what became of it: `sort_some` each minute, then a job for each delivery.

The rule to know: one row for each notification and channel, and what was handed over by mail is written down before, so
that a mail of which nobody knows whether it arrived is not sent again: it is `unsure`, and operators see it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import current_app

from service import jobs
from service.db import db, new_id, utcnow
from service.models import (
    DeliveryState,
    HumanTask,
    Notification,
    NotificationChannel,
    NotificationChoice,
    NotificationDelivery,
    NotificationHour,
    Timing,
    User,
    Way,
)
from service.notifications import KINDS

SOME = 500  #: notifications in one transaction
NEARLY = timedelta(days=1)  #: before it is due, a task presses
HOUR = 7  #: of the daily mail, unless somebody chose another
MAIL = "mail"  #: the channel that needs no row
WAITING = NotificationDelivery.ended_at.is_(None)


@dataclass(frozen=True)
class Reader:
    """Somebody who is told, and by what ways: channel -> way."""

    user: User
    ways: Mapping[str, Way]
    choices: Mapping[tuple[str, Way], Timing]
    hour: int
    zone: str


def sort_some() -> int:
    """Decide of the oldest new notifications which ways they go, and when; how many there were."""
    new = sa.select(Notification).where(Notification.sorted_at.is_(None)).order_by(Notification.id).limit(SOME)
    rows = db.session.scalars(new.with_for_update(skip_locked=True)).all()
    if not rows:
        return 0
    now = utcnow()
    readers = {name: _reader(name) for name in {row.person for row in rows}}
    due = _due_dates(row.task_id for row in rows if row.task_id)
    for row in rows:
        row.sorted_at = now
        reader = readers[row.person]
        if reader is not None and row.seen_at is None:
            _send(row, reader, due.get(row.task_id) if row.task_id else None, now)
    return len(rows)


def _send(row: Notification, reader: Reader, due: datetime | None, now: datetime) -> None:
    for channel, way in reader.ways.items():
        timing = _timing(row, channel, way, reader)
        presses = KINDS[row.kind].is_pressing or (due is not None and due - NEARLY <= now)
        if timing is Timing.NEVER or (timing is Timing.PRESSING and not presses):
            continue
        at = _next_hour(reader, now) if timing is Timing.DAILY else now
        delivery = NotificationDelivery(
            id=new_id(), notification_id=row.id, person=row.person, channel=channel, timing=timing, due_at=at
        )
        db.session.add(delivery)
        if timing is Timing.DAILY:
            about = {"person": row.person, "channel": channel, "until": at.isoformat()}
            key = f"daily:{row.person}:{channel}:{at.isoformat()}"
            jobs.enqueue_at(at, "tell_of_the_day", about, partition=row.person, key=key)
        else:
            jobs.enqueue("tell", {"delivery": str(delivery.id)}, partition=row.person, key=f"tell:{delivery.id}")


def _timing(row: Notification, channel: str, way: Way, reader: Reader) -> Timing:
    if row.kind == "test":
        return Timing.NOW if row.text == channel else Timing.NEVER
    kind = KINDS.get(row.kind)
    if kind is None:
        return Timing.NEVER
    chosen = reader.choices.get((row.kind, way), kind.timing)
    return Timing.NOW if chosen is Timing.DAILY and way is Way.WEBHOOK else chosen


def _reader(name: str) -> Reader | None:
    """None for who is nobody here, has left, or is a program."""
    user = db.session.scalar(sa.select(User).where(User.name == name, User.active, ~User.is_machine))
    if user is None:
        return None
    config = current_app.config["CASEWRIGHT"]
    ways = {MAIL: Way.MAIL} if config.sends_mail and user.email else {}
    channels = sa.select(NotificationChannel).where(NotificationChannel.user_id == user.id)
    ways |= {str(each.id): each.way for each in db.session.scalars(channels)}
    chosen = db.session.scalars(sa.select(NotificationChoice).where(NotificationChoice.user_id == user.id))
    hour = db.session.get(NotificationHour, user.id)
    zone = hour.zone if hour else str(config.time_zone)
    return Reader(user, ways, {(c.kind, c.way): c.timing for c in chosen}, hour.hour if hour else HOUR, zone)


def _next_hour(reader: Reader, now: datetime) -> datetime:
    zone = ZoneInfo(reader.zone)
    today = now.astimezone(zone).date()
    at = datetime.combine(today, time(reader.hour), zone)
    return at if at > now else datetime.combine(today + timedelta(days=1), time(reader.hour), zone)


def _due_dates(tasks: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, datetime]:
    wanted = set(tasks)
    rows = db.session.execute(sa.select(HumanTask.id, HumanTask.due_at).where(HumanTask.id.in_(wanted)))
    return {task_id: due for task_id, due in rows if due is not None} if wanted else {}


def of_the_day(person: str, channel: str, until: datetime) -> Sequence[uuid.UUID]:
    """What waits for the daily mail of that moment."""
    found = sa.select(NotificationDelivery.id).where(
        NotificationDelivery.person == person, NotificationDelivery.channel == channel, WAITING,
        NotificationDelivery.timing == Timing.DAILY, NotificationDelivery.due_at <= until,
    )  # fmt: skip
    return db.session.scalars(found.order_by(NotificationDelivery.id).limit(SOME)).all()


def hand_over(ids: Sequence[uuid.UUID]) -> bool:
    """Write down that these are handed over now; False where somebody else has done so."""
    free = NotificationDelivery.id.in_(ids), WAITING, NotificationDelivery.handed_at.is_(None)
    row = sa.update(NotificationDelivery).where(*free).values(handed_at=utcnow()).returning(NotificationDelivery.id)
    return len(db.session.execute(row, execution_options={"synchronize_session": False}).all()) == len(ids)


def take_back(ids: Sequence[uuid.UUID]) -> None:
    """They were refused, and so have surely not arrived."""
    _set(ids, handed_at=None)


def again(ids: Sequence[uuid.UUID]) -> None:
    """Have what could not be sent wait once more: operators try it again."""
    failed = NotificationDelivery.id.in_(ids), NotificationDelivery.state == DeliveryState.FAILED
    rows = sa.update(NotificationDelivery).where(*failed)
    anew = rows.values(state=DeliveryState.WAITING, ended_at=None, handed_at=None, error=None)
    db.session.execute(anew, execution_options={"synchronize_session": False})


def end(ids: Sequence[uuid.UUID], state: DeliveryState, error: str | None = None) -> None:
    """Write down what became of them."""
    _set(ids, state=state, ended_at=utcnow(), error=error[:500] if error else None)


def _set(ids: Sequence[uuid.UUID], **values: object) -> None:
    if ids:
        rows = sa.update(NotificationDelivery).where(NotificationDelivery.id.in_(ids), WAITING).values(**values)
        db.session.execute(rows, execution_options={"synchronize_session": False})
