"""Files that come and go: read to a disk before a transaction begins, sent a piece at a time, never shown as a page.

What people brought is answered with a policy of its own that lets nothing run (CSP `sandbox`), as an attachment, under
the media type that its content had when it came; pictures may also stand in a page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

from flask import Response, current_app, request
from werkzeug.http import http_date

from service.db import before_the_lock
from service.documents import arriving, kinds, stores
from service.documents.arriving import Arrived, spool
from service.errors import BadRequest
from service.languages import _
from service.models import StoredContent

View = TypeVar("View", bound=Callable[..., Any])
SANDBOX = "default-src 'none'; sandbox"
MANY = 100  #: files of one form
AROUND = 1024 * 1024  #: bytes of a form beside its files


@dataclass(frozen=True)
class Brought:
    """A file that arrived and is nobody's yet."""

    content_id: UUID
    name: str
    sha256: bytes


def takes_files(view: View) -> View:
    """Declare that a route takes documents: its body may be as large as these may be, and is read to a disk."""
    view.takes_documents = True  # type: ignore[attr-defined]
    return view


def most() -> int:
    """Bytes of the largest document."""
    return int(current_app.config["CASEWRIGHT"].max_document_mb) * 1024 * 1024


def expect(view: Callable[..., Any]) -> bool:
    """Prepare for the files of this request, if `view` takes any; whether it does."""
    takes = getattr(view, "takes_documents", False)
    if takes:
        request.max_content_length = most() + AROUND
        request.to_disk = True  # type: ignore[attr-defined]
    return takes


def body(name: str) -> Arrived:
    """This request's body, on a disk, under a name."""
    return spool(request.stream, most(), name)


def bring(may: Callable[[], Any], files: Sequence[Arrived]) -> list[Brought]:
    """Files as contents that are nobody's yet; `may` raises where who asks may not bring them.

    To be called before anything is locked. Raises `BadRequest` for a kind that is not taken: then nothing was kept.
    """
    with ExitStack() as until_kept:
        for each in files:
            until_kept.enter_context(each.file)
        with before_the_lock():
            may()
        checked = []
        for each in files:
            name = kinds.tidy(each.name)
            checked.append((each, name, arriving.check(each, name)))
        return [Brought(arriving.receive(each, media), name, each.sha256) for each, name, media in checked]


def answer(content: StoredContent, name: str, at: datetime, *, inline: bool = False) -> Response:
    """A content as HTTP: whole, or the one range that is asked for (RFC 9110 §14)."""
    etag = content.sha256.hex()
    if request.if_none_match.contains(etag):
        return Response(status=304, headers={"ETag": f'"{etag}"'})
    start, end = _range(content.size)
    partial = (start, end) != (0, content.size)
    shown = inline and kinds.is_image(content.media_type)
    response = Response(stores.pieces(content, start, end), status=206 if partial else 200)
    response.headers["Content-Type"] = content.media_type
    response.headers["Content-Length"] = str(end - start)
    response.headers["Content-Disposition"] = disposition(name, "inline" if shown else "attachment")
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Last-Modified"] = http_date(at)
    response.headers["ETag"] = f'"{etag}"'
    if partial:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{content.size}"
    return response


def disposition(name: str, kind: str = "attachment") -> str:
    """Content-Disposition with a name in any script (RFC 6266)."""
    plain = "".join(c if c.isascii() and c not in '"\\%' and c.isprintable() else "_" for c in name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _range(size: int) -> tuple[int, int]:
    wanted = request.range
    if wanted is None or wanted.units != "bytes" or request.method not in ("GET", "HEAD"):
        return 0, size
    found = wanted.range_for_length(size)
    return found if found is not None else (0, size)


def of_form() -> list[Arrived]:
    """The files of this request's form. Raises `BadRequest` where there is none."""
    uploads = [each for each in request.files.getlist("files") if each.filename]
    if not uploads:
        raise BadRequest(_("Pick at least one file."), field="files")
    if len(uploads) > MANY:
        raise BadRequest(_("Send at most %(most)s files at once.", most=MANY), field="files")
    return [spool(each.stream, most(), each.filename or "") for each in uploads]
