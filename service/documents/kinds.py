"""What kind of file something is: by its content, and not by what its name says.

A name's ending says what people expect; it is believed where the content agrees. `puremagic` knows signatures of
formats; what has none has to be text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import IO

import puremagic

from service.errors import BadRequest
from service.languages import _

LONGEST_NAME = 200  #: characters
HEAD, TAIL = 64 * 1024, 4 * 1024  #: bytes that are looked at

#: ending -> media type, and the endings under which its content may be known to `puremagic`; none: a text
KINDS: dict[str, tuple[str, frozenset[str]]] = {
    ending: (media, frozenset(known.split()))
    for ending, media, known in (
        ("pdf", "application/pdf", "pdf"),
        ("png", "image/png", "png"),
        ("jpg", "image/jpeg", "jpg jpeg jfif"),
        ("jpeg", "image/jpeg", "jpg jpeg jfif"),
        ("gif", "image/gif", "gif"),
        ("webp", "image/webp", "webp"),
        ("tif", "image/tiff", "tif tiff"),
        ("tiff", "image/tiff", "tif tiff"),
        ("heic", "image/heic", "heic heif heix"),
        ("doc", "application/msword", "doc"),
        ("xls", "application/vnd.ms-excel", "xls doc"),
        ("ppt", "application/vnd.ms-powerpoint", "ppt doc"),
        ("msg", "application/vnd.ms-outlook", "msg doc"),
        ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx zip"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx docx zip"),
        ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx docx zip"),
        ("odt", "application/vnd.oasis.opendocument.text", "odt docx zip"),
        ("ods", "application/vnd.oasis.opendocument.spreadsheet", "ods docx zip"),
        ("odp", "application/vnd.oasis.opendocument.presentation", "odp docx zip"),
        ("zip", "application/zip", "zip docx"),
        ("rtf", "application/rtf", "rtf"),
        ("mp3", "audio/mpeg", "mp3"),
        ("m4a", "audio/mp4", "m4a mp4"),
        ("wav", "audio/wav", "wav"),
        ("mp4", "video/mp4", "mp4 m4v"),
        ("mov", "video/quicktime", "mov qt mp4"),
        ("txt", "text/plain", ""),
        ("md", "text/markdown", ""),
        ("csv", "text/csv", ""),
        ("json", "application/json", ""),
        ("xml", "application/xml", ""),
        ("eml", "message/rfc822", ""),
        ("ics", "text/calendar", ""),
    )
}
_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_PROGRAMS = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa", b"\xce\xfa\xed\xfe")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  #: also what turns the reading direction


def tidy(name: str) -> str:
    """A file's name without folders, control characters and what turns the direction of reading; never empty.

    Raises `BadRequest` for one that is too long.
    """
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    found = " ".join(_CONTROL.sub("", last).split()).lstrip(".") or "document"
    if len(found) > LONGEST_NAME:
        raise BadRequest(
            _("A file's name has at most %(most)s characters; shorten it.", most=LONGEST_NAME), field="files"
        )
    return found


def ending_of(name: str) -> str:
    """What stands after the last point of a name, in lower case."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def media_type(name: str, stream: IO[bytes], allowed: Collection[str]) -> str:
    """The media type of a file with this name and content; its ending is one of `allowed`, its content of that kind.

    `stream` is at its beginning, and is left somewhere. Raises `BadRequest`, which says what to change.
    """
    ending = ending_of(name)
    if ending not in allowed or ending not in KINDS:
        kinds = ", ".join(sorted(allowed))
        refusal = _(
            "“%(name)s”: “.%(ending)s” is not taken here; send %(kinds)s.", name=name, ending=ending, kinds=kinds
        )
        without = _("“%(name)s”: a name without an ending is not taken here; send %(kinds)s.", name=name, kinds=kinds)
        raise BadRequest(refusal if ending else without, field="files")
    media, signatures = KINDS[ending]
    head = stream.read(HEAD)
    if not head:
        raise BadRequest(_("“%(name)s” is empty.", name=name), field="files")
    if head.startswith(_PROGRAMS):
        raise BadRequest(_("“%(name)s” is a program, whatever it is called.", name=name), field="files")
    if not (_is_text(head) if not signatures else _is_known(stream, signatures)):
        raise BadRequest(
            _(
                "“%(name)s” does not contain what “.%(ending)s” says; rename it, or send it again.",
                name=name,
                ending=ending,
            ),
            field="files",
        )
    return media


def is_image(media: str) -> bool:
    """Whether a browser shows it in a page."""
    return media in _IMAGES


def is_text(media: str) -> bool:
    """Whether it is shown as it is written."""
    return media.startswith("text/") or media in ("application/json", "application/xml")


def _is_known(stream: IO[bytes], signatures: Collection[str]) -> bool:
    stream.seek(0)
    try:
        found = puremagic.magic_stream(stream)
    except (puremagic.PureError, ValueError):
        return False
    return any(each.extension.lstrip(".").lower() in signatures for each in found)


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return len(head) % 2 == 0 or len(head) == HEAD
    return b"\0" not in head
