"""What is told outside of the page, as a mail, a chat's message or a webhook's body: composed as it is sent, and of
what the reader may see at that moment. Of a restricted case only its number leaves the house."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import current_app
from jinja2 import PackageLoader, select_autoescape

from service import languages
from service.db import db, utcnow
from service.execution.definitions import deployed
from service.execution.titles import title_of
from service.languages import formats, gettext
from service.languages.pages import Spoken
from service.models import (
    Actor,
    Case,
    HumanTask,
    Note,
    Notification,
    NotificationChannel,
    NotificationDelivery,
    NotificationHour,
    User,
    Way,
)
from service.notifications import KINDS
from service.operations import choices, deliveries, replies
from service.operations.users import actor_of
from service.queries import news, timeline

QUOTED = 2000  #: characters of a note


@dataclass(frozen=True)
class Item:
    """One thing that is told."""

    id: str
    kind: str
    said: str  #: a sentence
    text: str  #: what there is to say besides; may be several lines
    case: str  #: number, and title
    number: str
    url: str
    due: str  #: empty, or when it is due
    of_type: str  #: what the case type adds
    can_answer: bool


@dataclass(frozen=True)
class Channel:
    """A chat or a program of theirs."""

    way: Way
    address: str
    secret: str


@dataclass(frozen=True)
class Outgoing:
    """What goes to one person by one channel."""

    ids: Sequence[uuid.UUID]  #: of the deliveries that are sent
    dropped: Sequence[uuid.UUID]  #: of those that are no longer to be told
    unsure: Sequence[uuid.UUID]  #: of those that were handed over before
    items: Sequence[Item]
    name: str
    address: str  #: of the person's mail
    channel: Channel | None
    reply_to: str
    language: str = languages.ENGLISH  #: of the person; a program is told in English


NOTHING = Outgoing((), (), (), (), "", "", None, "")


def outgoing(ids: Sequence[uuid.UUID]) -> Outgoing:
    """What there is to send of these deliveries, which are of one person and channel."""
    chosen = sa.select(NotificationDelivery, Notification).join(Notification).order_by(NotificationDelivery.id)
    rows = db.session.execute(chosen.where(NotificationDelivery.id.in_(ids), deliveries.WAITING)).all()
    if not rows:
        return NOTHING
    unsure = [delivery.id for delivery, _ in rows if delivery.handed_at is not None]
    fresh = [(delivery, told) for delivery, told in rows if delivery.handed_at is None]
    person, channel_id = rows[0][0].person, rows[0][0].channel
    user = db.session.scalar(sa.select(User).where(User.name == person, User.active))
    channel = db.session.get(NotificationChannel, uuid.UUID(channel_id)) if channel_id != deliveries.MAIL else None
    reached = user is not None and (user.email if channel_id == deliveries.MAIL else channel is not None)
    if user is None or not reached:
        return Outgoing((), [delivery.id for delivery, _ in fresh], unsure, (), "", "", None, "")
    actor, zone = actor_of(user.id), _zone(user)
    seen = _still_visible([told.id for _, told in fresh], actor)
    daily = len(ids) > 1
    kept = [(d, told) for d, told in fresh if told.id in seen and not (daily and told.seen_at is not None)]
    dropped = [d.id for d, _ in fresh if d.id not in {k.id for k, _ in kept}]
    language = user.language or current_app.config["CASEWRIGHT"].language
    if channel is not None and channel.way is Way.WEBHOOK:
        language = languages.ENGLISH
    with languages.speaking(language):
        items = [_item(told, zone) for _, told in kept]
    reply_to = replies.address(kept[0][1].id) if len(kept) == 1 and items[0].can_answer else ""
    sent, name = [d.id for d, _ in kept], user.display_name
    kept_sealed = choices.opened(channel) if channel else None
    there = Channel(channel.way, kept_sealed.address, kept_sealed.secret or "") if channel and kept_sealed else None
    return Outgoing(sent, dropped, unsure, items, name, user.email or "", there, reply_to, language)


def _still_visible(ids: Sequence[uuid.UUID], actor: Actor) -> set[uuid.UUID]:
    chosen = sa.select(Notification.id).where(Notification.id.in_(ids), news.visible(actor))
    closed = sa.select(HumanTask.id).where(HumanTask.id == Notification.task_id, HumanTask.closed_at.is_not(None))
    of_tasks = "assigned", "sent-back", "offered", "due-soon", "overdue", "taken-up"
    over = sa.and_(Notification.kind.in_(of_tasks), closed.exists())
    gone = sa.select(HumanTask.id).where(
        HumanTask.id == Notification.task_id, HumanTask.assignee.is_distinct_from(actor.name)
    )
    elsewhere = sa.and_(Notification.kind.in_(("assigned", "sent-back", "due-soon", "overdue")), gone.exists())
    return set(db.session.scalars(chosen.where(~over, ~elsewhere)))


def _zone(user: User) -> Any:
    hour = db.session.get(NotificationHour, user.id)
    return ZoneInfo(hour.zone) if hour else current_app.config["CASEWRIGHT"].time_zone


def _item(told: Notification, zone: Any) -> Item:
    case = db.session.get(Case, told.case_id) if told.case_id else None
    task = db.session.get(HumanTask, told.task_id) if told.task_id else None
    note = db.session.get(Note, told.note_id) if told.note_id else None
    kind, hidden = KINDS[told.kind], case is not None and case.restricted
    names = timeline.display_names({told.actor}) if told.actor else {}
    who = gettext("Somebody") if hidden else names.get(told.actor or "", told.actor or "") or "Casewright"
    number = case.number if case else ""
    title = gettext("a restricted case") if hidden else case.title if case else ""
    what = number if hidden else task.name if task else (title or number)
    text = "" if hidden else (note.text[:QUOTED] if note else told.text or "")
    return Item(
        str(told.id), told.kind, one_line(kind.said.format(who=who, what=what)), "" if told.kind == "test" else text,
        one_line(" · ".join(filter(None, (title, number)))), number, _url(told, number), _due(task, zone),
        "" if hidden or case is None else _of_type(case), note is not None or task is not None,
    )  # fmt: skip


def _of_type(case: Case) -> str:
    text = deployed(case.definition_id).definition.info.attributes.get("mailText", "")
    return title_of(text, case.variables) if text else ""


def _due(task: HumanTask | None, zone: Any) -> str:
    if task is None or task.due_at is None:
        return ""
    return formats.long_moment(task.due_at.astimezone(zone))


def _url(told: Notification, number: str) -> str:
    base = current_app.config["CASEWRIGHT"].public_url
    if told.task_id:
        return f"{base}/tasks/{told.task_id}"
    if told.note_id:
        return f"{base}/cases/{number}/notes#note-{told.note_id}"
    return f"{base}/cases/{number}" if number else f"{base}/news"


def one_line(text: str) -> str:
    """`text` without line breaks or other control characters: what stands in a header."""
    return re.sub(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+", " ", text).strip()


def heading(items: Sequence[Item]) -> str:
    """The subject."""
    if len(items) > 1:
        return gettext("%(number)s things from Casewright", number=len(items))
    return one_line(f"{items[0].said}{f' ({items[0].number})' if items[0].number else ''}")[:200]


def plain(items: Sequence[Item]) -> str:
    """As lines, for a chat."""
    return "\n\n".join(
        "\n".join(filter(None, (i.said, i.text, i.case, gettext("Due %(due)s", due=i.due) if i.due else "", i.url)))
        for i in items
    )


def payload(item: Item, now: datetime) -> Mapping[str, Any]:
    """For a webhook."""
    about = {"said": item.said, "text": item.text, "case": item.number, "url": item.url}
    return {"type": f"casewright.{item.kind}", "timestamp": now.isoformat(), "data": about}


@cache
def _templates() -> Spoken:
    """Of mails alone: a worker has no pages."""
    loader = PackageLoader("service", "templates")
    environment = Spoken(loader=loader, autoescape=select_autoescape(["html"]), trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(page_language=languages.spoken)
    return environment


def mail(what: Outgoing, key: str) -> EmailMessage:
    """The mail, under a Message-ID that is the same on every attempt, in the language of who gets it."""
    with languages.speaking(what.language):
        return _mail(what, key)


def _mail(what: Outgoing, key: str) -> EmailMessage:
    config, templates = current_app.config["CASEWRIGHT"], _templates()
    message = EmailMessage()
    host = config.mail_from.partition("@")[2]
    message["From"] = formataddr(("Casewright", config.mail_from))
    message["To"] = formataddr((one_line(what.name), one_line(what.address)))
    message["Subject"] = heading(what.items)
    message["Date"] = format_datetime(utcnow())
    message["Message-ID"] = f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    if what.reply_to:
        message["Reply-To"] = what.reply_to
    values = {
        "items": what.items,
        "name": what.name,
        "base": config.public_url,
        "can_answer": bool(what.reply_to),
    }
    message.set_content(templates.get_template("mail/message.txt").render(values))
    message.add_alternative(templates.get_template("mail/message.html").render(values), subtype="html")
    return message
