"""Answers to mails: `address` signs where one goes, `take` makes a note of it, as of whom the mail was sent to.

A mail's sender is easily made up, and so is not enough; the key in the address is known to who got the mail alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import uuid
from email.message import EmailMessage

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.dialects import postgresql, sqlite

from service.db import db, utcnow
from service.errors import BadRequest, ServiceError
from service.languages import _
from service.models import Case, HumanTask, Note, NoteVisibility, Notification, ReceivedMail, User
from service.operations import notes
from service.operations.users import actor_of

LARGEST = 1024 * 1024  #: bytes of a mail
#: Wherever one stands, in a name too: what a sender is called may look like another address.
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"]+@[^\s<>()\[\],;:\"]+")
_KEY = re.compile(r"\+([a-z2-7]{26})([a-z2-7]{26})@")


class NotTaken(ServiceError):
    """The mail is no answer that may become a note."""


def address(notification_id: uuid.UUID) -> str:
    """Where an answer to the mail about this notification goes; empty where none are taken."""
    reply: str = current_app.config["CASEWRIGHT"].mail_reply
    if not reply:
        return ""
    name, _, host = reply.partition("@")
    return f"{name}+{_text(notification_id.bytes)}{_text(_signed(notification_id))}@{host}"


def _signed(notification_id: uuid.UUID) -> bytes:
    secret = current_app.config["CASEWRIGHT"].secret_key.encode()
    return hmac.new(secret, b"answer to a mail:" + notification_id.bytes, hashlib.sha256).digest()[:16]


def _text(value: bytes) -> str:
    return base64.b32encode(value).decode().lower().rstrip("=")


def take(message: EmailMessage) -> Note | None:
    """The note that an answer becomes; None for one that was taken before. Raises `NotTaken`, and as `notes.write`."""
    if message.get("Auto-Submitted", "no").lower() != "no" or message.get("Precedence", "").lower() in ("bulk", "junk"):
        raise NotTaken(_("It was sent by a program: out of office, perhaps."))
    told = _answered(message)
    user = db.session.scalar(sa.select(User).where(User.name == told.person, User.active, ~User.is_machine))
    written = [str(value)[:1000] for name, value in message.raw_items() if name.lower() == "from"]
    senders = {each.casefold() for each in _ADDRESS.findall(" ".join(written))}
    if user is None or not user.email or senders != {user.email.casefold()}:
        raise NotTaken(_("It does not come from the address to which the mail was sent."))
    text = _written(message)
    if not _first_time(message):
        return None
    return _note(told, user, text)


def _answered(message: EmailMessage) -> Notification:
    """What was answered, by the key in one of the addresses that it was sent to."""
    names = "To", "Cc", "Delivered-To", "X-Original-To"
    to = " ".join(str(each) for name in names for each in message.get_all(name, []))
    for found in _KEY.finditer(to[:5000].lower()):
        try:
            raw, signature = (base64.b32decode(part.upper() + "======") for part in found.groups())
        except binascii.Error:
            continue
        notification_id = uuid.UUID(bytes=raw)
        if hmac.compare_digest(signature, _signed(notification_id)):
            told = db.session.get(Notification, notification_id)
            if told is not None:
                return told
    raise NotTaken(_("It goes to no address of ours that a mail was sent with."))


def _written(message: EmailMessage) -> str:
    """What was written above what is quoted."""
    from mailparser_reply.parser import EmailReplyParser  # slow to load

    body = message.get_body(preferencelist=("plain",))
    if body is None:
        raise NotTaken(_("It has no part in plain text."))
    whole = str(body.get_content())[: 10 * notes.LONGEST]
    text = (EmailReplyParser(languages=["en", "de", "fr"]).parse_reply(text=whole) or "").strip()
    if not text:
        raise NotTaken(_("Nothing is written in it."))
    return text[: notes.LONGEST]


def _first_time(message: EmailMessage) -> bool:
    """Whether this mail has not been taken before; without an id of its own, by all that it says."""
    named = str(message.get("Message-ID", "")).strip() or message.as_string()
    make = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    digest = hashlib.sha256(named.encode("utf-8", "replace")).digest()
    row = make(ReceivedMail).values(hash=digest, received_at=utcnow()).on_conflict_do_nothing()
    return db.session.execute(row.returning(ReceivedMail.hash)).first() is not None


def _note(told: Notification, user: User, text: str) -> Note:
    actor = actor_of(user.id)
    case = db.session.get(Case, told.case_id) if told.case_id else None
    if case is None:
        raise BadRequest(_("What it answers is about no case."))
    asked = db.session.get(Note, told.note_id) if told.note_id else None
    if asked is not None and asked.asked == user.name and asked.answered_at is None and asked.withdrawn_at is None:
        return notes.answer(asked, text, by=actor)
    task = db.session.get(HumanTask, told.task_id) if told.task_id else None
    visibility = asked.visibility if asked is not None else NoteVisibility.TEAM
    return notes.write(case, text, by=actor, visibility=visibility, about=notes.About(task))
