"""Where in the markup a template's text stands: as text, in an attribute's value, or where nobody reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_TAG = re.compile(r"<(?=[a-zA-Z/!])")
_NAME = re.compile(r"<(/?)([a-zA-Z][\w-]*)")
_IN_TAG = re.compile(r"""([\w:@.-]+)\s*=\s*(["'])|>""")
UNREAD = frozenset({"script", "style"})  #: elements whose content is not for people


@dataclass
class Place:
    """What has been read so far: inside text, a tag, an attribute's value, a comment, or what is not for people."""

    inside: str = "text"
    tag: str = ""
    attribute: str = ""
    quote: str = ""

    def copy(self) -> Place:
        return replace(self)


def pieces(data: str, place: Place) -> Iterator[tuple[str, str]]:
    """`data` cut into (kind, piece), which together are `data` again; `place` goes along.

    Kinds: `text`; `open`, a tag's beginning; `markup`, more of it; `close`, its end; `value`, of an attribute;
    `other`, comments and what is not for people.
    """
    at = 0
    while at < len(data):
        step = {"text": _text, "tag": _in_tag, "value": _value, "comment": _comment, "unread": _unread}[place.inside]
        kind, until = step(data, at, place)
        if until > at:
            yield kind, data[at:until]
        at = until


def _text(data: str, at: int, place: Place) -> tuple[str, int]:
    found = _TAG.search(data, at)
    if found is None:
        return "text", len(data)
    if found.start() > at:
        return "text", found.start()
    if data.startswith("<!--", at):
        place.inside = "comment"
        return "other", at + 4
    name = _NAME.match(data, at)
    place.inside, place.tag = "tag", (name[1] + name[2].lower()) if name else "!"
    return "open", name.end() if name else at + 2


def _in_tag(data: str, at: int, place: Place) -> tuple[str, int]:
    found = _IN_TAG.search(data, at)
    if found is None:
        return "markup", len(data)
    if found[1]:
        place.inside, place.attribute, place.quote = "value", found[1], found[2]
        return "markup", found.end()
    place.inside = "unread" if place.tag in UNREAD else "text"
    return "close", found.end()


def _value(data: str, at: int, place: Place) -> tuple[str, int]:
    end = data.find(place.quote, at)
    if end < 0:
        return "value", len(data)
    if end > at:
        return "value", end
    place.inside = "tag"
    return "markup", at + 1


def _comment(data: str, at: int, place: Place) -> tuple[str, int]:
    end = data.find("-->", at)
    if end < 0:
        return "other", len(data)
    place.inside = "text"
    return "other", end + 3


def _unread(data: str, at: int, place: Place) -> tuple[str, int]:
    end = data.find(f"</{place.tag}", at)
    if end < 0:
        return "other", len(data)
    place.inside = "text"
    return "other", end
