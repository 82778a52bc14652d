"""In which language people are spoken to. English stands in the code and is the message; catalogues hold the others.

    _("The case has %(count)s notes.", count=12)     a sentence, in the language of who is asking
    ngettext("%(num)s note", "%(num)s notes", 12)    the same by number
    pgettext("after by", "you")                      one of several translations of the same English, by its context
    later("Open")                                    a text of a module: English inside, translated where it is shown

Every room may use this. What the language is, http/language.py says for each request; elsewhere it is English, unless
`speaking` says otherwise. Templates need none of these: see templates.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from service.languages.catalogues import ENGLISH, LANGUAGES, catalogue

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "_",
    "catalogue",
    "gettext",
    "later",
    "ngettext",
    "pgettext",
    "speak",
    "speaking",
    "spoken",
]

_spoken: ContextVar[str] = ContextVar("language", default=ENGLISH)


def spoken() -> str:
    """The language that is spoken now, such as `de`."""
    return _spoken.get()


def speak(language: str) -> None:
    """Speak `language`, one of `LANGUAGES`, until something else is said in this thread."""
    _spoken.set(language)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak `language` within the block."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def gettext(message: str, /, **values: Any) -> str:
    """`message` in the language that is spoken, with `%(name)s` filled in; without values a `%` is a `%`."""
    language = _spoken.get()
    if language != ENGLISH and message:
        message = catalogue(language).gettext(message)
    return message % values if values else message


def ngettext(one: str, many: str, number: int, /, **values: Any) -> str:
    """The message that fits `number`, which it may hold as `%(num)s`."""
    language = _spoken.get()
    if language != ENGLISH:
        text = catalogue(language).ngettext(one, many, number)
    else:
        text = one if number == 1 else many
    return text % {"num": number, **values}


def pgettext(context: str, message: str) -> str:
    """`message` as it is said in that context."""
    language = _spoken.get()
    return message if language == ENGLISH else str(catalogue(language).pgettext(context, message))


_ = gettext


class Later(str):
    """An English text that is translated whenever it is shown: in a page, in an f-string, by `str()`."""

    __slots__ = ()

    def __str__(self) -> str:
        return gettext(str.__str__(self))

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __add__(self, other: str) -> str:
        return str(self) + other

    def __radd__(self, other: str) -> str:
        return other + str(self)

    def format(self, *args: object, **values: object) -> str:
        return str(self).format(*args, **values)

    def lower(self) -> str:
        return str(self).lower()

    def capitalize(self) -> str:
        return str(self).capitalize()

    def __html__(self) -> str:
        from markupsafe import escape

        return str(escape(str(self)))


def later(message: str) -> str:
    """`message`, to be translated when it is shown; compared and looked up it is the English text."""
    return Later(message)
