"""Where contents are: in the database, in a folder, or in a store that speaks S3 (the setting CASEWRIGHT_DOCUMENTS).

A content says where it is, so that what was kept before stays readable when the setting changes. Folders and S3 are
obstore's; the credentials of the latter come from the environment as its own documentation says (AWS_…).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import IO, Any
from uuid import UUID

import obstore
import sqlalchemy as sa
from obstore.store import from_url

from service.db import at_once, db, reading
from service.models import ContentPiece, StoredContent

DATABASE = "database"
PIECE = 1024 * 1024  #: bytes that are written or read at once


def write(content_id: UUID, store: str, stream: IO[bytes]) -> None:
    """Keep what `stream` has from here on; each piece in a transaction of its own, if it is the database."""
    if store != DATABASE:
        obstore.put(_opened(store, os.getpid()), str(content_id), stream, chunk_size=PIECE * 5)
        return
    number = 0
    while data := stream.read(PIECE):
        at_once(sa.insert(ContentPiece).values(content_id=content_id, number=number, data=data))
        number += 1


def pieces(content: StoredContent, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The bytes from `start` up to, not including, `end`, piece by piece; nothing is locked between two of them."""
    last = content.size if end is None else min(end, content.size)
    if start >= last:
        return iter(())
    if content.store != DATABASE:
        return _of_objects(content.store, content.id, start, last)
    return _of_database(db.engine, content.id, start, last)


def _of_database(engine: sa.Engine, content_id: UUID, start: int, end: int) -> Iterator[bytes]:
    for number in range(start // PIECE, (end - 1) // PIECE + 1):
        chosen = sa.select(ContentPiece.data).where(
            ContentPiece.content_id == content_id, ContentPiece.number == number
        )
        with reading(), engine.begin() as connection:
            data: bytes = connection.execute(chosen).scalar_one()
        begins = number * PIECE
        yield data[max(0, start - begins) : end - begins]


def _of_objects(store: str, content_id: UUID, start: int, end: int) -> Iterator[bytes]:
    found = obstore.get(_opened(store, os.getpid()), str(content_id), options={"range": (start, end)})
    for data in found.stream(min_chunk_size=PIECE):
        yield bytes(data)


def remove(content_id: UUID, store: str) -> None:
    """Remove what is kept outside the database, if it is there; the database's pieces go with the content's row."""
    if store != DATABASE:
        with suppress(FileNotFoundError):
            obstore.delete(_opened(store, os.getpid()), str(content_id))


@lru_cache(maxsize=16)
def _opened(address: str, _process: int) -> Any:
    """The store of an address; its connections belong to one process."""
    return from_url(address, mkdir=True) if address.startswith("file:") else from_url(address)
