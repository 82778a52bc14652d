"""What somebody wants to be told, by what way and when; and the chats and programs of theirs that are told."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from service.connectors import chat, webhook
from service.db import db, new_id
from service.errors import BadRequest, NotFound, WrongState
from service.languages import _
from service.models import Actor, NotificationChannel, NotificationChoice, NotificationHour, Timing, Way
from service.notifications import KINDS, NOT_CHOSEN, notify
from service.policy.permissions import Action, require
from service.policy.sealing import seal_text, unseal_text

SEALED_FOR = "notification channels"
MOST, LONGEST, NAME = 5, 500, 60  #: channels of one person; characters of an address, and of a name


@dataclass(frozen=True)
class Opened:
    """What is kept sealed of a channel."""

    address: str
    secret: str | None


def choose(chosen: Mapping[tuple[str, Way], Timing], *, hour: int, zone: str, by: Actor) -> None:
    """Keep what `by` wants otherwise than the kinds have it, and at which hour of their day the daily mail comes."""
    require(by, Action.CHOOSE_NEWS)
    if by.id is None:
        raise NotFound(NotFound.__doc__)
    if not 0 <= hour <= 23:
        raise BadRequest(_("The hour is one from 0 to 23."), field="hour")
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, LookupError) as error:
        raise BadRequest(_("Name a time zone such as Europe/Berlin."), field="zone") from error
    db.session.execute(sa.delete(NotificationChoice).where(NotificationChoice.user_id == by.id))
    db.session.add_all(
        NotificationChoice(user_id=by.id, kind=kind, way=way, timing=timing)
        for (kind, way), timing in chosen.items()
        if kind in KINDS and kind not in NOT_CHOSEN and timing is not KINDS[kind].timing
    )
    row = db.session.get(NotificationHour, by.id)
    if row is None:
        db.session.add(NotificationHour(user_id=by.id, hour=hour, zone=zone))
    else:
        row.hour, row.zone = hour, zone


def add_channel(way: Way, name: str, address: str, *, by: Actor) -> NotificationChannel:
    """Have `by` told at that address too: a webhook's `https://…`, or a chat's as Apprise writes it.

    Raises `BadRequest`, with the field. Whether the network lets it through is known when it is tried.
    """
    require(by, Action.CHOOSE_NEWS)
    if by.id is None:
        raise NotFound(NotFound.__doc__)
    there = sa.select(sa.func.count()).where(NotificationChannel.user_id == by.id)
    if (db.session.scalar(there) or 0) >= MOST:
        raise WrongState(_("You have %(MOST)s already; remove one first.", MOST=MOST))
    address, name = address.strip(), name.strip()
    if not name or len(name) > NAME:
        raise BadRequest(_("Give it a name of at most %(NAME)s characters.", NAME=NAME), field="name")
    if len(address) > LONGEST:
        raise BadRequest(_("An address has at most %(LONGEST)s characters.", LONGEST=LONGEST), field="address")
    try:
        _check_address(way, address)
    except ValueError as wrong:
        raise BadRequest(str(wrong), field="address") from None
    secret = webhook.new_secret() if way is Way.WEBHOOK else None
    channel = NotificationChannel(
        id=new_id(),
        user_id=by.id,
        way=way,
        name=name,
        address=seal_text(address, SEALED_FOR),
        secret=seal_text(secret, SEALED_FOR) if secret else None,
    )
    db.session.add(channel)
    return channel


def opened(channel: NotificationChannel) -> Opened:
    """Where the channel leads, and what its webhooks are signed with; empty where another secret key sealed it."""
    address = unseal_text(channel.address, SEALED_FOR) or ""
    return Opened(address, unseal_text(channel.secret, SEALED_FOR) if channel.secret else None)


def _check_address(way: Way, address: str) -> None:
    if way is Way.CHAT:
        chat.check(address)
        return
    if way is not Way.WEBHOOK:
        raise ValueError("Mail goes to your own address.")
    url = urlsplit(address)
    if url.scheme not in ("https", "http") or not url.hostname or url.username is not None:
        raise ValueError("Give an https:// address, without a name and password in it.")


def remove_channel(channel: NotificationChannel, *, by: Actor) -> None:
    """Tell nothing there any more. Raises `NotFound` for those of others."""
    _require_own(channel, by)
    db.session.delete(channel)


def try_channel(channel: NotificationChannel, *, by: Actor) -> None:
    """Send a word there within a minute, to see whether it arrives."""
    _require_own(channel, by)
    notify([by.name], "test", f"test:{new_id()}", text=str(channel.id))


def _require_own(channel: NotificationChannel, by: Actor) -> None:
    require(by, Action.CHOOSE_NEWS)
    if channel.user_id != by.id:
        raise NotFound(NotFound.__doc__)


def channel(channel_id: uuid.UUID, *, by: Actor) -> NotificationChannel:
    """One of one's own. Raises `NotFound`."""
    found = db.session.get(NotificationChannel, channel_id)
    if found is None or found.user_id != by.id:
        raise NotFound(NotFound.__doc__)
    return found
