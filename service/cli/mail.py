"""Mail that comes in: answers to what people were told become notes."""

from __future__ import annotations

import sys
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import NoReturn

import click

from service.cli.application import application, on_the_demo
from service.db import db
from service.errors import ServiceError

REFUSED, LATER = 77, 75  #: `EX_NOPERM` and `EX_TEMPFAIL` of sysexits.h: what a mail server makes of it


@click.group()
def mail() -> None:
    """Mail that comes in."""


@mail.command("receive")
@on_the_demo
def receive() -> None:
    """Take an answer to one of our mails from standard input, as a mail server's pipe hands it over, as a note.

    Exits with 77 where it is none, so that the server sends it back, and with 75 where it is to be tried again.
    """
    from service.operations import replies

    raw = sys.stdin.buffer.read(replies.LARGEST + 1)
    if len(raw) > replies.LARGEST:
        _end(f"The mail has more than {replies.LARGEST >> 20} MB.", REFUSED)
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    try:
        with application():
            note = _taken(message)
            click.echo(f"Note {note} is written." if note else "This mail was taken before.")
    except click.ClickException as error:
        _end(error.message, LATER)


def _taken(message: EmailMessage) -> str | None:
    from service.operations import replies

    try:
        note = replies.take(message)
        db.session.commit()
    except (ServiceError, LookupError, ValueError) as error:
        _end(str(error), REFUSED)
    return str(note.id) if note else None


def _end(said: str, code: int) -> NoReturn:
    click.echo(said, err=True)
    raise SystemExit(code)
