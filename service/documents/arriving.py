"""How a file arrives: to this machine's disk, then to where contents are kept, then into a case."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO
from uuid import UUID

import sqlalchemy as sa
from flask import current_app

from service.config import Config
from service.db import at_once, db, new_id, utcnow
from service.documents import kinds, scanning, stores
from service.errors import TooLarge
from service.languages import _
from service.models import StoredContent

UNKEPT_FOR = timedelta(days=1)  #: how long what nobody took stays: its request has long ended
_PIECE = 256 * 1024  #: bytes


@dataclass
class Arrived:
    """A file on this machine's disk, and what it is."""

    file: IO[bytes]
    size: int
    sha256: bytes
    name: str = field(default="")


def spool(stream: IO[bytes], most: int, name: str = "") -> Arrived:
    """Read `stream` to its end into a file that nobody else can open; the caller closes it.

    Raises `TooLarge` for more than `most` bytes.
    """
    with ExitStack() as until_arrived:
        file = until_arrived.enter_context(tempfile.TemporaryFile())
        digest, size = hashlib.sha256(), 0
        while piece := stream.read(_PIECE):
            size += len(piece)
            if size > most:
                raise TooLarge(_("A file has at most %(most)s MB here.", most=most // 1024 // 1024))
            digest.update(piece)
            file.write(piece)
        until_arrived.pop_all()
    return Arrived(file, size, digest.digest(), name)


def check(arrived: Arrived, name: str) -> str:
    """The media type of a file. Raises `BadRequest` for a kind that is not taken, or that holds a virus."""
    settings: Config = current_app.config["CASEWRIGHT"]
    arrived.file.seek(0)
    media = kinds.media_type(name, arrived.file, settings.document_types)
    arrived.file.seek(0)
    scanning.check(arrived.file, name, settings.scanner)
    return media


def receive(arrived: Arrived, media: str) -> UUID:
    """Keep the content of a file that was checked, as nobody's until `keep`; its id. Before the transaction begins."""
    arrived.file.seek(0)
    content_id, store = new_id(), current_app.config["CASEWRIGHT"].documents
    values = {"id": content_id, "store": store, "size": arrived.size, "sha256": arrived.sha256, "media_type": media}
    at_once(sa.insert(StoredContent).values(began_at=utcnow(), **values))
    stores.write(content_id, store, arrived.file)
    return content_id


def keep(content_id: UUID) -> StoredContent:
    """Take a content that arrived; it is somebody's when this transaction is committed."""
    content = db.session.get_one(StoredContent, content_id)
    content.kept_at = utcnow()
    return content


def forget_unkept(now: datetime) -> int:
    """Remove what arrived and nobody took within a day; how many contents. What cannot be reached stays for later."""
    old = sa.select(StoredContent).where(StoredContent.kept_at.is_(None), StoredContent.began_at < now - UNKEPT_FOR)
    found = db.session.scalars(old).all()
    for content in found:
        stores.remove(content.id, content.store)
        db.session.delete(content)
    return len(found)
