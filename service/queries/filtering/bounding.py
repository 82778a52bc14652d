"""What a filter may cost at most: whatever it asks for, a list is read in so many seconds, or it says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from service.db import limits
from service.errors import BadFilter

LISTING = 5.0  #: seconds


class TooMuch(BadFilter):
    """The list was not done in time."""

    def __init__(self, text: str) -> None:
        message = "This asks for so much that it takes too long."
        super().__init__(message, 0, len(text), "Ask for fewer: a case type, a person, a fact.")


@contextmanager
def in_time(text: str | None) -> Iterator[None]:
    """Read a list that the filter `text` narrows within `LISTING`; raises `TooMuch`. Without one it takes its time."""
    if not text:
        yield
        return
    try:
        with limits.within(LISTING):
            yield
    except limits.TookTooLong as error:
        raise TooMuch(text) from error
